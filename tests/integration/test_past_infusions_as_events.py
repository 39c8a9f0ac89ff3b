"""Past infusions that go through the event log and the lake give the same counts as they do straight from the file."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from openinfusion.adapters.events import read_events, write_events
from openinfusion.adapters.events.from_infusions import events_of
from openinfusion.adapters.infusions import InfusionReading, read_infusions, shipped_infusion_mapping
from openinfusion.adapters.library_file import read_library
from openinfusion.cli import main
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


ODD = """start,end,care_area,drug,dose,dose_unit,rate_ml_per_h,amount,amount_unit,status
2026-01-05T03:08:00,2026-01-05T03:23:00,Adult ward,paracetamol,1,g,,1,g,finished
2026-01-05T03:08:00,2026-01-05T03:13:00.000001,Adult ward,paracetamol,1,g,,1,g,finished
2026-01-05T03:08:00,2026-01-05T03:18:20,Adult ward,paracetamol,1,g,,1.00000000000000000001,g,finished
2026-01-05T03:08:00,2026-01-05T03:23:00,Adult ward,paracetamol,1.00000000000000000001,g,,1,g,finished
"""


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    path = tmp_path / "odd.csv"
    path.write_text(ODD)
    return path


def test_seconds_of_a_duration_come_back_to_the_microsecond(odd: Path, tmp_path: Path) -> None:
    """20 seconds are no finite decimal of a minute; a duration on a limit must not come to lie beyond it."""
    reading = read_infusions(odd, shipped_infusion_mapping("plain"))
    whole = replace(reading, infusions=reading.infusions[:3])
    written = [e.delivered.duration.value for e in events_of(whole) if e.delivered and e.delivered.duration]
    assert [int(minutes * 60 * 10**6) for minutes in written] == [900_000_000, 300_000_001, 620_000_000]
    lake = lake_of(whole, tmp_path)
    assert_same(whole, lake, "1.1.0")


def test_what_the_format_cannot_hold_is_named_and_the_rest_written(
    odd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dose of 21 digits is not rounded behind anybody's back."""
    log = tmp_path / "log.jsonl"
    words = ["openinfusion", "events", "from-infusions", str(odd), str(log), "--organisation", "record system"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err.replace("\n", " ")
    assert ended.value.code == 1
    assert "wrote 9 records of 3 infusions" in told
    assert "row 5 cannot be written: programme.dose" in told
    assert len([line for line in read_events(log) if line.event]) == 9
