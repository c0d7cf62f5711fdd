"""The project folder: made, added to, and its secrets found."""

from __future__ import annotations

from itertools import pairwise

import pytest
from projects import load, small_settings, write_settings

from newsletter.config import load_config
from newsletter.errors import ConfigError, NewsletterError
from newsletter.workflows.add_feed import add_feed
from newsletter.workflows.init import make_project
from newsletter.workflows.ways import make_transport

WITH_COMMENTS = """\
# Ours since 2019, ask Cora.
organisation = { name = "Union", address = "1 High Street" }
sender = { from = "news@example.org" }   # not the old one
smtp = { outbox = "outbox" }

[[feeds]]
name = "dfe"
url = "feeds/dfe.xml" # weekly

[audiences.governors]
title = "Governors"

[[newsletters]]
name = "weekly"
audiences = ["governors"]
"""


def test_new_project_is_in_order_and_has_what_it_names(tmp_path):
    folder = tmp_path / "our" / "news"
    make_project(folder)
    config = load_config(folder, {})
    assert config.settings.newsletters
    assert (folder / "templates" / "digest.html").is_file()
    assert all((folder / feed.url).exists() for feed in config.feeds)


@pytest.mark.parametrize("there", ["newsletter.toml", "templates", "feeds"])
def test_project_is_not_made_over_another(tmp_path, there):
    (tmp_path / there).mkdir()
    with pytest.raises(NewsletterError, match=f"{there} is there already"):
        make_project(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_project_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NewsletterError, match="cannot be made"):
        make_project(tmp_path / "file")


@pytest.mark.parametrize(
    ("url", "name", "kind", "expected"),
    [
        ("https://feeds.dfe.example.gov.uk/atom", None, "feed", "dfe-2"),
        ("https://www.example.org/rss.xml", None, "feed", "example"),
        ("feeds/Old News/", None, "pages", "old-news"),
        ("https://www.gov.uk/a", None, "feed", "a"),
        ("http://10.2.0.7/intranet.xml", None, "feed", "intranet"),
        ("https://" + "a" * 60 + ".example.org", None, "feed", "a" * 50),
        ("https://example.org/x", "ours", "feed", "ours"),
    ],
)
def test_feed_is_added_and_the_rest_stays(tmp_path, url, name, kind, expected):
    before = WITH_COMMENTS
    write_settings(tmp_path, before)
    feed = add_feed(tmp_path, url, name, kind)
    assert (feed.name, feed.url, feed.kind) == (expected, url, kind)
    assert load_config(tmp_path, {}).feeds[-1] == feed
    after = (tmp_path / "newsletter.toml").read_text("utf-8")
    assert [line for line in before.splitlines() if line and line not in after.splitlines()] == []
    assert all(above == "" for above, line in pairwise(after.splitlines()) if line.startswith("[["))


@pytest.mark.parametrize(
    ("url", "name", "fault"),
    [
        ("feeds/dfe.xml", None, "there already, as the feed 'dfe'"),
        ("feeds/x.xml", "dfe", "there is a feed 'dfe' already"),
        ("ftp://example.org/x", None, "only http and https are fetched"),
        ("../x.xml", None, "must stand below the folder feeds/"),
        ("http://[::1", None, "invalid IPv6 URL"),
        ("feeds/x.xml", "Our Feed", "use small letters"),
    ],
)
def test_feed_with_a_fault_is_not_added(tmp_path, url, name, fault):
    write_settings(tmp_path, WITH_COMMENTS)
    with pytest.raises(ConfigError, match=fault) as raised:
        add_feed(tmp_path, url, name, "feed")
    assert "newsletter.toml has" not in str(raised.value)  # it was in order, and still is
    assert (tmp_path / "newsletter.toml").read_text("utf-8") == WITH_COMMENTS
    assert [path.name for path in tmp_path.iterdir()] == ["newsletter.toml"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + WITH_COMMENTS,
        WITH_COMMENTS.replace("\n", "\r\n"),
        WITH_COMMENTS.partition("[[feeds]]")[0] + WITH_COMMENTS.partition("# weekly\n")[2],
        WITH_COMMENTS.replace('[[feeds]]\nname = "dfe"\nurl = "feeds/dfe.xml" # weekly', ""),
        'feeds = [{ name = "dfe", url = "feeds/dfe.xml" }]\n'
        + WITH_COMMENTS.replace('[[feeds]]\nname = "dfe"\nurl = "feeds/dfe.xml" # weekly', ""),
        "feeds = []\n" + WITH_COMMENTS.replace('[[feeds]]\nname = "dfe"\nurl = "feeds/dfe.xml" # weekly', ""),
    ],
    ids=["BOM", "CRLF", "no feeds", "none", "inline", "inline empty"],
)
def test_feed_is_added_however_the_file_is_written(tmp_path, text):
    write_settings(tmp_path, small_settings())
    (tmp_path / "newsletter.toml").write_bytes(text.encode())
    before = load_config(tmp_path, {})
    add_feed(tmp_path, "https://new.example.org/feed", None, "feed")
    after = load_config(tmp_path, {})
    assert [feed.name for feed in after.feeds] == [*(feed.name for feed in before.feeds), "new"]
    assert after.settings.newsletters == before.settings.newsletters
    assert ("\r\n" in text) == (b"\r\n" in (tmp_path / "newsletter.toml").read_bytes())


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        ({"password_env": "NOT_SET"}, "smtp.password_env names NOT_SET, which is not set"),
        ({"password_file": "keys/none"}, "smtp.password_file: .*keys/none cannot be read"),
        ({"password_file": "."}, "smtp.password_file: .* cannot be read"),
    ],
)
def test_secret_that_is_missing_is_told(tmp_path, secret, fault):
    config = load(tmp_path, small_settings(smtp={"host": "h.example.org", "username": "news", **secret}))
    with pytest.raises(ConfigError, match=fault):
        make_transport(config, config.relays[0], {})
