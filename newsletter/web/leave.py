"""Leaving: `/u/…`, a page with a button, and RFC 8058's one click that mailbox providers make for members.

Our own button posts the very same, so that there is one way out. Nothing else is asked for: no login, no
reason, no "are you sure".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newsletter.members.tokens import Purpose
from newsletter.web.site import Answer, Asked, Site
from newsletter.workflows.leave import leave_newsletter, take_back_leaving

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def show(site: Site, asked: Asked) -> Answer:
    """Show the button, and look nobody up: whoever follows a link changes nothing and learns nothing."""
    read = site.tokens.read(Purpose.LEAVE, asked.token)
    if read is None:
        return site.stranger(asked)
    title, language = site.newsletter(read.partition(" ")[2])
    words = site.words(asked, language)
    return site.page("leave.html", words, words.leave_title.format(title=title), newsletter=title)


def leave(site: Site, asked: Asked) -> Answer:
    """End a subscription at once (RFC 8058 §3.2); any other form gets the page with the button."""
    read = site.tokens.read(Purpose.LEAVE, asked.token)
    if read is None:
        return site.stranger(asked)
    if str(asked.form.get("List-Unsubscribe", "")).strip().lower() != "one-click":
        return show(site, asked)
    member, _, name = read.partition(" ")
    place = site.kept_address(asked)
    left = leave_newsletter(site.project, int(member), name, asked.now, network_address=place)
    title, language = site.newsletter(name)
    words = site.words(asked, language)
    stay = site.tokens.make(Purpose.STAY, f"{member} {_micros(left)} {name}") if left else ""
    return site.page("left.html", words, words.left_title, newsletter=title, stay=stay)


def show_stay(site: Site, asked: Asked) -> Answer:
    """Show the button that takes it back."""
    read = site.tokens.read(Purpose.STAY, asked.token)
    if read is None:
        return site.stranger(asked)
    title, language = site.newsletter(read.split(" ", 2)[2])
    words = site.words(asked, language)
    heading = words.stay.format(title=title)
    return site.page("stay.html", words, heading, newsletter=title, stay=asked.token)


def stay(site: Site, asked: Asked) -> Answer:
    """Take it back."""
    read = site.tokens.read(Purpose.STAY, asked.token)
    if read is None:
        return site.stranger(asked)
    member, micros, name = read.split(" ", 2)
    left = _EPOCH + int(micros) * _MICROSECOND
    title, language = site.newsletter(name)
    words = site.words(asked, language)
    if not take_back_leaving(site.project, int(member), name, left, asked.now):
        return site.notice(words, words.too_late_title, words.too_late, status=410)
    return site.page(
        "plain.html", words, words.stayed_title, text=words.stayed.format(title=title), contact=""
    )


def _micros(when: datetime) -> int:
    return (when - _EPOCH) // _MICROSECOND
