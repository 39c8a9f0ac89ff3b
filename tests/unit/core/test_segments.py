"""What a log says of delivery: the messages that a record makes, and what does not add up."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from openinfusion.core.event_parts import Delivered, Segment
from openinfusion.core.events import Event, Kind
from openinfusion.core.segments import Change, changes, delivery_faults
from openinfusion.core.units import Quantity

Q = Quantity.read
AT = datetime(2026, 3, 31, 14, tzinfo=UTC)
TRANSITIONING, STOPPED = "transitioning", "not delivering"


def segment(status, amounts, rate="10 mL/h", **told):
    """A segment of the primary infusion; amounts are its own, the infusion's, to be infused, and remaining, in mL."""
    names = ("volume", "total", "vtbi", "remaining")
    volumes = {name: Q(f"{one} mL") for name, one in zip(names, amounts.split(), strict=True)}
    because = "clinician" if status == STOPPED else None
    return Segment(**{"source": "primary", "status": status, "because": because, "rate": Q(rate), **volumes, **told})


def begins(amounts, **told):
    return segment("delivering", f"0 {amounts}", **told)


def goes_over(amounts, **told):
    return segment(TRANSITIONING, amounts, **told)


def stops(amounts, **told):
    return segment(STOPPED, amounts, **told)


def bolus(amounts, **told):
    return begins(amounts, **{"source": "clinician", **told})


def log(*records, pump="P"):
    """Records of one infusion on one pump, by their segments: what ended, what began, and what else."""
    return [
        Event(
            event_id=f"e{number}",
            pump=pump,
            at=AT + timedelta(minutes=number),
            sequence=number,
            ended=ended,
            began=began,
            **{"kind": Kind.RESUMED, "infusion": "i", **dict(*more)},
        )
        for number, (ended, began, *more) in enumerate(records, start=1)
    ]


STARTED = {"kind": Kind.STARTED, "with_library": True}
# An infusion of 20 mL: 8 mL, then a bolus of 2 mL, a pause, the rest, and the vein kept open.
DAY = (
    (None, begins("0 20 20"), STARTED),
    (goes_over("5 5 20 15"), begins("5 20 15", rate="20 mL/h")),
    (goes_over("3 8 20 12", rate="20 mL/h"), bolus("8 2 2")),
    (goes_over("2 10 2 0", source="clinician"), begins("10 20 12")),
    (stops("4 14 20 8"), None),
    (None, begins("14 20 8")),
    (goes_over("8 22 20 0", complete=True), segment("kvo", "0 22 0 0", rate="1 mL/h")),
    (stops("1 23 0 0", rate="1 mL/h"), None),
)


def faults(*records):
    return list(delivery_faults(log(*records)))


def spoilt(place, part, **changed):
    """The day with one segment told otherwise, up to that record."""
    records = [list(one) for one in DAY[: place + 1]]
    records[place][part] = replace(records[place][part], **changed)
    return faults(*records)


ENDED, BEGAN = 0, 1


# --- Messages --------------------------------------------------------------------------------------------------------


def test_a_day_is_starts_stops_and_a_completion():
    """A change of rate or a bolus is a stop and a start; the keep-vein-open rate a completion and a start."""
    told = [one.event for event in log(*DAY) for one in changes(event)]
    assert told == [
        *("start", "stop", "start", "stop", "start", "stop", "start"),
        *("stop", "start", "complete", "start", "stop"),
    ]


def test_a_record_without_segments_changes_nothing():
    """Such as one of switching on."""
    assert changes(Event(event_id="1", kind=Kind.POWER_ON, pump="P", at=AT)) == ()


def test_a_change_says_what_its_segment_says():
    """Of the pump and infusion of its record, at the time of its record, in mL and mL/h whatever the log's units."""
    ended = replace(stops("4 14 20 8"), volume=Q("0.004 L"), rate=Q("0.5 mL/min"), dose_rate=Q("2 mg/h"), step=3)
    (event,) = log((replace(ended, pattern="multi-step", because="alarm"), None))
    (change,) = changes(event)
    assert change == Change(
        event="stop",
        at=event.at,
        pump="P",
        infusion="i",
        infusing=False,
        flow=Q("0 mL/h"),
        source="primary",
        status="not delivering",
        because="alarm",
        pattern="multi-step",
        step=3,
        rate=Q("30 mL/h"),
        dose_rate=Q("2 mg/h"),
        vtbi=Q("20 mL"),
        segment=Q("4 mL"),
        cumulative=Q("14 mL"),
        source_total=Q("14 mL"),
        remaining=Q("8 mL"),
        seconds_remaining=Fraction(960),
    )
    assert (str(change.segment), str(change.rate)) == ("4 mL", "30 mL/h")


