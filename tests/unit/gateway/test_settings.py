"""Settings are read whole, and everything that is wrong with them is said at once, in words, with its place."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from openinfusion.core.errors import FileAccessError
from openinfusion.gateway.settings import Limits, Listener, Settings, SettingsError, StorePlace, Tls, read_settings

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "gateway" / "gateway.toml"
LEAST = '[store]\npath = "a.db"\n[[listeners]]\n'


def faults(tmp_path, text):
    (tmp_path / "g.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path / "g.toml")
    return {fault.path: (fault.found, fault.expected) for fault in caught.value.faults}


def test_the_least_that_must_be_said(tmp_path):
    (tmp_path / "g.toml").write_text(LEAST)
    assert read_settings(tmp_path / "g.toml") == Settings(StorePlace(tmp_path / "a.db"), (Listener(),))


def test_the_example_shows_what_holds_when_nothing_is_said():
    found = read_settings(EXAMPLE)
    assert found.limits == Limits()
    assert found.lake
    assert found.health
    assert found.lake.organisation == "Example Trust"
    assert found.health.port == 9575
    text = EXAMPLE.read_text()
    for kind in (Settings, Listener, Limits, Tls, StorePlace):
        assert all(name in text for name in kind.__dataclass_fields__), kind


def test_everything_that_can_be_said(tmp_path):
    (tmp_path / "g.toml").write_text(
        LEAST + 'name = "icu"\naddresses = ["10.0.0.0/8", "2001:db8::/32"]\nsenders = ["A"]\n'
        '[listeners.tls]\ncertificate = "c.pem"\nkey = "/k.pem"\nclient_ca = "ca.pem"\n'
    )
    (listener,) = read_settings(tmp_path / "g.toml").listeners
    assert listener.addresses == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert listener.tls == Tls(tmp_path / "c.pem", Path("/k.pem"), tmp_path / "ca.pem")
    assert [listener.admits(one) for one in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", "11.0.0.1")] == [
        True,
        True,
        True,
        False,
    ]


def test_all_faults_are_told_at_once(tmp_path):
    assert faults(
        tmp_path,
        'x = 1\n[limits]\nsegments = "many"\nread_seconds = 0\n'
        '[health]\nport = true\nprot = 5\n[[listeners]]\nport = 70000\naddresses = ["10.0.0.1/8"]\ntls = {key = 3}\n',
    ) == {
        "x": ("an unknown key", "one of store, listeners, limits, health, lake, orders, devices"),
        "limits.segments": ("'many'", "a whole number"),
        "limits.read_seconds": ("0", "a number, more than 0.0"),
        "health.port": ("True", "a whole number"),
        "health.prot": ("an unknown key", "one of host, port"),
        "listeners[0].port": ("70000", "a whole number, at most 65535"),
        "listeners[0].addresses[0]": ("'10.0.0.1/8'", "an address or a network, such as 10.20.0.0/16"),
        "listeners[0].tls.key": ("3", "a text"),
        "listeners[0].tls.certificate": ("nothing", "a value: it has no default"),
    }


@pytest.mark.parametrize(
    "text, place",
    [
        ('[store]\npath = "a.db"\nlisteners = []\n', "store.listeners"),
        ('listeners = []\n[store]\npath = "a.db"\n', "listeners"),
        ('listeners = 5\n[store]\npath = "a.db"\n', "listeners"),
        ('listeners = [5]\n[store]\npath = "a.db"\n', "listeners[0]"),
        ('[store]\npath = ""\n[[listeners]]\n', "store.path"),
        (LEAST + "[[listeners]]\nport = 1\n", "listeners[1].name"),
        (LEAST + '[[listeners]]\nname = "b"\n', "listeners[1].port"),
        (LEAST + "port = 9575\n[health]\n", "health.port"),
        (LEAST + "[limits]\nwaiting_high = 5\n", "limits.waiting_low"),
        (LEAST + "[limits]\nconnections = 5\n", "limits.connections_per_address"),
        (LEAST + '[lake]\nfolder = "l"\norganisation = "T"\npurpose = "fun"\n', "lake.purpose"),
        ("a = [\n", "file"),
        ("[store]\n" * 2, "file"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, text, place):
    assert place in faults(tmp_path, text)


def test_a_file_that_is_not_text_or_not_there(tmp_path):
    (tmp_path / "g.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="no TOML"):
        read_settings(tmp_path / "g.toml")
    with pytest.raises(FileAccessError):
        read_settings(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            '[listeners.tls]\ncertificate = "c"\nkey = "k"\nrequire_client_certificate = true\n',
            "listeners[0].tls.client_ca",
        ),
        ('host = "0.0.0.0"\nport = 9999\n[health]\nport = 9999\n', "health.port"),
        ('[health]\nport = 2575\nhost = "0.0.0.0"\n', "health.port"),
        ('[lake]\nfolder = "a\\u0000b"\norganisation = "T"\n', "lake.folder"),
        ('[orders]\nlibrary = "l"\nreply_port = 1\nbench = "a.db"\npumps = []\n', "orders.bench"),
    ],
)
def test_what_would_fail_or_let_anybody_in_is_named(tmp_path, text, place):
    assert place in faults(tmp_path, f'[store]\npath = "a.db"\n[[listeners]]\n{text}')
