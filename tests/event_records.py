"""Records of the worked example, and slips that spoil them; tests of the event log share these."""

import json
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

from openinfusion.core.events import EventLog

ROOT = Path(__file__).resolve().parents[1]
EVERY_KIND = ROOT / "examples/events/every-kind.jsonl"
WITH_SLIPS = ROOT / "examples/events/with-slips.jsonl"
HEADER = EventLog(organisation="example", purpose="test")
HEADER_LINE = '{"format":"openinfusion-events","format_version":"1.0","organisation":"example","purpose":"test"}'
Record = dict[str, Any]

# What stands where something else belongs: wrong types, near misses, limits of numbers and texts, good values.
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7.5, 1.0, 2**63 - 1, 2**63, -(2**63), 10**400, "", " ", "x", "0", "-0", "-0.0"),
    *("0.50", "00.5", ".5", "1,5", "1e3", "+1", "123456789012345678.123456789012345678", "1234567890123456789", "-3"),
    *("a\u0000b", "a\u200bb", "S\u00f8ren", "\U0001f489", "a" * 200, "a" * 201, "mg", "mcg/kg/min", "ug/kg/min", "kg"),
    *("mL", "ml", "MU", "furlong", "min", "h", "programmed", "started", "teleported", "soft_max", "overridden", "dose"),
    *("2026-03-31T14:05:00+01:00", "2026-03-31T14:05:00Z", "2026-03-31T14:05:00.123456-05:30", "2026-02-30T00:00:00Z"),
    *(
        "2026-03-31T14:05:00",
        "2026-03-31 14:05:00Z",
        "2026-03-31T14:05:60Z",
        "2026-03-31T24:00:00Z",
        "0001-01-01T00:00:00Z",
    ),
    *("1899-12-31T23:59:59Z", "1900-01-01T00:00:00+14:00", "2299-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z"),
    *("2026-03-31T14:05:00.1234567Z", "2026-03-31t14:05:00z", "2026-03-31T14:05Z", "2026-03-31T14:05:00+0100"),
    *([], {}, [1], ["a"], {"value": "1"}, {"value": "1", "unit": "mg"}, {"value": "-1", "unit": "mL"}),
    *({"value": "0.50", "unit": "mcg"}, {"value": 1, "unit": "mg"}, {"value": "1", "unit": "mg", "raw": "1mg"}),
    *(
        {"name": "L", "version": "1"},
        {"name": "", "version": "1", "sha256": None},
        {"deep": {"deeper": [{"deepest": 1}]}},
    ),
)


def example_records() -> list[Record]:
    """One good record of every kind."""
    return [json.loads(line) for line in EVERY_KIND.read_text().splitlines()[1:]]


def places(record: Record, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every key of a record, those of its objects too."""
    made = []
    for key, value in record.items():
        made.append((*path, key))
        if isinstance(value, dict):
            made.extend(places(value, (*path, key)))
    return made


def spoilt(record: Record, random: Random) -> Record:
    """A copy in which a key lost, gained or changed its value, once or several times; it may still be good."""
    made = deepcopy(record)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        *above, key = random.choice(places(made) or [("event_id",)])
        inside = made
        for step in above:
            inside = inside[step]
        slip = random.randrange(5)
        if slip == 0:
            del inside[key]
        elif slip == 1:
            inside[random.choice(("surprise", "extra", "unit", "about", "search", "infusion", "\u00e9"))] = (
                random.choice(VALUES)
            )
        elif slip == 2:
            inside[key] = deepcopy(random.choice([one for one in VALUES if type(one) is type(inside[key])]))
        else:
            inside[key] = deepcopy(random.choice(VALUES))
    return made


def written(record: Record, random: Random) -> bytes:
    """A record as one of the ways that JSON may be laid out; sometimes with a key said twice."""
    style = random.randrange(4)
    separators = (",", ":") if style == 0 else (", ", ": ")
    text = json.dumps(record, ensure_ascii=style == 1, separators=separators)
    if random.random() < 0.1 and len(text) > 2:
        twice, value = random.choice(list(record) or ["x"]), random.choice(VALUES)
        text = f"{text[:-1]}{separators[0]}{json.dumps(twice)} {separators[1]}{json.dumps(value, ensure_ascii=False)}}}"
    return text.encode()
