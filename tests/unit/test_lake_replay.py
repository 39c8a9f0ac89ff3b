"""The replay of a lake: what cannot be judged is counted with its reason, and no row makes it stumble."""

from collections import Counter
from typing import Any

import pytest

from openinfusion.core.candidates import Unchecked
from openinfusion.core.dosing import check
from openinfusion.core.library import Library, Limit, Mode
from openinfusion.core.programme import Parameter, Programme
from openinfusion.core.replay import Result
from openinfusion.core.units import Quantity
from openinfusion.lake.replay import Answer, Group, Replayed, answer_of, replay_lake
from openinfusion.lake.what_if import reasons
from tests.unit.lake_programmes import ENGINE, MORPHINE, NORADRENALINE, Row, lake_of, library, programmed, with_dose

WEIGHT = "70 kg"
UNUSABLE = "is in a unit that this entry cannot use"
SOFT_DOSE = (Parameter.DOSE, Limit.SOFT_MAX)


def replayed(rows: list[dict[str, Any]], *libraries: Library, by: tuple[str, ...] = ()) -> Replayed:
    events, shapes = lake_of(rows)
    return replay_lake(events, shapes, libraries or [library()], engine=ENGINE, by=by)


def only(row: dict[str, Any]) -> Group:
    (group,) = replayed([row]).groups
    assert group.number == 1
    return group


def answer(row: dict[str, Any]) -> Answer:
    return only(row).answers[0]


def test_a_programme_on_its_entry_is_judged_in_whole_numbers() -> None:
    """Inside, above the soft and above the hard maximum; a value on a limit is inside it."""
    doses = ("0.5", "0.5001", "2", "2.0001")
    found = replayed([programmed(dose=f"{dose} ug/kg/min", weight=WEIGHT) for dose in doses])
    assert found.one_by_one == 0
    assert found.results() == Counter({Result.NO_ALERT: 1, Result.SOFT: 2, Result.HARD: 1})


@pytest.mark.parametrize(
    ("dose", "result"), [("0.50000", Result.NO_ALERT), ("0.50001", Result.SOFT), ("2.0000000001", Result.HARD)]
)
def test_a_value_too_fine_for_whole_numbers_is_judged_from_its_text(dose: str, result: Result) -> None:
    """0.00001 above a limit is above it, though the lake keeps four places."""
    found = replayed([programmed(dose=f"{dose} ug/kg/min", weight=WEIGHT)])
    assert found.results() == Counter({result: 1})
    assert found.one_by_one == (dose != "0.50000")


HOSTILE = [
    ({"rate": "5 mL/h"}, Result.NOT_CHECKED, "weight: needed for this programme, and not entered"),
    ({"rate": "5 mL/h", "weight": "70 mL"}, Result.NOT_CHECKED, f"weight: {UNUSABLE}"),
    ({"dose": "0.2 ug/kg/min", "weight": "70 mL"}, Result.NOT_CHECKED, f"weight: {UNUSABLE}"),
    (
        {"dose": "0.2 ug/m2/min", "weight": WEIGHT},
        Result.NOT_CHECKED,
        "body surface area: needed for this programme, and not entered",
    ),
    ({"dose": "0.2 ug/kg", "weight": WEIGHT}, Result.NOT_CHECKED, f"dose: {UNUSABLE}"),
    ({"dose": "0.2 kg", "weight": WEIGHT}, Result.NOT_CHECKED, f"dose: {UNUSABLE}"),
    ({"dose": "0 ug/kg/min", "weight": WEIGHT}, Result.NOT_CHECKED, "dose: must be more than zero"),
    ({"dose": "-1 ug/kg/min", "weight": WEIGHT}, Result.NOT_CHECKED, "dose: must be more than zero"),
    ({"rate": "5 mL/h", "weight": "0 kg"}, Result.NOT_CHECKED, "weight: must be more than zero"),
    ({"rate": "5 mL/h", "weight": "-3 kg"}, Result.NOT_CHECKED, "weight: must be more than zero"),
    ({"dose": "999999999999999999 ug/kg/min", "weight": WEIGHT}, Result.HARD, None),
    ({"dose": "0.000000000000000001 ug/kg/min", "weight": WEIGHT}, Result.NO_ALERT, None),
    ({"rate": "5 mL/h", "weight": "0.000000000000000001 kg"}, Result.HARD, None),
    ({"volume": "999999999999999999 mL", "duration": "1 min", "weight": WEIGHT}, Result.HARD, None),
    ({"rate": "5 mL/h", "weight": "70000 g"}, Result.NO_ALERT, None),
    (
        {"dose": "0.7 ug/kg/min", "rate": "5 mL/h", "weight": WEIGHT},
        Result.NOT_CHECKED,
        "rate: disagrees with the other values entered",
    ),
    (
        {"dose": "5 min", "rate": "7 kg", "volume": "8 min", "weight": "9 mL", "height": "8 min"},
        Result.NOT_CHECKED,
        f"volume: {UNUSABLE}",
    ),
    ({}, Result.NOT_CHECKED, "dose: needed for this programme, and not entered"),
]


