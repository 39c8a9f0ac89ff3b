"""
The text of an HL7 v2 message, by position: segments, fields, repetitions, components, subcomponents.

Fields are counted as in the standard: MSH-1 is the field separator itself. Nothing within a
field is split before it is asked for, and every segment keeps the text that it was sent as: the evidence for every
value that is read out of it.

Sources: HL7 v2.6, chapter 2 (encoding rules, escapes); IHE Devices Technical Framework, volume 2.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from openinfusion.adapters.hl7.leniency import Caution


class Separators(NamedTuple):
    """What parts the pieces of a message, as its MSH-1 and MSH-2 say."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


USUAL = Separators()
_HEADERS = frozenset({"MSH"})
_NAME_LENGTH = 3


class Segment(NamedTuple):
    """
    One segment.

    Attributes:
        name: its name, such as OBX.
        number: its number among the segments of this name: the place "OBX[4]-6" is field 6 of the fourth OBX.
        text: its text as sent: the evidence.
        separators: what parts it.
        fields: its fields as sent, by number; the first is the name. They are not to be changed.

    """

    name: str
    number: int
    text: str
    separators: Separators
    fields: list[str]

    def raw(self, number: int) -> str:
        """Return a field as it was sent, with its escapes; empty where it is absent."""
        fields = self.fields
        return fields[number] if number < len(fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """Return the repetitions of a field as they were sent; one at least."""
        raw = self.raw(number)
        # The separators themselves stand in MSH-2, and part nothing there.
        return [raw] if self.name in _HEADERS and number <= 2 else raw.split(self.separators.repetition)  # noqa: PLR2004

    def components(self, number: int, repetition: int = 1) -> list[str]:
        """Return the components of one repetition of a field, their escapes decoded; one at least."""
        repetitions = self.repetitions(number)
        if repetition > len(repetitions):
            return [""]
        if self.name in _HEADERS and number <= 2:  # noqa: PLR2004
            return repetitions
        return self.split(repetitions[repetition - 1])

    def split(self, raw: str) -> list[str]:
        """Return the components of a piece of this segment, their escapes decoded."""
        separators = self.separators
        parts = raw.split(separators.component)
        return [unescape(part, separators) for part in parts] if separators.escape in raw else parts

    def value(self, number: int, component: int = 1, *, repetition: int = 1, subcomponent: int | None = None) -> str:
        """Return one component, or one subcomponent of it, its escapes decoded; empty where it is absent."""
        fields = self.fields
        raw = fields[number] if number < len(fields) else ""
        if component == repetition == 1 and (raw.isalnum() or (number <= 2 and self.name in _HEADERS)):  # noqa: PLR2004
            return raw
        separators = self.separators
        raw = _part(_part(raw, separators.repetition, repetition), separators.component, component)
        if subcomponent is not None:
            raw = _part(raw, separators.subcomponent, subcomponent)
        return unescape(raw, separators) if separators.escape in raw else raw

    def place(self, number: int) -> str:
        """Return the place of a field, such as "OBX[4]-6"."""
        return f"{self.name}[{self.number}]-{number}"

    def __repr__(self) -> str:
        """Name the segment, not its content: a PID is a person."""
        return f"Segment({self.name}[{self.number}])"


@dataclass(frozen=True, slots=True)
class Message:
    """
    A message as it was sent.

    Attributes:
        raw: its bytes: the evidence.
        separators: what parts its pieces.
        segments: its segments in their order; MSH is the first.
        warnings: what was let pass to read it as segments.

    """

    raw: bytes = field(repr=False)
    separators: Separators
    segments: tuple[Segment, ...]
    warnings: tuple[Caution, ...]

    @property
    def header(self) -> Segment:
        """The MSH segment."""
        return self.segments[0]

    def all(self, name: str) -> Iterator[Segment]:
        """Yield the segments of this name in their order."""
        return (segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment | None:
        """Return the first segment of this name, or ``None``."""
        for segment in self.segments:
            if segment.name == name:
                return segment
        return None


def _part(raw: str, mark: str, number: int) -> str:
    """Return one part of a text, counted from 1; empty where there are fewer."""
    if number == 1:
        return raw.partition(mark)[0]
    parts = raw.split(mark)
    return parts[number - 1] if number <= len(parts) else ""


_HIGHLIGHTS = frozenset("HN")
_BREAKS = {".br": "\n", ".sp": "\n", ".ce": "\n", ".in": "", ".ti": "", ".fi": "", ".nf": "", ".sk": " "}
_LONGEST_ESCAPE = 200


def unescape(text: str, separators: Separators = USUAL) -> str:
    r"""
    Return text with its escapes decoded: ``\F\ \S\ \T\ \R\ \E\``, ``\X0D0A\``, ``\.br\`` and the marks of highlighting.

    What is no escape stays as it is: a lone backslash is common in the names of drugs and wards.
    """
    if separators.escape not in text:
        return text
    pieces = text.split(separators.escape)
    return "".join(_joined(pieces, separators))


_ENCODED = str.maketrans({"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"})


def encode(text: str) -> str:
    """Return text for a field in the usual separators: those escaped, control characters as blanks."""
    return "".join(c if c.isprintable() else " " for c in text).translate(_ENCODED)


def _joined(pieces: list[str], separators: Separators) -> Iterator[str]:
    """Yield what the pieces between escape characters mean; a piece that is no escape keeps its escape character."""
    yield pieces[0]
    at, last = 1, len(pieces) - 1
    while at <= last:
        # An escape has its character on both sides, so the last piece cannot be one.
        meant = _escape(pieces[at], separators) if at < last else None
        if meant is None:
            yield separators.escape + pieces[at]
            at += 1
        else:
            yield meant + pieces[at + 1]
            at += 2


def _escape(code: str, separators: Separators) -> str | None:
    """Return what stands for an escape code, or ``None`` if it is none."""
    if not code or len(code) > _LONGEST_ESCAPE:
        return None
    letters = {
        "F": separators.field,
        "S": separators.component,
        "T": separators.subcomponent,
        "R": separators.repetition,
        "E": separators.escape,
    }
    if code in letters:
        return letters[code]
    if code in _HIGHLIGHTS:
        return ""
    if code[0] == ".":
        return _BREAKS.get(code[:3])
    return _hexadecimal(code[1:]) if code[0] == "X" else None


def _hexadecimal(digits: str) -> str | None:
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", digits):
        return None
    data = bytes.fromhex(digits)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


# Names of systems of codes and numbers, with which a line may begin that goes on from the one before it.
_OF_SYSTEMS = frozenset({"MDC", "ISO", "DNS"})


def is_name(text: str) -> bool:
    """Whether a text is the name of a segment."""
    is_upper = len(text) == _NAME_LENGTH and text.isupper() and text.isalnum() and text.isascii()
    return is_upper and not text[0].isdigit() and text not in _OF_SYSTEMS


class Split(NamedTuple):
    """Lines as segments, how many there are of each name, and whether every line begins with a name."""

    segments: list[Segment]
    counts: dict[str, int]
    is_regular: bool


def segments_of(lines: Iterable[str], separators: Separators) -> Split:
    """Return lines as segments, each with its number among those of its name."""
    counts: dict[str, int] = {}
    made = []
    is_regular = True
    mark = separators.field
    last, number = "", 0
    # Past the generated constructor, which costs twice as much as all the rest of this loop.
    new = tuple.__new__
    for line in lines:
        fields = line.split(mark)
        name = fields[0]
        if name == last:
            number += 1
        else:
            counts[last] = number
            if not is_name(name):
                is_regular, name = False, name[:3]
            elif name == "MSH":
                fields.insert(1, mark)
            number = counts.get(name, 0) + 1
            counts[name] = number
            # Each MSH is looked at by itself: it alone has a field more.
            last = "" if name == "MSH" else name
        made.append(new(Segment, (name, number, line, separators, fields)))
    counts[last] = number
    return Split(made, counts, is_regular)
