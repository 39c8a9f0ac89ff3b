"""The three incidents of November 2018 in the demo, played on the virtual pump under the faulty and mended library."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from openinfusion.cli.console import DECISION_STYLE, say, styled, table
from openinfusion.cli.pump_play import pair_of
from openinfusion.core.events import Event, Kind
from openinfusion.core.library import Limit, Mode
from openinfusion.core.programme import Decision
from openinfusion.core.units import ML, Quantity
from openinfusion.pump.scenarios import Run, Scenario, find_scenario, log_of, play
from openinfusion.pump.scenarios.doses import flows

INCIDENTS = ("incident-1", "incident-2", "incident-3")
# Two lines each, so that the table fits a terminal of 100 columns without breaking a dose in two.
COLUMNS = (
    "incident",
    "intended",
    "2018:\npump says",
    "2018:\npump moves",
    "2018:\npatient gets",
    "corrected:\npatient gets",
)


@dataclass(frozen=True, slots=True)
class Bolus:
    """
    The bolus of a played run, as its records and the true strength of the syringe tell it.

    Attributes:
        said: each dose that was keyed as a bolus, in order, with what the pump said to it.
        left: what the syringe held when the first one began.
        moved: what of that the pump moved.
        given: the drug in it, at the true strength.

    """

    said: tuple[tuple[Quantity, Decision], ...]
    left: Quantity
    moved: Quantity
    given: Quantity


def play_incidents(examples: Path) -> None:
    """Play each incident under both libraries, and say what was meant, what the pump said, and what was truly given."""
    scenarios = [find_scenario(name) for name in INCIDENTS]
    rows, again = [], []
    for scenario in scenarios:
        then, now = (bolus_of(scenario, run, examples) for run in pair_of(scenario))
        rows.append(_row(scenario.id, then, now))
        again += [f"{dose}, {decision.value}" for dose, decision in now.said[1:]]
    say(table("The dose typed was right; the strength was not, and no limit looked at it", COLUMNS, rows))
    say(f"As large a bolus under the corrected library: {'; '.join(again)}.")
    shared = [words for words in scenarios[0].assumed if all(words in one.assumed for one in scenarios)]
    say(f"Assumed, because the report does not say: {'; '.join(shared)}; what was left.")
    say(f"Watch it, step by step: openinfusion pump play {INCIDENTS[0]} --compare")


def _row(name: str, then: Bolus, now: Bolus) -> tuple[object, ...]:
    dose, decision = then.said[0]
    said = styled(decision.value, DECISION_STYLE[decision.value])
    return name, dose, said, f"{then.moved} of {then.left} left", then.given, now.given


def bolus_of(scenario: Scenario, run: Run, libraries: Path) -> Bolus:
    """Play a run and return its bolus."""
    frames = tuple(play(scenario, run.name, libraries=libraries))
    events = log_of(scenario, frames)
    flowed = list(flows(events, frames[-1].loaded))
    place = next(n for n, flow in enumerate(flowed) if flow.source == "clinician")
    bolus = flowed[place]
    before = sum((flow.moved(bolus.began) for flow in flowed[:place] if flow.stock is bolus.stock), Fraction(0))
    moved = bolus.moved(frames[-1].at)
    return Bolus(
        said=tuple(_said(events)),
        left=Quantity(bolus.stock.left.to(ML).value - before, ML),
        moved=Quantity(moved, ML),
        given=bolus.stock.amount_in(moved).to(scenario.prescription.unit),
    )


def _said(events: Sequence[Event]) -> Iterator[tuple[Quantity, Decision]]:
    """Yield each dose that was keyed as a bolus, and what the pump said to it."""
    for event in events:
        entered = event.programme
        if entered is not None and entered.mode is Mode.BOLUS and entered.dose is not None:
            yield entered.dose, _decision(event, events)


def _decision(tried: Event, events: Sequence[Event]) -> Decision:
    """Return what the pump said: it refuses at a hard limit, asks at a soft one, and is silent at none."""
    limits = {
        event.alert.limit
        for event in events
        if event.kind is Kind.ALERT_RAISED and event.alert is not None and event.about == tried.event_id
    }
    if limits & {Limit.HARD_MIN, Limit.HARD_MAX}:
        return Decision.REFUSE
    return Decision.CONFIRM if limits else Decision.ACCEPT
