"""Hypothesis strategies for quantities, units, limits, libraries and programmes; any test may use them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

from hypothesis import strategies as st

from openinfusion.core.entry import Decision, Entry, EntryType, Mode, Route, Source
from openinfusion.core.library import About, Advisory, CareArea, Drug, Library, Parent, Population, Status
from openinfusion.core.limits import Concentration, Delivery, Limits, Pca, TitrationStep
from openinfusion.core.programme import Programme
from openinfusion.core.units import CM, KG, M2, MINUTES, ML, ML_PER_H, Kind, PatientBasis, Quantity, TimeBasis, Unit

AMOUNTS = ("ng", "ug", "mg", "g", "m[iU]", "[iU]", "mmol", "meq", "mL", "kcal")
BASES = ("", "/kg", "/m2")
TIMES = ("", "/min", "/h", "/d")
CONCENTRATIONS = ("ng/mL", "ug/mL", "mg/mL", "g/mL", "m[iU]/mL", "[iU]/mL", "mmol/mL", "mmol/L", "g/L", "mg/L")
PATIENT_AND_TIME = ("kg", "g (neonatal weight)", "cm", "m2", "min", "h", "%")
UNITS = tuple(
    Unit.read(text)
    for text in (*(a + b + t for a in AMOUNTS for b in BASES for t in TIMES), *CONCENTRATIONS, *PATIENT_AND_TIME)
)
HAIR = Fraction(1, 10**12)

units = st.sampled_from(UNITS)
# A library's number: up to nine digits with up to six decimals, above zero.
numbers = st.builds(lambda digits, places: Fraction(digits, 10**places), st.integers(1, 10**9), st.integers(0, 6))
quantities = st.builds(Quantity, numbers, units)
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


def units_like(unit: Unit) -> st.SearchStrategy[Unit]:
    """Units that convert into this one without a patient or a drug."""
    return st.sampled_from([other for other in UNITS if other.measures_like(unit)])


def limits_in(unit: Unit, *, full: bool = False) -> st.SearchStrategy[Limits]:
    """Limits in order, any of them absent; with ``full`` all four are there and differ."""
    values = st.lists(numbers, min_size=4, max_size=4, unique=full).map(sorted)
    present = st.just((True,) * 4) if full else st.tuples(*[st.booleans()] * 4)

    def made(bounds: list[Fraction], shown: tuple[bool, ...]) -> Limits:
        kept = [bound if show else None for bound, show in zip(bounds, shown, strict=True)]
        return Limits(unit=unit, hard_min=kept[0], soft_min=kept[1], soft_max=kept[2], hard_max=kept[3])

    return st.builds(made, values, present)


def dose_units(kind: Kind, *, is_rate: bool) -> st.SearchStrategy[Unit]:
    """Units in which a dose of this kind of amount is counted."""
    alike = [u for u in UNITS if u.kind is kind and not u.volume.value and (u.time is not TimeBasis.NONE) is is_rate]
    return st.sampled_from(alike)


def amounts(kind: Kind) -> st.SearchStrategy[Quantity]:
    """Absolute amounts of one kind, such as 2.5 mg."""
    alike = [u for u in UNITS if u.measure == (kind, PatientBasis.NONE, False, False)]
    return st.builds(Quantity, numbers, st.sampled_from(alike))


millilitres = st.builds(Quantity, numbers, st.just(ML))
_texts: st.SearchStrategy[str | None] = st.none() | names
_settings: st.SearchStrategy[Mapping[str, str]] = st.dictionaries(names, names, max_size=2)


@st.composite
def limits_of(draw: st.DrawFn, unit_of: st.SearchStrategy[Unit]) -> Limits | None:
    """Limits in one of these units, or none."""
    return draw(st.none() | limits_in(draw(unit_of)))


@st.composite
def deliveries(draw: st.DrawFn, kind: Kind) -> Delivery:
    """The limits of a bolus or loading dose."""
    return Delivery(
        dose=draw(limits_of(dose_units(kind, is_rate=False))),
        rate=draw(limits_of(st.just(ML_PER_H))),
        volume=draw(limits_of(st.just(ML))),
        duration=draw(limits_of(st.just(MINUTES))),
    )


@st.composite
def entries(draw: st.DrawFn, number: int, *, advisories: tuple[str, ...]) -> Entry:
    """An entry of any type, with every field that the format has."""
    type_ = draw(st.sampled_from(EntryType))
    kind = Kind.VOLUME if type_ is EntryType.FLUID else draw(st.sampled_from([Kind.MASS, Kind.MOLE, Kind.EQUIVALENT]))
    strength = None if kind is Kind.VOLUME else draw(concentrations(kind))
    doses = dose_units(kind, is_rate=False)
    pca = None
    if type_ is EntryType.PCA:
        most = draw(limits_of(doses))
        window = Quantity(draw(numbers), MINUTES) if most else None
        pca = Pca(
            dose=draw(doses.flatmap(limits_in)),
            lockout=draw(limits_of(st.just(MINUTES))),
            accumulated=most,
            window=window,
            bolus_counts=draw(st.booleans()),
        )
    return Entry(
        id=f"entry-{number}",
        drug="drug-0",
        care_area="area-0",
        type=type_,
        route=draw(st.sampled_from(Route)),
        therapy=draw(_texts),
        concentration=strength,
        dose=draw(limits_of(dose_units(kind, is_rate=type_ is not EntryType.INTERMITTENT))),
        rate=draw(limits_of(st.just(ML_PER_H))),
        volume=draw(limits_of(st.just(ML))),
        duration=draw(limits_of(st.just(MINUTES))),
        bolus=draw(st.none() | deliveries(kind)),
        loading=draw(st.none() | deliveries(kind)),
        pca=pca,
        titration_step=draw(st.none() | st.builds(lambda n: TitrationStep(factor=1 + n), numbers)),
        secondary=draw(st.sampled_from(["not allowed", "allowed", "only"])),
        delivered_by=draw(st.sampled_from([(), ("syringe pump",), ("large-volume pump", "syringe pump")])),
        anaesthesia_only=draw(st.booleans()),
        advisories=draw(st.sampled_from([(), advisories])),
        device_settings=draw(_settings),
        sources=draw(st.sampled_from([(), (Source(field="entry", citation="a page"),)])),
        rationale=draw(_texts),
        decisions=draw(st.sampled_from([(), (Decision(field="dose", decision="none", reason="why"),)])),
        review_by=draw(st.none() | st.dates(date(2020, 1, 1), date(2040, 1, 1))),
        unreviewed=draw(st.booleans()),
    )


@st.composite
def concentrations(draw: st.DrawFn, kind: Kind) -> Concentration:
    """A fixed, open or half-open concentration."""
    per_ml = [u for u in UNITS if u.measure == (kind, PatientBasis.NONE, False, True)]
    bounds = draw(limits_of(st.sampled_from(per_ml))) if per_ml else None
    return Concentration(amount=draw(st.none() | amounts(kind)), volume=draw(st.none() | millilitres), limits=bounds)


@st.composite
def libraries(draw: st.DrawFn) -> Library:
    """A whole library of a few entries; every field of the format can be there."""
    area = CareArea(
        id="area-0",
        name=draw(names),
        population=draw(st.sampled_from(Population)),
        max_rate=draw(st.none() | st.builds(Quantity, numbers, st.just(ML_PER_H))),
        max_volume=draw(st.none() | millilitres),
        owner=draw(_texts),
        device_settings=draw(_settings),
        weight=draw(limits_of(st.just(KG))),
        height=draw(limits_of(st.just(CM))),
        body_surface_area=draw(limits_of(st.just(M2))),
    )
    advisory = Advisory(id="advisory-0", text=draw(names), name=draw(_texts))
    drug = Drug(
        id="drug-0",
        name=draw(names),
        tall_man=draw(_texts),
        aliases=tuple(draw(st.lists(names, max_size=2))),
        amount_kind=draw(st.none() | st.sampled_from(Kind)),
        high_alert=draw(st.booleans()),
    )
    about = About(
        name=draw(names),
        organisation=draw(names),
        version=draw(names),
        status=draw(st.sampled_from(Status)),
        valid_from=draw(st.none() | st.datetimes(datetime(2020, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
        parent=draw(st.none() | st.just(Parent(name="parent", version="0", sha256="0" * 64))),
        not_for_clinical_use=draw(st.booleans()),
    )
    count = draw(st.integers(0, 3))
    made = tuple(draw(entries(number, advisories=("advisory-0",))) for number in range(count))
    return Library(library=about, drugs=(drug,), care_areas=(area,), advisories=(advisory,), entries=made)


def library_with(entry: Entry, area: CareArea | None = None) -> Library:
    """The smallest library that holds an entry."""
    ward = area or CareArea(id="area-0", name="Ward", population=Population.ADULT)
    return Library(
        library=About(name="one", organisation="one", version="1"),
        drugs=(Drug(id="drug-0", name="drug"),),
        care_areas=(ward,),
        entries=(replace(entry, drug="drug-0", care_area=ward.id),),
    )


def programme_on(entry: Entry, mode: Mode = Mode.CONTINUOUS, **entered: Quantity | None) -> Programme:
    """A programme on the entry of ``library_with``."""
    bare = Programme(care_area="area-0", entry=entry.id, mode=mode)
    return replace(bare, **entered)  # type: ignore[arg-type]
