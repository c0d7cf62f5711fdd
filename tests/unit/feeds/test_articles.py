# ruff: noqa: E501 - markup as sites write it
"""The story of a news page among all that sites put around it, in the ways of their common makers."""

from datetime import UTC, datetime

import pytest

from newsletter.feeds.pages import parse_pages
from newsletter.feeds.types import SavedPage

URL = "https://www.example.org/news/roofs"
TEXT = "Work on the first hundred roofs begins at Easter, and every school will know its date by March. " * 3
MORE = "Heads asked for notice of a full term, and ministers have agreed to that in writing this week. " * 3
CHROME = (
    '<header class="site"><a href="/">The League</a><nav><ul><li><a href="/a">News</a></ul></nav></header>'
    '<div class="cookie-banner"><p>We use cookies to make this site work.</p><button>Accept</button></div>'
)
ASIDE = (
    '<aside><h2>Most read</h2><ul><li><a href="/1">Another story of the week</a></ul></aside>'
    '<div class="related-links"><h2>Read more</h2><ul><li><a href="/2">One more story for you</a>'
    '<li><a href="/3">A third one that is long enough</a><li><a href="/4">A fourth</a></ul></div>'
)


def page(head: str, body: str, lang: str = "en-GB"):
    html = (
        f'<!doctype html><html lang="{lang}"><head>{head}</head><body>{CHROME}{body}<footer>© League</footer>'
    )
    [entry] = parse_pages([SavedPage("x.html", html.encode(), URL, "text/html; charset=utf-8")]).entries
    return entry


NEWS_JSON = """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
 {"@type": "BreadcrumbList", "itemListElement": [{"name": "Home"}, {"name": "Buildings"}, {"name": "New roofs"}]},
 {"@type": ["NewsArticle"], "headline": "New roofs for every school", "datePublished": "2026-11-02T09:30:00+00:00",
  "dateModified": "2026-11-03", "author": [{"@type": "Person", "name": "Jo Bloggs"}, {"name": "Al Evans"}],
  "image": {"url": "https://pics.example.org/roof-1200x800.jpg", "caption": "A roof"}}]}</script>"""


def test_page_with_structured_data():
    entry = page(
        f'<title>New roofs | The League</title>{NEWS_JSON}<link rel="canonical" href="/news/new-roofs">',
        f"""<main><h1>New roofs for every school</h1><div class="byline">By Jo Bloggs</div>
        <div class="share-buttons"><a href="https://x.example/s">Share</a></div><article><div class="body">
        <figure><img src="https://pics.example.org/roof-600x400.jpg" alt="Workers on a roof"></figure>
        <p>{TEXT}</p><h2>What happens next</h2><ul><li>Surveys</li><li>Tenders</li></ul>
        <blockquote><p>“We waited long.”</p></blockquote><p>{MORE}</p>
        <div class="newsletter-signup"><p>Sign up for our emails.</p></div></div></article>{ASIDE}</main>""",
    )
    assert (entry.title, entry.link) == (
        "New roofs for every school",
        "https://www.example.org/news/new-roofs",
    )
    assert (entry.published, entry.updated) == (
        datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        datetime(2026, 11, 3, 12, tzinfo=UTC),
    )
    assert (entry.section, entry.author, entry.language) == ("Buildings", "Jo Bloggs, Al Evans", "en-GB")
    assert entry.html == (
        '<img src="https://pics.example.org/roof-600x400.jpg" alt="Workers on a roof">\n'
        f"<p>{TEXT.strip()}</p>\n<h3>What happens next</h3>\n<ul><li>Surveys</li><li>Tenders</li></ul>\n"
        f"<blockquote><p>“We waited long.”</p></blockquote>\n<p>{MORE.strip()}</p>"
    )
    assert entry.summary.startswith("Work on the first hundred roofs")
    assert entry.summary.endswith(".")


def test_page_with_open_graph_only():
    entry = page(
        """<meta property="og:title" content="New roofs | The League"><meta property="og:type" content="article">
        <meta property="article:published_time" content="2026-11-02T09:30:00Z">
        <meta property="article:section" content="Buildings">
        <meta property="og:image" content="https://pics.example.org/roof.jpg">
        <meta property="og:image:alt" content="Workers on a roof">""",
        f"""<div class="wrap"><div class="hero"><h1>New roofs</h1></div><div class="cols"><div class="left">
        <p>{TEXT}</p><p>{MORE}</p></div><div class="right">{ASIDE}</div></div></div>""",
    )
    assert (entry.title, entry.section, entry.published.hour) == ("New roofs", "Buildings", 9)
    assert entry.html == (
        '<img src="https://pics.example.org/roof.jpg" alt="Workers on a roof">\n'
        f"<p>{TEXT.strip()}</p>\n<p>{MORE.strip()}</p>"
    )
    assert entry.link == URL


def test_page_with_microdata_and_time():
    entry = page(
        "<title>New roofs - The League</title>",
        f"""<main><article itemscope><h1>New roofs</h1><time datetime="2026-11-02" itemprop="datePublished">Monday</time>
        <p>{TEXT}</p><p>{MORE}</p></article></main>""",
        lang="cy",
    )
    assert (entry.title, entry.published, entry.language) == (
        "New roofs",
        datetime(2026, 11, 2, 12, tzinfo=UTC),
        "cy",
    )
    assert entry.html.endswith(f"<p>{TEXT.strip()}</p>\n<p>{MORE.strip()}</p>")


@pytest.mark.parametrize(
    "script",
    ["{", "[[[[", "null", '"x"', "[1, null]", "[" * 5000, '{"@type": 7, "@graph": {"@type": "NewsArticle", "author": [1]}}',
     '<!-- {"@type": "Article", "headline": ["x"], "datePublished": {}, "image": [], "articleSection": [2]} -->'],
)  # fmt: skip
def test_structured_data_in_disorder_harms_nothing(script):
    entry = page(
        f"<title>Roofs</title><script type='application/ld+json'>{script}</script>",
        f"<main><h1>Roofs</h1><p>{TEXT}</p></main>",
    )
    assert (entry.title, entry.html) == ("Roofs", f"<p>{TEXT.strip()}</p>")


def test_canonical_address_of_the_front_page_is_no_address_of_a_story():
    entry = page('<title>Roofs</title><link rel=canonical href="/">', f"<h1>Roofs</h1><p>{TEXT}</p>")
    assert (entry.link, entry.key) == (URL, URL)


def test_picture_without_words_is_no_lead_picture():
    head = '<title>Roofs</title><meta property="og:image" content="https://pics.example.org/logo.png">'
    assert "<img" not in page(head, f"<main><h1>Roofs</h1><p>{TEXT}</p></main>").html
    body = f"<img src='/img/logo-300x200.png' alt='The hall'><main><h1>Roofs</h1><p>{TEXT}</p></main>"
    assert page(head, body).html.startswith('<img src="https://pics.example.org/logo.png" alt="The hall">')
