"""Working days by the bank holidays of England and Wales: data with a source, and a refusal beyond what is known."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files

from openinfusion.core.emergency import ratify_by
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.wording import listed

FILE = "bank_holidays.toml"


@cache
def bank_holidays() -> dict[int, frozenset[date]]:
    """Return the bank holidays of each year that is known."""
    told = tomllib.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return {int(year): frozenset(days) for year, days in told["years"].items()}


def all_known() -> frozenset[date]:
    """Return every bank holiday that is known."""
    return frozenset().union(*bank_holidays().values())


def last_day_to_ratify(authorised: date) -> date:
    """
    Return the last day on which the committee may ratify what was authorised on a day.

    Raises:
        ChangeControlError: the bank holidays of a year that it reaches into are not known.

    """
    last = ratify_by(authorised, all_known())
    known = bank_holidays()
    if unknown := sorted({authorised.year, last.year} - known.keys()):
        raise ChangeControlError(
            where="working days",
            found=f"no bank holidays of {listed([str(year) for year in unknown])}",
            expected=f"a day from {min(known)} to {max(known)}, or that year added to {FILE}",
        )
    return last
