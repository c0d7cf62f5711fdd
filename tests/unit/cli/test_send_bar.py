"""The words of the progress line."""

from __future__ import annotations

import pytest

from newsletter.cli.send_bar import progress_words, rate_words, send_bar, span_words
from newsletter.delivery.types import DeliveryStatus, SendProgress

DONE = {DeliveryStatus.SENT: 8_201, DeliveryStatus.REFUSED: 3, DeliveryStatus.DEFERRED: 0}


def test_progress_tells_what_is_done_and_when_it_will_be():
    progress = SendProgress(DONE, left=36_000, rate_s=240.4)
    assert progress_words(progress) == "8,201 sent · 3 refused · 240 a second · 2 minutes left"


def test_progress_that_was_interrupted_says_what_a_second_interrupt_does():
    progress = SendProgress({DeliveryStatus.SENT: 3}, 5, 2.0, stopping=True)
    assert progress_words(progress) == "3 sent · finishing the messages in hand; Ctrl-C stops at once"


def test_progress_without_a_rate_promises_nothing():
    assert progress_words(SendProgress(DONE, left=10)) == "8,201 sent · 3 refused"


@pytest.mark.parametrize(
    ("rate_s", "words"),
    [(9_900, "9,900 a second"), (1, "1 a second"), (0.5, "30 a minute"), (1 / 600, "6 an hour")],
)
def test_rate_is_told_in_a_unit_of_which_there_is_one(rate_s, words):
    assert rate_words(rate_s) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (119, "119 seconds"), (120, "2 minutes"), (7_200, "2 hours"), (172_800, "2 days")],
)
def test_span_is_told_in_one_unit(seconds, words):
    assert span_words(seconds) == words


def test_nobody_watching_sees_nothing(capsys):
    with send_bar("Sending") as tell:
        tell(SendProgress(DONE, left=1))
    assert capsys.readouterr() == ("", "")
