"""Living with a finding of review: proposed with a draft, judged with its change, kept with its release."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.core.errors import AuthorError, ChangeControlError
from openinfusion.core.review import Severity, review
from openinfusion.web import example
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.changes.candidate import candidate_of, fingerprint
from openinfusion.web.changes.desk import open_change, request_of
from openinfusion.web.changes.facts import facts_of
from openinfusion.web.changes.models import Candidate, Change
from openinfusion.web.drafts.accepting import LONGEST, propose
from openinfusion.web.library.accepting import acceptances_of, keep_accepted, open_kinds
from openinfusion.web.library.becoming import document_of
from openinfusion.web.library.models import AcceptanceProposed, Accepted, DrugLibrary, Part
from openinfusion.web.library.store import item_content, library_of, save_item
from tests.web.change_people import text_of

HERE = "/example-trust/drafts"


@pytest.fixture
def change(person) -> Change:
    """A draft of the library of 2018, in which review finds thirteen errors."""
    story = DrugLibrary.objects.get(slug=example.STORY)
    made = open_change(
        story,
        title="As it was",
        trigger=Trigger.GUIDELINE,
        urgency=Urgency.ROUTINE,
        by=person("author"),
        at=timezone.now(),
    )
    entry = next(one for one in library_of(made.draft.base).entries if one.dose and one.dose.soft_max)
    content = item_content(made.draft, Part.ENTRY, entry.id) | {"rationale": "Another reason"}
    save_item(made.draft, Part.ENTRY, entry.id, content=content, seen=0, by=person("author"), at=timezone.now())
    return Change.objects.select_related("draft__base", "draft__library").get(pk=made.pk)


def errors(change: Change) -> list[dict[str, str]]:
    found = candidate_of(change, timezone.now())
    return [one for one in found.findings if one["severity"] == "error"]


def accept(client, change: Change, found: dict[str, str], **more: str):
    until = (timezone.localdate() + timedelta(days=100)).isoformat()
    said = {key: found[key] for key in ("rule", "item", "message")} | {"reason": "Local practice", "until": until}
    return client.post(f"{HERE}/{change.reference}/findings/accept", said | more)


def test_what_is_accepted_is_counted_no_more_and_stands_with_the_change(signed_in, change):
    """Thirteen errors close the gate; one accepted leaves twelve, and the page says what, why and by whom."""
    assert facts_of(change, timezone.now()).lint_errors == 13
    found, author = errors(change)[0], signed_in("author")
    assert "Open (1" in text_of(author.get(f"{HERE}/{change.reference}/findings"))
    assert accept(author, change, found).status_code == 302
    assert facts_of(change, timezone.now()).lint_errors == 12
    page = text_of(signed_in("committee").get(f"/example-trust/changes/{change.reference}"))
    assert "1 finding of the review accepted with a reason" in page
    assert "Local practice" in page
    assert found["message"] in page
    row = AuditRow.objects.get(action="propose acceptance")
    assert (row.role, row.reason) == ("library_pharmacist", "Local practice")


def ticked(page: str) -> dict[str, str]:
    """The kinds that may be accepted together, each with the words beside its box."""
    boxes = re.findall(r'name="kind" type="checkbox" value="([^"]+)".*?<label[^>]*>(.*?)</label>', page, re.DOTALL)
    return {words: mark for mark, words in boxes}


def test_all_of_a_kind_are_accepted_at_once_and_taken_back_at_once(signed_in, change):
    """Each kind is ticked by itself, with its number; what is not ticked stays open; the judges read all of it."""
    author, here = signed_in("author"), f"{HERE}/{change.reference}/findings"
    boxes = ticked(author.get(here).content.decode())
    words, mark = next((words, mark) for words, mark in boxes.items() if "Error" in words)
    number = int(re.search(r"(\d+) times", words)[1])
    until = (timezone.localdate() + timedelta(days=100)).isoformat()
    sent = author.post(f"{here}/accept-kinds", {"kind": mark, "reason": "As in use since 2018", "until": until})
    assert sent.status_code == 302
    assert facts_of(change, timezone.now()).lint_errors == 13 - number
    assert AcceptanceProposed.objects.count() == number
    row = AuditRow.objects.get(action="propose acceptance")
    assert row.object.endswith(f", {number} findings")
    page = text_of(signed_in("committee").get(f"/example-trust/changes/{change.reference}"))
    for one in AcceptanceProposed.objects.all():
        assert one.message in page
    assert page.count("As in use since 2018") == 1
    first = AcceptanceProposed.objects.first().pk
    assert author.post(f"{here}/{first}/take-back").status_code == 302
    assert facts_of(change, timezone.now()).lint_errors == 13


@pytest.mark.parametrize(
    "said, why",
    [
        ({"kind": []}, "Tick what shall be accepted"),
        ({"kind": ["C01-other"]}, "has changed since you saw it"),
        ({"reason": " "}, "Say why it can be lived with"),
        ({"until": ""}, "Say until when"),
    ],
)
def test_kinds_are_accepted_as_they_were_shown_or_not_at_all(signed_in, change, said, why):
    """A finding that came since the page was shown is nothing that anybody accepted."""
    author, here = signed_in("author"), f"{HERE}/{change.reference}/findings"
    marks = list(ticked(author.get(here).content.decode()).values())
    until = (timezone.localdate() + timedelta(days=100)).isoformat()
    refused = author.post(f"{here}/accept-kinds", {"kind": marks, "reason": "So it is", "until": until} | said)
    assert refused.status_code == 422
    assert why in text_of(refused)
    assert not AcceptanceProposed.objects.exists()
    assert signed_in("reader").post(f"{here}/accept-kinds", {"kind": marks}).status_code == 403


def test_a_finding_more_makes_another_kind(change):
    """The mark of a kind stands for exactly what it holds."""
    found = errors(change)
    kind = next(one for one in open_kinds(found) if len(one.all) > 1)
    fewer = next(one for one in open_kinds(one for one in found if one is not kind.all[0]) if one.first in kind.all)
    assert fewer.mark != kind.mark


def test_whoever_proposes_is_told_of_the_errors_that_keep_the_release_back(signed_in, change):
    """Before others have judged it, not after; and the gate says where to go."""
    author, page = signed_in("author"), f"/example-trust/changes/{change.reference}"
    assert "13 errors of the review would keep the release back" in text_of(author.get(page))
    assert f"{HERE}/{change.reference}/findings" in author.get(f"{page}/gates").content.decode()
    assert "errors of the review" not in text_of(signed_in("checker").get(page))


def test_nothing_is_counted_as_open_before_it_was_looked_at(signed_in, change):
    """Not known is not none."""
    change.candidates.all().delete()
    Candidate.objects.create(change=change, fingerprint=fingerprint(change.draft), asked_at=timezone.now())
    page = text_of(signed_in("author").get(f"{HERE}/{change.reference}/findings"))
    assert "The draft is being looked at" in page
    assert "Open (" not in page


def test_all_of_them_open_the_gate(change, person):
    """What the gate counts is what nobody accepted."""
    until = timezone.now() + timedelta(days=30)
    for found in errors(change):
        propose(change, found, reason="Local practice", until=until, by=person("author"), at=timezone.now())
    assert facts_of(change, timezone.now()).lint_errors == 0
    document = document_of(change.draft)
    accepted = acceptances_of(change.library, change.draft)
    looked = review(document, at=timezone.localdate(), parent=library_of(change.draft.base), acceptances=accepted)
    assert looked.count(Severity.ERROR) == 0
    assert len(looked.accepted) == 13


def test_a_sentence_with_other_values_is_open_again(change, person):
    """Nobody accepted the new ones; and what ended counts no more."""
    found = errors(change)[0]
    until = timezone.now() + timedelta(days=30)
    made = propose(change, found, reason="So it is", until=until, by=person("author"), at=timezone.now())
    assert facts_of(change, timezone.now()).lint_errors == 12
    assert facts_of(change, timezone.now() + timedelta(days=31)).lint_errors == 13
    AcceptanceProposed.objects.filter(pk=made.pk).update(message="another sentence")
    assert facts_of(change, timezone.now()).lint_errors == 13


def test_the_checker_is_told_how_many_and_not_which(signed_in, change):
    """A finding's sentence holds the new values."""
    found = errors(change)[0]
    accept(signed_in("author"), change, found)
    page = text_of(signed_in("checker").get(f"/example-trust/changes/{change.reference}"))
    assert "1 finding of the review accepted with a reason; hidden until you have checked" in page
    assert found["message"] not in page
    assert signed_in("checker").get(f"{HERE}/{change.reference}/findings").status_code == 403


