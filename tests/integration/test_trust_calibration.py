"""A whole year of the example trust comes near every published figure that it aims at, and every kind occurs."""

import json
from collections import Counter
from pathlib import Path

import pytest

from openinfusion.core.events import Kind
from openinfusion.pump.trust import Settings, build_trust
from openinfusion.pump.trust.figures import published, tally_releases
from openinfusion.pump.trust.year import pump_records

pytestmark = pytest.mark.xdist_group("whole-year")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "trust"


@pytest.fixture(scope="module")
def whole_year():
    trust = build_trust(Settings(examples=EXAMPLES))
    tally = tally_releases(trust)
    elsewhere: set[tuple[str, str]] = set()
    kinds: Counter[str] = Counter()
    starts: Counter[tuple[str, bool]] = Counter()
    for pump in trust.pumps:
        records, _, counts = pump_records(trust, pump)
        kinds.update(received.record["kind"] for received in records)
        elsewhere.update((pump.ward.name, r.record["drug"]) for r in records if _is_elsewhere(r.record, pump))
        starts.update((r.record["ward"], r.record["with_library"]) for r in records if r.record["kind"] == "started")
        tally.add(counts)
    return tally.figures(), kinds, starts, elsewhere


def _is_elsewhere(record, pump):
    return record["kind"] == "started" and record.get("care_area", pump.ward.care_area) != pump.ward.care_area


@pytest.mark.parametrize("row", [row for row in published() if row.aim], ids=lambda row: row.measure)
def test_the_year_comes_near_the_published_figure(whole_year, row):
    assert row.low <= whole_year[0][row.measure] <= row.high


def test_the_figures_of_the_page_are_those_that_this_version_gives(whole_year):
    """The page is made from kept figures; `make calibration` writes them again."""
    kept = json.loads((EXAMPLES.parents[1] / "benchmarks/figures/calibration.json").read_text("utf-8"))
    assert whole_year[0] == pytest.approx(kept["seeds"][0])


def test_every_kind_of_event_occurs(whole_year):
    assert set(whole_year[1]) == {kind.value for kind in Kind}


def test_one_ward_stands_out_by_its_basic_mode(whole_year):
    starts = whole_year[2]
    wards = {ward for ward, _ in starts}
    shares = {ward: starts[ward, True] / (starts[ward, True] + starts[ward, False]) for ward in wards}
    assert min(shares, key=shares.__getitem__) == "Surgery 2"
    assert sorted(shares.values())[1] - shares["Surgery 2"] > 0.2


def test_the_answers_to_alerts_are_all_told_apart(whole_year):
    figures = whole_year[0]
    shares = sum(figures[f"share_{answer}"] for answer in ("overridden", "reprogrammed", "cancelled", "unknown"))
    assert shares == pytest.approx(1)


def test_a_hard_stop_in_the_way_of_a_right_dose_is_followed_by_another_profile(whole_year):
    """The unit slip of 1.0.0 in neuro critical care: staff take the profile of another unit."""
    assert ("Critical care C", "alfentanil") in whole_year[3]
