"""Logs as files: every form, every kind of damage, every header that is not one."""

import gzip
import io
import json
from pathlib import Path

import polars as pl
import pytest
import zstandard

from openinfusion.adapters.events import (
    DamagedError,
    event_from_row,
    read_events,
    split_lines,
    table_to_events,
    to_row,
    to_table,
    write_events,
)
from openinfusion.adapters.events.lines import Log
from openinfusion.adapters.events.parquet import HEADER_KEY
from openinfusion.core.errors import EventError, FileAccessError, FormatVersionError, SenderError
from openinfusion.core.events import EventLog
from openinfusion.core.segments import delivery_faults
from tests.event_records import EVERY_KIND, HEADER, HEADER_LINE, example_records

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
META = {HEADER_KEY: HEADER_LINE}
UNKNOWN = {"event_id": "9", "kind": "door_opened", "pump": "P", "at": "2026-03-31T14:05:00+01:00", "side": {"a": [1]}}


@pytest.fixture
def log(tmp_path):
    """A log of every kind, and one of the future."""
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join((HEADER_LINE, *map(json.dumps, (*example_records(), UNKNOWN)))) + "\n")
    return path


def everything(reader):
    return [line.event or line.unknown or line.faults for line in reader]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("again", SUFFIXES)
def test_a_log_goes_from_any_form_to_any_other(log, suffix, again):
    """Events, records of unknown kinds and the header are the same at the end."""
    first, second = log.with_name(f"first{suffix}"), log.with_name(f"second{again}")
    write_events(first, HEADER, everything(read_events(log)))
    write_events(second, read_events(first).header, everything(read_events(first)))
    events = [line.event for line in read_events(second)]
    assert events == [line.event for line in read_events(log)]
    (unknown,) = [line.unknown for line in read_events(second) if line.unknown]
    assert json.loads(unknown) == UNKNOWN
    assert read_events(second).header == HEADER


def test_the_worked_example_is_written_as_it_is_read(tmp_path):
    """It is canonical: the same bytes again."""
    reader = read_events(EVERY_KIND)
    write_events(tmp_path / "again.jsonl", reader.header, everything(reader))
    assert (tmp_path / "again.jsonl").read_bytes() == EVERY_KIND.read_bytes()


def test_the_worked_example_adds_up():
    """What its segments gave, what remains, and what the infusion is said to have delivered."""
    events = [line.event for line in read_events(EVERY_KIND) if line.event]
    assert list(delivery_faults(events)) == []
    ends = [event for event in events if event.ended and event.delivered]
    assert [str(event.ended.total) for event in ends if event.ended] == ["18.3 mL", "14 mL"]
    assert [str(event.delivered.volume) for event in ends if event.delivered] == ["18.3 mL", "14 mL"]


def test_a_form_is_told_by_its_first_bytes(log):
    """Whatever the name says."""
    odd = log.with_name("log.csv")
    for content in (gzip.compress(log.read_bytes()), zstandard.compress(log.read_bytes())):
        odd.write_bytes(content)
        assert len(list(read_events(odd))) == len(example_records()) + 1


def test_a_log_may_come_through_a_pipe(log):
    """Standard input, plain or packed."""
    assert len(list(read_events(io.BytesIO(log.read_bytes())))) == len(example_records()) + 1
    assert len(list(read_events(io.BytesIO(gzip.compress(log.read_bytes()))))) == len(example_records()) + 1


def test_a_table_does_not_come_through_a_pipe(tmp_path):
    """It must be read from its end; the message says so."""
    write_events(tmp_path / "log.parquet", HEADER, [])
    with pytest.raises(SenderError) as caught:
        read_events(io.BytesIO((tmp_path / "log.parquet").read_bytes()))
    assert caught.value.expected == "the path of a Parquet file"


def test_packed_files_may_have_several_parts(log):
    """As ``cat a.gz b.gz`` makes them, and with the padding of tapes."""
    half = log.read_bytes().index(b"\n", 5000) + 1
    parts = log.read_bytes()[:half], log.read_bytes()[half:]
    for pack, padding in ((gzip.compress, b"\0" * 600), (zstandard.compress, b"")):
        log.write_bytes(b"".join(map(pack, parts)) + padding)
        assert read_all(log)[0] == len(example_records())


