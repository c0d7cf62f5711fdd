import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.feeds.clean import absolute_url, excerpt, one_line, plain_text, read_fragment, title_line

BASE = "https://news.example.org/a/b"
TOKENS = [
    "<p>", "</p>", "<ul>", "</ul>", "<ol>", "</ol>", "<li>", "</li>", "<b>", "</b>", "<a|href=x>", "</a>",
    "<br>", "<h3>", "</h3>", "<blockquote>", "</blockquote>", "<div>", "</div>", "<table>", "<td>",
    "one", "two",
]  # fmt: skip


def clean_html(html: str, base_url: str | None) -> str:
    return read_fragment(html, base_url).html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("loose text", "<p>loose text</p>"),
        ("<div>One<div>Two</div>three</div>", "<p>One</p>\n<p>Two</p>\n<p>three</p>"),
        ("<h1>Big</h1><h6>Small</h6>", "<h2>Big</h2>\n<h4>Small</h4>"),
        ("<p></p><p>&nbsp;</p><p><b> </b></p><ul><li></li></ul><blockquote></blockquote>", ""),
        ("<p>a <b>b</b><i>c</i> d", "<p>a <strong>b</strong><em>c</em> d</p>"),
        ("<p class=x id=y style='color:red' onclick=z>a</p>", "<p>a</p>"),
        ("<p>x<br>y</p>", "<p>x<br>y</p>"),
        ("x<br> y<br> <b> z", "<p>x<br>y<br><strong>z</strong></p>"),
        ("x<br><br>y<br>", "<p>x</p>\n<p>y</p>"),
        ("<a href=/x><table><tr><td><a href=/y>a", '<p><a href="https://news.example.org/x">a</a></p>'),
        ("<p>a&nbsp;b\u202fc&#1;d\ufffde</p>", "<p>a b cde</p>"),
        ("5 < 6 &amp; 7 &gt; 6", "<p>5 &lt; 6 &amp; 7 &gt; 6</p>"),
        ("<ul><li><p>a</p><li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("<li>stray<li>other", "<ul><li>stray</li><li>other</li></ul>"),
        ("<ul>bare<li>item</ul>", "<ul><li>bare</li><li>item</li></ul>"),
        ("<blockquote>q<p>r</blockquote>", "<blockquote><p>q</p><p>r</p></blockquote>"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "<p>a b</p>\n<p>c</p>"),
        ("<p>a<img src='https://t.example/pixel.gif'></p>", "<p>a</p>"),
        ("<script>alert(1)</script><style>p{}</style><p>a<svg><p>b</svg>", "<p>a</p>\n<p>b</p>"),
        ("<strong>a</strong><strong>b</strong>", "<p><strong>ab</strong></p>"),
        ("<ol><li>one<li>two</ol>", "<ol><li>one</li><li>two</li></ol>"),
    ],
)
def test_clean_html_gives_tidy_blocks(source, expected):
    assert clean_html(source, BASE) == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://www.example.gov.uk/x?a=1&amp;b=2", "https://www.example.gov.uk/x?a=1&b=2"),
        ("/x", "https://news.example.org/x"),
        ("c", "https://news.example.org/a/c"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        ("mailto:a@example.org?subject=Hello you", "mailto:a@example.org?subject=Hello%20you"),
        ("https://müller.example/ü", "https://xn--mller-kva.example/%C3%BC"),
        ("https://e.example/a b\"<'>", "https://e.example/a%20b%22%3C'%3E"),
        ("https://e.example:8443/", "https://e.example:8443/"),
    ],
)
def test_absolute_url_of_what_may_be_linked(href, expected):
    assert absolute_url(href.replace("&amp;", "&"), BASE) == expected


@pytest.mark.parametrize(
    "href",
    [
        "", "javascript:alert(1)", "java\nscript:alert(1)", "\x01javascript:alert(1)", "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd", "ftp://e.example/x", "http://", "https:///x", "http://[::1", "http://a..b/",
        "http://e.example:99999/", "mailto:nobody", "https://e.example/" + "x" * 3000,
    ],
)  # fmt: skip
def test_absolute_url_of_anything_else_is_none(href):
    assert absolute_url(href, None) is None
    assert "href" not in clean_html(f'<a href="{href}">x</a>', None)


