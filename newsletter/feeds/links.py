"""Addresses of stories: without what only says where a reader came from, and in one form for comparison."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

#: Parameters that count readers and never choose the page: of Google Analytics, advertisers, mail services,
#: Matomo, AT Internet, Adobe and the BBC, as they were seen in feeds in 2026.
_TRACKING = re.compile(
    r"(?:utm_\w+|ga_(?:source|medium|campaign|term|content)|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid"
    r"|yclid|twclid|ttclid|igshid|li_fat_id|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|vero_id|oly_(?:enc|anon)_id"
    r"|(?:pk|mtm|piwik)_\w+|at_(?:medium|campaign|bbc_team|link_\w+|format|ptr_name)|ns_(?:source|mchannel"
    r"|campaign|linkname|fee)|xtor|ocid|cmpid?|icid|wt\.(?:mc_id|rss_\w+)|s_cid|ito|echobox|soc_src|soc_trk)",
    re.IGNORECASE,
)
#: Parameters that may choose the page, unless they say only that a feed was read.
_SAYS_FEED = re.compile(
    r"(?:source|src|ref|from|via|partner|feed|output)=(?:rss|feed|atom|xml|rss\d?feed)", re.IGNORECASE
)
_DEFAULT_PORT = re.compile(r":(?:80|443)$")


def without_tracking(url: str) -> str:
    """Return an address without the parameters that only count readers; all else stays as it is written."""
    if "?" not in url and "#" not in url:
        return url
    address, hash_, fragment = url.partition("#")
    path, _, query = address.partition("?")
    if fragment and all(_is_tracking(part) for part in fragment.split("&")):
        hash_ = fragment = ""
    kept = "&".join(part for part in query.split("&") if part and not _is_tracking(part))
    if kept == query:
        return f"{address}{hash_}{fragment}"
    return f"{path}{'?' if kept else ''}{kept}{hash_}{fragment}"


def canonical_link(url: str) -> str:
    """Return the one form of an address that its usual spellings share; for comparison, not for reading.

    http and https, with and without www., a slash at the end, the order of parameters and those that track
    make no difference. A fragment does: some sites tell all stories on one page.
    """
    try:
        parts = urlsplit(without_tracking(url))
    except ValueError:
        return url
    host = _DEFAULT_PORT.sub("", parts.netloc.rpartition("@")[2].lower()).removeprefix("www.")
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    path = parts.path.rstrip("/")
    return f"{host}{path}{'?' if query else ''}{query}{'#' if parts.fragment else ''}{parts.fragment}"


def is_front_page(canonical: str) -> bool:
    """Whether a canonical address is that of a whole site rather than of a story."""
    return "/" not in canonical and "?" not in canonical and "#" not in canonical


def page_of(canonical: str) -> str:
    """Return what a canonical address says within its site; a site may move to another host as a whole."""
    return canonical.partition("/")[2]


def _is_tracking(parameter: str) -> bool:
    return bool(_TRACKING.fullmatch(parameter.partition("=")[0]) or _SAYS_FEED.fullmatch(parameter))
