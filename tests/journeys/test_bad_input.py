"""Whatever comes from outside ends in one clear line and an exit code, and leaves nothing half done."""

from __future__ import annotations

import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import trustme
from journeys.program import Ended, Project
from relays import EXTENSIONS, ScriptedRelay, drop_after_connect, refuses

NOBODY = 65534
#: Runs the program with the rights of somebody else; what it imports has to be read before.
AS_NOBODY = f"""
import os, sys
from newsletter.cli.main import main
def run(*args):
    try:
        main(args)
    except SystemExit as end:
        return end.code
folder = sys.argv[1]
run("-C", folder, "member", "add", "before@example.org")
os.chmod(folder, 0o555)
for name in os.listdir(folder):
    os.chmod(os.path.join(folder, name), 0o555)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
sys.exit(run("-C", folder, "member", "add", "after@example.org"))
"""


def fault_of(ended: Ended) -> tuple[str, str]:
    """Return the one line that tells the fault, and its cure."""
    assert "Traceback" not in ended.stderr
    line, *cure = ended.stderr.splitlines()
    assert line.startswith("newsletter: ")
    assert len(cure) <= 1
    return line.removeprefix("newsletter: "), "".join(cure).strip()


def rss(project: Project) -> bytes:
    return (project.folder / "feeds" / "policy.rss").read_bytes()


BAD_FEEDS = {
    "missing": (lambda whole: None, "there is no such file"),
    "empty": (lambda whole: b"", "is empty"),
    "web page": (
        lambda whole: b"<!DOCTYPE html><html><body><h1>Not here</h1></body></html>",
        "is an HTML page",
    ),
    "cut off": (lambda whole: whole[: whole.index(b"<item>") + 200], "is cut off"),
    "not a feed": (lambda whole: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "feeds/news.xml"),
}


@pytest.mark.parametrize(("make", "words"), BAD_FEEDS.values(), ids=BAD_FEEDS)
def test_feed_that_is_none_is_told_and_the_others_are_read(fresh, make, words):
    document = make(rss(fresh))
    if document is not None:
        (fresh.folder / "feeds" / "news.xml").write_bytes(document)
    fresh("feed", "add", "feeds/news.xml", "--name", "news")
    pulled = fresh("feed", "pull", code=3)
    assert "policy: 6 new" in pulled.stdout
    line, cure = fault_of(pulled)
    assert line.startswith("feed news: ")
    assert words in line
    assert cure
    assert "news" not in {item["feed"] for item in fresh.json("item", "list")}
    alone = fresh("--json", "feed", "pull", "news", code=1)
    assert words in alone.json[0]["problem"]
    [status] = [feed for feed in fresh.json("feed", "list") if feed["name"] == "news"]
    assert words in status["problem"]
    assert status["last_success"] is None


def test_feed_that_breaks_keeps_its_items(fresh):
    fresh("feed", "pull", "policy")
    (fresh.folder / "feeds" / "policy.rss").write_bytes(b"")
    fresh("feed", "pull", "policy", code=1)
    assert len(fresh.json("item", "list")) == 6


def test_feed_that_keeps_failing_is_told_once_to_cron_and_always_to_people(fresh):
    fresh.only_feed("feeds/none.xml")
    assert "feeds/none.xml: there is no such file" in fresh("feed", "pull", code=1).stderr
    again = fresh("feed", "pull", code=1)
    assert (again.stdout, again.stderr) == ("", "")
    assert "no such file" in fresh("feed", "pull", "news", code=1).stderr
    [summary] = fresh.json("feed", "pull", code=1)
    assert (summary["due"], summary["problem"]) == (False, "feeds/none.xml: there is no such file")
    assert "failing since 20" in fresh("feed", "list").stdout


def test_feed_in_the_wrong_encoding_is_read_and_told(fresh):
    text = rss(fresh).decode("utf-8").replace("’", "'").replace("“", '"').replace("”", '"')
    (fresh.folder / "feeds" / "policy.rss").write_bytes(text.encode("cp1252", "xmlcharrefreplace"))
    pulled = fresh("feed", "pull", "policy")
    assert "note: feed policy: The encoding is in disorder" in pulled.stderr
    assert any("Zoë Marchetti" in item["summary"] for item in fresh.json("item", "list"))


def test_text_from_a_feed_cannot_steer_the_terminal(fresh):
    text = '{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": [%s]}'
    item = r'{"id": "1", "title": "red \u001b[31m \u009b2J \ud800 \u202e end", "content_text": "x"}'
    (fresh.folder / "feeds" / "careers.json").write_text(text % item, "utf-8")
    fresh("feed", "pull", "careers")
    shown = fresh("item", "list").stdout + fresh("item", "show", "1").stdout
    assert "red" in shown
    assert set("\x1b\x9b\u202e") & set(shown) == set()


