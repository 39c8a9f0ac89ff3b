"""The JSON API: what pages do, by token."""

import hashlib
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from openinfusion.core.audit import AuditRecord
from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.core.roles import Permission
from openinfusion.core.stages import Stage
from openinfusion.web.api.access import PER_MINUTE
from openinfusion.web.api.models import Token
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.desk import open_change
from openinfusion.web.changes.models import Change
from openinfusion.web.library.models import DraftItem, Part, Span
from tests.web.api_client import ALL, ApiClient, new_token, other_trust

MANUAL = Path(__file__).resolve().parents[2] / "docs/how-to/use-the-web-api.md"
ENTRIES = "/libraries/adult/versions/2/entries"
PROPOSAL = {"library": "adult", "title": "A wider limit", "trigger": "incident"}


@pytest.fixture
def api(library):
    """A client whose token may do all that a token can."""
    return ApiClient(new_token(*ALL)[1])


def problem_of(response, status):
    """Return a refusal, which is told as RFC 9457 asks."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    said = response.json()
    assert said["status"] == status
    assert said["title"]
    assert said["detail"]
    assert "Traceback" not in response.content.decode()
    return said


# --- Who may ask -----------------------------------------------------------------------------------------------------


def test_without_a_token_nothing_is_told(library):
    """401, whether the token is missing, unknown, or no text of a token at all."""
    for secret in ("", "oi_nobody", "x" * 5_000, "\u00e4"):
        response = ApiClient(secret).get("/libraries")
        problem_of(response, 401)
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends_with_its_time_and_when_somebody_ends_it(api):
    """An expired token and an ended one are as if they had never been."""
    assert api.get("/organisation").status_code == 200
    now = timezone.now()
    Token.objects.update(expires_at=now - timedelta(seconds=1))
    problem_of(api.get("/organisation"), 401)
    Token.objects.update(expires_at=now + timedelta(days=1), ended_at=now)
    problem_of(api.get("/organisation"), 401)


def test_only_a_hash_of_the_secret_is_kept(library):
    """Whoever reads the database cannot act by a token."""
    token, secret = new_token(*ALL)
    assert secret not in json.dumps(list(Token.objects.values()), default=str)
    assert token.sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert len(secret) >= 43


def test_a_session_is_no_token(signed_in, library):
    """A browser in which somebody signed in gets nothing from the API, and changes nothing by it."""
    client = signed_in("author")
    assert client.get("/api/v1/libraries").status_code == 401
    sent = client.post("/api/v1/changes", json.dumps(PROPOSAL), content_type="application/json")
    assert sent.status_code == 401
    assert not Change.objects.exists()


def test_a_token_opens_no_page(library):
    """A page sends whoever shows a token to where people sign in."""
    _, secret = new_token(*ALL)
    for page in ("/example-trust/libraries", "/example-trust/changes/", "/example-trust/tokens/"):
        response = ApiClient(secret).client.get(page, headers={"Authorization": f"Bearer {secret}"})
        assert response.status_code == 302
        assert response["location"].startswith("/account/login/")


def test_nobody_signs_in_with_the_account_of_a_token(client, library):
    """It is not active, and has no password."""
    token, _ = new_token(*ALL)
    assert not token.account.is_active
    assert not token.account.has_usable_password()


def test_a_token_that_asks_too_often_must_wait(api, monkeypatch):
    """429 past the bound of a minute."""
    now = timezone.now()
    monkeypatch.setattr("openinfusion.web.api.access.timezone.now", lambda: now)
    monkeypatch.setattr("openinfusion.web.api.access.PER_MINUTE", 3)
    assert PER_MINUTE > 3
    answers = [api.get("/organisation").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_the_document_of_a_version_is_its_canonical_bytes(api, library):
    """By number or by hash, with the hash as its ETag; 304 for whoever holds it."""
    version = library.versions.get(number=2)
    for path in ("/libraries/adult/versions/2/document", f"/documents/{version.sha256}"):
        response = api.get(path)
        assert hashlib.sha256(response.content).hexdigest() == version.sha256
        assert response["ETag"] == f'"{version.sha256}"'
        again = api.get(path, If_None_Match=response["ETag"])
        assert (again.status_code, again.content) == (304, b"")


def test_entries_are_searched_filtered_and_paged(api):
    """The same search as on the page, with decimals as text and units in UCUM."""
    found = api.get(ENTRIES, {"q": "mor", "page_size": 2}).json()
    assert found["count"] > len(found["items"]) == 2
    entry = found["items"][0]
    one = api.get(f"{ENTRIES}/{entry['id']}").json()
    assert one == entry
    assert not any(isinstance(value, float) for value in _leaves(one["content"]))
    past = api.get(ENTRIES, {"page": 10_000}).json()
    assert past["items"] == []


def _leaves(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [value] if inner is None else [leaf for one in inner for leaf in _leaves(one)]


def test_an_entry_has_a_history_and_a_version_its_findings_and_differences(api):
    """What the pages show, as data."""
    item = Span.objects.filter(part=Part.ENTRY, first=2).first().item
    steps = api.get(f"{ENTRIES}/{item}/history").json()["steps"]
    assert steps[0]["version"] == 2
    assert api.get("/libraries/adult/versions/2/findings").json()["count"] > 0
    difference = api.get("/libraries/adult/differences/1/2").json()
    assert difference["is_ready"]
    assert difference["changes"]


# --- Changing --------------------------------------------------------------------------------------------------------


def first_entry(library):
    span = Span.objects.at(library.versions.get(number=2)).filter(part=Part.ENTRY).first()
    return span.item, span.content


def test_a_machine_proposes_edits_and_comments_and_the_record_names_it(api, library):
    """Each act has its audit row, under the name of the token and the role of an integration."""
    reference = api.post("/changes", PROPOSAL).json()["reference"]
    item, content = first_entry(library)
    place = f"/changes/{reference}/draft/entry/{item}"
    saved = api.put(place, content | {"rationale": "as the guideline says"}, If_Match='"0"')
    assert (saved.status_code, saved["ETag"]) == (200, '"1"')
    assert api.send("PATCH", f"/changes/{reference}", {"rationale": "because"}).json()["rationale"] == "because"
    assert api.post(f"/changes/{reference}/comments", {"text": "see the guideline", "entry": item}).status_code == 201
    evidence = {"title": "guideline", "sha256": "0" * 64}
    assert api.post(f"/changes/{reference}/evidence", evidence).status_code == 201
    rows = api.get("/audit", {"about": reference}).json()["items"]
    assert [row["action"] for row in rows] == ["open change", "edit draft", "amend", "comment", "add evidence"]
    rows += api.get("/audit", {"action": "edit item"}).json()["items"]
    assert rows[-1]["object"] == f"{reference} entry {item}"
    assert {row["actor_name"] for row in rows} == {"prescribing (integration)"}
    assert {row["role"] for row in rows} == {"integration"}


def test_a_stale_save_is_refused_and_keeps_nothing(api, library):
    """412 for a revision that somebody saved over; the ETag of the answer is the next to send."""
    reference = api.post("/changes", PROPOSAL).json()["reference"]
    item, content = first_entry(library)
    place = f"/changes/{reference}/draft/entry/{item}"
    assert api.put(place, content | {"rationale": "first"}, If_Match='"0"').status_code == 200
    problem_of(api.put(place, content | {"rationale": "second"}, If_Match='"0"'), 412)
    assert DraftItem.objects.get().content["rationale"] == "first"
    problem_of(api.put(place, content), 422)
    taken = api.send("DELETE", place, b"", If_Match='"1"')
    assert taken.json()["content"] is None
    assert api.get(place)["ETag"] == '"2"'


def test_what_does_not_fit_the_format_or_the_library_is_refused_with_its_place(api, library):
    """422 with where, found and expected; neither the item nor an audit row is kept."""
    reference = api.post("/changes", PROPOSAL).json()["reference"]
    item, content = first_entry(library)
    place = f"/changes/{reference}/draft/entry/{item}"
    rows = AuditRow.objects.count()
    said = problem_of(api.put(place, content | {"unheard_of": 1}, If_Match='"0"'), 422)
    assert "unheard_of" in said["found"]
    assert said["where"]
    assert said["expected"]
    problem_of(api.put(place, content | {"care_area": "nowhere"}, If_Match='"0"'), 422)
    assert not DraftItem.objects.exists()
    assert AuditRow.objects.count() == rows


def test_a_machine_does_not_write_in_what_is_proposed(api, library, person):
    """409: it must be sent back to the author first."""
    reference = api.post("/changes", PROPOSAL).json()["reference"]
    one = Change.objects.get(reference=reference)
    one.content["stage"] = one.stage = Stage.TRIAGED.value
    one.save()
    problem_of(api.send("PATCH", f"/changes/{reference}", {"rationale": "late"}), 409)


def test_values_are_kept_back_until_they_are_checked_blind(api, library):
    """A token is no way round for whoever may still check: neither request, draft nor evidence shows a value."""
    reference = api.post("/changes", PROPOSAL).json()["reference"]
    item, content = first_entry(library)
    draft = f"/changes/{reference}/draft"
    api.put(f"{draft}/entry/{item}", content | {"rationale": "as the guideline says"}, If_Match='"0"')
    api.post(f"/changes/{reference}/evidence", {"title": "replay", "sha256": "0" * 64})
    api.post(f"/changes/{reference}/comments", {"text": "now 30 instead of 40"})
    assert api.get(f"/changes/{reference}").json()["changes"]
    reader = ApiClient(new_token(Permission.VIEW_LIBRARY)[1])
    assert not reader.get(f"/changes/{reference}").json()["changes"]
    for stage in (Stage.PROPOSED, Stage.TRIAGED, Stage.AREA_REVIEW):
        Change.objects.update(content=Change.objects.get().content | {"stage": stage.value})
        seen = api.get(f"/changes/{reference}").json()
        assert (seen["is_withheld"], seen["changes"], seen["values"]) == (True, [], {})
        assert api.get(f"/changes/{reference}/evidence").json()["items"][0]["content"] == {}
        assert "30" not in api.get(f"/changes/{reference}/comments").content.decode().partition('"at"')[0]
        problem_of(api.get(draft), 409)
        problem_of(api.get(f"{draft}/entry/{item}"), 409)
    Change.objects.update(content=Change.objects.get().content | {"stage": Stage.PHARMACY_CHECK.value})
    assert api.get(f"/changes/{reference}").json()["changes"]


def test_the_example_of_the_manual_runs(api, library, monkeypatch, tmp_path):
    """What the page about the API shows in Python does what the page says."""
    code = re.search(r"```python\n(.*?)```", MANUAL.read_text(), re.DOTALL)[1]

    def urlopen(request):
        path = request.full_url.removeprefix("http://localhost:8000/api/v1")
        answer = api.send(request.method, path, request.data or b"", **dict(request.header_items()))
        assert answer.status_code < 300, answer.content
        told = io.BytesIO(answer.content)
        told.headers = answer.headers
        return told

    (tmp_path / "token").write_text("oi_none")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    monkeypatch.setattr(api, "send", _ignoring_token(api.send))
    exec(compile(code, MANUAL.name, "exec"), {})  # noqa: S102 - our own manual
    assert DraftItem.objects.get().content["rationale"] == "as the guideline of 2026 says"


def _ignoring_token(send):
    """The manual reads the secret from a file; the client has its own."""

    def sent(method, path, said, **headers):
        kept = {name: value for name, value in headers.items() if name not in {"Authorization", "Content-type"}}
        return send(method, path, said, **kept)

    return sent


# --- What is sent ----------------------------------------------------------------------------------------------------

DEEP = b'{"library": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BAD_BODIES = {
    "no JSON": (b"{", 400),
    "not UTF-8": (b'{"title": "\xff"}', 400),
    "NaN": (b'{"title": NaN}', 400),
    "a key twice": (b'{"title": "a", "title": "b"}', 400),
    "half a character": (b'{"title": "\\ud800"}', 400),
    "NUL": (b'{"title": "a\\u0000b"}', 400),
    "NUL in a key": (b'{"a\\u0000b": 1}', 400),
    "deep": (DEEP, 400),
    "deep, but not for the parser": (b"[" * 200 + b"]" * 200, 400),
    "a huge number": (b'{"title": ' + b"9" * 6_000 + b"}", 400),
    "a list": (b"[]", 422),
    "nothing": (b"", 422),
    "unknown key": (b'{"library": "adult", "title": "a", "trigger": "incident", "stage": "released"}', 422),
    "a long text": (json.dumps(PROPOSAL | {"title": "a" * 100_000}).encode(), 422),
    "blank": (json.dumps(PROPOSAL | {"title": "  "}).encode(), 422),
    "too large": (json.dumps(PROPOSAL | {"title": "a" * (6 * 2**20)}).encode(), 413),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_cannot_be_read_is_refused_in_words(api, name):
    """Never a fault of the server, and nothing is kept."""
    body, status = BAD_BODIES[name]
    problem_of(api.post("/changes", body), status)
    assert not Change.objects.exists()


def test_a_body_of_another_kind_is_refused(api):
    """415: a form is not JSON."""
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        problem_of(api.post("/changes", b"title=a", content_type=kind), 415)


def test_an_address_that_is_none_is_told_as_a_problem(api):
    """404 and 405 of the API are problems too, never a page."""
    problem_of(api.get("/nowhere"), 404)
    problem_of(api.get("/libraries/a%00b/versions"), 400)
    response = api.send("DELETE", "/libraries", b"")
    problem_of(response, 405)
    assert "GET" in response["Allow"]


# --- Other organisations ---------------------------------------------------------------------------------------------


def test_nothing_of_another_organisation_is_found(api, library, person):
    """404 as for what does not exist: libraries, versions, documents by hash, changes; and no row of their audit."""
    opened = open_change(
        library,
        title="ours alone",
        trigger=Trigger.OTHER,
        urgency=Urgency.ROUTINE,
        by=person("author"),
        at=timezone.now(),
    )
    other_trust()
    theirs = ApiClient(new_token(*ALL, organisation="other-trust")[1])
    sha256 = library.versions.get(number=2).sha256
    for path in (
        "/libraries/adult/versions",
        "/libraries/adult/versions/2/document",
        f"/documents/{sha256}",
        f"/changes/{opened.reference}",
        f"/changes/{opened.reference}/draft",
    ):
        problem_of(theirs.get(path), 404)
    assert theirs.get("/libraries").json()["count"] == theirs.get("/changes").json()["count"] == 0
    assert {row["action"] for row in theirs.get("/audit").json()["items"]} == {"make token"}
    problem_of(theirs.post(f"/changes/{opened.reference}/comments", {"text": "hello"}), 404)


def test_the_audit_record_is_verified_and_a_changed_row_is_found(api, monkeypatch):
    """The same check as the command's."""
    assert api.get("/audit/verification").json()["is_sound"]
    rows = list(AuditRow.objects.all())
    rows[-1].reason = "another reason"
    changed = [AuditRow(**{f.attname: getattr(row, f.attname) for f in AuditRow._meta.fields}) for row in rows]
    monkeypatch.setattr("openinfusion.web.api.record.book.records", lambda: map(_record, changed))
    found = api.get("/audit/verification").json()
    assert not found["is_sound"]
    assert found["faults"]


def _record(row):
    return AuditRecord(**{name: getattr(row, name) for name in AuditRecord.__dataclass_fields__})


def test_a_list_asks_the_database_a_bounded_number_of_questions(api, django_assert_max_num_queries):
    """However many rows a page has."""
    with django_assert_max_num_queries(12):
        assert api.get(ENTRIES, {"page_size": 200}).status_code == 200
