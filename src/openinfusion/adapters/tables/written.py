"""Say a value the way a column writes it: the vendor's spelling of units, words, blanks and durations."""

from dataclasses import replace
from fractions import Fraction

from openinfusion.adapters.tables.build import round_digits
from openinfusion.adapters.tables.compare import Flat
from openinfusion.adapters.tables.fields import STRENGTH, Kind, find_field
from openinfusion.adapters.tables.mapping import Column, Sheet, TableMapping
from openinfusion.core.errors import NumberFormatError
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import MINUTES, PatientBasis, Quantity, TimeBasis, Unit, VolumeBasis
from openinfusion.core.units import Kind as Dimension

_SECONDS = 60


class RowWriter:
    """Writes the cells of one row: of an entry, a care area, a drug."""

    def __init__(self, flat: Flat, sheet: Sheet, mapping: TableMapping) -> None:
        self.flat = flat
        self.sheet = replace(sheet, columns=tuple(column for column in sheet.columns if column.written))
        self.mapping = mapping
        self.blank = mapping.blanks[0] if mapping.blanks else ""
        self.units = self._written_units()

    def _written_units(self) -> dict[str, Unit]:
        """Return the unit that each group is written in: one column may give the unit of several groups."""
        units: dict[str, Unit] = {}
        for column in self.sheet.columns:
            chosen = next((unit for path, _ in column.targets if isinstance(unit := self.flat.get(path), Unit)), None)
            if chosen is not None:
                for path, per in column.targets:
                    units[path] = _completed(chosen, per)
        return units

    def text(self, column: Column) -> str:
        """Return the text of one cell; the layout's word for "nothing" where nothing is set."""
        if column.ignore is not None:
            return self.blank
        for path, _ in column.targets:
            text = self._value(path, column)
            if text is not None:
                return text
        return column.open[0] if column.open and self._is_open(column) else self.blank

    def _value(self, path: str, column: Column) -> str | None:
        if path.startswith(STRENGTH):
            return self._strength(path, column)
        value = self.flat.get(path)
        known = find_field(path, self.sheet.holds)
        if value is None or known is None:
            return None
        match value:
            case Quantity():
                return self._number(value, column, self.units.get(known.unit_path or ""))
            case Unit():
                return self._unit(_bare(self.units.get(path, value), path, column))
            case Fraction():
                return decimal_text(value)
            case bool():
                return _word("yes" if value else "no", column) or ("Yes" if value else "No")
            case tuple():
                return _word(";".join(value), column) or "\n".join(value)
            case str():
                return _word(value, column) or value if known.kind is Kind.WORD else value

    def _number(self, value: Quantity, column: Column, unit: Unit | None) -> str | None:
        """Return a number in the unit that the layout gives it, with the unit behind it if no column gives one."""
        if column.reads == "hh:mm":
            return _clock(value)
        target = unit or column.unit or value.unit
        if not value.unit.measures_like(target):
            return None
        try:
            number = decimal_text(value.to(target).value)
        except NumberFormatError:
            return None
        is_like = column.unit_like is not None and "concentration.amount" in self.flat
        is_plain = unit is not None or column.unit is not None or is_like
        return number if is_plain else f"{number} {self._unit(target)}"

    def _unit(self, unit: Unit) -> str:
        """Return a unit in the vendor's spelling, or as screens show it if the mapping spells none."""
        spelled = {"meq": "mEq"}
        for spelling, code in self.mapping.unit_spellings.items():
            spelled.setdefault(code, spelling)
        if not self.mapping.unit_spellings:
            return unit.text
        return "/".join(spelled.get(part, part) for part in unit.code.split("/"))

    # --- Concentrations ----------------------------------------------------------------------------------------------

    def _is_open(self, column: Column) -> bool:
        """Whether the column must say that the bedside enters the concentration: nothing is set in an open one."""
        about = {path.removesuffix(".unit") for path, _ in column.targets}
        return self.flat.get("concentration") == "entered at the bedside" and not any(
            path in self.flat for path in about
        )

    def _strength(self, path: str, column: Column) -> str | None:
        """Return amount in volume as the strength per mL, to six digits, as these layouts print it."""
        if "concentration" not in self.flat:
            return next((word for word, value in column.words.items() if value == "none"), None)
        amount, volume = self.flat.get("concentration.amount"), self.flat.get("concentration.volume")
        if not isinstance(amount, Quantity) or not isinstance(volume, Quantity):
            return None
        if amount.unit.patient is not PatientBasis.NONE or amount.unit.kind is Dimension.ENERGY:
            return None
        unit = Unit.of(amount.unit.amount, volume=VolumeBasis.ML)
        if path.endswith(".unit"):
            return self._unit(unit)
        number = decimal_text(round_digits(amount.value / volume.to(Unit.read("mL")).value))
        has_unit_column = any(f"{STRENGTH}.unit" in dict(other.targets) for other in self.sheet.columns)
        return number if has_unit_column else f"{number} {self._unit(unit)}"


def _completed(unit: Unit, per: str | None) -> Unit:
    if per == "h" and unit.time is TimeBasis.NONE and not unit.volume.value:
        return Unit.of(unit.amount, patient=unit.patient, time=TimeBasis.H)
    if per == "mL" and unit.patient is PatientBasis.NONE and unit.time is TimeBasis.NONE:
        return Unit.of(unit.amount, volume=VolumeBasis.ML)
    return unit


def _bare(unit: Unit, path: str, column: Column) -> Unit:
    """Return a unit without what its column completes again, where the column gives more than one unit."""
    per = dict(column.targets).get(path)
    if len(column.targets) > 1 and per == "h" and unit.time is TimeBasis.H:
        return Unit.of(unit.amount, patient=unit.patient)
    return unit


def _word(value: str, column: Column) -> str | None:
    return next((word for word, meaning in column.words.items() if meaning.casefold() == value.casefold()), None)


def _clock(value: Quantity) -> str | None:
    """Return a duration as hh:mm, with seconds where it has them; ``None`` if it is no whole number of seconds."""
    seconds = value.to(MINUTES).value * _SECONDS
    if seconds.denominator != 1:
        return None
    minutes, rest = divmod(int(seconds), _SECONDS)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{rest:02}" if rest else text
