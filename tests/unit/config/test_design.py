"""The table [design]: what it makes, and colours that nobody could read."""

from __future__ import annotations

import pytest
from projects import load, small_settings

from newsletter.errors import ConfigError
from newsletter.render.colours import least_contrast
from newsletter.render.design import DARK, DESIGN, LIGHT


def design_of(folder, **table):
    return load(folder, small_settings(design=table)).design


def faults_of(folder, **table):
    with pytest.raises(ConfigError) as caught:
        load(folder, small_settings(design=table))
    return list(caught.value.faults)


def test_without_a_table_it_looks_as_it_ships(tmp_path):
    assert load(tmp_path).design == DESIGN


def test_one_accent_colours_links_and_rules_in_light_and_dark(tmp_path):
    design = design_of(tmp_path, accent="#7A1F3D")
    assert (design.light.accent, design.light.link) == ("#7a1f3d", "#7a1f3d")
    assert design.dark.accent == design.dark.link != DARK.accent
    assert least_contrast(design.dark.accent, [DARK.card, DARK.panel]) >= 7
    assert design.light.text == LIGHT.text


def test_colours_that_are_named_win_over_the_accent(tmp_path):
    design = design_of(tmp_path, accent="#7a1f3d", light={"link": "#123456"}, dark={"accent": "#ffcc99"})
    assert (design.light.accent, design.light.link) == ("#7a1f3d", "#123456")
    assert (design.dark.accent, design.dark.link) != ("#ffcc99", "#ffcc99")
    assert design.dark.accent == "#ffcc99"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"accent": "#9fc5d0"}, "design.accent = '#9fc5d0': 1.71:1 against panel '#f7f6f1', and reading"),
        ({"accent": "#9fc5d0"}, "reading takes 4.5:1; #427888 is the nearest colour that passes"),
        ({"light": {"text": "#999999"}}, "design.light.text = '#999999': 2.63:1 against panel"),
        ({"dark": {"card": "#808080"}}, "design.dark.text = '#e8eaec': 3.27:1 against card '#808080', and"),
        (
            {"dark": {"card": "#000000", "panel": "#808080"}},
            "no shade of it can be read on #808080: change the panel",
        ),
        ({"accent": "teal"}, "design.accent = 'teal': not a colour; write it as \"#0b5062\""),
        ({"acent": "#000000"}, "design.acent = '#000000': is not a setting; did you mean `accent`?"),
        ({"light": {"txt": "#000000"}}, "design.light.txt = '#000000': is not a setting; did you mean"),
        ({"text_font": "Comic Sans MS"}, "must end with serif, sans-serif or monospace, for"),
        ({"text_font": "'Arial', serif"}, "not a list of fonts; write it as"),
        ({"logo": {"url": "http://a.example.org/l.png", "width": 99, "height": 40}}, "only from https"),
        ({"logo": {"url": "https://a.example.org/l.svg", "width": 99, "height": 40}}, "PNG or JPEG"),
    ],
)  # fmt: skip
def test_fault_is_told_with_its_cure(tmp_path, table, said):
    assert any(said in fault for fault in faults_of(tmp_path, **table)), faults_of(tmp_path, **table)


def test_faint_colours_are_told_together_with_other_faults(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, small_settings(design={"accent": "#ffff00"}, pictures={"host": []}))
    assert len(caught.value.faults) == 2
