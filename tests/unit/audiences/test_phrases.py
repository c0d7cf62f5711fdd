from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audiences.phrases import Lexicon, Words


def found(phrase: str, text: str) -> list[str]:
    words = Words(text)
    return [words.quote(match.first, match.last) for match in Lexicon([(phrase, None)]).find(words)]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("governors", "Governors and GOVERNORS", ["Governors", "GOVERNORS"]),
        ("school governor", "School governors, a school governor", ["School governors", "school governor"]),
        ("headteachers", "headteacher Ann Hill", []),
        ("governor", "the governor's role, governors' roles", ["governor's", "governors"]),
        ("teachers' pay", "Teachers’ pay", ["Teachers’ pay"]),
        ("teachers' pay", "teachers pay", ["teachers pay"]),
        ("work experience", "work-experience week", ["work-experience"]),
        ("post-16 options", "post 16 options", ["post 16 options"]),
        (
            "Careers and Enterprise Company",
            "the Careers & Enterprise Company",
            ["Careers & Enterprise Company"],
        ),
        ("governors", "ex-governors", []),
        ("career", "career-average pension", []),
        ("academy trust", "a multi-academy trust", []),
        ("governing body", "governing. Body of water", []),
        ("careers", "carers", []),
        ("careers", "(careers)", ["careers"]),
        ("governors", "governors – and heads", ["governors"]),
        ("Ysgol Gŵyr", "yn Ysgol Gw\u0302yr", ["Ysgol Gw\u0302yr"]),
        ("café", "CAFÉ", ["CAFÉ"]),
        ("headteachers", "head\u00adteachers", ["head\u00adteachers"]),
        ("R&D", "r & d and R&D", ["r & d", "R&D"]),
        ("–", "a – b", []),
        ("", "anything", []),
    ],
)
def test_phrase_found(phrase, text, expected):
    assert found(phrase, text) == expected


def test_lexicon_with_overlapping_phrases_yields_each():
    lexicon = Lexicon([("school business leader", "long"), ("business leader", "short"), ("school", "first")])
    matches = [(m.label, m.first, m.last) for m in lexicon.find(Words("a school business leader"))]
    assert matches == [("first", 1, 2), ("long", 1, 4), ("short", 2, 4)]


def test_lexicon_without_plurals_finds_words_as_listed():
    lexicon = Lexicon([("relevant to", None)], plurals=False)
    assert not list(lexicon.find(Words("relevant tos")))


@given(st.text())
def test_words_of_any_text_are_quoted_as_they_stand(text):
    words = Words(text)
    ends = [words.end(number) for number in range(len(words.keys))]
    assert list(words.starts) == sorted(words.starts)
    assert all(start < end for start, end in zip(words.starts, ends, strict=True))
    assert all(words.quote(number, number + 1) in text for number in range(len(ends)))
