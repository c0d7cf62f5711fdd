"""What of a pull is to be stored: entries that are new, and known ones that read differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from newsletter.feeds.dates import counts_from
from newsletter.feeds.identity import Recognition
from newsletter.feeds.types import Decision, EntryState, ItemIntent, KnownEntries, ParsedEntry, ParsedFeed

#: More new entries than this in one pull of a feed that we know are a flood: a site that was moved, or
#: taken over. Nobody reads so much news; the rest is kept, and hidden.
FLOOD = 200
_OLDEST = datetime.min.replace(tzinfo=UTC)
#: A date so little ahead needs no word: clocks differ, and news is planned for the end of the week.
_SOON = timedelta(days=7)


def decide_items(known: KnownEntries, parsed: ParsedFeed, now: datetime) -> Decision:
    """Return the entries that are new, or read differently from what is known, in the document's order.

    Entries that the document no longer has are no matter: feeds are windows, and what was kept stays.
    """
    recognition = Recognition(known, parsed.entries)
    used, intents, renamed = set(known), [], dict[str, str]()
    keys = []
    for place, entry in enumerate(parsed.entries):
        key = recognition.found.get(place)
        if key is None:
            key = recognition.key_for(place, used)
            used.add(key)
            keys.append(key)
            intents.append(ItemIntent(entry, recognition.hashes[place], None, kept_as=_other(key, entry)))
            continue
        if recognition.has_new_id(place, key) and entry.key not in used:
            renamed[key] = entry.key
            used.add(entry.key)
        keys.append(renamed.get(key, key))
        if known[key].content_hash != recognition.hashes[place]:
            is_material = recognition.marks[place].text != known[key].marks.text
            is_material |= recognition.marks[place].title != known[key].marks.title
            kept_as = _other(renamed.get(key, key), entry)
            intents.append(_revision(entry, kept_as, known[key], is_material=is_material))
    warnings = list(_doubts(recognition))
    if known and (flood := _flood(intents)):
        intents = [replace(it, hidden=True) if it.key in flood else it for it in intents]
        warnings.append(
            f"{len(flood) + FLOOD} new entries came at once; the newest {FLOOD} were taken,"
            f" and {len(flood)} are kept hidden."
        )
    return Decision(tuple(intents), (*warnings, *_odd_dates(parsed.entries, now)), tuple(keys), renamed)


def _revision(entry: ParsedEntry, kept_as: str | None, state: EntryState, *, is_material: bool) -> ItemIntent:
    return ItemIntent(
        entry,
        entry.content_hash,
        state.item_id,
        kept_as=kept_as,
        is_material=is_material,
        leads=state.leads,
        also_in=state.also_in,
    )


def _other(key: str, entry: ParsedEntry) -> str | None:
    return None if key == entry.key else key


def _flood(intents: Sequence[ItemIntent]) -> set[str]:
    """Return the keys of the oldest new entries, where there are too many; undated ones count as oldest."""
    new = [intent for intent in intents if intent.item_id is None]
    newest_first = sorted(new, key=lambda it: it.entry.published or _OLDEST, reverse=True)
    return {intent.key for intent in newest_first[FLOOD:]}


def _doubts(recognition: Recognition) -> Iterator[str]:
    if recognition.ids_number_places:
        yield "Its ids go from one entry to another; entries are told apart by their links."
    elif recognition.ids_change:
        yield "Its ids change from one time to the next; entries are told apart by their links."
    elif recognition.all_moved:
        yield "All its ids and links have changed; entries were recognised by their titles and dates."


def _odd_dates(entries: Sequence[ParsedEntry], now: datetime) -> Iterator[str]:
    dates = [entry.published for entry in entries if entry.published and entry.published > now + _SOON]
    waiting = [when for when in dates if counts_from(when, now) == when]
    if waiting:
        told = "entry is" if len(waiting) == 1 else "entries are"
        first = f"{min(waiting):%Y-%m-%d}"
        yield f"{len(waiting)} {told} dated in the future, the first on {first}; news waits for its date."
    if beyond := len(dates) - len(waiting):
        told = "entry is" if beyond == 1 else "entries are"
        yield f"{beyond} {told} dated more than a year ahead; the day of arrival counts instead."
