"""What the store promises, held by SQLite on a real disk and on the disk of the power-cut model alike."""

import sqlite3
import stat
from datetime import timedelta
from typing import Any

import apsw
import pytest

from openinfusion.gateway.store import Fate, NotNowError, Store, StoreError
from tests.unit.gateway.bench import START, arrival, held, message
from tests.unit.gateway.disk import Database, Disk, restore


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture(params=["disk", "model"])
def store(request, tmp_path, disk):
    path = tmp_path / "a.db"
    made = Store.open(path) if request.param == "disk" else Store(Database(disk, path), where="model")
    yield made
    made.close()


@pytest.fixture
def forgetful(tmp_path, disk):
    made = Store(Database(disk, tmp_path / "a.db"), where="model")
    yield made
    made.close()


def fates(outcomes):
    return [outcome.fate for outcome in outcomes]


def test_messages_are_kept_in_their_order(store):
    assert fates(store.keep([arrival("1"), arrival("2"), arrival("1", sender="OTHER")])) == [Fate.KEPT] * 3
    first, second, third = store.messages_after(0)
    assert (first.id, first.control_id, first.sender, first.peer) == (1, b"1", b"PUMPS", "127.0.0.1:1")
    assert first.raw == message("1", sender="PUMPS")
    assert first.received == START
    assert store.messages_after(first.id) == [second, third]
    assert store.messages_after(0, limit=1) == [first]
    assert store.message(2) == second
    assert store.message(9) is None
    assert store.count() == 3


@pytest.mark.parametrize("at_once", [True, False], ids=["in one transaction", "later"])
def test_a_duplicate_is_not_kept_and_gets_the_answer_of_the_first(store, at_once):
    pair = [arrival("1", answer="first"), arrival("1", answer="second")]
    first, second = store.keep(pair) if at_once else (*store.keep(pair[:1]), *store.keep(pair[1:]))
    assert (first.fate, second.fate) == (Fate.KEPT, Fate.DUPLICATE)
    assert first.acknowledgement == second.acknowledgement == b"first"
    assert store.count() == 1


def test_another_message_under_the_same_key_is_kept_apart(store):
    store.keep([arrival("1"), arrival("2")])
    told = store.keep([arrival("1", text="b", answer="b"), arrival("1", text="b", answer="c"), arrival("1")])
    assert fates(told) == [Fate.CONFLICT, Fate.DUPLICATE, Fate.DUPLICATE]
    assert [one.acknowledgement for one in told] == [b"b", b"b", b"answer to 1"]
    assert [one.id for one in store.messages_after(0)] == [1, 2]
    assert [(one.id, one.conflict_of) for one in store.messages_after(0, conflicts=True)] == [
        (1, None),
        (2, None),
        (3, 1),
    ]


def test_a_sender_that_always_counts_from_one_costs_no_more_in_the_end(tmp_path):
    """Every message in conflict with the first: the steps of the database for the next ones do not grow with them."""
    store = Store.open(tmp_path / "a.db")
    steps = [0]

    def count() -> int:
        steps[-1] += 1
        return 0

    database: Any = store._database
    database.set_progress_handler(count, 100)  # called after each hundred steps of the database's own machine
    for start in range(0, 12_000, 2000):
        steps.append(0)
        told = store.keep([arrival("1", text=str(number)) for number in range(start, start + 2000)])
        assert {one.fate for one in told[1:]} == {Fate.CONFLICT}
    assert 0 < steps[-1] < 2 * steps[1]
    assert {one.conflict_of for one in store.messages_after(1, conflicts=True)} == {1}
    store.close()


def test_bytes_come_back_as_they_were(store):
    odd = bytes(range(256))
    one = arrival("1")
    store.keep([type(one)(odd, odd, odd, one.received, "mllp", "", odd)])
    found = store.messages_after(0)[0]
    assert (found.sender, found.control_id, found.raw) == (odd, odd, odd)


def test_a_reader_keeps_its_place(store):
    assert store.position("lake") == 0
    store.move("lake", 7)
    store.move("lake", 9)
    assert (store.position("lake"), store.position("other")) == (9, 0)


def test_old_content_is_deleted_and_a_duplicate_still_known(store):
    store.keep([arrival(str(number)) for number in range(2500)])
    assert store.forget_contents(START + timedelta(days=9)) == 0
    store.move("lake", 2500)
    assert store.forget_contents(START) == 0
    assert store.forget_contents(START + timedelta(seconds=1)) == 2500
    assert {(one.raw, one.peer) for one in store.messages_after(0)} == {(None, "")}
    assert fates(store.keep([arrival("7")])) == [Fate.DUPLICATE]
    assert store.forget_keys(START + timedelta(seconds=1)) == 2500
    assert fates(store.keep([arrival("7")])) == [Fate.KEPT]
    assert store.messages_after(0)[0].id == 2501


