"""Thousands of published rates follow from the engine, and published mistakes do not."""

import csv
import re
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from openinfusion.core.programme import Decision, Parameter, Problem
from openinfusion.core.units import KG, PatientBasis, Quantity, TimeBasis, Unit
from tests.spec.published import last_place, rate_of, reproduces, verdict_of

pytestmark = [pytest.mark.hazard("LC-04"), pytest.mark.hazard("PL-01")]
RIGHT = ["worked_examples.csv", "rate_table_vectors.csv"]
WRONG = ["worked_examples_errors.csv", "rate_table_errors.csv"]
ROWS = {"worked_examples.csv": 307, "rate_table_vectors.csv": 2000}
MIMIC_ROWS = 7335


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "drugs" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", RIGHT)
def test_every_published_rate_reproduces(shared_data: Path, name: str) -> None:
    """Dose, weight and concentration give the printed rate, to the printed rounding."""
    rows = rows_of(shared_data, name)
    assert len(rows) >= ROWS[name]
    assert [row for row in rows if not reproduces(row)] == []


@pytest.mark.parametrize("name", RIGHT)
def test_the_exact_rate_is_the_one_noted(shared_data: Path, name: str) -> None:
    """Where the row notes an exact rate (to six figures), the engine's own is that, long before any rounding."""
    for row in rows_of(shared_data, name):
        noted = re.findall(r"exact ([0-9]+(?:\.[0-9]+)?)", row["rounding_note"])
        exact = rate_of(row)
        assert exact is not None
        assert noted
        assert abs(exact - Fraction(noted[-1])) <= exact / 10**5, row


@pytest.mark.parametrize("name", WRONG)
def test_no_published_mistake_reproduces(shared_data: Path, name: str) -> None:
    """A rate that its source got wrong, or rounded coarsely, is not what the engine derives."""
    rows = [row for row in rows_of(shared_data, name) if row["dose"]]
    assert rows
    assert [row for row in rows if reproduces(row)] == []


@pytest.mark.parametrize("name", WRONG)
def test_the_recomputed_rate_of_a_mistake(shared_data: Path, name: str) -> None:
    """The rate that whoever found the mistake computed is the engine's, to the figures that were written down."""
    for row in rows_of(shared_data, name):
        if row["dose"] and row["recomputed_mL_per_h"]:
            # A dose of zero is refused; whoever recomputed it wrote zero.
            exact, recomputed = rate_of(row) or Fraction(0), Fraction(row["recomputed_mL_per_h"])
            assert abs(exact - recomputed) <= recomputed / 10**4, row


@pytest.mark.parametrize("name", WRONG)
def test_a_dose_in_mass_on_a_concentration_in_units_is_refused(shared_data: Path, name: str) -> None:
    """No pump converts micrograms of insulin into units: the engine says which value cannot be used."""
    for row in rows_of(shared_data, name):
        if "unit-class mismatch" in row["classification"]:
            finding = verdict_of(row).findings[0]
            assert (finding.parameter, finding.problem) == (Parameter.DOSE, Problem.WRONG_UNIT), row


def test_the_kinds_are_what_is_refused() -> None:
    """The row that mixes micrograms with units is refused; the same numbers in units are not."""
    row = {"drug": "insulin", "dose": "20", "weight_kg": "1", "concentration": "0.1", "concentration_unit": "units/mL"}
    mixed, alike = ({**row, "dose_unit": unit} for unit in ("micrograms/kg/min", "units/kg/min"))
    assert rate_of(mixed) is None
    assert rate_of(alike) == 12000
    assert verdict_of(mixed).decision is Decision.REFUSE


@pytest.mark.parametrize(
    "exact, published, note, place",
    [
        ("33.075", "33.0", "exact 33.075; source rounds rate to 2 significant figures", "1"),
        ("0.300375", "0.3", "source rounds rate to 2 significant figures", "0.01"),
        ("150.15", "150.0", "source rounds rate to 2 significant figures", "10"),
        ("6.75", "6.7", "exact to rounding; printed '6.7ml/hr'", "0.1"),
        ("37.5", "37.0", "exact to rounding; printed '37.ml/hr'", "1"),
        ("0.45", "0.5", "exact to rounding; printed '.5mL/hr'", "0.1"),
        ("50.625", "50.62", "printed '50.62mL/hr'", "0.01"),
        ("60", "60.0", "rate-table cell", "1"),
        ("60", "60", "matches", "1"),
        ("5.625", "5.6", "matches", "0.1"),
        ("3.36", "3.2", "printed '2 mcg/kg/min' -> '3.2 ml/hr'", "0.1"),
    ],
)
def test_the_last_printed_place(exact: str, published: str, note: str, place: str) -> None:
    """The rule of rounding itself, by example."""
    assert last_place(Fraction(exact), published=published, note=note) == Fraction(place)


def amount_and_product(row: dict[str, str]) -> tuple[Quantity, Quantity] | None:
    """The amount of a row, and its rate times its duration (times the weight); ``None`` where no rate is stated."""
    if not row["rate"]:
        return None
    rate = Quantity(Fraction(row["rate"]), Unit.read(row["rateuom"]))
    if rate.unit.patient is not PatientBasis.NONE:
        rate = rate.for_patient(Quantity(Fraction(row["patientweight"]), KG))
    per_hour = Unit.of(rate.unit.amount, time=TimeBasis.H)
    length = datetime.fromisoformat(row["endtime"]) - datetime.fromisoformat(row["starttime"])
    hours = Fraction(length.days * 24) + Fraction(length.seconds, 3600)
    product = Quantity(rate.to(per_hour).value * hours, Unit.of(rate.unit.amount))
    return Quantity(Fraction(row["amount"]), Unit.read(row["amountuom"])), product


def test_amount_is_rate_times_duration_in_every_recorded_infusion(shared_data: Path) -> None:
    """
    In real charts the amount given is the rate times the time (times the weight), within one per cent.

    Taken over every row that states a rate in a unit with a time and an amount of the same kind.
    """
    held = total = 0
    with (shared_data / "mimic-iii-demo" / "INPUTEVENTS_MV.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found = amount_and_product(row)
            if found is not None:
                amount, product = found
                total += 1
                held += abs(product.to(amount.unit).value - amount.value) <= abs(amount.value) / 100
    assert (held, total) == (MIMIC_ROWS, MIMIC_ROWS)
