"""Bounces: our mail goes out, comes back through a mailbox, and the member is suppressed, or is not."""

from __future__ import annotations

import mailbox
import re
from datetime import timedelta

import pytest
from bounce_mails import QUIET
from builders import FRIDAY, NOW, add_items, add_members, dispatch, plan
from relays import ScriptedRelay
from sqlalchemy import select

from newsletter.bounces.types import Kind
from newsletter.errors import MailboxError
from newsletter.members.types import EndReason, MemberStatus
from newsletter.store.schema import deliveries, members
from newsletter.workflows.bounces import collect_bounces, replay_bounces, take_mail
from newsletter.workflows.members import unsuppress_member
from newsletter.workflows.verp import project_verp

ANNA = "anna@example.org"
NOBODY, FULL = "550 5.1.1 User unknown", "552 5.2.2 Mailbox full"
DAY = timedelta(days=1)
VERP = {"from": "Heath News <news@example.org>", "envelope_domain": "Bounces.example.org"}


@pytest.fixture
def project(open_project):
    """A project with a bounce box and signed senders, and an edition planned for anna and ben."""
    project = open_project(sender=VERP, bounces={"url": "maildir:box", "soft_limit": 2})
    add_items(project, {"roof": "governors"})
    add_members(project, ("anna", "ben"))
    plan(project)
    mailbox.Maildir(project.config.folder / "box", create=True).close()
    return project


def dsn(
    to: str, said: str = NOBODY, recipient: str = ANNA, action: str = "failed", quoted: str = ""
) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example.net\nTo: <{to}>\nSubject: Undelivered Mail Returned to Sender\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=XX\n\n"
        "--XX\n\nCould not be delivered.\n\n--XX\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; {recipient}\nAction: {action}\n"
        f"Status: {said.split()[1]}\nDiagnostic-Code: smtp; {said}\n\n"
        f"--XX\nContent-Type: message/rfc822\n\n{quoted}From: news@example.org\n\n--XX--\n"
    ).encode()


def delivery_of(project, name="anna") -> int:
    mine = select(deliveries.c.id).join(members).where(members.c.email == f"{name}@example.org")
    with project.database.read() as connection:
        return connection.scalars(mine.order_by(deliveries.c.id.desc())).first()


def verp_of(project, name="anna") -> str:
    return project_verp(project).sender(delivery_of(project, name)).text


def suppressed(project) -> set[str]:
    return {it.email.partition("@")[0] for it in project.members.members(NOW, status=MemberStatus.SUPPRESSED)}


def sent_mail(project) -> dict[str, object]:
    with ScriptedRelay() as relay:
        dispatch(project, project.editions.newest("weekly"), relay)
    return {it.name: it for it in relay.messages}


def test_bounce_to_the_signed_sender_of_our_mail_suppresses_its_member(project):
    mail = sent_mail(project)["anna"]
    assert mail.sender == verp_of(project)
    box = mailbox.Maildir(project.config.folder / "box")
    box.add(dsn(mail.sender))
    summary = collect_bounces(project, NOW)
    assert (summary.suppressed, dict(summary.kinds)) == ([ANNA], {Kind.HARD: 1})
    assert suppressed(project) == {"anna"}
    assert collect_bounces(project, NOW).taken == 0
    assert len(box) == 1  # it is still there


def test_message_id_counts_for_its_own_recipient_only(project):
    mail = sent_mail(project)["anna"]
    quoted = re.search(rb"(?i)^Message-ID: .*$", mail.content, re.MULTILINE)[0].decode().strip() + "\n"
    take_mail(project, dsn("news@example.org", recipient="ben@example.org", quoted=quoted), NOW)
    assert suppressed(project) == set()
    take_mail(project, dsn("news@example.org", quoted=quoted), NOW)
    assert suppressed(project) == {"anna"}


def test_forged_bounces_suppress_nobody(project):
    key = project_verp(project).sender(delivery_of(project)).text
    local, domain = key.split("@")
    for number in range(200):
        changed = f"{local[:-1]}{'abcdefgh'[number % 8] if local[-1] not in 'abcdefgh' else 'z'}"
        forged = [
            f"{changed}@{domain}",
            f"b-1-{number:x}-{'a' * 16}@{domain}",
            f"b-9-{local[4:]}@{domain}",
            ANNA,
        ]
        quoted = f"Message-ID: <weekly.2026-03-06.{number}.{'0' * 20}@example.org>\n"
        summary = take_mail(project, dsn(forged[number % 4], quoted=quoted + f"X: {number}\n"), NOW)
        assert summary.unproven == 1
    assert suppressed(project) == set()


