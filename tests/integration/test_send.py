"""From draft to relay: every member gets one message with what is for them, whatever the relay does."""

from __future__ import annotations

import gc
import sqlite3
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from builders import FRIDAY, NOW, add_items, add_members, deliveries, dispatch, plan, statuses, way_to
from projects import AUDIENCES, load, small_settings, write_plain_templates
from relays import (
    HANG_UP,
    HELD,
    USUAL,
    ScriptedRelay,
    closing,
    drop_after_final_dot,
    drop_after_mail,
    drop_in_content,
    hurry,
    refuses,
)
from sqlalchemy import update

from newsletter.delivery.inbox import Inbox
from newsletter.delivery.outbox import OutboxTransport
from newsletter.delivery.types import Attempt, DeliveryStatus, Reply, Scope, Verdict
from newsletter.editions.types import EditionStatus
from newsletter.errors import NotApproved, RelayRejected, StoreError, TransportError
from newsletter.store.deliveries import DeliveryStore
from newsletter.store.schema import deliveries as table
from newsletter.store.schema import members, relay_usage
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.project import Project
from newsletter.workflows.send import dispatch_edition
from newsletter.workflows.way import Way
from newsletter.workflows.ways import ways_out

ITEMS = {"roof": "governors", "pay": "leaders", "visit": "career-leads", "both": "governors+leaders"}
SETS = {
    "anna": "governors",
    "ben": "leaders",
    "cora": "career-leads",
    "dan": "governors+leaders",
    "eve": "governors+career-leads",
    "fay": "leaders+career-leads",
    "gus": "governors+leaders+career-leads",
    "hal": "governors",
}
SOME = ("anna", "ben", "cora")
WEEKLY = {"name": "weekly", "audiences": [*AUDIENCES]}


def read(content: bytes):
    return message_from_bytes(content, policy=policy.default)


def titles(message) -> list[str]:
    """Return the items of a message, which must be the same in both parts."""
    plain, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    found = [line[len("* News of ") :] for line in plain.splitlines() if line.startswith("* ")]
    assert [part.partition("</p>")[0] for part in html.split("News of ")[1:]] == found
    return found


@pytest.fixture
def planned(plan_for):
    """An edition of one item, planned for some governors."""
    return plan_for(*SOME)


@pytest.mark.parametrize("kind", ["smtp", "outbox"])
def test_each_member_gets_one_message_with_what_is_for_them(project, tmp_path, kind):
    add_items(project, ITEMS)
    add_members(project, SETS)
    edition = plan(project)
    folder = tmp_path / "arrived"
    if kind == "smtp":
        with Inbox(folder) as inbox:
            result = dispatch(project, edition, inbox, connections=3)
    else:
        result = dispatch_edition(project, edition, ways_out(project), NOW)
        folder = project.config.folder / "outbox"
    assert (result.sent_now, result.counts.sent, result.counts.planned, result.problem) == (8, 8, 8, None)
    assert result.edition.status is EditionStatus.SENT
    assert statuses(project, edition) == dict.fromkeys(SETS, "sent")
    arrived = [read(path.read_bytes()) for path in folder.glob("*.eml")]
    got = {message["To"].addresses[0].username: titles(message) for message in arrived}
    assert len(arrived) == len(SETS)
    assert got == {
        name: [item for item, theirs in ITEMS.items() if {*theirs.split("+")} & {*sets.split("+")}]
        for name, sets in SETS.items()
    }
    assert len({message["Message-ID"] for message in arrived}) == len(SETS)


def test_message_carries_what_mail_programs_ask_for(project, planned):
    with ScriptedRelay() as relay:
        dispatch(project, planned, relay)
    [first, *_] = relay.messages
    message = read(first.content)
    assert first.sender == "news@example.org"
    assert str(message["To"]) == "Anna <anna@example.org>"
    assert str(message["From"]) == "Heath News <news@example.org>"
    assert message["Reply-To"].addresses[0].addr_spec == "office@example.org"
    assert message["List-Unsubscribe"] == "<mailto:office@example.org?subject=Unsubscribe%20from%20weekly>"
    assert message["List-Id"] == "Weekly <weekly.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Precedence" not in message
    assert message["Message-ID"].startswith("<weekly.2026-11-27.")
    assert message["Message-ID"].endswith("@example.org>")
    assert "Dear Anna" in message.get_body(("plain",)).get_content()


