"""The example trust and its people: one of each role. Not for clinical use, and not for a place that others reach."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from allauth.account.models import EmailAddress

from openinfusion.adapters.library_file import read_library
from openinfusion.adapters.overlay_file import read_overlay
from openinfusion.core.consensus import SourceKind
from openinfusion.core.roles import Role
from openinfusion.web.accounts.models import HeldDuty, Organisation, User
from openinfusion.web.consensus.models import SourceLibrary
from openinfusion.web.library.models import DrugLibrary, Version
from openinfusion.web.library.store import add_version
from openinfusion.web.national.desk import begin
from openinfusion.web.national.models import NationalIssue

PASSWORD = "example-only-not-for-clinical-use"  # noqa: S105 - printed on purpose: the example is nobody's
TRUST = "example-trust"
LIBRARY = "adult"
STORY = "november-2018"
"""The library as it stood before the incidents of November 2018, to play that story with."""
NATIONAL = "example-curator"
NATIONAL_LIBRARY = "national"
AREAS = {
    "adult-critical-care": [f"adult-critical-care-{name}" for name in ("a-general", "b-cardiac", "c-neuro")],
    "children": ["children-s-ward"],
}


class Somebody(NamedTuple):
    """One person of the example."""

    email: str
    name: str
    role: Role
    care_area: str = ""


PEOPLE: tuple[Somebody, ...] = (
    Somebody("author@example.org", "Amal Author", Role.LIBRARY_PHARMACIST),
    Somebody("coauthor@example.org", "Alex Author", Role.LIBRARY_PHARMACIST),
    Somebody("checker@example.org", "Chris Checker", Role.SECOND_PHARMACIST),
    Somebody("champion@example.org", "Noor Nurse", Role.CARE_AREA_CHAMPION, "adult-critical-care-a-general"),
    Somebody("cardiac@example.org", "Dev Doctor", Role.CARE_AREA_CHAMPION, "adult-critical-care-b-cardiac"),
    Somebody("neuro@example.org", "Paris Pharmacist", Role.CARE_AREA_CHAMPION, "adult-critical-care-c-neuro"),
    Somebody("committee@example.org", "Kim Committee", Role.MEDICATION_COMMITTEE),
    Somebody("mso@example.org", "Morgan Medication", Role.MEDICATION_SAFETY_OFFICER),
    Somebody("mdso@example.org", "Dana Device", Role.DEVICE_SAFETY_OFFICER),
    Somebody("cso@example.org", "Sam Safety", Role.CLINICAL_SAFETY_OFFICER),
    Somebody("chief@example.org", "Toni Top", Role.TOP_MANAGEMENT),
    Somebody("informatics@example.org", "Ira Informatics", Role.CLINICAL_INFORMATICS),
    Somebody("engineer@example.org", "Erin Engineer", Role.CLINICAL_ENGINEER),
    Somebody("trainer@example.org", "Terry Trainer", Role.TRAINER),
    Somebody("psl@example.org", "Pat Patient-Safety", Role.PATIENT_SAFETY_LEAD),
    Somebody("ig@example.org", "Gray Governance", Role.INFORMATION_GOVERNANCE),
    Somebody("maker@example.org", "Max Maker", Role.MANUFACTURER),
    Somebody("curator@example.org", "Cam Curator", Role.NATIONAL_CURATOR),
    Somebody("reader@example.org", "Robin Reader", Role.READER),
)


def fill(examples: Path) -> Iterable[Somebody]:
    """Make the example trust with its people and its library, and a national curator, unless they are there."""
    trust, is_new = Organisation.objects.get_or_create(slug=TRUST, defaults={"name": "Example Trust"})
    if not is_new:
        return PEOPLE
    curator = Organisation.objects.create(slug=NATIONAL, name="Example national curator", is_national=True)
    for one in PEOPLE:
        user = User.objects.create_user(one.email, PASSWORD, name=one.name)
        EmailAddress.objects.create(user=user, email=one.email, verified=True, primary=True)
        where = curator if one.role is Role.NATIONAL_CURATOR else trust
        HeldDuty.objects.create(user=user, organisation=where, role=one.role.value, care_area=one.care_area)
    library = DrugLibrary.objects.create(organisation=trust, slug=LIBRARY, name="Adult library")
    for name, day in (("library-1.0.0.json", (2018, 9, 3)), ("library-1.1.0.json", (2018, 12, 3))):
        _add(library, examples / "trust" / name, datetime(*day, 9, tzinfo=UTC))
    story = DrugLibrary.objects.create(organisation=trust, slug=STORY, name="November 2018, to be played")
    _add(story, examples / "trust" / "library-1.0.0.json", datetime(2018, 9, 3, 9, tzinfo=UTC))
    national = DrugLibrary.objects.create(organisation=curator, slug=NATIONAL_LIBRARY, name="National library")
    first, _ = (
        _add(national, examples / "national" / f"library-{label}.json", datetime(2026, month, 1, 9, tzinfo=UTC))
        for label, month in (("1.0.0", 9), ("1.1.0", 11))
    )
    issue = NationalIssue.objects.create(version=first, published_at=first.made_at)
    begin(library, issue, read_overlay(examples / "national" / "overlay-example-trust.json"), at=first.made_at)
    SourceLibrary.objects.create(
        organisation=trust,
        version=first,
        kind=SourceKind.NATIONAL_GUIDELINE.value,
        citation=f"{curator.name}, {first.label}",
        areas=AREAS,
    )
    return PEOPLE


def _add(library: DrugLibrary, file: Path, at: datetime) -> Version:
    return add_version(
        library,
        read_library(file),
        origin=Version.Origin.IMPORTED,
        by=None,
        at=at,
        note="as it stood before OpenInfusion",
    )
