"""The doses of the lake on the page of an entry: exact, in the unit of the limits, with their period; or why not."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from django.conf import settings

from openinfusion.core.errors import UnitMismatchError
from openinfusion.core.units import Unit
from openinfusion.web.library.models import Practice, Programmed, Version
from openinfusion.web.library.number_line import figure_of
from openinfusion.web.library.practised import STALE, counted, doses_on, keep_practice
from openinfusion.web.library.store import library_of

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
ENTRY = "adult-critical-care-a-general--fentanyl--continuous--analgesia-and-sedation--2.5-mg-in-50-ml"
PAGE = f"/example-trust/libraries/adult/2/entries/{ENTRY}"
UNIT = Unit.read("ug/h")


@pytest.fixture
def version(library):
    return library.versions.get(number=2)


@pytest.fixture
def place_with_lake(tmp_path, monkeypatch):
    """A place that names a lake which is not there."""
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, lake=tmp_path / "none"))


@pytest.fixture
def practice(version):
    """100 three times, 400 once; the second was caught by an alert."""
    made = Practice.objects.create(
        version=version,
        lake_version=3,
        read_at=datetime(2100, 1, 1, tzinfo=UTC),
        organisation="Somewhere",
        purpose="example",
        first=datetime(2026, 9, 1, tzinfo=UTC),
        last=datetime(2026, 10, 31, 23, 10, tzinfo=UTC),
    )
    Programmed.objects.create(
        practice=made,
        item=ENTRY,
        path="dose",
        unit="ug/h",
        values=[["100", 3], ["400", 1]],
        practised=[["100", 3]],
        programmes=5,
    )
    return made


def test_an_entry_shows_what_was_programmed_and_where_that_comes_from(practice, place_with_lake, signed_in):
    """Four of five programmes, the days, whose, and as of when."""
    page = signed_in("reader").get(PAGE).content.decode()
    words = " ".join(page.replace('<span class="oi-amount">', "").replace("</span>", "").split())
    assert (
        "4 of 5 programmes on this entry, median 100 micrograms/h: 01-Sep-2026 to 31-Oct-2026, Somewhere"
        " (example data). Data as of 31-Oct-2026 23:10."
    ) in words
    assert "Programmed, inside the limits" in words
    assert "Programmed, beyond a soft limit" in words
    assert "Nothing was programmed that can be held against these limits" in words


def test_the_table_of_a_line_says_what_its_bars_say(version):
    """100 three times and 400 once on a soft maximum of 300: two bars, two rows, one unit, exact."""
    entry = library_of(version).find_entry(ENTRY)
    values = ((Fraction(100), 3), (Fraction(400), 1))
    figure = figure_of(entry.dose, "Dose", [("Soft maximum", "300 micrograms/h")], values=values)
    assert figure.table.rows == (
        ("Soft maximum", "300 micrograms/h", ""),
        ("Programmed, inside the limits", "100 micrograms/h", "3"),
        ("Programmed, beyond a soft limit", "400 micrograms/h", "1"),
    )
    bars = [one for drawn in figure.spec["layer"] for one in drawn["data"]["values"] if "doses" in one]
    assert [(one["doses"], one["count"]) for one in bars] == [("100", 3), ("400", 1)]


def test_kept_values_are_read_exactly_and_never_mixed():
    """6 mg/h is 100 micrograms/min; thirds stay thirds; an amount without a time is refused."""
    assert counted([("6", 2)], "mg/h", Unit.read("ug/min")) == ((Fraction(100), 2),)
    assert counted([("1/3", 1)], "ug/h", UNIT) == ((Fraction(1, 3), 1),)
    with pytest.raises(UnitMismatchError):
        counted([("6", 2)], "mg", UNIT)


def test_without_a_lake_nothing_is_said(version):
    """A place without a lake promises nothing and asks for nothing."""
    assert doses_on(version, ENTRY, AT).on("dose", UNIT) == ((), "")
    assert not Practice.objects.exists()


def test_a_lake_that_cannot_be_read_is_told(version, place_with_lake, signed_in):
    """Given a folder that is no lake, then the page says so, and its limits are drawn all the same."""
    page = signed_in("reader").get(PAGE).content.decode()
    assert "The lake of events could not be read" in page
    assert "limits on a line" in page
    assert Practice.objects.get().fault


def test_what_is_kept_is_read_again_when_it_is_old(practice, place_with_lake, version):
    """Given rows of long ago, when an entry is opened, then the lake is asked again; until then they stand."""
    assert doses_on(version, ENTRY, AT).practice == practice
    Practice.objects.update(read_at=AT - 2 * STALE)
    assert doses_on(version, ENTRY, AT).practice.fault


def test_a_failure_takes_the_old_rows_away(practice, place_with_lake):
    """Nobody reads doses that the lake no longer vouches for."""
    assert keep_practice(Version.objects.get(pk=practice.version_id), at=AT).fault
    assert not Programmed.objects.exists()
