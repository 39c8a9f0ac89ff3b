"""The example trust: its files are current, its libraries are whole, and the second mends the first."""

import csv
import re
import tomllib
from collections import Counter
from pathlib import Path

import make_examples
import make_infusions
import pytest

from openinfusion.adapters.library_file import identity, read_library
from openinfusion.core.dosing import check
from openinfusion.core.library import Entry, EntryType, Library, Limit, Mode
from openinfusion.core.programme import Decision, Parameter, Programme
from openinfusion.core.units import Quantity

TRUST = Path(__file__).resolve().parents[2] / "examples" / "trust"
VERSIONS = ("1.0.0", "1.1.0")
FAULTS = tomllib.loads((TRUST / "source" / "faults.toml").read_text(encoding="utf-8"))["faults"]
FENTANYL = "--fentanyl--continuous--analgesia-and-sedation--"


@pytest.fixture(scope="module")
def libraries() -> dict[str, Library]:
    return {version: read_library(TRUST / f"library-{version}.json") for version in VERSIONS}


@pytest.fixture(params=VERSIONS)
def library(request: pytest.FixtureRequest, libraries: dict[str, Library]) -> Library:
    return libraries[request.param]


@pytest.mark.parametrize("maker", [make_examples, make_infusions])
def test_files_are_what_the_tables_give(maker):
    """Run ``python tools/make_examples.py`` and ``python tools/make_infusions.py`` if this fails."""
    for path, content in maker.build().items():
        assert (make_examples.REPOSITORY / path).read_bytes() == content, f"{path} is not current"


def test_a_library_is_large_and_whole(library):
    """At least 250 entries for 70 drugs in eight areas, and no drug or area without an entry."""
    assert len(library.entries) >= 250
    assert len(library.drugs) >= 70
    assert len(library.care_areas) >= 8
    assert {entry.drug for entry in library.entries} == {drug.id for drug in library.drugs}
    assert {entry.care_area for entry in library.entries} == {area.id for area in library.care_areas}


def test_a_library_says_that_it_is_an_example(library):
    assert library.library.not_for_clinical_use
    assert "not for clinical use" in library.library.name
    assert "fictitious" in library.library.organisation


def test_every_limit_has_a_source(library):
    """Each group of limits, and each strength, is cited or says that it is invented."""
    for entry in library.entries:
        for path in sourced_paths(entry):
            assert any(is_about(source.field, path) for source in entry.sources), f"{entry.id}: {path}"


def sourced_paths(entry: Entry) -> list[str]:
    paths = [path for path, _ in entry.all_limits()]
    paths += ["titration_step"] if entry.titration_step else []
    return [*paths, "concentration"] if entry.concentration and not entry.concentration.is_open else paths


def is_about(field: str, path: str) -> bool:
    return field == path or field.startswith(f"{path}.")


def test_an_invented_value_says_so(library):
    """A citation is either somebody's or says in words that there is none."""
    for entry in library.entries:
        for source in entry.sources:
            assert source.invented_for_example == ("Invented for this example" in source.citation)


@pytest.mark.parametrize("version", VERSIONS)
def test_units_are_british(version):
    """No milliequivalents, and no unit short for micrograms or units, stands anywhere."""
    text = (TRUST / f"library-{version}.json").read_text(encoding="utf-8")
    assert re.search(r"(?i:\bmeq|\bmcg\b|\u00b5g|\u03bcg)|\bIU\b", text) is None


def test_the_second_version_names_the_first(libraries):
    parent = libraries["1.1.0"].library.parent
    assert parent is not None
    assert (parent.name, parent.version) == (libraries["1.0.0"].library.name, "1.0.0")
    assert parent.sha256 == identity(libraries["1.0.0"])


def test_faults_are_planted_and_mended(libraries):
    """The entries that differ between the versions are those of the mended faults, and no other."""
    old, new = ({key(entry): entry for entry in libraries[version].entries} for version in VERSIONS)
    assert old.keys() == new.keys()
    assert sum(old[k] != new[k] for k in old) == sum("mended" in fault for fault in FAULTS)


def test_the_readme_names_every_faulty_entry(libraries):
    """Someone who reads what is wrong with 1.0.0 finds each entry by its id."""
    readme = (TRUST / "README.md").read_text(encoding="utf-8")
    old, new = ({key(entry): entry for entry in libraries[version].entries} for version in VERSIONS)
    for fault in FAULTS:
        assert f"| {fault['id']} |" in readme
    for k, entry in old.items():
        assert entry == new[k] or f"`{entry.id}`" in readme


