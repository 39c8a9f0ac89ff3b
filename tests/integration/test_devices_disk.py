"""
What a bad disk does to the device API: a cut of power, no room, a sync that fails. Nothing acknowledged is ever lost.

The database runs on a disk that forgets what was not synced. Around every sync a picture is taken of what a cut of
power would leave, and each is started from again.
"""

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
from contextlib import contextmanager, suppress

import aiohttp
import apsw
import pytest

from openinfusion.gateway.devices import events, pumps
from openinfusion.gateway.devices.database import FILE, Database, FullError, sqlite_engine
from openinfusion.gateway.devices.pumps import Told
from openinfusion.gateway.store import NotNowError, StoreError
from tests.integration.devices_bench import AT, HOST, LINE, URN, PumpOnBench, bench, know, make_place, make_trees
from tests.reliability import is_thorough, record
from tests.unit.gateway import disk as disk_module
from tests.unit.gateway.disk import Disk, restore

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices"), pytest.mark.reliability]
CUTS = 5000 if is_thorough() else 60
BATCHES = 60


class Cursor:
    """A cursor of ``sqlite3`` over a database of the model."""

    arraysize = 1

    def __init__(self, connection):
        self._connection = connection
        self._rows = []
        self.description = None
        self.rowcount = -1
        self.lastrowid = None

    def execute(self, sql, values=()):
        with translated():
            cursor = self._connection.cursor()
            cursor.execute(sql, values)
            with suppress(apsw.ExecutionCompleteError):
                self.description = [(*one, None, None, None, None, None)[:7] for one in cursor.getdescription()]
            self._rows = cursor.fetchall()
            self.rowcount = self._connection.changes()
            self.lastrowid = self._connection.last_insert_rowid()
        return self

    def executemany(self, sql, rows):
        for values in rows:
            self.execute(sql, values)
        return self

    def fetchone(self):
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size=1):
        found, self._rows = self._rows[:size], self._rows[size:]
        return found

    def fetchall(self):
        found, self._rows = self._rows, []
        return found

    def close(self):
        pass


@contextmanager
def translated():
    """Raise the errors of apsw as those of ``sqlite3``."""
    try:
        yield
    except apsw.Error as error:
        made = sqlite3.OperationalError(str(error))
        code = sqlite3.SQLITE_FULL if isinstance(error, apsw.FullError) else sqlite3.SQLITE_IOERR
        made.sqlite_errorcode = getattr(error, "extendedresult", code)
        raise made from error


class Connection:
    """A connection of ``sqlite3`` over the model; SQLAlchemy asks for no more than this."""

    isolation_level = None

    def __init__(self, disk, path):
        self._database = disk_module.Database(disk, path)
        self._inner = self._database._connection

    def cursor(self):
        return Cursor(self._inner)

    def execute(self, sql, values=()):
        return Cursor(self._inner).execute(sql, values)

    def create_function(self, *_words, **_told):
        pass

    def commit(self):
        if self._inner.in_transaction:
            self.execute("COMMIT")

    def rollback(self):
        if self._inner.in_transaction:
            self.execute("ROLLBACK")

    def close(self):
        with suppress(apsw.Error):
            self._inner.close()


def database_on(disk, path, *, synchronous=None):
    """The database of the server on a disk of the model, with one pump in it."""
    made = Database(sqlite_engine(path, lambda: Connection(disk, path)), where="model")
    with made.transaction() as connection:
        made._prepare(connection)
        pumps.tell(connection, URN, Told(line=LINE), at=AT)
    if synchronous:
        raw = made.engine.raw_connection()
        assert raw.driver_connection is not None
        raw.driver_connection.execute(f"PRAGMA synchronous = {synchronous}")
        raw.close()
    return made


def tell(database, pump, *numbers):
    """Keep events as the server does, and return what it would acknowledge."""
    batch = events.read_batch(pump.events(*numbers, reason="x" * 500), most=5000)
    with database.transaction() as connection:
        known = pumps.find(connection, URN)
        assert known is not None
        return events.keep(connection, known.id, batch, at=AT).ack


def kept_in(path):
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = [row[0] for row in database.execute("SELECT sequence FROM event").fetchall()]
    database.close()
    assert len(rows) == len(set(rows)), "kept twice"
    return set(rows)


def pictures(folder, *, synchronous=None, is_early=False):
    """Tell events, and return for every moment of a cut what the disk holds and what was acknowledged."""
    chance = random.Random(20261129)  # noqa: S311 - which sectors are torn
    disk, pump, taken = Disk(), PumpOnBench(), []
    database = database_on(disk, folder / FILE, synchronous=synchronous)
    acknowledged = 0

    def take():
        taken.append((disk.picture(), acknowledged))
        taken.append((disk.picture(chance), acknowledged))

    disk.at_sync = disk.after_sync = take
    for number in range(BATCHES):
        step = range(number * 5 + 1, number * 5 + 6)
        if is_early:
            acknowledged = step[-1]
        acknowledged = tell(database, pump, *step)
        take()
        if number % 7 == 6:
            database.checkpoint()
    database.close()
    return taken


def lost(folder, number, picture, acknowledged):
    """Start from a picture, and return what was acknowledged and is not there."""
    if not acknowledged:
        return set()
    restore(picture, folder / f"cut-{number}")
    gone = set(range(1, acknowledged + 1)) - kept_in(folder / f"cut-{number}" / FILE)
    shutil.rmtree(folder / f"cut-{number}")
    return gone


