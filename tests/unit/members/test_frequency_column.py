"""What a cell of the column `frequency` means."""

from __future__ import annotations

import pytest

from newsletter.members.columns import read_frequency
from newsletter.members.types import Frequency


@pytest.mark.parametrize(
    ("cell", "frequency"),
    [
        ("", None),
        ("Weekly", Frequency.EACH),
        ("each edition", Frequency.EACH),
        ("MONTHLY", Frequency.MONTHLY),
        ("daily", "frequency 'daily' is not known; known are: 'weekly' (each edition), 'monthly'"),
    ],
)
def test_cell_says_how_often(cell, frequency):
    assert read_frequency(cell) == frequency
