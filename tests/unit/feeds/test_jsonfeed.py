import json
from datetime import UTC, datetime

import pytest

from newsletter.feeds.jsonfeed import parse_json_feed

URL = "https://careers.example.org/feed.json"


def parse(*items, **feed):
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Careers",
        "items": list(items),
        **feed,
    }
    return parse_json_feed(json.dumps(document), URL)


def test_item_is_read_whole():
    parsed = parse(
        {
            "id": 7,
            "url": "/seven",
            "title": "Seven &amp; up",
            "content_html": '<p>All <a href="x">of it</a></p>',
            "summary": "Short.",
            "date_published": "2026-11-02T10:00:00+01:00",
            "date_modified": "2026-11-03T10:00:00Z",
            "tags": ["Careers", 5, "careers"],
            "authors": [{"name": "Jo"}, {"url": "x"}, {"name": "Al"}],
            "language": "cy",
        },
        language="en-GB",
    )
    [entry] = parsed.entries
    assert (entry.key, entry.title, entry.link) == ("7", "Seven & up", "https://careers.example.org/seven")
    assert entry.html == '<p>All <a href="https://careers.example.org/x">of it</a></p>'
    assert entry.summary == "Short."
    assert entry.published == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert entry.updated == datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert (entry.categories, entry.author, entry.language) == (("Careers",), "Jo, Al", "cy")
    assert (parsed.title, parsed.language, parsed.warnings) == ("Careers", "en-GB", ())


def test_text_content_becomes_paragraphs():
    [entry] = parse(
        {"id": "1", "content_text": "One <b>.\n\nTwo\nlines"}, author={"name": "Old style"}
    ).entries
    assert entry.html == "<p>One &lt;b&gt;.</p>\n<p>Two<br>lines</p>"
    assert entry.title == "One <b>. Two lines"
    assert entry.author == "Old style"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-02", datetime(2026, 11, 2, 12, tzinfo=UTC)),
        ("2026-11-02T10:00:00", datetime(2026, 11, 2, 10, tzinfo=UTC)),
        ("2026-02-30", None),
        ("0001-01-01T00:00:00+14:00", None),
        (12, None),
    ],
)
def test_date_is_utc_or_none(written, expected):
    assert parse({"id": "1", "title": "x", "date_published": written}).entries[0].published == expected


def test_faulty_items_are_left_out_with_a_warning():
    parsed = parse(
        "text", {"id": "1", "title": "One"}, None, {"id": 2}, {"id": "1", "title": "Again"}, version="x"
    )
    assert [entry.title for entry in parsed.entries] == ["One"]
    assert parsed.warnings == (
        "The version is 'x', not that of a JSON Feed 1.0 or 1.1.",
        "Items that are not objects were left out: number 1, 3.",
        "1 entry has no title and no text.",
        "Left out, as the same entry comes earlier in the document: 'Again'.",
    )


def test_values_of_the_wrong_type_count_as_missing():
    [entry] = parse(
        {"id": True, "title": ["x"], "content_text": "Text.", "url": 5, "tags": "x", "authors": "y"}
    ).entries
    assert (entry.title, entry.link, entry.categories, entry.author) == ("Text.", None, (), None)
    assert entry.key.startswith("title:")


def test_flood_of_items_is_bounded():
    parsed = parse(*({"id": str(number), "title": "x"} for number in range(501)))
    assert len(parsed.entries) == 500
    assert parsed.warnings == ("The document has 501 entries; the first 500 were read.",)


def test_lone_surrogate_is_dropped():
    parsed = parse_json_feed(
        '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"a\\ud800b"}]}', URL
    )
    assert parsed.entries[0].title == "ab"
