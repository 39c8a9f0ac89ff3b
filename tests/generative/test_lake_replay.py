"""The lake judges every programme exactly as ``core.check`` does, on every boundary."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinfusion.adapters.events.columns import to_table
from openinfusion.core.dosing import check
from openinfusion.core.entry import Entry, EntryType, Mode
from openinfusion.core.library import CareArea, Library, Limits, Population
from openinfusion.core.limits import Concentration, Delivery, TitrationStep
from openinfusion.core.programme import Programme
from openinfusion.core.units import KG, MINUTES, ML, ML_PER_H, Quantity, Unit
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.programmes import programme_columns, to_columns
from openinfusion.lake.replay import replay_lake, verdicts
from tests.strategies import library_with

HUNDREDTHS = st.integers(1, 99_999).map(lambda n: Fraction(n, 100))
ENGINE = PolarsEngine()


def near(value: Fraction, unit: Unit, places: int) -> list[Quantity]:
    """The decimals with so many places that stand around an exact value, and those one step further out."""
    step = Fraction(1, 10**places)
    below = value // step * step
    return [Quantity(n, unit) for n in (below - step, below, below + step, below + 2 * step) if n > 0]


@st.composite
def bounds(draw: st.DrawFn, unit: str) -> Limits:
    """Limits in order, of which some may be missing."""
    values = sorted(draw(st.lists(HUNDREDTHS, min_size=4, max_size=4)))
    kept = [value if draw(st.integers(0, 4)) else None for value in values]
    return Limits(unit=Unit.read(unit), hard_min=kept[0], soft_min=kept[1], soft_max=kept[2], hard_max=kept[3])


@st.composite
def libraries(draw: st.DrawFn) -> Library:
    """A continuous and an intermittent entry with a bolus, limits in mixed units, in an area with limits of its own."""
    amount = Quantity(draw(HUNDREDTHS), Unit.read("mg"))
    strength = Concentration(amount=amount, volume=Quantity(Fraction(draw(st.integers(1, 500))), ML))
    area = CareArea(
        id="area-0",
        name="Area",
        population=Population.ADULT,
        weight=draw(bounds("kg")),
        max_rate=Quantity(Fraction(draw(st.integers(1, 999))), ML_PER_H),
        max_volume=Quantity(Fraction(draw(st.integers(1, 2000))), ML),
    )
    continuous = Entry(
        id="continuous",
        drug="drug-0",
        care_area="area-0",
        type=EntryType.CONTINUOUS,
        concentration=strength,
        dose=draw(st.sampled_from(["ug/kg/min", "ug/kg/h", "mg/h", "ug/min", "mg/kg/d"]).flatmap(bounds)),
        rate=draw(st.none() | bounds("mL/h")),
        titration_step=draw(st.none() | st.builds(lambda n: TitrationStep(factor=1 + n), HUNDREDTHS)),
        bolus=Delivery(dose=draw(bounds("ug/kg")), rate=draw(st.none() | bounds("mL/h"))),
    )
    single = Entry(
        id="single",
        drug="drug-0",
        care_area="area-0",
        type=EntryType.INTERMITTENT,
        concentration=strength,
        dose=draw(st.sampled_from(["mg", "mg/kg"]).flatmap(bounds)),
        duration=draw(st.none() | bounds("min")),
    )
    return replace(library_with(continuous), care_areas=(area,), entries=(continuous, single))


@st.composite
def programmes_near_limits(draw: st.DrawFn, library: Library) -> list[Programme]:
    """Programmes whose dose, entered as such or as a rate or volume, stands around each limit of each entry."""
    weight = Quantity(Fraction(draw(st.integers(300, 2500)), 10), KG)
    made: list[Programme] = []
    for entry in library.entries:
        assert entry.dose is not None
        assert entry.concentration is not None
        base = Programme(care_area="area-0", entry=entry.id, mode=Mode(entry.type.value), weight=weight)
        per_ml = entry.concentration.strength
        assert per_ml is not None
        measure = weight.value if entry.dose.unit.patient.value else Fraction(1)
        by_time = entry.type is EntryType.CONTINUOUS
        for bound in (b for b in entry.dose.bounds if b is not None):
            moved = bound * entry.dose.unit.scale * measure / per_ml  # mL, or mL/min
            made += [replace(base, dose=dose) for dose in near(bound, entry.dose.unit, 4)]
            if by_time:
                made += [replace(base, rate=rate) for rate in near(moved * 60, ML_PER_H, draw(st.integers(0, 3)))]
                made += [replace(p, previous=Quantity(bound, entry.dose.unit)) for p in made[:4]]
            else:
                times = near(Fraction(draw(st.integers(1, 500))), MINUTES, 1)
                pairs = product(near(moved, ML, 3), times)
                made += [replace(base, volume=volume, duration=time) for volume, time in pairs]
        made += [replace(p, weight=None) for p in made[:3]] + [replace(p, entry="gone") for p in made[:2]]
    bolus = library.entries[0].bolus
    assert bolus is not None
    assert bolus.dose is not None
    for bound in (b for b in bolus.dose.bounds if b is not None):
        base = Programme(care_area="area-0", entry="continuous", mode=Mode.BOLUS, weight=weight)
        made += [replace(base, dose=dose, rate=Quantity(bound, ML_PER_H)) for dose in near(bound, bolus.dose.unit, 3)]
    return made


def in_a_lake(programmes: list[Programme]) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = ({"event_id": str(n), "kind": "programmed", **to_columns(p)} for n, p in enumerate(programmes))
    return programme_columns(to_table(rows))


@pytest.mark.hazard("LC-02")
@settings(max_examples=40, deadline=None)
@given(st.data(), libraries())
def test_the_lake_agrees_with_the_engine_on_every_boundary(data: st.DataObject, library: Library) -> None:
    """Decision, findings with their values, and all that is derived are the same for every programme."""
    programmes = data.draw(programmes_near_limits(library))
    events, shapes = in_a_lake(programmes)
    found = verdicts(ENGINE.table(events), shapes, library, engine=ENGINE)
    for number, programme in enumerate(programmes):
        assert found[str(number)] == check(programme, library)


@settings(max_examples=20, deadline=None)
@given(st.data(), libraries(), libraries())
def test_every_programme_is_in_one_group(data: st.DataObject, library: Library, other: Library) -> None:
    """However many libraries judge, the groups add up to the programmes, and the second does not change the first."""
    events, shapes = in_a_lake(data.draw(programmes_near_limits(library)))
    frame = ENGINE.table(events)
    both = replay_lake(frame, shapes, [library, other], engine=ENGINE)
    alone = replay_lake(frame, shapes, [library], engine=ENGINE)
    assert both.programmes == alone.programmes == len(events)
    assert both.results(0) == alone.results(0)


def test_boundaries_are_really_judged_in_whole_numbers() -> None:
    """The hunt above would prove nothing if every programme were checked one by one."""
    limits = Limits(unit=Unit.read("ug/kg/min"), soft_max=Fraction(1, 2))
    strength = Concentration(amount=Quantity.of("4", "mg"), volume=Quantity.of("50", "mL"))
    entry = Entry(
        id="e", drug="drug-0", care_area="area-0", type=EntryType.CONTINUOUS, concentration=strength, dose=limits
    )
    base = Programme(care_area="area-0", entry="e", mode=Mode.CONTINUOUS, weight=Quantity.of("70", "kg"))
    doses = ("0.5", "0.5001", "0.50001", "0.4999")
    events, shapes = in_a_lake([replace(base, dose=Quantity.of(d, "ug/kg/min")) for d in doses])
    replayed = replay_lake(ENGINE.table(events), shapes, [library_with(entry)], engine=ENGINE)
    assert replayed.one_by_one == 1  # five decimals
    assert sorted(replayed.results().values()) == [2, 2]
