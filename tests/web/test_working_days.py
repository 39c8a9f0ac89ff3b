"""By when a committee must ratify: working days, by bank holidays that are data with their source."""

from datetime import date, timedelta

import pytest

from openinfusion.core.errors import ChangeControlError
from openinfusion.web.changes.holidays import bank_holidays, last_day_to_ratify


def easter(year: int) -> date:
    """Easter Sunday by the rule of the Calendar (New Style) Act 1750, in Gauss's arithmetic (Meeus, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    left = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * left) // 451
    month, day = divmod(h + left - 7 * m + 114, 31)
    return date(year, month, day + 1)


def by_law(year: int) -> set[date]:
    """The days of the Banking and Financial Dealings Act 1971, with the two that are proclaimed each year."""
    sunday, last = easter(year), date(year, 5, 31)
    may, late, new_year = date(year, 5, 1), date(year, 8, 31), date(year, 1, 1)
    return {
        new_year + timedelta(days={5: 2, 6: 1}.get(new_year.weekday(), 0)),
        sunday - timedelta(days=2),
        sunday + timedelta(days=1),
        may + timedelta(days=-may.weekday() % 7),
        last - timedelta(days=last.weekday()),
        late - timedelta(days=late.weekday()),
        *_christmas(year),
    }


def _christmas(year: int) -> set[date]:
    first = date(year, 12, 25)
    # Saturday: Monday 27 and Tuesday 28; Sunday: Monday 26 and Tuesday 27; Friday: 25 and Monday 28.
    days = {4: (25, 28), 5: (27, 28), 6: (26, 27)}.get(first.weekday(), (25, 26))
    return {date(year, 12, day) for day in days}


@pytest.mark.parametrize("year", sorted(bank_holidays()))
def test_each_known_year_holds_the_days_of_the_law(year):
    """Nothing mistyped: each year is what the rules give, and was proclaimed unaltered."""
    assert bank_holidays()[year] == by_law(year)


def test_years_are_known_without_a_gap():
    """And reach beyond the year in which this was written."""
    years = sorted(bank_holidays())
    assert years == list(range(years[0], years[-1] + 1))
    assert years[-1] >= 2028


def test_christmas_moves_the_last_day():
    """Thu 24-Dec-2026: 25 and 28 December and 1 January do not count."""
    assert last_day_to_ratify(date(2026, 12, 24)) == date(2027, 1, 5)


@pytest.mark.parametrize("day", [date(2023, 12, 29), date(2028, 12, 29), date(2035, 6, 1)])
def test_a_year_that_is_not_known_is_refused_in_words(day):
    """No day is taken for a working day because nobody wrote it down."""
    with pytest.raises(ChangeControlError, match=r"no bank holidays of 20\d\d.* that year added to bank_holidays.toml"):
        last_day_to_ratify(day)
