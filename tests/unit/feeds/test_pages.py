from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import FeedParseError
from newsletter.feeds.pages import parse_pages
from newsletter.feeds.types import SavedPage

SAMPLES = Path(__file__).parents[3] / "feeds" / "pages"

TOP = """Home Menu

Reading in schools

\u00a0\u00a0
Reading icon.jpg

The league wants every child to leave primary school as a reader. It speaks for all who run libraries.

The league asks for three things:

Books in every classroom

  • Restore the library fund
  • Pay for a trained librarian in every town.

\u00a0
Time to read

  • Protect twenty minutes a day
  • Leave summer reading to the libraries.\u00a0
\u00a0

"""
FIRST = """Headteachers borrow the library van, and whole villages follow

The van comes on Tuesdays. By ten o’clock there is a queue, and by noon the poetry is gone, says the report.

The offer is of relevance to:
  • governing bodies
  • headteachers

Schools that want the van should write before Christmas, since there are only forty days to give away.

First published 2 November 2026
;"""
SECOND = """Audio books count as reading, finds a study of four hundred pupils

Pupils who listened remembered as much as those who read, and were likelier to pick up another book.

It applies to:

  • governing bodies
  • headteachers

The authors will visit schools in the spring term and answer questions from governors and teachers alike.

First published 19 July 2021
;"""
THIRD = """One librarian, nine schools: a year on the road

A librarian shared by nine schools wrote down every mile and every loan, and has published both.

"I thought the miles would be the story. In the end it was the loans," said Ada Lindqvist, who drove them.

First published 5 October 2026
;"""


def page(text, name="page.txt", encoding="utf-8"):
    return SavedPage(name, text.encode(encoding))


def parse(*texts):
    return parse_pages([page(text, f"{number}.txt") for number, text in enumerate(texts)])


def only(parsed):
    [entry] = parsed.entries
    return entry


def test_pages_of_one_site_lose_what_they_share():
    parsed = parse(TOP + FIRST, TOP + SECOND, TOP + THIRD)
    assert [entry.title for entry in parsed.entries] == [
        text.partition("\n")[0] for text in (FIRST, SECOND, THIRD)
    ]
    assert {entry.section for entry in parsed.entries} == {"Reading in schools"}
    assert parsed.warnings == ()
    for entry in parsed.entries:
        for boilerplate in (
            "Home Menu",
            "icon.jpg",
            "The league",
            "Books in",
            "twenty minutes",
            "Time to read",
            ";",
        ):
            assert boilerplate not in entry.html


@pytest.mark.parametrize(
    ("text", "day"), [(FIRST, (2026, 11, 2)), (SECOND, (2021, 7, 19)), (THIRD, (2026, 10, 5))]
)
def test_page_that_stands_alone_is_read_as_well(text, day):
    alone, among = only(parse(TOP + text)), parse(TOP + text, TOP + FIRST, TOP + SECOND).entries[0]
    assert (alone.key, alone.title, alone.html, alone.section) == (
        among.key,
        among.title,
        among.html,
        among.section,
    )
    assert alone.published == datetime(*day, 12, tzinfo=UTC)
    assert "First published" not in alone.html
    assert alone.link is None


def test_statement_that_two_stories_share_stays_in_both():
    for entry in parse(TOP + FIRST, TOP + SECOND).entries:
        assert "<ul><li>governing bodies</li><li>headteachers</li></ul>" in entry.html
    first = parse(TOP + FIRST, TOP + SECOND).entries[0]
    assert "<p>The offer is of relevance to:</p>\n<ul><li>governing bodies</li>" in first.html


