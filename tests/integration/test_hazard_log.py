"""Every control of the hazard log has its evidence, and every mark its hazard."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import hazard_page
import pytest

pytestmark = pytest.mark.xdist_group("hazard-log")
ROOT = Path(__file__).resolve().parents[2]
COLLECTOR = """
import sys, pytest
class Marks:
    def pytest_collection_finish(self, session):
        for item in session.items:
            for mark in item.iter_markers("hazard"):
                sys.stderr.write(f"MARK\\t{mark.args[0]}\\t{item.nodeid}\\n")
options = ["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "tests"]
sys.exit(pytest.main(options, plugins=[Marks()]))
"""


@pytest.fixture(scope="module")
def marked() -> dict[str, set[str]]:
    """Return the tests that carry each hazard, collected in a process of its own so that it is always all of them."""
    done = subprocess.run([sys.executable, "-c", COLLECTOR], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    found = defaultdict(set)
    for line in done.stderr.splitlines():
        if line.startswith("MARK\t"):
            _, hazard, test = line.split("\t", 2)
            found[hazard].add(test)
    return found


def test_every_control_has_a_test_that_carries_its_hazard(marked):
    for hazard in hazard_page.hazards():
        assert hazard["controls"], hazard["id"]
        for control in hazard["controls"]:
            assert control["tests"], f"{hazard['id']}: {control['text']}"
            for path in control["tests"]:
                assert any(test.startswith(path) for test in marked[hazard["id"]]), f"{hazard['id']}: {path}"


def test_every_mark_has_its_hazard_in_the_log(marked):
    assert set(marked) <= {hazard["id"] for hazard in hazard_page.hazards()}


def test_the_rating_is_looked_up_not_multiplied():
    """Cells of the example matrix in the implementation guidance."""
    cases = {("catastrophic", "very low"): 3, ("major", "high"): 4, ("minor", "very high"): 3, ("major", "very low"): 2}
    for (severity, likelihood), expected in cases.items():
        assert hazard_page.rating({"severity": severity, "likelihood": likelihood}) == expected
