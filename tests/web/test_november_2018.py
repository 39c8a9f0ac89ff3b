"""
The story of November 2018, as it should have gone.

A draft standardises fentanyl; one unit objects; the committee decides not to standardise. That re-opens LC-01, and no
release goes before bounds of the strength and a maximum volume of the bolus are in the library, and verified.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from openinfusion.adapters.documents import to_json
from openinfusion.core.audit import verify
from openinfusion.web import example
from openinfusion.web.audit.book import records
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.candidate import candidate_of
from openinfusion.web.changes.facts import facts_of
from openinfusion.web.changes.models import Change
from openinfusion.web.consensus.models import Discrepancy, HazardOpened
from openinfusion.web.drafts.accepting import propose
from openinfusion.web.library.models import Accepted, Part
from openinfusion.web.library.store import library_of, save_item
from tests.web.change_people import People
from tests.web.change_way import to_approval, to_release, to_the_check
from tests.web.test_signing import PASSWORD, show

CONSENSUS = "/example-trust/consensus"
SUBJECT = {"library": example.STORY, "drug": "fentanyl", "attribute": "continuous concentration"}
OBJECTION = "Our patients need 10 micrograms/mL; we cannot restrict fluids otherwise."
UNITS = example.AREAS["adult-critical-care"]


@pytest.fixture
def question(signed_in):
    """The draft's proposal: one strength in the three units, with what the sources say."""
    client = signed_in("author")
    said = SUBJECT | {"areas": UNITS, "proposal": "2.5 mg in 50 mL"}
    sent = client.post(f"{CONSENSUS}/raise/{example.STORY}", said)
    assert sent.status_code == 302, sent.content.decode()
    return Discrepancy.objects.get()


@pytest.fixture
def page(question):
    return f"{CONSENSUS}/{question.reference}"


def answer(signed_in, page, name, area, **said):
    said = {"stand": "agree", "score": "9", "profession": "nurse", "care_area": area, "reason": ""} | said
    return signed_in(name).post(f"{page}/position", said)


@pytest.fixture
def heard(signed_in, page):
    """One round: two units agree, the cardiac one objects."""
    assert signed_in("committee").post(f"{page}/round").status_code == 302
    answer(signed_in, page, "champion", UNITS[0])
    answer(signed_in, page, "cardiac", UNITS[1], stand="object", score="1", profession="doctor", reason=OBJECTION)
    return page


DECISION = {
    "choice": "do not standardise",
    "value": "",
    "rationale": "The cardiac unit keeps its strength.",
    "body": "Medication committee",
    "residual_hazard": "A strength may be entered wrongly.",
    "review_on": "2027-06-01",
}


@pytest.fixture
def decided(signed_in, heard):
    """The committee closes the round and signs its decision."""
    committee = signed_in("committee")
    committee.post(f"{heard}/close")
    done = show(committee, committee.post(f"{heard}/decision", DECISION), PASSWORD)
    assert done.status_code == 302, done.content.decode()
    return heard


def test_sources_stand_side_by_side(signed_in, page):
    """The page tells what each source says, and of which class the difference is."""
    text = signed_in("reader").get(page).content.decode()
    assert "entered at the bedside" in text
    assert "2.5 mg in 50 mL" in text
    assert "nhsuk-tag--orange" in text


def test_nobody_sees_who_objected_while_the_round_is_open(signed_in, heard):
    """Not the objection, and not its author; who is still to be heard is told by role and care area."""
    text = signed_in("committee").get(heard).content.decode()
    assert OBJECTION not in text
    assert "care-area champion, adult-critical-care-c-neuro" in text
    for name in ("Dev Doctor", "Noor Nurse"):
        assert name not in text


def test_a_closed_round_feeds_back_median_and_reasons(signed_in, heard):
    """The reasons are there word for word, without who gave them."""
    client = signed_in("committee")
    client.post(f"{heard}/close")
    text = client.get(heard).content.decode()
    assert OBJECTION in text
    assert "Median score" in text
    assert "Dev Doctor" not in text
    assert "no pharmacist of adult-critical-care-c-neuro has answered" in text


