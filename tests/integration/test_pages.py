"""The pages that people open in a browser: the overview of a preview, and the archive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders import FRIDAY, NOW, add_items, add_members, approve, plan
from playwright.sync_api import Browser
from sqlalchemy import update
from watched import chromium

from newsletter.delivery.types import DeliveryStatus
from newsletter.store.schema import deliveries
from newsletter.workflows.archive import write_archive
from newsletter.workflows.preview import write_preview

pytestmark = pytest.mark.parametrize("tables_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as program:
        if program is None:
            pytest.skip("chromium is not installed: nothing shows the pages")
        yield program


@pytest.fixture
def open_page(browser):
    """Open a file; requests: what it asked the network for."""

    def open_page(path, **how):
        page = browser.new_page(**how)
        page.requests = []
        page.on("request", lambda asked: page.requests.append(asked.url))
        page.goto(path.as_uri())
        pages.append(page)
        return page

    pages = []
    yield open_page
    for page in pages:
        assert [url for url in page.requests if not url.startswith(("file:", "about:"))] == []
        page.close()


def brightness(colour):
    """Mean of the channels of "rgb(18, 21, 24)"."""
    return sum(map(int, colour[4:-1].split(", "))) / 3


@pytest.fixture
def shipped(project):
    """The project with the templates that ship, and news for two audiences."""
    for template in (project.config.folder / "templates").iterdir():
        template.unlink()
    add_items(project, {"roof": "governors", "pay": "leaders"})
    add_members(project, {"anna": "governors", "ben": "leaders"})
    return project


def test_overview_is_worked_by_keyboard_and_shows_dark_on_a_light_screen(shipped, open_page, tmp_path):
    approve(shipped)
    page = open_page(write_preview(shipped, "weekly", tmp_path, NOW).overview, color_scheme="light")

    def seen(what, where="//body"):
        frame = page.frame_locator(".desktop iframe").locator(where)
        return frame.evaluate(what)

    assert "Dear Anna" in seen("e => e.innerText")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert "Dear Ben" in seen("e => e.innerText")
    light = seen("e => getComputedStyle(e).backgroundColor")
    page.get_by_label("Dark", exact=True).focus()
    page.keyboard.press("Space")
    assert page.evaluate("location.hash") == "#variant=leaders&view=dark"
    dark = seen("e => getComputedStyle(e).backgroundColor")
    assert brightness(dark) < 50
    assert brightness(light) > 200
    page.get_by_label("Headers", exact=True).focus()
    page.keyboard.press("Space")
    assert not page.locator("#stage").is_visible()
    assert page.get_by_text("Ben <ben@example.org>", exact=True).is_visible()
    page.evaluate("location.hash = '#variant=governors&view=text'")
    assert page.locator("pre:visible").inner_text().startswith("Heath Union")


@pytest.mark.parametrize("width", [320, 1000])
def test_archive_fits_and_its_links_lead_somewhere(shipped, open_page, tmp_path, width):
    plan(shipped)
    with shipped.database.write() as connection:  # a loop that sends cannot run beside the browser's own
        connection.execute(update(deliveries).values(status=DeliveryStatus.SENT))
    page = open_page(
        write_archive(shipped, tmp_path / "a b").front_page, viewport={"width": width, "height": 800}
    )
    wide = "() => document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= width
    page.get_by_role("link", name="Governors").click()
    assert page.url.endswith(f"/weekly/{FRIDAY}/governors.html")
    assert page.get_by_role("heading", name="News of roof").is_visible()
    assert page.evaluate(wide) <= width
    page.get_by_role("link", name="All issues").click()
    assert page.url.endswith("/index.html")
