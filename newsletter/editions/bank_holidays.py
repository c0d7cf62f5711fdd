"""The bank holidays of the United Kingdom's parts."""

from __future__ import annotations

from newsletter.editions.days import REGIONS, DaySpan


def bank_holidays(region: str, first_year: int, years: int) -> tuple[DaySpan, ...]:
    """Return the bank holidays of one of the REGIONS, in order, substitute days among them."""
    from holidays import country_holidays  # noqa: PLC0415 - takes 0.4 s

    found = country_holidays("GB", subdiv=REGIONS[region], years=range(first_year, first_year + years))
    return tuple(
        DaySpan(day, day, f"{name.replace('(observed)', '(substitute day)')}, bank holiday of {region}")
        for day, name in sorted(found.items())
    )
