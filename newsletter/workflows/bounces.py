"""Take bounces: read the bounce box, judge what is in it, and stop mailing whom that is reason to.

A mail is kept before anything is done for it, and counts as taken after: who is stopped in between does the
rest the next time. Doing it twice changes nothing, because what an address has come to follows from all that
is kept of it (`bounces.judge.decide`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.address import parse_address
from newsletter.bounces.judge import decide, judge_failure, judge_mail
from newsletter.bounces.mailbox import Box, Taken, read_box
from newsletter.bounces.read import read_mail
from newsletter.bounces.types import (
    BounceRules,
    Failure,
    Form,
    Judgement,
    Kind,
    Proof,
    ReturnedMail,
    SentTo,
)
from newsletter.bounces.verp import Verp
from newsletter.config import Config
from newsletter.delivery.message_ids import MessageIds, marks_in
from newsletter.errors import AddressError, ConfigError
from newsletter.members.subscriptions import to_begin_again
from newsletter.members.types import EndReason, Lifting
from newsletter.store.settings import SettingStore
from newsletter.workflows.leave_requests import judge_request, leave_as_asked
from newsletter.workflows.project import Project
from newsletter.workflows.secrets import from_environment, from_file
from newsletter.workflows.verp import project_verp

#: Who lifts a suppression when its bounces are judged otherwise under new rules.
REPLAY = "bounce replay"
_SAID_CHARS = 500
_DEFAULT_RULES = BounceRules(soft_limit=4, soft_days=60)


@dataclass(slots=True)
class BounceSummary:
    """What was taken. suppressed: addresses that are not mailed from now on; lifted: mailed again.

    unproven: bounces and complaints that nothing shows to be about mail of ours.
    """

    kinds: Counter[Kind] = field(default_factory=Counter)
    suppressed: list[str] = field(default_factory=list)
    lifted: list[str] = field(default_factory=list)
    #: Newsletters that ended because their members asked for it by mail, and whose: "weekly of anna@…".
    left: list[str] = field(default_factory=list)
    unproven: int = 0
    #: How many kept ones a replay judged otherwise than before.
    changed: int = 0

    @property
    def taken(self) -> int:
        """How many mails were taken."""
        return self.kinds.total()


def collect_bounces(
    project: Project, now: datetime, *, environ: Mapping[str, str] = os.environ
) -> BounceSummary:
    """Take what is new in the bounce box; nothing where there is none, or where mail is piped in.

    Raises MailboxError where the box cannot be read, ConfigError for a password that is missing.
    """
    given = project.config.settings.bounces
    if given is None or given.url == "-":
        return BounceSummary()
    box = Box(
        given.url,
        project.config.folder,
        lambda: _password(project.config, environ),
        str(project.config.folder / given.ca_file) if given.ca_file else None,
    )
    settings, name = SettingStore(project.database), f"bounce place {given.url}"
    place = settings.get(name)
    return _take(project, _noted(read_box(box, place), settings, name, place), now)


def take_mail(project: Project, raw: bytes, now: datetime) -> BounceSummary:
    """Take one mail that a mail system hands over."""
    return _take(project, [raw], now)


def replay_bounces(project: Project, now: datetime) -> BounceSummary:
    """Judge all that is kept once more; suppress whom that is reason to, and lift what it no longer is."""
    summary, verp, concerned = BounceSummary(), project_verp(project), {}
    for bounce in project.bounces.all():
        raw = project.bounces.raw(bounce.id)
        if raw is None:
            continue
        judgement = judge_raw(project, verp, raw)
        summary.kinds[judgement.kind] += 1
        if judgement != bounce.judgement:
            summary.changed += 1
            project.bounces.judge_anew(bounce.id, judgement)
        summary.left += leave_as_asked(project, judgement, bounce.came_at)
        for delivery in filter(None, (bounce.judgement.delivery, judgement.delivery)):
            if sent := project.bounces.sent_to(delivery):
                concerned[sent.member] = sent
    for sent in concerned.values():
        _settle(project, sent, summary, now)
        _lift_undeserved(project, sent, summary, now)
    return summary


def _password(config: Config, environ: Mapping[str, str]) -> str:
    given = config.settings.bounces
    if given and given.password_env:
        return from_environment("bounces", given.password_env, environ)
    if given and given.password_file:
        return from_file("bounces", config.folder / given.password_file)
    raise ConfigError(
        "[bounces] names a mailbox on a server and no password",
        hint='password_env = "NEWSLETTER_BOUNCES_PASSWORD", or password_file, in newsletter.toml',
    )


def _noted(mails: Iterable[Taken], settings: SettingStore, name: str, place: str | None) -> Iterator[bytes]:
    """Yield mails, and note the place of the box after each that was taken."""
    for mail in mails:
        yield mail.raw
        if mail.place and mail.place != place:
            place = mail.place
            settings.put(name, place)


def _take(project: Project, mails: Iterable[bytes], now: datetime) -> BounceSummary:
    summary = BounceSummary()
    verp: Verp | None = None
    for raw in mails:
        verp = verp or project_verp(project)
        known = project.bounces.find(raw)
        judgement = known.judgement if known else judge_raw(project, verp, raw)
        if not known:
            project.bounces.keep(raw, judgement, now, blank=_is_of_forgotten(project, verp, raw, judgement))
            summary.kinds[judgement.kind] += 1
            counts = judgement.kind in (Kind.HARD, Kind.SOFT, Kind.COMPLAINT)
            summary.unproven += counts and judgement.proof is None
        summary.left += leave_as_asked(project, judgement, known.came_at if known else now)
        if judgement.delivery and (sent := project.bounces.sent_to(judgement.delivery)):
            _settle(project, sent, summary, now)
    return summary


def _is_of_forgotten(project: Project, verp: Verp, raw: bytes, judgement: Judgement) -> bool:
    """Whether a mail is about somebody who was forgotten, and may not be kept as it came."""
    if judgement.proof:
        return False
    if any(map(project.bounces.is_forgotten, verp.deliveries(raw))):
        return True
    try:
        key = parse_address(judgement.recipient).key
    except AddressError:
        return False
    return project.tombstones.forgotten_at(key) is not None


def judge_raw(project: Project, verp: Verp, raw: bytes) -> Judgement:
    """Return what a mail says and about which delivery, without doing anything for it."""
    mail = read_mail(raw)
    if mail.request:
        return judge_request(project, mail, mail.request)
    sent, proof = _proven(project, verp, raw, mail)
    failure = _failure_of(mail, sent)
    counts = failure is not None and mail.form in (Form.DSN, Form.PROSE)
    return Judgement(
        mail.form,
        judge_failure(failure) if failure and counts else judge_mail(mail),
        mail.subject[:_SAID_CHARS],
        failure.address if failure else "",
        failure.status if failure else "",
        " ".join((failure.diagnostic if failure else "").split())[:_SAID_CHARS],
        proof,
        sent.delivery if sent else None,
        sent.member if sent else None,
    )


def _proven(
    project: Project, verp: Verp, raw: bytes, mail: ReturnedMail
) -> tuple[SentTo, Proof] | tuple[None, None]:
    """Return the delivery that a mail is shown to be about."""
    for delivery in verp.deliveries(raw):
        if sent := project.bounces.sent_to(delivery):
            return sent, Proof.VERP
    names = {name for it in mail.failures for name in it.names}
    for delivery, mark in marks_in(raw):
        sent = project.bounces.sent_to(delivery)
        if sent and sent.email_key in names and MessageIds(sent.message_id_key).made(delivery, mark):
            return sent, Proof.MESSAGE_ID
    return None, None


def _failure_of(mail: ReturnedMail, sent: SentTo | None) -> Failure | None:
    """Return what a mail says of a delivery's recipient; of the first one where it names them otherwise."""
    theirs = [it for it in mail.failures if sent and sent.email_key in it.names]
    return next(iter(theirs or mail.failures), None)


