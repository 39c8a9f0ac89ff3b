"""Roll-outs in the browser: planned in a form, begun, agreed to by a second person, halted; the office decides."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openinfusion.core.errors import ChangeControlError, OperatorError
from openinfusion.fleet.rollout import Decision, Plan, Reason, RingCounts, Step, Why
from openinfusion.fleet.rollout.course_file import alone, read_course, say_word, word_of
from openinfusion.fleet.rollout.kept import keep_course
from openinfusion.web import example
from openinfusion.web.accounts.models import User
from openinfusion.web.accounts.signing import Evidence
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.fleet.watch import _held
from openinfusion.web.rollouts import desk, page, writing
from openinfusion.web.rollouts.desk import Signed
from openinfusion.web.rollouts.models import Rollout, Said
from tests.web.change_people import text_of
from tests.web.fleet_bench import TRUST, FleetBench
from tests.web.test_fleet_pages import POLL

HERE = f"/{TRUST}/rollouts/"
PLAN = {
    "name": "Library 2",
    "kind": "phased",
    "reason": "Fentanyl gets one concentration.",
    "halts": "",
    **{
        f"{rows}-{part}": value
        for rows in ("offer", "ring")
        for part, value in (("MIN_NUM_FORMS", 0), ("MAX_NUM_FORMS", 9))
    },
    "offer-TOTAL_FORMS": 3,
    "offer-INITIAL_FORMS": 0,
    "offer-0-profile": "adult",
    "offer-0-number": 1,
    "ring-TOTAL_FORMS": 6,
    "ring-INITIAL_FORMS": 0,
    "ring-0-name": "canary",
    "ring-0-wards": "icu-1, icu-2",
    "ring-0-is_canary": "on",
    "ring-0-asks_second_person": "on",
    "ring-1-name": "quarter",
    "ring-1-share": 25,
    "ring-2-name": "rest",
}


def shown_on(client: Client, page: str) -> dict[str, str]:
    """Return what the form on a page says that the page shows, where it has such a form."""
    found = re.search(r'name="shown" value="([0-9a-f]+)"', client.get(page).content.decode())
    return {"shown": found[1]} if found else {}


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> FleetBench:
    """An authority with a release, and a device API without pumps."""
    made = FleetBench(tmp_path_factory.mktemp("rollouts"))
    made.release("1.0.0", days_ago=9)
    return made


@pytest.fixture
def place(bench, tmp_path, settings) -> FleetBench:
    settings.PLACE = replace(settings.PLACE, folder=tmp_path, devices=bench.config)
    yield bench
    _held.cache_clear()


@pytest.fixture
def planned(place, signed_in) -> Rollout:
    sent = signed_in("engineer").post(f"{HERE}new", PLAN)
    assert sent.status_code == 302, text_of(sent)
    return Rollout.objects.get(slug="library-2")


@pytest.fixture
def signs(signed_in) -> Callable[..., Client]:
    """Let somebody send a form and show that it is they."""

    def sign(name: str, where: str, **said: str) -> None:
        client = signed_in(name)
        sent = client.post(f"{HERE}library-2/{where}", shown_on(client, f"{HERE}library-2/") | said)
        assert sent.status_code == 302, text_of(sent)
        assert "reauthenticate" in sent["location"]
        hidden = dict(
            re.findall(r'type="hidden" name="(next)" value="([^"]+)"', client.get(sent["location"]).content.decode())
        )
        answer = client.post(sent["location"].partition("?")[0], hidden | {"password": example.PASSWORD})
        assert answer.status_code == 302, text_of(answer)

    return sign


def proven(rollout: Rollout) -> None:
    """Let the office have found the canary proven: the course asks for a second person."""
    file, at = desk.file_of(rollout), timezone.now()
    file.write_bytes(keep_course(replace(read_course(file), enough_since=at - timedelta(hours=30))))
    reasons = (Reason(Why.SECOND_PERSON, "a second person must agree before quarter"),)
    decision = Decision(step=Step.ASK, ring="canary", at=at, reasons=reasons, next_ring="quarter")
    say_word(file, decision, {"canary": RingCounts(pumps=14, seen=13, current=12)}, every=60)


def test_a_plan_is_written_in_a_form_and_kept_as_the_command_reads_it(planned, signed_in):
    """Rings in their order; what is left empty has its usual value; who wrote it is in the audit record."""
    plan = desk.plan_of(planned)
    assert [one.name for one in plan.rings] == ["canary", "quarter", "rest"]
    assert plan.rings[0].who.wards == ("icu-1", "icu-2")
    assert (plan.rings[1].who.percent, plan.rings[2].who.percent, plan.rings[0].at_least) == (25, 100, 10)
    assert AuditRow.objects.filter(action="write the plan of a roll-out", object="library-2").count() == 1
    shown = signed_in("engineer").get(f"{HERE}library-2/plan").content.decode()
    assert 'value="icu-1, icu-2"' in shown
    assert 'value="25"' in shown


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"offer-0-number": 7}, "found release 7; expected one of 1"),
        ({"ring-0-at_least": 3}, "at least 10, or is_bench = true"),
        ({"kind": "partial"}, "a condition on every ring, or kind = phased"),
        ({"halts": "x = ["}, "expected the plan of a roll-out, as TOML"),
        ({"halts": '[[offers]]\nhospital = "other"\nprofile = "adult"\nnumber = 1'}, "expected pumps of example-trust"),
        ({"name": 'a" \n [['}, ""),
        ({"name": ""}, "Give the roll-out a name"),
        ({"ring-1-share": "x"}, "Ring 2, share"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_in_words(place, signed_in, wrong, said):
    """And is not kept; what is typed cannot add a line to the plan."""
    sent = signed_in("engineer").post(f"{HERE}new", PLAN | wrong)
    if said:
        assert sent.status_code == 422
        assert said in text_of(sent)
        assert not Rollout.objects.exists()
    else:
        assert Rollout.objects.get().name == 'a" \n [['.strip()


def test_only_who_distributes_releases_plans_and_begins(planned, signed_in):
    """Others are told whose it is."""
    for where in ("new", "library-2/begin"):
        assert signed_in("mso").post(HERE + where, PLAN).status_code == 403
    assert signed_in("reader").get(HERE).status_code == 403
    assert desk.course_of(planned) is None


def test_a_roll_out_begins_with_a_signature_and_says_that_no_office_runs(planned, signs, signed_in):
    """The pages hold no key: they say what to type, and that nothing is decided until then."""
    signs("engineer", "begin")
    course = desk.course_of(planned)
    assert (course.begun_by, len(course.opened)) == ("Erin Engineer", 1)
    assert planned.said.get().shown_by == "password"
    html = text_of(signed_in("champion").get(f"{HERE}library-2/"))
    assert "No office runs. It was never heard." in html
    assert f"openinfusion fleet follow {desk.file_of(planned)}" in html
    assert "who began it" in text_of(signed_in("engineer").get(f"{HERE}library-2/"))
    assert signed_in("engineer").get(f"{HERE}library-2/plan").status_code == 302, "its plan changes no more"


def test_the_page_shows_what_the_office_decided_and_why(planned, signs, signed_in):
    """Counts of the rings and reasons are the office's own; it runs while it has not missed three looks."""
    signs("engineer", "begin")
    proven(planned)
    html = text_of(signed_in("champion").get(f"{HERE}library-2/"))
    assert "No office runs" not in html
    assert "canary asks for a second person (quarter)" in html
    assert "a second person must agree before quarter" in html
    assert "92.3 % (12 of 13)" in html


