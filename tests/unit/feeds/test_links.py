import pytest

from newsletter.feeds.links import canonical_link, is_front_page, without_tracking

PAGE = "https://example.org/news/roof"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (PAGE, PAGE),
        (f"{PAGE}?id=7", f"{PAGE}?id=7"),
        (f"{PAGE}?utm_source=rss&utm_medium=feed", PAGE),
        (f"{PAGE}?id=7&utm_source=rss&page=2#top", f"{PAGE}?id=7&page=2#top"),
        (f"{PAGE}?at_medium=RSS&at_campaign=KARANGA", PAGE),
        (f"{PAGE}?ref=rss", PAGE),
        (f"{PAGE}?ref=7", f"{PAGE}?ref=7"),
        (f"{PAGE}#xtor=RSS-1", PAGE),
        (f"{PAGE}#story-2", f"{PAGE}#story-2"),
        (f"{PAGE}?", f"{PAGE}?"),
    ],
)
def test_parameters_that_only_count_readers_go(url, kept):
    assert without_tracking(url) == kept


def test_spellings_of_one_page_are_one():
    spellings = [
        "http://example.org/news/?b=2&a=1",
        "https://www.Example.org:443/news?a=1&b=2",
        "https://user@example.org/news/?a=1&b=2&fbclid=x",
    ]
    assert {canonical_link(url) for url in spellings} == {"example.org/news?a=1&b=2"}
    others = ["http://example.org/News", "http://example.org/news?a=2", "http://example.org/news#a"]
    assert len({canonical_link(url) for url in others}) == len(others)
    assert canonical_link("http://[bad") == "http://[bad"


def test_front_page_is_no_story():
    assert is_front_page(canonical_link("https://www.example.org/"))
    assert not is_front_page(canonical_link("https://www.example.org/?p=7"))
