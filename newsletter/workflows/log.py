"""The log: what happened, for machines that gather such things; silent unless the shell opens it.

Beside its message a record has fields (`edition`, `delivery`, …). Addresses of members are fields of debug
records alone. Where a message holds the words of a relay or a feed, which may repeat an address, the shell
takes them out of every other record.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from newsletter.delivery.types import Attempt, DeliveryStatus, Scope
from newsletter.editions.types import EditionId
from newsletter.workflows.happened import Happened

log = logging.getLogger("newsletter")
log.addHandler(logging.NullHandler())  # or Python would print warnings that nobody asked for

_LEVELS = {DeliveryStatus.SENT: logging.DEBUG, DeliveryStatus.UNKNOWN: logging.WARNING}


def log_attempt(edition: EditionId, attempt: Attempt) -> None:
    """Log what became of a try; one that went well, and whom it was for, at debug level only."""
    verdict, claim = attempt.verdict, attempt.claim
    level = _LEVELS.get(verdict.status, logging.INFO) if verdict.scope is Scope.RECIPIENT else logging.DEBUG
    if not log.isEnabledFor(level):
        return
    fields = {"edition": str(edition), "delivery": claim.delivery, "relay": attempt.relay}
    said = {"reply": str(attempt.reply or attempt.note)}
    log.log(level, "delivery %s", verdict.status, extra=fields | said)
    whom = {"member": claim.recipient.address.text}
    log.debug("delivery %s goes to a member", claim.delivery, extra=fields | whom)


def log_happened(happened: Sequence[Happened]) -> None:
    """Log what a round did and what it could not do; nothing for a round that found nothing to do."""
    for it in happened:
        named = {"edition": it.subject} if "/" in it.subject else {}
        fields = {"event": str(it.kind), "subject": it.subject, **named}
        log.log(logging.WARNING if it.is_trouble else logging.INFO, "%s", it.words, extra=fields)
