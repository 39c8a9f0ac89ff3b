"""Programming a pump: what it asks, what it takes, what it refuses and says."""

from fractions import Fraction

import pytest
from pump_bench import Bench

from openinfusion.core.events import Kind, Response
from openinfusion.core.segments import delivery_faults
from openinfusion.core.units import ML, ML_PER_H, Quantity

ON = "power; ward; key 70; load 50 mL"
FENTANYL = f"{ON}; drug; key fen; fentanyl; ward-fentanyl-50"
FLUID = "power; ward; key 70; bag; drug; key sal; saline"
BASIC = "power; ward; key 70; load 50 mL; basic"


def last(bench, kind):
    return next(note for note in reversed(bench.notes) if note.kind is kind)


def steps(bench):
    return [(str(Quantity(one.rate, ML_PER_H)), str(Quantity(one.vtbi, ML))) for one in bench.infusion.steps]


def test_basic_mode_is_refused_where_the_care_area_forbids_it():
    bench = Bench().do("power; unit")
    assert "basic" not in [choice.id for choice in bench.pump.screen().choices]
    assert bench.beep("basic") == "this care area does not allow infusions outside the library"


def test_an_infusion_outside_the_library_says_so_in_every_record():
    bench = Bench().do(f"{BASIC}; key 5; key 20; confirm; start; wait 1 h; stop")
    told = [event.with_library for event in bench.events() if event.infusion is not None]
    assert set(told) == {False}


@pytest.mark.parametrize(
    ("keyed", "words"),
    [
        ("0.001", "this pump runs from 0.01 mL/h to 1,200 mL/h"),
        ("1300", "this pump runs from 0.01 mL/h to 1,200 mL/h"),
        ("5.001", "in steps of 0.01 mL/h"),
        ("150.05", "in steps of 0.1 mL/h"),
    ],
)
def test_a_rate_that_the_model_does_not_have_is_refused(keyed, words):
    bench = Bench("halden-s2").do(f"{BASIC}; key {keyed}; key 20; confirm")
    screen = bench.pump.screen()
    assert screen.title == "Not possible"
    assert words in screen.lines[0]


@pytest.mark.parametrize("rate", ["0.01", "99.99", "100", "100.1", "1200"])
def test_a_rate_at_the_edge_of_a_band_is_taken(rate):
    assert Bench("halden-s2").do(f"{BASIC}; key {rate}; key 20; confirm; start").stream.rate == Fraction(rate)


def test_a_dose_runs_at_the_nearest_rate_and_the_record_tells_the_dose_of_that():
    """1 mg/h at 3 mg in 7 mL are 2.333... mL/h: the pump runs at 2.33."""
    bench = Bench().do(f"{ON}; drug; key thi; thirds; key 1; key 20; confirm; start")
    stream = bench.stream
    assert stream.rate == Fraction("2.33")
    assert stream.dose_rate == Quantity.read("0.99857143 mg/h")


def test_what_was_delivered_is_rate_times_time_exactly():
    bench = Bench().do(f"{ON}; drug; key thi; thirds; key 1; key 20; confirm; start")
    bench.pump.wait(Fraction(1000, 3))
    assert bench.infusion.total == Fraction("2.33") * Fraction(1000, 3) / 3600
    assert bench.pump.channel.left == 50 - bench.infusion.total


def test_records_count_whole_millionths_that_add_up():
    bench = Bench().do(f"{ON}; drug; key thi; thirds; key 1; key 20; confirm; start")
    for _ in range(50):
        bench.pump.wait(Fraction(1000, 7))
        bench.do("pause; start")
    volumes = [note.fields["ended"].volume.value for note in bench.notes if "ended" in note.fields]
    assert all((volume * 10**6).denominator == 1 for volume in volumes)
    assert sum(volumes) == last(bench, Kind.RESUMED).fields["began"].total.value
    assert abs(sum(volumes) - bench.infusion.total) <= Fraction(1, 2 * 10**6)
    assert list(delivery_faults(bench.events())) == []


