"""What readers of a lake see: current events only, one version, the same before, during and after a compaction."""

from threading import Event, Thread

import polars as pl
import pytest

from openinfusion.lake.compact import compact
from openinfusion.lake.ingest import Settings
from openinfusion.lake.intake import event_columns
from openinfusion.lake.store import Lake
from tests.integration.lake_logs import events, ids, programmed, record, take_in, write_log

SMALL = Settings(workers=0, rows=10, block=2**9)


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


def _void(number, about, **more):
    return record(number, kind="record_voided", about=f"event-{about:06}", pump=f"pump-{about % 3}", **more)


def test_an_empty_lake_has_every_column_and_no_event(lake):
    Lake.create(lake, "example")
    assert events(lake).schema == pl.Schema(event_columns())
    assert events(lake).height == 0


def test_events_have_every_column_whatever_was_said(tmp_path, lake):
    take_in(lake, write_log(tmp_path / "a.jsonl", [record(1)]))
    assert events(lake).schema == pl.Schema(event_columns())


@pytest.mark.parametrize("when", ["same file", "later", "sooner", "compacted between", "compacted after"])
@pytest.mark.hazard("DA-01")
def test_a_voided_or_replaced_record_never_counts(tmp_path, lake, when):
    """Whenever the voiding record comes; it stays itself, and so does the record that replaces another."""
    voided = [record(0), record(1), record(2)]
    voiding = [_void(10, 1), record(11, pump="pump-2", supersedes="event-000002")]
    parts = {"same file": [voided + voiding], "sooner": [voiding, voided]}.get(when, [voided, voiding])
    for number, part in enumerate(parts):
        take_in(lake, write_log(tmp_path / f"{number}.jsonl", part))
        if when == "compacted between":
            compact(Lake.open(lake))
    if when == "compacted after":
        assert compact(Lake.open(lake)).marked == 2
        assert Lake.open(lake).snapshot().pending.height == 0
    assert ids(lake) == ["event-000000", "event-000010", "event-000011"]
    assert Lake.open(lake).snapshot().rows == 5


def test_a_void_that_was_marked_still_holds_for_what_comes_later(tmp_path, lake):
    take_in(lake, write_log(tmp_path / "a.jsonl", [_void(10, 1), record(0)]))
    compact(Lake.open(lake))
    take_in(lake, write_log(tmp_path / "b.jsonl", [record(1)]))
    assert ids(lake) == ["event-000000", "event-000010"]


def test_a_record_of_another_pump_or_organisation_voids_nothing(tmp_path, lake):
    wrong_pump = record(10, kind="record_voided", about="event-000001", pump="pump-9")
    take_in(lake, write_log(tmp_path / "a.jsonl", [record(1), wrong_pump]))
    take_in(lake, write_log(tmp_path / "b.jsonl", [_void(11, 1)], organisation="other"))
    compact(Lake.open(lake))
    assert ids(lake) == ["event-000001", "event-000010", "event-000011"]


def test_voiding_a_void_does_not_bring_a_record_back(tmp_path, lake):
    second = record(11, kind="record_voided", about="event-000010", pump="pump-1")
    take_in(lake, write_log(tmp_path / "a.jsonl", [record(1), _void(10, 1), second]))
    assert ids(lake) == ["event-000011"]


def test_files_are_chosen_by_organisation_and_month(tmp_path, lake):
    """The records run from the end of January into February."""
    take_in(lake, write_log(tmp_path / "a.jsonl", map(record, range(48))))
    take_in(lake, write_log(tmp_path / "b.jsonl", [record(100)], organisation="other"))
    opened = Lake.open(lake)
    assert (len(opened.files()), len(opened.files("trust")), len(opened.files(months=["2026-01"]))) == (3, 2, 1)
    january: pl.LazyFrame = opened.events(organisation="trust", months=["2026-01"]).to_native()
    assert january.collect()["moment"].max() < pl.Series(["2026-02-01"]).str.to_datetime(time_zone="UTC")[0]


def test_a_compaction_changes_files_and_no_answer(tmp_path, lake):
    rows = [programmed(number) if number % 3 else record(number) for number in range(500)]
    take_in(lake, write_log(tmp_path / "a.jsonl", rows), settings=SMALL)
    before, files = events(lake), Lake.open(lake).files()
    done = compact(Lake.open(lake))
    assert (done.before, done.after) == (len(files), 2)
    assert done.rewritten == 500
    assert events(lake).equals(before)
    assert compact(Lake.open(lake)).rewritten == 0
    assert compact(Lake.open(lake), retention_hours=0).deleted == len(files)
    assert events(lake).equals(before)


def test_an_older_version_can_be_read_until_the_retention_is_over(tmp_path, lake):
    take_in(lake, write_log(tmp_path / "a.jsonl", map(record, range(60))), settings=SMALL)
    old = Lake.open(lake).snapshot()
    compact(Lake.open(lake))
    made: pl.LazyFrame = Lake.open(lake).events(snapshot=old).to_native()
    assert made.collect().height == 60


def test_whoever_reads_during_compactions_always_sees_the_same(tmp_path, lake):
    take_in(lake, write_log(tmp_path / "a.jsonl", map(record, range(240))), settings=SMALL)
    take_in(lake, write_log(tmp_path / "b.jsonl", [_void(900, 7)]))
    answers: set[tuple[int, int]] = set()
    is_over, reads = Event(), []

    def read() -> None:
        while not is_over.is_set():
            held = events(lake)
            answers.add((held.height, hash(tuple(held["event_id"]))))
            reads.append(1)

    reader = Thread(target=read)
    reader.start()
    for target in (20, 60, 1000):
        compact(Lake.open(lake), target=target)
    is_over.set()
    reader.join()
    assert len(reads) > 3
    assert len(answers) == 1
    assert next(iter(answers))[0] == 240
