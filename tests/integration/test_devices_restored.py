"""The server is put back to yesterday's backup: no question is asked twice, no report counts twice, pumps go on."""

import shutil
import sqlite3
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.report import LogEnd
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.clock import now
from openinfusion.gateway.devices.database import FILE, Database
from openinfusion.gateway.devices.overview import overview
from openinfusion.gateway.devices.questions import Questions
from tests.fleet_desk import small_library
from tests.integration.devices_bench import AT, HOST, URN, PumpOnBench, know, never, play

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]


def back_up(place, folder):
    """As an operator does it: the database alone."""
    with sqlite3.connect(place.state / FILE) as database, sqlite3.connect(folder / "backup.db") as copy:
        database.backup(copy)
    database.close()
    copy.close()


def put_back(place, folder):
    for rest in place.state.glob(f"{FILE}*"):
        rest.unlink()
    shutil.copy(folder / "backup.db", place.state / FILE)


@pytest.mark.hazard("CF-02")
def test_a_report_that_was_counted_after_the_backup_does_not_count_again(place, pump, desk, tmp_path):
    captured = []

    async def yesterday(_served, client):
        await client.report(pump)

    async def today(_served, client):
        captured.append(pump.report())
        assert (await client.report(pump, captured[0]))[0] == 200
        pump.number = desk.release(small_library("1.1.0"))
        pump.library = desk.library(pump.number)
        assert (await client.report(pump))[0] == 200
        assert (await client.events(pump, 1, 2, 3))[1]["ack"] == 3

    async def restored(served, client):
        assert served.desk.database.is_restored
        status, told = await client.report(PumpOnBench(key=pump.key), captured[0])
        assert (status, told["findings"][0]["code"]) == (409, "nonce-not-ours")
        status, told = await client.report(pump)
        assert (status, told["findings"][0]["code"]) == (409, "nonce-not-ours")
        assert (await client.report(pump))[0] == 200
        assert (await client.events(pump, 4))[1] == {"ack": 0, "epoch": 1, "missing": [[1, 3]], "other": []}

    play(place, yesterday)
    back_up(place, tmp_path)
    play(place, today)
    put_back(place, tmp_path)
    play(place, restored)
    database = Database.open(place.state)
    with database.transaction() as connection:
        (found,) = overview(connection)
    database.close()
    assert found.number == pump.number


@pytest.mark.hazard("CF-02")
def test_an_answer_to_the_question_of_a_refused_report_does_not_count_again(place, pump, tmp_path):
    """The other question that may be open: that of a report that was refused."""
    captured = []

    async def yesterday(_served, client):
        await client.report(pump)
        nonce = pump.nonce
        await client.report(pump)
        pump.nonce = nonce
        status, told = await client.report(pump)
        assert (status, told["findings"][0]["code"]) == (409, "nonce-not-ours")

    async def today(_served, client):
        captured.append(pump.report())
        assert (await client.report(pump, captured[0]))[0] == 200

    async def restored(_served, client):
        status, told = await client.report(PumpOnBench(key=pump.key), captured[0])
        assert (status, told["findings"][0]["code"]) == (409, "nonce-not-ours")

    play(place, yesterday)
    back_up(place, tmp_path)
    play(place, today)
    put_back(place, tmp_path)
    play(place, restored)


def test_a_start_that_is_killed_before_the_questions_are_forgotten_is_made_up_for(place, pump):
    async def story(_served, client):
        await client.report(pump)

    def forget(_connection):
        raise KeyboardInterrupt

    play(place, story)
    (place.state / "devices.life").write_text("another")
    for _ in range(2):
        database = Database.open(place.state)
        with pytest.raises(KeyboardInterrupt):
            database.begin_life(forget=forget)
        assert database.is_restored
        database.close()

    async def restored(served, client):
        assert served.desk.database.is_restored
        assert (await client.report(pump))[0] == 409

    play(place, restored)


