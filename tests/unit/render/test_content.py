from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from digests import TITLES, make_item, make_masthead
from hypothesis import given
from hypothesis import strategies as st

from newsletter.feeds.types import ItemStatus
from newsletter.render.content import view_edition
from newsletter.render.subject import PREHEADER_LENGTH, cut_words, first_words

DAY = date(2026, 11, 27)


def view(*items, titles=TITLES, timezone=UTC, **masthead):
    return view_edition(make_masthead(**masthead), items, day=DAY, titles=titles, timezone=timezone)


def test_items_are_grouped_by_section_or_category_in_order_of_first_sight():
    shown = view(
        make_item("a", section="Pay"),
        make_item("b"),
        make_item("c", categories=("Training", "Courses")),
        make_item("d", section="pay"),
        make_item("e", section=" "),
    )
    groups = [(section.title, "".join(item.headline for item in section.items)) for section in shown.sections]
    assert groups == [("Pay", "ad"), ("News", "be"), ("Training", "c")]


def test_pinned_items_lead_the_edition_whatever_their_sections():
    shown = view(
        make_item("a", section="Pay", status=ItemStatus.PINNED),
        make_item("b", section="Training", categories=("Courses",), status=ItemStatus.PINNED),
        make_item("c", section="Training"),
        make_item("d", section="Pay"),
    )
    groups = [(section.title, "".join(item.headline for item in section.items)) for section in shown.sections]
    assert groups == [("Top stories", "ab"), ("Training", "c"), ("Pay", "d")]
    assert [item.category for item in shown.items] == ["Pay", "Training", "", ""]
    assert (shown.subject, view(language="cy").words.top_stories) == ("a", "Y prif straeon")


@pytest.mark.parametrize(
    ("section", "categories", "shown"),
    [
        ("Pay", ("Pay", "Budgets"), "Budgets"),
        ("Pay", ("Pay",), ""),
        ("Pay", (), ""),
        ("Pay", ("PAY",), ""),
        (None, ("Training",), ""),
        (None, ("Training", "Courses"), "Courses"),
    ],
)
def test_category_is_shown_where_it_does_not_repeat_the_heading(section, categories, shown):
    assert view(make_item(section=section, categories=categories)).items[0].category == shown


@pytest.mark.parametrize(
    ("language", "published", "label", "lang"),
    [
        ("en-GB", datetime(2021, 7, 19, 12, tzinfo=UTC), "First published 19 July 2021", ""),
        (None, datetime(2021, 7, 19, 12, tzinfo=UTC), "First published 19 July 2021", ""),
        ("cy", datetime(2021, 7, 19, 12, tzinfo=UTC), "Cyhoeddwyd gyntaf 19 Gorffennaf 2021", "cy"),
        ("fr", datetime(2021, 7, 19, 12, tzinfo=UTC), "First published 19 July 2021", ""),
        ("en", datetime(2021, 7, 18, 23, 30, tzinfo=UTC), "First published 19 July 2021", ""),
        ("en", None, "", ""),
        ("no tag <b>", datetime(2021, 7, 19, 12, tzinfo=UTC), "First published 19 July 2021", ""),
    ],
)
def test_date_is_written_in_the_language_and_place_of_its_reader(language, published, label, lang):
    item = view(make_item(language=language, published=published), timezone=ZoneInfo("Europe/London")).items[
        0
    ]
    assert (item.date_label, item.date_tongue.lang) == (label, lang)


@pytest.mark.parametrize(
    ("language", "lang", "direction"),
    [("en-US", "", ""), ("cy", "cy", ""), ("ar-EG", "ar-EG", "rtl"), ("?", "", "")],
)
def test_item_says_its_language_where_that_is_not_the_editions(language, lang, direction):
    tongue = view(make_item(language=language)).items[0].tongue
    assert (tongue.lang, tongue.dir) == (lang, direction)


