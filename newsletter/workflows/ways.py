"""The ways out that the configuration names, with their secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from newsletter.config import Config, SmtpSettings
from newsletter.delivery.outbox import OutboxTransport
from newsletter.delivery.pace import Pace
from newsletter.delivery.smtp import SmtpTransport
from newsletter.delivery.types import RelaySettings, Transport
from newsletter.errors import ConfigError
from newsletter.workflows.dispatch import Way
from newsletter.workflows.project import Project


def ways_out(project: Project, now: datetime, environ: Mapping[str, str] = os.environ) -> list[Way]:
    """Return the relays of the project, ready to be connected to; raises ConfigError for a missing secret."""
    return [_way(project, relay, now, environ) for relay in project.config.relays]


def _way(project: Project, relay: SmtpSettings, now: datetime, environ: Mapping[str, str]) -> Way:
    transport = make_transport(project.config, relay, environ)
    pace = Pace(relay.rate.messages, relay.rate.per_s) if relay.rate else Pace()
    budget = None
    if relay.daily_limit is not None:
        yesterday = now - timedelta(days=1)
        budget = max(0, relay.daily_limit - project.reports.count_attempts(transport.name, yesterday))
    return Way(transport, relay.connections, pace, budget)


def make_transport(config: Config, relay: SmtpSettings, environ: Mapping[str, str] = os.environ) -> Transport:
    """Return the transport for one relay of the configuration."""
    if relay.outbox:
        return OutboxTransport(config.folder / relay.outbox)
    return SmtpTransport(
        RelaySettings(
            name=relay.name,
            host=relay.host or "",
            port=relay.port,
            security=relay.security,
            username=relay.username,
            password=_secret(config.folder, relay, environ),
            ca_file=str(config.folder / relay.ca_file) if relay.ca_file else None,
        )
    )


def _secret(folder: Path, relay: SmtpSettings, environ: Mapping[str, str]) -> str | None:
    if relay.password_env:
        if relay.password_env not in environ:
            raise ConfigError(
                f"smtp.password_env names {relay.password_env}, which is not set in the environment",
                hint=f"export {relay.password_env}=…, also where cron starts us",
            )
        return environ[relay.password_env]
    if relay.password_file:
        path = folder / relay.password_file
        try:
            return path.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as fault:
            raise ConfigError(f"smtp.password_file: {path} cannot be read") from fault
    return None
