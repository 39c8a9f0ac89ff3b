"""`openinfusion gateway events|pumps|replay|write`: from messages to events and lakes, and from logs to messages."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from openinfusion.adapters.documents import write_bytes
from openinfusion.adapters.events import read_events, record_lines, to_row, to_table
from openinfusion.adapters.hl7.write import Sender, Sending, write_record, write_report
from openinfusion.cli.console import say, say_json, table
from openinfusion.core.errors import OperatorError
from openinfusion.core.events import Event
from openinfusion.gateway.listening import Listened, Told, read_into_lake, tell_store
from openinfusion.gateway.settings import LakePlace, Purpose, read_settings
from openinfusion.gateway.store import Store
from openinfusion.gateway.stories import CLAIMS

AsJson = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
StoreFile = Annotated[Path, typer.Argument(help="the store of messages")]
ZoneName = Annotated[str, typer.Option("--zone", help="the zone of times that tell none, such as Europe/London")]


def show_events(
    store: StoreFile,
    *,
    pump: Annotated[str | None, typer.Option(help="only of this pump")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="show at most so many, the last ones")] = 50,
    zone: ZoneName = "UTC",
    as_json: AsJson = False,
) -> None:
    """
    Show the events that follow from the stored messages: starts, titrations, boluses, alarms and the rest.

    Nothing is written. With --json every event is a line of the open event log; patients and users are left out.

    Example: openinfusion gateway events pump-messages.db
    """
    told = _told(store, zone)
    events = [one for one in told.events if pump is None or one.pump == pump]
    if as_json:
        say(record_lines(to_table(map(to_row, events[-limit:]))).decode().rstrip())
        return
    rows = [_event_row(one) for one in events[-limit:]]
    say(table("Events", _EVENT_COLUMNS, rows), "", f"{len(rows):,} of {len(events):,} events.")
    _say_listened(told.listened)


_EVENT_COLUMNS = ("at", "pump", "what", "drug", "care area", "now", "library")


def _event_row(one: Event) -> tuple[str, ...]:
    segment = one.began or one.ended
    doses = [one.programme.dose, one.programme.rate] if one.programme else []
    told = [quantity for quantity in doses if quantity is not None][:1]
    told += [segment.rate] if segment is not None and segment.rate is not None else []
    now = ", ".join(dict.fromkeys(quantity.text() for quantity in told))
    words = one.alarm.value.replace("_", " ") if one.alarm else now
    library = f"{one.library.name} {one.library.version}" if one.library else ""
    what = one.kind.value.replace("_", " ")
    return one.at.isoformat(timespec="seconds"), one.pump, what, one.drug or "", one.care_area or "", words, library


def show_pumps(store: StoreFile, *, zone: ZoneName = "UTC", as_json: AsJson = False) -> None:
    """
    Show what each pump claims to run, and when it was heard of last: library, software, power, ward.

    A claim is what a pump says of itself; it is no proof.

    Example: openinfusion gateway pumps pump-messages.db
    """
    told = _told(store, zone)
    if as_json:
        say_json(
            [
                {"pump": name, **{field: {"value": one.value, "at": one.at.isoformat()} for field, one in its.items()}}
                for name, its in told.claims.items()
            ]
        )
        return
    rows = [
        (name, *(its[field].value if field in its else "" for field in CLAIMS)) for name, its in told.claims.items()
    ]
    say(table("What pumps claim", ("pump", *(field.replace("_", " ") for field in CLAIMS)), rows))
    say("", f"{len(rows):,} pumps. What a pump claims is no proof of what it runs.")


def _told(store: Path, zone: str) -> Told:
    kept = Store.open(store, may_create=False)
    try:
        return tell_store(kept, zone=_zone(zone))
    finally:
        kept.close()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise OperatorError(where="--zone", found=f"{name!r}", expected="a time zone such as Europe/London") from None


def replay_store(
    store: Annotated[Path | None, typer.Argument(help="the store of messages")] = None,
    lake: Annotated[Path | None, typer.Argument(help="the lake; it is made if it is absent")] = None,
    *,
    organisation: Annotated[str | None, typer.Option(help="whose pumps they are")] = None,
    purpose: Annotated[Purpose, typer.Option(help="of the lake")] = "clinical",
    config: Annotated[Path | None, typer.Option(help="take store and lake from these settings of a gateway")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="from the first message on, with this version's reader")
    ] = False,
    zone: ZoneName = "UTC",
    as_json: AsJson = False,
) -> None:
    """
    Read the stored messages into a lake: those since the last time, or all of them again.

    Late messages change what follows: records that no longer hold are voided in the lake, and never counted. Of
    messages marked as test or demonstration nothing enters a clinical lake.

    Example: openinfusion gateway replay pump-messages.db lake --organisation "Example Trust" --purpose example
    """
    file, place = store, None
    if config is not None:
        settings = read_settings(config)
        file, place = settings.store.path, settings.lake
    elif lake is not None and organisation is not None:
        place = LakePlace(lake, organisation, purpose)
    if file is None or place is None:
        expected = "STORE LAKE --organisation NAME, or --config FILE with a lake in it"
        raise OperatorError(where="gateway replay", found="no store, lake or organisation", expected=expected)
    kept = Store.open(file, may_create=False)
    try:
        listened = read_into_lake(kept, place, again=again, zone=_zone(zone))
    finally:
        kept.close()
    if as_json:
        say_json(_listened_json(listened))
        return
    telling, taken = listened.telling, listened.taken
    say(f"{listened.replayed.messages:,} messages read; {telling.events:,} events told, {telling.voided:,} taken back.")
    say(f"The lake took {taken.kept:,} new records; {taken.duplicates:,} it had already.")
    if taken.conflicts:
        say(
            f"{taken.conflicts:,} records came under ids that other records have; they are kept apart, and not counted."
        )
    _say_listened(listened)


def _listened_json(listened: Listened) -> dict[str, Any]:
    return {
        "messages": listened.replayed.messages,
        "at_fault": dict(listened.replayed.faults),
        "by_transaction": dict(listened.ear.kinds),
        "left_out": dict(listened.ear.left_out),
        "cautions": dict(listened.ear.cautions),
        "events": listened.telling.events,
        "voided": listened.telling.voided,
        "waiting": listened.waiting,
        "not_made": listened.telling.faults,
        "kept": listened.taken.kept,
        "duplicates": listened.taken.duplicates,
        "conflicts": listened.taken.conflicts,
    }


def _say_listened(listened: Listened) -> None:
    """Say what was not told, and why; what was let pass to read the rest is said by its code."""
    for reason, count in sorted(listened.replayed.faults.items()):
        say(f"{count:,} messages could not be read: {reason}")
    for reason, count in sorted(listened.ear.left_out.items()):
        say(f"{count:,} messages left out: {reason}")
    if listened.waiting:
        say(f"{listened.waiting:,} messages tell nothing until another one comes.")
    for fault in sorted(set(listened.telling.faults)):
        say(f"A record could not be made: {fault}")
    cautions = ", ".join(f"{code} {count:,}" for code, count in sorted(listened.ear.cautions.items()))
    if cautions:
        say(f"Let pass (docs/reference/hl7.md): {cautions}")


def write_messages(
    log: Annotated[Path, typer.Argument(help="an event log: .jsonl, .jsonl.gz, .jsonl.zst or .parquet")],
    out: Annotated[Path, typer.Argument(help="where to write the messages")],
    *,
    reports: Annotated[bool, typer.Option("--reports", help="also how each pump is after it starts (PCD-01)")] = False,
) -> None:
    """
    Write an event log as messages of pumps (IHE PCD-04, -10 and -15), for `gateway send` and for test benches.

    Records that are sent and read again come back whole. Of a log that is not clinical every message says so (MSH-11).

    Example: openinfusion gateway write examples/events/every-kind.jsonl messages.hl7
    """
    reader = read_events(log)
    purpose = _PURPOSES.get(reader.header.purpose, "test")
    made: list[bytes] = []
    for line in reader:
        if line.event is not None:
            event = line.event
            sending = Sending(sender=Sender(), at=event.received or event.at, purpose=purpose)
            made += write_record(event, sending)
            report = write_report(event, sending) if reports and event.began is not None else None
            made += [report] if report is not None else []
    write_bytes(out, b"".join(made))
    say(f"{reader.accepted:,} records are {len(made):,} messages in {out}.")
    if reader.rejected or reader.unknown:
        say(f"{reader.rejected:,} lines are no records, {reader.unknown:,} of a kind that is not known: not written.")
        raise typer.Exit(1)


_PURPOSES: Mapping[str, Literal["clinical", "test", "training"]] = {"clinical": "clinical", "training": "training"}