def test_a_second_person_agrees_and_never_the_one_who_began(planned, signs, signed_in):
    """By the rules of the office, in the course that it follows."""
    signs("engineer", "begin")
    early = signed_in("mso").post(f"{HERE}library-2/agree")
    assert early.status_code == 422
    proven(planned)
    own = signed_in("engineer").post(f"{HERE}library-2/agree")
    assert own.status_code == 422
    assert "another person to agree" in text_of(own)
    assert desk.course_of(planned).agreed_by is None
    signs("mso", "agree")
    assert desk.course_of(planned).agreed_by == "Morgan Medication"
    row = AuditRow.objects.get(action="roll-out: agreed that the next ring be opened")
    assert (row.object, row.role) == ("library-2", "medication_safety_officer")


def signature(name: str) -> Signed:
    """Return what somebody signed just now."""
    at = timezone.now()
    return Signed(by=User.objects.get(name=name), role="", at=at, evidence=Evidence("password", at))


def asks_twice(plan: Plan) -> Plan:
    """Return a plan whose second ring asks for a second person too."""
    rings = (plan.rings[0], msgspec.structs.replace(plan.rings[1], asks_second_person=True), *plan.rings[2:])
    return msgspec.structs.replace(plan, rings=rings)


def went_on(file, **changed) -> None:
    """Let the office have gone on since a page was shown."""
    file.write_bytes(keep_course(replace(read_course(file), **changed)))