def test_members_without_an_email_column_are_refused_as_a_whole(fresh):
    refused = fresh.import_members("name,mail\nAnna,anna@example.org\n", code=1)
    line, cure = fault_of(refused)
    assert line.startswith("members.csv:1: no column is called email")
    assert "first line names the columns" in cure
    assert fresh.json("member", "list") == []


def test_bad_rows_are_told_by_line_and_the_good_ones_kept(fresh):
    rows = (
        "email,first_name,last_name,audiences\n"
        "anna@example.org,Anna,Aldous,governors\n"
        "bashir.example.org,Bashir,Bell,leaders\n"
        '"carys@example.org","Carys\r\nBcc: everybody@example.org",Cole,leaders\n'
        "dilys@example.org,Dilys,Dean,goverors\n"
        "efua@example.org,Efua,Evans,leaders\n"
    )
    imported = fresh.import_members(rows, code=3)
    assert "2 added" in imported.stdout
    assert imported.stderr.splitlines() == [
        "members.csv:3: no @ in 'bashir.example.org'",
        "members.csv:4: a line break or control character in 'Carys\\r\\nBcc: everybody@example.org'",
        "members.csv:6: audience 'goverors' is not known; did you mean 'governors'?",
        "3 rows could not be used; mend what is named above and import the file again",
    ]
    assert [m["email"] for m in fresh.json("member", "list")] == ["anna@example.org", "efua@example.org"]
    again = fresh("--json", "member", "import", fresh.folder / "members.csv", code=3).json
    assert (again["added"], again["unchanged"]) == (0, 2)
    assert [row["line"] for row in again["bad_rows"]] == [3, 4, 6]


@pytest.mark.parametrize("field", ["shoe", "member.shoe_size"])
def test_template_with_an_unknown_field_is_refused_at_draft(project, field):
    template = project.folder / "templates" / "mail.html"
    lines = template.read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if "<h1>" in line)
    lines.insert(at, f"<p>{{{{ {field} }}}}</p>")
    template.write_text("\n".join(lines), "utf-8")
    line, cure = fault_of(project("edition", "draft", "weekly", code=1))
    assert f"mail.html:{at + 1}: " in line
    assert field.rpartition(".")[2] in line
    assert "known are" in cure
    assert project.json("edition", "list") == []
    [finding] = [f for f in project.json("check", code=1) if f["level"] == "fault"]
    assert finding["subject"] == "newsletter weekly"


def test_template_with_an_unknown_field_leaves_the_earlier_draft_alone(project):
    before = project.json("edition", "draft", "weekly")
    (project.folder / "templates" / "digest.txt").write_text("{{ shoe }}", "utf-8")
    project("edition", "draft", "weekly", code=1)
    assert project.json("edition", "show", "weekly")["hash"] == before["hash"]


def test_template_that_is_no_template_is_told_with_its_line(project):
    (project.folder / "templates" / "digest.html").write_text("<p>\n{% if %}\n", "utf-8")
    line, _ = fault_of(project("edition", "draft", "weekly", code=1))
    assert "digest.html:2: " in line


def sends_all_once_cured(project: Project, name: str) -> None:
    """The relay works again: what was planned goes out, all of it."""
    with ScriptedRelay() as relay:
        text = project.config.read_text("utf-8")
        start, end = text.index("[smtp]"), text.index("#", text.index("[smtp]"))
        mended = f'[smtp]\nhost = "{relay.host}"\nport = {relay.port}\nsecurity = "none"\n'
        project.config.write_text(text[:start] + mended + text[end:], "utf-8")
        counts = project.json("edition", "send", name, "--go")["counts"]
    assert counts["sent"] == counts["planned"] == 3
    assert len(relay.messages) == 3


def test_relay_that_is_down_loses_nothing(project):
    with ScriptedRelay() as relay:
        gone = relay.port
    project.relay("127.0.0.1", gone)
    name = project.approved()
    failed = project("edition", "send", name, "--go", code=1)
    line, cure = fault_of(failed)
    assert "connection refused" in line
    assert f"edition send {name} --go" in cure
    assert project.json("edition", "show", name)["counts"]["pending"] == 3
    assert "connection refused" in project("--json", "edition", "send", name, "--go", code=1).json["error"]
    sends_all_once_cured(project, name)


def test_relay_that_hangs_up_loses_nothing(project):
    name = project.approved()
    with ScriptedRelay(drop_after_connect()) as relay:
        project.relay(relay.host, relay.port)
        fault_of(project("edition", "send", name, "--go", code=1))
    assert project.json("edition", "show", name)["counts"]["pending"] == 3
    sends_all_once_cured(project, name)


@contextmanager
def relay_that_refuses_the_login(folder: Path) -> Iterator[ScriptedRelay]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    script = refuses("AUTH", "535 5.7.8 bad credentials")
    with ScriptedRelay(script, tls=tls, extensions=(*EXTENSIONS, "STARTTLS", "AUTH PLAIN")) as relay:
        yield relay


