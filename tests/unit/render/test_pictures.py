"""The picture of an item, from hosts that are allowed."""

import pytest
from digests import NONCE, SHIPPED, TITLES, make_item, make_masthead
from lxml.html import document_fromstring

from newsletter.render.html import Templates, render_variant
from newsletter.render.pictures import Picture, first_picture

HALL = '<p>a</p>\n<img src="https://pics.example.org/hall.jpg" alt="The hall" width="300">'
OTHER = '<img src="https://spy.example/x.jpg" alt="Another">\n'


@pytest.mark.parametrize(
    ("html", "hosts", "expected"),
    [
        (HALL, {"pics.example.org"}, Picture("https://pics.example.org/hall.jpg", "The hall", 300)),
        (OTHER + HALL, {"pics.example.org"}, Picture("https://pics.example.org/hall.jpg", "The hall", 300)),
        (
            HALL.replace("300", "1600"),
            {"pics.example.org"},
            Picture("https://pics.example.org/hall.jpg", "The hall"),
        ),
        (HALL, set(), None),
        (HALL, {"example.org"}, None),
        (HALL.replace("https", "http"), {"pics.example.org"}, None),
        (HALL.replace("https://", "https://x@"), {"pics.example.org"}, None),
        (HALL.replace("The hall", " "), {"pics.example.org"}, None),
        ('<img src="https://[" alt="x">', {"["}, None),
    ],
)
def test_first_picture_is_of_an_allowed_host(html, hosts, expected):
    assert first_picture(html, hosts) == expected


@pytest.mark.parametrize("link", ["https://news.example.org/roof", None])
@pytest.mark.parametrize(("hosts", "shown"), [((), 0), (("pics.example.org",), 1)])
def test_digest_shows_pictures_of_allowed_hosts_only(link, hosts, shown):
    item = make_item(html=OTHER + HALL.replace("The hall", "The &quot;hall&quot; onload=x"), link=link)
    rendered = render_variant(
        Templates([SHIPPED]), "digest", make_masthead(), [item],
        day=item.first_seen.date(), titles=TITLES, nonce=NONCE, picture_hosts=hosts,
    )  # fmt: skip
    page = "".join(part for part in rendered.html if isinstance(part, str))
    assert page.count("<img") == page.count("https://pics.example.org/hall.jpg") == shown
    assert "spy.example" not in page
    if shown:
        [element] = document_fromstring(page).iter("img")
        assert element.get("alt") == 'The "hall" onload=x'
        assert element.get("onload") is None
        assert "max-width:300px" in page
