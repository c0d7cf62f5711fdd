"""Project files: a small one that is in order, and a whole one with every setting."""

from __future__ import annotations

from pathlib import Path

import tomlkit

from newsletter.config import Config, load_config

AUDIENCES = {"governors": "Governors", "leaders": "School leaders", "career-leads": "Career leads"}


#: Templates in a line each, for tests that are about something else: the shipped ones take their time.
PLAIN_TEMPLATES = {
    "digest.html": '<!DOCTYPE html><html lang="{{ lang }}" dir="{{ dir }}"><head><meta charset="utf-8">'
    '<meta name="color-scheme" content="light"><meta name="supported-color-schemes" content="light">'
    "<title>{{ title }}</title></head><body>"
    '<div role="article" lang="{{ lang }}" dir="{{ dir }}"><h1>Dear {{ member.first_name }}</h1>'
    "{% for item in items %}<p>{{ item.headline }}</p>{% endfor %}"
    '<a href="{{ unsubscribe_url }}">Leave</a><p>{{ address }}</p></div></body></html>',
    "digest.txt": "Dear {{ member.first_name }}\n"
    "{% for item in items %}* {{ item.headline | wrap }}\n{% endfor %}"
    "{{ unsubscribe_url }}\n{{ address }}",
}


def write_plain_templates(folder: Path) -> None:
    """Put templates into a project folder that hold the headlines and little else."""
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    for name, text in PLAIN_TEMPLATES.items():
        (folder / "templates" / name).write_text(text, "utf-8")


def small_settings(**tables):
    """The least that a project needs, with tables replaced or added."""
    return {
        "organisation": {"name": "Heath Union", "address": "2 Mill Lane, Lewes BN7 2AA"},
        "sender": {"from": "Heath News <news@example.org>", "reply_to": "office@example.org"},
        "smtp": {"outbox": "outbox"},
        "audiences": {slug: {"title": title} for slug, title in AUDIENCES.items()},
        "newsletters": [{"name": "weekly", "audiences": list(AUDIENCES)}],
        **tables,
    }


def write_settings(folder: Path, settings) -> Path:
    """Write newsletter.toml, from tables or as it stands, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = settings if isinstance(settings, str) else tomlkit.dumps(settings)
    (folder / "newsletter.toml").write_text(text, "utf-8")
    return folder


def load(folder: Path, settings=None, environ=None) -> Config:
    """Read a project of these settings, by default of the small ones."""
    return load_config(
        write_settings(folder, small_settings() if settings is None else settings), environ or {}
    )
