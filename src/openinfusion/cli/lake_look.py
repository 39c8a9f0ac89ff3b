"""`openinfusion lake info|gaps|clock`: what a lake holds, what it lacks, and whose clock is wrong."""

import os
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from openinfusion.cli.console import say, say_json, table
from openinfusion.core.wording import counted
from openinfusion.lake.clock import Clock, Offset, daily, offsets
from openinfusion.lake.engine import VARIABLE, engine_from
from openinfusion.lake.gaps import Gap, Sequences, find_gaps
from openinfusion.lake.info import Info, look_into
from openinfusion.lake.store import Lake

LakeFolder = Annotated[Path, typer.Argument(help="the folder of the lake")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
MOST_SHOWN = 30
_STEPS = ("bytes", "kB", "MB", "GB", "TB")


def info(lake: LakeFolder, *, as_json: AsJson = False) -> None:
    """
    Say what is in a lake: events, files and sizes by organisation and month, kinds, pumps, what was refused and why.

    Example: openinfusion lake info LAKE
    """
    with engine_from(os.environ.get(VARIABLE)) as engine:
        found = look_into(Lake.open(lake), engine)
    if as_json:
        say_json(_info_json(found))
        return
    _show_info(lake, found)


def _info_json(found: Info) -> dict[str, Any]:
    told = {name: getattr(found, name) for name in Info.__slots__ if name not in {"months", "first", "last"}}
    times = {"first": _stamp(found.first), "last": _stamp(found.last)}
    return {**told, **times, "unknown": found.unknown, "months": found.months.to_dicts()}


def _show_info(lake: Path, found: Info) -> None:
    say(f"{lake}: events for the purpose {found.purpose!r}, version {found.version} of the log.")
    if found.first is None:
        say("It holds no event yet.")
    else:
        pumps = sum(found.pumps.values())
        say(f"{counted(found.events, 'event')} of {counted(pumps, 'pump')}, {_day(found.first)} to {_day(found.last)}.")
    ids = counted(found.ids, "id")
    say(f"{counted(found.files, 'file')}; {_size(found.bytes_on_disk)} on disk with the index of {ids}.")
    voided = counted(found.voided, "record is void or replaced and does", "records are void or replaced and do")
    say(f"{voided} not count; {counted(found.unsettled, 'mark waits', 'marks wait')} to be made.", "")
    rows = [[*whose, f"{n:,}", f"{events:,}", _size(size)] for *whose, n, events, size in found.months.rows()]
    say(table("Held", ("organisation", "month", "files", "events", "size"), rows, right=(2, 3, 4)), "")
    kinds = [[_kind(found, kind), f"{count:,}"] for kind, count in found.kinds.items()]
    say(table("Kinds", ("kind", "records"), kinds, right=(1,)), "")
    refused = [[reason, f"{count:,}"] for reason, count in found.rejected.most_common()]
    say(
        table("Refused, by the field at fault", ("field", "records"), refused, right=(1,))
        if refused
        else "None refused."
    )


def _kind(found: Info, kind: str) -> str:
    return f"{kind} (not known to this version)" if kind in found.unknown else kind


def gaps(lake: LakeFolder, *, as_json: AsJson = False) -> None:
    """
    Find numbers that are missing in the sequence of each pump, and say which of them the pump declared lost.

    Example: openinfusion lake gaps LAKE
    """
    opened = Lake.open(lake)
    with engine_from(os.environ.get(VARIABLE)) as engine:
        found = find_gaps(opened.records(engine), engine)
    if as_json:
        told = [{**asdict(gap), "missing": gap.missing, "undeclared": gap.undeclared} for gap in found.gaps]
        say_json({"gaps": [_plain(one) for one in told], "pumps": found.pumps.to_dicts()})
        return
    _show_gaps(found)


def _show_gaps(found: Sequences) -> None:
    pumps, all_missing = found.pumps, sum(gap.missing for gap in found.gaps)
    declared = sum(gap.declared for gap in found.gaps)
    numbered = int(pumps["numbered"].sum()) if "numbered" in pumps.columns else 0
    missing = counted(all_missing, "number is", "numbers are")
    say(f"{counted(numbered, 'numbered record')} of {counted(pumps.height, 'pump')}; {missing} missing: ")
    say(f"    {declared:,} declared lost, {all_missing - declared:,} not declared.")
    if numbered:
        say(f"Restarts of a counter: {pumps['restarts'].sum():,}. Numbers given twice: {pumps['twice'].sum():,}.", "")
    worst = sorted(found.gaps, key=lambda gap: -gap.undeclared)[:MOST_SHOWN]
    rows = [(gap.organisation, gap.pump, *_gap_cells(gap)) for gap in worst]
    title = f"Largest gaps ({len(worst)} of {len(found.gaps)})"
    columns = ("organisation", "pump", "numbers", "missing", "declared", "after", "before")
    if rows:
        say(table(title, columns, rows, right=(3, 4)))


def _gap_cells(gap: Gap) -> tuple[object, ...]:
    numbers = f"{gap.first_missing}-{gap.last_missing}"
    return numbers, gap.missing, gap.declared, _minute(gap.after), _minute(gap.before)


def clock(lake: LakeFolder, *, as_json: AsJson = False) -> None:
    """
    Estimate how far the clock of each pump is from true time, and name those that nobody should rely on.

    Example: openinfusion lake clock LAKE
    """
    opened = Lake.open(lake)
    with engine_from(os.environ.get(VARIABLE)) as engine:
        found = offsets(engine.collect(daily(opened.events(engine))))
    if as_json:
        say_json([_plain(asdict(one)) for one in found])
        return
    counts = Counter(one.state for one in found)
    say(table("Clocks", ("state", "pumps"), [(state.value, counts[state]) for state in Clock], right=(1,)), "")
    odd = [one for one in found if one.state not in {Clock.RIGHT, Clock.NOT_KNOWN}]
    odd.sort(key=lambda one: -abs(one.seconds or 0))
    columns = ("organisation", "pump", "state", "seconds ahead", "spread", "drift", "records", "days")
    if odd:
        title = f"Clocks to look at ({min(len(odd), MOST_SHOWN)} of {len(odd)})"
        say(table(title, columns, map(_offset_row, odd[:MOST_SHOWN]), right=(3, 4, 5, 6, 7)))


def _offset_row(one: Offset) -> tuple[object, ...]:
    figures = (f"{one.seconds:,.0f}", f"{one.spread:,.0f}", f"{one.drift:+,.0f}")
    return (one.organisation, one.pump, one.state.value, *figures, f"{one.records:,}", one.days)


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in told.items()}


def _plain_value(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if hasattr(value, "isoformat") else value


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime("%d-%b-%Y")


def _minute(moment: datetime) -> str:
    return moment.strftime("%d-%b-%Y %H:%M")


def _size(number: float) -> str:
    step = 0
    while number >= 1000 and step < len(_STEPS) - 1:  # noqa: PLR2004 - a thousand
        number, step = number / 1000, step + 1
    return f"{number:,.0f} {_STEPS[step]}"
