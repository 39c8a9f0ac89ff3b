"""The work list: opened and closed by what pumps prove, taken on and noted by people, never closed by hand."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from openinfusion.core.errors import FileAccessError
from openinfusion.gateway.devices import denials, pumps, service
from openinfusion.gateway.devices.database import set_fact
from openinfusion.web.accounts.models import HeldDuty, Organisation, User
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.fleet import desk
from openinfusion.web.fleet.models import Task
from openinfusion.web.fleet.watch import held
from tests.web.fleet_bench import TRUST
from tests.web.test_fleet_pages import POLL, text_of, version_in

FLEET = f"/{TRUST}/fleet/"
C1, R1, S1 = (f"urn:pump:acme:{serial}" for serial in ("C1", "R1", "S1"))


@pytest.fixture
def engineer(signed_in):
    return signed_in("engineer")


@pytest.fixture
def trust(db) -> Organisation:
    return Organisation.objects.get(slug=TRUST)


def keep_up(trust, at=None) -> int:
    """Look as the process beside the pages does."""
    watched = held()
    watched._tried = None
    return desk.keep_up(trust, watched, at=at or timezone.now())


def audited(action: str) -> list[AuditRow]:
    return list(AuditRow.objects.filter(action=action).order_by("seq"))


def test_work_is_listed_by_ward_with_the_port_at_which_several_fell_silent(fleet, engineer):
    """The port stands above its pumps: it is to be looked at first."""
    said = text_of(engineer.get(f"{FLEET}work"))
    assert "4 pumps to look after." in said
    assert said.index("port dead: 3 of the 3 pumps last seen there are silent") < said.index("acme:S1")
    assert "It lost what its agent knew, and with it the release (release 1 after 2)." in said
    assert "nobody has it" in said


def test_somebody_takes_work_on_and_all_see_it(fleet, engineer, signed_in, person):
    """With an audit row; a page that polls gets it without being loaded again."""
    watching = signed_in("mdso")
    version = version_in(watching.get(f"{FLEET}work"))
    erin = person("engineer")
    answer = engineer.post(f"{FLEET}pumps/{R1}/work", {"person": erin.pk})
    assert answer.status_code == 302
    task = Task.objects.get(pump=R1, closed_at=None)
    assert (task.assigned_to, task.state) == (erin, "reverted")
    [row] = audited("give work on a pump")
    assert (row.actor, row.object, row.role) == (str(erin.pk), R1, "clinical_engineer")
    new = watching.get(f"{FLEET}work", {"version": version}, headers=POLL)
    assert "Erin Engineer" in text_of(new)
    assert "Erin Engineer" in text_of(engineer.get(f"{FLEET}work", {"whose": "mine"}))
    assert "acme:R1" not in text_of(engineer.get(f"{FLEET}work", {"whose": "nobodys"}))
    assert "acme:R1" not in text_of(watching.get(f"{FLEET}work", {"whose": "mine"}))


def test_work_is_given_back(fleet, engineer, person, signed_in):
    """And given to another; each is audited."""
    erin, dana = person("engineer"), person("mdso")
    version = None
    for whom in (erin.pk, dana.pk, "nobody"):
        engineer.post(f"{FLEET}pumps/{R1}/work", {"person": whom})
        seen = version_in(engineer.get(f"{FLEET}work"))
        assert seen != version
        version = seen
    assert Task.objects.get(pump=R1).assigned_to is None
    assert [row.action for row in AuditRow.objects.filter(object=R1).order_by("seq")] == [
        "open work on a pump",
        "give work on a pump",
        "give work on a pump",
        "give work on a pump to nobody",
    ]


def test_a_note_is_kept_and_shown_as_text(fleet, engineer):
    """With who wrote it; what is empty or too long is not."""
    engineer.post(f"{FLEET}pumps/{S1}/work", {"text": "Socket <b>2</b> is dead"})
    page = engineer.get(f"{FLEET}pumps/{S1}").content.decode()
    assert "Socket &lt;b&gt;2&lt;/b&gt; is dead" in page
    assert [row.object for row in audited("note about a pump")] == [S1]
    engineer.post(f"{FLEET}pumps/{S1}/work", {"text": "x" * 1001})
    engineer.post(f"{FLEET}pumps/{S1}/work", {"text": "   "})
    assert Task.objects.get(pump=S1).notes.count() == 1


@pytest.mark.parametrize("whom", ["999999", "x", "-1"])
def test_work_is_given_to_nobody_who_is_not_there(fleet, engineer, whom):
    """Nor to somebody of elsewhere."""
    assert engineer.post(f"{FLEET}pumps/{S1}/work", {"person": whom}).status_code == 404
    assert not Task.objects.filter(assigned_to__isnull=False).exists()


def test_whoever_only_sees_pumps_takes_nothing_on(fleet, signed_in, person):
    """And is told whose it is; nobody outside of the organisation is offered the work."""
    author = signed_in("author")
    assert author.post(f"{FLEET}pumps/{S1}/work", {"text": "x"}).status_code == 403
    assert "clinical engineer" in text_of(author.get(f"{FLEET}pumps/{S1}"))
    names = {one.email for one in desk.workers(Organisation.objects.get(slug=TRUST))}
    assert "curator@example.org" not in names
    assert "reader@example.org" not in names
    assert isinstance(person("engineer"), User)


def test_a_task_is_closed_by_the_report_that_proves_it(fleet, engineer, trust):
    """Which report, when, how long it was open; with an audit row by nobody."""
    assert keep_up(trust) == 4
    assert keep_up(trust) == 0
    fleet.report(R1, 2, hours_ago=0)
    assert keep_up(trust) == 1
    task = Task.objects.get(pump=R1)
    assert task.end == Task.End.PROOF
    assert task.closed_by["number"] == 2
    assert task.closed_by["level"] == "pump-proven"
    [row] = audited("close work on a pump")
    assert (row.actor, row.object, row.reason) == ("system", R1, "closed by proof")
    said = text_of(engineer.get(f"{FLEET}work/closed"))
    assert f"Proof: release 2 by report {task.closed_by['counter']} of epoch 2, pump-proven" in said
    assert "Open for" in said
    assert "closed by proof" in text_of(engineer.get(f"{FLEET}pumps/{R1}"))
    assert "acme:R1" not in text_of(engineer.get(f"{FLEET}work"))


def test_a_pump_that_is_well_again_takes_no_work(fleet, engineer):
    """Whoever still has its page open is told."""
    fleet.report(R1, 2, hours_ago=0)
    answer = engineer.post(f"{FLEET}pumps/{R1}/work", {"text": "late"}, follow=True)
    assert "it has proven that it is well" in text_of(answer)
    assert not Task.objects.exists()


def test_no_address_closes_a_task(engineer, fleet):
    """There is none, and what is posted to the pages of the work list is refused."""
    for page in ("work", "work/closed", "work/print", f"pumps/{R1}"):
        engineer.post(f"{FLEET}{page}", {"close": "1", "closed_at": "2026-01-01"})
    assert not Task.objects.exclude(closed_at=None).exists()


def test_a_task_that_ends_without_proof_says_so(fleet, engineer, trust):
    """A pump that was retired, a denial that was taken back: nobody takes it for a proof."""
    with fleet.writing() as connection:
        denials.deny(connection, C1, reason="lost", at=fleet.now)
    keep_up(trust)
    with fleet.writing() as connection:
        service.retire(connection, R1, reason="gone", at=fleet.now)
        denials.allow(connection, C1)
    keep_up(trust)
    ends = {task.pump: (task.end, task.closed_by) for task in Task.objects.exclude(closed_at=None)}
    assert ends[R1] == (Task.End.RETIRED, None)
    assert ends[C1] == (Task.End.OTHERWISE, None)
    said = text_of(engineer.get(f"{FLEET}work/closed"))
    assert "The pump was taken out of service" in said
    assert "without a new proof" in said


def test_a_report_of_a_pump_that_is_not_current_is_no_proof_for_its_work(fleet, trust):
    """Given a pump that missed a release, when that is taken from its ring, then being heard has proven nothing."""
    keep_up(trust)
    task = Task.objects.get(pump=R1)
    Task.objects.filter(pk=task.pk).update(state="missed", opened_at=fleet.now - timedelta(days=9))
    task.refresh_from_db()
    card = held().card(R1)
    assert card.witness.proof.as_of > task.opened_at
    desk._close(task, card, at=timezone.now())
    assert (task.end, task.closed_by) == (Task.End.OTHERWISE, None)


def test_what_cannot_be_read_closes_no_work(fleet, trust, monkeypatch):
    """Given a device API that began anew and cannot be read whole, then work stays open, and is read again later."""
    assert keep_up(trust) == 4
    with fleet.writing() as connection:
        set_fact(connection, "life", "another")
    with monkeypatch.context() as broken:
        broken.setattr(pumps, "every", _unreadable)
        assert keep_up(trust) == 0
    assert Task.objects.filter(closed_at=None).count() == 4
    assert keep_up(trust) == 0


def _unreadable(_: object) -> None:
    raise FileAccessError(where="devices.db", found="no answer", expected="a database")


def test_a_task_that_opens_again_is_another(fleet, trust):
    """With its own age; the first one stays as it was."""
    keep_up(trust)
    fleet.report(R1, 2, hours_ago=0)
    keep_up(trust)
    fleet.memory_lost(R1)
    fleet.report(R1, 1, hours_ago=0)
    keep_up(trust)
    assert Task.objects.filter(pump=R1).count() == 2
    assert Task.objects.filter(pump=R1, closed_at=None).count() == 1


def test_the_process_beside_the_pages_keeps_up(fleet, trust):
    """As the server starts it; for each organisation its own."""
    call_command("watch_fleet", once=True)
    assert {task.pump for task in Task.objects.filter(organisation=trust)} == {R1, S1, S1[:-1] + "2", S1[:-1] + "3"}
    assert not Task.objects.exclude(organisation=trust).exists()


def test_the_sheets_to_print_have_one_ward_each(fleet, engineer):
    """Each with a heading of its own, and a box to tick."""
    page = engineer.get(f"{FLEET}work/print").content.decode()
    assert len(re.findall(r'<section class="oi-sheet-ward"', page)) == 2
    assert page.count("\u2610") == 4
    assert (
        len(
            re.findall(
                r'<section class="oi-sheet-ward"', engineer.get(f"{FLEET}work/print?ward=ward-7").content.decode()
            )
        )
        == 1
    )


def test_the_work_of_another_organisation_is_not_there(fleet, client, trust):
    """Neither to see nor to take on."""
    other = Organisation.objects.create(slug="other-trust", name="Other Trust")
    user = User.objects.create_user("e@other.example", "a password of nobody", name="Other Engineer")
    HeldDuty.objects.create(user=user, organisation=other, role="clinical_engineer")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Nothing is to do here." in text_of(client.get("/other-trust/fleet/work"))
    assert client.post(f"/other-trust/fleet/pumps/{R1}/work", {"text": "x"}).status_code == 404
