"""Imports and read-backs by the API: from a file to a library, a draft or its differences, as by the pages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from openinfusion.core.roles import Permission
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.receiving import MAX_BYTES
from openinfusion.web.library.models import Draft, Version
from tests.web.api_client import ROOT, ApiClient, new_token
from tests.web.import_files import plain
from tests.web.test_api import problem_of

WRONG = plain((",0.5,2", ",O.5,2"))
KEY = "value left out"


@pytest.fixture
def api(library) -> ApiClient:
    """A system that imports."""
    return ApiClient(new_token(Permission.IMPORT_LIBRARY, Permission.VIEW_LIBRARY)[1])


def send_file(api, content=None, *, path="/imports", name="library.csv", **said):
    """Send a file as a form does."""
    file = SimpleUploadedFile(name, plain() if content is None else content)
    return Client(raise_request_exception=False).post(ROOT + path, {"file": file, **said}, headers=api.headers)


def agreed(made):
    return [kind["key"] for kind in made["account"]["kinds"]]


def test_a_file_becomes_a_library_that_nobody_has_reviewed(api):
    """Handed in, read by the layout that fits, looked at, and confirmed with each kind agreed to."""
    made = send_file(api)
    assert made.status_code == 201
    said = made.json()
    assert (said["state"], said["layout"], said["account"]["entries"]) == ("read", "plain", 3)
    where = f"/imports/{said['number']}"
    assert api.get(where).json() == said
    assert api.get("/imports").json()["items"] == [said]
    confirmation = {"agreed": agreed(said), "name": "By machine", "version": "1.0.0"}
    done = api.post(f"{where}/confirmation", confirmation).json()
    assert (done["state"], done["made"]) == ("made", {"library": "by-machine", "version": 1, "draft": None})
    version = Version.objects.get(library__slug="by-machine")
    assert (version.origin, version.approved_at) == ("imported", None)
    told = AuditRow.objects.get(action="import.confirm")
    assert told.role == "integration"
    problem_of(api.post(f"{where}/confirmation", confirmation), 409)


def test_each_cell_that_cannot_be_read_is_told(api):
    """By row and column, by kind; and nothing is made before each kind is agreed to."""
    said = send_file(api, WRONG).json()
    where = f"/imports/{said['number']}"
    (row,) = api.get(f"{where}/rows", {"kind": KEY}).json()["items"]
    assert (row["row"], row["marks"][0]["column"], row["marks"][0]["consequence"]) == (2, "I", KEY)
    assert api.get(f"{where}/rows").json()["count"] >= 3
    assert api.get(f"{where}/rows", {"kind": "value"}).json()["count"] == 0
    rest = [key for key in agreed(said) if key != KEY]
    told = api.post(f"{where}/confirmation", {"agreed": rest, "name": "n", "version": "1"})
    problem_of(told, 422)
    assert "1 value is left out" in told.json()["detail"]
    problem_of(api.post(f"{where}/confirmation", {"agreed": agreed(said)}), 422)


def test_a_file_becomes_a_draft_of_a_library(api, library):
    """Compared with its newest version; the draft is made once, beside it."""
    said = send_file(api).json()
    where = f"/imports/{said['number']}"
    compared = api.post(f"{where}/comparison", {"library": "adult", "takes_out": True}).json()
    assert (compared["state"], compared["onto"]) == ("read", "adult")
    assert compared["account"]["onto"]["out"] > 0
    done = api.post(f"{where}/confirmation", {"agreed": agreed(compared)}).json()
    assert done["made"]["draft"] == Draft.objects.get().pk
    problem_of(api.post(f"{where}/comparison", {"library": "nothing"}), 409)


def test_layouts_are_listed_saved_and_chosen(api):
    """A text that is none is refused with its place; a name that there is none of is not found."""
    shipped = {one["name"]: one["text"] for one in api.get("/layouts").json()}
    text = shipped["plain"].replace('"plain"', '"ours"', 1)
    assert api.post("/layouts", {"text": text}).json()["name"] == "ours"
    problem_of(api.post("/layouts", {"text": "name = 1"}), 422)
    where = f"/imports/{send_file(api).json()['number']}"
    assert api.post(f"{where}/layout", {"layout": "ours"}).json()["layout"] == "ours"
    problem_of(api.post(f"{where}/layout", {"layout": "nobody's"}), 404)


def test_a_file_that_cannot_be_read_is_told_and_may_be_tried_again(api):
    """What is refused is in words, as on the page."""
    said = send_file(api, b"a,b\n1,2\n").json()
    where = f"/imports/{said['number']}"
    Upload.objects.update(state="refused", problem={"where": "a", "found": "b", "expected": "c"})
    assert api.get(where).json()["problem"] == {"where": "a", "found": "b", "expected": "c"}
    assert api.post(f"{where}/again", {}).json()["state"] == "unmapped"
    problem_of(api.post(f"{where}/again", {}), 409)


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"", "a.csv", 400),
        (plain(), "a.exe", 400),
        (b"PK\x03\x04 no workbook", "a.xlsx", 400),
        (b"x" * (MAX_BYTES + 1), "a.csv", 413),
    ],
)
def test_a_file_that_is_none_is_refused(api, content, name, status):
    """With nothing kept."""
    problem_of(send_file(api, content, name=name), status)
    assert not Upload.objects.exists()


def test_what_is_no_form_is_refused(api):
    """A file comes as a form has it."""
    problem_of(api.post("/imports", {"file": "x"}), 415)
    problem_of(Client().post(f"{ROOT}/imports", {}, headers=api.headers), 400)


def test_what_the_editor_holds_is_read_back(api, library):
    """Each difference with both values; that it agrees is confirmed by a person, for whom there is a page."""
    path = "/libraries/adult/versions/2/read-backs"
    made = send_file(api, path=path, typed_by="Ty Typist")
    assert made.status_code == 201, made.content
    said = made.json()
    assert (said["typed_by"], said["confirmed_by"]) == ("Ty Typist", None)
    assert said["differences"] > 0
    assert "difference" in said["incomplete"]
    where = f"/read-backs/{said['number']}"
    assert api.get(where).json() == api.get(path).json()["items"][0] == said
    rows = api.get(f"{where}/differences", {"page_size": 1}).json()
    assert (rows["count"], len(rows["items"])) == (said["differences"], 1)
    assert rows["items"][0]["words"]
    problem_of(api.post(f"{where}/layout", {"layout": "plain"}), 409)
    problem_of(send_file(api, path=path), 422)
