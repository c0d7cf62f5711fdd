"""Links that a story names beside its own: documents, and pages that have a paragraph to themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from newsletter.render.story import Block, Paragraph, Point, Points, Run, plain

MOST_LINKS = 4
_DOCUMENTS = {
    "pdf": "PDF",
    "doc": "Word",
    "docx": "Word",
    "xls": "Excel",
    "xlsx": "Excel",
    "ods": "ODS",
    "odt": "ODT",
}
#: A paragraph that is a link may say this much more: "(PDF, 46 pages)", "Read it: …".
_MORE = 25
#: Words that do not say where a link goes, also all of them together.
_VAGUE = frozenset(
    {"a", "about", "click", "find", "for", "full", "here", "it", "learn", "link", "more", "on", "out", "page"}
    | {"press", "read", "see", "the", "this"}
)


@dataclass(frozen=True, slots=True)
class FurtherLink:
    """A link and the words that say what it is: "Statutory guidance (PDF, 46 pages)"."""

    words: str
    address: str


def further_links(blocks: Iterable[Block], own: str | None) -> tuple[FurtherLink, ...]:
    """Return up to four links of a story in order, each once. own: its own address, which is not repeated."""
    found: dict[str, FurtherLink] = {}
    for link in _links(blocks):
        if link.address != own and link.address.startswith("http") and _says_what(link.words):
            found.setdefault(link.address, link)
    return tuple(found.values())[:MOST_LINKS]


def _links(blocks: Iterable[Block]) -> Iterator[FurtherLink]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield from _of_runs(block.runs)
        elif isinstance(block, Points):
            yield from _of_points(block.points)


def _of_points(points: Iterable[Point]) -> Iterator[FurtherLink]:
    for point in points:
        yield from _of_runs(point.runs)
        for inner in point.lists:
            yield from _of_points(inner.points)


def _of_runs(runs: Sequence[Run]) -> Iterator[FurtherLink]:
    linked = [run for run in runs if run.link]
    whole = plain(runs)
    if len(linked) == 1 and linked[0].link and len(whole) - len(linked[0].text) <= _MORE:
        yield FurtherLink(_with_kind(whole.strip(), linked[0].link), linked[0].link)
        return
    for run in linked:
        if run.link and _kind(run.link):
            yield FurtherLink(_with_kind(run.text.strip(), run.link), run.link)


def _says_what(words: str) -> bool:
    """Whether words name what is behind a link: "here (example.org)" does not."""
    bare = re.sub(r"\([^)]*\)", "", words.lower())
    return not _VAGUE.issuperset(re.findall(r"\w+", bare))


def _kind(address: str) -> str:
    try:
        path = urlsplit(address).path
    except ValueError:
        return ""
    return _DOCUMENTS.get(path.rpartition(".")[2].lower(), "")


def _with_kind(words: str, address: str) -> str:
    kind = _kind(address)
    return f"{words} ({kind})" if kind and kind.lower() not in words.lower() else words
