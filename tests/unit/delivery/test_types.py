from __future__ import annotations

import pytest

from newsletter.delivery.types import RelaySettings, Reply


def test_settings_do_not_show_the_password():
    settings = RelaySettings("main", "smtp.example.org", 587, username="news", password="hunter2")
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(550, "no such user", "5.1.1"), "550 5.1.1 no such user"),
        (Reply(250, "OK"), "250 OK"),
        (Reply(250, ""), "250"),
    ],
)
def test_reply_reads_as_the_relay_wrote_it(reply, text):
    assert str(reply) == text
