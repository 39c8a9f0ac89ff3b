"""Scenarios: each run goes as it says, and every condition of every rule bites."""

import tomllib
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from openinfusion.core.errors import AuthorError
from openinfusion.core.events import Alarm, Kind
from openinfusion.core.segments import delivery_faults
from openinfusion.core.units import ML, Quantity
from openinfusion.pump.scenarios import (
    compare,
    dose_over_time,
    find_scenario,
    given_at,
    is_alike,
    log_of,
    mark,
    marks_of,
    outcome,
    play,
    shipped_scenarios,
)
from openinfusion.pump.scenarios.doses import longest_gap
from openinfusion.pump.scenarios.patterns import in_words, matches

ROOT = Path(__file__).resolve().parents[2]
TRUST = ROOT / "examples" / "trust"
SCENARIOS = shipped_scenarios()
HAZARDS = {h["id"] for h in tomllib.loads((ROOT / "safety" / "hazard-log.toml").read_text())["hazards"]}


def marked(scenario, *values):
    """Return a case of a test that is evidence for the hazards of its scenario."""
    marks = [pytest.mark.hazard(hazard) for hazard in scenario.hazards]
    return pytest.param(scenario, *values, id="-".join((scenario.id, *map(str, values))), marks=marks)


RUNS = [marked(scenario, run.name) for scenario in SCENARIOS for run in scenario.runs]
EACH = [marked(scenario) for scenario in SCENARIOS]


@cache
def frames_of(scenario_id, run):
    return tuple(play(find_scenario(scenario_id), run, libraries=TRUST))


def passing(scenario):
    return next(run for run in scenario.runs if run.passes)


# --- What is shipped -------------------------------------------------------------------------------------------------


def test_sixteen_tasks_and_three_incidents_are_shipped():
    names = [scenario.id for scenario in SCENARIOS]
    assert names == [*(f"S{number:02d}" for number in range(1, 17)), *(f"incident-{number}" for number in (1, 2, 3))]


@pytest.mark.parametrize("scenario", EACH)
def test_a_record_is_whole(scenario):
    """Every scenario says whom, what, why it is likely, and how it may end otherwise; its hazards are in our log."""
    assert {run.name for run in scenario.runs} >= {"right", "trapped"} or {run.name for run in scenario.runs} == {
        "2018",
        "mended",
    }
    assert scenario.traps
    assert scenario.behaviours
    assert scenario.extensions
    assert set(scenario.hazards) <= HAZARDS
    assert all(trap.why for trap in scenario.traps)
    assert any(behaviour.seen_by == "assessor" for behaviour in scenario.behaviours)


# --- Runs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scenario", "name"), RUNS)
def test_a_run_ends_as_it_says(scenario, name):
    """As it should go, the rule is met; into the trap, it is not."""
    marks = marks_of(scenario, frames_of(scenario.id, name))
    assert marks.passed is scenario.run(name).passes, [one for one in marks.marks if not one.passed]


@pytest.mark.parametrize(("scenario", "name"), RUNS)
def test_a_run_gives_the_records_that_it_expects(scenario, name):
    expected = scenario.run(name).expected
    events = log_of(scenario, frames_of(scenario.id, name))
    assert [event.kind.value for event in events] == [pattern.kind.value for pattern in expected]
    for event, pattern in zip(events, expected, strict=True):
        assert matches(event, pattern), f"{event.event_id}: {in_words(pattern)}"


@pytest.mark.parametrize(("scenario", "name"), RUNS)
def test_what_was_given_is_the_same_by_frames_and_by_records(scenario, name):
    """The player counts what leaves each container; the records tell the same, to the millionth of a millilitre."""
    frames = frames_of(scenario.id, name)
    events = log_of(scenario, frames)
    assert list(delivery_faults(events)) == []
    last, drug = frames[-1], scenario.prescription.drug
    if not any(stock.drug == drug for stock in last.loaded):
        assert last.given.value == 0
        return
    told = dose_over_time(events, last.loaded, drug=drug, until=last.at - first_record(frames))[-1].given
    strongest = max(stock.strength.to(last.given.unit).value for stock in last.loaded if stock.drug == drug)
    assert abs(told.to(last.given.unit).value - last.given.value) <= strongest * len(events) / 1000


