"""Mail that asks to leave, as members' mail programs write it by our links."""

from __future__ import annotations

import mailbox
from datetime import timedelta
from email import message_from_bytes, policy
from urllib.parse import unquote

import pytest
from builders import NOW, add_items, add_members, dispatch, plan
from fixtures.pages import URL
from relays import ScriptedRelay

from newsletter.bounces.types import Kind, Proof
from newsletter.members.tokens import Purpose
from newsletter.members.types import EndReason
from newsletter.workflows.bounces import collect_bounces, replay_bounces, take_mail
from newsletter.workflows.keys import link_tokens
from newsletter.workflows.leave import leave_newsletter, take_back_leaving

ANNA = "Anna <anna@example.org>"


@pytest.fixture
def project(open_project):
    project = open_project(web={"url": URL}, bounces={"url": "maildir:box"})
    add_members(project, ("anna", "ben"))
    return project


def asks(subject: str, sender: str = ANNA, more: str = "") -> bytes:
    return f"From: {sender}\nTo: office@example.org\nSubject: {subject}\n{more}\nPlease.\n".encode()


def last_end(project, name: str = "anna"):
    member = project.members.find(f"{name}@example.org", NOW)
    return project.subscriptions.of(member.id)[-1].end_reason


def test_mail_by_the_link_of_a_mail_ends_what_it_names(project):
    add_items(project, {"roof": "governors"})
    with ScriptedRelay() as relay:
        dispatch(project, plan(project), relay)
    mail = message_from_bytes(relay.messages[0].content, policy=policy.default)
    _, mailto = mail["List-Unsubscribe"].split(", ")
    subject = unquote(mailto.partition("subject=")[2].rstrip(">"))
    box = mailbox.Maildir(project.config.folder / "box", create=True)
    box.add(asks(subject, "Somebody <else@example.net>"))
    summary = collect_bounces(project, NOW)
    assert (summary.kinds, summary.left) == ({Kind.LEAVE: 1}, ["weekly of else@example.net"])
    assert (last_end(project), last_end(project, "ben")) == (EndReason.UNSUBSCRIBED, None)
    [kept] = project.bounces.all()
    assert kept.judgement.proof is Proof.LINK


def test_link_of_nobody_we_know_is_kept_for_a_person(project):
    token = link_tokens(project).make(Purpose.LEAVE, "4711 weekly")
    box = mailbox.Maildir(project.config.folder / "box", create=True)
    box.add(asks(f"Unsubscribe from weekly ({token})", "Somebody <else@example.net>"))
    summary = collect_bounces(project, NOW)
    assert (summary.kinds, summary.left) == ({Kind.UNKNOWN: 1}, [])


@pytest.mark.parametrize(
    ("mail", "left"),
    [
        (asks("Unsubscribe from weekly"), True),
        (asks("Re: unsubscribe  from Weekly", "ANNA@example.org"), True),
        (asks("Unsubscribe from weekly (AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA)"), True),
        (asks("Unsubscribe from monthly"), False),
        (asks("Unsubscribe from weekly", "eve@example.org"), False),
        (asks("Unsubscribe from weekly", "nobody at all"), False),
        (asks("Unsubscribe from weekly and tell me why"), False),
        (asks("How do I unsubscribe from weekly?"), False),
        (asks("Unsubscribe from weekly", more="Auto-Submitted: auto-replied\n"), False),
    ],
)
def test_who_is_shown_to_ask_leaves_and_the_rest_is_kept(project, mail, left):
    take_mail(project, mail, NOW)
    assert (last_end(project) == EndReason.UNSUBSCRIBED) is left
    assert last_end(project, "ben") is None
    [kept] = project.bounces.all()
    assert (kept.judgement.kind is Kind.LEAVE, kept.judgement.proof) == (left, Proof.SENDER if left else None)


def test_mail_that_is_read_again_ends_nothing_that_began_since(project):
    mail = asks("Unsubscribe from weekly")
    assert take_mail(project, mail, NOW).left == ["weekly of anna@example.org"]
    anna = project.members.find("anna@example.org", NOW).id
    left = leave_newsletter(project, anna, "weekly", NOW)
    assert take_back_leaving(project, anna, "weekly", left, NOW + timedelta(minutes=1))
    assert take_mail(project, mail, NOW + timedelta(days=1)).left == []
    assert replay_bounces(project, NOW + timedelta(days=1)).left == []
    assert last_end(project) is None
