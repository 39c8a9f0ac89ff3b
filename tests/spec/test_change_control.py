"""Every row of the tables of change control, asked of the core."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from openinfusion.core.blind_check import compare_check
from openinfusion.core.change_class import classify, next_version
from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.difference import Change, ChangeKind, Difference
from openinfusion.core.emergency import ratify_by
from openinfusion.core.governance import sign, why_not
from openinfusion.core.roles import Actor, Role
from openinfusion.core.stages import STEPS, Stage
from openinfusion.core.units import Quantity
from tests.change_requests import (
    AUTHOR,
    CHECKER,
    COMMITTEE,
    EVERYTHING,
    GOOD_FACTS,
    LATER,
    WAY,
    draft,
    person,
    record,
    walked,
    with_needs,
)
from tests.spec.change_control import APART, BLIND, CLASSES, RATIFY, SIDEWAYS, USUAL
from tests.spec.tables import Row, Table, read_table

NAMES = {"author": AUTHOR.name, "checker": CHECKER.name, "approver": COMMITTEE.name, "releaser": "releaser"}
HOLIDAYS = frozenset({date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29)})


def rows(*tables: Table) -> list[Row]:
    return [{**table.given, **row} for table in tables for row in read_table(table.cases)]


def somebody(row: Row) -> Actor:
    """The person of a row: by what they were, or new to the change."""
    roles = EVERYTHING if row["holds"] == "every role" else (Role(row["holds"]),)
    return person(NAMES.get(row.get("was", ""), "somebody"), *roles)


def whole(row: Row, request: ChangeRequest) -> ChangeRequest:
    """The request with all that the step needs, and with the signatures of others where it takes several."""
    to = Stage(row["to"])
    step = STEPS.get((request.stage, to))
    if step is None:
        return request
    usual = next((by for stage, by in WAY if stage is to), None)
    request = with_needs(request, to, by=usual or person("scribe", *EVERYTHING), at=LATER)
    if len(step.permissions) > 1:
        first = person("releaser" if row["was"] == "releaser" else "other", *EVERYTHING)
        request = sign(request, to, by=first, at=LATER, record=record(LATER), facts=GOOD_FACTS)
    return request


def check(row: Row, request: ChangeRequest) -> None:
    why = why_not(request, Stage(row["to"]), by=somebody(row), at=LATER, facts=GOOD_FACTS)
    if row["answer"] == "yes":
        assert why is None
    else:
        assert row["answer"] in (why or "allowed")


def title(row: Row) -> str:
    return " ".join(text for name, text in row.items() if name != "answer" and text)


@pytest.mark.hazard("CF-03")
@pytest.mark.parametrize("row", rows(USUAL, APART, SIDEWAYS), ids=title)
def test_a_step_is_allowed_or_refused_as_the_table_says(row: Row) -> None:
    """Whoever is refused reads why, in the words of the table."""
    check(row, whole(row, walked(Stage(row["from"]))))


def changes(kinds: str) -> Difference:
    """A difference with one change of each of these kinds."""
    made = tuple(
        Change(kind=ChangeKind(kind), subject="fentanyl", field="dose.hard_max", entry="fentanyl-icu", after="1 mg")
        for kind in kinds.split(", ")
    )
    return Difference(old_name="a", old_version="1.4.2", new_name="a", new_version="1.4.2", changes=made)


@pytest.mark.hazard("LC-02")
@pytest.mark.parametrize("row", rows(CLASSES), ids=lambda row: row["change"])
def test_a_change_is_classed_and_delegated_as_the_table_says(row: Row) -> None:
    """From the difference alone; the gravest change decides, and the version follows every change."""
    changed = changes(row["change"])
    assert classify(changed).value == row["class"]
    assert next_version("1.4.2", changed) == row["version"]
    request = replace(draft(), changes=changed.changes, values={"fentanyl-icu dose.hard_max": "1 mg"})
    request = walked(Stage(row["from"]), request)
    check(row, with_needs(request, Stage.APPROVED, by=COMMITTEE, at=LATER))


@pytest.mark.hazard("LC-04")
@pytest.mark.parametrize("row", rows(BLIND), ids=lambda row: f"{row['author']} - {row['checker']}")
def test_two_values_are_compared_as_the_table_says(row: Row) -> None:
    found = compare_check({"x": row["author"]}, {"x": row["checker"]})
    told = [(mismatch.kind.value, "yes" if mismatch.blocks else "no") for mismatch in found]
    assert told == ([(row["told"], row["stops"])] if row["told"] else [])


def test_quantities_are_compared_as_their_texts_are_and_blanks_say_nothing() -> None:
    half = Quantity.of("0.5", "mg/h")
    assert compare_check({"x": half}, {"x": "0.50 mg/h"}) == ()
    assert compare_check({"x": " "}, {"x": "", "y": " "}) == ()
    told = str(compare_check({"x": half}, {})[0])
    assert told == "x: not given by the checker (author 0.5 mg/h, checker none)"


@pytest.mark.parametrize("row", rows(RATIFY), ids=lambda row: row["authorised"])
def test_the_last_day_to_ratify_is_as_the_table_says(row: Row) -> None:
    """The names of the days are checked too: a table with a wrong weekday is a wrong table."""
    authorised, last = (datetime.strptime(row[name], "%a %d-%b-%Y").date() for name in ("authorised", "ratify by"))  # noqa: DTZ007 - a day has no zone
    for name, day in (("authorised", authorised), ("ratify by", last)):
        assert day.strftime("%a %d-%b-%Y") == row[name]
    assert ratify_by(authorised, HOLIDAYS) == last