def test_sending_again_sends_nothing(project, planned):
    with ScriptedRelay() as relay:
        for expected in (3, 0):
            edition = begin_sending(project, "weekly", NOW)
            assert dispatch(project, edition, relay).sent_now == expected
    assert sorted(relay.names) == ["anna", "ben", "cora"]
    assert edition.status is EditionStatus.SENT


def test_process_that_goes_on_after_sending_can_free_what_it_used(project, planned):
    with ScriptedRelay() as relay:
        dispatch(project, planned, relay)
    assert gc.get_freeze_count() == 0


def test_edition_whose_last_note_was_lost_is_finished(project, planned):
    with project.database.write() as connection:
        connection.execute(update(table).values(status="sent"))
    assert begin_sending(project, "weekly", NOW).status is EditionStatus.SENT


def test_refused_member_is_not_tried_again_and_the_others_get_theirs(project, planned):
    with ScriptedRelay({"RCPT": [USUAL, b"550 5.1.1 no such user\r\n", USUAL]}) as relay:
        result = dispatch(project, planned, relay)
        assert statuses(project, planned) == {"anna": "sent", "ben": "refused", "cora": "sent"}
        assert deliveries(project, planned)["ben"].reply == "550 5.1.1 no such user"
        assert result.edition.status is EditionStatus.SENT
        add_items(project, {"pay": "governors"})
        following = plan(project, FRIDAY + timedelta(days=7))
        dispatch(project, following, relay)
    assert statuses(project, following) == {"anna": "sent", "cora": "sent"}


def test_refusal_of_the_message_does_not_suppress_the_address(project, planned):
    script = {".": [b"554 5.7.1 looks like spam\r\n", b"550 5.2.2 mailbox full\r\n", USUAL]}
    with ScriptedRelay(script) as relay:
        dispatch(project, planned, relay)
    assert statuses(project, planned) == {"anna": "refused", "ben": "refused", "cora": "sent"}
    assert not any(project.members.is_suppressed(f"{name}@example.org") for name in SOME)


def test_full_mailbox_is_tried_later(project, planned):
    with ScriptedRelay({"RCPT": [b"452 4.2.2 mailbox full\r\n", USUAL]}) as relay:
        result = dispatch(project, planned, relay)
        assert statuses(project, planned) == {"anna": "deferred", "ben": "sent", "cora": "sent"}
        assert (result.edition.status, result.counts.open) == (EditionStatus.SENDING, 1)
        assert dispatch(project, planned, relay, now=datetime.now(UTC)).sent_now == 0
        assert dispatch(project, planned, relay, now=datetime.now(UTC) + timedelta(hours=1)).sent_now == 1
    assert statuses(project, planned) == dict.fromkeys(SOME, "sent")
    assert relay.names == ["ben", "cora", "anna"]


def test_relay_that_is_down_loses_nothing(project, planned):
    with ScriptedRelay() as relay:
        pass
    result = dispatch(project, planned, relay)
    assert isinstance(result.problem, TransportError)
    assert result.problem.hint
    assert statuses(project, planned) == dict.fromkeys(SOME, "pending")
    with ScriptedRelay() as relay:
        assert dispatch(project, planned, relay).sent_now == 3


def test_login_that_is_refused_loses_nothing(project, planned):
    script = refuses("AUTH", "535 5.7.8 who are you")
    with ScriptedRelay(script, extensions=["AUTH PLAIN"]) as relay:
        result = dispatch(project, planned, relay, username="news", password="hush")
    assert isinstance(result.problem, RelayRejected)
    assert "hush" not in f"{result.problem}{result.problem.hint}"
    assert statuses(project, planned) == dict.fromkeys(SOME, "pending")


