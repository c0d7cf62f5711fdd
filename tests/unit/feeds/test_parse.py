from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import FeedParseError
from newsletter.feeds.parse import parse_feed
from newsletter.feeds.types import Fetched

URL = "https://www.example.gov.uk/news/feed"
SAMPLES = Path(__file__).parents[3] / "feeds"


def parse(body, content_type=None, url=URL):
    return parse_feed(Fetched(body.encode() if isinstance(body, str) else body, url, content_type))


def rss(*items, channel="<title>News</title>"):
    inside = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>{channel}{inside}</channel></rss>'
    )


def atom(*entries, attributes=""):
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>News</title>{inside}</feed>'


def only(parsed):
    [entry] = parsed.entries
    return entry


ITEM = "<title>One</title><link>/one</link><guid isPermaLink='false'>1</guid><description>Text.</description>"


def test_rss_item_is_read_whole():
    item = """<title>Fish &amp;amp; &lt;i&gt;chips&lt;/i&gt;</title>
      <link>/a?x=1&amp;y=2</link><guid>a-1</guid>
      <pubDate>Mon, 19 Jul 2021 10:00:00 +0100</pubDate><category>Food</category><category>food</category>
      <dc:creator>Jo Bloggs</dc:creator><description>Short one.</description>
      <content:encoded><![CDATA[<p>The <b>whole</b> story, <a href="b">here</a>.</p>]]></content:encoded>"""
    entry = only(parse(rss(item, channel="<title>N &amp;amp; M</title><language>en-gb</language>")))
    assert entry.key == "a-1"
    assert entry.title == "Fish & chips"
    assert entry.link == "https://www.example.gov.uk/a?x=1&y=2"
    assert entry.html == (
        '<p>The <strong>whole</strong> story, <a href="https://www.example.gov.uk/news/b">here</a>.</p>'
    )
    assert entry.summary == "Short one."
    assert entry.published == datetime(2021, 7, 19, 9, tzinfo=UTC)
    assert (entry.categories, entry.author, entry.language) == (("Food",), "Jo Bloggs", "en-gb")


def test_atom_entry_is_read_whole():
    entry = only(
        parse(
            atom(
                """<id>tag:x,1</id><title>Use of &lt;b&gt;</title><link href="z"/>
                <updated>2026-11-02T10:00:00+01:00</updated><author><name>Jo</name></author>
                <category term="c" label="Careers"/>
                <content type="xhtml">
                <div xmlns="http://www.w3.org/1999/xhtml"><p>T <a href="q">q</a></p></div></content>""",
                attributes='xml:lang="en" xml:base="https://base.example/y/"',
            ).replace("<entry>", '<entry xml:lang="cy">')
        )
    )
    assert (entry.key, entry.title, entry.link) == ("tag:x,1", "Use of <b>", "https://base.example/y/z")
    assert entry.html == '<p>T <a href="https://base.example/y/q">q</a></p>'
    assert entry.published == entry.updated == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert (entry.categories, entry.author, entry.language) == (("Careers",), "Jo", "cy")


@pytest.mark.parametrize(
    "document",
    [
        (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel>'
            '<title>News</title></channel><item rdf:about="https://e.example/1"><title>One</title>'
            "<link>https://e.example/1</link><description>Text.</description></item></rdf:RDF>"
        ),
        (
            '<rss version="0.91"><channel><title>News</title><item><title>One</title>'
            "<link>https://e.example/1</link><description>Text.</description></item></channel></rss>"
        ),
        (
            '{"version":"https://jsonfeed.org/version/1","title":"News","items":[{"id":"https://e.example/1",'
            '"title":"One","url":"https://e.example/1","content_text":"Text."}]}'
        ),
    ],
    ids=["rdf", "rss 0.91", "json feed 1.0"],
)
def test_other_formats_give_the_same_entry(document):
    parsed = parse(document)
    entry = only(parsed)
    assert (parsed.title, entry.key, entry.title, entry.link) == (
        "News",
        "https://e.example/1",
        "One",
        entry.key,
    )
    assert (entry.html, entry.summary, parsed.warnings) == ("<p>Text.</p>", "Text.", ())


