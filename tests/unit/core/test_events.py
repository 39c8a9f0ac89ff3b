"""What a record of the event log must tell, and what is wrong with one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest

from openinfusion.core.errors import EventError
from openinfusion.core.events import (
    LARGEST_COUNT,
    LONGEST_SPAN,
    NEEDS,
    Alarm,
    Alert,
    Container,
    Delivered,
    Event,
    EventLog,
    Kind,
    LibraryVersion,
    Private,
    Programmed,
    Response,
    Segment,
    faults,
)
from openinfusion.core.library import Mode
from openinfusion.core.limits import Limit
from openinfusion.core.programme import Parameter
from openinfusion.core.units import GRAMS_OF_PATIENT, ML, Quantity

Q = Quantity.read
AT = datetime(2026, 3, 31, 14, 5, tzinfo=timezone(timedelta(hours=1)))
BARE = Event(event_id="1", kind=Kind.POWER_ON, pump="P", at=AT)
ALERT = Alert(parameter=Parameter.DOSE, limit=Limit.SOFT_MAX, attempted=Q("2 mg/h"), bound=Q("1 mg/h"))
ENDED = Segment(source="clinician", status="transitioning", rate=Q("120 mL/h"), volume=Q("2 mL"))
BEGAN = Segment(source="primary", status="delivering", rate=Q("5 mL/h"), volume=Q("0 mL"))
FULL: dict[str, Any] = {
    "power": "mains",
    "library": LibraryVersion(name="L", version="1"),
    "other_library": LibraryVersion(name="L", version="2"),
    "reason": "why",
    "care_area": "area",
    "drug": "drug",
    "search": "dr",
    "infusion": "i",
    "programme": Programmed(dose=Q("1 mg/h")),
    "with_library": True,
    "alert": ALERT,
    "about": "0",
    "response": Response.OVERRIDDEN,
    "delivered": Delivered(volume=Q("1 mL"), duration=Q("1 h")),
    "ended": ENDED,
    "began": BEGAN,
    "container": Container(type="syringe"),
    "alarm": Alarm.AIR,
    "ward": "W",
    "clock_before": AT,
    "connected": False,
    "first_lost": 1,
    "last_lost": 1,
}


def fine(**changed: Any) -> bool:
    """Whether a record may say this."""
    return isinstance(replace(BARE, **changed), Event)


def found(**changed: Any) -> list[str]:
    """The paths of all faults of a record that says this."""
    with pytest.raises(EventError) as caught:
        replace(BARE, **changed)
    return [fault.path for fault in caught.value.faults]


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_needs_what_it_needs_and_no_more(kind):
    """With all of it there is no fault; each one that is left out is one fault, which names the kind."""
    told = {name: FULL[name] for name in NEEDS[kind]}
    assert not list(faults(replace(BARE, kind=kind, **told)))
    for name in told:
        assert found(kind=kind, **{**told, name: None}) == [name]


def test_all_faults_are_found_at_once():
    """An error carries every one of them, and speaks of the first."""
    assert found(kind=Kind.STARTED, pump="", sequence=-1, at=AT.replace(tzinfo=None)) == [
        "infusion",
        "with_library",
        "pump",
        "at",
        "sequence",
    ]


@pytest.mark.parametrize("text", ["", "a" * 201, "a\nb", "a\u200bb"])
def test_a_text_is_short_and_prints(text):
    """Names go to screens and files: nothing empty, endless or invisible."""
    assert found(event_id=text) == ["event_id"]
    assert found(library=LibraryVersion(name=text, version="1", sha256=text)) == ["library.name", "library.sha256"]
    assert found(private=Private(patient=text)) == ["private.patient"]


def test_the_longest_text_is_a_text():
    """200 characters, and spaces and any script among them."""
    assert fine(ward="\u00f8 " * 100)


@pytest.mark.parametrize("name", ["at", "received", "clock_before"])
def test_a_time_has_its_zone_and_a_year_that_a_pump_can_mean(name):
    """The years from 1900 to 2299, by the pump's own clock."""
    assert found(**{name: AT.replace(tzinfo=None)}) == [name]
    assert found(**{name: AT.replace(year=1899)}) == [name]
    assert found(**{name: AT.replace(year=2300)}) == [name]
    assert fine(**{name: AT.replace(year=1900)})
    assert fine(**{name: AT.replace(year=2299)})


@pytest.mark.parametrize("name", ["sequence", "first_lost", "last_lost"])
def test_a_count_fits_in_64_bits(name):
    """From zero on."""
    assert name in found(**{name: -1})
    assert name in found(**{name: LARGEST_COUNT + 1})
    assert fine(**{name: LARGEST_COUNT})
    assert fine(**{name: 0})


