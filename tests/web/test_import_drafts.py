"""A file as the new state of a library that is there: a draft with what differs, and nothing lost."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from openinfusion.adapters.documents import to_json
from openinfusion.web.imports.models import Upload
from openinfusion.web.library.models import Draft, Part, Version
from openinfusion.web.library.store import add_version, draft_library, library_of, save_item
from tests.web.import_files import plain
from tests.web.test_library_store import AT

HERE = "/example-trust/imports"


@pytest.fixture
def pharmacist(signed_in):
    """A library pharmacist."""
    return signed_in("author")


@pytest.fixture
def version(pharmacist, person) -> Version:
    """A library of three entries, of which one has a reason that no table says, and is reviewed."""
    answer = pharmacist.post(HERE, {"file": SimpleUploadedFile("first.csv", plain())})
    form = {"becomes": "new", "name": "Small", "version": "1.0.0", "agree": ["POPULATION"]}
    pharmacist.post(f"{answer['location']}/confirm", form)
    first = Version.objects.get(library__name="Small")
    draft = Draft.objects.create(library=first.library, base=first, title="t", made_by=person("author"), made_at=AT)
    for entry in library_of(first).entries:
        content = {**to_json(entry), "device_settings": {"screen": "blue"}}
        del content["unreviewed"]
        save_item(draft, Part.ENTRY, entry.id, content=content, seen=0, by=person("author"), at=AT)
    after = draft_library(draft)
    document = after.__class__(
        library=after.library.__class__(**{**_fields(after.library), "version": "1.0.1"}),
        drugs=after.drugs,
        care_areas=after.care_areas,
        advisories=after.advisories,
        entries=after.entries,
    )
    return add_version(first.library, document, origin=Version.Origin.CHANGE, by=None, at=AT)


def _fields(value) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def compared(client, content: bytes, gone: str) -> Upload:
    answer = client.post(HERE, {"file": SimpleUploadedFile("next.csv", content)})
    form = {"becomes": "onto", "library": "small", "gone": gone}
    client.post(f"{answer['location']}/confirm", form)
    return Upload.objects.latest("pk")


def drafted(client, upload: Upload) -> Draft:
    agree = [kind["key"] for kind in upload.account["kinds"]]
    client.post(f"{HERE}/{upload.pk}/confirm", {"becomes": "onto", "library": "small", "gone": "keep", "agree": agree})
    return Draft.objects.latest("pk")


def test_a_draft_holds_what_differs_and_nothing_else(pharmacist, version):
    """One limit changed: one item, unreviewed again, and what a table cannot say is kept."""
    upload = compared(pharmacist, plain((",0.5,2", ",0.6,2")), "keep")
    page = pharmacist.get(f"{HERE}/{upload.pk}/confirm").content.decode()
    assert "0 entries new, 1 entry changed, 0 entries taken out" in page
    draft = drafted(pharmacist, upload)
    (item,) = draft.items.all()
    assert item.content["dose"]["soft_max"] == "0.6"
    assert item.content["device_settings"] == {"screen": "blue"}
    assert item.content["unreviewed"] is True


def test_the_same_values_change_nothing(pharmacist, version):
    """What was reviewed stays reviewed where the file says the same."""
    draft = drafted(pharmacist, compared(pharmacist, plain(), "keep"))
    assert not draft.items.exists()


@pytest.mark.parametrize(("gone", "left"), [("keep", 3), ("out", 2)])
def test_entries_that_the_file_lacks_stay_or_go_as_was_chosen(pharmacist, version, gone, left):
    """Never by themselves."""
    content = b"\n".join(line for line in plain().splitlines() if b"propofol" not in line)
    draft = drafted(pharmacist, compared(pharmacist, content, gone))
    assert len(draft_library(draft).entries) == left


def test_a_new_entry_finds_its_drug_and_care_area(pharmacist, version):
    """Known names become the ids that are there; a new drug comes along."""
    extra = b"ward 7,Morphine,continuous,100,mg,50,mL,mg/h,5,10\nWard 7,ketamine,continuous,50,mg,50,mL,mg/h,5,10\n"
    made = draft_library(drafted(pharmacist, compared(pharmacist, plain() + extra, "keep")))
    assert [drug.id for drug in made.drugs].count("morphine") == 1
    assert {"ketamine"} <= {drug.id for drug in made.drugs}
    assert len(made.entries) == 5


def test_a_newer_version_since_the_comparison_is_told(pharmacist, version):
    """What was shown is not what would be made."""
    upload = compared(pharmacist, plain((",0.5,2", ",0.6,2")), "keep")
    document = library_of(version)
    about = document.library.__class__(**{**_fields(document.library), "version": "1.0.2"})
    newer = document.__class__(**{**_fields(document), "library": about})
    add_version(version.library, newer, origin=Version.Origin.CHANGE, by=None, at=AT)
    before = Draft.objects.count()
    agree = [kind["key"] for kind in upload.account["kinds"]]
    form = {"becomes": "onto", "library": "small", "gone": "keep", "agree": agree}
    answer = pharmacist.post(f"{HERE}/{upload.pk}/confirm", form)
    assert answer.status_code == 422
    assert "a newer version since it was compared" in answer.content.decode()
    assert Draft.objects.count() == before
