from __future__ import annotations

import string
from dataclasses import asdict

import pytest

from newsletter.render.words import direction_of, primary_language, words_for


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_tables_ask_for_the_same_values():
    english, welsh = (asdict(words_for(tag)) for tag in ("en", "cy"))
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in welsh.items()
    }
    assert [key for key in english if not welsh[key] or welsh[key] == english[key]] == []


@pytest.mark.parametrize(
    ("tag", "primary", "table", "direction"),
    [
        ("en-GB", "en", "en", "ltr"),
        ("CY", "cy", "cy", "ltr"),
        ("ur", "ur", "en", "rtl"),
        ("he-IL", "he", "en", "rtl"),
        ("xx", "xx", "en", "ltr"),
        ("zzzzzzzz-1", "zzzzzzzz", "en", "ltr"),
        ("", None, "en", "ltr"),
        (None, None, "en", "ltr"),
        ('en" onload="x', None, "en", "ltr"),
    ],
)
def test_language_tags_find_table_and_direction(tag, primary, table, direction):
    assert (primary_language(tag), words_for(tag).language, direction_of(tag)) == (primary, table, direction)


@pytest.mark.parametrize(
    ("titles", "listed"),
    [
        (["Llywodraethwyr", "Arweinwyr"], "Llywodraethwyr ac Arweinwyr"),
        (["Arweinwyr", "Gyrfaoedd", "Penaethiaid"], "Arweinwyr, Gyrfaoedd a Penaethiaid"),
        (["Ŵyn", "ŷd", "ŵyr"], "Ŵyn, ŷd ac ŵyr"),
        (["Arweinwyr"], "Arweinwyr"),
    ],
)
def test_welsh_lists_choose_their_and(titles, listed):
    assert words_for("cy").list(titles) == listed
