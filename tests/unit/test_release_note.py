"""The note for nurses: plain words, what to do differently, gravest first, and never longer than a page."""

from dataclasses import replace

import pytest

from openinfusion.core.difference import Change, ChangeKind
from openinfusion.core.release_note import MOST_LETTERS, MOST_LINES, QUIET, release_note


def change(kind, field="", before=None, after=None, **other):
    said = {"drug": "fentanyl", "care_area": "Theatres", "subject": "fentanyl, Theatres, 2.5 mg in 50 mL"}
    return Change(kind=kind, field=field, before=before, after=after, **(said | other))


@pytest.mark.parametrize(
    ("kind", "field", "before", "after", "what"),
    [
        ("limit widened", "dose.hard_max", "1 mg/h", "2 mg/h (2 times)",
         "The pump now refuses a dose above 2 mg/h (before: 1 mg/h)."),
        ("limit tightened", "bolus.dose.soft_max", "2 mg", "1 mg (0.5 times)",
         "The pump now asks you to confirm a bolus dose above 1 mg (before: 2 mg)."),
        ("limit set", "pca.dose.soft_min", None, "1 mg",
         "The pump now asks you to confirm a PCA dose below 1 mg."),
        ("limit removed", "concentration.limits.hard_min", "1 mg/mL", None,
         "The pump no longer refuses a concentration below 1 mg/mL."),
        ("limit set", "titration_step", None, "2 times", "Titration step: now 2 times (before: nothing)."),
        ("strength changed", "concentration", "1 mg in 50 mL", "2 mg in 50 mL",
         "The strength is now 2 mg in 50 mL (before: 1 mg in 50 mL)."),
        ("safeguard lifted", "anaesthesia_only", "yes", "no", "Anaesthesia only: now no (before: yes)."),
        ("setting changed", "advisories", "Check twice", None, "Advisories: now nothing (before: Check twice)."),
        ("bolus, loading dose or background offered", "bolus", "no", "yes", "The pump now offers: bolus."),
        ("initial value changed", "dose.initial", "1 mg/h", "2 mg/h (2 times)",
         "The pump now begins with 2 mg/h (before: 1 mg/h)."),
    ],
)  # fmt: skip
def test_a_change_is_told_as_a_nurse_meets_it(kind, field, before, after, what):
    """What the pump does now, and what it did before, each number with its unit."""
    [line] = release_note([change(ChangeKind(kind), field, before, after)]).lines
    assert line.what == what
    assert (line.about, line.care_areas) == ("fentanyl, 2.5 mg in 50 mL", ("Theatres",))


@pytest.mark.parametrize("kind", ChangeKind)
def test_every_kind_is_a_line_or_is_counted(kind):
    """No change is dropped silently."""
    note = release_note([change(kind)])
    assert len(note.lines) + note.quiet == 1
    assert (kind in QUIET) is (note.quiet == 1)


def test_the_same_in_several_areas_is_one_line():
    """It names each area once."""
    one = change(ChangeKind.LIMIT_SET, "dose.hard_max", after="2 mg/h")
    other = replace(one, care_area="Ward", subject="fentanyl, Ward, 2.5 mg in 50 mL")
    [line] = release_note([one, other, other]).lines
    assert line.care_areas == ("Theatres", "Ward")


def test_what_asks_the_same_of_the_same_medicine_is_one_line():
    """Two limits of one entry are read together."""
    hard = change(ChangeKind.LIMIT_SET, "dose.hard_max", after="2 mg/h")
    [line] = release_note([hard, replace(hard, field="dose.soft_max", after="1 mg/h")]).lines
    assert line.what.count("The pump now") == 2


def test_a_change_of_a_care_area_names_it_once():
    """The area is what it is about."""
    [line] = release_note([change(ChangeKind.LIMIT_WIDENED, "max_rate", "1 mL/h", "2 mL/h", drug=None)]).lines
    assert line.care_areas == ()


def test_a_note_says_how_much_does_not_fit():
    """Lines are left out at the end, where they are the least grave, by number and by length."""
    many = [change(ChangeKind.ENTRY_ADDED, subject=f"drug {n}", care_area=None) for n in range(MOST_LINES + 5)]
    note = release_note(many)
    assert (len(note.lines), note.more) == (MOST_LINES, 5)
    assert note.lines[0].about == "drug 0"
    long = [replace(one, subject=one.subject + " long" * (MOST_LETTERS // 15)) for one in many]
    note = release_note(long)
    assert len(note.lines) + note.more == len(long)
    assert sum(line.letters for line in note.lines) <= MOST_LETTERS
