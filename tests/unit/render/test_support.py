"""Templates read as they stand: what mail programs do not know, and names that nobody gives."""

from __future__ import annotations

import pytest
from digests import SHIPPED

from newsletter.render.html import Templates
from newsletter.render.support import facts_date, unsupported


@pytest.mark.parametrize(
    ("name", "source", "line", "feature", "program"),
    [
        ("inline.css", "p { color:#000000; }\n.a { position:absolute; }", 2, "position", "Gmail (web)"),
        ("inline.css", "{# one\ntwo #}\n.a { display:flex; }", 3, "display:flex", "Outlook (Windows)"),
        ("inline.css", ".a { width:2rem; }", 1, "rem unit", "Outlook (Windows)"),
        ("inline.css", "h1 + p { color:#000000; }", 1, "Adjacent sibling combinator", "Outlook (Windows)"),
        ("dark.css", "@font-face { font-family:X; }", 1, "@font-face", "Outlook (iOS)"),
        ("digest.html", "<p>\n<svg></svg>", 2, "Embedded <svg> image", "Yahoo (web)"),
        ("digest.html", '<p>\n<p style="float:left">', 2, "float", "Outlook (Windows)"),
        ("digest.html", "<style>\np { opacity:0.5; }\n</style>", 2, "opacity", "Outlook (Windows)"),
    ],
)
def test_what_mail_programs_do_not_know_is_found_with_its_line(name, source, line, feature, program):
    [found] = unsupported(name, source)
    assert (found.line, found.feature.removesuffix(" property")) == (line, feature)
    assert program in found.programs


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("dark.css", "@media (prefers-color-scheme: dark) { p { color:#ffffff !important; } }"),
        ("digest.html", "{# <svg> #}<!--[if mso]><svg></svg><![endif]--><p>Hello</p>"),
        ("inline.css", ".a { border-radius:4px; }"),
    ],
)
def test_what_does_no_harm_is_not_told(name, source):
    assert [*unsupported(name, source)] == []


def test_shipped_templates_use_only_what_is_known():
    files = [it for it in SHIPPED.rglob("*") if it.suffix in (".html", ".css")]
    assert files
    assert [(it.name, found) for it in files for found in unsupported(it.name, it.read_text("utf-8"))] == []
    assert facts_date() >= "2025-09-09"


def test_names_that_nobody_gives_are_found_where_no_item_leads_too(tmp_path):
    (tmp_path / "digest.html").write_text(
        '{% extends "shipped/digest.html" %}\n{% block item %}{% if item.picture %}{{ item.pictur }}\n'
        "{{ titel }}{% endif %}{% endblock %}",
        "utf-8",
    )
    found = [*Templates([tmp_path, SHIPPED]).unknown_names()]
    assert [(it.line, it.message.partition(": ")[2], it.hint) for it in found] == [
        (2, "nothing is called 'pictur'", "did you mean 'picture'?"),
        (3, "nothing is called 'titel'", "did you mean 'title'?"),
    ]


def test_shipped_templates_name_nothing_that_nobody_gives():
    assert [str(it) for it in Templates([SHIPPED]).unknown_names()] == []
