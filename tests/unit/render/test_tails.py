from __future__ import annotations

import pytest

from newsletter.render.story import read_story
from newsletter.render.tails import without_tail, without_tail_block

SOURCE = "The post Roofs appeared first on School Heads’ Association."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Three changes matter. {SOURCE}", "Three changes matter."),
        (f"Three changes take effect in […] {SOURCE}", "Three changes take effect in…"),
        ("Three changes [...]", "Three changes…"),
        (SOURCE, ""),
        ("The post of head appeared first on the list. Then two more.", None),
        ("She moved to the post office", None),
        ("", None),
    ],
)
def test_text_loses_what_only_names_its_source(text, shown):
    assert without_tail(text) == (text if shown is None else shown)


@pytest.mark.parametrize(
    ("html", "left"), [(f"<p>Roofs.</p><p>{SOURCE}</p>", 1), ("<p>Roofs.</p>", 1), ("", 0)]
)
def test_story_loses_the_paragraph_that_names_its_source(html, left):
    assert len(without_tail_block(read_story(html))) == left
