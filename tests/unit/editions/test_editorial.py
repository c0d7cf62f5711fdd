"""Which of an editor's words a variant gets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.editions.editorial import editorial_for
from newsletter.editions.types import EditionPart, EditionWord

ORDER = ("governors", "leaders", "career-leads")
WHEN = datetime(2026, 11, 26, tzinfo=UTC)
WRITTEN = {
    "introduction": ("leaders", "", "governors"),
    "closing": ("leaders",),
    "subject": ("", "leaders"),
}
WORDS = [
    EditionWord(EditionPart(part), audience, f"{part} for {audience or 'all'}", "Anna", WHEN)
    for part, audiences in WRITTEN.items()
    for audience in audiences
]


@pytest.mark.parametrize(
    ("audiences", "introduction", "closing", "subject"),
    [
        ("career-leads", ["all"], [], "all"),
        ("leaders", ["all", "leaders"], ["leaders"], "leaders"),
        ("leaders governors", ["all", "governors", "leaders"], ["leaders"], "leaders"),
    ],
)
def test_variant_gets_what_is_for_all_and_then_what_is_for_its_audiences(
    audiences, introduction, closing, subject
):
    found = editorial_for(WORDS, audiences.split(), ORDER)
    assert found.introduction == tuple(f"introduction for {whom}" for whom in introduction)
    assert found.closing == tuple(f"closing for {whom}" for whom in closing)
    assert found.subject == f"subject for {subject}"


def test_nothing_is_written_by_nobody():
    assert editorial_for([], ORDER, ORDER).subject == ""
