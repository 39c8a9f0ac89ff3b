"""What the virtual pump tells of delivery in each course of an infusion, as a table of messages beside its records."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pump_bench import NUMBER, Bench

from openinfusion.core.numbers import round_to, show_number
from openinfusion.core.segments import Change, changes
from openinfusion.core.units import Quantity
from openinfusion.pump.machine.display import show_duration
from openinfusion.pump.records import PumpLabel, to_record

_FLUID = "power; ward; key 70; bag; drug; key sal; saline"
_SYRINGE = "power; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100"


@dataclass(frozen=True, kw_only=True)
class Story:
    """One course of an infusion: what is done, step by step, and what IHE asks of the messages about it."""

    id: str
    title: str
    words: str
    script: str
    model: str = "meridian-v7"

    def play(self) -> Bench:
        """Do it on a new pump."""
        return Bench(self.model).do(self.script)


STORIES = (
    Story(
        id="kvo",
        title="Start, keep the vein open, pause",
        words="The volume is given: a completion in transition, and a start at the rate that keeps the vein open.",
        script=f"{_FLUID}; key 100; key 100; confirm; start; wait 1 h; wait 30 min; pause",
    ),
    Story(
        id="pause",
        title="Start, pause, start again, pause",
        words="A start tells no volume for its own segment, and in all what was given before.",
        script=f"{_FLUID}; key 100; key 500; confirm; start; wait 30 min; pause; wait 1 min; start; wait 15 min; pause",
    ),
    Story(
        id="titration",
        title="Another rate",
        words="A stop in transition at the old rate and a start at the new one, in one record.",
        script=f"{_FLUID}; key 100; key 500; confirm; start; wait 1 h; change; key 150; confirm; wait 1 h; stop",
    ),
    Story(
        id="piggyback",
        title="A secondary infusion",
        words="Between primary and secondary nothing is in transition: the pump switches its source.",
        script=f"""{_FLUID}; key 100; key 500; confirm; start; wait 1 h
            secondary; key gen; gentamicin; key 350; key 5; key 30; confirm; start; wait 1 h; stop""",
    ),
    Story(
        id="bolus",
        title="A bolus out of a running infusion",
        words="The bolus has a volume and a remainder of its own; the total of the infusion includes it.",
        script=f"{_SYRINGE}; key 20; confirm; start; wait 1 h; bolus; key 25; key; confirm; deliver; wait 1 h; stop",
        model="halden-s2",
    ),
    Story(
        id="bolus from a pause",
        title="A bolus from a pause",
        words="Nothing flows before it, so that nothing stops, and nothing goes on after it.",
        script=f"""{_SYRINGE}; key 20; confirm; start; wait 1 h; pause; wait 1 min
            bolus; key 25; key; confirm; deliver; wait 1 min; stop""",
        model="halden-s2",
    ),
    Story(
        id="steps",
        title="Two steps",
        words="The next step is like another rate: a stop in transition with nothing remaining, and a start.",
        script=f"""{_FLUID}; key 100; key 100; next step; next; key 50; key 200; confirm; start
            wait 1 h; wait 30 min; stop""",
    ),
    Story(
        id="loading",
        title="A loading dose first",
        words="The infusion begins with its loading dose, whose volume its own total includes.",
        script=f"{_SYRINGE}; key 20; confirm; loading; key 100; key; confirm; start; wait 5 min; wait 1 h; stop",
        model="halden-s2",
    ),
    Story(
        id="basic",
        title="From the library to a rate alone",
        words="That is another delivery: the first one is stopped, and the second begins at nothing.",
        script=f"""{_FLUID}; key 100; key 500; confirm; start; wait 1 h; stop
            basic; key 80; key 100; confirm; start; wait 30 min; stop""",
    ),
    Story(
        id="alarm",
        title="An alarm stops it",
        words="The reason is the alarm; what it was is in a record of its own.",
        script=f"{_FLUID}; key 100; key 500; confirm; start; wait 30 min; alarm occlusion_downstream",
    ),
    Story(
        id="volume",
        title="Another volume",
        words="A stop by the clinician and a start with the new volume, which counts from then on.",
        script=f"{_FLUID}; key 100; key 500; confirm; start; wait 1 h; volume; key 200; wait 1 h; stop",
    ),
    Story(
        id="demand",
        title="The patient's button",
        words="Without a background nothing flows until the patient asks; between doses nothing is delivered.",
        script="""power; ward; key 70; load 50 mL; drug; key mor; morphine; ward-morphine
            key 1; key 5; key 5; key; confirm; start; wait 10 min; demand; wait 10 min; demand; wait 10 min; stop""",
        model="halden-s2",
    ),
    Story(
        id="power",
        title="Switched off",
        words="A pump that is switched off has stopped; its settings can be taken up again.",
        script=f"{_FLUID}; key 100; key 500; confirm; start; wait 30 min; power; wait 5 min; power; keep; start",
    ),
)

COLUMNS = (
    *("event", "infusing", "flow", "source", "status", "reason", "pattern", "rate", "VTBI"),
    *("segment", "cumulative", "total", "remaining", "time remaining"),
)


def cells(change: Change) -> Mapping[str, str]:
    """Return a message as the cells of a row; rates in mL/h, volumes in mL."""
    step = "" if change.step is None else f" {change.step}"
    values = (
        *(change.event, "yes" if change.infusing else "no", _number(change.flow), change.source, change.status),
        *(change.because or "", f"{change.pattern}{step}", _number(change.rate), _number(change.vtbi)),
        *(_number(change.segment), _number(change.cumulative), _number(change.source_total)),
        *(_number(change.remaining), _time(change.seconds_remaining)),
    )
    return dict(zip(COLUMNS, values, strict=True))


def rows(bench: Bench) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield every message of a pump with the number of the record that told it."""
    for event in bench.events():
        for change in changes(event):
            yield event.sequence or 0, cells(change)


