"""Look up a country's public holidays, and the weekend days on which it works instead, with the library `holidays`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

import holidays


class Year(NamedTuple):
    """The public holidays of a year with their names in English, and its working days moved to a weekend."""

    holidays: Mapping[date, str]
    moved: frozenset[date]


@cache
def regions() -> Mapping[str, tuple[str, ...]]:
    """Return the countries that the library has, and for each the regions that have holidays of their own."""
    return {country: tuple(names) for country, names in holidays.list_supported_countries(False).items()}


@lru_cache(maxsize=512)
def year_of(country: str, region: str | None, year: int) -> Year:
    """Return the holidays of a country (or of a region of it) in a year; none if the country is unknown."""
    if country not in regions():
        return Year({}, frozenset())
    kind = type(holidays.country_holidays(country))
    language = "en_US" if "en_US" in kind.supported_languages else None
    # A working day in December may be moved for a holiday in January.
    calendar = holidays.country_holidays(country, region, years=(year, year + 1), expand=False, language=language)
    names = {day: name for day, name in calendar.items() if day.year == year}
    return Year(names, frozenset(day for day in calendar.weekend_workdays if day.year == year))


@cache
def working_week(country: str) -> frozenset[int]:
    """Return the days of the week (Monday is 0) on which a country works; Monday to Friday if it is unknown."""
    weekend = holidays.country_holidays(country).weekend if country in regions() else {5, 6}
    return frozenset(range(7)) - weekend
