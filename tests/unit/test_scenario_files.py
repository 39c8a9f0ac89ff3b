"""Files of scenarios: patterns and times are read, and whatever is wrong gives one clear error with its place."""

from pathlib import Path

import pytest

from openinfusion.core.errors import AuthorError, FileAccessError, OpenInfusionError, OperatorError
from openinfusion.core.events import Kind
from openinfusion.core.units import Quantity
from openinfusion.pump.machine import Screen
from openinfusion.pump.scenarios import find_scenario, log_of, play, read_scenario
from openinfusion.pump.scenarios.patterns import in_words, matches, read_pattern
from openinfusion.pump.scenarios.reading import read_seconds

TRUST = Path(__file__).resolve().parents[2] / "examples" / "trust"
FIRST = find_scenario("S01")
TEMPLATE = FIRST.place.read_text(encoding="utf-8")


# --- Patterns --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bolus():
    scenario = find_scenario("incident-1")
    frames = list(play(scenario, "2018", libraries=TRUST))
    return next(event for event in log_of(scenario, frames) if event.kind is Kind.BOLUS)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"programme.dose": "25 micrograms"}, True),
        ({"programme": {"dose": "0.025 mg"}}, True),
        ({"programme.dose": "25 mg"}, False),
        ({"programme.dose": "25 units"}, False),
        ({"programme.dose": "at most 25 micrograms"}, True),
        ({"programme.dose": "less than 25 micrograms"}, False),
        ({"programme.dose": "more than 24 micrograms"}, True),
        ({"programme.dose": "at least 26 micrograms"}, False),
        ({"programme.dose": "other than 25 micrograms"}, False),
        ({"programme.dose": "24.8 micrograms", "tolerance": "1 %"}, True),
        ({"programme.dose": "24.7 micrograms", "tolerance": "1 %"}, False),
        ({"programme.dose": "*"}, True),
        ({"programme.volume": "*"}, False),
        ({"drug": "fentanyl"}, True),
        ({"drug": "other than fentanyl"}, False),
        ({"with_library": True}, True),
        ({"sequence": "at least 1"}, True),
        ({"programme.mode": "bolus"}, True),
    ],
)
def test_a_pattern_looks_for_what_it_says(bolus, wanted, found):
    assert matches(bolus, read_pattern({"kind": "bolus", **wanted}, "here")) is found


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "boluss"},
        {},
        {"kind": "bolus", "programme.doze": "1 mg"},
        {"kind": "bolus", "programme": "1 mg"},
        {"kind": "bolus", "programme.dose": "25"},
        {"kind": "bolus", "programme.dose": "25 spoons"},
        {"kind": "bolus", "programme.dose.value": "25"},
        {"kind": "bolus", "response": "ignored"},
        {"kind": "bolus", "with_library": "yes"},
        {"kind": "bolus", "drug": True},
        {"kind": "bolus", "at": "12:00"},
        {"kind": "bolus", "sequence": "many"},
        {"kind": "bolus", "tolerance": "1"},
        {"kind": "bolus", "tolerance": "200 %"},
        {"kind": "bolus", "power": "steam"},
    ],
)
def test_a_pattern_that_can_never_match_is_refused(wanted):
    with pytest.raises(AuthorError) as raised:
        read_pattern(wanted, "pass_rule.must[0]")
    assert raised.value.where.startswith("pass_rule.must[0].")


@pytest.mark.parametrize(
    ("text", "seconds"), [("40 s", 40), ("5 min", 300), ("1 h 30 min", 5400), ("0.5 h", 1800), ("2 min 10 s", 130)]
)
def test_a_time_is_read(text, seconds):
    assert read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 minutes", "an hour", "-5 min", "5 min later"])
