"""What holds for the named questions whatever the events are; each runs nothing until it is collected."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinfusion.core.errors import OperatorError
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.questions import ANSWER, QUESTIONS
from openinfusion.lake.tables import Tables
from tests.spec.questions.worked import DRUGS, EVENTS, PUMPS, RELEASES, make_tables

Row = dict[str, Any]
START = datetime(2026, 1, 1, tzinfo=UTC)
# Each example asks a question of an engine several times; a thorough run still tries many.
EXAMPLES = settings().max_examples
FEW = settings(max_examples=EXAMPLES // 5)
FEWER = settings(max_examples=max(EXAMPLES // 25, 1))
# Their counts do not add up over parts: they rank, pair or deduplicate.
NOT_ADDITIVE = {"alert-concentration", "alert-sources", "mixed-versions"}
ADDITIVE = sorted(name for name, q in QUESTIONS.items() if "drug" in q.dimensions and name not in NOT_ADDITIVE)
# Alarms may last longer than the infusions that happen to be known; one may be cleared whose start is not in the log.
SHARES = [name for name, q in QUESTIONS.items() if q.unit == "share" and name != "time-in-alarm"]
UNCOVERED = {"long-alarms"}
_LIMITS = ("hard_min", "soft_min", "soft_max", "hard_max")

_KINDS = (
    *("started", "alert_raised", "alert_raised", "alert_answered", "alarm_raised", "alarm_cleared", "stopped"),
    *("rate_changed", "drug_not_found", "library_activated", "log_gap"),
)


@st.composite
def logs(draw: st.DrawFn, organisation: str = "trust") -> list[Row]:
    """A log of a few pumps on which anything happens, in any order, much of it unknown."""
    rows = draw(st.lists(st.fixed_dictionaries(_FIELDS), max_size=25))
    raised = [n for n, row in enumerate(rows) if row["kind"] == "alert_raised"]
    for n, row in enumerate(rows):
        row |= {"organisation": organisation, "event_id": f"e{n}"}
        if row["kind"] == "alert_answered":
            row["about"] = f"e{draw(st.sampled_from(raised or [n]))}"
    return rows


_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(_KINDS),
    "moment": st.integers(0, 2000).map(lambda n: START + timedelta(minutes=7 * n)),
    "pump": st.sampled_from(("P1", "P2", "P3")),
    "infusion": st.sampled_from(("i1", "i2", "i3")),
    "drug": st.sampled_from(("KCl", "abc", None)),
    "care_area": st.sampled_from(("ICU", "ward", None)),
    "category": st.sampled_from(("medicine", "fluid", None)),
    "entry": st.sampled_from(("e1", "e2", None)),
    "library_name": st.just("adult"),
    "library_version": st.sampled_from(("1", "2", "3", None)),
    "with_library": st.booleans(),
    "alert_limit": st.sampled_from(_LIMITS),
    "ratio_thousandths": st.sampled_from((1001, 1500, 2000, 9999, 10_000, None)),
    "response": st.sampled_from(("overridden", "reprogrammed", "cancelled", "unknown")),
    "milliseconds": st.sampled_from((100, 2000, 2001, 300_000, None)),
    "episode": st.sampled_from(("a", "b", None)),
    "alarm": st.sampled_from(("air", "door")),
    "search": st.sampled_from(("keta", "mes")),
    "ran_seconds": st.sampled_from((60, 7200, None)),
    "first_lost": st.just(3),
    "last_lost": st.integers(3, 9),
}


def tables(rows: list[Row]) -> Tables:
    """Tables with every register."""
    return make_tables(
        PolarsEngine(),
        pl.DataFrame(rows, schema=dict(EVENTS), orient="row") if rows else pl.DataFrame(schema=dict(EVENTS)),
        pumps=pl.DataFrame([{"organisation": "trust", "pump": "P1", "in_service_from": START}], schema=dict(PUMPS)),
        releases=pl.DataFrame(
            [
                {
                    "organisation": "trust",
                    "library_name": "adult",
                    "library_version": str(n),
                    "released_at": START + timedelta(days=3 * n),
                }
                for n in (1, 2)
            ],
            schema=dict(RELEASES),
        ),
        drugs=pl.DataFrame([{"organisation": "trust", "drug": "KCl", "high_alert": True}], schema=dict(DRUGS)),
    )


def ask(name: str, rows: list[Row], *by: str) -> list[Row]:
    """The rows of an answer, in one order; how the last bit of a quotient is rounded is the engine's affair."""
    answer = PolarsEngine().collect(QUESTIONS[name].ask(tables(rows), by)).with_columns(pl.selectors.float().round(12))
    return sorted(answer.to_dicts(), key=lambda row: [str(value) for value in row.values()])


def whole_of(rows: list[Row], *names: str) -> dict[str, int]:
    """The sum of counts over rows."""
    return {name: sum(row[name] for row in rows) for name in names}


