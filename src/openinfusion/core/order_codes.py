"""
The 44 codes with which a pump answers an order, and when this software answers with each.

One table, ``CODES``: the words are those of IHE, ``when`` is our rule, ``knows`` is whose knowledge decides it. The
page ``docs/reference/orders.md`` is made from it, and a test holds that every code is produced.

Source: IHE Devices Technical Framework, volume 2, revision 10, PCD-03, appendix B.3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from openinfusion.core.order_parts import Field

Knows = Literal["order", "library", "pump"]


@dataclass(frozen=True, slots=True)
class OrderCode:
    """
    One of the 44 codes.

    Attributes:
        code: its number.
        words: the text of IHE, with places for names.
        knows: whose knowledge decides: the order alone, the library, or the pump.
        when: when it is produced.

    """

    code: int
    words: str
    knows: Knows
    when: str


_ALL: tuple[tuple[int, Knows, str, str], ...] = (
    (9001, "pump", "Unknown infuser or channel", "the gateway knows no such pump or channel"),
    (
        9002,
        "pump",
        "Infuser/channel is currently infusing",
        "a new or multistep order for a pump that infuses, unless it is a secondary one",
    ),
    (
        9003,
        "order",
        "Missing required program parameter(s) (ParameterName1, ParameterName2, ...)",
        "a value that this kind of order needs was not sent; all that are missing are named",
    ),
    (
        9004,
        "order",
        "Invalid program parameter(s) (ParameterName1, ParameterName2, ...)",
        (
            "not a number, zero or less, a volume that is not in mL, values that contradict each other, a value that"
            " the kind of order must not have, a time in the future"
        ),
    ),
    (
        9005,
        "library",
        "Parameter (ParameterName) outside of allowable range (MinValue to MaxValue)",
        "weight, height or body surface area beyond the hard limits of the care area; a rate that the pump cannot run",
    ),
    (9006, "pump", "Infuser is powered off", "the pump is switched off"),
    (9007, "pump", "Infuser is offline or unable to connect to infuser", "the gateway cannot reach the pump"),
    (
        9008,
        "order",
        "Invalid units for parameter (ParameterName)",
        "a unit is missing, unknown, told in two ways that differ, or measures something else (mg for a diluent)",
    ),
    (
        9009,
        "library",
        "Dose/Rate Units do not match drug library",
        (
            "the order counts in another unit than the entry, such as mL/h for micrograms/kg/min; also mg/h for"
            " micrograms/h, unless the trust lets exact conversions pass"
        ),
    ),
    (
        9010,
        "library",
        "Unable to match medication to drug library",
        (
            "no medicine, or more than one, has the code or name; code and name mean different medicines; it is not in"
            " the care area or not for this kind of pump; or several entries fit and nothing tells them apart"
        ),
    ),
    (9011, "pump", "Patient weight mismatch", "the pump knows another weight than the order gives"),
    (9012, "pump", "Patient ID mismatch", "the pump knows another patient than the order names"),
    (
        9013,
        "library",
        "Unable to program medication as piggyback",
        "a secondary order for a medicine whose entries may not run as secondary",
    ),
    (
        9014,
        "library",
        "Dose rate or VTBI exceeds maximum",
        "the rate or volume is above what the pumps of the care area may do; steps count together",
    ),
    (9015, "pump", "Request timed out", "the pump did not answer in time"),
    (9016, "library", "Other error", "the entry sets no limit for anything in the order: not checked is not accepted"),
    (
        9017,
        "pump",
        "Infuser cannot accept program",
        (
            "the pump is paused or in standby, or its state is not known; a change while nothing runs, or of another"
            " order or medicine than runs; the rate of a single dose or of PCA"
        ),
    ),
    (
        9018,
        "library",
        "Parameter (ParameterName) does not match drug library",
        (
            "strength, kind of amount, route, therapy, device, primary or secondary, PCA window or PCA dose that the"
            " entry does not have"
        ),
    ),
    (9019, "library", "Patient weight missing", "the dose or its limit is per kg and the order has no weight"),
    (
        9020,
        "library",
        "Patient height missing",
        "the dose or its limit is per m2 and the order has a weight, but no height and no body surface area",
    ),
    (
        9021,
        "pump",
        "Care area or profile mismatch",
        "the pump is set to another care area than that of the patient's place, or to one that the library lacks",
    ),
    (9022, "order", "Requested infusion program is stale", "ORC-9 is older than the set time (10 minutes)"),
    (9023, "pump", "Program rejected by user", "the nurse refused the programme at the pump"),
    (
        9024,
        "library",
        "Drug library hard limit exceeded",
        "a hard limit of the entry is crossed, above or below, by what was ordered or by what follows from it",
    ),
    (9025, "library", "Lockout interval missing", "a patient dose without the lockout that the library limits"),
    (9026, "library", "Dose limit missing", "a patient dose without the dose limit that the library limits"),
    (
        9027,
        "library",
        "Patient BSA missing",
        "the dose or its limit is per m2 and the order has neither body surface area nor weight and height",
    ),
    (
        9028,
        "pump",
        "Tubing, cassette, or syringe not installed on pump",
        "the pump says that its set or syringe is not in place",
    ),
    (9029, "pump", "Care area or profile not selected", "no care area was chosen at the pump"),
    (
        9030,
        "pump",
        "Current medication cannot be interrupted",
        "a secondary order while the primary infusion must not be held up",
    ),
    (9031, "order", "Patient ID missing or invalid", "the order does not say for whom it is"),
    (9032, "pump", "Pump is in delayed start", "the pump waits for the start of another programme"),
    (9033, "pump", "Pump is alarming", "the pump alarms"),
    (
        9034,
        "pump",
        "Not enough fluid or medication in container to deliver bolus",
        "the bolus is larger than what is left, or nobody knows how much is left",
    ),
    (
        9035,
        "pump",
        "Parent order ID does not match the currently programmed order",
        "a bolus for an order that the pump is not running",
    ),
    (
        9036,
        "pump",
        "Medication does not match the currently programmed order",
        "a bolus of another medicine than runs, or what runs is not of the library",
    ),
    (
        9037,
        "pump",
        "Medication concentration does not match the currently programmed order",
        "a bolus of another strength than runs",
    ),
    (9038, "pump", "Bolus order type is not supported", "the pump takes no bolus by order"),
    (9039, "library", "Medication does not support bolus", "the entry that runs offers no bolus"),
    (
        9040,
        "pump",
        "Bolus dose units do not match the currently programmed order",
        "the bolus counts in another unit than the entry's bolus or what runs",
    ),
    (
        9041,
        "order",
        "Unable to parse multistep program",
        (
            "steps missing, out of order, of different medicines or strengths, a loading dose after the first step, or"
            " volumes that do not add up"
        ),
    ),
    (
        9042,
        "library",
        "Medication is not configured for loading dose",
        "a loading step for an entry without limits of a loading dose",
    ),
    (
        9043,
        "library",
        "Medication does not support multistep",
        "steps for an entry that is neither continuous nor a fluid",
    ),
    (9044, "pump", "Multistep order type is not supported", "the pump takes no steps by order"),
)

CODES: Mapping[int, OrderCode] = MappingProxyType(
    {code: OrderCode(code, words, knows, when) for code, knows, words, when in _ALL}
)
_NAMES = "(ParameterName1, ParameterName2, ...)"
_NAME = "(ParameterName)"
_RANGE = "(MinValue to MaxValue)"


@dataclass(frozen=True, slots=True)
class OrderError:
    """
    One reason to refuse an order.

    Attributes:
        code: one of the 44.
        text: the words of IHE, names and values filled in.
        detail: what was found and what was expected; never a patient identifier.
        fields: what it is about.

    """

    code: int
    text: str
    detail: str = ""
    fields: tuple[Field, ...] = ()

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.code} {self.text}{f': {self.detail}' if self.detail else ''}"


def refusal(code: int, detail: str = "", *, fields: Iterable[Field] = (), allowed: str = "") -> OrderError:
    """Return a reason to refuse, in the words of IHE with names and the allowed range filled in."""
    about = tuple(dict.fromkeys(fields))
    names = ", ".join(field.value for field in about)
    words = CODES[code].words
    text = words.replace(_NAMES, f"({names})").replace(_NAME, f"({names})").replace(_RANGE, f"({allowed})")
    return OrderError(code, text, detail, about)
