"""From an alert to a better limit: the queue, the suggestion, and the change request that carries the evidence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from openinfusion.adapters.library_file import read_library
from openinfusion.core.entry import EntryType
from openinfusion.core.limits import Limit
from openinfusion.core.numbers import decimal_text
from openinfusion.core.units import PatientBasis
from openinfusion.lake.ingest import Settings, ingest
from openinfusion.web import example
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.models import Change, Evidence
from openinfusion.web.insight import library_in_use, pages, suggesting
from openinfusion.web.insight.library_in_use import programmed, version_in_use
from openinfusion.web.insight.picked import Picked
from openinfusion.web.insight.standing import Standing, standing_of
from openinfusion.web.library.models import DraftItem
from tests.month_log import OTHER, TRUST, Log, write_log
from tests.web.conftest import ROOT
from tests.web.insight_lake import MARCH, name_lake, reading

HOME = f"/{example.TRUST}/insight/"
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
WITHIN, BEYOND = 100, 20


def _entry():
    """An entry of the example with a soft and a hard maximum far enough apart, dosed without a weight."""
    library = read_library(ROOT / "examples/trust/library-1.1.0.json")
    for one in library.entries:
        limits = one.dose
        if one.type is not EntryType.CONTINUOUS or limits is None or limits.unit.patient is not PatientBasis.NONE:
            continue
        if limits.soft_max and limits.hard_max and limits.soft_max * 12 / 10 < limits.hard_max and one.concentration:
            return one
    raise AssertionError


ENTRY = _entry()
CASE = f"drug={ENTRY.drug}&care_area={ENTRY.care_area}&{MARCH}"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("triage"))


def make_lake(folder: Path) -> Path:
    """A hundred programmes within the soft maximum, twenty at 1.2 times it, each of these with an alert overridden.

    Another trust in the same lake programmed nothing.
    """
    log, limits = Log(), ENTRY.dose
    for n in range(WITHIN + BEYOND):
        dose = limits.soft_max * (12 if n >= WITHIN else 9) / 10
        at, infusion = START + timedelta(minutes=20 * n), f"i{n}"
        place = {"care_area": ENTRY.care_area, "drug": ENTRY.drug, "entry": ENTRY.id, "infusion": infusion}
        value = {"value": decimal_text(dose), "unit": limits.unit.code}
        programme = {"mode": "continuous", "dose": value}
        log.add("programmed", at, with_library=True, programme=programme, **place)
        if n >= WITHIN:
            bound = {"value": decimal_text(limits.soft_max), "unit": limits.unit.code}
            alert = {"parameter": "dose", "limit": Limit.SOFT_MAX.value, "attempted": value, "bound": bound}
            raised = log.add("alert_raised", at, alert=alert, **place)
            then = {"response": "overridden", "seconds": "1", "alert": alert}
            log.add("alert_answered", at + timedelta(seconds=1), about=raised, **then, **place)
        log.add("started", at + timedelta(minutes=1), with_library=True, category="medicine", **place)
    idle = Log("P2", ids="b")
    idle.add("started", START, with_library=False, infusion="b0")
    files = [write_log(folder / "a.jsonl", log.records), write_log(folder / "b.jsonl", idle.records, OTHER)]
    told = list(ingest(folder / "lake", files, Settings(workers=0), acknowledge=_quietly))
    assert all(one.is_whole for one in told), told
    return folder / "lake"


def _quietly(*_: object) -> None:
    """Say nothing."""


@pytest.fixture
def client(signed_in, tmp_path, lake, monkeypatch):
    name_lake(monkeypatch, tmp_path, lake, TRUST)
    return signed_in


def test_the_queue_names_what_alerts(client):
    """Twenty alerts in 120 infusions, all overridden within two seconds, from everywhere."""
    page = reading(client("mso"))(f"triage?{MARCH}&order=burden")
    for words in (">20<", ">16.7<", ">100.0 %<", "systemic"):
        assert words in page, words


def test_a_suggestion_comes_with_its_expected_change(client):
    """One in six attempts crosses the limit; at 1.2 times it none would."""
    page = reading(client("mso"))(f"triage/case?{CASE}")
    assert "120 attempts, 20 beyond the soft maximum" in page
    assert "0 would alert instead of 20" in page
    assert "nothing is changed by itself" in page


def _proposed(client, name: str) -> Change:
    said = {"entry": ENTRY.id, "parameter": "dose", "mode": "continuous"}
    answer = client(name).post(f"{HOME}triage/propose?{CASE}", said)
    assert answer.status_code == 302, answer.content.decode()[:500]
    return Change.objects.get(reference=answer["location"].rsplit("/", 1)[1])


def test_one_click_makes_a_change_request_with_the_evidence_and_the_limit(client):
    """A library pharmacist's draft has the value exactly as it was worked out; the title tells nothing of it."""
    change = _proposed(client, "author")
    evidence = Evidence.objects.get(change=change)
    suggestion = evidence.content["answer"]["suggestion"]
    assert (suggestion["alerts_now"], suggestion["alerts_then"]) == (20, 0)
    item = DraftItem.objects.get(draft=change.draft)
    assert item.content["dose"]["soft_max"] == suggestion["value"]
    assert suggestion["value"] not in change.title
    assert change.content["trigger"] == "log_signal"
    actions = set(AuditRow.objects.filter(object__startswith=change.reference).values_list("action", flat=True))
    assert {"open change", "file evidence", "edit draft"} <= actions
    page = client("author").get(f"/{example.TRUST}/changes/{change.reference}").content.decode()
    assert "Suggested: soft maximum of dose" in page


