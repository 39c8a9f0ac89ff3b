"""Overlays as files: they survive writing, and what is wrong is named with its path."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import library_from_bytes, read_library
from openinfusion.adapters.overlay_file import adopt, overlay_from_bytes, read_overlay, write_overlay
from openinfusion.core.errors import AuthorError, FormatVersionError, OverlayError
from openinfusion.core.overlay_proposal import overlay_of
from openinfusion.core.review import Severity, review
from tests.generative.test_overlay import SHA, adopted, few

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
OVERLAY = EXAMPLES / "national/overlay-example-trust.json"
BASE = EXAMPLES / "national/library-1.0.0.json"
TRUST = EXAMPLES / "trust/library-1.1.0.json"


@few
@given(adopted())
def test_an_overlay_survives_writing(pair):
    """Whatever type a deviation's values are of."""
    overlay = overlay_of(*pair, sha256=SHA)
    content = canonical_bytes(overlay)
    read = overlay_from_bytes(content, where="overlay.json")
    assert read == overlay
    assert canonical_bytes(read) == content


def test_the_example_trust_follows_from_the_national_library_and_its_overlay():
    """Not one value is copied by hand: all of its entries follow, and are those of the trust's library."""
    local = adopt(read_library(BASE), read_overlay(OVERLAY))
    trust = read_library(TRUST)
    assert local.entries == trust.entries
    assert (local.drugs, local.care_areas) == (trust.drugs, trust.care_areas)
    assert local.library.parent is not None
    assert local.library.parent.name == "Example national library (not for clinical use)"
    assert not read_overlay(OVERLAY).undecided


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_the_national_libraries_pass_our_review(version):
    library = read_library(BASE.with_name(f"library-{version}.json"))
    assert library.library.not_for_clinical_use
    assert 20 <= len(library.entries) <= 40
    assert all(entry.sources for entry in library.entries)
    assert not review(library, at=date(2026, 11, 29)).count(Severity.ERROR)


def test_another_base_than_the_overlay_was_made_for_is_refused():
    """The same name and version with one other value: the hash tells."""
    document = json.loads(BASE.read_bytes())
    document["entries"][0]["rationale"] = "touched"
    touched = library_from_bytes(json.dumps(document).encode(), where="x")
    with pytest.raises(OverlayError, match="base: found sha256:"):
        adopt(touched, read_overlay(OVERLAY))


def row(document):
    """The first row that deviates."""
    return next(row for row in document["rows"] if row.get("deviations"))


def spoilt(change):
    document = json.loads(OVERLAY.read_bytes())
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda d: d.update(colour="red"), "$: found the unknown key 'colour'"),
        (lambda d: row(d).update(colour="red"), ": found the unknown key 'colour'"),
        (lambda d: row(d)["deviations"][0].update(why="x"), ".deviations[0]: found the unknown key 'why'"),
        (
            lambda d: row(d)["deviations"][0]["local"].update(x="1"),
            ".deviations[0].local, $.value: found the unknown key",
        ),
        (lambda d: row(d)["deviations"][0].update(local="much"), ".deviations[0].local, $.value"),
        (
            lambda d: row(d)["deviations"][0].update(field="dose.unit"),
            ".deviations[0], deviation.field: found 'dose.unit'",
        ),
        (
            lambda d: row(d)["deviations"][0].pop("local") and row(d)["deviations"][0].pop("national"),
            "national value again",
        ),
        (lambda d: row(d)["deviations"][0].pop("hazard"), "lacks hazard"),
        (lambda d: row(d).update(state="taken"), "state"),
        (lambda d: row(d).pop("national"), "national: found nothing"),
        (lambda d: d.pop("base"), "base"),
        (lambda d: d.update(format="x"), "$.format: found another document"),
        (lambda d: d.update(format_version=2), "$.format_version: found version 2"),
        (lambda d: d.update(areas={"x": "y"}), "o.json, areas: found 'x'"),
    ],
)
def test_what_is_wrong_in_an_overlay_is_named_with_its_path(change, message):
    with pytest.raises((AuthorError, FormatVersionError)) as error:
        overlay_from_bytes(spoilt(change), where="o.json")
    assert message in str(error.value)
    assert str(error.value).startswith("o.json")


def test_a_document_that_is_no_object_is_refused():
    with pytest.raises(OverlayError, match="another document"):
        overlay_from_bytes(b"[]", where="o.json")


def test_what_is_written_is_read(tmp_path):
    overlay = read_overlay(OVERLAY)
    write_overlay(overlay, tmp_path / "o.json")
    assert (tmp_path / "o.json").read_bytes() == OVERLAY.read_bytes()