@pytest.mark.parametrize("what", ["ring", "proof"])
def test_who_agrees_does_so_to_the_ring_that_was_shown(planned, signs, signed_in, what):
    """The office went on, or the proof began anew, while the page was open: the word is for nothing else."""
    signs("engineer", "begin")
    file, at = desk.file_of(planned), timezone.now()
    proven(planned)
    shown = shown_on(signed_in("mso"), f"{HERE}library-2/")
    next_ring = {"plan": asks_twice(read_course(file).plan), "opened": (at, at)} if what == "ring" else {}
    went_on(file, enough_since=at - timedelta(hours=25), **next_ring)
    sent = signed_in("mso").post(f"{HERE}library-2/agree", shown)
    assert sent.status_code == 422
    assert "to look at the page again" in text_of(sent)
    assert signed_in("mso").post(f"{HERE}library-2/agree").status_code == 422, "nothing said is nothing shown"
    with pytest.raises(ChangeControlError, match="otherwise than was shown"):
        desk.agree_to_next(planned, shown=shown["shown"], signed=signature("Morgan Medication"))
    assert desk.course_of(planned).agreed_by is None
    signs("mso", "agree")
    assert desk.course_of(planned).agreed_by == "Morgan Medication"
    assert (
        planned.said.get(what="agree").reason == {"ring": "rest, after quarter", "proof": "quarter, after canary"}[what]
    )


def test_what_begins_is_the_plan_that_was_shown(planned, signed_in, signs):
    """Another changed it while the page was open: it does not begin."""
    shown = shown_on(signed_in("engineer"), f"{HERE}library-2/")
    changed = PLAN | {"ring-1-share": 50, "offer-INITIAL_FORMS": 1, "ring-INITIAL_FORMS": 3}
    assert signed_in("engineer").post(f"{HERE}library-2/plan", changed).status_code == 302
    with pytest.raises(ChangeControlError, match="another plan than was shown"):
        desk.begin_it(planned, shown=shown["shown"], signed=signature("Erin Engineer"))
    assert desk.course_of(planned) is None
    signs("engineer", "begin")
    assert desk.course_of(planned).plan.rings[1].who.percent == 50


def test_nothing_is_locked_while_the_office_is_waited_for(planned, signs, monkeypatch):
    """Who halts waits for the file before the first row is written, and is told where that takes too long."""
    signs("engineer", "begin")
    monkeypatch.setattr(desk, "PATIENCE", timedelta(0))
    signed = signature("Noor Nurse")
    refused = pytest.raises(OperatorError, match="the office, which decides now")
    with alone(desk.file_of(planned)), CaptureQueriesContext(connection) as asked, refused:
        desk.stop_it(planned, "Odd limits.", signed=signed)
    assert not asked.captured_queries
    assert not planned.said.filter(what="stop").exists()


def test_whoever_sees_it_may_halt_it_with_a_reason(planned, signs, signed_in):
    """Without a reason nothing is halted; afterwards nobody agrees to anything."""
    signs("engineer", "begin")
    proven(planned)
    assert signed_in("champion").post(f"{HERE}library-2/stop", {"reason": " "}).status_code == 422
    signs("champion", "stop", reason="Odd limits on ward 7.")
    course = desk.course_of(planned)
    assert [one.words for one in course.halted] == ["stopped by Noor Nurse: Odd limits on ward 7."]
    html = text_of(signed_in("mso").get(f"{HERE}library-2/"))
    assert "Odd limits on ward 7." in html
    assert signed_in("mso").post(f"{HERE}library-2/agree").status_code == 422


def test_a_recall_takes_two_persons_and_the_first_halts(planned, signs, signed_in):
    """The command is exact, names both, and cannot be made another by what was typed."""
    signs("engineer", "begin")
    assert signed_in("engineer").post(f"{HERE}library-2/recall", {"reason": "x"}).status_code == 403
    signs("mso", "recall", reason="Wrong limit'; rm -rf /")
    assert desk.course_of(planned).halted
    first = text_of(signed_in("cso").get(f"{HERE}library-2/"))
    assert "Two persons asked" not in first
    assert "Morgan Medication asked for a recall. Nothing is taken back until a second person asks too." in first
    signs("cso", "recall", reason="I agree.")
    (command,) = desk.recall_commands(planned, desk.file_of(planned).parent, recalled=())
    assert "--by 'Morgan Medication' --by 'Sam Safety'" in command
    assert "--reason 'Wrong limit'\"'\"'; rm -rf /'" in command
    assert "Two persons asked for a recall." in text_of(signed_in("mso").get(f"{HERE}library-2/"))
    assert Said.objects.filter(what="recall").count() == 2


