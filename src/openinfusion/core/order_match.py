"""
Find the one entry of a library that an order means, without guessing.

Every entry of the medicine in the care area is held against what the order says, one question after the other; the
first question that no entry passes is the answer, and two entries that pass all of them are an answer too: nobody can
tell. Which medicine is meant: ``order_medicines``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from openinfusion.core.library import Drug, Entry, EntryType, Route
from openinfusion.core.order_codes import OrderError, refusal
from openinfusion.core.order_medicines import Medicines, Miss, Near, plain_name
from openinfusion.core.order_parts import (
    Field,
    Order,
    OrderKind,
    OrderRules,
    PumpSituation,
    Step,
    StepKind,
    is_flow,
)
from openinfusion.core.units import ML, Kind, PatientBasis, Quantity, TimeBasis, Unit


@dataclass(frozen=True, slots=True)
class Match:
    """
    What an order was matched to.

    Attributes:
        drug: the medicine, where it was found.
        by: what it was found by: code or name.
        entry: the one entry that fits, or ``None``.
        error: why none does.
        miss: the kind of reason.
        near: medicines whose names are near, where none was found.

    """

    drug: Drug | None
    by: str
    entry: Entry | None
    error: OrderError | None
    miss: Miss | None = None
    near: tuple[Near, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """All that decides whether an entry fits."""

    order: Order
    situation: PumpSituation
    rules: OrderRules

    @property
    def step(self) -> Step:
        """What the order gives first."""
        return self.order.first


Question = tuple[Miss, Callable[[Entry, Asked], bool], Callable[[list[Entry], Asked], OrderError]]


def match(order: Order, medicines: Medicines, situation: PumpSituation, *, rules: OrderRules) -> Match:
    """Return the one entry of the situation's care area that an order means, or why there is none."""
    found = medicines.find(order.medication)
    if found.drug is None:
        error, near = refusal(9010, found.why), medicines.near(order.medication)
        return Match(None, "", None, error, found.miss, near)
    asked = Asked(order, situation, rules)
    library = medicines.library
    here = [e for e in library.entries if e.drug == found.drug.id and e.care_area == situation.care_area]
    if not here:
        areas = sorted({e.care_area for e in library.entries if e.drug == found.drug.id})
        why = f"{found.drug.name} is not in the care area {situation.care_area!r}; it is in {_listed(areas)}"
        return Match(found.drug, found.by, None, refusal(9010, why), Miss.NOT_IN_AREA)
    if found.entry is not None:
        here = [entry for entry in here if entry.id == found.entry]
    answer = _ask_all(here, asked)
    if isinstance(answer, Entry):
        return Match(found.drug, found.by, answer, None)
    return Match(found.drug, found.by, None, *answer)


def _ask_all(entries: list[Entry], asked: Asked) -> Entry | tuple[OrderError, Miss]:
    for miss, fits, answer in QUESTIONS:
        left = [entry for entry in entries if fits(entry, asked)]
        if not left:
            return answer(entries, asked), miss
        entries = left
    if len(entries) > 1:
        entries = _same_bag(entries, asked.step) or entries
    if len(entries) > 1:
        return refusal(9010, f"more than one entry fits: {_ids(entries)}"), Miss.SEVERAL
    return entries[0]


def _same_bag(entries: list[Entry], step: Step) -> list[Entry]:
    """Return the entries whose amount and volume are those of the order, not only their ratio."""
    made_up = [(e, e.concentration) for e in entries if e.concentration is not None]
    return [entry for entry, own in made_up if own.amount == step.amount and own.volume == step.diluent]


def _is_offered(entry: Entry, asked: Asked) -> bool:
    kind = asked.situation.kind or asked.order.device
    by_kind = not entry.delivered_by or kind in entry.delivered_by
    return by_kind and (asked.situation.in_anaesthesia_mode or not entry.anaesthesia_only)


def _not_offered(entries: list[Entry], asked: Asked) -> OrderError:
    kind = asked.situation.kind or asked.order.device
    return refusal(9010, f"not offered by this pump ({kind or 'kind not known'}): {_ids(entries)}")


def _is_of_type(entry: Entry, asked: Asked) -> bool:
    step = asked.step
    if asked.order.kind is OrderKind.MULTISTEP:
        return entry.type in (EntryType.CONTINUOUS, EntryType.FLUID)
    if entry.type is EntryType.PCA or asked.order.pca is not None:
        return entry.type is EntryType.PCA and asked.order.pca is not None
    if entry.type is not EntryType.INTERMITTENT:
        return step.single_dose is None
    return step.single_dose is not None or step.volume is not None


