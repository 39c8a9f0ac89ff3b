"""The data dictionary of the event log, made from the dataclasses, the rules and the worked example."""

import json
from collections.abc import Iterable, Iterator

from make_event_examples import EVERY_KIND, build

from openinfusion.adapters.events.columns import columns
from openinfusion.adapters.events.record import LONGEST_LINE
from openinfusion.adapters.events.shape import Part, parts_of
from openinfusion.adapters.schema import split_docstring
from openinfusion.core.events import FIRST_YEAR, LAST_YEAR, LONGEST_NAME, NEEDS, Alarm, Event, EventLog, Kind, Response
from openinfusion.core.units import Quantity

KIND_WORDS: dict[Kind, str] = {
    Kind.POWER_ON: "when the pump has started up",
    Kind.POWER_OFF: "when it is switched off, as the last record before",
    Kind.POWER_SOURCE: "when it changes between mains and battery",
    Kind.LIBRARY_STAGED: "when a library has arrived whole, and is not in force yet",
    Kind.LIBRARY_ACTIVATED: "when a library comes into force; `library` is that one, `other_library` the one before",
    Kind.LIBRARY_REJECTED: "when the pump refuses a library, such as one whose signature is wrong",
    Kind.LIBRARY_REVERTED: "when the pump returns to an earlier library; `library` is that one",
    Kind.CARE_AREA_CHOSEN: "when a care area is chosen or confirmed",
    Kind.DRUG_CHOSEN: "when a drug is chosen from the library",
    Kind.DRUG_NOT_FOUND: "when a search for a drug ends without a choice; `search` holds the letters typed",
    Kind.PROGRAMMED: "at every attempt, as entered, before the limits judge it; also one that is then alerted",
    Kind.ALERT_RAISED: "when an attempt crosses a limit; one record for each limit",
    Kind.ALERT_ANSWERED: "when that alert ends; it repeats the alert, and `about` is the record that raised it",
    Kind.STARTED: "when fluid begins to move; one for each infusion, the count of infusions",
    Kind.RATE_CHANGED: "when the dose or rate of a running infusion is changed; `previous` is what ran before",
    Kind.STEP_CHANGED: "when a multi-step programme goes on to its next step, or back to one, by itself",
    Kind.BOLUS: "when a bolus is given from a running infusion",
    Kind.LOADING: "when a loading dose is given",
    Kind.DOSE_ENDED: "when a bolus, loading dose or demand dose ends; `ended` is the segment that it was",
    Kind.DEMAND_REFUSED: "when a patient asks for a dose and the pump gives none; `reason` says why, such as lockout",
    Kind.PAUSED: "when an infusion is paused",
    Kind.RESUMED: "when a paused infusion runs on",
    Kind.COMPLETED: "when an infusion has delivered what was programmed",
    Kind.STOPPED: "when an infusion is ended before that",
    Kind.KVO: "when the pump falls to the rate that keeps the vein open",
    Kind.CONTAINER_CHANGED: "when a syringe or bag is put in",
    Kind.ALARM_RAISED: "when the pump calls for help; an alarm is operational, an alert is the dose limits speaking",
    Kind.ALARM_CLEARED: "when that alarm ends; `seconds` is how long it lasted",
    Kind.PATIENT_CHANGED: "when the pump is told of a new patient; `episode` is the new random token",
    Kind.LOCATION_CHANGED: "when the pump is told, or finds out, that it is elsewhere",
    Kind.CLOCK_CHANGED: "when the pump's clock is set; `at` is by the new clock, `clock_before` what the old one said",
    Kind.CONNECTION: "when a connection is made or lost",
    Kind.LOG_GAP: "when records are known to be lost, such as those that a full memory overwrote",
    Kind.RECORD_VOIDED: "when an earlier record must not be counted; the record itself stays",
}
RESPONSE_WORDS: dict[Response, str] = {
    Response.OVERRIDDEN: "the value was kept; only soft limits can be overridden",
    Response.REPROGRAMMED: "the value was changed",
    Response.CANCELLED: "the programme was given up",
    Response.UNKNOWN: "the log does not tell; an alert without any answer counts as this",
}
ALARM_WORDS: dict[Alarm, str] = {
    Alarm.OCCLUSION_DOWNSTREAM: "blocked between pump and patient",
    Alarm.OCCLUSION_UPSTREAM: "blocked between container and pump",
    Alarm.PRESSURE: "the pressure limit is reached, the side unknown",
    Alarm.AIR: "air in the line",
    Alarm.NO_FLOW: "no flow is seen",
    Alarm.NEAR_END: "the infusion is about to end",
    Alarm.EMPTY: "container or syringe is empty",
    Alarm.KVO: "the infusion has ended, and the vein is kept open",
    Alarm.DOOR: "a door or clamp is open",
    Alarm.SYRINGE: "a syringe is not seated, or not the one expected",
    Alarm.CALLBACK: "nobody has touched the pump for a while",
    Alarm.BATTERY_LOW: "the battery is low",
    Alarm.BATTERY_DEPLETED: "the battery is about to end",
    Alarm.FAULT: "a fault of the pump itself",
    Alarm.OTHER: "anything else; `reason` says what",
}


