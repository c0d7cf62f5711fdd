"""Pipelining (RFC 2920): what goes on the wire, and who gets what when a relay refuses in the midst of it."""

from __future__ import annotations

import os
import signal
from collections import Counter
from email import message_from_bytes

import pytest
from builders import NOW
from campaigns import SOME, Shelf
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import AUDIENCES
from relays import (
    EXTENSIONS,
    HANG_UP,
    LATE,
    THEN_FORGET,
    THEN_HANG_UP,
    USUAL,
    ScriptedRelay,
    half_a_reply,
    hurry,
    nonsense,
)
from sqlalchemy import select, update

from newsletter.editions.types import EditionStatus
from newsletter.store.schema import members

STEP_BY_STEP = tuple(word for word in EXTENSIONS if word != "PIPELINING")
ONE_MESSAGE = ["MAIL", "RCPT", "DATA"]


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    hurry(monkeypatch)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, tables_file):
    with Shelf(tmp_path_factory.mktemp("shelf"), tables_file) as shelf:
        yield shelf


@pytest.fixture
def campaign(shelf):
    """An edition to some governors, all of it pending."""
    return shelf.campaign()


@pytest.fixture(scope="module")
def campaigns(shelf):
    """The same edition by what becomes of the unknown: `hold`, and `resend`."""
    held = shelf.campaign()
    weekly = {"name": "weekly", "audiences": [*AUDIENCES], "on_unknown": "resend"}
    return {"hold": held, "resend": shelf.reopened(held, newsletters=[weekly])}


def all_sent(**but: str) -> dict[str, str]:
    return {**dict.fromkeys(SOME, "sent"), **but}


def command_lines(segment: bytes) -> int:
    """Count the commands in what came at once, the content before them left out."""
    *_, last = segment.split(b"\r\n.\r\n") if b"\r\n.\r\n" in segment else [segment]
    return last.count(b"\r\n")


# --- the wire


def test_next_envelope_comes_with_the_end_of_the_message(campaign):
    """The relay answers each message but the last only when MAIL, RCPT and DATA of the next are there."""
    with ScriptedRelay({".": [LATE, LATE, LATE, USUAL]}) as relay:
        campaign.send(relay)
    assert campaign.ends == all_sent()
    assert relay.commands == ["EHLO", *ONE_MESSAGE * 4, "QUIT"]
    assert relay.lines[4].startswith("MAIL FROM:<news@example.org> SIZE=")
    assert relay.names == [*SOME]


def test_commands_leave_together_and_content_waits_for_354(campaign):
    with ScriptedRelay() as relay:
        campaign.send(relay)
    greeting, first, *contents, goodbye = relay.segments
    assert [greeting.partition(b" ")[0], goodbye] == [b"EHLO", b"QUIT\r\n"]
    assert command_lines(first) == 3
    assert [command_lines(segment) for segment in contents] == [3, 3, 3, 0]
    assert all(segment.endswith(b"DATA\r\n") for segment in (first, *contents[:-1]))


def test_relay_that_does_not_offer_it_is_asked_one_step_at_a_time(campaign):
    with ScriptedRelay(extensions=STEP_BY_STEP) as relay:
        campaign.send(relay)
    assert campaign.ends == all_sent()
    assert relay.commands == ["EHLO", *ONE_MESSAGE * 4, "QUIT"]
    assert {command_lines(segment) for segment in relay.segments} == {0, 1}
    assert all(segment.count(b"\r\n.\r\n") == (b"Subject:" in segment) for segment in relay.segments)


@pytest.mark.parametrize(("limit", "connections"), [(1, 4), (2, 2), (3, 2), (4, 1)])
def test_link_is_closed_in_order_after_so_many_messages(campaign, limit, connections):
    with ScriptedRelay() as relay:
        campaign.send(relay, limit=limit)
    assert campaign.ends == all_sent()
    rest = len(SOME) - limit * (connections - 1)
    talks = [["EHLO", *ONE_MESSAGE * number, "QUIT"] for number in [*[limit] * (connections - 1), rest]]
    assert relay.commands == [command for talk in talks for command in talk]


