"""`openinfusion ask`: one named question, asked of a lake."""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from openinfusion.adapters.documents import refuse_to_overwrite
from openinfusion.cli.console import say, say_json, table, write_text
from openinfusion.core.errors import OperatorError
from openinfusion.lake.answers import NOT_KNOWN, exact, show_value
from openinfusion.lake.calendar import Month
from openinfusion.lake.drug_list import read_drugs
from openinfusion.lake.engine import VARIABLE, Engine, engine_from
from openinfusion.lake.questions import ANSWER, QUESTIONS, Question
from openinfusion.lake.registers import read_pumps, read_releases
from openinfusion.lake.store import Lake
from openinfusion.lake.tables import Tables


def ask_question(
    question: Annotated[str | None, typer.Argument(help="the question; --list names them all")] = None,
    lake: Annotated[Path | None, typer.Argument(help="the folder of the lake")] = None,
    *,
    by: Annotated[list[str] | None, typer.Option(help="part the answer, such as by drug; may be repeated")] = None,
    organisation: Annotated[str | None, typer.Option(help="ask of one organisation alone")] = None,
    month: Annotated[list[str] | None, typer.Option(help="ask of this month (UTC) alone; may be repeated")] = None,
    register: Annotated[Path | None, typer.Option(help="pumps in service (.csv)")] = None,
    releases: Annotated[Path | None, typer.Option(help="libraries released (.csv)")] = None,
    drugs: Annotated[Path | None, typer.Option(help="which drugs are high-alert (.csv)")] = None,
    csv: Annotated[Path | None, typer.Option(help="write the answer to this file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="name every question and stop")] = False,
) -> None:
    """
    Ask a lake one of the named questions; each answer carries its counts, coverage and unmapped share.

    Example: openinfusion ask override-rate LAKE --by care_area --by week
    """
    if list_all:
        _list_questions(as_json=as_json)
        return
    refuse_to_overwrite(csv, register, releases, drugs)
    asked = _question(question)
    opened = Lake.open(_lake(lake))
    with engine_from(os.environ.get(VARIABLE)) as engine:
        events = opened.events(
            engine, organisation=organisation, months=[str(Month.read(m)) for m in month or ()] or None
        )
        tables = Tables(
            events=events,
            pumps=engine.table(read_pumps(register)) if register else None,
            releases=engine.table(read_releases(releases)) if releases else None,
            drugs=engine.table(read_drugs(drugs)) if drugs else None,
        )
        answer = _answer(engine, asked, tables, by=tuple(by or ()))
    if csv is not None:
        write_text(csv, answer.write_csv())
    if as_json:
        say_json({"question": _described(asked), "by": by or [], "rows": [_plain(row) for row in answer.to_dicts()]})
    elif csv is None:
        _show(asked, answer)
        if opened.purpose != "clinical":
            say("Not for clinical use.")


def _answer(engine: Engine, question: Question, tables: Tables, *, by: tuple[str, ...]) -> pl.DataFrame:
    """Return the rows in the order of their dimensions, what is not known last."""
    answer = engine.collect(question.ask(tables, by))
    keys = [name for name in answer.columns if name not in (*ANSWER, *question.also)]
    return answer.sort(keys, nulls_last=True) if keys else answer


def _question(name: str | None) -> Question:
    if name is None or name not in QUESTIONS:
        found = "nothing" if name is None else repr(name)
        raise OperatorError(where="QUESTION", found=found, expected="the name of a question; --list has them all")
    return QUESTIONS[name]


def _lake(path: Path | None) -> Path:
    if path is None:
        raise OperatorError(where="LAKE", found="nothing", expected="the folder of a lake")
    return path


def _list_questions(*, as_json: bool) -> None:
    if as_json:
        say_json([_described(question) for question in QUESTIONS.values()])
        return
    rows = [(question.id, question.title, question.unit) for question in QUESTIONS.values()]
    say(table("Questions", ("question", "title", "value"), rows))


def _described(question: Question) -> dict[str, object]:
    names = ("id", "title", "definition", "numerator", "denominator", "unit", "source", "coverage", "unmapped")
    lists = ("dimensions", "keys", "also", "needs")
    return {name: getattr(question, name) for name in names} | {name: list(getattr(question, name)) for name in lists}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _show(question: Question, answer: pl.DataFrame) -> None:
    """Print the definition, then the rows."""
    say(question.definition, "")
    for name in ("numerator", "denominator", "coverage", "unmapped"):
        say(f"{name}: {getattr(question, name)}")
    say("")
    keys = [name for name in answer.columns if name not in ANSWER]
    header = [*keys, question.unit, "numerator", "denominator", "coverage", "unmapped"]
    rows = [_cells(question, row, keys) for row in answer.to_dicts()]
    say(table(question.title, header, rows, right=range(len(keys), len(header))))


def _cells(question: Question, row: dict[str, Any], keys: Sequence[str]) -> list[str]:
    return [
        *(NOT_KNOWN if row[name] is None else str(row[name]) for name in keys),
        show_value(exact(row, question), question.unit),
        _count(row["numerator"]),
        _count(row["denominator"]),
        _of(row["covered"], row["coverage_of"]),
        _of(row["unmapped"], row["unmapped_of"]),
    ]


def _count(value: int | None) -> str:
    return NOT_KNOWN if value is None else f"{value:,}"


def _of(part: int | None, whole: int | None) -> str:
    return NOT_KNOWN if part is None or whole is None else f"{part:,} of {whole:,}"
