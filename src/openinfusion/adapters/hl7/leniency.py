"""
What the reader lets pass, and how it says so.

Real gateways break the standard every day; a reader that refuses them knows nothing of the pumps behind them. So every
departure that is read in spite of it has a name here, and each time it is met leaves a ``Caution`` with its place. What
was found is told in the words of the message only where no person can be in it: never out of PID or PV1.
"""

from dataclasses import dataclass
from typing import NamedTuple

from openinfusion.adapters.flags import Worded


class Leniency(Worded):
    """One departure from the standard that is read in spite of it: its code, and what is made of it."""

    FRAMING = ("framing", "bytes of the transport (MLLP) or a byte order mark were left in: removed")
    LEADING_BLANKS = ("leading-blanks", "blanks or empty lines stand before a segment: removed")
    LINE_ENDS = ("line-ends", "segments end with LF or CRLF instead of CR: read as CR")
    EMPTY_LINE = ("empty-line", "a line without any text stands between two segments: skipped")
    NO_SEGMENT = ("no-segment", "a line does not begin with the name of a segment: skipped, its bytes are kept")
    WRAPPED = ("wrapped-line", "a segment goes on in the next line: put together; a number that is parted is none")
    BATCH = ("batch", "the head of a batch (FHS, BHS) stands before the message: skipped")
    SEVERAL = ("several-messages", "another message stands after the first: only the first was read")
    GLUED = ("glued-segments", "the CR between two segments is lost: parted before PID, PV1, OBR and OBX")
    TRUNCATED = ("truncated", "the message ends too early: what is there was read")
    SEPARATORS = ("separators", "MSH-2 does not give four separators: the usual ones stand in for what is missing")
    CHARSET = ("charset", "the bytes are not of the character set that MSH-18 declares: read as what they are")
    CHARSET_UNKNOWN = ("charset-unknown", "MSH-18 names a character set that is not known: UTF-8 tried, then 8859/1")
    BLANKS = ("blanks", "blanks stand around or inside a code or a time: removed")
    OID_VARIANT = ("oid-variant", "MSH-21 gives a vendor's number for the transaction: read as that transaction")
    PROFILE_NAME = ("profile-name", "MSH-21 names the transaction without its number: read by name")
    PROFILE_OTHER = (
        "profile-other",
        "MSH-21 belongs to another transaction than MSH-9 or the content: the latter hold",
    )
    TRIGGER_OTHER = (
        "trigger-other",
        "MSH-9 or MSH-21 says alarm or event of delivery and the content is the other of both: the content holds",
    )
    PROFILE_MISSING = ("profile-missing", "MSH-21 does not tell the transaction: read from MSH-9 and the content")
    CODE_MISPRINT = ("code-misprint", "a code is a known misprint: read as the code that was meant")
    CODE_LEGACY = ("code-legacy", "a code of before 2012 (68164 to 68169): read as its successor")
    CODE_UNKNOWN = ("code-unknown", "a code is in no table, but its name is: read by name")
    CODE_BY_NAME = ("code-by-name", "a code is 0 or empty although its name has one: read by name")
    CODE_AND_NAME = (
        "code-and-name",
        "code and name mean different things: the code holds for words, A NUMBER AND AN EVENT ARE REFUSED",
    )
    CODE_EXCHANGED = ("code-exchanged", "code and name stand in each other's place: read the other way round")
    WORD_MISPRINT = ("word-misprint", "a value of an enumeration is misprinted: read as the value that was meant")
    WORD_UNKNOWN = ("word-unknown", "a value is in no public enumeration: kept as it came")
    SUB_ID_MISSING = ("sub-id-missing", "OBX-4 is absent: taken as part of the device node before it")
    SUB_ID_TEXT = ("sub-id-text", "OBX-4 is not a path of numbers: taken as part of the device node before it")
    SUB_ID_REPEATED = ("sub-id-repeated", "two OBX of one OBR have the same OBX-4: both are read")
    SUB_ID_STRAY = ("sub-id-stray", "OBX-4 lies under no device node of the message: taken to the nearest that fits")
    STATUS_MISSING = ("status-missing", "OBX-11 is absent: read as a result")
    UNIT_ORDER = ("unit-odd-id", "the id in front of a unit of UCUM is a number: the unit was read from its text")
    UNIT_ALIAS = ("unit-alias", "a unit is not written as in UCUM: read as the unit that is meant")
    UNIT_CODE_UNKNOWN = ("unit-code-unknown", "the MDC code of a unit is in no table: read from its name or UCUM")
    UNITS_DISAGREE = ("units-disagree", "the MDC and the UCUM unit differ: THE VALUE IS REFUSED")
    UNIT_MISSING = ("unit-missing", "a number has no unit: THE VALUE IS REFUSED")
    UNIT_UNKNOWN = ("unit-unknown", "a unit is not one that can be read: THE VALUE IS REFUSED")
    UNIT_UNFIT = ("unit-unfit", "a unit does not measure what the code says: THE VALUE IS REFUSED")
    NUMBER = ("number", "a value is not a plain decimal: THE VALUE IS REFUSED")
    UNIT_INSIDE = ("unit-in-value", "a unit stands behind the number (12.5 mL/h) in OBX-5: read as number and unit")
    NUMBER_ODD = ("number-odd", "a number is written in another way (+1, .5, 1,5 is not): read as the same number")
    NOT_VALID = ("not-valid", "OBX-8 or OBX-11 says that a value must not be used: THE VALUE IS REFUSED")
    QUESTIONABLE = ("questionable", "OBX-8 or OBX-11 says that a value is questionable: kept, and said")
    TOLD_TWICE = ("told-twice", "two OBX tell one thing of one source in different ways: A NUMBER IS REFUSED")
    NO_ZONE = ("no-zone", "a time has no zone, and neither has MSH-7: the zone set for the sender is assumed")
    NO_TIME_OF_DAY = ("no-time-of-day", "a time is a day only: midnight is assumed")
    TIME_ODD = ("time-odd", "a time is written as in ISO 8601, not as in HL7: read as the same time")
    TIME_UNREADABLE = ("time-unreadable", "a time cannot be read: left out")
    TIME_ELSEWHERE = ("time-elsewhere", "a time stands in OBX-7 or OBR-6: read from there")
    TIME_FROM_HEADER = ("time-from-header", "no time of the occurrence is told: the time of sending stands in")
    PATIENT_WORDS = ("patient-in-words", "PID-3 says in words that there is no patient: read as no patient")
    PRIORITY_NUMBER = ("priority-number", "the priority of an alarm is a number: kept as it came, no priority is read")
    ALARM_NAMED_BY_ITSELF = ("alarm-in-obx-3", "the alarm stands in OBX-3 instead of OBX-5: read from there")
    ALARM_IN_REPORT = ("alarm-in-report", "an alarm stands in a report of values: kept as it came, NO ALARM IS READ")
    TEST_DATA = ("test-data", "MSH-11 or OBX-8 says that this is a test or a demonstration: not for clinical analysis")
    LOCATION_IN_DEVICE = ("location-in-device", "the ward stands in repetitions of OBX-18: read from there")
    SEVERAL_PATIENTS = ("several-patients", "a message tells of several patients: each OBR is of the one before it")
    MORE_THAN_ONE = ("more-than-one", "a message that tells one thing has several OBR: only the first was read")
    TOO_MANY = ("too-many", "one OBR has more pumps and modules than any rack holds: read as one")
    TOO_FEW = ("too-few", "a part that IHE requires is missing: what is there was read")

    @property
    def costs_something(self) -> bool:
        """Whether a value or a time was lost by it, not only read in another way than it should have been written."""
        return "REFUSED" in self.words or self in (Leniency.TIME_UNREADABLE, Leniency.NO_SEGMENT, Leniency.TRUNCATED)


class Caution(NamedTuple):
    """One leniency where it was met."""

    code: Leniency
    place: str
    found: str
    taken: str

    def __str__(self) -> str:
        """Return it as a sentence: place, what was found, what was made of it."""
        return f"{self.place}: found {self.found}; {self.taken}"


class Doubt(NamedTuple):
    """A leniency that has no place yet: what was found in a text that may stand anywhere, and what was made of it."""

    code: Leniency
    found: str
    taken: str

    def at(self, place: str) -> Caution:
        """Return the caution at the place where the text was met."""
        return Caution(self.code, place, self.found, self.taken)


@dataclass(slots=True)
class Cautions:
    """What has been let pass so far while one message is read."""

    met: list[Caution]

    def add(self, code: Leniency, place: str, *, found: str, taken: str | None = None) -> None:
        """Note a leniency; what was made of it is its own words unless there is more to say."""
        self.met.append(Caution(code, place, found, taken or code.words.partition(": ")[2]))

    def place(self, doubts: tuple[Doubt, ...], place: str) -> None:
        """Note doubts at the place where their text was met."""
        self.met.extend(doubt.at(place) for doubt in doubts)