class _Unreleased(Tables):
    """Tables of which nobody may ask what was released."""

    def __getattribute__(self, name: str) -> object:
        if name == "releases":
            raise LookupError(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_says_whether_it_rests_on_releases(name):
    """What is kept of an answer is kept for the releases that it was given beside, where it rests on them."""
    watched = _Unreleased(events=PolarsEngine().table(pl.DataFrame(schema=dict(EVENTS))))
    if QUESTIONS[name].by_release:
        with pytest.raises(LookupError):
            QUESTIONS[name].ask(watched)
    else:
        QUESTIONS[name].ask(watched)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_runs_nothing(name: str):
    """A table that cannot be read is asked everything, and nobody notices."""

    def never(frame: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("a question ran")

    question = QUESTIONS[name]
    unread = pl.LazyFrame(schema=dict(EVENTS)).map_batches(never, schema=dict(EVENTS))
    lazy = nw.from_native(unread)
    answer = question.ask(Tables(events=lazy), question.dimensions)

    assert isinstance(answer, nw.LazyFrame)
    with pytest.raises(AssertionError, match="a question ran"):
        answer.collect()


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_has_the_columns_that_it_promises(name: str):
    question = QUESTIONS[name]
    for by in ((), question.dimensions[:1], question.dimensions):
        lazy = question.ask(tables([]), by)
        promised = [*dict.fromkeys((*by, *question.keys)), *ANSWER, *question.also]
        assert lazy.collect_schema().names() == promised
        assert PolarsEngine().collect(lazy).columns == promised


@pytest.mark.parametrize("name", QUESTIONS)
def test_nothing_is_not_zero(name: str):
    """Without any event no question has a value: whatever has no denominator is not known."""
    for row in ask(name, []):
        assert row["denominator"] == 0
        assert row["value"] is None


@pytest.mark.parametrize(
    ("name", "by"), [("override-rate", ("pump",)), ("update-times", ("drug",)), ("alert-rate", ("drug", "drug"))]
)
def test_a_dimension_that_a_question_does_not_have_is_refused(name: str, by: tuple[str, ...]):
    with pytest.raises(OperatorError, match=f"--by of {name}"):
        QUESTIONS[name].ask(tables([]), by)


@FEW
@given(logs())
def test_outcomes_add_up_to_the_alerts(rows: list[Row]):
    """The four counts of a group add up to its denominator, so that the shares add up to exactly one."""
    groups: dict[Any, list[Row]] = {}
    for row in ask("alert-outcomes", rows, "drug", "week"):
        groups.setdefault((row["drug"], row["week"]), []).append(row)

    for group in groups.values():
        assert [whole_of(group, "numerator")["numerator"]] * 4 == [row["denominator"] for row in group]
    assert whole_of(ask("alert-outcomes", rows), "numerator")["numerator"] == sum(
        r["kind"] == "alert_raised" for r in rows
    )


@pytest.mark.parametrize("name", SHARES)
@FEWER
@given(rows=logs())
def test_a_share_is_never_more_than_one(name: str, rows: list[Row]):
    """What is counted above stands also below; so does what is covered, and what is unmapped."""
    for row in ask(name, rows, "drug" if "drug" in QUESTIONS[name].dimensions else "organisation"):
        assert 0 <= row["numerator"] <= row["denominator"]
        assert 0 <= row["unmapped"] <= row["unmapped_of"]
        assert name in UNCOVERED or 0 <= row["covered"] <= row["coverage_of"]


@pytest.mark.parametrize("name", ADDITIVE)
@FEWER
@given(rows=logs())
def test_totals_by_drug_and_week_add_up_to_the_whole(name: str, rows: list[Row]):
    numbers = ("numerator",) if QUESTIONS[name].keys else ("numerator", "denominator", "covered", "unmapped")
    whole = whole_of(ask(name, rows), *numbers)

    assert whole_of(ask(name, rows, "drug"), *numbers) == whole
    assert whole_of(ask(name, rows, "week", "care_area"), *numbers) == whole


@pytest.mark.parametrize("name", QUESTIONS)
@FEWER
@given(rows=logs(), data=st.data())
def test_the_order_of_events_never_matters(name: str, rows: list[Row], data: st.DataObject):
    assert ask(name, data.draw(st.permutations(rows))) == ask(name, rows)


@pytest.mark.parametrize("name", [name for name, q in QUESTIONS.items() if "organisation" in q.dimensions])
@FEWER
@given(rows=logs(), others=logs(organisation="other"))
def test_another_organisation_changes_nothing_here(name: str, rows: list[Row], others: list[Row]):
    """The same ids of events, pumps, infusions and episodes elsewhere are others."""
    if name == "log-coverage":
        # What is in service depends on the period that all events span: keep it the same.
        others = [{**row, "moment": rows[0]["moment"]} for row in others] if rows else []
    mine: Callable[[list[Row]], list[Row]] = lambda answer: [row for row in answer if row["organisation"] == "trust"]  # noqa: E731

    assert mine(ask(name, rows + others, "organisation")) == mine(ask(name, rows, "organisation"))
