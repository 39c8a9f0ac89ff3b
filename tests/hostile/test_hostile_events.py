"""Ten thousand spoilt logs: never a traceback, never a record that is dropped without a word."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import zstandard

from openinfusion.adapters.events import parse_lines, read_events, split_lines, write_events
from openinfusion.adapters.events.lines import Log
from openinfusion.core.errors import OpenInfusionError
from tests.event_records import HEADER, HEADER_LINE, VALUES, example_records, spoilt, written

EXAMPLES = example_records()
FILES = 10_000
PARTS = 20
JUNK = (b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\n", b"\r\n", b"{", b"}", b'"', b"\\", b"[" * 3000, b"NaN", b":", b",,")
WHOLE = HEADER_LINE.encode() + b"\n" + b"\n".join(json.dumps(one).encode() for one in EXAMPLES)
Mutation = Callable[[bytes, Random], bytes]


def flip(data: bytes, random: Random) -> bytes:
    """Change some bits."""
    made = bytearray(data)
    for _ in range(random.choice((1, 2, 8))):
        made[random.randrange(len(made))] ^= 1 << random.randrange(8)
    return bytes(made)


def cut(data: bytes, random: Random) -> bytes:
    """Lose the end."""
    return data[: random.randrange(len(data))]


def hole(data: bytes, random: Random) -> bytes:
    """Lose something in the middle."""
    start = random.randrange(len(data))
    return data[:start] + data[start + random.randrange(1, 60) :]


def insert(data: bytes, random: Random) -> bytes:
    """Gain what does not belong there."""
    start = random.randrange(len(data))
    return data[:start] + random.choice(JUNK) + data[start:]


def repeat(data: bytes, random: Random) -> bytes:
    """Say some lines again, in another order."""
    lines = data.splitlines(keepends=True)
    return lines[0] + b"".join(random.choices(lines, k=len(lines) + 2))


def header(data: bytes, random: Random) -> bytes:
    """Another header, or none."""
    value = json.loads(HEADER_LINE)
    value[random.choice([*value, "new"])] = random.choice(("2.0", "1.7", "", None, 7, [], "test", "0.1", "1"))
    first = random.choice((json.dumps(value).encode(), b"", b"[]", b"{}", b'"x"'))
    return first + b"\n" + data.partition(b"\n")[2]


def leave(data: bytes, _random: Random) -> bytes:
    """The slips of the records alone."""
    return data


def pack_wrongly(data: bytes, random: Random) -> bytes:
    """Packed, and then spoilt; or two packings in one file."""
    packed = random.choice((gzip.compress(data, 1, mtime=0), zstandard.compress(data)))
    spoil = random.choice((flip, cut, hole, insert, leave))
    return random.choice((packed, data, b"\0\0", b"")) + packed if spoil is leave else spoil(packed, random)


MUTATIONS: tuple[Mutation, ...] = (*(leave, leave, flip, flip, cut, hole, insert, insert, repeat, header), pack_wrongly)


def text_log(random: Random) -> bytes:
    """A small log of records with slips."""
    records = [spoilt(one, random) for one in random.choices(EXAMPLES, k=3)] + random.choices(EXAMPLES, k=1)
    odd = [json.dumps(random.choice(VALUES)).encode()]
    lines = [written(one, random) for one in records] + random.choice(([], [b""], odd))
    random.shuffle(lines)
    return HEADER_LINE.encode() + b"\n" + b"\n".join(lines) + random.choice((b"\n", b""))


def lines_of(data: bytes) -> int | None:
    """How many lines stand below the header of a file that is not packed, counted without the reader."""
    if data[:4] == b"\x28\xb5\x2f\xfd" or data[:2] == b"\x1f\x8b" or data[:4] == b"PAR1":
        return None
    below = data.partition(b"\n")[2]
    return below.count(b"\n") + (not below.endswith(b"\n") and below != b"")


def read_whole(path: Path, data: bytes) -> str:
    """Read a log line by line and count; every line is told of exactly once, as exactly one thing."""
    try:
        reader = read_events(path)
    except OpenInfusionError as error:
        return "refused" if str(error).isprintable() else "refused in words that could play tricks"
    told = Counter[str]()
    for line in reader:
        whats = [line.event is not None, line.unknown is not None, line.faults != ()]
        assert sum(whats) == 1
        told[("event", "unknown", "faults")[whats.index(True)]] += 1
        assert all(fault.found and fault.expected for fault in line.faults)
    assert (told["event"], told["unknown"], told["faults"]) == (reader.accepted, reader.unknown, reader.rejected)
    assert reader.lines_read == told.total() + reader.blank
    if (lines := lines_of(data)) is not None:
        assert reader.lines_read == lines
    return "read" if reader.rejected == 0 else "read with faults"


def take_in_bulk(path: Path) -> None:
    """Take a log in the fast way: the counts are those of the slow one."""
    reader = read_events(path)
    list(reader)
    accepted = rejected = unknown = blank = 0
    try:
        for block in split_lines(path):
            chunk = parse_lines(block.data, block.first_line, HEADER)
            accepted, unknown, blank = accepted + chunk.accepted, unknown + chunk.unknown, blank + chunk.blank
            rejected += len(chunk.rejected)
            assert len(chunk.table) == chunk.accepted + chunk.unknown
    except OpenInfusionError:
        rejected += 1
    assert (accepted, rejected, unknown, blank) == (reader.accepted, reader.rejected, reader.unknown, reader.blank)


@pytest.mark.hazard("IT-04")
@pytest.mark.parametrize("part", range(PARTS))
def test_spoilt_logs_are_counted_to_the_last_line(part: int, tmp_path: Path) -> None:
    """Each is refused with one error of ours, or every line of it is accepted, rejected, kept unknown or blank.

    The first of each part is whole: how long packed files come out, and with it every later choice, is the packer's.
    """
    random = Random(part)  # noqa: S311 - the same ones every time
    seen = Counter[str]()
    for number in range(FILES // PARTS):
        data = random.choice(MUTATIONS)(text_log(random), random) if number else WHOLE
        path = tmp_path / "log.jsonl"
        path.write_bytes(data)
        outcome = read_whole(path, data)
        seen[outcome] += 1
        if outcome != "refused" and number % 25 == 0:
            take_in_bulk(path)
    assert seen.keys() == {"refused", "read", "read with faults"}


@pytest.mark.parametrize("size", [2**20 - 14, 2**20, 2**20 + 1, 3 * 2**20, 9 * 2**20])
def test_a_line_without_end_is_one_fault(tmp_path: Path, size: int) -> None:
    """It is refused without being parsed, and the line after it is read."""
    path = tmp_path / "log.jsonl"
    good = json.dumps(EXAMPLES[0]).encode()
    endless = b'{"event_id":"' + b"x" * size + b'"}'
    path.write_bytes(b"\n".join((HEADER_LINE.encode(), good, endless, good)))
    lines = list(read_events(path))
    assert [line.event is not None for line in lines] == [True, False, True]
    assert lines[1].number == 3
    if len(endless) > 2**20:
        assert lines[1].faults[0].found == "a line of more than 1 MB"
    take_in_bulk(path)


def test_a_spoilt_table_ends_in_an_error_or_in_counted_rows(tmp_path: Path) -> None:
    """Parquet is somebody else's reader; whatever it makes of damage ends in an error or a fault of ours."""
    random = Random(4)  # noqa: S311 - the same ones every time
    whole = tmp_path / "whole.parquet"
    write_events(whole, HEADER, [line.event for line in read_events(example_log(tmp_path)) if line.event])
    data, path = whole.read_bytes(), tmp_path / "log.parquet"
    outcomes = Counter[str]()
    for _ in range(150):
        path.write_bytes(random.choice((flip, cut, hole))(data, random))
        outcomes[read_whole(path, b"PAR1")] += 1
    assert outcomes["refused"] > 0
    assert outcomes.keys() <= {"refused", "read", "read with faults"}


def example_log(folder: Path) -> Path:
    path = folder / "example.jsonl"
    path.write_text("\n".join((HEADER_LINE, *map(json.dumps, EXAMPLES))))
    return path


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_read_a_piece_at_a_time(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """Much of nothing, packed a thousandfold, is one line that is too long."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(pack(HEADER_LINE.encode() + b"\n" + b" " * 2**27))
    largest = max(len(block.data) for block in Log(path).blocks)
    assert largest < 2**25 + 2**22
