"""Text from outside made harmless and tidy: HTML by an allow-list, plain text without control characters."""

from __future__ import annotations

import html as html_entities
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urljoin, urlsplit

import nh3

from newsletter.feeds.block_reader import UNDERSTOOD, read_blocks
from newsletter.feeds.blocks import Block, running_text, write_html, write_text
from newsletter.feeds.pictures import ATTRIBUTES as PICTURE_ATTRIBUTES

#: C0 and C1, lone surrogates, non-characters, U+FFFD, invisible marks, and the bidirectional controls, which
#: can turn a text around. CR, LF, tab and NEL are white space.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\u202a-\u202e\u2066-\u2069"
    "\ufeff\ufff9-\ufffd\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile("[\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_LINE = re.compile(r"\s+")

_WITHOUT_CONTENT = {
    "script", "style", "template", "title", "textarea", "select", "option", "button", "noscript", "noembed",
    "noframes", "iframe", "object", "embed", "audio", "video", "canvas", "svg", "math", "xmp",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto"}
_CLEANER = nh3.Cleaner(
    tags=set(UNDERSTOOD),
    clean_content_tags=_WITHOUT_CONTENT,
    attributes={"a": {"href"}, "img": set(PICTURE_ATTRIBUTES)},
    url_schemes=_SCHEMES,
    link_rel=None,
)
#: Some 40,000 words.
_MAX_HTML_CHARS = 300_000
#: nh3 takes time in the square of the ampersands of one text. A text that writes each letter as an entity
#: has no more of them; this keeps it near a tenth of a second.
_MAX_AMPERSANDS = 50_000
_MAX_URL_CHARS = 2_000
_MAX_TITLE_SOURCE, _MAX_TITLE_CHARS = 10_000, 300
#: Needs no closer look: a host of at least two labels, no user, no port, nothing to encode.
_PLAIN_URL = re.compile(
    r"https?://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}(?:[/?#][A-Za-z0-9%!$&'()*+,/:;=?@._~#-]{0,1500})?"
)
#: Kept in an address as they stand: reserved and unreserved characters of RFC 3986 §2, and the escape sign.
_URL_SAFE = "%!#$&'()*+,/:;=?@[]~-._"
#: Browsers leave these out of a scheme, and so read "java\tscript:" as what it hides; nobody means it.
_HIDDEN_SCHEME = re.compile(
    r"[^:/?#]*[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060\ufeff][^:/?#]*:"
)

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)[^<>]*>")
#: Elements without content, and those that their next sibling closes: they build no depth.
_SHALLOW = {
    "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot",
    "br", "hr", "img", "input", "wbr", "col", "meta", "link", "source",
}  # fmt: skip
_MAX_DEPTH = 200
_ENDS_SENTENCE = re.compile(r"[.!?…][\"”’')\]]*$")
_ABBREVIATION = re.compile(
    r"(^|[(\"“‘'])([A-Z]|Mr|Mrs|Ms|Dr|Prof|Rev|St|No|vs|etc|e\.g|i\.e|cf|p|pp|approx)\.$"
)


@dataclass(frozen=True)
class Fragment:
    """A cleaned piece of HTML, read once."""

    blocks: list[Block]

    @cached_property
    def html(self) -> str:
        """The safe HTML, a block to a line."""
        return write_html(self.blocks)

    @cached_property
    def text(self) -> str:
        """The plain text, blocks parted by empty lines."""
        return write_text(self.blocks)

    @cached_property
    def summary(self) -> str:
        """The beginning of its running text (of all text, where there is no running one)."""
        return excerpt(" ".join(running_text(self.blocks))) or excerpt(self.text)


def read_fragment(html: str, base_url: str | None) -> Fragment:
    """Clean a piece of foreign HTML.

    Elements of the outcome: p, h2 to h4, ul, ol, li, blockquote, strong, em, br, a, img. The only attributes
    are href, an absolute http, https or mailto address, and of pictures src, by https, alt, never empty, and
    width. Cleaning that again changes nothing. What stands before the 300,001st character and the 50,000th
    ampersand is read, and nesting beyond 200 elements is flattened.
    """
    html = "&".join(html[:_MAX_HTML_CHARS].split("&", _MAX_AMPERSANDS)[:_MAX_AMPERSANDS])
    html = bound_nesting(tidy(html))
    return Fragment(read_blocks(_CLEANER.clean(html), lambda url: absolute_url(url, base_url), tidy))


def plain_text(html: str) -> str:
    """Return HTML as readable plain text: blocks parted by empty lines, list items marked `•` or `1.`."""
    return read_fragment(html, None).text


def text_fragment(text: str) -> Fragment:
    """Return plain text as a fragment: empty lines part paragraphs, other line ends stay line breaks."""
    paragraphs = re.split(r"\n\s*\n", text[:_MAX_HTML_CHARS].replace("\r\n", "\n").replace("\r", "\n"))
    escaped = (html_entities.escape(part.strip(), quote=False) for part in paragraphs)
    return read_fragment("".join(f"<p>{part}</p>".replace("\n", "<br>") for part in escaped), None)


def tidy(text: str) -> str:
    """Drop what no reader sees and make every kind of space a plain one; line ends stay."""
    return _SPACES.sub(" ", _DROPPED.sub("", text))


def one_line(text: str) -> str:
    """Return text on one line, white space of any kind collapsed to single spaces."""
    return _LINE.sub(" ", tidy(text)).strip()


def title_line(text: str, *, markup: bool) -> str:
    """Return a title as one plain line, entities resolved. markup: it may hold tags, and they go."""
    text = text[:_MAX_TITLE_SOURCE]
    if markup and "<" in text:
        text = nh3.clean(bound_nesting(text), tags=set())
    if "&" in text:
        text = html_entities.unescape(text)
    return _shortened(one_line(text), _MAX_TITLE_CHARS)


def excerpt(text: str, words: int = 60) -> str:
    """Return the beginning of a text on one line, at most so many words.

    It ends with a sentence where one ends in its last two thirds, otherwise with an ellipsis.
    """
    text = one_line(text)
    parts = text.split(" ", words + 1)
    if len(parts) > words:
        for end in range(words, words // 3, -1):
            if _ENDS_SENTENCE.search(parts[end - 1]) and not _ABBREVIATION.search(parts[end - 1]):
                text = " ".join(parts[:end])
                break
        else:
            text = " ".join(parts[:words]).rstrip(",;:–—- ") + "…"
    return _shortened(text, words * 15)


def _shortened(text: str, characters: int) -> str:
    """Bound a text that has hardly any spaces, or is endless."""
    if len(text) <= characters:
        return text
    return text[: characters - 1].rsplit(" ", 1)[0].rstrip(",;:–—- ") + "…"


def absolute_url(url: str, base_url: str | None) -> str | None:
    """Return an absolute http, https or mailto address, characters beyond ASCII encoded; None for others."""
    if _PLAIN_URL.fullmatch(url):
        return url
    if _HIDDEN_SCHEME.match(url.strip()):
        return None
    url = tidy(url).strip().replace("\t", "").replace("\n", "").replace("\r", "")
    try:
        if url and base_url and base_url.startswith(("http://", "https://")):
            url = urljoin(base_url, url)
        parts = urlsplit(url)
        # A port that is no number, or a host that no name server could know, fails here.
        host = (parts.hostname or "").encode("idna").decode() if parts.port != 0 else ""
    except ValueError:
        return None
    reaches = "@" in parts.path if parts.scheme == "mailto" else bool(host)
    if parts.scheme not in _SCHEMES or not reaches or len(url) > _MAX_URL_CHARS:
        return None
    if not parts.netloc.isascii():
        url = parts._replace(netloc=parts.netloc.replace(parts.netloc.rpartition("@")[2], host)).geturl()
    return quote(url, safe=_URL_SAFE)


def bound_nesting(html: str) -> str:
    """Drop the tags of elements nested deeper than anything readable.

    Parsers need time in the square of the depth: 50,000 open divs take nh3 eight seconds. Open formatting
    elements that differ in an attribute multiply in each block that follows, so only links keep theirs. What
    looks like a tag is counted, wherever it stands: this makes nothing safe, it bounds the work of what does.
    """
    if html.count("<") <= _MAX_DEPTH:
        return html
    open_tags: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    depth = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth
        tag = match[2].lower()
        if tag in _SHALLOW:
            return match[0]
        if not match[1]:
            if depth >= _MAX_DEPTH:
                dropped[tag] += 1
                return " "
            depth += 1
            open_tags[tag] += 1
            return match[0] if tag == "a" else f"<{tag}>"
        if dropped[tag]:
            dropped[tag] -= 1
            return " "
        if open_tags[tag]:
            open_tags[tag] -= 1
            depth -= 1
        return match[0]

    return _TAG.sub(keep, html)
