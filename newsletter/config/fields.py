"""Field types of the settings: durations, rates, windows, addresses; each fault says how to write it."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from pathlib import PurePosixPath
from string import Formatter
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from newsletter.address import Address, parse_address
from newsletter.delivery.window import SendingWindow, parse_window
from newsletter.editions.days import Days, parse_days
from newsletter.editions.recurrence import Recurrence, parse_recurrence
from newsletter.render.subject import SUBJECT_NAMES

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DNS_NAME, _MAX_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*"), 253
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_OUR_HEADERS = {
    "host", "connection", "content-length", "transfer-encoding", "accept-encoding", "user-agent",
    "if-none-match", "if-modified-since",
}  # fmt: skip
_LEAST_GRACE = timedelta(minutes=10)
_PLACES = f"its places are {', '.join(f'{{{name}}}' for name in SUBJECT_NAMES)}"
_PER = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class Rate(NamedTuple):
    """So many messages in so many seconds."""

    messages: int
    per_s: int


class Mailbox(NamedTuple):
    """A display name, which may be empty, and an address."""

    name: str
    address: Address


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    # A bare number would be read as seconds, and a forgotten unit is the likely slip.
    found = re.fullmatch(r"\s*(\d+)\s*([smhdw])\s*", value) if isinstance(value, str) else None
    if not found:
        raise ValueError('not a duration; write a number and a unit, such as "90s", "15m", "24h" or "30d"')
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        raise ValueError("longer than any calendar; 3650d is ten years") from None


def _rate(value: object) -> Rate:
    found = re.fullmatch(r"\s*([1-9]\d{0,8})\s*/\s*(second|minute|hour|day)\s*", str(value))
    if not found:
        raise ValueError('not a rate; write it as "30/minute" or "14/second"')
    return Rate(int(found[1]), _PER[found[2]])


def _window(value: object) -> SendingWindow:
    parts = value if isinstance(value, list) else [value]
    return parse_window(";".join(map(str, parts)))


def _recurrence(value: object) -> Recurrence:
    if isinstance(value, Recurrence):
        return value
    return parse_recurrence(str(value))


def _grace(value: timedelta) -> timedelta:
    if value < _LEAST_GRACE:
        raise ValueError("shorter than cron may pause; the least is 10m")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError('not a time zone; write it as "Europe/London"') from None
    return value


def _mailbox(value: object) -> Mailbox:
    text = str(value)
    named = re.fullmatch(r'\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*', text)
    name, address = (named[1], named[2]) if named else ("", text)
    if _CONTROL.search(name):
        raise ValueError("holds a line break or another control character")
    return Mailbox(name.strip(), parse_address(address))


def _address(value: object) -> Address:
    return parse_address(str(value))


def _command(value: str) -> str:
    try:
        words = shlex.split(value)
    except ValueError as fault:
        raise ValueError(f"not a command: {fault}") from None
    if not words:
        raise ValueError("not a command: it is empty")
    return value


def _source(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme in ("http", "https"):
        if not parts.hostname:
            raise ValueError("names no host")
        if "@" in parts.netloc:
            raise ValueError("holds a login; write username and password_env of the feed instead")
    elif "://" in value:
        raise ValueError(f"only http and https are fetched, not {parts.scheme}")
    elif PurePosixPath(value).parts[:1] != ("feeds",) or ".." in PurePosixPath(value).parts:
        raise ValueError('a file must stand below the folder feeds/; write it as "feeds/news.xml"')
    return value


def _header_name(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise ValueError('not the name of a header; write it as "X-Api-Key"')
    if value.lower() in _OUR_HEADERS:
        raise ValueError("a header that we write ourselves")
    return value


def _dns_name(value: str) -> str:
    name = value.strip().rstrip(".").lower()
    if len(name) > _MAX_NAME or not _DNS_NAME.fullmatch(name):
        raise ValueError('not a name in the DNS; write it as "example.org", one beyond ASCII as "xn--…"')
    return name


def _subject(value: str) -> str:
    try:
        names = [name for _, name, form, _ in Formatter().parse(value) if name is not None or form]
    except ValueError as fault:
        raise ValueError(f"not a subject ({fault}); {_PLACES}") from None
    for name in names:
        if name not in SUBJECT_NAMES:
            raise ValueError(f"{{{name}}} stands for nothing; {_PLACES}")
    return value


def _single_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("holds a line break or another control character")
    return value.strip()


Duration = Annotated[timedelta, BeforeValidator(_duration)]
RateField = Annotated[Rate, BeforeValidator(_rate)]
WindowField = Annotated[SendingWindow, BeforeValidator(_window)]
RecurrenceField = Annotated[Recurrence, BeforeValidator(_recurrence)]
DaysField = Annotated[Days, BeforeValidator(parse_days)]
#: For how long being late changes nothing.
Grace = Annotated[Duration, AfterValidator(_grace)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
MailboxField = Annotated[Mailbox, BeforeValidator(_mailbox)]
AddressField = Annotated[Address, BeforeValidator(_address)]
Source = Annotated[str, StringConstraints(min_length=1), AfterValidator(_source)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_single_line)]
#: A domain, or a part of one.
DnsName = Annotated[str, AfterValidator(_dns_name)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
#: What an inbox shows, with places for what an edition brings.
SubjectTemplate = Annotated[Line, AfterValidator(_subject)]
#: A program and its arguments, quoted as for a shell; run without one.
Command = Annotated[Line, AfterValidator(_command)]
#: A name that stands in commands, file names and ids.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
WebUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+\S*$")]
