"""Reading a network survey from a table (.csv): every row is used, or stands among the problems with its number."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from openinfusion.core.errors import EncodingError, FileTooLargeError, TableError

COLUMNS = ("ward", "bed_space", "kind", "name", "result", "tested_on")
OPTIONAL = "note"
KINDS = ("port", "access point")
RESULTS = ("works", "weak", "dead")
MAX_ROWS, MAX_BYTES = 20_000, 10 * 2**20
_LONGEST = 100
_LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One test of a port or access point, as a row tells it."""

    kind: str
    name: str
    ward: str
    bed_space: str
    result: str
    tested_on: date
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a table holds: its rows are the points and the problems together."""

    points: tuple[Point, ...]
    problems: tuple[str, ...]


def read_survey(content: bytes, name: str, *, today: date) -> Survey:
    """
    Return what a table tells.

    Raises:
        SenderError: it is not UTF-8, is empty, or lacks a column.
        OperatorError: it is too large.

    """
    if len(content) > MAX_BYTES:
        raise FileTooLargeError(where=name, found=f"{len(content):,} bytes", expected=f"at most {MAX_BYTES:,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EncodingError(where=name, found="other bytes", expected="UTF-8 (in Excel: CSV UTF-8)") from error
    try:
        rows = list(csv.DictReader(io.StringIO(text.replace("\0", ""), newline=""), strict=True, restkey=""))
    except csv.Error as error:
        raise TableError(where=name, found=str(error), expected="a table with commas") from error
    if not rows:
        raise TableError(where=name, found="no rows", expected=f"a table with the columns {', '.join(COLUMNS)}")
    if missing := [one for one in COLUMNS if one not in rows[0]]:
        found = f"no column {missing[0]}"
        raise TableError(where=f"{name}, header", found=found, expected=", ".join(COLUMNS))
    if len(rows) > MAX_ROWS:
        raise FileTooLargeError(where=name, found=f"{len(rows):,} rows", expected=f"at most {MAX_ROWS:,}")
    points, problems = list[Point](), list[str]()
    for number, row in enumerate(rows, 2):
        try:
            points.append(read_point(row, today=today))
        except TableError as error:
            problems.append(f"row {number}, {error.where}: found {error.found}; expected {error.expected}")
    return Survey(points=tuple(points), problems=tuple(problems))


def read_point(row: Mapping[str, str | None], *, today: date) -> Point:
    """Return the test that a row tells; raises TableError with its column."""
    said = {key: " ".join((row.get(key) or "").split()) for key in (*COLUMNS, OPTIONAL)}
    for key in ("ward", "name"):
        if not said[key]:
            raise TableError(where=key, found="nothing", expected="a name")
    for key in ("ward", "bed_space", "name"):
        if len(said[key]) > _LONGEST:
            raise TableError(where=key, found=f"{len(said[key]):,} characters", expected=f"at most {_LONGEST}")
    for key, known in (("kind", KINDS), ("result", RESULTS)):
        said[key] = said[key].lower()
        if said[key] not in known:
            raise TableError(where=key, found=said[key] or "nothing", expected=", ".join(known))
    if len(said[OPTIONAL]) > _LONGEST_NOTE:
        raise TableError(where=OPTIONAL, found="a longer note", expected=f"at most {_LONGEST_NOTE} characters")
    return Point(
        kind=said["kind"],
        name=said["name"],
        ward=said["ward"],
        bed_space=said["bed_space"],
        result=said["result"],
        tested_on=_day(said["tested_on"], today),
        note=said[OPTIONAL],
    )


def _day(text: str, today: date) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise TableError(where="tested_on", found=text or "nothing", expected="a day such as 2026-11-29") from None
    if found > today:
        raise TableError(where="tested_on", found=text, expected="a day that has been")
    return found
