from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.health import Health
from newsletter.delivery.judge import judge
from newsletter.delivery.replies import ReplyReader
from newsletter.delivery.types import Reply, Stage

NOW = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
OK = "250 2.0.0 queued"
SPAM = "554 5.7.1 looks like spam"
UNKNOWN = "550 5.1.1 user unknown"


def reply(text: str) -> Reply:
    replies: list[Reply] = []
    ReplyReader().feed(text.encode() + b"\r\n", replies)
    return replies[0]


def watch(texts: Iterable[str], stage: Stage = Stage.RCPT, age: timedelta = timedelta(0)) -> list[str | None]:
    """Return what is said of each outcome; 2xx is the content's answer, all else that of the stage."""
    health = Health()
    said = []
    for text in texts:
        answer = reply(text)
        at = Stage.CONTENT if answer.code < 300 else stage
        alarm = health.observe(len(said), answer, judge(answer, at, 0, NOW - age, NOW), at)
        said.append(alarm and alarm.text)
    return said


@pytest.mark.parametrize(
    ("text", "stage", "why"),
    [
        (SPAM, Stage.CONTENT, "for their content: 554 5.7.1 looks like spam"),
        ("550 5.6.0 cannot be parsed", Stage.CONTENT, "for their content"),
        ("554 transaction failed", Stage.CONTENT, "for their content"),
        ("550 5.7.1 Unsolicited mail from your address", Stage.CONTENT, "for their content"),
        ("550 5.7.26 This mail has been blocked: sender is unauthenticated", Stage.CONTENT, "authentication"),
        (
            "550 5.7.515 Access denied, sending domain does not meet the level",
            Stage.CONTENT,
            "authentication",
        ),
        ("554 5.7.5 Permanent error evaluating DMARC policy", Stage.CONTENT, "authentication"),
        ("554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", Stage.RCPT, "blocklist"),
        ("550 5.7.606 Access denied, banned sending IP", Stage.RCPT, "blocklist"),
        ("554 5.7.1 poor reputation of your network", Stage.RCPT, "blocklist"),
        ("552 5.3.4 over the limit", Stage.RCPT, "for their size"),
        ("552 message exceeds the maximum size", Stage.RCPT, "for their size"),
        ("554 5.7.1 Relay access denied", Stage.RCPT, "for the same reason: 554 5.7.1 Relay access denied"),
        ("500 5.3.0 command failed", Stage.RCPT, "for the same reason"),
        ("500 5.3.0 command failed", Stage.DATA, "for the same reason"),
    ],
)
def test_edition_pauses_where_all_are_refused_for_one_reason(text, stage, why):
    said = watch([text] * 10, stage)
    assert said[:9] == [None] * 9
    assert said[9].startswith("10 of the last 10 messages were refused ")
    assert why in said[9]


@pytest.mark.parametrize(
    "text",
    [
        "554 5.7.1 <member{n}@example.org>: Relay access denied",
        "550 5.4.4 host mx{n}.example.org not found (ticket {n}x7f)",
        "550 5.4.4 no route to 'place {n}'",
        "550 5.3.0 rejected, see https://example.org/{n} or ask a{n}@example.org",
    ],
)
def test_what_differs_between_members_is_no_other_reason_and_is_not_shown(text):
    said = watch(text.format(n=number) for number in range(10))
    assert said[9]
    assert "@" not in said[9]


@pytest.mark.parametrize(
    ("texts", "paused"),
    [
        ([OK] * 1000 + [SPAM] * 11, False),
        ([OK] * 1000 + [SPAM] * 12, True),
        ([OK, SPAM] * 100, False),  # half
        ([OK, OK, SPAM, SPAM, SPAM] * 4, True),  # three fifths
        ([SPAM] * 9 + [OK] * 11 + [SPAM] * 9, False),
        ([f"550 5.3.0 {word} failed" for word in "abcdefghijklmnopqrst"], False),  # a reason each
        ([SPAM] * 9, False),  # too few to tell
        # dead addresses: more are needed, and other reasons are not hidden among them
        ([UNKNOWN] * 39, False),
        ([UNKNOWN] * 40, True),
        ([UNKNOWN, UNKNOWN, UNKNOWN, OK] * 50, False),
        ([*[UNKNOWN] * 4, OK] * 10, True),
        (["552 5.2.2 mailbox full"] * 20, False),
        (["550 5.1.2 no such domain"] * 20 + ["553 5.1.3 syntax"] * 20, True),
        ([UNKNOWN, UNKNOWN, SPAM, SPAM, SPAM] * 4, True),
        # neither sent nor refused
        (["451 4.7.1 slow down"] * 200, False),
        (["450 4.2.0 greylisted"] * 200, False),
        (["421 4.7.0 too many connections"] * 200, False),
        (["530 5.7.0 authentication required"] * 200, False),
    ],
)
def test_edition_pauses_from_a_share_on(texts, paused):
    assert any(watch(texts, Stage.RCPT)) is paused


def test_refusals_for_age_count_too():
    assert any(watch(["451 4.3.0 try again"] * 10, age=timedelta(days=4)))
    assert not any(watch(["452 4.2.2 mailbox full"] * 20, age=timedelta(days=4)))


def test_what_never_left_does_not_count():
    never = Reply(553, "not sent: the address needs SMTPUTF8, which the relay does not offer", "5.6.7")
    verdict = judge(never, Stage.RCPT, 0, NOW, NOW)
    health = Health()
    assert [health.observe(number, never, verdict, Stage.RCPT) for number in range(100)] == [None] * 100


@given(st.lists(st.sampled_from([OK, SPAM, UNKNOWN, "450 4.2.0 later"]), max_size=80))
def test_no_edition_pauses_with_fewer_than_ten_refusals(texts):
    said = watch(texts, Stage.CONTENT)
    for place, sentence in enumerate(said):
        if sentence:
            assert sum(text.startswith("55") for text in texts[: place + 1]) >= 10


@given(st.text(), st.none() | st.from_regex(r"5\.[0-9]\.[0-9]{1,3}", fullmatch=True), st.sampled_from(Stage))
def test_any_words_make_one_line_without_an_address(words, status, stage):
    answer = Reply(554, " ".join(f"{words} <anna@example.org>".split()), status)
    verdict = judge(answer, stage, 0, NOW, NOW)
    health = Health()
    said = [health.observe(number, answer, verdict, stage) for number in range(40)]
    assert all("anna@example.org" not in it.text for it in said if it)
