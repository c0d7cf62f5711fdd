"""The archive as files: what belongs in it, what a second run does, and that our own reader can follow it."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from builders import FRIDAY, NOW, add_items, add_members, deliveries, dispatch, plan
from fixtures.site import answer
from projects import AUDIENCES
from relays import ScriptedRelay

from newsletter.errors import EditionError, NewsletterError
from newsletter.workflows.archive import write_archive
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.find_feed import find_feed

#: What is about files is the same whatever database there is.
on_sqlite = pytest.mark.parametrize("tables_url", ["sqlite"], indirect=True)


@pytest.fixture
def sent(project):
    """An edition that Anna and Ben have, each in a variant of their own."""
    add_items(project, {"roof": "governors", "pay": "leaders"})
    add_members(project, {"anna": "governors", "ben": "leaders"})
    edition = plan(project)
    with ScriptedRelay() as relay:
        dispatch(project, edition, relay)
    return edition


def files(folder):
    """What stands in a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


PAGES = {f"weekly/{FRIDAY}/governors.html", f"weekly/{FRIDAY}/leaders.html"}
ALL = PAGES | {"index.html", "feed.xml", "feed.json", ".written.json"}


@on_sqlite
def test_archive_holds_what_was_sent_and_nothing_of_any_member(project, sent, tmp_path):
    archived = write_archive(project, tmp_path / "out")
    written = files(tmp_path / "out")
    assert written.keys() == ALL
    assert (archived.issues, archived.pages) == (1, 2)
    assert b"News of roof" in written[f"weekly/{FRIDAY}/governors.html"]
    for path, content in written.items():
        for trace in (b"Anna", b"anna@", b"Ben", b"Unsubscribe", b"mailto:", b"Leave", b"unsubscribe_url"):
            assert trace not in content, path


@on_sqlite
def test_second_run_leaves_every_file_as_it_is(project, sent, tmp_path):
    write_archive(project, tmp_path)
    (tmp_path / "robots.txt").touch()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert write_archive(project, tmp_path).written == ()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@on_sqlite
def test_page_that_a_person_mended_or_lost(project, sent, tmp_path):
    write_archive(project, tmp_path)
    mended, lost = (tmp_path / path for path in sorted(PAGES))
    mended.write_text("mended by hand", "utf-8")
    lost.unlink()
    assert write_archive(project, tmp_path).written == (str(lost.relative_to(tmp_path)),)
    assert mended.read_text("utf-8") == "mended by hand"


@on_sqlite
def test_file_of_somebody_else_is_never_replaced(project, sent, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("our home page", "utf-8")
    with pytest.raises(NewsletterError, match=r"index\.html is there already"):
        write_archive(project, folder)
    assert files(folder) == {"index.html": b"our home page"}


def test_only_what_a_member_has_is_published(project, tmp_path):
    add_items(project, {"roof": "governors", "pay": "leaders"})
    add_members(project, {"anna": "governors", "ben": "leaders"})
    draft_edition(project, "weekly", NOW, day=FRIDAY)
    assert write_archive(project, tmp_path / "draft").issues == 0
    assert not (tmp_path / "draft").exists()
    edition = plan(project)
    assert write_archive(project, tmp_path).issues == 0
    with ScriptedRelay({"RCPT": [b"550 5.1.1 no\r\n", b"250 2.1.5 yes\r\n"]}) as relay:
        dispatch(project, edition, relay)
    [has_it] = [row.audiences for row in deliveries(project, edition).values() if row.status == "sent"]
    write_archive(project, tmp_path)
    assert {path.name for path in tmp_path.glob("weekly/*/*")} == {f"{'+'.join(has_it)}.html"}


@on_sqlite
def test_archive_of_one_newsletter(open_project, tmp_path):
    names = ("weekly", "monthly")
    project = open_project(newsletters=[{"name": name, "audiences": [*AUDIENCES]} for name in names])
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    with ScriptedRelay() as relay:
        dispatch(project, plan(project), relay)
        add_items(project, {"pay": "governors"})
        dispatch(project, plan(project, name="monthly"), relay)
    assert write_archive(project, tmp_path / "one", ["monthly"]).issues == 1
    assert write_archive(project, tmp_path / "all").issues == 2
    with pytest.raises(EditionError, match="no newsletter 'montly'"):
        write_archive(project, tmp_path / "one", ["montly"])


@on_sqlite
def test_folder_that_cannot_be_written_is_told(project, sent, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NewsletterError, match="the archive cannot be written to"):
        write_archive(project, tmp_path / "file")


@on_sqlite
def test_our_own_reader_follows_the_archive(open_project, sent, site, tmp_path):
    project = open_project(fetch={"allow": ["127.0.0.1"]}, web={"url": site.url("")})
    assert write_archive(project, tmp_path).address == site.url("/v/")
    for path, content in files(tmp_path).items():
        site.answers[f"/v/{path}"] = answer(body=content, Last_Modified=formatdate(usegmt=True))
    found = find_feed(project.config, site.url("/v/index.html"))
    assert found.url == site.url("/v/feed.xml")
    assert [other.url for other in found.others] == [site.url("/v/feed.json")]
    [entry] = found.parsed.entries
    assert entry.title == "News of roof"
    assert entry.link == site.url(f"/v/weekly/{FRIDAY}/governors.html")
    assert found.parsed.warnings == ()


@on_sqlite
def test_address_that_is_told_wins(open_project, sent, tmp_path):
    project = open_project(web={"url": "https://news.example.org"})
    write_archive(project, tmp_path, address="https://www.example.org/news")
    assert f'href="https://www.example.org/news/weekly/{FRIDAY}/' in (tmp_path / "feed.xml").read_text(
        "utf-8"
    )