def test_a_gap_ends_where_it_begins_or_later():
    """One record can be lost; the last is never before the first."""
    assert found(first_lost=2, last_lost=1) == ["last_lost"]
    assert fine(first_lost=2, last_lost=2)


def test_a_span_is_within_a_century():
    """An offset may be negative, a waiting time may not."""
    assert found(seconds=Fraction(-1, 2)) == ["seconds"]
    assert found(seconds=Fraction(LONGEST_SPAN + 1)) == ["seconds"]
    assert found(clock_offset=Fraction(-LONGEST_SPAN - 1)) == ["clock_offset"]
    assert fine(seconds=Fraction(LONGEST_SPAN), clock_offset=Fraction(-LONGEST_SPAN))


@pytest.mark.parametrize("number", [Fraction(1, 3), Fraction(1, 10**19), Fraction(10**18)])
def test_a_number_that_no_file_can_hold_is_refused(number):
    """A third, nineteen places, nineteen digits."""
    amount = Quantity(number, ML)
    assert found(programme=Programmed(dose=amount)) == ["programme.dose"]
    assert "delivered.volume" in found(delivered=Delivered(volume=amount))
    assert found(infusion="i", ended=replace(ENDED, vtbi=amount)) == ["ended.vtbi"]
    assert found(infusion="i", began=replace(BEGAN, dose_rate=amount)) == ["began.dose_rate"]
    assert found(container=Container(type="bag", size=amount)) == ["container.size"]
    if number < 1:
        assert found(seconds=number) == ["seconds"]
        assert found(clock_offset=number) == ["clock_offset"]


def test_an_alert_crosses_its_limit():
    """Above a maximum, below a minimum; a value on the limit is inside, and units must be alike."""
    low = replace(ALERT, limit=Limit.HARD_MIN)
    assert fine(alert=ALERT)
    assert fine(alert=replace(low, attempted=Q("1 mg/h"), bound=Q("2 mg/h")))
    assert found(alert=low) == ["alert.attempted"]
    assert found(alert=replace(ALERT, attempted=Q("1000 ug/h"))) == ["alert.attempted"]
    assert found(alert=replace(ALERT, bound=Q("1 mL/h"))) == ["alert.bound"]


@pytest.mark.parametrize(
    ("limit", "attempted", "bound", "ratio"),
    [
        (Limit.SOFT_MAX, "2 mg/h", "1500 ug/h", Fraction(4, 3)),
        (Limit.SOFT_MIN, "1 mg/h", "3 mg/h", Fraction(3)),
        (Limit.HARD_MIN, "0 mg/h", "3 mg/h", None),
    ],
)
def test_times_the_limit(limit, attempted, bound, ratio):
    """How far beyond, always as a number above one; nothing is infinitely far below."""
    assert replace(ALERT, limit=limit, attempted=Q(attempted), bound=Q(bound)).ratio == ratio


def test_nothing_is_given_back():
    """No programme and no delivery is below zero; zero is."""
    assert found(programme=Programmed(rate=Q("-1 mL/h"))) == ["programme.rate"]
    assert found(delivered=Delivered(dose=Q("-1 mg"))) == ["delivered.dose"]
    assert found(infusion="i", ended=replace(ENDED, remaining=Q("-1 mL"))) == ["ended.remaining"]
    assert found(infusion="i", began=replace(BEGAN, rate=Q("-1 mL/h"))) == ["began.rate"]
    assert found(container=Container(type="syringe", volume=Q("-1 mL"))) == ["container.volume"]
    assert fine(delivered=Delivered(dose=Q("0 mg")))


def test_a_volume_is_a_volume_and_a_duration_a_duration():
    """Delivered amounts are in units that can be added up."""
    assert found(delivered=Delivered(volume=Q("1 mg"), duration=Q("1 mL"))) == [
        "delivered.volume",
        "delivered.duration",
    ]
    assert fine(delivered=Delivered(volume=Q("1 L"), duration=Q("90 min")))


@pytest.mark.parametrize("part", ["ended", "began"])
def test_a_segment_flows_in_millilitres_and_hours(part):
    """Or the like; the dose that it delivers is in the units of its drug."""
    segment = FULL[part]
    for name in ("volume", "total", "vtbi", "remaining"):
        assert found(infusion="i", **{part: replace(segment, **{name: Q("1 mg")})}) == [f"{part}.{name}"]
        assert fine(infusion="i", **{part: replace(segment, **{name: Q("1 L")})})
    assert found(infusion="i", **{part: replace(segment, rate=Q("1 mL"))}) == [f"{part}.rate"]
    assert fine(infusion="i", **{part: replace(segment, rate=Q("1 mL/min"), dose_rate=Q("1 ug/kg/min"))})


