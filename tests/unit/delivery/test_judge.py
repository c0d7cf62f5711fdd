from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.judge import RETRY_AGE, backoff, judge
from newsletter.delivery.types import DeliveryStatus, Reply, Scope, Stage, Verdict

NOW = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
SENT = Verdict(Scope.RECIPIENT, DeliveryStatus.SENT)
REFUSED = Verdict(Scope.RECIPIENT, DeliveryStatus.REFUSED)
NOBODY = Verdict(Scope.RECIPIENT, DeliveryStatus.REFUSED, suppress=True)
LATER = Verdict(Scope.RECIPIENT, DeliveryStatus.DEFERRED, retry_at=NOW + timedelta(minutes=5))
UNKNOWN = Verdict(Scope.RECIPIENT, DeliveryStatus.UNKNOWN)
LINK = Verdict(Scope.LINK, DeliveryStatus.PENDING)
RUN = Verdict(Scope.RUN, DeliveryStatus.PENDING)


def reply(text: str) -> Reply:
    """Read "550 5.1.1 no such user", or without the enhanced code."""
    code, _, rest = text.partition(" ")
    status, _, words = rest.partition(" ")
    return Reply(int(code), words, status) if status[1:2] == "." else Reply(int(code), rest)


def verdict(text: str | None, stage: Stage, attempts: int = 0, age: timedelta = timedelta(0)) -> Verdict:
    return judge(reply(text) if text else None, stage, attempts, NOW - age, NOW)


@pytest.mark.parametrize(
    ("text", "stage", "expected"),
    [
        ("250 2.0.0 queued as 4XyZ", Stage.CONTENT, SENT),
        ("250", Stage.CONTENT, SENT),
        (None, Stage.CONTENT, UNKNOWN),
        (None, Stage.RCPT, LINK),
        # this recipient, later
        ("450 4.2.0 greylisted", Stage.RCPT, LATER),
        ("452 4.2.2 mailbox full", Stage.RCPT, LATER),
        ("451 4.3.0 try again", Stage.DATA, LATER),
        ("450 4.7.1 later", Stage.CONTENT, LATER),
        ("454 4.7.0 cannot check now", Stage.RCPT, LATER),
        # the link
        ("421 4.3.2 shutting down", Stage.MAIL, LINK),
        ("421 4.7.0 too fast", Stage.RCPT, LINK),
        ("421 bye", Stage.DATA, LINK),
        ("421 4.4.2 timeout", Stage.CONTENT, LINK),
        ("451 4.3.0 out of order", Stage.MAIL, LINK),
        ("452 4.3.1 no storage", Stage.MAIL, LINK),
        # the whole run
        ("530 5.7.0 must issue STARTTLS first", Stage.MAIL, RUN),
        ("550 5.7.1 sender refused", Stage.MAIL, RUN),
        ("552 5.3.4 message too big", Stage.MAIL, RUN),
        ("530 5.7.0 authentication required", Stage.RCPT, RUN),
        ("535 5.7.8 bad credentials", Stage.RCPT, RUN),
        ("503 this server requires authentication", Stage.RCPT, RUN),
        # nobody is there
        ("550 5.1.1 <x@example.org>: user unknown", Stage.RCPT, NOBODY),
        ("554 5.1.1 no", Stage.RCPT, NOBODY),
        ("550 5.1.6 has moved", Stage.RCPT, NOBODY),
        ("556 5.1.10 domain takes no mail", Stage.RCPT, NOBODY),
        ("550 5.2.1 mailbox disabled", Stage.RCPT, NOBODY),
        ("550 No such user here", Stage.RCPT, NOBODY),
        ("550 User unknown", Stage.RCPT, NOBODY),
        ("550 sorry, no mailbox here by that name", Stage.RCPT, NOBODY),
        ("550 5.0.0 unknown user", Stage.RCPT, NOBODY),
        # not this message to this recipient
        ("550 5.1.1 user unknown", Stage.CONTENT, REFUSED),
        ("550 5.1.1 user unknown", Stage.DATA, REFUSED),
        ("550 5.1.2 domain not found", Stage.RCPT, REFUSED),
        ("553 5.1.3 bad address syntax", Stage.RCPT, REFUSED),
        ("552 5.2.2 mailbox full", Stage.RCPT, REFUSED),
        ("550 5.7.1 relaying denied, no such user either", Stage.RCPT, REFUSED),
        ("550 5.4.1 recipient address rejected: access denied", Stage.RCPT, REFUSED),
        ("553 5.6.7 needs SMTPUTF8", Stage.RCPT, REFUSED),
        ("550 requested action not taken: mailbox unavailable", Stage.RCPT, REFUSED),
        ("550 Sender verify failed: 550 user unknown", Stage.RCPT, REFUSED),
        ("551 no such user here, try elsewhere", Stage.RCPT, REFUSED),
        ("554 5.7.1 looks like spam", Stage.CONTENT, REFUSED),
        ("554 5.6.0 cannot be parsed", Stage.CONTENT, REFUSED),
        ("554 5.5.1 no valid recipients", Stage.DATA, REFUSED),
        # answers that do not belong there
        ("354 go on", Stage.CONTENT, UNKNOWN),
        ("354 go on", Stage.RCPT, LINK),
        ("250 fine", Stage.DATA, LINK),
    ],
)
def test_verdict_by_reply_and_stage(text, stage, expected):
    assert verdict(text, stage) == expected


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(0, 5), (1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 240), (10**9, 240)],
)
def test_delay_grows_up_to_four_hours(attempts, minutes):
    assert backoff(attempts) == timedelta(minutes=minutes)
    assert verdict("450 later", Stage.RCPT, attempts).retry_at == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (-timedelta(hours=1), "deferred"),  # the clock was set back
        (RETRY_AGE - timedelta(seconds=1), "deferred"),
        (RETRY_AGE, "refused"),
        (RETRY_AGE * 100, "refused"),
    ],
)
def test_deferral_ends_at_the_retry_age(age, status):
    found = verdict("450 4.2.0 later", Stage.RCPT, 7, age)
    assert (found.status, found.suppress) == (status, False)


def test_link_trouble_never_grows_old():
    assert verdict("421 busy", Stage.RCPT, 99, RETRY_AGE * 2) == LINK


@given(
    st.integers(200, 599),
    st.none() | st.from_regex(r"[245]\.[0-9]\.[0-9]{1,2}", fullmatch=True),
    st.text(),
    st.sampled_from(Stage),
)
def test_every_reply_has_a_verdict_and_only_rcpt_suppresses(code, status, text, stage):
    found = judge(Reply(code, text, status), stage, 0, NOW, NOW)
    assert found.suppress <= (stage is Stage.RCPT and 500 <= code <= 599)
    assert (found.status is DeliveryStatus.SENT) == (stage is Stage.CONTENT and 200 <= code <= 299)
    assert (found.retry_at is not None) == (found.status is DeliveryStatus.DEFERRED)
