"""
A place in which something is going on: the example trust with an import, a read-back, requests, a discrepancy.

What the browser's ``FURNISH`` runs does to a place that was just made what its people would do, by the pages' own
forms, and writes to ``cookies.json`` there who is signed in, so that a browser need not sign in for each page.
"""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from openinfusion.adapters.documents import to_json
from openinfusion.web import example
from openinfusion.web.accounts.models import User
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Change
from openinfusion.web.library.models import Part, Version
from openinfusion.web.library.store import library_of, save_item
from tests.web.acting import client_of, each_look_a_second_later
from tests.web.change_people import People
from tests.web.furnished_fleet import furnish_fleet
from tests.web.import_files import plain
from tests.web.test_import_layouts import FOREIGN
from tests.web.test_november_2018 import DECISION, SUBJECT, UNITS

ROOT = Path(__file__).resolve().parents[2]
BEGIN = datetime(2026, 11, 23, 9, tzinfo=UTC)
COOKIES, VALUES = "cookies.json", "values.json"
"""Who is signed in, and what the sources say to the checker of the first request."""
AREA = "adult-critical-care-a-general"


def main() -> None:
    """Furnish the place of the settings."""
    with each_look_a_second_later(BEGIN):
        _furnish()
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)
    with each_look_a_second_later(BEGIN + timedelta(days=2)):
        _confirm()
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)
    furnish_fleet()
    (settings.PLACE.folder / COOKIES).write_text(json.dumps(_cookies()))


def _sent(who: str, where: str, said: dict[str, Any] | None = None) -> str:
    answer = client_of(who).post(f"/example-trust/{where}", said)
    assert answer.status_code == 302, (who, where, answer.status_code, answer.content.decode()[-3000:])
    return str(answer["location"])


def _furnish() -> None:
    _requests()
    _discrepancy()
    _sent("author", "imports", {"file": SimpleUploadedFile("small.csv", plain())})
    sample = (ROOT / "examples/vendor/alaris-sample.xlsx").read_bytes()
    _sent("author", "imports", {"file": SimpleUploadedFile("alaris-sample.xlsx", sample)})
    _sent("author", "imports", {"file": SimpleUploadedFile("our-own-table.csv", FOREIGN.encode())})
    _publish()


def _requests() -> None:
    """Five requests: one before its blind check, one proposed, one in draft, one triaged, and another proposed."""
    checked = _proposed("A lower soft maximum of alfentanil")
    _triaged(checked)
    checked.done("champion", "area", area=AREA, answer="yes", reason="It fits our practice.")
    checked.moves("champion", "area_review")
    _proposed("A wider limit of morphine in theatres")
    _opened("Two new strengths")
    _triaged(_proposed("A ceiling for ketamine"))
    _proposed("A limit that nobody needs")
    change = Change.objects.get(reference="CR-2026-001")
    values = list(request_of(change).values.values())
    (settings.PLACE.folder / VALUES).write_text(json.dumps(values))


def _opened(title: str) -> People:
    said = {"library": example.LIBRARY, "title": title, "trigger": "guideline", "urgency": "routine"}
    people = People(client_of, _sent("author", "changes/new", said).rsplit("/", 1)[1])
    _lowered(people.address.rsplit("/", 1)[1])
    people.done("author", "refresh")
    return people


def _proposed(title: str) -> People:
    people = _opened(title)
    people.done("author", "words", title=title, **_WORDS)
    people.moves("author", "proposed")
    people.done("trainer", "comment", text="Please tell the wards a week before.", entry="")
    return people


def _triaged(people: People) -> None:
    people.records("mso", duplicates="None asks for the same.")
    people.moves("mso", "triaged")


_WORDS = {
    "trigger": "guideline",
    "urgency": "routine",
    "rationale": "The new guideline is lower.",
    "sources": "Guideline of the example, page 3",
    "patient_group": "Adults",
    "hazard_ids": "LC-02",
    "risk_before": "3",
    "risk_after": "2",
    "rollback_plan": "Release the version before again.",
}


def _lowered(reference: str) -> None:
    """The hard maximum of an entry comes down to its soft maximum."""
    change = Change.objects.get(reference=reference)
    base = library_of(change.draft.base)
    entry = next(one for one in base.entries if one.care_area == AREA and one.dose and one.dose.soft_max)
    content = to_json(entry)
    content["dose"]["hard_max"] = content["dose"]["soft_max"]
    author = User.objects.get(email="author@example.org")
    save_item(change.draft, Part.ENTRY, entry.id, content=content, seen=0, by=author, at=timezone.now())


def _discrepancy() -> None:
    """The committee has decided not to standardise, so that a hazard is open; a second question is being heard."""
    said = SUBJECT | {"areas": UNITS, "proposal": "2.5 mg in 50 mL"}
    page = _sent("author", f"consensus/raise/{example.STORY}", said).removeprefix("/example-trust/")
    _sent("committee", f"{page}/round")
    heard = {"stand": "agree", "score": "9", "profession": "nurse", "care_area": UNITS[0], "reason": ""}
    _sent("champion", f"{page}/position", heard)
    objects = {"stand": "object", "score": "1", "profession": "doctor", "care_area": UNITS[1]}
    _sent("cardiac", f"{page}/position", objects | {"reason": "Our patients need 10 micrograms/mL."})
    _sent("committee", f"{page}/close")
    committee = client_of("committee")
    asked = committee.post(f"/example-trust/{page}/decision", DECISION)
    _shown(committee, asked["location"])


def _shown(client: Client, where: str) -> None:
    """Show by the password who signs."""
    hidden = client.get(where).content.decode()
    kept = dict(re.findall(r'type="hidden" name="(next)" value="([^"]+)"', hidden))
    answer = client.post(where.partition("?")[0], kept | {"password": example.PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[-3000:]


def _publish() -> None:
    """The curator publishes the newer national issue, which the trust has not taken yet."""
    newer = Version.objects.get(library__slug="national", label="1.1.0")
    answer = client_of("curator").post(f"/example-curator/national/publish/{newer.pk}")
    assert answer.status_code == 302, answer.content.decode()[-3000:]


def _confirm() -> None:
    """The first file becomes a library, which is read back with one slip."""
    form = {"becomes": "new", "name": "Small", "version": "1.0.0", "agree": ["POPULATION"]}
    _sent("author", "imports/1/confirm", form)
    slip = SimpleUploadedFile("editor.csv", plain((",0.5,2", ",5,5")))
    author = User.objects.get(email="author@example.org")
    _sent("author", "libraries/small/1/read-backs", {"file": slip, "typist": author.pk})


def _cookies() -> dict[str, str]:
    """Sign everybody in, as people who have just shown who they are, and return the value of each one's cookie."""
    found = {}
    for one in example.PEOPLE:
        name = one.email.partition("@")[0]
        client = client_of(name)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time() + 36_000}]
        session.save()
        found[name] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return found
