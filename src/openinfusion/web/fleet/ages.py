"""Spans of time as people say them."""

from datetime import datetime, timedelta
from fractions import Fraction

from openinfusion.core.numbers import show_share
from openinfusion.core.wording import counted
from openinfusion.fleet.proof.work import show_age

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


def show_span(span: timedelta) -> str:
    """Return a span: minutes up to two hours, then as the work list counts."""
    whole = max(span, timedelta(0))
    return counted(whole // _MINUTE, "minute") if whole < 2 * _HOUR else show_age(whole)


def age_of(at: datetime, since: datetime) -> str:
    """Return how long something has been so."""
    return show_span(at - since)


def share(some: int, of: int) -> str:
    """Return a share as per cent."""
    return show_share(Fraction(some, of) if of else None)