def page() -> str:
    """Return the reference page of the event log."""
    sections = (
        _HEAD,
        _header(),
        _record(),
        _groups(),
        _kinds(),
        _words(),
        _DELIVERY,
        _CLOCK,
        _criteria(),
        _table(),
        _RULES,
    )
    return "\n".join((*sections, _examples()))


def _fields(cls: type, *, prefix: str = "") -> str:
    _, meanings = split_docstring(cls.__doc__ or "")
    rows = (
        f"| `{prefix}{part.name}` | {_value(part)} | {'yes' if part.required else ''} | {meanings[part.name]} |"
        for part in parts_of(cls)
    )
    return _rows(("key", "value", "required", "meaning"), rows)


def _value(part: Part) -> str:
    if part.words:
        return ", ".join(f"`{word}`" for word in part.words) if len(part.words) < _MOST_WORDS else "a word, see below"
    if part.parts and part.cls is not None:
        return f"[{part.cls.__name__}](#{part.cls.__name__.lower()})"
    if part.name in ("seconds", "clock_offset"):
        return "decimal text, seconds"
    return "[quantity](#quantity)" if part.cls is Quantity else part.form.value


_MOST_WORDS = 14


def _rows(columns_: tuple[str, ...], rows: Iterable[str]) -> str:
    return "\n".join((f"| {' | '.join(columns_)} |", "|" + "---|" * len(columns_), *rows)) + "\n"


def _header() -> str:
    words, _ = split_docstring(EventLog.__doc__ or "")
    needed = "`format`, `format_version` and `organisation` are required in a file."
    return f"## The header\n\n{words} {needed}\n\n{_fields(EventLog)}"


def _record() -> str:
    words, _ = split_docstring(Event.__doc__ or "")
    return (
        f"## The record\n\n{words} `null` says the same as no such key. Texts have 1 to {LONGEST_NAME} printable"
        f" characters.\n\n{_fields(Event)}"
    )


def _groups() -> str:
    return "\n".join(_group(cls) for cls in _objects()) + _QUANTITY


def _objects() -> Iterator[type]:
    seen: set[type] = set()
    for part in parts_of(Event):
        if part.parts and part.cls is not None and part.cls not in seen:
            seen.add(part.cls)
            yield part.cls


def _group(cls: type) -> str:
    words, _ = split_docstring(cls.__doc__ or "")
    return f"### {cls.__name__}\n\n{words}\n\n{_fields(cls)}"


def _kinds() -> str:
    rows = (
        f"| `{kind.value}` | {', '.join(f'`{name}`' for name in NEEDS[kind]) or 'nothing more'} | {KIND_WORDS[kind]} |"
        for kind in Kind
    )
    return "## The kinds\n\n" + _rows(("kind", "must tell", "written"), rows)


