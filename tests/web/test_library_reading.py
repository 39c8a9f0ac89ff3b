"""What pages of libraries say: differences, findings, history, one drug side by side; and at what cost."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.utils.html import strip_tags

from openinfusion.adapters.documents import convert
from openinfusion.core.difference import Change, difference
from openinfusion.core.review import review
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.library.compared import between, compare, kinds_in, summary
from openinfusion.web.library.history import history_of, values_of
from openinfusion.web.library.models import Accepted, DrugLibrary, Part, Span, Version
from openinfusion.web.library.names import entry_of, names_of
from openinfusion.web.library.reviewed import findings_about, keep_review, review_of
from openinfusion.web.library.rows import rows_of
from openinfusion.web.library.side_by_side import compare_areas
from openinfusion.web.library.store import add_version, library_of

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
TODAY = date(2026, 11, 29)


def changed(version, label, *, drop=(), **limits):
    """Return the document of a version under another label, with the doses of its first entry changed."""
    document = library_of(version)
    first, *rest = (one for one in document.entries if one.id not in drop)
    if limits:
        first = replace(first, dose=replace(first.dose, **limits))
    return replace(document, library=replace(document.library, version=label), entries=(first, *rest))


def add(library, document, person):
    return add_version(
        library, document, origin=Version.Origin.CHANGE, by=person("author"), at=AT, note="because of a trial"
    )


def test_a_difference_is_that_of_the_whole_documents(library):
    """What is computed from the rows that differ says the same as core does of both documents in full."""
    old, new = library.versions.order_by("number")
    found = difference(library_of(old), library_of(new))
    kept = between(old, new)
    assert tuple(convert(row, Change, where="change") for row in kept.changes) == found.changes
    assert kept.entries_unchanged == found.entries_unchanged
    assert kinds_in(kept.counts) == list(found.count())


def test_a_difference_is_kept_when_a_version_is_made_and_not_computed_again(library, person, django_assert_num_queries):
    """The page of a difference reads one row."""
    newest = library.versions.last()
    made = add(library, changed(newest, "1.2.0", hard_max=None, soft_max=None), person)
    with django_assert_num_queries(1):
        assert between(newest, made).counts


def test_a_large_difference_is_left_to_the_worker(library, signed_in, monkeypatch, settings):
    """Until it is there, the page says so and asks again."""
    monkeypatch.setattr("openinfusion.web.library.compared.AT_ONCE", 0)
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend"}}
    response = signed_in("reader").get("/example-trust/libraries/adult/differences/2/1")
    assert response.status_code == 202
    assert "being compared" in response.content.decode()


def test_both_ways_of_a_difference_have_as_many_changes(library):
    """Going back undoes what going on did."""
    old, new = library.versions.order_by("number")
    assert len(compare(new, old).changes) == len(compare(old, new).changes)


def test_counts_are_words():
    """The gravest first; the noun takes the plural, whatever stands before it."""
    said = {"limit removed": 1, "entry added": 2, "care area removed": 3, "drug, patients, route or type changed": 4}
    assert summary(said) == [
        "1 limit removed",
        "4 × drug, patients, route or type changed",
        "2 entries added",
        "3 care areas removed",
    ]


def test_findings_are_those_of_review(library):
    """Every finding of core is a row, in its order, at its item and field."""
    version = library.versions.last()
    parent = library_of(library.versions.first())
    found = review(library_of(version), at=TODAY, parent=parent).findings
    keep_review(version, on=TODAY)
    kept = list(version.findings.all())
    assert [(one.rule, one.item, one.message) for one in kept] == [
        (one.rule.id, one.place.item, one.message) for one in found
    ]
    assert all(one.path.endswith(one.field) for one in kept)


def test_review_runs_once(library):
    """The second reader of a version sees what the first had run."""
    version = library.versions.last()
    assert review_of(version) == review_of(version)


def test_an_accepted_finding_shows_its_reason_until_its_day(library, person):
    """Afterwards it is open again, and so it is for another sentence."""
    version = library.versions.last()
    keep_review(version, on=TODAY)
    one = version.findings.exclude(item="").first()
    said = {"rule": one.rule, "item": one.item, "reason": "Seen", "role": "checker", "by": person("checker")}
    Accepted.objects.create(library=library, message=one.message, until=TODAY, **said)
    about = {found.finding.pk: found.accepted for found in findings_about(version, one.item, on=TODAY)}
    assert about[one.pk].reason == "Seen"
    later = findings_about(version, one.item, on=date(2026, 11, 30))
    assert all(found.accepted is None for found in later)


def test_the_history_of_a_limit_says_who_changed_it_when_and_why(library, person):
    """Each version that touched an entry is a step, and each value knows since when it stands."""
    first = library_of(library.versions.last()).entries[0]
    was = first.dose.hard_max or first.dose.soft_max
    name = "hard_max" if first.dose.hard_max else "soft_max"
    made = add(library, changed(library.versions.last(), "1.2.0", **{name: was * 2}), person)
    span = Span.objects.at(made).get(part=Part.ENTRY, item=first.id)
    history = history_of(span, names_of(made))
    newest = history.steps[0]
    assert (newest.version.label, newest.version.made_by.name) == ("1.2.0", "Amal Author")
    assert "limit widened" in {change.kind.value for change in newest.changes}
    assert history.steps[-1].is_first
    assert history.since[f"dose.{name}"].label == "1.2.0"
    others = {history.since[path].label for path in values_of(first) if path != f"dose.{name}"}
    assert "1.2.0" not in others


def test_an_entry_that_went_and_came_back_says_so(library, person):
    """A value stands since it came back, not since it first was there."""
    newest = library.versions.last()
    gone = library_of(newest).entries[-1].id
    add(library, changed(newest, "1.2.0", drop=(gone,)), person)
    made = add(library, changed(newest, "1.3.0"), person)
    history = history_of(Span.objects.at(made).get(part=Part.ENTRY, item=gone), names_of(made))
    assert [step.version.label for step in history.steps][:2] == ["1.3.0", "1.2.0"]
    assert history.steps[1].is_removal
    assert {one.label for one in history.since.values()} == {"1.3.0"}


def test_another_strength_goes_on_with_the_history(library):
    """An entry whose id carries its strength did not begin when the strength was changed."""
    newest = library.versions.last()
    span = Span.objects.at(newest).get(part=Part.ENTRY, drug="fentanyl", care_area__endswith="neuro", kind="continuous")
    history = history_of(span, names_of(newest))
    assert [step.version.label for step in history.steps] == ["1.1.0", "1.0.0"]
    assert "concentration fixed" in {change.kind.value for change in history.steps[0].changes}


def test_side_by_side_says_in_words_what_differs(library):
    """A limit that is another in one area is marked with how many times that of most it is."""
    version = library.versions.last()
    names = names_of(version)
    spans = Span.objects.at(version).filter(part=Part.ENTRY, drug="fentanyl")
    alike = next(one for one in compare_areas(rows_of(version, names, spans)) if len(one.lines) == 3)
    assert alike.differing == 0
    rows = [line.row for line in alike.lines]
    limits = rows[0].main
    other = replace(rows[0], entry=replace(rows[0].entry, dose=replace(limits, soft_max=limits.soft_max / 2)))
    [table] = compare_areas([other, *rows[1:]])
    assert [one.cells["soft_max"].differs for one in table.lines] == ["0.5 times that of most", "", ""]
    none = replace(rows[0], entry=replace(rows[0].entry, dose=replace(limits, soft_max=None)))
    [table] = compare_areas([none, *rows[1:]])
    assert table.lines[0].cells["soft_max"].differs == f"most: {limits.quantity('soft_max')}"


@pytest.fixture
def address_of_fentanyl(library):
    span = Span.objects.at(library.versions.last()).filter(part=Part.ENTRY, drug="fentanyl").first()
    return f"/example-trust/libraries/adult/2/entries/{span.item}"


PAGES = (
    "",
    "/adult",
    "/adult/2",
    "/adult/2?q=fent&findings=1&high_alert=1",
    "/adult/2/drugs",
    "/adult/2/drugs/fentanyl",
    "/adult/2/findings",
    "/adult/2/areas/theatres/sheet",
    "/adult/2/note",
    "/adult/differences/1/2",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_the_database_a_few_times(signed_in, library, page, django_assert_max_num_queries):
    """However many entries it shows; sixteen are the session, the person, their duties and the page's own."""
    client = signed_in("reader")
    client.get(f"/example-trust/libraries{page}")
    with django_assert_max_num_queries(16):
        assert client.get(f"/example-trust/libraries{page}").status_code == 200


