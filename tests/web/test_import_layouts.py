"""Choosing what columns mean: kept as the same text that the command line reads, and used again by itself."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openinfusion.adapters.tables.mapping import mapping_from_text
from openinfusion.web.imports.choosing import Choice, Chosen, layout_text, wrongs
from openinfusion.web.imports.models import ImportMapping, Upload

HERE = "/example-trust/imports"
FOREIGN = (
    "Pump data 2026,,,,,,\n"
    "Ward name,Medicine,mg in syringe,mL in syringe,Top speed,Warn above,Shelf\n"
    "ICU,noradrenaline,4,50,0.5,0.3,A1\n"
    "ICU,morphine,50,50,10,5,A2\n"
    "Ward 7,morphine,50,50,8,4,A2\n"
)
FIELDS = ("care_area", "drug", "concentration.amount", "concentration.volume", "dose.hard_max", "dose.soft_max", "-")
UNITS = ("", "", "mg", "mL", "mg/h", "mg/h", "")


@pytest.fixture
def pharmacist(signed_in):
    """A library pharmacist."""
    return signed_in("author")


def handed_in(client, content: str = FOREIGN, name: str = "foreign.csv"):
    client.post(HERE, {"file": SimpleUploadedFile(name, content.encode())})
    return Upload.objects.latest("pk")


def choices(**changed: str) -> dict[str, str]:
    said = {"sheet": "0", "first": "2", "last": "2", "name": "Other maker 2026", "type_of_all": "continuous"}
    said |= {f"field-{number}": field for number, field in enumerate(FIELDS)}
    said |= {f"unit-{number}": unit for number, unit in enumerate(UNITS)}
    return said | changed


def test_a_file_that_no_layout_fits_asks_what_its_columns_mean(pharmacist):
    """Each column stands with its header and three of its values; the header's row is found."""
    upload = handed_in(pharmacist)
    assert upload.state == Upload.State.UNMAPPED
    page = pharmacist.get(f"{HERE}/{upload.pk}/columns").content.decode()
    for shown in ("Ward name", "Medicine", "noradrenaline", "Top speed", "0.5"):
        assert shown in page


def test_what_is_chosen_is_kept_and_read(pharmacist):
    """The layout is kept under its name as text that reads back, and the file is read by it."""
    upload = handed_in(pharmacist)
    page = pharmacist.post(f"{HERE}/{upload.pk}/columns", choices(), follow=True).content.decode()
    assert "3 entries will be made, 0 rows left out" in page
    kept = ImportMapping.objects.get(name="Other maker 2026")
    assert mapping_from_text(kept.text, where="kept").name == "Other maker 2026"
    taken = pharmacist.get(f"{HERE}/layouts/{kept.pk}.toml")
    assert taken.content.decode() == kept.text


def test_the_next_export_is_recognised_by_itself(pharmacist):
    """Laid out alike, with other values and another name."""
    pharmacist.post(f"{HERE}/{handed_in(pharmacist).pk}/columns", choices())
    again = handed_in(pharmacist, FOREIGN.replace("0.5,0.3", "0.6,0.4"), name="next year.csv")
    assert (again.state, again.mapping_name) == (Upload.State.READ, "Other maker 2026")


def test_an_export_that_lacks_a_chosen_column_is_not_read_without_it(pharmacist):
    """A column of limits that is gone must not become a library without these limits."""
    pharmacist.post(f"{HERE}/{handed_in(pharmacist).pk}/columns", choices())
    again = handed_in(pharmacist, FOREIGN.replace("Top speed", "Colour"))
    assert again.state == Upload.State.UNMAPPED
    assert again.library is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"unit-4": ""}, "Say the unit"),
        ({"unit-4": "mgs per fortnight"}, "The unit is"),
        ({"field-1": ""}, "name of the drug"),
        ({"field-5": "dose.hard_max"}, "Another column is"),
        ({"type_of_all": ""}, "what type all rows are"),
        ({"name": ""}, "Give the layout a name"),
        ({"name": "alaris"}, "give yours a name of its own"),
        ({"field-0": "no.such.field"}, "Choose one of the fields"),
    ],
)
def test_choices_that_cannot_stand_are_told(pharmacist, changed, why):
    """Beside the column, before anything is read: a number without a unit is no limit."""
    answer = pharmacist.post(f"{HERE}/{handed_in(pharmacist).pk}/columns", choices(**changed))
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not ImportMapping.objects.exists()


@pytest.mark.parametrize(
    "header", ['say "mg"', "back\\slash", "tab\there", "line\nbreak", "\x7f", "{}=[x]", "ä–µ", "#no"]
)
def test_any_header_becomes_a_layout_that_reads(header):
    """Whatever a vendor writes above a column, the text that is kept says the same."""
    chosen = Chosen(
        name=header,
        about="a test",
        sheet="*",
        choices=(Choice(header=header, field="drug"), Choice(header="b", field="-")),
        type_of_all="continuous",
        area_of_all="ICU",
        blanks=(header,),
    )
    assert list(wrongs(chosen)) == []
    read = mapping_from_text(layout_text(chosen), where="text")
    assert (read.name, read.sheets[0].columns[0].header, read.blanks) == (header, header, (header,))


def test_a_layout_may_be_written_as_text(pharmacist):
    """What is wrong in it is told with its place; what is right is kept and read by."""
    upload = handed_in(pharmacist)
    pharmacist.post(f"{HERE}/{upload.pk}/columns", choices())
    text = ImportMapping.objects.latest("pk").text
    bad = pharmacist.post(f"{HERE}/{upload.pk}/text", {"text": text.replace("dose.hard_max", "dose.hardest")})
    assert bad.status_code == 422
    assert "dose.hardest" in bad.content.decode()
    pharmacist.post(f"{HERE}/{upload.pk}/text", {"text": text.replace("Other maker 2026", "By hand")})
    upload.refresh_from_db()
    assert (upload.state, upload.mapping_name) == (Upload.State.READ, "By hand")


def test_layouts_of_another_trust_are_not_there(signed_in, library):
    """A number alone opens nothing."""
    assert signed_in("author").get(f"{HERE}/layouts/999.toml").status_code == 404
