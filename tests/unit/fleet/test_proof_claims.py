"""Claims of vendors: read from tables, kept beside proof, never in its place."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from openinfusion.adapters.vendor_status import read_status, read_status_mapping
from openinfusion.core.errors import MappingError, TableError
from openinfusion.fleet.proof import Cause, Claim, Register, State, derive
from openinfusion.fleet.proof.claims import Claimed, take_claims
from tests.proof_bench import HOUR, START, acquainted, enrolled
from tests.proof_bench import BenchPump as Pump

FLEET = Path(__file__).resolve().parents[3] / "examples" / "fleet"


def said(pump: str, version: str = "v3", at: datetime = START) -> Claimed:
    """Return what a vendor says of a pump."""
    return Claimed(pump=pump, claim=Claim(version=version, source="vendor export", at=at), ward="Ward 7")


@pytest.fixture
def mapping():
    return read_status_mapping(FLEET / "vendor-status.toml")


def test_the_example_table_is_read_and_every_row_is_accounted_for(mapping):
    reading = read_status(FLEET / "vendor-status.csv", mapping)
    assert [(one.pump, one.version, one.ward) for one in reading.pumps] == [
        ("urn:pump:acme:0815", "1.0.0", "Ward 7"),
        ("urn:pump:acme:0816", "1.1.0", "ICU"),
        ("urn:pump:acme:A-18", "1.0.0", "Theatres"),
    ]
    # The clocks of the hospital are an hour ahead in October, and not in November.
    assert [one.seen for one in reading.pumps] == [
        datetime(2026, 11, 29, 7, 10, tzinfo=UTC),
        datetime(2026, 11, 28, 23, 55, tzinfo=UTC),
        datetime(2026, 10, 2, 10, 0, tzinfo=UTC),
    ]
    assert [str(one) for one in reading.problems] == ["row 4, version: found nothing; expected a version"]
    assert reading.rows == len(reading.pumps) + len(reading.problems)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("../../etc;L;1;29/11/2026 07:10;W", "row 2, serial: found '../../etc'; expected a serial number"),
        (";L;1;29/11/2026 07:10;W", "row 2, serial: found nothing; expected a serial"),
        ("1;L;1;31/02/2026 07:10;W", "row 2, seen: found a text of 16 characters; expected a time written as"),
        ("1;L;1", "row 2, seen: found nothing"),
        ("1;L;1;01/01/0001 00:00;W", ""),
        ("1;L;" + "9" * 300 + ";29/11/2026 07:10;W", "row 2, version: found 300 characters"),
        ("1;L\x1b[2J;1;29/11/2026 07:10;W", "row 2, library: found"),
    ],
)
def test_a_row_that_cannot_be_is_named_and_not_dropped(mapping, tmp_path, row, problem):
    table = tmp_path / "status.csv"
    table.write_text(f"Serial number;Data set;Data set version;Last contact;Location\n{row}\n")
    reading = read_status(table, mapping)
    assert reading.rows == 1 == len(reading.pumps) + len(reading.problems)
    assert "".join(map(str, reading.problems)).startswith(problem)


def test_a_table_without_a_column_of_the_mapping_is_refused(mapping, tmp_path):
    table = tmp_path / "status.csv"
    table.write_text("Serial number;Version\n1;2\n")
    with pytest.raises(TableError, match="no column 'Data set version'; expected the column of version"):
        read_status(table, mapping)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('zone = "Europe/London"', 'zone = "Europe/Nowhere"'), "zone"),
        (('maker = "acme"', 'maker = "acme"\nmade = 1'), "the unknown key 'made'"),
        (('version = "Data set version"', ""), "version"),
        (("format_version = 1", "format_version = ["), "TOML"),
    ],
)
def test_a_mapping_that_does_not_say_what_it_must_is_refused(tmp_path, change, words):
    file = tmp_path / "mapping.toml"
    file.write_text((FLEET / "vendor-status.toml").read_text().replace(*change))
    with pytest.raises(MappingError, match=words):
        read_status_mapping(file)


# --- In the register --------------------------------------------------------------------------------------------------


@pytest.mark.hazard("CF-01")
def test_a_claim_changes_nothing_that_was_proven():
    pump, server = acquainted(3)
    register = Register()
    register.enrol(server.witness, "ward", at=server.at)
    before = register.standing(pump.urn, at=server.at)
    assert take_claims(register, [said(pump.urn, "v9", server.at)], at=server.at) == 0
    assert register.standing(pump.urn, at=server.at) == before
    assert before.level == "pump-proven"


def test_a_pump_that_only_others_speak_of_stands_as_claimed():
    register = Register()
    assert take_claims(register, [said("urn:pump:acme:7"), said("urn:pump:acme:7", "v4", START + HOUR)], at=START) == 1
    standing = register.standing("urn:pump:acme:7", at=START)
    assert (standing.state, standing.cause, standing.level) == (State.CLAIMED, Cause.CLAIMS_ONLY, "claimed")
    assert standing.about == "version v4 by vendor export"
    assert register.card("urn:pump:acme:7").witness.place is not None


def test_a_name_is_a_pump_if_it_is_the_serial_number_of_that_one_only():
    register = Register()
    for urn in ("urn:pump:acme:1", "urn:pump:acme:2", "urn:pump:other:2"):
        register.enrol(enrolled(Pump(urn=urn)).witness, "ward", at=START)
    assert take_claims(register, [said("1"), said("2")], at=START) == 1
    assert register.card("urn:pump:acme:1").claim is not None
    assert register.card("urn:pump:acme:2").claim is None
    assert register.card("2").claim is not None


def test_without_an_assignment_a_claim_is_only_a_claim():
    standing = derive(enrolled(Pump()).witness, None, at=START, claim=said("x").claim)
    assert standing.cause is Cause.CLAIMS_ONLY
