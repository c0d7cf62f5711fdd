"""Received mail as a page: a list to choose from, and the message beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One message. source, page: names of its .eml file and of its HTML part beside the list."""

    source: str
    page: str
    to: str
    subject: str


def render_received(edition: str, messages: Sequence[ReceivedMessage]) -> str:
    """Return the page for messages of an edition, named "weekly/2026-11-27" say."""
    environment = Environment(
        loader=PackageLoader("newsletter.render", "."), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("received.html").render(edition=edition, messages=messages)
