"""People: accounts are made for others, duties are given and ended by those who may, and everything is on record."""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.test import Client

from openinfusion.core.errors import OperatorError
from openinfusion.core.roles import RIGHTS, Role
from openinfusion.web import example
from openinfusion.web.accounts.models import HeldDuty, Organisation, User
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.people import first

PEOPLE = "/example-trust/people"
NEW = {"name": "Jo <b>New</b>", "email": "Jo@Example.org", "role": "trainer", "care_area": ""}


@pytest.fixture
def manager(signed_in) -> Client:
    """Ira Informatics, who has shown again that it is she."""
    client = signed_in("informatics")
    client.post("/account/reauthenticate/", {"password": example.PASSWORD})
    return client


def acts(user):
    return list(AuditRow.objects.filter(object=f"account {user.pk}").values_list("action", flat=True))


def test_a_person_is_added_with_a_first_duty(manager):
    """They get a mail, set a password by its link, and each deed is on record; what was typed shows as typed."""
    done = manager.post(f"{PEOPLE}/add", NEW)
    jo = User.objects.get(email="jo@example.org")
    assert (done.status_code, done["location"]) == (302, f"{PEOPLE}/{jo.pk}")
    assert acts(jo) == ["make account", "give duty", "send invitation"]
    assert "Jo &lt;b&gt;New&lt;/b&gt;" in manager.get(done["location"]).content.decode()
    assert mail.outbox[0].to == ["jo@example.org"]
    link = re.search(r"http://localhost:8000(\S+)", mail.outbox[0].body)[1]
    theirs = Client()
    form = theirs.get(link)["location"]
    chosen = {"password1": "long enough for anybody", "password2": "long enough for anybody"}
    assert theirs.post(form, chosen).status_code == 302
    signed = theirs.post("/account/login/", {"login": "jo@example.org", "password": chosen["password1"]})
    assert signed.status_code == 302
    assert theirs.get("/example-trust/libraries").status_code == 200


def test_who_has_an_account_keeps_it(manager, person):
    """An address that is known gets the duty, no second account, and no mail."""
    manager.post(f"{PEOPLE}/add", NEW | {"email": "READER@example.org"})
    assert User.objects.filter(email__iexact="reader@example.org").count() == 1
    assert {one.role for one in person("reader").held.all()} == {"reader", "trainer"}
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("field", "said", "words"),
    [
        ("name", "", "Enter a name"),
        ("email", "nobody", "valid email"),
        ("role", "", "Choose a duty"),
        ("role", "king", "not one of the available choices"),
        ("care_area", "nowhere", "not one of the available choices"),
        ("role", "care_area_champion", "choose it"),
    ],
)
def test_what_is_missing_or_wrong_is_said(manager, field, said, words):
    """And nothing is made."""
    page = manager.post(f"{PEOPLE}/add", NEW | {field: said}).content.decode()
    assert words in page
    assert not User.objects.filter(email="jo@example.org").exists()


def test_before_a_duty_is_given_the_giver_shows_again_who_they_are(signed_in, person):
    """A page that was left open gives nobody a right; what was chosen is kept until then."""
    client = signed_in("informatics")
    where = f"{PEOPLE}/{person('reader').pk}/give"
    asked = client.post(where, {"role": "trainer", "care_area": ""})
    assert asked["location"].startswith("/account/reauthenticate/")
    assert not person("reader").held.filter(role="trainer").exists()
    client.post("/account/reauthenticate/", {"password": example.PASSWORD, "next": where})
    assert person("reader").held.filter(role="trainer").exists()


def test_nobody_gives_a_duty_to_themselves(manager, person):
    """It is refused in words, and the page offers no form for it."""
    me = person("informatics")
    said = manager.post(f"{PEOPLE}/{me.pk}/give", {"role": "medication_committee", "care_area": ""}, follow=True)
    assert "nobody gives a duty to themselves" in said.content.decode()
    assert "Give this duty" not in manager.get(f"{PEOPLE}/{me.pk}").content.decode()
    assert me.held.count() == 1


def test_a_duty_is_ended_and_never_deleted(manager, person):
    """The row says when and by whom; a reason is needed, and kept; it ends once."""
    reader = person("reader")
    held = reader.held.get()
    where = f"{PEOPLE}/{reader.pk}/duties/{held.pk}/end"
    assert "Say why" in manager.post(where, {"reason": ""}).content.decode()
    manager.post(where, {"reason": "has left"})
    held.refresh_from_db()
    assert held.ended_at is not None
    assert held.ended_by == person("informatics")
    assert AuditRow.objects.get(object=f"account {reader.pk}", action="end duty").reason == "reader: has left"
    assert "was ended" in manager.post(where, {"reason": "again"}, follow=True).content.decode()
    assert "by Ira Informatics" in manager.get(f"{PEOPLE}/{reader.pk}").content.decode()


