"""Make the JSON of an entry, a care area or a drug from the cells of a row; the format itself then checks it."""

from fractions import Fraction
from typing import Any

from openinfusion.adapters.tables.cells import Number, unit_of_number
from openinfusion.adapters.tables.fields import SETTINGS, STRENGTH, Holds, find_field
from openinfusion.adapters.tables.mapping import Sheet
from openinfusion.adapters.tables.reading import Found, Record
from openinfusion.core.errors import AuthorError, UnknownUnitError
from openinfusion.core.numbers import decimal_text, round_to, show_number
from openinfusion.core.units import ML_PER_H, Kind, Quantity, TimeBasis, Unit, VolumeBasis

Document = dict[str, Any]
_PRINTED_DIGITS = 6
_COARSE = Fraction(1, 200)


def document(record: Record, holds: Holds) -> Document:
    """
    Return the JSON of what a row says.

    Raises:
        AuthorError: a number without a unit, or in one that the rest of its group cannot be in; ``where`` is its path.

    """
    made: Document = {}
    units = {path: found.value for path, found in record.items() if isinstance(found.value, Unit)}
    if "concentration.limits.unit" not in units and (unit := _unit_of_concentration(record)) is not None:
        units["concentration.limits.unit"] = unit
    filled: set[str] = set()
    chosen = dict(units)
    for path, found in record.items():
        if path.startswith(STRENGTH):
            continue
        if isinstance(found.value, Number):
            unit_path = _put_number(made, (path, found), holds=holds, units=units, chosen=chosen)
            filled.add(unit_path)
        elif not isinstance(found.value, Unit):
            value = list(found.value) if isinstance(found.value, tuple) else found.value
            _put(made, path, value)
    for path, unit in chosen.items():
        if path.startswith(STRENGTH):
            continue
        if _makes_group(path, record.get(path), holds) or path in filled:
            _put_unit(made, path, unit)
    return made


def _unit_of_concentration(record: Record) -> Unit | None:
    """Return the unit of the concentration, for limits of it that the mapping says to be in that unit."""
    limits = [found for path, found in record.items() if path.startswith("concentration.limits.")]
    bare = [found for found in limits if isinstance(found.value, Number) and found.value.unit is None]
    if not bare or any(found.column.unit_like is None for found in bare):
        return None
    amount = record.get("concentration.amount")
    own = record.get("concentration.amount.unit")
    printed = printed_strength(record)
    if printed is not None:
        return printed[1].unit
    unit = own.value if own is not None else amount.value.unit if amount and isinstance(amount.value, Number) else None
    return Unit.of(unit.amount, volume=VolumeBasis.ML) if isinstance(unit, Unit) else None


def _put_number(
    made: Document, item: tuple[str, Found], *, holds: Holds, units: dict[str, Unit], chosen: dict[str, Unit]
) -> str:
    """
    Put a number under its path, in the unit of its group, and return the path of that unit.

    The unit of the cell itself comes first, then that of the unit's column, then the one that the mapping assumes.
    """
    path, found = item
    number = found.value
    if not isinstance(number, Number):
        return path
    known = find_field(path, holds)
    unit_path = known.unit_path if known else None
    if unit_path is None:
        if number.unit is not None:
            raise UnknownUnitError(where=path, found=number.unit.text, expected="a number without a unit")
        _put(made, path, decimal_text(number.value))
        return path
    own = number.unit or units.get(unit_path) or found.column.unit
    if own is None:
        raise UnknownUnitError(where=path, found=f"{show_number(number.value)} without a unit", expected="its unit")
    unit = chosen.setdefault(unit_path, own)
    try:
        text = decimal_text(unit_of_number(Number(number.value, own), unit))
    except AuthorError as error:
        raise UnknownUnitError(where=path, found=error.found, expected=error.expected) from error
    if unit_path == f"{path}.unit":
        _put(made, path, {"value": text, "unit": unit.code})
    else:
        _put(made, path, text)
    return unit_path


def _makes_group(path: str, found: Found | None, holds: Holds) -> bool:
    """Whether a unit alone says that a group is there: its own unit column does, a unit shared by groups does not."""
    if find_field(path.removesuffix(".unit"), holds) is not None:
        return False
    return found is not None and (not found.column.is_shared or path == "pca.dose.unit")


