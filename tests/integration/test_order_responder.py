"""Orders, end to end over real sockets: acknowledged, answered by a pump with one of the codes, and the reply owed."""

import asyncio
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from openinfusion.adapters.events import read_events
from openinfusion.core.errors import OperatorError
from openinfusion.core.units import Quantity
from openinfusion.gateway.order_book import Book
from openinfusion.gateway.order_desk import CURSOR
from openinfusion.gateway.store import Arrival, Store, StoreError
from tests.integration.order_bench import (
    BAG,
    BOLUS,
    SALINE,
    SYRINGE,
    Ehr,
    Ordered,
    acknowledge,
    bench,
    change,
    code_of,
    control_id,
    place,
    until,
    weight,
)
from tests.unit.gateway.bench import HOST, codes, message

pytestmark = pytest.mark.allow_hosts([HOST])
RUNS = (Ordered(),)


def events_of(log):
    """The events in a log, every line of which must be one."""
    found = [line.event for line in read_events(log)]
    assert None not in found
    return [event for event in found if event is not None]


def answered(folder, pumps, *orders, **settings):
    """Send orders one after the other; return the code of each reply, and what the bench told."""

    async def run():
        async with Ehr().listening() as ehr, bench(folder, place(ehr.port, *pumps, **settings)) as made:
            for number, order in enumerate(orders, 1):
                assert codes(await made.send(order)) == ["CA"]
                await ehr.told(number)
            return [code_of(raw) for raw in ehr.came], made.told

    return asyncio.run(run())


@pytest.mark.hazard("US-10")
@pytest.mark.parametrize(
    ("code", "pump", "orders"),
    [
        ("", SYRINGE, [Ordered()]),
        ("", BAG, [SALINE]),
        ("9001", SYRINGE, [Ordered(pump="P9")]),
        ("9001", SYRINGE, [Ordered(pump="P1 [B]")]),
        ("", replace(SYRINGE, channel="B"), [Ordered(pump="P1 [B]")]),
        ("9002", BAG, [SALINE, replace(SALINE, number="2", id="RX9")]),
        ("9002", replace(BAG, state="running"), [SALINE]),
        ("9003", BAG, [replace(SALINE, volume="")]),
        ("9004", SYRINGE, [Ordered(rate="0")]),
        ("9006", replace(SYRINGE, state="off"), [Ordered()]),
        ("9007", replace(SYRINGE, state="offline"), [Ordered()]),
        ("9008", SYRINGE, [Ordered(amount_unit="kg^kg^UCUM")]),
        ("9009", SYRINGE, [Ordered(unit="mL/h^mL/h^UCUM", rate="2")]),
        ("9010", SYRINGE, [Ordered(drug="^no such medicine")]),
        ("9010", BAG, [Ordered(pump="P2", device="IVP")]),
        ("9011", replace(SYRINGE, weight="70 kg"), [Ordered(extra=(weight("71"),))]),
        ("9012", replace(SYRINGE, patient="ANOTHER"), [Ordered()]),
        ("9015", replace(SYRINGE, state="silent"), [Ordered()]),
        ("9015", replace(SYRINGE, nurse="waits"), [Ordered()]),
        ("9015", replace(SYRINGE, nurse="waits"), [Ordered(rate="350")]),
        ("9017", replace(BAG, state="standby"), [SALINE]),
        ("9017", replace(BAG, state="paused"), [SALINE]),
        ("9017", SYRINGE, [change("120")]),
        ("9017", SYRINGE, [*RUNS, change("120", id="ANOTHER")]),
        ("9018", SYRINGE, [Ordered(amount="5")]),
        ("9021", replace(SYRINGE, expected_area="theatres"), [Ordered()]),
        ("9022", SYRINGE, [Ordered(minutes_ago=11)]),
        ("9023", replace(SYRINGE, nurse="refuses"), [Ordered()]),
        ("9023", replace(SYRINGE, nurse="refuses"), [Ordered(rate="350")]),
        ("9024", SYRINGE, [Ordered(rate="601")]),
        ("9024", SYRINGE, [*RUNS, change("601")]),
        ("9024", SYRINGE, [*RUNS, replace(BOLUS, rate="151")]),
        ("9028", replace(SYRINGE, state="no set"), [Ordered()]),
        ("9029", replace(SYRINGE, care_area=None), [Ordered()]),
        ("9031", SYRINGE, [Ordered(patient="")]),
        ("9033", replace(SYRINGE, state="alarming"), [Ordered()]),
        ("9035", SYRINGE, [*RUNS, replace(BOLUS, parent="ANOTHER")]),
        ("9036", SYRINGE, [*RUNS, replace(BOLUS, drug="midazolam^midazolam")]),
        ("9037", SYRINGE, [*RUNS, replace(BOLUS, amount="5")]),
        ("", SYRINGE, [*RUNS, change("120"), BOLUS]),
    ],
)
def test_a_pump_answers_with_the_right_code(tmp_path, code, pump, orders):
    """The last order of each row meets its code at a real virtual pump; those before it are accepted."""
    found, told = answered(tmp_path, [pump], *orders)
    assert [one for _, one in found[:-1]] == [""] * (len(orders) - 1)
    assert found[-1] == ("AA" if not code else found[-1][0], code)
    assert found[-1][0] == ("AA" if not code else "AE" if code in ("9003", "9004", "9008", "9031") else "AR")
    assert (told[-1].answered.answer.errors == ()) is (code == "")


