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
    assert (told.messages, told.events) == (1200, len(events)) == (1200, 2 * 1199)
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
    assert told.messages == 700


def test_a_newer_reader_begins_again(store):
    replay(store, read, forget)
    store.move("lake", 0)
    assert replay(store, lambda message: [message.id], forget).events == 1200
    assert replay(store, lambda message: [message.id], forget, name="all", conflicts=True).events == 1201


def test_messages_whose_content_was_deleted_are_passed_over(store):
    store.forget_contents(arrival().received.replace(year=2027), unread=True)
    assert replay(store, read, forget).events == 0