@pytest.mark.hazard("LC-01")
@pytest.mark.parametrize(("entered", "result", "reason"), HOSTILE)
def test_a_hostile_row_has_the_verdict_of_the_check(
    entered: dict[str, str], result: Result, reason: str | None
) -> None:
    """Whatever stands in the log, the lake says what ``core.check`` says of that one programme."""
    found = answer(programmed(**entered))
    assert (found.result, found.reason) == (result, reason)
    values = {name: Quantity.of(*text.split(" ", 1)) for name, text in entered.items()}
    programme = Programme(care_area="icu", entry="norad", mode=Mode.CONTINUOUS, **values)
    expected = answer_of(check(programme, library()))
    assert (found.result, found.limits, found.reason) == (expected.result, expected.limits, expected.reason)


NORAD = {"entry": None, "drug": "noradrenaline"}
PER_KG = {"dose": "0.7 ug/kg/min", "weight": WEIGHT}
NOT_RUNNABLE = "a value is none that a pump can run: expected "
WITHOUT_ENTRY = [
    (programmed(None, dose="1 mg/h"), "the log names neither entry nor drug"),
    (programmed(**NORAD, care_area=None, dose="1 mg/h"), Unchecked.CARE_AREA.value),
    (programmed(**NORAD, care_area="nowhere", dose="1 mg/h"), Unchecked.CARE_AREA.value),
    (programmed(**NORAD, care_area="ward", dose="1 mg/h"), Unchecked.NOT_HERE.value),
    (programmed(None, drug="unheard-of", dose="1 mg/h"), Unchecked.DRUG.value),
    (programmed(**NORAD, dose="0.7 ug/kg/min"), Unchecked.WEIGHT.value),
    (programmed(**NORAD, rate="5 mL/h"), Unchecked.STRENGTH_UNKNOWN.value),
    (programmed(**NORAD, dose="1 mg"), "duration missing: a single dose runs for a time"),
    (programmed(**NORAD, dose="1 mg/m2", duration="5 min"), Unchecked.UNIT.value),
    (programmed(**NORAD), "the log has no dose and no rate above zero"),
    (programmed(**NORAD, rate="0 mL/h"), "the log has no dose and no rate above zero"),
    (programmed(**NORAD, dose="-1 mg/h"), "the log has no dose and no rate above zero"),
    (programmed(**NORAD, dose="1 mg", duration="999999999999999999 min"), "a duration of more than a century"),
    (programmed(**NORAD, dose="1 mg", duration="0 min"), f"{NOT_RUNNABLE}an end after the start"),
    (programmed(**NORAD, dose="1 mg", duration="0.000000001 min"), f"{NOT_RUNNABLE}an end after the start"),
    (programmed(**NORAD, dose="5 mL/h"), f"{NOT_RUNNABLE}a dose above zero, such as 5 mg/h or 1 g"),
    (programmed(**NORAD, dose="1 mg/h", weight="70 mL"), f"{NOT_RUNNABLE}a weight above zero, in kg"),
    (programmed(**NORAD, dose="1 mg/h", weight="0 kg"), f"{NOT_RUNNABLE}a weight above zero, in kg"),
    (programmed(**NORAD, **PER_KG, amount="4 mg", diluent="0 mL"), f"{NOT_RUNNABLE}more than zero"),
    (programmed(**NORAD, **PER_KG, amount="4 mg", diluent="5 kg"), f"{NOT_RUNNABLE}mL"),
    (programmed(**NORAD, **PER_KG, amount="4 mg", diluent="4 mL"), Unchecked.STRENGTH.value),
    (programmed("gone", **PER_KG), "the library has no such entry in this care area"),
    (programmed(care_area="ward", **PER_KG), "the library has no such entry in this care area"),
    (programmed(programme_mode="bolus", **PER_KG), "the entry does not offer this kind of dose"),
]


@pytest.mark.hazard("LC-01")
@pytest.mark.parametrize(("row", "reason"), WITHOUT_ENTRY)
def test_what_cannot_be_judged_has_its_reason(row: dict[str, Any], reason: str) -> None:
    """No weight, drug, entry, care area, mode or strength is guessed."""
    found = answer(row)
    assert found.result is Result.NOT_CHECKED
    assert found.reason == reason


