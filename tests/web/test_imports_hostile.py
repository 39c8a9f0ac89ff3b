"""Files that mean harm, or that nobody meant to send: refused in words, never run, and never a broken page."""

import io
import zipfile
import zlib

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from openinfusion.web.imports import receiving
from openinfusion.web.imports.models import Upload
from openinfusion.web.imports.receiving import look_into, plain_name
from tests.web.import_files import PLAIN, plain, rows_of_plain, saved, with_part, workbook

HERE = "/example-trust/imports"
ODD = 1_234_567
SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha">'
    + b"".join(b'<!ENTITY b%d "%s">' % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><worksheet>&b11;</worksheet>"
)


@pytest.fixture
def pharmacist(signed_in):
    """A library pharmacist."""
    return signed_in("author")


def answer(client, content: bytes, name: str):
    return client.post(HERE, {"file": SimpleUploadedFile(name, content)}, follow=True)


def bomb() -> bytes:
    """Return a workbook with a sheet of much nothing."""
    return with_part(SHEET, b"0" * (3 * 2**20), instead=True)


def lying(claimed: int) -> bytes:
    """Return a workbook whose sheet claims another size than it has."""
    content = bytearray(with_part(SHEET, b"0" * ODD, instead=True))
    true = ODD.to_bytes(4, "little")
    assert true in content
    return bytes(content.replace(true, claimed.to_bytes(4, "little")))


