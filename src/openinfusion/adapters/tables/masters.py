"""Collect drugs, care areas and advisories while rows are read, whichever sheet or row says something about them."""

from typing import Literal, TypeVar

from openinfusion.adapters.documents import convert
from openinfusion.adapters.tables.build import Document, document
from openinfusion.adapters.tables.mapping import TableMapping
from openinfusion.adapters.tables.reading import Assumption, CellProblem, Consequence, Record, assumed, problem
from openinfusion.adapters.tables.sheets import Cell
from openinfusion.core.errors import AuthorError
from openinfusion.core.library import Advisory, CareArea, Drug
from openinfusion.core.naming import slug

MAX_ADVISORY_ID = 60
T = TypeVar("T", Drug, CareArea, Advisory)


class Masters:
    """What the rows said so far about drugs, care areas and advisories, each with the cell that said it."""

    def __init__(self, mapping: TableMapping) -> None:
        self.mapping = mapping
        self.drugs: dict[str, Document] = {}
        self.areas: dict[str, Document] = {}
        self.advisories: dict[str, Document] = {}
        self.parts: dict[str, Record] = {}
        self.cells: dict[str, dict[str, Cell]] = {}
        self.problems: list[CellProblem] = []

    def drug(self, name: str) -> str:
        """Return the id of a drug; another spelling of a name that is known becomes an alias."""
        made = self.drugs.setdefault(slug(name), {"id": slug(name), "name": name})
        if name != made["name"] and name not in made.setdefault("aliases", []):
            made["aliases"].append(name)
        return str(made["id"])

    def area(self, name: str, cell: Cell) -> str:
        """Return the id of a care area; its population is assumed, and noted, until something says it."""
        area_id = slug(name)
        if area_id not in self.areas:
            self.areas[area_id] = {"id": area_id, "name": name}
            self.cells[area_id] = {"name": cell}
        return area_id

    def advisory(self, text: str) -> str:
        """Return the id of an advisory by its name or its text; a text that no list holds becomes one."""
        key = text.casefold()
        for made in self.advisories.values():
            if key in (made.get("name", "").casefold(), made["text"].casefold()):
                return str(made["id"])
        return self.add_advisory({"text": text})

    def add_advisory(self, made: Document) -> str:
        first = slug(made.get("name") or made["text"])[:MAX_ADVISORY_ID].strip("-.") or "advisory"
        advisory_id, number = first, 1
        while advisory_id in self.advisories:
            number += 1
            advisory_id = f"{first}-{number}"
        self.advisories[advisory_id] = {"id": advisory_id, **made}
        return advisory_id

    def add_parts(self, item_id: str, record: Record, kind: Literal["drug", "care area"] = "care area") -> None:
        """Add what cells say about a drug or care area; a second, different statement is reported and left out."""
        key = f"{kind} {item_id}"
        parts = self.parts.setdefault(key, {})
        for path, found in record.items():
            known = parts.setdefault(path, found)
            if known.value != found.value:
                said = f"{found.cell.text!r} for {kind} {item_id!r}, after {known.cell.text!r} in row {known.cell.row}"
                self._report(found.cell, found=said, expected="one value for all its rows")
        try:
            whole = document(parts, "drugs" if kind == "drug" else "care areas")
        except AuthorError as error:
            bad = parts.pop(error.where).cell if error.where in parts else next(iter(record.values())).cell
            self._report(bad, found=error.found, expected=error.expected)
            return
        item = self.drugs[item_id] if kind == "drug" else self.areas[item_id]
        whole["aliases"] = list(dict.fromkeys([*item.get("aliases", []), *whole.get("aliases", [])]))
        item.update({name: value for name, value in whole.items() if value})
        cells = self.cells.setdefault(item_id, {})
        for path, found in record.items():
            cells.setdefault(path, found.cell)
            cells.setdefault(path.split(".")[0], found.cell)

    def _report(self, cell: Cell, *, found: str, expected: str) -> None:
        self.problems.append(problem(cell, "", found=found, expected=expected, then=Consequence.VALUE_LEFT_OUT))

    def made_areas(self) -> tuple[CareArea, ...]:
        for area_id, made in self.areas.items():
            if "population" not in made:
                population = self._population(made["name"])
                made["population"] = population
                found = f"no population for care area {made['name']!r}"
                expected = f"one; {population} is assumed by the mapping"
                cell = self.cells[area_id]["name"]
                self.problems.append(assumed(cell, "", Assumption.POPULATION, found=found, expected=expected))
        return self._made(self.areas, CareArea)

    def _population(self, name: str) -> str:
        words = ((word, population.value) for word, population in self.mapping.populations.items())
        named = (population for word, population in words if word.casefold() in name.casefold())
        return next(named, self.mapping.default_population.value)

    def made_drugs(self) -> tuple[Drug, ...]:
        return self._made(self.drugs, Drug)

    def made_advisories(self) -> tuple[Advisory, ...]:
        return self._made(self.advisories, Advisory)

    def _made(self, documents: dict[str, Document], to: type[T]) -> tuple[T, ...]:
        return tuple(self._one(document, to) for document in documents.values())

    def _one(self, document: Document, to: type[T]) -> T:
        """Return the value; a part that breaks a rule of the format is reported and left out."""
        kept = {key: document[key] for key in ("id", "name", "text", "population") if key in document}
        for key, value in document.items():
            try:
                convert({**kept, key: value}, to, where="row")
            except AuthorError as error:
                cell = self.cells.get(document["id"], {}).get(key)
                if cell is None:
                    raise
                self._report(cell, found=error.found, expected=error.expected)
            else:
                kept[key] = value
        return convert(kept, to, where="row")
