"""Taking logs into a lake: each record once, whatever is sent again, late, in conflict, damaged or refused."""

import gzip
import json
import random
import shutil

import pytest

from openinfusion.core.errors import FileAccessError, FormatVersionError, OperatorError
from openinfusion.lake.ingest import Settings
from openinfusion.lake.store import Lake
from openinfusion.lake.write import Taken, Writer
from tests.integration.lake_logs import HERE, events, ids, programmed, record, take_in, write_log


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


def test_a_file_sent_again_is_all_duplicates(tmp_path, lake):
    log = write_log(tmp_path / "a.jsonl", map(record, range(100)))
    assert [one.taken for one in take_in(lake, log, log)] == [Taken(kept=100), Taken(duplicates=100)]
    assert take_in(lake, log)[0].taken == Taken(duplicates=100)
    assert len(ids(lake)) == 100


@pytest.mark.hazard("DA-01")
def test_files_that_overlap_keep_each_event_once_in_any_order(tmp_path, lake):
    """Late and out of order, within a file and between files."""
    numbers = list(range(300))
    random.Random(1).shuffle(numbers)  # noqa: S311 - an order for a test
    parts = [numbers[:120], numbers[80:200], numbers[150:], numbers[10:20] * 3]
    logs = [write_log(tmp_path / f"{n}.jsonl", map(record, part)) for n, part in enumerate(parts)]
    told = take_in(lake, *logs, settings=Settings(workers=0, rows=70, block=2**10))
    assert sum(one.taken.kept for one in told) == 300
    assert ids(lake) == [f"event-{number:06}" for number in range(300)]


def test_another_record_under_the_same_id_is_refused_and_noted(tmp_path, lake):
    """The first one stays, whether it came in the same commit, an earlier one, or from another organisation."""
    rows = [record(1), record(2), record(1, ward="B"), record(3)]
    first = write_log(tmp_path / "a.jsonl", rows)
    second = write_log(tmp_path / "b.jsonl", [record(2, ward="C"), record(3)])
    third = write_log(tmp_path / "c.jsonl", [record(3)], organisation="other")
    told = take_in(lake, first, second, third)
    assert [one.taken for one in told] == [
        Taken(kept=3, conflicts=1),
        Taken(duplicates=1, conflicts=1),
        Taken(conflicts=1),
    ]
    assert not any(one.is_whole for one in told)
    assert events(lake)["ward"].to_list() == [None, None, None]
    noted = Lake.open(lake).rejected().sort("file").select("file", "line", "event_id", "organisation", "reason").rows()
    assert noted == [
        ("a.jsonl", 4, "event-000001", "trust", "conflict"),
        ("b.jsonl", 2, "event-000002", "trust", "conflict"),
        ("c.jsonl", 2, "event-000003", "other", "conflict"),
    ]


def test_the_line_of_a_conflict_is_right_below_refused_and_blank_lines(tmp_path, lake):
    log = write_log(tmp_path / "a.jsonl", [record(1), "", "no record", record(2), "", record(1, ward="B")])
    (told,) = take_in(lake, log)
    assert (told.lines, told.blank, told.rejected, told.taken) == (6, 2, 1, Taken(kept=2, conflicts=1))
    assert sorted(Lake.open(lake).rejected()["line"]) == [4, 7]


@pytest.mark.hazard("DA-02")
def test_what_is_refused_is_noted_once_without_anything_private(tmp_path, lake):
    bad = record(1, kind="alarm_raised", private={"patient": "Ann Other"})
    log = write_log(tmp_path / "a.jsonl", [bad, record(2)])
    take_in(lake, log)
    (told,) = take_in(lake, log)
    assert (told.rejected, told.taken) == (1, Taken(duplicates=1))
    (noted,) = Lake.open(lake).rejected().to_dicts()
    assert (noted["line"], noted["event_id"], noted["reason"]) == (2, "event-000001", "alarm")
    assert json.loads(noted["faults"])[0]["path"] == "alarm"
    assert "Ann Other" not in str(noted)


def test_a_record_of_an_unknown_kind_is_kept_and_counted(tmp_path, lake):
    (told,) = take_in(lake, write_log(tmp_path / "a.jsonl", [record(1, kind="teleported", speed=3), record(2)]))
    assert (told.unknown, told.taken) == (1, Taken(kept=2))
    held = events(lake)
    assert held["kind"].to_list() == ["teleported", "power_on"]
    assert json.loads(held["extra"][0]) == {"speed": 3}


