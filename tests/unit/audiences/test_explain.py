from __future__ import annotations

import dataclasses
import json

import pytest

from newsletter.audiences.explain import explain, explanation_lines
from newsletter.audiences.rules import Avoided, Sorter
from newsletter.audiences.types import AudienceRules, Sorting

SORTER = Sorter(
    [
        AudienceRules(
            "governors", "Governors", feeds=("boards",), relevance=("clerk",), words=("school governor",)
        ),
        AudienceRules("leaders", "Leaders", words=("budgets", "pay"), avoid=("market leader", "pay phone")),
    ],
    Sorting(("relevant to",), title_weight=3, body_weight=1, threshold=3),
)
FILLER = "Nothing to see here. " * 20


def test_no_says_what_was_found_and_what_is_missing(news):
    entry = news("Market leaders meet", FILLER, "They talked of pay by pay phone.")
    assert explanation_lines(explain(entry, "any", SORTER)) == (
        "Market leaders meet",
        "Governors: no",
        "  words weigh 0, 3 are enough; none found",
        "Leaders: no",
        "  words weigh 1, 3 are enough, 2 missing: 1 for “pay” in the text",
        "  passed over: “Market leaders” in the title",
        "  passed over: “pay phone” in the text",
    )
    leaders = explain(entry, "any", SORTER).audiences[1]
    assert (leaders.included, leaders.missing) == (False, 2)
    assert leaders.avoided[0] == Avoided("title", "Market leaders")


def test_yes_says_rule_place_and_words(news):
    entry = news("Budgets for school governors", "Relevant to clerks.")
    assert explanation_lines(explain(entry, "boards", SORTER)) == (
        "Budgets for school governors",
        "It says whom it is for: “clerks”",
        "Governors: yes",
        "  all items of this feed: “boards”",
        "  statement of relevance in the text: “clerks”",
        "  words in the title: “school governors”",
        "  words weigh 3, 3 are enough: 3 for “school governors” in the title",
        "Leaders: yes",
        "  words in the title: “Budgets”",
        "  words weigh 3, 3 are enough: 3 for “Budgets” in the title",
    )


@pytest.mark.parametrize(
    ("editor", "included", "line"),
    [
        (True, True, "  the editor added it"),
        (False, False, "  the editor took it away"),
        (None, True, "  words"),
    ],
)
def test_editor_has_the_last_word(news, editor, included, line):
    decided = {} if editor is None else {"leaders": editor}
    explanation = explain(news("Budgets"), "any", SORTER, editor=decided)
    assert explanation.audiences[1].included is included
    lines = explanation_lines(explanation)
    assert lines[lines.index("Leaders: yes" if included else "Leaders: no") + 1].startswith(line)


def test_default_is_named_as_such(news):
    sorter = Sorter(SORTER.audiences, dataclasses.replace(SORTER.sorting, default=("leaders",)))
    assert "  no rule claims the item; this is the default" in explanation_lines(
        explain(news(), "any", sorter)
    )


def test_explanation_can_be_dumped_as_json(news):
    dumped = json.loads(json.dumps(dataclasses.asdict(explain(news("Budgets"), "any", SORTER))))
    assert dumped["audiences"][1]["reasons"] == [
        {"audience": "leaders", "rule": "words", "where": "title", "text": "Budgets"}
    ]
