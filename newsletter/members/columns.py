"""What a member file's header calls its columns, and what the cells below them mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from newsletter.members.types import Frequency, MemberStatus

EMAIL, FIRST_NAME, LAST_NAME = "email", "first_name", "last_name"
AUDIENCES, NEWSLETTERS, STATUS = "audiences", "newsletters", "status"
FREQUENCY = "frequency"
OWN_COLUMNS = (EMAIL, FIRST_NAME, LAST_NAME, AUDIENCES, NEWSLETTERS, FREQUENCY)

#: Between the audiences of one cell, whatever parts the cells.
LIST_SEPARATOR = ";"

STATUSES = frozenset(status.value for status in MemberStatus)

_SYNONYMS = {
    "e_mail": EMAIL,
    "email_address": EMAIL,
    "e_mail_address": EMAIL,
    "firstname": FIRST_NAME,
    "lastname": LAST_NAME,
    "audience": AUDIENCES,
    "newsletter": NEWSLETTERS,
}
_FREQUENCIES = {
    "weekly": Frequency.EACH,
    "each": Frequency.EACH,
    "each edition": Frequency.EACH,
    "monthly": Frequency.MONTHLY,
}
# tab, CR and LF: OWASP, "CSV injection"; the ' are counted in, so that shielding can be undone.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def column_name(heading: str) -> str:
    """Return what a heading stands for: lower case, `_` for white space and hyphens, synonyms resolved."""
    name = re.sub(r"[\s_-]+", "_", unshielded(heading.strip())).lower()
    return _SYNONYMS.get(name, name)


def shielded(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe before it where need be."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unshielded(cell: str) -> str:
    """Undo `shielded`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def list_reader(kind: str, titles: Mapping[str, str]) -> Callable[[str], frozenset[str] | str]:
    """Return a function that reads a cell of several slugs or titles, and answers with a text when it cannot.

    kind: "audience" or "newsletter", for that text. titles: title by slug. Letter case, and whether words are
    parted by space, hyphen or underscore, does not matter.
    """
    known = {_plain(title): slug for slug, title in titles.items()}
    known |= {_plain(slug): slug for slug in titles}

    # Few cells differ: a member list has a dozen combinations.
    @lru_cache(maxsize=10_000)
    def read(cell: str) -> frozenset[str] | str:
        words = [word.strip() for word in cell.split(LIST_SEPARATOR)]
        unknown = [word for word in words if word and _plain(word) not in known]
        if unknown:
            return _unknown(kind, unknown[0], known, list(titles))
        return frozenset(known[_plain(word)] for word in words if word)

    return read


def read_frequency(cell: str) -> Frequency | str | None:
    """Return how often, None for an empty cell, or a text when it says something else."""
    if not cell:
        return None
    known = _FREQUENCIES.get(_plain(cell))
    return known or f"frequency {cell[:80]!r} is not known; known are: 'weekly' (each edition), 'monthly'"


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).lower()


def _unknown(kind: str, word: str, known: Mapping[str, str], slugs: Sequence[str]) -> str:
    near = get_close_matches(_plain(word)[:80], known, n=1)
    if near:
        return f"{kind} {word[:80]!r} is not known; did you mean {known[near[0]]!r}?"
    choice = ", ".join(repr(slug) for slug in slugs) or "none"
    return f"{kind} {word[:80]!r} is not known; known are: {choice}"
