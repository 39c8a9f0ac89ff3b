"""A lake read by every engine: the same current events, gaps, clocks and figures."""

from datetime import timedelta

import pytest

from openinfusion.lake.clock import Clock, daily, offsets
from openinfusion.lake.compact import compact
from openinfusion.lake.engine import Engine, PolarsEngine
from openinfusion.lake.gaps import find_gaps
from openinfusion.lake.info import look_into
from openinfusion.lake.store import Lake
from tests.engines import on_every_engine
from tests.integration.lake_logs import START, programmed, record, take_in, write_log

NAME = "St. Mary's / North"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Return a lake of two organisations, with a void that is marked, one that is not, and missing numbers."""
    folder = tmp_path_factory.mktemp("engines")
    rows = [
        programmed(number)
        | {"pump": f"pump-{number % 3}", "sequence": number if number < 90 else number - 90}
        | {"received": (START + timedelta(hours=number, seconds=5 + number % 7)).isoformat()}
        for number in range(0, 180, 2)
    ]
    lost = record(200, kind="log_gap", first_lost=3, last_lost=4, pump="pump-0", sequence=92)
    first = write_log(folder / "a.jsonl", [*rows, lost, _void(300, 6)], organisation=NAME)
    take_in(folder / "lake", first, write_log(folder / "b.jsonl", [record(1, kind="teleported")]))
    made = Lake.open(folder / "lake")
    compact(made)
    take_in(folder / "lake", write_log(folder / "c.jsonl", [_void(301, 12)], organisation=NAME))
    return made


def _void(number: int, about: int) -> dict[str, object]:
    return record(number, kind="record_voided", about=f"event-{about:06}", pump="pump-0")


@on_every_engine("lake")
def test_every_engine_sees_the_same_lake(lake: Lake, lake_engine: Engine) -> None:
    """By hand: 90 programmes less two voided ones, two voids, a declared gap, and a record of an unknown kind."""
    engine = lake_engine
    held = engine.collect(lake.events(engine).select("event_id", "moment", "organisation", "month"))
    polars = PolarsEngine()
    same = polars.collect(lake.events(polars).select("event_id", "moment", "organisation", "month"))
    assert held.sort("event_id").equals(same.sort("event_id"))
    assert held.height == 90 - 2 + 2 + 1 + 1
    found = look_into(lake, engine)
    assert (found.events, found.voided, found.unsettled) == (94, 2, 1)
    assert found.unknown == {"teleported": 1}
    assert found.pumps == {NAME: 3, "trust": 1}


@on_every_engine("lake gaps")
def test_every_engine_finds_the_same_gaps(lake: Lake, lake_engine: Engine) -> None:
    """A pump has every sixth number; its counter starts again once, after hour 90."""
    found = find_gaps(lake.records(lake_engine), lake_engine)
    polars = PolarsEngine()
    same = find_gaps(lake.records(polars), polars)
    assert found.gaps == same.gaps
    assert found.pumps.equals(same.pumps)
    ours = [gap for gap in found.gaps if gap.pump == "pump-0"]
    assert (ours[0].first_missing, ours[0].last_missing, ours[0].missing, ours[0].declared) == (1, 5, 5, 2)
    assert set(found.pumps.filter(organisation=NAME)["restarts"]) == {1}


@on_every_engine("lake clock")
def test_every_engine_reckons_the_same_clocks(lake: Lake, lake_engine: Engine) -> None:
    clocks = offsets(lake_engine.collect(daily(lake.events(lake_engine))))
    polars = PolarsEngine()
    assert clocks == offsets(polars.collect(daily(lake.events(polars))))
    assert {one.state for one in clocks if one.organisation == NAME} == {Clock.RIGHT}
    assert {one.state for one in clocks if one.organisation == "trust"} == {Clock.NOT_KNOWN}
