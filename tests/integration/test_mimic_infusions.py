"""Real intensive-care infusions (MIMIC-III demo), read where they lie; see the notice beside them."""

from pathlib import Path

import pytest

from openinfusion.adapters.infusions import InfusionReading, read_infusions, shipped_infusion_mapping
from openinfusion.adapters.library_file import read_library
from openinfusion.core.replay import replay
from openinfusion.core.replay_counts import tally

EXAMPLES = Path(__file__).parents[2] / "examples" / "trust"


@pytest.fixture(scope="module")
def reading(shared_data: Path) -> InfusionReading:
    path = shared_data / "mimic-iii-demo" / "INPUTEVENTS_MV.csv"
    if not path.is_file():
        pytest.skip("the MIMIC-III demo is not among the reference data")
    return read_infusions(path, shipped_infusion_mapping("mimic-iii"))


def test_every_row_is_accounted_for(reading: InfusionReading) -> None:
    """13,224 rows, of which 2,910 are superseded; the classes add up."""
    assert reading.rows == 13_224
    assert reading.excluded["superseded by a later row"] == 2_910
    assert reading.rows == len(reading.infusions) + sum(reading.excluded.values())
    assert len(reading.infusions) == 2_285


def test_the_known_faults_are_found(reading: InfusionReading) -> None:
    """22 amounts are negative; of two rows of no length one has a rate. All stand in superseded rows."""
    assert reading.faults["amount: a negative amount"] == 22
    assert reading.faults["endtime: a length of zero"] == 2
    assert {problem.left_out_as for problem in reading.problems} == {"superseded by a later row"}


def test_the_identity_of_the_source_holds(reading: InfusionReading) -> None:
    """Amount = rate x duration (x weight) in 7,335 of 7,335 rows with a rate, also those left out."""
    assert (reading.identity_held, reading.identity_checked) == (7_335, 7_335)


def test_no_message_names_a_stay(reading: InfusionReading) -> None:
    """Problems speak of rows and columns; six-digit stay and patient numbers never occur."""
    words = [*map(str, reading.problems), *(str(item) for item in reading.unmapped)]
    assert not [text for text in words if "icustay" in text or "subject" in text]
    assert all(problem.column in ("amount", "endtime") for problem in reading.problems)


def test_every_item_with_a_rate_is_in_the_item_table(reading: InfusionReading) -> None:
    """Mapped to a drug, or left out with a reason."""
    assert not [item for item in reading.unmapped if item.reason == "not in the item table"]


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_the_example_library_judges_most_of_them(reading: InfusionReading, version: str) -> None:
    """The five results add up, and most infusions can be judged."""
    result = replay(read_library(EXAMPLES / f"library-{version}.json"), reading.infusions)
    whole = tally(result.outcomes)
    assert whole.infusions == len(reading.infusions)
    assert whole.no_alert + whole.soft + whole.hard + whole.ambiguous + whole.not_checked == whole.infusions
    assert whole.checked > whole.infusions * 3 // 4
    assert 0 < whole.alerted < whole.checked // 5
