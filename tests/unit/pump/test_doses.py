"""Single doses on top of an infusion: a bolus, a loading dose, the patient's button."""

from fractions import Fraction

import pytest
from pump_bench import Bench, seconds

from openinfusion.core.events import Kind, Response
from openinfusion.core.units import Quantity

FENTANYL = "power; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100; key 20; confirm"
BOLUS = "bolus; key 25; key; confirm; deliver"
MORPHINE = "power; {area}; load 50 mL; drug; key mor; morphine; {area}-morphine"


def pca(values, area="unit"):
    """A pump with morphine by the patient's button: demand dose, lockout, most within an hour, background."""
    keyed = "; ".join(f"key {value}".strip() for value in values)
    bench = Bench().do(MORPHINE.format(area=area))
    return bench.do(f"{keyed}; confirm")


def refusals(bench):
    return [note.fields["reason"] for note in bench.notes if note.kind is Kind.DEMAND_REFUSED]


def demanded(bench, *minutes):
    """Press the button at these minutes, and say at which it gave a dose."""
    given = []
    for minute in minutes:
        bench.pump.advance(seconds(f"{minute} min"))
        if bench.pump.choose("demand") is None:
            given.append(minute)
    return given


def test_a_released_key_ends_the_bolus():
    bench = Bench("halden-s2-strict").do(f"{FENTANYL}; start; {BOLUS}; wait 5 s; release; wait 1 min")
    ended = next(note for note in bench.notes if note.kind is Kind.DOSE_ENDED)
    assert ended.fields["ended"].volume.value == Fraction("0.166667")  # 5 s at 120 mL/h
    assert ended.fields["ended"].remaining.value == Fraction("0.333333")
    assert bench.stream.source == "primary"


def test_a_bolus_that_nobody_gives_a_rate_is_no_faster_than_its_soft_limit():
    bench = Bench().do(f"{FENTANYL}; start; {BOLUS}")
    assert bench.stream.rate == 120


def test_a_bolus_does_not_use_up_the_volume_to_be_infused():
    bench = Bench().do(f"{FENTANYL}; start; {BOLUS}; wait 1 min")
    infusion = bench.infusion
    assert infusion.total == infusion.given + Fraction(1, 2)


def test_a_bolus_while_the_vein_is_kept_open_goes_back_to_that():
    bench = Bench().do(f"{FENTANYL.replace('key 20', 'key 2')}; start; wait 61 min; {BOLUS}; wait 1 min")
    assert bench.pump.screen().status == "keeping the vein open"
    assert bench.stream.rate == 1


def test_a_bolus_whose_infusion_ended_meanwhile_does_not_flow():
    bench = Bench("meridian-v7").do(
        """power; ward; key 70; bag; drug; key sal; saline; key 100; key 500; confirm; start; secondary; key gen
        gentamicin; key 350; key 5; key 30; confirm; start"""
    )
    assert bench.beep("bolus") == "this screen does not offer that"  # the secondary offers none
    bench.do("wait 1 h; bolus; key 100; key; confirm")
    bench.pump.channel.stop()
    assert bench.beep("deliver") == "its infusion has ended"
    assert bench.pump.channel.stream is None


def test_a_loading_dose_comes_first_and_its_alert_names_its_record():
    bench = Bench().do(f"{FENTANYL}; loading; key 120; key; confirm; override; none; start")
    raised = next(note for note in bench.notes if note.kind is Kind.ALERT_RAISED)
    assert raised.fields["about"].kind is Kind.LOADING
    assert bench.do("wait 6 min").stream.source == "primary"


@pytest.mark.parametrize("leave", ["cancel", "change", "power"])
def test_the_alert_of_a_loading_dose_that_is_given_up_names_what_was_programmed(leave):
    bench = Bench().do(f"{FENTANYL}; loading; key 120; key; confirm; override; none; {leave}")
    raised = next(note for note in bench.notes if note.kind is Kind.ALERT_RAISED)
    assert raised.fields["about"].kind is Kind.PROGRAMMED
    assert raised.fields["about"].fields["programme"].mode.value == "loading"


def test_the_button_gives_nothing_before_the_lockout_has_passed():
    bench = pca(["1", "5", "10", ""]).do("start")
    assert demanded(bench, 1, 2, "5.9", 6, 8, 11) == [1, 6, 11]
    assert refusals(bench) == ["lockout", "lockout", "lockout"]


def test_the_button_gives_no_more_than_the_accumulated_dose_within_the_window():
    bench = pca(["2", "5", "5", ""]).do("start")
    assert demanded(bench, 0, 10, 20, 59, 60, 66, 70) == [0, 10, 60, 70]
    assert refusals(bench) == ["accumulated limit"] * 3