def test_stopped_between_two_messages_nobody_is_in_doubt(campaign):
    class Stopper(ScriptedRelay):
        def take(self, message):
            super().take(message)
            if len(self.messages) == 1:
                os.kill(os.getpid(), signal.SIGINT)

    with Stopper() as relay:
        result = campaign.send(relay, limit=3)  # what was asked for ahead is in hand
    assert result.interrupted
    assert campaign.ends == {name: "sent" if name in relay.names else "pending" for name in SOME}
    assert relay.names == [*SOME[: len(relay.names)]]
    assert relay.commands[-1] == "QUIT"
    assert "dan" not in relay.names
    with ScriptedRelay() as relay:
        campaign.send(relay)
    assert campaign.ends == all_sent()


# --- refusals of one of the commands that came together

AGAIN = {"connections": 2}
REFUSALS = {
    ("MAIL", "451 4.3.0 not now"): ("sent", {**AGAIN, "RSET": 1}),
    ("MAIL", "421 4.3.2 shutting down"): ("sent", AGAIN),
    ("RCPT", "550 5.1.1 no such user"): ("refused", {"RSET": 1}),
    ("RCPT", "450 4.2.0 mailbox busy"): ("deferred", {"RSET": 1}),
    ("RCPT", "421 4.3.2 shutting down"): ("sent", AGAIN),
    ("DATA", "554 5.6.0 not this one"): ("refused", {"RSET": 1}),
    ("DATA", "451 4.3.0 not this one"): ("deferred", {"RSET": 1}),
    ("DATA", "421 4.3.2 shutting down"): ("sent", AGAIN),
    (".", "554 5.7.1 spam"): ("refused", {}),
    (".", "452 4.2.2 mailbox full"): ("deferred", {}),
    (".", "421 4.3.2 shutting down"): ("sent", AGAIN),
}


@pytest.mark.parametrize("place", [0, 1, 3], ids=["first", "second", "last"])
@pytest.mark.parametrize(("fault", "end"), REFUSALS.items(), ids=map(" ".join, REFUSALS))
def test_refusal_in_a_group_is_that_of_its_member(campaign, fault, end, place):
    verb, reply = fault
    status, diary = end
    closes = [THEN_HANG_UP] if reply.startswith("421") else []
    script = {verb: [*[USUAL] * place, b"".join([reply.encode(), b"\r\n", *closes]), USUAL]}
    with ScriptedRelay(script) as relay:
        result = campaign.send(relay)
    assert campaign.ends == all_sent(**{SOME[place]: status})
    assert result.problem is None
    assert relay.connections == diary.get("connections", 1)
    assert relay.commands.count("RSET") == diary.get("RSET", 0)
    taken = Counter(message.name for message in relay.messages if message.answer.startswith(b"250"))
    assert taken == Counter(name for name, is_ in campaign.ends.items() if is_ == "sent")
    if status != "sent":
        assert campaign.reports[SOME[place]].reply == reply


@pytest.mark.parametrize("place", [0, 1])
def test_refusal_of_us_in_a_group_marks_nobody(campaign, place):
    with ScriptedRelay({"MAIL": [*[USUAL] * place, b"550 5.7.1 you may not\r\n"]}) as relay:
        result = campaign.send(relay)
    assert campaign.ends == {name: "sent" if name in SOME[:place] else "pending" for name in SOME}
    assert result.edition.status is EditionStatus.PAUSED
    assert relay.commands.count("MAIL") == place + 1
    assert {row.attempts for name, row in campaign.reports.items() if name not in SOME[:place]} == {0}


@pytest.mark.parametrize(
    ("end", "connections"),
    [(USUAL, 1), (b"250 2.0.0 a message to nobody, why not\r\n", 2)],
    ids=["554", "250"],
)
def test_relay_that_wants_content_for_nobody_gets_none(campaign, end, connections):
    """354 though RCPT was refused: the dot alone ends it (RFC 2920 §3.1)."""
    script = {
        "RCPT": [USUAL, b"550 5.1.1 no such user\r\n", USUAL],
        "DATA": b"354 go on\r\n",
        ".": [USUAL, end, USUAL],
    }
    with ScriptedRelay(script) as relay:
        campaign.send(relay)
    assert campaign.ends == all_sent(ben="refused")
    assert sorted(relay.names) == ["anna", "cora", "dan"]
    assert relay.connections == connections


