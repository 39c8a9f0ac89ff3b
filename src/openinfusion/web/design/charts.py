"""One chart of a page: what Vega-Lite draws in the browser, said in words, with the table that says the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openinfusion.adapters.report.charts import described
from openinfusion.adapters.report.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """
    What the macro ``chart`` of design/charts.jinja takes.

    Attributes:
        title: what stands above it.
        description: what it shows, in a sentence, for those who do not see it.
        spec: what is drawn, in the words of Vega-Lite.
        table: the same in text; it is there for everybody, whether or not a script runs.
        note: where it comes from: how many, from when to when.

    """

    title: str
    description: str
    spec: Mapping[str, Any]
    table: Table
    note: str = ""


def figure(chart: Any, description: str, table: Table, *, note: str = "") -> Figure:  # noqa: ANN401 - any Altair chart, or a description
    """Return a chart as a figure, as wide as there is room; the table's title is its own."""
    spec = {**described(chart), "width": "container"}
    return Figure(title=table.title, description=description, spec=spec, table=table, note=note)
