"""A simulated fleet speaks through a real socket, and the lake ends with the very records of the direct path."""

import asyncio
from datetime import UTC, datetime
from random import Random

import polars as pl
import pytest

from openinfusion.adapters.events import to_row, to_table
from openinfusion.adapters.hl7.write import Sender, Sending, write_record, write_report
from openinfusion.core.events import Kind
from openinfusion.gateway.listening import read_into_lake
from openinfusion.gateway.mllp import Gateway
from openinfusion.gateway.sending import Way, send
from openinfusion.gateway.settings import LakePlace, Limits, Listener
from openinfusion.gateway.store import Store
from openinfusion.lake.intake import event_columns, prepare
from openinfusion.lake.store import Lake
from openinfusion.lake.write import Writer
from openinfusion.pump.trust.year import example_events

SENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def events():
    """Sixty days of three pumps; what the trust's own network repeats is left to the test."""
    known = {event.event_id: event for event in example_events(seed=1, pumps=3, days=60)}
    return list(known.values())


def messages_of(events):
    made: list[bytes] = []
    for event in events:
        sending = Sending(sender=Sender(), at=event.received or SENT)
        made += write_record(event, sending)
        report = write_report(event, sending) if event.kind in (Kind.STARTED, Kind.RESUMED) else None
        made += [report] if report is not None else []
    return made


async def through_a_socket(store, messages):
    gateway = Gateway(store, Limits())
    try:
        gateway.start([Listener(port=0)])
        return await send(messages, Way(port=gateway.addresses[0][1], connections=8))
    finally:
        await gateway.stop()


def rows(folder):
    """Every record of a lake, but for what the lake itself adds on the way in."""
    table = Lake.open(folder).events().to_native().collect()
    names = [name for name in event_columns() if name in table.columns]
    return table.select(names).sort("event_id")


@pytest.mark.hazard("PL-01")
@pytest.mark.enable_socket
def test_the_lake_ends_with_the_same_records_to_the_last_value(events, tmp_path):
    place = LakePlace(tmp_path / "direct", "Example Trust", "example")
    with Writer(Lake.create(place.folder, place.purpose)) as writer:
        writer.take(prepare(to_table(map(to_row, events)), place.organisation))

    messages = messages_of(events)
    kinds = {raw.split(b"\r")[0].split(b"|")[20].split(b"^")[0] for raw in messages}
    assert kinds == {b"IHE_PCD_001", b"IHE_PCD_004", b"IHE_PCD_010", b"IHE_PCD_015"}
    Random(1).shuffle(messages)  # noqa: S311 - late and out of order
    messages += messages[:200]  # and twice

    store = Store.open(tmp_path / "messages.db")
    try:
        sent = asyncio.run(through_a_socket(store, messages[: len(messages) // 2]))
        place = LakePlace(tmp_path / "lake", "Example Trust", "example")
        first = read_into_lake(store, place)
        assert first.waiting > 0
        sent_later = asyncio.run(through_a_socket(store, messages[len(messages) // 2 :]))
        assert sent.counts["acknowledged"] + sent_later.counts["acknowledged"] == len(messages)
        second = read_into_lake(store, place)
        assert (second.telling.faults, dict(second.ear.cautions)) == ([], {})
        assert read_into_lake(store, place, again=True).taken.kept == 0
    finally:
        store.close()

    direct, heard = rows(tmp_path / "direct"), rows(tmp_path / "lake")
    assert heard.height == len(events)
    assert heard.equals(direct.select(heard.columns))
    assert set(direct.columns) == set(heard.columns)
    assert isinstance(direct, pl.DataFrame)