def test_relative_link_without_a_base_loses_its_address():
    assert clean_html('<a href="/x">there</a>', "feeds/policy.rss") == "<p>there</p>"


@pytest.mark.parametrize(
    "tag", ["div", "blockquote", "ul><li", "section", "b", "table><tr><td", "a href=x", "x"]
)
def test_deep_nesting_keeps_its_text(tag):
    assert "inside" in clean_html(f"<{tag}>" * (250_000 // (len(tag) + 2)) + "inside", None)


def test_flood_of_ampersands_is_bounded():
    assert clean_html("&" * 300_000, None).count("&amp;") < 50_000
    assert clean_html("&#9;" + "&eacute;" * 37_000, None) == f"<p>{'é' * 37_000}</p>"


def test_open_formatting_does_not_multiply_in_the_blocks_after_it():
    html = "".join(f"<div><b k={number}>x</div>" for number in range(20_000))
    assert len(clean_html(html, None)) < 2 * len(html)


@given(st.text(st.sampled_from("<>/=\"'& \n\xa0abpul#;1x") | st.characters(), max_size=200))
def test_cleaning_twice_changes_nothing(text):
    once = clean_html(text, BASE)
    assert clean_html(once, BASE) == once


@given(st.lists(st.sampled_from(TOKENS), max_size=30))
@example(["<h3>", "<ul>", "one"])
@example(["one", "<br>", "<b>", "two"])
@example(["<a|href=x>", "<table>", "<a|href=x>", "one"])
def test_any_order_of_tags_gives_blocks_that_stay_as_they_are(tokens):
    once = clean_html(" ".join(token.replace("|", " ") for token in tokens), BASE)
    assert clean_html(once, BASE) == once
    assert "<p></p>" not in once
    assert "\n\n" not in once


def test_plain_text_puts_blocks_on_lines_of_their_own():
    lists = "<ul><li>a<ul><li>n</li></ul></li><li>b</li></ul><ol><li>x</li></ol>"
    html = f"<h2>Head</h2><p>One<br>two</p>{lists}<blockquote>q"
    assert plain_text(html) == "Head\n\nOne\ntwo\n\n• a\n  • n\n• b\n\n1. x\n\nq"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" a \r\n\t b\xa0c ", "a b c"),
        ("Subject\r\nBcc: all@example.org", "Subject Bcc: all@example.org"),
        ("a\x00b\x85c\u2028d\u202ee\ud800", "ab c de"),
        ("\ufeffTŷ a’r café", "Tŷ a’r café"),
    ],
)
def test_one_line_leaves_no_control_character(text, expected):
    assert one_line(text) == expected


@pytest.mark.parametrize(
    ("text", "markup", "expected"),
    [
        ("A &amp; <b>B</b>", True, "A & B"),
        ("Use of <b> &amp; co", False, "Use of <b> & co"),
        ("5 < 6", True, "5 < 6"),
        ("x " * 1000, True, "x " * 148 + "x…"),
    ],
)
def test_title_line_is_plain(text, markup, expected):
    assert title_line(text, markup=markup) == expected


def words(count, last="w"):
    return " ".join(["w"] * (count - 1) + [last])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Short one", "Short one"),
        (words(60), words(60)),
        (words(61), words(60) + "…"),
        (words(40, "end.") + " " + words(40), words(40, "end.")),
        (words(40, "end.”") + " " + words(40), words(40, "end.”")),
        (words(10, "end.") + " " + words(80), words(10, "end.") + " " + words(50) + "…"),
        (words(40, "Mr.") + " " + words(40), words(40, "Mr.") + " " + words(20) + "…"),
        (words(60, "comma,") + " more", words(60, "comma") + "…"),
        ("", ""),
    ],
)
def test_excerpt_ends_where_a_sentence_does_if_it_can(text, expected):
    assert excerpt(text) == expected


def test_excerpt_of_a_text_without_spaces_is_bounded():
    assert len(excerpt("x" * 5000)) == 900
