"""Fetching from a real HTTP server on loopback, and from real files."""

import gzip
import itertools
import os
import socket
import threading
from pathlib import Path

import pytest
from fixtures.site import FEED, answer, drip
from ports import closed_port
from relays import PATIENCE_S

from newsletter.errors import FeedParseError, FetchError
from newsletter.feeds.fetch import Fetcher, FetchLimits
from newsletter.feeds.types import FeedForUpdate, FeedSource, Fetched, NotModified, Postponed

#: Only for what has to end in a time-out: with all others a busy machine would fail the test.
QUICK = FetchLimits(connect_s=2, read_s=0.4, total_s=0.8)
SMALL = FetchLimits(max_bytes=100_000)


@pytest.fixture
def fetcher(tmp_path):
    return Fetcher(tmp_path, ["127.0.0.1"], "Newsletter/1 (+mailto:it@example.org)")


def feed(url, etag=None, last_modified=None):
    return FeedForUpdate(1, FeedSource("news", str(url)), etag, last_modified)


def fails(fetcher, url):
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(feed(url))
    assert caught.value.hint
    assert caught.value.feed_url == url
    return caught.value


def test_document_arrives_with_its_headers(site, fetcher):
    site.answers["/feed"] = answer(
        Content_Type="text/xml", ETag='"v1"', Last_Modified="Mon, 02 Nov 2026 10:00:00 GMT"
    )
    assert fetcher.fetch(feed(site.url())) == Fetched(
        FEED, site.url(), "text/xml", '"v1"', "Mon, 02 Nov 2026 10:00:00 GMT"
    )
    [asked] = site.asked
    assert asked["user-agent"] == "Newsletter/1 (+mailto:it@example.org)"
    assert asked["host"] == f"127.0.0.1:{site.port}"
    assert "if-none-match" not in asked


def test_unchanged_document_is_asked_for_conditionally(site, fetcher):
    site.answers["/feed"] = answer(304, b"")
    assert fetcher.fetch(feed(site.url(), 'W/"v1"', "Mon, 02 Nov 2026 10:00:00 GMT")) == NotModified()
    assert site.asked[0]["if-none-match"] == 'W/"v1"'
    assert site.asked[0]["if-modified-since"] == "Mon, 02 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "expected_s", "cure"),
    [
        (404, {}, None, "new address"),
        (410, {}, None, "gone for good"),
        (401, {}, None, "login"),
        (429, {"Retry_After": "120"}, 120, "ask less often"),
        (503, {"Retry_After": "Mon, 02 Nov 2020 10:00:00 GMT"}, 0, "next pull"),
        (500, {"Retry_After": "soon"}, None, "next pull"),
        (418, {}, None, "browser"),
    ],
)
def test_refusal_carries_status_and_cure(site, fetcher, *, status, headers, expected_s, cure):
    site.answers["/feed"] = answer(status, **headers)
    fault = fails(fetcher, site.url())
    assert (fault.status, fault.retry_after_s) == (status, expected_s)
    assert str(fault).startswith(f"{site.url()}: the server answered {status}")
    assert cure in fault.hint


def test_redirects_are_followed_and_the_last_address_is_the_base(site, fetcher):
    site.answers["/feed"] = answer(301, b"", Location="/moved")
    site.answers["/moved"] = answer(302, b"", Location="a/b.xml?x=1")
    site.answers["/a/b.xml?x=1"] = answer()
    assert fetcher.fetch(feed(site.url())).url == site.url("/a/b.xml?x=1")


def test_redirect_may_be_written_in_utf_8(site, fetcher):
    site.answers["/feed"] = answer(302, b"", Location="/newyddion-â".encode().decode("latin-1"))
    site.answers["/newyddion-%C3%A2"] = answer()
    assert fetcher.fetch(feed(site.url())).body == FEED


def test_redirects_without_end_are_given_up(site, fetcher):
    site.answers["/feed"] = answer(301, b"", Location="/feed")
    assert "more than 5 redirects" in str(fails(fetcher, site.url()))
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/x", "data:,x", "http://["]
)
def test_redirect_to_another_scheme_is_refused(site, fetcher, target):
    site.answers["/feed"] = answer(302, b"", Location=target)
    assert "leads to no http or https address" in str(fails(fetcher, site.url()))


