"""What a log tells of an infusion: the whole, and a part for each stretch at one rate; nothing that no record tells."""

import event_sequences
import pytest

from openinfusion.adapters.fhir import Release, told_changes
from openinfusion.core.event_parts import Alarm, Alert
from openinfusion.core.events import Event, Kind, Response, Segment
from openinfusion.core.library import Limit, Mode
from openinfusion.core.programme import Parameter
from tests.unit.fhir.logs import dose, event, example_log, flow, given, halt, made_of, q, there_and_back

RELEASES = tuple(Release)
ALARM = {"alarm": Alarm.OTHER, "about": "E-x"}


def parts(*events: Event):
    """The parts of the one infusion: what, status, first and last minute, rate, volume."""
    _, *found = made_of(*events).administrations
    return [
        (one.part, one.status, *(at and at.strftime("%H:%M") for at in (one.start, one.end)), one.rate, one.dose)
        for one in found
    ]


def whole(*events: Event):
    return made_of(*events).administrations[0]


TITRATED = (
    event(Kind.PROGRAMMED, 0, programme=dose("100 ug/h"), with_library=True),
    event(Kind.STARTED, 1, began=flow("2 mL/h")),
    event(
        Kind.RATE_CHANGED,
        31,
        programme=dose("150 ug/h", previous=q("100 ug/h")),
        ended=halt("2 mL/h", "1 mL", None),
        began=flow("3 mL/h"),
    ),
    event(Kind.STOPPED, 91, delivered=given("4 mL"), ended=halt("3 mL/h", "3 mL"), reason="no longer needed"),
)


def test_a_titration_ends_one_part_and_begins_the_next():
    assert parts(*TITRATED) == [
        ("primary", "completed", "08:01", "08:31", q("2 mL/h"), q("1 mL")),
        ("primary", "stopped", "08:31", "09:31", q("3 mL/h"), q("3 mL")),
    ]


def test_the_whole_knows_its_time_what_it_gave_and_why_it_stopped():
    made = whole(*TITRATED)
    assert (made.status, str(made.medicine), made.dose) == ("stopped", "fentanyl", q("4 mL"))
    assert [str(reason) for reason in made.reasons] == ["clinician", "no longer needed"]
    assert (made.end - made.start).total_seconds() == 90 * 60


def test_a_part_carries_what_was_entered_for_it():
    _, first, second = made_of(*TITRATED).administrations
    assert first.programmed == dose("100 ug/h")
    assert second.programmed == dose("150 ug/h", previous=q("100 ug/h"))


def test_a_titration_without_segments_is_programmed_and_says_so():
    """A log of a maker that tells no delivery: rates are those entered, volumes are not worked out."""
    events = (
        event(Kind.PROGRAMMED, 0, programme=dose("100 ug/h"), with_library=True),
        event(Kind.STARTED, 1),
        event(Kind.RATE_CHANGED, 31, programme=dose("150 ug/h")),
        event(Kind.PAUSED, 41),
        event(Kind.RESUMED, 51),
        event(Kind.COMPLETED, 91, delivered=given("4 mL")),
    )
    assert parts(*events) == [
        ("primary", "completed", "08:01", "08:31", q("100 ug/h"), None),
        ("primary", "stopped", "08:31", "08:41", q("150 ug/h"), None),
        ("primary", "completed", "08:51", "09:31", q("150 ug/h"), None),
    ]
    assert {one.basis for one in made_of(*events).administrations[1:]} == {"programmed"}
    assert whole(*events).status == "completed"


@pytest.mark.parametrize("kind, part", [(Kind.BOLUS, "clinician"), (Kind.LOADING, "loading")])
def test_a_dose_without_a_segment_never_says_what_was_given(kind, part):
    """What was programmed is not what flowed: only the programme is told."""
    entered = dose("25 ug", Mode.BOLUS, duration=q("2 min"))
    made = made_of(event(Kind.STARTED, 0, began=flow("2 mL/h")), event(kind, 5, programme=entered))
    bolus = next(one for one in made.administrations if one.part == part)
    assert (bolus.status, bolus.dose, bolus.rate, bolus.programmed) == ("unknown", None, None, entered)


