"""Written out and read again: nothing changes, and what a layout cannot hold is told."""

import csv
from datetime import date
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from openinfusion.adapters.tables import read_back, read_table, shipped_mapping, write_table
from openinfusion.adapters.tables.compare import flat_entry
from openinfusion.core.errors import FileAccessError, MappingError
from openinfusion.core.library import (
    About,
    Advisory,
    CareArea,
    Concentration,
    Decision,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Pca,
    Population,
    Route,
    Source,
    TitrationStep,
)
from openinfusion.core.naming import entry_id, slug
from openinfusion.core.units import Quantity, Unit

SAMPLES = Path(__file__).resolve().parents[2] / "examples" / "vendor"
PLAIN = shipped_mapping("plain")

values = st.integers(0, 10**12).map(lambda n: Fraction(n, 10**4))
positive = st.integers(1, 10**12).map(lambda n: Fraction(n, 10**4))
texts = st.text(st.sampled_from("aB =+-@'\u00b5\u00e9,;\"1.%|/"), min_size=1, max_size=12).map(
    lambda text: " ".join(f"x{text}".split())
)
formulas = st.sampled_from(["=1+1", "+x", "-y", "@SUM(A1)", "'=x", "''+y", "=cmd|' /C calc'!A0", "plain"])


def limits(*units: str):
    """Limits in order, in one of the units."""

    def make(parts):
        unit, numbers, chosen = parts
        hard_min, soft_min, soft_max, hard_max = (
            n if keep else None for n, keep in zip(sorted(numbers), chosen, strict=True)
        )
        return Limits(unit=Unit.read(unit), hard_min=hard_min, soft_min=soft_min, soft_max=soft_max, hard_max=hard_max)

    chosen = st.lists(st.booleans(), min_size=4, max_size=4)
    return st.tuples(st.sampled_from(units), st.lists(values, min_size=4, max_size=4), chosen).map(make)


def maybe(strategy):
    return st.none() | strategy


deliveries = st.builds(
    Delivery, dose=limits("mg", "ug/kg"), rate=maybe(limits("mL/h", "mg/min")), duration=maybe(limits("min", "h"))
)
concentrations = st.builds(
    Concentration,
    amount=maybe(positive.map(lambda n: Quantity(n, Unit.read("mg")))),
    volume=maybe(positive.map(lambda n: Quantity(n, Unit.read("mL")))),
    limits=maybe(limits("mg/mL", "ug/mL")),
)
COMMON = {
    "drug": st.sampled_from(["d1", "d2"]),
    "care_area": st.sampled_from(["a1", "a2"]),
    "route": st.sampled_from(Route),
    "therapy": maybe(texts),
    "concentration": concentrations,
    "bolus": maybe(deliveries),
    "loading": maybe(deliveries),
    "advisories": st.sampled_from([(), ("v1",), ("v1", "v2")]),
    "rationale": maybe(formulas),
    "secondary": st.sampled_from(["not allowed", "allowed", "only"]),
    "delivered_by": st.sampled_from([(), ("syringe pump",), ("large-volume pump", "syringe pump")]),
    "anaesthesia_only": st.booleans(),
    "titration_step": maybe(st.just(TitrationStep(factor=Fraction(3, 2)))),
    "review_by": maybe(st.just(date(2027, 1, 31))),
}
continuous = st.builds(
    Entry, id=st.just("x"), type=st.just(EntryType.CONTINUOUS), dose=maybe(limits("ug/kg/min", "mg/h")),
    rate=maybe(limits("mL/h")), **COMMON,
)  # fmt: skip
intermittent = st.builds(
    Entry, id=st.just("x"), type=st.just(EntryType.INTERMITTENT), dose=maybe(limits("mg", "g", "mg/m2")),
    duration=maybe(limits("min", "h")), volume=maybe(limits("mL")), **COMMON,
)  # fmt: skip
pca = st.builds(
    Entry,
    id=st.just("x"),
    type=st.just(EntryType.PCA),
    pca=st.builds(
        Pca,
        dose=limits("mg", "ug"),
        lockout=maybe(limits("min")),
        accumulated=limits("mg"),
        window=st.just(Quantity.of("4", "h")),
        bolus_counts=st.booleans(),
    ),
    **COMMON,
)
drugs = st.tuples(formulas, texts).map(
    lambda names: (
        Drug(id="d1", name=f"{names[0]} one", aliases=("alias",), high_alert=True, vtm="123"),
        Drug(id="d2", name=f"{names[1]} two", tall_man="TWO"),
    )
)


@st.composite
def libraries(draw):
    made = draw(st.lists(continuous | intermittent | pca, min_size=1, max_size=4))
    first, second = draw(drugs)
    areas = (
        CareArea(id="a1", name="=area", population=Population.NEONATAL, weight=draw(maybe(limits("kg")))),
        CareArea(id="a2", name="Area 2", population=Population.ADULT, kvo_rate=Quantity.of("0.5", "mL/h")),
    )
    unique = {entry_id(
        drug=e.drug, care_area=e.care_area, type_=e.type, therapy=e.therapy, concentration=e.concentration
    ): e for e in made}  # fmt: skip
    entries = tuple(_with_id(entry, str(number)) for number, entry in enumerate(unique.values()))
    return Library(
        library=About(name="x", organisation="y", version="1"),
        drugs=(first, second),
        care_areas=areas,
        advisories=(Advisory(id="v1", text="=Do this; now"), Advisory(id="v2", text="Do that")),
        entries=entries,
    )


