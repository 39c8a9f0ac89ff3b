"""What the device API does with trees that cannot be read, with too much to store, and with large libraries."""

import asyncio
import hashlib

import pytest

from benchmarks.devices import show
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.report import proof_of
from openinfusion.gateway.devices import pumps, reports, trees
from openinfusion.gateway.devices import serving as serving_module
from openinfusion.gateway.devices.figures import Timed
from openinfusion.gateway.devices.serving import going_round
from openinfusion.gateway.devices.trees import Trees
from openinfusion.gateway.store import NotNowError
from tests.fleet_desk import small_library
from tests.integration.devices_bench import HOST, LINE, URN, play

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]


def found(served):
    with served.desk.database.transaction(is_reading=True) as connection:
        return {one.code: one.times for one in pumps.findings(connection)}


def test_with_a_role_that_cannot_be_read_the_last_releases_stand(place, pump, desk):
    async def story(served, client):
        await client.report(pump)
        assert (await client.report(pump))[1]["findings"] == []
        number = desk.release(small_library("1.1.0"))
        damaged = desk.releases / "metadata" / "99.pharmacy-bad.json"
        damaged.write_bytes(b"{}")
        for _ in range(3):
            status, told = await client.report(pump)
            assert (status, told["findings"]) == (200, [])
        assert found(served) == {"trees-unreadable": 1}
        assert (LINE, number) not in served.desk.trees.releases
        damaged.unlink()
        served.desk.trees_again = 0
        pump.number, pump.library = number, desk.library(number)
        assert (await client.report(pump))[1]["findings"] == []
        assert (LINE, number) in served.desk.trees.releases

    play(place, story)


def test_trees_change_as_a_whole_or_not_at_all(place, desk):
    known = Trees(place.trees)
    known.refresh()
    before = known.releases
    desk.release(small_library("1.1.0"))
    (desk.releases / "metadata" / "99.safety-bad.json").write_bytes(b"[")
    with pytest.raises(OperatorError, match="metadata of a role"):
        known.refresh()
    assert known.releases == before
    assert not known.is_fresh


def test_libraries_are_held_in_memory_up_to_so_many_bytes(place, desk, monkeypatch):
    second = desk.library(desk.release(small_library("1.1.0")))
    first, known = desk.library(1), Trees(place.trees)
    known.refresh()
    assert known.largest == max(len(first), len(second))
    for most, held in ((len(first) + len(second), 2), (len(first), 1)):
        monkeypatch.setattr(trees, "MOST_HELD", most)
        known._held.clear()
        for one in (first, second):
            assert known.loaded(hashlib.sha256(one).hexdigest()) == one
        assert len(known._held) == held


def test_a_large_library_is_hashed_before_the_transaction_and_not_in_it(place, pump, monkeypatch):
    hashed = []

    def counted(library, nonce):
        hashed.append(nonce)
        return proof_of(library, nonce)

    monkeypatch.setattr(reports, "proof_of", counted)
    monkeypatch.setattr(reports, "LARGE", 1)

    async def story(served, client):
        await client.report(pump)
        nonce = pump.nonce
        hashed.clear()
        assert (await client.report(pump))[1]["findings"] == []
        assert hashed == [nonce]
        told = (await client.report(pump, pump.report(loaded="0" * 64)))[1]
        assert [one["code"] for one in told["findings"]] == ["proof-wrong"]
        assert await reports.hash_ahead(b"", served.desk.trees) is None

    play(place, story)


def test_a_hash_made_ahead_stands_for_no_other_library_or_nonce():
    ahead = reports.Hashed(b"library", "nonce", "made ahead")
    assert ahead.proof_of(b"other", "nonce") == proof_of(b"other", "nonce")
    assert ahead.proof_of(ahead.library, "other") == proof_of(b"library", "other")
    assert ahead.proof_of(ahead.library, "nonce") == "made ahead"


def test_when_pumps_were_heard_of_waits_until_it_can_be_stored(place, pump):
    async def story(served, client):
        await client.report(pump)
        writer = served.desk.writer
        most, writer._most = writer._most, 0
        with pytest.raises(NotNowError):
            await served.desk.flush_seen()
        assert list(served.desk.seen) == [URN]
        writer._most = most
        served.desk.seen |= {f"urn:pump:acme:P-{number}": served.desk.clock() for number in range(most + 1)}
        storing = asyncio.create_task(served.desk.flush_seen())
        await asyncio.sleep(0)
        assert writer.waiting == 1
        await storing
        assert (served.desk.seen, writer.waiting) == ({}, 0)

    play(place, story)


def test_what_comes_round_is_done_beside_the_requests(place, pump, monkeypatch):
    monkeypatch.setattr(serving_module, "_FLUSH_SECONDS", 0.01)

    async def story(served, client):
        await client.report(pump)
        async with going_round(served.desk):
            for _ in range(1000):
                await asyncio.sleep(0.01)
                if not served.desk.seen:
                    return
        pytest.fail("it was not done")

    play(place, story)


def test_a_benchmark_tells_how_long_answers_took_in_the_server():
    timed = Timed()
    for seconds in [0.002] * 99 + [7]:
        timed.saw(seconds)
    told = show(timed)
    assert (told["number"], told["mean_ms"], told["p99_ms_at_most"]) == (100, 71.98, "2.5")
    assert (told["by_ms_at_most"]["2.5"], told["by_ms_at_most"]["longer"]) == (99, 1)
    assert show(Timed())["p99_ms_at_most"] is None


def test_a_refusal_that_cannot_be_noted_is_still_a_refusal(place, pump):
    async def story(served, client):
        served.desk.writer._most = 0
        assert (await client.post(f"{pump.path}/events", pump.events(1).replace(URN.encode(), b"another")))[0] == 403

    play(place, story)