def test_a_bolus_is_a_part_between_two_others():
    bolus = Segment(source="clinician", status="delivering", rate=q("600 mL/h"), volume=q("0 mL"))
    after = Segment(source="clinician", status="transitioning", rate=q("600 mL/h"), volume=q("0.5 mL"))
    events = (
        event(Kind.STARTED, 0, began=flow("2 mL/h")),
        event(Kind.BOLUS, 30, programme=dose("25 ug", Mode.BOLUS), ended=halt("2 mL/h", "1 mL", None), began=bolus),
        event(Kind.DOSE_ENDED, 31, ended=after, began=flow("2 mL/h")),
    )
    assert parts(*events) == [
        ("primary", "completed", "08:00", "08:30", q("2 mL/h"), q("1 mL")),
        ("clinician", "completed", "08:30", "08:31", q("600 mL/h"), q("0.5 mL")),
        ("primary", "in-progress", "08:31", None, q("2 mL/h"), None),
    ]
    assert whole(*events).status == "in-progress"


def test_keeping_the_vein_open_is_a_part_of_its_own():
    kvo = Segment(source="primary", status="kvo", rate=q("0.5 mL/h"), volume=q("0 mL"))
    done = halt("2 mL/h", "1 mL", None, complete=True)
    found = parts(event(Kind.STARTED, 0, began=flow("2 mL/h")), event(Kind.KVO, 30, ended=done, began=kvo))
    assert found[1] == ("kvo", "in-progress", "08:30", None, q("0.5 mL/h"), None)


def test_keeping_the_vein_open_without_a_segment_names_no_rate():
    events = (event(Kind.STARTED, 0, programme=dose("100 ug/h")), event(Kind.KVO, 30))
    assert parts(*events) == [
        ("primary", "completed", "08:00", "08:30", q("100 ug/h"), None),
        ("kvo", "in-progress", "08:30", None, None, None),
    ]


def test_the_steps_of_a_programme_are_parts():
    first = flow("12 mL/h", pattern="multi-step", step=1)
    second = flow("6 mL/h", pattern="multi-step", step=2)
    done = halt("12 mL/h", "3 mL", None, pattern="multi-step", step=1)
    events = (event(Kind.STARTED, 0, began=first), event(Kind.STEP_CHANGED, 15, ended=done, began=second))
    assert [one.began and one.began.step for one in made_of(*events).administrations[1:]] == [1, 2]


@pytest.mark.parametrize(
    "last, status, reasons",
    [
        (event(Kind.PAUSED, 9, ended=halt("2 mL/h", "1 mL")), "on-hold", ["clinician"]),
        (event(Kind.PAUSED, 9, reason="line change"), "on-hold", ["line change"]),
        (event(Kind.DOSE_ENDED, 9, ended=halt("2 mL/h", "1 mL", "alarm")), "on-hold", ["alarm"]),
        (event(Kind.DOSE_ENDED, 9, ended=halt("2 mL/h", "1 mL", "between doses")), "in-progress", []),
        (event(Kind.RATE_CHANGED, 9, programme=dose("1 ug/h")), "in-progress", []),
        (event(Kind.COMPLETED, 9, delivered=given("1 mL"), ended=halt("2 mL/h", "1 mL", "complete")), "completed", []),
    ],
    ids=["paused", "paused-reason", "alarm", "between-doses", "titrated", "completed"],
)
def test_the_status_is_that_of_the_last_record_that_tells(last, status, reasons):
    made = whole(event(Kind.STARTED, 0, began=flow("2 mL/h")), last)
    assert (made.status, [str(one) for one in made.reasons]) == (status, reasons)


LIMIT = Alert(parameter=Parameter.DOSE, limit=Limit.SOFT_MAX, attempted=q("900 ug/h"), bound=q("500 ug/h"))