def read_all(path):
    reader = read_events(path)
    faults = [fault for line in reader for fault in line.faults]
    return reader.accepted, reader.unknown, reader.rejected, faults


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("spoil", ["cut", "flip"])
def test_damage_is_a_fault_of_its_line(tmp_path, pack, spoil):
    """Everything before it is read; the line where it begins says what to do."""
    lines = [json.dumps({**UNKNOWN, "event_id": str(number * 7919 % 10007)}) for number in range(10_000)]
    data = pack("\n".join((HEADER_LINE, *lines)).encode())
    middle = len(data) // 2
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(data[:middle] if spoil == "cut" else data[:middle] + b"\xff" * 40 + data[middle + 40 :])
    _, unknown, rejected, faults = read_all(path)
    assert 0 < unknown < len(lines)
    assert rejected >= 1
    assert faults[-1].found.split()[0] in ("gzip", "Zstandard")
    assert "send it again" in faults[-1].expected
    with pytest.raises(DamagedError) as caught:
        list(split_lines(path))
    assert f"line {caught.value.line}" in caught.value.where


def test_blocks_are_whole_lines_with_their_numbers(log):
    """However small; together they are the file."""
    for size in (1, 100, 5000, 10**6):
        blocks = list(split_lines(log, size))
        assert b"".join(block.data for block in blocks) == log.read_bytes().partition(b"\n")[2]
        line = 2
        for block in blocks:
            assert block.first_line == line
            line += block.data.count(b"\n")


def test_line_ends_blank_lines_and_a_byte_order_mark_are_no_faults(log):
    """What editors and other systems write without being asked; blank lines are counted."""
    records = [json.dumps(one) for one in example_records()]
    log.write_bytes(b"\xef\xbb\xbf" + "\r\n".join((HEADER_LINE, "", *records, " ")).encode())
    reader = read_events(log)
    assert [line.number for line in reader][:2] == [3, 4]
    assert (reader.accepted, reader.blank, reader.lines_read) == (len(records), 2, len(records) + 2)


@pytest.mark.parametrize(
    ("line", "error", "place", "words"),
    [
        ("", SenderError, "line 1", "a header such as"),
        ("{", SenderError, "line 1", "a header such as"),
        ("[]", SenderError, "line 1", "a line such as"),
        (json.dumps(UNKNOWN), SenderError, "line 1", "a line such as"),
        ("x" * (2**20 + 1), SenderError, "line 1", "a header such as"),
        (HEADER_LINE.replace("1.0", "2.0"), FormatVersionError, "format_version", "a newer OpenInfusion"),
        (HEADER_LINE.replace("1.0", "0.9"), EventError, "format_version", '"1.0"'),
        (HEADER_LINE.replace('"1.0"', "1"), EventError, "format_version", '"1.0"'),
        (HEADER_LINE.replace('"example"', '""'), EventError, "organisation", "printable"),
        (HEADER_LINE.replace('"test"', '"fun"'), EventError, "purpose", "clinical, test"),
    ],
)
def test_a_file_without_a_good_header_is_refused(log, line, error, place, words):
    """The message names the line and says what to do."""
    log.write_text(f"{line}\n{json.dumps(UNKNOWN)}\n")
    with pytest.raises(error) as caught:
        read_events(log)
    assert place in caught.value.where
    assert words in caught.value.expected


def test_a_log_of_1_0_is_read_as_it_always_was(log):
    """Without segments and containers, and written again as it came, its version too."""
    line = (
        '{"event_id":"1","kind":"bolus","pump":"P","at":"2026-03-31T14:05:00+01:00","infusion":"i",'
        '"programme":{"mode":"bolus","dose":{"value":"20","unit":"ug"}}}'
    )
    log.write_text(f"{HEADER_LINE}\n{line}\n")
    reader = read_events(log)
    (event,) = everything(reader)
    assert (reader.header.format_version, reader.accepted, reader.unknown) == ("1.0", 1, 0)
    assert (event.ended, event.began, event.container) == (None, None, None)
    write_events(log.with_name("again.jsonl"), reader.header, [event])
    assert log.with_name("again.jsonl").read_text() == log.read_text()


