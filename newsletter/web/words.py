"""What the pages say, by language; a language without a table gets the English one."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.render.words import primary_language


@dataclass(frozen=True, slots=True)
class PageWords:
    """The table of one language. Names in braces are filled by whoever uses the sentence."""

    language: str
    #: Of the language itself, in itself.
    name: str
    other_language: str
    skip: str
    stranger_title: str
    stranger: str
    write_to_us: str
    too_often_title: str
    too_often: str
    fault_title: str
    fault: str
    elsewhere_title: str
    elsewhere: str


_ENGLISH = PageWords(
    language="en",
    name="English",
    other_language="Choose a language",
    skip="Skip to the page",
    stranger_title="This link does not work",
    stranger="It may have been cut off on its way, or it is no longer in use. Try the link in the newest "
    "email you have from us, or copy the whole of it into your browser.",
    write_to_us="Or write to us at {address}, and a person will see to it.",
    too_often_title="Please wait a minute",
    too_often="Too many links that do not work were tried from where you are.",
    fault_title="Something went wrong here",
    fault="It is our fault, not yours, and nothing was changed. Please try again in a few minutes.",
    elsewhere_title="Please press the button on our own page",
    elsewhere="For your safety we only accept what comes from there. Open the link in your email again.",
)

_WELSH = PageWords(
    language="cy",
    name="Cymraeg",
    other_language="Dewiswch iaith",
    skip="Neidio i’r dudalen",
    stranger_title="Nid yw’r ddolen hon yn gweithio",
    stranger="Efallai iddi gael ei thorri ar y ffordd, neu nad yw’n cael ei defnyddio mwyach. Rhowch gynnig "
    "ar y ddolen yn yr e-bost diweddaraf gennym, neu copïwch hi’n gyfan i’ch porwr.",
    write_to_us="Neu ysgrifennwch atom yn {address}, a bydd rhywun yn eich helpu.",
    too_often_title="Arhoswch funud",
    too_often="Cafodd gormod o ddolenni nad ydynt yn gweithio eu profi o’ch lleoliad chi.",
    fault_title="Aeth rhywbeth o’i le yma",
    fault="Ein bai ni yw hyn, nid eich bai chi, ac ni newidiwyd dim. "
    "Rhowch gynnig arall arni ymhen ychydig funudau.",
    elsewhere_title="Pwyswch y botwm ar ein tudalen ni",
    elsewhere="Er eich diogelwch, dim ond yr hyn a ddaw oddi yno a dderbyniwn. "
    "Agorwch y ddolen yn eich e-bost eto.",
)

#: In the order in which a page offers them.
LANGUAGES = {words.language: words for words in (_ENGLISH, _WELSH)}


def page_words(tag: str | None) -> PageWords:
    """Return the table of a language, or the English one."""
    return LANGUAGES.get(primary_language(tag) or "", _ENGLISH)