def test_what_a_reader_has_not_read_stays(store):
    store.keep([arrival(str(number)) for number in range(3)])
    store.move("lake", 1)
    later = START + timedelta(days=1)
    assert store.forget_contents(later) == 1
    assert store.forget_contents(later, unread=True) == 2


def test_deleted_content_is_in_no_file(tmp_path):
    store = Store.open(tmp_path / "a.db")
    store.keep([arrival("1")])
    assert b"SECRET" in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    store.forget_contents(START + timedelta(days=1), unread=True)
    store.close()
    assert b"SECRET" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_store_is_its_owners_alone_and_found_again(tmp_path):
    path = tmp_path / "a.db"
    store = Store.open(path)
    store.keep([arrival("1")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.close()
    again = Store.open(path, may_create=False)
    assert fates(again.keep([arrival("1")])) == [Fate.DUPLICATE]
    again.close()
    assert held(path) == [("PUMPS", "1")]


def test_two_processes_may_open_it_at_once(tmp_path):
    one, two = Store.open(tmp_path / "a.db"), Store.open(tmp_path / "a.db")
    one.keep([arrival("1")])
    assert fates(two.keep([arrival("1"), arrival("2")])) == [Fate.DUPLICATE, Fate.KEPT]
    assert one.count() == 2
    one.close()
    two.close()


def test_what_is_no_store_is_said_and_left_alone(tmp_path):
    (tmp_path / "text").write_text("not a database at all, and quite long enough to be looked at")
    with pytest.raises(StoreError, match="text: found file is not a database"):
        Store.open(tmp_path / "text")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE mine(x)")
    other.close()
    with pytest.raises(StoreError, match="another database"):
        Store.open(tmp_path / "other.db")
    with pytest.raises(StoreError, match="no file"):
        Store.open(tmp_path / "absent", may_create=False)
    with pytest.raises(StoreError, match="expected a file in a folder"):
        Store.open(tmp_path / "absent" / "a.db")
    assert not (tmp_path / "absent").exists()


def test_a_store_that_another_process_holds_is_tried_again_later(tmp_path):
    store = Store.open(tmp_path / "a.db")
    store._database.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotNowError):
        store.keep([arrival("1")])
    other.close()
    assert fates(store.keep([arrival("1")])) == [Fate.KEPT]
    store.close()


# --- A disk that fails ------------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_nothing_and_goes_on_when_there_is_room(forgetful, disk):
    forgetful.keep([arrival("1")])

    def full():
        raise apsw.FullError("no room")

    disk.at_write = full
    for _ in range(2):
        with pytest.raises(NotNowError, match="room on the disk"):
            forgetful.keep([arrival("2"), arrival("3")])
    disk.at_write = lambda: None
    assert fates(forgetful.keep([arrival("2"), arrival("1")])) == [Fate.KEPT, Fate.DUPLICATE]
    assert forgetful.count() == 2


@pytest.mark.parametrize("nth", range(1, 8))
def test_after_a_failed_sync_nothing_more_is_said(tmp_path, disk, nth):
    """Whichever sync fails, that of a commit or of a checkpoint: the store says so, and the process must end."""
    store = Store(Database(disk, tmp_path / "a.db"), where="model")
    last = disk.syncs + nth - 1
    acknowledged = []

    def fail():
        if disk.syncs == last:
            raise apsw.IOError("the disk is broken")

    def go_on():
        for number in range(10):
            store.keep([arrival(str(number))])
            acknowledged.append(("PUMPS", str(number)))
            store.checkpoint()

    disk.at_sync = fail
    with pytest.raises(StoreError, match="expected a database on a sound disk"):
        go_on()
    disk.at_sync = lambda: None
    restore(disk.picture(), tmp_path / "after")
    store.close()
    if acknowledged:
        assert set(acknowledged) <= set(held(tmp_path / "after" / "a.db"))


def test_a_full_disk_during_a_checkpoint_loses_nothing(forgetful, disk):
    forgetful.keep([arrival("1")])

    def full():
        raise apsw.FullError("no room")

    disk.at_write = full
    forgetful.checkpoint()
    disk.at_write = lambda: None
    forgetful.checkpoint()
    assert forgetful.count() == 1