def _with_id(entry: Entry, new: str) -> Entry:
    return Entry(**{name: getattr(entry, name) for name in Entry.__slots__} | {"id": new})


# Each example writes a file and reads it twice, so there are fewer of them.
@settings(max_examples=(settings.default.max_examples if settings.default else 90) // 3)
@given(libraries(), st.sampled_from([".xlsx", ".csv"]))
def test_the_plain_layout_holds_what_it_says(library, suffix) -> None:
    """Every entry comes back as it was, to the last digit, through a workbook and through CSV."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        unwritten = write_table(library, path, PLAIN)
        reading = read_table(path, PLAIN)
        used = {entry.care_area for entry in library.entries}
        drugs_used = {entry.drug for entry in library.entries}
    told = {item.field for item in unwritten}
    assert told <= {"care area"} | {"concentration", "drug.vtm"}
    assert ("care area" in told) == (len(used) < 2)
    assert len(drugs_used) > 0
    order = {name: number for number, name in enumerate(("a1", "a2"))}
    before = sorted(library.entries, key=lambda entry: order[entry.care_area])
    assert [flat_entry(e, library) for e in before] == [flat_entry(e, reading.library) for e in reading.library.entries]


@pytest.mark.parametrize(
    ("name", "file", "suffix"),
    [
        ("alaris", "alaris-sample.xlsx", ".xlsx"),
        ("baxter", "baxter-sample.xlsx", ".xlsx"),
        ("baxter", "baxter-sample.xlsx", ".csv"),
        ("plain", "plain-sample.csv", ".csv"),
        ("plain", "plain-sample.csv", ".xlsx"),
    ],
)
def test_samples_are_written_back(tmp_path: Path, name, file, suffix) -> None:
    """A vendor's library written in the vendor's layout reads as the same entries."""
    mapping = shipped_mapping(name)
    library = read_table(SAMPLES / file, mapping).library
    path = tmp_path / f"out{suffix}"
    assert {item.field for item in write_table(library, path, mapping)} <= {"device_settings.container volume"}
    result = read_back(library, path, mapping)
    assert result.entries_compared == len(library.entries)
    assert not result.differences


def test_what_a_layout_cannot_hold_is_told(tmp_path: Path) -> None:
    """Sources and decisions have no column; an entry of a type without a sheet is told whole."""
    mg = Limits(unit=Unit.read("mg/h"), soft_max=Fraction(5))
    concentration = Concentration(amount=Quantity.of("50", "mg"), volume=Quantity.of("50", "mL"))
    entry = Entry(
        id="e", drug="d", care_area="a", type=EntryType.CONTINUOUS, dose=mg, concentration=concentration,
        loading=Delivery(dose=Limits(unit=Unit.read("mg"), soft_max=Fraction(5))),
        sources=(Source(field="dose", citation="a book"),),
        decisions=(Decision(field="dose.hard_max", decision="none", reason="titrated"),),
    )  # fmt: skip
    library = Library(
        library=About(name="x", organisation="y", version="1"),
        drugs=(Drug(id="d", name="midazolam"),),
        care_areas=(CareArea(id="a", name="ICU", population=Population.ADULT),),
        entries=(entry,),
    )
    plain = write_table(library, tmp_path / "p.csv", PLAIN)
    assert [(item.field, item.entry) for item in plain] == [
        ("decisions", "midazolam, ICU, 50 mg in 50 mL"),
        ("sources", "midazolam, ICU, 50 mg in 50 mL"),
    ]
    alaris = {item.field for item in write_table(library, tmp_path / "a.xlsx", shipped_mapping("alaris"))}
    assert {"loading", "loading.dose.soft_max", "sources", "decisions"} <= alaris


def test_no_text_is_a_formula(tmp_path: Path) -> None:
    """A drug's name that a spreadsheet would run is text in the workbook, and has an apostrophe in CSV."""
    library = read_table(SAMPLES / "plain-sample.csv", PLAIN).library
    name = '=HYPERLINK("http://example.org","x")'
    evil = Library(
        library=library.library,
        drugs=tuple(Drug(id=drug.id, name=name if drug.id == "morphine" else drug.name) for drug in library.drugs),
        care_areas=library.care_areas,
        advisories=library.advisories,
        entries=library.entries,
    )
    for suffix in (".xlsx", ".csv"):
        write_table(evil, tmp_path / f"t{suffix}", PLAIN)
        assert slug(name) in [drug.id for drug in read_table(tmp_path / f"t{suffix}", PLAIN).library.drugs]
    rows = list(csv.reader((tmp_path / "t.csv").read_text("utf-8-sig").splitlines()))
    assert f"'{name}" in rows[-1]
    sheet = load_workbook(tmp_path / "t.xlsx").worksheets[0]
    (cell,) = [cell for row in sheet.iter_rows() for cell in row if cell.value == name]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


def test_what_cannot_be_written_at_all(tmp_path: Path) -> None:
    """A layout of several sheets is no .csv; a strange ending and a folder that is not there say what to do."""
    library = read_table(SAMPLES / "plain-sample.csv", PLAIN).library
    with pytest.raises(MappingError, match="sheets"):
        write_table(library, tmp_path / "a.csv", shipped_mapping("alaris"))
    with pytest.raises(FileAccessError, match="xlsx"):
        write_table(library, tmp_path / "a.ods", PLAIN)
    with pytest.raises(FileAccessError):
        write_table(library, tmp_path / "none" / "a.csv", PLAIN)
