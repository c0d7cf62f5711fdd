"""Which lines of a site's pages are its menus and standing texts, and which are the story.

Pages are compared with one another. A line that several pages have is suspect; what a suspect line is
worth depends on where it stands. Before and after the story, it goes. In the midst of it ("It applies
to:", or the name of an audience in a list) it stays, unless nearly every page has it and it is long.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.feeds.page_lines import Line, Page

#: Words that a paragraph needs to be a piece of a story rather than a label.
_PROSE_WORDS = 20
#: A site with so many pages of one make may have one story on two of them; there, several means three.
_LARGE_SITE = 20
#: A heading is looked for this many words before where a story seems to begin: a list of audiences that
#: other stories have as well may stand between.
_HEADING_REACH_WORDS = 60
#: Two pages of one day tell one story when they share so much of what no page of another day has.
_SAME_STORY = 0.8
_STANDING_SHARE, _STANDING_PAGES, _STANDING_WORDS = 0.8, 3, 12


@dataclass(frozen=True, slots=True)
class Story:
    """A page, cut. above: the repeated lines before the story, where its section stands."""

    page: Page
    above: list[Line]
    lines: list[Line]


def cut_stories(pages: Sequence[Page]) -> Iterator[Story]:
    """Yield the story of each page, without what the pages share.

    A page of which nothing would be left is read as if it stood alone.
    """
    seen_on = _count_stories(pages)
    for page in pages:
        counts = [0 if line.date else seen_on[line.key] for line in page.lines]
        several = 3 if max(counts, default=0) >= _LARGE_SITE else 2
        shared = [count >= several for count in counts]
        start, end = _story_bounds(page.lines, shared)
        if not any(line.is_prose for line in page.lines[start:end]):
            counts = [0] * len(counts)
            shared = [False] * len(counts)
            start, end = _story_bounds(page.lines, shared)
        standing = _standing(page.lines, counts, len(pages))
        above = [line for place, line in enumerate(page.lines[:start]) if shared[place]]
        yield Story(page, above, [page.lines[place] for place in range(start, end) if place not in standing])


def _count_stories(pages: Sequence[Page]) -> Counter[str]:
    """Count in how many stories each line is; one that was saved twice, or stands in two sections, is one."""
    keys_of = [frozenset(line.key for line in page.lines) for page in pages]
    days = [_day(page.lines) or keys for page, keys in zip(pages, keys_of, strict=True)]
    on_days: dict[str, set[object]] = defaultdict(set)
    for keys, day in zip(keys_of, days, strict=True):
        for key in keys:
            on_days[key].add(day)
    counts: Counter[str] = Counter()
    stories: dict[object, list[set[str]]] = defaultdict(list)
    for keys, day in zip(keys_of, days, strict=True):
        own = {key for key in keys if len(on_days[key]) == 1}
        is_new = not any(len(own & other) >= _SAME_STORY * len(own | other) for other in stories[day])
        stories[day].append(own)
        counts.update(keys if is_new else keys - own)
    return counts


def _day(lines: Sequence[Line]) -> object:
    closing = _closing_date(lines)
    return None if closing is None else lines[closing].date


def _closing_date(lines: Sequence[Line]) -> int | None:
    """Return where the line stands that dates a page and comes after a paragraph."""
    for place in range(len(lines) - 1, 0, -1):
        date = lines[place].date
        if date and date.kind == "published" and any(line.is_prose for line in lines[:place]):
            return place
    return None


def _story_bounds(lines: Sequence[Line], shared: Sequence[bool]) -> tuple[int, int]:
    """Return the stretch with the most words of its own, given that shared words count against it."""
    start, end = _heaviest_stretch(
        [
            0 if line.date else -line.words if is_shared else line.words
            for line, is_shared in zip(lines, shared, strict=True)
        ]
    )
    if start == end:
        return start, end
    start = _with_heading(lines, shared, start)
    while start and lines[start - 1].kind == "picture" and not shared[start - 1]:
        start -= 1  # it has no words, and leads
    own_prose = [
        place
        for place in range(start, len(lines))
        if not shared[place] and lines[place].is_prose and lines[place].words >= _PROSE_WORDS
    ]
    end = max([end, *(place + 1 for place in own_prose)])
    closing = _closing_date(lines)
    if closing is not None and closing >= start:
        # A story ends with its date: nothing before that is cut off its end, and after it, only text counts
        # that other pages could have had and do not.
        end = max([closing, *(own_prose if any(shared) else ())]) + 1
    while end < len(lines) and lines[end].date:
        end += 1
    return start, end


def _heaviest_stretch(weights: Sequence[int]) -> tuple[int, int]:
    best = sum_here = 0
    bounds = (0, 0)
    begin = 0
    for place, weight in enumerate(weights):
        if sum_here <= 0:
            sum_here, begin = 0, place
        sum_here += weight
        if sum_here > best:
            best, bounds = sum_here, (begin, place + 1)
    return bounds


def _with_heading(lines: Sequence[Line], shared: Sequence[bool], start: int) -> int:
    """Return where the headline stands when the stretch begins below it."""
    if lines[start].can_be_heading:
        return start
    reach = 0
    for place in range(start - 1, -1, -1):
        line = lines[place]
        if line.can_be_heading and (not shared[place] or place == start - 1):
            return place
        reach += line.words
        if reach > _HEADING_REACH_WORDS or (line.is_prose and line.words >= _PROSE_WORDS):
            break
    return start


def _standing(lines: Sequence[Line], counts: Sequence[int], pages: int) -> set[int]:
    """Return places of long texts that nearly every page has, wherever they stand, with their headings."""
    if pages < _STANDING_PAGES:
        return set()
    common = [count >= max(_STANDING_PAGES, _STANDING_SHARE * pages) for count in counts]
    found = set()
    for place, line in enumerate(lines):
        if common[place] and line.is_prose and line.words >= _STANDING_WORDS:
            found.add(place)
            if place and common[place - 1] and lines[place - 1].can_be_heading:
                found.add(place - 1)
    return found