def test_a_container_holds_a_volume():
    """What is in it, and what could be."""
    wrong = Container(type="bag", volume=Q("1 mg"), size=Q("1 h"))
    assert found(container=wrong) == ["container.volume", "container.size"]
    assert fine(container=Container(type="bag", volume=Q("500 mL"), size=Q("1 L")))


@pytest.mark.parametrize(
    ("part", "statuses"), [("ended", ("transitioning", "not delivering")), ("began", ("delivering", "kvo"))]
)
def test_a_segment_begins_or_ends(part, statuses):
    """Each has the statuses that it can have, and none of the other's."""
    for status in ("delivering", "kvo", "transitioning", "not delivering"):
        because = "clinician" if status == "not delivering" else None
        told = {"infusion": "i", part: replace(FULL[part], status=status, because=because)}
        assert fine(**told) if status in statuses else found(**told) == [f"{part}.status"]


def test_a_stop_has_its_reason_and_nothing_else_has():
    """Fluid that goes on has no reason to have stopped."""
    stopped = replace(ENDED, status="not delivering")
    assert found(infusion="i", ended=stopped) == ["ended.because"]
    assert fine(infusion="i", ended=replace(stopped, because="alarm"))
    assert found(infusion="i", ended=replace(ENDED, because="alarm")) == ["ended.because"]
    assert found(infusion="i", began=replace(BEGAN, because="alarm")) == ["began.because"]


def test_a_step_is_a_count():
    """From zero to what a table holds."""
    assert found(infusion="i", ended=replace(ENDED, step=-1)) == ["ended.step"]
    assert found(infusion="i", began=replace(BEGAN, step=LARGEST_COUNT + 1)) == ["began.step"]
    assert fine(infusion="i", ended=replace(ENDED, step=1), began=replace(BEGAN, step=LARGEST_COUNT))


def test_a_segment_belongs_to_an_infusion():
    """Whatever the kind of the record; where the kind asks for it as well, that is said once."""
    assert found(ended=ENDED, began=BEGAN) == ["infusion"]
    assert found(began=BEGAN) == ["infusion"]
    assert found(kind=Kind.PAUSED, ended=ENDED) == ["infusion"]


@pytest.mark.parametrize(
    ("name", "group"), [("programme", Programmed()), ("delivered", Delivered()), ("private", Private())]
)
def test_an_object_says_something(name, group):
    """An empty one would be lost in the flat table."""
    assert found(**{name: group}) == [name]


def test_a_record_never_speaks_of_itself():
    """What it answers, voids or replaces is another record."""
    assert found(about="1", supersedes="1") == ["about", "supersedes"]


def test_a_weight_in_grams_is_of_a_patient():
    """UCUM writes grams of drug and of patient alike."""
    assert Programmed(weight=Q("900 g")).weight == Quantity(Fraction(900), GRAMS_OF_PATIENT)
    assert Programmed(weight=Q("0.9 kg")).weight == Q("0.9 kg")


def test_a_programme_is_rebuilt_where_the_record_tells_enough():
    """Mode, entry and care area must be known; nothing is guessed."""
    entered = Programmed(mode=Mode.CONTINUOUS, dose=Q("1 mg/h"), weight=Q("70 kg"))
    event = replace(BARE, programme=entered, entry="e", care_area="a")
    programme = event.to_programme()
    assert programme is not None
    assert (programme.entry, programme.care_area, programme.dose) == ("e", "a", Q("1 mg/h"))
    assert programme.weight == Q("70 kg")
    incomplete: tuple[dict[str, Any], ...] = (
        {"programme": None},
        {"programme": replace(entered, mode=None)},
        {"entry": None},
        {"care_area": None},
    )
    for lacking in incomplete:
        assert replace(event, **lacking).to_programme() is None


def test_a_header_names_its_organisation():
    """Texts that print, and a time with its zone."""
    assert (
        EventLog(organisation="trust", source="gateway", made_at=datetime(2026, 1, 1, tzinfo=UTC)).format_version
        == "1.1"
    )
    headers: tuple[tuple[dict[str, Any], str], ...] = (
        ({"organisation": ""}, "organisation"),
        ({"source": "\n"}, "source"),
        ({"made_at": datetime(2026, 1, 1)}, "made_at"),  # noqa: DTZ001 - that is the fault
    )
    for wrong, path in headers:
        with pytest.raises(EventError) as caught:
            EventLog(**{"organisation": "trust", **wrong})
        assert [fault.path for fault in caught.value.faults] == [path]
