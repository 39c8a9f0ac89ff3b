"""How fast the main jobs are, each beside a peer on the same rows in the same run."""

import json
from dataclasses import make_dataclass
from datetime import date
from typing import Any

import pytest

from benchmarks import synthetic
from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.dosing import check
from openinfusion.core.injection import inject
from openinfusion.core.library import Library, Mode
from openinfusion.core.programme import Decision, Programme
from openinfusion.core.review import review
from openinfusion.core.units import Quantity

ROWS = 1000


@pytest.fixture(scope="module")
def library() -> Library:
    return synthetic.library(5000)


@pytest.fixture(scope="module")
def document(library: Library) -> bytes:
    return canonical_bytes(library)


@pytest.fixture(scope="module")
def programmes(library: Library) -> list[Programme]:
    """Return one programme for each of a thousand entries, from far below to far above its limits."""
    return [
        Programme(
            care_area=entry.care_area,
            entry=entry.id,
            mode=Mode.CONTINUOUS,
            dose=Quantity.of(f"0.{1 + number % 9}{number % 7}", "ug/kg/min"),
            weight=Quantity.of(str(45 + number % 60), "kg"),
        )
        for number, entry in enumerate(library.entries[:ROWS])
    ]


def _integer_rows(library, programmes):
    """Return the same programmes as scaled integers: dose, weight, strength, four limits, largest rate."""
    rows = []
    for programme in programmes:
        entry = library.find_entry(programme.entry)
        strength = int(entry.concentration.per_ml.value * 50)
        bounds = [int(bound * 1000) for bound in entry.dose.bounds]
        rows.append((int(programme.dose.value * 1000), int(programme.weight.value), strength, *bounds))
    return rows


def _check_integers(rows: list[tuple[int, ...]]) -> list[int]:
    """Do what a bare loop would: derive the rate as a fraction of integers and compare dose and rate with limits."""
    decisions = []
    for dose, weight, strength, hard_min, soft_min, soft_max, hard_max in rows:
        rate, scale = dose * weight * 60 * 50, strength * 1_000_000
        if dose > hard_max or dose < hard_min or rate > 999 * scale or not 30 <= weight <= 250:
            decisions.append(2)
        elif dose > soft_max or dose < soft_min or weight < 40:
            decisions.append(1)
        else:
            decisions.append(0)
    return decisions


@pytest.mark.benchmark(group="check one programme")
def test_check(benchmark: Any, library: Library, programmes: list[Programme]) -> None:
    benchmark.extra_info.update(rows=ROWS, aim="aim: a median of at most 30 microseconds")
    verdicts = benchmark(lambda: [check(programme, library) for programme in programmes])
    order = (Decision.ACCEPT, Decision.CONFIRM, Decision.REFUSE)
    assert [order.index(v.decision) for v in verdicts] == _check_integers(_integer_rows(library, programmes))


@pytest.mark.benchmark(group="check one programme")
def test_check_bare_integers(benchmark: Any, library: Library, programmes: list[Programme]) -> None:
    benchmark.extra_info.update(role="peer", rows=ROWS, what="a bare loop over integers on the same rows")
    benchmark(_check_integers, _integer_rows(library, programmes))


@pytest.mark.benchmark(group="read and validate 5,000 entries")
def test_read(benchmark: Any, document: bytes) -> None:
    benchmark.extra_info.update(aim="aim: under 500 ms and within 4 times the peer")
    assert len(benchmark(library_from_bytes, document, where="benchmark").entries) == 5000


_Limits = make_dataclass(
    "_Limits",
    [
        (name, object, None)
        for name in ("unit", "hard_min", "soft_min", "soft_max", "hard_max", "usual_min", "usual_max", "initial")
    ],
)
_Quantity = make_dataclass("_Quantity", ["value", "unit"])
_Concentration = make_dataclass("_Concentration", ["amount", "volume"])
_Delivery = make_dataclass("_Delivery", ["dose", "rate", "volume"])
_Source = make_dataclass("_Source", ["field", "citation"])
_Decision = make_dataclass("_Decision", ["field", "decision", "reason"])
_PARTS = ("id", "drug", "care_area", "type", "therapy", "concentration", "dose", "bolus", "sources", "decisions")
_Entry = make_dataclass("_Entry", [*_PARTS, "review_by"])


def _bare(document: bytes) -> list[Any]:
    """Parse and build plain dataclasses for the entries, with text for numbers and nothing checked."""
    entries = []
    for row in json.loads(document)["entries"]:
        strength, bolus = row["concentration"], row["bolus"]
        row["concentration"] = _Concentration(_Quantity(**strength["amount"]), _Quantity(**strength["volume"]))
        row["dose"] = _Limits(**row["dose"])
        row["bolus"] = _Delivery(*(_Limits(**bolus[name]) for name in ("dose", "rate", "volume")))
        row["sources"] = [_Source(**source) for source in row["sources"]]
        row["decisions"] = [_Decision(**decision) for decision in row["decisions"]]
        entries.append(_Entry(**row))
    return entries


@pytest.mark.benchmark(group="read and validate 5,000 entries")
def test_read_bare(benchmark: Any, document: bytes) -> None:
    benchmark.extra_info.update(role="peer", what="json.loads and bare dataclasses, nothing checked")
    assert len(benchmark(_bare, document)) == 5000


@pytest.mark.benchmark(group="review 1,200 entries")
def test_review(benchmark: Any) -> None:
    benchmark.extra_info.update(aim="aim: under 1 s")
    small = synthetic.library(1200)
    benchmark.pedantic(lambda: review(small, at=date(2026, 11, 23)), rounds=5)


@pytest.mark.benchmark(group="inject errors into 1,200 entries")
def test_inject(benchmark: Any) -> None:
    small = synthetic.library(1200)
    benchmark.pedantic(lambda: inject(small), rounds=3)
