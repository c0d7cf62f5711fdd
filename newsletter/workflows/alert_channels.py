"""The channels by which alerts are told: a mail through the project's relays, and a webhook.

One that fails is tried again in the next round, and ever more seldom after that.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from newsletter.address import Address, parse_address
from newsletter.alerts.types import Alert
from newsletter.alerts.words import mail_text, subject_of, webhook_document
from newsletter.config import Config
from newsletter.config.alerts import checked_web_hook
from newsletter.config.fields import Mailbox
from newsletter.delivery.types import Transport
from newsletter.errors import AlertError, ConfigError, NewsletterError
from newsletter.feeds.fetch.post import WebHook
from newsletter.store.alerts import AlertStore, Channel
from newsletter.store.settings import SettingStore
from newsletter.workflows.happened import Happened, Kind, counted
from newsletter.workflows.messages import Message
from newsletter.workflows.project import Project
from newsletter.workflows.secrets import from_environment, from_file
from newsletter.workflows.staff_mail import StaffMail, compose_mail, send_mail
from newsletter.workflows.ways import make_transport

#: After the second failure in a row, and after many.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=1)
#: Tells, and returns whom.
Tell = Callable[[Sequence[Alert]], str]


def tell_all(
    project: Project, store: AlertStore, now: datetime, environ: Mapping[str, str] = os.environ
) -> Iterator[Happened]:
    """Tell by each channel what it has not told yet; yield what came of it."""
    ways: dict[Channel, Tell] = {
        "mail": lambda alerts: _mail(project, alerts, now, environ),
        "webhook": lambda alerts: _post(project.config, alerts, now, environ),
    }
    for name, tell in ways.items():
        untold = [it.alert for it in store.all() if name not in it.told]
        patience = _Patience(SettingStore(project.database), f"alerts by {name}")
        if name not in project.config.settings.alerts.channels or not untold or patience.rests(now):
            continue
        try:
            said = tell(untold)
        except NewsletterError as fault:
            patience.note_failure(now)
            yield Happened(Kind.FAILED, patience.name, str(fault), fault.hint)
        else:
            store.note_told(untold, name, now)
            patience.end()
            yield Happened(Kind.ALERTED, patience.name, f"{counted(untold, 'alert')} {said}")


def web_hook(config: Config, environ: Mapping[str, str] = os.environ) -> WebHook:
    """Return the webhook, its secrets filled in; raises ConfigError where one is missing."""
    given = config.settings.alerts
    headers = {"User-Agent": config.user_agent}
    if token := _secret(config, "token", environ):
        if not token.isascii() or not token.isprintable():
            raise ConfigError("alerts: the webhook's token holds characters that no header may have")
        headers["Authorization"] = f"Bearer {token}"
    url = given.webhook or _secret(config, "webhook", environ)
    try:
        url = checked_web_hook(url)
    except ValueError as fault:
        place = given.webhook_env or given.webhook_file
        raise ConfigError(f"alerts: {place} holds no address of a webhook", hint=f"it {fault}") from None
    return WebHook(url, config.settings.fetch.allow, headers)


def _secret(config: Config, what: str, environ: Mapping[str, str]) -> str:
    given = config.settings.alerts
    variable, path = getattr(given, f"{what}_env"), getattr(given, f"{what}_file")
    if variable:
        return from_environment("alerts", variable, environ, f"{what}_env").strip()
    return from_file("alerts", config.folder / path, f"{what}_file").strip() if path else ""


def _post(config: Config, alerts: Sequence[Alert], now: datetime, environ: Mapping[str, str]) -> str:
    hook = web_hook(config, environ)
    hook.post(webhook_document(alerts, now, organisation=config.organisation.name, folder=str(config.folder)))
    return f"to {hook.host}"


def _mail(project: Project, alerts: Sequence[Alert], now: datetime, environ: Mapping[str, str]) -> str:
    config = project.config
    to = config.settings.alerts.to
    # The same at every try, so that a copy that did arrive can be told from a new mail.
    states = "\n".join(f"{it.kind} {it.subject} {it.since}" for it in alerts)
    mark = hashlib.sha256(f"{config.folder}\n{states}".encode()).hexdigest()[:24]
    mail = StaffMail(
        subject_of(alerts, config.organisation.name),
        mail_text(alerts, _shown, folder=str(config.folder), machine=platform.node()),
        message_id=f"<alert.{mark}@{parse_address(config.sender.from_address).domain}>",
    )
    refused = _send(config, mail, to, now, environ)
    taken = f"to {counted(len(to) - len(refused), 'person').replace('persons', 'people')}"
    return "; ".join([taken, *refused])


def _send(
    config: Config, mail: StaffMail, to: Sequence[Address], now: datetime, environ: Mapping[str, str]
) -> list[str]:
    """Send a mail to each of these, through the first relay that takes it; return why some did not get it.

    Raises AlertError where no relay took it for anybody: nobody has it then, or nobody knows whether.
    """
    faults: list[NewsletterError] = []
    for relay in config.relays:
        try:
            transport = make_transport(config, relay, environ)
        except NewsletterError as fault:
            faults.append(fault)
            continue
        refused = [*_refusals(transport, [compose_mail(config, Mailbox("", it), mail, now) for it in to])]
        if len(refused) < len(to):
            return list(map(str, refused))
        faults += refused
    raise AlertError("; ".join(map(str, faults)), hint=next((it.hint for it in faults if it.hint), ""))


def _refusals(transport: Transport, messages: Sequence[Message]) -> Iterator[NewsletterError]:
    for message in messages:
        try:
            send_mail(transport, message)
        except NewsletterError as fault:
            yield fault


def _shown(when: datetime) -> str:
    """Return a time as people on this machine read it."""
    return when.astimezone().strftime("%a %d %b %Y %H:%M")


class _Patience:
    """How often in a row a channel failed, and when it did last; kept under its name."""

    def __init__(self, settings: SettingStore, name: str) -> None:
        self.name = name
        self._settings = settings
        count, _, last = (settings.get(name) or "0").partition(" ")
        self._failures = int(count)
        self._last = datetime.fromisoformat(last) if last else None

    def rests(self, now: datetime) -> bool:
        """Whether it is left alone for now."""
        return self._last is not None and now < self._last + self._pause()

    def note_failure(self, now: datetime) -> None:
        """Note that it failed again."""
        self._settings.put(self.name, f"{self._failures + 1} {now.isoformat()}")

    def end(self) -> None:
        """Note that it works."""
        if self._failures:
            self._settings.put(self.name, "0")

    def _pause(self) -> timedelta:
        """Return for how long it rests; after the first failure not at all, so that the next round tries."""
        again = self._failures - 2
        return timedelta() if again < 0 else min(_FIRST_PAUSE * 2 ** min(again, 9), _LONGEST_PAUSE)