def test_the_pump_runs_what_was_ordered_and_its_log_says_so(tmp_path):
    """What flows is exactly the programme of the order; records name no patient and no staff."""
    log = tmp_path / "events.jsonl"
    _, told = answered(tmp_path, [SYRINGE], Ordered(), change("350"), BOLUS, events=log)
    assert told[1].answered.answer.for_bedside == (
        "dose 350 micrograms/h is above the soft maximum of 300 micrograms/h (1.17 times the limit)",
    )
    assert any(line.startswith("SOFT LIMIT: dose 350") for line in told[1].answered.read)
    assert told[2].answered.screen.status == "bolus"
    events = events_of(log)
    kinds = [event.kind.value for event in events]
    assert (kinds.count("started"), kinds.count("rate_changed"), kinds.count("bolus")) == (1, 1, 1)
    begun = {event.kind.value: event.began for event in events if event.began is not None}
    assert (begun["started"].rate, begun["started"].vtbi) == (Quantity.read("2 mL/h"), Quantity.read("50 mL"))
    assert begun["rate_changed"].rate == Quantity.read("7 mL/h")
    assert b"SECRET" not in log.read_bytes()


@pytest.mark.hazard("US-10")
def test_a_refused_programme_leaves_the_pump_as_it_was(tmp_path):
    """The nurse cancels at the alert: nothing runs, and the next order finds an idle pump."""
    log = tmp_path / "events.jsonl"
    _, told = answered(tmp_path, [replace(SYRINGE, nurse="refuses")], Ordered(rate="350"), events=log)
    assert told[0].answered.screen.status == "ready"
    answers = [event.response for event in events_of(log) if event.response]
    assert [one.value for one in answers] == ["cancelled"]


def test_two_orders_at_once_for_one_pump_are_answered_one_after_the_other(tmp_path):
    """The first runs; the second finds an infusing pump."""

    async def run():
        async with Ehr().listening() as ehr, bench(tmp_path, place(ehr.port)) as made:
            await made.send(Ordered(), Ordered(number="2", id="RX2"))
            return sorted(code_of(raw) for raw in await ehr.told(2))

    assert asyncio.run(run()) == [("AA", ""), ("AR", "9002")]


def test_an_order_that_comes_twice_is_answered_once(tmp_path):
    """The same bytes again, and other bytes under the same number, get their acknowledgement and no second reply."""

    async def run():
        async with Ehr().listening() as ehr, bench(tmp_path, place(ehr.port)) as made:
            order = Ordered()
            raw = order.raw()
            assert codes(await made.send(raw, raw, raw.replace(b"NURSE", b"OTHER"))) == ["CA", "CA", "CA"]
            await made.send(replace(SALINE, number="2"))
            return [control_id(raw) for raw in await ehr.told(2)], len(made.told)

    found, told = asyncio.run(run())
    assert len(set(found)) == 2
    assert told == 2


def test_a_damaged_order_is_refused_at_the_door_and_reports_pass(tmp_path):
    """CE with the place, nothing stored, no reply; a report of a pump is kept as ever."""

    async def run():
        async with Ehr().listening() as ehr, bench(tmp_path, place(ehr.port)) as made:
            answers = await made.send(Ordered().raw().replace(b"\rRXR", b"\rZXR"), message("9"), SALINE)
            await ehr.told(1)
            await until(lambda: in_store(Store.count) == in_store(lambda store: store.position(CURSOR)) == 2)
            return answers, len(ehr.came)

    def in_store(what):
        with closing(Store.open(tmp_path / "a.db")) as store:
            return what(store)

    answers, count = asyncio.run(run())
    assert codes(answers) == ["CE", "CA", "CA"]
    assert b"ERR|||100^" in answers[0]
    assert count == 1


def test_an_order_too_long_to_be_read_is_refused_and_its_connection_lives(tmp_path):
    """CR with the reason, where an error in the reader would have closed the connection without an answer."""

    async def run():
        async with Ehr().listening() as ehr, bench(tmp_path, place(ehr.port)) as made:
            long = Ordered().raw() + b"NTE|1||" + b"x" * 70_000 + b"\r"
            return await made.send(long, message("9"))

    answers = asyncio.run(run())
    assert codes(answers) == ["CR", "CA"]
    assert b"a segment longer than that of any pump" in answers[0]