def test_a_time_that_is_none_is_refused(text):
    with pytest.raises(AuthorError, match="a time such as"):
        read_seconds(text)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"kind": "bolus", "programme.dose": "25 micrograms"}, "bolus: dose 25 micrograms"),
        ({"kind": "alarm_raised", "alarm": "near_end"}, "alarm: near end"),
        ({"kind": "programmed", "with_library": False}, "programmed: outside the library"),
        ({"kind": "alert_answered", "reason": "*"}, "alert answered: any reason"),
        ({"kind": "started", "began.rate": "2 mL/h", "tolerance": "1 %"}, "started: rate 2 mL/h within 1 %"),
        ({"kind": "alarm_cleared", "seconds": "at most 60"}, "alarm cleared: seconds at most 60"),
        ({"kind": "power_on"}, "switched on"),
    ],
)
def test_a_pattern_is_told_in_words(raw, words):
    assert in_words(read_pattern(raw, "here")) == words


# --- Hostile files ---------------------------------------------------------------------------------------------------

CHANGES = {
    "unknown key": ('role = "nurse"', 'role = "nurse"\nrolle = "nurse"', "rolle"),
    "unknown key of a step": ("power = true }", "power = true, pwer = true }", "pwer"),
    "missing key": ('title = "Start an infusion that is dosed by weight"', "", "no title"),
    "unknown pump": ('pump = "halden-s2"', 'pump = "halden-s9"', "halden-s9"),
    "not marked as an example": ("not_for_clinical_use = true", "not_for_clinical_use = false", "False"),
    "bad quantity": ('volume_left = "50 mL"', 'volume_left = "fifty"', "fifty"),
    "quantity without a unit": ('volume_left = "50 mL"', 'volume_left = "50"', "50"),
    "more left than there was": ('volume_left = "50 mL"', 'volume_left = "60 mL"', "60 mL"),
    "nothing in it": ('amount = "250 mg"', 'amount = "0 mg"', "0 mg"),
    "a volume that is a mass": ('volume = "50 mL"', 'volume = "50 mg"', "50 mg"),
    "weight in pounds": ('weight = "72 kg"', 'weight = "159 lb"', "in pounds"),
    "unknown unit": ('unit = "mg"', 'unit = "spoons"', "spoons"),
    "a unit that does not fit": ('unit = "mg"', 'unit = "units"', "mg"),
    "rule on an unknown field": ("programme.weight =", "programme.wait =", "programme.wait"),
    "rule on an unknown kind": ('kind = "started"', 'kind = "begun"', "begun"),
    "rule on an unknown drug": ('{ at_least = "21.3 mg"', '{ drug = "water", at_least = "21.3 mg"', "water"),
    "rule in other units": ('at_least = "21.3 mg"', 'at_least = "21.3 units"', "21.3 units"),
    "rule without a bound": ('at_least = "21.3 mg", at_most = "21.9 mg", ', "", "no bound"),
    "rule on an unknown behaviour": ('observed = ["reads the', 'observed = ["sings the', "sings the"),
    "rule on what the pump sees": ('observed = ["reads the summary back"]', 'observed = ["right drug and area"]',
                                   "right drug and area"),
    "step with an unknown behaviour": ('observes = ["checks the unit of the weight"]', 'observes = ["x"]', "'x'"),
    "two actions": ("power = true }", 'power = true, choose = "drug" }', "choose and power"),
    "no action": ('{ who = "nurse", power = true },', '{ who = "nurse" },', "nothing happens"),
    "power false": ("power = true }", "power = false }", "false"),
    "bad time": ('wait = "1 h"', 'wait = "soon"', "soon"),
    "two times": ('wait = "1 h"', 'wait = "1 h", at = "2 h"', "at and wait"),
    "two runs of a name": ('name = "trapped"', 'name = "right"', "'right' twice"),
    "every run passes": ("passes = false", "passes = true", "all pass"),
    "not TOML": ("[patient]", "[patient", "TOML"),
}  # fmt: skip


