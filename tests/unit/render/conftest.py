"""A digest, an organisation's own templates, and the headers of a newsletter."""

from __future__ import annotations

import pytest
from digests import digest_items, render

from newsletter.render.types import MessageHeaders, Sender


@pytest.fixture(scope="session")
def digest():
    """A digest of four items: with a quotation, in full, in Welsh, and with neither section nor date."""
    return render(digest_items())


@pytest.fixture
def own(tmp_path):
    """Make an organisation's own templates from their texts."""

    def write(**texts):
        for ending, text in texts.items():
            (tmp_path / f"digest.{ending}").write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def headers():
    sender = Sender("School Leaders News", "news@example.org", "comms@example.org", "leave@example.org")
    return MessageHeaders(sender, "weekly.news.example.org", "The weekly digest")