# --- Replies are owed -------------------------------------------------------------------------------------------------


def test_the_reply_comes_once_the_prescribing_system_is_back(tmp_path):
    """Nobody listens at first; the order is answered meanwhile, and its reply arrives later."""

    async def run():
        ehr = Ehr()
        async with ehr.listening():
            pass
        async with bench(tmp_path, place(ehr.port, reply_attempts=10_000)) as made:
            await made.send(Ordered())
            await until(lambda: bool(made.told))
            async with ehr.listening():
                return [code_of(raw) for raw in await ehr.told(1)]

    assert asyncio.run(run()) == [("AA", "")]


@pytest.mark.parametrize("first", ["CE", "garbage", "another", "silence"])
def test_what_is_no_acknowledgement_is_asked_for_again(tmp_path, first):
    """CE, garbage, the acknowledgement of something else or none at all: the same reply comes again."""

    def answer(raw, number):
        if number > 1:
            return acknowledge(raw, number)
        wrong = {"CE": acknowledge(raw, 1, "CE"), "garbage": b"\x00nothing", "silence": None}
        return wrong.get(first, acknowledge(raw, 1).replace(control_id(raw).encode(), b"OTHER"))

    async def run():
        settings = {"reply_patience_seconds": 0.5}
        async with Ehr(answer).listening() as ehr, bench(tmp_path, place(ehr.port, **settings)) as made:
            await made.send(Ordered())
            await ehr.told(2)
            return ehr.came, len(made.told)

    came, told = asyncio.run(run())
    assert came[0] == came[1]
    assert told == 1


@pytest.mark.parametrize(("code", "attempts"), [("CR", 1), ("CE", 3)])
def test_a_reply_is_given_up_in_the_end_and_the_log_says_so(tmp_path, caplog, code, attempts):
    """Refused for good, or after the attempts are used up: the cursor moves on, the next reply goes out."""

    def answer(raw, number):
        return acknowledge(raw, number, code)

    async def run():
        async with Ehr(answer).listening() as ehr, bench(tmp_path, place(ehr.port, reply_attempts=3)) as made:
            await made.send(Ordered())
            await until(lambda: "given up" in caplog.text)
            return len(ehr.came)

    assert asyncio.run(run()) == attempts
    assert "SECRET" not in caplog.text


def test_a_bench_that_is_started_again_knows_its_pumps(tmp_path):
    """The infusion still runs, its order is still known, and no record is written twice."""
    log = tmp_path / "events.jsonl"
    first, _ = answered(tmp_path, [SYRINGE], Ordered(), events=log)
    second, _ = answered(tmp_path, [SYRINGE], change("120"), replace(Ordered(), number="3", id="RX3"), events=log)
    assert first + second == [("AA", ""), ("AA", ""), ("AR", "9002")]
    ids = [event.event_id for event in events_of(log)]
    assert max(Counter(ids).values()) == 1
    assert [event.sequence for event in events_of(log)] == list(range(1, len(ids) + 1))


def test_a_bench_that_is_another_one_is_refused(tmp_path):
    """What was done at the pumps cannot be done again at others."""
    answered(tmp_path, [SYRINGE], Ordered())
    with pytest.raises(OperatorError, match="other pumps, states or another library"):
        answered(tmp_path, [replace(SYRINGE, care_area="theatres")], Ordered())


def test_an_order_that_waited_too_long_here_is_not_obeyed(tmp_path):
    """It was young when it came; its pump was not asked in time: 9015."""

    async def run():
        async with Ehr().listening() as ehr:
            settings = place(ehr.port, SYRINGE)
            store = Store.open(tmp_path / "a.db")
            raw = Ordered(minutes_ago=60).raw()
            received = datetime.now(UTC) - timedelta(minutes=59)
            store.keep([Arrival(b"EHR", b"1", raw, received, "x", "y", b"ack")])
            store.close()
            async with bench(tmp_path, settings):
                return [code_of(one) for one in await ehr.told(1)]

    assert asyncio.run(run()) == [("AR", "9015")]


def test_two_benches_on_one_book_are_one_too_many(tmp_path):
    async def run():
        async with Ehr().listening() as ehr, bench(tmp_path, place(ehr.port)):
            with pytest.raises(OperatorError, match="another bench that is at work with it"):
                Book.open(tmp_path / "a.db.bench")

    asyncio.run(run())
    Book.open(tmp_path / "a.db.bench").close()


def test_a_bench_whose_disk_fails_says_so_as_one_fault(tmp_path, monkeypatch):
    def full(self, reply, acts):
        raise StoreError(where="book", found="database or disk is full", expected="room on the disk")

    monkeypatch.setattr(Book, "keep", full)

    async def run():
        async with Ehr().listening() as ehr, bench(tmp_path, place(ehr.port)) as made:
            await made.send(Ordered())
            with pytest.raises(StoreError, match="room on the disk"):
                await made.responder.task

    asyncio.run(run())