@pytest.mark.hazard("PL-02")
def test_rounding_up_to_the_next_rate_does_not_pass_a_hard_limit():
    """1 microgram/kg/min is the hard limit; for 12.35 kg that is 9.2625 mL/h, and 9.3 would be more."""
    bench = Bench("meridian-v7").do("power; unit; bag; drug; key nor; noradrenaline; key 12.35; key 1; key; confirm")
    screen = bench.pump.screen()
    assert screen.title == "HARD LIMIT: it cannot be overridden"
    assert "by rounding to the pump's rate" in screen.lines[0]


def test_a_dose_at_a_hard_limit_that_rounds_down_runs():
    bench = Bench().do(f"{ON}; drug; key thi; thirds; key 10; key 20; confirm; override; none; start")
    assert bench.stream.rate == Fraction("23.33")


def test_a_hard_limit_is_not_overridden():
    bench = Bench().do(f"{FENTANYL}; key 500; key; confirm")
    assert "override" not in [choice.id for choice in bench.pump.screen().choices]
    assert bench.beep("override") == "a hard limit cannot be overridden: change the value"


def test_an_alert_that_nobody_answers_is_given_up():
    bench = Bench().do(f"{FENTANYL}; key 300; key; confirm; wait 299 s")
    assert bench.pump.alert is not None
    bench.do("wait 1 s")
    answered = last(bench, Kind.ALERT_ANSWERED)
    assert answered.at == 300
    assert answered.fields["response"] is Response.UNKNOWN
    assert "seconds" not in answered.fields
    assert bench.pump.screen().title == "Ready to programme"


def test_an_alert_is_given_up_also_while_somebody_looks_for_a_reason():
    bench = Bench().do(f"{FENTANYL}; key 300; key; confirm; override; wait 6 min")
    assert last(bench, Kind.ALERT_ANSWERED).fields["response"] is Response.UNKNOWN


def test_every_soft_limit_is_asked_about_and_then_that_nothing_was_checked():
    """A weight above its soft limit is one thing, that no limit looked at the rate another."""
    bench = Bench().do("power; ward; key 200; load 50 mL; drug; key unl; unlimited; key 5; key 20; confirm")
    assert bench.pump.screen().title == "SOFT LIMIT"
    bench.do("override; none")
    assert bench.pump.screen().title == "No limit was checked"
    bench.do("confirm; start")


def test_a_value_that_is_changed_before_the_start_takes_the_place_of_the_old_one():
    bench = Bench().do(f"{FENTANYL}; key 100; key 20; confirm; change; key 150; key 10; confirm; start")
    assert steps(bench) == [("3 mL/h", "10 mL")]


def test_the_last_of_two_steps_can_be_changed_before_the_start():
    bench = Bench().do(f"{FENTANYL}; key 100; key 4; next step; next; key 50; key 2; confirm")
    bench.do("change; key 75; key 3; confirm; start")
    assert steps(bench) == [("2 mL/h", "4 mL"), ("1.5 mL/h", "3 mL")]


def test_a_step_needs_its_volume():
    assert Bench().do(f"{FENTANYL}; key 100; key").beep("next step") == "a step needs its volume"


def test_a_weight_may_be_keyed_in_grams():
    bench = Bench().do(
        "power; ward; key 70000 g; load 50 mL; drug; key nor; noradrenaline; key 0.5; key; confirm; start"
    )
    assert bench.stream.rate == Fraction("26.25")  # 0.5 x 70 x 60 / 80


@pytest.mark.parametrize("keyed", ["150 lb", "70 mL", "0", "-3", "1234567890", "seventy", "7e1", "0.0000000001"])
def test_a_weight_that_is_none_is_not_taken(keyed):
    bench = Bench().do("power; ward")
    assert bench.beep(f"key {keyed}") is not None
    assert bench.pump.weight is None


def test_a_long_name_is_cut_to_the_display():
    screen = Bench("halden-s2").do("power").pump.screen()
    assert [choice.label for choice in screen.choices] == ["Ward", "Unit where nothing runs…"]
    assert all(len(choice.label) <= 24 for choice in screen.choices)


