from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audiences.passages import read_passages
from newsletter.audiences.rules import MAX_REASONS, Sorter
from newsletter.audiences.types import AudienceRules, Reason, Sorting
from newsletter.feeds.types import ParsedEntry

GOVERNORS = AudienceRules(
    slug="governors",
    title="Governors",
    feeds=("boards",),
    categories=("School governance",),
    relevance=("governor", "clerks"),
    words=("governance", "school governors", "governors", "vacancies"),
    avoid=("prison governor", "data governance"),
)
HEADS = AudienceRules(
    slug="heads",
    title="Heads",
    relevance=("leaders",),
    words=("budgets", "school business leader"),
    avoid=("business leader", "careers leader"),
)
SORTING = Sorting(statements=("relevant to",), title_weight=3, body_weight=1, threshold=3)
SORTER = Sorter([GOVERNORS, HEADS], SORTING)


def weight(entry: ParsedEntry, slug: str = "governors") -> int:
    return next(found.score.weight for found in SORTER.examine(entry, "") if found.audience == slug)


@pytest.mark.parametrize(
    ("feed", "fields", "expected"),
    [
        ("boards", {}, [Reason("governors", "feed", "feed", "boards")]),
        (
            "other",
            {"section": "School governance"},
            [Reason("governors", "category", "section", "School governance")],
        ),
        (
            "other",
            {"categories": ("Sport", "SCHOOL-GOVERNANCE")},
            [Reason("governors", "category", "category", "SCHOOL-GOVERNANCE")],
        ),
        ("other", {"categories": ("School governance in Wales",), "section": "Sport"}, []),
    ],
)
def test_mapping_of_feed_and_category(news, feed, fields, expected):
    assert list(SORTER.assign(news("Nothing", **fields), feed)) == expected


def test_statement_names_audiences_without_any_weight(news):
    entry = news("News", fragment="<p>Relevant to:</p><ul><li>clerks of all boards</li><li>leaders</li></ul>")
    assert SORTER.assign(entry, "f") == (
        Reason("governors", "relevance", "body", "clerks of all boards"),
        Reason("heads", "relevance", "body", "leaders"),
    )


def test_statement_in_the_title_has_its_place_there(news):
    assert Reason("heads", "relevance", "title", "leaders") in SORTER.assign(news("Relevant to leaders"), "f")


@pytest.mark.parametrize(
    "listed", ["careers leaders", "business leaders", "staff with leaders", "leadership"]
)
def test_statement_about_others_names_nobody(news, listed):
    assert not SORTER.assign(news("News", f"It is relevant to {listed}."), "f")


FILLER = "Nothing to see here. " * 20


@pytest.mark.parametrize(
    ("title", "paragraphs", "expected"),
    [
        pytest.param("Budgets", [], 3, id="title"),
        pytest.param("News", ["The budgets."], 2, id="opening counts twice"),
        pytest.param("News", [FILLER, "The budgets."], 1, id="body"),
        pytest.param("News", [FILLER, "Budgets, budgets.", "Budgets!"], 3, id="body, thrice"),
        pytest.param(
            "News", [FILLER, "A school business leader."], 1, id="longer phrase around an avoided one"
        ),
        pytest.param("News", ["Business leaders met."], 0, id="avoided"),
    ],
)
def test_words_weigh_by_place(news, title, paragraphs, expected):
    assert weight(news(title, *paragraphs), "heads") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("The vacancies.", 1, id="subject"),
        pytest.param("The governors.", 2, id="name"),
        pytest.param("The school governors.", 1, id="longer than a name"),
        pytest.param("School governors and governors.", 3, id="each place once"),
        pytest.param("Prison governors met.", 0, id="avoided"),
        pytest.param("Prison governors met. Governors sang. Governors slept.", 0, id="first mention decides"),
        pytest.param("Governors met prison governors. Governors sang.", 4, id="meant at first"),
        pytest.param("Prison governors met school governors.", 1, id="longer phrase stands for itself"),
    ],
)
def test_words_weigh_by_what_they_mean(news, text, expected):
    assert weight(news("News", FILLER, text)) == expected


@pytest.mark.parametrize(
    ("title", "paragraphs", "expected"),
    [
        pytest.param("Governors of the central bank", [], 0, id="in the title"),
        pytest.param("Governors", ["The central bank met."], 0, id="in the opening"),
        pytest.param("Governors", [FILLER * 4, "The central bank met."], 3, id="further down"),
        pytest.param("Governors", ["A central bench, and a bank."], 3, id="other words"),
    ],
)
def test_word_of_another_world_silences_all_words(news, title, paragraphs, expected):
    rules = AudienceRules(
        slug="g", title="G", words=("governors",), unless=("central bank",), relevance=("boards",)
    )
    sorter = Sorter([rules], SORTING)
    [found] = sorter.examine(news(title, *paragraphs), "")
    assert found.score.weight == expected
    [stated] = sorter.assign(news(title, *paragraphs, "Relevant to: boards."), "")[:1]
    assert stated.rule == "relevance"  # whoever is named is meant