def test_the_last_who_manages_people_stays(manager, person):
    """Otherwise nobody could ever give a duty again."""
    me = person("informatics")
    where = f"{PEOPLE}/{me.pk}/duties/{me.held.get().pk}/end"
    assert "before this is ended" in manager.post(where, {"reason": "enough"}, follow=True).content.decode()
    assert me.held.get().ended_at is None


def test_a_duty_is_held_once(manager, person):
    """The second time is refused."""
    where = f"{PEOPLE}/{person('reader').pk}/give"
    assert "which they hold" in manager.post(where, {"role": "reader", "care_area": ""}, follow=True).content.decode()


def test_who_leaves_loses_everything_at_once(manager, person, signed_in):
    """Every duty ends, the account closes, the session that is open is over; what they did stays."""
    theirs = signed_in("reader")
    reader = person("reader")
    manager.post(f"{PEOPLE}/{reader.pk}/close", {"reason": "has left"})
    assert acts(reader) == ["end duty", "close account"]
    assert theirs.get("/example-trust/libraries").status_code == 302
    assert "Account closed" in manager.get(f"{PEOPLE}/{reader.pk}").content.decode()


def test_who_serves_two_organisations_keeps_the_account(manager, person):
    """Only what is held here ends."""
    other = Organisation.objects.create(slug="other", name="Other Trust")
    reader = person("reader")
    HeldDuty.objects.create(user=reader, organisation=other, role="reader")
    manager.post(f"{PEOPLE}/{reader.pk}/close", {"reason": "has left us"})
    reader.refresh_from_db()
    assert reader.is_active
    assert [one.organisation for one in reader.held.filter(ended_at=None)] == [other]


def test_a_lost_phone_is_forgotten_for_a_reason(manager, person):
    """The next sign-in sets up another; who did it, and why, is on record."""
    reader = person("reader")
    TOTP.activate(reader, "JBSWY3DPEHPK3PXP")
    manager.post(f"{PEOPLE}/{reader.pk}/forget-second-factors", {"reason": "lost, seen in person"})
    assert not reader.authenticator_set.exists()
    assert acts(reader) == ["forget second factors"]


def test_people_of_another_organisation_are_not_to_be_seen(manager):
    """Neither their page nor anything that is done there."""
    other = Organisation.objects.create(slug="other", name="Other Trust")
    stranger = User.objects.create_user("stranger@example.org", name="Stranger")
    held = HeldDuty.objects.create(user=stranger, organisation=other, role="reader")
    assert manager.get(f"{PEOPLE}/{stranger.pk}").status_code == 404
    for what in ("give", "invite", "close", "forget-second-factors", f"duties/{held.pk}/end"):
        assert manager.post(f"{PEOPLE}/{stranger.pk}/{what}", {"reason": "x", "role": "reader"}).status_code == 404
    assert manager.get("/other/people").status_code == 404


def test_ones_account_shows_what_each_duty_allows(signed_in):
    """From the one table of rights, in words."""
    page = signed_in("mso").get("/account/me").content.decode()
    for right in RIGHTS[Role.MEDICATION_SAFETY_OFFICER]:
        assert right.words in page


def test_signing_in_is_on_record_and_shown(client, person):
    """Who came in and who was refused; never what was typed, for it may be a password."""
    client.post("/account/login/", {"login": "reader@example.org", "password": "wrong"})
    client.post("/account/login/", {"login": "my secret", "password": "wrong"})
    client.post("/account/login/", {"login": "reader@example.org", "password": example.PASSWORD})
    assert acts(person("reader")) == ["refuse to sign in", "sign in"]
    page = client.get("/account/me").content.decode()
    assert "was refused" in page
    assert "signed in" in page
    assert not AuditRow.objects.filter(reason__contains="secret").exists()


def test_the_list_of_people_asks_the_database_few_times(manager, django_assert_max_num_queries):
    """However many people there are."""
    trust = Organisation.objects.get(slug="example-trust")
    before = trust.duties.values("user").distinct().count()
    for number in range(60):
        user = User.objects.create_user(f"person{number}@example.org", name=f"Person {number}")
        HeldDuty.objects.create(user=user, organisation=trust, role="reader")
    with django_assert_max_num_queries(9):
        page = manager.get(PEOPLE)
    assert f"{before + 60} people" in page.content.decode()
    assert "1 person" in manager.get(f"{PEOPLE}?q=person+59").content.decode()


@pytest.mark.parametrize("name", ["API", "Account", "Health"])
def test_no_organisation_takes_an_address_of_our_own(db, name):
    """Its pages could not be reached."""
    with pytest.raises(OperatorError, match="another name"):
        first.add("ann@example.org", "Ann", role=Role.READER, organisation=name, care_area=None)
