"""A feed's document by HTTP: conditional GET, few redirects, bounded in size and time."""

from __future__ import annotations

import http.client
import ssl
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import urllib3.exceptions
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Url, parse_url

from newsletter.errors import FetchError
from newsletter.feeds.addresses import AllowList
from newsletter.feeds.fetch.limits import FetchLimits
from newsletter.feeds.fetch.sockets import Deadline, open_socket
from newsletter.feeds.types import FeedForUpdate, Fetched, NotModified

_REDIRECTS = {301, 302, 303, 307, 308}
_PORTS = {"http": 80, "https": 443}
_PIECE_BYTES = 64 * 1024
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
#: What to say beside a status; others get a word by their class.
_CURES = {
    401: "the feed asks for a login, which is not supported; ask its publisher for a public address",
    403: "the server refuses us; ask its publisher to let this program in",
    404: "nothing is there any more; look on the site for the feed's new address",
    410: "the feed is gone for good; take it out of newsletter.toml",
    429: "the server asks for patience; ask less often (every)",
}


def scheme_of(url: str) -> str | None:
    """Return the scheme of an address in lower case; None for a path."""
    head, colon, _ = url.partition(":")
    is_scheme = bool(colon) and head.isascii() and head.replace("+", "").replace("-", "").isalnum()
    return head.lower() if is_scheme else None


def get_document(
    feed: FeedForUpdate, allow: AllowList, user_agent: str, limits: FetchLimits
) -> Fetched | NotModified:
    """Fetch a feed's document, at most `limits.redirects` redirects away; raises FetchError."""
    headers = {"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
    if feed.etag:
        headers["If-None-Match"] = feed.etag
    if feed.last_modified:
        headers["If-Modified-Since"] = feed.last_modified
    start = url = feed.source.url
    deadline = Deadline(limits.total_s)
    for _ in range(limits.redirects + 1):
        found = _get(start, url, headers, allow=allow, deadline=deadline, limits=limits)
        if not isinstance(found, str):
            return found
        url = _joined(url, found)
    raise FetchError(
        f"{start}: more than {limits.redirects} redirects",
        feed_url=start,
        hint="look in a browser where the feed really is, and use that address",
    )


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:  # no address at all, which is said where it is taken apart
        return location


def _get(
    start: str,
    url: str,
    headers: dict[str, str],
    *,
    allow: AllowList,
    deadline: Deadline,
    limits: FetchLimits,
) -> Fetched | NotModified | str:
    """Ask once; a str is where the answer sends us."""
    parts = _parts(start, url)
    host, scheme = str(parts.host).strip("[]"), str(parts.scheme)
    port = parts.port or _PORTS[scheme]
    try:
        sock = open_socket(
            start, host, port, tls=scheme == "https", allow=allow, deadline=deadline, limits=limits
        )
        with closing(HTTPConnection(host, port)) as connection:
            connection.sock = sock  # the one to the address that was checked
            connection.auto_open = 0
            connection.request(
                "GET",
                parts.request_uri,
                headers={"Host": parts.netloc or host, "Connection": "close", **headers},
                preload_content=False,
            )
            with closing(connection.getresponse()) as response:
                return _answer(start, url, response, limits)
    except FetchError:
        raise
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as fault:
        known = _known_trouble(host, fault)
        what, cure = known or (
            f"the answer of {host} broke off or made no sense",
            "the next pull tries again",
        )
        raise FetchError(f"{start}: {what}", feed_url=start, hint=cure) from (None if known else fault)


def _parts(start: str, url: str) -> Url:
    try:
        parts = parse_url(url)
    except LocationParseError:
        parts = Url()
    if parts.scheme not in _PORTS or not parts.host:
        where = "leads to" if url != start else "is"
        raise FetchError(
            f"{start}: {where} no http or https address: {url[:200]!r}",
            feed_url=start,
            hint="look in a browser where the feed really is",
        )
    if parts.auth:
        raise FetchError(
            f"{parts.host}: an address with a user name or password in it is not fetched",
            feed_url=start,
            hint="ask the publisher for a public address of the feed",
        )
    return parts


def _answer(
    start: str, url: str, response: BaseHTTPResponse, limits: FetchLimits
) -> Fetched | NotModified | str:
    status = response.status
    location = response.headers.get("location")
    if status in _REDIRECTS and location:
        return location
    if status == http.HTTPStatus.NOT_MODIFIED:
        return NotModified()
    if status // 100 != 2:  # noqa: PLR2004 - success
        raise FetchError(
            f"{start}: {_asked_at(start, url)}the server answered {status} {response.reason or ''}".rstrip(),
            feed_url=start,
            status=status,
            retry_after_s=_retry_after_s(response.headers.get("retry-after")),
            hint=_CURES.get(status) or _class_cure(status),
        )
    return Fetched(
        body=_body(start, response, limits),
        url=url,
        content_type=response.headers.get("content-type"),
        etag=response.headers.get("etag"),
        last_modified=response.headers.get("last-modified"),
    )


def _body(start: str, response: BaseHTTPResponse, limits: FetchLimits) -> bytes:
    body = bytearray()
    while piece := response.read(_PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > limits.max_bytes:
            raise FetchError(
                f"{start}: the document is larger than {limits.max_bytes:,} bytes",
                feed_url=start,
                hint="feeds are small; check that this is one",
            )
    return bytes(body)


def _asked_at(start: str, url: str) -> str:
    return f"at {url[:200]} " if url != start else ""


def _class_cure(status: int) -> str:
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the trouble is the server's; the next pull tries again"
    return "check the address in a browser"


def _retry_after_s(text: str | None) -> float | None:
    """Return how long a server asks us to wait (RFC 9110 §10.2.3: seconds, or a date)."""
    if not text:
        return None
    if text.strip().isdecimal() and text.isascii():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _known_trouble(host: str, fault: Exception) -> tuple[str, str] | None:
    """Return what happened and its cure, where the fault's own words would say less."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"the certificate of {host} is not valid: {fault.verify_message}", "tell its publisher"
    if isinstance(fault, (TimeoutError, urllib3.exceptions.TimeoutError)):
        return f"{host} took too long to answer", "the next pull tries again"
    if isinstance(fault, ConnectionRefusedError):
        return f"nobody answers at {host}", "check the address and its port"
    return None
