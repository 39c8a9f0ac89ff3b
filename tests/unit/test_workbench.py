"""A limit that is moved on the workbench: counts equal those of the what-if replay, and those counted by hand."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from openinfusion.core.errors import LibraryError
from openinfusion.core.library import CareArea, Library, Limits, Population
from openinfusion.core.replay import Change, Result
from openinfusion.core.units import Quantity
from openinfusion.lake.replay import replay_lake
from openinfusion.lake.what_if import catches, changes_by
from openinfusion.lake.workbench import Gathered, Moved, caught_programmes, gather, limits_at, with_limits
from tests.unit.lake_programmes import ENGINE, NORADRENALINE, lake_of, library, limits, programmed

RATED = replace(
    NORADRENALINE,
    dose=limits("ug/kg/min", hard_min="0.01", soft_min="0.05", soft_max="0.5", hard_max="2"),
    rate=limits("mL/h", soft_max="20", hard_max="60"),
)
IN_FORCE = replace(
    library("1", RATED),
    care_areas=(
        CareArea(id="icu", name="Intensive care", population=Population.ADULT, max_rate=Quantity.of("99", "mL/h")),
    ),
)


def rows_of(doses: list[str], weight: str = "70 kg") -> list[dict[str, Any]]:
    return [programmed(dose=f"{dose} ug/kg/min", weight=weight, event_id=f"p{n}") for n, dose in enumerate(doses)]


def catch(number: int, about: str, response: str = "cancelled") -> list[dict[str, Any]]:
    raised = {"kind": "alert_raised", "event_id": f"a{number}", "about": about}
    return [raised, {"kind": "alert_answered", "event_id": f"b{number}", "about": f"a{number}", "response": response}]


def gathered(rows: list[dict[str, Any]], made: Library = IN_FORCE, path: str = "dose") -> Gathered:
    events, shapes = lake_of(rows)
    found = caught_programmes(events, engine=ENGINE)
    return Gathered(gather(events, shapes, made, entry="norad", path=path, catches=found, engine=ENGINE))


def at(made: Library, path: str = "dose") -> Limits:
    found = limits_at(made.entries[0], path)
    assert found is not None
    return found


def replayed(rows: list[dict[str, Any]], draft: Library) -> tuple[Counter[Change], Counter[Result], Counter[Result]]:
    """What the what-if replay counts of the same programmes."""
    events, shapes = lake_of(rows)
    both = replay_lake(events, shapes, [IN_FORCE, draft], engine=ENGINE)
    changes: Counter[Change] = sum(changes_by(both, lambda group: group.drug).values(), Counter())
    return changes, +both.results(0), +both.results(1)


def test_the_counts_are_those_counted_by_hand() -> None:
    """Soft maximum 0.5 to 0.7: of 0.4, 0.5, 0.6 (twice), 0.7, 0.8 and 3, the two of 0.6 and the 0.7 alert no more."""
    rows = [*rows_of(["0.4", "0.5", "0.6", "0.6", "0.7", "0.8", "3"], "7 kg"), *catch(1, "p2"), *catch(2, "p5")]
    rows += catch(3, "p3", "overridden")
    now = at(IN_FORCE)
    made = gathered(rows).moved(now, replace(now, soft_max=Fraction(7, 10)))
    assert made.changes == {Change.LOST: 3}
    assert +made.before == {Result.NO_ALERT: 2, Result.SOFT: 4, Result.HARD: 1}
    assert +made.after == {Result.NO_ALERT: 5, Result.SOFT: 1, Result.HARD: 1}
    assert (made.caught, made.lost, made.lost_before) == (2, 1, 0)


def test_an_alert_of_another_limit_is_not_gained_by_this_one() -> None:
    """0.9 micrograms/kg/min runs at 47.25 mL/h for 70 kg: above the soft maximum of the rate, so it alerts already."""
    rows = rows_of(["0.3", "0.9"])
    now = at(IN_FORCE)
    wide = replace(now, soft_max=Fraction(1))
    narrow = with_limits(IN_FORCE, "norad", "dose", limits=wide)
    made = gathered(rows, narrow).moved(wide, now)
    assert made.changes == {Change.OTHER_LIMIT: 1}


def test_a_value_too_fine_for_whole_numbers_is_placed_from_its_text() -> None:
    """A dose of twelve decimals is one of the programmes, and no other is lost beside it."""
    made = gathered(rows_of(["0.600000000001", "0.3"], "7 kg"))
    now = at(IN_FORCE)
    assert made.moved(now, replace(now, soft_max=Fraction("0.6"))).changes == {}
    assert made.moved(now, replace(now, soft_max=Fraction("0.600000000001"))).changes == {Change.LOST: 1}
    assert (made.number, made.unplaced) == (2, 0)


def test_a_programme_that_cannot_be_placed_is_counted_as_such() -> None:
    """A dose of nothing lies nowhere beside the limits."""
    made = gathered(rows_of(["0", "0.3"], "7 kg"))
    assert (made.number, made.unplaced) == (1, 1)


def test_limits_out_of_order_are_refused_by_core() -> None:
    """A soft maximum above the hard one is none."""
    with pytest.raises(LibraryError, match="out of order"):
        replace(at(IN_FORCE), soft_max=Fraction(3))


def test_only_programmes_of_this_group_are_gathered() -> None:
    """A programme of another entry, and one whose mode the entry does not offer, hold nothing against its dose."""
    rows = rows_of(["0.3"], "7 kg")
    rows += [programmed("morphine", dose="5 mg/h"), programmed(dose="5 ug/kg", programme_mode="bolus", weight="7 kg")]
    assert gathered(rows).number == 1


_DOSES = st.lists(
    st.one_of(
        st.integers(1, 400).map(lambda n: str(n / 100)), st.sampled_from(["0.05", "0.5", "2", "0.1234567", "0.01"])
    ),
    min_size=1,
    max_size=25,
)
_BOUNDS = st.lists(st.integers(0, 350).map(lambda n: Fraction(n, 100)), min_size=4, max_size=4).map(sorted)


def others(values: list[Fraction], kept: list[bool]) -> Limits:
    """Other limits in order, of which at least one is set."""
    names = ("hard_min", "soft_min", "soft_max", "hard_max")
    chosen: dict[str, Any] = {n: v if keep else None for n, v, keep in zip(names, values, kept, strict=True)}
    return replace(at(IN_FORCE), **chosen)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    _DOSES,
    st.sampled_from(["7 kg", "70 kg", "83.5 kg"]),
    _BOUNDS,
    st.lists(st.booleans(), min_size=4, max_size=4).filter(any),
)
def test_every_count_is_that_of_the_replay(
    doses: list[str], weight: str, values: list[Fraction], kept: list[bool]
) -> None:
    """Whatever was programmed and wherever the limits go: changes and results are those of the what-if replay."""
    rows = [*rows_of(doses, weight), *catch(1, "p0")]
    rows += [programmed(rate=f"{dose} mL/h", weight=weight, event_id=f"r{n}") for n, dose in enumerate(doses)]
    after = others(values, kept)
    draft = with_limits(IN_FORCE, "norad", "dose", limits=after)
    made = gathered(rows).moved(at(IN_FORCE), after)
    assert (+made.changes, +made.before, +made.after) == replayed(rows, draft)
    events, shapes = lake_of(rows)
    found = catches(events, shapes, [IN_FORCE, draft], engine=ENGINE)
    assert made.lost == sum(group.number for group in found.lost)
    balance(made)


def balance(made: Moved) -> None:
    """Gained less lost is the difference of the totals, and so it is of the hard ones."""
    alerted = [one[Result.SOFT] + one[Result.HARD] for one in (made.before, made.after)]
    assert made.changes[Change.GAINED] - made.changes[Change.LOST] == alerted[1] - alerted[0]
    assert made.before.total() == made.after.total() == made.programmes


def test_nothing_gathered_is_nothing_changed() -> None:
    """An entry that nobody ran has no programme, and no change."""
    made = gathered([programmed("morphine", dose="5 mg/h")])
    now = at(IN_FORCE)
    assert made.moved(now, replace(now, soft_max=None)).programmes == 0
    assert made.reach is None


def test_what_is_kept_is_sorted_exactly() -> None:
    """Thirds between decimals stand where they belong."""
    rows = [programmed(rate=f"{rate} mL/h", weight="70 kg", event_id=f"r{n}") for n, rate in enumerate((9, 3, 7, 5))]
    events, shapes = lake_of(rows)
    none = caught_programmes(events, engine=ENGINE)
    table = gather(events, shapes, IN_FORCE, entry="norad", path="dose", catches=none, engine=ENGINE)
    values = [Fraction(int(a), int(b)) for a, b in table.select("above", "below").iter_rows()]
    assert values == sorted(values)
    assert len(set(values)) == 4
