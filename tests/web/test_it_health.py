"""IT health: how bad a figure is follows from its limit alone; what cannot be read is red; nothing is given away."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings

from openinfusion.lake.kept import NEWEST
from openinfusion.web.fleet.watch import _held, devices_place
from openinfusion.web.health.judging import Level, Limit, Measure, judge, limits, worst
from openinfusion.web.insight.standing import kept_in
from openinfusion.web.keeping import last_copy, note_copy
from tests.web.change_people import text_of
from tests.web.fleet_bench import TRUST, FleetBench

HERE = f"/{TRUST}/it-health/"
ABOVE = Limit(what="age", unit="minutes ago", worse="above", amber=15, red=60, do="look")
BELOW = Limit(what="left", unit="days left", worse="below", amber=60, red=21, do="renew")
KNOWN = {"age": ABOVE, "left": BELOW}


@pytest.mark.parametrize(
    ("limit", "value", "level"),
    [
        (ABOVE, 15, Level.GREEN),
        (ABOVE, 16, Level.AMBER),
        (ABOVE, 60, Level.AMBER),
        (ABOVE, 61, Level.RED),
        (BELOW, 60, Level.GREEN),
        (BELOW, 59, Level.AMBER),
        (BELOW, 21, Level.AMBER),
        (BELOW, 20, Level.RED),
        (BELOW, -1, Level.RED),
    ],
)
def test_a_value_on_a_limit_is_not_beyond_it(limit, value, level):
    """Amber first, then red; what has ended is red."""
    assert limit.level(value) is level


def test_what_cannot_be_read_is_red_and_what_is_not_set_up_is_neither():
    """The worst comes first; what is not set up makes nothing worse."""
    judged = judge(
        [
            Measure(limit="age"),
            Measure(limit="age", value=1),
            Measure(limit="left", value=30),
            Measure(limit="left", fault="no such file"),
        ],
        KNOWN,
    )
    assert [one.level for one in judged] == [Level.RED, Level.AMBER, Level.GREEN, Level.ABSENT]
    assert judged[0].shown == "cannot be read: no such file"
    assert worst(judged) is Level.RED
    assert worst(judged[3:]) is Level.GREEN


@pytest.mark.parametrize(("limit", "value", "said"), [(ABOVE, 1, "1 minute ago"), (BELOW, 2, "2 days left")])
def test_a_value_is_said_in_words(limit, value, said):
    """One of them is one."""
    [judged] = judge([Measure(limit="x", value=value)], {"x": limit})
    assert judged.shown == said


def test_every_limit_is_red_before_it_hurts():
    """Amber comes before red, and red before nothing is left."""
    for name, one in limits().items():
        assert one.amber < one.red if one.worse == "above" else one.amber > one.red > 0, name


@pytest.fixture
def place(tmp_path, settings) -> FleetBench:
    made = FleetBench(tmp_path / "fleet")
    made.release("1.0.0", "rest", days_ago=1)
    made.report(made.know("C1"), 1, hours_ago=2)
    settings.PLACE = replace(settings.PLACE, folder=tmp_path, devices=made.config)
    yield made
    _held.cache_clear()
    devices_place.cache_clear()


def figures(client) -> dict[str, dict]:
    return {one["what"] + one["of"]: one for one in client.get(f"{HERE}figures.json").json()["figures"]}


def certificate(days: int) -> bytes:
    """A certificate that ends in so many days and a half."""
    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device API")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=900))
    signed = made.not_valid_after(now + timedelta(days=days, hours=12)).sign(key, None)
    return signed.public_bytes(Encoding.PEM)


def test_the_page_says_each_figure_with_its_limit_and_what_to_do(place, signed_in):
    """A report of two hours ago is red, and no copy was ever made; the queue is empty."""
    page = text_of(signed_in("engineer").get(HERE))
    assert "Something is red: act now." in page
    assert "120 minutes ago" in page
    assert "amber at more than 15, red at more than 60 minutes ago" in page
    assert "none was ever made of this place" in page
    assert "cannot be read" not in page
    found = figures(signed_in("engineer"))
    assert found["Newest report of a pump"]["level"] == "red"
    assert (found["Long tasks that wait"]["value"], found["Long tasks that wait"]["level"]) == (0, "green")
    assert found["Certificate of the device API"]["level"] == "not set up"
    assert {"Disk freethis place", "Disk freethe device API's database"} <= found.keys()


@pytest.mark.parametrize(("days", "level"), [(90, "green"), (30, "amber"), (3, "red"), (-2, "red")])
def test_a_certificate_is_red_before_it_ends(place, signed_in, days, level):
    """Read from the file that the device API shows."""
    folder = place.config.parent
    (folder / "api.pem").write_bytes(certificate(days))
    (folder / "api.key").write_text("")
    place.config.write_text(f'{place.config.read_text()}certificate = "api.pem"\nkey = "api.key"\n')
    devices_place.cache_clear()
    assert figures(signed_in("engineer"))["Certificate of the device API"]["level"] == level


def test_a_certificate_that_cannot_be_read_is_red_and_hides_nothing_else(place, signed_in):
    """The page is shown all the same."""
    place.config.write_text(f'{place.config.read_text()}certificate = "absent.pem"\nkey = "absent.key"\n')
    devices_place.cache_clear()
    found = figures(signed_in("engineer"))
    assert found["Certificate of the device API"]["level"] == "red"
    assert "Disk freethis place" in found


def test_a_report_that_never_came_is_red_and_not_grey(place, signed_in):
    """Two pumps are known and neither proved anything: that is no fault of a setting."""
    other = FleetBench(place.config.parent.parent / "other")
    settings.PLACE = replace(settings.PLACE, devices=other.config)
    assert figures(signed_in("engineer"))["Newest report of a pump"]["level"] == "not set up", "no pump is known"
    _held.cache_clear()
    other.know_all(["N1", "N2"])
    found = figures(signed_in("engineer"))["Newest report of a pump"]
    assert (found["level"], found["fault"]) == ("red", "no report has counted yet of 2 pumps")
    assert "no report has counted yet of 2 pumps" in text_of(signed_in("engineer").get(HERE))


@pytest.mark.parametrize(
    ("kept", "level", "said"),
    [
        (None, "red", "no event of this organisation was ever counted"),
        ("{", "red", "newest.json"),
        ('{"fingerprint": 7}', "red", "newest.json"),
        ('{"fingerprint": "gone"}', "red", "about.json"),
    ],
)
def test_a_kept_figure_that_is_damaged_is_red_and_not_grey(place, signed_in, tmp_path, kept, level, said):
    """So is a lake of which no event was ever counted; only a place without a lake has none to show."""
    assert figures(signed_in("engineer"))["Newest event in the lake"]["level"] == "not set up"
    settings.PLACE = replace(settings.PLACE, lake=tmp_path / "lake")
    if kept is not None:
        kept_in().mkdir()
        (kept_in() / NEWEST).write_text(kept)
    found = figures(signed_in("engineer"))["Newest event in the lake"]
    assert found["level"] == level
    assert said in found["fault"]


def test_a_copy_is_noted_when_it_is_made(place, signed_in, tmp_path):
    """By the command that makes it; its age is what counts."""
    assert last_copy(tmp_path) is None
    note_copy(tmp_path)
    assert figures(signed_in("engineer"))["Newest copy of this place"]["level"] == "green"


def test_health_is_told_to_nobody_outside(place, signed_in, client):
    """Without signing in a monitor learns from /health that the server answers, and no more."""
    assert client.get(f"{HERE}figures.json").status_code == 302
    assert signed_in("reader").get(f"{HERE}figures.json").status_code == 403
    assert client.get("/health").json() == {"status": "ok"}