@pytest.mark.parametrize(
    ("body", "what", "cure"),
    [
        ("", "is empty", "check the address"),
        (" \r\n ", "is empty", "check the address"),
        ("<!DOCTYPE html><html><body><p>Hi</p></body></html>", "is an HTML page", "look for its feed"),
        (
            "<html><head><link rel=alternate type='application/rss+xml' href='/f.rss'></head></html>",
            "is an HTML page",
            "https://www.example.gov.uk/f.rss",
        ),
        (rss(ITEM)[:200], "is cut off", "try again"),
        ('<rss version="2.0"><channel><title>Ne', "is cut off", "try again"),
        ("<opml version='2.0'><body/></opml>", "list of feeds", "feed import FILE"),
        ("<urlset></urlset>", "site map", "look on the site"),
        ("just words", "begins with 'just words'", "RSS, Atom and JSON Feed"),
        (b"%PDF-1.7 \xff\xfe\x00", "no feed that we know", "RSS, Atom and JSON Feed"),
        ('{"items": [', "not (line 1", "cut off"),
        ('{"hello": 1}', "no list of items", "look on the site"),
        ("[1]", "no list of items", "look on the site"),
        ("[" * 100_000, "nests too deep", "cut off"),
        ("[" + "9" * 5_000, "a number is too long", "cut off"),
    ],
)
def test_document_that_is_no_feed_is_named_with_a_cure(body, what, cure):
    with pytest.raises(FeedParseError) as caught:
        parse(body)
    assert str(caught.value).startswith(URL)
    assert what in str(caught.value)
    assert cure in caught.value.hint
    assert caught.value.feed_url == URL


def test_document_cut_off_keeps_whole_entries_and_warns():
    whole = rss(ITEM, ITEM.replace("1", "2"))
    parsed = parse(whole[: whole.rindex("Text")])
    assert only(parsed).key == "1"
    assert "cut off" in parsed.warnings[0]


def test_document_in_disorder_keeps_entries_and_names_the_trouble():
    parsed = parse(
        rss(ITEM, ITEM.replace("1", "2")).replace("<title>News</title>", "<title>News &oops; & </title>")
    )
    assert [entry.key for entry in parsed.entries] == ["1", "2"]
    assert "in disorder" in parsed.warnings[0]


def test_feed_without_entries_says_so():
    parsed = parse(rss())
    assert parsed.entries == ()
    assert parsed.warnings == ("The feed has no entries.",)


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "", None),
        ("utf-8-sig", "", None),
        ("utf-16", "", None),
        ("utf-16-le", "utf-16", None),
        ("utf-8", "", "text/xml"),
        ("utf-8", "iso-8859-1", "text/xml; charset=iso-8859-1"),
        ("cp1252", "windows-1252", None),
        ("cp1252", "", "application/xml; charset=iso-8859-1"),
        ("iso-8859-2", "iso-8859-2", None),
    ],
)
def test_encoding_is_found_out(encoding, declared, content_type):
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    parsed = parse((head + rss("<title>Zoë’s café</title>".replace("’", "'"))).encode(encoding), content_type)
    assert (only(parsed).title, parsed.warnings) == ("Zoë's café", ())


def test_a_few_wrong_bytes_do_not_spoil_the_rest():
    parsed = parse(
        rss("<title>Café, tŷ, tŵr</title><description>a\x00bX</description>").encode().replace(b"X", b"\xff")
    )
    assert only(parsed).title == "Café, tŷ, tŵr"
    assert only(parsed).summary == "ab"
    assert "not valid UTF-8" in parsed.warnings[0]


def test_windows_bytes_without_a_word_about_it_are_read_and_noted():
    parsed = parse(rss("<title>Café “one”</title>").encode("cp1252"))
    assert only(parsed).title == "Café “one”"
    assert "Windows-1252" in parsed.warnings[0]


@pytest.mark.parametrize(
    ("item", "key"),
    [
        ("<guid>17</guid><link>https://e.example/x</link>", "17"),
        ("<guid>17</guid>", "17"),
        ("<link>https://e.example/x</link>", "https://e.example/x"),
        ("", "title:c5db7f7c1f1fbfd5"),
    ],
)
def test_key_is_the_best_identity_there_is(item, key):
    found = only(parse(rss(f"<title>One</title>{item}"))).key
    assert found == key or (not item and found.startswith("title:"))
    assert only(parse(rss(f"<title>One</title>{item}"), url="https://moved.example/feed")).key == found


def test_bare_guid_is_no_link():
    assert only(parse(rss("<title>One</title><guid>17</guid>"))).link is None


def test_key_without_id_or_link_depends_on_title_and_day():
    def key(title, day):
        return only(parse(rss(f"<title>{title}</title><pubDate>{day} Jul 2021 10:00:00 GMT</pubDate>"))).key

    assert key("One", "19") == key("ONE", "19")
    assert len({key("One", "19"), key("One", "20"), key("Two", "19")}) == 3


def test_same_key_twice_keeps_the_first_and_warns():
    parsed = parse(rss(ITEM, ITEM.replace("One", "Other")))
    assert only(parsed).title == "One"
    assert parsed.warnings == ("Left out, as the same entry comes earlier in the document: 'Other'.",)


