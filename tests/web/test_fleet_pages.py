"""Pages of the fleet: every number is the register's and leads to its pumps; nobody sees another organisation's."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from sqlalchemy import select

from openinfusion.fleet.proof import State
from openinfusion.gateway.devices import service
from openinfusion.gateway.devices.tables import chapter_report, last_report
from openinfusion.web.accounts.models import HeldDuty, Organisation, User
from openinfusion.web.accounts.sessions import SEEN
from openinfusion.web.fleet.watch import held
from tests.web.fleet_bench import TRUST

FLEET = f"/{TRUST}/fleet/"
POLL = {"HX-Request": "true", "X-Poll": "1"}


@pytest.fixture
def engineer(signed_in):
    return signed_in("engineer")


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def version_in(answer) -> str:
    return re.search(r"version=([^\"&]+)", answer.content.decode())[1]


def test_the_glance_says_how_many_are_proven_current_and_why_others_are_not(fleet, engineer):
    """As the register counts them: hand-counted, of this organisation alone."""
    said = text_of(engineer.get(FLEET))
    assert "2 of 7 pumps are proven current" in said
    assert "4 pumps need somebody" in said
    assert re.search(r"lost what its agent knew, and with it the release Pumps 1 ", said)
    assert re.search(r"has proven nothing for too long Pumps 3 ", said)
    assert "port dead is silent" in said
    assert "X1" not in said


def test_every_number_of_the_glance_leads_to_as_many_pumps(fleet, engineer):
    """A state, a cause, all of them: the list behind it has that many."""
    page = engineer.get(FLEET).content.decode()
    links = re.findall(rf'href="({FLEET}pumps\?[^"]*)"[^>]*><span class="oi-states__number">([0-9,]+)<', page)
    links += re.findall(rf'href="({FLEET}pumps\?[^"]*cause=[^"]*)">([0-9,]+)<', page)
    assert len(links) >= 6
    for href, number in links:
        behind = text_of(engineer.get(href.replace("&amp;", "&")))
        assert re.search(rf"\b{number} pumps?\b", behind), href


def test_a_page_is_not_sent_again_while_nothing_is_new(fleet, engineer):
    """204 and nothing else; a report of a pump brings the new middle, and no more than the middle."""
    first = engineer.get(FLEET)
    same = engineer.get(FLEET, {"version": version_in(first)}, headers=POLL)
    assert (same.status_code, same.content) == (204, b"")
    fleet.report("urn:pump:acme:R1", 2, hours_ago=0)
    held()._tried -= timedelta(seconds=1)
    new = engineer.get(FLEET, {"version": version_in(first)}, headers=POLL)
    assert new.status_code == 200
    assert "<html" not in new.content.decode()
    assert "3 of 7 pumps are proven current" in text_of(new)
    assert version_in(new) != version_in(first)


def test_a_retired_pump_is_counted_no_more(fleet, engineer):
    """Without a report of any pump."""
    engineer.get(FLEET)
    with fleet.writing() as connection:
        service.retire(connection, "urn:pump:acme:N1", reason="gone", at=fleet.now)
    held()._tried -= timedelta(seconds=1)
    assert "2 of 6 pumps" in text_of(engineer.get(FLEET))


def test_another_organisation_sees_its_own_pumps_alone(fleet, client, db):
    """The hospital of a pump's line is the organisation; its pumps are nobody else's to see."""
    other = Organisation.objects.create(slug="other-trust", name="Other Trust")
    user = User.objects.create_user("e@other.example", "a password of nobody", name="Other Engineer")
    HeldDuty.objects.create(user=user, organisation=other, role="clinical_engineer")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "1 of 1 pumps are proven current" in text_of(client.get("/other-trust/fleet/"))
    for path in ("pumps/urn:pump:acme:C1", "pumps/urn:pump:acme:C1/report"):
        assert client.get(f"/other-trust/fleet/{path}").status_code == 404
    assert client.get(FLEET).status_code == 404
    assert "acme:C1" not in text_of(client.get("/other-trust/fleet/find", {"asset": "C1"}))


def test_whoever_may_not_see_pumps_is_told_whose_it_is(fleet, signed_in):
    """A reader may not."""
    assert signed_in("reader").get(FLEET).status_code == 403


def test_a_place_without_a_device_api_says_so(engineer):
    """And how to name one."""
    answer = engineer.get(FLEET)
    assert answer.status_code == 404
    assert "names no device API" in text_of(answer)


def test_a_database_that_cannot_be_read_is_told_and_what_was_known_stands(fleet, engineer):
    """In red; the numbers are as of the last look."""
    engineer.get(FLEET)
    for file in (fleet.config.parent / "state").iterdir():
        file.unlink()
    held()._tried -= timedelta(seconds=1)
    said = text_of(engineer.get(FLEET))
    assert "This is not current." in said
    assert "2 of 7 pumps" in said


def test_the_page_of_a_pump_says_what_its_state_rests_on(fleet, engineer):
    """The report, when it came, how surely; the libraries that it ran; the report itself to verify."""
    fleet.report("urn:pump:acme:C1", 2, hours_ago=0.2)
    answer = engineer.get(f"{FLEET}pumps/urn:pump:acme:C1")
    said = text_of(answer)
    assert "current It runs the release that it was given (release 2)." in said
    assert "Pump-proven: signed with" in said
    assert "Release 2" in said
    assert "Libraries that it was proven to run" in said
    raw = engineer.get(f"{FLEET}pumps/urn:pump:acme:C1/report")
    assert raw["content-type"] == "application/json"
    assert raw.json()["report"]["pump"] == "urn:pump:acme:C1"


def test_what_an_old_key_signed_is_evidence_for_nothing(fleet, engineer):
    """Enrolled anew, a pump has proven nothing: its last report is put away, and what ran ended then."""
    page, at = f"{FLEET}pumps/urn:pump:acme:C1", timezone.now()
    assert engineer.get(f"{page}/report").status_code == 200
    with fleet.writing() as connection:
        service.enrol_anew(connection, "urn:pump:acme:C1", reason="new board", at=at)
        assert len(connection.execute(select(chapter_report)).all()) == 1
    held()._tried -= timedelta(seconds=1)
    said = text_of(engineer.get(page))
    assert "None: no report of it has ever counted." in said
    assert "Is it fresh" not in said
    assert "Agent and clock Not known: no report was kept yet." in said
    assert re.search(r"to \S+ \S+, when it was enrolled anew", said), said
    assert "to now" not in said
    assert engineer.get(f"{page}/report").status_code == 404


def test_evidence_that_cannot_be_read_is_said_and_not_shown_as_none(fleet, engineer):
    """A newer version kept it: it is there, can be taken away and verified, and is called what it is."""
    with fleet.writing() as connection:
        connection.execute(last_report.update().values(raw=b'{"v": 99}'))
    said = text_of(engineer.get(f"{FLEET}pumps/urn:pump:acme:C1"))
    assert "The report itself It is kept, came" in said
    assert "cannot be read here" in said
    assert "no report was kept" not in said
    assert engineer.get(f"{FLEET}pumps/urn:pump:acme:C1/report").content == b'{"v": 99}'


def test_a_pump_that_went_back_says_from_what_to_what(fleet, engineer):
    """And what to do."""
    said = text_of(engineer.get(f"{FLEET}pumps/urn:pump:acme:R1"))
    assert "release 1 after 2" in said
    assert "What to do:" in said
    assert said.index("Release 1") > 0


@pytest.mark.parametrize("typed", ["C1", "c1", "acme:C1", "urn:pump:acme:C1"])
def test_an_asset_number_leads_to_its_pump(fleet, engineer, typed):
    """However it is typed or scanned."""
    answer = engineer.get(f"{FLEET}find", {"asset": typed})
    assert answer["location"] == f"{FLEET}pumps/urn:pump:acme:C1"


@pytest.mark.parametrize("typed", ["ZZZ", "<script>", "urn:pump:acme:X1", "S" * 5000])
def test_an_asset_number_of_no_pump_is_told(fleet, engineer, typed):
    """What was typed is shown as text."""
    answer = engineer.get(f"{FLEET}find", {"asset": typed})
    assert answer.status_code == 404
    assert "<script>" not in answer.content.decode().replace('<script src="', "")


def test_a_page_that_polls_does_not_keep_its_session_alive(fleet, engineer):
    """Nobody is at it: a page left open on a ward ends like any other."""
    version = version_in(engineer.get(FLEET))
    session = engineer.session
    session[SEEN] = timezone.now().timestamp() - 120
    session.save()
    engineer.get(FLEET, {"version": version}, headers=POLL)
    assert timezone.now().timestamp() - engineer.session[SEEN] > 100
    engineer.get(FLEET)
    assert timezone.now().timestamp() - engineer.session[SEEN] < 60


def test_a_poll_after_the_session_ended_leads_to_where_one_signs_in(fleet, client):
    """The whole page goes there; the form of signing in is not put into the middle of it."""
    answer = client.get(FLEET, {"version": "x"}, headers=POLL | {"HX-Current-URL": f"http://testserver{FLEET}"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == f"/account/login/?next={FLEET}"


def test_a_poll_asks_the_database_of_the_place_little(fleet, engineer, django_assert_max_num_queries):
    """Who asks, and whose page it is: nothing that grows."""
    version = version_in(engineer.get(FLEET))
    with django_assert_max_num_queries(4):
        engineer.get(FLEET, {"version": version}, headers=POLL)


def test_pumps_are_chosen_by_state_ward_ring_and_model(fleet, engineer):
    """Each by itself and together."""
    for query, number in (("state=stale", 3), ("ward=ward-7", 3), ("ring=rest", 7), ("model=A1", 6), ("q=s", 3)):
        assert re.search(rf"\b{number} pumps?\b", text_of(engineer.get(f"{FLEET}pumps?{query}"))), query
    assert "2 pumps" in text_of(engineer.get(f"{FLEET}pumps?state=current&model=A1&ring=rest"))
    assert State.STALE.value == "stale"


@pytest.mark.parametrize("query", ["state=nonsense", "page=-1", "page=x", "ward=%00", "q=" + "a" * 9000, "version=%F0"])
def test_an_address_that_asks_for_nonsense_is_answered(fleet, engineer, query):
    """With no pump, or as if it asked for nothing; never with a fault."""
    for page in ("", "wards", "pumps", "work"):
        assert engineer.get(f"{FLEET}{page}?{query}").status_code in {200, 400}