@pytest.mark.parametrize(
    ("told", "infusing", "flow"),
    [
        (begins("0 20 20"), True, "10 mL/h"),
        (goes_over("5 5 20 15"), True, "10 mL/h"),
        (stops("5 5 20 15"), False, "0 mL/h"),
        (segment("kvo", "0 20 0 0", rate="1 mL/h"), True, "1 mL/h"),
    ],
)
def test_fluid_moves_in_transition_and_not_after_a_stop(told, infusing, flow):
    """Infusing with a flow, or not infusing without."""
    is_end = told.status in (TRANSITIONING, STOPPED)
    (event,) = log((told, None) if is_end else (None, told))
    (change,) = changes(event)
    assert (change.infusing, change.flow) == (infusing, Q(flow))


@pytest.mark.parametrize("source", ["clinician", "loading", "patient"])
def test_a_single_dose_counts_what_itself_has_given(source):
    """While the total is of the infusion; of an infusion the two are one."""
    (event,) = log((stops("1 15 4 3", source=source), begins("15 20 5")))
    dose, infusion = changes(event)
    assert (dose.cumulative, dose.source_total) == (Q("1 mL"), Q("15 mL"))
    assert (infusion.cumulative, infusion.source_total) == (Q("15 mL"), Q("15 mL"))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (begins("0 20 20"), 7200),
        (goes_over("20 20 20 0"), 0),
        (replace(goes_over("20 20 20 0"), rate=None), 0),
        (replace(segment("kvo", "0 20 0 0"), remaining=None), 0),
        (replace(begins("0 20 20"), rate=None), None),
        (replace(begins("0 20 20"), rate=Q("0 mL/h")), None),
        (replace(begins("0 20 20"), remaining=None), None),
    ],
)
def test_the_time_that_remains(told, seconds):
    """What remains at the rate that it has; not known where either is not."""
    (event,) = log((told, None) if told.status == TRANSITIONING else (None, told))
    assert changes(event)[0].seconds_remaining == seconds


def test_what_is_not_told_is_not_known():
    """Only the source and the status are always told; a pattern that is absent is continuous."""
    bare = Segment(source="patient", status="delivering")
    (event,) = log((None, bare))
    (change,) = changes(event)
    known = {name: one for name in (f.name for f in fields(Change)) if (one := getattr(change, name)) is not None}
    assert set(known) == {"event", "at", "pump", "infusion", "infusing", "source", "status", "pattern"}
    assert known["pattern"] == "continuous"


# --- What does not add up --------------------------------------------------------------------------------------------


def test_a_day_that_adds_up_has_no_fault():
    """Bolus, pause and keep-vein-open rate included."""
    assert faults(*DAY) == []


@pytest.mark.parametrize(
    ("place", "part", "changed", "said"),
    [
        (0, BEGAN, {"volume": Q("1 mL")}, "began.volume: found 1 mL, expected 0 mL"),
        (0, BEGAN, {"total": Q("1 mL")}, "began.total: found 1 mL, expected 0 mL, the sum of the segments"),
        (0, BEGAN, {"remaining": Q("19 mL")}, "began.remaining: found 19 mL, expected 20 mL"),
        (1, ENDED, {"volume": Q("4 mL")}, "ended.total: found 5 mL, expected 4 mL, the sum of the segments"),
        (1, ENDED, {"total": Q("6 mL")}, "ended.total: found 6 mL, expected 5 mL, the sum of the segments"),
        (1, ENDED, {"remaining": Q("16 mL")}, "ended.remaining: found 16 mL, expected 15 mL"),
        (1, ENDED, {"vtbi": Q("30 mL"), "remaining": Q("25 mL")}, "ended.vtbi: found 30 mL, expected 20 mL, as it"),
        (1, ENDED, {"vtbi": None}, "ended.vtbi: found nothing, expected 20 mL, as it began"),
        (1, BEGAN, {"total": Q("0 mL")}, "began.total: found 0 mL, expected 5 mL, the sum of the segments"),
        (1, BEGAN, {"remaining": Q("20 mL")}, "began.remaining: found 20 mL, expected 15 mL"),
        (2, BEGAN, {"remaining": Q("1 mL")}, "began.remaining: found 1 mL, expected 2 mL"),
        (2, BEGAN, {"total": Q("0 mL")}, "began.total: found 0 mL, expected 8 mL, the sum of the segments"),
        (3, ENDED, {"total": Q("2 mL")}, "ended.total: found 2 mL, expected 10 mL, the sum of the segments"),
        (3, BEGAN, {"remaining": Q("10 mL")}, "began.remaining: found 10 mL, expected 12 mL"),
        (5, BEGAN, {"remaining": Q("9 mL")}, "began.remaining: found 9 mL, expected 8 mL or 20 mL"),
        (6, BEGAN, {"vtbi": Q("5 mL"), "remaining": Q("5 mL")}, "began.vtbi: found 5 mL, expected 0 mL, because the"),
        (7, ENDED, {"volume": Q("2 mL")}, "ended.total: found 23 mL, expected 24 mL, the sum of the segments"),
    ],
)
def test_an_amount_that_does_not_add_up_is_found(place, part, changed, said):
    """With pump, number of the record, what was found and what was expected."""
    assert spoilt(place, part, **changed)[0].startswith(f"P, record {place + 1}: {said}")


