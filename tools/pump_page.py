"""The reference of the virtual pump: its screens as it shows them, what happens by itself, its models, its limits."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from fractions import Fraction

from event_page import ALARM_WORDS
from pump_bench import Bench

from openinfusion.adapters.schema import split_docstring
from openinfusion.core.events import Alarm
from openinfusion.core.numbers import show_number
from openinfusion.pump.machine.calls import STOPS_FLOW
from openinfusion.pump.machine.display import show_duration
from openinfusion.pump.machine.model import Capacity, PumpModel
from openinfusion.pump.models import shipped_models

_READY = "power; ward; key 70; load 50 mL"
_CHOSEN = f"{_READY}; drug; key fen; fentanyl; ward-fentanyl-50"
_RUNNING = f"{_CHOSEN}; key 100; key 20; confirm; start"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A page: its class, when it is there, and what to do to see it."""

    page: str
    when: str
    script: str
    model: str = "halden-s2"


SHOWN = (
    Shown(page="Off", when="switched off", script=""),
    Shown(page="Areas", when="switched on for the first time, and after a library was changed", script="power"),
    Shown(page="Weight", when="the care area has limits for the weight, and none was keyed", script="power; ward"),
    Shown(page="Patient", when="switched on again", script=f"{_READY}; power; power"),
    Shown(page="Keep", when="switched on while settings are kept", script=f"{_RUNNING}; power; power"),
    Shown(page="Home", when="nothing runs", script=_READY),
    Shown(page="Load", when="something is to be put in", script=f"{_READY}; load"),
    Shown(page="Search", when="a drug is to be chosen", script=f"{_READY}; drug"),
    Shown(page="Drugs", when="letters found drugs", script=f"{_READY}; drug; key fen"),
    Shown(page="Entries", when="a drug has several entries", script=f"{_READY}; drug; key fen; fentanyl"),
    Shown(page="Form", when="a value is asked for, one after the other", script=_CHOSEN),
    Shown(page="Summary", when="everything is keyed", script=f"{_CHOSEN}; key 100; key 20"),
    Shown(
        page="NextStep",
        when="a step was accepted and another is to follow",
        script=f"{_CHOSEN}; key; key 20; next step",
    ),
    Shown(
        page="Alert",
        when="a limit is crossed; of a hard one without override",
        script=f"{_CHOSEN}; key 300; key; confirm",
    ),
    Shown(page="Reason", when="a soft limit is overridden", script=f"{_CHOSEN}; key 300; key; confirm; override"),
    Shown(
        page="Unchecked",
        when="no limit looked at what was keyed",
        script=f"{_READY}; drug; key unl; unlimited; key 5; key 20; confirm",
    ),
    Shown(
        page="Problem", when="the pump cannot run what was keyed", script=f"{_READY}; basic; key 0.001; key 20; confirm"
    ),
    Shown(
        page="Ready",
        when="it may start; with a loading dose where the entry has one",
        script=f"{_CHOSEN}; key; key; confirm",
    ),
    Shown(page="Running", when="an infusion runs", script=_RUNNING),
    Shown(page="Running", when="it is paused", script=f"{_RUNNING}; pause"),
    Shown(page="Running", when="it is in standby", script=f"{_RUNNING}; pause; standby"),
    Shown(
        page="Running",
        when="a large-volume pump runs: a secondary infusion can be hung",
        script="power; ward; key 70; bag; drug; key sal; saline; key 100; key 500; confirm; start",
        model="meridian-v7",
    ),
    Shown(
        page="Running",
        when="it waits for the patient's button",
        script=f"{_READY}; drug; key mor; morphine; ward-morphine; key; key; key; key; confirm; start",
    ),
    Shown(page="Volume", when="the volume is to be infused anew", script=f"{_RUNNING}; volume"),
    Shown(page="Deliver", when="a bolus was accepted", script=f"{_RUNNING}; bolus; key 25; key; confirm"),
    Shown(page="Running", when="a bolus flows", script=f"{_RUNNING}; bolus; key 25; key; confirm; deliver"),
)


