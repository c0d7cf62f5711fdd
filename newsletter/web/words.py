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
    leave_title: str
    leave: str
    leave_button: str
    rather_topics: str
    left_title: str
    left: str
    on_its_way: str
    mistake: str
    stay: str
    stay_button: str
    stayed_title: str
    stayed: str
    too_late_title: str
    too_late: str
    topics_title: str
    saved: str
    no_topic: str
    which_topics: str
    how_often: str
    each_issue: str
    monthly: str
    pause: str
    pause_hint: str
    paused_until: str
    no_pause: str
    #: In the order of `topics.PAUSES`.
    pauses: tuple[str, ...]
    save: str
    rather_leave: str
    no_topics_title: str
    no_topics: str


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
    leave_title="Unsubscribe from {title}?",
    leave="Press the button, and we will send you no more issues of {title}.",
    leave_button="Unsubscribe",
    rather_topics="Would fewer emails do? “Change your topics” at the end of each email lets you choose what "
    "it is about, get it once a month, or pause it.",
    left_title="You are unsubscribed",
    left="We will send you no more issues of {title}.",
    on_its_way="Only one that is leaving us at this very moment may still arrive.",
    mistake="Was that a mistake?",
    stay="Keep getting {title}",
    stay_button="Yes, keep it coming",
    stayed_title="You are still subscribed",
    stayed="{title} will come to you as it did before.",
    too_late_title="It is too late to take this back here",
    too_late="Leaving can be taken back on our pages for one hour.",
    topics_title="Your choices for {title}",
    saved="Your choices are saved. They count from the next issue.",
    no_topic="Please choose at least one topic. To get no more emails at all, use “Unsubscribe” at the end "
    "of any of them.",
    which_topics="Topics",
    how_often="How often",
    each_issue="Every issue",
    monthly="Once a month, with all the news since the last one",
    pause="Pause",
    pause_hint="Nothing comes meanwhile, and it starts again by itself.",
    paused_until="Paused until {day}",
    no_pause="No pause",
    pauses=("For two weeks", "For one month", "For three months", "For six months"),
    save="Save",
    rather_leave="To get no more emails at all, use “Unsubscribe” at the end of any of them.",
    no_topics_title="You do not get {title} at the moment",
    no_topics="So there is nothing to choose here.",
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
    leave_title="Dad-danysgrifio o {title}?",
    leave="Pwyswch y botwm, ac ni fyddwn yn anfon rhagor o rifynnau {title} atoch.",
    leave_button="Dad-danysgrifio",
    rather_topics="A fyddai llai o e-byst yn ddigon? Mae “Newid eich pynciau” ar ddiwedd pob e-bost yn "
    "gadael i chi ddewis y pynciau, ei gael unwaith y mis, neu ei oedi.",
    left_title="Rydych wedi dad-danysgrifio",
    left="Ni fyddwn yn anfon rhagor o rifynnau {title} atoch.",
    on_its_way="Dim ond un sy’n ein gadael yr eiliad hon a allai gyrraedd o hyd.",
    mistake="Ai camgymeriad oedd hynny?",
    stay="Dal i gael {title}",
    stay_button="Ie, daliwch i’w anfon",
    stayed_title="Rydych yn dal i danysgrifio",
    stayed="Daw {title} atoch fel o’r blaen.",
    too_late_title="Mae’n rhy hwyr i newid hyn yma",
    too_late="Gellir tynnu dad-danysgrifiad yn ôl ar ein tudalennau am awr.",
    topics_title="Eich dewisiadau ar gyfer {title}",
    saved="Mae eich dewisiadau wedi’u cadw. Byddant yn cyfrif o’r rhifyn nesaf ymlaen.",
    no_topic="Dewiswch o leiaf un pwnc. I beidio â chael rhagor o e-byst o gwbl, defnyddiwch "
    "“Dad-danysgrifio” ar ddiwedd unrhyw un ohonynt.",
    which_topics="Pynciau",
    how_often="Pa mor aml",
    each_issue="Pob rhifyn",
    monthly="Unwaith y mis, gyda’r holl newyddion ers y tro diwethaf",
    pause="Oedi",
    pause_hint="Ni ddaw dim yn y cyfamser, a bydd yn ailddechrau ohono’i hun.",
    paused_until="Wedi’i oedi tan {day}",
    no_pause="Dim oedi",
    pauses=("Am bythefnos", "Am fis", "Am dri mis", "Am chwe mis"),
    save="Cadw",
    rather_leave="I beidio â chael rhagor o e-byst o gwbl, defnyddiwch “Dad-danysgrifio” ar ddiwedd unrhyw "
    "un ohonynt.",
    no_topics_title="Nid ydych yn cael {title} ar hyn o bryd",
    no_topics="Felly nid oes dim i’w ddewis yma.",
)

#: In the order in which a page offers them.
LANGUAGES = {words.language: words for words in (_ENGLISH, _WELSH)}


def page_words(tag: str | None) -> PageWords:
    """Return the table of a language, or the English one."""
    return LANGUAGES.get(primary_language(tag) or "", _ENGLISH)