def test_after_a_fault_the_record_is_believed():
    """One wrong total is one fault, not one in every record that follows."""
    wrong = [list(one) for one in DAY]
    wrong[4][ENDED] = stops("4 15 20 7")
    assert len(faults(*wrong[:5])) == 2
    wrong[5][BEGAN] = begins("15 20 7")
    assert len(faults(*wrong[:6])) == 2


def test_a_segment_that_ends_has_begun():
    """After a stop there is nothing to end; and what ends is what flows."""
    assert faults(*DAY[:5], (stops("0 14 20 8"), None)) == [
        "P, record 6: ended: found the primary segment of infusion i, expected nothing, because nothing flows"
    ]
    assert faults(*DAY[:3], (stops("0 8 20 12"), None)) == [
        "P, record 4: ended: found the primary segment of infusion i, expected the clinician segment of infusion i"
    ]
    other = {"kind": Kind.PAUSED, "infusion": "j"}
    assert faults(*DAY[:4], (stops("0 0 20 20"), None, other)) == [
        "P, record 5: ended: found the primary segment of infusion j, expected the primary segment of infusion i"
    ]


def test_one_segment_flows_at_a_time():
    """A second one begins when the first has ended."""
    (fault,) = faults(*DAY[:2], (None, bolus("5 2 2")))
    assert fault == (
        "P, record 3: began: found the clinician segment of infusion i,"
        " expected the end of the primary segment of infusion i first"
    )


def test_the_channels_of_a_pump_flow_side_by_side():
    """Each is judged by itself."""
    beside = {**STARTED, "infusion": "j", "channel": "2"}
    assert faults(*DAY[:1], (None, begins("0 50 50"), beside), *DAY[1:]) == []


def test_what_is_in_transition_goes_on_in_the_same_record():
    """Fluid that flows on is told at once."""
    assert faults(DAY[0], (goes_over("5 5 20 15"), None)) == [
        "P, record 2: began: found nothing, expected what follows the primary segment at once, as it is transitioning"
    ]


def test_nothing_begins_in_the_record_of_a_stop():
    """What has stopped begins again in a record of its own."""
    assert faults(DAY[0], (stops("5 5 20 15"), begins("5 20 15"))) == [
        "P, record 2: began: found a primary segment, expected nothing in this record, because delivery has stopped"
    ]


SECOND = {**STARTED, "infusion": "j"}
PIGGYBACK = (
    DAY[0],
    (stops("5 5 20 15", because="switching source"), None),
    (None, begins("0 50 50", source="secondary"), SECOND),
    (stops("50 50 50 0", source="secondary", because="switching source", complete=True), None, {"infusion": "j"}),
    (None, begins("5 20 15")),
)


def test_a_secondary_infusion_takes_over_by_a_stop_and_a_start():
    """It is an infusion of its own, with its own total; afterwards the primary goes on where it was."""
    assert faults(*PIGGYBACK) == []


@pytest.mark.parametrize(("one", "other"), [("primary", "secondary"), ("secondary", "primary")])
def test_primary_and_secondary_never_run_into_each_other(one, other):
    """Neither way is a transition."""
    start = (None, begins("0 20 20", source=one), STARTED)
    (fault,) = faults(start, (goes_over("5 5 20 15", source=one), begins("5 30 30", source=other)))
    assert fault == (
        f"P, record 2: began: found a {other} segment in transition from a {one} one,"
        " expected a stop, and a start in the next record"
    )


def test_what_remains_is_never_below_zero():
    """A pump that gives a little more than it should has nothing left to give."""
    more = (goes_over("20.5 20.5 20 0", complete=True), segment("kvo", "0 20.5 0 0"))
    assert faults(DAY[0], more) == []
    short = (goes_over("20.5 20.5 20 0.5"), begins("20.5 20 0.5"))
    assert faults(DAY[0], short) == ["P, record 2: ended.remaining: found 0.5 mL, expected 0 mL"]