def page() -> str:
    """Return the page ``docs/reference/pump.md``."""
    parts = (_HEAD, _pages(), _BY_ITSELF, _times(), _alarms(), _models(), _LIMITS, _NOT_MODELLED)
    return "\n".join(parts)


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = tuple(names)
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((f"| {' | '.join(names)} |", "|" + "---|" * len(names), *lines)) + "\n"


def _pages() -> str:
    rows = []
    for shown in SHOWN:
        pump = Bench(shown.model).do(shown.script).pump
        if type(pump.page).__name__ != shown.page:
            raise AssertionError(f"{shown.when}: {type(pump.page).__name__} instead of {shown.page}")
        screen = pump.screen()
        ask = (
            "" if screen.ask is None else " ".join((screen.ask.what, f"({screen.ask.unit})" if screen.ask.unit else ""))
        )
        choices = ", ".join(f"`{choice.id}`" for choice in screen.choices)
        rows.append((f"`{shown.page}`", shown.when, screen.title, choices, ask.strip()))
    table = _table(("page", "when", "its title here", "choices", "asks for"), rows)
    return f"{_PAGES}\n{table}\n{_ALWAYS}"


def _times() -> str:
    named = (
        ("near_end", "before the end, or before the syringe is empty, it calls"),
        ("kvo_grace", "the vein has been kept open for so long: it calls"),
        ("callback", "a pause has lasted so long: it calls, and again so long after each answer; not in standby"),
        ("unanswered", "an alert waits so long for an answer: the programme is given up, its answer is `unknown`"),
        ("keeps_settings", "so long after it was switched off its settings can be taken up again"),
        ("battery", "without mains it runs so long, and charges second for second"),
        ("battery_low", "so long before the battery is empty it calls; when it is empty it switches itself off"),
    )
    models = shipped_models()
    rows = [(words, *(_duration(getattr(model, name)) for model in models)) for name, words in named]
    return _table(("what", *(f"`{model.id}`" for model in models)), rows)


def _duration(seconds: int) -> str:
    return show_duration(Fraction(seconds)) if seconds else "never"


def _alarms() -> str:
    rows = [(f"`{alarm.value}`", ALARM_WORDS[alarm], "stops" if alarm in STOPS_FLOW else "goes on") for alarm in Alarm]
    return f"## Alarms\n\n{_ALARMS}\n{_table(('alarm', 'cause', 'the pump'), rows)}"


def _models() -> str:
    _, meanings = split_docstring(PumpModel.__doc__ or "")
    _, of_capacity = split_docstring(Capacity.__doc__ or "")
    models = shipped_models()
    rows: list[tuple[str, ...]] = []
    for field in fields(PumpModel):
        if field.name not in ("id", "capacity"):
            values = (_value(getattr(model, field.name)) for model in models)
            rows.append((f"`{field.name}`", meanings[field.name], *values))
    for field in fields(Capacity):
        values = (_value(getattr(model.capacity, field.name)) for model in models)
        rows.append((f"`capacity.{field.name}`", f"largest library: {of_capacity[field.name]}", *values))
    return f"## Models\n\n{_MODELS}\n{_table(('value', 'what', *(f'`{model.id}`' for model in models)), rows)}"


def _value(value: object) -> str:
    return ", ".join(_words(value)) or "none"


def _words(value: object) -> Iterator[str]:
    if isinstance(value, tuple):
        for one in value:
            bands = getattr(one, "step", None)
            yield show_number(one) if bands is None else f"to {show_number(one.up_to)} by {show_number(bands)}"
    elif isinstance(value, bool):
        yield "yes" if value else "no"
    elif isinstance(value, int | Fraction):
        yield show_number(Fraction(value))
    elif value is not None:
        yield str(value)


