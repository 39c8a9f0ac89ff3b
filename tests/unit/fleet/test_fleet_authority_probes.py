"""The look-ups that are signed with a library find what it holds, and not what another does."""

from collections import Counter
from pathlib import Path

import pytest

from openinfusion.adapters.library_file import read_library
from openinfusion.fleet.probes import MOST, limits_of, look_up, make_probes
from openinfusion.fleet.release import Probe
from tests.fleet_desk import small_library

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/trust/library-1.1.0.json"


def test_limits_are_told_in_full():
    assert make_probes(small_library()) == (
        Probe(entry="noradrenaline-icu", limit="dose.hard_max", expected="30 micrograms/kg/h"),
        Probe(entry="morphine-icu", limit="dose.hard_max", expected="10 mg/h"),
    )


def test_the_example_is_asked_50_times_across_all_areas_and_types():
    library = read_library(EXAMPLE)
    probes = make_probes(library)
    assert len(probes) == len({probe.entry for probe in probes}) == MOST
    entries = {entry.id: entry for entry in library.entries}
    groups = Counter((entries[p.entry].care_area, entries[p.entry].type) for p in probes)
    assert set(groups) == {(entry.care_area, entry.type) for entry in library.entries}
    assert all(look_up(library, probe) == probe.expected for probe in probes)
    assert sum(probe.expected is not None for probe in probes) > MOST * 0.9


def test_every_limit_of_a_pca_entry_can_be_asked_for():
    library = read_library(EXAMPLE)
    entry = next(entry for entry in library.entries if entry.pca is not None)
    assert any(path.startswith("pca.lockout.") for path, _ in limits_of(entry))


def test_another_library_answers_otherwise():
    (probe, _) = make_probes(small_library())
    assert look_up(small_library(hard_max="300"), probe) == "300 micrograms/kg/h"
    assert look_up(small_library(), Probe(entry="noradrenaline-icu", limit="rate.hard_max")) is None
    with pytest.raises(KeyError):
        look_up(small_library(), Probe(entry="absent", limit="dose.hard_max"))
