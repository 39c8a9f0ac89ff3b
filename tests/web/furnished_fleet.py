"""
What goes on among the pumps of the furnished place: work, roll-outs, a vendor's file, a survey, an old certificate.

All of it counts back from now, as the example fleet does: what pumps prove is judged by the age of its proof. Roll-outs
are decided by the office's own command, on what those pumps proved; only where its clock stands is said here.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from typer.testing import CliRunner

from openinfusion.cli import fleet as commands
from openinfusion.fleet.rollout.course_file import last_word, say_word
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.clock import read_private_key
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.questions import Questions
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.fleet.desk import keep_up
from openinfusion.web.fleet.example import FOLDER, LINE, Office, Server, Virtual
from openinfusion.web.fleet.watch import forget, held
from openinfusion.web.keeping import note_copy
from tests.web.acting import client_of, each_look_a_second_later
from tests.web.change_people import People, text_of
from tests.web.test_claims_pages import HEADER
from tests.web.test_it_health import certificate
from tests.web.test_rollout_pages import PLAN

ROOT = Path(__file__).resolve().parents[2]
TRUST = "/example-trust"
_EXAMPLE_MAPPING = ROOT / "examples/fleet/vendor-status.toml"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
MENDED = "urn:pump:example:0161"
"""The pump that went back and proved again, so that its work is closed."""
_LASTS = 40
"""Days until the certificate of the device API ends: amber."""
_RINGS = (
    {"name": "bench", "wards": "clinical-engineering", "at_least": 4, "is_bench": "on"},
    {"name": "canary", "wards": "adult-critical-care-a", "is_canary": "on", "asks_second_person": "on"},
    {"name": "quarter", "share": 25},
    {"name": "rest"},
)
_CLINICAL = {
    "canary": {
        name: {"events": events, "out_of": out_of}
        for name, events, out_of in (
            ("overrides", 9, 164),
            ("overrides_before", 61, 1022),
            ("overrides_others", 48, 871),
            ("hard_hits", 1, 164),
            ("hard_hits_before", 8, 1022),
            ("hard_hits_others", 5, 871),
        )
    }
}
_SURVEY = """\
ward,bed_space,kind,name,result,tested_on,note
ward-7,bed 1,port,ward-7-p1,dead,{day},no link; told the network team
ward-7,bed 6,port,ward-7-p2,works,{day},
ward-12,bed 2,port,ward-12-p1,works,{day},
theatres,theatre 3,access point,ap-theatres,weak,{day},drops behind the lead door
adult-critical-care-a,bed 4,port,adult-critical-care-a-p1,works,{day},
"""


def furnish_fleet() -> None:
    """Furnish the fleet of the place of the settings."""
    now = datetime.now(UTC)
    office = Office(settings.PLACE.folder / FOLDER / "authority")
    _work(office, now)
    _rollouts(office, now)
    _hand_in("claims/", {"file": _vendor_file(now), "mapping": _mapping()})
    survey = _SURVEY.format(day=f"{now - _DAY:%Y-%m-%d}").encode()
    _hand_in("network/upload", {"file": SimpleUploadedFile("survey.csv", survey)})
    _machinery()


def _hand_in(where: str, said: dict[str, SimpleUploadedFile]) -> None:
    forget()
    answer = client_of("engineer").post(f"{TRUST}/{where}", said)
    assert answer.status_code == 302, text_of(answer)


# --- Work -------------------------------------------------------------------------------------------------------------


def _work(office: Office, now: datetime) -> None:
    """A pump goes back and is mended; of the others, one has somebody, and a note."""
    pump = Virtual(MENDED, "halden-s2", "ward-12", "ward-12-p2")
    key = pump.key.public_key().public_bytes_raw()
    with _heard(office) as server:
        pumps.tell(server.connection, pump.urn, pumps.Told(line=LINE, ring="rest", report_key=key), at=now - 9 * _DAY)
        pump.runs = 2
        server.hear(pump, now - 29 * _HOUR)
        pump.epoch, pump.counter, pump.runs = 2, 0, 1
        server.hear(pump, now - 22 * _HOUR)
    _look(now - 20 * _HOUR)
    with each_look_a_second_later(now - 19 * _HOUR):
        erin = str(User.objects.get(email="engineer@example.org").pk)
        _takes(MENDED, person=erin, text="Its battery was changed; it takes the release over the dock.")
        _takes("urn:pump:example:0142", person=erin, text="The socket is dead; told the network team.")
    pump.runs = 2
    with _heard(office) as server:
        server.hear(pump, now - 2 * _HOUR)
    _look(now - 2 * _HOUR)


def _takes(pump: str, **said: str) -> None:
    answer = client_of("engineer").post(f"{TRUST}/fleet/pumps/{pump}/work", said)
    assert answer.status_code == 302, text_of(answer)


@contextmanager
def _heard(office: Office) -> Iterator[Server]:
    """The server of the pumps, while they report."""
    home = settings.PLACE.folder / FOLDER
    database = Database.open(home / "state")
    try:
        with database.transaction() as connection:
            yield Server(connection, office, Questions.of(read_private_key(home / "time.key")))
    finally:
        database.close()


def _look(at: datetime) -> None:
    """Look as the process beside the pages does."""
    forget()
    keep_up(Organisation.objects.get(slug="example-trust"), held(), at=at)


# --- Roll-outs --------------------------------------------------------------------------------------------------------


def _rollouts(office: Office, now: datetime) -> None:
    """One whose canary is proven and asks for a second person, one that was halted, and one that is only written."""
    forget()
    three = office.release(ROOT / "examples/trust/library-1.1.0.json", "A ceiling for ketamine", now - 9 * _HOUR)
    one = _planned("Fentanyl by fixed concentration", "Fentanyl gets one concentration.", 2, now - 8 * _DAY)
    for at in (now - 7 * _DAY, now - 5 * _DAY, now - 3 * _DAY, now - 26 * _HOUR, now - _HOUR):
        _decides(one, at)
    two = _planned("Ketamine ceiling", "A ceiling for ketamine in theatres.", three, now - 8 * _HOUR)
    _decides(two, now - 7 * _HOUR)
    with each_look_a_second_later(now - 6 * _HOUR):
        two.done("champion", "stop", reason="A bench pump shows the ceiling in another unit.")
    _decides(two, now - 5 * _HOUR)
    _planned("Library of December", "The yearly review of the adult library.", three, now - 3 * _HOUR, is_begun=False)


def _planned(name: str, reason: str, number: int, at: datetime, *, is_begun: bool = True) -> People:
    rings = {f"ring-{n}-{key}": value for n, ring in enumerate(_RINGS) for key, value in ring.items()}
    kept = {key: value for key, value in PLAN.items() if not re.match(r"ring-\d", key)}
    said = kept | rings | {"name": name, "reason": reason, "offer-0-number": number}
    with each_look_a_second_later(at):
        answer = client_of("engineer").post(f"{TRUST}/rollouts/new", said)
        assert answer.status_code == 302, text_of(answer)
        people = People(client_of, "")
        people.address = str(answer["location"]).rstrip("/")
        if is_begun:
            page = people.client("engineer").get(f"{people.address}/").content.decode()
            people.done("engineer", "begin", shown=re.search(r'name="shown" value="([^"]+)"', page)[1])
    return people


def _decides(people: People, at: datetime) -> None:
    """Let the office look at one moment; the word that it says last is of one that looks four times a day."""
    folder = settings.PLACE.folder
    course = folder / "rollouts/example-trust" / f"{people.address.rsplit('/', 1)[1]}.json"
    clinical = folder / "clinical.json"
    clinical.write_text(json.dumps(_CLINICAL))
    command = ["follow", str(course), "--config", str(settings.PLACE.devices), "--clinical", str(clinical)]
    with mock.patch("openinfusion.cli.fleet_follow.now", return_value=at):
        done = CliRunner().invoke(commands.app, command, catch_exceptions=False)
    assert done.exit_code in {0, 1}, done.output
    word = last_word(course)
    assert word is not None
    say_word(course, word.decisions[0], word.rings, every=6 * 3600)


# --- A vendor's file, and the machinery -------------------------------------------------------------------------------


def _vendor_file(now: datetime) -> SimpleUploadedFile:
    """Most agree; some say what was not proven, one is of no pump here, a row cannot be read, pumps are missing."""
    seen = f"{now - 3 * _HOUR:%d/%m/%Y %H:%M}"
    known = [one for one in range(101, 155) if one not in {112, 118}]
    rows = [f"{one:04d};N/A;{'1.0.0' if one in {103, 125} else '1.1.0'};{seen};Main site" for one in known]
    rows += [f"0999;N/A;1.0.0;{seen};Store", "0156;N/A;1.1.0;never;Store"]
    return SimpleUploadedFile("status-of-pumps.csv", (HEADER + "\n".join([*rows, ""])).encode())


def _mapping() -> SimpleUploadedFile:
    return SimpleUploadedFile("status.toml", _EXAMPLE_MAPPING.read_text().replace("acme", "example").encode())


def _machinery() -> None:
    """The certificate of the device API ends soon; a copy of the place was just made."""
    config = settings.PLACE.devices
    (config.parent / "api.pem").write_bytes(certificate(_LASTS))
    (config.parent / "api.key").write_text("")
    config.write_text(f'{config.read_text()}certificate = "api.pem"\nkey = "api.key"\n')
    note_copy(settings.PLACE.folder)