def test_quiet_mail_to_a_signed_sender_suppresses_nobody(project):
    for number, (_, _, mail) in enumerate(QUIET):
        take_mail(
            project, mail.replace("b-1-a1-abcdefghijklmnop", verp_of(project).split("@")[0]).encode(), NOW
        )
        take_mail(
            project,
            dsn(verp_of(project), "450 4.4.1 timed out", action="delayed", quoted=f"X: {number}\n"),
            NOW,
        )
    assert suppressed(project) == set()
    assert {it.judgement.kind for it in project.bounces.all()} == {Kind.REPLY, Kind.UNKNOWN, Kind.NOTICE}


def test_complaint_suppresses_and_unsubscribes_even_when_redacted(project):
    mail = (
        "From: fbl@provider.example\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\n\n'
        "--B\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: abuse\nOriginal-Mail-From: <{verp_of(project)}>\n\n"
        "--B\nContent-Type: message/rfc822\n\nTo: [redacted]\nSubject: News\n\nNews\n--B--\n"
    )
    take_mail(project, mail.encode(), NOW)
    assert suppressed(project) == {"anna"}
    [subscription] = project.subscriptions.of(project.members.find(ANNA, NOW).id)
    assert subscription.end_reason == EndReason.COMPLAINT


def test_soft_bounces_count_by_edition(project):
    take_mail(project, dsn(verp_of(project), FULL), NOW)
    take_mail(project, dsn(verp_of(project), FULL + " still"), NOW + DAY)
    assert suppressed(project) == set()
    add_items(project, {"floor": "governors"})
    plan(project, FRIDAY + 7 * DAY, now=NOW + 7 * DAY)
    take_mail(project, dsn(verp_of(project), FULL), NOW + 8 * DAY)
    assert suppressed(project) == {"anna"}


def test_replay_undoes_what_new_rules_judge_otherwise(project, monkeypatch):
    monkeypatch.setattr("newsletter.workflows.bounces.judge_failure", lambda _: Kind.HARD)
    take_mail(project, dsn(verp_of(project), FULL), NOW)
    assert suppressed(project) == {"anna"}
    monkeypatch.undo()
    summary = replay_bounces(project, NOW + DAY)
    assert (summary.changed, summary.lifted, suppressed(project)) == (1, [ANNA], set())
    assert replay_bounces(project, NOW + DAY).changed == 0


def test_word_of_a_person_stands_against_old_bounces(project):
    take_mail(project, dsn(verp_of(project)), NOW)
    unsuppress_member(project, ANNA, "Cora", "it works again", NOW + DAY)
    replay_bounces(project, NOW + 2 * DAY)
    assert suppressed(project) == set()


def test_mail_that_was_kept_and_not_acted_on_is_acted_on_the_next_time(project, monkeypatch):
    mailbox.Maildir(project.config.folder / "box").add(dsn(verp_of(project)))
    monkeypatch.setattr("newsletter.workflows.bounces._settle", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        collect_bounces(project, NOW)
    monkeypatch.undo()
    collect_bounces(project, NOW)
    assert suppressed(project) == {"anna"}


@pytest.mark.parametrize(
    "url",
    [
        "maildir:nowhere",
        "mbox:nowhere",
        "imap://me@127.0.0.1:1",
        "pop://me@127.0.0.1:1",
        "imap://me@mx.example",
    ],
)
def test_box_that_cannot_be_read_is_told(open_project, url, monkeypatch):
    monkeypatch.setenv("BOX", "secret")
    project = open_project(bounces={"url": url, "password_env": "BOX"})
    with pytest.raises(MailboxError, match=re.escape(url)):
        collect_bounces(project, NOW)


def test_mbox_is_read_again_only_when_it_has_changed(open_project):
    project = open_project(bounces={"url": "mbox:box"})
    box = mailbox.mbox(project.config.folder / "box")
    box.add(dsn("x@example.org"))
    box.flush()
    assert [collect_bounces(project, NOW).taken for _ in range(2)] == [1, 0]
    box.add(dsn("y@example.org"))
    box.close()
    assert [collect_bounces(project, NOW).taken for _ in range(2)] == [1, 0]