def test_entry_without_title_takes_the_first_words_of_its_text():
    entry = only(parse(rss("<description>" + "word " * 20 + "</description>")))
    assert entry.title == " ".join(["word"] * 12) + "…"


def test_footer_of_a_publishing_program_is_no_news():
    footer = "<p>The post <a href='/1'>Free meals</a> appeared first on <a href='/'>News</a>.</p>"
    entry = only(parse(rss(ITEM.replace("Text.", f"<![CDATA[<p>More schools.</p> {footer}]]>"))))
    assert (entry.html, entry.summary) == ("<p>More schools.</p>", "More schools.")
    entry = only(parse(rss(ITEM.replace("Text.", f"<![CDATA[{footer}]]>"))))
    assert (entry.title, entry.html, entry.summary) == ("One", "", "")


def test_entry_without_anything_is_left_out_and_counted():
    parsed = parse(rss(ITEM, "<guid>2</guid><description>&lt;img src=x&gt;</description>"))
    assert only(parsed).key == "1"
    assert parsed.warnings == ("1 entry has no title and no text.",)


def test_flood_of_entries_is_bounded():
    parsed = parse(rss(*(ITEM.replace("1", str(number)) for number in range(600))))
    assert len(parsed.entries) == 500
    assert parsed.warnings == ("The document has 600 entries; the first 500 were read.",)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Mon, 19 Jul 2021 10:00:00 +0100", datetime(2021, 7, 19, 9, tzinfo=UTC)),
        ("2021-07-19T10:00:00Z", datetime(2021, 7, 19, 10, tzinfo=UTC)),
        ("19 Jul 2021", datetime(2021, 7, 19, 12, tzinfo=UTC)),
        ("2021-07-19", datetime(2021, 7, 19, 12, tzinfo=UTC)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("next Tuesday", None),
        ("", None),
    ],
)
def test_date_is_utc_or_none(written, expected):
    assert only(parse(rss(f"<title>One</title><pubDate>{written}</pubDate>"))).published == expected


def test_plain_description_keeps_its_paragraphs():
    assert only(
        parse(rss("<title>T</title><description>One &amp;amp; two.\n\nThree.</description>"))
    ).html == ("<p>One &amp; two.</p>\n<p>Three.</p>")


def test_entities_of_a_document_are_not_expanded():
    bomb = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    entry = only(parse(bomb + rss("<title>One &b;&x;</title>")))
    assert "root:" not in entry.title
    assert "haha" not in entry.title


def test_base_address_that_makes_no_sense_is_passed_over():
    entry = only(
        parse(
            '<feed xmlns="http://www.w3.org/2005/Atom"><entry xml:base="http://["><title>T</title>'
            '<content type="html">&lt;a href="/x"&gt;there&lt;/a&gt;</content></entry></feed>',
            url="https://news.example.org/feed",
        )
    )
    assert entry.html == '<p><a href="https://news.example.org/x">there</a></p>'


def test_flood_of_attributes_is_dropped_with_them_alone():
    flood = " ".join(f"a{number} = '>'" for number in range(50_000))
    parsed = parse(rss(f"<title {flood}>One</title><x {flood}/>"))
    assert (only(parsed).title, parsed.warnings) == ("One", ())


def test_header_injection_ends_as_one_line():
    entry = only(parse(rss("<title>Hi&#13;&#10;Bcc: all@example.org</title>")))
    assert entry.title == "Hi Bcc: all@example.org"


@given(st.binary(max_size=400))
def test_any_bytes_give_a_feed_or_our_error(body):
    with suppress(FeedParseError):
        parse(body)


@given(st.data())
def test_any_damage_to_a_feed_gives_a_feed_or_our_error(data):
    body = bytearray(
        (SAMPLES / data.draw(st.sampled_from(["policy.rss", "practice.atom", "careers.json"]))).read_bytes()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.integers(0, 300))] = data.draw(st.binary(max_size=12))
    with suppress(FeedParseError):
        for entry in parse(bytes(body)).entries:
            assert entry.title
            assert "\n" not in entry.title + entry.summary
            assert entry.content_hash


@pytest.mark.parametrize(("name", "count"), [("policy.rss", 6), ("practice.atom", 5), ("careers.json", 5)])
def test_sample_feed_is_in_order(name, count):
    parsed = parse((SAMPLES / name).read_bytes(), url=f"feeds/{name}")
    assert len(parsed.entries) == count
    assert parsed.warnings == ()
    for entry in parsed.entries:
        assert entry.published
        assert entry.link
        assert entry.html
        assert entry.categories
        assert len(entry.summary.split()) <= 60
