"""How fast the virtual pump is: for each thing done, for each record, and a month of one pump against real time."""

from fractions import Fraction
from typing import Any

import pytest
from pump_bench import NUMBER, Bench, held

from openinfusion.pump.records import PumpLabel, to_record

DAYS = 30
HELD = held()
DAY = """
    power; new patient; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100; key 40
    confirm; start; wait 1 h; change; key 150; confirm; wait 2 h; bolus; key 25; key; confirm; deliver; wait 1 h
    change; key 120; confirm; wait 1 h; alarm occlusion_downstream; wait 1 min; clear; start; wait 2 h; pause
    wait 3 min; clear; load; key 50; start; wait 9 h; stop; drug; key nor; noradrenaline; key 0.6; key; confirm
    override; none; start; wait 3 h; stop; power; wait 3 h
"""
"""A day at the bedside: two infusions with titrations, a bolus, an alarm, a pause, a new syringe, an alert."""


def month() -> Bench:
    """A month of one pump."""
    bench = Bench(in_slot=HELD).do("power; ward; key 70; power")
    for _ in range(DAYS):
        bench.do(DAY)
    return bench


def _inputs() -> int:
    return DAYS * sum(bool(part.strip()) for part in DAY.replace("\n", ";").split(";"))


@pytest.mark.benchmark(group="one thing done to the pump")
def test_inputs(benchmark: Any) -> None:
    benchmark.extra_info.update(rows=_inputs(), aim="aim: a median of at most 200 microseconds")
    benchmark.pedantic(month, rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="one record of the pump as JSON")
def test_records(benchmark: Any) -> None:
    bench = month()
    label = PumpLabel(number=NUMBER, model=bench.model)
    benchmark.extra_info.update(rows=len(bench.notes), aim="aim: a median of at most 50 microseconds")
    assert len(benchmark(lambda: [to_record(note, label) for note in bench.notes])) == len(bench.notes)


@pytest.mark.benchmark(group="a month of one pump")
def test_month(benchmark: Any) -> None:
    bench = benchmark.pedantic(month, rounds=5, warmup_rounds=1)
    times = float(bench.pump.now) / benchmark.stats.stats.median
    benchmark.extra_info.update(aim=f"{times:,.0f} times real time; aim: at least 20,000 times")
    assert times > 20_000


@pytest.mark.benchmark(group="a month of one pump")
def test_month_by_the_second(benchmark: Any) -> None:
    """The peer knows no limits, screens or records: it adds up what flows."""
    benchmark.extra_info.update(role="peer", what="a bare loop that adds a float once a second")
    benchmark.pedantic(_by_the_second, rounds=3)


def _by_the_second() -> float:
    given = 0.0
    for second in range(DAYS * 86_400):
        given += 2.0 / 3600 if second % 86_400 < 60_000 else 0.0
    return given


@pytest.mark.benchmark(group="a volume, exactly")
def test_exact_volumes(benchmark: Any) -> None:
    rates = [Fraction(number, 100) for number in range(1, 1001)]
    benchmark.extra_info.update(rows=len(rates))
    benchmark(lambda: sum((rate * 60 / 3600 for rate in rates), Fraction(0)))


@pytest.mark.benchmark(group="a volume, exactly")
def test_float_volumes(benchmark: Any) -> None:
    rates = [number / 100 for number in range(1, 1001)]
    benchmark.extra_info.update(role="peer", rows=len(rates), what="the same in floats")
    benchmark(lambda: sum(rate * 60 / 3600 for rate in rates))
