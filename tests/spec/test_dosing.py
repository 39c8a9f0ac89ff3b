"""Every engine obeys every row of the dosing tables."""

import pytest

from tests.spec.conftest import Engine
from tests.spec.dosing import SPECIFICATIONS
from tests.spec.tables import (
    Specification,
    Table,
    answer_of,
    expected_of,
    library_of,
    programme_of,
    pump_step,
    read_table,
)

TABLES = [
    pytest.param(
        specification,
        table,
        id=f"{specification.title}: {table.rule}",
        marks=[pytest.mark.hazard(hazard) for hazard in specification.hazards],
    )
    for specification in SPECIFICATIONS
    for table in specification.tables
]


@pytest.mark.parametrize("specification, table", TABLES)
def test_the_engine_obeys_the_table(engine: Engine, specification: Specification, table: Table) -> None:
    """Decision, findings and derived values are those that the table says, row by row."""
    rows = [{**table.given, **row} for row in read_table(table.cases)]
    verdicts = engine(library_of(specification), [(programme_of(row), pump_step(row)) for row in rows])
    answers = [answer_of(verdict, expected_of(row)) for row, verdict in zip(rows, verdicts, strict=True)]
    wrong = [(row, answer) for row, answer in zip(rows, answers, strict=True) if answer != expected_of(row)]
    assert not wrong


def test_every_row_states_a_decision() -> None:
    """A row without an expectation would prove nothing."""
    rows = [
        row for specification in SPECIFICATIONS for table in specification.tables for row in read_table(table.cases)
    ]
    assert len(rows) > 150
    assert all(row["decision"] in ("accept", "confirm", "refuse", "not checked") for row in rows)
