"""The shipped rules, held to the figures that benchmarks/rules_quality.py tells of labelled news."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(scope="module")
def benchmark(project_root):
    """The module that measures; it stands beside the package, not in it."""
    sys.path.insert(0, str(project_root / "benchmarks"))
    try:
        import rules_quality

        yield rules_quality
    finally:
        sys.path.remove(str(project_root / "benchmarks"))


@pytest.fixture(scope="module")
def items(benchmark, shipped):
    return benchmark.sort_labelled(shipped)


def test_labelled_news_is_as_much_as_promised(items):
    assert len(items) >= 150
    assert sum(item.trap for item in items) >= 30
    assert len({item.entry.title for item in items}) == len(items)


@pytest.mark.parametrize("half", ["tuning half", "half kept back"])
def test_shipped_rules_reach_95_percent_of_each_half(benchmark, items, shipped, half):
    found = benchmark.quality(
        (item for item in items if item.half == half), [rules.slug for rules in shipped.audiences]
    )
    assert found.precision >= benchmark.TARGET
    assert found.recall >= benchmark.TARGET


def test_no_trap_reaches_an_audience_that_it_is_not_for(items):
    assert [item.entry.title for item in items if item.trap and item.given - item.right] == []