def test_refusal_of_us_stops_the_run_and_marks_nobody(project, planned):
    for stage, reply in {"MAIL": "550 5.7.1 sender not allowed", "RCPT": "530 5.7.0 log in first"}.items():
        with ScriptedRelay(refuses(stage, reply)) as relay:
            result = dispatch(project, begin_sending(project, "weekly", NOW), relay)
        assert reply in str(result.problem)
        assert result.edition.status is EditionStatus.PAUSED
        assert {row.attempts for row in deliveries(project, planned).values()} == {0}
        assert statuses(project, planned) == dict.fromkeys(SOME, "pending")
        assert relay.commands.count("MAIL") == 1


def test_lost_answer_becomes_unknown_and_the_others_go_on(project, planned):
    with ScriptedRelay({".": [HANG_UP, USUAL]}) as relay:
        result = dispatch(project, planned, relay)
        assert statuses(project, planned) == {"anna": "unknown", "ben": "sent", "cora": "sent"}
        assert (result.problem, result.edition.status) == (None, EditionStatus.SENT)
        dispatch(project, begin_sending(project, "weekly", NOW), relay)
    assert relay.names == ["anna", "ben", "cora"]


def test_lost_answer_is_sent_once_more_where_that_is_the_rule(open_project):
    project = open_project(newsletters=[{**WEEKLY, "on_unknown": "resend"}])
    add_items(project, {"roof": "governors"})
    add_members(project, SOME)
    with ScriptedRelay({".": [HANG_UP, USUAL, HANG_UP, USUAL]}) as relay:
        result = dispatch(project, plan(project), relay)
    assert Counter(relay.names) == {"anna": 2, "ben": 1, "cora": 2}
    assert result.counts.sent == 3
    identities = {message.name: set() for message in relay.messages}
    for message in relay.messages:
        identities[message.name].add(read(message.content)["Message-ID"])
    assert {len(identity) for identity in identities.values()} == {1}


def test_answer_that_is_lost_twice_stays_unknown(open_project):
    project = open_project(newsletters=[{**WEEKLY, "on_unknown": "resend"}])
    add_items(project, {"roof": "governors"})
    add_members(project, ["anna"])
    edition = plan(project)
    with ScriptedRelay(drop_after_final_dot()) as relay:
        dispatch(project, edition, relay)
        dispatch(project, edition, relay)
    assert statuses(project, edition) == {"anna": "unknown"}
    assert relay.names == ["anna", "anna"]


def test_relay_that_swallows_every_answer_is_left_alone(project):
    add_items(project, {"roof": "governors"})
    add_members(project, [f"m{number}" for number in range(12)])
    edition = plan(project)
    with ScriptedRelay(drop_after_final_dot()) as relay:
        result = dispatch(project, edition, relay)
    assert isinstance(result.problem, TransportError)
    assert len(relay.messages) == result.counts.unknown == 5
    assert (result.counts.pending, result.edition.status) == (7, EditionStatus.PAUSED)


@pytest.mark.parametrize(
    "script",
    [drop_after_mail(), drop_in_content(), closing("RCPT"), closing(".")],
    ids=["MAIL", "BODY", "421", "dot"],
)
def test_link_that_breaks_before_the_answer_is_replaced(planned, project, script, hurried):
    once = {verb: [answer, USUAL] for verb, answer in script.items()}
    with ScriptedRelay(once) as relay:
        result = dispatch(project, planned, relay)
    # In the middle of the content it was already in our books as on its way, so nobody knows.
    lost = script == drop_in_content()
    assert statuses(project, planned) == {
        "anna": "unknown" if lost else "sent",
        "ben": "sent",
        "cora": "sent",
    }
    assert (result.problem, relay.connections) == (None, 2)


def test_address_that_no_command_can_hold_is_its_own_refusal(project, planned):
    with project.database.write() as connection:
        connection.execute(
            update(members).where(members.c.email == "ben@example.org").values(email="b en@x.org")
        )
    with ScriptedRelay() as relay:
        dispatch(project, planned, relay)
    assert statuses(project, planned) == {"anna": "sent", "b en": "refused", "cora": "sent"}
    assert "cannot stand in an SMTP command" in deliveries(project, planned)["b en"].reply


