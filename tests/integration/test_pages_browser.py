"""The pages in a browser: at phone size, without JavaScript, and before axe."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.pages import URL, World, links_of, sent_world
from playwright.sync_api import Browser, Page
from watched import chromium

AXE = Path(__file__).parents[1] / "email" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
MEASURE = """() => [document.documentElement.scrollWidth - innerWidth,
  Math.min(...[...document.querySelectorAll('p, a, label, button, select')].filter(e => e.offsetParent)
    .map(e => parseFloat(getComputedStyle(e).fontSize)))]"""
PHONE, DESK, SMALLEST_PX = 390, 1000, 14


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as program:
        if program is None:
            pytest.skip("chromium is not installed: nothing shows the pages")
        yield program


@pytest.fixture(scope="module")
def node() -> str:
    """The judge, which comes with those on Node."""
    if shutil.which("node") is None or not AXE.is_file():
        pytest.skip("axe is not installed: npm ci --prefix tests/email")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    with sent_world(tmp_path_factory.mktemp("project"), ("anna", "ben")) as world:
        yield world


def address(world: World, name: str, page: str) -> str:
    url = next(url for url in links_of(world.mails[name]) if f"/{page}/" in url)
    return world.visitor.place + url.removeprefix(URL)


def walk(world: World, page: Page, name: str) -> Iterator[str]:
    """Go through all pages as a member would, and say where we are."""
    page.goto(address(world, name, "p"))
    yield "topics"
    page.check("input[value=leaders]")
    page.select_option("select", "30")
    page.click("text=Save")
    yield "saved"
    page.uncheck("input[value=leaders]")
    page.uncheck("input[value=governors]")
    page.click("text=Save")
    yield "no topic"
    page.goto(address(world, name, "u"))
    yield "leave"
    page.click("button")
    yield "left"
    page.click("text=Keep getting Weekly")
    yield "stayed"
    page.goto(f"{address(world, name, 'u')[:-3]}?lang=cy")
    yield "stranger"


def test_member_goes_all_the_way_on_a_phone_without_scripts(world, browser):
    context = browser.new_context(viewport={"width": PHONE, "height": 800}, java_script_enabled=False)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    headings = {place: page.inner_text("h1") for place in walk(world, page, "anna")}
    context.close()
    assert headings == {
        "topics": "Your choices for Weekly",
        "saved": "Your choices for Weekly",
        "no topic": "Your choices for Weekly",
        "leave": "Unsubscribe from Weekly?",
        "left": "You are unsubscribed",
        "stayed": "You are still subscribed",
        "stranger": "Nid yw’r ddolen hon yn gweithio",
    }
    assert [url for url in asked if not url.startswith(world.visitor.place)] == []
    first, second, third = world.history("anna")
    assert second.audiences == third.audiences == {"governors", "leaders"}
    assert (first.end_reason, second.end_reason, third.ended_at) == ("changed", "unsubscribed", None)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_axe_finds_nothing(world, browser, node, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    faults = {}
    for place in walk(world, page, "ben"):
        page.evaluate(node)
        found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
        faults[place] = [f"{it['id']}: {it['nodes'][0]['html']}" for it in found]
        sideways, smallest = page.evaluate(MEASURE)
        assert (place, sideways <= 0, smallest >= SMALLEST_PX) == (place, True, True)
    context.close()
    assert {place: told for place, told in faults.items() if told} == {}
