"""What messages of pumps tell together: starts, titrations, boluses, the vein kept open, alarms; in any order."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from openinfusion.adapters.hl7 import read_meaning, read_message
from openinfusion.adapters.hl7.story import from_bytes, hear, tell, to_bytes
from tests.unit.hl7.written import DEVICES, ML, ML_H, PID, PV1, UG_KG_MIN, event, join, msh, obx, report, segment

DAY = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
BOLUS = (*DEVICES[:3], obx("70079^MDC_DEV_PUMP_INFUSATE_SOURCE_CLINICIAN_DOSE", "1.1.2.0"))
CODES = {
    "start": "197288^MDC_EVT_PUMP_DELIV_START^MDC",
    "stop": "197290^MDC_EVT_PUMP_DELIV_STOP^MDC",
    "complete": "197292^MDC_EVT_PUMP_DELIV_COMP^MDC",
    "cleared": "197296^MDC_EVT_PUMP_PROG_CLEARED^MDC",
}


def stamp(raw, minutes):
    at = (DAY + timedelta(minutes=minutes)).strftime("%Y%m%d%H%M%S+0000").encode()
    return raw.replace(b"20260301101500+0000", at).replace(b"20260301101501+0000", at)


def delivery(what, minutes, *, status, rate="10", total="0", volume="0", reason=None, devices=DEVICES, area=True):
    """A PCD-10 of a pump: start, stop or completion, so many minutes after ten."""
    flows = status != "not-delivering"
    told = [
        obx("184517^MDC_PUMP_DRUG_LIBRARY_VERSION", "1.0.0.8", "1.1.0"),
        obx("184519^MDC_PUMP_INFUSING_STATUS", "1.1.1.1", f"^pump-status-{'' if flows else 'not-'}infusing"),
        obx("158014^MDC_FLOW_FLUID_PUMP_CURRENT", "1.1.1.2", rate if flows else "0", ML_H),
        obx("158005^MDC_DEV_PUMP_CURRENT_DELIVERY_STATUS", "1.1.2.1", f"^pump-delivery-status-{status}"),
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.2", rate, ML_H),
        obx("157924^MDC_RATE_DOSE", "1.1.2.3", str(float(rate) / 2), UG_KG_MIN),
        obx("157993^MDC_VOL_FLUID_DELIV_TOTAL", "1.1.2.4", total, ML),
        obx("157992^MDC_VOL_FLUID_DELIV_SEGMENT", "1.1.2.5", volume, ML),
        obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.6", "Testamine"),
    ]
    told += [obx("184516^MDC_PUMP_DRUG_LIBRARY_CARE_AREA", "1.1.2.7", "Critical Care")] if area else []
    told += [obx("158006^MDC_DEV_PUMP_NOT_DELIVERING_REASON", "1.1.2.9", f"^{reason}")] if reason else []
    return stamp(event(*told, code=CODES[what], devices=devices, f10=f"{what}{minutes}{status}{rate}"), minutes)


def alarm(phase, minutes, number, parent=None):
    obr = segment("OBR", f1="1", f3=f"{number}^GW", f4="196616^MDC_EVT_ALARM^MDC", f7="20260301101500+0000")
    obr += "|" * 22 + (f"^{parent}&GW" if parent else "")
    return stamp(
        join(
            msh("04", f10=f"A{number}"),
            PID,
            PV1,
            obr,
            obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", "196940^MDC_EVT_FLUID_LINE_OCCL^MDC", f18="P17", f11="F"),
            obx("68481^MDC_ATTR_EVENT_PHASE", "1.0.0.0.3", phase, f11="F"),
        ),
        minutes,
    )


def heard(*messages):
    told = []
    for number, raw in enumerate(messages):
        meaning = read_meaning(read_message(raw))
        received = DAY + timedelta(hours=1, seconds=number)
        told += [
            from_bytes(to_bytes(one))
            for one in hear(meaning, received=received, key=f"GW\n{meaning.header.control_id}")
        ]
    return told


def story(*messages):
    return tell(heard(*messages))


def kinds(told):
    return [one.kind.value for one in told.events if one.kind.value != "library_activated"]


INFUSION = (
    delivery("start", 0, status="delivering"),
    delivery("stop", 60, status="transitioning", total="10", volume="10"),
    delivery("start", 60, status="delivering", rate="20", total="10"),
    delivery("stop", 120, status="transitioning", rate="20", total="30", volume="20"),
    delivery("start", 120, status="delivering", rate="100", total="0", devices=BOLUS),
    delivery("stop", 121, status="transitioning", rate="100", total="2", volume="2", devices=BOLUS),
    delivery("start", 121, status="delivering", rate="20", total="32"),
    delivery("stop", 180, status="not-delivering", rate="20", total="50", volume="18", reason="pump-stopped-alarming"),
    delivery("start", 190, status="delivering", rate="20", total="50"),
    delivery("complete", 240, status="transitioning", rate="20", total="70", volume="20"),
    delivery("start", 240, status="kvo", rate="1", total="70"),
    delivery("complete", 300, status="not-delivering", rate="1", total="71", volume="1"),
)
TOLD = ["started", "rate_changed", "bolus", "dose_ended", "paused", "resumed", "kvo", "completed"]


def test_a_stop_in_transition_and_its_start_are_one_change():
    told = story(*INFUSION)
    assert kinds(told) == TOLD
    assert (told.waiting, told.faults) == (0, ())
    assert len({one.infusion for one in told.events if one.infusion}) == 1
    changed = told.events[2]
    assert (changed.ended.volume.text(), changed.began.rate.text()) == ("10 mL", "20 mL/h")
    assert changed.programme.dose.text() == "10 micrograms/kg/min"
    assert changed.programme.previous.text() == "5 micrograms/kg/min"
    assert told.events[-1].delivered.volume.text() == "71 mL"
    assert all(one.with_library and one.care_area == "Critical Care" for one in told.events if one.infusion)


def test_the_library_is_told_when_it_is_first_heard_of_and_when_it_changes():
    first, second = delivery("start", 0, status="delivering"), delivery("stop", 9, status="not-delivering")
    told = story(first, second.replace(b"|1.1.0|", b"|1.2.0|"))
    seen = [(one.library.version, one.other_library) for one in told.events if one.kind.value == "library_activated"]
    assert [version for version, _ in seen] == ["1.1.0", "1.2.0"]
    assert seen[0][1] is None
    assert seen[1][1].version == "1.1.0"


@pytest.mark.hazard("DA-01")
@pytest.mark.parametrize("seed", range(10))
def test_late_repeated_and_shuffled_messages_tell_the_same_story(seed):
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    messages = [*INFUSION, alarm("start", 180, "1"), alarm("end", 185, "2", parent="1")]
    again = [raw.replace(b"|P|2.6", b"X|P|2.6") for raw in random.sample(messages, 4)]
    shuffled = [*messages, *again]
    random.shuffle(shuffled)
    # When each message came is another matter in another order; the ids do not depend on it.
    assert [one.event_id for one in story(*shuffled).events] == [one.event_id for one in story(*messages).events]


def test_a_stop_in_transition_waits_for_its_start():
    told = story(*INFUSION[:2])
    assert (kinds(told), told.waiting) == (["started"], 1)


def test_a_start_that_is_lost_is_said_and_not_made_up():
    told = story(*INFUSION[:2], *INFUSION[7:9])
    assert kinds(told) == ["started", "rate_changed", "paused", "resumed"]
    lost = next(one for one in told.events if one.kind.value == "rate_changed")
    assert lost.extra == {"hl7": {"missing": "what it went on with"}}
    assert lost.began is None
    assert (lost.programme.dose, lost.programme.rate) == (None, None)


def test_a_lost_start_after_an_end_at_no_rate_is_not_told_as_a_stop():
    ended = delivery("stop", 60, status="transitioning", total="10", volume="10")
    ended = b"\r".join(line for line in ended.split(b"\r") if b"157784^" not in line and b"157924^" not in line)
    told = story(INFUSION[0], ended, INFUSION[7])
    assert kinds(told) == ["started", "paused"]
    assert told.waiting == 1


def test_a_stop_that_is_lost_is_said():
    told = story(INFUSION[0], INFUSION[2])
    changed = next(one for one in told.events if one.kind.value == "rate_changed")
    assert changed.extra == {"hl7": {"missing": "how it ended before"}}


def test_a_new_infusion_begins_where_nothing_was_given():
    told = story(*INFUSION, delivery("start", 400, status="delivering"))
    assert len({one.infusion for one in told.events if one.infusion}) == 2


@pytest.mark.hazard("PL-01")
def test_drug_and_care_area_that_are_not_told_are_not_guessed():
    raw = delivery("start", 0, status="delivering", area=False).replace(b"184514^MDC_DRUG_NAME_LABEL", b"0^MDCX_OTHER")
    told = next(one for one in story(raw).events if one.kind.value == "started")
    assert (told.with_library, told.care_area) == (False, None)


def test_a_cleared_programme_ends_the_infusion():
    told = story(*INFUSION[:8], delivery("cleared", 185, status="not-delivering"))
    assert kinds(told)[-1] == "stopped"
    assert told.events[-1].delivered.volume.text() == "50 mL"


class TestAlarms:
    def test_an_alarm_has_a_beginning_and_an_end(self):
        told = story(alarm("start", 0, "1"), alarm("end", 2, "2", parent="1"))
        raised, cleared = told.events
        assert (raised.kind.value, cleared.kind.value) == ("alarm_raised", "alarm_cleared")
        assert cleared.about == raised.event_id
        assert cleared.seconds == 120

    def test_an_end_under_another_number_is_known_by_pump_and_code(self):
        told = story(alarm("start", 0, "1"), alarm("end", 2, "2", parent="other"))
        assert kinds(told) == ["alarm_raised", "alarm_cleared"]

    def test_an_end_alone_waits(self):
        told = story(alarm("end", 2, "2", parent="1"))
        assert (told.events, told.waiting) == ((), 1)


class TestReports:
    def reported(self, minutes, rate):
        flows = "" if rate else "not-"
        raw = report(
            obx("184519^MDC_PUMP_INFUSING_STATUS", "1.1.1.1", f"^pump-status-{flows}infusing"),
            obx("158016^MDC_DEV_PUMP_ACTIVE_SOURCES", "1.1.1.3", "^pump-source-info-primary"),
            obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.2", rate or "0", ML_H),
            f10=f"R{minutes}",
        )
        return stamp(raw, minutes)

    def test_a_pump_that_only_reports_is_seen_to_start_change_and_stop(self):
        told = story(*(self.reported(n, rate) for n, rate in enumerate(["", "5", "5", "7", "7", ""])))
        assert kinds(told) == ["started", "rate_changed", "paused"]
        assert all("PCD-01" in one.extra["hl7"]["told_by"] for one in told.events)

    def test_after_its_first_event_the_events_of_a_pump_tell(self):
        told = story(INFUSION[0], self.reported(5, "99"), self.reported(6, ""), *INFUSION[1:])
        assert kinds(told) == TOLD
