"""Topics: `/p/…`, where a member chooses what a newsletter is about, how often it comes, and when it rests.

The page shows what was chosen and nothing else, no name and no address: a forwarded mail opens it too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.members.tokens import Purpose
from newsletter.members.types import Frequency, Wish
from newsletter.render.words import words_for
from newsletter.web.site import Answer, Asked, Site
from newsletter.web.words import PageWords
from newsletter.workflows.preferences import Choices, choices_of, choose

#: For how many days a newsletter can rest.
PAUSES = (14, 30, 91, 182)
_KEEP = "keep"


def show(site: Site, asked: Asked) -> Answer:
    """Show what is chosen."""
    found = _asked_for(site, asked)
    return _page(site, asked, found[1]) if found else site.stranger(asked)


def save(site: Site, asked: Asked) -> Answer:
    """Take what was chosen, and show it."""
    found = _asked_for(site, asked)
    if found is None:
        return site.stranger(asked)
    member, choices = found
    wish = _wish(choices, asked)
    if wish is None:
        return _page(site, asked, choices, fault=True)
    place = site.kept_address(asked)
    running = choose(site.project, member, choices.newsletter.name, wish, asked.now, network_address=place)
    return _page(site, asked, Choices(choices.newsletter, choices.topics, running), saved=True)


def _asked_for(site: Site, asked: Asked) -> tuple[int, Choices] | None:
    read = site.tokens.read(Purpose.TOPICS, asked.token)
    if read is None:
        return None
    member, edition = map(int, read.split())
    choices = choices_of(site.project, member, edition)
    return (member, choices) if choices else None


def _wish(choices: Choices, asked: Asked) -> Wish | None:
    """Return what a form says; None where it names no topic, though there are some to choose from."""
    running, form = choices.running, asked.form
    chosen = frozenset(map(str, form.getlist("topic"))) & frozenset(choices.topics)
    if len(choices.topics) == 1 and running:
        chosen = running.audiences
    if not chosen:
        return None
    monthly = form.get("frequency") == Frequency.MONTHLY
    pause = str(form.get("pause", ""))
    paused = running.paused_until if running and pause == _KEEP else None
    if pause in map(str, PAUSES):
        paused = asked.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=int(pause))
    return Wish(chosen, Frequency.MONTHLY if monthly else Frequency.EACH, paused)


def _page(site: Site, asked: Asked, choices: Choices, *, saved: bool = False, fault: bool = False) -> Answer:
    title, running = choices.newsletter.display_title, choices.running
    words = site.words(asked, choices.newsletter.language)
    if running is None:
        return site.notice(words, words.no_topics_title.format(title=title), words.no_topics)
    return site.page(
        "topics.html",
        words,
        words.topics_title.format(title=title),
        status=422 if fault else 200,
        topics=choices.topics,
        running=running,
        paused_until=_day(words, running.paused_until, asked.now),
        pauses=dict(zip(PAUSES, words.pauses, strict=True)),
        saved=saved,
        fault=fault,
    )


def _day(words: PageWords, until: datetime | None, now: datetime) -> str:
    """Return the day until which it rests, "" where it does not."""
    return words_for(words.language).day(until.date()) if until and until > now else ""