def crowded() -> bytes:
    """Return a workbook of thousands of parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for number in range(3000):
            made.writestr(f"xl/worksheets/sheet{number}.xml", b"")
    return out.getvalue()


def nested() -> bytes:
    """Return a workbook with a zip in it, in which there is another."""
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("inner.zip", zlib.compress(b"0" * 2**20))
    return with_part("xl/inner.zip", inside.getvalue())


def sheet_of(rows: int) -> bytes:
    return workbook([["Care area", "Drug", "Type"], *([["ICU", "x", "continuous"]] * rows)])


BAD = {
    "bomb.xlsx": (bomb, "when unpacked"),
    "lying-low.xlsx": (lambda: lying(10), "damaged workbook"),
    "lying-high.xlsx": (lambda: lying(2**31), "when unpacked"),
    "crowded.xlsx": (crowded, "3,000 parts"),
    "nested.xlsx": (nested, "a part that is no sheet"),
    "laughs.xlsx": (lambda: with_part(SHEET, LAUGHS, instead=True), "a document type"),
    "late-laughs.xlsx": (
        lambda: with_part(SHEET, b"<!--" + b" " * 9000 + b"-->" + LAUGHS, instead=True),
        "a document type",
    ),
    "macros.xlsx": (lambda: with_part("xl/vbaProject.bin", b"x"), "macros"),
    "links.xlsx": (lambda: with_part("xl/externalLinks/externalLink1.xml", b"<x/>"), "links to other workbooks"),
    "object.xlsx": (lambda: with_part("xl/embeddings/oleObject1.bin", b"x"), "embedded files"),
    "climbing.xlsx": (lambda: with_part("../../etc/x.xml", b"<x/>"), "a part outside of the workbook"),
    "program.xlsx": (lambda: with_part("xl/run.exe", b"MZ"), "a part that is no sheet"),
    "twice.xlsx": (lambda: with_part("XL/WORKSHEETS/SHEET1.XML", b"<x/>"), "two parts of one name"),
    "picture.xlsx": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "no workbook"),
    "picture.csv": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "UTF-8"),
    "book.csv": (lambda: workbook(rows_of_plain()), "a workbook or another zip file"),
    "empty.csv": (lambda: b"", "an empty file"),
    "blanks.csv": (lambda: b" \r\n\t", "an empty file"),
    "table.xlsm": (lambda: workbook(rows_of_plain()), "a name that ends in .xlsx or .csv"),
    "page.html": (lambda: b"<script>alert(1)</script>", "a name that ends in .xlsx or .csv"),
    "columns.csv": (lambda: b"a" + b"," * (9 * 2**20), "columns"),
    "wide.xlsx": (lambda: workbook([[f"c{n}" for n in range(1500)]]), "1,500 columns"),
    "long.xlsx": (lambda: sheet_of(200), "rows"),
    "nul.csv": (lambda: PLAIN.encode() + b"a\0b,x\n", "a zero byte"),
    "utf16.csv": (lambda: PLAIN.encode("utf-16"), "UTF-16"),
    "too-large.csv": (lambda: b"a,b\n" * (3 * 2**20), "larger than 10 MiB"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_words(pharmacist, monkeypatch, name):
    """What was found stands on the page; nothing is made, and no page breaks."""
    monkeypatch.setattr(receiving, "MAX_ROWS", 100)
    monkeypatch.setattr(receiving, "MAX_UNPACKED", 2 * 2**20)
    made, found = BAD[name]
    got = answer(pharmacist, made(), name)
    assert got.status_code in (200, 422)
    assert found in got.content.decode()
    assert not Upload.objects.filter(state__in=(Upload.State.READ, Upload.State.MADE)).exists()


@pytest.mark.parametrize(
    "content", [PLAIN.encode("utf-8-sig"), PLAIN.replace(",", ";").encode(), PLAIN.replace(",", "\t").encode()]
)
def test_text_as_spreadsheets_write_it_is_read(pharmacist, content):
    """A byte order mark, semicolons and tabs are no harm."""
    answer(pharmacist, content, "table.csv")
    assert Upload.objects.latest("pk").account["entries"] == 3


def test_a_decimal_comma_is_not_read_as_another_number(pharmacist):
    """0,5 is told, and never becomes 5 or 0."""
    page = answer(pharmacist, PLAIN.replace(",", ";").replace("0.5", "0,5").encode(), "comma.csv").content.decode()
    assert "&#39;0,5&#39;" in page
    assert "Value left out" in page


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "{% raw %}"]
)
def test_what_cells_and_headers_say_stays_text(pharmacist, text):
    """Markup in a cell, a header, a sheet's name or a file's name is shown, and is nothing else."""
    rows = [[*rows_of_plain()[0], text], ["Adult ICU", text, "continuous", 4, "mg", 50, "mL", text, 1, 2, text]]
    rows.append(["Adult ICU", text, "continuous", 4, "mg", 50, "mL", "mg/h", 1, 2, text])
    page = answer(pharmacist, workbook(rows, sheet="<b>bold"), f"a{text.replace('/', '')}.xlsx").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>bold" not in page
    assert "{{ 7*7 }}" in page or "7*7" not in text


def test_a_formula_is_not_computed(pharmacist):
    """Of a formula only a stored result is read; without one the cell is told."""
    book = Workbook()
    for row in rows_of_plain():
        book.worksheets[0].append(row)
    book.worksheets[0]["I2"] = '=HYPERLINK("http://example.org", 0.5)'
    page = answer(pharmacist, saved(book), "formula.xlsx").content.decode()
    assert "a formula without a stored result" in page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\x\\library.xlsx", "library.xlsx"),
        ("a\nb\u202ecsv.csv", "abcsv.csv"),
        ("", "unnamed"),
        ("x" * 500 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_a_file_name_is_a_name_and_no_place(name, shown):
    """It never says where a file is kept."""
    assert plain_name(name) == shown


def test_a_file_lies_under_a_name_of_our_own(pharmacist):
    """Nothing that the sender chose is in it, and no address leads there."""
    answer(pharmacist, plain(), "../evil.csv")
    upload = Upload.objects.latest("pk")
    assert "evil" not in upload.kept
    assert default_storage.open(upload.kept).read() == plain()
    assert pharmacist.get(f"/static/{upload.kept}").status_code == 404
    assert pharmacist.get(f"/{upload.kept}").status_code == 404


def test_sizes_that_a_zip_claims_bound_what_is_unpacked():
    """A part that claims little gives no more than that; it is then damaged."""
    assert look_into(lying(10), "x.xlsx") < ODD


@pytest.mark.parametrize("number", range(3))
def test_a_form_without_its_token_is_refused(person, number):
    """Another site's page cannot hand a file in."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("author"), backend="allauth.account.auth_backends.AuthenticationBackend")
    addresses = (HERE, f"{HERE}/1/confirm", f"{HERE}/1/columns")
    assert client.post(addresses[number], {}).status_code == 403