def key(entry: Entry) -> tuple[object, ...]:
    """What an entry is besides its strength, unless two entries differ in nothing else."""
    return (entry.care_area, entry.drug, entry.type, entry.therapy)


def test_every_entry_has_a_name_of_its_own(library):
    """Area, drug, type and therapy tell all entries apart, without looking at the strength."""
    assert max(Counter(key(entry) for entry in library.entries).values()) == 1


def test_fentanyl_in_critical_care_has_no_hard_minimum_by_decision(library):
    entries = [entry for entry in library.entries if FENTANYL in entry.id and "critical-care" in entry.care_area]
    assert len(entries) == 3
    for entry in entries:
        assert entry.dose is not None
        assert (entry.dose.hard_min, entry.dose.soft_min) == (None, 10)
        assert "dose.hard_min" in [decision.field for decision in entry.decisions]


def test_secondary_infusions_are_short_ones_of_drugs_that_harm_least(library):
    """They run on a large-volume pump, on the adult ward, in the emergency department or in critical care."""
    found = [entry for entry in library.entries if entry.secondary != "not allowed"]
    assert len({entry.drug for entry in found}) == 10
    assert {entry.secondary for entry in found} == {"allowed"}
    assert {entry.type for entry in found} == {EntryType.INTERMITTENT}
    assert {entry.delivered_by for entry in found} == {("large-volume pump",)}
    assert not any(library.drug(entry.drug).high_alert for entry in found)
    assert {entry.care_area for entry in found} == {
        "adult-critical-care-a-general",
        "adult-critical-care-b-cardiac",
        "adult-critical-care-c-neuro",
        "adult-ward",
        "emergency-department",
    }


def test_no_pump_of_the_neonatal_unit_runs_outside_the_library(library):
    settings = {area.id: dict(area.device_settings) for area in library.care_areas if area.device_settings}
    assert settings == {"neonatal-unit": {"basic mode": "not allowed"}}


@pytest.mark.hazard("LC-01")
def test_the_mended_library_still_gives_the_intended_bolus(libraries):
    """25 micrograms in a minute is half a millilitre of the standard strength, and nothing objects."""
    entry = next(e for e in libraries["1.1.0"].entries if FENTANYL in e.id)
    programme = Programme(
        care_area=entry.care_area,
        entry=entry.id,
        mode=Mode.BOLUS,
        dose=Quantity.of(25, "micrograms"),
        rate=Quantity.of(30, "mL/h"),
    )
    verdict = check(programme, libraries["1.1.0"])
    assert verdict.decision is Decision.ACCEPT
    assert verdict.derived.volume == Quantity.of("0.5", "mL")


@pytest.mark.hazard("LC-01")
def test_a_cap_on_the_volume_alone_stops_the_whole_syringe(libraries):
    """Even a bolus of 150 micrograms, the hard maximum, moves at most 3 mL; 4 mL is refused by volume as well."""
    entry = next(e for e in libraries["1.1.0"].entries if FENTANYL in e.id)
    programme = Programme(
        care_area=entry.care_area,
        entry=entry.id,
        mode=Mode.BOLUS,
        dose=Quantity.of(200, "micrograms"),
        rate=Quantity.of(60, "mL/h"),
    )
    verdict = check(programme, libraries["1.1.0"])
    assert (Parameter.VOLUME, Limit.HARD_MAX) in [(f.parameter, f.limit) for f in verdict.findings]


def test_infusions_are_varied_and_hold_their_outliers(libraries):
    """Two thousand rows from every area, most within the usual range, with the outliers of the README."""
    with (TRUST / "infusions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2000
    assert {row["care_area"] for row in rows} == {area.name for area in libraries["1.1.0"].care_areas}
    assert {row["drug"] for row in rows} - {drug.name for drug in libraries["1.1.0"].drugs} == {"pentobarbital"}
    assert sum(row["amount"].startswith("-") for row in rows) == 1
    assert sum(row["start"] == row["end"] for row in rows) == 1
    assert sum(not row["weight_kg"] for row in rows) > 10
    assert sum(row["status"] == "superseded" for row in rows) > 50
    assert max(Counter(row["infusion_id"] for row in rows).values()) == 1