def test_redirect_into_the_private_network_is_refused(site, tmp_path):
    fetcher = Fetcher(tmp_path, ["127.0.0.1"], "x")
    with socket.create_server(("127.0.0.2", 0)) as canary:
        canary.setblocking(False)
        site.answers["/feed"] = answer(302, b"", Location=f"http://127.0.0.2:{canary.getsockname()[1]}/")
        assert "127.0.0.2 is not an address of the public internet" in str(fails(fetcher, site.url()))
        with pytest.raises(BlockingIOError):
            canary.accept()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0", "[::ffff:127.0.0.1]"]
)
def test_private_address_is_refused_however_it_is_spelled(site, tmp_path, host):
    fault = fails(Fetcher(tmp_path, [], "x"), f"http://{host}:{site.port}/feed")
    assert "not an address of the public internet" in str(fault)
    assert "[fetch] allow" in fault.hint
    assert site.asked == []


@pytest.mark.parametrize("allow", ["127.0.0.1", "localhost", "127.0.0.0/8"])
def test_private_address_is_fetched_when_allowed(site, tmp_path, allow):
    site.answers["/feed"] = answer()
    host = "localhost" if allow == "localhost" else "127.0.0.1"
    assert Fetcher(tmp_path, [allow], "x").fetch(feed(f"http://{host}:{site.port}/feed")).body == FEED


def test_second_look_at_a_name_cannot_change_where_we_connect(site, tmp_path, monkeypatch):
    """A name that is public when it is checked and private when it is asked again (DNS rebinding)."""
    real = socket.getaddrinfo
    answers = itertools.chain(["192.0.2.1"], itertools.repeat("127.0.0.1"))
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **named: real(next(answers), *rest, **named)
    )
    fetcher = Fetcher(tmp_path, ["192.0.2.0/24"], "x", limits=FetchLimits(connect_s=0.2, total_s=0.5))
    fails(fetcher, f"http://rebinding.example:{site.port}/feed")
    assert site.asked == []


def test_compressed_document_is_inflated(site, fetcher):
    site.answers["/feed"] = answer(body=gzip.compress(FEED), Content_Encoding="gzip")
    assert fetcher.fetch(feed(site.url())).body == FEED


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"x" * 200_000, {}), (gzip.compress(bytes(20_000_000)), {"Content_Encoding": "gzip"})],
    ids=["plain", "bomb"],
)
def test_too_large_a_document_is_given_up(site, tmp_path, body, headers):
    site.answers["/feed"] = answer(body=body, **headers)
    fault = fails(Fetcher(tmp_path, ["127.0.0.1"], "x", limits=SMALL), site.url())
    assert "larger than 100,000 bytes" in str(fault)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"",
    ],
    ids=["body", "sized body", "headers", "status line"],
)
def test_slow_drip_ends_with_the_deadline(site, tmp_path, head):
    site.answers["/feed"] = drip(head)
    assert "took too long" in str(fails(Fetcher(tmp_path, ["127.0.0.1"], "x", limits=QUICK), site.url()))


def test_silence_ends_with_the_time_out(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert "took too long" in str(fails(Fetcher(tmp_path, ["127.0.0.1"], "x", limits=QUICK), url))


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
    ids=["broken off", "no gzip", "not http", "nothing"],
)
def test_broken_answer_is_one_clear_line(site, fetcher, raw):
    site.answers["/feed"] = lambda handler: handler.wfile.write(raw)
    assert "broke off or made no sense" in str(fails(fetcher, site.url()))


def test_nobody_answers(fetcher):
    with closed_port() as port:
        assert "nobody answers" in str(fails(fetcher, f"http://127.0.0.1:{port}/feed"))


def test_plain_server_is_no_https(site, fetcher):
    assert fails(fetcher, site.url().replace("http:", "https:"))


def test_unknown_host_is_named(fetcher):
    assert "'nowhere.invalid' is unknown" in str(fails(fetcher, "http://nowhere.invalid/feed"))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://example.org/feed", "http and https only, not by ftp"),
        ("file:///etc/passwd", "not by file"),
        ("http://", "no http or https address"),
        ("http://user:secret@127.0.0.1/", "user name or password"),
        ("http://[::1/", "no http or https address"),
    ],
)
def test_address_that_cannot_be_fetched(fetcher, url, problem):
    fault = fails(fetcher, url)
    assert problem in str(fault)
    assert "secret" not in str(fault)


@pytest.mark.parametrize("body", [b"", b"<!doctype html><html></html>"])
def test_odd_document_is_left_to_the_parser(site, fetcher, body):
    site.answers["/feed"] = answer(body=body, Content_Type="text/html")
    assert fetcher.fetch(feed(site.url())).body == body


