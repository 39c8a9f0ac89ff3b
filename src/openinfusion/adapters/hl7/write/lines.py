"""
The lines of a message that we send: header, patient, place, order, and OBX in their tree.

Codes come from the nomenclature by number, so that a misprint or a legacy code cannot be written; a unit is written in
both systems, the code of IEEE first, where there is one. Segments end with CR, texts are escaped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from openinfusion.adapters.hl7.nomenclature import term_of, unit_rows
from openinfusion.adapters.hl7.parts import Purpose
from openinfusion.adapters.hl7.route import Transaction
from openinfusion.adapters.hl7.text import encode
from openinfusion.core.errors import AuthorError
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import Quantity, Unit

_IHE = "IHE PCD^1.3.6.1.4.1.19376.1.6"
_PROFILES: Mapping[Transaction, tuple[str, str]] = {
    Transaction.REPORT: ("ORU^R01^ORU_R01", f"IHE_PCD_001^{_IHE}.1.1.1^ISO"),
    Transaction.ALERT: ("ORU^R40^ORU_R40", f"IHE_PCD_004^{_IHE}.1.4.1^ISO"),
    Transaction.EVENT: ("ORU^R42^ORU_R01", f"IHE_PCD_010^{_IHE}.4.10^ISO"),
    Transaction.MANAGEMENT: ("ORU^R01^ORU_R01", f"IHE_PCD_015^{_IHE}.4.15^ISO"),
}
_PROCESSING: Mapping[Purpose, str] = {"clinical": "P", "test": "D", "training": "T"}
_MOST_OF_PATH = 4
DEVICE, ATTRIBUTE, FACET = "X", "R", "F"


@dataclass(frozen=True, slots=True)
class Sender:
    """
    Who sends (MSH-3), and for whose pumps.

    Attributes:
        name: name of the application.
        eui: its world-wide number (EUI-64, 16 hexadecimal digits); this one is of the locally administered kind.
        facility: MSH-4.

    """

    name: str = "OPENINFUSION"
    eui: str = "020000FFFE000000"
    facility: str = "OPENINFUSION"

    def __post_init__(self) -> None:
        """Refuse what is no EUI-64."""
        if len(self.eui) != 16 or any(c not in "0123456789ABCDEF" for c in self.eui):  # noqa: PLR2004
            raise AuthorError(where="sender", found=f"{self.eui!r}", expected="16 hexadecimal digits in capitals")

    @property
    def field(self) -> str:
        """The sender as MSH-3 has it."""
        return f"{encode(self.name)}^{self.eui}^EUI-64"

    def number(self, text: str) -> str:
        """Return a number of ours, such as that of an order, as an EI."""
        return f"{encode(text)}^{encode(self.name)}^{self.eui}^EUI-64"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How one message goes out: by whom, when, and whether its data may be counted as clinical."""

    sender: Sender
    at: datetime
    purpose: Purpose = "clinical"


@cache
def code_of(code: int) -> str:
    """Return a code with its name; raises KeyError for one that may not be written."""
    term = term_of(code)
    if term is None:
        raise KeyError(code)
    return f"{code}^{term.refid}^MDC"


@cache
def unit_triples(unit: Unit) -> str:
    """Return a unit in both systems, or in UCUM alone where IEEE has no code for it."""
    ucum = unit.code
    row = next((row for row in unit_rows() if row.ucum == ucum), None)
    own = f"{ucum}^{ucum}^UCUM"
    return f"{row.code}^{row.refid}^MDC^{own}" if row is not None else own


def moment_text(at: datetime) -> str:
    """Return a moment to the microsecond, with its zone; a zone that is not of whole minutes is written as UTC."""
    text = at.strftime("%Y%m%d%H%M%S")
    fraction = f".{at.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{text}{fraction}{at.strftime('%z')[:5]}"