@pytest.mark.hazard("IT-03")
def test_a_cut_of_power_loses_nothing_acknowledged(tmp_path):
    taken = pictures(tmp_path)
    chosen = random.Random(1).choices(taken, k=CUTS)  # noqa: S311 - which of them
    for number, (picture, acknowledged) in enumerate(chosen):
        assert not lost(tmp_path, number, picture, acknowledged)
    figures = {"cuts of power": f"{CUTS:,}", "events": f"{BATCHES * 5:,}", "acknowledged and lost": 0}
    record("F2", figures, title="Power is cut at and around every sync of the device API")


@pytest.mark.parametrize("fault", [{"is_early": True}, {"synchronous": "NORMAL"}], ids=["early", "not synced"])
def test_the_model_notices_an_acknowledgement_that_came_too_early(tmp_path, fault):
    taken = pictures(tmp_path, **fault)
    assert any(lost(tmp_path, number, *one) for number, one in enumerate(taken[4::5]))


def test_a_full_disk_is_said_and_what_comes_after_it_is_kept(tmp_path):
    disk, pump = Disk(), PumpOnBench()
    database = database_on(disk, tmp_path / FILE)
    assert tell(database, pump, 1) == 1

    def no_room():
        raise apsw.FullError("no room")

    disk.at_write = no_room
    for _ in range(3):
        with pytest.raises(FullError):
            tell(database, pump, 2)
    disk.at_write = lambda: None
    assert tell(database, pump, 2) == 2
    database.close()
    assert kept_in(tmp_path / FILE) == {1, 2}


@pytest.mark.hazard("IT-03")
def test_after_a_sync_that_failed_nothing_is_acknowledged(tmp_path):
    """At whichever sync it is, the error is one after which the process ends; what was told before is there."""
    failed = 0
    for fails_at in range(1, 51):
        disk, pump = Disk(), PumpOnBench()
        folder = tmp_path / str(fails_at)
        folder.mkdir()
        database = database_on(disk, folder / FILE)
        begun = disk.syncs

        def fail(disk=disk, last=begun + fails_at):
            if disk.syncs + 1 >= last:
                raise apsw.IOError("sync failed")

        disk.at_sync = fail
        acknowledged = 0
        try:
            for number in range(1, 61):
                acknowledged = tell(database, pump, number)
                if number % 5 == 0:
                    database.checkpoint()
        except StoreError:
            failed += 1
        picture = disk.picture()
        database.close()
        assert not lost(folder, 0, picture, acknowledged)
    assert failed == 50


def test_the_server_ends_without_an_answer_when_its_database_failed(tmp_path, monkeypatch):
    make_trees(tmp_path / "fleet")
    place, pump = make_place(tmp_path / "devices", tmp_path / "fleet"), PumpOnBench()
    know(place, pump)

    async def run():
        async with bench(place) as (served, client):
            assert (await client.events(pump, 1))[0] == 200

            @contextmanager
            def broken(*, is_reading=False):
                raise StoreError(where="disk", found="a sync that failed", expected="a sound disk")
                yield

            monkeypatch.setattr(served.desk.database, "transaction", broken)
            with pytest.raises(aiohttp.ClientError):
                await client.events(pump, 2)
            assert isinstance(served.desk.writer.failed.exception(), StoreError)
            with pytest.raises(aiohttp.ClientError):
                await client.events(pump, 3)

    asyncio.run(run())
    assert kept_in(place.state / FILE) == {1}


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run(("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)), check=False)
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(("umount", "-l", str(folder)), check=True)


@pytest.mark.hazard("IT-03")
def test_a_server_whose_disk_is_full_says_when_to_come_again_and_goes_on_after(small_disk, tmp_path):
    make_trees(tmp_path / "fleet")
    place, pump = make_place(small_disk, tmp_path / "fleet"), PumpOnBench()
    know(place, pump)

    async def run():
        async with bench(place) as (served, client):
            acknowledged = 0
            filler = small_disk / "filler"
            filler.write_bytes(b"x" * 1_200_000)
            status, retry = 200, 0
            for number in range(1, 2000):
                body = pump.events(acknowledged + 1, reason="x" * 4000)
                async with client.session.post(f"{client.base}{pump.path}/events", data=body) as found:
                    status, retry = found.status, int(found.headers.get("Retry-After", 0))
                    if status != 200:
                        break
                    acknowledged = (await found.json())["ack"]
                    assert acknowledged == number
            assert status == 507
            assert retry > 0
            assert not served.desk.writer.is_storing
            filler.unlink()
            assert (await client.events(pump, acknowledged + 1))[1]["ack"] == acknowledged + 1
            assert served.desk.writer.is_storing
            return acknowledged + 1

    acknowledged = asyncio.run(run())
    assert kept_in(place.state / FILE) == set(range(1, acknowledged + 1))


def test_a_server_with_too_much_to_do_says_when_to_come_again(tmp_path, monkeypatch):
    make_trees(tmp_path / "fleet")
    place, pump = make_place(tmp_path / "devices", tmp_path / "fleet"), PumpOnBench()
    know(place, pump)

    async def run():
        async with bench(place) as (served, client):
            served.desk.writer._most = 0
            async with client.session.post(f"{client.base}{pump.path}/events", data=pump.events(1)) as found:
                assert found.status == 503
                assert int(found.headers["Retry-After"]) > 0

    asyncio.run(run())
    assert issubclass(FullError, NotNowError)