def test_two_persons_of_one_name_are_two(planned, signs):
    """The command tells them apart by the addresses of their accounts."""
    User.objects.filter(name="Sam Safety").update(name="morgan medication")
    signs("engineer", "begin")
    for name in ("mso", "cso"):
        signs(name, "recall", reason="Wrong limit.")
    (command,) = desk.recall_commands(planned, desk.file_of(planned).parent, recalled=())
    assert len(set(re.findall(r"--by '([^']+)'", command))) == 2
    assert all("@" in one for one in re.findall(r"--by '([^']+)'", command))


def test_a_recall_that_is_half_done_is_shown_with_what_is_left(place, signs, signed_in, monkeypatch):
    """One of two releases was taken back: the page says so, and still what to type for the other."""
    both = PLAN | {"offer-1-profile": "children", "offer-1-number": 1}
    monkeypatch.setattr(writing, "numbers", lambda *_: [1])
    assert signed_in("engineer").post(f"{HERE}new", both).status_code == 302
    signs("engineer", "begin")
    for name in ("mso", "cso"):
        signs(name, "recall", reason="Wrong limit.")
    taken = {"adult": {1: timezone.now()}}
    monkeypatch.setattr(page, "recalled_numbers", lambda _authority, _hospital, profile: taken.get(profile, {}))
    page._recalled.cache_clear()
    html = text_of(signed_in("mso").get(f"{HERE}library-2/"))
    assert "Recalled: release 1 of adult." in html
    assert "Only a part of it is carried out." in html
    assert "--profile children" in html
    assert "--profile adult" not in html
    page._recalled.cache_clear()


@pytest.fixture
def unreadable(planned, signs, place, tmp_path, settings) -> Rollout:
    """A roll-out that goes on, while neither the pumps' database nor the authority's files can be read."""
    signs("engineer", "begin")
    proven(planned)
    broken = place.copied(tmp_path / "broken")
    (broken.config.parent / "state" / "devices.db").write_bytes(b"no database at all" * 100)
    (broken.desk.authority.director.metadata_file("timestamp", 0)).write_text("{")
    settings.PLACE = replace(settings.PLACE, devices=broken.config)
    return planned


def test_it_is_halted_while_nothing_is_known_of_pumps(unreadable, signs, signed_in):
    """The page says what cannot be read; agreeing, halting and asking for a recall need none of it."""
    assert signed_in("mso").get(f"/{TRUST}/fleet/").status_code == 503
    assert signed_in("mso").get(HERE).status_code == 200
    shown = text_of(signed_in("champion").get(f"{HERE}library-2/"))
    assert "Whether a release was recalled cannot be read" in shown
    assert "Halt the roll-out" in shown
    signs("mso", "agree")
    signs("champion", "stop", reason="Odd limits.")
    signs("mso", "recall", reason="Wrong limit.")
    assert desk.course_of(unreadable).halted


def test_a_damaged_word_of_the_office_hides_no_way_to_halt(planned, signs, signed_in):
    """And a course that cannot be read is said in the list, in red, among those that can."""
    signs("engineer", "begin")
    word_of(desk.file_of(planned)).write_text("{")
    shown = text_of(signed_in("champion").get(f"{HERE}library-2/"))
    assert "What the office said cannot be read" in shown
    assert "Halt the roll-out" in shown
    desk.file_of(planned).write_text("{")
    assert "cannot be read" in text_of(signed_in("champion").get(HERE))


def test_the_authority_is_read_when_it_published_and_not_each_second(planned, signed_in, place, monkeypatch):
    """A page that asks each second costs no signed file; what is published is seen at once."""
    read = []
    monkeypatch.setattr(page, "recalled_numbers", lambda *asked: read.append(asked) or {})
    page._recalled.cache_clear()
    for _ in range(3):
        signed_in("champion").get(f"{HERE}library-2/")
    assert len(read) == 1
    os.utime(place.desk.authority.director.metadata_file("timestamp", 0))
    signed_in("champion").get(f"{HERE}library-2/")
    assert len(read) == 2
    page._recalled.cache_clear()


def test_a_page_is_not_sent_again_while_nothing_is_new(planned, signs, signed_in):
    """204; what the office says brings the new middle."""
    signs("engineer", "begin")
    client = signed_in("champion")
    first = client.get(f"{HERE}library-2/").content.decode()
    version = re.search(r"version=([^\"&]+)", first)[1]
    assert client.get(f"{HERE}library-2/", {"version": version}, headers=POLL).status_code == 204
    proven(planned)
    new = client.get(f"{HERE}library-2/", {"version": version}, headers=POLL)
    assert new.status_code == 200
    assert "<html" not in new.content.decode()