def test_a_drug_that_may_only_run_as_a_secondary_is_not_offered_as_a_primary():
    bench = Bench("meridian-v7").do("power; ward; key 70; bag; drug; key ant")
    assert bench.notes[-1].kind is Kind.DRUG_NOT_FOUND
    bench = Bench("meridian-v7").do(f"{FLUID}; key 100; key 500; confirm; start; secondary; key sal")
    assert bench.notes[-1].kind is Kind.DRUG_NOT_FOUND


@pytest.mark.parametrize("letters", ["ab", "x" * 41, "a\tb\nc"])
def test_letters_that_no_record_can_hold_are_not_taken(letters):
    bench = Bench().do("power; ward; key 70; drug")
    assert bench.pump.enter(letters) == "3 to 40 letters"


def test_nothing_starts_without_a_syringe():
    bench = Bench().do("power; ward; key 70; drug; key fen; fentanyl; ward-fentanyl-50; key 100; key; confirm")
    assert bench.beep("start") == "put a syringe in first"
    bench.do("load; key 50; start")


def test_a_syringe_that_is_empty_is_changed_before_the_start():
    bench = Bench().do(f"{FENTANYL}; key 100; key; confirm; start; wait 1 d; wait 2 h; clear; stop")
    bench.do("drug; key fen; fentanyl; ward-fentanyl-50; key 100; key; confirm")
    assert bench.beep("start") == "the syringe is empty"
    bench.do("load; key 50; start")


@pytest.mark.parametrize(
    ("model", "line", "words"),
    [
        ("halden-s2", "load 70 mL", "at most 60 mL"),
        ("halden-s2", "bag", "this pump takes a syringe"),
        ("meridian-v7", "load 50 mL", "this pump takes a bag"),
    ],
)
def test_a_pump_takes_what_fits_it(model, line, words):
    assert Bench(model).do("power; ward; key 70").beep(line) == words


def test_a_titration_above_its_step_is_asked_about():
    bench = Bench().do(f"{FENTANYL}; key 50; key 20; confirm; start; change; key 110; confirm")
    assert bench.pump.screen().title == "SOFT LIMIT"
    bench.do("override; protocol")
    assert bench.stream.rate == Fraction("2.2")


def test_a_change_after_the_end_does_not_take_effect():
    bench = Bench("meridian-v7").do(f"{FLUID}; key 100; key 100; confirm; start; change; key 150; wait 2 h")
    assert bench.beep("confirm") == "its infusion has ended"
    assert bench.pump.screen().status == "keeping the vein open"
    assert last(bench, Kind.PROGRAMMED).fields["programme"].rate.value == 150


def test_a_new_volume_is_held_against_its_hard_limit():
    bench = Bench("meridian-v7").do(f"{FLUID}; key 100; key 500; confirm; start; volume; key 1600")
    assert bench.pump.screen().title == "HARD LIMIT: it cannot be overridden"
    bench.do("reprogram; key 900; confirm")
    assert bench.stream.vtbi == 900


def test_less_than_the_dose_of_an_intermittent_infusion_may_be_given_on_top_of_it():
    """10 mL of paracetamol are under the least dose and time, but they add to what was given; 200 mL are too much."""
    bench = Bench("meridian-v7").do(
        "power; ward; key 70; bag; drug; key par; paracetamol; key 1000; key 15; confirm; start; wait 16 min"
    )
    bench.do("volume; key 10; wait 1 min")
    assert bench.stream.vtbi == 10
    assert [note.kind for note in bench.notes].count(Kind.PROGRAMMED) == 1
    bench.do("volume; key 200")
    assert bench.pump.screen().title == "HARD LIMIT: it cannot be overridden"
    assert last(bench, Kind.ALERT_RAISED).fields["about"].fields["programme"].volume == Quantity.read("200 mL")


def test_an_override_of_a_new_volume_is_about_what_was_programmed():
    bench = Bench("meridian-v7").do(f"{FLUID}; key 100; key 500; confirm; start; volume; key 1200; override; none")
    assert last(bench, Kind.ALERT_RAISED).fields["about"].fields["programme"].volume == Quantity.read("1200 mL")
    assert bench.stream.vtbi == 1200