def test_file_is_read_and_known_again(tmp_path, fetcher):
    (tmp_path / "feeds").mkdir()
    path = tmp_path / "feeds" / "news.xml"
    path.write_bytes(FEED)
    first = fetcher.fetch(feed("feeds/news.xml"))
    assert (first.body, first.url) == (FEED, "feeds/news.xml")
    assert first.etag.startswith("sha256:")
    assert fetcher.fetch(feed("feeds/news.xml", first.etag)) == NotModified()
    path.write_bytes(FEED + b" ")
    assert fetcher.fetch(feed("feeds/news.xml", first.etag)).body == FEED + b" "


def test_link_that_the_owner_made_is_followed(tmp_path, fetcher):
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere.xml"
    elsewhere.write_bytes(FEED)
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds/news.xml").symlink_to(elsewhere)
    assert fetcher.fetch(feed("feeds/news.xml")).body == FEED


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("feeds/none.xml", "there is no such file"),
        ("../secret.xml", "is no path below feeds/"),
        ("/etc/passwd", "is no path below feeds/"),
        ("a\0b", "is no path below feeds/"),
        ("", "is no path below feeds/"),
        ("newsletter.toml", "is no path below feeds/"),
        ("feeds/../newsletter.toml", "is no path below feeds/"),
        ("feeds", "is not a file"),
        ("feeds/large.xml", "larger than 100,000 bytes"),
        ("feeds/" + "x" * 300, "cannot be read"),
        ("feeds/large.xml/feed", "cannot be read"),
    ],
)
def test_file_that_cannot_be_read_is_named(tmp_path, path, problem):
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds/large.xml").write_bytes(bytes(100_001))
    assert problem in str(fails(Fetcher(tmp_path, [], "x", limits=SMALL), path))


def test_saved_pages_are_read_by_name(tmp_path, fetcher):
    folder = tmp_path / "feeds" / "pages"
    (folder / "inner.txt").mkdir(parents=True)
    for name in ("b.txt", "a.HTML", "c.htm", ".hidden.txt", "notes.md"):
        (folder / name).write_text(name)
    pages = fetcher.read_pages(FeedSource("site", "feeds/pages", "pages"))
    assert [(page.name, page.body) for page in pages] == [
        ("a.HTML", b"a.HTML"),
        ("b.txt", b"b.txt"),
        ("c.htm", b"c.htm"),
    ]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("feeds/missing", "there is no such folder"),
        ("feeds/file.txt", "is a file"),
        ("../x", "is no path below feeds/"),
        ("feeds/big", "big/page.txt: is larger than 100,000 bytes"),
    ],
)
def test_folder_that_cannot_be_read_is_named(tmp_path, path, problem):
    (tmp_path / "feeds/big").mkdir(parents=True)
    (tmp_path / "feeds/file.txt").touch()
    (tmp_path / "feeds/big/page.txt").write_bytes(bytes(100_001))
    with pytest.raises(FetchError, match=problem) as caught:
        Fetcher(tmp_path, [], "x", limits=SMALL).read_pages(FeedSource("site", path, "pages"))
    assert caught.value.hint


def test_empty_folder_is_named_with_a_cure(tmp_path, fetcher):
    (tmp_path / "feeds/pages").mkdir(parents=True)
    with pytest.raises(FeedParseError, match="pages: no saved page") as caught:
        fetcher.read_pages(FeedSource("site", "feeds/pages", "pages"))
    assert "save news pages" in caught.value.hint


def test_unreadable_file_is_named(tmp_path, fetcher):
    (tmp_path / "feeds").mkdir()
    os.mkfifo(tmp_path / "feeds/pipe.xml")
    assert "is not a file" in str(fails(fetcher, "feeds/pipe.xml"))
    assert Path(tmp_path / "feeds/pipe.xml").exists()


@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_further_encodings_are_taken_where_a_package_is_there(site, fetcher, encoding):
    package = pytest.importorskip({"br": "brotli", "zstd": "backports.zstd"}[encoding])
    site.answers["/feed"] = answer(body=package.compress(FEED), Content_Encoding=encoding)
    assert fetcher.fetch(feed(site.url())).body == FEED
    assert encoding in site.asked[0]["accept-encoding"]


@pytest.mark.parametrize("encoding", ["gzip, gzip", "compress", "exi", "gzip;q=1"])
def test_encoding_that_nobody_asked_for_is_refused(site, fetcher, encoding):
    site.answers["/feed"] = answer(body=gzip.compress(gzip.compress(FEED)), Content_Encoding=encoding)
    assert "which was not asked for" in str(fails(fetcher, site.url()))


