"""The three incidents of November 2018, from the library to the empty syringe, and not under the mended library."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from openinfusion.adapters.events import read_events, write_events
from openinfusion.adapters.library_file import read_library
from openinfusion.cli.demo_incidents import bolus_of
from openinfusion.core.dosing import check
from openinfusion.core.events import EventLog, Kind, Response
from openinfusion.core.library import Limit
from openinfusion.core.programme import Decision, Parameter, Problem
from openinfusion.core.segments import delivery_faults
from openinfusion.core.units import Quantity
from openinfusion.pump.scenarios import dose_over_time, find_scenario, log_of, mark, marks_of, play

TRUST = Path(__file__).resolve().parents[2] / "examples" / "trust"
TRUE, KEYED = ("2.5 mg", "50 mL"), ("100 micrograms", "50 mL")
pytestmark = [pytest.mark.hazard("LC-01"), pytest.mark.hazard("US-03")]


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident: the dose of the bolus, what it is at the strength keyed, what was left, and what left holds."""

    id: str
    care_area: str
    dose: str
    asked: str
    left: str
    delivered: str


# Doses and the 600 micrograms are reported (HSIB 2020, section 3); left is assumed, and the rest follows.
INCIDENTS = (
    Incident("incident-1", "adult-critical-care-a-general", "25 micrograms", "12.5 mL", "12 mL", "600 micrograms"),
    Incident("incident-2", "adult-critical-care-b-cardiac", "20 micrograms", "10 mL", "8 mL", "400 micrograms"),
    Incident("incident-3", "adult-critical-care-c-neuro", "50 micrograms", "25 mL", "20 mL", "1000 micrograms"),
)
each = pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.id)


@cache
def played(name, run):
    return tuple(play(find_scenario(name), run, libraries=TRUST))


def log(name, run):
    return log_of(find_scenario(name), played(name, run))


def by_bolus(name, run):
    return dose_over_time(log(name, run), played(name, run)[-1].loaded, source="clinician")[-1].given


@cache
def library(version):
    return read_library(TRUST / f"library-{version}.json")


def first(kind, name, run):
    return next(event for event in log(name, run) if event.kind is kind)


@each
def test_a_scenario_tells_what_is_reported_and_assumed(incident):
    """Area, dose, strength keyed, strength true, and what is left when the bolus begins."""
    scenario = find_scenario(incident.id)
    stock = scenario.stock[0]
    assert scenario.area == incident.care_area
    assert (stock.amount, stock.volume) == tuple(map(Quantity.read, TRUE))
    bolus = first(Kind.BOLUS, incident.id, "2018")
    assert bolus.programme.dose == Quantity.read(incident.dose)
    assert (bolus.programme.amount, bolus.programme.diluent) == tuple(map(Quantity.read, KEYED))
    frame = next(f for f in played(incident.id, "2018") if any(n.kind is Kind.BOLUS for n in f.notes))
    used = frame.given.value / stock.strength.to(frame.given.unit).value
    assert stock.left.value - used == Quantity.read(incident.left).value


@each
def test_the_faulty_library_accepts_the_very_bolus(incident):
    """The dose typed is right, so the limits are silent; the volume asked for is more than the syringe holds."""
    bolus = first(Kind.BOLUS, incident.id, "2018")
    verdict = check(bolus.to_programme(), library("1.0.0"))
    assert (verdict.decision, verdict.findings) == (Decision.ACCEPT, ())
    assert verdict.derived.volume == bolus.began.vtbi == Quantity.read(incident.asked)
    assert verdict.derived.volume > Quantity.read(incident.left)


@each
def test_the_faulty_library_asks_once_before_the_infusion_runs(incident):
    """The report says 2 mL/h: 4 micrograms/h at the strength that was keyed, which a pump runs once confirmed."""
    verdict = check(first(Kind.PROGRAMMED, incident.id, "2018").to_programme(), library("1.0.0"))
    assert verdict.derived.rate == Quantity.of(2, "mL/h")
    assert verdict.decision is Decision.CONFIRM
    assert [(f.parameter, f.limit) for f in verdict.findings] == [(Parameter.DOSE, Limit.SOFT_MIN)]


