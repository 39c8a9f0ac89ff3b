"""Status files of vendors: held against proof, and never more than claims."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openinfusion.fleet.proof import Claim
from openinfusion.fleet.proof.claims import Claimed
from openinfusion.fleet.proof.reconcile import Match, Proven, reconcile
from openinfusion.web.claims.models import StatusFile
from openinfusion.web.fleet.watch import _held
from tests.web.change_people import text_of
from tests.web.conftest import ROOT
from tests.web.fleet_bench import TRUST, FleetBench

HERE = f"/{TRUST}/claims/"
MAPPING = (ROOT / "examples/fleet/vendor-status.toml").read_bytes()
HEADER = "Serial number;Data set;Data set version;Last contact;Location\n"
AT = datetime(2026, 11, 29, tzinfo=UTC)


def claimed(pump: str, version: str, *, day: int = 1, library: str | None = None) -> Claimed:
    claim = Claim(version=version, library=library, source="vendor export", at=AT.replace(day=day))
    return Claimed(pump=pump, claim=claim)


def test_each_pump_of_file_and_register_matches_in_one_way():
    """What asks for somebody comes first; the newest claim of a pump counts; a serial number is a pump's."""
    proven = [
        Proven(pump="urn:pump:acme:1", library="L", version="2"),
        Proven(pump="urn:pump:acme:2", library="L", version="2"),
        Proven(pump="urn:pump:acme:3"),
        Proven(pump="urn:pump:acme:4", library="L", version="1"),
        Proven(pump="urn:pump:acme:5", library="L", version="1"),
    ]
    claims = [
        claimed("urn:pump:acme:1", "1", day=2),
        claimed("1", "2", day=3, library="L"),
        claimed("2", "1"),
        claimed("3", "2"),
        claimed("5", "1", library="Other"),
        claimed("urn:pump:acme:9", "2"),
    ]
    found = {one.pump.rpartition(":")[2]: one.match for one in reconcile(claims, proven)}
    assert found == {
        "2": Match.DISAGREES,
        "5": Match.DISAGREES,
        "9": Match.UNKNOWN_PUMP,
        "4": Match.NOT_IN_FILE,
        "3": Match.UNPROVEN,
        "1": Match.AGREES,
    }
    assert list(found) == ["2", "5", "9", "4", "3", "1"]


def test_a_serial_number_that_two_pumps_have_is_neither():
    """It stays an unknown pump."""
    proven = [Proven(pump="urn:pump:a:1", version="1"), Proven(pump="urn:pump:b:1", version="1")]
    found = reconcile([claimed("1", "1")], proven)
    assert [one.match for one in found] == [Match.UNKNOWN_PUMP, Match.NOT_IN_FILE, Match.NOT_IN_FILE]


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> FleetBench:
    """Two pumps with proof, one without."""
    made = FleetBench(tmp_path_factory.mktemp("claims"))
    made.release("1.0.0", "rest", days_ago=9)
    for serial in ("A1", "B2"):
        made.report(made.know(serial), 1, hours_ago=1)
    made.know("N3")
    return made


@pytest.fixture
def place(bench, settings) -> FleetBench:
    settings.PLACE = replace(settings.PLACE, devices=bench.config)
    yield bench
    _held.cache_clear()


def hand_in(client, text: str, mapping: bytes | None = MAPPING, name: str = "status.csv"):
    said = {"file": SimpleUploadedFile(name, text.encode())}
    if mapping is not None:
        said["mapping"] = SimpleUploadedFile("status.toml", mapping)
    return client.post(HERE, said)


def test_a_file_is_held_against_proof_and_changes_nothing(place, signed_in):
    """Agree, disagree, unknown, not in the file; a row that cannot be read is said."""
    client = signed_in("engineer")
    before = text_of(client.get(f"/{TRUST}/fleet/pumps"))
    rows = "A1;N/A;1.0.0;29/11/2026 07:10;Ward 7\nB2;N/A;2.0.0;29/11/2026 07:10;\nZ9;N/A;1.0.0;29/11/2026 07:10;\n"
    sent = hand_in(client, HEADER + rows + "Q8;N/A;1.0.0;never;\n")
    assert sent.status_code == 302, text_of(sent)
    page = text_of(client.get(sent["location"]))
    for said in ("Disagrees: 1", "Unknown pump: 1", "Not in the file: 1", "Agrees: 1", "1 row of 4 cannot be read"):
        assert said in page
    only = text_of(client.get(f"{sent['location']}?match=disagrees"))
    assert "acme:B2" in only
    assert "acme:A1" not in only
    assert text_of(client.get(f"/{TRUST}/fleet/pumps")).partition("newest")[2] == before.partition("newest")[2]


def test_the_next_file_is_read_by_the_mapping_of_the_one_before(place, signed_in):
    """The first one needs one."""
    client, row = signed_in("engineer"), "A1;N/A;1.0.0;29/11/2026 07:10;\n"
    first = hand_in(client, HEADER + row, mapping=None)
    assert first.status_code == 422
    assert "expected a mapping (.toml)" in text_of(first)
    assert hand_in(client, HEADER + row).status_code == 302
    assert hand_in(client, HEADER + row, mapping=None).status_code == 302


@pytest.mark.parametrize(
    ("text", "mapping", "name"),
    [
        ("", MAPPING, "status.csv"),
        (HEADER, b"\xff[", "status.csv"),
        (HEADER, b"format = 7", "status.csv"),
        ("a;b\n1;2\n", MAPPING, "status.csv"),
        ("PK\x03\x04", MAPPING, "status.csv"),
        ("not a workbook", MAPPING, "status.xlsx"),
        (HEADER, MAPPING, "../../status.exe"),
    ],
)
def test_what_is_no_status_file_is_refused_in_words(place, signed_in, text, mapping, name):
    """And nothing of it is kept."""
    sent = hand_in(signed_in("engineer"), text, mapping, name)
    assert sent.status_code == 422
    assert "expected" in text_of(sent)
    assert not StatusFile.objects.exists()
    assert not StatusFile.objects.exists()


def test_only_who_distributes_releases_hands_one_in_and_none_is_anothers(place, signed_in):
    """Whoever sees pumps reads them."""
    assert hand_in(signed_in("mso"), HEADER).status_code == 403
    assert signed_in("reader").get(HERE).status_code == 403
    assert signed_in("mso").get(f"{HERE}99").status_code == 404
