"""The settings of a device API are read whole, and what is wrong with them is said in words before it starts."""

import socket
from pathlib import Path

import pytest

from openinfusion.core.errors import FileAccessError, OperatorError
from openinfusion.gateway.device_settings import DeviceGateway, DeviceLimits, DevicesPlace
from openinfusion.gateway.devices.authority import make_authority, server_name
from openinfusion.gateway.devices.beginning import begin
from openinfusion.gateway.devices.callers import Callers
from openinfusion.gateway.devices.clock import now
from openinfusion.gateway.devices.database import Database, set_fact
from openinfusion.gateway.preflight import faults_of_places
from openinfusion.gateway.settings import SettingsError, read_settings
from openinfusion.gateway.store import StoreError

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
MANUAL = Path(__file__).resolve().parents[3] / "docs" / "reference" / "device-api.md"
LEAST = '[devices]\ntrees = "trees"\nstate = "."\ntime_key = "time.key"\nport = 0\n'


def settings(tmp_path, text):
    (tmp_path / "g.toml").write_text(text)
    return read_settings(tmp_path / "g.toml")


def faults(tmp_path, text):
    return {one.path: (one.found, one.expected) for one in faults_of_places(settings(tmp_path, text))}


def test_a_device_api_alone_needs_no_store(tmp_path):
    found = settings(tmp_path, LEAST)
    assert found.devices == DevicesPlace(tmp_path / "trees", tmp_path, tmp_path / "time.key", port=0)
    assert found.store is None


def test_everything_that_can_be_said_stands_in_the_manual(tmp_path):
    text = MANUAL.read_text()
    for kind in (DevicesPlace, DeviceLimits):
        assert all(f"`{name}`" in text for name in kind.__dataclass_fields__ if name not in ("limits", "gateways"))
    found = settings(
        tmp_path,
        LEAST
        + 'tokens = "t"\n[devices.limits]\nburst = 5\n[[devices.gateways]]\nname = "w"\npumps = ["urn:pump:a:1"]\n',
    )
    assert found.devices is not None
    assert (found.devices.limits.burst, found.devices.tokens) == (5, tmp_path / "t")
    assert found.devices.gateways == (DeviceGateway("w", ("urn:pump:a:1",)),)


def test_what_is_wrong_is_told_with_its_place(tmp_path):
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, '[devices]\ntrees = "trees"\npoll_seconds = 0\n[devices.limits]\nevents = "many"\n')
    assert {one.path for one in caught.value.faults} == {
        "devices.state",
        "devices.time_key",
        "devices.poll_seconds",
        "devices.limits.events",
    }


def test_what_is_not_there_is_told_before_it_starts(tmp_path):
    (tmp_path / "address").write_text("mysql://")
    found = faults(
        tmp_path,
        LEAST.replace('state = "."', 'state = "none"')
        + 'certificate = "c.pem"\nauthority_passphrase = "p"\n'
        + '[[devices.gateways]]\nname = "Ward 3"\npumps = []\n',
    )
    assert set(found) == {
        "devices.trees",
        "devices.time_key",
        "devices.gateways",
        "devices.key",
        "devices.authority",
        "devices.state",
    }
    assert found["devices.trees"][1] == "the signed trees of a fleet"
    other = faults(tmp_path, LEAST + 'postgresql = "address"\nhost = "0.0.0.0"\n')
    assert "another beginning" in other["devices.postgresql"][0]
    assert "without TLS" in other["devices.certificate"][0]


def test_faults_are_told_in_the_order_of_the_settings(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        more = f'health_port = {port}\nkey = "k.pem"\nauthority_passphrase = "p"\n'
        found = faults(tmp_path, LEAST.replace("port = 0", f"port = {port}") + more)
    places = ("trees", "time_key", "port", "certificate", "authority", "health_port")
    assert list(found) == [f"devices.{name}" for name in places]
    assert found["devices.port"] == (f"127.0.0.1 port {port}: Address already in use", "a port that is free")
    assert found["devices.health_port"] == (f"{port}, the port of the devices themselves", "another port")


def test_a_folder_that_is_one_already_stays_as_it_is(tmp_path):
    begin(tmp_path / "d", trees="trees", port=0)
    key = (tmp_path / "d" / "time.key").read_bytes()
    with pytest.raises(OperatorError, match=r"gateway\.toml and time\.key, of a device API; expected a new folder"):
        begin(tmp_path / "d", trees="trees", port=0)
    (tmp_path / "d" / "gateway.toml").unlink()
    with pytest.raises(OperatorError, match=r"time\.key, of a device API"):
        begin(tmp_path / "d", trees="trees", port=0)
    assert (tmp_path / "d" / "time.key").read_bytes() == key


@pytest.mark.parametrize("name", ["", "bad name", "-", "a/b", "x" * 300])
def test_a_server_has_no_name_that_nobody_could_call(name):
    with pytest.raises(OperatorError, match="a name such as"):
        server_name(name)


def test_a_database_that_may_not_be_written_is_no_fault_of_the_disk(tmp_path):
    database = Database.open(tmp_path)

    def write():
        with database.transaction() as connection:
            set_fact(connection, "a", "b")

    with database.transaction(is_reading=True) as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="expected a database and a folder that this user may write"):
        write()
    database.close()


def test_an_authority_that_does_not_open_is_told(tmp_path):
    begin(tmp_path / "d", trees="trees", port=0)
    make_authority(tmp_path / "d" / "authority", tmp_path / "d" / "authority.passphrase", name="Pumps", at=now())
    more = 'authority = "authority"\nauthority_passphrase = "authority.passphrase"\n'
    with (tmp_path / "d" / "gateway.toml").open("a") as file:
        file.write(more)
    read = read_settings(tmp_path / "d" / "gateway.toml")
    assert {one.path for one in faults_of_places(read)} == {"devices.trees"}
    (tmp_path / "d" / "authority.passphrase").write_text("another")
    assert {one.path for one in faults_of_places(read)} == {"devices.trees", "devices.authority"}


def test_a_file_of_tokens_has_a_pump_and_a_token_on_each_line(tmp_path):
    (tmp_path / "tokens").write_text("urn:pump:a:1 t-1\n\nurn:pump:a:2 t-2\n")
    assert set(Callers.of((), tmp_path / "tokens").tokens) == {"urn:pump:a:1", "urn:pump:a:2"}
    (tmp_path / "tokens").write_text("urn:pump:a:1\n")
    with pytest.raises(FileAccessError, match="a URN and a token"):
        Callers.of((), tmp_path / "tokens")
