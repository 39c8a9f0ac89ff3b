"""The commands that come before the example in the help of each command of `openinfusion fleet`."""

import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from openinfusion.cli.app import app
from openinfusion.fleet.proof import Doubt, Found, Witness, keep
from openinfusion.fleet.rollout import begin, read_plan
from openinfusion.fleet.rollout.kept import keep_course
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database

INIT = ["init authority --trial --hospital st-elsewhere --profile adult"]
SIGNED = [f"--key authority/keys/{who}.pem --yes" for who in ("pharmacist", "safety-officer")]


def proposed(number: int, library: str) -> list[str]:
    return [f'release examples/trust/library-{library}.json --reason "For a test"']


def signed(number: int, library: str) -> list[str]:
    return [
        *proposed(number, library),
        *(f"sign authority/proposals/st-elsewhere--adult--{number} {w}" for w in SIGNED),
    ]


def released(number: int, library: str) -> list[str]:
    return [*signed(number, library), "publish", f"assign bench {number}"]


ONE = [*INIT, *released(1, "1.0.0")]
NEW_KEY = 'new-key pharmacist-2.pem --holder "B. Pharmacist" --unencrypted'
ADDED = [NEW_KEY, "add-key pharmacist-2.pem.pub --role pharmacy"]
BEFORE = {
    "init": [],
    "new-key": [],
    "release": INIT,
    "sign": [*INIT, *proposed(1, "1.0.0")],
    "collect": [*INIT, *proposed(1, "1.0.0")],
    "publish": [*INIT, *signed(1, "1.0.0")],
    "add-key": [*INIT, NEW_KEY],
    "remove-key": [*INIT, *ADDED],
    "rotate-online": [*INIT, 'new-key online-2.pem --holder "New server" --unencrypted'],
    "recall": [*ONE, *released(2, "1.1.0")],
}
"""By command; those that are not named come after one release."""


def fleet(words: str, *, cwd: Path):
    """Run one command of the group in this process; options name the folder, which is not changed."""
    arguments = [str(cwd / word) if (cwd / word).exists() else word for word in shlex.split(words)]
    if arguments[0] in {"init", "new-key"}:
        arguments[1] = str(cwd / arguments[1])
    elif arguments[0] != "sign":
        arguments += ["--authority", str(cwd / "authority")]
    return CliRunner().invoke(app, ["fleet", *arguments], env={"COLUMNS": "200"})


def prepare(name: str, cwd: Path) -> None:
    """Do what comes before the example of a command."""
    for words in BEFORE.get(name, ONE):
        done = fleet(words, cwd=cwd)
        assert done.exit_code == 0, (words, done.output, done.exception)
    if name == "collect":
        shutil.copytree(cwd / "authority" / "proposals", cwd / "carried")
    if name == "settle":
        doubt_a_pump(cwd / "devices" / "state")
    if name == "follow":
        begin_a_rollout(cwd)


def begin_a_rollout(cwd: Path) -> None:
    """Let the example of a plan begin for the one release there is."""
    text = (cwd / "examples" / "fleet" / "rollout.toml").read_text("utf-8")
    plan = text.replace('hospital = "anderby"', 'hospital = "st-elsewhere"').replace("number = 12", "number = 1")
    course = begin(read_plan(plan.encode(), where="rollout.toml"), by="A. Pharmacist", at=datetime.now(UTC))
    (cwd / "course.json").write_bytes(keep_course(course))


def doubt_a_pump(state: Path) -> None:
    """Let the device API know a pump that may be another one."""
    at, line = datetime(2026, 3, 2, 9, tzinfo=UTC), "st-elsewhere/adult"
    doubt = Doubt(Found.COUNTER_BACK, at, "for a test")
    witness = Witness(pump="urn:pump:acme:1", line=line, enrolled=at, doubt=doubt)
    database = Database.open(state)
    with database.transaction() as connection:
        pumps.tell(connection, witness.pump, pumps.Told(line=line, ring="bench"), at=at)
        known = pumps.find(connection, witness.pump)
        assert known is not None
        pumps.keep_witness(connection, known.id, keep(witness))
    database.close()
