"""The workbench: a limit is moved, proposals are compared, and one becomes evidence with its limit in a draft."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from openinfusion.web.accounts.models import HeldDuty, Organisation
from openinfusion.web.audit import book
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.models import Change, Evidence
from openinfusion.web.example import TRUST
from openinfusion.web.library.models import DraftItem
from openinfusion.web.workbench.models import Proposal
from tests.integration.lake_logs import take_in, write_log

ENTRY = "adult-critical-care-a-general--alfentanil--continuous--analgesia--25-mg-in-50-ml"
LAST = datetime(2026, 11, 28, 12, tzinfo=UTC)
DOSES = ("2", "2.4", "2.5", "2.6", "3", "3.5", "7")
BENCH = f"/{TRUST}/workbench/{ENTRY}/dose"
LOWER = {"hard_min": "", "soft_min": "", "soft_max": "2.5", "hard_max": "6"}


@pytest.fixture
def lake(tmp_path, monkeypatch, library):
    """
    Eight programmes of alfentanil in mg/h within a year; 2.6 was caught.

    By hand: in force (soft to 3, hard to 6) alerts on 3.5 and 5 and refuses 7. With a soft maximum of 2.5, 2.6 and 3
    alert as well; 2.5 is on the limit, and inside it.
    """
    rows = [_programmed(number, dose, LAST) for number, dose in enumerate(DOSES)]
    rows += [_programmed(99, "5", LAST - timedelta(days=91)), *_caught("e3")]
    _place(tmp_path, monkeypatch, rows)


def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, object]]) -> None:
    """Have the place name a lake of these events."""
    take_in(tmp_path / "lake", write_log(tmp_path / "log.jsonl", rows))
    place = replace(settings.PLACE, folder=tmp_path, lake=tmp_path / "lake", lake_names={TRUST: "trust"})
    monkeypatch.setattr(settings, "PLACE", place)


def _programmed(number: int, dose: str, at: datetime) -> dict[str, object]:
    programme = {"mode": "continuous", "dose": {"value": dose, "unit": "mg/h"}}
    place = {"care_area": "adult-critical-care-a-general", "entry": ENTRY, "infusion": f"i{number}"}
    head = {"event_id": f"e{number}", "kind": "programmed", "pump": "p1", "at": at.isoformat()}
    return head | place | {"with_library": True, "programme": programme}


def _caught(about: str) -> list[dict[str, object]]:
    values = {"attempted": {"value": "2.6", "unit": "mg/h"}, "bound": {"value": "2.5", "unit": "mg/h"}}
    alert = {"parameter": "dose", "limit": "soft_max", **values}
    common = {"pump": "p1", "at": LAST.isoformat(), "infusion": "i3", "alert": alert}
    raised = {"event_id": "a1", "kind": "alert_raised", "about": about, **common}
    answered = {"event_id": "a2", "kind": "alert_answered", "about": "a1", "response": "cancelled", "seconds": "9"}
    return [raised, common | answered]


def page(client: Client, address: str = BENCH, *, status: int = 200, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == status, answer.status_code
    return " ".join(answer.content.decode().split())


def test_a_moved_limit_is_answered_as_counted_by_hand(signed_in, lake):
    """Soft maximum 3 to 2.5: five of eight alert instead of three; asked by a script, the answer comes alone."""
    client = signed_in("mso")
    assert "Of 8 programmes 3 would alert instead of 3: 0 alerts gained, 0 lost." in page(client)
    whole = page(client, f"{BENCH}?soft_max=2.5")
    said = (
        "Of 8 programmes 5 would alert instead of 3: 2 alerts gained, 0 lost."
        " Of 1 that an alert caught, 0 would pass without any alert."
    )
    assert said in whole
    alone = page(client, f"{BENCH}?soft_max=2.5", **{"HX-Request": "true"})
    assert said in alone
    assert "<html" not in alone
    assert "Of 1 that an alert caught, 1 would pass without any alert." in page(client)


def test_the_year_is_the_same_everywhere_and_is_said(signed_in, library, tmp_path, monkeypatch):
    """The month and the twelve whole months before it: the first moment of November 2025 counts."""
    first = datetime(2025, 11, 1, tzinfo=UTC)
    rows = [_programmed(1, "2", LAST), _programmed(2, "3.5", first), _programmed(3, "7", first - timedelta(seconds=1))]
    _place(tmp_path, monkeypatch, rows)
    client = signed_in("mso")
    assert "Of 2 programmes 1 would alert instead of 1" in page(client)
    for where in (BENCH, *(f"/{TRUST}/insight/{name}" for name in ("charts", "releases", "models"))):
        said = "November 2025 to November 2026, that month and the twelve before it"
        assert said in page(client, where), where


def test_what_is_kept_of_the_lake_answers_the_next_move(signed_in, lake, monkeypatch, django_assert_max_num_queries):
    """The events are gathered once for a version of the lake; then a move reads what is kept."""
    client = signed_in("mso")
    page(client)
    monkeypatch.setattr("openinfusion.web.workbench.gathering.gather", None)
    with django_assert_max_num_queries(25):
        alone = page(client, f"{BENCH}?soft_max=2.5", **{"HX-Request": "true"})
    assert "2 alerts gained" in alone


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ("soft_max=7", "out of order"),
        ("soft_max=-1", "negative"),
        ("soft_max=.5", "a zero before the point"),
        ("soft_max=2,5", "a point instead of the comma"),
        ("soft_max=%3Cscript%3E", "&lt;script&gt;"),
        ("soft_max=&hard_max=&soft_min=&hard_min=", "Leave at least one limit"),
        ("soft_max=1e999", "found"),
    ],
)
def test_limits_that_are_none_are_refused_in_words(signed_in, lake, moved, said):
    """Core judges their order; nothing is counted, and nothing typed is run."""
    shown = page(signed_in("mso"), f"{BENCH}?{moved}")
    assert "There is a problem" in shown
    assert said in shown
    assert "Nothing was counted for these limits." in shown


def test_a_proposal_is_kept_compared_and_carried_to_a_new_change(signed_in, lake):
    """It stands in the table with its numbers; the change has it as evidence, its hash, and the limit in its draft."""
    client = signed_in("author")
    assert client.post(f"{BENCH}/keep", LOWER | {"name": "Lower"}).status_code == 302
    kept = Proposal.objects.get()
    assert AuditRow.objects.filter(action="keep a proposal").count() == 1
    assert ">Lower</a>" in page(client)
    assert client.post(f"{BENCH}/keep", LOWER | {"name": "Lower"}).status_code == 422
    answer = client.post(f"{BENCH}/{kept.pk}/take", {"change": ""})
    assert answer.status_code == 302
    made = Evidence.objects.get()
    told = made.content["answer"]
    assert (told["changes"]["gained"], told["programmes"], told["catches_lost"]) == (2, 8, 0)
    assert made.content["sha256"] == book.digest(told)
    assert {"question", "first_month", "last_month", "lake", "library"} <= told.keys()
    item = DraftItem.objects.get(draft=made.change.draft)
    assert item.content["dose"]["soft_max"] == "2.5"
    assert AuditRow.objects.get(action="file evidence").after_hash == book.digest(made.content)
    assert "2.5" not in made.change.title
    # The same proposal as evidence on the change that is now open.
    client.post(f"{BENCH}/{kept.pk}/take", {"change": made.change.reference})
    assert made.change.evidence.count() == 2
    assert Change.objects.count() == 1
    assert "2 alerts gained" in page(client, f"/{TRUST}/changes/{made.change.reference}")


def test_who_checks_blind_sees_no_proposal(signed_in, lake):
    """Once a change of the entry carries one, the checker is told nothing of its value here."""
    author = signed_in("author")
    author.post(f"{BENCH}/keep", LOWER | {"name": "To two and a half"})
    author.post(f"{BENCH}/{Proposal.objects.get().pk}/take", {"change": ""})
    shown = page(signed_in("checker"))
    assert "waits for your blind check" in shown
    assert "To two and a half" not in shown


def test_it_is_only_for_whoever_may(signed_in, lake, person):
    """An engineer looks and keeps nothing; a reader sees no figures; what does not exist is not found."""
    assert signed_in("reader").get(BENCH).status_code == 403
    reader = signed_in("engineer")
    assert "Keep it" not in page(reader)
    assert reader.post(f"{BENCH}/keep", LOWER | {"name": "Mine"}).status_code == 403
    assert reader.get(BENCH.replace(TRUST, "another")).status_code == 404
    assert reader.get(BENCH.replace("/dose", "/volume")).status_code == 404
    assert reader.get(BENCH.replace(ENTRY, "none")).status_code == 404


def test_the_proposal_of_another_organisation_is_none(signed_in, lake, person):
    """Its number leads nowhere, and its name stands on no page here."""
    other = Organisation.objects.create(slug="other-trust", name="Other Trust")
    HeldDuty.objects.create(user=person("author"), organisation=other, role="library_pharmacist")
    made = Proposal.objects.create(
        organisation=other, entry=ENTRY, group="dose", unit="mg/h", name="Foreign", limits=LOWER, by=person("author")
    )
    client = signed_in("author")
    assert "Foreign" not in page(client)
    assert client.post(f"{BENCH}/{made.pk}/take", {"change": ""}).status_code == 404
    assert not Evidence.objects.exists()
