"""The rules that ship in newsletter.toml, on news as schools read it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

GOVERNORS, LEADERS, CAREER_LEADS = "governors", "leaders", "career-leads"
NEWS = tomllib.loads(Path(__file__).with_name("news.toml").read_text(encoding="utf-8"))["news"]


@pytest.mark.parametrize("example", NEWS, ids=[example["title"] for example in NEWS])
def test_news_is_sorted(shipped, news, example):
    entry = news(example["title"], *example["text"].strip().split("\n\n"))
    assert sorted({reason.audience for reason in shipped.assign(entry, "any")}) == sorted(
        example["audiences"]
    )


def test_rules_name_no_feed_and_leave_the_rest_to_the_editor(shipped):
    assert all(rules.feeds == () for rules in shipped.audiences)
    assert shipped.sorting.default == ()


def test_avoided_phrases_give_nobody_anything(shipped, news):
    for rules in shipped.audiences:
        for phrase in rules.avoid:
            seen = shipped.examine(news(phrase, f"{phrase}. The {phrase} spoke."), "any")
            assert {found.score.weight for found in seen if found.audience == rules.slug} == {0}, phrase


def test_words_and_names_are_listed_once_each(shipped):
    for rules in shipped.audiences:
        for phrases in (rules.categories, rules.relevance, rules.words, rules.avoid):
            assert len({phrase.casefold() for phrase in phrases}) == len(phrases)


@pytest.mark.parametrize("rules_slug", [GOVERNORS, LEADERS, CAREER_LEADS])
def test_every_word_is_enough_in_a_title(shipped, news, rules_slug):
    rules = next(rules for rules in shipped.audiences if rules.slug == rules_slug)
    for word in rules.words:
        assert rules_slug in {reason.audience for reason in shipped.assign(news(f"News: {word}"), "any")}, (
            word
        )


STATEMENT = (
    "<p>The handbook is of relevance to:</p><ul><li>governing bodies of maintained schools</li>"
    "<li>college and school leaders</li><li>careers leads and their teams in schools</li></ul>"
    "<p>It applies to:</p><ul><li>all pupils in schools from year 7</li><li>students in academies</li></ul>"
)


def test_statement_of_relevance_is_quoted_and_pupils_are_nobody(shipped, news):
    stated = [
        (r.audience, r.text) for r in shipped.assign(news(fragment=STATEMENT), "any") if r.rule == "relevance"
    ]
    assert stated == [
        (GOVERNORS, "governing bodies of maintained schools"),
        (LEADERS, "college and school leaders"),
        (CAREER_LEADS, "careers leads and their teams in schools"),
    ]


def test_saved_pages_of_a_union_are_sorted(shipped, seeds):
    from newsletter.feeds.pages import parse_pages
    from newsletter.feeds.types import SavedPage

    pages = [SavedPage(path.name, path.read_bytes()) for path in sorted(seeds.glob("*.txt"))]
    careers, inclusion = sorted(parse_pages(pages).entries, key=lambda entry: "Diversity" in entry.title)
    stated = {r.audience: r for r in reversed(shipped.assign(careers, "pages")) if r.rule == "relevance"}
    assert set(stated) == {GOVERNORS, LEADERS, CAREER_LEADS}
    assert stated[GOVERNORS].text == "governing bodies"
    assert all(reason.text in careers.html for reason in stated.values())
    audiences = {reason.audience for reason in shipped.assign(inclusion, "pages")}
    assert GOVERNORS in audiences
    assert CAREER_LEADS not in audiences
