"""The words on the display: what runs, what was keyed, what follows from it, within the room that there is."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from openinfusion.core.entry import Entry
from openinfusion.core.numbers import round_to, show_number
from openinfusion.core.programme import Programme
from openinfusion.core.units import ML, ML_PER_H, Quantity
from openinfusion.pump.machine.attempt import Attempt, Purpose
from openinfusion.pump.machine.flow import Infusion, Step, Stream
from openinfusion.pump.machine.judge import Judged, judge, judge_demand
from openinfusion.pump.machine.screen import Choice, Screen

if TYPE_CHECKING:
    from openinfusion.pump.machine.pump import Pump

_TENTH = Fraction(1, 10)
_THOUSANDTH = Fraction(1, 1000)
CLEAR = Choice("clear", "Answer the alarm")


def around(screen: Screen, pump: "Pump") -> Screen:
    """Return a page with what every page shows: what the pump does, what it calls for, whose library it runs."""
    if not pump.is_on:
        return replace(screen, status="off", beep=pump.beeped)
    alarms = tuple(alarm.value.replace("_", " ") for alarm in pump.calls.active)
    choices = (CLEAR, *screen.choices) if alarms else screen.choices
    return replace(screen, choices=choices, status=_status(pump), alarms=alarms, footer=_footer(pump), beep=pump.beeped)


def _status(pump: "Pump") -> str:
    infusion, stream = pump.channel.infusion, pump.channel.stream
    if infusion is None:
        return "ready"
    if stream is not None and stream.dose is not None:
        return {"clinician": "bolus", "loading": "loading dose", "patient": "demand dose"}[stream.dose.source]
    return infusion.status.value


def _footer(pump: "Pump") -> str:
    held = pump.slots.active
    area = held.area(pump.area) if pump.area is not None else None
    power = "mains" if pump.battery.on_mains else f"battery {show_duration(pump.battery.charge)}"
    waits = f", new library {pump.slots.staged.name.version} waits" if pump.slots.staged is not None else ""
    return f"library {held.name.version}{waits} | {area.name if area is not None else 'no care area'} | {power}"


def short(name: str, pump: "Pump") -> str:
    """Return a name as far as the display has room for it."""
    most = pump.model.name_characters
    return name if len(name) <= most else f"{name[: most - 1]}…"


def load_words(pump: "Pump") -> str:
    """Return what it is called to put something in."""
    return "Put a syringe in" if pump.model.takes_syringes else "Hang a bag"


def drug_name(entry: Entry, pump: "Pump") -> str:
    """Return a drug as the display names it, in Tall Man letters where the library has them."""
    drug = pump.slots.active.library.drug(entry.drug)
    return short(drug.tall_man or drug.name, pump)


def entry_lines(entry: Entry | None, pump: "Pump") -> tuple[str, ...]:
    """Return what is being programmed: drug, indication, strength, advisories."""
    if entry is None:
        return ("Outside the library: no dose limit looks at this infusion.",)
    words = ", ".join(part for part in (drug_name(entry, pump), entry.therapy) if part)
    strength = () if entry.concentration is None else (f"strength: {entry.concentration.text}",)
    library = pump.slots.active.library
    return (words, *strength, *(library.advisory(advisory).text for advisory in entry.advisories))


def title(attempt: Attempt, pump: "Pump") -> str:
    """Return what an attempt is for, and of which drug."""
    purpose = attempt.purpose.value
    if attempt.steps and attempt.purpose is Purpose.NEW:
        purpose = f"step {len(attempt.steps) + 1}"
    words = "rate only" if attempt.entry is None else drug_name(attempt.entry, pump)
    return f"{words}: {purpose}"


def keyed_lines(attempt: Attempt) -> tuple[str, ...]:
    """Return what has been keyed, value by value."""
    words = {one.name: one.what for one in attempt.asks}
    lines = [] if attempt.purpose is not Purpose.CHANGE or attempt.of is None else [_runs_now(attempt.of.now)]
    lines += [f"{words.get(name, name.replace('_', ' '))}: {value}" for name, value in attempt.values.items()]
    if attempt.weight is not None and "weight" not in attempt.values:
        lines.append(f"weight: {attempt.weight}")
    return tuple(lines)


def _runs_now(step: Step) -> str:
    """Return what a change is to replace: "runs now: 21.5 micrograms/kg/min, 1,128.8 mL/h"."""
    dose = step.programme.dose or step.dose_rate
    shown = [] if dose is None else [str(_rounded(dose))]
    return f"runs now: {', '.join([*shown, str(Quantity(step.rate, ML_PER_H))])}"


def derived_lines(attempt: Attempt, pump: "Pump") -> tuple[str, ...]:
    """Return what follows from what was keyed: rate, dose, volume, duration."""
    programme = attempt.programme()
    if not isinstance(programme, Programme) or attempt.mode is None:
        return ()
    made = judge_demand if programme.background is not None else judge
    found = made(programme, pump.slots.active, pump.model)
    return tuple(_derived(found))


def _derived(found: Judged) -> list[str]:
    derived = found.verdict.derived
    lines = []
    if found.rate and found.programme.rate != Quantity(found.rate, ML_PER_H):
        lines.append(f"rate: {Quantity(found.rate, ML_PER_H)}")
    if found.dose_rate is not None and found.dose_rate != found.programme.dose:
        lines.append(f"which is {_rounded(found.dose_rate)}")
    if found.vtbi is not None and found.programme.volume is None:
        lines.append(f"volume: {Quantity(round_to(found.vtbi, _THOUSANDTH), ML)}")
    if derived.duration is not None and found.programme.duration is None and found.rate:
        lines.append(f"time: {show_duration(derived.duration.value * derived.duration.unit.scale * 60)}")
    return lines


def _rounded(quantity: Quantity) -> Quantity:
    return Quantity(round_to(quantity.value, _THOUSANDTH), quantity.unit) if quantity.value >= _TENTH else quantity


def patient_lines(pump: "Pump") -> tuple[str, ...]:
    """Return what the pump knows of the patient and of what was put in."""
    weight = f"weight: {pump.weight}" if pump.weight is not None else "weight: not keyed"
    container, left = pump.channel.container, pump.channel.volume_left()
    if container is None:
        held = "nothing put in yet"
    else:
        held = container.type if left is None else f"{container.type}: {_volume(left.value)} left"
    return (weight, held)


def describe(infusion: Infusion, pump: "Pump") -> tuple[str, ...]:
    """Return an infusion as the running pump shows it."""
    step, stream = infusion.now, pump.channel.stream
    lines = list(entry_lines(infusion.entry, pump))
    concentration = infusion.entry.concentration if infusion.entry is not None else None
    if infusion.strength is not None and concentration is not None and concentration.is_open:
        lines.append(f"strength keyed: {infusion.strength}")
    rate = stream.rate if stream is not None else step.rate
    # What the infusion doses is not what a bolus or a trickle that keeps the vein open gives.
    is_own = stream is None or (stream.dose is None and not stream.is_kvo)
    dose = step.programme.dose if infusion.demand is None and is_own else None
    lines.append(f"rate {Quantity(rate, ML_PER_H)}" + (f", dose {dose}" if dose is not None else ""))
    if len(infusion.steps) > 1:
        lines.append(f"step {infusion.step + 1} of {len(infusion.steps)}")
    if infusion.demand is not None:
        lines.append(f"demand dose {step.programme.dose}, lockout {step.programme.lockout}")
    lines.append(f"given {_volume(infusion.total)}" + _left(stream, step.vtbi, infusion))
    left = pump.channel.volume_left()
    if left is not None:
        lines.append(f"syringe: {_volume(left.value)} left")
    return tuple(lines)


def _left(stream: Stream | None, vtbi: Fraction | None, infusion: Infusion) -> str:
    if stream is not None and stream.dose is not None and stream.vtbi is not None:
        return f"; dose: {_volume(stream.given)} of {_volume(stream.vtbi)}"
    if vtbi is None or infusion.is_complete:
        return ""
    seconds = stream.seconds_left() if stream is not None else None
    time = f", {show_duration(seconds)} left" if seconds is not None else ""
    return (
        f" of {_volume(vtbi)}{time}"
        if infusion.total == infusion.given
        else f"; {_volume(infusion.given)} of {_volume(vtbi)}{time}"
    )


def _volume(millilitres: Fraction) -> str:
    return str(Quantity(round_to(millilitres, Fraction(1, 100)), ML))


def show_duration(seconds: Fraction) -> str:
    """Return a time as a display shows it: "2 h 5 min", "40 s"."""
    whole = int(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{show_number(Fraction(hours))} h {minutes} min" if hours else f"{minutes} min"


def infusion_title(pump: "Pump") -> str:
    """Return the title of the page that shows the infusion."""
    infusion = pump.channel.infusion
    if infusion is None:
        return ""
    words = "rate only" if infusion.entry is None else drug_name(infusion.entry, pump)
    return f"{words} ({infusion.source})" if infusion.source == "secondary" else words
