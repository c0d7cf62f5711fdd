from __future__ import annotations

import pytest
from digests import make_item, render

from newsletter.errors import MessageTooLarge
from newsletter.render.check import check_rendered


def items(count, paragraphs):
    story = "<p>" + "long " * 100 + "</p>"
    return [make_item(f"Story {n}", link=None, html=story * paragraphs) for n in range(count)]


def test_digest_of_usual_size_is_fine(digest):
    assert check_rendered(digest) == ()


def test_large_digest_is_noted():
    (finding,) = check_rendered(render(items(6, 15)))
    assert "60,000" in finding.message


@pytest.mark.parametrize(("count", "paragraphs"), [(12, 15), (3, 60), (40, 4), (1, 200)])
def test_digest_that_would_be_cut_is_refused_with_the_items_that_fit(count, paragraphs):
    edition = items(count, paragraphs)
    with pytest.raises(MessageTooLarge, match=rf"first \d+ of its {count} items") as fault:
        check_rendered(render(edition))
    fit = int(str(fault.value).partition("the first ")[2].partition(" ")[0])
    assert fault.value.size_bytes > fault.value.limit_bytes == 90_000
    assert fit < count
    assert render(edition[:fit]).html_bytes <= 90_000
    assert fit + 3 > count or render(edition[: fit + 3]).html_bytes > 90_000
