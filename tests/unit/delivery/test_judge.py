from __future__ import annotations

from dataclasses import replace
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
LATER_SLOWER = replace(LATER, slow_down=True)
UNKNOWN = Verdict(Scope.RECIPIENT, DeliveryStatus.UNKNOWN)
LINK = Verdict(Scope.LINK, DeliveryStatus.PENDING)
LINK_SLOWER = replace(LINK, slow_down=True)
RUN = Verdict(Scope.RUN, DeliveryStatus.PENDING)


def reply(text: str) -> Reply:
    """Read "550 5.1.1 no such user", or without the enhanced code."""
    code, _, rest = text.partition(" ")
    status, _, words = rest.partition(" ")
    return Reply(int(code), words, status) if status[1:2] == "." else Reply(int(code), rest)


def verdict(text: str | None, stage: Stage, attempts: int = 0, age: timedelta = timedelta(0)) -> Verdict:
    return judge(reply(text) if text else None, stage, attempts, NOW - age, NOW, jitter=0)


@pytest.mark.parametrize(
    ("text", "stage", "expected"),
    [
        ("250 2.0.0 queued as 4XyZ", Stage.CONTENT, SENT),
        ("250", Stage.CONTENT, SENT),
        (None, Stage.CONTENT, UNKNOWN),
        (None, Stage.RCPT, LINK),
        # this recipient, later
        (
            "450 4.2.0 <x@example.org>: Recipient address rejected: Greylisted, see http://x",
            Stage.RCPT,
            LATER,
        ),
        ("450 4.7.1 <relay[192.0.2.1]>: Client host rejected: Greylisted for 5 minutes", Stage.RCPT, LATER),
        ("451 4.7.1 Grey-listing in action, please come back in 00:04:59", Stage.MAIL, LATER),
        ("451 greylisted", Stage.CONTENT, LATER),
        ("450 4.1.1 <x@example.org>: unverified address: verification in progress", Stage.RCPT, LATER),
        ("450 4.1.2 <x@example.org>: Recipient address rejected: Domain not found", Stage.RCPT, LATER),
        ("450 4.2.1 The user you are trying to contact is receiving mail too quickly", Stage.RCPT, LATER),
        ("452 4.2.2 mailbox full", Stage.RCPT, LATER),
        ("452 4.2.2 account is over quota, limit exceeded", Stage.RCPT, LATER),
        ("452 4.3.1 insufficient system storage", Stage.RCPT, LATER),
        ("451 4.3.0 try again", Stage.DATA, LATER),
        ("451 4.4.2 timeout waiting for the next hop", Stage.CONTENT, LATER),
        ("432 4.7.12 a password transition is needed", Stage.RCPT, LATER),
        # this recipient, later, and all more slowly
        ("450 4.7.1 later", Stage.CONTENT, LATER_SLOWER),
        ("450 4.7.1 Error: too much mail from 192.0.2.1", Stage.RCPT, LATER_SLOWER),
        (
            "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77714)",
            Stage.RCPT,
            LATER_SLOWER,
        ),
        ("451 4.7.650 The mail server has been temporarily rate limited", Stage.DATA, LATER_SLOWER),
        ("454 4.7.0 cannot check now", Stage.RCPT, LATER_SLOWER),
        ("454 Throttling failure: Maximum sending rate exceeded.", Stage.CONTENT, LATER_SLOWER),
        ("432 4.3.2 STOREDRV; concurrent connections limit exceeded", Stage.CONTENT, LATER_SLOWER),
        ("450 4.2.1 Peak SMTP relay limit exceeded for this customer", Stage.RCPT, LATER_SLOWER),
        ("451 4.3.2 rate limit, slow down", Stage.RCPT, LATER_SLOWER),
        ("452 4.5.3 too many recipients", Stage.RCPT, LATER_SLOWER),
        # the link
        ("451 4.3.0 out of order", Stage.MAIL, LINK),
        ("452 4.3.1 no storage", Stage.MAIL, LINK),
        ("421 4.4.2 relay.example.org Error: timeout exceeded", Stage.MAIL, LINK),
        ("421 relay.example.org: SMTP command timed out - closing connection", Stage.MAIL, LINK),
        ("450 4.1.8 <news@example.org>: Sender address rejected: Domain not found", Stage.RCPT, LINK),
        ("451 4.1.7 cannot look up", Stage.RCPT, LINK),
        # the link, and all more slowly
        ("421 4.3.2 shutting down", Stage.MAIL, LINK_SLOWER),
        ("421 4.7.0 too fast", Stage.RCPT, LINK_SLOWER),
        ("421 bye", Stage.DATA, LINK_SLOWER),
        ("421 4.7.28 an unusual rate of unsolicited mail", Stage.CONTENT, LINK_SLOWER),
        ("421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints", Stage.MAIL, LINK_SLOWER),
        ("451 4.7.1 not so fast", Stage.MAIL, LINK_SLOWER),
        ("454 Throttling failure: Daily message quota exceeded.", Stage.MAIL, LINK_SLOWER),
        ("450 4.7.1 Client host rejected: cannot find your hostname", Stage.RCPT, LINK_SLOWER),
        # the whole run
        ("530 5.7.0 must issue STARTTLS first", Stage.MAIL, RUN),
        ("550 5.7.1 sender refused", Stage.MAIL, RUN),
        ("552 5.3.4 message too big", Stage.MAIL, RUN),
        ("530 5.7.0 authentication required", Stage.RCPT, RUN),
        ("535 5.7.8 bad credentials", Stage.RCPT, RUN),
        ("503 this server requires authentication", Stage.RCPT, RUN),
        ("553 5.7.1 <news@example.org>: Sender address rejected: not owned by user x", Stage.RCPT, RUN),
        ("554 5.7.1 <relay[192.0.2.1]>: Client host rejected: Access denied", Stage.RCPT, RUN),
        ("504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", Stage.RCPT, RUN),
        ("550 Sender verify failed: 550 user unknown", Stage.RCPT, RUN),
        ("550 5.1.8 access denied, bad outbound sender", Stage.RCPT, RUN),
        ("550 5.4.5 Daily SMTP relay limit exceeded for customer", Stage.CONTENT, RUN),
        ("550 5.1.90 You have reached your daily limit for message recipients", Stage.RCPT, RUN),
        ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Stage.CONTENT, RUN),
        ("550 Domain example.org has exceeded the max emails per hour (100/100) allowed", Stage.RCPT, RUN),
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
        ("550 5.1.0 Recipient address rejected: User unknown in relay recipient table", Stage.RCPT, NOBODY),
        ("550 5.1.1 <block.rate@spam.example.org>: user unknown", Stage.RCPT, NOBODY),
        ("550 5.1.1 does not exist. https://example.org/?p=NoSuchUser&sender=blocked", Stage.RCPT, NOBODY),
        ("550 <from@example.org>: no such user", Stage.RCPT, NOBODY),
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
        ("550 5.1.1 unverified: host mx said: 550 Sender verify failed", Stage.RCPT, REFUSED),
        ("550 5.2.1 user is receiving mail at a rate that prevents more", Stage.RCPT, REFUSED),
        ("550 5.1.1 sender refused", Stage.RCPT, REFUSED),
        ("550 5.2.1 mail from your network is blocked", Stage.RCPT, REFUSED),
        ("550 5.2.121 recipient's hourly receive limit exceeded", Stage.RCPT, REFUSED),
        ("552 5.2.2 mailbox has reached its max quota limit", Stage.RCPT, REFUSED),
        ("550 5.7.26 blocked: the sender is unauthenticated", Stage.CONTENT, REFUSED),
        ("550 5.7.515 Access denied, sending domain does not meet the level", Stage.CONTENT, REFUSED),
        ("554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", Stage.RCPT, REFUSED),
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
    assert backoff(attempts, 0) == timedelta(minutes=minutes)
    assert verdict("450 later", Stage.RCPT, attempts).retry_at == NOW + timedelta(minutes=minutes)


@given(st.integers(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_jitter_adds_up_to_half_and_the_next_delay_is_longer_still(attempts, jitter, other):
    delay, plain = backoff(attempts, jitter), backoff(attempts, 0)
    assert plain <= delay <= plain * 1.5
    assert backoff(attempts + 1, other) > delay or attempts >= 5
    assert judge(reply("450 later"), Stage.RCPT, attempts, NOW, NOW, jitter=jitter).retry_at == NOW + delay


@pytest.mark.parametrize(
    ("age", "attempts", "expected"),
    [
        (timedelta(0), 0, timedelta(minutes=5)),
        (timedelta(minutes=10), 3, timedelta(minutes=50)),  # an hour's delay, cut
        (timedelta(minutes=58), 3, timedelta(minutes=5)),
        (timedelta(minutes=60), 3, None),
    ],
)
def test_last_try_comes_when_the_configured_age_is_reached(age, attempts, expected):
    found = judge(
        reply("450 later"), Stage.RCPT, attempts, NOW - age, NOW, retry_age=timedelta(hours=1), jitter=0
    )
    assert found.retry_at == (expected and NOW + expected)
    assert found.status == ("deferred" if expected else "refused")


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
    assert verdict("421 busy", Stage.RCPT, 99, RETRY_AGE * 2) == LINK_SLOWER


@given(
    st.integers(200, 599),
    st.none() | st.from_regex(r"[245]\.[0-9]\.[0-9]{1,2}", fullmatch=True),
    st.text() | st.sampled_from(["Greylisted", "user unknown", "sender address rejected", "too many"]),
    st.sampled_from(Stage),
)
def test_every_reply_has_a_verdict_and_only_rcpt_suppresses(code, status, text, stage):
    found = judge(Reply(code, text, status), stage, 0, NOW, NOW)
    assert found.suppress <= (stage is Stage.RCPT and 500 <= code <= 599)
    assert (found.status is DeliveryStatus.SENT) == (stage is Stage.CONTENT and 200 <= code <= 299)
    assert found.slow_down <= (400 <= code <= 499)
    assert (found.retry_at is not None) == (found.status is DeliveryStatus.DEFERRED)
