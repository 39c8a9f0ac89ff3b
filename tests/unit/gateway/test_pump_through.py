"""Stored messages are read in order, each until it was handed on, and again with a newer reader if wanted."""

import pytest

from openinfusion.core.errors import TableError
from openinfusion.gateway.pump_through import replay
from openinfusion.gateway.store import Store
from tests.unit.gateway.bench import arrival


@pytest.fixture
def store(tmp_path):
    made = Store.open(tmp_path / "a.db")
    made.keep([arrival(str(number), text=f"t{number}") for number in range(1200)])
    made.keep([arrival("5", text="another")])
    yield made
    made.close()


def forget(events):
    """Keep nothing of what is handed on."""


def read(message):
    text = message.raw.rpartition(b"|")[2].strip().decode()
    if text == "t7":
        raise TableError(where="OBX", found="nothing", expected="something")
    return [(message.id, text)] * 2


def test_every_message_is_read_once(store):
    events: list[tuple[int, str]] = []
    told = replay(store, read, events.extend)
    assert (told.messages, told.conflicts, told.events) == (1201, 1, len(events)) == (1201, 1, 2 * 1200)
    assert events[::2][:3] == [(1, "t0"), (2, "t1"), (3, "t2")]
    assert told.at_fault == [8]
    assert dict(told.faults) == {"found nothing; expected something": 1}
    assert replay(store, read, events.extend).messages == 0
    store.keep([arrival("new", text="new")])
    assert replay(store, read, events.extend).events == 2


def test_what_could_not_be_handed_on_is_read_again(store):
    calls = []

    def into(events):
        calls.append(events)
        if len(calls) == 2:
            raise OSError("no lake")

    with pytest.raises(OSError, match="no lake"):
        replay(store, read, into)
    told = replay(store, read, into)
    assert calls[2] == calls[1]
    assert told.messages == 701


def test_a_newer_reader_begins_again(store):
    replay(store, read, forget)
    store.move("lake", 0)
    assert replay(store, lambda message: [message.id], forget).events == 1201


def test_a_byte_that_changed_on_the_disk_is_seen_and_the_message_is_not_used(tmp_path):
    kept = Store.open(tmp_path / "a.db")
    kept.keep([arrival("1", text="rate 6.0"), arrival("2", text="rate 5.0")])
    kept.close()
    file = tmp_path / "a.db"
    file.write_bytes(file.read_bytes().replace(b"rate 6.0", b"rate 9.0"))
    kept = Store.open(file)
    events: list[bytes] = []
    told = replay(kept, lambda message: [message.raw or b""], events.extend)
    kept.close()
    assert told.at_fault == [1]
    assert list(told.faults) == ["found bytes that changed in the store; expected the bytes that came"]
    assert [b"rate 5.0" in raw for raw in events] == [True]


def test_messages_whose_content_was_deleted_are_passed_over(store):
    store.forget_contents(arrival().received.replace(year=2027), unread=True)
    assert replay(store, read, forget).events == 0
