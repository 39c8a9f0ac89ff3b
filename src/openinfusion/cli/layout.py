"""
Lay text out in the room there is: words wrap; a number with its unit, and a time, never do.

A table whose columns do not fit is shown as records, a name and a value on each line, because a number that is cut in
two is two other numbers.
"""

import re
from collections.abc import Sequence

from rich.box import Box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

# A number with the word or the zone after it, such as "0.5 micrograms/kg/min" or "08:03:30 +01:00"; else one word.
_PIECE = re.compile(r"(?:[^\w\s]{0,3}\d\S*(?: (?:[^\W\d]\S*|[+-]\d\d:\d\d))?|\S+)\s*")
_NUMBER = re.compile(r"[^\w\s]{0,3}\d")
_LONGEST_NUMBER = 48
_LONGEST_WORD = 32
_Rows = Sequence[Sequence[Text]]


def wrapped(text: Text, width: int) -> Text:
    """Return a text with its lines broken between pieces; a piece longer than a line stays whole."""
    parts = [part for line in text.split(allow_blank=True) for part in line.divide(_breaks(line.plain, width))]
    for part in parts:
        part.rstrip_end(width)
    return Text("\n").join(parts)


def _breaks(line: str, width: int) -> list[int]:
    """Return where a line is broken so that every part fits."""
    breaks, begun = [], 0
    for piece in _PIECE.finditer(line):
        is_first = not line[begun : piece.start()].strip()
        if not is_first and cell_len(line[begun : piece.end()].rstrip()) > width:
            begun = piece.start()
            breaks.append(begun)
    return breaks


def laid_out(header: Sequence[str], rows: _Rows, *, width: int, right: Sequence[int], frame: Box | None) -> Table:
    """Return rows as a table no wider than ``width``, or as records where the columns do not fit."""
    heads = [Text(name) for name in header]
    widths = _widths([heads, *rows], _room(width, len(heads), frame))
    if widths is not None:
        return _table(heads, rows, widths, right=right, frame=frame)
    records = [[(head, cell) for head, cell in zip(heads, row, strict=True) if cell.plain] for row in rows]
    room = _room(width, 2, frame)
    widths = _widths([pair for record in records for pair in record], room) or [room // 3, max(room - room // 3, 1)]
    made = _table([], [], widths, right=(), frame=frame)
    for record in records:
        if made.row_count:
            made.add_section() if frame is not None else made.add_row()
        for pair in record:
            made.add_row(*(wrapped(cell, width) for cell, width in zip(pair, widths, strict=True)))
    return made


def _room(width: int, columns: int, frame: Box | None) -> int:
    """Return what a width leaves for the cells."""
    return width - (3 * columns + 1 if frame is not None else 2 * (columns - 1))


def _table(
    heads: Sequence[Text], rows: _Rows, widths: Sequence[int], *, right: Sequence[int], frame: Box | None
) -> Table:
    made = Table(box=frame, pad_edge=frame is not None, show_header=bool(heads))
    for number, width in enumerate(widths):
        head = wrapped(heads[number], width) if heads else ""
        made.add_column(head, justify="right" if number in right else "left", overflow="fold", width=width)
    for row in rows:
        made.add_row(*(wrapped(cell, width) for cell, width in zip(row, widths, strict=True)))
    return made


def _widths(rows: _Rows, room: int) -> list[int] | None:
    """Return how wide each column is made, the widest cut first; ``None`` where they do not fit."""
    columns = list(zip(*rows, strict=True))
    needed = [max(_needed(cell.plain) for cell in cells) for cells in columns]
    wanted = [max(cell_len(line) for cell in cells for line in cell.plain.split("\n")) for cells in columns]
    for most in range(room, 0, -1):
        widths = [max(least, min(most, full)) for least, full in zip(needed, wanted, strict=True)]
        if sum(widths) <= room:
            return widths
    return None


def _needed(text: str) -> int:
    """Return the width in which no number of a text is broken, and no usual word."""
    lengths = [0]
    for piece in _PIECE.findall(text):
        length = cell_len(piece.rstrip())
        is_number = _NUMBER.match(piece) is not None and length <= _LONGEST_NUMBER
        lengths.append(length if is_number else min(length, _LONGEST_WORD))
    return max(lengths)
