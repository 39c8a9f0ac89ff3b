"""A plan says who gets a release after whom; rings are conditions, and a plan that contradicts itself is refused."""

from pathlib import Path

import pytest

from openinfusion.core.errors import AuthorError
from openinfusion.fleet.rollout import Facts, Who, read_plan
from openinfusion.fleet.rollout.plan import share

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "fleet" / "rollout.toml"
PLAN = """
name = "one"
kind = "phased"
reason = "A test."
offers = [{ hospital = "anderby", profile = "adult", number = 12 }]

[[rings]]
name = "canary"
who = { wards = ["icu"] }
is_canary = true

[[rings]]
name = "quarter"
who = { percent = 25 }

[[rings]]
name = "rest"
"""


def read(text=PLAN):
    return read_plan(text.encode(), where="plan.toml")


def pump(number=1, *, ward="ward-1", hospital="anderby", model="synfuse-1"):
    return Facts(pump=f"urn:pump:example:{number}", hospital=hospital, profile="adult", model=model, ward=ward)


def test_a_pump_belongs_to_the_first_ring_that_it_fits():
    plan = read()
    assert plan.ring_of(pump(ward="icu")).name == "canary"
    rings = [plan.ring_of(pump(number)).name for number in range(2000)]
    assert set(rings) == {"quarter", "rest"}
    assert 420 < rings.count("quarter") < 580


def test_a_pump_that_comes_late_or_moves_belongs_to_a_ring_at_once():
    """No list is frozen when a ring is opened: facts decide whenever it is asked."""
    plan = read()
    late = pump(987_654)
    assert plan.ring_of(late) == plan.ring_of(late)
    moved = Facts(pump=late.pump, hospital="anderby", profile="adult", ward="icu")
    assert plan.ring_of(moved).name == "canary"


def test_a_pump_of_another_hospital_is_not_part_of_it():
    assert read().ring_of(pump(hospital="blythe")) is None
    assert read().offer_for(pump()).number == 12


def test_a_share_keeps_its_pumps_and_the_next_plan_chooses_others():
    pumps = [f"urn:pump:example:{number}" for number in range(4000)]
    first = {one for one in pumps if share("one", one) < 2500}
    second = {one for one in pumps if share("two", one) < 2500}
    assert first == {one for one in reversed(pumps) if share("one", one) < 2500}
    assert 130 < len(first & second) < 380, "a quarter of a quarter: the shares are independent"


def test_conditions_add_up():
    both = Who(wards=("icu",), models=("synfuse-1",))
    assert both.takes(pump(ward="icu"), plan="one")
    assert not both.takes(pump(ward="icu", model="other"), plan="one")
    assert not both.takes(pump(ward="ward-1"), plan="one")
    assert not Who(hospitals=("blythe",)).takes(pump(), plan="one")
    assert not Who(profiles=("neonatal",)).takes(pump(), plan="one")


def test_the_example_is_a_plan():
    plan = read_plan(EXAMPLE.read_bytes(), where="rollout.toml")
    assert [ring.name for ring in plan.rings] == ["bench", "canary", "quarter", "rest"]
    assert "not for clinical use" in EXAMPLE.read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "one"', "name = ", "as TOML"),
        ('kind = "phased"', 'kind = "quick"', "Invalid enum value 'quick' - at `$.kind`"),
        ('name = "rest"', 'name = "rest"\nsoak = 3', "unknown field `soak`"),
        ("percent = 25", "percent = 250", "Expected `int` <= 100"),
        ("is_canary = true", "at_least = 4", "canary: found at_least 4 where patients are connected"),
        ('name = "rest"', 'name = "quarter"', "quarter: found the name twice"),
        ('name = "rest"', 'name = "The Rest"', "'The Rest'; expected lower-case letters"),
        ("who = { percent = 25 }", "", "quarter: found everyone, with rings after it"),
        ("number = 12 }", "number = 0 }", "Expected `int` >= 1"),
        ('"adult", number = 12 }]', '"adult", number = 12 }, { hospital = "anderby", profile = "adult", number = 13 }]',
         "anderby, adult twice"),
        ('offers = [{ hospital = "anderby", profile = "adult", number = 12 }]', "offers = []", "offers: found none"),
        ('kind = "phased"', 'kind = "partial"', "partial, and a last ring of everyone"),
        ('kind = "phased"', 'kind = "big-bang"', "big-bang, and 2 rings"),
        ('name = "rest"', 'name = "rest"\nwho = { percent = 50 }', "phased, and a last ring with a condition"),
        ("is_canary = true", "is_canary = true\nsoak_hours = 0", "Expected `int` >= 1"),
    ],
)  # fmt: skip
def test_a_plan_that_contradicts_itself_is_refused_with_its_place(old, new, message):
    assert old in PLAN
    with pytest.raises(AuthorError) as caught:
        read(PLAN.replace(old, new, 1))
    assert message in str(caught.value)
    assert str(caught.value).startswith("plan.toml")


def test_a_plan_that_is_endless_or_no_text_is_refused():
    for data in (b"#" * (2**20 + 1), b"\xff\xfe", b"rings = " + b"[" * 100_000):
        with pytest.raises(AuthorError):
            read_plan(data, where="plan.toml")


def test_each_kind_is_what_it_says():
    canary = '[[rings]]\nname = "canary"\nwho = { wards = ["icu"] }\nis_canary = true\n'
    head = PLAN.partition("[[rings]]")[0]
    big_bang = head.replace("phased", "big-bang") + canary + '[[rings]]\nname = "all"\n'
    partial = head.replace("phased", "partial") + canary
    assert read(big_bang).ring_of(pump()).name == "all"
    assert read(partial).ring_of(pump()) is None
