"""Observed practice beside other sources: counted by hand, cited, exact, and silent where too little was seen."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings

from openinfusion.core.consensus import MISSING, SourceKind
from openinfusion.web.consensus.models import SourceStatement
from openinfusion.web.consensus.observed import FEWEST, observed
from openinfusion.web.library.models import Practice, Programmed
from openinfusion.web.library.store import library_of

ENTRY = "adult-critical-care-a-general--fentanyl--continuous--analgesia-and-sedation--2.5-mg-in-50-ml"
AREA = "adult-critical-care-a-general"
COMPARE = "/example-trust/consensus/compare/adult"


@pytest.fixture
def practice(library, tmp_path, monkeypatch):
    """A place with a lake that was read for the newest version."""
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, lake=tmp_path / "none"))
    return Practice.objects.create(
        version=library.versions.get(number=2),
        lake_version=3,
        read_at=datetime(2100, 1, 1, tzinfo=UTC),
        organisation="Somewhere",
        purpose="example",
        first=datetime(2026, 9, 1, tzinfo=UTC),
        last=datetime(2026, 10, 31, 23, 10, tzinfo=UTC),
    )


def programmed(practice, practised, *, item=ENTRY, unit="ug/h"):
    return Programmed.objects.create(
        practice=practice, item=item, path="dose", unit=unit, values=practised, practised=practised, programmes=99
    )


def said(practice):
    return list(observed(practice, library_of(practice.version)))


def test_practice_is_the_middle_of_what_was_programmed(practice):
    """Of 1 to 20 micrograms/h, once each: the median is 10, and 90 % lie between 1 and 19, by nearest rank."""
    programmed(practice, [[str(number), 1] for number in range(1, 21)])
    (one,) = said(practice)
    assert (one.drug, one.care_area, one.attribute) == ("fentanyl", AREA, "continuous dose usual")
    assert (one.therapy, one.origin.kind) == ("analgesia and sedation", SourceKind.OBSERVED_PRACTICE)
    assert one.value_text == "usual min 1, usual max 19 micrograms/h"
    assert one.note == ("median 10 micrograms/h; the central 90 % (5th to 95th percentile) of 20 programmes")
    assert one.origin.citation == (
        "pump events, 01-Sep-2026 to 31-Oct-2026, Somewhere (example data). Data as of 31-Oct-2026 23:10."
    )


def test_too_few_say_nothing_and_say_so(practice):
    """Nineteen programmes are no practice; one more is."""
    programmed(practice, [["50", FEWEST - 1]])
    (one,) = said(practice)
    assert one.value is MISSING
    assert one.note == "too few to say: 19 programmes, at least 20 are needed"
    Programmed.objects.update(practised=[["50", FEWEST]])
    assert said(practice)[0].value_text == "usual min 50, usual max 50 micrograms/h"


def test_what_an_alert_caught_is_no_practice(practice):
    """Everything was caught: nothing is left to speak of."""
    line = programmed(practice, [])
    line.values = [["9000", 30]]
    line.save()
    assert said(practice)[0].note == "too few to say: 0 programmes, at least 20 are needed"


def test_units_are_made_alike_exactly_and_never_mixed(practice):
    """6 mg/h of one strength is 6,000 micrograms/h of another; an amount per kilogram stands apart."""
    document = library_of(practice.version)
    entry = document.find_entry(ENTRY)
    more = [replace(entry, id="b"), replace(entry, id="c")]
    programmed(practice, [["6000", 10]])
    programmed(practice, [["6", 10]], item="b", unit="mg/h")
    programmed(practice, [["1", 20]], item="c", unit="ug/kg/h")
    found = list(observed(practice, replace(document, entries=(*document.entries, *more))))
    assert [one.value_text for one in found] == [
        "usual min 6,000, usual max 6,000 micrograms/h",
        "usual min 1, usual max 1 micrograms/kg/h",
    ]
    assert "of 20 programmes" in found[0].note


def test_a_lake_that_could_not_be_read_says_nothing(practice):
    programmed(practice, [["1", 30]])
    practice.fault = "no lake"
    assert said(practice) == []


def test_practice_stands_beside_the_guideline_and_goes_with_what_is_raised(practice, signed_in, library):
    """Given practice beyond the usual range, then it is shown with its source, and a discrepancy keeps it."""
    programmed(practice, [["400", 30]])
    page = signed_in("committee").get(COMPARE, {"drug": "fentanyl", "care_area": AREA, "attribute": "usual"})
    words = " ".join(page.content.decode().replace('<span class="oi-amount">', "").replace("</span>", "").split())
    assert "observed practice: 01-Sep-2026 to 31-Oct-2026, Somewhere (example data)" in words
    assert "usual min 400, usual max 400 micrograms/h" in words
    assert "median 400 micrograms/h; the central 90 % (5th to 95th percentile) of 30 programmes" in words
    signed_in("author").post(
        "/example-trust/consensus/raise/adult",
        {
            "library": "adult",
            "drug": "fentanyl",
            "attribute": "continuous dose usual",
            "areas": [AREA],
            "proposal": "400 micrograms/h",
        },
    )
    kept = SourceStatement.objects.get(kind=SourceKind.OBSERVED_PRACTICE.value)
    assert kept.words == "usual min 400, usual max 400 micrograms/h"
    assert "30 programmes" in kept.note
    assert "Somewhere" in kept.citation


def test_without_a_lake_the_page_says_so(signed_in, db):
    page = signed_in("committee").get(COMPARE).content.decode()
    assert "observed practice: this place names no lake of events" in page