def _words() -> str:
    responses = (f"| `{one.value}` | {RESPONSE_WORDS[one]} |" for one in Response)
    alarms = (f"| `{one.value}` | {ALARM_WORDS[one]} |" for one in Alarm)
    return (
        f"## What became of an alert: `response`\n\n{_rows(('word', 'meaning'), responses)}\n"
        f"## What a pump calls for: `alarm`\n\n{_rows(('word', 'meaning'), alarms)}"
    )


def _table() -> str:
    rows = (f"| `{name}` | {kind} |" for name, kind in columns().items())
    return f"{_FLAT}\n{_rows(('column', 'type'), rows)}"


def _criteria() -> str:
    rows = (f"| {number} | {asks} | {answer} |" for number, asks, answer in _CRITERIA)
    return "## What a buyer asks of a log\n\n" + _INVESTIGATION + _rows(("criterion", "asks", "answered by"), rows)


def _examples() -> str:
    lines = build()[EVERY_KIND].decode().splitlines()
    parts = ["## A worked example for each kind\n", f"The file [`{EVERY_KIND}`](../../{EVERY_KIND}), line by line.\n"]
    shown: set[str] = set()
    for line in lines:
        record = json.loads(line)
        kind = record.get("kind", "header")
        if kind not in shown:
            shown.add(kind)
            parts.append(f"### {kind}\n\n```json\n{json.dumps(record, indent=2, ensure_ascii=False)}\n```\n")
    return "\n".join(parts)


_HEAD = f"""# The open event log, version 1

*Generated from `openinfusion.core.events`; do not edit.* The machine-readable form is
[`events.schema.json`](events.schema.json) (JSON Schema 2020-12).

- **JSON Lines**, UTF-8: a header, then one record a line; as `.jsonl`, `.jsonl.gz` or `.jsonl.zst`. The same as a flat
  table in `.parquet`. Readers tell the form by the first bytes, not by the name.
- A line has at most {LONGEST_LINE:,} bytes. A longer one is rejected without being parsed.
- Numbers that matter are **text**, exact decimals of at most 18 digits and 18 places: `"0.5"`, never `0.5`. They are
  written in their shortest form.
- Times are RFC 3339 with a capital `T`, the zone and at most six decimal places, from {FIRST_YEAR} to {LAST_YEAR}.
- Every record **stands on its own**: it names the pump, the time and the library in force, and an answered alert
  repeats the alert, so that nothing must be looked up in a record that may be lost.
- `openinfusion events validate FILE` says every violation with its line and path.
"""

_QUANTITY = """
### Quantity

`{"value": "2.5", "unit": "mg"}`: an exact decimal as text and a UCUM code (`ug/kg/min`, `[iU]/h`, `mL`). Spellings such
as `mcg/kg/min` or `units/h` are read and written as UCUM; spellings that could mean two things (`MU`) are refused.
Values of a programme, of what was delivered and of a container are zero or more.
"""

_DELIVERY = """## Delivery segments: `ended` and `began`

A delivery segment is what flows from one source at one rate, from its beginning to the next change. One record tells
one change: the segment that it ends, the one that it begins, or both. So the messages of IHE PCD-10 follow from a
record without looking up another: an end is a stop (a completion if `complete`), a beginning is a start.

| What happens | record | `ended` | `began` |
|---|---|---|---|
| it starts, or runs on | `started`, `resumed` | | delivering |
| another rate, another step | `rate_changed`, `step_changed` | transitioning | delivering |
| a single dose out of a running infusion | `bolus`, `loading` | transitioning | delivering; another source |
| that dose is over | `dose_ended` | transitioning | delivering; the infusion again |
| a demand dose while nothing flows | `bolus` | | delivering |
| that dose is over | `dose_ended` | not delivering, between doses | |
| all is given, and the vein is kept open | `kvo` | transitioning, `complete` | kvo; `vtbi` 0 |
| it stops | `paused`, `completed`, `stopped`, `alarm_raised` | not delivering, and why | |
| a secondary infusion takes over | `paused` of the primary | not delivering, switching source | |
| | `started` of the secondary | | delivering |

Within an infusion the amounts add up: a segment begins with volume 0; `total` is the sum of all its segments, single
doses included; `remaining` is `vtbi` less what that source has given of it, and never below 0. A secondary infusion is
an infusion of its own. `core.segments` says what does not add up in the records of a pump.
"""

