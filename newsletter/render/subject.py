"""What an inbox shows of an edition before it is opened: subject and preheader."""

from __future__ import annotations

from collections.abc import Mapping

SUBJECT_LENGTH = 60
#: What a newsletter's `subject` may have places for.
SUBJECT_NAMES = ("headline", "title", "date", "count", "organisation")
PREHEADER_LENGTH = range(40, 131)

#: Not left before an ellipsis.
TRAILING = " ,;:.·–—-"
#: Below this a headline says nothing.
_LEAST_HEADLINE = 12


def make_subject(template: str, headline: str, names: Mapping[str, str]) -> str:
    """Return the subject of a variant, of at most 60 characters; it is the headline that is cut, at a word.

    names: what the other places stand for. Where these leave no room for the headline, all of it is cut.
    """
    around = template.format(headline="", **names)
    room = SUBJECT_LENGTH - len(around) if "{headline}" in template else 0
    shown = cut_words(headline, room) if room >= _LEAST_HEADLINE else headline
    return cut_words(template.format(headline=shown, **names), SUBJECT_LENGTH)


def make_preheader(others: str, alone: str, standfirst: str, count: int) -> str:
    """Return the line that an inbox shows after the subject: what there is beside the first headline.

    others: the headlines after the first; alone: what can be said of any edition; standfirst: of the first
    story, for an edition that has no other.
    """
    longest = PREHEADER_LENGTH[-1]
    line = others if count > 1 else standfirst
    return cut_words(
        line if len(line) >= PREHEADER_LENGTH[0] else " · ".join(filter(None, (line, alone))), longest
    )


def cut_words(text: str, length: int) -> str:
    """Return text of at most length characters, cut after a word, where that is needed, with an ellipsis."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    words = head if text[length - 1] == " " else head.rpartition(" ")[0]
    return (words or head).rstrip(TRAILING) + "…"


def first_words(text: str, count: int) -> str:
    """Return at most count words, with an ellipsis where some are left out."""
    words = text.split()
    return " ".join(words) if len(words) <= count else " ".join(words[:count]).rstrip(TRAILING) + "…"
