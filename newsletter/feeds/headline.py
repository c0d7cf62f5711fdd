"""Where a page's headline and section stand.

Where pages were compared, the story begins with its headline. On a page that stands alone, the standing
text of the site is still over it; its make gives it away: a short section title, and headings that each
stand on a list, where the headline stands on paragraphs.
"""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.feeds.boilerplate import Story
from newsletter.feeds.page_lines import Line

#: Section titles and subheadings are shorter as a rule.
_HEADLINE_WORDS = 6
_MAX_TITLE_WORDS = 25
_LISTED = ("bullet", "number")


def find_headline(story: Story) -> int | None:
    """Return the place of the headline in the story's lines; None when no line can be one."""
    lines = story.lines
    headings = [place for place, line in enumerate(lines) if line.can_be_heading]
    if (named := _named_by_page(story, headings)) is not None:
        return named
    if not headings:
        # A headline that ends with a full stop.
        is_title = len(lines) > 1 and lines[0].words <= _MAX_TITLE_WORDS and lines[0].kind == "paragraph"
        return 0 if is_title and not lines[0].date else None
    if any(line.is_prose for line in story.above):
        return headings[0]
    marked = [place for place in headings if lines[place].kind == "heading"]
    return marked[0] if marked else _by_its_make(lines, headings)


def _named_by_page(story: Story, headings: Sequence[int]) -> int | None:
    """Return the heading that the page's own metadata names."""
    for title in story.page.titles:
        for place in headings:
            if story.lines[place].text.casefold() == title.casefold():
                return place
    return None


def _by_its_make(lines: Sequence[Line], headings: Sequence[int]) -> int:
    on_list = [place + 1 < len(lines) and lines[place + 1].kind in _LISTED for place in headings]
    candidates = [place for place, is_on_list in zip(headings, on_list, strict=True) if not is_on_list]
    after_lists = _after_standing_lists(headings, on_list)
    if after_lists is not None and lines[headings[0]].words < _HEADLINE_WORDS:
        return after_lists
    long_ones = [place for place in candidates if lines[place].words >= _HEADLINE_WORDS]
    return (long_ones or [max(candidates or headings, key=lambda place: lines[place].words)])[0]


def _after_standing_lists(headings: Sequence[int], on_list: Sequence[bool]) -> int | None:
    """Return the first heading on paragraphs after two or more in a row that stand on lists."""
    for number in range(2, len(headings)):
        if on_list[number - 2] and on_list[number - 1] and not on_list[number]:
            return headings[number]
    return None


def find_section(before: Sequence[Line]) -> str | None:
    """Return the heading that stands over the standing text of a site, from the lines before the headline."""
    first_prose = next((place for place, line in enumerate(before) if line.is_prose), len(before))
    titles = [line.text for line in before[:first_prose] if line.can_be_heading]
    return titles[-1] if titles else None
