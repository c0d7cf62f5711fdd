"""Whoever asks to be forgotten leaves counts and a keyed hash behind, and nothing else."""

from __future__ import annotations

import base64
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, add_items, add_members, deliveries, dispatch, plan
from relays import USUAL, ScriptedRelay
from sqlalchemy import make_url, select

from newsletter.address import parse_address
from newsletter.errors import MemberError
from newsletter.members.types import Basis, MemberRow, MemberStatus, Served, Terms
from newsletter.store.schema import metadata
from newsletter.workflows.bounces import replay_bounces, take_mail
from newsletter.workflows.forget import forget_member, wipe_traces
from newsletter.workflows.held import everything_held
from newsletter.workflows.members import add_member, unsubscribe_member
from newsletter.workflows.verp import project_verp

ANNA = "annabel.quixote@example.org"
#: What no table and no file may hold any more; `heathfield` is a value of hers.
TRACES = ("annabel", "quixote", "heathfield")
HOUR = timedelta(hours=1)
TERMS = Terms((Served("weekly", frozenset({"governors"})),), Basis.MEMBERSHIP, "annabel.csv", NOW)


def row(email: str = ANNA) -> MemberRow:
    who = ("Annabel", "Quixote", frozenset({"governors"}), None, {"school": "Heathfield"})
    return MemberRow(2, parse_address(email), *who)


@pytest.fixture
def project(open_project, tables_url):
    """A project that was at it for a while: Annabel was refused, came back, left and is suppressed."""
    sender = {"from": "News <news@example.org>", "envelope_domain": "b.example.org"}
    project = open_project(sender=sender)
    if tables_url.startswith("sqlite"):
        project.database.close()
        project.database.__init__(f"{tables_url}?timeout=0.5")
    add_items(project, {"roof": "governors"})
    add_members(project, ["ben"])
    project.members.import_batches([[[row()]]], TERMS)
    edition = plan(project)
    refusal = f"550 5.7.1 {ANNA} is not for you\r\n".encode()
    with ScriptedRelay({"RCPT": lambda to: refusal if to == ANNA else USUAL}) as relay:
        dispatch(project, edition, relay)
    report = deliveries(project, edition)[ANNA.partition("@")[0]]
    assert ANNA in report.reply
    take_mail(project, hers(project), NOW)
    take_mail(project, unproven(), NOW)
    unsubscribe_member(project, ANNA, None, NOW + HOUR)
    return project


def hers(project, number: int = 1) -> bytes:
    """Mail about her delivery, to its signed sender."""
    with project.database.read() as connection:
        table = metadata.tables["deliveries"]
        keys = connection.scalars(select(table.c.id).order_by(table.c.id)).all()
    to = project_verp(project).sender(keys[1]).text
    return (
        f"From: MAILER-DAEMON@mx.example.net\nTo: <{to}>\nSubject: Undelivered: Annabel ({number})\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=XX\n\n"
        "--XX\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; {ANNA}\nAction: failed\nStatus: 5.1.1\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 no {ANNA}\n\n--XX--\n"
    ).encode()


def unproven() -> bytes:
    """A mail that speaks of her where nobody reads it off the surface."""
    words = base64.encodebytes(f"Dear all, {ANNA} has moved.\n".encode()).decode()
    return (
        "From: porter@example.net\nSubject: A note\nMIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{words}"
    ).encode()


def rows_of_every_table(project) -> str:
    with project.database.read() as connection:
        cells = [
            cell
            for table in metadata.sorted_tables
            for found in connection.execute(select(table))
            for cell in found
        ]
    return "\n".join(str(cell) for cell in cells).lower()


def files_of(project) -> list[Path]:
    file = Path(make_url(project.database.url).database)
    return [it for it in file.parent.glob(f"{file.name}*") if it.is_file()]


def test_forgotten_member_leaves_counts_and_a_hash(project):
    edition = project.editions.newest("weekly")
    before = project.editions.counts(edition)
    assert all(word in rows_of_every_table(project) for word in TRACES)
    erased = forget_member(project, ANNA.upper(), NOW + 2 * HOUR)
    assert (erased.members, erased.subscriptions, erased.attempts, erased.bounces) == (1, 1, 1, 2)
    kept = rows_of_every_table(project)
    assert [word for word in TRACES if word in kept] == []
    assert project.editions.counts(edition) == before
    assert [it.judgement.kind for it in project.bounces.all()] == ["hard", "unknown"]
    assert len(list(project.members.members(NOW, status=MemberStatus.FORGOTTEN))) == 1
    with pytest.raises(MemberError, match="nothing is known of"):
        forget_member(project, ANNA, NOW)


