"""Importing a vendor's file: what is made, what is told, and what must be agreed to."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openinfusion.core.audit import verify
from openinfusion.core.library import Status
from openinfusion.web.audit.book import records
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.imports.models import Upload
from openinfusion.web.library.models import Version
from openinfusion.web.library.store import library_of
from tests.web.import_files import plain

ROOT = Path(__file__).resolve().parents[2]
HERE = "/example-trust/imports"


@pytest.fixture
def pharmacist(signed_in):
    """A library pharmacist."""
    return signed_in("author")


def handed_in(client, content: bytes, name: str = "library.csv"):
    """Hand a file in; return the answer."""
    return client.post(HERE, {"file": SimpleUploadedFile(name, content)}, follow=True)


def newest() -> Upload:
    return Upload.objects.latest("pk")


def confirmed(client, upload: Upload, **said):
    """Confirm with every kind agreed to."""
    agree = [kind["key"] for kind in upload.account["kinds"]]
    form = {"becomes": "new", "name": "Imported library", "version": "1.0.0", "agree": agree} | said
    return client.post(f"{HERE}/{upload.pk}/confirm", form, follow=True)


def test_a_table_of_a_known_layout_is_recognised_and_shown(pharmacist):
    """The layout is found by itself; the page says why, and what would be made in each care area."""
    page = handed_in(pharmacist, plain()).content.decode()
    assert "3 entries will be made, 0 rows left out" in page
    assert "Read by the layout <strong>plain</strong>" in page
    assert newest().account["areas"] == [["Adult ICU", 2], ["Ward 7", 1]]


def test_what_cannot_be_read_is_marked_in_its_row_and_column(pharmacist):
    """A letter O in a limit leaves the value out, a unit that is none the row: both with what was expected."""
    page = handed_in(pharmacist, plain((",0.5,2", ",O.5,2"), (",mg/h,", ",mgs/hr?,"))).content.decode()
    assert "2 entries will be made, 1 row left out" in page
    assert "Column I" in page
    assert "&#39;O.5&#39;" in page
    assert "Row left out" in page
    assert "Value left out" in page
    assert newest().rows.filter(is_marked=True).count() == 2


def test_nothing_is_made_before_each_kind_is_agreed_to(pharmacist):
    """One box for each kind of what is lost or assumed; without one of them nothing is made."""
    handed_in(pharmacist, plain((",0.5,2", ",O.5,2")))
    answer = confirmed(pharmacist, newest(), agree=["POPULATION"])
    assert answer.status_code == 422
    assert "Agree to this first: 1 value is left out" in answer.content.decode()
    assert newest().state == Upload.State.READ


def test_what_is_confirmed_is_a_library_that_nobody_has_reviewed(pharmacist, person):
    """Draft in its document, every entry unreviewed, approved by nobody, whatever the file was."""
    handed_in(pharmacist, plain())
    page = confirmed(pharmacist, newest()).content.decode()
    version = Version.objects.get(library__name="Imported library")
    document = library_of(version)
    assert version.origin == Version.Origin.IMPORTED
    assert (version.approved_at, version.released_at) == (None, None)
    assert document.library.status is Status.DRAFT
    assert all(entry.unreviewed for entry in document.entries)
    assert document.library.organisation == "Example Trust"
    assert "unreviewed" in page
    assert "error" in page


def test_the_audit_record_tells_which_file_became_what(pharmacist):
    """File name, its hash, the layout's hash and the counts stand in rows that verify."""
    handed_in(pharmacist, plain())
    confirmed(pharmacist, newest())
    rows = list(AuditRow.objects.filter(action__startswith="import.").order_by("seq"))
    assert [row.action for row in rows] == ["import.hand_in", "import.read", "import.confirm"]
    assert rows[0].after_hash == newest().sha256
    for part in ("library.csv", newest().sha256, newest().mapping_sha256, "3 entries made, 0 rows left out"):
        assert part in rows[2].reason
    assert rows[2].role == "library_pharmacist"
    assert verify(list(records())) == ()


