"""What vendors, messages and logs say of pumps, beside what pumps have proven: kept as claimed, and never more."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from openinfusion.fleet.proof.register import Register
from openinfusion.fleet.proof.states import Claim
from openinfusion.fleet.proof.witness import Witness
from openinfusion.fleet.report import Place

if TYPE_CHECKING:
    from openinfusion.adapters.vendor_status import PumpStatus  # its spreadsheets take a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """
    What is said of one pump.

    Attributes:
        pump: its URN, or the name under which it is spoken of.
        claim: which library it is said to have, by whom and of when.
        ward: where it is said to be.

    """

    pump: str
    claim: Claim
    ward: str | None = None


def names_of(pumps: Iterable[str]) -> Callable[[str], str]:
    """
    Return what gives a pump its URN by the name under which it is spoken of.

    A name that is the serial number of one pump is that pump; of several, it is none of them, and stays as it is.
    """
    known = set(pumps)
    by_serial: defaultdict[str, list[str]] = defaultdict(list)
    for pump in known:
        by_serial[pump.rpartition(":")[2]].append(pump)

    def named(spoken: str) -> str:
        found = by_serial.get(spoken, []) if spoken not in known else []
        return found[0] if len(found) == 1 else spoken

    return named


def status_claims(pumps: Iterable["PumpStatus"]) -> Iterator[Claimed]:
    """Yield what a vendor's server says of pumps, as claims."""
    for one in pumps:
        claim = Claim(version=one.version, library=one.library, source="vendor export", at=one.seen)
        yield Claimed(pump=one.pump, claim=claim, ward=one.ward)


def take_claims(register: Register, claimed: Iterable[Claimed], *, at: datetime) -> int:
    """
    Keep claims in the register, the newest of each pump, and return how many pumps were not in it before.

    A name that is the serial number of one pump in the register is that pump; of several, it is none of them. A pump
    that is not in the register is taken into it: it has no key, so nothing can be proven of it; it stands as claimed.
    """
    known = {card.witness.pump for card in register}
    named = names_of(known)
    added = 0
    for one in claimed:
        pump = named(one.pump)
        if pump not in known:
            place = Place(ward=one.ward) if one.ward else None
            witness = Witness(pump=pump, line="", enrolled=min(one.claim.at, at), place=place)
            register.enrol(witness, "", at=at, claim=one.claim)
            known.add(pump)
            added += 1
        register.claim(pump, one.claim, at=at)
    return added
