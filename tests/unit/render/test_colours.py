"""Contrast as WCAG measures it, and the nearest colour that has enough."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.render.colours import contrast, least_contrast, nearest_readable, read_colour, too_faint
from newsletter.render.design import DARK, LIGHT

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#777777", "#ffffff", 4.48),
        ("#ffffff", "#777777", 4.48),
        ("#0b5062", "#0b5062", 1),
    ],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        (" #0B5062 ", "#0b5062"),
        ("0af", "#00aaff"),
        ("teal", None),
        ("#12345", None),
        ("#0b50621", None),
        ("", None),
    ],
)
def test_colour_is_read_as_people_write_it(text, colour):
    assert read_colour(text) == colour


@given(COLOURS, COLOURS)
def test_nearest_colour_can_be_read_on_any_one_ground(colour, ground):
    found = nearest_readable(colour, [ground])
    assert found is not None
    assert least_contrast(found, [ground]) >= 4.5
    if least_contrast(colour, [ground]) >= 4.5:
        assert found == colour


def test_nearest_colour_keeps_its_hue_and_is_hardly_changed():
    assert nearest_readable("#ff6600", ["#ffffff"]) == "#c95000"


def test_no_colour_can_be_read_on_black_and_white():
    assert nearest_readable("#808080", ["#000000", "#ffffff"], 7) is None


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_shipped_colours_have_more_than_enough(palette):
    for role, least in {"text": 12, "heading": 14, "muted": 6, "link": 8, "accent": 8}.items():
        assert least_contrast(getattr(palette, role), [palette.card, palette.panel]) >= least


def test_faint_colour_is_told_with_the_ground_on_which_it_is_worst():
    [fault] = too_faint(replace(LIGHT, muted="#8a8f94"))
    assert (fault.role, fault.ground, fault.ground_colour) == ("muted", "panel", "#f7f6f1")
    assert fault.ratio == pytest.approx(2.99, abs=0.05)
    assert [*too_faint(replace(LIGHT, muted=fault.cure))] == []