# --- what cannot be asked for ahead


def test_refusals_that_we_foresee_cost_the_others_nothing(campaign):
    project = campaign.project
    changed = {
        "ben": {"email": "b en@example.org"},
        "cora": {"email": "renée@example.org"},
    }
    keep = {}
    with project.database.write() as connection:
        for name, values in changed.items():
            row = connection.execute(select(members).where(members.c.email == f"{name}@example.org")).one()
            keep[row.id] = row.email
            connection.execute(update(members).where(members.c.id == row.id).values(**values))
    try:
        with ScriptedRelay(extensions=["PIPELINING"]) as relay:
            campaign.send(relay)
        ends = campaign.reports
    finally:
        with project.database.write() as connection:
            for key, email in keep.items():
                connection.execute(update(members).where(members.c.id == key).values(email=email))
    assert {name: str(row.status) for name, row in ends.items()} == {
        "anna": "sent",
        "b en": "refused",
        "renée": "refused",
        "dan": "sent",
    }
    assert "cannot stand in an SMTP command" in ends["b en"].reply
    assert "needs SMTPUTF8" in ends["renée"].reply
    assert relay.commands == ["EHLO", *ONE_MESSAGE * 2, "QUIT"]


def test_message_that_is_too_large_is_never_asked_for(campaign):
    with ScriptedRelay(extensions=["PIPELINING", "SIZE 500"]) as relay:
        result = campaign.send(relay)
    assert set(campaign.ends.values()) == {"pending"}
    assert result.edition.status is EditionStatus.PAUSED
    assert "the relay takes 500" in str(result.problem)
    assert relay.commands == ["EHLO", "QUIT"]


# --- PIPELINING offered and not kept


class OneAtATime(ScriptedRelay):
    """Answers 503 to what comes together with the end of a message, as some filters do."""

    def answer(self, verb, address="", *, in_order=True):
        if verb in ONE_MESSAGE and len(self.segments[-1].splitlines()) > 1:
            return b"503 5.5.0 improper use of command pipelining\r\n"
        return super().answer(verb, address, in_order=in_order)


def test_relay_that_throws_away_what_came_with_the_end(campaign):
    with ScriptedRelay({".": b"250 2.0.0 taken\r\n" + THEN_FORGET}) as relay:
        campaign.send(relay)
    assert campaign.ends == all_sent()
    assert sorted(relay.names) == [*SOME]
    assert relay.connections == 2
    assert command_lines(relay.segments[-2]) == 0


def test_relay_that_answers_503_to_commands_that_came_together(campaign):
    with OneAtATime() as relay:
        result = campaign.send(relay)
    assert campaign.ends == all_sent()
    assert result.problem is None
    assert sorted(relay.names) == [*SOME]
    assert relay.connections == 2


def test_503_to_a_single_command_pauses(campaign):
    with ScriptedRelay({"MAIL": b"503 5.5.1 log in first\r\n"}) as relay:
        result = campaign.send(relay)
    assert set(campaign.ends.values()) == {"pending"}
    assert result.edition.status is EditionStatus.PAUSED
    assert relay.connections == 2  # together, then one at a time
    assert relay.messages == []


class HangsUpWhenHurried(ScriptedRelay):
    """Ends the connection, before or after its answer, when commands come with the end of a message."""

    def __init__(self, *, answered: bool) -> None:
        super().__init__()
        self._last = b"250 2.0.0 taken\r\n" + THEN_HANG_UP if answered else HANG_UP

    def answer(self, verb, address="", *, in_order=True):
        if verb == "." and self.segments[-1].endswith(b"DATA\r\n"):
            return self._last
        return super().answer(verb, address, in_order=in_order)


@pytest.mark.parametrize("answered", [True, False])
def test_relay_that_hangs_up_on_commands_with_the_end(campaign, answered):
    with HangsUpWhenHurried(answered=answered) as relay:
        campaign.send(relay)
    assert campaign.ends == all_sent(**({} if answered else {"anna": "unknown"}))
    assert sorted(relay.names) == [*SOME]
    assert relay.connections == 2