def _other_type(entries: list[Entry], asked: Asked) -> OrderError:
    if asked.order.kind is OrderKind.MULTISTEP:
        return refusal(9043, f"neither continuous nor a fluid: {_ids(entries)}")
    if asked.order.pca is not None:
        asks = "analgesia controlled by the patient"
    elif asked.step.single_dose is not None:
        asks = "a single dose"
    else:
        asks = "a rate without a volume"
    types = sorted({entry.type.value for entry in entries})
    return refusal(9010, f"the order asks for {asks}; here it is {_listed(types)}")


def _is_for_therapy(entry: Entry, asked: Asked) -> bool:
    therapy = asked.order.therapy
    return therapy is None or (entry.therapy is not None and plain_name(entry.therapy) == plain_name(therapy))


def _other_therapy(entries: list[Entry], asked: Asked) -> OrderError:
    therapies = sorted({entry.therapy for entry in entries if entry.therapy})
    detail = f"ordered for {asked.order.therapy}; the library has {_listed(therapies) or 'no therapies here'}"
    return refusal(9018, detail, fields=[Field.MEDICATION])


_VEINS = (Route.INTRAVENOUS, Route.CENTRAL, Route.PERIPHERAL)


def _is_by_route(entry: Entry, asked: Asked) -> bool:
    return fits_route(entry, asked.order.route)


def fits_route(entry: Entry, route: Route | None) -> bool:
    """Whether an entry is given by a route; plain "intravenous" leaves central or peripheral open, on both sides."""
    if route is Route.INTRAVENOUS or (entry.route is Route.INTRAVENOUS and route in _VEINS):
        return entry.route in _VEINS
    return route is None or entry.route is route


def _other_route(entries: list[Entry], asked: Asked) -> OrderError:
    routes = _listed(sorted({entry.route.value for entry in entries}))
    ordered = asked.order.route.value if asked.order.route else ""
    return refusal(9018, f"ordered {ordered}; the library has {routes}", fields=[Field.ROUTE])


def _is_in_place(entry: Entry, asked: Asked) -> bool:
    return entry.secondary != ("not allowed" if asked.order.secondary else "only")


def _other_place(entries: list[Entry], asked: Asked) -> OrderError:
    if asked.order.secondary:
        return refusal(9013, f"not allowed as secondary: {_ids(entries)}")
    return refusal(9018, f"allowed as secondary only: {_ids(entries)}", fields=[Field.METHOD])


def has_strength(entry: Entry, asked: Asked) -> bool:
    """Whether an entry has the strength that an order gives, exactly, or leaves it to the bedside."""
    own, amount, diluent = entry.concentration, asked.step.amount, asked.step.diluent
    if own is None:
        return amount is None
    if amount is None or diluent is None or not _counts_alike(entry, amount):
        return False
    if own.amount is None or own.volume is None:
        return own.amount in (None, amount) and own.volume in (None, diluent)
    return same_strength(asked.order, (amount, diluent), (own.amount, own.volume))


def same_strength(order: Order, one: tuple[Quantity, Quantity], other: tuple[Quantity, Quantity]) -> bool:
    """Whether two amounts in their volumes are the same strength for this patient, exactly; unknown is not the same."""
    (mine, my_volume), (theirs, their_volume) = one, other
    if mine.unit.kind is not theirs.unit.kind:
        return False
    sizes = [order.measure(amount.unit.patient) for amount in (mine, theirs)]
    if mine.unit.patient is theirs.unit.patient:
        sizes = [Fraction(1), Fraction(1)]
    if sizes[0] is None or sizes[1] is None:
        return False
    left = mine.value * mine.unit.scale * sizes[0] * their_volume.to(ML).value
    return left == theirs.value * theirs.unit.scale * sizes[1] * my_volume.to(ML).value


def _counts_alike(entry: Entry, amount: Quantity) -> bool:
    """Whether an entry counts the kind of amount that an order gives."""
    own = entry.concentration
    units = (own.amount.unit if own and own.amount else None, own.limits.unit if own and own.limits else None)
    kinds = {unit.kind for unit in (*units, dose_unit(entry)) if unit is not None and unit.kind is not Kind.VOLUME}
    return not kinds or amount.unit.kind in kinds