def test_relay_takes_no_more_than_its_daily_limit(open_project):
    with ScriptedRelay() as relay:
        smtp = {"host": relay.host, "port": relay.port, "security": "none", "connections": 2}
        project = open_project(smtp={**smtp, "daily_limit": 2})
        add_items(project, {"roof": "governors"})
        add_members(project, SOME)
        edition = plan(project)
        for sent, exhausted in [(2, {f"127.0.0.1:{relay.port}"}), (0, {f"127.0.0.1:{relay.port}"})]:
            result = dispatch_edition(project, edition, ways_out(project), NOW)
            assert (result.sent_now, result.exhausted, result.counts.pending) == (sent, exhausted, 1)
        with project.database.write() as connection:  # a day and an hour go by
            connection.execute(update(relay_usage).values(hour=relay_usage.c.hour - 25))
        result = dispatch_edition(project, edition, ways_out(project), NOW)
        assert (result.sent_now, result.exhausted) == (1, frozenset())
        # Exactly as many as it may take is no reason to come back tomorrow.
        add_items(project, {"pay": "governors"})
        following = plan(project, FRIDAY + timedelta(days=7))
        project = open_project(smtp={**smtp, "daily_limit": 4})
        result = dispatch_edition(project, following, ways_out(project), NOW)
        assert (result.sent_now, result.exhausted) == (3, frozenset())


def test_two_relays_share_the_work(project):
    add_items(project, {"roof": "governors"})
    names = [f"m{number}" for number in range(40)]
    add_members(project, names)
    with ScriptedRelay() as one, ScriptedRelay() as other:
        dispatch(project, plan(project), one, other, connections=2)
    assert sorted(one.names + other.names) == sorted(names)
    assert one.names
    assert other.names


def test_relay_that_is_down_beside_one_that_works_is_named_while_sending(project, planned):
    with ScriptedRelay() as gone:
        pass
    told = []

    def tell(progress):
        if progress.slowed:
            told.extend(progress.slowed)
            relay.released.set()

    with ScriptedRelay({".": [HELD]}) as relay:
        dispatch_edition(project, planned, [way_to(gone), way_to(relay)], NOW, tell)
    assert statuses(project, planned) == dict.fromkeys(SOME, "sent")
    assert {text for text in told if "connection refused" in text and text.startswith("without relay.test")}


class SlowTransport(OutboxTransport):
    """A way out that lets something happen between a relay's yes to an envelope and the content."""

    def __init__(self, folder, meanwhile) -> None:
        super().__init__(folder)
        self._meanwhile = meanwhile

    async def connect(self):
        link = await super().connect()
        offer = link.offer

        async def slow_offer(envelope):
            answer = await offer(envelope)
            self._meanwhile()
            return answer

        link.offer = slow_offer
        return link


def test_what_another_worker_took_over_is_not_sent(project, planned, tmp_path):
    other = DeliveryStore(project.database, "other")
    sent = Verdict(Scope.RECIPIENT, DeliveryStatus.SENT)

    def take_over():
        with project.database.write() as connection:
            connection.execute(update(table).values(lease_until=0).where(table.c.worker != "other"))
        claims = other.claim(planned, 10, NOW)
        assert other.note([], claims) == {claim.delivery for claim in claims}
        other.note([Attempt(claim, sent, Reply(250, "ok"), "other.test", NOW, NOW) for claim in claims], [])

    way = Way(SlowTransport(tmp_path / "box", take_over), 1)
    assert dispatch_edition(project, planned, [way], NOW).sent_now == 0
    assert [*(tmp_path / "box").iterdir()] == []
    assert statuses(project, planned) == dict.fromkeys(SOME, "sent")


