"""
The hand-over to the pumps' own signers: what two people release here is, byte for byte, what the authority puts out.

The authority is the fleet's own, made and used by its commands, as at a hospital: `openinfusion fleet init`, `sign`,
`publish`, `assign`.
"""

from dataclasses import replace

import pytest
from django.conf import settings
from typer.testing import CliRunner

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import identity, library_from_bytes
from openinfusion.cli.app import app
from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.core.errors import ChangeControlError
from openinfusion.fleet.authority.listing import library_bytes, listing_of
from openinfusion.fleet.authority.proposals import open_proposal
from openinfusion.fleet.authority.trees import Authority
from openinfusion.web import example
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.desk import open_change, request_of
from openinfusion.web.changes.release import hand_over, handed, refuse_unsigned
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import bytes_of, item_content, library_of, save_item
from tests.web.change_people import People
from tests.web.change_way import AREA, to_approval, to_release, to_the_check
from tests.web.test_change_way import AT

NAME = f"{example.TRUST}--{example.LIBRARY}--1"


def fleet(*words: str) -> str:
    """Run one command of the fleet, and return what it says."""
    done = CliRunner().invoke(app, ["fleet", *map(str, words)])
    assert done.exit_code == 0, (words, done.output, done.exception)
    return done.output


@pytest.fixture
def office(tmp_path, monkeypatch):
    """An authority of the example trust, which this place names."""
    folder = tmp_path / "authority"
    fleet("init", folder, "--trial", "--hospital", example.TRUST, "--profile", example.LIBRARY)
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, authority=folder))
    return Authority(folder)


@pytest.fixture
def change(library, person):
    """A draft that tightens one limit of general critical care."""
    made = open_change(
        library, title="Tighten", trigger=Trigger.GUIDELINE, urgency=Urgency.ROUTINE, by=person("author"), at=AT
    )
    entry = next(
        one
        for one in library_of(made.draft.base).entries
        if one.care_area == AREA and one.dose and one.dose.soft_max and one.dose.hard_max
    )
    content = item_content(made.draft, Part.ENTRY, entry.id)
    content["dose"]["hard_max"] = content["dose"]["soft_max"]
    save_item(made.draft, Part.ENTRY, entry.id, content=content, seen=0, by=person("author"), at=AT)
    return made


@pytest.fixture
def people(signed_in, change):
    return People(signed_in, change.reference)


def approved(people, change):
    """A change that the committee approved, with everything recorded but the release."""
    to_the_check(people)
    to_approval(people, change)
    to_release(people, change, release_id=NAME)


def signed(office, who: str) -> None:
    fleet("sign", office.proposals / NAME, "--key", office.folder / "keys" / f"{who}.pem", "--yes")


@pytest.mark.hazard("CF-03")
def test_what_is_released_is_byte_for_byte_what_the_authority_puts_out(people, change, office):
    """From the approved draft by the fleet's own commands to a ring: one SHA-256 all the way."""
    approved(people, change)
    people.done("engineer", "hand-over")
    proposal = open_proposal(office.proposals / NAME)
    content = (proposal.folder / "library.json").read_bytes()
    document = library_from_bytes(content, where="proposal")
    assert content == canonical_bytes(document)
    sha256 = change.candidates.get(sha256__gt="").sha256
    assert identity(document) == sha256
    page = people.page("engineer", "/gates")
    assert "Waits for signatures" in page
    assert "pharmacist for example-trust, adult" in page
    assert f"openinfusion fleet sign proposals/{NAME}" in page

    signed(office, "pharmacist")
    signed(office, "safety-officer")
    assert "All have signed" in people.page("engineer", "/gates")
    fleet("publish", NAME, "--authority", office.folder)
    assert f"Published as {NAME}" in people.page("engineer", "/gates")

    people.moves("mdso", "released")
    people.moves("engineer", "released")
    change.refresh_from_db()
    (listed,) = listing_of(office, example.TRUST, example.LIBRARY).values()
    assert change.version.sha256 == listed.content.sha256 == sha256
    assert library_bytes(office, listed) == bytes_of(change.version) == content
    assert request_of(change).release_id == NAME
    fleet("assign", "bench", "1", "--authority", office.folder)
    row = AuditRow.objects.get(action="hand over for signing")
    assert row.object == change.reference


def test_nothing_is_written_for_signers_before_the_committee_approved(people, change, office, person):
    """Not a draft, not a proposal: signers are never given what nobody approved."""
    people.refused("engineer", "hand-over")
    to_the_check(people)
    assert "once the change is approved" in people.refused("engineer", "hand-over")
    assert "It is written once the change is approved" in people.page("engineer", "/gates")
    with pytest.raises(ChangeControlError, match="once the change is approved"):
        hand_over(change, by=person("engineer"), at=AT)
    assert not list(office.proposals.glob("*"))


def test_two_people_cannot_release_what_the_pumps_signers_have_not_signed(people, change, office):
    """Where there is an authority, its signed package comes first; the refusal says what is missing and where."""
    approved(people, change)
    assert "no package for the pumps" in people.refused("mdso", "move/released", reason="Go")
    people.done("engineer", "hand-over")
    signed(office, "pharmacist")
    refused = people.refused("mdso", "move/released", reason="Go")
    assert "still lacks 1 of safety officer for example-trust, adult (trial safety-officer)" in refused
    signed(office, "safety-officer")
    people.done("mdso", "record/release_id", release_id="another")
    assert "another recorded as the signed release" in people.refused("mdso", "move/released", reason="Go")
    people.done("mdso", "record/release_id", release_id=NAME)
    people.moves("mdso", "released")


def test_the_package_of_another_library_is_not_taken_for_this_one(people, change, office, tmp_path):
    """The same bytes proposed under another profile are no package of this change."""
    approved(people, change)
    people.done("engineer", "hand-over")
    sha256 = change.candidates.get(sha256__gt="").sha256
    about = office.proposals / NAME / "about.json"
    assert handed(change, sha256).name == NAME
    about.write_text(about.read_text().replace(f'"{example.LIBRARY}"', '"children"'))
    assert handed(change, sha256) is None
    with pytest.raises(ChangeControlError, match="no package for the pumps"):
        refuse_unsigned(change, sha256)


def test_a_clinical_authority_takes_no_library_that_is_not_for_clinical_use(people, change, office, monkeypatch):
    """What the command refuses, the page refuses too, with the same words."""
    approved(people, change)
    monkeypatch.setattr("openinfusion.web.changes.release.read_trust", lambda _: type("T", (), {"is_trial": False}))
    refused = people.refused("engineer", "hand-over")
    assert "Found a library that is not for clinical use" in refused
    assert not list(office.proposals.glob("*"))


def test_an_authority_that_cannot_be_read_is_told_and_releases_nothing(people, change, office):
    """Half of a folder is no authority: the page says what is wrong, and nobody releases past it."""
    approved(people, change)
    people.done("engineer", "hand-over")
    (office.proposals / NAME / "about.json").write_text("{")
    assert "about.json" in people.page("engineer", "/gates")
    assert "about.json" in people.refused("mdso", "move/released", reason="Go")


def test_without_an_authority_the_canonical_file_is_taken_along(people, change):
    """A trust with other means compares the SHA-256; nothing is written here."""
    approved(people, change)
    assert "This place has no authority over signed releases" in people.page("engineer", "/gates")
    assert "no authority over signed releases" in people.refused("engineer", "hand-over")
    content = people.client("engineer").get(f"{people.address}/file").content
    assert identity(library_from_bytes(content, where="file")) == change.candidates.get(sha256__gt="").sha256
