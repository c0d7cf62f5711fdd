"""Hard or soft: what a report counts for, by status code and wording together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from newsletter.bounces.types import BounceRules, Counted, Failure, Form, Kind, ReturnedMail
from newsletter.bounces.wordings import says_nobody_there, says_not_this_time

#: RFC 3463 §3.2 and RFC 5248: bad mailbox, bad system, bad syntax, moved, null MX. The others are about the
#: mailbox's room, the link or a policy, whatever their class says.
_NOBODY_STATUS = re.compile(r"5\.1\.(?:1|2|3|6|10)")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_CODE = re.compile(r"(?<![\d.\w])([45])\d\d[ -]")
_NOTICES = ("delayed", "delivered", "relayed", "expanded")
_BY_FORM = {
    Form.COMPLAINT: Kind.COMPLAINT,
    Form.AUTO_REPLY: Kind.REPLY,
    Form.CHALLENGE: Kind.REPLY,
    Form.REQUEST: Kind.LEAVE,
    Form.OTHER: Kind.UNKNOWN,
}


def judge_failure(failure: Failure) -> Kind:
    """Return what one recipient's failure counts for."""
    if failure.action in _NOTICES:
        return Kind.NOTICE
    statuses = [it[0] for it in _STATUS.finditer(failure.diagnostic)] or [failure.status]
    nobody = says_nobody_there(failure.diagnostic)
    not_now = says_not_this_time(failure.diagnostic)
    if _is_transient(failure, statuses) or (not_now and not nobody):
        return Kind.SOFT
    bad_address = any(_NOBODY_STATUS.fullmatch(it) for it in statuses)
    if not_now:  # both: the code decides, and where it says neither, nobody is given up
        return Kind.HARD if bad_address else Kind.SOFT
    own_status = bool(_NOBODY_STATUS.fullmatch(failure.status))
    return Kind.HARD if nobody or bad_address or own_status else Kind.SOFT


def _is_transient(failure: Failure, statuses: list[str]) -> bool:
    """Whether the last word was "later": what was tried for days and given up is no bad address."""
    if any(it.startswith("5") for it in statuses if it):
        return False
    codes = [it[1] for it in _CODE.finditer(failure.diagnostic)]
    if "5" in codes:
        return False
    return "4" in codes or any(it.startswith("4") for it in (*statuses, failure.status))


def judge_mail(mail: ReturnedMail) -> Kind:
    """Return what a mail counts for: the gravest of its recipients."""
    if mail.form in _BY_FORM:
        return _BY_FORM[mail.form]
    kinds = {judge_failure(it) for it in mail.failures}
    return next((it for it in (Kind.HARD, Kind.SOFT, Kind.NOTICE) if it in kinds), Kind.UNKNOWN)


def decide(counted: Iterable[Counted], rules: BounceRules) -> tuple[str, str] | None:
    """Return why an address is given up: the reason and its detail; None when it is not.

    counted: all that came back of one address since a person last said to mail it again, oldest first.
    """
    past: list[Counted] = []
    for it in counted:
        if it.kind in (Kind.HARD, Kind.COMPLAINT):
            return ("complaint" if it.kind is Kind.COMPLAINT else "bounced", it.said)
        if it.kind is Kind.SOFT:
            past = [old for old in past if old.at > it.at - timedelta(days=rules.soft_days)] + [it]
            if len({old.delivery for old in past}) >= rules.soft_limit:
                times = f"{len({old.delivery for old in past})} editions in {rules.soft_days} days came back"
                return ("bounced", f"{times}, the last one: {it.said}")
    return None
