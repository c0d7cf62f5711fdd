"""When sending would be finished."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.delivery.forecast import RelayOutlook, forecast
from newsletter.delivery.window import parse_window

#: A Monday.
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OFFICE = "Mon-Fri 08:00-18:00"
HALF = 30 / 60


def relay(rate=None, daily=None, left_today=None):
    return RelayOutlook("relay", rate, daily, left_today)


@pytest.mark.parametrize(
    ("pending", "relays", "window", "finished"),
    [
        pytest.param(0, [relay(HALF)], None, NOW, id="nothing to do"),
        pytest.param(10_000, [relay()], None, None, id="nothing limits it"),
        pytest.param(10_000, [relay(HALF), relay()], None, None, id="one that nothing limits"),
        pytest.param(10_000, [relay()], OFFICE, None, id="open now"),
        pytest.param(1800, [relay(HALF)], None, "2026-11-23 10:00", id="a rate"),
        pytest.param(5400, [relay(HALF), relay(1)], None, "2026-11-23 10:00", id="two rates"),
        pytest.param(900, [relay(None, 1000)], None, "2026-11-23 09:00", id="within the limit"),
        pytest.param(2500, [relay(None, 1000)], None, "2026-11-25 09:00", id="limits of three days"),
        pytest.param(2500, [relay(None, 1000, 600)], None, "2026-11-25 09:00", id="part of today's is gone"),
        pytest.param(2700, [relay(None, 1000, 600)], None, "2026-11-26 09:00", id="that makes a day more"),
        pytest.param(500, [relay(None, 1000, 0)], None, "2026-11-24 09:00", id="nothing is left today"),
        pytest.param(1900, [relay(HALF, 1800)], None, "2026-11-24 09:03:20", id="rate and limit"),
        pytest.param(3600, [relay(1, 1800), relay(HALF)], None, "2026-11-23 10:00", id="one has its limit"),
        pytest.param(5400, [relay(1, 1800), relay(HALF)], None, "2026-11-23 11:00", id="the other goes on"),
        pytest.param(18_000, [relay(HALF)], OFFICE, "2026-11-24 09:00", id="over night"),
        pytest.param(1900, [relay(HALF, 1800)], OFFICE, "2026-11-24 09:03:20", id="rate, limit and window"),
        pytest.param(
            1000, [relay(None, 1000)], "Tue 08:00-09:00", "2026-11-24 08:00", id="limit, and closed now"
        ),
        pytest.param(10_000, [relay()], "Sat 09:00-12:00", "2026-11-28 09:00", id="not open yet"),
        pytest.param(10**9, [relay(1 / 86_400)], None, NOW + timedelta(days=3650), id="not in our days"),
    ],
)
def test_sending_is_finished(pending, relays, window, finished):
    parsed = parse_window(window) if window else None
    expected = datetime.fromisoformat(finished).replace(tzinfo=UTC) if isinstance(finished, str) else finished
    told = forecast(pending, relays, parsed, NOW, UTC)
    assert told == expected if expected is None else abs(told - expected) < timedelta(seconds=1)
