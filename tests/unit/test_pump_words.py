"""The words around a virtual pump: lines that are typed, hints, screens drawn as text."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from openinfusion.adapters.library_file import read_library
from openinfusion.cli.pump_hints import ALARMS, hint
from openinfusion.cli.pump_session import Happens, Keyed, Session, Take, Wait
from openinfusion.cli.pump_try import PIPED, play_lines
from openinfusion.cli.pump_words import (
    LONGEST_WAIT,
    Help,
    Quit,
    Unclear,
    read_line,
    read_wait,
    text_box,
    types_first,
)
from openinfusion.core.events import Alarm
from openinfusion.pump.machine import Ask, Choice, Screen
from openinfusion.pump.models import find_model

LIBRARY = Path(__file__).resolve().parents[2] / "examples/trust/library-1.1.0.json"
MENU = Screen("Menu", choices=(Choice("one", "The first"), Choice("two", "Thereafter"), Choice("three", "Something")))
DOSE = Screen("Dose", choices=(Choice("back", "Back"), Choice("cancel", "Cancel")), ask=Ask("dose", "mg/h"))
DRUG = Screen("Drug", choices=(Choice("cancel", "Cancel"),), ask=Ask("letters", ""))


@pytest.fixture(scope="module")
def library():
    return read_library(LIBRARY)


@pytest.fixture
def session(library):
    return Session(library, find_model("halden-s2"))


def played(session, *lines):
    """What a pump shows after these lines."""
    return list(play_lines(session, lines))[-1]


# --- A line that is typed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "screen", "meant"),
    [
        ("2", MENU, Take("two")),
        (" 2 ", MENU, Take("two")),
        ("three", MENU, Take("three")),
        ("some", MENU, Take("three")),
        ("THE FIRST", MENU, Take("one")),
        ("back", DOSE, Take("back")),
        ("2", DOSE, Keyed("2")),
        ("0.5 mg/h", DOSE, Keyed("0.5 mg/h")),
        ("", DOSE, Keyed("")),
        ("1", DRUG, Take("cancel")),
        ("can", DRUG, Keyed("can")),
        ("power", MENU, Take("power")),
        ("power", DRUG, Take("power")),
        ("quit", DRUG, Quit()),
        ("q", MENU, Quit()),
        ("help", DOSE, Help()),
        ("wait 10 min", MENU, Wait(Fraction(600))),
        ("happens occlusion", MENU, Happens("occlusion")),
        ("happens new 20 mL", MENU, Happens("new", "20 mL")),
    ],
)
def test_a_line_means_a_choice_a_value_or_a_command(text, screen, meant):
    """Where a value with a unit is asked for, a number is never the number of a choice."""
    assert read_line(text, screen) == meant


@pytest.mark.parametrize("text", ["", "the", "9", "0", "9" * 20, "nothing at all", "²", "happens", "wait"])
def test_what_means_nothing_is_said_to_be_unclear(text):
    """Two choices begin with "the": neither is taken."""
    assert isinstance(read_line(text, MENU), Unclear)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30 s", 30), ("1 min", 60), ("2 hours", 7200), ("1h", 3600), ("168 h", LONGEST_WAIT), ("90 seconds", 90)],
)
def test_a_time_to_wait_is_read(text, seconds):
    assert read_wait(text) == Wait(Fraction(seconds))


@pytest.mark.parametrize("text", ["", "10", "a while", "-1 min", "1.5 h", "169 h", "9999999 s", "1 min 2 s"])
def test_no_other_time_is_waited_for(text):
    assert isinstance(read_wait(text), Unclear)


# --- A screen as text ------------------------------------------------------------------------------------------------


def test_a_box_has_straight_sides_whatever_it_holds():
    """Long lines fold; a name that would act on the terminal is shown and does nothing."""
    lines = ("word " * 40, "x" * 200, "日本語" * 20, "\x1b[31mred\x1b[0m")
    drawn = text_box(Screen("T" * 90, lines, MENU.choices, DOSE.ask, "paused", ("air",), "library 1"), clock="08:00:00")
    assert {len(row) for row in drawn.splitlines() if row.isascii()} <= {78}
    assert all(row[0] in "┌│├└" and row[-1] in "┐│┤┘" for row in drawn.splitlines())
    assert "\x1b" not in drawn
    assert "ALARM: air" in drawn


def test_no_choice_changes_its_number_when_an_alarm_begins():
    """Somebody about to press 1 must not do another thing because an alarm came in between."""
    ringing = replace(MENU, choices=(Choice("clear", "Answer the alarm"), *MENU.choices), alarms=("air",))
    assert read_line("1", ringing) == read_line("1", MENU) == Take("one")
    assert read_line("0", ringing) == Take("clear")


def test_numbers_stand_before_choices_only_where_they_take_them():
    assert "1  The first" in text_box(MENU)
    assert "1  " not in text_box(DOSE)
    assert "Dose? In mg/h." in text_box(DOSE)


# --- What to do next -------------------------------------------------------------------------------------------------


def test_a_dose_is_asked_for_with_its_unit_and_what_is_usual(session):
    shown = played(session, "power", "1", "70", "drug", "nor", "1", "3")
    assert "Type the dose in micrograms/kg/min" in shown
    assert "Usual here: 0.02 to 0.3 micrograms/kg/min." in " ".join(shown.split())


def test_letters_are_asked_for_with_drugs_of_this_care_area(session):
    shown = " ".join(played(session, "power", "1", "70", "drug").split())
    assert "nor for noradrenaline or mor for morphine" in shown


def test_a_search_names_no_drug_that_this_pump_cannot_run(library):
    """A bag pump of the ward has no syringes to search among."""
    session = Session(library, find_model("meridian-v7"))
    shown = " ".join(played(session, "power", "adult-ward", "70", "drug").split())
    assert "par for paracetamol" in shown
    assert "noradrenaline" not in shown


def test_a_search_that_finds_nothing_names_what_begins_alike(session):
    shown = " ".join(played(session, "power", "1", "70", "drug", "mxx").split())
    assert "With m this care area has: " in shown
    assert "morphine" in shown
    shown = " ".join(played(session, "zzz").split())
    assert "This care area has no drug with z." in shown


def test_before_the_start_the_syringe_is_asked_for(session):
    shown = played(session, "power", "1", "70", "drug", "nor", "1", "3", "0.1", "", "confirm")
    assert "First put a syringe in; then choose Start." in shown


@pytest.mark.parametrize("alarm", [alarm for alarm in Alarm if alarm is not Alarm.OTHER])
def test_every_alarm_is_explained(alarm):
    assert ALARMS[alarm.value.replace("_", " ")].endswith(".")


def test_an_alarm_is_explained_with_the_way_out(session):
    session.pump.choose("power")
    session.pump.call(Alarm.SYRINGE)
    assert hint(session, PIPED) == (
        "Alarm. The syringe is loose. Put it back in its clamp. Then answer the alarm (type 0, or clear) and go on"
        " from there."
    )


def test_names_that_the_display_cuts_are_told_in_full(session):
    assert "Adult critical care A: general" in played(session, "power")


# --- What happens to a pump ------------------------------------------------------------------------------------------


def test_a_pump_that_is_off_notices_nothing(session):
    assert "off and would not notice: the syringe stays in its clamp" in played(session, "happens loose")


def test_without_flow_nobody_notices_an_occlusion(session):
    assert "would not notice: nothing was blocked" in played(session, "power", "happens occlusion")


def test_what_cannot_happen_is_answered_with_what_can(session):
    shown = " ".join(played(session, "power", "happens door").split())
    assert "A syringe pump does not notice 'door'" in shown
    assert "occlusion, loose, empty, plug, new" in shown


def test_the_plug_goes_out_and_in_again(session):
    assert "battery" in played(session, "power", "happens plug")
    assert "mains" in played(session, "happens plug")


@pytest.mark.parametrize(
    ("volume", "said"),
    [("", "A new syringe with 50 mL"), (" 20", "with 20 mL"), (" 500", "at most 60 mL"), (" x", "No new syringe")],
)
def test_a_new_syringe_comes_with_its_volume(session, volume, said):
    assert said in played(session, "power", f"happens new{volume}")


def test_nobody_changes_a_syringe_that_runs(session):
    lines = ("power", "1", "70", "drug", "nor", "1", "3", "0.1", "", "confirm", "load", "50", "start", "happens new 20")
    assert "pause the infusion first" in played(session, *lines)


def test_an_alert_that_nobody_answers_gives_the_programme_up(session):
    shown = played(session, "power", "1", "70", "drug", "nor", "1", "3", "0.6", "", "confirm", "wait 10 min")
    assert "Nobody answered the alert for 5 min: the pump gave the programme up." in " ".join(shown.split())


def test_a_value_comes_first_where_choices_only_lead_away():
    assert types_first(DOSE)
    assert not types_first(Screen("Reason", choices=(*MENU.choices, *DOSE.choices), ask=Ask("another reason", "")))
    assert not types_first(MENU)
