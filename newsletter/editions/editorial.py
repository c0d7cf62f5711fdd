"""What an editor wrote for an edition, and which of it a variant gets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from newsletter.editions.types import EditionPart, EditionWord
from newsletter.render.types import Editorial

#: The audience of words that are for all readers.
EVERYBODY = ""


def editorial_for(
    words: Iterable[EditionWord], audiences: Collection[str], order: Sequence[str]
) -> Editorial:
    """Return what stands in the variant for these audiences.

    words: those that hold, each part and audience once. order: of the newsletter's audiences. Introductions
    and closing words for everybody come first, then those for each audience; of subjects the first for one of
    the audiences wins over the one for everybody.
    """
    held = {(word.part, word.audience): word.text for word in words}
    theirs = [slug for slug in order if slug in audiences]

    def texts(part: EditionPart, slugs: Sequence[str]) -> tuple[str, ...]:
        return tuple(text for slug in slugs if (text := held.get((part, slug))))

    subjects = texts(EditionPart.SUBJECT, [*theirs, EVERYBODY])
    return Editorial(
        texts(EditionPart.INTRODUCTION, [EVERYBODY, *theirs]),
        texts(EditionPart.CLOSING, [EVERYBODY, *theirs]),
        subjects[0] if subjects else "",
    )