def test_who_edits_no_drafts_proposes_with_the_evidence_alone(client):
    """The safety officer's request leaves the draft to a library pharmacist."""
    change = _proposed(client, "mso")
    assert Evidence.objects.filter(change=change).exists()
    assert not DraftItem.objects.filter(draft=change.draft).exists()


def test_the_suggestion_is_hidden_from_who_is_to_check_it_blind(client):
    """Once a request carries it, the second pharmacist sees the alerts, and not the value."""
    assert "0 would alert instead of 20" in reading(client("checker"))(f"triage/case?{CASE}")
    _proposed(client, "author")
    page = reading(client("checker"))(f"triage/case?{CASE}")
    assert "0 would alert instead of 20" not in page
    assert "waits for your blind check" in page


def test_a_browser_cannot_make_up_a_suggestion(client):
    """An entry that has none is proposed without one; no value of a form is evidence."""
    said = {"entry": "made-up", "parameter": "dose", "mode": "continuous", "value": "999"}
    answer = client("author").post(f"{HOME}triage/propose?{CASE}", said)
    change = Change.objects.get(reference=answer["location"].rsplit("/", 1)[1])
    assert "suggestion" not in Evidence.objects.get(change=change).content["answer"]
    assert not DraftItem.objects.filter(draft=change.draft).exists()


def test_the_library_in_use_is_told_by_the_trusts_own_programmes(client, tmp_path, lake, monkeypatch):
    """Programmes of another organisation of the same lake say nothing of what this one runs."""
    trust = Organisation.objects.get(slug=example.TRUST)
    used = version_in_use(trust, standing_of(trust, at=START))
    assert used is not None
    assert used.label == "1.1.0"
    name_lake(monkeypatch, tmp_path, lake, OTHER)
    assert version_in_use(trust, standing_of(trust, at=START)) is None


@pytest.mark.parametrize("page", ["", f"told/catches?{MARCH}", f"triage/case?{CASE}"])
def test_the_library_in_use_is_found_once_a_page(client, monkeypatch, page):
    """It takes a query for each library, and nothing of it changes within a page."""
    found = []

    def once(standing: Standing) -> frozenset[str]:
        found.append(standing)
        return programmed(standing)

    monkeypatch.setattr(library_in_use, "programmed", once)
    reading(client("mso"))(page)
    assert len(found) == 1


def test_what_was_attempted_is_kept_by_the_whole_name(client, monkeypatch):
    """Two drugs whose ids begin alike for long share nothing."""
    trust = Organisation.objects.get(slug=example.TRUST)
    standing = standing_of(trust, at=START)
    told = pages.Opened.of(trust, standing, Picked.read({}, standing))
    names = {"entry": "e", "words": "", "parameter": "dose", "mode": "", "limits": "", "attempts": 0, "beyond": 0}

    def made(*_: object, drug: str, area: str) -> list[dict[str, Any]]:
        return [{**names, "suggestion": None, "path": [], "words": f"{drug} {area}"}]

    monkeypatch.setattr(suggesting, "_made", made)
    long = "a" * 120
    asked = [(f"{long}x", "ward"), (f"{long}y", "ward"), ("a", f"{long}x"), ("a", f"{long}y")]
    assert [suggesting.lines(told, *one)[0].words for one in asked] == [" ".join(one) for one in asked]


def test_who_may_not_propose(client):
    """An engineer looks, and has no button."""
    assert client("engineer").post(f"{HOME}triage/propose?{CASE}", {}).status_code == 403
    assert "Make a change request" not in reading(client("engineer"))(f"triage/case?{CASE}")
