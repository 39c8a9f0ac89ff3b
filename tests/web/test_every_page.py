"""The table of pages and the addresses that the application has: one picture for each page, or a reason."""

import pytest
import web_pages
from django.urls import resolve

from openinfusion.core.roles import Role
from openinfusion.web.accounts.models import HeldDuty, Organisation
from tests.web.test_roles_and_routes import ROUTES

SHOWN = {resolve(one.address.partition("?")[0]).view_name for one in web_pages.PAGES}
PAGES = {one.name: one.path.replace("{organisation}", "example-trust") for one in ROUTES}


def test_every_page_has_a_picture_or_a_reason_why_not(signed_in, person):
    """A page that somebody adds is missing here until it stands in the table; a form that is only sent is no page."""
    trust, user = Organisation.objects.get(slug="example-trust"), person("author")
    for role in set(Role) - {Role.LIBRARY_PHARMACIST}:
        area = "theatres" if role is Role.CARE_AREA_CHAMPION else ""
        HeldDuty.objects.create(user=user, organisation=trust, role=role.value, care_area=area)
    client = signed_in("author")
    unsaid = {name: path for name, path in PAGES.items() if name not in SHOWN | web_pages.NOT_SHOWN.keys()}
    later = {name for name in unsaid if {name, f"{name.partition(':')[0]}:"} & set(web_pages.STILL_TO_BE_TAKEN)}
    unsaid = {name: path for name, path in unsaid.items() if name not in later}
    missing = {name for name, path in unsaid.items() if client.get(path).status_code != 405}
    assert missing == set(), "add a line to tools/web_pages.py"


def test_the_table_names_only_what_there_is():
    """No page is both shown and left out; each exclusion is an address that exists and shows something to nobody."""
    assert PAGES.keys() >= SHOWN
    assert PAGES.keys() >= web_pages.NOT_SHOWN.keys()
    assert not SHOWN & web_pages.NOT_SHOWN.keys()


@pytest.mark.parametrize("chapter", web_pages.CHAPTERS, ids=lambda one: one.title)
def test_every_picture_was_taken(chapter):
    """And has a name of its own."""
    for one in chapter.pages:
        for name, _ in web_pages.pictures_of(one):
            assert (web_pages.ROOT / web_pages.PICTURES / f"{name}.png").exists(), name
    assert len({one.name for one in web_pages.PAGES}) == len(web_pages.PAGES)


def test_the_pictures_are_small():
    """All of them together, so that a copy of the repository stays quick; and none that no page shows."""
    taken = {one.stem: one.stat().st_size for one in (web_pages.ROOT / web_pages.PICTURES).glob("*.png")}
    assert sum(taken.values()) < 6_000_000
    assert taken.keys() == {name for one in web_pages.PAGES for name, _ in web_pages.pictures_of(one)}
