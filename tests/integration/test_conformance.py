"""Our own engine passes the conformance kit as any other would, and the kit bites when a fault is planted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
KIT = ROOT / "conformance"
FEWEST = 300
ENGINE = """
import sys
from fractions import Fraction
import openinfusion.core.dosing as dosing
import openinfusion.core.holding as holding
import openinfusion.core.units as units
import openinfusion.adapters.programmes as programmes
{fault}
for answer in programmes.answer_lines(sys.stdin):
    print(answer)
"""
FAULTS = {
    "a limit itself counts as crossed": (
        "holding._is_less = lambda one, other: one <= other",
        {"continuous", "pca", "units"},
    ),
    "doses are floats": (
        "holding._is_less = lambda one, other: float(one) < float(other) * (1 - 1e-9)",
        {"continuous", "units"},
    ),
    "the weight is ignored": (
        (
            "old = dosing.Check.settle_patient\n"
            "def ignore(self):\n"
            "    old(self)\n"
            "    self.weight = Fraction(1) if self.weight else None\n"
            "dosing.Check.settle_patient = ignore"
        ),
        {"continuous", "made up by weight"},
    ),
    "a missing weight is taken as 70 kg": (
        (
            "old = dosing.Check.settle_patient\n"
            "def assume(self):\n"
            "    old(self)\n"
            "    self.weight = self.weight or Fraction(70)\n"
            "dosing.Check.settle_patient = assume"
        ),
        {"patient", "fluid"},
    ),
    "soft limits hide hard ones": (
        (
            "from openinfusion.core.programme import Decision, Verdict\n"
            "old = dosing.conclude\n"
            "def soften(*found, **more):\n"
            "    said = old(*found, **more)\n"
            "    soft = any(not f.is_hard for f in said.findings)\n"
            "    return Verdict(Decision.CONFIRM, said.findings, said.derived) if soft else said\n"
            "dosing.conclude = soften"
        ),
        {"care area"},
    ),
    "a rate is always rounded": (
        (
            "old = dosing.Check.derived\n"
            "from dataclasses import replace\n"
            "def rounded(self):\n"
            "    made = old(self)\n"
            "    rate = made.rate and units.Quantity(Fraction(round(made.rate.value * 10), 10), made.rate.unit)\n"
            "    return replace(made, rate=rate)\n"
            "dosing.Check.derived = rounded"
        ),
        {"continuous", "rounding", "exactness"},
    ),
    "an open concentration is not held against its limits": (
        "dosing.Check.hold_strength = lambda self, *_: None",
        {"concentration", "november 2018"},
    ),
}


def judge(*engine: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(KIT / "judge.py"), "--", *engine]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def failing_groups(table: str) -> set[str]:
    """The groups of the judge's table that have a failure."""
    lines = table.partition("\n\n")[0].splitlines()[1:-1]
    return {line[:32].strip() for line in lines if int(line.split()[-1])}


def vectors() -> list[dict[str, object]]:
    return [json.loads(line) for line in (KIT / "vectors.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.hazard("PL-01")
@pytest.mark.hazard("LC-04")
def test_our_engine_agrees_with_every_vector() -> None:
    """Every vector, through the protocol, in another process."""
    done = judge(sys.executable, "-c", ENGINE.format(fault=""))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].split() == ["total", str(len(vectors())), "0"]


def test_there_are_enough_vectors_each_with_its_reason() -> None:
    """A vector without a reason cannot be discussed with whoever fails it."""
    made = vectors()
    assert len(made) >= FEWEST
    assert all(vector["reason"] for vector in made)
    assert len({json.dumps([vector["programme"], vector.get("rate_resolution")]) for vector in made}) >= FEWEST


def test_the_vectors_are_those_that_the_generator_writes() -> None:
    """Nobody edits the file by hand; the generator imports nothing of the engine."""
    assert subprocess.run([sys.executable, str(KIT / "make_vectors.py"), "--check"], check=False).returncode == 0
    assert "openinfusion." not in (KIT / "make_vectors.py").read_text("utf-8")


@pytest.mark.parametrize("fault", FAULTS)
def test_the_judge_finds_a_planted_fault(fault: str) -> None:
    """An engine with a fault that has happened in real software fails, in the groups that the fault touches."""
    planted, groups = FAULTS[fault]
    done = judge(sys.executable, "-c", ENGINE.format(fault=planted))
    assert done.returncode == 1, done.stdout + done.stderr
    assert groups <= failing_groups(done.stdout)


@pytest.mark.parametrize(
    "engine, reason",
    [
        (["no-such-command"], "could not be run"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with exit code 3"),
        ([sys.executable, "-c", "import sys; sys.stdin.read(); print('{}')"], "answered 1 of"),
    ],
)
def test_an_engine_that_cannot_be_judged_is_not_passed(engine: list[str], reason: str) -> None:
    """Silence is not agreement."""
    done = judge(*engine)
    assert done.returncode == 2
    assert reason in done.stderr


@pytest.mark.parametrize("said", ["not json", "[1]", "{}", '{"decision": "accept", "findings": [{}], "derived": {}}'])
def test_an_answer_that_is_no_verdict_differs(said: str) -> None:
    """Whatever an engine prints, the judge says what is wrong with it and does not fall over."""
    program = f"import sys\nfor line in sys.stdin: print({said!r})"
    done = judge(sys.executable, "-c", program)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