@pytest.mark.hazard("CF-02")
@pytest.mark.hazard("IT-03")
def test_a_restored_machine_is_noticed_at_the_first_report(place, pump, desk, tmp_path):
    """With the file beside the database put back too, nothing tells of it but what pumps were asked meanwhile."""
    captured = []
    other = PumpOnBench("urn:pump:acme:P-2", library=pump.library, number=1)
    know(place, other)

    async def yesterday(_served, client):
        await client.report(pump)
        await client.report(other)

    async def today(served, client):
        served.desk.clock = lambda: now() + timedelta(hours=12)
        captured.append(pump.report())
        for one in (pump, other):
            assert (await client.report(one, captured[0] if one is pump else None))[0] == 200
        assert (await client.events(pump, 1, 2, 3))[1]["ack"] == 3

    async def restored(served, client):
        served.desk.clock = lambda: now() + timedelta(hours=13)
        assert not served.desk.database.is_restored
        told = (await client.report(other))[1]
        assert told["findings"][0]["code"] == "nonce-not-ours"
        assert served.desk.figures.findings["database-restored"] == 1
        status, told = await client.report(PumpOnBench(key=pump.key), captured[0])
        assert (status, told["findings"][0]["code"]) == (409, "nonce-not-ours"), "it does not count again"
        log = LogEnd(epoch=1, last_sequence=3, chain="")
        assert (await client.report(pump, pump.report(log=log)))[1]["ack"] == 0, "the pump sends its events again"
        assert (await client.events(pump, 1, 2, 3))[1]["ack"] == 3
        status, told = await client.report(pump, pump.report(log=log))
        assert (status, told["ack"]) == (200, 3)
        assert (await client.report(other))[0] == 200
        assert served.desk.figures.findings["database-restored"] == 1, "it is one restoring, whoever tells of it"

    play(place, yesterday)
    back_up(place, tmp_path)
    life = (place.state / "devices.life").read_bytes()
    play(place, today)
    put_back(place, tmp_path)
    (place.state / "devices.life").write_bytes(life)
    play(place, restored)
    database = Database.open(place.state)
    with database.transaction(is_reading=True) as connection:
        (found,) = [one for one in pumps.findings(connection) if one.code == "database-restored"]
    database.close()
    assert (found.who, found.times) == ("database", 1)
    assert found.words.startswith("urn:pump:acme:P-2 answers a question of")


def test_a_lost_answer_and_a_clock_set_back_a_little_are_no_restored_database(place, pump):
    async def story(served, client):
        await client.report(pump)
        nonce = pump.nonce
        assert (await client.report(pump))[0] == 200
        pump.nonce = nonce  # the answer was lost
        assert (await client.report(pump))[0] == 409
        assert (await client.report(pump))[0] == 200
        served.desk.clock = lambda: now() - timedelta(seconds=30)
        assert (await client.report(pump))[0] == 200
        served.desk.clock = now
        assert (await client.report(pump))[0] == 200
        assert not served.desk.figures.findings["database-restored"]

    play(place, story)


def test_a_question_says_when_this_server_asked_it_and_nobody_else_can():
    mine, another = (Questions.of(Ed25519PrivateKey.generate()) for _ in range(2))
    question = mine.ask(URN, at=AT)
    assert mine.asked(URN, question) == AT
    assert question != mine.ask(URN, at=AT)
    for theirs in (another.ask(URN, at=AT), mine.ask("urn:pump:acme:P-2", at=AT), question[:-1], "", ".", "x.y.z", "é"):
        assert mine.asked(URN, theirs) is None


def test_an_ordinary_restart_is_no_restored_backup(place, pump):
    async def story(served, client):
        assert not served.desk.database.is_restored
        return await client.report(pump)

    assert [play(place, story)[0] for _ in range(3)] == [200, 200, 200]


def test_without_trees_no_report_is_taken(place, pump):
    """The releases are read before the first report: a pump would be called one that runs an unknown library."""
    shutil.rmtree(place.trees / "releases")
    with pytest.raises(OperatorError, match="signed trees"):
        play(place, never)