@pytest.mark.parametrize("place", ["under the headline", "before the date"])
def test_statement_that_most_stories_share_stays_at_either_end(place):
    statement = "This is of relevance to:\n  • governing bodies\n  • headteachers and senior leaders\n\n"
    at = "\n\n" if place == "under the headline" else "First published"

    def with_statement(text):
        before, cut, after = text.partition(at)
        return TOP + (before + cut + statement + after if at == "\n\n" else before + statement + cut + after)

    parsed = parse(*(with_statement(text) for text in (FIRST, SECOND, THIRD)))
    assert [entry.title for entry in parsed.entries] == [
        text.partition("\n")[0] for text in (FIRST, SECOND, THIRD)
    ]
    for entry in parsed.entries:
        assert "<p>This is of relevance to:</p>\n<ul><li>governing bodies</li>" in entry.html


def test_standing_text_in_the_midst_goes_when_nearly_all_pages_have_it():
    box = "Join the campaign\n\nThe campaign for libraries needs voices from every school, and yours too.\n\n"

    def boxed(text):
        head, blank, rest = text.partition("\n\n")
        first, blank2, tail = rest.partition("\n\n")
        return TOP + head + blank + first + blank2 + box + tail

    for entry in parse(boxed(FIRST), boxed(SECOND), boxed(THIRD)).entries:
        assert "campaign" not in entry.html


def test_boilerplate_that_differs_a_little_goes_all_the_same():
    other = (
        TOP.replace("icon.jpg", "icon-2026 (1).PNG").replace("\n\n", "\n \n\n").replace("twenty", "thirty")
    )
    entries = parse(TOP + FIRST, other + SECOND, TOP + THIRD).entries
    assert entries[1].title == SECOND.partition("\n")[0]
    assert entries[1].html.startswith("<p>Pupils who listened")


def test_text_after_the_date_that_pages_share_goes():
    about = "We speak for libraries in every county, and have done so for a hundred years now."
    bottom = f"\n\nThe league\n1 Book Street\n{about}\n"
    for entry in parse(TOP + FIRST + bottom, TOP + SECOND + bottom).entries:
        assert "Book Street" not in entry.html


def test_two_sections_of_a_site_keep_their_own_names():
    other = (
        TOP.replace("Reading in schools", "Sport in schools")
        .replace("reader", "swimmer")
        .replace("librar", "pool")
    )
    sections = [
        entry.section for entry in parse(TOP + FIRST, other + SECOND, TOP + THIRD, other + THIRD).entries
    ]
    assert sections[:3] == ["Reading in schools", "Sport in schools", "Reading in schools"]


def test_hundreds_of_pages_are_all_read():
    pages = [
        TOP + THIRD.replace("nine", f"{number}").replace("year", f"year {number}") for number in range(600)
    ]
    parsed = parse(*pages)
    assert len(parsed.entries) == 600
    assert parsed.warnings == ()


def test_page_saved_again_under_another_name_is_the_same_entry():
    again = page((TOP + FIRST).replace("forty", "thirty"), "copy of page (2).txt")
    parsed = parse_pages([page(TOP + FIRST), again])
    assert only(parsed).title == FIRST.partition("\n")[0]
    assert "Left out" in parsed.warnings[0]
    assert only(parse_pages([again])).key == only(parsed).key


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encoding_is_found_out(encoding):
    entry = only(parse_pages([page(TOP + FIRST, encoding=encoding)]))
    assert "ten o’clock" in entry.html
    assert "\u00a0" not in entry.html


@pytest.mark.parametrize(
    "text", ["", " \n;\n", "Home Menu\n\nOnly a headline and nothing else", "<html></html>", "\x00\x01"]
)
def test_page_without_title_or_text_is_left_out_by_name(text):
    parsed = parse_pages([page(TOP + FIRST), page(text, "bad.txt")])
    assert [entry.title for entry in parsed.entries] == [FIRST.partition("\n")[0]]
    assert parsed.warnings == ("bad.txt: no headline with a text under it was found.",)


def test_many_pages_without_a_story_are_one_warning():
    parsed = parse_pages([page("x", f"{number}.txt") for number in range(5)])
    [told] = parsed.warnings
    assert told == "0.txt, 1.txt, 2.txt and 2 more: no headline with a text under it was found."