@pytest.mark.parametrize(
    ("ended", "began"),
    [
        (goes_over("5 5 20 15"), begins("5 30 30")),
        (goes_over("5 5 20 15"), begins("5 30 25")),
        (goes_over("5 5 20 15"), replace(begins("5 0 0"), vtbi=None, remaining=None)),
        (goes_over("20 20 20 0"), begins("20 20 20")),
        (goes_over("5 5 20 15"), begins("5 20 20", step=2)),
        (goes_over("5 5 20 15"), begins("5 20 15", step=2)),
    ],
    ids=["another", "another, less what is given", "none", "the same after its end", "a step", "all steps"],
)
def test_a_volume_to_be_infused_may_start_anew(ended, began):
    """Another one, one that was given in full, and that of another step."""
    assert faults(DAY[0], (ended, began)) == []


def test_the_same_volume_may_be_set_again_while_nothing_flows():
    """Between a stop and a start somebody may have pressed the keys."""
    assert faults(*DAY[:5], (None, begins("14 20 20"))) == []


def test_each_single_dose_starts_anew():
    """Also where the last was let go early; or it may go on after a pause."""
    early = (goes_over("1 9 2 1", source="clinician"), begins("9 20 12"))
    for amounts in ("9 2 2", "9 2 1"):
        assert faults(*DAY[:3], early, (goes_over("0 9 20 12"), bolus(amounts))) == []
    assert len(faults(*DAY[:3], early, (goes_over("0 9 20 12"), bolus("9 2 0")))) == 1


def test_demand_doses_flow_out_of_nothing():
    """Between them nothing flows; the total is theirs."""
    dose = {"source": "patient"}
    waits = {**dose, "because": "between doses"}
    demands = (
        (None, None, STARTED),
        (None, begins("0 1 1", **dose)),
        (stops("1 1 1 0", **waits), None),
        (None, begins("1 1 1", **dose)),
        (stops("1 2 1 0", **waits), None),
    )
    assert faults(*demands) == []
    assert len(faults(*demands[:4], (stops("1 1 1 0", **waits), None))) == 1


def test_a_log_may_begin_in_the_middle():
    """Nothing is expected of the first segment that is seen; of the next ones it is."""
    assert faults(*DAY[1:]) == []
    assert faults(*DAY[4:]) == []
    assert faults(*DAY[5:]) == []
    (fault,) = faults(DAY[5], (stops("1 16 20 7"), None))
    assert "ended.total: found 16 mL, expected 15 mL" in fault


def without(events, *numbers):
    return [event for event in events if event.sequence not in numbers]


def test_records_that_are_missing_make_all_unknown():
    """Whatever may have happened meanwhile."""
    events = log(*DAY)
    for gap in ((2,), (3, 4), (5,), (6, 7)):
        assert list(delivery_faults(without(events, *gap))) == []


def test_a_gap_that_is_noted_makes_all_unknown():
    """Also where the records have no numbers."""
    lost = {"kind": Kind.LOG_GAP, "infusion": None, "first_lost": 1, "last_lost": 2}
    events = [replace(event, sequence=None) for event in log(*DAY[:2], (None, None, lost), *DAY[4:])]
    assert list(delivery_faults(events)) == []


def test_a_record_without_a_number_is_named_by_its_id():
    """And nothing is taken for missing before or after it."""
    first, second = log(DAY[0], (stops("5 6 20 15"), None))
    (fault,) = delivery_faults([first, replace(second, sequence=None)])
    assert fault.startswith("P, record e2: ended.total:")
    (fault,) = delivery_faults([replace(first, sequence=None), second])
    assert fault.startswith("P, record 2: ended.total:")


def test_what_is_not_told_is_not_judged():
    """Records may leave out amounts; those that are told are held against what is still known."""
    silent = replace(begins("0 0 0"), volume=None, total=None, vtbi=None, remaining=None)
    ended = replace(silent, status=TRANSITIONING)
    assert faults((None, silent, STARTED), (replace(ended, volume=Q("5 mL")), silent)) == []
    (fault,) = faults((None, silent, STARTED), (replace(ended, volume=Q("5 mL")), replace(silent, total=Q("6 mL"))))
    assert "began.total: found 6 mL, expected 5 mL" in fault
    assert faults((None, silent, STARTED), (ended, silent), (goes_over("1 9 20 3"), begins("9 20 3"))) == []


def test_records_that_are_not_of_delivery_are_passed_over():
    """Such as the programme before an infusion starts: its total is still known from its start."""
    entered = {"kind": Kind.COMPLETED, "delivered": Delivered(volume=Q("1 mL"))}
    (fault,) = faults((None, None, entered), (None, begins("1 20 20"), STARTED))
    assert fault.startswith("P, record 2: began.total: found 1 mL, expected 0 mL")
