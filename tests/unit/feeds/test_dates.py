from datetime import UTC, datetime, timedelta

import pytest

from newsletter.feeds.dates import counts_from, read_written

TEN = "2026-06-19 10:00"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Fri, 19 Jun 2026 10:00:00 GMT", TEN),
        ("Fri, 19 Jun 2026 11:00:00 BST", TEN),
        ("Fri, 19 Jun 2026 12:00:00 CEST", TEN),
        ("Fri, 19 Jun 2026 05:00:00 CDT", TEN),
        ("Fri, 19 Jun 2026 19:30:00 ACST", TEN),
        ("Fri, 19 Jun 2026 11:00:00 +0100 (BST)", TEN),
        ("Fri, 19 Jun 2026 11:00:00 BST +0100", "2026-06-19 10:00"),
        ("Fri, 19 Jun 2026 11:00:00 GMT+1", TEN),
        ("Fri, 19 Jun 2026 11:00:00 UTC+01:00", TEN),
        ("Fri, 19 Jun 2026 11:00:00 Europe/London", TEN),
        ("Fri, 19 Jun 2026 10:00:00 No/Where", TEN),
        ("Fri, 19 Jun 2026 10:00:00 IST", TEN),  # Ireland's, India's or Israel's: never guessed
        ("Fri, 19 Jun 26 10:00", TEN),
        ("Fri,19 Jun 2026 10:00:00 -0000", TEN),
        ("Friday, June 19th, 2026 - 10:00 am", TEN),
        ("Fri Jun 19 11:00:00 BST 2026", TEN),
        ("Gwe, 19 Meh 2026 11:00:00 +0100", TEN),
        ("19 Mehefin 2026 10:00", TEN),
        ("19/06/2026 10:00", TEN),
        ("06/19/2026 10:00", TEN),
        ("2026/06/19 10:00:00", TEN),
        ("2026-06-19T11:00:00.25+01:00", TEN),
        ("20260619T100000Z", TEN),
        ("1781863200", TEN),
        ("1781863200000", TEN),
        ("19 June 2026", "2026-06-19 12:00"),
        ("20260619", "2026-06-19 12:00"),
        ("Fri, 19 Jun 2026 24:00:00 GMT", "2026-06-20 00:00"),
        ("Fri, 19 Jun 2026 77:00:00 GMT", "2026-06-19 12:00"),
        ("Fri, 31 Jun 2026 10:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("0000-00-00T00:00:00Z", None),
        ("Fri, 19 Jun 2026 24:00:00 +9959", "2026-06-19 09:00"),
        ("31 Dec 9999 24:00:00 GMT", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_date_as_feeds_write_it(written, read):
    expected = datetime.fromisoformat(read).replace(tzinfo=UTC) if read else None
    assert read_written(written) == expected


def test_date_in_the_future_is_waited_for_unless_nobody_can_mean_it():
    now = datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert counts_from(None, now) is None
    assert counts_from(now - timedelta(days=9000), now) == now - timedelta(days=9000)
    assert counts_from(now + timedelta(days=300), now) == now + timedelta(days=300)
    assert counts_from(now + timedelta(days=400), now) is None
