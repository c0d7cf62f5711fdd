"""Schedules in plain words, "first Monday of the month 08:30", as cron expressions.

One time of day, the days, and months where only some are meant. Small words ("on", "at", "every", "the") may
stand anywhere.
"""

from __future__ import annotations

import re

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
#: What has a name of its own: the fields for the day of the month and for the weekday.
_NAMED = {
    **dict.fromkeys(("day", "days", "daily"), ("*", "*")),
    **dict.fromkeys(("weekday", "weekdays", "working day", "working days"), ("*", "1-5")),
    **dict.fromkeys(("last weekday", "last working day"), ("LW", "*")),
    "last day": ("L", "*"),
}
_TIME = re.compile(r"\b(\d{1,2})[:.](\d\d)(?:\s*(am|pm))?\b|\b(\d{1,2})\s*(am|pm)\b")
_SMALL = re.compile(r"\b(?:at|on|every|each|the|o'clock)\b")
_JOINED = re.compile(r"\s*(?:,|&|\band\b)[\s,&]*(?:and\s)?\s*")
_FROM_TO = re.compile(r"(\w+)\s*(?:\bto\b|-|–)\s*(\w+)")
_NTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
_OTHER_WEEK = re.compile(r"\bfortnight|\bbi-?weekly|\b(?:every|each) (?:other|second|two)\b|\balternate")
_SHORTEST = 3
_LAST_DAY = 31
_NOON = 12


def cron_of(text: str) -> str:
    """Return the cron expression of plain words; raises ValueError that names what is not understood."""
    words = " ".join(text.lower().split())
    if _OTHER_WEEK.search(words):
        raise ValueError(
            "every other week cannot be said, as nobody knows which is the first;"
            ' "first and third Friday of the month 07:00" comes close'
        )
    minute, hour = _time(words)
    days, _, months = re.sub(r"\b(?:of|in)\b", "|", _TIME.sub(" ", words)).partition("|")
    day, weekday = _days(_plain(days), text)
    return f"{minute} {hour} {day} {_months(_plain(months))} {weekday}"


def _time(words: str) -> tuple[int, int]:
    found = list(_TIME.finditer(words))
    if len(found) != 1:
        many = "it names several times, and an edition comes out once a day"
        raise ValueError(many if found else "it names no time of day")
    hour, minute = int(found[0][1] or found[0][4]), int(found[0][2] or 0)
    half = found[0][3] or found[0][5]
    if half:
        hour = hour % _NOON + _NOON * (half == "pm") if 0 < hour <= _NOON else -1
    if not 0 <= hour <= 23 or minute > 59:  # noqa: PLR2004 - of a clock
        raise ValueError(f"{found[0][0]} is no time of day")
    return minute, hour


def _plain(words: str) -> str:
    return " ".join(_SMALL.sub(" ", words).split()).strip(" ,")


def _days(words: str, text: str) -> tuple[str, str]:
    """Return the fields for the day of the month and for the weekday."""
    if fields := _NAMED.get(words):
        return fields
    head, _, tail = words.rpartition(" ")
    parts = _JOINED.split(words)
    if all(_is_nth(part) for part in parts):
        return ",".join(str(_nth(part)) for part in parts), "*"
    if head and all(part == "last" or _is_nth(part) for part in _JOINED.split(head)):
        number = _weekday(tail, text)
        return "*", ",".join(_nth_weekday(part, number) for part in _JOINED.split(head))
    return "*", ",".join(_weekdays(part, text) for part in parts)


def _weekdays(words: str, text: str) -> str:
    span = _FROM_TO.fullmatch(words)
    if not span:
        return str(_weekday(words, text))
    first, last = _weekday(span[1], text), _weekday(span[2], text)
    return ",".join(str((first + more) % 7) for more in range((last - first) % 7 + 1))


def _weekday(word: str, text: str) -> int:
    single = word.removesuffix("s") if len(word) > _SHORTEST else word
    for number, name in enumerate(_WEEKDAYS):
        if len(single) >= _SHORTEST and name.startswith(single):
            return number
    raise ValueError(f"{word!r} is no day that we know" if word else f"{text!r} names no day")


def _is_nth(word: str) -> bool:
    return word in _ORDINALS or _NTH.fullmatch(word) is not None


def _nth(word: str) -> int:
    found = _NTH.fullmatch(word)
    number = int(found[1]) if found else _ORDINALS.index(word) + 1
    if not 0 < number <= _LAST_DAY:
        raise ValueError(f"no month has a {word}")
    return number


def _nth_weekday(word: str, weekday: int) -> str:
    if word == "last":
        return f"{weekday}L"
    if (number := _nth(word)) > len(_ORDINALS):
        raise ValueError(f"no month has a {word} {_WEEKDAYS[weekday].title()}")
    return f"{weekday}#{number}"


def _months(words: str) -> str:
    if words in ("", "month"):
        return "*"
    return ",".join(str(_month(word)) for word in _JOINED.split(words))


def _month(word: str) -> int:
    for number, name in enumerate(_MONTHS, 1):
        if len(word) >= _SHORTEST and name.startswith(word):
            return number
    raise ValueError(f"{word!r} is no month that we know")
