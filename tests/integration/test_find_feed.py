"""Adding the feeds of a site, and of a list, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from projects import load, small_settings

from newsletter.errors import FeedError
from newsletter.feeds.discover import FeedLink
from newsletter.workflows.find_feed import find_feed

FEED = b"<rss version='2.0'><channel><title>School news</title><item><title>A</title></item></channel>"
PAGE = b"""<!doctype html><title>x</title><link rel=alternate type=application/rss+xml href=/broken>
<link rel=alternate type=application/rss+xml title=All href=/feed>
<link rel=alternate type=text/xml href=/cy>"""


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, bytes]]]:
    """The address of a server, and what it answers by path."""
    pages: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", pages
        server.shutdown()
        thread.join()


@pytest.fixture
def config(tmp_path):
    return load(tmp_path, small_settings(fetch={"allow": ["127.0.0.1"]}))


def test_address_of_a_site_gives_its_first_feed_that_works(site, config):
    url, pages = site
    pages |= {"/": PAGE, "/feed": FEED, "/broken": b"<html>"}
    found = find_feed(config, f"{url}/")
    assert (found.url, found.parsed.title, found.problem) == (f"{url}/feed", "School news", None)
    assert found.others == (FeedLink(f"{url}/broken", ""), FeedLink(f"{url}/cy", ""))


def test_address_of_a_feed_is_taken_as_it_is(site, config):
    url, pages = site
    pages["/f"] = FEED
    found = find_feed(config, f"{url}/f")
    assert (found.url, len(found.parsed.entries), found.others) == (f"{url}/f", 1, ())


@pytest.mark.parametrize(("path", "says"), [("/none", "404"), ("/page", "is an HTML page")])
def test_answer_without_a_feed_is_refused(site, config, path, says):
    url, pages = site
    pages["/page"] = b"<!doctype html><html><title>x</title><p>Hello"
    with pytest.raises(FeedError, match=says):
        find_feed(config, url + path)


def test_server_that_does_not_answer_is_no_reason_to_refuse(config):
    found = find_feed(config, "http://127.0.0.1:1/feed")
    assert (found.url, found.parsed) == ("http://127.0.0.1:1/feed", None)
    assert "nobody answers" in found.problem


def test_host_without_a_scheme_is_an_address_unless_it_is_a_file(config):
    (config.folder / "news.example").write_text("", "utf-8")
    assert find_feed(config, "news.invalid/feed").url == "https://news.invalid/feed"
    for path in ("news.example", "feeds/news.xml", "news.xml", "feeds"):
        assert find_feed(config, path).url == path