@pytest.mark.parametrize(
    "text", ["Leadership counts", "A head teacher speaks", "Head-teacher leaves", "Headteachers"]
)
def test_form_of_a_word_counts_as_the_word(news, text):
    rules = AudienceRules(
        slug="heads", title="Heads", words=("leader", "headteacher"), categories=("Leader news",)
    )
    forms = (("leader", "leadership"), ("headteacher", "head teacher"))
    sorter = Sorter([rules], replace(SORTING, forms=forms))
    [reason] = sorter.assign(news(text), "")
    assert (reason.rule, reason.where) == ("words", "title")
    assert sorter.assign(news("x", categories=("Leadership news",)), "")[0].rule == "category"
    assert Sorter([rules], SORTING).assign(news("Leadership counts"), "") == ()


def test_item_with_only_a_summary_weighs_it_as_opening_and_text(news):
    assert weight(news("News", summary="Some budgets."), "heads") == 2


def test_reasons_quote_the_item_and_are_few(news):
    entry = news("GOVERNORS’ vacancies", "Governance and governors: school governors’ vacancies.")
    assert SORTER.assign(entry, "f") == (
        Reason("governors", "words", "title", "GOVERNORS"),
        Reason("governors", "words", "title", "vacancies"),
        Reason("governors", "words", "summary", "Governance"),
    )


def test_default_speaks_only_when_nothing_else_does(news):
    sorter = Sorter([GOVERNORS, HEADS], Sorting(("relevant to",), 3, 1, 3, default=("heads", "governors")))
    assert sorter.assign(news("Sports day"), "f") == (
        Reason("heads", "default", "default", ""),
        Reason("governors", "default", "default", ""),
    )
    assert {reason.rule for reason in sorter.assign(news("Budgets"), "f")} == {"words"}


def test_scores_are_given_for_every_audience(news):
    scores = [found.score for found in SORTER.examine(news("News", FILLER, "Budgets."), "f")]
    assert [(score.audience, score.weight, score.threshold) for score in scores] == [
        ("governors", 0, 3),
        ("heads", 1, 3),
    ]
    assert scores[1].reasons == (Reason("heads", "words", "body", "Budgets"),)


def test_threshold_of_nothing_claims_nothing_unseen(news):
    assert not Sorter([HEADS], Sorting((), 3, 1, threshold=0)).assign(news("Sports day"), "f")


def test_category_without_a_letter_maps_nothing(news):
    sorter = Sorter([AudienceRules("a", "A", categories=("***",))], SORTING)
    assert not sorter.assign(news("News", categories=("???",), section="-"), "f")


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("prison governor " * 15_000, set()),
        ("governors " * 30_000, {"words"}),
        ("relevant to governors " * 10_000, {"words", "relevance"}),
        ("</p><ul><li>relevant to: governors</li></ul>" * 5_000, {"words", "relevance"}),
    ],
)
def test_flood_of_matches_gives_few_short_reasons(news, text, rules):
    reasons = SORTER.assign(news("News", fragment=f"<p>{text}</p>"), "f")
    assert {reason.rule for reason in reasons} == rules
    assert len(reasons) <= 2 * MAX_REASONS
    assert all(len(reason.text) <= 300 for reason in reasons)


PARTS = st.sampled_from([
    "<p>", "</p>", "<ul><li>", "</li></ul>", "governors", "Prison governors", "relevant to:", ",", ".", "’s",
    "budgets", "-", "\0", "é", "<", "&amp;",
])  # fmt: skip


@given(
    title=st.text(),
    html=st.one_of(st.text(), st.lists(PARTS).map(" ".join)),
    summary=st.lists(PARTS).map(" ".join),
)
def test_reasons_of_any_item_stand_in_it(title, html, summary):
    entry = ParsedEntry("k", title, None, html, summary)
    passages = read_passages(entry)
    texts = {"title": [passages.title], "summary": [passages.opening], "body": passages.body}
    for reason in SORTER.assign(entry, "f"):
        assert reason.text
        assert any(reason.text in passage.text for passage in texts[reason.where])


@given(
    st.lists(st.sampled_from(GOVERNORS.avoid + HEADS.avoid), min_size=1),
    st.sampled_from([". ", ", ", "; and "]),
)
def test_avoided_phrases_weigh_nothing(phrases, separator):
    entry = ParsedEntry("k", separator.join(phrases), None, f"<p>{separator.join(phrases)}</p>", "")
    assert (weight(entry, "governors"), weight(entry, "heads")) == (0, 0)