def test_break_on_a_relay_that_kept_up_before_does_not_end_it(campaign):
    script = {"MAIL": [USUAL, USUAL, HANG_UP, USUAL], ".": [LATE, USUAL, LATE, USUAL]}
    with ScriptedRelay(script) as relay:
        campaign.send(relay)
    assert campaign.ends == all_sent()
    assert relay.connections == 2


# --- anything at all


def refusals(*replies: str) -> list[bytes]:
    return [f"{reply}\r\n".encode() for reply in replies]


CLOSING = b"421 4.3.2 shutting down\r\n" + THEN_HANG_UP
BROKEN = [HANG_UP, CLOSING, half_a_reply("RCPT")["RCPT"], nonsense("RCPT")["RCPT"]]
ANSWERS = {
    "CONNECT": [HANG_UP, CLOSING],
    "EHLO": [HANG_UP, CLOSING],
    "MAIL": [*refusals("451 4.3.0 later", "550 5.7.1 not you"), *BROKEN],
    "RCPT": [*refusals("450 4.2.0 later", "450 4.7.1 slower", "550 5.1.1 nobody"), *BROKEN],
    "DATA": [*refusals("451 4.3.0 later", "554 5.5.0 no", "354 go on", "503 5.5.1 order"), *BROKEN],
    "BODY": [HANG_UP],
    ".": [*refusals("451 4.3.0 later", "554 5.7.1 spam"), *BROKEN],
    "RSET": [*refusals("502 5.5.1 what?"), *BROKEN],
}
SCRIPTS = st.fixed_dictionaries(
    {},
    optional={
        verb: st.lists(st.sampled_from([USUAL, *answers]), max_size=5).map(lambda found: [*found, USUAL])
        for verb, answers in ANSWERS.items()
    },
)


@given(
    script=SCRIPTS,
    extensions=st.sampled_from([EXTENSIONS, STEP_BY_STEP]),
    connections=st.integers(1, 3),
    limit=st.sampled_from([None, 1, 2]),
    on_unknown=st.sampled_from(["hold", "resend"]),
)
@settings(max_examples=30)
def test_whatever_a_relay_says_everybody_comes_to_one_end(
    campaigns, *, script, extensions, connections, limit, on_unknown
):
    campaign = campaigns[on_unknown]
    campaign.start_again()
    with pytest.MonkeyPatch.context() as monkeypatch:
        hurry(monkeypatch)
        with ScriptedRelay(script, extensions=extensions) as relay:
            first = campaign.send(relay, connections=connections, limit=limit)
        after_first = campaign.ends
        check(campaign, [relay], first, on_unknown)
        # The relay comes to its senses, and time goes by for those who were put off.
        with ScriptedRelay(extensions=extensions) as better:
            second = campaign.send(better, now=NOW.replace(year=NOW.year + 1))
        check(campaign, [relay, better], second, on_unknown)
    ends = campaign.ends
    assert set(ends.values()) <= {"sent", "refused", "unknown"}
    assert second.edition.status is EditionStatus.SENT
    for name, status in after_first.items():
        assert status in {"pending", "deferred"} or ends[name] == status


def check(campaign, relays, result, on_unknown) -> None:
    """Assert what must hold whenever a dispatch has ended."""
    ends, counts = campaign.ends, result.counts
    assert counts.sending == 0
    assert sum(counts.by_status().values()) == counts.planned == len(SOME)
    messages = [message for relay in relays for message in relay.messages]
    for message in messages:
        assert f"<{message.recipient}>" in read(message)["To"]
    taken = [message.name for message in messages if message.answer.startswith(b"250 ")]
    lost = [message.name for message in messages if not message.answer.startswith((b"250 ", b"4", b"5"))]
    assert {name for name, status in ends.items() if status == "sent"} <= {*taken}
    if on_unknown == "hold":
        assert max(Counter(taken + lost).values(), default=1) == 1
        assert {ends[name] for name in lost} <= {"unknown"}
        assert {ends[name] for name in taken} <= {"sent", "unknown"}
    else:
        assert max(Counter(taken + lost).values(), default=1) <= 2
        identities = {(message.name, read(message)["Message-ID"]) for message in messages}
        assert len(identities) == len({message.name for message in messages})


def read(message):
    return message_from_bytes(message.content)
