"""The words of alerts: a mail's subject and text, and the document that a webhook gets."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from newsletter.alerts.types import Alert

_COLUMNS = 76
#: Slack and its likes take what stands in these for a link or a call to everybody.
_OVER = "It was over by {}, and nothing is left to do"
_NO_MARKUP = str.maketrans({"<": "‹", ">": "›"})


def subject_of(alerts: Sequence[Alert], organisation: str) -> str:
    """Return the subject of the mail that tells of these; of several, how many they are and the first."""
    first = alerts[0].headline
    if len(alerts) == 1:
        return f"{organisation}: {first}"
    return f"{organisation}: {len(alerts)} things need somebody: {first}, …"


def mail_text(alerts: Sequence[Alert], shown: Callable[[datetime], str], *, folder: str, machine: str) -> str:
    """Return the text of the mail. shown: writes a time as its readers do."""
    parts = [_paragraph(number, alert, shown) for number, alert in enumerate(alerts, 1)]
    parts.append(
        _wrapped(
            "Each is told once, and again when it comes back after it was well."
            f" Told by `newsletter run` on {machine}, in {folder}.",
            "",
        )
    )
    return "\n\n".join(parts) + "\n"


def _paragraph(number: int, alert: Alert, shown: Callable[[datetime], str]) -> str:
    since = f", since {shown(alert.since)}" if alert.since else ""
    head = f"{number}. {_capital(alert.headline)}{since}"
    said = [_wrapped(line, "   ") for line in f"{_capital(alert.text)}.".splitlines()]
    if alert.over_at:
        return "\n".join([head, *said, _wrapped(f"{_OVER.format(shown(alert.over_at))}.", "   ")])
    return "\n".join([head, *said, *_cure_lines(alert.cure)])


def _cure_lines(cure: str) -> list[str]:
    """Return a cure with its command on a line of its own, never folded, to be copied as it stands."""
    words, found, command = cure.partition("newsletter ")
    lines = [_wrapped(f"What to do: {words.strip()}", "   ")]
    return [*lines, f"     {found}{command}"] if found else lines


def _wrapped(text: str, indent: str) -> str:
    # A command, a path or an address is never broken.
    return textwrap.fill(
        text,
        _COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _capital(text: str) -> str:
    """Begin with a capital letter, but where that would change a name."""
    is_name = re.match(r"\S*[/.:]", text)
    return text if is_name else f"{text[:1].upper()}{text[1:]}"


def webhook_document(
    alerts: Sequence[Alert], now: datetime, *, organisation: str, folder: str
) -> dict[str, object]:
    """Return what the webhook gets; its `text` alone says all of it."""
    lines = [f"{organisation}: {_how_many(alerts)}"]
    for alert in alerts:
        left = f"{_OVER.format('now')}." if alert.over_at else f"What to do: {alert.cure}"
        lines += ["", _capital(alert.headline), *f"{_capital(alert.text)}.".splitlines(), left]
    return {
        "text": "\n".join(lines).translate(_NO_MARKUP),
        "organisation": organisation,
        "project": folder,
        "told_at": now.astimezone(UTC).isoformat(),
        "alerts": [
            {
                "kind": str(alert.kind),
                "subject": alert.subject,
                "headline": alert.headline,
                "text": alert.text,
                "cure": alert.cure,
                "since": _iso(alert.since),
                "over_at": _iso(alert.over_at),
            }
            for alert in alerts
        ],
    }


def _iso(when: datetime | None) -> str | None:
    return when.astimezone(UTC).isoformat() if when else None


def _how_many(alerts: Sequence[Alert]) -> str:
    """Return how many things need somebody."""
    return f"{len(alerts)} things need somebody" if len(alerts) > 1 else "something needs somebody"