@pytest.fixture
def written(tmp_path):
    def write(old="", new=""):
        assert old in TEMPLATE
        path = tmp_path / "mine.toml"
        path.write_text(TEMPLATE.replace(old, new), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("old", "new", "says"), CHANGES.values(), ids=CHANGES.keys())
def test_a_file_that_is_wrong_gives_one_clear_error(written, old, new, says):
    with pytest.raises(AuthorError) as raised:
        read_scenario(written(old, new))
    assert raised.value.where.startswith("mine.toml")
    assert says in str(raised.value)


STEPS = {
    "unknown choice": ('choose = "load"', 'choose = "lode"', "run 'right', step 5", "'load' (Put a syringe in)"),
    "a choice of several": ('{ who = "nurse", choose = "adult-critical-care-a-general" }',
                            '{ who = "nurse", choose = "adult" }', "step 2", "'adult-ward'"),
    "a value where none is asked": ('choose = "load"', 'enter = "50"', "step 5", "Ready to programme"),
    "a value that the pump refuses": ('enter = "72"', 'enter = "72 L"', "step 4", "weight"),
    "unknown container": ('load = "syringe"', 'load = "bag"', "step 6", "'syringe'"),
    "unknown alarm": ('choose = "load"', 'happens = "smoke"', "step 5", "occlusion_downstream"),
    "no alarm to answer": ('choose = "load"', "clear = true", "step 5", "no alarm"),
    "no library": ('choose = "load"', 'stage = "none.json"', "mine.toml", "none.json"),
    "time goes back": ('wait = "1 h"', 'at = "1 s"', "step 15", "time does not go back"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "says"), STEPS.values(), ids=STEPS.keys())
def test_a_step_that_the_pump_does_not_offer_says_what_it_offers(written, old, new, place, says):
    scenario = read_scenario(written(old, new))
    with pytest.raises(OpenInfusionError) as raised:
        list(play(scenario, "right", libraries=TRUST))
    assert "mine.toml" in raised.value.where
    assert place in str(raised.value)
    assert says in str(raised.value)


def test_a_bag_gives_no_more_than_it_holds(tmp_path):
    """A large-volume pump does not know how much a bag holds; the scenario does."""
    path = tmp_path / "mine.toml"
    text = find_scenario("S10").place.read_text(encoding="utf-8")
    path.write_text(text.replace('volume_left = "1000 mL"', 'volume_left = "40 mL"'), encoding="utf-8")
    with pytest.raises(AuthorError, match="more than 40 mL out of fluid"):
        list(play(read_scenario(path), "right", libraries=TRUST))


def test_a_step_may_beep_where_that_is_the_story(written):
    scenario = read_scenario(written('choose = "load" },', 'choose = "lode", may_beep = true }, '
                                     '{ who = "nurse", choose = "load" },'))  # fmt: skip
    frames = list(play(scenario, "right", libraries=TRUST))
    beeped = [frame for frame in frames if frame.beep is not None]
    assert [frame.did for frame in beeped] == ["looks for “lode”, which is not there"]
    assert isinstance(beeped[0].screen, Screen)


def test_a_library_that_is_nowhere_is_one_clear_error(tmp_path):
    with pytest.raises(FileAccessError, match="no library-1"):
        play(FIRST, "right", libraries=tmp_path)


def test_a_library_beside_the_scenario_is_found(written, tmp_path):
    path = written()
    (tmp_path / "library-1.1.0.json").write_bytes((TRUST / "library-1.1.0.json").read_bytes())
    frames = list(play(read_scenario(path), "right", libraries=tmp_path / "nowhere"))
    assert frames[-1].given == Quantity.of("21.6", "mg")


def test_names_that_are_unknown_are_one_clear_error():
    with pytest.raises(OperatorError, match="one of S01"):
        find_scenario("S99")
    with pytest.raises(AuthorError, match="right, trapped"):
        play(FIRST, "wrong", libraries=TRUST)