_CLOCK = """## Clock, time zone, buffer

- `at` is what **the pump's clock** said, with the zone that it was set to. It is never corrected afterwards.
- `clock_offset` is how far that clock was ahead of true time, in seconds, where the sender knows; true time is `at`
  less `clock_offset`. `received` is by the clock of the system that wrote the log, so that an offset can be estimated.
- A pump whose clock is set, also by time synchronisation or for summer time, writes `clock_changed`.
- `sequence` counts the records of a pump, one more each time, and never starts again. A number that is missing is a
  record that is missing, whatever the clock says.
- A pump whose memory is full overwrites its **oldest** records first. Whoever notices that some were lost writes
  `log_gap` with the first and the last sequence number; readers find gaps that nobody noted.
- Records may arrive late, twice or out of order: `event_id` is the same each time, and `sequence` gives the order.
- A record is never changed. One that was wrong is voided (`record_voided`, `about` it) or replaced (`supersedes`).
"""

_INVESTIGATION = """The criteria are those that this project drew from the national investigation into smart infusion
pumps (HSIB, 2020; recommendation R/2020/104 asks for an open standard format for event logs); E is essential, D
desirable.

"""

_CRITERIA = (
    (
        "P22 (E)",
        "every start, change, alert, answer, bolus, alarm, library change: time, units, values, limit",
        "the [kinds](#the-kinds); `at`; quantities; `previous`; [alert](#alert); `response`; [segment](#segment)",
    ),
    (
        "P23 (E)",
        "a documented export that the trust can make without its vendor",
        "this page, the schema, and `openinfusion events validate`, which anybody may run",
    ),
    ("P24 (E)", "clock synchronisation and a rule for time zones", "`at` with zone, `clock_offset`, `clock_changed`"),
    ("P25 (E)", "the size of the buffer, and how it is overwritten", "`sequence`, `log_gap`; the oldest goes first"),
    ("P26 (E)", "the library version on each record", "`library`: name, version and identity"),
    ("P27 (D)", "streaming", "one record a line: a log can be written and read as it grows; `received`"),
    ("P28 (E)", "fields that can be parted from the identity of patient and user", "`private`; `--strip`; `episode`"),
    ("P29 (D)", "coded reasons for overrides", "`reason`"),
)

_FLAT = """## The flat table

One row for each record, one column for each value. A nested value has the path as its name (`alert_limit`), a quantity
two columns (its exact decimal as text, and its UCUM code), a time two (UTC microseconds, and its zone in minutes). What
a version does not know is JSON text in `extra`. The header is JSON in the metadata of the file, under
`openinfusion-events`. Lines to table and back lose nothing but the order of the keys; row *n* is line *n* + 1.
"""

_RULES = """## Versions, and what is not known

- 1.1 added `ended`, `began` and `container`, and the kinds `dose_ended`, `demand_refused`, `step_changed` and
  `container_changed`. A log of 1.0 has none of them, and is read as it always was.
- A reader of version 1 reads every 1.x. A **newer minor version** adds optional fields and kinds, never a new meaning.
- An **unknown field** is kept at its place, in an object that is known as well, and listed by `validate`: it may be a
  field of a newer version, or a slip of the pen. Fractions in it are held as 64-bit floating point, as JSON readers do.
- A record of an **unknown kind** is counted and kept, if `event_id`, `pump` and `at` are right.
- A **newer major version** is refused.
- A new word for `alarm`, `response` or another closed list needs a new major version; until then it is `other`,
  `unknown`, or left out.

## Privacy

What may identify a person stands in `private`, and nowhere else: patient, user, bed, order. It is never analysed and
`openinfusion events convert IN OUT --strip` leaves it out. `episode` ties together one patient's time on pumps without
naming anybody: it is random, and never a hospital number. `reason` and `search` are what was coded or typed for a drug;
a sender that lets free text into them must see to it that no name is in there. Messages about faults never quote
texts that could name somebody.
"""