def test_the_page_of_an_entry(signed_in, address_of_fentanyl, django_assert_max_num_queries):
    """It shows limits in words with their units, where they come from, and its number line under a name of its own."""
    client = signed_in("reader")
    client.get(address_of_fentanyl)
    with django_assert_max_num_queries(18):
        page = client.get(address_of_fentanyl).content.decode()
    assert "fentaNYL" in page
    assert '<span class="oi-dose">50 micrograms</span>' in page
    assert "Not for clinical use" in page
    _, _, rest = page.partition(f'<img src="{address_of_fentanyl}/lines/')
    line = client.get(f"{address_of_fentanyl}/lines/{rest.partition(chr(34))[0]}")
    assert line["content-type"] == "image/svg+xml"
    assert "immutable" in line["cache-control"]
    assert b"hard maximum" in line.content


@pytest.mark.parametrize("path", ["lines/dose/0.svg", "lines/none/0.svg", "lines/dose/..%2f.svg"])
def test_a_picture_of_other_content_is_not_there(signed_in, address_of_fentanyl, path):
    """Its name is its content, so that nobody keeps an old one under it."""
    assert signed_in("reader").get(f"{address_of_fentanyl}/{path}").status_code == 404


@pytest.mark.parametrize(
    "page",
    [
        "/nowhere",
        "/adult/9",
        "/adult/2/drugs/nothing",
        "/adult/2/entries/nothing",
        "/adult/2/areas/nothing/sheet",
        "/adult/differences/1/9",
        "/theirs",
        "/theirs/1",
        "/adult/differences/1/1000000",
    ],
)
def test_what_is_not_of_the_organisation_is_not_there(signed_in, library, page):
    """A mistyped address and the library of another organisation have one answer."""
    other = Organisation.objects.create(slug="another-trust", name="Another Trust")
    theirs = DrugLibrary.objects.create(organisation=other, slug="theirs", name="Theirs")
    add_version(theirs, library_of(library.versions.last()), origin=Version.Origin.IMPORTED, by=None, at=AT)
    client = signed_in("reader")
    assert client.get(f"/example-trust/libraries{page}").status_code == 404
    assert client.get(f"/another-trust/libraries{page}").status_code == 404