def test_no_pages_are_an_error_with_a_cure():
    with pytest.raises(FeedParseError) as caught:
        parse_pages([])
    assert "save news pages" in caught.value.hint


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_any_bytes_give_entries_or_warnings(bodies):
    parsed = parse_pages([SavedPage(f"{number}.txt", body) for number, body in enumerate(bodies)])
    assert len(parsed.entries) + len(parsed.warnings) >= 1
    for entry in parsed.entries:
        assert entry.title
        assert entry.html
        assert entry.content_hash


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                ["Home Menu", "A short line", "<h1>x</h1>", "<html>", "  • item", "A sentence.", "",
                 '"Said," he said.',
                 "First published 19 July 2021", "2. two", ";", "x.jpg", "A lead-in:", "<p>", "<ul>"]
            ),
            max_size=12,
        ),
        min_size=1,
        max_size=4,
    )
)  # fmt: skip
def test_any_mixture_of_lines_gives_entries_or_warnings(pages):
    parsed = parse(*("\n".join(lines) for lines in pages))
    for entry in parsed.entries:
        assert entry.title
        assert entry.html


def folder(path):
    return [SavedPage(file.name, file.read_bytes()) for file in sorted(path.iterdir())]


def test_sample_pages_are_of_the_make_that_is_promised():
    parsed = parse_pages(folder(SAMPLES))
    assert parsed.warnings == ()
    assert {entry.section for entry in parsed.entries} == {"Pupils and wellbeing"}
    for entry in parsed.entries:
        assert "Menu" not in entry.html
        assert "alliance is asking" not in entry.html
        assert "<ul><li>" in entry.html
        assert "<blockquote><p>" in entry.html
        assert entry.published.hour == 12
        assert entry in [only(parse_pages([saved])) for saved in folder(SAMPLES)]


def test_seed_pages_give_the_two_items(seeds):
    careers, report = parse_pages(folder(seeds)).entries
    assert careers.title == "DfE issues careers guidance and access for education and training providers"
    assert careers.published == datetime(2021, 7, 19, 12, tzinfo=UTC)
    assert careers.html.count("<blockquote>") == 1
    assert careers.html.endswith('personal development."</p></blockquote>')
    assert "<p>The guidance is of relevance to:</p>\n<ul><li>governing bodies</li>" in careers.html
    assert report.title == (
        "Diversity Role Models releases a new report on its work to support schools with anti-LGBT+ bullying"
    )
    assert report.published == datetime(2020, 12, 3, 12, tzinfo=UTC)
    assert "<p>Recommendations include the following:</p>\n<ul><li>Root inclusion" in report.html
    quotation = report.html[report.html.index("<blockquote>") :]
    assert quotation.count('<p>"') == 2
    assert "said NAT president Ruth Davies." in quotation
    for entry in (careers, report):
        assert entry.section == "Safeguarding and support for pupils"
        assert "Home Menu" not in entry.html
        assert "NAHT is campaigning to" not in entry.html
        assert "First published" not in entry.html


def test_seed_page_that_stands_alone_is_read_as_well(seeds):
    together = parse_pages(folder(seeds)).entries
    assert [only(parse_pages([saved])) for saved in folder(seeds)] == list(together)


def test_story_that_stands_in_two_sections_is_not_lost():
    other = TOP.replace("Reading in schools", "Sport in schools").replace("reader", "swimmer")
    for texts in ([TOP + THIRD, other + THIRD], [TOP + FIRST, TOP + THIRD, other + SECOND, other + THIRD]):
        entries = parse(*texts).entries
        assert [entry.title for entry in entries].count(THIRD.partition("\n")[0]) == 1
        assert "every mile" in next(
            entry.html for entry in entries if entry.title.startswith("One librarian")
        )


def test_stories_of_one_day_are_told_apart():
    same_day = SECOND.replace("19 July 2021", "2 November 2026")
    parsed = parse(TOP + FIRST, TOP + same_day)
    assert [entry.title for entry in parsed.entries] == [text.partition("\n")[0] for text in (FIRST, SECOND)]
    assert "league" not in "".join(entry.html for entry in parsed.entries)
