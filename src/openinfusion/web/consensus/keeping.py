"""Values of sources as JSON and back, each with its kind: nothing else tells a quantity from a text."""

from typing import Any

from openinfusion.adapters.documents import convert, to_json
from openinfusion.core.consensus import MISSING, Origin, SourceKind, Statement, Value
from openinfusion.core.errors import ConsensusError, OpenInfusionError
from openinfusion.core.library import Concentration, Limits
from openinfusion.core.units import Quantity
from openinfusion.web.consensus.models import SourceStatement

_KINDS: dict[str, type] = {"quantity": Quantity, "limits": Limits, "concentration": Concentration}
BEDSIDE = "entered at the bedside"
SILENT = "says nothing"


def value_to_json(value: Value) -> dict[str, Any]:
    """Return a value with its kind."""
    for kind, of in _KINDS.items():
        if isinstance(value, of):
            return {"kind": kind, "value": to_json(value)}
    return {"kind": "text", "value": value} if isinstance(value, str) else {"kind": "missing"}


def value_from_json(content: dict[str, Any], *, where: str) -> Value:
    """Return a value as core knows it; raises AuthorError where the row was tampered with."""
    kind = content["kind"]
    if kind in _KINDS:
        made: Value = convert(content["value"], _KINDS[kind], where=where)
        return made
    return str(content["value"]) if kind == "text" else MISSING


def read_value(text: str) -> Value:
    """
    Return what somebody typed: "2.5 mg in 50 mL", "entered at the bedside", "5 mg/h", "says nothing", or a text.

    Raises:
        ConsensusError: nothing was typed, or a strength whose parts are no quantities.

    """
    said = " ".join(text.split())
    if not said:
        raise ConsensusError(where="value", found="nothing", expected=f'a value, "{BEDSIDE}" or "{SILENT}"')
    if said.casefold() == SILENT:
        return MISSING
    if said.casefold() in (BEDSIDE, f"concentration {BEDSIDE}"):
        return Concentration()
    amount, is_strength, volume = said.partition(" in ")
    try:
        if is_strength:
            return Concentration(amount=Quantity.read(amount), volume=Quantity.read(volume))
        return Quantity.read(said)
    except OpenInfusionError as error:
        if said[0].isdigit():
            raise ConsensusError(where="value", found=repr(said), expected="such as 2.5 mg in 50 mL") from error
        return said


def statement_of(row: SourceStatement) -> Statement:
    """Return a statement as core knows it."""
    of = row.discrepancy
    return Statement(
        drug=of.drug,
        care_area=row.care_area,
        attribute=of.attribute,
        value=value_from_json(row.value, where=str(row)),
        origin=Origin(kind=SourceKind(row.kind), citation=row.citation),
        therapy=row.therapy or None,
        note=row.note or None,
    )
