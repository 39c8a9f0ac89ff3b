"""Whatever happens at a virtual pump, its agent changes no library in use, and none to a lower number."""

import shutil
import tempfile
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pump_bench import Bench, library

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.fleet.agent import Agent, Home, Provisioning, folder_source
from openinfusion.fleet.agent.slots import Slots
from openinfusion.fleet.report import read_report
from openinfusion.pump.agent import VirtualPump
from tests.fleet_desk import HOSPITAL, PROFILE, Desk
from tests.fleet_pump import NOW, PUMP, TurnedClock
from tests.reliability import is_thorough, record

FENTANYL = "ward; key 70; load 12 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100; key; confirm; start"
STAGES = 5


@cache
def stages():
    """The trees as they are published one after the other: releases, a halt, a recall; and the roots to trust."""
    folder = Path(tempfile.mkdtemp())
    desk = Desk(folder / "authority", at=NOW)
    kept: list[Path] = []

    def keep():
        shutil.copytree(desk.authority.folder, folder / str(len(kept)))
        kept.append(folder / str(len(kept)))

    for n in range(1, 4):
        number = desk.release(library(f"1.{n}.0"))
        desk.assign("bench", number)
        keep()
        if n == 2:
            desk.halt("bench")
            keep()
    desk.recall(max(desk.listing()) - 1)
    keep()
    assert len(kept) == STAGES
    return kept, desk.trusted_roots()


class Ward(RuleBasedStateMachine):
    """A virtual pump, its agent, and people at it."""

    activations = refused_while_used = 0

    @initialize()
    def begins(self):
        self.folder = Path(tempfile.mkdtemp())
        self.bench = Bench("halden-s2")
        self.bench.pump.choose("power")
        self.stage = 0
        trees, roots = stages()
        self.trees = trees
        home = Home(self.folder)
        told = Provisioning(pump=PUMP, made=NOW, model="halden-s2", hospital=HOSPITAL, profile=PROFILE, ring="bench")
        home.set_up(told, roots=roots)
        Slots(self.folder / "slots").set_up(canonical_bytes(library()), number=0, at=NOW)
        self.highest = 0
        self.starts_agent()

    def teardown(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pump(self):
        return self.bench.pump

    @rule()
    def starts_agent(self):
        self.virtual = VirtualPump(self.pump)
        self.agent = Agent(Home(self.folder), self.virtual, TurnedClock())
        self.changes_only_when_idle(self.agent.start)

    def changes_only_when_idle(self, step):
        """Let the agent do something, and hold it against what the pump did just before."""
        before, is_free = self.virtual.loaded(), self.pump.is_idle and self.pump.is_on
        outcome = step()
        if self.virtual.loaded() != before:
            assert is_free, "a library was changed while somebody used the pump"
            assert self.virtual.doing().state != "infusing"
            type(self).activations += 1
        elif outcome.done == "waits" and not is_free:
            type(self).refused_while_used += 1

    @rule(goes_on=st.booleans())
    def the_agent_polls(self, goes_on):
        self.stage = min(self.stage + goes_on, STAGES - 1)
        self.changes_only_when_idle(lambda: self.agent.update(folder_source(self.trees[self.stage])))
        self.tries_to_activate()

    @rule()
    def tries_to_activate(self):
        may_change, before = self.virtual.doing().may_change, self.virtual.loaded()
        self.changes_only_when_idle(self.agent.activate)
        assert may_change or self.virtual.loaded() == before

    @rule(back=st.integers(0, STAGES - 1))
    def somebody_plays_an_old_stick(self, back):
        self.changes_only_when_idle(lambda: self.agent.update(folder_source(self.trees[min(back, self.stage)])))

    @rule(seconds=st.sampled_from([1, 30, 299, 300, 3600]))
    def time_passes(self, seconds):
        self.pump.wait(Fraction(seconds))

    @rule(choice=st.integers(0, 9), text=st.sampled_from(["", "70", "50", "1", "fen", "sal", "0.1"]))
    def somebody_presses_a_key(self, choice, text):
        screen = self.pump.screen()
        if screen.ask is not None and choice % 2:
            self.pump.enter(text)
        elif screen.choices:
            self.pump.choose(screen.choices[choice % len(screen.choices)].id)

    @rule()
    def somebody_begins_an_infusion(self):
        """Key a programme in; what the pump does not take is left out."""
        if not self.pump.is_on:
            self.pump.choose("power")
        self.pump.admit()
        for part in FENTANYL.split("; "):
            self.bench.one(part)

    @rule()
    def somebody_switches_it(self):
        self.pump.choose("power")

    @rule()
    def a_new_patient_comes(self):
        self.pump.admit()

    @invariant()
    def the_number_never_falls(self):
        if not hasattr(self, "agent"):
            return
        report = read_report(self.agent.report())[0]
        assert report.active.number >= self.highest
        self.highest = report.active.number


@pytest.mark.reliability
@pytest.mark.hazard("CF-02")
def test_no_library_changes_under_an_infusion():
    Ward.activations = Ward.refused_while_used = 0
    runs, steps = (2_000, 50) if is_thorough() else (12, 40)
    run_state_machine_as_test(Ward, settings=settings(max_examples=runs, stateful_step_count=steps, deadline=None))

    assert Ward.activations > 0
    assert Ward.refused_while_used > 0
    figures = {"runs": runs, "steps each": steps, "activations": Ward.activations, "while in use": 0}
    record("F21", {**figures, "put off while in use": Ward.refused_while_used}, title="Activation at a virtual pump")