def test_a_log_is_written_in_the_newest_version():
    """1.1, which has delivery segments."""
    assert EventLog(organisation="x").format_version == "1.1"
    assert read_events(EVERY_KIND).header.format_version == "1.1"


def test_a_newer_minor_version_is_read_and_its_fields_kept(log):
    """In the header, too; and written again."""
    log.write_text(HEADER_LINE.replace("1.0", "1.9").replace("{", '{"shift": "night", ') + "\n")
    header = read_events(log).header
    assert (header.format_version, header.extra) == ("1.9", {"shift": "night"})
    for suffix in SUFFIXES:
        path = log.with_name(f"again{suffix}")
        write_events(path, header, [])
        assert read_events(path).header == header


def test_a_table_of_a_newer_version_keeps_its_columns(log):
    """A column that this version does not know is a field that it does not know."""
    path = log.with_name("log.parquet")
    write_events(path, HEADER, [line.event for line in read_events(log) if line.event][:2])
    table = pl.read_parquet(path).with_columns(humidity=pl.Series([40, None]))
    table.write_parquet(path, metadata={HEADER_KEY: HEADER_LINE})
    first, second = table_to_events(table.drop("humidity")), read_events(path)
    assert [dict(line.event.extra) for line in second if line.event] == [{"humidity": 40}, {}]
    assert next(first).kind is not None


def test_what_another_tool_broke_in_a_table_is_kept_as_text():
    """The column ``extra`` is JSON; where it is not, its text is."""
    (event,) = [line.event for line in read_events(EVERY_KIND)][:1]
    assert event is not None
    row = {**to_row(event), "extra": "{no JSON"}
    assert event_from_row(row).extra == {"extra": "{no JSON"}


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda path: path.write_bytes(b"PAR1 and nothing"), "log.parquet"),
        (lambda path: pl.DataFrame({"a": [1]}).write_parquet(path), "log.parquet"),
        (lambda path: _table_with_sequence("one").write_parquet(path, metadata=META), "column sequence"),
        (lambda path: to_table([]).write_parquet(path, metadata={HEADER_KEY: "{}"}), "header"),
        (lambda path: to_table([]).write_parquet(path, metadata={HEADER_KEY: "{"}), "header"),
    ],
)
def test_a_table_that_is_no_log_is_refused(tmp_path, make, place):
    """Damaged, without a header, or with a column of another type."""
    path = tmp_path / "log.parquet"
    make(path)
    with pytest.raises(SenderError) as caught:
        read_events(path)
    assert place in caught.value.where


def _table_with_sequence(value):
    return to_table([]).drop("sequence").with_columns(sequence=pl.lit(value))


def test_a_file_that_cannot_be_used_is_the_operators(tmp_path):
    """Absent, a folder, a name that no file can have, another suffix, a folder that is not there."""
    for path in (tmp_path / "absent.jsonl", tmp_path, Path("a\0b")):
        with pytest.raises(FileAccessError):
            read_events(path)
    for name in ("log.csv", "absent/log.jsonl", "absent/log.jsonl.zst", "absent/log.parquet"):
        with pytest.raises(FileAccessError):
            write_events(tmp_path / name, HEADER, [])


def test_what_is_no_record_is_not_written(tmp_path):
    """A text among the events is the record of an unknown kind, or it is refused; in the table as well."""
    for suffix in SUFFIXES:
        with pytest.raises(EventError):
            write_events(tmp_path / f"log{suffix}", EventLog(organisation="x"), ['{"event_id": 1}'])


def test_a_log_is_open_no_longer_than_it_is_read(log):
    """A reader that is dropped half way closes its file; an unclosed one would be a warning, which fails the test."""
    opened = Log(log, size=10)
    next(opened.blocks)
    del opened
