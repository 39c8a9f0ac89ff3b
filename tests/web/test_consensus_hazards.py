"""A hazard that a decision re-opened keeps a release back until the library itself shows the controls."""

from datetime import UTC, date, datetime

import pytest

from openinfusion.adapters.library_file import read_library
from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.core.gates import Facts, blockers
from openinfusion.web.changes.desk import open_change
from openinfusion.web.changes.facts import facts_of
from openinfusion.web.consensus.hazards import open_hazards
from openinfusion.web.consensus.models import ControlRecorded, DecisionMade, Discrepancy, HazardOpened
from tests.web.conftest import ROOT

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
AREAS = [f"adult-critical-care-{name}" for name in ("a-general", "b-cardiac", "c-neuro")]


@pytest.fixture
def hazard(library, person):
    """LC-01, open for fentanyl in the three critical care areas."""
    by = person("committee")
    question = Discrepancy.objects.create(
        organisation=library.organisation,
        library=library,
        reference="DR-2026-001",
        drug="fentanyl",
        attribute="continuous concentration",
        areas=AREAS,
        proposal={"kind": "missing"},
        proposal_words="missing",
        raised_by=by,
        raised_at=AT,
    )
    decision = DecisionMade.objects.create(
        discrepancy=question,
        choice="do not standardise",
        words="do not standardise",
        rationale="One unit keeps its strength.",
        dissent=[],
        body="Medication committee",
        review_on=date(2027, 6, 1),
        by=by,
        at=AT,
        signed_with="password",
        signed_at=AT,
    )
    return HazardOpened.objects.create(
        organisation=library.organisation,
        library=library,
        decision=decision,
        hazard="LC-01",
        drug="fentanyl",
        areas=AREAS,
        because="The committee decided.",
        opened_at=AT,
        due=date(2027, 6, 1),
    )


def verify(hazard, person):
    ControlRecorded.objects.create(
        hazard=hazard,
        preference=1,
        text="Hard bounds of the strength and a maximum volume of the bolus",
        status="verified",
        proposed_by=person("author"),
        proposed_at=AT,
        evidence="Scenario set 4",
        verified_by=person("checker"),
        verified_at=AT,
    )


@pytest.fixture
def before(db):
    """The document of September 2018, in which the strength is left to the bedside."""
    return read_library(ROOT / "examples" / "trust" / "library-1.0.0.json")


@pytest.mark.hazard("LC-01")
def test_an_open_strength_without_bounds_is_not_controlled_however_verified(hazard, before, person):
    """A control that somebody verified does not lift what the document does not show."""
    verify(hazard, person)
    (fact,) = open_hazards(hazard.organisation, before)
    assert "without a hard lowest strength" in fact.uncontrolled
    assert "no verified control" not in fact.uncontrolled
    assert any("LC-01 is open for fentanyl" in str(one) for one in blockers(Facts(library="", hazards=(fact,))))


@pytest.mark.hazard("LC-01")
def test_a_fixed_strength_still_needs_a_verified_control(hazard, library, person):
    """What nobody verified controls nothing; with both, nothing is lacking."""
    change = open_change(
        library, title="Any", trigger=Trigger.INCIDENT, urgency=Urgency.ROUTINE, by=person("author"), at=AT
    )
    (fact,) = facts_of(change, AT).hazards
    assert "no verified control of the kind design" in fact.uncontrolled
    verify(hazard, person)
    (fact,) = facts_of(change, AT).hazards
    assert not fact.uncontrolled


@pytest.mark.hazard("LC-01")
def test_to_take_the_areas_out_controls_nothing(hazard, library, before, person):
    """A document without those areas is another library's, or one from which they were taken."""
    elsewhere = read_library(ROOT / "examples" / "national" / "library-1.0.0.json")
    assert open_hazards(hazard.organisation, elsewhere) == ()
    (fact,) = open_hazards(hazard.organisation, elsewhere, library=library)
    assert "has no care area" in fact.uncontrolled