def test_a_new_volume_of_a_secondary_that_has_ended_is_not_that_of_the_primary():
    bench = Bench("meridian-v7").do(
        f"""{FLUID}; key 100; key 500; confirm; start; secondary; key gen; gentamicin; key 350; key 5; key 30; confirm
        start; volume; wait 1 h"""
    )
    assert bench.beep("key 20") == "its infusion has ended"
    assert bench.infusion.now.vtbi == 500


def test_a_secondary_on_a_paused_primary_leaves_it_paused():
    bench = Bench("meridian-v7").do(
        f"""{FLUID}; key 100; key 500; confirm; start; pause; secondary; key gen; gentamicin; key 350; key 5; key 30
        confirm; start; wait 1 h"""
    )
    assert bench.pump.screen().status == "paused"
    ended = last(bench, Kind.COMPLETED).fields["ended"]
    assert ended.because == "complete"


def test_a_secondary_that_is_ended_leaves_its_primary_paused():
    bench = Bench("meridian-v7").do(
        f"""{FLUID}; key 100; key 500; confirm; start; secondary; key gen; gentamicin; key 350; key 5; key 30
        confirm; start; wait 10 min; stop"""
    )
    assert bench.pump.screen().status == "paused"
    bench.do("start")
    assert bench.stream.source == "primary"


def test_a_secondary_whose_primary_has_ended_does_not_start():
    bench = Bench("meridian-v7").do(
        f"""{FLUID}; key 100; key 100; confirm; start; secondary; key gen; gentamicin; key 350; key 5; key 30
        confirm"""
    )
    bench.pump.channel.stop()
    assert bench.beep("start") == "its infusion has ended"


def test_an_area_whose_slowest_pump_is_faster_than_its_rate_keeps_no_vein_open():
    """The unit sets no rate: the infusion completes and nothing flows."""
    bench = Bench("meridian-v7").do(
        "power; unit; bag; drug; key fen; fentanyl; unit-fentanyl-50; key 100; key 2; confirm"
    )
    bench.do("start; wait 2 h")
    assert bench.pump.channel.infusion is None
    assert last(bench, Kind.COMPLETED).fields["ended"].because == "complete"


def test_a_new_patient_is_not_taken_while_an_infusion_of_the_old_one_is_there():
    bench = Bench().do(f"{FENTANYL}; key 100; key; confirm; start")
    assert bench.pump.admit() == "end the infusion of this patient first"
    assert bench.pump.area == "ward"


@pytest.mark.parametrize(
    ("amount", "diluent", "dose"),
    [("1", "999999999", "999999999"), ("999999999", "1", "0.00000001"), ("0.00000001", "999999999 L", "99999999")],
)
def test_a_record_can_hold_whatever_is_keyed(amount, diluent, dose):
    """The value attempted is far beyond what the format can write; it is told as the nearest that it can."""
    bench = Bench().do(f"{ON}; drug; key hep; heparin; key {amount}; key {diluent}; key {dose}; key; confirm")
    while bench.pump.alert is not None and bench.beep("override") is None:
        bench.do("none")
    assert [event.kind for event in bench.events()].count(Kind.ALERT_RAISED) > 0


def test_a_dose_that_rounds_to_no_rate_at_all_is_not_possible():
    bench = Bench().do(f"{ON}; drug; key thi; thirds; key 0.001; key 20; confirm")
    assert bench.pump.screen().title == "Not possible"
    assert "rounds to zero" in bench.pump.screen().lines[0]


def test_a_bolus_without_any_limit_runs_at_the_rate_of_the_pump_and_says_that_nothing_was_checked():
    bench = Bench().do(f"{ON}; drug; key unl; unlimited; key 5; key 20; confirm; confirm; start; bolus; key 2; confirm")
    assert bench.pump.screen().title == "No limit was checked"
    bench.do("confirm; deliver")
    assert bench.stream.rate == 600


def test_an_infusion_paused_after_its_end_keeps_the_vein_open_again():
    bench = Bench("meridian-v7").do(f"{FLUID}; key 100; key 100; confirm; start; wait 61 min; pause; start; wait 1 min")
    assert bench.pump.screen().status == "keeping the vein open"
    bench.do("stop")
    assert last(bench, Kind.COMPLETED).fields["ended"].because == "clinician"
