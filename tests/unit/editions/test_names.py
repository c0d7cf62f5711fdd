"""What editions and variants are called, and what an approval stands for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from newsletter.editions.approval import edition_hash
from newsletter.editions.names import variant_name
from newsletter.editions.types import DeliveryCounts, EditionId, parse_edition_id
from newsletter.errors import EditionError
from newsletter.render.types import MessageHeaders, Sender

ORDER = ("governors", "leaders", "career-leads")
HEADERS = MessageHeaders(
    Sender("News", "n@example.org", "r@example.org", "l@example.org"), "w.example.org", "W"
)
VARIANTS = {"governors": "aa", "leaders": "bb"}


@pytest.mark.parametrize(
    ("audiences", "number", "name"),
    [
        ({"leaders"}, 1, "leaders"),
        ({"career-leads", "governors"}, 1, "governors+career-leads"),
        ({"career-leads", "leaders", "governors"}, 3, "governors+leaders+career-leads~3"),
    ],
)
def test_variant_is_named_in_the_newsletters_order(audiences, number, name):
    assert variant_name(audiences, number, ORDER) == name


def test_edition_is_named_by_newsletter_and_date():
    edition = EditionId("weekly", date(2026, 11, 27))
    assert str(edition) == "weekly/2026-11-27"
    assert parse_edition_id("weekly/2026-11-27") == edition
    assert parse_edition_id("weekly") == "weekly"


@pytest.mark.parametrize("text", ["weekly/", "weekly/2026-02-30", "weekly/27.11.2026", "weekly/2026-11-27/x"])
def test_edition_name_with_another_date_is_told(text):
    with pytest.raises(EditionError) as caught:
        parse_edition_id(text)
    assert repr(text) in str(caught.value)
    assert "weekly/2026-11-27" in caught.value.hint


def test_hash_does_not_depend_on_the_order_of_variants():
    assert edition_hash(dict(reversed(VARIANTS.items())), HEADERS) == edition_hash(VARIANTS, HEADERS)


@pytest.mark.parametrize(
    ("variants", "headers"),
    [
        ({**VARIANTS, "governors": "cc"}, HEADERS),
        ({"governors": "aa"}, HEADERS),
        ({"governors~2": "aa", "leaders": "bb"}, HEADERS),
        (VARIANTS, replace(HEADERS, list_title="Another")),
        (VARIANTS, replace(HEADERS, sender=replace(HEADERS.sender, leave="x@example.org"))),
    ],
)
def test_hash_changes_with_anything_that_members_see(variants, headers):
    assert edition_hash(variants, headers) != edition_hash(VARIANTS, HEADERS)


def test_planned_is_the_sum_of_all_counts():
    counts = DeliveryCounts(1, 2, 4, 8, 16, 32, 64, 128)
    assert (counts.planned, counts.open) == (255, 7)
    assert list(counts.by_status()) == [
        *("pending", "sending", "deferred", "sent", "refused", "suppressed", "unknown", "cancelled")
    ]
