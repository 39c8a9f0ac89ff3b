"""What is wrong with a bench is said in words, with its place, before a gateway starts."""

from pathlib import Path
from typing import Any

import pytest

from openinfusion.core.errors import FileAccessError
from openinfusion.gateway.order_bench import faults_of_orders
from openinfusion.gateway.order_book import Book
from openinfusion.gateway.order_events import EventFile
from openinfusion.gateway.preflight import faults_of_places
from openinfusion.gateway.settings import ClientTls, OrderPump, OrdersPlace, SettingsError, read_settings
from openinfusion.gateway.store import StoreError

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "gateway" / "bench.toml"
LIBRARY = ROOT / "examples" / "trust" / "library-1.1.0.json"


def faults(*pumps, **more):
    known: dict[str, Any] = {"library": LIBRARY, "reply_port": 1, "pumps": pumps}
    place = OrdersPlace(**(known | more))
    return {fault.path: (fault.found, fault.expected) for fault in faults_of_orders(place)}


def pump(**more):
    return OrderPump(**({"number": "1", "model": "halden-s2", "care_area": "adult-ward"} | more))


def test_the_example_shows_everything_and_nothing_is_wrong_with_it():
    orders = read_settings(EXAMPLE).orders
    assert orders is not None
    assert list(faults_of_orders(orders)) == []
    text = EXAMPLE.read_text()
    for kind in (OrdersPlace, OrderPump, ClientTls):
        assert all(name in text for name in kind.__dataclass_fields__), kind


@pytest.mark.parametrize("state", ["idle", "off", "offline", "silent", "alarming", "running", "paused", "standby"])
@pytest.mark.parametrize("model", ["halden-s2", "meridian-v7"])
def test_every_state_can_be_set_up(state, model):
    assert faults(pump(state=state, model=model)) == {}


@pytest.mark.parametrize(
    ("more", "place", "expected"),
    [
        ({"model": "x"}, "model", "one of meridian-v7, halden-s2, halden-s2-strict"),
        ({"weight": "70 mg"}, "weight", "a weight, such as 70 kg"),
        ({"weight": "heavy"}, "weight", "a weight, such as 70 kg"),
        ({"care_area": None, "weight": "70 kg"}, "care_area", "a care area, in which to know a weight or to run"),
        ({"care_area": "neonatal-unit", "state": "running"}, "state", "a state that this pump can be brought into"),
        ({"syringe_ml": 61, "state": "running"}, "state", "a state that this pump can be brought into"),
    ],
)
def test_faults_of_a_pump(more, place, expected):
    found = faults(pump(**more))
    assert list(found) == [f"orders.pumps[0].{place}"]
    assert found[f"orders.pumps[0].{place}"][1] == expected


def test_faults_of_the_bench(tmp_path):
    found = faults(
        pump(care_area="x", expected_area="y"),
        pump(),
        reply_port=0,
        bench=tmp_path / "no" / "b.db",
        events=tmp_path / "e.parquet",
        reply_first_wait_seconds=61,
    )
    assert set(found) == {
        "orders.reply_port",
        "orders.bench",
        "orders.events",
        "orders.reply_first_wait_seconds",
        "orders.pumps[0].care_area",
        "orders.pumps[0].expected_area",
        "orders.pumps[1].number",
    }
    assert faults() == {"orders.pumps": ("none", "one [[orders.pumps]] at least")}
    assert list(faults(pump(), library=tmp_path / "no.json")) == ["orders.library"]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_how_replies_are_encrypted_is_read_and_checked(tmp_path):
    text = f'[store]\npath = "a"\n[[listeners]]\nport = 0\n[orders]\nlibrary = "{LIBRARY}"\nreply_port = 1\n'
    pump = '[[orders.pumps]]\nnumber = "1"\nmodel = "halden-s2"\ncare_area = "adult-ward"\n'
    (tmp_path / "g.toml").write_text(f'{text}reply_tls = {{ key = "k.pem" }}\n{pump}')
    with pytest.raises(SettingsError, match=r"orders\.reply_tls\.key: found a key without a certificate"):
        read_settings(tmp_path / "g.toml")
    (tmp_path / "g.toml").write_text(f'{text}reply_tls = {{ authorities = "absent.pem" }}\n{pump}')
    (fault,) = faults_of_places(read_settings(tmp_path / "g.toml"))
    assert (fault.path, fault.found) == ("orders.reply_tls", f"{tmp_path / 'absent.pem'}: No such file or directory")


def test_words_that_are_none_of_a_list_are_told_the_list(tmp_path):
    text = '[store]\npath = "a"\n[[listeners]]\n[orders]\nlibrary = "l"\nreply_port = 1\n'
    (tmp_path / "g.toml").write_text(f'{text}[[orders.pumps]]\nnumber = "1"\nmodel = "m"\nnurse = "sleeps"\n')
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path / "g.toml")
    (fault,) = caught.value.faults
    assert (fault.path, fault.found, fault.expected) == (
        "orders.pumps[0].nurse",
        "'sleeps'",
        "one of confirms, refuses, waits",
    )


def test_files_that_are_something_else_are_refused(tmp_path):
    (tmp_path / "b.db").write_text("x" * 5000)
    with pytest.raises(StoreError, match="file is not a database"):
        Book.open(tmp_path / "b.db")
    with pytest.raises(FileAccessError):
        EventFile(tmp_path / "no" / "e.jsonl", "T")


def test_half_a_record_at_the_end_of_the_log_is_cut_off(tmp_path, caplog):
    path = tmp_path / "e.jsonl"
    EventFile(path, "T")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event_id": "1')
    EventFile(path, "T")
    assert path.read_bytes() == whole
    assert "half a record" in caplog.text
