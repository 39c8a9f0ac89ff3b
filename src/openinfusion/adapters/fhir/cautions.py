"""
What a reader of FHIR lets pass or refuses, and how it says so.

Everything that is not plain has a name here, and leaves a ``Caution`` with its place as FHIRPath each time it is met. A
value that could mean something else is not used. Cautions show codes, units and numbers, never words about a person.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from openinfusion.adapters.flags import Worded


class Flag(Worded):
    """One thing that is not plain: its code, and what is made of it."""

    UNIT_UNFIT = ("unit-unfit", "a unit does not measure what the element is for: THE VALUE IS NOT USED")
    UNIT_MISSING = ("unit-missing", "a number has no unit: THE VALUE IS NOT USED")
    UNIT_UNKNOWN = ("unit-unknown", "a unit is not one that infusion pumps use: THE VALUE IS NOT USED")
    UNITS_DISAGREE = ("units-disagree", "the code and the words of a unit differ: THE VALUE IS NOT USED")
    NEGATIVE = ("negative", "a rate or amount is below zero: THE VALUE IS NOT USED")
    COMPARATOR = ("comparator", "a value is only a bound (more than, less than): THE VALUE IS NOT USED")
    ABSENT = ("absent", "there is a unit or a reason, and no number: THE VALUE IS NOT USED")
    NUMBER = ("number", "a value is no number that a pump can mean: THE VALUE IS NOT USED")
    RATIO = ("ratio", "a ratio is not an amount in a time above zero: THE VALUE IS NOT USED")
    TWO_RATES = ("two-rates", "a rate is said twice, and differs: THE VALUE IS NOT USED")
    DISAGREES = ("disagrees", "an element and the extension beside it differ: THE EXTENSION IS NOT USED")
    UNIT_TEXT = ("unit-text", "a unit has no code of UCUM: read from its words")
    UNIT_SYSTEM = ("unit-system", "the code of a unit does not say of which system it is: read as UCUM")
    UNIT_WORDS = ("unit-words", "the words of a unit are not known: its code holds")
    TIME_PARTIAL = ("time-partial", "a time is a day or less exact, or has no zone: not used")
    TIME_UNREADABLE = ("time-unreadable", "a time cannot be read: not used")
    TIME_ORDER = ("time-order", "a period ends before it begins: neither is used")
    WORD_UNKNOWN = ("word-unknown", "a word is not one that FHIR has here: kept as it came")
    MISSING = ("missing", "an element that is needed is missing: what is there was read")
    NOT_VALID = ("not-valid", "the resource breaks a rule of its release: what is there was read")
    EXTENSION = ("extension", "an extension of ours cannot be read: not used")
    MORE = ("more-than-one", "there is more than one where one is read: the first was taken")
    UNRESOLVED = ("unresolved", "a reference leads to nothing in this file: kept as it came")
    MODIFIER = ("modifier", "a modifier extension that is not known may change the meaning: THE RESOURCE IS NOT USED")
    IN_ERROR = ("in-error", "the sender says that the resource was entered in error: do not use it")
    TWICE = ("twice", "another resource has this address, or this type and id: both are listed, count them once")
    NOT_READ = ("not-read", "a resource of a type that is not read: passed over")


class Caution(NamedTuple):
    """One flag where it was met."""

    flag: Flag
    place: str
    found: str

    def __str__(self) -> str:
        """Return it as a sentence: place, what was found, what was made of it."""
        return f"{self.place}: found {self.found}; {self.flag.words}"


@dataclass(slots=True)
class Cautions:
    """What has been flagged so far."""

    met: list[Caution] = field(default_factory=list)

    def add(self, flag: Flag, place: str, found: str) -> None:
        """Note a flag at its place."""
        self.met.append(Caution(flag, place, found))
