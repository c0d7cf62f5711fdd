"""Which pictures of a text are kept."""

import pytest

from newsletter.feeds.clean import read_fragment

BASE = "https://news.example.org/a/b"


def kept(html: str) -> str:
    return read_fragment(html, BASE).html


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            '<img src="/hall.jpg" alt="The hall">',
            '<img src="https://news.example.org/hall.jpg" alt="The hall">',
        ),
        (
            "<p>one <img src='https://a.example/x.png' alt='A  \"b\" <i>' width=300 height=200> two",
            '<p>one two</p>\n<img src="https://a.example/x.png" alt="A &quot;b&quot; &lt;i&gt;" width="300">',
        ),
        (
            "<blockquote>q<img src='https://a.example/open-day.jpg' alt='Doors'></blockquote>",
            '<blockquote><p>q</p><img src="https://a.example/open-day.jpg" alt="Doors"></blockquote>',
        ),
        (
            "<figure><img src=https://a.example/x.png alt='Two pupils'><figcaption>Reading",
            '<img src="https://a.example/x.png" alt="Two pupils">\n<p>Reading</p>',
        ),
    ],
)
def test_picture_with_words_stands_for_itself(source, expected):
    assert kept(source) == expected
    assert kept(expected) == expected


@pytest.mark.parametrize(
    "attributes",
    [
        "src=https://a.example/x.png",
        "src=https://a.example/x.png alt=''",
        "src=https://a.example/x.png alt='DSC_0001.JPG'",
        "src=http://a.example/x.png alt='A hall'",
        "src=data:image/png;base64,xx alt='A hall'",
        "src='https://a.example@evil.example/x.png' alt='A hall'",
        "src=javascript:alert(1) alt='A hall'",
        "src=https://a.example/x.png alt='A hall' width=1 height=1",
        "src=https://a.example/x.png alt='A hall' style='width: 1px'",
        "src=https://a.example/x.png alt='A hall' style='display:none'",
        "src=https://a.example/wp/pixel.gif?u=1 alt='A hall'",
        "src=https://a.example/track/open/77 alt='A hall'",
        "srcset='https://a.example/x.png 2x' alt='A hall'",
    ],
)
def test_picture_without_words_or_to_spy_is_dropped(attributes):
    assert kept(f"<p>a</p><img {attributes}>") == "<p>a</p>"


def test_pictures_of_lists_go_and_no_picture_is_text():
    found = read_fragment(
        "<ul><li>a<img src=https://a.example/x.png alt='Hall'></ul><img src=/y alt='Hill'>", BASE
    )
    assert found.html.startswith("<ul><li>a</li></ul>\n<img ")
    assert found.text == "• a"
    assert read_fragment("<img src=/y alt='Hill'>", BASE).summary == ""