def test_only_those_asked_answer_and_only_for_their_own_area(signed_in, heard):
    """A champion speaks for the area they know; others are told that they were not asked."""
    assert "was not asked" in answer(signed_in, heard, "mso", UNITS[0]).content.decode()
    assert answer(signed_in, heard, "neuro", UNITS[0]).status_code == 422
    assert answer(signed_in, heard, "reader", UNITS[0]).status_code == 403


def test_an_objection_needs_its_reason_and_a_score_that_says_the_same(signed_in, heard):
    """Nothing is kept otherwise."""
    assert answer(signed_in, heard, "neuro", UNITS[2], stand="object", score="2").status_code == 422
    assert answer(signed_in, heard, "neuro", UNITS[2], score="1").status_code == 422
    assert Discrepancy.objects.get().rounds.get().positions.count() == 2


def test_the_committee_decides_with_dissent_word_for_word(signed_in, decided):
    """The objection stays beside the decision, by role and care area."""
    text = signed_in("reader").get(decided).content.decode()
    assert OBJECTION in text
    assert "care-area champion, Adult critical care B: cardiac" in text
    assert "LC-01 is open again" in text
    assert HazardOpened.objects.get().areas == UNITS


def test_nobody_else_decides_and_a_decision_is_made_once(signed_in, heard, decided):
    """403 with whose it is; and a second decision is refused."""
    assert signed_in("author").post(f"{decided}/decision", DECISION).status_code == 403
    committee = signed_in("committee")
    again = show(committee, committee.post(f"{decided}/decision", DECISION), PASSWORD)
    assert again.status_code == 422
    assert "a decision already" in again.content.decode()


def bounded(entry):
    """An entry whose strength may be entered between bounds, with a bolus that has a greatest volume."""
    content = to_json(entry)
    content["concentration"] = {"limits": {"unit": "ug/mL", "hard_min": "10", "hard_max": "50"}}
    content["bolus"]["volume"] = {"unit": "mL", "hard_max": "3"}
    return content


@pytest.fixture
def change(signed_in, decided):
    """A change of the library that the hazard is open for."""
    said = {"library": example.STORY, "title": "Bounds", "trigger": "incident", "urgency": "routine"}
    assert signed_in("author").post("/example-trust/changes/new", said).status_code == 302
    return Change.objects.get()


def lacking(change, at):
    return [fact.uncontrolled for fact in facts_of(Change.objects.get(pk=change.pk), at).hazards]


def fix(change, author):
    for entry in library_of(change.draft.base).entries:
        if entry.drug == "fentanyl" and entry.care_area in UNITS and entry.concentration.is_open:
            save_item(
                change.draft, Part.ENTRY, entry.id, content=bounded(entry), seen=0, by=author, at=change.opened_at
            )


@pytest.mark.hazard("LC-01")
def test_no_release_before_the_controls_are_verified_and_in_the_library(signed_in, change, person):
    """Bounds alone do not lift it, a verified control alone does not; both do, once the rest is rated."""
    hazard, at = HazardOpened.objects.get(), change.opened_at
    address = f"{CONSENSUS}/hazards/{hazard.pk}"
    (why,) = lacking(change, at)
    assert "without a hard lowest strength and a hard highest strength" in why
    assert "without" in signed_in("reader").get(address).content.decode()
    gates = signed_in("reader").get(f"/example-trust/changes/{change.reference}/gates").content.decode()
    assert "LC-01 is open for fentanyl in" in gates
    fix(change, person("author"))
    (why,) = lacking(change, at)
    assert why.endswith("no verified control of the kind design")

    signed_in("author").post(f"{address}/controls", {"preference": "1", "text": "Bounds and a bolus volume"})
    control = hazard.controls.get()
    for name, status in (("author", 422), ("reader", 403), ("checker", 302)):
        done = signed_in(name).post(f"{address}/controls/{control.pk}", {"evidence": "Scenario set 4"})
        assert done.status_code == status, name
    assert lacking(change, at) == [""]
    assert facts_of(change, at).hazards[0].residual is None
    signed_in("cso").post(f"{address}/rating", {"residual": "2", "justification": "Bounded twice"})
    (fact,) = facts_of(Change.objects.get(pk=change.pk), at).hazards
    assert (fact.uncontrolled, fact.residual, fact.justified) == ("", 2, True)


