"""Where the log goes: a file or standard error, as JSON lines; at a terminal, in plain words."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

from newsletter.errors import NewsletterError
from newsletter.workflows.log import log

#: Standard error.
STDERR = "-"
_OWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
#: An address as it stands in text, also percent-encoded as in a link.
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:/?&=]+(?:@|%40)[^\s<>()\[\]\"',;:/?&=]+", re.IGNORECASE)


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time in UTC, level, message, and its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": when,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({key: _discreet(value, record) for key, value in line.items()}, ensure_ascii=False)


class Plain(logging.Formatter):
    """A record as people read it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = " ".join(f"{key}={value}" for key, value in _fields(record).items())
        text = f"{record.levelname.lower()}: {record.getMessage()} ({fields})"
        return str(_discreet(text, record))


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _OWN}


def _discreet(value: object, record: logging.LogRecord) -> object:
    """Return a value without addresses, unless the record is for debugging."""
    if record.levelno <= logging.DEBUG or not isinstance(value, str):
        return value
    return _ADDRESS.sub("[address]", value)


@contextmanager
def logging_to(place: str, *, debug: bool) -> Iterator[None]:
    """Write the log there, appending, until the end; raises NewsletterError where it cannot be written."""
    handler = _handler(place)
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if debug else logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
        handler.close()


def _handler(place: str) -> logging.Handler:
    if place == STDERR:
        stream = logging.StreamHandler(sys.stderr)
        stream.setFormatter(Plain() if sys.stderr.isatty() else JsonLines())
        return stream
    try:
        file = WatchedFileHandler(Path(place).absolute(), encoding="utf-8")  # logrotate may move it away
    except OSError as fault:
        raise NewsletterError(
            f"the log {place} cannot be written: {fault.strerror or fault}",
            hint="make its folder, and let this user write there",
        ) from None
    file.setFormatter(JsonLines())
    return file