def test_whoever_accepts_is_an_author_and_judges_nothing(signed_in, change, person):
    """A second author who accepts a finding stands beside the first, for everybody to see."""
    accept(signed_in("coauthor"), change, errors(change)[0])
    assert str(person("coauthor").pk) in request_of(Change.objects.get(pk=change.pk)).authors


@pytest.mark.parametrize("name", ["reader", "mso", "trainer", "committee"])
def test_only_whoever_may_write_in_a_draft_accepts(signed_in, change, name):
    """Others are told whose it is."""
    assert accept(signed_in(name), change, errors(change)[0]).status_code == 403
    assert not AcceptanceProposed.objects.exists()


def test_nothing_is_accepted_any_more_once_others_judge(change, signed_in):
    """They would judge something else than they saw."""
    found = errors(change)[0]
    change.content |= {"stage": "proposed"}
    change.save()
    assert accept(signed_in("author"), change, found).status_code == 422
    assert "Accept it" not in text_of(signed_in("author").get(f"{HERE}/{change.reference}/findings"))


@pytest.mark.parametrize(
    "more, why",
    [
        ({"reason": " "}, "Say why it can be lived with"),
        ({"until": ""}, "Say until when"),
        ({"until": "soon"}, "Give the day as in"),
        ({"until": "2020-01-01"}, "a day after today"),
        ({"until": (timezone.localdate() + LONGEST + timedelta(days=2)).isoformat()}, "at the latest"),
    ],
)
def test_an_acceptance_without_reason_or_end_is_refused_in_words(signed_in, change, more, why):
    """For ever is no end."""
    refused = accept(signed_in("author"), change, errors(change)[0], **more)
    assert refused.status_code == 422
    assert why in text_of(refused)
    assert not AcceptanceProposed.objects.exists()