def first_record(frames):
    return next(frame.at for frame in frames if frame.notes)


@pytest.mark.parametrize("scenario", EACH)
def test_time_and_dose_never_go_back(scenario):
    for run in scenario.runs:
        frames = frames_of(scenario.id, run.name)
        assert [frame.at for frame in frames] == sorted(frame.at for frame in frames)
        assert [frame.given for frame in frames] == sorted(frame.given for frame in frames)


def test_ticks_show_a_syringe_that_empties():
    scenario = find_scenario("incident-1")
    frames = list(play(scenario, "2018", libraries=TRUST, tick=Fraction(1800)))
    assert len(frames) > 19 * 2
    assert frames[-1].given == frames_of("incident-1", "2018")[-1].given


# --- Each condition bites --------------------------------------------------------------------------------------------


def conditions(scenario, events, frames, **changed):
    last = frames[-1]
    given = {"observed": last.observed, "loaded": last.loaded} | changed
    until = last.at - first_record(frames)
    return mark(scenario, events, given["observed"], loaded=given["loaded"], until=until).marks


@pytest.mark.parametrize("scenario", EACH)
def test_a_record_that_must_be_there_is_missed(scenario):
    frames = frames_of(scenario.id, passing(scenario).name)
    events = log_of(scenario, frames)
    for place, pattern in enumerate(scenario.rule.must):
        # Segments of what is taken out are kept from the doses: only the records themselves are looked for.
        rest = tuple(event for event in events if not matches(event, pattern))
        found = conditions(replace(scenario, rule=replace(scenario.rule, delivered=(), longest_gap=None)), rest, frames)
        assert not found[place].passed, in_words(pattern)


@pytest.mark.parametrize("scenario", EACH)
def test_a_record_that_must_not_be_there_is_found(scenario):
    """For every such condition some record of some run of some scenario breaks it."""
    frames = frames_of(scenario.id, passing(scenario).name)
    events = log_of(scenario, frames)
    first = len(scenario.rule.must)
    for place, pattern in enumerate(scenario.rule.must_not, first):
        assert conditions(scenario, events, frames)[place].passed
        broken = replace(scenario, rule=replace(scenario.rule, delivered=(), longest_gap=None))
        assert not conditions(broken, (*events, record_like(pattern)), frames)[place].passed, in_words(pattern)


def record_like(pattern):
    for scenario in SCENARIOS:
        for run in scenario.runs:
            for event in log_of(scenario, frames_of(scenario.id, run.name)):
                if matches(event, pattern):
                    return event
    if pattern.kind is Kind.ALARM_RAISED:
        base = log_of(SCENARIOS[0], frames_of("S01", "right"))[-1]
        return replace(base, kind=Kind.ALARM_RAISED, alarm=Alarm(pattern.wanted[0].value), began=None)
    raise AssertionError(in_words(pattern))


@pytest.mark.parametrize("scenario", EACH)
def test_a_dose_beyond_its_bounds_is_seen(scenario):
    """The same records with a syringe that truly holds ten times more, or less, are not passed."""
    frames = frames_of(scenario.id, passing(scenario).name)
    events = log_of(scenario, frames)
    rule = scenario.rule
    first = len(rule.must) + len(rule.must_not)
    for place, bound in enumerate(rule.delivered, first):
        assert conditions(scenario, events, frames)[place].passed
        factor = Fraction(10) if bound.at_most is not None and bound.at_most.value else Fraction(1, 10)
        others = tuple(stronger(stock, factor) for stock in frames[-1].loaded)
        if bound.at_most is not None and not bound.at_most.value:
            others = tuple(replace(stock, drug=bound.drug) for stock in frames[-1].loaded)
        assert not conditions(scenario, events, frames, loaded=others)[place].passed


def stronger(stock, factor):
    amount = stock.amount
    return stock if amount is None else replace(stock, amount=Quantity(amount.value * factor, amount.unit))


@pytest.mark.parametrize("scenario", EACH)
def test_a_behaviour_that_was_not_seen_is_missed(scenario):
    frames = frames_of(scenario.id, passing(scenario).name)
    events = log_of(scenario, frames)
    assert all(one.passed for one in conditions(scenario, events, frames))
    for name in scenario.rule.observed:
        found = conditions(scenario, events, frames, observed=[n for n in frames[-1].observed if n != name])
        assert [one.condition for one in found if not one.passed] == ["seen"]


