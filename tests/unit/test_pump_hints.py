"""What a virtual pump says to do next, held against what really flows and what is really offered."""

import random
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from openinfusion.adapters.library_file import read_library
from openinfusion.cli.pump_hints import _NEXT, hint
from openinfusion.cli.pump_session import Happens, Keyed, Session, Take, Wait
from openinfusion.cli.pump_try import PIPED, drawn, play_lines
from openinfusion.cli.pump_words import offered_words
from openinfusion.pump.machine import Ask
from openinfusion.pump.models import find_model

LIBRARY = Path(__file__).resolve().parents[2] / "examples/trust/library-1.1.0.json"
TO_DOSE = ("power", "1", "70", "drug", "nor", "1", "3")
RUNNING = (*TO_DOSE, "0.1", "", "confirm", "load", "50", "start")
SALINE = ("power", "adult-ward", "70", "drug", "sod", "sodium-chloride-0.9-percent")
SALINE_RUNS = (*SALINE, "100", "1000", "confirm", "load", "bag", "start")
SECONDARY = (*SALINE_RUNS, "secondary", "mer", "1", "1", "")
BEGUN = {
    "halden-s2": ((), RUNNING, ("power", "adult-ward", "70", "drug", "oxy", "1", "", "", "", "confirm")),
    "halden-s2-strict": ((), (*TO_DOSE[:4], "fen", "1", "1", "100", "", "confirm", "load", "50", "start")),
    "meridian-v7": ((), SALINE_RUNS, SECONDARY, (*SECONDARY, "confirm")),
}
"""Where walks begin: by chance alone they would seldom come to a secondary infusion or a patient's button."""
DRUGS = ("nor", "mor", "fen", "pro", "sod", "mer", "par", "oxy", "ins", "zzz")
KEYED = {"weight": ("70", "250", "7"), "letters": DRUGS, "volume": ("50", "20", "1"), "lockout": ("5", "")}
FILLERS = ("", "1", "5", "50", "0.1", "1000", "a reason")
BY_HAND = ("Release",)
"""What may be named before it is offered: the key that is held from now on."""


@pytest.fixture(scope="module")
def library():
    return read_library(LIBRARY)


def pump(library, model="halden-s2"):
    return Session(library, find_model(model))


def played(session, *lines):
    return " ".join(list(play_lines(session, lines))[-1].split())


# --- A walk over all pages -------------------------------------------------------------------------------------------


def labels_in(said):
    """What a hint tells somebody to choose: words that begin with a capital inside a sentence, after "choose"."""
    return re.findall(r"(?:[Cc]hoose|or|doubt,|else) ([A-Z][a-z]+(?: [a-z]+){0,4})", said)


def wrong(session, known):
    """What is wrong with a hint, or nothing: it denies what flows, or names a choice that is not there."""
    screen, said = session.screen, hint(session, PIPED)
    known |= {choice.label for choice in screen.choices}
    offered = {choice.label for choice in screen.choices}
    if "Nothing flows" in said and session.pump.channel.is_flowing:
        return f"something flows: {said}"
    if ("It runs" in said or "still runs" in said) and not session.pump.channel.is_flowing:
        return f"nothing flows: {said}"
    strange = [
        named
        for named in labels_in(said)
        if any(named.startswith(label) for label in known - set(BY_HAND))
        and not any(named.startswith(label) for label in offered)
    ]
    return f"not offered {strange}: {said} {sorted(offered)}" if strange else None


def steps(session, dice):
    """One thing that somebody could do here."""
    screen = session.screen
    if dice.random() < 0.12:
        words = [one.word for one in session.happenings()]
        return dice.choice([Wait(Fraction(60)), Wait(Fraction(7200)), *(Happens(word) for word in words)])
    if screen.alarms and dice.random() < 0.5:
        return Take("clear")
    if screen.ask is not None and dice.random() < 0.75:
        kind = next((name for name in KEYED if screen.ask.what.startswith(name)), "")
        return Keyed(dice.choice(KEYED.get(kind, FILLERS)))
    if not screen.choices:
        return Take("power")
    # Ways back are taken less often, or a walk would never come far.
    onwards = [choice for choice in screen.choices if choice.id not in ("back", "cancel", "stop", "area", "weight")]
    return Take(dice.choice(onwards if onwards and dice.random() < 0.85 else screen.choices).id)


@pytest.mark.parametrize("model", ["halden-s2", "halden-s2-strict", "meridian-v7"])
def test_no_hint_denies_what_flows_or_names_what_is_not_offered(library, model):
    known: set[Any] = set()
    dice, titles = random.Random(f"hints {model}"), set()  # noqa: S311 - a walk, not a secret
    for number in range(24):
        session = pump(library, model)
        begun = BEGUN[model][number % len(BEGUN[model])]
        played(session, *begun)
        assert wrong(session, known) is None
        for _ in range(100):
            session.do(steps(session, dice))
            titles.add(session.screen.title)
            assert wrong(session, known) is None
    assert {"Ready to start", "SOFT LIMIT", "Drug", "Care area"} <= titles


def test_the_walk_would_notice(library):
    """What somebody found: the hint of a pump that is paused, while another page is shown."""
    assert labels_in("Nothing flows. Choose Start to go on, or End the infusion.") == [
        "Start to go on",
        "End the infusion",
    ]


