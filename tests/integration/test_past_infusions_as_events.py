"""Past infusions that go through the event log and the lake give the same counts as they do straight from the file."""

from collections import Counter
from pathlib import Path

import pytest

from openinfusion.adapters.events import read_events, write_events
from openinfusion.adapters.events.from_infusions import events_of
from openinfusion.adapters.infusions import InfusionReading, read_infusions, shipped_infusion_mapping
from openinfusion.adapters.library_file import read_library
from openinfusion.core.events import EventLog
from openinfusion.core.replay import replay
from openinfusion.core.replay_counts import by_care_area, by_drug, not_checked, tally
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.ingest import Settings, ingest
from openinfusion.lake.replay import replay_lake
from openinfusion.lake.store import Lake
from openinfusion.lake.what_if import reasons, tallies

EXAMPLES = Path(__file__).parents[2] / "examples" / "trust"
HEADER = EventLog(organisation="record system", purpose="test")


def lake_of(reading: InfusionReading, folder: Path) -> Lake:
    log = folder / "log.jsonl.zst"
    write_events(log, HEADER, events_of(reading))
    (told,) = ingest(folder / "lake", [log], Settings(workers=0), acknowledge=lambda *_: None)
    assert told.is_whole
    assert told.taken.kept == 3 * len(reading.infusions)
    return Lake.open(folder / "lake")


def assert_same(reading: InfusionReading, lake: Lake, version: str) -> None:
    library = read_library(EXAMPLES / f"library-{version}.json")
    straight, engine = replay(library, reading.infusions), PolarsEngine()
    replayed = replay_lake(lake.events(engine), lake.shapes(), [library], engine=engine)
    assert tallies(replayed, lambda _: "all") == {"all": tally(straight.outcomes)}
    assert tallies(replayed, lambda group: group.drug) == by_drug(straight)
    assert tallies(replayed, lambda group: group.care_area) == by_care_area(straight)
    expected = Counter({reason.value: drugs.total() for reason, drugs in not_checked(straight).items()})
    assert reasons(replayed) == expected


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_the_example_infusions_give_the_same_counts(version: str, tmp_path: Path) -> None:
    """2,000 synthetic rows, among them unknown drugs, missing weights and rates without a strength."""
    reading = read_infusions(EXAMPLES / "infusions.csv", shipped_infusion_mapping("plain"))
    assert_same(reading, lake_of(reading, tmp_path), version)


def test_real_intensive_care_infusions_give_the_same_counts(shared_data: Path, tmp_path: Path) -> None:
    """The MIMIC-III demo, under both versions of the example library."""
    path = shared_data / "mimic-iii-demo" / "INPUTEVENTS_MV.csv"
    if not path.is_file():
        pytest.skip("the MIMIC-III demo is not among the reference data")
    reading = read_infusions(path, shipped_infusion_mapping("mimic-iii"))
    lake = lake_of(reading, tmp_path)
    for version in ("1.0.0", "1.1.0"):
        assert_same(reading, lake, version)


def test_a_second_conversion_gives_the_same_ids_and_nothing_private(tmp_path: Path) -> None:
    """So that a file converted and sent again is all duplicates."""
    reading = read_infusions(EXAMPLES / "infusions.csv", shipped_infusion_mapping("plain"))
    made = [event.event_id for event in events_of(reading)]
    assert made == [event.event_id for event in events_of(reading)]
    assert len(set(made)) == len(made)
    log = tmp_path / "log.jsonl"
    write_events(log, HEADER, events_of(reading))
    assert all(line.event is not None and line.event.private is None for line in read_events(log))
