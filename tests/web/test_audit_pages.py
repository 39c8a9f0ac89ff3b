"""The audit record to be read, and the page that says what was in force."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings

from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.fleet.proof.witness import Proof, Witness, keep
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.web.audit import views
from openinfusion.web.changes.answer import on_pump, version_at
from openinfusion.web.changes.desk import open_change
from openinfusion.web.changes.proof import witnesses
from tests.web.change_people import text_of

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
PUMP = "urn:pump:acme:0815"
AUDIT = "/example-trust/audit/"


@pytest.fixture
def change(library, person):
    return open_change(
        library, title="Lower", trigger=Trigger.GUIDELINE, urgency=Urgency.ROUTINE, by=person("author"), at=AT
    )


@pytest.fixture
def proven(library, tmp_path, monkeypatch):
    """A database of the device API, in which one pump has proven the newest version since 20-Nov-2026."""
    version = library.versions.get(number=2)
    proof = Proof(
        number=2, sha256=version.sha256, since=datetime(2026, 11, 20, tzinfo=UTC), as_of=AT, level="pump-proven"
    )
    witness = Witness(pump=PUMP, line="example-trust/adult", enrolled=proof.since, proof=proof)
    database = Database.open(tmp_path)
    with database.transaction() as connection:
        pumps.tell(connection, PUMP, pumps.Told(line=witness.line), at=proof.since)
        pumps.keep_witness(connection, pumps.find(connection, PUMP).id, keep(witness))
    database.close()
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, proof=tmp_path))
    return version


def test_the_record_of_a_change_names_who_did_what_and_why(change, signed_in):
    """Accounts are told by name; another thing's records are not among them."""
    page = text_of(signed_in("mso").get(f"{AUDIT}?object={change.reference}"))
    assert "Amal Author library pharmacist open change CR-2026-001 Lower" in page
    assert "1 record, the newest first" in page


def test_words_and_names_find_records(change, signed_in):
    """A person's name finds what they did; what nobody did is not found."""
    client = signed_in("cso")
    assert "CR-2026-001" in text_of(client.get(f"{AUDIT}?q=Amal+open"))
    assert "0 records" in text_of(client.get(f"{AUDIT}?q=nothing-of-the-kind"))


def test_the_chain_is_verified_by_a_button(change, signed_in):
    """It says how many records there are, each as it was written."""
    sent = signed_in("mso").post(f"{AUDIT}verify", follow=True)
    assert "The chain holds" in text_of(sent)


def test_a_changed_record_is_told(change, signed_in, monkeypatch):
    """Given a record with another reason than was written, when somebody verifies, then the page names it."""
    told = list(views.records())
    forged = [*told[:-1], replace(told[-1], reason="another")]
    monkeypatch.setattr(views, "records", lambda: forged)
    sent = signed_in("mso").post(f"{AUDIT}verify", follow=True)
    assert "The record was changed" in text_of(sent)


def test_the_record_is_for_whoever_may_read_it(change, signed_in):
    """A reader is refused, in words."""
    assert signed_in("reader").get(AUDIT).status_code == 403
    assert signed_in("reader").post(f"{AUDIT}verify").status_code == 403


def test_the_version_in_force_is_the_last_one_by_then(library):
    """In October 2018 it was the first, in 2026 the second, before there was one none."""
    assert version_at(library, datetime(2018, 10, 1, tzinfo=UTC)).label == "1.0.0"
    assert version_at(library, AT).label == "1.1.0"
    assert version_at(library, datetime(2001, 1, 1, tzinfo=UTC)) is None


def test_one_page_answers_what_was_in_force(change, signed_in):
    """The library, the limits of the drug, that nobody here approved it, and the request that was open."""
    asked = {"library": "adult", "drug": "fentanyl", "at": "2026-11-29T12:00", "pump": PUMP}
    page = text_of(signed_in("mso").get("/example-trust/changes/in-force", asked))
    assert "Adult library 1.1.0" in page
    assert "Limits of fentanyl" in page
    assert "it was taken in as it stood" in page
    assert "CR-2026-001 Lower , proposed by Amal Author" in page
    assert "Not known: this place names no database of what pumps have proven." in page


def test_what_a_pump_has_proven_is_told_for_that_time_only(proven, library):
    """Inside the time that its proof covers the version is told; before it nothing is known."""
    told = on_pump(library.organisation, PUMP, datetime(2026, 11, 25, tzinfo=UTC))
    assert told.version == proven
    assert "Proven (pump-proven): Adult library 1.1.0, release 2." in told.words
    assert on_pump(library.organisation, PUMP, datetime(2026, 11, 1, tzinfo=UTC)).version is None
    assert "no such pump" in on_pump(library.organisation, "urn:pump:acme:9", AT).words


def test_a_database_that_is_none_leaves_it_unknown(proven, library, tmp_path):
    """A damaged file is told in words, and nothing is taken for proven."""
    (tmp_path / "devices.db").write_bytes(b"no database, but some bytes" * 50)
    told = on_pump(library.organisation, PUMP, AT)
    assert told.version is None
    assert told.words.startswith("Not known: ")


def test_the_database_is_only_read(proven, tmp_path):
    """Reading leaves its bytes as they were."""
    before = (tmp_path / "devices.db").read_bytes()
    assert [one.pump for one in witnesses()] == [PUMP]
    assert (tmp_path / "devices.db").read_bytes() == before


@pytest.mark.parametrize("asked", [{}, {"library": "adult"}, {"library": "adult", "drug": "x", "at": "yesterday"}])
def test_half_a_question_is_asked_again(signed_in, library, asked):
    """The page says what is missing, and nothing breaks."""
    assert signed_in("mso").get("/example-trust/changes/in-force", asked).status_code in (200, 422)