def test_a_file_becomes_something_once(pharmacist):
    """A second confirmation, from another window, makes nothing more."""
    handed_in(pharmacist, plain())
    upload = newest()
    confirmed(pharmacist, upload)
    confirmed(pharmacist, upload, name="Another")
    assert not Version.objects.filter(library__name="Another").exists()


def test_the_same_file_twice_is_told(pharmacist):
    """By its bytes, whatever it is called; with what became of it."""
    handed_in(pharmacist, plain())
    confirmed(pharmacist, newest())
    page = handed_in(pharmacist, plain(), name="again.csv").content.decode()
    assert "This same file was handed in before" in page
    assert "became version 1.0.0" in page


def test_a_name_that_another_library_has_is_refused(pharmacist):
    """Two libraries of one name would be mistaken for each other."""
    handed_in(pharmacist, plain())
    answer = confirmed(pharmacist, newest(), name="Adult")
    assert answer.status_code == 422
    assert "a name that no other library has" in answer.content.decode()


@pytest.mark.parametrize("name", ["reader", "checker", "committee", "maker"])
def test_only_a_library_pharmacist_imports(signed_in, library, name):
    """Others are told whose it is."""
    answer = signed_in(name).get(HERE)
    assert answer.status_code == 403
    assert "library pharmacist" in answer.content.decode()


def test_another_trust_sees_nothing_of_a_file(pharmacist):
    """A number alone opens nothing."""
    handed_in(pharmacist, plain())
    assert pharmacist.get(f"/another-trust/imports/{newest().pk}").status_code == 404
    assert pharmacist.get(f"{HERE}/{newest().pk + 1}").status_code == 404


def test_a_page_of_rows_costs_few_queries(pharmacist, django_assert_max_num_queries):
    """However many rows a file has, a page reads those that it shows."""
    handed_in(pharmacist, plain())
    with django_assert_max_num_queries(12):
        pharmacist.get(f"{HERE}/{newest().pk}?rows=all")


@pytest.mark.parametrize(
    "name", ["vendor/alaris-sample.xlsx", "vendor/baxter-sample.xlsx", "trust/vendor-export-2018.xlsx"]
)
def test_the_vendors_samples_are_recognised(pharmacist, name):
    """Each by its own layout, from the export as it is."""
    handed_in(pharmacist, (ROOT / "examples" / name).read_bytes(), name=Path(name).name)
    assert newest().state == Upload.State.READ
    assert newest().mapping_name == ("baxter" if "baxter" in name else "alaris")
    assert newest().account["rows_left_out"] == 0


def test_the_export_of_a_whole_trust_is_read_beside(pharmacist, monkeypatch):
    """Nobody waits at a page that does not answer while hundreds of rows are read under each layout."""
    queued = []
    monkeypatch.setattr("openinfusion.web.imports.tasks.recognise_file", SimpleNamespace(enqueue=queued.append))
    content = (ROOT / "examples/trust/vendor-export-2018.xlsx").read_bytes()
    page = handed_in(pharmacist, content, name="export.xlsx").content.decode()
    assert queued == [newest().pk]
    assert "Waiting for its turn" in page


def rows_in(page: str) -> list[str]:
    return re.findall(r"<h3[^>]*>[^<]*, row (\d+)", page)


def test_rows_are_shown_by_the_kind_of_what_is_wrong(pharmacist):
    """Each kind of the account leads to its rows and to no other; a kind that there is none of shows what is marked."""
    handed_in(pharmacist, plain((",0.5,2", ",O.5,2"), (",mg/h,", ",mgs/hr?,")))
    upload = newest()
    for kind, rows in {"value left out": ["2"], "row left out": ["4"]}.items():
        page = pharmacist.get(f"{HERE}/{upload.pk}", {"kind": kind}).content.decode()
        assert rows_in(page) == rows
        words = next(one["words"] for one in upload.account["kinds"] if one["key"] == kind)
        assert f"Rows of one kind: {words}" in page
    assert rows_in(pharmacist.get(f"{HERE}/{upload.pk}", {"kind": "row"}).content.decode()) == ["2", "4"]
    everything = pharmacist.get(f"{HERE}/{upload.pk}", {"rows": "all"}).content.decode()
    assert "Show only: 1 value is left out" in everything
