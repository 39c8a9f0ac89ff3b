"""Whatever is pressed, keyed and happens, in any order: the pump keeps to what must hold after every step."""

import os
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from random import Random
from time import monotonic_ns
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from pump_bench import Bench, held

from openinfusion.adapters.library_file import read_library
from openinfusion.core import dosing
from openinfusion.core.errors import EventError
from openinfusion.core.events import Alarm, LibraryVersion
from openinfusion.core.programme import Finding
from openinfusion.core.units import ML, Quantity
from openinfusion.pump.machine import Held, Infusion, Pump, judge
from openinfusion.pump.machine.attempt import Purpose
from openinfusion.pump.machine.channel import Channel
from openinfusion.pump.machine.flow import DROP, Stream
from openinfusion.pump.machine.form import Asked
from openinfusion.pump.machine.pages import Search
from openinfusion.pump.machine.programming import Alert, Form
from openinfusion.pump.machine.running import Running
from openinfusion.pump.machine.state import NOTHING
from tests.pump_watch import Watch

ROOT = Path(__file__).resolve().parents[2]
STEPS = int(os.environ.get("OPENINFUSION_PUMP_STEPS", "20000"))
STEPS_EACH, RULES_EACH = 100, 8
"""Of each pump: how many steps it begins with, and how many rules follow, most of them several steps."""
SETTINGS = settings(
    max_examples=STEPS // 4 // STEPS_EACH,
    stateful_step_count=RULES_EACH,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
WAITS = (0, 1, 7, 59, 60, 61, 119, 120, 121, 299, 300, 301, 1799, 3600, 7201, 28_800, 28_801, 86_400, 3 * 86_400)
LETTERS = (
    *("nor", "fen", "hep", "par", "gen", "sal", "mor", "unl", "thi", "ant", "amio", "vanc", "glu", "xyz"),
    *("ab", "  ", "\n\n\n", "x" * 500),
)
ABSURD = (
    *("0", "-1", "999999999", "0.000000001", "1e9", "1,5", ".5", "abc", "5 mg", "3 kg", "70000 g"),
    *("1 mg/kg/min", "²", "5 mL/h", "12 units"),
)
WEIGHTS = {
    **dict.fromkeys(
        ("confirm", "start", "deliver", "override", "drug", "next", "keep", "none", "same patient", "skip"), 12
    ),
    **dict.fromkeys(("loading", "next step", "secondary", "bolus", "demand", "volume", "change"), 12),
    **dict.fromkeys(("cancel", "back", "stop", "clear settings", "new patient", "area", "weight", "power"), 1),
}
"""How often a choice is taken, beside 4 for the others: most of them lead on."""
MAY_BEEP = ("start", "deliver", "next step", "confirm", "demand", "power", "bag")
"""Choices that a screen offers and that may have to wait: for a syringe, a volume, an answer to an alarm, power."""
RARE = 0.1
KEYS = ("power", "start", "override", "deliver", "update", "bolus", "nothing", "clear", "release", "demand")
BLIND: tuple[tuple[Any, ...], ...] = (
    *(("choose", key) for key in KEYS),
    *(("enter", text) for text in (*ABSURD, *LETTERS)),
)
HAPPENINGS: tuple[tuple[Any, ...], ...] = (
    *(("alarm", alarm) for alarm in Alarm),
    *(("load", volume) for volume in ("50 mL", "50 mL", "3 mL", "0.5 mL", "60 mL", "70 mL")),
    *(("stage", place) for place in range(3)),
    *(("plug", True), ("plug", False), ("bag",), ("choose", "demand"), ("revert",), ("admit",)),
    *(("activate",), ("activate",), ("activate",), ("move", "theatre")),
)
COUNTED = Counter[str]()
"""How many things were done to the pumps of each kind, beginnings and repetitions included."""
TRUST = read_library(ROOT / "examples" / "trust" / "library-1.1.0.json")
TRUST_NAME = LibraryVersion(name=TRUST.library.name, version=TRUST.library.version)


def sensible(asked: Asked, form: Form) -> list[str]:
    """Values that a nurse keys: most within the limits of what is asked, some at each limit and just beyond it."""
    attempt = form.attempt
    entry, mode = attempt.entry, attempt.mode
    of = None if entry is None or mode is None else entry.limits_for(mode)
    pca = None if entry is None or of is not entry else entry.pca
    held_by = pca if asked.name in ("dose", "lockout", "accumulated") and pca is not None else of
    limits = getattr(held_by, {"background": "dose"}.get(asked.name, asked.name), None)
    bounds = [] if limits is None else [one for one in limits.bounds if one is not None]
    found = [show(bound * Fraction(tenths, 10)) for bound in bounds for tenths in (6, 9, 10, 10, 10, 11)]
    found += [show((bounds[0] + 2 * bounds[-1]) / 3 * Fraction(tenths, 10)) for tenths in range(1, 9) if bounds]
    plain = {
        "weight": ["3.5", "70", "70000 g", "120"],
        "amount": ["500", "5000", "25000"],
        "diluent": ["50", "48.5"],
        "rate": ["0.5", "33.3", "125"],
    }
    return found or plain.get(asked.name, ["0.7", "5", "20", "50", "1 L"])


def show(value: Fraction) -> str:
    return f"{float(value):.4f}".rstrip("0").rstrip(".")


class PumpMachine(RuleBasedStateMachine):
    """A pump of one model with the library of the bench, in the hands of chance."""

    model = "halden-s2"

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(self.model, self.library())
        self.watch = Watch(self.bench)
        self.lines: list[tuple[str, tuple[object, ...]]] = []
        self.libraries = [held("1.1.0"), held("1.2.0"), Held(TRUST, TRUST_NAME)]

    @staticmethod
    def library() -> Held:
        return held()

    @property
    def pump(self) -> Pump:
        return self.bench.pump

    # --- What is done ------------------------------------------------------------------------------------------------

    def act(self, what: str, *more: object) -> str | None:
        """Do one thing, write it down to do the same again, and look."""
        self.watch.before()
        self.lines.append((what, more))
        beep: str | None = act(self.pump, self.libraries, what, more)
        self.watch.look()
        return beep

    @initialize(weight=st.sampled_from(["70", "3.5", "80000 g"]), seed=st.integers(0, 2**32))
    def begins(self, weight, seed):
        self.act("choose", "power")
        self.act("choose", self.pump.screen().choices[0].id)
        self.act("enter", weight)
        self.act(*(("load", "50 mL") if self.pump.model.takes_syringes else ("bag",)))
        self.goes_on(seed, STEPS_EACH)

    @rule(seed=st.integers(0, 2**32), presses=st.integers(5, 40))
    def goes_on(self, seed, presses):
        """Somebody at the pump goes on with what the screen asks for, and now and then something else happens."""
        dice = Random(f"{type(self).__name__} {seed}")  # noqa: S311 - the seed is Hypothesis's
        for _ in range(presses):
            if dice.random() < RARE:
                self.act(*dice.choice((*BLIND, *HAPPENINGS, *HAPPENINGS)))
            else:
                self.one(dice)

    def one(self, dice):
        """Key a value or take a choice, most often one that leads on."""
        ask, page = self.pump.screen().ask, self.pump.page
        if dice.random() < (0.4 if isinstance(page, Running) else 0.08):
            self.act("wait", Fraction(dice.choice(WAITS)))
        elif ask is None or dice.random() < 0.1:
            self.press(dice)
        elif isinstance(page, Form):
            self.act("enter", dice.choice(["", *sensible(page.asked, page)]))
        else:
            self.act("enter", dice.choice(("50", "20", "12.5", "70", "") if ask.unit else self.letters()))

    def letters(self):
        """Letters that find something now, and some that do not."""
        secondary = isinstance(self.pump.page, Search) and self.pump.page.purpose is Purpose.SECONDARY
        found = [one for one in LETTERS if self.pump.search(one, secondary=secondary)]
        return [*found, *(one for one in found if one in ("mor", "thi", "fen")), "xyz"]

    def press(self, dice):
        """Take a choice that the screen offers: it must be taken."""
        choices = [one.id for one in self.pump.screen().choices]
        if not choices:
            return
        choice = dice.choices(choices, [WEIGHTS.get(one, 4) for one in choices])[0]
        beep = self.act("choose", choice)
        assert beep is None or choice in MAY_BEEP, f"{choice!r} is offered on {self.pump.screen().title!r}: {beep}"

    @rule(what=st.sampled_from(BLIND))
    def presses_blindly(self, what):
        """Press what may not be there, and key what no screen takes."""
        self.act(*what)

    @rule(thirds=st.integers(0, 10**5))
    def waits(self, thirds):
        self.act("wait", Fraction(thirds, 3))

    @rule(what=st.sampled_from(HAPPENINGS))
    def happens(self, what):
        self.act(*what)

    # --- What must hold ----------------------------------------------------------------------------------------------

    def teardown(self):
        COUNTED[type(self).__name__] += len(self.lines)
        self.watch.end()
        again = Bench(self.model, self.library())
        for what, more in self.lines:
            act(again.pump, self.libraries, what, more)
        assert [told(note) for note in again.notes] == [told(note) for note in self.bench.notes]
        assert again.pump.screen() == self.pump.screen()


def told(note):
    """A note as plain values: another note by its number."""
    fields = {name: getattr(value, "sequence", value) for name, value in note.fields.items()}
    return (note.at, note.kind, note.sequence, note.library, note.ward, fields)


def act(pump, libraries, what, more):
    """Do one thing to a pump."""
    hands = {
        "choose": pump.choose,
        "enter": pump.enter,
        "wait": pump.wait,
        "alarm": pump.call,
        "plug": lambda in_mains: pump.plug(in_mains=in_mains),
        "load": lambda volume: pump.load(Quantity.read(volume)),
        "bag": lambda: pump.load(None),
        "stage": lambda place: pump.stage(libraries[place]),
        "activate": pump.activate,
        "revert": lambda: pump.revert("restored"),
        "move": pump.move,
        "admit": pump.admit,
    }
    return hands[what](*more)


class LargeVolume(PumpMachine):
    """The same on a large-volume pump: secondary infusions, and a container whose volume it does not know."""

    model = "meridian-v7"


class Strict(PumpMachine):
    """The same on a pump that keeps nothing when it is switched off, and whose bolus key must be held."""

    model = "halden-s2-strict"


class Trust(PumpMachine):
    """The same with the library of the example trust."""

    @staticmethod
    def library() -> Held:
        return Held(TRUST, TRUST_NAME)


class Morphine(PumpMachine):
    """The same with nothing but the patient's button."""

    def letters(self):
        return ["mor"]


class Thirds(PumpMachine):
    """The same with nothing but a strength of which no volume is a decimal."""

    def letters(self):
        return ["thi"]


@pytest.mark.hazard("PL-02")
@pytest.mark.parametrize("machine", [PumpMachine, LargeVolume, Strict, Trust])
def test_the_pump_holds(machine):
    """Whatever is done, and in any order; a quarter of the steps for each kind of pump."""
    run_state_machine_as_test(machine, settings=SETTINGS)
    assert COUNTED[machine.__name__] >= STEPS // 4


# --- Does it bite? ---------------------------------------------------------------------------------------------------

SMALL = settings(SETTINGS, max_examples=150, phases=[Phase.generate], report_multiple_bugs=False)


def hard_limits_are_overridden(patch):
    patch.setattr(Finding, "is_hard", property(lambda _: False))


def a_library_comes_into_force_at_any_time(patch):
    patch.setattr(Pump, "is_idle", property(lambda _: True))


def a_segment_is_off_by_a_drop(patch):
    real = Stream.end

    def end(stream, because, *, is_complete=False):
        told_ = real(stream, because, is_complete=is_complete)
        return replace(told_, volume=Quantity((told_.volume or NOTHING).value + DROP, ML))

    patch.setattr(Stream, "end", end)


def a_total_is_off_by_a_drop(patch):
    real = Stream.end

    def end(stream, because, *, is_complete=False):
        stream.infusion.logged += DROP if is_complete else 0
        return real(stream, because, is_complete=is_complete)

    patch.setattr(Stream, "end", end)


def an_alert_is_left_without_an_answer(patch):
    def give_alert_up(pump):
        pump.alert = None
        pump.go_home()

    patch.setattr(Pump, "_give_alert_up", give_alert_up)


def an_alert_is_answered_twice(patch):
    real = Alert.answer

    def answer(alert, pump, response, *, reason=None):
        real(alert, pump, response, reason=reason)
        real(alert, pump, response, reason=reason)

    patch.setattr(Alert, "answer", answer)


def a_dose_is_rounded_up(patch):
    patch.setattr(judge, "whole_drops", lambda volume: ceil(volume.to(ML).value / DROP) * DROP)


def a_rate_is_rounded_up_after_the_check(patch):
    real = dosing.check

    def check(programme, library, *, rate_resolution=None):
        verdict = real(programme, library)
        rate = verdict.derived.rate
        if rate_resolution is None or rate is None:
            return verdict
        up = Quantity(ceil(rate / rate_resolution) * rate_resolution.value, rate.unit)
        return replace(verdict, derived=replace(verdict.derived, rounded_rate=up))

    patch.setattr(judge, "check", check)


def the_lockout_is_forgotten(patch):
    patch.setattr(Infusion, "why_no_demand", lambda *_: None)


def an_empty_syringe_is_not_noticed(patch):
    real = Channel.dues
    patch.setattr(Channel, "dues", lambda channel: (due for due in real(channel) if due[1] != channel._emptied))


def an_alarm_does_not_stop_it(patch):
    patch.setattr("openinfusion.pump.machine.calls.STOPS_FLOW", frozenset())


def it_starts_in_spite_of_an_alarm(patch):
    patch.setattr("openinfusion.pump.machine.calls.Calls.why_not_start", lambda _: None)


def the_power_key_does_not_stop_it(patch):
    real = Channel.pause

    def pause(channel, because, *, reason=None):
        if because != "powered off":
            real(channel, because, reason=reason)

    patch.setattr(Channel, "pause", pause)


def a_volume_is_lost_in_a_dose(patch):
    real = Stream.flow

    def flow(stream, seconds):
        moved = real(stream, seconds)
        return moved if stream.dose is None else moved - DROP

    patch.setattr(Stream, "flow", flow)


def it_goes_by_another_clock(patch):
    patch.setattr(Pump, "wait", lambda pump, seconds: pump.advance(pump.now + seconds + monotonic_ns() % 1000))


FAULTS = (
    (hard_limits_are_overridden, PumpMachine),
    (a_library_comes_into_force_at_any_time, PumpMachine),
    (a_segment_is_off_by_a_drop, PumpMachine),
    (a_total_is_off_by_a_drop, LargeVolume),
    (an_alert_is_left_without_an_answer, PumpMachine),
    (an_alert_is_answered_twice, PumpMachine),
    (a_dose_is_rounded_up, Thirds),
    (a_rate_is_rounded_up_after_the_check, Thirds),
    (the_lockout_is_forgotten, Morphine),
    (an_empty_syringe_is_not_noticed, PumpMachine),
    (an_alarm_does_not_stop_it, LargeVolume),
    (it_starts_in_spite_of_an_alarm, LargeVolume),
    (the_power_key_does_not_stop_it, PumpMachine),
    (a_volume_is_lost_in_a_dose, PumpMachine),
    (it_goes_by_another_clock, PumpMachine),
)


@pytest.mark.hazard("PL-02")
@pytest.mark.parametrize(("fault", "machine"), FAULTS, ids=lambda one: one.__name__)
def test_it_notices(fault, machine, monkeypatch):
    """Each fault is planted alone, and the same machine finds it in fewer steps than it is given."""
    fault(monkeypatch)
    with pytest.raises((AssertionError, EventError, ZeroDivisionError)):
        run_state_machine_as_test(machine, settings=SMALL)