def test_what_is_no_finding_is_not_accepted_and_nothing_twice(signed_in, change, person):
    """No blank cheque: rule, item and sentence are those of a finding that stands."""
    found, author = errors(change)[0], signed_in("author")
    assert accept(author, change, found, message="anything").status_code == 404
    accept(author, change, found)
    assert accept(author, change, found).status_code == 422
    assert AcceptanceProposed.objects.count() == 1


def test_it_can_be_taken_back_while_it_is_a_draft(signed_in, change, person):
    """With its audit row; later it stands as others judged it."""
    author = signed_in("author")
    accept(author, change, errors(change)[0])
    where = f"{HERE}/{change.reference}/findings/{AcceptanceProposed.objects.get().pk}/take-back"
    assert signed_in("reader").post(where).status_code == 403
    assert author.post(where).status_code == 302
    assert not AcceptanceProposed.objects.exists()
    assert AuditRow.objects.filter(action="take acceptance back").exists()
    assert author.post(where).status_code == 422


def test_with_the_release_it_is_decided(change, person):
    """And the library's own pages show it beside the finding from then on."""
    until = timezone.now() + timedelta(days=30)
    found = errors(change)[0]
    propose(change, found, reason="Local practice", until=until, by=person("author"), at=timezone.now())
    keep_accepted(change.draft, errors(change), at=timezone.now())
    one = Accepted.objects.get()
    said = (found["rule"], found["item"], found["message"])
    assert (one.rule, one.item, one.message, one.by, one.role) == (*said, person("author"), "library_pharmacist")


def test_what_has_ended_or_speaks_of_other_values_is_not_decided_by_a_release(change, person):
    """Nobody who judged the change decided it: it stood there no more when they looked."""
    first, second, third = errors(change)[:3]
    for found, days in ((first, 2), (second, 30), (third, 30)):
        until = timezone.now() + timedelta(days=days)
        propose(change, found, reason="So it is", until=until, by=person("author"), at=timezone.now())
    AcceptanceProposed.objects.filter(message=second["message"], item=second["item"]).update(message="other values")
    kept = keep_accepted(change.draft, errors(change), at=timezone.now() + timedelta(days=3))
    assert [(one.rule, one.item, one.message) for one in kept] == [(third["rule"], third["item"], third["message"])]


def test_a_decision_names_the_role_under_which_it_was_proposed(change, person):
    """And not the one of whoever usually does."""
    until = timezone.now() + timedelta(days=30)
    made = propose(change, errors(change)[0], reason="x", until=until, by=person("author"), at=timezone.now())
    AcceptanceProposed.objects.filter(pk=made.pk).update(role="integration")
    (kept,) = keep_accepted(change.draft, errors(change), at=timezone.now())
    assert (made.role, kept.role) == ("library_pharmacist", "integration")


def test_the_proposer_must_hold_the_duty(change, person):
    """Core says whose it is."""
    with pytest.raises(ChangeControlError, match="library pharmacist"):
        propose(
            change,
            errors(change)[0],
            reason="x",
            until=timezone.now() + timedelta(days=3),
            by=person("trainer"),
            at=timezone.now(),
        )
    with pytest.raises(AuthorError, match="why it can be lived with"):
        propose(
            change,
            errors(change)[0],
            reason=" ",
            until=timezone.now() + timedelta(days=3),
            by=person("author"),
            at=timezone.now(),
        )
