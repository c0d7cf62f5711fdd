"""The checks before sending: faults put in on purpose, and the digest that has none."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message

import pytest
from digests import digest_items, make_item, render

from newsletter.errors import MissingField, RenderError
from newsletter.render.check import check_page, merged
from newsletter.render.checks.footer import check_headers
from newsletter.render.checks.page import Page
from newsletter.render.types import MergeField

ADDRESS = "1 Heath Square, Haywards Heath RH16 1BL"
ITEMS = [replace(item, id=number) for number, item in enumerate(digest_items(), 1)]


def check(rendered, items=ITEMS):
    return check_page(Page(rendered, items), ADDRESS)


def items(count, paragraphs):
    story = "<p>" + "long " * 100 + "</p>"
    return [make_item(f"Story {n}", link=None, html=story * paragraphs) for n in range(count)]


def test_digest_of_usual_size_is_fine(digest):
    assert check(digest) == []


def extends(**blocks):
    """An own digest that differs from the shipped one in these blocks."""
    written = "".join(f"{{% block {name} %}}{text}{{% endblock %}}" for name, text in blocks.items())
    return {"digest.html": '{% extends "shipped/digest.html" %}' + written}


def adds(name, css):
    """The shipped CSS with rules after it."""
    return {name: f'{{% include "shipped/{name}" %}}\n{css}'}


HEAD = '<tr><td class="head"><h1>{{ title }}</h1>%s</td></tr>'
IMAGE = '<img src="https://a.example.org/a.png" alt="A roof" width="120">'
#: Put into an own template: the files, the rule that finds it, and what the editor reads.
FAULTS = {
    "low contrast": (
        adds("inline.css", ".period { color:#bbbbbb; }"),
        "contrast",
        'in light colours, the text of <p class="period"> is #bbbbbb on #ffffff: a contrast of 1.9, and',
    ),
    "low contrast in the dark": (
        adds(
            "dark.css",
            "@media (prefers-color-scheme: dark) { .dateline .period { color:#444444 !important; } }",
        ),
        "contrast",
        '<p class="period"> is #444444 on #1b1f23: a contrast of 1.7',
    ),
    "missing alt": (
        extends(head=HEAD % IMAGE.replace('alt="A roof"', "")),
        "alt-missing",
        "the picture https://a.example.org/a.png says nothing to those who do not see it",
    ),
    "missing unsubscribe": (
        extends(foot="<tr><td>{{ address }}</td></tr>"),
        "unsubscribe",
        "the HTML part has no link to unsubscribe",
    ),
    "nested @media": (
        {"dark.css": "@media screen {\n@media (prefers-color-scheme: dark) {\np { color:red !important; }}}"},
        "nested-at-rule",
        "@media (prefers-color-scheme: dark) (line 3 of its <style> block) stands inside another @-rule",
    ),
    "position:absolute": (
        adds("inline.css", ".period { position:absolute; }"),
        "inline-style",
        'position:absolute on <p class="period">: not all mail programs know this',
    ),
    "http image": (
        extends(head=HEAD % IMAGE.replace("https:", "http:")),
        "picture-address",
        "the picture 'http://a.example.org/a.png' has no https address, so it is not shown",
    ),
    "heading skipped": (
        extends(section="<tr><td>{{ section.title }}</td></tr>"),
        "heading-skipped",
        "comes right after h1 “The weekly digest”: a level is skipped",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_of_a_template_is_found_and_said(name, tmp_path):
    files, rule, said = FAULTS[name]
    for file, text in files.items():
        (tmp_path / file).write_text(text, "utf-8")
    found = [finding for finding in check(render(ITEMS, folders=[tmp_path])) if finding.rule == rule]
    assert [said in finding.message for finding in found] == [True], found
    assert (found[0].level, bool(found[0].cure)) == ("error", True)


END = "</body>"
GHOST = '<!--[if mso]><table role="presentation"><![endif]-->'
TABLE = '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td>x</td></tr></table>'


def link(attributes, words=""):
    return END, f"<a {attributes}>{words}</a>{END}"


def kept(css):
    return "</head>", f"<style>{css}</style></head>"


def body(html):
    return END, html + END


#: Put into a page that was good: what is replaced by what, the rule that finds it, and what is said.
SLIPS = {
    "contrast at Outlook.com": (
        kept("[data-ogsb] h1 { background-color:#eeeeee !important; }"),
        "contrast",
        "in the dark colours of Outlook.com, “The weekly digest” in <h1> is #f6f7f8 on #eeeeee: a",
    ),
    "two h1": (body("<h1>Again</h1>"), "heading-first", "the page has 2 headings h1"),
    "empty section": (body("<h2>Diary</h2>"), "empty-section", "nothing stands under the heading “Diary”"),
    "here": (link('href="https://a.example.org"', "here"), "link-words", "the link “here” does not say"),
    "bare address": (
        link('href="https://a.example.org"', "www.example.org"),
        "link-words",
        "www.example.org",
    ),
    "no words": (link('href="https://a.example.org"'), "link-words", "https://a.example.org has no words"),
    "link in the page": (link('href="#diary"', "Diary"), "link-address", "links within a mail do not work"),
    "link to a file": (link('href="/diary"', "Diary"), "link-address", "does not begin with https://"),
    "script": (link('href="javascript:x()"', "Diary"), "link-address", "javascript: leads nowhere"),
    "mail to nobody": (link('href="mailto:anna"', "Anna"), "link-address", "there is no @ in it"),
    "link not underlined": (
        link('class="plain" style="text-decoration:none" href="https://a.example.org"', "Diary"),
        "link-underline",
        '<a class="plain"> “Diary” is not underlined',
    ),
    "picture of a new kind": (body(IMAGE.replace("png", "webp")), "picture-kind", "a.webp is of a kind"),
    "picture without width": (body(IMAGE.replace('"120"', '""')), "picture-width", "the width ''"),
    "many pictures": (body(IMAGE * 3), "many-pictures", "3 pictures"),
    "colour by name": (body('<p style="color:red">x</p>'), "inline-value", "color:red on <p>"),
    "length in em": (body('<p style="margin:1em">x</p>'), "inline-value", "margin:1em on <p>"),
    "flex": (body('<p style="display:flex">x</p>'), "inline-style", "display:flex on <p>"),
    "small letters": (
        body('<p style="font-size:11px">x</p>'),
        "small-text",
        "“x” on <p> (11 px) is too small",
    ),
    "weak rule": (
        kept("@media print { p { color:#000000; } }"),
        "style-important",
        "p { color:#000000 } cannot win",
    ),
    "important without its space": (
        kept("@media print { p { color:#000000!important; } }"),
        "style-important",
        "p { color:#000000!important } cannot win",
    ),
    "comment in the styles": (kept("\n/* dark */"), "style-comment", "a comment stands on line 2"),
    "web font": (
        kept('@font-face { font-family: "X" !important; }'),
        "style-unsafe",
        "@font-face in a <style>",
    ),
    "sibling": (kept("h1 + p { color:#000000 !important; }"), "style-unsafe", "h1 + p in a <style> block"),
    "float": (kept("p { float:left !important; }"), "style-unsafe", "float:left in a <style> block"),
    "many styles": (
        kept("p { color:#000000 !important; }\n" * 600),
        "style-size",
        "characters; Gmail drops all of them above 16,384",
    ),
    "comment to everybody": (body("<!--to do-->"), "comment", "<!--to do--> is sent to everybody"),
    "uneven ghost table": (body(GHOST), "outlook-comments", "<table> is opened more or less often"),
    "table of data": (
        body(TABLE.replace("presentation", "")),
        "layout-table",
        "<table> is read out as a table",
    ),
    "table with spacing": (
        body(TABLE.replace('border="0"', "")),
        "table-spacing",
        "<table> leaves its spacing to the mail program",
    ),
    "residue": (body("{{ title }}"), "template-residue", "the HTML part holds '{{'"),
    "nothing printed": (body("None"), "template-residue", "the HTML part holds 'None'"),
    "control character": (body("\x85"), "odd-characters", "U+0085"),
    "lost character": (body("\ufffd"), "lost-characters", "the template or a setting holds"),
    "no postal address": ((ADDRESS, ""), "postal-address", "the HTML part does not say"),
    "no way to topics": (('href="<preferences_url>"', 'href="tel:1"'), "footer-links", "to change topics"),
    "no doctype": (("<!DOCTYPE html>", ""), "doctype", "does not begin with <!DOCTYPE html>"),
    "no charset": (('charset="utf-8"', ""), "charset", "does not say that it is UTF-8"),
    "no title": (("<title>", "<title></title><title>"), "page-title", "has no title"),
    "no language": (('<html lang="en"', "<html"), "language", "<html> does not say its language"),
    "no wrapper": (('role="article"', ""), "wrapper", 'role="article"'),
    "no dark": (('name="color-scheme"', ""), "colour-scheme", "change its colours themselves"),
    "no zoom": (("initial-scale=1", "user-scalable=no"), "zoom", "cannot zoom in"),
}


def edited(segments, old, new):
    """Segments with a text replaced; "<unsubscribe_url>" in it is the field of that name."""
    marked = "".join(part if isinstance(part, str) else f"<{part.name}>" for part in segments)
    assert old in marked
    pieces = re.split("<([a-z]+_url|member[.][a-z_]+)>", marked.replace(old, new))
    return tuple(MergeField(piece) if at % 2 else piece for at, piece in enumerate(pieces) if piece)


@pytest.mark.parametrize("name", SLIPS)
def test_slip_in_a_page_is_found_and_said(name, digest):
    (old, new), rule, said = SLIPS[name]
    found = check(replace(digest, html=edited(digest.html, old, new)))
    told = [finding.message for finding in found if finding.rule == rule]
    assert [said in message for message in told] == [True], found
    assert all(finding.cure for finding in found)


#: The same for the text part.
TEXT_SLIPS = {
    "headline": (
        ("Pupils tell two boards", "Pupils tell"),
        "text-headline",
        "headline “Pupils tell two boards",
    ),
    "link": (("https://a.example.org/1", "online"), "text-link", "the link to https://a.example.org/1"),
    "markup": (("In this issue", "<b>In this issue</b>"), "text-markup", "the text part holds '<b>'"),
    "entity": (("In this issue", "In&nbsp;this issue"), "text-markup", "holds '&nbsp;'"),
    "width": (("In this issue", "In this issue " * 7), "text-width", "has 98 characters: “In this issue"),
    "length": (("In this issue", "In this issue\n" * 99), "text-length", "they do not say the same"),
    "way out": (("<unsubscribe_url>", "online"), "unsubscribe", "the text part has no link to unsubscribe"),
    "address": ((ADDRESS, "online"), "postal-address", "the text part does not say"),
}


@pytest.mark.parametrize("name", TEXT_SLIPS)
def test_slip_in_the_text_part_is_found_and_said(name, digest):
    (old, new), rule, said = TEXT_SLIPS[name]
    found = check(replace(digest, text=edited(digest.text, old, new)))
    told = [finding.message for finding in found if finding.rule == rule]
    assert [said in message for message in told] == [True], found


@pytest.mark.parametrize("begins", ["", "ol li"])
def test_word_that_is_longer_than_a_line_is_no_fault(begins):
    word = "Llanfair" + "pwll" * 20
    tags = begins.split()
    story = "".join(f"<{tag}>" for tag in tags) + word + "".join(f"</{tag}>" for tag in reversed(tags))
    wordy = [make_item(f"{word} {n}", link=None, html=story) for n in range(2)]
    assert [it.rule for it in check(render(wordy), wordy) if it.rule == "text-width"] == []


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "long " * 13}, "subject"),
        ({"preheader": "short"}, "preheader"),
    ],
)
def test_slip_in_what_an_inbox_shows_is_found(changed, rule, digest):
    assert [finding.rule for finding in check(replace(digest, **changed))] == [rule]


def test_name_that_does_not_exist_is_an_error_with_its_place_and_the_likely_one(own):
    folder = own(html='{% extends "shipped/digest.html" %}\n{% block head %}\n{{ headlin }}{% endblock %}')
    with pytest.raises(MissingField, match=r"digest\.html:3: nothing is called 'headlin'"):
        render(ITEMS, folders=[folder])


def test_nested_media_in_what_is_inlined_says_so(own):
    folder = own(
        html="<!DOCTYPE html><html><head><style>@media screen {\n@media print { p { color:red } } }</style>"
        "</head><body><p>x</p></body></html>"
    )
    with pytest.raises(
        RenderError, match=r"@media print \(line 2 of its <style> block\) stands inside another"
    ):
        render(ITEMS, folders=[folder])


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("https:///roof", "there is no server of that name"),
        ("https://https://news.example.org/roof", "https:// stands there twice"),
        ("https://news.example.org:port/roof", "this is no address"),
        ("https://anna@news.example.org/roof", "it holds a user name"),
    ],
)
def test_broken_link_of_an_item_names_the_item(link, said):
    items = [ITEMS[0], make_item("A new roof", id=7, link=link)]
    [found] = check(render(items), items)
    assert (found.rule, found.level, found.item) == ("link-address", "error", 7)
    assert said in found.message
    assert "newsletter item hide 7" in found.cure


def test_lost_character_of_an_item_is_a_warning():
    items = [make_item("A roof \ufffd for all", id=7)]
    found = check(render(items), items)
    assert [(it.rule, it.level, it.item) for it in found] == [("lost-characters", "warning", 7)]


@pytest.mark.parametrize(
    "title", ["{{ title }} {% raw %}", "None of us &amp; <b>all</b>", "here", "https://a.example.org", "{x}"]
)
def test_what_an_item_says_is_no_fault_of_the_template(title):
    items = [make_item(title, summary=title)]
    assert check(render(items), items) == []


def test_large_digest_is_noted():
    edition = items(6, 15)
    [finding] = [it for it in check(render(edition), edition) if it.rule == "size"]
    assert finding.level == "warning"
    assert "60,000" in finding.message


@pytest.mark.parametrize(("count", "paragraphs"), [(12, 20), (3, 60), (60, 4), (1, 200)])
def test_digest_that_would_be_cut_is_refused_with_the_items_that_fit(count, paragraphs):
    edition = items(count, paragraphs)
    [finding] = [it for it in check(render(edition), edition) if it.rule == "size"]
    assert finding.level == "error"
    fit = int(re.search(rf"the first (\d+) of its {count} items would fit", finding.message)[1])
    assert fit < count
    assert render(edition[:fit]).html_bytes <= 90_000
    assert fit + 3 > count or render(edition[: fit + 3]).html_bytes > 90_000


def test_same_finding_of_several_variants_is_told_once(tmp_path):
    (tmp_path / "dark.css").write_text("/* dark */")
    found = check(render(ITEMS, folders=[tmp_path]))
    both = merged([*(("a", it) for it in found), *(("b", it) for it in found)])
    assert [(it.rule, it.variants) for it in both] == [("style-comment", ("a", "b"))]


HTTPS = "<https://news.example.org/u/x>, <mailto:leave@example.org>"
ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("ways_out", "post", "rules"),
    [
        (HTTPS, ONE_CLICK, []),
        ("<mailto:leave@example.org>", None, []),
        (HTTPS, None, ["unsubscribe"]),
        ("<mailto:leave@example.org>", ONE_CLICK, ["unsubscribe"]),
        (None, None, ["unsubscribe"]),
    ],
)
def test_headers_name_both_ways_out_together(ways_out, post, rules):
    message = Message()
    for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id"):
        message[name] = "x"
    for name, value in {"List-Unsubscribe": ways_out, "List-Unsubscribe-Post": post}.items():
        if value:
            message[name] = value
    assert [found.rule for found in check_headers(message)] == rules
