"""Reading back what was typed into the vendor's editor: one slip is found, and two people are needed."""

import io
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openinfusion.web.audit.models import AuditRow
from openinfusion.web.imports.models import ReadBackRecord
from openinfusion.web.imports.transcription import why_not_transcribed
from openinfusion.web.library.models import Version
from tests.web.import_files import plain

HERE = "/example-trust/imports"


@pytest.fixture
def version(signed_in) -> Version:
    """A version of three entries, imported from a table."""
    client = signed_in("author")
    answer = client.post(HERE, {"file": SimpleUploadedFile("approved.csv", plain())})
    form = {"becomes": "new", "name": "Small", "version": "1.0.0", "agree": ["POPULATION"]}
    client.post(f"{answer['location']}/confirm", form)
    return Version.objects.get(library__name="Small")


def read_back(client, version: Version, content: bytes, typist, name: str = "editor.csv") -> ReadBackRecord:
    form = {"file": SimpleUploadedFile(name, content), "typist": typist}
    answer = client.post(f"/example-trust/libraries/{version.library.slug}/1/read-backs", form)
    assert answer.status_code == 302, answer.content.decode()
    return ReadBackRecord.objects.latest("pk")


def test_a_version_that_nobody_read_back_is_not_transcribed(version):
    """Nothing is taken for right because nobody looked."""
    assert why_not_transcribed(version) == "no export of the vendor's editor has been compared with this version"


def test_one_typing_error_is_found_with_its_place(signed_in, person, version):
    """5 where 0.5 was approved: the field, both values, how far apart, and the cell."""
    record = read_back(signed_in("author"), version, plain((",0.5,2", ",5,5")), person("author").pk)
    page = signed_in("checker").get(f"/example-trust/read-backs/{record.pk}").content.decode()
    assert "2 differences" in page
    assert "10 times the approved" in page
    assert "row 2, column I" in page
    assert record.differences[0]["field"] == "dose.hard_max"  # the graver first
    assert why_not_transcribed(version).startswith("2 differences between the vendor's editor and the version")


def test_who_typed_does_not_confirm(signed_in, person, version):
    """Nobody sees their own slip; somebody else looks, and then it counts as transcribed."""
    record = read_back(signed_in("author"), version, plain(), person("checker").pk)
    assert "waits to be confirmed by somebody other than Chris Checker" in why_not_transcribed(version)
    refused = signed_in("checker").post(f"/example-trust/read-backs/{record.pk}/confirm")
    assert refused.status_code == 422
    assert why_not_transcribed(version)
    record = read_back(signed_in("author"), version, plain(), person("author").pk)
    done = signed_in("checker").post(f"/example-trust/read-backs/{record.pk}/confirm")
    assert done.status_code == 302
    assert why_not_transcribed(version) is None


def test_whoever_types_under_a_name_is_known_by_it(signed_in, person, version):
    """Naming the typist by hand is no way round."""
    form = {"file": SimpleUploadedFile("x.csv", plain()), "typist": "other", "typist_name": " chris  CHECKER "}
    signed_in("author").post("/example-trust/libraries/small/1/read-backs", form)
    record = ReadBackRecord.objects.latest("pk")
    assert signed_in("checker").post(f"/example-trust/read-backs/{record.pk}/confirm").status_code == 422


def test_only_the_newest_read_back_counts(signed_in, person, version):
    """What the editor held last month says nothing of today."""
    agreed = read_back(signed_in("author"), version, plain(), person("author").pk)
    signed_in("checker").post(f"/example-trust/read-backs/{agreed.pk}/confirm")
    read_back(signed_in("author"), version, plain((",4,10", ",4,100")), person("author").pk)
    assert why_not_transcribed(version).startswith("1 difference")


def test_rows_that_cannot_be_read_keep_it_from_counting(signed_in, person, version):
    """A row that was left out was not compared."""
    extra = plain() + b"Ward 7,adrenaline,continuous,5,mgs?,50,mL,mg/h,1,2\n"
    record = read_back(signed_in("author"), version, extra, person("author").pk)
    assert record.differences == []
    assert why_not_transcribed(version).startswith("in the export 1 row is left out")


def test_an_export_that_is_none_is_told_and_does_not_count(signed_in, person, version):
    """A picture is no agreement."""
    record = read_back(signed_in("author"), version, b"colour,size\nred,3\n", person("author").pk)
    page = signed_in("author").get(f"/example-trust/read-backs/{record.pk}")
    assert page.status_code == 200
    assert why_not_transcribed(version)


def test_the_example_trust_reads_back_its_export_of_2018(signed_in, person, library):
    """Every difference of a whole library stands, and the deed is in the audit record."""
    file = Path(__file__).resolve().parents[2] / "examples/trust/vendor-export-2018.xlsx"
    form = {"file": SimpleUploadedFile(file.name, file.read_bytes()), "typist": person("author").pk}
    signed_in("author").post("/example-trust/libraries/adult/1/read-backs", form)
    record = ReadBackRecord.objects.latest("pk")
    assert record.entries_compared > 400
    row = AuditRow.objects.get(action="read_back.compare")
    assert record.upload.sha256 in row.reason
    assert record.version.sha256 in row.reason


def test_differences_are_taken_along_without_formulas(signed_in, person, version):
    """A drug that is called like a formula is text in both kinds of file."""
    export = plain() + b'Ward 7,"=HYPERLINK(""http://x"")",continuous,5,mg,50,mL,mg/h,1,2\n'
    record = read_back(signed_in("author"), version, export, person("author").pk)
    text = signed_in("reader").get(f"/example-trust/read-backs/{record.pk}/differences.csv").content.decode("utf-8-sig")
    assert not any(cell.startswith(("=", '"=')) for line in text.splitlines() for cell in line.split(","))
    book = signed_in("reader").get(f"/example-trust/read-backs/{record.pk}/differences.xlsx").content
    sheet = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}


def test_a_version_is_taken_along_with_its_hash(signed_in, version):
    """The canonical bytes, whose hash is the version's identity; and its entries as tables."""
    base = "/example-trust/libraries/small/1/export"
    document = signed_in("reader").get(f"{base}.json")
    assert document["X-Content-SHA256"] == version.sha256
    assert "noradrenaline" in signed_in("reader").get(f"{base}.csv").content.decode("utf-8-sig")
    assert signed_in("reader").get(f"{base}.xlsx").content.startswith(b"PK")
    assert signed_in("reader").get(f"{base}.exe").status_code == 404