@pytest.mark.parametrize("name", ["S11", "S16"])
def test_a_gap_is_measured_from_the_records(name):
    scenario = find_scenario(name)
    gaps = {}
    for run in scenario.runs:
        frames = frames_of(name, run.name)
        gaps[run.name] = longest_gap(log_of(scenario, frames), frames[-1].loaded)
    longest = scenario.rule.longest_gap
    assert longest is not None
    assert (gaps["right"] or 0) <= longest < (gaps["trapped"] or 0)


@pytest.mark.parametrize("scenario", [one for one in EACH if one.values[0].rule.longest_gap is not None])
def test_a_gap_that_is_too_long_is_not_passed(scenario):
    frames = frames_of(scenario.id, passing(scenario).name)
    stricter = replace(scenario, rule=replace(scenario.rule, longest_gap=Fraction(1)))
    found = conditions(stricter, log_of(scenario, frames), frames)
    assert [one.condition for one in found if not one.passed] == ["no gap"]


def test_records_in_another_order_do_not_pass():
    scenario = find_scenario("S14")
    frames = frames_of("S14", "right")
    events = log_of(scenario, frames)
    rule = replace(scenario.rule, delivered=())
    found = mark(replace(scenario, rule=rule), tuple(reversed(events)), frames[-1].observed).marks
    assert [one.passed for one in found[:3]] == [True, False, False]
    assert "only too early" in found[1].found


def test_a_dose_of_an_unknown_container_is_not_passed():
    scenario = find_scenario("incident-1")
    frames = frames_of("incident-1", "mended")
    found = mark(scenario, log_of(scenario, frames), loaded=()).marks[-1]
    assert not found.passed
    assert found.found.startswith("cannot be told")


def test_a_behaviour_that_is_not_named_is_refused():
    with pytest.raises(AuthorError, match="a name of the behaviours"):
        mark(SCENARIOS[0], (), ["dances"])


def test_the_dose_between_two_points_is_in_proportion():
    scenario = find_scenario("S06")
    frames = frames_of("S06", "right")
    points = dose_over_time(log_of(scenario, frames), frames[-1].loaded, until=Fraction(3600))
    assert given_at(points, Fraction(1800)) == Quantity.of("2.5", "mg")
    assert given_at(points, Fraction(-1)).value == 0
    assert given_at(points, Fraction(9999)) == Quantity.of("5", "mg")


def test_a_secondary_that_is_closed_gives_from_the_primary():
    """By the records of the pump the two runs are alike; what was in the line is not."""
    scenario = find_scenario("S10")
    logs = [log_of(scenario, frames_of("S10", name)) for name in ("right", "trapped")]
    assert [e.kind for e in logs[0]] == [e.kind for e in logs[1]]
    fluid = [frames_of("S10", name)[-1].loaded for name in ("right", "trapped")]
    given = [dose_over_time(log, stock, drug="sodium-chloride-0.9-percent")[-1].given for log, stock in
             zip(logs, fluid, strict=True)]  # fmt: skip
    assert given[1].value - given[0].value == 100


# --- Side by side ----------------------------------------------------------------------------------------------------


def test_two_runs_are_laid_side_by_side_by_their_moments():
    pairs = compare(frames_of("incident-2", "2018"), frames_of("incident-2", "mended"))
    names = [pair.name for pair in pairs]
    assert names.index("amount") < names.index("keep") < names.index("deliver")
    keyed = next(pair for pair in pairs if pair.name == "amount")
    assert keyed.one is not None
    assert keyed.other is not None
    assert "asks for" in outcome(keyed.one)
    assert "beeps" in outcome(keyed.other)
    assert not is_alike(keyed)
    assert next(pair for pair in pairs if pair.name == "bolus rate").one is None
    assert any(is_alike(pair) for pair in pairs)


def test_a_fluid_is_counted_in_millilitres():
    stock = find_scenario("S10").container("fluid")
    assert stock is not None
    assert stock.amount_in(Fraction(7)) == Quantity(Fraction(7), ML)
