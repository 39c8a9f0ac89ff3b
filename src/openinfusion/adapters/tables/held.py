"""What a layout has a place for: which sheet an entry stands on, and which paths its columns can hold."""

from openinfusion.adapters.tables.compare import Flat
from openinfusion.adapters.tables.fields import find_field
from openinfusion.adapters.tables.mapping import Sheet, TableMapping
from openinfusion.core.library import Entry
from openinfusion.core.units import Unit

_PARTS = ("concentration", "bolus", "loading")


def sheet_for(entry: Entry, mapping: TableMapping) -> Sheet | None:
    """Return the sheet of the layout that an entry stands on, or ``None``."""
    return next((sheet for sheet in mapping.sheets if sheet.holds == "entries" and _takes(sheet, entry)), None)


def _takes(sheet: Sheet, entry: Entry) -> bool:
    types = {sheet.constants.get("type"), sheet.type_without_concentration, sheet.type_of_dose_without_time} - {None}
    for_anaesthesia = sheet.constants.get("anaesthesia_only")
    return (not types or entry.type.value in types) and (
        for_anaesthesia is None or (for_anaesthesia == "yes") is entry.anaesthesia_only
    )


def holds_type(mapping: TableMapping) -> bool:
    """Whether the layout says of every entry what type it is."""
    return not any(sheet.type_without_concentration or sheet.type_of_dose_without_time for sheet in mapping.sheets)


def held_by_entries(sheet: Sheet, mapping: TableMapping) -> frozenset[str]:
    """Return the paths of an entry that its sheet can hold."""
    held = {"drug", "care_area", *sheet.constants}
    for column in sheet.columns:
        for path, _ in column.targets if column.written else ():
            known = find_field(path, "entries")
            held |= {path} | ({known.unit_path} if known and known.unit_path else set())
    held |= {part for part in _PARTS if any(path.startswith(f"{part}.") for path in held)}
    if sheet.volume_rates_are == "rate":
        held |= {path.replace("dose.", "rate.", 1) for path in held if path.startswith("dose.")}
    return frozenset(held) if holds_type(mapping) else frozenset(held - {"type"})


def fits(path: str, flat: Flat, sheet: Sheet) -> bool:
    """
    Whether a value of an entry fits the column that its path has.

    Where one column holds rate and dose, it holds no rate beside a dose; a column in mL/h holds nothing in mL/kg/h.
    """
    own = {target for column in sheet.columns for target, _ in column.targets}
    if path.startswith("rate.") and "dose.unit" in flat and not any(target.startswith("rate.") for target in own):
        return False
    known = find_field(path, "entries")
    unit_path = path if known is None or known.unit_path is None else known.unit_path
    unit = flat.get(unit_path)
    if not isinstance(unit, Unit) or unit_path in own:
        return True
    fixed = [column.unit for column in sheet.columns for target, _ in column.targets if _unit_path(target) == unit_path]
    return all(other is None or unit.measures_like(other) for other in fixed)


def _unit_path(path: str) -> str | None:
    known = find_field(path, "entries")
    return known.unit_path if known else None


def held_by_items(mapping: TableMapping, kind: str) -> frozenset[str]:
    """Return the paths of a care area or drug that the layout can hold, on any sheet."""
    held: set[str] = set()
    prefix = "care_area." if kind == "care areas" else "drug."
    for sheet in mapping.sheets:
        settings = sheet.blocks.settings if sheet.blocks and kind == "care areas" else ()
        own = sheet.columns if sheet.holds == kind else settings
        held |= {path for column in own for path, _ in column.targets}
        if sheet.holds == "entries":
            paths = (path for column in sheet.columns for path, _ in column.targets)
            held |= {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}
    units = {known.unit_path for path in held if (known := find_field(path, "care areas")) and known.unit_path}
    return frozenset(held | units)


def keeps_settings(mapping: TableMapping) -> bool:
    """Whether the layout has a column for every device setting of a care area."""
    return any(sheet.holds == "care areas" and sheet.unlisted == "device settings" for sheet in mapping.sheets)


def as_held(flat: Flat, sheet: Sheet) -> Flat:
    """Return an entry as the layout sees it: limits in mL/h are a rate where it has one column for rate and dose."""
    if sheet.volume_rates_are != "rate" or any(path.startswith("rate.") for path in flat):
        return flat
    unit = flat.get("dose.unit")
    if isinstance(unit, Unit) and unit.measures_like(Unit.read("mL/h")):
        return {path.replace("dose.", "rate.", 1) if path.startswith("dose.") else path: v for path, v in flat.items()}
    return flat


def as_written(flat: Flat, sheet: Sheet) -> Flat:
    """Return an entry with its rate under the dose's paths, where the layout has one column for both."""
    if sheet.volume_rates_are != "rate" or any(path.startswith("dose.") for path in flat):
        return flat
    if any(path.startswith("rate.") for column in sheet.columns for path in column.fields):
        return flat
    return {path.replace("rate.", "dose.", 1) if path.startswith("rate.") else path: v for path, v in flat.items()}
