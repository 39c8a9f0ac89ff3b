"""Make entries from read rows; a row that the format refuses is reported with its cell and left out."""

import re

from openinfusion.adapters.documents import convert
from openinfusion.adapters.tables.build import Document, complete_entry, document, printed_strength, strength_agrees
from openinfusion.adapters.tables.mapping import Sheet, TableMapping
from openinfusion.adapters.tables.masters import Masters
from openinfusion.adapters.tables.reading import Assumption, CellProblem, Consequence, Found, Record, assumed, problem
from openinfusion.adapters.tables.rows import Row
from openinfusion.adapters.tables.sheets import Cell
from openinfusion.core.errors import AuthorError, LibraryError
from openinfusion.core.library import Concentration, Entry
from openinfusion.core.naming import entry_id, slug
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import ML, Quantity, Unit, VolumeBasis

_PATH = re.compile(r", \$\.?(.*)$")
_OF_OTHERS = ("drug", "care_area", "advisories")


class EntryMaker:
    """Makes entries one by one, keeps their ids unique and remembers which cell gave which path."""

    def __init__(self, mapping: TableMapping, masters: Masters) -> None:
        self.mapping = mapping
        self.masters = masters
        self.entries: list[Entry] = []
        self.origins: dict[str, dict[str, Cell]] = {}
        self.problems: list[CellProblem] = []

    def add(self, row: Row, sheet: Sheet, first: Cell, *, missing: str | None = None) -> bool:
        """
        Make the entry of a row, unless something keeps it from being one; return whether it was made.

        ``missing`` is the header of an amount or a volume that the sheet should have and has not.
        """
        self.problems += row.problems
        if row.is_left_out:
            return False
        try:
            entry = self._made(row, sheet, missing)
        except AuthorError as error:
            self.problems.append(_refused(error, row.record, first))
            return False
        self.entries.append(entry)
        self.origins[entry.id] = _origins(row.record, entry)
        self._check_strength(row, entry)
        return True

    def _made(self, row: Row, sheet: Sheet, missing: str | None) -> Entry:
        record = dict(row.record)
        drug, area = self._name(record, sheet, "drug"), self._name(record, sheet, "care_area")
        own = {path: found for path, found in record.items() if not _is_of_others(path)}
        made = document(own, "entries")
        self._only_strength(row, made)
        made = complete_entry(made, sheet, opened=row.opened is not None, without=row.without)
        _drop_lone_pca(made)
        made |= {"id": "new", "drug": slug(drug.value), "care_area": slug(area.value), "unreviewed": True}  # type: ignore[arg-type]
        entry = convert(made, Entry, where="row")
        self._note_silent_open(row, entry, missing)
        self._add_masters(record, drug, area)
        advisories = record.get("advisories")
        texts = advisories.value if advisories and isinstance(advisories.value, tuple) else ()
        made["advisories"] = [self.masters.advisory(text) for text in texts]
        made["id"] = self._free_id(entry, drug)
        return convert(made, Entry, where="row")

    def _name(self, record: Record, sheet: Sheet, path: str) -> Found:
        found = record.get(path)
        if found is None and path in sheet.constants:
            some = next(iter(record.values()))
            found = Found(sheet.constants[path], some.cell, some.column)
        if found is None or not slug(str(found.value)):
            what = "drug" if path == "drug" else "care area"
            raise LibraryError(where=path, found=f"no {what}", expected=f"the name of a {what}")
        return found

    def _only_strength(self, row: Row, made: Document) -> None:
        """Take the printed strength as so much in 1 mL where the row has neither amount nor volume, and note it."""
        printed = printed_strength(row.record)
        if printed is None or "amount" in made.get("concentration", {}) or row.opened or row.without:
            return
        found, strength = printed
        amount = Unit.of(strength.unit.amount)
        per_volume = "mL" if strength.unit.volume is VolumeBasis.ML else "L"
        made.setdefault("concentration", {}).update(
            amount={"value": decimal_text(strength.value), "unit": amount.code},
            volume={"value": "1", "unit": per_volume},
        )
        self._note(
            found,
            Assumption.PRINTED_STRENGTH,
            found=f"{found.cell.text!r} without amount and volume",
            expected=f"both; read as in 1 {per_volume}",
        )

    def _check_strength(self, row: Row, entry: Entry) -> None:
        """Report a printed strength that amount and volume do not give; these two are the truth."""
        printed = printed_strength(row.record)
        exact = _strength(entry.concentration)
        if printed is None or row.record.get("concentration.amount") is None:
            return
        found, strength = printed
        if exact is None or not strength_agrees(strength, exact):
            expected = f"{exact}, from {entry.concentration.text}" if exact and entry.concentration else "no strength"
            expected = f"{expected} (amount and volume are kept)"
            self._note(found, Assumption.OTHER_STRENGTH, found=f"{strength}", expected=expected)

    def _note_silent_open(self, row: Row, entry: Entry, missing: str | None) -> None:
        """Note a strength that is open because cells are blank; refuse one that is so because a column is missing."""
        conc = entry.concentration
        if conc is None or not conc.is_open or row.opened is not None:
            return
        if missing is not None:
            expected = f"the column {missing} in the header"
            raise LibraryError(where="concentration", found="no strength", expected=expected)
        if conc.limits is None:
            cell = row.record["drug"] if "drug" in row.record else next(iter(row.record.values()))
            expected = "both, or a mark; read as entered at the bedside"
            self._note(cell, Assumption.OPEN_STRENGTH, found="no amount and volume", expected=expected)

    def _add_masters(self, record: Record, drug: Found, area: Found) -> None:
        drug_id = self.masters.drug(str(drug.value))
        area_id = self.masters.area(str(area.value), area.cell)
        self.masters.add_parts(drug_id, _below(record, "drug."), kind="drug")
        self.masters.add_parts(area_id, _below(record, "care_area."))

    def _free_id(self, entry: Entry, drug: Found) -> str:
        """Return the entry's id; a second row with the same one gets a number behind it, and a note."""
        first = entry_id(
            drug=entry.drug,
            care_area=entry.care_area,
            type_=entry.type,
            therapy=entry.therapy,
            concentration=entry.concentration,
        )
        free, number = first, 1
        while free in self.origins:
            number += 1
            free = f"{first}-{number}"
        if number > 1:
            self._note(
                drug,
                Assumption.TWICE,
                found=f"a row like one before it (the same drug, area, type, therapy and strength), number {number}",
                expected=f"one row; kept as {free!r}",
            )
        return free

    def _note(self, at: Found, assumption: Assumption, *, found: str, expected: str) -> None:
        self.problems.append(assumed(at.cell, at.column.header, assumption, found=found, expected=expected))


