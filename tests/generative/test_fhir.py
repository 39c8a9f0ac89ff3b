"""FHIR with values drawn at random: what is written is read back equal, whatever is sent ends in words."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from openinfusion.adapters.fhir import Made, Release, read_bundle, to_bytes, write_bundle
from openinfusion.adapters.fhir.amounts import DOSE, RATE
from openinfusion.adapters.fhir.names import LIMIT, PART_WORDS, STATUSES
from openinfusion.adapters.fhir.values import Administration, Coding, Concept, Context, Device, Issue
from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.event_parts import Alert, Delivered, FlowSource, Pattern, Programmed, Response, Segment, Stopped
from openinfusion.core.library import Limit, Mode
from openinfusion.core.numbers import decimal_text
from openinfusion.core.programme import Parameter
from openinfusion.core.units import Quantity, Unit
from tests.strategies import UNITS, numbers
from tests.unit.fhir.logs import example_log, made_of, resource, ucum

RATES = [unit for unit in UNITS if RATE.rule(unit)]
DOSES = [unit for unit in UNITS if DOSE.rule(unit)]
releases = st.sampled_from(Release)
words = st.text("abcdefghij -", min_size=1, max_size=12).map(str.strip).filter(bool)
perhaps_words = st.none() | words
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def amounts(units):
    return st.builds(Quantity, numbers, st.sampled_from(units))


volumes = st.none() | amounts([Unit.read("mL"), Unit.read("L")])
rates = st.none() | amounts(RATES)
doses = st.none() | amounts(DOSES)


@st.composite
def segments(draw, which):
    """A segment that ended or began."""
    is_over = which == "ended" and draw(st.booleans())
    status: Any = "not delivering" if is_over else "transitioning" if which == "ended" else "delivering"
    return Segment(
        source=draw(st.sampled_from(get_args(FlowSource))),
        status=status,
        pattern=draw(st.none() | st.sampled_from(get_args(Pattern))),
        because=draw(st.sampled_from(get_args(Stopped))) if is_over else None,
        complete=draw(st.none() | st.booleans()),
        step=draw(st.none() | st.integers(0, 2**63 - 1)),
        rate=draw(st.none() | amounts([Unit.read("mL/h")])),
        dose_rate=draw(rates),
        **{name: draw(volumes) for name in ("volume", "total", "vtbi", "remaining")},
    )


programmes = st.builds(
    Programmed,
    mode=st.none() | st.sampled_from(Mode),
    dose=rates | doses,
    rate=rates,
    weight=st.none() | amounts([Unit.read("kg"), Unit.read("g (neonatal weight)")]),
).filter(lambda one: one != Programmed())


@st.composite
def administrations(draw):
    """An administration with any of its parts; times in order, the plain elements those of its segments."""
    began, ended = draw(st.none() | segments("began")), draw(st.none() | segments("ended"))
    start = draw(st.none() | moments)
    length = draw(st.none() | st.timedeltas(timedelta(0), timedelta(days=9)))
    rate, dose = draw(rates), draw(doses)
    if began or ended:
        rate = next((one.rate for one in (ended, began) if one is not None and one.rate is not None), None)
        dose = ended.volume if ended is not None else dose
    return Administration(
        id="a",
        url="urn:uuid:a",
        purpose=draw(st.sampled_from(["clinical", "test", "training", "example"])),
        status=draw(st.sampled_from([one for one in STATUSES if one != "entered-in-error"])),
        medicine=draw(st.none() | st.builds(Concept, text=words)),
        start=start,
        end=start + length if start is not None and length is not None else None,
        rate=rate,
        dose=dose,
        reasons=draw(st.lists(st.builds(Concept, text=words), max_size=2).map(tuple)),
        device=draw(st.none() | st.just("Device/1")),
        part=draw(st.none() | st.sampled_from(list(PART_WORDS))),
        basis=draw(st.none() | st.sampled_from(["delivered", "programmed"])),
        infusion=draw(perhaps_words),
        record=draw(perhaps_words),
        episode=draw(perhaps_words),
        programmed=draw(st.none() | programmes),
        delivered=draw(st.none() | st.builds(Delivered, volume=volumes, dose=doses).filter(lambda d: d != Delivered())),
        began=began,
        ended=ended,
        context=draw(st.none() | st.builds(Context, care_area=words, with_library=st.none() | st.booleans())),
    )


@st.composite
def issues(draw):
    """An alert with any answer."""
    unit = draw(st.sampled_from(RATES))
    limit = draw(st.sampled_from(Limit))
    response = draw(st.none() | st.sampled_from(Response))
    return Issue(
        id="i",
        url="urn:uuid:i",
        status="final",
        code=Concept(codings=(Coding(system=LIMIT, code=limit.value, display="x"),)),
        severity=draw(st.sampled_from(["high", "moderate", "low"])),
        at=draw(st.none() | moments),
        text=draw(perhaps_words),
        alert=Alert(
            parameter=draw(st.sampled_from(Parameter)),
            limit=limit,
            attempted=Quantity(draw(numbers), unit),
            bound=Quantity(draw(numbers), unit),
        ),
        response=response,
        answered=draw(st.none() | moments) if response else None,
        seconds=draw(st.none() | numbers) if response else None,
        reason=draw(perhaps_words) if response else None,
    )


devices = st.builds(Device, id=st.just("d"), url=st.just("urn:uuid:d"), asset=words, maker=perhaps_words)


@settings(deadline=None, max_examples=100)
@given(administrations(), issues(), devices, releases)
def test_what_is_written_is_read_back_equal(administration, issue, device, release):
    made = Made(purpose="test", devices=(device,), metrics=(), administrations=(administration,), issues=(issue,))
    reading = read_bundle(to_bytes(write_bundle(made, release)), release=release)
    assert reading.cautions == ()
    assert reading.resources == (device, administration, issue)


@settings(deadline=None)
@given(st.sampled_from(UNITS), numbers, st.sampled_from(["rateQuantity", "dose"]))
def test_a_quantity_is_used_if_and_only_if_it_measures_what_it_must(unit, number, element):
    fit = RATE if element == "rateQuantity" else DOSE
    held = resource(dosage={element: ucum(777777, unit.code)}).replace(b"777777", decimal_text(number).encode())
    found = read_bundle(held, release=Release.R4).administrations[0]
    used = found.rate if element == "rateQuantity" else found.dose
    # Grams of patient and of drug have one code in UCUM: what stands in a dose is drug.
    read_as = Unit.from_ucum(unit.code)
    assert used == (Quantity(number, read_as) if fit.rule(read_as) else None)


@cache
def written(release: Release) -> bytes:
    """The worked example, written."""
    header, events = example_log()
    return to_bytes(write_bundle(made_of(*events, header=header), release))


ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2.5,
    10**30,
    "",
    "x",
    "5",
    "mL",
    "min",
    "U",
    [],
    {},
    [[1]],
    ["x"],
    {"value": 1},
    [{}],
)


def spoilt(release: Release, seed: int) -> dict[str, Any]:
    """A few resources of ours in which a value here and there became another one."""
    random = Random(seed)  # noqa: S311 - the same seed spoils the same way
    document: dict[str, Any] = json.loads(written(release))
    document["entry"] = random.sample(document["entry"], 3)
    for _ in range(random.choice((1, 1, 2, 4))):
        here: Any = random.choice(document["entry"])
        while keys := list(here) if isinstance(here, dict) else list(range(len(here))):
            key = random.choice(keys)
            if not isinstance(here[key], dict | list) or random.random() < 0.2:
                here[key] = deepcopy(random.choice(ODD))
                break
            here = here[key]
    return document


@settings(deadline=None, max_examples=300)
@given(releases, st.integers(0, 2**32))
def test_whatever_is_sent_is_read_or_refused_in_words(release, seed):
    content = json.dumps(spoilt(release, seed)).encode()
    try:
        reading = read_bundle(content)
    except OpenInfusionError:
        return
    for one in reading.administrations:
        assert one.rate is None or (RATE.rule(one.rate.unit) and one.rate.value >= 0)
        assert one.dose is None or (DOSE.rule(one.dose.unit) and one.dose.value >= 0)
