"""From a sent edition to pages that may be published, and back in by our own feed reader."""

from __future__ import annotations

import shutil

from journeys.program import MEMBERS


def test_archive_is_public_and_our_own_reader_follows_it(project, tmp_path):
    out = tmp_path / "public"
    assert "nothing was sent yet" in project("edition", "archive", "--out", out).stderr
    project("edition", "send", project.approved(), "--go")
    done = project("edition", "archive", "--out", out)
    assert "1 edition on 3 pages; 6 files written" in done.stdout
    assert done.stdout.splitlines()[-1] == str(out / "index.html")
    texts = [path.read_text("utf-8") for path in out.rglob("*") if path.is_file()]
    values = {value for line in MEMBERS.splitlines()[1:] for value in line.split(",")[:3]}
    assert [
        value for value in (*values, "nsubscribe", "mailto:") if any(value in text for text in texts)
    ] == []
    assert "0 files written" in project("edition", "archive", "--out", out).stdout
    shutil.copy(out / "feed.xml", project.folder / "feeds" / "ours.xml")
    project("feed", "add", "feeds/ours.xml")
    assert "ours: 1 new" in project("feed", "pull", "ours").stdout


def test_preview_as_a_member_names_them_and_a_slip_is_guessed(project, tmp_path):
    project("edition", "draft", "weekly")
    preview = ["edition", "preview", "weekly", "--out", tmp_path, "--as"]
    assert "seen as Carys Cole <carys@example.org>" in project(*preview, "carys@example.org").stderr
    assert "Dear Carys" in (tmp_path / "governors.txt").read_text("utf-8")
    assert "did you mean carys@example.org" in project(*preview, "carsy@example.org", code=1).stderr