@pytest.mark.parametrize("said", ["page=x", "page=-1", "page=99999", "q=" + "%25" * 500, "drug=%27--", "kind=x"])
def test_odd_addresses_are_answered(signed_in, library, said):
    """Whatever stands behind the question mark, the answer is a page."""
    assert signed_in("reader").get(f"/example-trust/libraries/adult/2?{said}").status_code == 200


def test_an_address_that_no_keyboard_types_is_refused(signed_in, library):
    """PostgreSQL keeps no NUL; nobody's search has one."""
    assert signed_in("reader").get("/example-trust/libraries/adult/2?q=%00").status_code == 400


def test_what_is_typed_is_shown_as_text(signed_in, library):
    """Angle brackets in a search do not become part of the page."""
    page = signed_in("reader").get("/example-trust/libraries/adult/2?q=<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in page


def test_a_search_without_a_page_around_it(signed_in, library):
    """Htmx gets the entries alone."""
    response = signed_in("reader").get("/example-trust/libraries/adult/2?q=FENT", headers={"HX-Request": "true"})
    text = response.content.decode()
    assert "<html" not in text
    assert "fentaNYL" in text


def test_a_comparison_is_chosen_from_two_lists(signed_in, library):
    """The form leads to an address that can be sent to others."""
    client = signed_in("reader")
    chosen = client.get("/example-trust/libraries/adult/differences?old=1&new=2")
    assert chosen["location"] == "/example-trust/libraries/adult/differences/1/2"
    assert client.get("/example-trust/libraries/adult/differences?old=x")["location"].endswith("/adult")


def test_spans_and_entries_agree(library):
    """An entry read from its span is the document's own."""
    version = library.versions.last()
    document = library_of(version)
    for span in Span.objects.at(version).filter(part=Part.ENTRY)[:20]:
        assert entry_of(span) == document.find_entry(span.item)


def test_a_sheet_holds_every_entry_of_its_area(signed_in, library):
    """With its limits, and with the version and its identity where each printed page repeats them."""
    page = signed_in("reader").get("/example-trust/libraries/adult/2/areas/theatres/sheet").content.decode()
    entries = [one for one in library_of(library.versions.last()).entries if one.care_area == "theatres"]
    assert page.count('<tr class="nhsuk-table__row"><th scope="row"') == len(entries)
    head, _, _ = page.partition("</thead>")
    assert f"identity <code>{library.versions.last().sha256[:16]}" in head
    assert "Not for clinical use" in head


def test_the_note_for_nurses(signed_in, library):
    """The gravest first, what to do, and how many changes more there are; any two versions may be told apart."""
    client = signed_in("reader")
    page = strip_tags(client.get("/example-trust/libraries/adult/2/note").content.decode())
    assert "The pump now refuses a dose above 6 mg/h (before: 6 micrograms/h)." in page
    assert page.index("alfentanil") < page.index("dobutamine")
    assert client.get("/example-trust/libraries/adult/1/note").status_code == 302
    back = client.get("/example-trust/libraries/adult/1/note?since=2").content.decode()
    assert "from version 1.1.0 to 1.0.0" in back
    assert client.get("/example-trust/libraries/adult/2/note?since=2").content.decode().count("Nothing is different")
    assert client.get("/example-trust/libraries/adult/2/note?since=99").status_code == 404
