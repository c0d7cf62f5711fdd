"""Reading a document with a memo gives what reading all of it gives."""

from __future__ import annotations

import pytest

from newsletter.errors import FeedParseError
from newsletter.feeds import memo as memo_module
from newsletter.feeds.memo import parse_with_memo
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import Fetched

URL = "https://example.org/feed"


def rss(*numbers, head="", tail="", **titles):
    items = "".join(
        f"<item><guid>g{it}</guid><title>{titles.get(f'g{it}', f'Title {it}')}</title>"
        f"<link>/news/{it}</link><pubDate>Mon, {it:02} Nov 2026 08:00:00 GMT</pubDate>"
        f"<description>&lt;p&gt;All about &lt;b&gt;{it}&lt;/b&gt;.&lt;/p&gt;</description></item>\n"
        for it in numbers
    )
    return f'<rss version="2.0"><channel><title>News</title>{head}{items}</channel>{tail}</rss>'


@pytest.fixture
def read(monkeypatch):
    """Read a text after another one, and return what was read and how many entries the parser was given."""

    def read(before, after):
        _, memo = parse_with_memo(fetched(before), None)
        given = []

        def counting(document):
            parsed = parse_feed(document)
            given.append(len(parsed.entries))
            return parsed

        with monkeypatch.context() as patched:
            patched.setattr(memo_module, "parse_feed", counting)
            parsed, _ = parse_with_memo(fetched(after), memo)
        assert parsed == parse_feed(fetched(after))
        return given

    return read


def fetched(text):
    return Fetched(text.encode("utf-8", "surrogatepass"), URL, "application/rss+xml")


@pytest.mark.parametrize(
    ("after", "given"),
    [
        (rss(4, 3, 2, 1), [1]),
        (rss(3, 2), [1]),  # one at least is read, for what surrounds it
        (rss(1, 2, 3), [1]),
        (rss(3, 2, 1, g2="Another"), [1]),
        (rss(3, 2, 1, head="<pubDate>Mon, 02 Nov 2026 08:00:00 GMT</pubDate>"), [1]),
        (rss(3, 2, 1, head="<language>cy</language>"), [3]),  # of which an entry's own language comes
        (rss(3, 2, 1, 3), [3]),
        (rss(4, 3, 2, 1, g4="<b>not closed"), [0, 4]),
        (rss(4, 3, 2, 1, g4="<![CDATA[</item><item>]]>"), [0, 4]),
    ],
    ids=["new", "fewer", "turned", "edited", "clock", "language", "repeated", "disorder", "cdata"],
)
def test_only_what_is_new_is_read(read, after, given):
    found = read(rss(3, 2, 1), after)
    assert found[-1] == given[-1]


def test_atom_is_read_like_that_too(read):
    def atom(*numbers):
        entries = "".join(
            f"<entry xml:lang='cy'><id>tag:{it}</id><title>T{it}</title>"
            f"<updated>2026-11-0{it}T08:00:00Z</updated>"
            f"<content type='html'>&lt;p&gt;{it}&lt;/p&gt;</content></entry>"
            for it in numbers
        )
        return (
            f'<feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-11-0{numbers[0]}T09:00:00Z</updated>'
            f"<title>N</title>{entries}</feed>"
        )

    assert read(atom(3, 2, 1), atom(4, 3, 2)) == [1]


@pytest.mark.parametrize(
    "text",
    ['{"version": "https://jsonfeed.org/version/1.1", "items": []}', rss(1), rss(1, 1), rss(2, 1)[:-20]],
)
def test_nothing_is_kept_of_what_is_odd(text):
    parsed, memo = parse_with_memo(fetched(text), None)
    assert memo is None
    assert parsed == parse_feed(fetched(text))


@pytest.mark.parametrize("memo", [b"", b"no memo", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_memo_that_cannot_be_read_is_no_matter(memo):
    assert parse_with_memo(fetched(rss(2, 1)), memo)[0] == parse_feed(fetched(rss(2, 1)))


def test_no_feed_is_no_feed():
    with pytest.raises(FeedParseError):
        parse_with_memo(fetched("<html></html>"), None)


def test_key_that_an_entry_has_because_of_another_is_not_remembered(read):
    def under_one_id(*names):
        items = "".join(f"<item><guid>x</guid><title>{it}</title><link>/{it}</link></item>" for it in names)
        return f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'

    whole = under_one_id("roof", "pay")
    alone = whole.replace("<item><guid>x</guid><title>pay", "<item><guid>y</guid><title>pay")
    assert read(whole, alone) == [2]
