"""Who and where: devices (EI), senders (HD), coded elements (CWE), places (PL), and whoever must stay private."""

from functools import lru_cache
from typing import NamedTuple

from openinfusion.adapters.hl7.leniency import Cautions, Doubt, Leniency
from openinfusion.adapters.hl7.nomenclature import LONGEST_CACHED, Term, read_term, term_named
from openinfusion.adapters.hl7.text import USUAL, Segment
from openinfusion.core.event_parts import Private

_LONGEST_ID = 200
# What HL7 writes for "there is none".
_NULL = '""'


class Entity(NamedTuple):
    """
    An identifier with whose it is (EI): a device, an order, an alarm. A sender (HD) has no namespace beside its name.

    Attributes:
        id: the identifier itself, such as the asset number of a pump.
        namespace: who gave it.
        universal: world-wide number of the namespace or of the device, such as an EUI-64.
        kind: what kind of number that is.

    """

    id: str
    namespace: str = ""
    universal: str = ""
    kind: str = ""

    @property
    def number(self) -> str:
        """The id without the one letter that B. Braun puts before it in some messages and not in others."""
        digits = self.id[1:]
        return digits if self.id[:1].isalpha() and digits.isdigit() else self.id

    @property
    def key(self) -> tuple[str, str]:
        """What two mentions of one device or alarm have in common; spellings of the kind of number differ."""
        return (self.id, self.universal or self.namespace)

    def is_same_device(self, other: "Entity") -> bool:
        """Whether two mentions mean one device; where one has no world-wide number, the id decides."""
        if self.number != other.number:
            return False
        return not (self.universal and other.universal) or self.universal == other.universal


class Coded(NamedTuple):
    """
    A coded value.

    Attributes:
        code: code as sent.
        name: name as sent.
        text: the text that a person reads (the original text, else the name).
        term: the term of the nomenclature, or ``None`` if it is in no table.

    """

    code: str
    name: str
    text: str
    term: Term | None

    @property
    def is_two(self) -> bool:
        """Whether code and name are those of two known things."""
        if self.term is None or self.name == self.term.refid:
            return False
        named = term_named(self.name.upper())
        return named is not None and named.key != self.term.key


class Place(NamedTuple):
    """A place (PL), from the ward to the bed and the building around it; a bed may tell who lies in it."""

    unit: str = ""
    room: str = ""
    bed: str = ""
    facility: str = ""
    building: str = ""
    floor: str = ""
    description: str = ""

    @property
    def depth(self) -> int:
        """How closely the place is known."""
        return sum(map(bool, (self.unit, self.room, self.bed, self.floor, self.description)))


def read_entity(segment: Segment, raw: str) -> Entity | None:
    """Return the entity in the first repetition of a field, or ``None`` where it is empty."""
    separators = segment.separators
    if not raw:
        return None
    if separators is USUAL and "\\" not in raw and len(raw) <= LONGEST_CACHED:
        return _entity(raw.partition("~")[0])
    return _of_parts(segment.split(raw.partition(separators.repetition)[0]))


@lru_cache(maxsize=4096)
def _entity(raw: str) -> Entity | None:
    return _of_parts(raw.split("^"))


def _of_parts(parts: list[str]) -> Entity | None:
    bare = [part.strip() if part != _NULL else "" for part in parts[:4]]
    return Entity(*bare) if any(bare) else None


def read_coded(segment: Segment, number: int, cautions: Cautions) -> Coded:
    """Return a coded value; its code is looked up in the nomenclature."""
    first = segment.raw(number).partition(segment.separators.repetition)[0]
    if segment.separators is USUAL and "\\" not in first and len(first) <= LONGEST_CACHED:
        coded, doubts = _coded(first)
    else:
        coded, doubts = _coded_of(segment.split(first))
    if doubts:
        cautions.place(doubts, segment.place(number))
    return coded


@lru_cache(maxsize=4096)
def _coded(raw: str) -> tuple[Coded, tuple[Doubt, ...]]:
    return _coded_of(raw.split("^"))


def _coded_of(parts: list[str]) -> tuple[Coded, tuple[Doubt, ...]]:
    if len(parts) == 1 and not parts[0].strip().isdigit():
        # A name that stands alone is read by name; else it is a text.
        bare = parts[0].strip()
        named = read_term(bare.upper())
        return Coded("", named.term.refid if named.term else "", bare, named.term), named.doubts
    named = read_term("^".join(parts[:6]))
    original = parts[8].strip() if len(parts) > 8 else ""  # noqa: PLR2004 - CWE-9 is the original text
    return Coded(named.code, named.name, original or named.name or named.code, named.term), named.doubts


def read_place(parts: list[str]) -> Place:
    """Return a place from the components of a PL."""
    bare = [part.strip() if part != _NULL else "" for part in [*parts, *[""] * 9][:9]]
    unit, room, bed, facility, _, _, building, floor, description = bare
    return Place(unit, room, bed, facility, building, floor, description)


def read_patient(pid: Segment | None, cautions: Cautions) -> str | None:
    """
    Return the identifier of the patient, or ``None`` where there is no patient.

    Unknown patients are told by PID-31; B. Braun adds words in PID-3.
    """
    if pid is None:
        return None
    told = pid.value(3) or next(
        (value for n in range(2, len(pid.repetitions(3)) + 1) if (value := pid.value(3, repetition=n))), ""
    )
    has_words = "unknown" in told.casefold() and not any(map(str.isdigit, told))
    if has_words:
        cautions.add(Leniency.PATIENT_WORDS, pid.place(3), found="words that say so")
    if has_words or pid.value(31).upper() == "Y" or told.strip() in ("", '""'):
        return None
    return told.strip()[:_LONGEST_ID]


def read_visit(pv1: Segment | None) -> Place | None:
    """Return where the patient lies, by PV1-3."""
    raw = pv1.raw(3) if pv1 is not None else ""
    if pv1 is None or not raw:
        return None
    is_plain = pv1.separators is USUAL and "\\" not in raw and len(raw) <= LONGEST_CACHED
    place = _place(raw) if is_plain else read_place(pv1.components(3))
    return place if any(place) else None


@lru_cache(maxsize=1024)
def _place(raw: str) -> Place:
    return read_place(raw.partition("~")[0].split("^"))


def private(patient: str | None, place: Place | None, *, user: str | None, order: str | None) -> Private:
    """Return what may identify a person, apart from all the rest."""
    bed = "/".join(part for part in (place.room, place.bed) if part) if place else ""
    return Private(patient=patient, bed=bed or None, user=user or None, order=order or None)