@dataclass(slots=True)
class Lines:
    """A message while it is written."""

    sending: Sending
    transaction: Transaction
    control_id: str
    made: list[str] = field(default_factory=list)
    obx: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with MSH."""
        sending, (kind, profile) = self.sending, _PROFILES[self.transaction]
        sender = sending.sender
        self.made.append(
            f"MSH|^~\\&|{sender.field}|{encode(sender.facility)}|||{moment_text(sending.at)}||{kind}"
            f"|{encode(self.control_id)}|{_PROCESSING[sending.purpose]}|2.6|||AL|NE||UNICODE UTF-8"
            f"|en^English^ISO639||{profile}"
        )

    def person(self, patient: str | None, ward: str | None, bed: str | None) -> None:
        """Write PID and PV1: nobody is known where no patient is told."""
        known = f"PID|||{encode(patient)}^^^^PI" if patient else f"PID||||||{'|' * 24}|Y"
        place = f"{encode(ward or '')}^{encode(bed or '')}".rstrip("^")
        self.made += [known, f"PV1||I|{place}"]

    def order(self, number: str, *, placer: str | None, what: str, at: datetime, parent: str | None = None) -> None:
        """Write OBR: our number, that of the order, what it is about, when, and of an alarm how it began (OBR-29)."""
        parts = ["OBR", "1", encode(placer or ""), self.sending.sender.number(number), what, "", "", moment_text(at)]
        if parent is not None:
            parts += [""] * 21 + ["^" + self.sending.sender.number(parent).replace("^", "&")]
        self.made.append("|".join(parts))

    def node(self, code: int, path: str, *, user: str | None = None, device: str | None = None) -> None:
        """Write an OBX that names a part of the pump."""
        tail = f"||||{DEVICE}|||||{encode(user or '')}||{device or ''}".rstrip("|")
        self._obx("", code_of(code), path, value="|", tail=tail)

    def text(self, code: int | str, node: str, text: str, *, kind: str = "ST") -> None:
        """Write a text; a code that is a name is one of our own."""
        self._obx(kind, _id(code), self._path(node), value=f"{encode(text)}|", tail=f"||||{ATTRIBUTE}")

    def word(self, code: int | str, node: str, word: str) -> None:
        """Write a word of an enumeration."""
        self._obx("CWE", _id(code), self._path(node), value=f"^{word}|", tail=f"||||{ATTRIBUTE}")

    def coded(self, code: int, node: str, value: str) -> None:
        """Write a coded value that is composed already."""
        self._obx("CWE", _id(code), self._path(node), value=f"{value}|", tail=f"||||{ATTRIBUTE}")

    def amount(self, code: int | str, node: str, quantity: Quantity) -> None:
        """Write an amount with its unit, exactly."""
        value = f"{decimal_text(quantity.value)}|{unit_triples(quantity.unit)}"
        self._obx("NM", _id(code), self._path(node), value=value, tail=f"||||{ATTRIBUTE}")

    def facet(self, code: int, number: int, value: str, *, kind: str = "ST", device: str = "") -> None:
        """Write a facet of an alarm."""
        tail = f"||||{FACET}|||||||{device}".rstrip("|")
        self._obx(kind, code_of(code), f"1.0.0.0.{number}", value=f"{value}|", tail=tail)

    def _obx(self, kind: str, code: str, path: str, *, value: str, tail: str) -> None:
        self.obx += 1
        self.made.append(f"OBX|{self.obx}|{kind}|{code}|{path}|{value}|{tail}")

    def _path(self, node: str) -> str:
        """Return the next free place under a device node, such as 1.1.2.0."""
        self.counts[node] = number = self.counts.get(node, 0) + 1
        return f"{node.rpartition('.')[0]}.{number}"

    def bytes(self) -> bytes:
        """Return the message."""
        return "".join(f"{line}\r" for line in self.made).encode()


def _id(code: int | str) -> str:
    return code_of(code) if isinstance(code, int) else f"0^{code}^MDC"
