"""`openinfusion gateway events|pumps|replay`: what stored messages tell, on the screen and in a lake."""

from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from openinfusion.adapters.events import record_lines, to_row, to_table
from openinfusion.cli.console import say, say_json, table
from openinfusion.core.errors import OperatorError
from openinfusion.core.events import Event
from openinfusion.gateway.listening import Listened, Told, read_into_lake, tell_store
from openinfusion.gateway.settings import LakePlace
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
        for one in events[-limit:]:
            say(record_lines(to_table([to_row(one)])).decode().strip())
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
    store: StoreFile,
    lake: Annotated[Path, typer.Argument(help="the lake; it is made if it is absent")],
    *,
    organisation: Annotated[str, typer.Option(help="whose pumps they are")],
    purpose: Annotated[
        Literal["clinical", "test", "training", "example"], typer.Option(help="of the lake")
    ] = "clinical",
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
    kept = Store.open(store, may_create=False)
    try:
        place = LakePlace(lake, organisation, purpose)
        listened = read_into_lake(kept, place, again=again, zone=_zone(zone))
    finally:
        kept.close()
    if as_json:
        say_json(_listened_json(listened))
        return
    telling, taken = listened.telling, listened.taken
    say(f"{listened.replayed.messages:,} messages read; {telling.events:,} events told, {telling.voided:,} taken back.")
    say(f"The lake kept {taken.kept:,} records, {taken.duplicates:,} of them it had.")
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
