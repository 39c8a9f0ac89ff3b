"""A library of any size, made of plausible rows; numbers are invented, not for clinical use."""

from datetime import date
from fractions import Fraction

from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Decision,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Population,
    Source,
)
from openinfusion.core.units import Kind, Quantity, Unit


def limits(unit: str, **values: str) -> Limits:
    """Return limits from decimal texts."""
    return Limits(unit=Unit.read(unit), **{name: Fraction(value) for name, value in values.items()})


def library(entries: int) -> Library:
    """Return a library with this many continuous entries, 200 drugs and ten care areas."""
    return Library(
        library=About(name="Synthetic", organisation="Benchmark", version="1"),
        drugs=tuple(
            Drug(id=f"d{n}", name=_name(n), amount_kind=Kind.MASS, aliases=(f"brand {n}",)) for n in range(200)
        ),
        care_areas=tuple(
            CareArea(
                id=f"a{n}",
                name=f"Area {n}",
                population=Population.ADULT,
                owner="Lead nurse",
                weight=limits("kg", hard_min="30", soft_min="40", hard_max="250"),
                max_rate=Quantity.of("999", "mL/h"),
            )
            for n in range(10)
        ),
        entries=tuple(entry(n) for n in range(entries)),
    )


def _name(number: int) -> str:
    """Return a pronounceable name of its own for each number."""
    parts = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu")
    return "".join(parts[int(digit)] for digit in f"{number * 7919 % 100000:05d}") + "ine"


def entry(number: int) -> Entry:
    """Return one entry with limits, a bolus, sources and a decision, as a well-kept library has them."""
    step = number % 7 + 1
    return Entry(
        id=f"e{number}",
        drug=f"d{number % 200}",
        care_area=f"a{number // 200 % 10}",
        type=EntryType.CONTINUOUS,
        therapy=f"therapy {number // 2000}",
        concentration=Concentration(amount=Quantity.of(str(1 + number % 100), "mg"), volume=Quantity.of("50", "mL")),
        dose=limits(
            "ug/kg/min",
            hard_min="0.01",
            soft_min="0.05",
            usual_min="0.05",
            usual_max="0.3",
            soft_max=f"0.5{step}",
            hard_max=f"{1 + number % 2}.{step}",
            initial="0.05",
        ),
        bolus=Delivery(
            dose=limits("ug/kg", soft_max="1", hard_max="2"),
            rate=limits("mL/h", soft_max="100", hard_max="200"),
            volume=limits("mL", soft_max="5", hard_max="10"),
        ),
        sources=(Source(field="dose", citation="invented"), Source(field="bolus", citation="invented")),
        decisions=(Decision(field="dose.hard_max", decision="set", reason="invented"),),
        review_by=date(2027, 6, 1),
    )
