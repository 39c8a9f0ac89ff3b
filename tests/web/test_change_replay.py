"""What a draft would have done with past programmes, as evidence at its change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.web.audit import book
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes import replay
from openinfusion.web.changes.desk import open_change
from openinfusion.web.changes.models import Evidence
from openinfusion.web.example import TRUST
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import item_content, library_of, save_item
from tests.integration.lake_logs import take_in, write_log
from tests.web.change_people import People

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)


@pytest.fixture
def people(signed_in, library, person):
    made = open_change(
        library, title="Lower", trigger=Trigger.GUIDELINE, urgency=Urgency.ROUTINE, by=person("author"), at=AT
    )
    entry = next(one for one in library_of(made.draft.base).entries if one.dose and one.dose.hard_max)
    content = item_content(made.draft, Part.ENTRY, entry.id)
    content["dose"]["hard_max"] = None
    save_item(made.draft, Part.ENTRY, entry.id, content=content, seen=0, by=person("author"), at=AT)
    return People(signed_in, made.reference)


def test_without_a_lake_the_page_says_so(people):
    """Nothing is asked for that cannot be answered."""
    assert "names no lake of events" in people.page("author")
    assert "names no lake of events" in people.refused("author", "replay")
    assert not Evidence.objects.exists()


def test_a_lake_that_is_none_is_told_with_the_evidence(people, tmp_path, monkeypatch):
    """Given a folder that is no lake, when the replay fails, then the change says why, and nothing breaks."""
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, lake=tmp_path / "none"))
    people.done("author", "replay")
    assert Evidence.objects.get().state == Evidence.State.FAILED
    assert "Could not be replayed" in people.page("author")


def test_the_checker_neither_asks_for_it_nor_sees_it(people, tmp_path, monkeypatch):
    """What a replay tells speaks of the new values."""
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, lake=tmp_path / "none"))
    people.done("author", "replay")
    assert people.does("checker", "replay").status_code == 403
    assert "Could not be replayed" not in people.page("checker")


# --- A real lake -----------------------------------------------------------------------------------------------------

ENTRY = "adult-critical-care-a-general--alfentanil--continuous--analgesia--25-mg-in-50-ml"
LAST = datetime(2026, 11, 28, 12, tzinfo=UTC)
DOSES = ("2", "2.4", "2.5", "2.6", "3", "3.5", "7")


@pytest.fixture
def lake(tmp_path, monkeypatch):
    """
    Seven programmes of alfentanil in mg/h, and an eighth 91 days before the last event, taken in as logs are.

    By hand: in force (soft to 3, hard to 6) alerts on 3.5 and refuses 7. The draft (soft to 2.5) alerts on 2.6, 3 and
    3.5 as well as refusing 7; 2.5 is on the limit, and inside it.
    """
    rows = [_programmed(number, dose, LAST) for number, dose in enumerate(DOSES)]
    log = write_log(tmp_path / "log.jsonl", [*rows, _programmed(99, "5", LAST - timedelta(days=91))])
    take_in(tmp_path / "lake", log)
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, lake=tmp_path / "lake", lake_names={TRUST: "trust"}))


def _programmed(number: int, dose: str, at: datetime) -> dict[str, object]:
    programme = {"mode": "continuous", "dose": {"value": dose, "unit": "mg/h"}}
    place = {"care_area": "adult-critical-care-a-general", "entry": ENTRY, "infusion": f"i{number}"}
    head = {"event_id": f"e{number}", "kind": "programmed", "pump": "p1", "at": at.isoformat()}
    return head | place | {"with_library": True, "programme": programme}


@pytest.fixture
def lowered(signed_in, library, person):
    """A draft whose soft maximum of alfentanil is 2.5 mg/h instead of 3."""
    made = open_change(
        library, title="Lower", trigger=Trigger.GUIDELINE, urgency=Urgency.ROUTINE, by=person("author"), at=AT
    )
    content = item_content(made.draft, Part.ENTRY, ENTRY)
    content["dose"]["soft_max"] = "2.5"
    save_item(made.draft, Part.ENTRY, ENTRY, content=content, seen=0, by=person("author"), at=AT)
    return People(signed_in, made.reference)


def test_a_replay_over_a_real_lake_says_what_was_counted_by_hand(lowered, lake):
    """Four of seven instead of two of seven, and nothing that is older than 90 days."""
    lowered.done("author", "replay")
    made = Evidence.objects.get()
    assert (made.state, made.done) == (Evidence.State.DONE, 100)
    page = lowered.page("author")
    assert "the draft would have alerted on 4 of 7 programmes that it can judge" in page
    assert "1 refused, 3 to be confirmed. 0 more cannot be judged." in page
    assert "The library in force would have alerted on 2 of 7. The draft gains 2 alerts and loses 0" in page
    assert made.content["sha256"] in page
    assert AuditRow.objects.get(action="keep a replay").after_hash == book.digest(made.content)


def test_it_is_seen_how_far_it_is(lowered, lake, monkeypatch):
    """Each part done is told while the next is worked on, and the page asks again by itself."""
    told = []
    keep = replay._tell
    monkeypatch.setattr(replay, "_tell", lambda one, done: (told.append(done), keep(one, done)))
    lowered.done("author", "replay")
    assert told == sorted(told)
    assert len(set(told)) >= 4
    made = Evidence.objects.get()
    Evidence.objects.filter(pk=made.pk).update(state=Evidence.State.WORKING, done=60)
    shown = lowered.client("author").get(lowered.address).content.decode()
    assert 'value="60"' in shown
    assert 'hx-trigger="every 3s"' in shown