def _number(quantity: Quantity | None) -> str:
    return "" if quantity is None else show_number(quantity.value)


def _time(seconds: Fraction | None) -> str:
    return "" if seconds is None else show_duration(round_to(seconds, Fraction(1)))


def page() -> str:
    """Return the page ``docs/reference/event-sequences.md``."""
    return "\n".join((_HEAD, *(_section(story) for story in STORIES)))


def _section(story: Story) -> str:
    bench = story.play()
    told = list(rows(bench))
    numbers = {number for number, _ in told}
    label = PumpLabel(number=NUMBER, model=bench.model)
    records = [to_record(note, label) for note in bench.notes if note.sequence in numbers]
    lines = [f"| {number} | {' | '.join(row.values())} |" for number, row in told]
    names = " | ".join(("record", *COLUMNS))
    table = "\n".join((f"| {names} |", "|" + "---|" * (len(COLUMNS) + 1), *lines))
    shown = "\n".join(json.dumps({name: record[name] for name in _SHOWN if name in record}) for record in records)
    done = "\n".join(part.strip() for part in story.script.replace(";", "\n").splitlines() if part.strip())
    return (
        f"## {story.title}\n\n{story.words}\n\n{table}\n\n<details><summary>Its records</summary>\n\n"
        f"```json\n{shown}\n```\n\n</details>\n\n"
        f"<details><summary>What was done</summary>\n\n```text\n{done}\n```\n\n</details>\n"
    )


_SHOWN = ("sequence", "at", "kind", "infusion", "reason", "ended", "began", "delivered")
_HEAD = """# What the pump tells of delivery, message by message

*Generated by `tools/event_sequences.py`, which does each of these things on the virtual pump; do not edit.*

A record of the open event log tells which delivery segment ends and which begins; each is one message of IHE PCD-10
(a start, a stop, a completion: `openinfusion.core.segments.changes`). The tables show the messages, with the number of
the record that told them; rates are in mL/h, volumes in mL. "Cumulative" is of the source that the message is about,
"total" of the infusion with the single doses on top of it. That every table is as IHE asks is tested line by line
(`tests/unit/pump/test_event_sequences.py`).
"""