@pytest.mark.parametrize(
    "response, status", [(Response.CANCELLED, "not-done"), (Response.REPROGRAMMED, "unknown"), (None, "unknown")]
)
def test_what_never_flowed_is_not_done_only_if_the_log_says_so(response, status):
    events = [event(Kind.PROGRAMMED, 0, programme=dose("900 ug/h"), with_library=True)]
    if response is not None:
        events.append(event(Kind.ALERT_ANSWERED, 1, alert=LIMIT, about="E-x", response=response))
    made = whole(*events)
    assert (made.status, made.rate, made.dose) == (status, None, None)
    assert made.start == made.end == events[0].at


def test_a_log_that_begins_in_the_middle_tells_no_start():
    made = made_of(event(Kind.PAUSED, 9, ended=halt("2 mL/h", "1 mL"))).administrations
    assert [(one.start, one.status) for one in made] == [(None, "on-hold"), (None, "stopped")]
    assert made[1].dose == q("1 mL")


def test_a_part_whose_end_was_lost_has_none():
    """The end of the first is missing in the log, and nobody works it out."""
    events = (event(Kind.STARTED, 0, began=flow("2 mL/h")), event(Kind.RESUMED, 30, began=flow("3 mL/h")))
    assert parts(*events)[0] == ("primary", "unknown", "08:00", None, q("2 mL/h"), None)


def test_an_end_of_another_source_does_not_close_what_flowed():
    odd = Segment(source="secondary", status="not delivering", because="alarm", rate=q("9 mL/h"), volume=q("1 mL"))
    found = parts(event(Kind.STARTED, 0, began=flow("2 mL/h")), event(Kind.ALARM_CLEARED, 9, **ALARM, ended=odd))
    assert found == [
        ("primary", "unknown", "08:00", None, q("2 mL/h"), None),
        ("secondary", "stopped", None, "08:09", q("9 mL/h"), q("1 mL")),
    ]


def test_records_that_do_not_count_are_left_out():
    start = event(Kind.STARTED, 0, began=flow("2 mL/h"))
    wrong = event(Kind.STOPPED, 5, delivered=given("9 mL"))
    right = event(Kind.STOPPED, 6, delivered=given("1 mL"), supersedes=wrong.event_id)
    void = event(Kind.RECORD_VOIDED, 8, about="E-0007-paused")
    made = made_of(start, start, wrong, right, event(Kind.PAUSED, 7), void)
    assert made.left_out == (start.event_id, wrong.event_id, "E-0007-paused")
    assert made.administrations[0].dose == q("1 mL")


def test_records_may_come_late_and_out_of_order():
    assert made_of(*reversed(TITRATED)) == made_of(*TITRATED)


def test_a_pump_without_a_library_claims_none():
    device = made_of(event(Kind.STARTED, 0, with_library=False)).devices[0]
    assert (device.library_name, device.library_version, device.library_sha256) == (None, None, None)


def test_what_was_only_looked_at_is_no_infusion():
    assert made_of(event(Kind.DEMAND_REFUSED, 0, reason="lockout")).administrations == ()


@pytest.mark.parametrize("story", event_sequences.STORIES, ids=lambda story: story.id)
@pytest.mark.parametrize("release", RELEASES, ids=lambda one: one.value)
def test_every_change_of_delivery_survives(story, release):
    """Pumps that are played, every course of an infusion: all that the records tell is there when read back."""
    events = story.play().events()
    told = [(e.at, e.infusion, which, s) for e in events for which in ("ended", "began") if (s := getattr(e, which))]
    made = made_of(*events)
    reading = there_and_back(made, release)
    assert reading.administrations == made.administrations
    assert [tuple(one) for one in told_changes(reading.administrations)] == told


@pytest.mark.parametrize("release", RELEASES, ids=lambda one: one.value)
def test_the_worked_example_comes_back_whole(release):
    header, events = example_log()
    made = made_of(*events, header=header)
    reading = there_and_back(made, release)
    assert reading.resources == (*made.devices, *made.metrics, *made.administrations, *made.issues)
    assert {one.purpose for one in reading.resources} == {"example"}
