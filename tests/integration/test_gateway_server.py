"""A gateway on a real socket: what senders send comes to be stored once, and answered in order with the same answer."""

import asyncio
import random
import time
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from openinfusion.gateway.commits import Commits
from openinfusion.gateway.framing import frame
from openinfusion.gateway.metrics import MOST_SENDERS, Metrics
from openinfusion.gateway.mllp import Gateway
from openinfusion.gateway.sending import Way, send
from openinfusion.gateway.settings import Limits, Listener
from openinfusion.gateway.store import Outcome, Store, StoreError
from tests.unit.gateway.bench import HOST, arrival, codes, gateway, held, message, msa, port_of, wire

pytestmark = pytest.mark.allow_hosts([HOST])
MANY = 5000


def test_a_stored_message_is_acknowledged_on_its_connection(tmp_path):
    async def run():
        async with gateway(tmp_path / "a.db") as made, wire(port_of(made)) as line:
            await line.send(message("17"))
            (answer,) = await line.answers(1)
            assert msa(answer) == ("CA", "17")
            assert held(tmp_path / "a.db") == [("PUMPS^0012^EUI-64", "17")]

    asyncio.run(run())


def test_duplicates_split_and_joined_frames(tmp_path):
    """Of 5,000 frames many come twice, cut anywhere or many in one piece: one message each, and one answer."""
    chance = random.Random(7)  # noqa: S311 - where to cut
    numbers = [chance.randrange(MANY // 2) for _ in range(MANY)]
    sent = b"".join(frame(message(f"n{number}", text=str(number))) for number in numbers)

    async def run():
        async with gateway(tmp_path / "a.db") as made, wire(port_of(made)) as line:
            asking = asyncio.create_task(line.answers(MANY, seconds=60))
            at = 0
            while at < len(sent):
                size = chance.choice([1, 2, 7, 300, 5000, 70_000])
                await line.say(sent[at : at + size])
                at += size
            return await asking, made.metrics

    answers, metrics = asyncio.run(run())
    assert [msa(answer) for answer in answers] == [("CA", f"n{number}") for number in numbers]
    assert len(set(answers)) == len(set(numbers))
    there = held(tmp_path / "a.db")
    assert len(there) == len(set(there)) == len(set(numbers))
    assert metrics.fates == {"kept": len(set(numbers)), "duplicate": MANY - len(set(numbers))}
    assert not +metrics.framing


def test_a_lost_acknowledgement_is_given_again_after_a_restart(tmp_path):
    async def ask():
        async with gateway(tmp_path / "a.db") as made, wire(port_of(made)) as line:
            await line.send(message("17"))
            return await line.answers(1)

    assert asyncio.run(ask()) == asyncio.run(ask())
    assert len(held(tmp_path / "a.db")) == 1


def test_a_conflict_is_kept_apart_and_reported_without_content(tmp_path, caplog):
    async def run():
        async with gateway(tmp_path / "a.db") as made, wire(port_of(made)) as line:
            await line.send(message("1", text="a"), message("1", text="b"), message("1", text="b"))
            answers = await line.answers(3)
            return answers, dict(made.metrics.fates)

    answers, fates = asyncio.run(run())
    assert codes(answers) == ["CA", "CA", "CA"]
    assert answers[0] != answers[1] == answers[2]
    assert fates == {"kept": 1, "conflict": 1, "duplicate": 1}
    assert "control id '1' of 'PUMPS' came before with another message" in caplog.text
    assert "SECRET" not in caplog.text


def test_refusals_stand_in_the_order_of_messages_and_name_no_patient(tmp_path, caplog):
    listener = Listener(port=0, senders=("PUMPS",))
    answer_itself = message(header="MSH|^~\\&|PUMPS|B|C|D|2026||ACK^R42^ACK|9|P|2.6")

    async def run():
        async with gateway(tmp_path / "a.db", Limits(segments=5), listener) as made, wire(port_of(made)) as line:
            wrong = (b"hello", message("2", sender="SECRET"), message("3") + b"NTE|\r" * 5, message(" "))
            await line.send(message("1"), *wrong, answer_itself, message("4"))
            answers = await line.answers(6)
            return answers, dict(made.metrics.refused)

    answers, refused = asyncio.run(run())
    assert [msa(one) for one in answers] == [
        ("CA", "1"),
        ("CR", ""),
        ("CR", "2"),
        ("CR", "3"),
        ("CR", " "),
        ("CA", "4"),
    ]
    reasons = {"not HL7", "sender not known", "too many segments", "no control id", "an answer"}
    assert refused == dict.fromkeys(reasons, 1)
    assert "SECRET" not in caplog.text


def test_a_listener_admits_only_its_addresses(tmp_path):
    listener = Listener(port=0, addresses=(ip_network("10.0.0.0/8"),))

    async def run():
        async with gateway(tmp_path / "a.db", listener=listener) as made, wire(port_of(made)) as line:
            assert await line.is_closed()
            assert made.metrics.connections["refused: address"] == 1

    asyncio.run(run())


def test_several_senders_at_once(tmp_path):
    async def run():
        async with gateway(tmp_path / "a.db") as made:
            ways = Way(port=port_of(made), connections=4)
            loads = [[message(str(n), sender=f"S{s}", text=f"{s}") for n in range(200)] for s in range(3)]
            return await asyncio.gather(*(send(load, ways) for load in loads))

    assert [sent.counts for sent in asyncio.run(run())] == [{"acknowledged": 200}] * 3
    assert len(set(held(tmp_path / "a.db"))) == 600


# --- A store that is full, slow or broken -----------------------------------------------------------------------------


def test_while_the_disk_is_full_messages_are_put_off_and_later_kept(tmp_path):
    """Not stored is not acknowledged; the same connection goes on when there is room again."""

    async def run():
        store = Store.open(tmp_path / "a.db")
        made = Gateway(store, Limits())
        made.start([Listener(port=0)])
        pages = store._database.execute("PRAGMA page_count").fetchone()[0]
        store._database.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        big = message("1", text="x" * 20_000)
        async with wire(port_of(made)) as line:
            await line.send(big)
            first = await line.answers(1)
            was_storing = made.commits.is_storing
            store._database.execute("PRAGMA max_page_count = 1000000").fetchone()
            await line.send(big)
            second = await line.answers(1)
        is_storing = made.commits.is_storing
        await made.stop()
        store.close()
        return first + second, (was_storing, is_storing)

    answers, storing = asyncio.run(run())
    assert [msa(one) for one in answers] == [("CE", "1"), ("CA", "1")]
    assert storing == (False, True)
    assert len(held(tmp_path / "a.db")) == 1


class BrokenStore(Store):
    """A store whose disk failed."""

    def keep(self, arrivals):  # noqa: ARG002 - whatever they are
        raise StoreError(where="store", found="disk I/O error", expected="a sound disk")


def test_after_a_store_that_broke_nobody_is_answered(tmp_path):
    async def run():
        store = BrokenStore.open(tmp_path / "a.db")
        made = Gateway(store, Limits())
        made.start([Listener(port=0)])
        async with wire(port_of(made)) as line:
            await line.send(message("1"))
            await asyncio.wait({made.commits.failed}, timeout=10)
            await made.abort()
            found = await line.answers(1)
        store.close()
        assert isinstance(made.commits.failed.exception(), StoreError)
        return found

    assert asyncio.run(run()) == []


async def until(is_so):
    """Wait for something to happen."""
    for _ in range(10_000):
        if is_so():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not happen")


class SlowStore(Store):
    """A store on a slow disk."""

    def keep(self, arrivals):
        self.largest = max(getattr(self, "largest", 0), len(arrivals))
        time.sleep(0.05)
        return super().keep(arrivals)


def test_what_waits_stays_bounded_however_much_is_sent(tmp_path):
    """With a slow disk reading stops at the high water, and goes on at the low one; all is answered in the end."""
    limits = Limits(waiting_high=40, waiting_low=10, unanswered=30)

    async def run():
        store = SlowStore.open(tmp_path / "a.db")
        made = Gateway(store, limits)
        made.start([Listener(port=0)])
        most = 0

        async def watch():
            nonlocal most
            while True:
                most = max(most, made.commits.waiting)
                await asyncio.sleep(0.002)

        async def one_sender(number):
            async with wire(port_of(made)) as line:
                asking = asyncio.create_task(line.answers(100))
                for count in range(100):
                    await line.send(message(f"{number}-{count}", text="x" * 3000))
                    await asyncio.sleep(0)
                return codes(await asking)

        watching = asyncio.create_task(watch())
        told = await asyncio.gather(*map(one_sender, range(6)))
        watching.cancel()
        await made.stop()
        store.close()
        return told, most, made.metrics.connections["held back"]

    told, most, held_back = asyncio.run(run())
    assert told == [["CA"] * 100] * 6
    # One read of 256 kB from each of six senders may be on the way when the water is reached.
    assert most <= 40 + 6 * 86
    assert held_back
    assert len(held(tmp_path / "a.db")) == 600


def test_a_stop_answers_what_has_come_and_takes_nothing_more(tmp_path):
    async def run():
        store = SlowStore.open(tmp_path / "a.db")
        made = Gateway(store, Limits())
        made.start([Listener(port=0)])
        async with wire(port_of(made)) as line, wire(port_of(made)) as idle:
            await line.send(*(message(str(number)) for number in range(20)))
            await line.say(b"\x0bMSH|^~\\&|half")
            await until(lambda: made.metrics.received["mllp"] == 20)
            port = port_of(made)
            stopping = asyncio.create_task(made.stop())
            answers = await line.answers(20)
            await stopping
            assert await line.is_closed()
            assert await idle.is_closed()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(HOST, port)
        store.close()
        return answers

    assert codes(asyncio.run(run())) == ["CA"] * 20
    assert len(held(tmp_path / "a.db")) == 20


# --- Health and metrics -----------------------------------------------------------------------------------------------


def test_the_metrics_tell_what_happened(tmp_path):
    async def run():
        async with gateway(tmp_path / "a.db") as made, wire(port_of(made)) as line:
            await line.send(message("1"), message("1"), b"no")
            await line.answers(3)
            return made.metrics.text({"open_connections": ("Connections now.", made.connected)}, at=datetime.now(UTC))

    lines = asyncio.run(run()).splitlines()
    assert 'openinfusion_gateway_received_total{listener="mllp"} 3' in lines
    assert 'openinfusion_gateway_stored_total{fate="duplicate"} 1' in lines
    assert 'openinfusion_gateway_acknowledged_total{code="CA"} 2' in lines
    assert 'openinfusion_gateway_refused_total{reason="not HL7"} 1' in lines
    assert "openinfusion_gateway_open_connections 1" in lines
    assert any(line.startswith('openinfusion_gateway_last_message_age_seconds{sender="PUMPS"} 0.') for line in lines)
    (count,) = [line for line in lines if line.startswith("openinfusion_gateway_commit_seconds_count")]
    assert int(count.split()[1]) >= 1


def test_an_endless_number_of_senders_does_not_fill_the_metrics():
    metrics = Metrics()
    for number in range(2 * MOST_SENDERS):
        metrics.saw_message(f'S"{number}\\', datetime.now(UTC))
    assert len(metrics.last) == MOST_SENDERS + 1
    assert '{sender="S\\"1\\\\"}' in metrics.text({}, at=datetime.now(UTC))


def test_commits_that_share_a_transaction_are_all_told(tmp_path):
    async def run():
        store = Store.open(tmp_path / "a.db")
        seconds: list[float] = []
        commits = Commits(store, watch=seconds.append)
        told: list[Outcome | None] = []
        for number in range(1200):
            commits.submit(arrival(str(number)), told.append)
        assert commits.waiting == 1200
        await commits.end()
        await asyncio.sleep(0)
        store.close()
        return told, seconds, commits.waiting

    told, seconds, waiting = asyncio.run(run())
    assert len(told) == 1200
    assert waiting == 0
    assert 3 <= len(seconds) < 20


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP: a message begins with 0x0B"),
        (b"\x16\x03\x01\x02\x00\x01", "the beginning of TLS to a port without"),
        (message("1"), "bytes outside of a frame"),
        (b"\x0b" + message("1"), "the beginning of a message and no more"),
        (b"\x0b" + message("1") + frame(message("2")), "a message without an end"),
    ],
)
def test_wrong_framing_is_said_and_names_no_patient(tmp_path, caplog, said, words):
    async def run():
        async with gateway(tmp_path / "a.db") as made, wire(port_of(made)) as line:
            await line.say(said)
            line.writer.write_eof()
            await line.is_closed(seconds=10)

    asyncio.run(run())
    assert words in caplog.text
    assert "SECRET" not in caplog.text


def test_a_message_without_its_last_cr_before_the_end_is_kept(tmp_path):
    async def run():
        async with gateway(tmp_path / "a.db") as made, wire(port_of(made)) as line:
            await line.say(frame(message("1")).removesuffix(b"\r"))
            line.writer.write_eof()
            return codes(await line.answers(1))

    assert asyncio.run(run()) == ["CA"]
    assert len(held(tmp_path / "a.db")) == 1


def test_a_segment_that_no_reader_takes_is_refused_at_the_door(tmp_path):
    async def run():
        async with gateway(tmp_path / "a.db") as made, wire(port_of(made)) as line:
            await line.send(message("1", text="x" * 70_000), message("2"))
            return codes(await line.answers(2))

    assert asyncio.run(run()) == ["CR", "CA"]
    assert held(tmp_path / "a.db") == [("PUMPS^0012^EUI-64", "2")]
