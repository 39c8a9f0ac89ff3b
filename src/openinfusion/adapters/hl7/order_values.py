"""
The values of an order as they are read: each is exact, or it is named among what could not be read.

An order differs from a report: of a report the rest is still worth knowing when one value is damaged, an order is
refused as a whole. So nothing here guesses, and what is told twice must be told alike.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.identity import read_entity
from openinfusion.adapters.hl7.leniency import Cautions, Leniency
from openinfusion.adapters.hl7.nomenclature import read_term
from openinfusion.adapters.hl7.text import Segment
from openinfusion.adapters.hl7.units import read_number, read_unit
from openinfusion.core.orders import Field, StepKind, Unread
from openinfusion.core.units import MINUTES, Quantity

MISSING, INVALID, BAD_UNIT = 9003, 9004, 9008
PUMP, STEP_TYPE = "69986", "158037"
TYPE, START = "MDC_INFUS_ORDER_TYPE", "MDCX_INFUS_ORDER_STEP_START_CONDITION"
# What changes the delivery and cannot be programmed here: to leave it out would give something else than was ordered.
_CANNOT = {
    "157988": (Field.DOSE_LIMIT, "a number of doses per hour", "a lockout and a dose limit"),
    "157998": (Field.INTERMITTENT, "a time between doses", "one dose an order"),
    "158023": (Field.INTERMITTENT, "an intermittent dose", "a dose with its duration in RXG and TQ1"),
    "158025": (Field.INTERMITTENT, "a time of the next dose", "one dose an order"),
}
# What says nothing that the rest of the order does not say.
_USED = frozenset(
    {
        *_CANNOT,
        *(PUMP, TYPE, START, STEP_TYPE, "158032", "158033"),
        *("68063", "68060", "188744", "157784", "157994"),
        *("157985", "157986", "157987", "157989", "158017", "158018", "158019"),
    }
)
_CHANNEL = re.compile(r"(.*[^\s\[])\s*\[([^\[\]]+)\]")


class Obx(NamedTuple):
    """One OBX of an order: the number of its term, or its name where none is published, and the segment."""

    key: str
    segment: Segment


def read_observations(segments: Iterable[Segment], values: "Values") -> list[Obx]:
    """Return the OBX of one step; what is not of an order is noted."""
    found = []
    for segment in segments:
        named = read_term(segment.raw(3))
        values.cautions.place(named.doubts, segment.place(3))
        key = str(named.term.key) if named.term is not None else ""
        if key != PUMP and any(doubt.code is Leniency.CODE_AND_NAME for doubt in named.doubts):
            values.refuse(
                INVALID, Field.OBSERVATION, found=shown(segment.raw(3)), expected="one thing by code and name"
            )
        if key in _USED:
            found.append(Obx(key, segment))
        else:
            values.notes.append(f"{segment.place(3)}: {shown(segment.raw(3))} is not of an order: not used")
        if key in _CANNOT:
            about, what, instead = _CANNOT[key]
            values.unread.append(Unread(INVALID, about, what, instead))
    return found


@dataclass(slots=True)
class Values:
    """One reading of one order: what was let pass, what could not be read, what was not used."""

    cautions: Cautions
    unread: list[Unread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, code: int, about: Field, *, found: str, expected: str) -> None:
        """Note a value that refuses the order."""
        self.unread.append(Unread(code, about, found, expected))

    def of_field(
        self, segment: Segment, fields: tuple[int, int], about: Field, *, unit_field: Field | None = None
    ) -> Quantity | None:
        """Return a number with its unit from two fields of RXG."""
        value, unit = segment.raw(fields[0]), segment.raw(fields[1])
        if not value.strip():
            return None
        return self._read(segment, (value, unit), fields, about=about, unit_field=unit_field or about)

    def _read(
        self, segment: Segment, told: tuple[str, str], fields: tuple[int, int], *, about: Field, unit_field: Field
    ) -> Quantity | None:
        value, unit = told
        # A volume in another unit than mL is an invalid value in the words of IHE, not an invalid unit.
        bad_unit = INVALID if about is Field.VOLUME else BAD_UNIT
        if unit != unit.rstrip():
            self.cautions.add(Leniency.BLANKS, segment.place(fields[1]), found=f"blanks in {shown(unit)}")
        number, of_number = read_number(value)
        read = read_unit(unit)
        self.cautions.place(of_number, segment.place(fields[0]))
        self.cautions.place(read.doubts, segment.place(fields[1]))
        if read.unit is None:
            found = read.refused.value if read.refused is not None else shown(unit)
            self.refuse(bad_unit, unit_field, found=found, expected=_EXPECTED.get(about, "a unit of MDC or UCUM"))
        elif number is None:
            self.refuse(INVALID, about, found="text that is no plain number", expected="a number such as 0.5")
        else:
            return Quantity(number * read.factor, read.unit)
        return None

    def measure(self, found: Iterable[Obx], key: str, about: Field) -> Quantity | None:
        """Return the value of an OBX; told twice, it must be told alike."""
        value: Quantity | None = None
        for obx in found:
            if obx.key == key and obx.segment.raw(5).strip():
                segment = obx.segment
                told = (segment.raw(5), segment.raw(6))
                value = self.same(value, self._read(segment, told, (5, 6), about=about, unit_field=about), about)
        return value

    def same(self, one: Quantity | None, other: Quantity | None, about: Field) -> Quantity | None:
        """Return what two places say; where they differ neither is believed."""
        if one is not None and other is not None and one != other:
            self.refuse(INVALID, about, found=f"{one} and {other}", expected="one value")
        return one if one is not None else other

    def count(self, found: Iterable[Obx], key: str, about: Field) -> int | None:
        """Return a number of things; told twice, it must be told alike."""
        counts = {obx.segment.raw(5).strip() for obx in found if obx.key == key}
        if not counts:
            return None
        text = counts.pop()
        if counts or not (text.isascii() and text.isdigit() and len(text) < 6):  # noqa: PLR2004
            self.refuse(INVALID, about, found="no one whole number", expected="how many steps there are")
            return None
        return int(text)

    def text(self, found: Iterable[Obx], key: str, about: Field) -> str | None:
        """Return a word of an enumeration, from the second component or the first."""
        words = {word for obx in found if obx.key == key for word in _words(obx.segment, 5)}
        if len(words) > 1:
            self.refuse(INVALID, about, found="two words", expected="one")
        return min(words) if words else None

    def step_kind(self, found: Iterable[Obx]) -> StepKind:
        """Return what a step is; "loading dose" is a known misprint of "loading-dose"."""
        text = self.text(found, STEP_TYPE, Field.STEP)
        if text is None:
            return StepKind.CONTINUOUS
        plain = text.replace(" ", "-")
        if plain != text:
            self.cautions.add(Leniency.WORD_MISPRINT, "OBX-5", found=shown(text), taken=f"read as {plain}")
        known = {kind.value: kind for kind in StepKind}
        if plain not in known:
            self.refuse(INVALID, Field.STEP, found=shown(text), expected=", ".join(known))
        return known.get(plain, StepKind.CONTINUOUS)

    def waits(self, found: Iterable[Obx]) -> bool:
        """Whether a step begins when the nurse confirms it (draft 11)."""
        text = self.text(found, START, Field.STEP)
        if text not in (None, "immediate", "pause-for-confirmation"):
            self.refuse(INVALID, Field.STEP, found=shown(text), expected="immediate or pause-for-confirmation")
        return text == "pause-for-confirmation"

    def duration(self, times: Iterable[Segment]) -> Quantity | None:
        """Return the time in TQ1-13: up to three parts, such as 2 h and 45 min."""
        total: Quantity | None = None
        for segment in times:
            separators = segment.separators
            for part in segment.repetitions(13):
                value, _, unit = part.partition(separators.component)
                if not part.strip():
                    continue
                number, of_number = read_number(value)
                read = read_unit(unit.replace(separators.subcomponent, separators.component))
                self.cautions.place((*of_number, *read.doubts), segment.place(13))
                if number is None or read.unit is None or not read.unit.measures_like(MINUTES):
                    code = INVALID if number is None else BAD_UNIT
                    self.refuse(code, Field.DURATION, found="a part that is no time", expected="h, min or s")
                    return None
                part_of_it = number * read.factor * read.unit.scale
                total = Quantity(part_of_it + (total.value if total else Fraction(0)), MINUTES)
        return total

    def pump(self, found: Iterable[Obx]) -> tuple[str | None, str | None]:
        """Return the pump and its channel; told twice, they must be told alike."""
        ids = {one for obx in found if obx.key == PUMP for one in self._pumps(obx.segment)} - {("", "")}
        if len(ids) > 1:
            self.refuse(INVALID, Field.PUMP, found="several pumps", expected="one pump an order")
            return None, None
        pump, channel = ids.pop() if ids else ("", "")
        return pump or None, channel or None

    def _pumps(self, segment: Segment) -> list[tuple[str, str]]:
        return [self._pump(segment, repetition) for repetition in segment.repetitions(18)]

    def _pump(self, segment: Segment, raw: str) -> tuple[str, str]:
        entity = read_entity(segment, raw)
        if entity is None:
            return "", ""
        name = entity.id
        if not name and entity.universal and not entity.kind.upper().startswith("EUI"):
            # The form of before 2011: the id in the third part and the vendor's name in the fourth.
            self.notes.append(f"{segment.place(18)}: the pump is named in the deprecated way (third part): read so")
            name = entity.universal
        match = _CHANNEL.fullmatch(name)
        return (match[1], match[2]) if match is not None else (name, "")


_EXPECTED = {
    **dict.fromkeys((Field.VOLUME, Field.DILUENT, Field.TOTAL_VOLUME, Field.CONTAINER), "mL"),
    Field.WEIGHT: "kg or g",
    Field.HEIGHT: "cm",
    Field.SURFACE: "m2",
}


def _words(segment: Segment, number: int) -> list[str]:
    """Return the word of every repetition of a field."""
    counts = range(1, len(segment.repetitions(number)) + 1)
    return [(segment.value(number, 2, repetition=n) or segment.value(number, repetition=n)).strip() for n in counts]


def word_of(segment: Segment, number: int) -> str:
    """Return a word of a table that stands as text, or as its code."""
    return _words(segment, number)[0].upper()
