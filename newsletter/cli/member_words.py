"""What commands about members share: a member as JSON, and on what terms somebody is subscribed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from newsletter.cli.app import counted, now

if TYPE_CHECKING:
    from newsletter.members.types import Member, Terms
    from newsletter.workflows.project import Project

#: How somebody came to be left out, in plain words; other words are said as they are.
_LEFT = {
    "unsubscribed": "unsubscribed",
    "complaint": "called it spam",
    "bounced": "whose mail came back",
    "refused": "unknown to their mail system",
    "forgotten": "asked to be forgotten",
}
_BASES = click.Choice(["membership", "consent", "soft-opt-in"])

basis_option = click.option(
    "--basis", type=_BASES, default="membership", show_default=True, help="On what ground we write to them."
)


def terms(project: Project, basis: str, source: str) -> Terms:
    """Return what people are subscribed to from now on; source: where the word came from."""
    from newsletter.members.types import Basis, Served, Terms

    served = tuple(Served(n.name, frozenset(n.audiences)) for n in project.config.settings.newsletters)
    return Terms(served, Basis(basis), source, now())


def member_json(member: Member, order: list[str]) -> dict[str, object]:
    """Return a member as `member list` gives them; order: of the audiences."""
    return {
        "email": member.email,
        "first_name": member.first_name,
        "last_name": member.last_name,
        "audiences": ordered(member, order),
        "status": member.status,
    }


def ordered(member: Member, order: list[str]) -> list[str]:
    """Return the member's audiences in the order of newsletter.toml, then those that are not in it."""
    known = [slug for slug in order if slug in member.audiences]
    return known + sorted(member.audiences - set(known))


def left_out_json(left_out: Counter[str]) -> dict[str, object]:
    """Return whom a list would have brought back, as programs read it."""
    return {"left_out": left_out.total(), "left_out_because": dict(left_out)}


def tell_left_out(left_out: Counter[str]) -> None:
    """Say how many a list would have brought back, and why it did not."""
    if left_out:
        reasons = ", ".join(f"{count:,} {_LEFT.get(why, why)}" for why, count in left_out.most_common())
        click.echo(f"not subscribed again: {counted(left_out.total(), 'member')} ({reasons})")