def _is_of_others(path: str) -> bool:
    return path.split(".", maxsplit=1)[0] in _OF_OTHERS


def _below(record: Record, prefix: str) -> Record:
    return {path.removeprefix(prefix): found for path, found in record.items() if path.startswith(prefix)}


def _strength(concentration: Concentration | None) -> Quantity | None:
    """Return amount in volume per mL; a syringe made up by weight prints its amount without the kg."""
    if concentration is None or concentration.amount is None or concentration.volume is None:
        return None
    amount = concentration.amount
    unit = Unit.of(amount.unit.amount, volume=VolumeBasis.ML)
    return Quantity(amount.value / concentration.volume.to(ML).value, unit)


def _drop_lone_pca(made: Document) -> None:
    """Leave out the window of an accumulated limit that is not set: alone it limits nothing."""
    pca = made.get("pca", {})
    if "accumulated" not in pca:
        pca.pop("window", None)


def _refused(error: AuthorError, record: Record, first: Cell) -> CellProblem:
    match = _PATH.search(error.where)
    path = match[1] if match else error.where
    found = _nearest(record, path)
    cell, header = (found.cell, found.column.header) if found else (first, "")
    about = f" in {path}" if path and match else ""
    return problem(cell, header, found=f"{error.found}{about}", expected=error.expected, then=Consequence.ROW_LEFT_OUT)


def _nearest(record: Record, path: str) -> Found | None:
    """Return the cell that says the path, something below it, or something beside it."""
    group = path.rpartition(".")[0] or path
    for start in (path, f"{path}.", f"{group}."):
        for key, found in record.items():
            if key == start or (start.endswith(".") and key.startswith(start)):
                return found
    if path.startswith("rate"):
        return _nearest(record, path.replace("rate", "dose", 1))
    return record.get("drug")


def _origins(record: Record, entry: Entry) -> dict[str, Cell]:
    cells = {path: found.cell for path, found in record.items()}
    if entry.rate is not None and not any(path.startswith("rate.") for path in cells):
        moved = {path.replace("dose", "rate", 1): cell for path, cell in cells.items() if path.startswith("dose.")}
        cells |= moved
    return cells