def _settle(project: Project, sent: SentTo, summary: BounceSummary, now: datetime) -> None:
    """Stop mailing an address when that is what all its bounces come to."""
    rules = _rules(project)
    verdict = decide(project.bounces.counted(sent.member, _forgiven(project, sent)), rules)
    if verdict is None:
        return
    reason, detail = verdict
    if not project.suppressions.now(sent.email_key):
        project.members.suppress(sent.email_key, reason, detail, now)
        summary.suppressed.append(sent.email)
    if reason == EndReason.COMPLAINT:
        project.subscriptions.end(sent.member, None, "complaint", now, reason=EndReason.COMPLAINT)


def _forgiven(project: Project, sent: SentTo) -> datetime | None:
    """Return when a person last said to mail an address again."""
    liftings = (it.lifted for it in project.suppressions.all(sent.email_key) if it.lifted)
    return max((it.at for it in liftings if it.by != REPLAY), default=None)


def _lift_undeserved(project: Project, sent: SentTo, summary: BounceSummary, now: datetime) -> None:
    standing = project.suppressions.now(sent.email_key)
    if standing is None or standing.reason != EndReason.BOUNCED:
        return
    if decide(project.bounces.counted(sent.member, _forgiven(project, sent)), _rules(project)):
        return
    again = to_begin_again(project.subscriptions.of(sent.member), REPLAY, now)
    word = Lifting(now, REPLAY, "judged anew, its bounces are no reason")
    if project.suppressions.lift(sent.email_key, word, sent.member, again):
        summary.lifted.append(sent.email)


def _rules(project: Project) -> BounceRules:
    given = project.config.settings.bounces
    return BounceRules(given.soft_limit, given.soft_days) if given else _DEFAULT_RULES