def test_a_bolus_counts_towards_the_accumulated_dose():
    bench = pca(["2", "5", "5", ""]).do("start; bolus; key 3; confirm; deliver; wait 10 min")
    assert demanded(bench, 11, 20) == [11]


def test_a_demand_while_a_dose_is_given_is_refused():
    bench = pca(["1", "5", "10", ""]).do("start; demand")
    assert bench.beep("demand") == "a dose is being given"
    assert refusals(bench) == ["a dose is being given"]


def test_the_button_works_whatever_the_screen_shows():
    bench = pca(["1", "5", "10", ""]).do("start; bolus; demand; wait 1 s")
    assert bench.pump.screen().status == "demand dose"
    assert bench.pump.screen().ask.what == "dose"


def test_a_bolus_waits_for_the_demand_dose_that_flows():
    bench = pca(["1", "5", "10", ""]).do("start; bolus; key 1; confirm; demand")
    assert bench.beep("deliver") == "a dose is being given"
    bench.do("wait 40 s; deliver; wait 1 min")
    assert bench.infusion.total == 2


def test_a_paused_pump_gives_nothing_on_demand():
    bench = pca(["1", "5", "10", ""]).do("start; pause")
    assert bench.beep("demand") == "not running"


def test_an_alarm_that_waits_for_an_answer_stops_the_button():
    bench = pca(["1", "5", "10", ""]).do("start; alarm occlusion_downstream")
    assert bench.beep("demand") == "answer the alarm first: occlusion downstream"
    bench.do("clear; start; demand")


def test_a_demand_dose_is_no_faster_than_the_care_area_allows():
    """The unit allows 100 mL/h, the ward 999 mL/h; the pump gives a bolus at 600 mL/h."""
    assert pca(["1", "5", "10", ""]).do("start; demand").stream.rate == 100


def test_a_background_flows_between_the_doses():
    bench = pca(["1", "5", "10", "0.5"]).do("start; wait 1 h; demand; wait 1 h")
    assert bench.stream.rate == Fraction(1, 2)
    assert bench.stream.dose_rate == Quantity.read("0.5 mg/h")
    assert bench.infusion.total > 2 - Fraction(1, 100)


def test_a_loading_dose_before_the_button_leaves_the_pump_waiting():
    bench = pca(["1", "5", "10", ""]).do("loading; key 2; key; confirm; start; wait 6 min")
    assert bench.pump.screen().status == "waiting for a demand"
    assert bench.pump.screen().choices[0].id == "pause"


def test_a_limit_per_kilogram_counts_for_this_patient():
    """100 micrograms/kg in an hour at 1 mg/kg in 50 mL are 5 mL, whatever the patient weighs; a dose is 1 mL."""
    bench = Bench().do(
        """power; ward; key 40; load 50 mL; drug; key mor; morphine; ward-morphine-kg; key 20; key 5; key 100
        confirm; start"""
    )
    assert demanded(bench, 0, 10, 20, 30, 40, 50) == [0, 10, 20, 30, 40]
    assert bench.infusion.delivered().volume == Quantity.read("5 mL")


@pytest.mark.hazard("PL-02")
def test_a_bolus_limit_that_rounding_would_pass_is_kept():
    """2 mg at 3 mg in 7 mL are 4.666666... mL: a drop more would be above the hard limit of 2 mg."""
    bench = Bench().do(
        """power; ward; key 70; load 50 mL; drug; key thi; thirds; key 1; key; confirm; start
        bolus; key 2; key; confirm; deliver"""
    )
    assert bench.stream.vtbi == Fraction("4.666666")


def test_an_override_of_a_bolus_is_about_the_bolus():
    bench = Bench().do(f"{FENTANYL}; start; bolus; key 60; key; confirm; override; clinical need; deliver")
    answered = next(note for note in bench.notes if note.kind is Kind.ALERT_ANSWERED)
    assert answered.fields["response"] is Response.OVERRIDDEN
    assert answered.fields["about"].fields["about"].kind is Kind.BOLUS


def test_a_bolus_of_more_volume_than_the_pump_gives_at_once_is_refused_whatever_the_library_says():
    """80 units/kg for 70 kg at 1,000 units/mL are 5.6 mL, and this pump gives at most 5 mL in one bolus."""
    keys = "power; unit; load 50 mL; drug; key hep; heparin; key 50000; key 50; key 70; key 20; key; confirm"
    strict = Bench("halden-s2-strict").do(f"{keys}; start; bolus; key 80; confirm")
    assert strict.pump.screen().title == "Not possible"
    assert "in one bolus at most 5 mL" in strict.pump.screen().lines[0]
