"""Faults at the relay's side: a test for each, which says what becomes of every member.

Parameters and docstrings name the fault by its letter and number in the table of faults that the engine is
built against: S4 is an answer that was lost, S8 a refusal of us rather than of a member, and so on.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes, policy
from types import MappingProxyType
from typing import NamedTuple

import pytest
import trustme
from builders import FRIDAY, NOW, add_items, add_members, approve, plan, way_to
from campaigns import SOME, Campaign, Shelf, many
from ports import closed_port
from projects import AUDIENCES
from relays import (
    EXTENSIONS,
    HANG_UP,
    THEN_HANG_UP,
    USUAL,
    Script,
    ScriptedRelay,
    Sink,
    closing,
    drop_after_connect,
    drop_after_ehlo,
    drop_after_final_dot,
    drop_after_mail,
    drop_in_content,
    half_a_reply,
    huge_reply,
    hurry,
    never_answers,
    refuses,
)
from sqlalchemy import insert, update

from newsletter.delivery.outbox import OutboxTransport
from newsletter.delivery.pace import Limits
from newsletter.delivery.smtp import SmtpTransport
from newsletter.delivery.smtp.protocol import RelayProtocol
from newsletter.delivery.types import RelaySettings, Timeouts
from newsletter.editions.types import EditionStatus
from newsletter.errors import EditionError, MissingField, RelayRejected, RenderError, TransportError
from newsletter.members.types import Basis, Served, Terms
from newsletter.store.relays import RelayStore
from newsletter.store.schema import deliveries as table
from newsletter.store.schema import editions, member_fields, members, relays
from newsletter.workflows.control import resume_edition
from newsletter.workflows.draft import draft_edition
from newsletter.workflows.members import import_members
from newsletter.workflows.plan import begin_sending
from newsletter.workflows.send import dispatch_edition
from newsletter.workflows.throttle import Throttle
from newsletter.workflows.way import Way

LATER = dt.timedelta(hours=1)
#: For handshakes that have to end in a time-out; where one may not, a busy machine would fail the test.
HASTY = Timeouts(connect_s=0.3, command_s=0.3)


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    hurry(monkeypatch)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, tables_file):
    with Shelf(tmp_path_factory.mktemp("shelf"), tables_file) as shelf:
        yield shelf


@pytest.fixture
def campaign(shelf):
    """Give the edition to members of these names, by default SOME, with all deliveries pending."""
    return shelf.campaign


@pytest.fixture
def own_campaign(shelf, tmp_path):
    """The same of which nobody else has the project, so that it may be changed."""
    return shelf.copy(tmp_path / "project")


def all_sent(**but: str) -> dict[str, str]:
    return {**dict.fromkeys(SOME, "sent"), **but}


PENDING = dict.fromkeys(SOME, "pending")


def at_second(script):
    """Return a script whose fault is met once, by the second that comes to it, with all others in order."""
    return {verb: [USUAL, answer, USUAL] for verb, answer in script.items()}


def read(message):
    return message_from_bytes(message.content, policy=policy.default)


# --- one fault in the midst of a batch, and a relay that is in order when the sending goes on


class Fault(NamedTuple):
    """A script, what becomes of each member, and what is said if it ended the run."""

    script: Script
    ends: dict[str, str]
    problem: str = ""
    timeouts: Timeouts = Timeouts()
    pauses: bool = False
    login: bool = False


SAID_HALF = half_a_reply("RCPT")
FAULTS = {
    "drop after connect": Fault(drop_after_connect(), PENDING, "connection was lost"),
    "drop after EHLO": Fault(drop_after_ehlo(), PENDING, "connection was lost"),
    "drop after MAIL": Fault(at_second(drop_after_mail()), all_sent()),
    "drop after RCPT": Fault(at_second({"RCPT": HANG_UP}), all_sent()),
    "drop after DATA": Fault(at_second({"DATA": HANG_UP}), all_sent()),
    "drop in DATA, all of it on its way": Fault(at_second(drop_in_content()), all_sent(ben="unknown")),
    "drop after the final dot": Fault(at_second(drop_after_final_dot()), all_sent(ben="unknown")),
    "no greeting": Fault(never_answers("CONNECT"), PENDING, "no answer in time", HASTY),
    "no answer to EHLO": Fault(never_answers("EHLO"), PENDING, "no answer in time", HASTY),
    "no answer to MAIL": Fault(at_second(never_answers("MAIL")), all_sent()),
    "no answer to RCPT": Fault(at_second(never_answers("RCPT")), all_sent()),
    "no answer to DATA": Fault(at_second(never_answers("DATA")), all_sent()),
    "no answer to the content": Fault(at_second(never_answers(".")), all_sent(ben="unknown")),
    "half a reply to RCPT": Fault(at_second(half_a_reply("RCPT")), all_sent()),
    "half a reply to the content": Fault(at_second(half_a_reply(".")), all_sent(ben="unknown")),
    "10 MB reply to EHLO": Fault(huge_reply("EHLO"), PENDING, "does not speak SMTP"),
    "10 MB reply to RCPT": Fault(at_second(huge_reply("RCPT")), all_sent()),
    "10 MB reply to the content": Fault(at_second(huge_reply(".")), all_sent(ben="unknown")),
    "S5 421 to MAIL": Fault(at_second(closing("MAIL")), all_sent()),
    "S5 421 to RCPT": Fault(at_second(closing("RCPT")), all_sent()),
    "S5 421 to DATA": Fault(at_second(closing("DATA")), all_sent()),
    "S5 421 to the content": Fault(at_second(closing(".")), all_sent()),
    "S5 421 before the content ended": Fault(at_second(closing("BODY")), all_sent()),
    "4xx to MAIL, then fine": Fault(at_second(refuses("MAIL", "451 4.3.0 not now")), all_sent()),
    "S6 4xx to RCPT, then fine": Fault(
        at_second(refuses("RCPT", "452 4.2.2 mailbox full")), all_sent(ben="deferred")
    ),
    "S6 4xx to the content, then fine": Fault(
        at_second(refuses(".", "451 4.3.0 try later")), all_sent(ben="deferred")
    ),
    "S7 5xx for one recipient in a pipeline": Fault(
        at_second(refuses("RCPT", "550 5.1.1 no such user")), all_sent(ben="refused")
    ),
    "S7 5xx to the content": Fault(at_second(refuses(".", "554 5.7.1 spam")), all_sent(ben="refused")),
    "354 refused though RCPT was accepted": Fault(
        at_second(refuses("DATA", "554 5.5.1 no valid recipients")), all_sent(ben="refused")
    ),
    "354 though RCPT was refused": Fault(
        {"RCPT": [USUAL, b"550 5.1.1 no\r\n", USUAL], "DATA": b"354 go on\r\n"}, all_sent(ben="refused")
    ),
    "S8 5xx to MAIL": Fault(
        at_second(refuses("MAIL", "553 5.7.1 not your address")),
        {**PENDING, "anna": "sent"},
        "553 5.7.1 not your address",
        pauses=True,
    ),
    "S8 AUTH refused": Fault(
        refuses("AUTH", "535 5.7.8 wrong password"), PENDING, "535 5.7.8 wrong", pauses=True, login=True
    ),
    "AUTH not possible just now": Fault(
        refuses("AUTH", "454 4.7.0 the directory does not answer"), PENDING, "454 4.7.0", login=True
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_members_after_one_fault_and_after_going_on(campaign, fault):
    edition = campaign()
    login = {"username": "news", "password": "correct horse"} if fault.login else {}
    extensions = (*EXTENSIONS, "AUTH PLAIN")
    with ScriptedRelay(fault.script, extensions=extensions) as relay:
        result = edition.send(relay, timeouts=fault.timeouts, **login)
    assert edition.ends == fault.ends
    assert fault.problem in str(result.problem or "")
    assert bool(result.problem) == bool(fault.problem)
    assert (result.edition.status is EditionStatus.PAUSED) == fault.pauses
    assert not {report.attempts for report in edition.reports.values() if report.status == "pending"} - {0}
    with ScriptedRelay(extensions=extensions) as better:
        assert edition.send(better, now=dt.datetime.now(dt.UTC) + LATER, **login).problem is None
    settled = {name: end for name, end in fault.ends.items() if end in {"unknown", "refused"}}
    assert edition.ends == all_sent(**settled)
    taken = [message.name for message in relay.messages if message.answer.startswith(b"250 2")]
    in_doubt = {name for name, end in settled.items() if end == "unknown"}
    assert sorted([*{*taken} - in_doubt, *better.names]) == sorted({*SOME} - {*settled})


# --- S4: the answer is lost


def test_lost_answers_stop_the_run_after_five(campaign):
    """S4"""
    edition = campaign(*many(500))
    with Sink("-q", ".") as sink:
        result = edition.send(sink, connections=4)
    unknown = edition.tally["unknown"]
    assert 5 <= unknown <= 5 + 4
    assert edition.tally == {"unknown": unknown, "pending": 500 - unknown}
    assert sink.names == sorted(name for name, end in edition.ends.items() if end == "unknown")
    assert result.edition.status is EditionStatus.PAUSED
    assert "relay's log" in result.problem.hint
    with Sink() as better:
        edition.send(better, connections=4)
    assert edition.tally == {"unknown": unknown, "sent": 500 - unknown}
    assert sorted(sink.names + better.names) == sorted(many(500))


def test_lost_answers_without_the_stop_are_unknown_each(campaign, monkeypatch):
    """S4 with the stop switched off."""
    monkeypatch.setattr("newsletter.workflows.course._LOST_ANSWERS", 501)
    edition = campaign(*many(500))
    with Sink("-q", ".") as sink:
        edition.send(sink, connections=4)
    assert edition.tally == {"unknown": 500}
    assert sink.names == sorted(many(500))


# --- S5: the relay goes away in the midst of a batch


def test_relay_that_closes_at_every_recipient_keeps_the_rest_pending(campaign):
    """S5"""
    edition = campaign(*many(100))
    with Sink("-Q", "RCPT") as sink:
        result = edition.send(sink, connections=2)
    assert sink.names == []
    assert edition.tally["pending"] + edition.tally["deferred"] == 100
    assert {report.attempts for report in edition.reports.values() if report.status == "pending"} == {0}
    assert result.edition.status is EditionStatus.SENDING
    with Sink() as better:
        edition.send(better, connections=2, now=dt.datetime.now(dt.UTC) + LATER)
    assert edition.tally == {"sent": 100}
    assert better.names == sorted(many(100))


def test_relay_that_dies_leaves_what_was_open_in_doubt_and_the_rest_pending(campaign):
    """S5"""
    edition = campaign(*many(100))
    with Sink("-M", "37") as sink:
        result = edition.send(sink, connections=2)
    assert isinstance(result.problem, TransportError)
    tally = edition.tally
    assert 1 <= tally["unknown"] <= 2
    assert tally == {"sent": tally["sent"], "unknown": tally["unknown"], "pending": tally["pending"]}
    assert {name for name, end in edition.ends.items() if end == "sent"} <= {*sink.names}
    with Sink(port=sink.port) as better:
        edition.send(better, connections=2)
    assert edition.tally == {"sent": 100 - tally["unknown"], "unknown": tally["unknown"]}
    assert set(Counter(sink.names + better.names).values()) == {1}


# --- S6, S7: refusals of recipients


def test_full_mailboxes_wait_and_the_others_get_theirs(campaign):
    """S6"""
    names = many(50)
    full = {*names[::10]}
    edition = campaign(*names)

    def mailbox(address):
        return b"452 4.2.2 mailbox full\r\n" if address.partition("@")[0] in full else USUAL

    began = dt.datetime.now(dt.UTC)
    with ScriptedRelay({"RCPT": mailbox}) as relay:
        edition.send(relay, connections=3)
    assert edition.ends == {name: "deferred" if name in full else "sent" for name in names}
    reports = [edition.reports[name] for name in full]
    assert all(report.retry_at >= began + dt.timedelta(minutes=5) for report in reports)
    assert {report.reply for report in reports} == {"452 4.2.2 mailbox full"}
    assert edition.suppressed == set()


@pytest.mark.parametrize(
    ("options", "reply"),
    [
        (["-r", "RCPT"], "450 4.3.0 Error: command failed"),
        (["-r", "."], "450 4.3.0 Error: command failed"),
    ],
)
def test_relay_that_puts_everybody_off(campaign, options, reply):
    """S6"""
    edition = campaign(*many(100))
    with Sink(*options) as sink:
        result = edition.send(sink, connections=2)
    assert edition.tally == {"deferred": 100}
    assert {report.reply for report in edition.reports.values()} == {reply}
    assert {report.attempts for report in edition.reports.values()} == {1}
    assert result.edition.status is EditionStatus.SENDING
    with Sink() as better:
        edition.send(better, connections=2, now=dt.datetime.now(dt.UTC) + LATER)
    assert edition.tally == {"sent": 100}
    assert better.names == sorted(many(100))


def test_refused_members_are_tried_once_and_told_in_the_relays_words(campaign):
    """S7"""
    replies = {
        "ben": b"550 5.1.1 <ben@example.org>: no such user here\r\n",
        "cora": b"550 5.2.2 mailbox full\r\n",
        "dan": b"550-5.7.1 our policy\r\n550 5.7.1 says no\r\n",
    }
    edition = campaign()
    with ScriptedRelay({"RCPT": lambda address: replies.get(address.partition("@")[0], USUAL)}) as relay:
        edition.send(relay)
        edition.send(relay, now=NOW + LATER)
    assert edition.ends == {"anna": "sent", "ben": "refused", "cora": "refused", "dan": "refused"}
    assert {name: report.reply for name, report in edition.reports.items() if name in replies} == {
        "ben": "550 5.1.1 <ben@example.org>: no such user here",
        "cora": "550 5.2.2 mailbox full",
        "dan": "550 5.7.1 our policy says no",
    }
    assert {report.attempts for report in edition.reports.values()} == {1}
    assert edition.suppressed == {"ben"}
    assert relay.commands.count("RCPT") == 4


@pytest.mark.parametrize("options", [["-f", "RCPT"], ["-f", "."]], ids=" ".join)
def test_relay_that_refuses_everybody_alike_is_not_fed_the_list(campaign, options):
    """S7, mass refusal"""
    edition = campaign(*many(100))
    with Sink(*options) as sink:
        result = edition.send(sink, connections=2)
    tried = sum(report.reply is not None for report in edition.reports.values())
    assert 10 <= tried <= 10 + 2 * 2  # and what was open and asked for on each connection
    assert edition.tally == {"pending": 100}
    assert result.edition.status is EditionStatus.PAUSED
    assert re.search(r"1\d of the last 1\d messages were refused", str(result.problem))
    with Sink() as better:
        edition.send(better)
    assert edition.tally == {"sent": 100}


def test_relay_that_knows_nobody_suppresses_nobody(campaign):
    """S7, mass refusal"""
    edition = campaign(*many(100))
    with ScriptedRelay({"RCPT": lambda address: b"550 5.1.1 no such user\r\n"}) as relay:
        result = edition.send(relay, connections=2)
    assert relay.commands.count("RCPT") < 50
    assert edition.tally == {"pending": 100}
    assert edition.suppressed == set()
    assert result.edition.status is EditionStatus.PAUSED
    assert {report.attempts for report in edition.reports.values()} == {0}


# --- S8: refusals of us


@pytest.mark.parametrize("connections", [1, 4])
def test_refusal_of_us_marks_nobody(campaign, connections):
    """S8"""
    edition = campaign(*many(100))
    with ScriptedRelay(refuses("MAIL", "550 5.7.1 your domain is blocked")) as relay:
        result = edition.send(relay, connections=connections)
    assert edition.tally == {"pending": 100}
    assert {report.attempts for report in edition.reports.values()} == {0}
    assert result.edition.status is EditionStatus.PAUSED
    assert result.edition.pause_reason == "relay.test: 550 5.7.1 your domain is blocked"
    assert relay.commands.count("MAIL") <= connections


def test_refused_login_is_tried_once_whatever_the_connections(campaign):
    """S8"""
    edition = campaign(*many(100))
    with ScriptedRelay(refuses("AUTH", "535 5.7.8 no"), extensions=["AUTH PLAIN"]) as relay:
        result = edition.send(relay, connections=8, username="news", password="correct horse")
    assert edition.tally == {"pending": 100}
    assert isinstance(result.problem, RelayRejected)
    assert result.edition.status is EditionStatus.PAUSED
    assert relay.commands.count("AUTH") == 1
    assert "correct horse" not in f"{result.problem}{result.problem.hint}"


# --- S9: greylisting


def test_greylisted_members_are_sent_at_the_first_try_after_the_delay(campaign):
    """S9: 450 at first, 450 when too early, then 250, for the same sender and recipient."""
    first_seen, now = {}, dt.datetime.now(dt.UTC)

    def postgrey(address):
        seen = first_seen.setdefault(address, now)
        return USUAL if now - seen >= dt.timedelta(minutes=5) else b"450 4.2.0 Greylisted, come again\r\n"

    edition = campaign()
    with ScriptedRelay({"RCPT": postgrey}) as relay:
        edition.send(relay, now=now)
        assert edition.ends == dict.fromkeys(SOME, "deferred")
        now += dt.timedelta(minutes=1)
        edition.send(relay, now=now)
        assert relay.commands.count("RCPT") == 4  # too early is not even tried
        now += dt.timedelta(minutes=10)
        edition.send(relay, now=now)
    assert edition.ends == all_sent()
    assert len({line for line in relay.lines if line.startswith("MAIL")}) <= 2  # of one sender, two sizes
    assert {message.sender for message in relay.messages} == {"news@example.org"}


# --- S10: the relay is down


class CountingTransport(SmtpTransport):
    """Counts how often a connection is asked for."""

    tries = 0

    async def connect(self):
        self.tries += 1
        return await super().connect()


@pytest.fixture
def closed_relay() -> Iterator[Callable[[], CountingTransport]]:
    """A way to a relay that is down, its tries counted from nought each time."""
    with closed_port() as port:
        yield lambda: CountingTransport(RelaySettings("relay.test", "127.0.0.1", port, "none"))


def test_relay_that_is_down_is_asked_once_and_costs_nobody_an_attempt(campaign, closed_relay):
    """S10"""
    edition = campaign(*many(100))
    transport = closed_relay()
    for runs in range(1, 4):
        result = edition.send_by([Way(transport, 8)])
        assert transport.tries == runs
        assert "connection refused" in str(result.problem)
    assert edition.tally == {"pending": 100}
    assert {report.attempts for report in edition.reports.values()} == {0}
    assert result.edition.status is EditionStatus.SENDING
    with Sink() as sink:
        edition.send(sink, connections=8)
    assert edition.tally == {"sent": 100}
    assert sink.names == sorted(many(100))


def test_relay_that_is_down_for_an_hour_is_asked_a_few_times(campaign, closed_relay):
    """S10: who looks every minute whether it may be tried again does so at most six times in the hour."""
    edition, transport = campaign(), closed_relay()
    book = RelayStore(edition.project.database)
    for _minute in range(60):
        if not book.rest(transport.name, Limits()).down_until:
            edition.send_by([Way(transport, 8)])
        with edition.project.database.write() as connection:
            connection.execute(update(relays).values(down_until=relays.c.down_until - 60))
    assert 4 <= transport.tries <= 6
    assert edition.ends == PENDING


@pytest.mark.parametrize(("back", "end"), [(USUAL, "sent"), (b"452 4.2.2 full\r\n", "refused")])
def test_relay_that_is_down_for_longer_than_the_retry_age(campaign, closed_relay, back, end):
    """Nobody is given up for it: who was put off before has one more try when it is back."""
    edition = campaign()
    with ScriptedRelay(at_second(refuses("RCPT", "452 4.2.2 full"))) as relay:
        edition.send(relay, now=NOW)
    assert edition.ends == all_sent(ben="deferred")
    with edition.project.database.write() as connection:
        ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=5)
        connection.execute(update(table).where(table.c.status == "deferred").values(first_try=ago))
        connection.execute(
            update(table).where(table.c.id.in_([1, 4])).values(status="pending", attempts=0, first_try=None)
        )
    edition.send_by([Way(closed_relay(), 1)], dt.datetime.now(dt.UTC) + LATER)
    assert edition.ends == all_sent(anna="pending", ben="pending", dan="pending")
    with ScriptedRelay({"RCPT": lambda address: back if address.startswith("ben") else USUAL}) as relay:
        edition.send(relay)
    assert edition.ends == all_sent(ben=end)


def test_relay_at_its_limit_beside_one_that_is_down_ends_the_run(campaign, closed_relay):
    edition = campaign()
    book = RelayStore(edition.project.database)
    with ScriptedRelay() as relay:
        limited = way_to(relay)
        limited.throttle = Throttle(limited.name, Limits(daily=2), book)
        result = edition.send_by([limited, Way(closed_relay(), 2)])
    assert edition.tally == {"sent": 2, "pending": 2}
    assert "connection refused" in str(result.problem)
    assert result.exhausted == {limited.name}


# --- S11: the relay is slow


def test_slow_acceptance_is_acceptance(campaign, monkeypatch):
    """S11: the answer to the content may take longer than anything else."""
    asked, whole = [], RelayProtocol.read

    def read(protocol, timeout_s):
        asked.append(timeout_s)
        return whole(protocol, timeout_s)

    monkeypatch.setattr(RelayProtocol, "read", read)
    edition = campaign()
    with ScriptedRelay() as relay:
        edition.send(relay, timeouts=Timeouts(answer_s=1234))
    assert edition.ends == all_sent()
    assert asked.count(1234) == len(SOME)
    assert (Timeouts().answer_s, Timeouts().command_s, Timeouts().data_s) == (600, 300, 120)


def test_relay_that_hangs_after_every_content_stops_the_run(campaign):
    """S11"""
    edition = campaign(*many(20))
    with ScriptedRelay(never_answers(".")) as relay:
        result = edition.send(relay, connections=5)
    unknown = edition.tally["unknown"]
    assert 5 <= unknown <= 5 + 5
    assert edition.tally == {"unknown": unknown, "pending": 20 - unknown}
    assert result.edition.status is EditionStatus.PAUSED
    assert sorted(relay.names) == sorted(name for name, end in edition.ends.items() if end == "unknown")


# --- S12, S19: what the relay does not offer


def test_relay_without_any_extension_gets_everybody_through(campaign):
    """S12"""
    edition = campaign(*many(100))
    with Sink("-8", "-p", "-e") as sink:
        edition.send(sink, connections=2)
    assert edition.tally == {"sent": 100}
    assert sink.names == sorted(many(100))


def test_edition_that_is_too_large_is_refused_before_the_first_command(campaign):
    """S12"""
    edition = campaign()
    with ScriptedRelay(extensions=["PIPELINING", "SIZE 600"]) as relay:
        result = edition.send(relay, connections=3)
    assert edition.ends == PENDING
    assert re.search(r"not sent: \d+ octets, and the relay takes 600", str(result.problem))
    assert result.edition.status is EditionStatus.PAUSED
    assert {*relay.commands} == {"EHLO", "QUIT"}


@pytest.mark.parametrize("extensions", [EXTENSIONS, ("PIPELINING",)], ids=["SMTPUTF8", "none"])
def test_address_that_needs_smtputf8(own_campaign, extensions):
    """S19"""
    edition = own_campaign
    with edition.project.database.write() as connection:
        anna = members.c.email == "anna@example.org"
        connection.execute(update(members).where(anna).values(email="renée@example.org"))
        ben = members.c.email == "ben@example.org"
        connection.execute(update(members).where(ben).values(email="ben@xn--bcher-kva.example"))
    with ScriptedRelay(extensions=extensions) as relay:
        edition.send(relay)
    offered = extensions is EXTENSIONS
    assert edition.ends == {
        "renée": "sent" if offered else "refused",
        **dict.fromkeys(["ben", "cora", "dan"], "sent"),
    }
    said = "250 2.0.0 taken" if offered else "553 5.6.7 not sent: the address needs SMTPUTF8, "
    assert edition.reports["renée"].reply.startswith(said)
    assert edition.suppressed == set()
    assert "RCPT TO:<ben@xn--bcher-kva.example>" in relay.lines


# --- an edition that is not going out


@pytest.mark.parametrize("status", [it for it in EditionStatus if it is not EditionStatus.SENDING])
def test_edition_that_is_not_going_out_is_left_at_once(campaign, status):
    edition = campaign()
    with edition.project.database.write() as connection:
        connection.execute(update(editions).where(editions.c.id == edition.edition.key).values(status=status))
    with ScriptedRelay() as relay:
        result = dispatch_edition(edition.project, edition.edition, [way_to(relay)], NOW)
    end = "cancelled" if status is EditionStatus.CANCELLED else "pending"
    assert edition.ends == dict.fromkeys(SOME, end)
    assert (result.sent_now, result.problem) == (0, None)
    assert relay.connections == 0


# --- S14: one member's message cannot be made


BROKEN_NAME = {"first_name": "Ben\r\nBcc: eve@example.org"}
#: What is wrong with a member, and what is said about it.
UNFIT = [
    (BROKEN_NAME, "first_name or last_name holds a line break"),
    ({"first_name": " "}, "member.first_name has no value, and the template gives no fallback"),
]


@pytest.fixture
def hundred(shelf, tmp_path):
    """A campaign of its own to a hundred members; `alter` changes what some of them have."""
    campaign = shelf.copy(tmp_path / "project", *many(100))

    def alter(names, values) -> None:
        with campaign.project.database.write() as connection:
            these = members.c.email.in_([f"{name}@example.org" for name in names])
            connection.execute(update(members).where(these).values(values))

    return campaign, alter


@pytest.mark.parametrize(("values", "told"), UNFIT)
def test_values_of_one_in_a_hundred_that_do_not_fit_are_their_own_refusal(hundred, values, told):
    """S14"""
    edition, alter = hundred
    alter(["m002"], values)
    with ScriptedRelay() as relay:
        edition.send(relay)
    assert edition.tally == {"sent": 99, "refused": 1}
    assert told in edition.reports["m002"].reply
    assert "m002" not in relay.names
    assert edition.suppressed == set()


@pytest.mark.parametrize(("values", "told"), UNFIT)
@pytest.mark.parametrize("command", ["send", "resume"])
def test_more_than_one_in_a_hundred_stop_a_run_before_anything_leaves(hundred, values, told, command):
    """S14, of an edition whose deliveries are planned already."""
    edition, alter = hundred
    alter(["m002", "m003"], values)
    told = re.escape(f"2 of 100 recipients cannot be written to, which is more than 1 %: for 2 {told}")

    def go_on():
        if command == "resume":
            resume_edition(edition.project, "weekly", "Anna", NOW)
        edition.send(relay)

    if command == "resume":
        edition.project.editions.pause(edition.edition, "Anna", "", NOW)
    with ScriptedRelay() as relay:
        with pytest.raises(RenderError, match=told):
            go_on()
        assert relay.names == []
        assert edition.tally == {"pending": 100}
        alter(["m003"], {"first_name": "Cora"})  # mended, it goes on
        go_on()
    assert edition.tally == {"sent": 99, "refused": 1}


def test_more_than_one_in_a_hundred_keep_an_edition_approved_and_unplanned(hundred):
    """S14: so that its template can still be mended."""
    edition, alter = hundred
    project = edition.project
    add_items(project, {"pay": "governors"})
    following = approve(project, FRIDAY + dt.timedelta(days=7))
    alter(["m002", "m003"], {"first_name": ""})
    with pytest.raises(RenderError, match=r"2 of 100 recipients .* member\.first_name has no value") as fault:
        begin_sending(project, str(following.id), NOW)
    assert f"edition draft weekly --date {following.id.date} --reopen" in fault.value.hint
    assert project.editions.counts(following).planned == 0
    template = project.config.folder / "templates"
    for path in template.iterdir():
        mended = path.read_text("utf-8").replace("first_name", 'first_name | fallback("friend")')
        path.write_text(mended, "utf-8")
    draft_edition(project, "weekly", NOW, day=following.id.date, reopen=True)
    approve(project, following.id.date)
    assert begin_sending(project, str(following.id), NOW).status is EditionStatus.SENDING


def test_attributes_that_do_not_fit_are_found_by_their_name(hundred):
    """S14: what a template asks of columns that only this member file has."""
    edition, alter = hundred
    project = edition.project
    template = project.config.folder / "templates" / "digest.txt"
    template.write_text(template.read_text("utf-8") + "{{ member.school }}", "utf-8")
    with project.database.write() as connection:
        connection.execute(insert(member_fields).values(name="school"))
    add_items(project, {"pay": "governors"})
    following = approve(project, FRIDAY + dt.timedelta(days=7))
    alter(many(100), {"attributes": {"school": "Oak Lane"}})
    alter(["m001", "m002"], {"attributes": {}})
    alter(["m003"], {"attributes": {"school": "Oak\nLane"}})
    told = r"3 of 100 .*: for 2 member\.school has no value.*; for 1 member\.school holds a line break"
    with pytest.raises(RenderError, match=told):
        begin_sending(project, str(following.id), NOW)


def test_template_that_names_a_missing_field_is_met_before_anybody_gets_it(own_campaign):
    """S14"""
    edition = own_campaign
    add_items(edition.project, {"pay": "governors"})
    template = edition.project.config.folder / "templates" / "digest.html"
    template.write_text(template.read_text("utf-8").replace("first_name", "frist_name"), "utf-8")
    with pytest.raises(MissingField, match="frist_name"):
        draft_edition(edition.project, "weekly", NOW, day=FRIDAY + dt.timedelta(days=7))


# --- S18: one mailbox in several spellings


def test_spellings_of_one_mailbox_get_one_message(own_campaign, tmp_path):
    """S18"""
    project = own_campaign.project
    path = tmp_path / "members.csv"
    lines = ("alice@example.org ", "Alice@EXAMPLE.org", "x@bücher.example", "x@xn--bcher-kva.example")
    path.write_text(
        "email,first_name,audiences\n" + "".join(f"{line},A,governors\n" for line in lines), "utf-8"
    )
    terms = Terms((Served("weekly", frozenset(AUDIENCES)),), Basis.MEMBERSHIP, path.name, NOW)
    import_members(project.members, path, terms, audiences=AUDIENCES, newsletters={"weekly": "Weekly"})
    add_items(project, {"pay": "governors"})
    following = Campaign(project, plan(project, FRIDAY + dt.timedelta(days=7)))
    with ScriptedRelay() as relay:
        following.send(relay)
    addressed = [message.recipient for message in relay.messages if message.name not in SOME]
    assert sorted(addressed) == ["Alice@example.org", "x@xn--bcher-kva.example"]
    assert len(relay.messages) == len(SOME) + 2
    assert {read(message)["To"].addresses[0].addr_spec for message in relay.messages} >= {*addressed}


# --- S20: encryption


class Certificates(NamedTuple):
    """A private authority, and server contexts with certificates of it."""

    ca_file: str
    good: ssl.SSLContext
    expired: ssl.SSLContext
    other_name: ssl.SSLContext


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    authority = trustme.CA()
    ca_file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)

    def context(name: str, not_after: dt.datetime | None = None) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, not_after=not_after).configure_cert(made)
        return made

    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    good, expired = context("127.0.0.1"), context("127.0.0.1", yesterday)
    return Certificates(str(ca_file), good, expired, context("other.example.org"))


def secure_way(relay, certificates, connections=2) -> Way:
    login = {"username": "news", "password": "correct horse", "ca_file": certificates.ca_file}
    return Way(SmtpTransport(RelaySettings("relay.test", relay.host, relay.port, **login)), connections)


STARTTLS = (*EXTENSIONS, "STARTTLS", "AUTH PLAIN")


class Unsafe(NamedTuple):
    """How encryption fails. pauses: whether a person must cure it, None where that is open."""

    pauses: bool | None
    script: Script = MappingProxyType({})
    extensions: Sequence[str] = STARTTLS
    tls: str = "good"


TLS_FAULTS = {
    "S20 STARTTLS stripped": Unsafe(True, extensions=(*EXTENSIONS, "AUTH PLAIN")),
    "S20 STARTTLS refused": Unsafe(False, refuses("STARTTLS", "454 4.7.0 not now")),
    "S20 STARTTLS hangs up": Unsafe(False, {"STARTTLS": HANG_UP}),
    "S20 STARTTLS that speaks on in plain text": Unsafe(
        None, {"STARTTLS": b"220 go ahead\r\n250 and so on\r\n" + THEN_HANG_UP}
    ),
    "S20 expired certificate": Unsafe(True, tls="expired"),
    "S20 certificate of another host": Unsafe(True, tls="other_name"),
}


@pytest.mark.parametrize("fault", TLS_FAULTS.values(), ids=TLS_FAULTS)
def test_without_encryption_neither_login_nor_mail_leaves(campaign, certificates, fault):
    edition = campaign()
    tls = getattr(certificates, fault.tls)
    with ScriptedRelay(fault.script, extensions=fault.extensions, tls=tls) as relay:
        result = edition.send_by([secure_way(relay, certificates)])
    assert edition.ends == PENDING
    assert {*relay.commands} <= {"EHLO", "STARTTLS"}
    assert b"AUTH" not in relay.clear
    assert isinstance(result.problem, TransportError)
    if fault.pauses is not None:
        assert (result.edition.status is EditionStatus.PAUSED) == fault.pauses
    with ScriptedRelay(extensions=STARTTLS, tls=certificates.good) as better:
        edition.send_by([secure_way(better, certificates)])
    assert edition.ends == all_sent()
    assert b"MAIL" not in better.clear


# --- S21: the wrong audience


def test_audience_far_from_the_usual_wants_a_confirmation(own_campaign):
    """S21"""
    edition = own_campaign
    with ScriptedRelay() as relay:
        edition.send(relay)
    project = edition.project
    add_members(project, many(60))
    add_items(project, {"pay": "governors"})
    following = str(approve(project, FRIDAY + dt.timedelta(days=7)).id)
    for confirmed in (None, 63):
        with pytest.raises(EditionError, match="64 members"):
            begin_sending(project, following, NOW, confirmed=confirmed)
        assert project.editions.newest("weekly").status is EditionStatus.APPROVED
    begun = Campaign(project, begin_sending(project, following, NOW, confirmed=64))
    with ScriptedRelay() as relay:
        result = begun.send(relay, connections=4)
    assert result.counts.sent == result.counts.planned == 64


# --- C6: what ends a line, and what ends a message


SMUGGLING = ("\n.\n", "\r.\r", "\r\n.\r\n", "\n.\r\n", "\r\n.\n", ".", "..", "\r", "\0", "\x0b\x1c\x85\u2028")


def test_no_text_from_outside_ends_a_line_or_a_message(own_campaign):
    """C6"""
    second = "MAIL FROM:<eve@example.org>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\nSubject: gotcha\r\n\r\nboo"
    project = own_campaign.project
    with project.database.write() as connection:
        for name, ending in zip(SOME, SMUGGLING[::3], strict=True):
            theirs = members.c.email == f"{name}@example.org"
            connection.execute(update(members).where(theirs).values(last_name=ending.strip("\r\n") or "."))
    add_items(project, {f"{number}{ending}{second}": "governors" for number, ending in enumerate(SMUGGLING)})
    smuggled = Campaign(project, plan(project, FRIDAY + dt.timedelta(days=7)))
    for extensions in (EXTENSIONS, ()):
        smuggled.start_again()
        with ScriptedRelay(extensions=extensions) as relay:
            smuggled.send(relay)
        assert smuggled.ends == all_sent()
        assert re.search(rb"(?<!\r)\n|\r(?!\n)|\0", relay.clear) is None
        assert max(map(len, relay.clear.split(b"\r\n"))) <= 998
        assert sorted(relay.names) == [*SOME]
        assert {message.sender for message in relay.messages} == {"news@example.org"}
        assert relay.commands.count("MAIL") == len(SOME)


# --- a member at whom links break


class BreakingTransport(OutboxTransport):
    """A way out whose link breaks while one member's content is on its way."""

    async def connect(self):
        link = await super().connect()
        offer, hand_over = link.offer, link.hand_over
        offered = []

        async def note_offer(envelope):
            offered.append(envelope.recipient.text)
            return await offer(envelope)

        async def break_content(content, following=None):
            if offered[-1].startswith("ben@"):
                raise TransportError("the link broke in the content")
            return await hand_over(content, following)

        link.offer, link.hand_over = note_offer, break_content
        return link


def test_member_whose_content_breaks_links_is_put_off_when_others_go_through(campaign, tmp_path, monkeypatch):
    monkeypatch.setattr("newsletter.workflows.run._BATCH", 2)
    edition = campaign("anna", "ben", *many(6))
    result = edition.send_by([Way(BreakingTransport(tmp_path / "box"), 1)])
    assert result.problem is None
    assert edition.ends == {**dict.fromkeys(edition.ends, "sent"), "ben": "deferred"}
    assert "the link broke in the content" in edition.reports["ben"].reply