def test_no_list_brings_a_forgotten_member_back_and_by_hand_it_is_said(project):
    forget_member(project, ANNA, NOW + HOUR)
    summary = project.members.import_batches([[[row()], [row("cora@example.org")]]], TERMS)
    assert (summary.added, summary.left_out) == (1, {"forgotten": 1})
    assert project.members.find(ANNA, NOW) is None
    with pytest.raises(MemberError, match=r"was forgotten on 2026-11-26"):
        add_member(project, row(), TERMS)
    assert add_member(project, row(), TERMS, again=True).status is MemberStatus.ACTIVE
    assert project.tombstones.forgotten_at(ANNA) is None


def test_a_hundred_of_a_thousand_who_are_gone_stay_gone(project):
    rows = [[row(f"m{number}@example.org")] for number in range(1000)]
    project.members.import_batches([rows], TERMS)
    for number in range(40):
        unsubscribe_member(project, f"m{number}@example.org", None, NOW)
    for number in range(40, 90):
        project.members.suppress(f"m{number}@example.org", "bounced", "", NOW)
    for number in range(90, 100):
        forget_member(project, f"m{number}@example.org", NOW)
    summary = project.members.import_batches([rows], TERMS)
    assert summary.left_out == {"unsubscribed": 40, "bounced": 50, "forgotten": 10}
    assert (summary.added, summary.changed) == (0, 0)
    active = project.members.members(NOW, status=MemberStatus.ACTIVE)
    assert sum(it.email.startswith("m") for it in active) == 900


def test_mail_that_comes_back_later_is_counted_and_not_kept(project):
    forget_member(project, ANNA, NOW + HOUR)
    late = hers(project, number=2)
    take_mail(project, late, NOW + 2 * HOUR)
    assert project.bounces.find(late).judgement.kind == "hard"
    kept = rows_of_every_table(project)
    assert [word for word in TRACES if word in kept] == []
    assert replay_bounces(project, NOW + 2 * HOUR).taken == 0  # there is nothing left to judge


@pytest.mark.parametrize("tables_url", ["sqlite"], indirect=True)  # a server looks after its own files
def test_file_and_log_hold_nothing_of_the_forgotten(project):
    reader = sqlite3.connect(make_url(project.database.url).database)  # keeps the log from going away
    reader.execute("SELECT count(*) FROM members").fetchall()
    forget_member(project, ANNA, NOW + HOUR)
    assert wipe_traces(project, NOW + HOUR)
    held = {it.name: it.read_bytes().lower() for it in files_of(project)}
    assert {name for name, raw in held.items() for word in TRACES if word.encode() in raw} == set()
    reader.close()


@pytest.mark.parametrize("tables_url", ["sqlite"], indirect=True)  # a server looks after its own files
def test_traces_are_wiped_later_when_somebody_reads(project):
    reader = sqlite3.connect(make_url(project.database.url).database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM members").fetchall()
    forget_member(project, ANNA, NOW + HOUR)
    assert not wipe_traces(project, NOW + HOUR)
    reader.close()
    assert wipe_traces(project, NOW + HOUR)


def test_everything_held_about_a_member(project):
    held = everything_held(project, ANNA, NOW)
    assert (held["first_name"], held["attributes"]) == ("Annabel", {"school": "Heathfield"})
    [subscription] = held["subscriptions"]
    assert (subscription["source"], subscription["end_source"]) == ("annabel.csv", "member unsubscribe")
    [delivery] = held["deliveries"]
    assert delivery["items"][0]["title"] == "News of roof"
    assert ANNA in delivery["attempts"][0]["reply"]
    assert [it["kind"] for it in held["bounces"]] == ["hard", "unknown"]
    assert "Undelivered: Annabel" in held["bounces"][0]["mail"]
    assert ANNA in held["suppressions"][0]["detail"]
