"""What waits for whom: the first thing that a person reads, and on no page of anybody else."""

from datetime import UTC, datetime

import pytest
from django.utils.html import escape

from openinfusion.web.changes.waiting import waiting_for
from tests.web.change_people import People, text_of, write_in_full

AT = datetime(2026, 11, 29, 9, tzinfo=UTC)
START = "/example-trust/libraries"


@pytest.fixture
def people(signed_in, change):
    return People(signed_in, change.reference)


def reads(people: People, name: str, where: str = START) -> str:
    return text_of(people.client(name).get(where))


def test_a_draft_waits_for_whoever_wrote_in_it(people, change):
    """Others may propose it as well, and are not told: it is not theirs to finish."""
    assert "Waiting for you" in reads(people, "author")
    for name in ("coauthor", "mso", "champion", "reader"):
        assert "Waiting for you" not in reads(people, name), name


def test_the_next_step_waits_for_those_who_may_take_it(people, change, person):
    """Given a request in full, when it is proposed, then the triage waits for the safety officer, on both pages."""
    write_in_full(people)
    change.refresh_from_db()
    change.stage, change.content["stage"] = "proposed", "proposed"
    change.save()
    for where in (START, "/example-trust/changes/"):
        assert "To do: triage" in reads(people, "mso", where)
        assert "To do" not in reads(people, "checker", where)
    assert [one.does for one in waiting_for(change.organisation, person("mso").actor)] == ["triage"]


def test_a_request_says_at_its_head_what_comes_next_and_for_whom(people, change):
    """The author reads that it waits for them; a reader, whom it waits for."""
    assert "Next: propose – this waits for you" in people.page("author")
    assert "Next: propose – this waits for " in people.page("reader")
    assert "Next: propose – this waits for you" not in people.page("reader")
    assert "Not possible yet: first see to what is marked “Needed” above" in people.page("author")


def test_nobody_holds_the_duty_and_the_page_says_who_gives_it(people, change):
    """Given an area without a champion, when somebody looks, then they read whom to ask."""
    change.content["stage"] = change.stage = "triaged"
    change.content["areas"] = ["maternity"]
    change.save()
    assert "ask Ira Informatics to give it to somebody" in people.page("author")


def test_a_change_begins_at_the_entry_or_finding_that_it_mends(signed_in, library):
    """Given a pharmacist at a finding, when they go on, then the form knows the library, the entry and the title."""
    author = signed_in("author")
    page = author.get("/example-trust/libraries/adult/2/findings").content.decode()
    link = next(part.split('"')[0] for part in page.split('href="') if "changes/new?" in part and "entry=" in part)
    form = author.get(link.replace("&amp;", "&"))
    assert 'name="entry" value="' in form.content.decode()
    assert f'<option value="{library.slug}" selected>{escape(library.name)}</option>' in form.content.decode()
    said = {"library": library.slug, "title": "It is mended", "trigger": "other", "urgency": "routine"}
    entry = form.content.decode().split('name="entry" value="')[1].split('"')[0]
    opened = author.post("/example-trust/changes/new", said | {"entry": entry})
    assert opened["location"].endswith(f"/entries/{entry}")
    assert author.get(opened["location"]).status_code == 200
    elsewhere = signed_in("mso").post("/example-trust/changes/new", said | {"entry": entry})
    assert "/drafts/" not in elsewhere["location"], "who may not edit comes to the request"


def test_whoever_may_not_propose_is_offered_nothing(signed_in):
    """A reader's pages have no link that ends in a refusal."""
    for where in (START, "/example-trust/changes/", "/example-trust/libraries/adult/2/findings"):
        assert "changes/new" not in signed_in("reader").get(where).content.decode()


def test_what_waits_is_found_by_two_questions(django_assert_max_num_queries, change, person):
    """However many wait."""
    actor = person("author").actor
    with django_assert_max_num_queries(1):
        assert waiting_for(change.organisation, actor)
