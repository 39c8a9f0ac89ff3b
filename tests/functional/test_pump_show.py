"""A scenario played on the whole terminal: what each key does, and what is shown of the dose really given."""

import asyncio
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import pytest_socket
from textual.widgets import Static

from openinfusion.cli.pump_show import Doses, PlayApp, dose_bar, ordered_words, pace, so_far, verdict
from openinfusion.cli.pump_windows import Words
from openinfusion.core.units import Quantity
from openinfusion.pump.scenarios import Mark, find_scenario, play
from openinfusion.pump.scenarios.scenario import Given

LIBRARIES = Path(__file__).resolve().parents[2] / "examples/trust"
ORDERED = Given(at_least=Quantity.read("24 micrograms"), at_most=Quantity.read("26 micrograms"))


@pytest.fixture(autouse=True)
def _local_sockets():
    """Let the event loop wake itself through a pair of local sockets; the network stays out of reach."""
    pytest_socket.enable_socket()
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture(scope="module")
def incident():
    return find_scenario("incident-1")


def drive(app, script, *, size=(80, 24)):
    """Run the app without a terminal, and a script that drives it."""

    async def run():
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await script(pilot)

    asyncio.run(run())


def words(app, name):
    return str(app.screen_stack[0].query_one(name, Static).render())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_a_run_is_stepped_through_to_its_marks(incident, size):
    """The bolus of 2018 gives the whole syringe, and the screen says so beside what was ordered."""
    app = PlayApp(incident, "2018", LIBRARIES)

    async def script(pilot):
        assert "Patient: " in words(app, "#did")
        assert "not yet" in words(app, "#doses")
        for _ in range(100):
            await pilot.press("right")
            if isinstance(app.screen, Words):
                break
        await pilot.pause()
        assert "600 micrograms: too much" in words(app, "#doses")
        assert "Alarm: empty" in words(app, "#told")
        await pilot.press("escape", "left")
        await pilot.pause()
        assert not isinstance(app.screen, Words)

    drive(app, script, size=size)


def test_space_plays_and_pauses_and_speed_changes(incident):
    app = PlayApp(incident, "mended", LIBRARIES)

    async def script(pilot):
        await pilot.press("plus", "plus", "plus", "plus")
        await pilot.press("space")
        await pilot.pause()
        assert "playing, speed 8" in words(app, "#hint")
        await pilot.pause(0.6)
        await pilot.press("space", "minus")
        await pilot.pause()
        assert "paused" in words(app, "#hint")
        assert not words(app, "#hint").startswith("1 of")

    drive(app, script)


def test_the_mended_run_gives_what_was_ordered(incident):
    frames = list(play(incident, "mended", libraries=LIBRARIES))
    doses = Doses(incident, frames)
    assert [line.verdict for line in doses.lines(0)] == ["not yet"]
    assert [line.verdict for line in doses.lines(len(frames) - 1)] == ["as ordered"]
    assert len(doses.curve(len(frames) - 1)) == len(frames)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("0 micrograms", "not yet"),
        ("24 micrograms", "as ordered"),
        ("0.026 mg", "as ordered"),
        ("27 micrograms", "too much"),
    ],
)
def test_a_dose_on_its_bound_is_as_ordered(given, said):
    assert verdict(ORDERED, Quantity.read(given)) == said


def test_the_bar_shows_where_the_order_ends():
    most = Quantity.read("600 micrograms")
    assert dose_bar(ORDERED, Quantity.read("0 micrograms"), most=most).count("━") == 0
    assert dose_bar(ORDERED, most, most=most).endswith("━")
    assert "┃" in dose_bar(ORDERED, most, most=most)


def test_what_takes_longer_to_read_stands_longer(incident):
    frames = list(play(incident, "2018", libraries=LIBRARIES))
    longest = max(frames, key=lambda frame: len(frame.did + frame.says + frame.why))
    assert pace(longest, Fraction(1)) > pace(frames[0], Fraction(1)) > pace(frames[0], Fraction(4))


def test_the_bar_says_what_alone_it_counts(incident):
    scenario = find_scenario("S02")
    told = [ordered_words(bound, scenario) for bound in scenario.rule.delivered]
    assert told == ["495 to 505 micrograms of alfentanil, boluses only", "1,300 to 1,340 micrograms of alfentanil"]
    assert ordered_words(ORDERED, incident) == "24 to 26 micrograms of fentanyl"


@pytest.mark.parametrize("name", ["S02", "S12"])
def test_two_bars_are_seen_in_a_small_terminal(name):
    app = PlayApp(find_scenario(name), "trapped", LIBRARIES)

    async def script(pilot):
        await pilot.press(*["right"] * 8)
        await pilot.pause()
        doses, hint = app.query_one("#doses").region, app.query_one("#hint").region
        assert words(app, "#doses").count("Ordered") == 2
        assert doses.height == 5
        assert doses.bottom <= hint.y
        assert app.query_one("#story").region.bottom <= doses.y

    drive(app, script)


def test_marks_in_the_middle_are_of_what_has_happened_so_far(incident):
    app = PlayApp(incident, "mended", LIBRARIES)

    async def script(pilot):
        await pilot.press("right", "m")
        await pilot.pause()
        assert isinstance(app.screen, Words)
        assert app.screen._title.startswith("So far: 2 of")
        words: Any = app.screen._words
        cells = [str(cell) for cell in words.renderables[0].columns[0]._cells]
        assert "not yet" in cells
        assert "NO" not in cells
        await pilot.press("q")
        await pilot.pause()
        assert app._exit

    drive(app, script)


@pytest.mark.parametrize(
    ("condition", "passed", "given", "word"),
    [
        ("must happen", True, "", "yes"),
        ("must happen", False, "", "not yet"),
        ("seen", False, "", "not yet"),
        ("must not happen", True, "", "so far"),
        ("must not happen", False, "", "NO"),
        ("truly given", False, "not yet", "not yet"),
        ("truly given", False, "too much", "NO"),
        ("truly given", True, "as ordered", "so far"),
    ],
)
def test_what_can_still_change_is_not_judged(condition, passed, given, word):
    assert so_far(Mark(condition=condition, expected="", found="", passed=passed), given) == word


def test_a_window_that_would_cut_the_pump_is_named(incident):
    app = PlayApp(incident, "mended", LIBRARIES)

    async def script(pilot):
        assert app.query_one("#small").display
        assert not app.query_one("#desk").display

    drive(app, script, size=(79, 24))
