"""Looking at an edition before it goes out: as files, in a mailbox, and part by part."""

from __future__ import annotations

from email import message_from_bytes, policy
from urllib.parse import quote

import pytest
from builders import FRIDAY, NOW, add_items, add_members, approve, plan, way_to
from lxml.html import document_fromstring
from projects import AUDIENCES
from relays import ScriptedRelay, refuses

from newsletter.delivery.inbox import Inbox
from newsletter.delivery.outbox import OutboxTransport
from newsletter.errors import (
    AddressError,
    EditionError,
    EmptyEdition,
    MemberError,
    NewsletterError,
    TransportError,
)
from newsletter.workflows.approve import approve_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.examine import examine
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.preview import write_preview
from newsletter.workflows.proof import send_proofs
from newsletter.workflows.received import write_index

SCRIPT = "<script>alert('hello')</script>"


@pytest.fixture
def drafted(project):
    """A draft with three variants, one of them a second one of its set."""
    add_members(project, ["anna"])
    add_items(project, {"roof": "governors"})
    plan(project)
    add_items(project, {"pay": "governors+leaders"})
    add_members(project, {"ben": "governors", "cora": "leaders+governors"})
    return draft_edition(project, "weekly", NOW, day=FRIDAY.replace(day=30)).edition


def test_preview_holds_each_variant_as_a_member_gets_it(project, drafted, tmp_path):
    folder = tmp_path / "look"
    index = write_preview(project, "weekly", folder, NOW).overview
    names = {"governors", "governors~2", "governors+leaders"}
    written = {path.name for path in folder.iterdir() if path.is_file()}
    assert written == {f"{name}.{kind}" for name in names for kind in ("html", "txt", "eml")}
    assert index == folder / "overview" / "index.html"
    assert all(name in index.read_text("utf-8") for name in names)
    message = message_from_bytes((folder / "governors~2.eml").read_bytes(), policy=policy.default)
    assert str(message["To"]) == "Ben <ben@example.org>"  # Anna has had one of its items
    for kind, suffix in (("html", "html"), ("plain", "txt")):
        part = message.get_body((kind,)).get_content().replace("\r\n", "\n")
        assert part == (folder / f"governors~2.{suffix}").read_text("utf-8")
    assert "Dear Ben" in (folder / "governors~2.txt").read_text("utf-8")


def seen(project, folder, **asked):
    """What the page of a preview says about as whom each variant is seen."""
    page = document_fromstring(
        write_preview(project, "weekly", folder, NOW, **asked).overview.read_text("utf-8")
    )
    return {it.get("data-variant"): it.xpath("string(.//p[1])") for it in page.xpath("//section")}


def test_each_variant_is_seen_as_a_member_who_gets_it(project, drafted, tmp_path):
    before = seen(project, tmp_path)
    assert before == {
        "governors": "Seen as Anna <anna@example.org>, one of its members.",
        "governors~2": "Seen as Ben <ben@example.org>, one of its members.",
        "governors+leaders": "Seen as Cora <cora@example.org>, one of its members.",
    }
    begin_sending(project, str(approve_edition(project, "weekly", "Cora", NOW).id), NOW)
    assert seen(project, tmp_path) == before


def test_preview_as_a_member_is_their_very_mail(project, drafted, tmp_path):
    add_members(project, {"dora": "governors"})
    name = drafted.id
    would = f"This is the mail that Dora <dora@example.org> would get, if {name} went out now."
    assert seen(project, tmp_path, email="Dora@example.org")["governors~2"] == would
    assert "Dear Dora" in (tmp_path / "governors~2.txt").read_text("utf-8")
    assert b"To: Dora <dora@example.org>" in (tmp_path / "governors~2.eml").read_bytes()
    begin_sending(project, str(approve_edition(project, "weekly", "Cora", NOW).id), NOW)
    planned = f"This is the mail of {name} that was planned for Dora <dora@example.org>."
    assert seen(project, tmp_path, email="dora@example.org")["governors~2"] == planned


def test_preview_as_somebody_who_gets_nothing_says_why(project, drafted, tmp_path):
    add_members(project, {"eve": "career-leads"})
    folder = tmp_path / "look"
    with pytest.raises(MemberError, match="no member has the address bne@example") as unknown:
        write_preview(project, "weekly", folder, NOW, email="bne@example.org")
    assert "did you mean ben@example.org" in unknown.value.hint
    with pytest.raises(EditionError, match=r"eve@example\.org gets nothing of .*: Eve found nothing in it"):
        write_preview(project, "weekly", folder, NOW, email="eve@example.org")
    assert not folder.exists()


def test_preview_as_somebody_whom_no_variant_fits_says_so(project, tmp_path):
    add_members(project, ["anna"])
    add_items(project, {"roof": "governors"})
    plan(project)
    add_items(project, {"pay": "governors"})
    add_members(project, {"anna": "", "ben": "governors"})
    draft_edition(project, "weekly", NOW, day=FRIDAY.replace(day=30))
    add_members(project, ["anna"])
    with pytest.raises(EditionError, match="Anna has had other items than its variants were made for"):
        write_preview(project, "weekly", tmp_path, NOW, email="anna@example.org")


def test_preview_replaces_an_earlier_one_and_nothing_else(project, drafted, tmp_path):
    (tmp_path / "notes.txt").touch()
    write_preview(project, "weekly", tmp_path, NOW)
    add_members(project, {"anna": "", "ben": ""})
    draft_edition(project, "weekly", NOW, day=drafted.id.date)
    write_preview(project, "weekly", tmp_path, NOW)
    left = {path.name for path in tmp_path.iterdir() if path.suffix in (".html", ".txt", ".eml")}
    assert left == {"notes.txt", *(f"governors+leaders.{kind}" for kind in ("html", "txt", "eml"))}


