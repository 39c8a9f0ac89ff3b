"""
Every address that names a thing by number or name, as somebody who holds every duty in another organisation.

The addresses are those that the application has; the things are those of the example trust, and they exist.
"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from openinfusion.core.roles import Role
from openinfusion.web import example
from openinfusion.web.accounts.models import HeldDuty, Organisation, User
from openinfusion.web.imports.models import Upload
from openinfusion.web.library.models import Draft
from tests.web.import_files import plain
from tests.web.test_roles_and_routes import ROUTES

WITH_NAMES = [one for one in ROUTES if one.permission and one.path.count("/") > 2]
OURS = example.TRUST


@pytest.fixture
def foreigner(db) -> Client:
    """Somebody who may do everything in another organisation, and there alone."""
    other = Organisation.objects.create(slug="other-trust", name="Other Trust")
    user = User.objects.create_user("all@other.example", None, name="Oli Other")
    for role in Role:
        if role is not Role.INTEGRATION:
            area = "icu" if role is Role.CARE_AREA_CHAMPION else ""
            HeldDuty.objects.create(user=user, organisation=other, role=role.value, care_area=area)
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def ours(library, change, signed_in, person) -> set[int]:
    """Things of the example trust of which other organisations have none; return their numbers."""
    signed_in("author").post(f"/{OURS}/imports", {"file": SimpleUploadedFile("library.csv", plain())})
    newest = library.versions.get(number=2)
    Draft.objects.create(library=library, base=newest, title="ours", made_by=person("author"), made_at=timezone.now())
    return {*Upload.objects.values_list("pk", flat=True), *Draft.objects.values_list("pk", flat=True)}


def at(route, organisation, number, reference):
    """Return the address with the numbers and names of ours in it."""
    path = route.at(organisation)
    return "/".join(str(number) if part == "1" else reference if part == "x" else part for part in path.split("/"))


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_ours_is_not_found_from_elsewhere(foreigner, ours, change, method):
    """Neither at our address, nor at one of theirs that names a thing of ours; no answer holds anything of it."""
    for route in WITH_NAMES:
        for organisation in (OURS, "other-trust"):
            for number in sorted(ours):
                path = at(route, organisation, number, change.reference)
                answer = getattr(foreigner, method)(path)
                assert answer.status_code < 500, path
                assert b"Adult library" not in getattr(answer, "content", b""), path
                if organisation == OURS:
                    assert answer.status_code in {404, 405}, (path, answer.status_code)
                elif "{organisation}" in route.path and str(number) in path.split("/"):
                    assert answer.status_code != 200, (path, answer.status_code)


def test_nothing_of_ours_was_changed_from_elsewhere(foreigner, ours, change):
    """However often they ask."""
    before = state_of(change)
    for route in WITH_NAMES:
        for number in sorted(ours):
            foreigner.post(at(route, "other-trust", number, change.reference), {"reason": "x", "title": "x"})
    change.refresh_from_db()
    assert state_of(change) == before


def state_of(change):
    uploads = list(Upload.objects.order_by("pk").values_list("pk", "state"))
    return (
        uploads,
        list(Draft.objects.order_by("pk").values_list("pk", "title")),
        change.content,
        change.comments.count(),
    )
