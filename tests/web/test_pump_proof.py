"""Proof by pumps, from either database of the device API: what counts is what the fleet's commands call current."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from sqlalchemy import text

from openinfusion.core.gates import PumpProof
from openinfusion.fleet.proof import Doubt, Found, Proof, Witness, keep
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.tables import denied, retired, to_microseconds
from openinfusion.web.changes.answer import on_pump
from openinfusion.web.changes.proof import proof_of, why_unknown, witnesses
from tests.fleet_desk import HOSPITAL, Desk, small_library

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
SINCE = AT - timedelta(days=5)


@pytest.fixture
def database(tmp_path, database_file, monkeypatch):
    """The device API's database, on each kind, which this place names."""
    made = Database.open(tmp_path, postgresql=database_file)
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, proof=database_file or tmp_path, authority=None))
    yield made
    made.close()


@pytest.fixture
def released(change, library):
    """The change whose release is the second version of the library."""
    change.version = library.versions.get(number=2)
    change.version.released_at = SINCE
    change.version.save()
    return change


@pytest.fixture
def know(database, released):
    """Let a pump be known that has proven the release an hour ago; ``told`` says what is different."""

    def known(name: str, *, line: str = "example-trust/adult", witness: dict | None = None, **told) -> None:
        usual = {
            "number": 2,
            "sha256": released.version.sha256,
            "since": SINCE,
            "as_of": AT - timedelta(hours=1),
            "level": "pump-proven",
        }
        proof = None if told == {"proof": None} else Proof(**usual | told)
        held = {"pump": f"urn:pump:acme:{name}", "line": line, "enrolled": SINCE, "high_water": 2} | (witness or {})
        with database.transaction() as connection:
            pumps.tell(connection, held["pump"], pumps.Told(line=line), at=SINCE)
            number = pumps.find(connection, held["pump"]).id
            pumps.keep_witness(connection, number, keep(Witness(**held, proof=proof)))

    return known


def proven(released) -> tuple[int, int]:
    """Return how many pumps have proven the release, of how many."""
    found = proof_of(released, AT)
    assert found is not None, why_unknown(released)
    return found.proven, found.pumps


def test_each_pump_that_is_current_has_proven_the_release(know, released):
    """Of this library's line alone; by itself or by a gateway that attests it."""
    know("1")
    know("2", level="gateway-attested")
    know("3", line="example-trust/other")
    whole = PumpProof(pumps=2, proven=2, in_clinical_place=2, proven_in_clinical_place=2)
    assert proof_of(released, AT) == whole
    assert why_unknown(released) is None


@pytest.mark.parametrize(
    "told",
    [
        {"as_of": AT - timedelta(hours=72)},
        {"level": "claimed"},
        {"fault": Found.PROOF_WRONG, "fault_since": AT},
        {"sha256": "0" * 64},
        {"witness": {"doubt": Doubt(Found.SHARED_KEY, AT, "")}},
        {"witness": {"high_water": 3}},
        {"proof": None},
    ],
    ids=["silent", "claimed", "in doubt what", "other content", "in doubt who", "went back", "nothing"],
)
def test_a_pump_that_is_not_current_has_not(know, released, told):
    """Whoever says nothing for 72 hours counts as much as whoever runs another library: it is not proven."""
    know("1")
    know("2", **told)
    assert proven(released) == (1, 2)


def test_a_proof_holds_until_the_last_second(know, released):
    """The edge of silence is that of the fleet's commands."""
    know("1", as_of=AT - timedelta(hours=72) + timedelta(seconds=1))
    assert proven(released) == (1, 1)


def test_a_newer_release_is_proof_and_older_content_under_a_higher_number_is_not(know, released, library):
    """A recall brings the old library back under a new number, which no pump takes for older."""
    older, newer = library.versions.get(number=1), library.versions.get(number=2)
    released.version = older
    know("1", number=5, sha256=newer.sha256, witness={"high_water": 5})
    assert proven(released) == (1, 1)
    released.version = newer
    know("2", number=6, sha256=older.sha256, witness={"high_water": 6})
    assert proven(released) == (1, 2)
    released.version = older
    library.versions.filter(number=2).update(released_at=None)
    assert proven(released) == (1, 2)


def test_denied_and_retired_pumps_do_not_count_as_proven(know, database, released, library):
    """A denied one, or one whose gateway was, is in doubt; a retired one is not asked."""
    for name in ("1", "2", "3", "4"):
        know(name)
    with database.transaction() as connection:
        pumps.tell(connection, "urn:pump:acme:2", pumps.Told(gateway="urn:gateway:g"), at=AT)
        row = {"since": to_microseconds(AT), "reason": "stolen"}
        connection.execute(denied.insert(), [{"name": "urn:pump:acme:1"} | row, {"name": "urn:gateway:g"} | row])
        connection.execute(retired.insert().values(pump=pumps.find(connection, "urn:pump:acme:3").id, **row))
    assert proven(released) == (1, 3)
    assert "without a doubt" in on_pump(library.organisation, "urn:pump:acme:1", AT - timedelta(days=1)).words


def test_what_the_authority_recalled_is_not_proven(know, released, tmp_path, monkeypatch):
    """The fleet calls such a pump recalled, whatever it proves; where the authority cannot be read nothing is known."""
    desk = Desk(tmp_path / "authority")
    desk.assign("bench", desk.release(small_library("1.0.0")))
    desk.assign("bench", desk.release(small_library("1.1.0")))
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, authority=tmp_path / "authority"))
    released.organisation.slug = HOSPITAL
    know("1", line=f"{HOSPITAL}/adult")
    assert proven(released) == (1, 1)
    desk.recall(2)
    assert proven(released) == (0, 1)
    for file in desk.director.rglob("*"):
        if file.is_file():
            file.write_bytes(b"no metadata")
    assert proof_of(released, AT) is None
    assert "recalled" in why_unknown(released)


def test_tables_of_another_version_leave_it_unknown(know, database, released):
    """What their columns mean is not known here, and the page says so."""
    know("1")
    with database.transaction() as connection:
        connection.execute(text("UPDATE about SET value = '2' WHERE name = 'version'"))
    assert proof_of(released, AT) is None
    assert "version 2" in why_unknown(released)


def test_it_reads_and_changes_nothing(know, database):
    """It looks while others write."""
    know("1")
    with database.transaction() as connection:
        connection.execute(text("UPDATE pump SET seen = 1"))
        assert [one.pump for one in witnesses()] == ["urn:pump:acme:1"]


def test_no_address_leaks_where_a_server_does_not_answer(released, tmp_path, monkeypatch):
    """Words say that it does not answer; the password of the address is in none of them."""
    file = tmp_path / "proof.secret"
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, proof=file, authority=None))
    for address in (
        f"postgresql://me:hush@/none?host={tmp_path}",
        "postgresql://me:hush@[/none",
        "postgresql://me:hush@h",
    ):
        file.write_text(address)
        assert proof_of(released, AT) is None
        assert "cannot be read" in why_unknown(released)
        assert "hush" not in why_unknown(released)
