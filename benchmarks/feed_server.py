"""An HTTP server on loopback with many feeds, RSS and Atom in turn, that can all change at once."""

from __future__ import annotations

import hashlib
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler

from rig import LOOPBACK

BEGAN = datetime(2026, 11, 1, 8, tzinfo=UTC)
WORDS = (
    "Governors and school leaders should note that guidance on attendance, behaviour and careers advice"
    " has been revised after consultation; the department asks trusts to review their policies before the"
    " spring term and to tell parents what changes. Café meetings with local employers count towards the"
    " careers entitlement."
)


class FeedServer(socketserver.ThreadingTCPServer):
    """Serves /0 to /N; version: raise it, and five entries of each feed are new and one is edited."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, entries: int) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.entries = entries
        self.version = 0
        self.statuses: Counter[int] = Counter()

    def url(self, number: int) -> str:
        """Return the address of a feed."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/{number}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FeedServer

    def do_GET(self) -> None:
        body, etag = document(int(self.path[1:]), self.server.version, self.server.entries)
        known = self.headers.get("If-None-Match") == etag
        self.server.statuses[304 if known else 200] += 1
        self.send_response(304 if known else 200)
        self.send_header("ETag", etag)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", "0" if known else str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def feed_server(entries: int) -> Iterator[FeedServer]:
    """Serve feeds for as long as it is needed."""
    with FeedServer(entries) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@cache
def document(number: int, version: int, entries: int) -> tuple[bytes, str]:
    """Return a feed's document and its ETag: newest entries first, as feeds have it."""
    newest = entries + 5 * version
    make = _rss if number % 2 else _atom
    body = make(number, range(newest, newest - entries, -1), version).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'


def _story(feed: int, entry: int) -> str:
    return (
        f"<p>News {entry} of <b>school board {feed}</b>: {escape(WORDS)}</p><ul><li>First, read it.</li>"
        f'<li>Then <a href="/news/{entry}/more?utm_source=rss">look at more</a>.</li></ul>'
        f"<p>{escape(WORDS[: 60 + 37 * entry % 200])}</p>"
    )


def _title(feed: int, entry: int, newest: int, version: int) -> str:
    edited = f", edited {version} times" if version and entry == newest - 9 else ""
    return f"Board {feed} reports on attendance &amp; careers, part {entry}{edited}"


def _rss(feed: int, entries: range, version: int) -> str:
    items = "".join(
        f"<item><title>{_title(feed, it, entries[0], version)}</title>"
        f"<link>https://board{feed}.example.org/news/{it}</link>"
        f'<guid isPermaLink="false">board-{feed}-{it}</guid>'
        "<category>Careers</category><category>Attendance</category>"
        f"<pubDate>{format_datetime(BEGAN + timedelta(hours=it))}</pubDate><dc:creator>A. Board</dc:creator>"
        f"<description>{escape(_story(feed, it))}</description></item>\n"
        for it in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>Board {feed}</title><link>https://board{feed}.example.org/</link>"
        f"<description>News</description>\n{items}</channel></rss>\n"
    )


def _atom(feed: int, entries: range, version: int) -> str:
    items = "".join(
        f"<entry><title>{_title(feed, it, entries[0], version)}</title>"
        f'<link href="https://board{feed}.example.org/news/{it}"/>'
        f"<id>tag:board{feed}.example.org,2026:{it}</id>"
        f"<updated>{(BEGAN + timedelta(hours=it)).isoformat()}</updated>"
        f'<category term="Careers"/><author><name>A. Board</name></author>'
        f"<summary>{escape(WORDS[:120])}</summary>"
        f'<content type="html">{escape(_story(feed, it))}</content></entry>\n'
        for it in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
        f"<title>Board {feed}</title><id>tag:board{feed}.example.org,2026:feed</id>\n{items}</feed>\n"
    )
