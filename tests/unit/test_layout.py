"""Tables and texts in the room there is: a number with its unit, and a time, are never broken."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich import box
from rich.console import Console
from rich.text import Text

from openinfusion.cli.console import table
from openinfusion.cli.layout import laid_out, wrapped

WHOLE = ("595,318.882 units", "0.5 micrograms/kg/min", "08:03:30 +01:00", "30-Mar-2026", "400 mg", "250 mL")
HEADER = ("medicine", "when", "given", "what the pump was told to do")
ROW = ("noradrenaline", "30-Mar-2026 08:03:30 +01:00", "595,318.882 units", "0.5 micrograms/kg/min of 400 mg in 250 mL")


def drawn(width: int, rows: list[tuple[str, ...]], *, frame: box.Box | None = None) -> list[str]:
    """The lines of a table as a reader sees them."""
    made = laid_out(HEADER, [[Text(cell) for cell in row] for row in rows], width=width, right=(2,), frame=frame)
    out = Console(file=io.StringIO(), width=width, color_system=None)
    out.print(made)
    text: str = out.file.getvalue()  # type: ignore[attr-defined]
    return [line.rstrip() for line in text.splitlines()]


@pytest.mark.parametrize("frame", [None, box.ROUNDED])
@pytest.mark.parametrize("width", [40, 60, 79, 80, 90, 100, 120, 180])
def test_a_number_with_its_unit_and_a_time_stay_whole_at_every_width(width, frame):
    """A number that is cut in two is two other numbers: words wrap, or the table becomes records."""
    lines = drawn(width, [ROW, ROW], frame=frame)
    assert max(map(len, lines)) <= width
    for words in WHOLE:
        assert sum(line.count(words) for line in lines) == 2, words


def test_a_table_that_fits_has_one_line_a_row_and_one_that_does_not_is_records():
    """Each value of a record beside its name; what is empty is left out."""
    assert len(drawn(180, [ROW, ROW])) == 3
    first, *rest = drawn(60, [ROW, ("saline", "", "", "")])
    assert re.fullmatch(r"medicine +noradrenaline", first)
    assert [line.split() for line in rest[-2:]] == [[], ["medicine", "saline"]]


def test_a_long_word_is_folded_where_nothing_else_helps():
    """Such as a path or a hash: a table of it stays a table."""
    lines = drawn(120, [("x" * 200, "a", "b", "c")])
    assert max(map(len, lines)) <= 120
    assert "".join(lines).count("x") == 200
    assert lines[0].split()[:3] == ["medicine", "when", "given"]


@given(st.text(alphabet="a1 .\n", max_size=60), st.integers(min_value=1, max_value=30))
def test_wrapping_loses_and_adds_nothing_but_blanks(text, width):
    assert wrapped(Text(text), width).plain.split() == text.split()


@pytest.mark.parametrize("told, expected", [("80", 80), ("", 180), ("wide", 180), ("0", 180)])
def test_a_pipe_is_as_wide_as_columns_says(monkeypatch, capsys, told, expected):
    """A pipe has no width of its own, so a row stays on one line unless the reader asks for less."""
    monkeypatch.setenv("COLUMNS", told)
    rows = [("word " * 60,)]
    Console(width=500).print(table("", ("x",), rows))
    longest = max(len(line.rstrip()) for line in capsys.readouterr().out.splitlines())
    assert expected - 5 <= longest <= expected
