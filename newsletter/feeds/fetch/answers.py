"""What a server answered: a document of bounded size, nothing new, another address, or a refusal."""

from __future__ import annotations

import http
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

from urllib3.response import BaseHTTPResponse
from urllib3.util.request import ACCEPT_ENCODING

from newsletter.errors import DocumentTooLarge, FetchError
from newsletter.feeds.fetch.limits import FetchLimits
from newsletter.feeds.types import Fetched, NotModified

Content = tempfile.SpooledTemporaryFile[bytes]

_REDIRECTS = {301, 302, 303, 307, 308}
#: RFC 9110 §15.4: these stand for every later request too.
_FOR_GOOD = {301, 308}
_PIECE_BYTES = 64 * 1024
_IN_MEMORY_BYTES = 256 * 1024
_MAX_VALIDATOR_CHARS = 1000
#: What to say beside a status; others get a word by their class.
_CURES = {
    401: "the feed asks for a login: username and password_env, token_env or headers_env of the feed",
    403: "the server refuses us; ask its publisher to let this program in",
    404: "nothing is there any more; look on the site for the feed's new address",
    410: "the feed is gone for good and is not asked any more; take it out of newsletter.toml",
    429: "the server asks for patience; ask less often (every)",
}


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where an answer sends us, and whether for good."""

    location: str
    for_good: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """A document that has come whole; it is read once. head: all of it but the body."""

    head: Fetched
    content: Content

    def read(self) -> Fetched:
        """Return the document with its body."""
        with self.content:
            self.content.seek(0)
            found = self.head
            return Fetched(
                self.content.read(),
                found.url,
                found.content_type,
                found.etag,
                found.last_modified,
                found.moved_to,
            )


@cache
def accepted_encodings() -> str:
    """Return which encodings we take: Brotli and Zstandard where packages for them are installed.

    Brotli before 1.2 cannot be told when to stop, so it is left out: a bomb would go off in it.
    """
    names = ACCEPT_ENCODING.replace(" ", "").split(",")
    return ", ".join(name for name in names if name != "br" or _brotli_can_stop())


def _brotli_can_stop() -> bool:
    try:
        import brotli  # noqa: PLC0415 - an extra

        brotli.Decompressor().process(b"", output_buffer_limit=1)
    except (ImportError, TypeError):
        return False
    except Exception:  # noqa: BLE001, S110 - it knows the limit and dislikes the rest
        pass
    return True


def read_answer(
    start: str, url: str, response: BaseHTTPResponse, limits: FetchLimits, *, conditional: bool
) -> Arrived | NotModified | Redirect:
    """Take in an answer; raises FetchError for a refusal. conditional: whether we had validators to send."""
    status = response.status
    location = response.headers.get("location")
    if status in _REDIRECTS and location:
        return Redirect(_as_utf8(location), status in _FOR_GOOD)
    if status == http.HTTPStatus.NOT_MODIFIED:
        if not conditional:
            raise FetchError(
                f"{start}: {_asked_at(start, url)}the server answered 304 Not Modified, which nobody asked",
                feed_url=start,
                status=status,
                hint="the server, or a cache before it, is out of order; tell its publisher",
            )
        return NotModified()
    if status // 100 != 2:  # noqa: PLR2004 - success
        raise FetchError(
            f"{start}: {_asked_at(start, url)}the server answered {status} {response.reason or ''}".rstrip(),
            feed_url=start,
            status=status,
            retry_after_s=retry_after_s(response.headers.get("retry-after"), datetime.now(UTC)),
            hint=_CURES.get(status) or _class_cure(status),
        )
    head = Fetched(
        body=b"",
        url=url,
        content_type=response.headers.get("content-type"),
        etag=_validator(response.headers.get("etag")),
        last_modified=_validator(response.headers.get("last-modified")),
    )
    return Arrived(head, _content(start, response, limits))


def too_large(start: str, limits: FetchLimits, *, inflated: bool = False) -> FetchError:
    """Return the fault of a document without end, or nearly so."""
    return DocumentTooLarge(
        f"{start}: the document{', once inflated,' if inflated else ''} is larger than"
        f" {limits.max_bytes:,} bytes",
        feed_url=start,
        hint="feeds are small; check that this is one",
    )


def _content(start: str, response: BaseHTTPResponse, limits: FetchLimits) -> Content:
    """Return the document, inflated; what is long goes to the disk, as many may come at the same time."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    is_encoded = encoding not in {"", "identity"}
    if is_encoded and encoding.removeprefix("x-") not in accepted_encodings().split(", "):
        raise FetchError(
            f"{start}: the document is encoded as {encoding[:60]!r}, which was not asked for",
            feed_url=start,
            hint="tell its publisher: feeds come plain, or with gzip",
        )
    content = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - whoever reads it closes it
    try:
        _inflate(start, response, content, limits, inflated=is_encoded)
    except BaseException:
        content.close()
        raise
    return content


def _inflate(
    start: str, response: BaseHTTPResponse, content: Content, limits: FetchLimits, *, inflated: bool
) -> None:
    count = 0
    while piece := response.read(_PIECE_BYTES, decode_content=True):
        count += len(piece)
        if count > limits.max_bytes:
            raise too_large(start, limits, inflated=inflated)
        content.write(piece)


def _as_utf8(location: str) -> str:
    """Return an address as it was meant: http.client reads headers as Latin-1, and servers write UTF-8."""
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return location


def _validator(value: str | None) -> str | None:
    """Return a validator as it was sent; none that is no header value, or too long to be kept."""
    is_usable = value and len(value) <= _MAX_VALIDATOR_CHARS and value.isprintable()
    return value if is_usable else None


def _asked_at(start: str, url: str) -> str:
    return f"at {url[:200]} " if url != start else ""


def _class_cure(status: int) -> str:
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the trouble is the server's; the next pull tries again"
    return "check the address in a browser"


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Return how long a server asks us to wait (RFC 9110 §10.2.3: seconds, or a date)."""
    if not text:
        return None
    if text.strip().isdecimal() and text.isascii():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
