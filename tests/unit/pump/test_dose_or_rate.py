"""A continuous infusion is keyed as a dose or as a rate; the limits look at the same dose either way."""

from pump_bench import Bench

from openinfusion.core.events import Kind
from openinfusion.core.units import Quantity

FENTANYL = "power; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50"


def last(bench, kind):
    return next(note for note in reversed(bench.notes) if note.kind is kind)


def test_a_rate_can_be_keyed_for_a_dose_and_the_screen_says_so():
    bench = Bench().do(f"{FENTANYL}")
    assert "Key the rate instead" in [choice.label for choice in bench.pump.screen().choices]
    bench.do("other way")
    ask = bench.pump.screen().ask
    assert ask is not None
    assert ask.unit == "mL/h"
    assert "Key the dose instead" in [choice.label for choice in bench.pump.screen().choices]
    bench.do("key 2; key; confirm; start")
    programme = last(bench, Kind.PROGRAMMED).fields["programme"]
    assert (programme.dose, programme.rate) == (None, Quantity.of("2", "mL/h"))
    assert bench.stream.dose_rate == Quantity.of("100", "micrograms/h")


def test_a_rate_that_is_too_much_drug_meets_the_limit_of_the_dose():
    bench = Bench().do(f"{FENTANYL}; other way; key 20; key; confirm")
    finding = last(bench, Kind.ALERT_RAISED).fields["alert"]
    assert str(finding).startswith("dose 1,000 micrograms/h is above the hard maximum of 400 micrograms/h")


def test_a_dose_can_be_keyed_again_after_all():
    bench = Bench().do(f"{FENTANYL}; other way; other way; key 100; key; confirm; start")
    assert last(bench, Kind.PROGRAMMED).fields["programme"].dose == Quantity.of("100", "micrograms/h")


def test_a_change_is_held_against_what_runs_whichever_way_either_was_keyed():
    """The titration step allows twice the running dose: 200 after 2 mL/h is a double, 5 mL/h after 100 is more."""
    by_rate = Bench().do(f"{FENTANYL}; other way; key 2; key; confirm; start; change; key 200; confirm")
    assert last(by_rate, Kind.RATE_CHANGED).fields["programme"].previous == Quantity.of("100", "micrograms/h")
    by_dose = Bench().do(f"{FENTANYL}; key 70; key; confirm; start; change; other way; key 3; confirm")
    finding = last(by_dose, Kind.ALERT_RAISED).fields["alert"]
    assert str(finding).startswith("titration step 3 mL/h is above the soft maximum of 2.8 mL/h")


def test_a_dose_of_time_or_of_a_bolus_is_never_keyed_as_a_rate():
    bolus = Bench().do(f"{FENTANYL}; key 100; key; confirm; start; bolus")
    assert "other way" not in [choice.id for choice in bolus.pump.screen().choices]