_HEAD = """# The virtual pump

*Generated by `tools/pump_page.py`, which looks at the pump itself; do not edit.*

`openinfusion.pump.machine` is a pump as a state machine, for tests and training only: it never runs an infusion. It
has no clock, file, socket or chance of its own. Whoever drives it says what is done and lets time pass; the same
inputs give the same screens and the same notes, and the notes are records of the [open event log](event-log.md). What
its records say of delivery, message by message: [event sequences](event-sequences.md).

```text
pump.choose("power")        a key or a choice of the screen; what it returns is why the pump beeps, None if it took it
pump.enter("70")            a value is keyed
pump.load(volume)           a syringe is put in; None hangs a bag
pump.call(Alarm.AIR)        something happens to the line, the syringe, the door, or the pump
pump.plug(in_mains=False)   the plug is pulled
pump.wait(1800)             half an hour passes; what happens by itself meanwhile happens at its exact moment
pump.stage(held)            a library arrives; pump.activate() brings it into force, pump.revert(why) takes it back
pump.screen()               what the display shows
pump.state()                what it is doing, as one value: the same that its records tell
```
"""
_PAGES = """## Screens

Each row is a real screen, with the library of the bench in `tools/pump_bench.py`. Choices are named as in scenarios.
"""
_ALWAYS = """On every screen the power key works, the patient's button (`demand`) where patient-controlled analgesia
is set, and `clear` answers the alarms while there are any. A choice that is offered is taken, but for these, which
say why: `start`, `deliver` and `demand` without a syringe or bag, with an empty syringe, with an alarm that stops the
flow, or while a dose is being given; `next step` and `confirm` of a step without its volume; `demand` in the lockout
or above the accumulated dose; anything that was accepted after its infusion had ended; `power` with an empty battery.
"""
_BY_ITSELF = """## What happens by itself

A volume that has been given ends its source: a dose gives way to what flowed before, a step to the next one, a
secondary to its primary if that ran before, the last volume to the rate that keeps the vein open. That rate is the
care area's, never faster than the infusion ran; where the area sets none, or the pump cannot run so slowly, the
infusion completes. An empty syringe stops everything. A staged library comes into force when the pump is switched on
and nothing is kept.
"""
_ALARMS = """An alarm that stops the pump must be answered before anything flows again; a bolus that it ended is not
taken up again. Some end by themselves: the call for a pause when it goes on, for the end when there is none any more,
and for a low battery with the plug.
"""
_MODELS = """The models that come with it; another one is a table in a file like `src/openinfusion/pump/models.toml`.
Rates are in mL/h, volumes in mL, times in seconds. Every maker is invented.
"""
_LIMITS = """## What it keeps to

After every one of at least 20,000 steps of a random walk (`tests/generative/test_pump_machine.py`; `make pump-test`
takes 100,000), computed from outside and not by the pump:

- It never runs above a hard limit of entry or care area: dose, rate, volume, bolus, loading and demand dose. Volumes of
  doses are cut to the millionth of a mL, never rounded up; a rate is rounded to the nearest that the model can run, and
  what that delivers is held against the limits again.
- A demand dose comes neither before its lockout has passed nor above the accumulated dose of its window.
- No library comes into force while anything runs, waits or is being programmed.
- What was put in is given or left, exactly, as fractions. Records count whole millionths of a mL; the total of every
  record is the sum of its segments, and within a millionth of the truth for each segment.
- Every alert has one answer, and no hard limit is overridden.
- Nothing flows while it is off, without a container, or with an alarm that stops the flow.
- Its state is what its records tell, replayed from nothing else; every note is a valid record.
- Time never goes back, and the same inputs give the same records.
"""
_NOT_MODELLED = """## What it does not model

- Start-up and bolus effects of a real syringe driver, pressure, compliance, flow accuracy: rates are exact.
- Air and occlusion: they happen when somebody says so, at once.
- What is in a bag: a large-volume pump does not know it, and never finds it empty by itself.
- The background of patient-controlled analgesia in the accumulated dose: doses count, when they begin and in full.
- A limit on how many boluses a clinician gives in a while.
- A new volume that is small: it is an alert only if it is too much, in volume, time or (intermittent) dose. A record of
  what was programmed is made only then; otherwise the segments tell it.
- Target-controlled infusion, ramps and tapers; relays of one pump by another; anaesthesia mode: its entries are hidden.
- Settings at the bedside such as alarm volume, pressure limit and keypad lock; channels: one pump is one channel.
"""
