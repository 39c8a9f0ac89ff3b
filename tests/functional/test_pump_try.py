"""`openinfusion pump try` as people and scripts use it: through a pipe, by keyboard, and with the mouse."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_socket
from textual.widgets import Input, OptionList, Static

from openinfusion.adapters.library_file import read_library
from openinfusion.cli.pump_app import PumpApp
from openinfusion.cli.pump_session import Session
from openinfusion.cli.pump_windows import Menu, Volume, Words
from openinfusion.cli.pump_words import read_line
from openinfusion.core.events import Kind
from openinfusion.pump.machine import Status
from openinfusion.pump.models import find_model

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = "examples/trust/library-1.1.0.json"
TO_DOSE = ("power", "1", "70", "drug", "nor", "1", "3")


def piped(*lines, arguments=()):
    """Run the command with these lines on its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "openinfusion", "pump", "try", LIBRARY, *arguments],
        cwd=ROOT,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_other_commands_do_not_load_what_draws_the_pump():
    """It would make each of them slower by a third of a second."""
    code = (
        "import sys, openinfusion.cli.app; sys.exit(any(one in sys.modules for one in ('textual', 'altair', 'polars')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=120).returncode == 0


# --- Through a pipe --------------------------------------------------------------------------------------------------


def test_from_power_on_to_a_running_infusion_and_an_alarm(tmp_path):
    log = tmp_path / "training.jsonl"
    lines = (*TO_DOSE, "0.1", "", "confirm", "1", "50", "start", "wait 10 min", "happens occlusion", "clear", "start")
    done = piped(*lines, "stop", "stop", "quit", arguments=("--events", str(log)))
    assert done.returncode == 0
    assert done.stderr.strip() == f"wrote 11 events to {log}; purpose: training"
    for shown in ("[INFUSING]", "ALARM: occlusion downstream", "[PAUSED]", "Not for clinical use", "10 min passed"):
        assert shown in done.stdout
    header, *records = map(json.loads, log.read_text().splitlines())
    assert header["purpose"] == "training"
    kinds = [record["kind"] for record in records]
    assert kinds[0] == "power_on"
    assert kinds[-4:] == ["alarm_raised", "alarm_cleared", "resumed", "stopped"]


def test_the_events_are_a_valid_log(tmp_path):
    log = tmp_path / "training.jsonl"
    piped(
        *TO_DOSE,
        "0.1",
        "",
        "confirm",
        "load",
        "",
        "start",
        "wait 1 h",
        "power",
        "power",
        arguments=("--events", str(log)),
    )
    checked = subprocess.run(
        [sys.executable, "-m", "openinfusion", "events", "validate", str(log)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stdout


def test_a_soft_limit_is_overridden_with_a_reason_and_a_hard_one_is_not():
    done = piped(
        *TO_DOSE, "0.6", "", "confirm", "override", "the patient is known to need it", "cancel",
        "drug", "mid", "1", "100", "", "confirm", "override",
    )  # fmt: skip
    assert "SOFT LIMIT" in done.stdout
    assert "Ready to start" in done.stdout
    assert "HARD LIMIT: it cannot be overridden" in done.stdout
    assert "beep: " in done.stdout or "no choice of this screen is called 'override'" in done.stdout
    assert "nobody can override" in done.stdout


def test_bad_input_is_answered_in_words():
    done = piped("", "nonsense", "power", "99", "wait for me", "happens", "1", "seventy", "-3", "1e5", "power")
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr
    for said in ("Not understood", "'nonsense'", "a time such as wait 10 min", "beep: weight of the patient"):
        assert said in done.stdout


def test_bytes_that_are_no_text_are_answered_in_words():
    done = subprocess.run(
        [sys.executable, "-m", "openinfusion", "pump", "try", LIBRARY],
        cwd=ROOT,
        input=b"power\n\xff\xfe\x00\x1b[2J\n1\n" + "µ½²\n".encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert b"\x1b[2J" not in done.stdout


def test_the_end_of_input_is_a_good_end():
    done = piped()
    assert done.returncode == 0
    assert "Choose Power to switch it on" in done.stdout
    assert "The pump noted 0 events" in done.stderr


def test_help_says_what_can_be_typed():
    done = piped("help")
    for word in ("wait 10 min", "happens occlusion", "power", "quit"):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--model", "nothing"), 5, "one of meridian-v7"),
        (("--events", "/nowhere/at/all.jsonl"), 5, "expected"),
        (("--events", "training.txt"), 5, "another suffix"),
    ],
    ids=["model", "folder", "suffix"],
)
def test_what_cannot_work_is_said_before_the_pump_is_shown(arguments, code, said):
    done = piped("power", arguments=arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Virtual pump" not in done.stdout


# --- Full screen -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _local_sockets():
    """Let the event loop wake itself through a pair of local sockets; the network stays out of reach."""
    pytest_socket.enable_socket()
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
def session():
    return Session(read_library(ROOT / LIBRARY), find_model("halden-s2"))


def drive(session, script, *, size=(80, 24)):
    """Run the app without a terminal, and a script that drives it."""

    async def run():
        app = PumpApp(session, speed=0)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await script(app, pilot)

    asyncio.run(run())


async def keys(pilot, *pressed):
    """Press keys one after the other, and let the app settle after each."""
    for one in pressed:
        await pilot.press(one)
        await pilot.pause()


def words(app, name):
    return str(app.screen_stack[0].query_one(name, Static).render())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_a_whole_programme_with_the_keyboard_alone(session, size):
    async def script(app, pilot):
        assert "Choose Power" in words(app, "#hint")
        await keys(pilot, "enter", "enter", *"70", "enter", "enter", *"nor", "enter", "1", "3")
        assert isinstance(app.focused, Input)
        assert "Usual here: 0.02 to 0.3" in words(app, "#hint")
        await keys(pilot, *"0.1", "enter", "enter", "1")
        assert "First put a syringe in" in words(app, "#hint")
        await keys(pilot, "enter", "enter", "enter")
        assert session.screen.status == "infusing"
        await keys(pilot, "f6")
        assert "08:10:00" in words(app, "#clock")
        await keys(pilot, "f8", "1")
        assert session.screen.alarms == ("occlusion downstream",)
        assert "OCCLUSION" in words(app, "#status")
        await keys(pilot, "f3", "1")
        assert session.screen.status == "infusing"
        await keys(pilot, "down", "down", "enter", "2")
        assert session.pump.channel.infusion is None

    drive(session, script, size=size)


def test_a_whole_programme_with_the_mouse(session):
    async def choose(app, pilot, word):
        """Click on the choice with this id."""
        choices = app.query_one("#choices", OptionList)
        row = choices.get_option_index(word)
        await pilot.click("#choices", offset=(3, row))
        await pilot.pause()

    async def script(app, pilot):
        await pilot.click("#power")
        await pilot.pause()
        await choose(app, pilot, "adult-critical-care-a-general")
        await choose(app, pilot, "skip")
        await choose(app, pilot, "drug")
        await pilot.click("#keyed")
        await keys(pilot, *"nor", "enter")
        await choose(app, pilot, "noradrenaline")
        await choose(app, pilot, session.screen.choices[0].id)
        while session.screen.ask is not None:
            await keys(pilot, *{"weight of the patient": "70", "dose": "0.1"}.get(session.screen.ask.what, ""), "enter")
        await choose(app, pilot, "confirm")
        await pilot.click("#load")
        await pilot.pause()
        assert isinstance(app.screen, Volume)
        await keys(pilot, *"20", "enter")
        assert session.screen.title == "Ready to start"
        await choose(app, pilot, "start")
        await pilot.click("#ten")
        await pilot.pause()
        assert session.pump.channel.infusion.status is Status.INFUSING
        await pilot.click("#happen")
        await pilot.pause()
        assert isinstance(app.screen, Menu)

    drive(session, script)


def test_a_soft_limit_lies_under_the_finger_as_change_and_never_as_override(session):
    async def script(app, pilot):
        await keys(pilot, "enter", "1", *"70", "enter", "1", *"nor", "enter", "1", "3", *"0.6", "enter", "enter", "1")
        assert session.screen.title == "SOFT LIMIT"
        await keys(pilot, "enter")
        assert session.screen.ask.what == "dose"
        answered = [event for event in session.events() if event.kind is Kind.ALERT_ANSWERED]
        assert [event.response.value for event in answered] == ["reprogrammed"]

    drive(session, script)


def test_digits_are_the_value_where_one_is_asked_for(session):
    async def script(app, pilot):
        await keys(pilot, "enter", "1", "up", "7")
        assert app.query_one("#keyed", Input).value == "7"
        await keys(pilot, "0", "enter")
        assert session.pump.weight.text() == "70 kg"

    drive(session, script)


def test_a_number_in_a_menu_does_not_reach_the_pump_behind_it(session):
    async def script(app, pilot):
        await keys(pilot, "enter", "f8", "4")
        assert not session.pump.battery.on_mains
        assert session.screen.title == "Care area"

    drive(session, script)


def test_escape_goes_back(session):
    async def script(app, pilot):
        await keys(pilot, "enter", "1", *"70", "enter", "1", *"nor", "enter", "1", "3")
        await keys(pilot, "escape")
        assert session.screen.title == "Ready to programme"

    drive(session, script)


def test_q_is_a_letter_where_letters_are_asked_for_and_quits_elsewhere(session):
    async def script(app, pilot):
        await keys(pilot, "enter", "1", *"70", "enter", "1", "q")
        assert app.query_one("#keyed", Input).value == "q"
        await keys(pilot, "escape", "q")
        assert not app.is_running or app._exit

    drive(session, script)


def test_time_passes_by_itself_at_a_speed(session):
    async def run():
        app = PumpApp(session, speed=600)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause(1.3)
            # A busy machine may let more than one second pass.
            assert session.pump.now >= 600
            assert session.pump.now % 600 == 0

    asyncio.run(run())


def test_help_and_events_open_and_close(session):
    async def script(app, pilot):
        for key in ("f1", "f9"):
            await keys(pilot, key)
            assert isinstance(app.screen, Words)
            await keys(pilot, "escape")
            assert not isinstance(app.screen, Words)

    drive(session, script)


@pytest.mark.parametrize(
    ("size", "is_shown"), [((80, 24), False), ((120, 40), True), ((80, 40), True)], ids=["small", "wide", "tall"]
)
def test_events_stand_beside_the_pump_where_there_is_room(session, size, is_shown):
    async def script(app, pilot):
        assert app.query_one("#side").display is is_shown
        await keys(pilot, "enter", "1")
        assert "Switched on" in words(app, "#told")
        assert "Adult critical care A: general" in words(app, "#told")

    drive(session, script, size=size)


def test_names_that_would_act_on_a_terminal_do_nothing(tmp_path):
    """Markup, an escape, and a character that turns the direction of reading."""
    text = (ROOT / LIBRARY).read_text()
    hostile = json.loads(text)
    for named in (*hostile["care_areas"], *hostile["drugs"]):
        named["name"] = f"[b]{named['name'][:9]}[/i] \u202e"
    path = tmp_path / "hostile.json"
    path.write_text(json.dumps(hostile))
    session = Session(read_library(path), find_model("halden-s2"))

    async def script(app, pilot):
        await keys(pilot, "enter", "1", *"70", "enter", "1", *"nor", "enter", "1", "3", "f9")
        assert isinstance(app.screen, Words)
        shown = app.export_screenshot()
        assert "[b]noradrena[/i]".replace(" ", "\u00a0") in shown.replace("&#91;", "[")
        assert "\u202e" not in shown

    drive(session, script)


def test_every_key_of_the_pump_can_be_seen_in_a_small_terminal(session):
    async def script(app, pilot):
        for button in app.query("Button"):
            assert button.region.right <= 80, button.id
            assert button.region.bottom <= 24, button.id
        assert app.query_one("#hint").region.bottom == 24

    drive(session, script)


def test_nobody_ends_an_infusion_with_one_key(session):
    async def script(app, pilot):
        for line in ("power", "1", "70", "drug", "nor", "1", "3", "0.1", "", "confirm", "load", "50", "start"):
            session.do(read_line(line, session.screen))
        app._refresh()
        await keys(pilot, "f2")
        assert isinstance(app.screen, Menu)
        await keys(pilot, "enter")
        assert session.pump.channel.is_flowing
        await keys(pilot, "f4")
        assert not isinstance(app.screen, Volume)
        assert "pause the infusion first" in words(app, "#beep")
        await keys(pilot, "f2", "2")
        assert not session.pump.is_on

    drive(session, script)


def test_a_window_that_would_cut_the_pump_is_named_and_takes_nothing(session):
    async def script(app, pilot):
        assert app.query_one("#small").display
        assert not app.query_one("#desk").display
        await keys(pilot, "f2")
        assert not session.pump.is_on

    drive(session, script, size=(80, 23))


def test_control_c_quits_also_where_letters_are_asked_for(session):
    async def script(app, pilot):
        await keys(pilot, "enter", "1", *"70", "enter", "1", "ctrl+c")
        assert app._exit

    drive(session, script)
