from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audiences.passages import Passage, read_body
from newsletter.audiences.phrases import Lexicon
from newsletter.audiences.relevance import LeadIn, read_points

LEAD_INS = Lexicon(
    [(text, None) for text in ("of relevance to", "applies to", "for the attention of", "who this is for")]
)


def read_all(passages):
    found = [
        LeadIn(passage, match.first, match.last)
        for passage in passages
        for match in LEAD_INS.find(passage.words)
    ]
    return read_points(passages, found)


def points(fragment: str) -> list[str]:
    return [point.text for point in read_all(read_body(fragment))]


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param(
            "<p>It is of relevance to:</p><ul><li>governing bodies</li><li>career leaders</li></ul><p>.</p>",
            ["governing bodies", "career leaders"],
            id="list after a colon",
        ),
        pytest.param(
            "<p>This applies to</p><ol><li><p>heads</p></li></ol><ul><li>clerks</li></ul>",
            ["heads", "clerks"],
            id="list without a colon",
        ),
        pytest.param(
            "<p>Of relevance to:<br>• governors<br>• heads<br>Ends here</p><ul><li>no</li></ul>",
            ["governors", "heads"],
            id="typed bullets",
        ),
        pytest.param(
            "<h3>For the attention of</h3><p>Governors, heads. Nobody else.</p>",
            ["Governors", "heads"],
            id="heading and paragraph",
        ),
        pytest.param("<h3>Who this is for</h3><ul><li>clerks</li></ul>", ["clerks"], id="heading and list"),
        pytest.param(
            "<p>This guidance applies to governors and careers leaders. Parents may read it.</p>",
            ["governors and careers leaders"],
            id="rest of the sentence",
        ),
        pytest.param(
            "<p><strong>For the attention of:</strong> governors; headteachers</p>",
            ["governors", "headteachers"],
            id="semicolons",
        ),
        pytest.param(
            "<blockquote><p>“It applies to governors.”</p></blockquote>", ["governors"], id="in a quotation"
        ),
        pytest.param(
            "<p>It applies to the following groups:</p><ul><li>heads</li></ul>",
            ["the following groups", "heads"],
            id="colon further on",
        ),
        pytest.param(
            "<p>It does not, as a rule, apply; it no longer applies to governors.</p>", [], id="denied"
        ),
        pytest.param("<p>It isn’t of relevance to governors.</p>", [], id="denied by an apostrophe"),
        pytest.param("<p>It applies to</p>", [], id="nothing after it"),
        pytest.param(
            "<p>It applies to heads who must:</p><ul><li>tell governors</li></ul>",
            ["heads who must"],
            id="list of duties",
        ),
        pytest.param(
            "<p>It applies to schools.</p><ul><li>governors</li></ul>", ["schools"], id="unrelated list"
        ),
        pytest.param("<p>It applies to: </p><p>heads</p><p>clerks</p>", ["heads"], id="one paragraph after"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_points_read(fragment, expected):
    assert points(fragment) == expected


@pytest.mark.parametrize(
    ("sentence", "named"),
    [
        ("It applies to career leaders and staff in maintained schools", "career leaders and staff"),
        ("It applies to all students in schools", "all students"),
        ("It applies to everyone except governors", "everyone"),
        ("It applies to heads, and also to governors", "heads and also to governors"),
        ("It applies to schools where governors, heads and parents agree", "schools"),
        ("It applies to pupils, not governors, clerks", "pupils"),
    ],
)
def test_names_of_a_point_end_where_it_turns_to_others(sentence, named):
    found = read_all([Passage("body", sentence)])
    read = [sentence.replace(",", "").split()[point.first : point.reach] for point in found]
    assert " ".join(word for words in read for word in words) == named


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "<ul><li>", "</li></ul>", "It applies to", ":", ", ", ". ", "heads "])
    )
)
def test_points_of_any_fragment_stand_in_it(parts):
    for point in read_all(read_body("".join(parts))):
        assert point.text in point.passage.text
        assert 0 <= point.first < point.reach <= len(point.passage.words.keys)
