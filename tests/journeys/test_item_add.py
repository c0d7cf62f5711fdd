"""A story that is in no feed, from the web and from a file."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from journeys.program import headlines, html_of

PAGE = """<!doctype html><html lang="en-GB"><head><title>New roofs for school governors | The League</title>
<meta property="article:published_time" content="{day}"><meta property="article:section" content="Buildings">
<meta property="og:image" content="https://pics.example.org/roof.jpg">
<meta property="og:image:alt" content="Workers on a roof"></head><body><nav><a href="/">Home</a></nav>
<main><h1>New roofs for school governors</h1><p>Work begins at Easter, and {when} will know its date.</p>
<script>alert(1)</script></main></body></html>"""


@pytest.fixture
def site():
    """An address, and what is served there: (content type, text)."""
    served = {"now": ("text/html", PAGE.format(day="2026-11-02T09:00:00Z", when="every school"))}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kind, text = served["now"]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/roofs", served
        server.shutdown()
        thread.join()


RSS = """<rss version="2.0"><channel><title>League</title><item><title>Roofs: work begins</title>
<link>{link}?utm_source=rss</link><guid>77</guid><pubDate>Mon, 02 Nov 2026 10:30:00 GMT</pubDate>
<description>Another text.</description></item></channel></rss>"""


@pytest.mark.parametrize("first", ["feed", "hand"])
def test_story_that_comes_by_hand_and_in_a_feed_is_one_item(fresh, site, first):
    """The page has another headline and another time of day than the feed; the address tells."""
    url, _ = site
    (fresh.folder / "feeds/league.xml").write_text(RSS.format(link=url), "utf-8")
    fresh.config.write_text(
        fresh.config.read_text("utf-8") + '\n[fetch]\nallow = ["127.0.0.1"]\n'
        '\n[[feeds]]\nname = "league"\nurl = "feeds/league.xml"\n', "utf-8",
    )  # fmt: skip
    if first == "feed":
        fresh("feed", "pull", "league")
        ended = fresh("item", "add", url, "--title", "Mine")
        assert "item 1 there already, from feed league: Roofs: work begins" in ended.stdout
        assert "its headline stays as feed league has it" in ended.stderr
    else:
        assert fresh.json("item", "add", url)["how"] == "added"
        assert "1 known from another feed" in fresh("feed", "pull", "league").stdout
    [item] = fresh.json("item", "list")
    assert set(item["sources"]) == {"league", "by hand"}
    assert fresh.json("item", "add", url)["how"] == "as before"
    assert len(fresh.json("item", "list")) == 1


def test_page_of_the_web_becomes_an_item_of_the_digest(fresh, site):
    url, served = site
    refused = fresh("item", "add", url, code=1)
    assert "not an address of the public internet" in refused.stderr
    fresh.config.write_text(
        fresh.config.read_text("utf-8") + '\n[fetch]\nallow = ["127.0.0.1"]\n'
        '\n[pictures]\nhosts = ["pics.example.org"]\n', "utf-8",
    )  # fmt: skip
    added = fresh.json("item", "add", url, "--audience", "leaders")
    assert (added["how"], added["feed"], added["title"]) == (
        "added",
        "by hand",
        "New roofs for school governors",
    )
    assert (added["link"], added["section"], added["published"]) == (
        url,
        "Buildings",
        "2026-11-02T09:00:00+00:00",
    )
    assert {"governors", "leaders"} <= set(added["audiences"])
    assert "there already" in fresh("item", "add", url).stdout
    assert "picture: https://pics.example.org/roof.jpg (Workers on a roof)" in fresh("item", "show", 1).stdout
    fresh.configure('"pics.example.org"', "")
    assert 'hosts = ["pics.example.org"] would' in fresh("item", "show", 1).stdout
    fresh.configure("hosts = []", 'hosts = ["pics.example.org"]')
    served["now"] = ("text/html", PAGE.format(day="2026-11-02T09:00:00Z", when="each of them"))
    again = fresh("item", "add", url)
    assert f"item {added['id']} brought up to date" in again.stdout
    assert [item["summary"] for item in fresh.json("item", "list")] == [
        "Work begins at Easter, and each of them will know its date."
    ]
    assert len(fresh.json("item", "list", "--feed", "by hand")) == 1
    fresh.import_members()
    fresh("edition", "send", fresh.approved(), "--go")
    for message in fresh.outbox():
        assert headlines(message) == ["New roofs for school governors"]
        assert (
            html_of(message).count("<img") == html_of(message).count("https://pics.example.org/roof.jpg") == 1
        )


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("application/pdf", "%PDF-1.7", "is no page (application/pdf)"),
        ("text/html", "SQLite format 3\0", "is no page (text/html)"),
        ("application/rss+xml", "<?xml version='1.0'?><rss version='2.0'/>", "newsletter -C"),
        ("text/html", "<html><title>x</title><div id=app></div>", "no headline with a text"),
    ],
)
def test_what_is_no_story_is_refused(fresh, site, kind, text, says):
    url, served = site
    served["now"] = (kind, text)
    fresh.config.write_text(fresh.config.read_text("utf-8") + '\n[fetch]\nallow = ["127.0.0.1"]\n', "utf-8")
    assert says in fresh("item", "add", url, code=1).stderr
    assert fresh.json("item", "list") == []


def test_saved_file_becomes_an_item(fresh):
    path = fresh.folder / "roofs.txt"
    path.write_text("New roofs\n\nWork begins at Easter.\n\nFirst published 2 November 2026\n", "utf-8")
    added = fresh.json("item", "add", path, "--title", "Roofs for all")
    assert (added["title"], added["link"], added["published"][:10]) == ("Roofs for all", None, "2026-11-02")
    assert fresh.json("item", "add", path, "--title", "Roofs for all")["how"] == "as before"
    assert "for nobody yet" in fresh("item", "add", path).stdout
    assert "there is no file" in fresh("item", "add", fresh.folder / "no.txt", code=1).stderr
    assert (
        "there is no audience 'govenors'"
        in fresh("item", "add", path, "--audience", "govenors", code=1).stderr
    )
