"""
An agent that is ended, or whose disk fails, at any file operation leaves a pump a whole library, never a lower one.

``make reliability`` goes through every operation; a usual run takes every seventh.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.fleet.agent import folder_source
from tests.fleet_desk import Desk, small_library
from tests.fleet_kill import KILLED
from tests.fleet_pump import NOW, Bench
from tests.reliability import is_thorough, record

ROOT = Path(__file__).resolve().parents[2]
STEP = 1 if is_thorough() else 7
pytestmark = [pytest.mark.reliability, pytest.mark.hazard("CF-02")]


@pytest.fixture
def places(tmp_path):
    """A pump that runs release 1, and trees that offer release 2."""
    desk = Desk(tmp_path / "authority", at=NOW)
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    bench = Bench(tmp_path / "pump", roots=desk.trusted_roots(), factory=canonical_bytes(small_library("0.0.0")))
    bench.agent.update(folder_source(desk.authority.folder))
    bench.agent.activate()
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    return tmp_path / "pump", desk.authority.folder


def every_point(places, way, *, step=STEP, change=""):
    pump, trees = places
    command = [sys.executable, "-m", "tests.fleet_kill", str(pump), str(trees), way, str(step)]
    if change:
        command[1:3] = ["-c", f"{change}\nfrom tests import fleet_kill; fleet_kill.main()"]
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    shutil.rmtree(pump.with_name("work"))
    told = json.loads(done.stdout)
    return told["points"], told["found"], done.stderr


def faults(found):
    return [one for one in found if not (one["ended"] == KILLED and _is_sound(one))]


def _is_sound(one):
    return one["first"] in (1, 2) and one["then"] == 2 and one["rose"] and one["whole"] is True


@pytest.mark.parametrize("way", ["kill", "full", "fault"])
def test_at_no_point_is_a_library_lost_or_a_number_lowered(places, way):
    points, found, said = every_point(places, way)

    assert faults(found) == [], said
    assert points > 50, "an update and an activation take many file operations"
    if way != "kill":
        return
    assert {one["first"] for one in found} == {1, 2}
    figures = {"file operations at which it was ended": points, "libraries not whole": 0, "lower numbers": 0}
    record("F14", figures, title="Agent ended at every file operation of staging and activation")


def test_the_points_notice_an_agent_that_writes_into_the_slot_in_force(places):
    """The test above bites: written there, some end leaves a pump without a whole library."""
    change = (
        "from openinfusion.fleet.agent import slots\n"
        "slots._OTHER = {'a': 'a', 'b': 'b'}\n"
        "slots.Slots._recovered = lambda self: slots._read(self._folder / 'switch.json', slots.Switch)\n"
    )
    _, found, _ = every_point(places, "kill", change=change)
    assert faults(found)
