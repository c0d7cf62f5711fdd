# ruff: noqa: E501 - an entry is written as it stands in its document
"""Hostile texts put into every field of feeds, and a project that makes a digest of each batch of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from hostile import Vector
from projects import load, small_settings

from newsletter.address import parse_address
from newsletter.render.headers import member_lines
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.preview import write_preview
from newsletter.workflows.project import Project
from newsletter.workflows.pull import pull_feeds

#: The one host whose pictures the project allows.
PICTURE_HOST = "pictures.example.org"
FORMATS = ("rss", "atom", "json")
#: XML has no room for these; JSON has.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
#: The header lines of a preview.
HEADERS = [
    "From", "Reply-To", "Subject", "List-Id", "Auto-Submitted", "Content-Language", "MIME-Version",
    "Content-Type", "To", "Date", "Message-ID", "List-Unsubscribe",
]  # fmt: skip


@dataclass
class Batch:
    """Feeds of which one digest is made. documents: by ending."""

    name: str
    documents: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def feeds(self) -> list[str]:
        return [f"{self.name}-{number}" for number in range(len(self.documents))]


def feed_of(vectors: Sequence[Vector], kind: str) -> bytes:
    """A feed of one format, two entries for each vector: with a link of its own, and with the vector as link."""
    entries = [entry for vector in vectors for entry in _entries(vector)]
    return {"rss": _rss, "atom": _atom, "json": _json}[kind](entries)


def _entries(vector: Vector) -> Iterator[dict[str, str]]:
    picture = f'<img src="https://{PICTURE_HOST}/{vector.n}.png" alt="A school hall">'
    for link in (f"https://news.example.org/{vector.n}", vector.text):
        yield {
            "id": f"{vector.n}-{link == vector.text}",
            "title": f"News {vector.n} {vector.text}",
            "link": link,
            "summary": f"Of news {vector.n}. {vector.text}",
            "content": f"<p>{vector.text}</p><blockquote>{vector.text}</blockquote>{picture}{vector.text}",
            "author": vector.text,
            "category": vector.text,
        }


def _rss(entries: Iterable[dict[str, str]]) -> bytes:
    items = "".join(
        f"<item><guid isPermaLink='false'>{it['id']}</guid><title>{escape(it['title'])}</title><link>{escape(it['link'])}</link>"
        f"<description>{escape(it['summary'])}</description><content:encoded>{escape(it['content'])}</content:encoded>"
        f"<dc:creator>{escape(it['author'])}</dc:creator><category>{escape(it['category'])}</category></item>"
        for it in entries
    )
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    return _NOT_XML.sub(
        "", f'<rss version="2.0" {spaces}><channel><title>x</title>{items}</channel></rss>'
    ).encode()


def _atom(entries: Iterable[dict[str, str]]) -> bytes:
    items = "".join(
        f"<entry><id>{it['id']}</id><title type='html'>{escape(it['title'])}</title><link href={quoteattr(it['link'])}/>"
        f"<summary type='html'>{escape(it['summary'])}</summary><content type='html'>{escape(it['content'])}</content>"
        f"<author><name>{escape(it['author'])}</name></author><category term={quoteattr(it['category'])}/></entry>"
        for it in entries
    )
    return _NOT_XML.sub(
        "", f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{items}</feed>'
    ).encode()


def _json(entries: Iterable[dict[str, str]]) -> bytes:
    items = [
        {
            **{name: it[name] for name in ("id", "title", "summary")},
            "url": it["link"],
            "content_html": it["content"],
            "authors": [{"name": it["author"]}],
            "tags": [it["category"]],
        }
        for it in entries
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": items}).encode()


def make_project(folder: Path, batches: Sequence[Batch]) -> Project:
    """A project with a newsletter and an audience for each batch, and its feeds pulled into both."""
    (folder / "feeds").mkdir(parents=True)
    for batch in batches:
        for name, (ending, body) in zip(batch.feeds, batch.documents, strict=True):
            (folder / "feeds" / f"{name}.{ending}").write_bytes(body)
    every = [
        {"name": name, "url": f"feeds/{name}.{ending}"}
        for batch in batches
        for name, (ending, _) in zip(batch.feeds, batch.documents, strict=True)
    ]
    newsletters = [
        {"name": it.name, "audiences": [it.name], "max_items": 1000, "max_age": "36500d"} for it in batches
    ]
    settings = small_settings(
        feeds=every,
        audiences={batch.name: {"title": batch.name, "feeds": batch.feeds} for batch in batches},
        newsletters=newsletters,
        pictures={"hosts": [PICTURE_HOST]},
    )
    return Project(load(folder, settings))


def preview(project: Project, batch: Batch, folder: Path, now: datetime) -> Path | None:
    """Draft and preview a batch; return the page, or None where nothing of it is an item."""
    if not any(project.items.candidates([batch.name], datetime.min.replace(tzinfo=now.tzinfo))):
        return None
    draft_edition(project, batch.name, now)
    write_preview(project, batch.name, folder, now)
    [page] = folder.glob("*.html")
    return page


def pull(project: Project, now: datetime) -> tuple[int, list[str]]:
    """Pull all feeds; return how many items came, and what failed."""
    summaries = pull_feeds(project, now)
    return sum(it.new for it in summaries), [it.problem for it in summaries if it.problem]


def header_faults(page: Path) -> list[str]:
    """What is wrong with the message beside a page: headers that should not be there, or parts."""
    message = message_from_bytes(page.with_suffix(".eml").read_bytes(), policy=policy.default)
    faults = [] if message.keys() == HEADERS else [f"headers: {message.keys()}"]
    kinds = [part.get_content_type() for part in message.walk()]
    if kinds != ["multipart/alternative", "text/plain", "text/html"]:
        faults.append(f"parts: {kinds}")
    if message.defects or len(message["To"].addresses) != 1:
        faults.append(f"To: {message['To']}, {message.defects}")
    return faults


def addresses_of(name: str) -> list[str]:
    """The addresses in the To line of a mail to anna@example.org of this name, and whatever header is too many."""
    lines = member_lines(
        name, parse_address("anna@example.org"), "<1@example.org>", 0, "<mailto:out@example.org>"
    )
    read = message_from_bytes(lines + b"\r\n", policy=policy.default)
    wanted = ["To", "Date", "Message-ID", "List-Unsubscribe"]
    return [it.addr_spec for it in read["To"].addresses] + [it for it in read.keys() if it not in wanted]  # noqa: SIM118