def test_stream_that_inflates_to_nothing_is_given_up_too(site, tmp_path):
    endless_name = b"\x1f\x8b\x08\x08\0\0\0\0\0\3" + b"n" * 2_000_000  # RFC 1952 §2.3.1
    site.answers["/feed"] = answer(body=endless_name, Content_Encoding="gzip")
    fetcher = Fetcher(tmp_path, ["127.0.0.1"], "x", limits=FetchLimits(max_bytes=1000))
    assert "larger than 1,000 bytes" in str(fails(fetcher, site.url()))


def test_document_that_is_long_comes_whole_from_the_disk(site, fetcher):
    site.answers["/feed"] = answer(body=FEED * 10_000)
    assert fetcher.fetch(feed(site.url())).body == FEED * 10_000


def test_304_that_nobody_asked_for_is_a_fault(site, fetcher):
    site.answers["/feed"] = answer(304, b"")
    assert "304 Not Modified, which nobody asked" in str(fails(fetcher, site.url()))


@pytest.mark.parametrize("etag", ['"' + "x" * 2000 + '"', '"\x01"'])
def test_validator_that_cannot_be_kept_is_not(site, fetcher, etag):
    site.answers["/feed"] = answer(ETag=etag)
    assert fetcher.fetch(feed(site.url())).etag is None


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [((301,), "/1"), ((308, 301), "/2"), ((302,), None), ((302, 301), None), ((301, 302), "/1")],
)
def test_permanent_redirects_are_told_as_far_as_they_are(site, fetcher, statuses, moved_to):
    paths = ["/feed", *(f"/{number}" for number in range(1, len(statuses) + 1))]
    for here, there, status in zip(paths, paths[1:], statuses, strict=False):
        site.answers[here] = answer(status, b"", Location=there)
    site.answers[paths[-1]] = answer()
    assert fetcher.fetch(feed(site.url())).moved_to == (moved_to and site.url(moved_to))


def test_login_is_shown_to_the_configured_origin_alone(site, tmp_path):
    fetcher = Fetcher(
        tmp_path, ["127.0.0.1", "localhost"], "x", credentials=lambda _: {"Authorization": "Bearer secret"}
    )
    site.answers["/feed"] = answer(302, b"", Location="/there")
    site.answers["/there"] = answer(302, b"", Location=f"http://localhost:{site.port}/elsewhere")
    site.answers["/elsewhere"] = answer()
    fetcher.fetch(feed(site.url()))
    assert [asked.get("authorization") for asked in site.asked] == ["Bearer secret", "Bearer secret", None]


def test_name_that_nobody_answers_for_in_time_is_given_up(tmp_path, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(PATIENCE_S) and [])
    try:
        fetcher = Fetcher(tmp_path, [], "x", limits=FetchLimits(connect_s=0.05))
        assert "took too long" in str(fails(fetcher, "http://slow.example/feed"))
    finally:
        over.set()


def test_many_are_fetched_at_a_time_and_few_from_one_host(site, fetcher):
    now, most, two = [], [], threading.Barrier(2)

    def slow(handler):
        now.append(1)
        two.wait(PATIENCE_S)  # each is in the middle of it while another is
        most.append(len(now))
        now.pop()
        two.wait(PATIENCE_S)
        answer()(handler)

    site.answers = {f"/{number}": slow for number in range(12)}
    feeds = [FeedForUpdate(n, FeedSource(f"f{n}", site.url(f"/{n}"))) for n in range(12)]
    found = dict(fetcher.fetch_all([*feeds, feed("http://nowhere.invalid/"), feed("http://127.0.0.1:1/")]))
    assert max(most) == 2
    assert all(found[it].body == FEED for it in feeds)
    assert (
        sorted(type(it).__name__ for it in found.values() if not isinstance(it, Fetched))
        == ["FetchError"] * 2
    )


def test_host_that_asks_for_patience_is_left_alone(site, fetcher):
    site.answers = {f"/{number}": answer(429, Retry_After="60") for number in range(9)}
    feeds = [FeedForUpdate(n, FeedSource(f"f{n}", site.url(f"/{n}"))) for n in range(9)]
    found = [outcome for _, outcome in fetcher.fetch_all(feeds)]
    assert len(site.asked) <= 2
    assert found.count(Postponed(60)) == 9 - len(site.asked)


def test_bug_in_one_fetch_is_no_trouble_of_its_feed(tmp_path, site):
    def broken(_):
        raise KeyError("bug")

    fetcher = Fetcher(tmp_path, ["127.0.0.1"], "x", credentials=broken)
    with pytest.raises(KeyError):
        list(fetcher.fetch_all([feed(site.url()), feed(site.url("/b"))]))