@each
@pytest.mark.parametrize("kind", [Kind.PROGRAMMED, Kind.BOLUS])
def test_the_mended_library_refuses_the_very_programmes(incident, kind):
    """What was keyed in 2018, on the same entry of the mended library: the strength differs from the fixed one."""
    entry = first(Kind.BOLUS, incident.id, "mended").entry
    programme = replace(first(kind, incident.id, "2018").to_programme(), entry=entry)
    verdict = check(programme, library("1.1.0"))
    assert verdict.decision is Decision.REFUSE
    assert Problem.FIXED in [finding.problem for finding in verdict.findings]


@each
def test_the_demo_tells_both_runs(incident):
    """Its table: accepted, the whole of what was left, far too much; then what was meant, and no second time."""
    scenario = find_scenario(incident.id)
    then, now = (bolus_of(scenario, run, TRUST) for run in scenario.runs)
    dose, left, delivered = map(Quantity.read, (incident.dose, incident.left, incident.delivered))
    assert then.said == ((dose, Decision.ACCEPT),)
    assert (then.moved, then.left, then.given) == (left, left, delivered)
    assert now.said == ((dose, Decision.ACCEPT), (delivered, Decision.REFUSE))
    assert (now.left, now.given) == (left, dose)
    assert now.moved < left


@each
def test_it_happens_under_the_library_of_2018(incident):
    """A right dose empties the syringe: all that it still holds is given, and no limit says a word about it."""
    assert by_bolus(incident.id, "2018") == Quantity.read(incident.delivered)
    events = log(incident.id, "2018")
    place = next(n for n, event in enumerate(events) if event.kind is Kind.BOLUS)
    assert not any(event.kind is Kind.ALERT_RAISED for event in events[place - 1 :])
    assert next(event.alarm.value for event in events[place:] if event.kind is Kind.ALARM_RAISED) == "empty"
    assert not marks_of(find_scenario(incident.id), played(incident.id, "2018")).passed


@each
def test_the_only_warning_is_of_too_little(incident):
    """The dose that makes the pump show the usual rate lies below its soft minimum; it is overridden with a reason."""
    answered = [event for event in log(incident.id, "2018") if event.kind is Kind.ALERT_ANSWERED]
    assert [(event.alert.limit, event.response) for event in answered] == [(Limit.SOFT_MIN, Response.OVERRIDDEN)]


@each
def test_the_same_steps_give_what_was_meant_under_the_mended_library(incident):
    assert by_bolus(incident.id, "mended") == Quantity.read(incident.dose)
    assert marks_of(find_scenario(incident.id), played(incident.id, "mended")).passed


@each
def test_the_strength_can_no_longer_be_keyed(incident):
    """The pump beeps at amount and volume, and no record of the mended run holds either."""
    beeped = {frame.step.id for frame in played(incident.id, "mended") if frame.beep is not None}
    assert beeped == {"amount", "diluent", "old override"}
    told = [event.programme for event in log(incident.id, "mended") if event.programme is not None]
    assert all(programme.amount is None and programme.diluent is None for programme in told)


@each
def test_the_whole_syringe_can_no_longer_be_given(incident):
    """As much as in 2018 is above a hard limit, which no key passes."""
    answered = [event for event in log(incident.id, "mended") if event.kind is Kind.ALERT_ANSWERED][-1]
    assert (answered.alert.limit, answered.response) == (Limit.HARD_MAX, Response.CANCELLED)
    assert answered.alert.attempted == Quantity.read(incident.delivered)


@pytest.mark.hazard("US-04")
def test_the_settings_of_before_are_kept_when_the_pump_comes_on_again():
    """Incident 2: no record between power and start holds a strength; it is the one from before."""
    kinds = [event.kind for event in log("incident-2", "2018")]
    off = kinds.index(Kind.POWER_OFF)
    assert kinds[off : off + 3] == [Kind.POWER_OFF, Kind.POWER_ON, Kind.RESUMED]


@each
@pytest.mark.parametrize("run", ["2018", "mended"])
def test_a_log_that_was_written_is_marked_alike(incident, run, tmp_path):
    """What goes through a file is marked like what was played: nothing but records is looked at."""
    scenario, path = find_scenario(incident.id), tmp_path / "run.jsonl"
    events = log(incident.id, run)
    assert list(delivery_faults(events)) == []
    write_events(path, EventLog(organisation="Training", purpose="training"), events)
    read = [line.event for line in read_events(path) if line.event is not None]
    assert mark(scenario, read, played(incident.id, run)[-1].observed) == marks_of(scenario, played(incident.id, run))