def test_a_duration_in_millilitres_is_a_reason_not_a_fault() -> None:
    found = answer(programmed(**NORAD, **PER_KG, duration="5 mL"))
    assert found.result is Result.NOT_CHECKED
    assert (found.reason or "").startswith(NOT_RUNNABLE)


def test_a_programme_without_entry_or_mode_is_held_against_every_entry_it_may_have_run_on() -> None:
    """As a past infusion is; the names are those of the library."""
    for row in (programmed(**NORAD, **PER_KG), programmed(drug="noradrenaline", programme_mode=None, **PER_KG)):
        group = only(row)
        assert (group.answers[0].result, group.answers[0].limits) == (Result.SOFT, (SOFT_DOSE,))
        assert (group.drug, group.care_area) == ("noradrenaline", "Intensive care")
    assert only(programmed("morphine", dose="1 mg/h")).drug == "morphine sulfate"


def test_every_row_at_once_gives_what_each_gives_alone() -> None:
    """And the reasons add up to the programmes that were not judged."""
    rows = [row for row, _ in WITHOUT_ENTRY] + [programmed(**entered) for entered, *_ in HOSTILE]
    found = replayed(rows)
    alone = sum((replayed([row]).results() for row in rows), Counter())
    assert found.programmes == len(rows)
    assert found.results() == alone
    assert reasons(found).total() == alone[Result.NOT_CHECKED]
    assert list(reasons(found).values()) == sorted(reasons(found).values(), reverse=True)


def test_the_same_rows_a_thousand_times_are_the_same_groups() -> None:
    rows = [programmed(**PER_KG), programmed(dose="0.70001 ug/kg/min", weight=WEIGHT), programmed(None)]
    found = replayed(rows * 1000)
    assert (found.programmes, found.one_by_one) == (3000, 2000)
    assert [group.number for group in found.groups] == [1000] * 3


def test_other_kinds_of_record_are_ignored_even_with_a_programme_in_them() -> None:
    kinds = ("programmed", "rate_changed", "bolus", "loading", "started", "alert_raised", "completed", "door_opened")
    found = replayed([programmed(kind=kind, **PER_KG) for kind in kinds])
    assert (found.programmes, found.one_by_one) == (4, 0)
    alone = replayed([programmed(kind="started", **PER_KG), programmed(kind="started")])
    assert (alone.programmes, alone.one_by_one) == (0, 0)


def test_a_lake_without_programmes_has_no_groups() -> None:
    assert replayed([]) == Replayed((library(),), (), one_by_one=0)


def test_programmes_are_counted_by_any_column() -> None:
    """Also those that are judged one by one."""
    rows = [
        programmed(ward="A", **PER_KG),
        programmed(ward="B", **PER_KG),
        programmed(ward="B", dose="0.70001 ug/kg/min", weight=WEIGHT),
        programmed(None, ward=None),
    ]
    found = replayed(rows, by=("ward",))
    assert Counter({g.by: g.number for g in found.groups if g.by == ("A",)}) == {("A",): 1}
    assert sum(g.number for g in found.groups if g.by == ("B",)) == 2
    assert sum(g.number for g in found.groups if g.by == (None,)) == 1


def test_two_libraries_in_one_pass_say_what_each_says_alone() -> None:
    """Whatever the other has planned, or has not at all."""
    strict = library("2", with_dose(NORADRENALINE, soft_max="0.1", hard_max="0.4"))
    loose = library("3", with_dose(NORADRENALINE, soft_max=None), MORPHINE)
    rows: list[Row] = [programmed(dose=f"0.{n} ug/kg/min", weight=WEIGHT) for n in range(1, 10)]
    rows += [programmed("morphine", dose="15 mg/h"), *(row for row, _ in WITHOUT_ENTRY)]
    events, shapes = lake_of(rows)
    both = replay_lake(events, shapes, [strict, loose], engine=ENGINE)
    for number, one in enumerate((strict, loose)):
        alone = replay_lake(events, shapes, [one], engine=ENGINE)
        assert both.results(number) == alone.results()
        assert reasons(both, number) == reasons(alone)


def test_an_entry_is_named_by_whichever_library_has_it() -> None:
    without = library("2", NORADRENALINE)
    (group,) = replayed([programmed("morphine", dose="15 mg/h")], without, library()).groups
    assert group.drug == "morphine sulfate"
    assert [one.result for one in group.answers] == [Result.NOT_CHECKED, Result.SOFT]
