"""A feed's document by HTTP: conditional GET, few redirects, bounded in size and time."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import urllib3.exceptions
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from newsletter.errors import FetchError
from newsletter.feeds.addresses import AllowList
from newsletter.feeds.fetch.answers import Arrived, Redirect, accepted_encodings, read_answer, too_large
from newsletter.feeds.fetch.limits import FetchLimits
from newsletter.feeds.fetch.sockets import Deadline, TooMuch, open_socket
from newsletter.feeds.patience import address_of
from newsletter.feeds.types import FeedForUpdate, NotModified

_PORTS = {"http": 80, "https": 443}
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True)
class Errand:
    """One fetch. start: the address that is configured, by which messages name the feed."""

    start: str
    headers: Mapping[str, str]
    #: The organisation's own, for the origin of `start` alone: a redirect must not carry them off.
    credentials: Mapping[str, str]
    allow: AllowList
    limits: FetchLimits
    deadline: Deadline
    conditional: bool


def scheme_of(url: str) -> str | None:
    """Return the scheme of an address in lower case; None for a path."""
    head, colon, _ = url.partition(":")
    is_scheme = bool(colon) and head.isascii() and head.replace("+", "").replace("-", "").isalnum()
    return head.lower() if is_scheme else None


def get_document(
    feed: FeedForUpdate,
    allow: AllowList,
    user_agent: str,
    limits: FetchLimits,
    credentials: Mapping[str, str] | None = None,
) -> Arrived | NotModified:
    """Fetch a feed's document, at most `limits.redirects` redirects away; raises FetchError."""
    headers = {"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": accepted_encodings()}
    if feed.etag:
        headers["If-None-Match"] = feed.etag
    if feed.last_modified:
        headers["If-Modified-Since"] = feed.last_modified
    start, deadline = feed.source.url, Deadline(limits.total_s)
    conditional = bool(feed.etag or feed.last_modified)
    errand = Errand(start, headers, credentials or {}, allow, limits, deadline, conditional)
    url, moved_to, for_good = address_of(feed), None, True
    for _ in range(limits.redirects + 1):
        found = _get(errand, url)
        if isinstance(found, NotModified):
            return NotModified(moved_to)
        if isinstance(found, Arrived):
            return replace(found, head=replace(found.head, moved_to=moved_to))
        before, url = url, _joined(url, found.location)
        # A redirect from https to http is followed, as all others do, and never remembered.
        for_good = for_good and found.for_good and not (_is_secure(before) and not _is_secure(url))
        moved_to = url if for_good else moved_to
    raise FetchError(
        f"{start}: more than {limits.redirects} redirects",
        feed_url=start,
        hint="look in a browser where the feed really is, and use that address",
    )


def _is_secure(url: str) -> bool:
    return scheme_of(url) == "https"


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:  # no address at all, which is said where it is taken apart
        return location


def _get(errand: Errand, url: str) -> Arrived | NotModified | Redirect:
    """Ask once."""
    start, limits = errand.start, errand.limits
    parts = _parts(start, url)
    host, port = str(parts.host).strip("[]"), _port(parts)
    try:
        sock = open_socket(
            start,
            host,
            port,
            tls=parts.scheme == "https",
            allow=errand.allow,
            deadline=errand.deadline,
            limits=limits,
        )
        with closing(HTTPConnection(host, port)) as connection:
            connection.sock = sock  # the one to the address that was checked
            connection.auto_open = 0
            headers = {"Host": parts.netloc or host, "Connection": "close", **errand.headers}
            if errand.credentials and _same_origin(start, parts):
                headers |= errand.credentials
            connection.request("GET", parts.request_uri, headers=headers, preload_content=False)
            with closing(connection.getresponse()) as response:
                return read_answer(start, url, response, limits, conditional=errand.conditional)
    except FetchError:
        raise
    except TooMuch:
        raise too_large(start, limits) from None
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as fault:
        known = _known_trouble(host, fault)
        what, cure = known or (
            f"the answer of {host} broke off or made no sense",
            "the next pull tries again",
        )
        raise FetchError(f"{start}: {what}", feed_url=start, hint=cure) from (None if known else fault)


def _port(parts: Url) -> int:
    return parts.port or _PORTS[str(parts.scheme)]


def _same_origin(start: str, parts: Url) -> bool:
    """Whether an address is the configured one's, or its very host with TLS added."""
    own = parse_url(start)
    if own.host != parts.host:
        return False
    added_tls = (own.scheme, _port(own), parts.scheme, _port(parts)) == ("http", 80, "https", 443)
    return added_tls or (own.scheme, _port(own)) == (parts.scheme, _port(parts))


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
            f"{start if url != start else parts.host}: an address with a user name or password in it"
            " is not fetched",
            feed_url=start,
            hint="write username and password_env for the feed in newsletter.toml instead",
        )
    return parts


def _known_trouble(host: str, fault: Exception) -> tuple[str, str] | None:
    """Return what happened and its cure, where the fault's own words would say less."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"the certificate of {host} is not valid: {fault.verify_message}", "tell its publisher"
    if isinstance(fault, (TimeoutError, urllib3.exceptions.TimeoutError)):
        return f"{host} took too long to answer", "the next pull tries again"
    if isinstance(fault, ConnectionRefusedError):
        return f"nobody answers at {host}", "check the address and its port"
    if "IncompleteRead" in str(fault):
        return (
            f"the answer of {host} broke off or made no sense: it ended too early",
            "the next pull tries again",
        )
    return None