def test_every_choice_that_a_hint_names_is_one_of_the_pump(library):
    """A choice is named by its id, and a hint that names one that is not offered is not said."""
    assert all(re.findall(r"<[a-z ]+>", words) or "{time}" in words for words, _ in _NEXT)


# --- A secondary infusion --------------------------------------------------------------------------------------------


def secondary(library):
    session = pump(library, "meridian-v7")
    played(session, *SECONDARY)
    assert session.screen.status == "infusing"
    return session


def test_before_a_secondary_the_primary_is_said_to_run(library):
    session = secondary(library)
    shown = played(session, "confirm")
    assert session.screen.title == "Ready to start"
    assert "The primary still runs at 100 mL/h. Hang and open the secondary, then choose Start." in shown


# --- Nobody ends an infusion by a slip -------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["3", "stop", "power"])
def test_what_ends_an_infusion_is_asked_again(library, line):
    session = pump(library)
    shown = played(session, *RUNNING, line)
    assert "runs at 5.25 mL/h" in shown
    assert "type the same line again" in shown
    assert session.pump.channel.is_flowing
    played(session, line, line)
    assert not session.pump.channel.is_flowing


def test_another_line_in_between_takes_the_question_back(library):
    session = pump(library)
    played(session, *RUNNING, "stop", "wait 1 min", "stop")
    assert session.pump.channel.is_flowing


def test_what_waits_is_asked_about_too(library):
    session = pump(library)
    assert "is paused" in played(session, *RUNNING, "pause", "power")
    assert session.pump.is_on


def test_a_pump_without_an_infusion_is_switched_off_at_once(library):
    session = pump(library)
    played(session, "power", "power")
    assert not session.pump.is_on


# --- Weight, rate only, a key that is held, a patient's button -------------------------------------------------------


def test_an_alert_about_the_weight_says_that_the_weight_is_asked_again(library):
    session = pump(library)
    shown = played(session, "power", "1", "170", "drug", "nor", "1", "3", "0.1", "", "confirm")
    assert session.screen.title == "SOFT LIMIT"
    assert "Change a value asks for the weight again" in shown
    assert "weight" in played(session, "reprogram")


def test_no_limit_is_promised_where_none_looks(library):
    shown = played(pump(library), "power", "1", "70", "basic", "10", "50")
    assert "limits then look" not in shown
    assert "no limit looks at this" in shown


def test_limits_are_promised_where_they_look(library):
    assert "the limits then look at it" in played(pump(library), *TO_DOSE, "0.1", "")


def test_a_held_key_is_said_to_be_held(library):
    session = pump(library, "halden-s2-strict")
    started = ("power", "1", "70", "drug", "fen", "1", "1", "100", "", "confirm", "load", "50", "start")
    played(session, *started)
    assert session.screen.status == "infusing"
    shown = played(session, "bolus", "25", "", "confirm")
    assert "one choice holds the key until Release is chosen" in shown
    assert "until you choose Release" in played(session, "deliver")


def pca(library):
    session = pump(library)
    played(session, "power", "adult-ward", "70", "drug", "oxy", "1")
    played(session, "", "", "", "confirm")
    assert session.screen.title == "Ready to start"
    played(session, "load", "50", "start")
    assert session.screen.status == "waiting for a demand"
    return session


def test_the_button_says_how_long_it_gives_nothing(library):
    session = pca(library)
    assert "The patient presses the button" in drawn(session)
    played(session, "demand", "wait 2 min")
    assert re.search(r"beep: lockout: the next dose can be given in \d+ min", played(session, "demand"))


def test_a_new_syringe_is_not_loose(library):
    session = pca(library)
    assert "ALARM: syringe" in played(session, "happens loose")
    shown = played(session, "happens new 50")
    assert "ALARM" not in shown
    assert "loose" not in shown


# --- Messages --------------------------------------------------------------------------------------------------------


def test_the_newest_message_wins(library):
    session = pump(library)
    assert "beep: " in played(session, *RUNNING, "9 of nothing", "change", "nonsense")
    shown = played(session, "wait 1 min")
    assert "beep: " not in shown
    assert "1 min passed" in shown
    session.do(Keyed("nonsense"))
    assert "passed" not in drawn(session)


def test_offered_thousands_are_grouped(library):
    assert offered_words(Ask("dose", "mg", "1000 mg")) == "1,000 mg"
    assert offered_words(Ask("volume", "mL", "1500")) == "1,500 mL"
    assert offered_words(Ask("volume", "mL", "left out")) == "left out"


def test_the_syringe_of_the_last_patient_is_named(library):
    session = pump(library)
    shown = played(session, *RUNNING, "wait 1 min", "stop", "stop", "power", "power")
    assert session.screen.title == "Patient"
    assert "The syringe of the last patient is still in." in shown
    shown = played(session, "new patient", "1", "60")
    assert "The syringe of the last patient is still in." in shown
    assert "last patient" not in played(session, "happens new 50")


def test_a_pump_that_is_off_shows_no_bars(library):
    session = pump(library)
    played(session, *RUNNING, "wait 1 min", "power", "power")
    assert not session.pump.is_on
    assert session.bars() == ()
