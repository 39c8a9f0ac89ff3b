"""The power key, the plug and the battery: what stops, what is kept, what is told."""

from fractions import Fraction

import pytest
from pump_bench import Bench

from openinfusion.core.events import Alarm, Kind, Response

FENTANYL = "power; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100"
RUNNING = f"{FENTANYL}; key 20; confirm; start"


def kinds(bench):
    return [note.kind for note in bench.notes]


def test_a_pump_that_keeps_its_settings_can_go_on_where_it_was():
    bench = Bench("halden-s2").do(f"{RUNNING}; wait 1 h; power; wait 1 h; power; keep; start; wait 1 h")
    infusion = bench.infusion
    assert infusion.total == 4
    assert bench.pump.screen().status == "infusing"


def test_after_switching_on_nothing_flows_before_somebody_starts_it():
    bench = Bench("halden-s2").do(f"{RUNNING}; wait 1 h; power; wait 1 min; power; keep; wait 1 h")
    assert not bench.pump.channel.is_flowing
    assert bench.pump.screen().status == "paused"


def test_settings_that_are_cleared_end_the_infusion():
    bench = Bench("halden-s2").do(f"{RUNNING}; wait 1 h; power; wait 1 min; power; clear settings; new patient; ward")
    assert bench.pump.channel.infusion is None
    assert [note.fields.get("reason") for note in bench.notes if note.kind is Kind.STOPPED] == ["settings cleared"]


def test_clearing_the_settings_and_answering_an_alarm_are_two_keys():
    bench = Bench("halden-s2").do(f"{RUNNING}; power; power; wait 5 min")
    ids = [choice.id for choice in bench.pump.screen().choices]
    assert ids == ["clear", "keep", "clear settings"]
    bench.do("clear")
    assert bench.pump.channel.infusion is not None


def test_settings_are_kept_for_so_long_and_no_longer():
    bench = Bench("halden-s2").do(f"{RUNNING}; power; wait 28801 s; power")
    assert bench.pump.channel.infusion is None
    assert bench.notes[-1].fields["reason"] == "settings no longer kept"
    assert bench.pump.screen().title == "Patient"


def test_a_strict_pump_keeps_nothing():
    bench = Bench("halden-s2-strict").do(f"{RUNNING}; wait 1 h; power")
    assert kinds(bench)[-3:] == [Kind.PAUSED, Kind.STOPPED, Kind.POWER_OFF]
    assert bench.do("power").pump.screen().title == "Patient"


def test_an_alert_on_the_screen_is_cancelled_by_the_power_key():
    bench = Bench().do(
        "power; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 300; key; confirm"
    )
    bench.do("wait 7 s; power")
    answered = next(note for note in bench.notes if note.kind is Kind.ALERT_ANSWERED)
    assert answered.fields["response"] is Response.CANCELLED
    assert answered.fields["seconds"] == 7
    assert answered.fields["reason"] == "switched off"
    assert bench.pump.alert is None


def test_nothing_happens_to_a_pump_that_is_off():
    bench = Bench().do(f"{RUNNING}; plug out; pause; power")
    written = len(bench.notes)
    bench.do("wait 3 d")
    assert len(bench.notes) == written
    assert bench.pump.battery.charge == bench.model.battery


def test_a_pump_in_standby_that_is_switched_off_is_paused():
    bench = Bench().do(f"{RUNNING}; pause; standby; power; power; keep")
    assert bench.pump.screen().status == "paused"


def test_a_secondary_and_its_primary_both_outlive_the_power_key():
    bench = Bench("meridian-v7").do(
        """power; ward; key 70; bag; drug; key sal; saline; key 100; key 500; confirm; start; wait 1 h
        secondary; key gen; gentamicin; key 350; key 5; key 30; confirm; start; wait 10 min; power; power; keep; start
        wait 30 min"""
    )
    assert bench.stream.source == "primary"


def test_a_battery_calls_when_it_is_low_and_again_after_switching_on():
    bench = Bench().do(f"{RUNNING}; pause; standby; plug out; wait 34200 s")
    assert set(bench.pump.calls.active) == {Alarm.BATTERY_LOW}
    bench.do("clear; power; power; wait 1 s")
    assert set(bench.pump.calls.active) == {Alarm.BATTERY_LOW}
    bench.do("plug in")
    assert not bench.pump.calls.active


def test_an_empty_battery_switches_the_pump_off_at_its_second():
    bench = Bench().do(f"{RUNNING}; plug out; wait 11 h")
    off = bench.notes[-1]
    assert off.kind is Kind.POWER_OFF
    assert off.at == 36000
    stopped = next(note for note in bench.notes if note.kind is Kind.PAUSED)
    assert stopped.fields["ended"].because == "powered off"
    assert bench.beep("power") == "the battery is empty"
    assert bench.beep("plug in") is None
    bench.do("power")


def test_a_battery_charges_on_the_mains_second_for_second():
    bench = Bench().do("power; plug out; wait 1 h; plug in; wait 10 min")
    assert bench.pump.battery.charge == Fraction(36000 - 3600 + 600)


@pytest.mark.parametrize("model", ["meridian-v7", "halden-s2", "halden-s2-strict"])
def test_a_pump_that_is_off_takes_no_other_key(model):
    assert Bench(model).beep("drug") == "the pump is off"
