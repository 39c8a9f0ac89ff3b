"""Answers that are kept are those that the questions give, and the records behind a figure add up to it."""

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl
import pytest

from openinfusion.core.errors import OperatorError
from openinfusion.lake import kept
from openinfusion.lake.answers import Answers
from openinfusion.lake.behind import DETAIL, behind, parting
from openinfusion.lake.calendar import Month
from openinfusion.lake.charted import CHARTED
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.ingest import Settings, ingest
from openinfusion.lake.month import Source
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.registers import Registers
from openinfusion.lake.store import Lake
from openinfusion.lake.tables import Tables
from tests.month_log import OTHER, TRUST, Log, counted_by_hand, march, write_log

MARCH = Month.read("2026-03")
DRILLED = [name for name in QUESTIONS if parting(name)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    folder = tmp_path_factory.mktemp("kept")
    file = write_log(folder / "a.jsonl", counted_by_hand())
    assert all(one.is_whole for one in ingest(folder / "lake", [file], Settings(workers=0), acknowledge=_quietly))
    return Lake.open(folder / "lake")


def _quietly(*_: object) -> None:
    """Say nothing."""


def answers(lake: Lake, shelf: kept.Shelf | None = None, only: Mapping[str, str] | None = None) -> Answers:
    source = Source(
        lake=lake, engine=PolarsEngine(), registers=Registers(), organisation=TRUST, shelf=shelf, only=only or {}
    )
    return source.with_releases(MARCH, MARCH).answers(MARCH, MARCH)


@pytest.mark.parametrize("name", DRILLED)
def test_the_records_behind_a_figure_add_up_to_it(lake, name):
    """Numerator and denominator of the whole month are the sums over its records; each record is there once."""
    asked = answers(lake)
    rows = behind(asked, name)
    keys = list(QUESTIONS[name].keys)
    for whole in asked.rows(name):
        mine = rows
        for key in keys:
            mine = mine.filter(pl.col(key).eq_missing(whole[key]))
        assert int(mine["numerator"].sum()) == whole["numerator"], whole
        if name not in {"times-the-limit", "alarm-kinds"}:
            # These two share their denominator among the rows of one group.
            assert int(mine["denominator"].sum()) == whole["denominator"], whole
    assert {"episode", "patient", "user"}.isdisjoint(rows.columns)
    assert set(DETAIL) <= set(rows.columns)


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_kept_is_what_was_answered(lake, tmp_path, name):
    """Asked a second time, with the lake out of reach, the answer is the same to the last digit."""
    shelf = kept.Shelf(tmp_path, TRUST)
    by = next(((one,) for one in ("care_area", "model") if one in QUESTIONS[name].dimensions), ())
    first, plain = answers(lake, shelf=shelf), answers(lake)
    assert _sorted(first.rows(name, *by)) == _sorted(plain.rows(name, *by))

    def unreachable() -> Tables:
        raise AssertionError("the lake was opened again")

    assert isinstance(first, kept.KeptAnswers)
    again = kept.KeptAnswers(PolarsEngine(), unreachable, shelf=shelf, stretch=first.stretch, released=first.released)
    assert _sorted(again.rows(name, *by)) == _sorted(plain.rows(name, *by))


def _sorted(rows):
    return sorted(map(str, rows))


def test_a_filter_picks_the_part_that_the_question_names(lake, tmp_path):
    """What is picked is a row of the answer that is parted; never a sum."""
    shelf = kept.Shelf(tmp_path, TRUST)
    picked = answers(lake, shelf=shelf, only={"drug": "morphine"})
    parted = {row["drug"]: row for row in answers(lake).rows("alerts-per-100", "drug")}
    found = picked.one("alerts-per-100")
    assert found is not None
    assert (found["numerator"], found["denominator"]) == (3, 8)
    assert found["value"] == parted["morphine"]["value"]
    assert picked.rows("alerts-per-100", "drug") == [parted["morphine"]]
    assert picked.rows("drug-not-found") == []
    assert answers(lake, shelf=shelf, only={"drug": "nothing"}).one("alerts-per-100") is None


def test_answers_beside_other_releases_are_kept_apart(tmp_path):
    """
    Seen in March alone, 1.0.0 came after 2.0.0, which it did not: what months releases were seen in is part of the key.

    By hand: of the four infusions of March one ran on 2.0.0 after 1.0.0 seemed to be newer; two ran on 1.0.0.
    """
    log = Log()
    on = [(datetime(2026, 2, 1, tzinfo=UTC), "1.0.0"), (datetime(2026, 2, 10, tzinfo=UTC), "2.0.0")]
    on += [(march(1), "2.0.0"), (march(5), "1.0.0"), (march(6), "1.0.0"), (march(7), "2.0.0")]
    for number, (at, version) in enumerate(on):
        log.add("started", at, infusion=f"i{number}", with_library=True, library={"name": "A", "version": version})
    file = write_log(tmp_path / "a.jsonl", log.records)
    assert all(one.is_whole for one in ingest(tmp_path / "lake", [file], Settings(workers=0), acknowledge=_quietly))
    source = Source(
        lake=Lake.open(tmp_path / "lake"),
        engine=PolarsEngine(),
        registers=Registers(),
        organisation=TRUST,
        shelf=kept.Shelf(tmp_path, TRUST),
    )
    told = {}
    for first in (MARCH, MARCH.back(1)):
        row = source.with_releases(first, MARCH).answers(MARCH, MARCH).one("outdated-infusions")
        assert row is not None
        told[first] = row["numerator"], row["denominator"]
    assert told == {MARCH: (1, 4), MARCH.back(1): (2, 4)}


def test_an_unknown_way_of_parting_is_refused(lake, tmp_path):
    """As without a shelf: the question says by what it can be parted."""
    with pytest.raises(OperatorError):
        answers(lake, shelf=kept.Shelf(tmp_path, TRUST)).rows("alerts-per-100", "pump")


def test_the_name_of_an_organisation_is_no_path(tmp_path):
    """A name from a log may be anything; what is kept stays in its folder."""
    for name in ("../../etc", "a/b", OTHER, ""):
        assert kept.Shelf(tmp_path, name).folder.parent == tmp_path


def test_every_chart_names_a_question_and_a_row_of_it():
    """A chart is a question by week; where it has rows, the chart says which."""
    for one in CHARTED.values():
        asked = QUESTIONS[one.question]
        assert "week" in asked.dimensions
        assert {key for key, _ in one.keys} == set(asked.keys)
