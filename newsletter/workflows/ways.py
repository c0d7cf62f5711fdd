"""The ways out that the configuration names, with their secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping

from newsletter.config import Config, SmtpSettings
from newsletter.delivery.forecast import RelayOutlook
from newsletter.delivery.outbox import OutboxTransport
from newsletter.delivery.pace import Limits
from newsletter.delivery.types import RelaySettings, Transport
from newsletter.editions.standstill import RelayRest
from newsletter.workflows.project import Project
from newsletter.workflows.secrets import relay_secret
from newsletter.workflows.throttle import Throttle
from newsletter.workflows.way import Way


def ways_out(project: Project, environ: Mapping[str, str] = os.environ) -> list[Way]:
    """Return the relays of the project, ready to be connected to; raises ConfigError for a missing secret."""
    return [
        Way(
            make_transport(project.config, relay, environ),
            relay.connections,
            Throttle(relay.name, _limits(relay), project.relays),
            relay.messages_per_connection,
            relay.weight,
        )
        for relay in project.config.relays
    ]


def outlooks(project: Project) -> list[RelayOutlook]:
    """Return what each relay of the project takes from now on, for a forecast; needs no secret."""
    return [project.relays.outlook(relay.name, _limits(relay)) for relay in project.config.relays]


def relay_rests(project: Project) -> list[RelayRest]:
    """Return of each relay of the project until when it takes nothing; needs no secret."""
    return [project.relays.rest(relay.name, _limits(relay)) for relay in project.config.relays]


def _limits(relay: SmtpSettings) -> Limits:
    rate = relay.rate.messages / relay.rate.per_s if relay.rate else None
    return Limits(rate, relay.daily_limit)


def make_transport(config: Config, relay: SmtpSettings, environ: Mapping[str, str] = os.environ) -> Transport:
    """Return the transport for one relay of the configuration."""
    if relay.outbox:
        return OutboxTransport(config.folder / relay.outbox)
    from newsletter.delivery.smtp import SmtpTransport  # noqa: PLC0415 - who reads of relays sends nothing

    return SmtpTransport(
        RelaySettings(
            name=relay.name,
            host=relay.host or "",
            port=relay.port,
            security=relay.security,
            username=relay.username,
            password=relay_secret(config, relay, environ),
            ca_file=str(config.folder / relay.ca_file) if relay.ca_file else None,
            timeouts=relay.timeouts.seconds,
            auth=relay.auth,
        )
    )