def test_preview_before_there_are_members_is_to_nobody(project, tmp_path):
    add_items(project, {"roof": "governors"})
    draft_edition(project, "weekly", NOW)
    write_preview(project, "weekly", tmp_path, NOW)
    assert b"To: member@example.org" in (tmp_path / "governors+leaders+career-leads.eml").read_bytes()


def test_preview_that_cannot_be_written_is_told(project, drafted, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NewsletterError, match="the preview cannot be written to"):
        write_preview(project, "weekly", tmp_path / "file", NOW)


def test_proof_is_every_variant_marked_as_a_test(project, drafted):
    with ScriptedRelay() as relay:
        proofs = send_proofs(
            project, "weekly", ["me@example.org", "you@example.org"], way_to(relay).transport, NOW
        )
    assert len(proofs) == len(relay.messages) == 6
    assert {proof.to for proof in proofs} == {"me@example.org", "you@example.org"}
    assert {str(proof.reply) for proof in proofs} == {"250 2.0.0 taken"}
    messages = [message_from_bytes(received.content, policy=policy.default) for received in relay.messages]
    assert all(message["Subject"].startswith("[Test] ") for message in messages)
    assert len({message["Message-ID"] for message in messages}) == 6
    assert project.editions.counts(drafted).planned == 0


def test_proof_that_is_refused_is_told_in_the_relays_words(project, drafted):
    with ScriptedRelay(refuses("RCPT", "550 5.1.1 who is that")) as relay:
        transport = way_to(relay).transport
        with pytest.raises(
            TransportError, match=r"refused the test for me@example.org: 550 5\.1\.1 who is that"
        ):
            send_proofs(project, "weekly", ["me@example.org"], transport, NOW)
        with pytest.raises(AddressError):
            send_proofs(project, "weekly", ["me"], transport, NOW)
        draft_edition(project, "weekly", NOW, day=FRIDAY.replace(year=2030))
        with pytest.raises(EmptyEdition, match="has no variants"):
            send_proofs(project, "weekly", ["me@example.org"], transport, NOW)
    assert relay.messages == []


def test_received_mail_is_listed_on_a_page_and_its_words_stay_words(project, tmp_path):
    add_items(project, {SCRIPT: "governors"})
    add_members(project, ["anna"])
    edition = approve(project)
    with Inbox(tmp_path) as inbox:
        send_proofs(project, "weekly", ["anna@example.org"], way_to(inbox).transport, NOW)
    index = write_index(tmp_path, str(edition.id))
    [mail] = tmp_path.glob("*.eml")
    page = index.read_text("utf-8")
    assert quote(mail.stem) in page
    assert "anna@example.org" in page
    assert SCRIPT not in page
    assert SCRIPT not in mail.with_suffix(".html").read_text("utf-8")


def findings(project):
    return {found.subject: found for found in examine(project, NOW)}


def test_examination_finds_what_works_and_what_does_not(open_project, tmp_path):
    with ScriptedRelay() as relay:
        pass  # it is down by now
    project = open_project(
        smtp=[{"outbox": "outbox"}, {"host": relay.host, "port": relay.port, "security": "none"}],
        feeds=[{"name": "gone", "url": "feeds/gone.xml"}, {"name": "empty", "url": "feeds/empty.xml"}],
        web={"url": f"http://{relay.host}:{relay.port}"},
        newsletters=[
            {"name": "weekly", "audiences": [*AUDIENCES]},
            {"name": "broken", "audiences": ["leaders"], "template": "broken"},
        ],
    )
    folder = project.config.folder
    (folder / "feeds").mkdir()
    (folder / "feeds" / "empty.xml").write_text(
        "<rss version='2.0'><channel><title>News</title></channel></rss>"
    )
    (folder / "templates" / "broken.html").write_text("<p>{{ headlin }}</p>")
    found = findings(project)
    assert {subject: finding.level for subject, finding in found.items()} == {
        "configuration": "ok",
        "database": "ok",
        "web": "fault",
        "alerts": "note",
        "feed gone": "fault",
        "feed empty": found["feed empty"].level,
        "relay": "note",
        f"relay 127.0.0.1:{relay.port}": "fault",
        "schedule weekly": "ok",
        "schedule broken": "ok",
        "newsletter weekly": "note",
        "newsletter broken": "fault",
        "templates": "ok",
    }
    assert all(finding.cure for finding in found.values() if finding.level == "fault")
    assert "broken.html:1" in found["newsletter broken"].text
    assert not (folder / "outbox").exists() or not [*(folder / "outbox").iterdir()]
    assert [*project.items.all()] == project.editions.all() == []


def test_examination_logs_in_and_counts_recipients(open_project, monkeypatch):
    monkeypatch.setenv("RELAY_PASSWORD", "hush")
    login = {"username": "news", "password_env": "RELAY_PASSWORD"}
    with ScriptedRelay(extensions=["AUTH PLAIN"]) as relay:
        project = open_project(smtp={"host": relay.host, "port": relay.port, "security": "none", **login})
        add_members(project, ["anna", "ben"])
        found = findings(project)
    assert found[f"relay 127.0.0.1:{relay.port}"].text == "answers, login accepted"
    assert found["newsletter weekly"].text == "2 recipients"
    assert "AUTH" in relay.commands
    assert "MAIL" not in relay.commands


def test_outbox_is_a_way_to_look_at_proofs(project, drafted, tmp_path):
    send_proofs(project, "weekly", ["me@example.org"], OutboxTransport(tmp_path / "box"), NOW)
    assert len([*(tmp_path / "box").glob("*.eml")]) == 3
