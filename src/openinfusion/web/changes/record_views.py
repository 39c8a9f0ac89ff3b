"""What people record at a change request between its steps; core says whether it is theirs to record."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core import change_record as core
from openinfusion.core.change_request import ChangeRequest, Trial
from openinfusion.core.roles import Actor, Permission
from openinfusion.core.stages import Need
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.audit import book
from openinfusion.web.changes import forms
from openinfusion.web.changes.blind_gate import refuse_blind
from openinfusion.web.changes.desk import Deed, do, request_of, role_of, take_in_draft
from openinfusion.web.changes.models import Change, Evidence
from openinfusion.web.changes.replay import ask_replay
from openinfusion.web.changes.screen import names_for
from openinfusion.web.changes.views import change_or_404, show
from openinfusion.web.design.pages import faults_of

_NEEDS = {need.value: need for need in Need}


def _done(
    request: HttpRequest, one: Change, what: str, deed: Deed, *, right: Permission | None = None, reason: str = ""
) -> HttpResponse:
    by = person(request)
    role = role_of(by, right, one) if right else ""
    do(one, what, deed, by=by, at=timezone.now(), role=role, reason=reason)
    return redirect("changes:change", one.organisation.slug, one.reference)


def _area(one: Change, area: str) -> Callable[[ChangeRequest], str]:
    """Return how a request calls an area: by its id, or by its name where it is told in names."""
    return lambda asked: area if area in asked.areas else names_for(one).area(area)


def _refused(request: HttpRequest, one: Change, form: Form) -> HttpResponse:
    return show(request, one, faults_of(form))


@needs(Permission.VIEW_LIBRARY)
def written(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Let an author write what the request says: why, from which sources, for whom, at which risk."""
    one = change_or_404(organisation, reference)
    real, actor = request_of(one), actor_of(request)
    refuse_blind(request, one)
    core.amend(real, {}, by=actor)
    known = {name: getattr(real, name) for name in forms.Written.base_fields}
    start = {name: "\n".join(said) if isinstance(said, tuple) else said for name, said in known.items()}
    start |= {"trigger": real.trigger.value, "urgency": real.urgency.value}
    form = forms.Written(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        return _done(
            request, one, "write", lambda asked, by: core.amend(asked, said, by=by), right=Permission.EDIT_DRAFT
        )
    context = {"organisation": organisation, "change": one, "form": form, "said": form.data if form.is_bound else start}
    return render(request, "changes/written.jinja", context, status=422 if form.errors else 200)


@require_POST
@needs(Permission.VIEW_LIBRARY)
def refresh(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Bring a request up to its draft."""
    one = change_or_404(organisation, reference)
    take_in_draft(one, by=person(request), at=timezone.now())
    return redirect("changes:change", organisation.slug, reference)


@require_POST
@needs(Permission.VIEW_LIBRARY)
def record(request: HttpRequest, organisation: Organisation, reference: str, need: str) -> HttpResponse:
    """Record what a step needs, in words or in fields of its own."""
    one, at = change_or_404(organisation, reference), timezone.now()
    if need not in _NEEDS:
        raise Http404
    asked = _NEEDS[need]
    fields = core.FIELD_OF_NEED.get(asked, ())
    form = forms.form_of_fields(fields)(request.POST) if fields else forms.Noted(request.POST)
    if not form.is_valid():
        faults = [{"text": f"{asked.words}: {one}", "href": f"#need-{need}"} for e in form.errors.values() for one in e]
        return show(request, one, faults)
    said: dict[str, Any] = form.cleaned_data
    if fields:
        return _done(request, one, f"record {need}", lambda request_, by: core.fill(request_, asked, said, by=by))
    return _done(
        request, one, f"record {need}", lambda request_, by: core.note(request_, asked, said["text"], by=by, at=at)
    )


@require_POST
@needs(Permission.TRIAGE)
def raise_class(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Put a request into a graver class."""
    one, form = change_or_404(organisation, reference), forms.Raised(request.POST)
    if not form.is_valid():
        return _refused(request, one, form)
    said = form.cleaned_data
    return _done(
        request,
        one,
        "raise class",
        lambda asked, by: core.raise_class(asked, said["to"], by=by),
        right=Permission.TRIAGE,
        reason=said["reason"],
    )


@require_POST
@needs(Permission.REVIEW_AREA)
def review(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Agree or object for a care area."""
    one, form, at = change_or_404(organisation, reference), forms.Said(request.POST), timezone.now()
    if not form.is_valid():
        return _refused(request, one, form)
    said = form.cleaned_data
    agrees, reason, area = said["answer"] == "yes", said["reason"], _area(one, said["area"])
    return _done(
        request,
        one,
        "agree for an area" if agrees else "object for an area",
        lambda asked, by: core.review(asked, area(asked), agrees=agrees, reason=reason, by=by, at=at),
        right=Permission.REVIEW_AREA,
        reason=reason,
    )


@require_POST
@needs(Permission.APPROVE)
def settle(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Decide for the committee on an objection."""
    one, form, at = change_or_404(organisation, reference), forms.Said(request.POST), timezone.now()
    if not form.is_valid():
        return _refused(request, one, form)
    said = form.cleaned_data
    overrules, reason, area = said["answer"] == "yes", said["reason"], _area(one, said["area"])
    return _done(
        request,
        one,
        "overrule an objection" if overrules else "uphold an objection",
        lambda asked, by: core.settle(asked, area(asked), overrules=overrules, reason=reason, by=by, at=at),
        right=Permission.APPROVE,
        reason=reason,
    )


@require_POST
@needs(Permission.TEST)
def test(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Record the result of a test."""
    one, form, at = change_or_404(organisation, reference), forms.Tested(request.POST), timezone.now()
    if not form.is_valid():
        return _refused(request, one, form)
    said = form.cleaned_data

    def deed(asked: ChangeRequest, by: Actor) -> ChangeRequest:
        made = Trial(
            kind=said["kind"],
            title=said["title"],
            passed=said["result"] == "passed",
            evidence=said["evidence"],
            by=by.name,
            at=at,
        )
        return core.record_test(asked, made, by=by)

    return _done(request, one, "record a test", deed, right=Permission.TEST, reason=said["title"])


@require_POST
@needs(Permission.TRIAGE)
def link(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Say where a linked artefact stands."""
    one, form = change_or_404(organisation, reference), forms.Linked(request.POST)
    if not form.is_valid():
        return _refused(request, one, form)
    said = form.cleaned_data
    return _done(
        request,
        one,
        f"link {said['artefact'].value}",
        lambda asked, by: core.link(asked, said["artefact"], said["state"], by=by, reason=said["reason"]),
        right=Permission.TRIAGE,
        reason=said["reason"],
    )


@require_POST
@needs(Permission.COMMENT)
@transaction.atomic
def file_evidence(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Keep where a piece of evidence lies."""
    one, form, at = change_or_404(organisation, reference), forms.Filed(request.POST), timezone.now()
    if not form.is_valid():
        return _refused(request, one, form)
    said = form.cleaned_data
    Evidence.objects.create(
        change=one,
        kind=Evidence.Kind.DOCUMENT,
        title=said["title"],
        content={"place": said["place"], "sha256": said["sha256"]},
        by=person(request),
        at=at,
    )
    book.write("file evidence", reference, by=person(request), organisation=organisation, at=at, after=said)
    return redirect("changes:change", organisation.slug, reference)


@require_POST
@needs(Permission.COMMENT)
def replay(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Have the draft replayed over the last 90 days."""
    one = change_or_404(organisation, reference)
    refuse_blind(request, one)
    ask_replay(one, by=person(request), at=timezone.now())
    return redirect("changes:change", organisation.slug, reference)
