"""The subject of a variant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.render.subject import make_subject

NAMES = {
    "title": "The weekly digest",
    "date": "27 November 2026",
    "count": "3 stories",
    "organisation": "Union",
}
LONG = "Schools to receive three-year budgets for the first time since the long review ended"


@pytest.mark.parametrize(
    ("template", "headline", "subject"),
    [
        ("{headline}", "A short one", "A short one"),
        ("{headline}", LONG, "Schools to receive three-year budgets for the first time…"),
        ("{title}: {headline}", LONG, "The weekly digest: Schools to receive three-year budgets…"),
        ("{headline} · {date}", LONG, "Schools to receive three-year budgets… · 27 November 2026"),
        ("{title}, {date}", LONG, "The weekly digest, 27 November 2026"),
        (
            "{title} {title} {title} {headline}",
            LONG,
            "The weekly digest The weekly digest The weekly digest…",
        ),
        ("{headline}", "{title} and {braces}", "{title} and {braces}"),
    ],
)
def test_headline_is_cut_at_a_word_so_that_all_has_room(template, headline, subject):
    assert make_subject(template, headline, NAMES) == subject


@given(st.text(min_size=1), st.sampled_from(["{headline}", "{organisation}: {headline} ({count})"]))
def test_subject_is_never_too_long(headline, template):
    assert len(make_subject(template, headline, NAMES)) <= 60