def _other_strength(entries: list[Entry], asked: Asked) -> OrderError:
    step = asked.step
    made_up = [entry.concentration for entry in entries if entry.concentration is not None]
    if made_up and (step.amount is None or step.diluent is None):
        lacks = [f for f, value in ((Field.AMOUNT, step.amount), (Field.DILUENT, step.diluent)) if value is None]
        strengths = _listed(sorted({own.text for own in made_up}))
        return refusal(9003, f"the library has {strengths}, and nobody says which this is", fields=lacks)
    if asked.order.measure(PatientBasis.KG) is None and any(
        own.amount is not None and own.amount.unit.patient is PatientBasis.KG for own in made_up
    ):
        return refusal(9019, "the strength of the library is made up by weight", fields=[Field.WEIGHT])
    assert step.amount is not None  # noqa: S101 - an order without an amount fits what has no strength, or misses one
    alike = any(_counts_alike(entry, step.amount) for entry in entries if entry.concentration is not None)
    ordered = f"{step.amount} in {step.diluent}" if step.diluent else f"{step.amount}"
    strengths = _listed(sorted({own.text for own in made_up})) or "no strength: it is given as it is"
    about = [Field.AMOUNT, Field.DILUENT] if alike or not made_up else [Field.AMOUNT_UNIT]
    return refusal(9018, f"ordered {ordered}; the library has {strengths}", fields=about)


def dose_unit(entry: Entry) -> Unit | None:
    """Return the unit in which an entry counts its dose; for PCA that of the demand dose."""
    if entry.pca is not None:
        return entry.pca.dose.unit
    return entry.dose.unit if entry.dose is not None else None


def rate_unit(entry: Entry) -> Unit | None:
    """Return the unit in which a pump programmes an entry by rate: that of its dose rate, or else of its rate."""
    if entry.type is not EntryType.INTERMITTENT and entry.dose is not None:
        return entry.dose.unit
    return entry.rate.unit if entry.rate is not None else None


def _pairs(entry: Entry, asked: Asked) -> Iterable[tuple[Quantity | None, Unit | None]]:
    """Yield what was ordered with the unit that the entry counts it in."""
    pca, by_rate = asked.order.pca, rate_unit(entry)
    if pca is not None and entry.pca is not None:
        yield pca.demand, entry.pca.dose.unit
        yield pca.dose_limit, entry.pca.accumulated.unit if entry.pca.accumulated else None
    for step in asked.order.steps:
        is_loading = step.kind is StepKind.LOADING
        loading = entry.loading.dose.unit if entry.loading is not None and entry.loading.dose is not None else None
        if pca is None:
            yield step.single_dose, loading if is_loading else dose_unit(entry)
        yield step.dose_rate, None if is_loading else by_rate
        if step.dose is None:
            yield step.rate, None if is_loading else by_rate


def has_units(entry: Entry, asked: Asked) -> bool:
    """Whether an order counts as the entry does; an entry without a unit of its own takes any of the right kind."""
    return all(
        is_same_unit(ordered.unit, unit, asked.rules) if unit is not None else _is_usable(ordered, entry)
        for ordered, unit in _pairs(entry, asked)
        if ordered is not None
    )


def is_same_unit(ordered: Unit, own: Unit, rules: OrderRules) -> bool:
    """Whether two units are the same, or convert exactly where the trust lets that pass."""
    return ordered is own or (rules.converts_units and ordered.measures_like(own))


def _is_usable(ordered: Quantity, entry: Entry) -> bool:
    """Whether an entry without a unit of its own takes a value; a single dose is not programmed by drug per time."""
    is_drug_per_time = ordered.unit.time is not TimeBasis.NONE and not is_flow(ordered)
    if is_drug_per_time and entry.type is EntryType.INTERMITTENT:
        return False
    return is_flow(ordered) or _counts_alike(entry, ordered)


def _other_unit(entries: list[Entry], asked: Asked) -> OrderError:
    ordered = {q.unit.text for entry in entries for q, _ in _pairs(entry, asked) if q is not None}
    own = {unit.text for entry in entries for _, unit in _pairs(entry, asked) if unit is not None}
    detail = f"ordered in {_listed(sorted(ordered))}; the library counts in {_listed(sorted(own)) or 'another kind'}"
    return refusal(9009, detail, fields=[Field.RATE_UNIT])


QUESTIONS: tuple[Question, ...] = (
    (Miss.NOT_OFFERED, _is_offered, _not_offered),
    (Miss.TYPE, _is_of_type, _other_type),
    (Miss.THERAPY, _is_for_therapy, _other_therapy),
    (Miss.ROUTE, _is_by_route, _other_route),
    (Miss.PLACE, _is_in_place, _other_place),
    (Miss.STRENGTH, has_strength, _other_strength),
    (Miss.UNIT, has_units, _other_unit),
)
_MOST_LISTED = 6


def _listed(words: list[str]) -> str:
    more = len(words) - _MOST_LISTED
    return ", ".join(words[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _ids(entries: list[Entry]) -> str:
    return _listed(sorted(entry.id for entry in entries))
