"""What tests of the web application share: the example trust in a database, and its people signed in."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page

from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.web import example
from openinfusion.web.accounts.models import User
from openinfusion.web.changes.desk import open_change
from openinfusion.web.changes.models import Change
from openinfusion.web.fleet.watch import forget
from openinfusion.web.library.models import DrugLibrary
from tests.web.browser import chromium, served
from tests.web.fleet_bench import FleetBench

ROOT = Path(__file__).resolve().parents[2]
SignedIn = Callable[[str], Client]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Put the example trust into the database once; each test's changes are rolled back."""
    with django_db_blocker.unblock():
        example.fill(ROOT / "examples")


@pytest.fixture
def person(db):
    """Return a person of the example by the name before the @ of their address."""
    return lambda name: User.objects.get(email=f"{name}@example.org")


@pytest.fixture(autouse=True)
def _forget_attempts() -> None:
    """Bound no test by how often another signed in or asked."""
    cache.clear()


@pytest.fixture
def signed_in(person) -> SignedIn:
    """Return a browser without a window, in which a person of the example has signed in."""

    def client(name: str) -> Client:
        made = Client()
        made.force_login(person(name), backend="allauth.account.auth_backends.AuthenticationBackend")
        return made

    return client


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> Iterator[str]:
    """The address at which the example trust is served, for the whole run."""
    with served(tmp_path_factory.mktemp("served")) as at:
        yield at


@pytest.fixture(scope="session")
def furnished(tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """The folder and the address of an example trust in which something is going on."""
    folder = tmp_path_factory.mktemp("furnished")
    with served(folder, is_furnished=True) as at:
        yield folder, at


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; it ends with its module: beside the event loop that comes with it no other test can run its own."""
    with chromium() as one:
        yield one


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """A page in a window of its own, which knows nobody."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.fixture
def library(db):
    """Return the example trust's library, which has the versions 1.0.0 and 1.1.0."""
    return DrugLibrary.objects.get(organisation__slug=example.TRUST, slug=example.LIBRARY)


@pytest.fixture
def change(library, person) -> Change:
    """A change request in draft, which the library pharmacist opened."""
    return open_change(
        library,
        title="A wider limit",
        trigger=Trigger.INCIDENT,
        urgency=Urgency.ROUTINE,
        by=person("author"),
        at=timezone.now(),
    )


@pytest.fixture(scope="session")
def small_fleet(tmp_path_factory) -> FleetBench:
    """Three pumps that are silent at one port, two that are current, one that went back, one that never reported."""
    made = FleetBench(tmp_path_factory.mktemp("small-fleet"))
    made.release("1.0.0", "rest", days_ago=9)
    for serial in ("S1", "S2", "S3"):
        made.report(made.know(serial), 1, hours_ago=100, ward="ward-7", port="dead")
    for serial in ("C1", "C2", "R1"):
        made.know(serial)
    two = made.release("1.1.0", "rest", days_ago=2)
    for serial in ("C1", "C2", "R1"):
        made.report(f"urn:pump:acme:{serial}", two, hours_ago=3)
    made.memory_lost("urn:pump:acme:R1")
    made.report("urn:pump:acme:R1", 1, hours_ago=1)
    made.know("N1")
    other = made.desk
    other.add_place("other-trust", "adult")
    made.release("1.0.0", "rest", hospital="other-trust")
    made.report(made.know("X1", hospital="other-trust"), 1, hospital="other-trust")
    return made


@pytest.fixture
def fleet(small_fleet, tmp_path, settings) -> Iterator[FleetBench]:
    """The place of the web application names it."""
    made = small_fleet.copied(tmp_path / "fleet")
    settings.PLACE = replace(settings.PLACE, devices=made.config)
    yield made
    forget()
