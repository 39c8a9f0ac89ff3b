"""The way of a change in pieces, by the pages' own forms: what several stories walk before they part."""

from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Change
from tests.web.change_people import ARTEFACTS, People, declare_everything, write_in_full

AREA = "adult-critical-care-a-general"
CHAMPIONS = {
    AREA: "champion",
    "adult-critical-care-b-cardiac": "cardiac",
    "adult-critical-care-c-neuro": "neuro",
}


def to_the_check(people: People, areas: tuple[str, ...] = (AREA,)) -> None:
    """From the draft to where a second pharmacist checks."""
    write_in_full(people)
    people.moves("author", "proposed")
    people.records("mso", duplicates="None asks for the same.")
    people.moves("mso", "triaged")
    for area in areas:
        people.done(CHAMPIONS[area], "area", area=area, answer="yes", reason="It fits our practice.")
    people.moves("champion", "area_review")


def values_of(change: Change) -> dict[str, str]:
    """The values that the sources give: those of the author, as a form names them."""
    change.refresh_from_db()
    return {f"value-{n}": text for n, text in enumerate(request_of(change).values.values())}


def to_approval(people: People, change: Change) -> None:
    """From the blind check to the committee's door."""
    people.done("checker", "check", **values_of(change))
    people.moves("checker", "pharmacy_check")
    people.records(
        "cso",
        substantial="No.",
        new_risk="No.",
        existing_controls="None weakened.",
        regulatory="None.",
        log_issue="Issue 4",
    )
    people.moves("cso", "safety_assessment")
    for kind in ("review", "boundary", "device"):
        people.done("trainer", "test", kind=kind, title=f"{kind} of it", result="passed", evidence="Test record 7")
    people.moves("trainer", "scenario_tested")
    people.records("committee", minutes="29-Nov-2026, item 3", conditions="None.", dissent="None.")


def to_release(
    people: People, change: Change, *, release_id: str = "example-trust--adult--3", is_typed: bool = False
) -> None:
    """From the approval to where two people release."""
    people.moves("committee", "approved")
    for one in ARTEFACTS:
        people.done("mso", "artefact", artefact=one, state="done")
    declare_everything(people, is_typed=is_typed)
    sha256 = change.candidates.get(sha256__gt="").sha256
    people.records("mdso", library_hash=sha256, environment="Live", agreed_time="06:00", change_notice="Sent")
    people.done("mdso", "record/release_id", release_id=release_id)
    people.done("mdso", "record/planned_date", planned_date="2026-12-07")