def test_a_damaged_file_does_not_stop_the_others(tmp_path, lake):
    """What could be unpacked is kept; the rest is one refused line."""
    whole = write_log(tmp_path / "a.jsonl", map(record, range(2000)))
    cut = tmp_path / "b.jsonl.gz"
    cut.write_bytes(gzip.compress(whole.read_bytes())[:-2000])
    none = tmp_path / "none.jsonl"
    noise = tmp_path / "noise.jsonl"
    noise.write_bytes(b"\x00\xff" * 50)
    last = write_log(tmp_path / "z.jsonl", [record(5000)])
    told = take_in(lake, none, cut, noise, last)
    assert [one.stopped is None for one in told] == [False, False, False, True]
    assert told[1].rejected == 1
    assert 0 < told[1].taken.kept < 2000
    assert take_in(lake, whole)[0].taken.kept == 2000 - told[1].taken.kept
    assert len(ids(lake)) == 2001


def test_events_of_another_purpose_are_refused(tmp_path, lake):
    """Events of tests, training and examples are never mixed with clinical ones."""
    clinical = write_log(tmp_path / "a.jsonl", [record(1)], purpose="clinical")
    training = write_log(tmp_path / "b.jsonl", [record(2)], purpose="training")
    told = take_in(lake, clinical, training)
    assert told[1].stopped is not None
    assert "'training'" in told[1].stopped
    assert Lake.open(lake).purpose == "clinical"
    assert ids(lake) == ["event-000001"]


def test_nothing_is_made_where_no_file_can_be_read(tmp_path, lake):
    noise = tmp_path / "noise.jsonl"
    noise.write_text("hello", "utf-8")
    assert take_in(lake, noise)[0].stopped is not None
    assert not lake.exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    log = write_log(tmp_path / "a.jsonl", [record(1)])
    with pytest.raises(FileAccessError, match="other files"):
        take_in(tmp_path, log)


def test_a_lake_of_a_newer_format_is_not_touched(tmp_path, lake):
    log = write_log(tmp_path / "a.jsonl", [record(1)])
    take_in(lake, log)
    head = lake / "lake.json"
    head.write_text(head.read_text("utf-8").replace('"1.0"', '"2.0"'), "utf-8")
    with pytest.raises(FormatVersionError, match=r"2\.0"):
        take_in(lake, log)


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path, lake):
    log = write_log(tmp_path / "a.jsonl", [record(1)])
    take_in(lake, log)
    with Writer(Lake.open(lake)), pytest.raises(OperatorError, match="another process"):
        take_in(lake, log)
    assert take_in(lake, log)[0].taken == Taken(duplicates=1)


@pytest.mark.parametrize("lost", ["all", "last"])
def test_an_index_that_is_lost_is_built_again(tmp_path, lake, lost):
    """Whoever deletes it, or is killed before it is written, costs time but no event."""
    log = write_log(tmp_path / "a.jsonl", map(record, range(50)))
    take_in(lake, log, settings=Settings(workers=0, rows=10, block=2**9))
    segments = sorted((lake / "index").iterdir())
    assert len(segments) > 1
    if lost == "all":
        shutil.rmtree(lake / "index")
    else:
        segments[-1].unlink()
    (told,) = take_in(lake, log)
    assert told.taken == Taken(duplicates=50)
    with Writer(Lake.open(lake)) as writer:
        assert len(writer.ids) == 50


def test_processes_that_parse_give_what_this_one_gives(tmp_path, lake):
    rows = [programmed(number, f"0.{number % 89 + 10}") for number in range(400)]
    log = write_log(tmp_path / "a.jsonl", [*rows, "bad"])
    told = take_in(lake, log, settings=Settings(workers=2, rows=100, block=2**14))
    here = take_in(tmp_path / "here", log, settings=HERE)
    assert [(one.lines, one.rejected, one.taken) for one in told] == [
        (one.lines, one.rejected, one.taken) for one in here
    ]
    assert events(lake).equals(events(tmp_path / "here"))
    assert Lake.open(lake).shapes().height == 1


def test_an_organisation_may_have_any_name(tmp_path, lake):
    names = ("St. Mary's / North", "50 % = half", "Ünïversität", "..")
    for number, name in enumerate(names):
        take_in(lake, write_log(tmp_path / f"{number}.jsonl", [record(number)], organisation=name))
    assert events(lake)["organisation"].to_list() == list(names)
    assert len(Lake.open(lake).files(organisation=names[1])) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.jsonl", "1.jsonl", "2.jsonl", "3.jsonl", "lake"]
