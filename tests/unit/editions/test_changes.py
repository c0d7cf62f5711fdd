"""What has changed between what was approved and what there is now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter.editions.approval import Approvers
from newsletter.editions.changes import Change, Face, Rendering, changes_between
from newsletter.editions.types import Approval

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
FACE = Face("Roofs", "Also: pay", (1, 2, 3), ("ROOFS", "All about roofs", "PAY"), "hash")
BEFORE = Rendering({"From": "Heath News <news@example.org>"}, {"governors": FACE, "leaders": FACE})


def changed(**values):
    """What has changed in the governors' variant."""
    face = replace(FACE, hash="other", **values)
    after = replace(BEFORE, variants={**BEFORE.variants, "governors": face})
    found = changes_between(BEFORE, after)
    assert all(variants == ["governors"] for variants in found.values())
    return [*found]


@pytest.mark.parametrize(
    ("values", "changes"),
    [
        ({}, [Change("look")]),
        ({"subject": "Pay"}, [Change("subject", "", ("Roofs",), ("Pay",))]),
        ({"preheader": ""}, [Change("preheader", "", ("Also: pay",), ("",))]),
        ({"items": (1, 3)}, [Change("item", "2", before=("2",))]),
        ({"items": (1, 4, 2, 3)}, [Change("item", "4", after=("4",))]),
        ({"items": (3, 1, 2)}, [Change("moved", "3")]),
        (
            {"text": ("ROOFS", "All about walls", "PAY")},
            [Change("text", "", ("All about roofs",), ("All about walls",))],
        ),
        ({"text": ("PAY", "ROOFS", "All about roofs", "!")}, [Change("text", after=("!",))]),
        ({"text": ("PAY", "ROOFS", "All about roofs")}, [Change("look")]),
    ],
)
def test_change_of_a_variant_is_told(values, changes):
    assert changed(**values) == changes


def test_change_that_several_variants_share_is_told_once():
    face = replace(FACE, subject="Pay", hash="other")
    after = Rendering({"From": "Other News <news@example.org>"}, {"governors": face, "leaders": face})
    assert changes_between(BEFORE, after) == {
        Change("header", "From", ("Heath News <news@example.org>",), ("Other News <news@example.org>",)): [],
        Change("subject", "", ("Roofs",), ("Pay",)): ["governors", "leaders"],
    }


def test_variant_that_came_or_went_is_told():
    after = Rendering(BEFORE.headers, {"governors": FACE, "heads": FACE})
    assert changes_between(BEFORE, after) == {
        Change("variant", after=("Roofs",)): ["heads"],
        Change("variant", before=("Roofs",)): ["leaders"],
    }


def test_rendering_is_kept_as_it_is():
    assert Rendering.load(BEFORE.dump()) == BEFORE


@pytest.mark.parametrize(
    ("names", "approved", "told"),
    [
        ((), [], "0 of 2 approvals; 2 more are needed, from anybody"),
        ((), ["Anna"], "1 of 2 approvals, by Anna; 1 more is needed, from somebody else"),
        (("Anna", "Ben", "Cora"), ["Anna"], "1 of 2 approvals, by Anna; 1 more is needed, from Ben or Cora"),
        (("Anna", "Ben"), ["Anna", "Zed"], "1 of 2 approvals, by Anna; 1 more is needed, from Ben"),
        (("Anna", "Ben"), ["Anna", "Ben"], "2 of 2 approvals, by Anna and Ben"),
    ],
)
def test_approvers_tell_who_is_still_to_come(names, approved, told):
    assert Approvers(names, 2).told([Approval(name, NOW) for name in approved]) == told


def test_one_person_counts_once_however_the_name_is_written():
    approvals = [Approval(name, NOW) for name in ("Anna  Bell", "anna bell", "ANNA BELL ")]
    assert Approvers((), 2).missing(approvals) == 1
    assert Approvers(("Anna Bell", "Ben"), 2).spelled(" anna  BELL") == "Anna Bell"
