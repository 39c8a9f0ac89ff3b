"""
Everything that is asked of a lake on one engine: by a test here, and by a process of its own where Spark answers.

    OPENINFUSION_ENGINE=spark://... python lake_answers.py LAKE LIBRARY FOLDER

writes each answer as a Parquet file.
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from openinfusion.adapters.open_library import open_library
from openinfusion.lake.engine import Engine, Table, engine_from
from openinfusion.lake.questions import QUESTIONS, Question
from openinfusion.lake.replay import replay_lake, verdicts
from openinfusion.lake.store import Lake
from openinfusion.lake.tables import Tables

RELEASED = datetime(2026, 3, 1, tzinfo=UTC)
LIBRARY = "Example trust library (not for clinical use)"


def registers(engine: Engine) -> dict[str, Table]:
    """What a trust adds to its logs: its pumps, releases, high-alert drugs and the weeks asked about."""
    trust: dict[str, Any] = {"organisation": ["example-trust"] * 2}
    times = {"in_service_from": [RELEASED] * 2, "in_service_to": pl.Series([None] * 2, dtype=pl.Datetime("us", "UTC"))}
    tables: dict[str, dict[str, Any]] = {
        "pumps": {**trust, "pump": ["SP-0001", "SP-0002"], "model": ["Syringe 9"] * 2, **times},
        "releases": {**trust, "library_name": [LIBRARY] * 2, "library_version": ["1.0.0", "1.1.0"]}
        | {"released_at": [RELEASED, datetime(2026, 4, 1, tzinfo=UTC)]},
        "drugs": {**trust, "drug": ["morphine", "noradrenaline"], "high_alert": [True, True]},
        "weeks": {"week": [date(2026, 3, 30), date(2026, 4, 6)]},
    }
    return {name: engine.table(pl.DataFrame(columns)) for name, columns in tables.items()}


def ways(question: Question) -> Iterator[tuple[str, ...]]:
    """Whole, by each dimension, and by all that it has at once."""
    yield ()
    for dimension in question.dimensions:
        yield (dimension,)
    yield question.dimensions


def answers(lake: Lake, library_file: Path, engine: Engine, *, each_way: bool) -> dict[str, pl.DataFrame]:
    """Return every answer under its name: the questions, parted in every way or in the finest, and the replay."""
    tables = Tables(events=lake.events(engine), **registers(engine))
    made = {
        "-by-".join((question.id, *by)): engine.collect(question.ask(tables, by))
        for question in QUESTIONS.values()
        for by in (ways(question) if each_way else [question.dimensions])
    }
    library = open_library(library_file, None).library
    replayed = replay_lake(tables.events, lake.shapes(), [library], engine=engine, by=["pump"])
    found = verdicts(tables.events, lake.shapes(), library, engine=engine)
    rows = [(group.entry, group.mode, group.number, repr(group.answers), *group.by) for group in replayed.groups]
    made["replay"] = pl.DataFrame(rows, ["entry", "mode", "number", "answers", "pump"], orient="row")
    made["verdicts"] = pl.DataFrame([(key, repr(said)) for key, said in found.items()], ["id", "said"], orient="row")
    return {name: answer.sort(answer.columns) for name, answer in made.items()}


def main(lake: str, library: str, folder: str) -> None:
    with engine_from(os.environ["OPENINFUSION_ENGINE"]) as engine:
        for name, answer in answers(Lake.open(lake), Path(library), engine, each_way=False).items():
            answer.write_parquet(Path(folder, f"{name}.parquet"))


if __name__ == "__main__":
    main(*sys.argv[1:])
