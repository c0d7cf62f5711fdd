"""Values of the render room: a rendered variant, cut at what differs between members."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from newsletter.render.design import DESIGN, Design


@dataclass(frozen=True, slots=True)
class MergeField:
    """A place for a member's value. name: "member.first_name", "unsubscribe_url".

    fallback: for no value; None where the template gives none, and whoever has no value cannot be written to.
    """

    name: str
    fallback: str | None = None


#: Text in order of reading; a field stands where a member's value goes.
Segments = tuple[str | MergeField, ...]

#: One member's values by field name, unescaped.
MergeValues = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RenderedVariant:
    """A variant as it is frozen by approval: complete but for the merge fields."""

    subject: str
    preheader: str
    html: Segments
    text: Segments

    @property
    def html_bytes(self) -> int:
        """Size of the HTML part in UTF-8, merge fields not counted."""
        return sum(len(part.encode()) for part in self.html if isinstance(part, str))

    @property
    def hash(self) -> str:
        """SHA-256 in hex over all of it, merge fields by name; values are no part of it."""
        text = json.dumps([self.subject, self.preheader, dump_segments(self.html), dump_segments(self.text)])
        return hashlib.sha256(text.encode()).hexdigest()


def dump_segments(segments: Segments) -> str:
    """Return segments as JSON: strings, and [name, fallback] for a field, its fallback null for none."""
    return json.dumps(
        [part if isinstance(part, str) else [part.name, part.fallback] for part in segments],
        ensure_ascii=False,
    )


def load_segments(text: str) -> Segments:
    """Read what `dump_segments` wrote."""
    return tuple(part if isinstance(part, str) else MergeField(*part) for part in json.loads(text))


@dataclass(frozen=True, slots=True)
class Sender:
    """Who an edition is from.

    from_name, from_address: the From header; reply_to and leave are bare addresses: who reads answers, and
    where mail that asks to be taken off the list goes.
    """

    from_name: str
    from_address: str
    reply_to: str
    leave: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who stands in the footer. footer: what else it says, in Markdown."""

    name: str
    address: str
    url: str = ""
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Editorial:
    """What an editor wrote for one variant: introductions and closing words in Markdown, and a subject."""

    introduction: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    #: In the place of the one that is made; "" for none.
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Masthead:
    """What a template knows about the edition beside its items."""

    organisation: Organisation
    #: Title of the newsletter, as readers know it.
    title: str
    #: Titles of the variant's audiences, in the newsletter's order.
    audiences: tuple[str, ...]
    language: str = "en"
    design: Design = DESIGN
    #: With places for what `render.subject` names.
    subject: str = "{headline}"
    editorial: Editorial = Editorial()


@dataclass(frozen=True, slots=True)
class MessageHeaders:
    """What the header lines of every message of a variant have in common.

    list_id: RFC 2919 identifier without brackets ("weekly.news.example.org"); list_title: shown before it.
    one_click: the first address of List-Unsubscribe takes the POST of RFC 8058.
    """

    sender: Sender
    list_id: str
    list_title: str
    language: str = "en"
    one_click: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found in an edition before it goes out.

    rule: its stable name, by which a warning is accepted. level: an error keeps the edition from being
    approved. variants: names of those it was found in, none where it is about the whole edition. item: the
    id of the item it is about, None where it is about the template.
    """

    rule: str
    level: Literal["error", "warning"]
    message: str
    cure: str
    variants: tuple[str, ...] = ()
    item: int | None = None


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """One variant on the page that shows all of them, as one reader gets it.

    name: of its files, without ending. reader: who that is, "" where nobody gets it yet. headers: of the
    message, decoded, in order; message_bytes: its size on the wire.
    """

    name: str
    audiences: tuple[str, ...]
    reader: str
    recipients: int
    items: int
    preheader: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...]
    message_bytes: int
    findings: tuple[Finding, ...] = ()

    @property
    def html_bytes(self) -> int:
        """Size of the HTML part in UTF-8."""
        return len(self.html.encode())


@dataclass(frozen=True, slots=True)
class Overview:
    """All variants of an edition. edition: "weekly/2026-11-27"; status: how it stands, in words.

    accepted: rules of the warnings that its approval accepted. chosen: name of the variant that is shown
    first. asked_for: the member whose very mail it is, "" where nobody asked for one.
    """

    edition: str
    title: str
    status: str
    pages: tuple[OverviewPage, ...]
    accepted: frozenset[str] = frozenset()
    chosen: str = ""
    asked_for: str = ""