@pytest.mark.parametrize(
    ("audiences", "shown"),
    [
        ({"career-leads", "governors"}, "Governors and Career leads"),
        ({"leaders", "career-leads", "governors"}, "Governors, School leaders and Career leads"),
        ({"leaders", "of another newsletter"}, "School leaders"),
        (set(), ""),
    ],
)
def test_item_names_the_audiences_that_it_is_for(audiences, shown):
    assert view(make_item(audiences=frozenset(audiences))).items[0].relevant_to == shown


def test_item_names_five_audiences_at_most():
    titles = {f"a{n}": f"Audience {n}" for n in range(8)}
    relevant_to = view(make_item(audiences=frozenset(titles)), titles=titles).items[0].relevant_to
    assert relevant_to == "Audience 0, Audience 1, Audience 2, Audience 3 and Audience 4"


def test_quotation_stands_in_one_item_of_three_and_is_short():
    short, long = "<blockquote>Said so.</blockquote>", f"<blockquote>{'word ' * 36}</blockquote>"
    stories = [long, long + short, short, short, short, "<p>none</p>", short, short]
    shown = view(*[make_item(html=story) for story in stories]).items
    assert [item.quote for item in shown] == ["", "Said so.", "", "", "Said so.", "", "", "Said so."]


@pytest.mark.parametrize(
    ("changed", "standfirst", "blocks"),
    [
        ({}, "Work on the first hundred roofs begins at Easter.", 0),
        ({"summary": " ", "html": "<h2>No</h2><p>One\n two</p><p>three</p>"}, "One two three", 0),
        ({"summary": "word " * 61}, " ".join(["word"] * 60) + "…", 0),
        ({"link": None, "html": "<p>One</p><p>two</p>"}, "", 2),
        ({"link": None, "html": ""}, "Work on the first hundred roofs begins at Easter.", 0),
        ({"link": "javascript:alert(1)", "html": "<p>One</p>"}, "", 1),
    ],
)
def test_item_has_a_standfirst_or_stands_in_full(changed, standfirst, blocks):
    item = view(make_item(**changed)).items[0]
    assert (item.standfirst, len(item.story)) == (standfirst, blocks)


@pytest.mark.parametrize(
    ("title", "headline"),
    [(" A\r\n b\u00ad\x00c ", "A b c"), ("", "Work begins."), ("\u200b", "Work begins.")],
)
def test_headline_is_one_line_and_never_empty(title, headline):
    assert view(make_item(title, summary="Work begins.")).items[0].headline == headline


@pytest.mark.parametrize(
    ("titles", "preheader"),
    [
        ((), "0 stories in the issue of 27 November 2026 from School Leaders Union"),
        (("One",), "Work on the first hundred roofs begins at Easter."),
        (
            ("One", "Two"),
            "Also in this issue: Two · 2 stories in the issue of 27 November 2026 from School Leaders Union",
        ),
        (
            ("One", "Two of the many", "Three of the many"),
            "Also in this issue: Two of the many · Three of the many",
        ),
    ],
)
def test_preheader_says_what_else_there_is(titles, preheader):
    assert view(*map(make_item, titles)).preheader == preheader


@given(st.lists(st.text(max_size=200), min_size=1, max_size=12))
def test_subject_and_preheader_fit_whatever_the_headlines(titles):
    shown = view(*map(make_item, titles))
    assert 0 < len(shown.subject) <= 60
    assert len(shown.preheader) in PREHEADER_LENGTH
    assert not {chr(code) for code in (*range(32), *range(127, 160))} & {*shown.subject, *shown.preheader}


@pytest.mark.parametrize(
    ("text", "length", "cut"),
    [
        ("as it is", 8, "as it is"),
        ("one two three", 8, "one two…"),
        ("one two three", 9, "one two…"),
        ("one, two three", 5, "one…"),
        ("unbreakable", 6, "unbre…"),
        ("one two – three", 11, "one two…"),
    ],
)
def test_text_is_cut_after_a_word(text, length, cut):
    assert cut_words(text, length) == cut


def test_words_are_counted_and_the_rest_is_left_out():
    assert first_words("a b  c", 3) == "a b c"
    assert first_words("a b, c", 2) == "a b…"