def test_what_cannot_be_noted_is_not_sent(tmp_path, monkeypatch):
    monkeypatch.setattr("newsletter.workflows.ledger._PATIENCE_S", 0.2)
    write_plain_templates(tmp_path)
    file = tmp_path / "short.db"
    config = load(tmp_path, small_settings(database={"url": f"sqlite:///{file}?timeout=0.05"}))
    names = [f"m{number}" for number in range(8)]
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)

    class Locker(ScriptedRelay):
        """Holds the database from the third message on, whose answer cannot be noted then."""

        def take(self, message):
            super().take(message)
            if len(self.messages) == 3:
                other.execute("BEGIN IMMEDIATE")

    with Project(config) as project, Locker() as relay:
        add_items(project, {"roof": "governors"})
        add_members(project, names)
        edition = plan(project)
        with pytest.raises(StoreError, match="locked"):
            dispatch(project, edition, relay)
        assert len(relay.messages) == 3
        other.close()
        with project.database.write() as connection:  # a minute later
            connection.execute(update(table).values(lease_until=0).where(table.c.lease_until.is_not(None)))
        result = dispatch(project, edition, relay)
    assert sorted(relay.names) == sorted(names)
    assert (result.counts.sent, result.counts.unknown) == (7, 1)


class BreakingTransport(OutboxTransport):
    """A way out whose link breaks whenever one recipient is offered."""

    async def connect(self):
        link = await super().connect()
        offer = link.offer

        async def breaking_offer(envelope):
            if envelope.recipient.text.startswith("ben@"):
                raise TransportError("the link broke")
            return await offer(envelope)

        link.offer = breaking_offer
        return link


@pytest.fixture
def hurried(monkeypatch):
    """Pauses too short to wait for, and two claims at a time."""
    hurry(monkeypatch)
    monkeypatch.setattr("newsletter.workflows.run._BATCH", 2)


def test_recipient_at_whom_links_break_is_put_off_when_others_go_through(project, tmp_path, hurried):
    add_members(project, ["anna", "ben", *(f"m{number}" for number in range(6))])
    add_items(project, {"roof": "governors"})
    edition = plan(project)
    result = dispatch_edition(project, edition, [Way(BreakingTransport(tmp_path / "box"), 1)], NOW)
    assert result.problem is None
    told = statuses(project, edition)
    assert told.pop("ben") == "deferred"
    assert set(told.values()) == {"sent"}


def test_link_that_breaks_for_everybody_ends_the_run(project, tmp_path, hurried):
    add_members(project, ["ben"])
    add_items(project, {"roof": "governors"})
    edition = plan(project)
    result = dispatch_edition(project, edition, [Way(BreakingTransport(tmp_path / "box"), 2)], NOW)
    assert "the link broke" in str(result.problem)
    assert statuses(project, edition) == {"ben": "pending"}


def test_what_is_being_sent_keeps_the_sender_that_was_approved(open_project):
    project = open_project()
    add_members(project, ["anna"])
    add_items(project, {"roof": "governors"})
    plan(project)
    changed = open_project(sender={"from": "Somebody else <else@example.org>"})
    with pytest.raises(NotApproved, match="sender or newsletter changed"):
        begin_sending(changed, "weekly", NOW)
    assert begin_sending(project, "weekly", NOW).status is EditionStatus.SENDING


def test_outcome_waits_for_a_database_that_somebody_else_holds(tmp_path):
    write_plain_templates(tmp_path)
    file = tmp_path / "newsletter.db"
    config = load(tmp_path, small_settings(database={"url": f"sqlite:///{file}"}))
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    holding = []

    def hold():
        if not holding:
            other.execute("BEGIN IMMEDIATE")
            holding.append(threading.Timer(0.3, other.execute, ["COMMIT"]))
            holding[0].start()

    with Project(config) as project:
        add_items(project, {"roof": "governors"})
        add_members(project, ["anna", "ben"])
        edition = plan(project)
        result = dispatch_edition(project, edition, [Way(SlowTransport(tmp_path / "box", hold), 1)], NOW)
    holding[0].join()
    other.close()
    assert (result.counts.sent, result.problem) == (2, None)
