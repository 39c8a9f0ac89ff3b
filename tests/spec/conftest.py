"""The engines that must all obey the tables; a second one is one more line here."""

from collections.abc import Callable, Sequence

import polars as pl
import pytest

from openinfusion.adapters.events.columns import to_table
from openinfusion.core.dosing import check
from openinfusion.core.library import Library
from openinfusion.core.programme import Programme, Verdict
from openinfusion.core.units import Quantity
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.programmes import programme_columns, to_columns
from openinfusion.lake.replay import verdicts

Case = tuple[Programme, Quantity | None]
Engine = Callable[[Library, Sequence[Case]], list[Verdict]]


def one_by_one(library: Library, cases: Sequence[Case]) -> list[Verdict]:
    return [check(programme, library, rate_resolution=step) for programme, step in cases]


def in_the_lake(library: Library, cases: Sequence[Case]) -> list[Verdict]:
    """Every programme as an event of a lake, judged all together as far as whole numbers go."""
    rows = [
        {"event_id": str(n), "kind": "programmed", **to_columns(programme)} for n, (programme, _) in enumerate(cases)
    ]
    events, shapes = programme_columns(to_table(rows))
    lake = PolarsEngine()
    made: dict[str, Verdict] = {}
    for step in {step for _, step in cases}:
        wanted = [str(n) for n, (_, asked) in enumerate(cases) if asked == step]
        chosen = lake.table(events.filter(pl.col("event_id").is_in(wanted)))
        made |= verdicts(chosen, shapes, library, engine=lake, rate_resolution=step)
    return [made[str(n)] for n in range(len(cases))]


ENGINES: dict[str, Engine] = {"core": one_by_one, "lake": in_the_lake}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """A dose-limit engine: it takes a library and many programmes and returns one verdict for each, in order."""
    return ENGINES[request.param]
