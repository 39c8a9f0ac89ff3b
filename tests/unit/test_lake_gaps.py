"""Missing numbers by hand: what is missing, what a pump declared, restarts, numbers given twice."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.gaps import PUMP, find_gaps, with_declared
from openinfusion.lake.intake import stored_columns

START = datetime(2026, 3, 1, tzinfo=UTC)


def _records(*rows, pump="p1"):
    """Return records of (minute, number), or of (minute, number, first lost, last lost)."""
    told = []
    for place, (minute, number, *lost) in enumerate(rows):
        row = {"organisation": "trust", "pump": pump, "moment": START + timedelta(minutes=minute), "sequence": number}
        row |= {"event_id": f"{pump}-{place}", "kind": "log_gap" if lost else "power_on"}
        told.append(row | (dict(zip(("first_lost", "last_lost"), lost, strict=True)) if lost else {}))
    return pl.DataFrame(told, schema=stored_columns())


def _found(*tables):
    engine = PolarsEngine()
    return find_gaps(engine.table(pl.concat(tables)), engine)


def _ranges(found):
    return [(gap.pump, gap.first_missing, gap.last_missing, gap.declared) for gap in found.gaps]


@pytest.mark.hazard("IT-03")
def test_a_number_that_never_came_is_missing_with_the_times_around_it():
    found = _found(_records((0, 1), (1, 2), (5, 6)), _records((0, 10), (1, 11), pump="p2"))
    (gap,) = found.gaps
    assert (gap.pump, gap.first_missing, gap.last_missing, gap.missing, gap.declared) == ("p1", 3, 5, 3, 0)
    assert (gap.after, gap.before) == (START + timedelta(minutes=1), START + timedelta(minutes=5))


def test_what_a_pump_declares_lost_is_told_apart():
    """Lost 3 to 6 and, once more, 5 to 8; of the ten missing numbers 3 to 12 six are declared."""
    found = _found(_records((0, 1), (1, 2), (9, 13, 3, 6), (9, 14, 5, 8)))
    assert _ranges(found) == [("p1", 3, 12, 6)]
    assert found.gaps[0].undeclared == 4


def test_a_counter_that_restarts_leaves_no_gap():
    found = _found(_records((0, 998), (1, 999), (2, 0), (3, 1), (4, 3)))
    assert _ranges(found) == [("p1", 2, 2, 0)]
    assert found.pumps.select("numbered", "restarts", "twice").rows() == [(5, 1, 0)]


def test_a_record_out_of_order_is_no_restart():
    """The clock was set back by two minutes: the numbers are whole all the same."""
    found = _found(_records((0, 100), (3, 101), (1, 102), (2, 103), (4, 104)))
    assert _ranges(found) == []
    assert found.pumps["restarts"].to_list() == [0]


def test_a_number_given_twice_is_counted():
    found = _found(_records((0, 1), (1, 2), (1, 2), (2, 3)))
    assert (_ranges(found), found.pumps["twice"].to_list()) == ([], [1])


def test_records_without_a_number_are_not_judged():
    found = _found(_records((0, None), (1, 5), (2, None), (3, 6)))
    assert (_ranges(found), found.pumps["numbered"].to_list()) == ([], [2])


def test_an_empty_lake_has_no_gap():
    found = _found(_records())
    assert (found.gaps, found.pumps.height) == ([], 0)
    assert with_declared([], [dict.fromkeys(PUMP, "x") | {"first_lost": 1, "last_lost": 2}]) == []
