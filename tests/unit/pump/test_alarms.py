"""What a pump calls for, when, and what it does meanwhile."""

import pytest
from pump_bench import Bench

from openinfusion.core.events import Alarm, Kind
from openinfusion.pump.machine.calls import STOPS_FLOW

FLUID = "power; ward; key 70; bag; drug; key sal; saline; key 100; key 100; confirm; start"
FENTANYL = "power; ward; key 70; load 12 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100; key; confirm; start"


def raised(bench):
    return [(note.at, note.fields["alarm"]) for note in bench.notes if note.kind is Kind.ALARM_RAISED]


def test_a_pump_calls_some_minutes_before_the_end():
    bench = Bench().do(f"{FENTANYL}; wait 6 h")
    assert raised(bench)[0] == (6 * 3600 - 300, Alarm.NEAR_END)


def test_a_pump_that_is_inside_the_last_minutes_already_calls_at_once():
    bench = Bench().do(FENTANYL.replace("12 mL", "0.1 mL") + "; wait 1 s")
    assert raised(bench) == [(0, Alarm.NEAR_END)]


def test_the_end_of_a_step_is_not_the_end():
    bench = Bench().do(
        """power; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100; key 2; next step
        next; key 50; key 2; confirm; start; wait 1 h"""
    )
    assert raised(bench) == []
    bench.do("wait 2 h")
    assert raised(bench)[0] == (3 * 3600 - 300, Alarm.NEAR_END)


def test_an_empty_syringe_stops_the_pump_until_another_one_is_in():
    bench = Bench().do(f"{FENTANYL}; wait 7 h")
    assert bench.pump.channel.left == 0
    assert raised(bench)[1] == (6 * 3600, Alarm.EMPTY)
    assert bench.beep("start") == "the syringe is empty"
    bench.do("load; key 50; clear; start; wait 1 h")
    assert bench.infusion.total == 14
    assert bench.pump.channel.left == 48


def test_a_new_syringe_answers_what_the_old_one_called_for():
    bench = Bench().do(f"{FENTANYL}; wait 6 h; load; key 50")
    assert {Alarm.EMPTY, Alarm.NEAR_END}.isdisjoint(bench.pump.calls.active)


def test_a_syringe_cannot_be_changed_while_it_flows():
    bench = Bench().do(FENTANYL)
    assert bench.beep("load 50 mL") == "pause the infusion first"


def test_no_dose_flows_from_an_empty_syringe():
    bench = Bench().do(f"{FENTANYL}; wait 7 h; clear; bolus; key 25; key; confirm")
    assert bench.beep("deliver") == "the syringe is empty"


def test_a_pause_calls_again_and_again():
    bench = Bench().do(f"{FENTANYL}; pause; wait 3 min; clear; wait 3 min; clear; wait 1 min; start; wait 5 min")
    assert raised(bench) == [(120, Alarm.CALLBACK), (300, Alarm.CALLBACK)]
    assert not bench.pump.calls.active


def test_a_pause_that_goes_on_answers_its_call():
    bench = Bench().do(f"{FENTANYL}; pause; wait 3 min; start")
    assert not bench.pump.calls.active


def test_standby_does_not_call():
    bench = Bench().do(f"{FENTANYL}; pause; standby; wait 1 d")
    assert raised(bench) == []
    bench.do("wake; wait 3 min")
    assert [alarm for _, alarm in raised(bench)] == [Alarm.CALLBACK]


def test_keeping_the_vein_open_calls_after_its_grace():
    bench = Bench("meridian-v7").do(f"{FLUID}; wait 2 h")
    assert raised(bench) == [(3660, Alarm.KVO)]
    bench.do("clear; volume; key 100; wait 2 min")
    assert raised(bench) == [(3660, Alarm.KVO)]


@pytest.mark.parametrize("alarm", list(Alarm))
def test_an_alarm_stops_the_flow_or_only_calls(alarm):
    bench = Bench("meridian-v7").do(f"{FLUID}; wait 1 min; alarm {alarm.value}")
    assert bench.pump.channel.is_flowing is (alarm not in STOPS_FLOW)


def test_nothing_flows_again_before_the_alarm_is_answered():
    bench = Bench("meridian-v7").do(f"{FLUID}; wait 1 min; alarm air")
    assert bench.beep("start") == "answer the alarm first: air"
    bench.do("clear; start")


def test_an_alarm_ends_a_bolus():
    bench = Bench().do(f"{FENTANYL}; bolus; key 25; key; confirm; deliver; wait 5 s; alarm occlusion_downstream")
    ended = next(note for note in bench.notes if note.kind is Kind.DOSE_ENDED)
    assert ended.fields["ended"].because == "alarm"
    bench.do("clear; start; wait 1 s")
    assert bench.stream.source == "primary"


def test_an_alarm_of_an_infusion_ends_with_it():
    bench = Bench().do(FENTANYL.replace("12 mL", "0.1 mL") + "; wait 1 s; stop")
    assert not bench.pump.calls.active
