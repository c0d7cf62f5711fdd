"""Forget: a member's personal data goes from every table and from the disk, and the counts stay."""

from __future__ import annotations

from datetime import datetime

from newsletter.address import parse_address
from newsletter.errors import MemberError, StoreError
from newsletter.store.erasure import Erased, ErasureStore
from newsletter.store.settings import TRACES, SettingStore
from newsletter.workflows.project import Project


def forget_member(project: Project, email: str, now: datetime) -> Erased:
    """Forget whoever has an address, member or not; a hash of it stays, so that no list brings them back.

    Raises MemberError where nothing is known of it. What is left in the file is wiped by `wipe_traces`.
    """
    key = parse_address(email).key
    member = project.members.find(email, now)
    bounces = project.bounces.mentioning(key)
    if not (member or bounces or project.suppressions.all(key)):
        raise MemberError(f"nothing is known of {email}", hint="newsletter member list")
    note_traces(project)
    erased = ErasureStore(project.database).forget(key, member.id if member else None, bounces, now)
    note_traces(project)  # once more: a round may have wiped what was there before
    return erased


def note_traces(project: Project) -> None:
    """Note that something is about to be erased, whose traces `wipe_traces` has to see to."""
    SettingStore(project.database).put(TRACES, "yes")


def wipe_traces(project: Project, now: datetime) -> bool:
    """Wipe what erased rows left in the database's file, where there is any; return whether none is left.

    While an edition goes out its sender would have to wait, so it is left for a later round; so it is where
    the disk has no room for it, or somebody reads the database just now.
    """
    settings = SettingStore(project.database)
    if settings.get(TRACES) != "yes":
        return True
    if project.editions.going_out(now):
        return False
    try:
        done = project.database.scrub()
    except StoreError:
        return False
    if done:
        settings.put(TRACES, "no")
    return done