def _put_unit(made: Document, path: str, unit: Unit) -> None:
    group: Any = made
    *heads, _ = path.split(".")
    for head in heads:
        group = group.setdefault(head, {})
    group.setdefault("unit", unit.code)


def _put(made: Document, path: str, value: object) -> None:
    head, found, name = path.partition(SETTINGS)
    if found:
        made.setdefault("device_settings", {})[name] = value
        return
    *heads, last = path.split(".")
    for head in heads:
        made = made.setdefault(head, {})
    made[last] = value


# --- Entries ---------------------------------------------------------------------------------------------------------


def complete_entry(made: Document, sheet: Sheet, *, opened: bool, without: bool) -> Document:
    """
    Return the JSON of an entry with what its row says only between the lines: concentration, rate and type.

    Args:
        made: what ``document`` gave, without the strength as printed.
        sheet: the mapping of the sheet.
        opened: whether the row says that the concentration is entered at the bedside.
        without: whether the row says that there is none ("mL mode").

    """
    entry = {**sheet.constants, **made}
    if without:
        _store_container(entry)
    elif "concentration" not in entry and (opened or _doses_by_amount(entry)):
        entry["concentration"] = {}
    dose = entry.get("dose")
    if sheet.volume_rates_are == "rate" and dose and "rate" not in entry and is_volume_rate(Unit.read(dose["unit"])):
        entry["rate"] = entry.pop("dose")
    unit = Unit.read(entry["dose"]["unit"]) if "dose" in entry else None
    if sheet.type_without_concentration and "concentration" not in entry:
        entry["type"] = sheet.type_without_concentration
    elif sheet.type_of_dose_without_time and unit is not None and unit.time is TimeBasis.NONE:
        entry["type"] = sheet.type_of_dose_without_time
    if isinstance(entry.get("anaesthesia_only"), str):
        entry["anaesthesia_only"] = entry["anaesthesia_only"] == "yes"
    return entry


def is_volume_rate(unit: Unit) -> bool:
    return unit.measures_like(ML_PER_H)


def _store_container(entry: Document) -> None:
    """Keep the volume of a bag without drug as a device setting: as a concentration it would mean "open"."""
    volume = entry.pop("concentration", {}).get("volume")
    if volume is not None:
        entry.setdefault("device_settings", {})["container volume"] = f"{volume['value']} {volume['unit']}"


def _doses_by_amount(entry: Document) -> bool:
    groups = [entry.get("dose"), *(entry.get(part, {}).get("dose") for part in ("bolus", "loading", "pca"))]
    return any(group and Unit.read(group["unit"]).kind is not Kind.VOLUME for group in groups)


def printed_strength(record: Record) -> tuple[Found, Quantity] | None:
    """Return the strength per volume as the table prints it, with its cell; ``None`` if it prints none."""
    found = record.get(STRENGTH)
    if found is None or not isinstance(found.value, Number):
        return None
    unit_cell = record.get(f"{STRENGTH}.unit")
    unit = found.value.unit or (unit_cell.value if unit_cell and isinstance(unit_cell.value, Unit) else None)
    if unit is None or not unit.volume.value:
        return None
    return found, Quantity(found.value.value, unit)


def strength_agrees(printed: Quantity, exact: Quantity) -> bool:
    """
    Whether a printed strength is the exact one, rounded as it is printed (to six digits at most).

    A printed value that is more than 0.5 % off never agrees, however few digits it shows.
    """
    if not printed.unit.measures_like(exact.unit):
        return False
    value = exact.to(printed.unit).value
    places = len(decimal_text(printed.value).partition(".")[2])
    is_rounded = round_to(value, Fraction(1, 10**places)) == printed.value or round_digits(value) == printed.value
    return is_rounded and abs(value - printed.value) <= value * _COARSE


def round_digits(value: Fraction) -> Fraction:
    """Return a value rounded to six significant digits."""
    step = Fraction(1)
    while value >= step * 10**_PRINTED_DIGITS:
        step *= 10
    while value and value < step * 10 ** (_PRINTED_DIGITS - 1):
        step /= 10
    return round_to(value, step)