@pytest.mark.hazard("LC-01")
def test_with_bounds_and_volume_cap_verified_it_goes_to_release(signed_in, change, person):
    """Blocked at the last door in words; with the control verified by another, two people release the bounds."""
    people = People(signed_in, change.reference)
    fix(change, person("author"))
    accept_errors(Change.objects.get(pk=change.pk), person("author"))
    to_the_check(people, tuple(UNITS))
    to_approval(people, change)
    to_release(people, change, release_id="november-2018--2")
    refused = people.refused("mdso", "move/released", reason="Go")
    assert "LC-01 is not scored" in refused
    gates = people.page("mdso", "/gates")
    assert "LC-01 is open for fentanyl in" in gates
    assert "no verified control of the kind design" in gates
    hazard = HazardOpened.objects.get()
    address = f"{CONSENSUS}/hazards/{hazard.pk}"
    signed_in("author").post(f"{address}/controls", {"preference": "1", "text": "Bounds and a bolus volume"})
    where = f"{address}/controls/{hazard.controls.get().pk}"
    assert signed_in("author").post(where, {"evidence": "My own"}).status_code == 422
    signed_in("checker").post(where, {"evidence": "Scenario set 4"})
    assert "is not scored" in people.refused("mdso", "move/released", reason="Go")
    signed_in("cso").post(f"{address}/rating", {"residual": "2", "justification": "Bounded twice"})
    people.moves("mdso", "released")
    people.moves("engineer", "released")
    change.refresh_from_db()
    made = library_of(change.version)
    open_now = [one for one in made.entries if one.drug == "fentanyl" and one.care_area in UNITS]
    bounds = [one.concentration.limits for one in open_now if one.concentration.is_open]
    assert len(bounds) == 3
    assert all(one.hard_min and one.hard_max for one in bounds)
    assert "Controlled in the newest version" in signed_in("reader").get(address).content.decode()
    assert len(Accepted.objects.filter(library=change.library)) == 7


def accept_errors(change, author):
    """Errors that were there before and are not what the story is about: accepted with a reason, for all to judge."""
    at = timezone.now()
    for found in candidate_of(change, at).findings:
        if found["severity"] == "error":
            propose(change, found, reason="Known before", until=at + timedelta(days=90), by=author, at=at)


def test_each_deed_is_in_the_audit_record(decided):
    """In the order in which it happened, and the chain holds."""
    told = list(AuditRow.objects.order_by("seq").values_list("action", flat=True))
    deeds = ["raise discrepancy", "open round", "take position", "take position", "close round", "decide"]
    assert [one for one in told if one in {*deeds, "re-open hazard"}] == [*deeds, "re-open hazard"]
    assert verify(records()) is None or not verify(records())


def test_one_strength_for_all_settles_what_was_open(signed_in, decided, page):
    """A later decision that standardises a fixed strength closes the hazard."""
    committee = signed_in("committee")
    signed_in("author").post(
        f"{CONSENSUS}/raise/{example.STORY}", SUBJECT | {"areas": UNITS, "proposal": "2.5 mg in 50 mL"}
    )
    later = f"{CONSENSUS}/{Discrepancy.objects.latest('pk').reference}"
    committee.post(f"{later}/round")
    committee.post(f"{later}/close")
    said = DECISION | {"choice": "standardise", "value": "2.5 mg in 50 mL"}
    show(committee, committee.post(f"{later}/decision", said), PASSWORD)
    assert HazardOpened.objects.get().closed_at is not None
    assert "is closed" in committee.get(page).content.decode()
