"""`openinfusion gateway events|pumps|replay|write`: from messages to events and lakes, and from logs to messages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from openinfusion.adapters.documents import refuse_to_overwrite, write_bytes
from openinfusion.adapters.events import read_events, record_lines, to_row, to_table
from openinfusion.adapters.hl7.leniency import Leniency
from openinfusion.adapters.hl7.write import Sender, Sending, write_record, write_report
from openinfusion.cli.console import say, say_json, table
from openinfusion.core.errors import OperatorError
from openinfusion.core.event_parts import NOT_TOLD
from openinfusion.core.events import Event
from openinfusion.core.wording import counted
from openinfusion.gateway.listening import Ear, Listened, Told, read_into_lake, tell_store
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
    if pump is not None and pump not in told.claims:
        known = ", ".join(list(told.claims)[:_MOST_SHOWN]) or "none"
        raise OperatorError(where="--pump", found=repr(pump), expected=f"a pump that was heard of: {known}")
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
    told_of = (one.library.name, one.library.version) if one.library else ()
    library = " ".join(part for part in told_of if part != NOT_TOLD)
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
    say("", f"{counted(len(rows), 'pump')}. What a pump claims is no proof of what it runs.")


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
        file, place = settings.store.path if settings.store else None, settings.lake
    elif lake is not None and organisation is not None and organisation.strip():
        place = LakePlace(lake, organisation, purpose)
    if file is None or place is None:
        given = {"store": file, "lake": lake or config, "organisation": (organisation or "").strip() or config}
        missing = " and no ".join(name for name, value in given.items() if not value) or "lake in the settings"
        expected = "STORE LAKE --organisation NAME, or --config FILE with a lake in it"
        raise OperatorError(where="gateway replay", found=f"no {missing}", expected=expected)
    kept = Store.open(file, may_create=False)
    try:
        listened = read_into_lake(kept, place, again=again, zone=_zone(zone))
    finally:
        kept.close()
    if as_json:
        say_json(_listened_json(listened))
        return
    telling, taken = listened.telling, listened.taken
    read = counted(listened.replayed.messages, "message")
    say(f"{read} read; {telling.events:,} events told, {telling.voided:,} taken back.")
    say(f"The lake took {taken.kept:,} new records; {taken.duplicates:,} it had already.")
    if taken.conflicts:
        say(
            f"{taken.conflicts:,} records came under ids that other records have; they are kept apart, and not counted."
        )
    _say_listened(listened)


def _listened_json(listened: Listened) -> dict[str, Any]:
    return {
        "messages": listened.replayed.messages,
        "control_ids_again": listened.replayed.conflicts,
        "at_fault": dict(listened.replayed.faults),
        "messages_at_fault": listened.replayed.at_fault,
        "by_transaction": dict(listened.ear.kinds),
        "left_out": dict(listened.ear.left_out),
        "cautions": dict(listened.ear.cautions),
        "lost": [
            {"message": number, "code": one.code.value, "place": one.place, "found": one.found, "taken": one.taken}
            for number, one in listened.ear.lost
        ],
        "events": listened.telling.events,
        "voided": listened.telling.voided,
        "waiting": listened.waiting,
        "not_made": listened.telling.faults,
        "kept": listened.taken.kept,
        "duplicates": listened.taken.duplicates,
        "conflicts": listened.taken.conflicts,
    }


_MOST_SHOWN = 10
_COSTLY = frozenset(one.value for one in Leniency if one.costs_something)


def _say_listened(listened: Listened) -> None:
    """Say what was not told, and why; what was let pass to read the rest is said by its code."""
    replayed, ear = listened.replayed, listened.ear
    for reason, count in sorted(replayed.faults.items()):
        say(f"{counted(count, 'message')} could not be read: {reason}")
    if replayed.at_fault:
        say(f"Look at them with gateway messages --show: {_some(replayed.at_fault)}")
    if replayed.conflicts:
        said = "came under a control id (MSH-10) that another message had before; read like all others"
        say(f"{counted(replayed.conflicts, 'message')} {said}.")
    for reason, count in sorted(ear.left_out.items()):
        say(f"{counted(count, 'message')} left out: {reason}")
    if listened.waiting:
        verb = "tells" if listened.waiting == 1 else "tell"
        say(f"{counted(listened.waiting, 'message')} {verb} nothing until another one comes.")
    for fault in sorted(set(listened.telling.faults)):
        say(f"A record could not be made: {fault}")
    _say_cautions(ear)


def _say_cautions(ear: Ear) -> None:
    if ear.lost:
        say("Could not be used, and is missing above:")
    for number, one in ear.lost[:_MOST_SHOWN]:
        say(f"  message {number}, {one}")
    if len(ear.lost) > _MOST_SHOWN:
        say("  and more; --json shows up to a hundred")
    others = ", ".join(f"{code} {count:,}" for code, count in sorted(ear.cautions.items()) if code not in _COSTLY)
    if others:
        say(f"Read although it was written in another way (docs/reference/hl7.md): {others}")


def _some(numbers: Sequence[int]) -> str:
    shown = ", ".join(f"{number:,}" for number in numbers[:_MOST_SHOWN])
    return f"{shown} and more" if len(numbers) > _MOST_SHOWN else shown


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
    refuse_to_overwrite(out, log)
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