def test_relay_that_refuses_the_login_loses_nothing(project, monkeypatch):
    name = project.approved()
    monkeypatch.setenv("RELAY_PASSWORD", "open sesame")
    login = 'ca_file = "ca.pem"\nusername = "news"\npassword_env = "RELAY_PASSWORD"\n'
    with relay_that_refuses_the_login(project.folder) as relay:
        project.relay(relay.host, relay.port, login)
        project.configure('security = "none"', 'security = "starttls"')
        failed = project("edition", "send", name, "--go", code=1)
        [finding] = [f for f in project.json("check", code=1) if f["level"] == "fault"]
    line, cure = fault_of(failed)
    assert "the login of 'news' was refused: 535 5.7.8 bad credentials" in line
    assert "check username" in cure
    assert "sesame" not in failed.stderr
    assert "535" in finding["text"]
    assert project.json("edition", "show", name)["counts"]["pending"] == 3
    sends_all_once_cured(project, name)


def test_secret_that_is_not_there_is_a_fault_of_the_configuration(project):
    project.relay("127.0.0.1", 1, 'username = "news"\npassword_env = "NO_SUCH_VARIABLE"\n')
    name = project.approved()
    line, _ = fault_of(project("edition", "send", name, "--go", code=2))
    assert "NO_SUCH_VARIABLE" in line


def test_every_fault_of_the_configuration_is_told_at_once(fresh):
    fresh.configure('audiences = ["governors", "leaders"', 'audiences = ["governors", "leeders"')
    fresh.configure("max_items = 12", "max_itmes = 12")
    failed = fresh("item", "list", code=2)
    assert "has 2 faults" in failed.stderr
    assert "did you mean `leaders`?" in failed.stderr
    assert "did you mean `max_items`?" in failed.stderr
    assert "max_itmes" in fresh("--json", "item", "list", code=2).json["error"]


def test_folder_that_is_no_project_is_a_fault_of_usage(tmp_path):
    line, cure = fault_of(Project(tmp_path)("item", "list", code=2))
    assert f"no newsletter.toml in {tmp_path}" in line
    assert "newsletter init" in cure


def test_locked_database_is_told(project):
    project.config.write_text(
        project.config.read_text("utf-8") + '\n[database]\nurl = "sqlite:///newsletter.db?timeout=0.1"\n',
        "utf-8",
    )
    with closing(sqlite3.connect(project.folder / "newsletter.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        line, cure = fault_of(project("member", "add", "dilys@example.org", code=1))
        assert "newsletter.db is locked by another program" in line
        assert "try again" in cure
        other.execute("ROLLBACK")
    project("member", "add", "dilys@example.org")


def test_database_of_a_newer_version_is_told(project):
    with closing(sqlite3.connect(project.folder / "newsletter.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    line, cure = fault_of(project("item", "list", code=1))
    assert "schema 9999" in line
    assert "newer version" in cure


def test_file_that_is_no_database_is_told_and_left_alone(project):
    for path in project.folder.glob("newsletter.db*"):
        path.unlink()
    (project.folder / "newsletter.db").write_text("a shopping list\n" * 100)
    line, _ = fault_of(project("item", "list", code=1))
    assert "is not a SQLite database" in line
    assert (project.folder / "newsletter.db").read_text().startswith("a shopping list")


def test_database_that_may_not_be_written_is_told(project):
    # As root nothing is read-only, so the program becomes somebody else first, to whom pytest's own folders
    # are closed.
    with tempfile.TemporaryDirectory(prefix="newsletter-read-only-") as above:
        os.chmod(above, 0o755)  # noqa: PTH101 - of a text
        folder = Path(above) / "project"
        shutil.copytree(project.folder, folder)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, folder], capture_output=True, text=True, check=False
        )
        folder.chmod(0o755)
        added = {member["email"] for member in Project(folder).json("member", "list")}
    line, cure = fault_of(Ended(done.returncode, done.stdout, done.stderr))
    assert done.returncode == 1
    assert "newsletter.db" in line
    assert "write" in cure
    assert {"before@example.org"} == added - {"anna@example.org", "bashir@example.org", "carys@example.org"}


def test_day_that_looks_like_a_slip_is_told(fresh):
    assert "1999-01-01 is past" in fresh("edition", "draft", "weekly", "--date", "1999-01-01").stdout
    assert (
        "9062-11-27 is more than a year ahead"
        in fresh("edition", "draft", "weekly", "--date", "9062-11-27").stdout
    )
    assert fresh.json("edition", "draft", "weekly")["notes"] == []


def test_list_without_members_says_how_to_get_some(fresh):
    assert "newsletter -C" in fresh("member", "list").stderr
    fresh("member", "add", "anna@example.org", "--first-name", "Anna")
    assert fresh("member", "list").stderr == ""
    assert "Anna <anna@example.org>" in fresh("why", "anna@example.org").stdout
