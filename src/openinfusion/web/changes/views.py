"""Pages of change requests: the list, a new one, and the page of one."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timesince import timeuntil
from django.views.decorators.http import require_POST

from openinfusion.core.change_class import ChangeClass
from openinfusion.core.change_request import Artefact, ArtefactState, TrialKind, Trigger, Urgency
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.governance import Record, why_not_sign
from openinfusion.core.roles import Permission
from openinfusion.core.stages import STEPS, Stage, Step
from openinfusion.web.accounts import signing
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes import forms
from openinfusion.web.changes.candidate import candidate_of
from openinfusion.web.changes.desk import Shown, move, open_change, request_of, take_in_draft
from openinfusion.web.changes.emergencies import standing_of
from openinfusion.web.changes.facts import checklist, facts_of
from openinfusion.web.changes.models import Change
from openinfusion.web.changes.page import seen_by, signatures_of
from openinfusion.web.changes.proof import why_unknown
from openinfusion.web.changes.release import outdated, refuse_unsigned, release
from openinfusion.web.changes.replay import why_no_replay
from openinfusion.web.changes.saying import say
from openinfusion.web.changes.screen import names_for
from openinfusion.web.library.accepting import in_kinds
from openinfusion.web.library.find import library_or_404

PAGE = 50


def change_or_404(organisation: Organisation, reference: str) -> Change:
    """Return a change request of an organisation."""
    found = (
        organisation.changes.filter(reference=reference)
        .select_related("library", "draft__base", "draft__library", "proposer", "version", "organisation")
        .defer("draft__base__content", "version__content")
        .first()
    )
    if found is None:
        raise Http404
    return found


@needs(Permission.VIEW_LIBRARY)
def changes(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show the change requests of an organisation, the newest first."""
    found = organisation.changes.select_related("library", "proposer").defer("content")
    stage = request.GET.get("stage", "")
    if stage in {one.value for one in Stage}:
        found = found.filter(stage=stage)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    used = set(organisation.changes.order_by().values_list("stage", flat=True).distinct())
    context = {
        "organisation": organisation,
        "page": page,
        "chosen": stage,
        "stages": [(one.value, one.words) for one in Stage if one.value in used],
    }
    return render(request, "changes/changes.jinja", context)


@needs(Permission.PROPOSE)
def propose(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Open a change request."""
    form = forms.Proposal(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        made = open_change(
            library_or_404(organisation, said["library"]),
            title=said["title"],
            trigger=Trigger(said["trigger"]),
            urgency=Urgency(said["urgency"]),
            by=person(request),
            at=timezone.now(),
        )
        entry = request.POST.get("entry", "")
        if entry and _may(request, made, Permission.EDIT_DRAFT):
            return redirect("drafts:entry", organisation.slug, made.reference, entry)
        return redirect("changes:change", organisation.slug, made.reference)
    said = request.POST or request.GET
    context = {
        "organisation": organisation,
        "form": form,
        "said": said,
        "entry": said.get("entry", ""),
        "libraries": organisation.libraries.all(),
    }
    return render(request, "changes/propose.jinja", context, status=422 if form.errors else 200)


@needs(Permission.VIEW_LIBRARY)
def change(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Show a change request: where it stands, what is asked next and of whom, and all that was said."""
    return show(request, change_or_404(organisation, reference))


def show(request: HttpRequest, one: Change, faults: list[dict[str, str]] | None = None) -> HttpResponse:
    """Return the page of a change request, with what a form refused."""
    at, real = timezone.now(), request_of(one)
    facts = facts_of(one, at)
    seen = seen_by(one, actor_of(request), at=at, facts=facts)
    accepted = list(one.draft.acceptances.select_related("by")) if one.draft else []
    context: dict[str, Any] = {
        "organisation": one.organisation,
        "change": one,
        "real": real,
        "seen": seen,
        "faults": faults or [],
        "facts": facts,
        "candidate": candidate_of(one, at) if one.version is None else None,
        "gates": checklist(facts),
        "accepted": [] if seen.is_hidden else in_kinds(accepted),
        "accepted_count": len(accepted),
        "outdated": outdated(one),
        "emergency": standing_of(real, at, facts),
        "time_left": timeuntil(real.emergency_until, at) if real.emergency_until else "",
        "may_review": lambda area: _may(request, one, Permission.REVIEW_AREA, care_area=area),
        "why_no_replay": why_no_replay(one),
        "why_unproven": why_unknown(one) if one.version is not None and facts.pumps is None else None,
        "signatures": signatures_of(one, seen),
        "comments": [] if seen.is_hidden else one.comments.select_related("by"),
        "evidence": [] if seen.is_hidden else one.evidence.select_related("by"),
        "may": {right.value for right in Permission if _may(request, one, right)},
        "options": {
            "classes": forms.choices_of(ChangeClass),
            "kinds": forms.choices_of(TrialKind),
            "artefacts": {each.value: ARTEFACT_WORDS[each] for each in Artefact},
            "states": forms.choices_of(ArtefactState),
        },
    }
    return render(request, "changes/change.jinja", context, status=422 if faults else 200)


ARTEFACT_WORDS = {
    Artefact.GUIDELINE: "Local guideline",
    Artefact.PRESCRIBING_SYSTEM: "Electronic prescribing (ePMA)",
    Artefact.LABELS: "Labels",
    Artefact.STOCK: "Stock and strengths",
    Artefact.PROCEDURE: "Procedure (SOP)",
    Artefact.TRAINING: "Training material",
}


def _may(request: HttpRequest, one: Change, right: Permission, *, care_area: str | None = None) -> bool:
    role = actor_of(request).role_for(right, organisation=one.organisation.slug, care_area=care_area)
    return role is not None


@require_POST
@needs(Permission.VIEW_LIBRARY)
def take_step(request: HttpRequest, organisation: Organisation, reference: str, to: str) -> HttpResponse:
    """Take a request to its next stage, or sign that step; core says whether it is this person's."""
    one = change_or_404(organisation, reference)
    if to not in {stage.value for stage in Stage}:
        raise Http404
    form = forms.Step(request.POST)
    if not form.is_valid():
        faults = [{"text": str(text), "href": f"#reason-{to}"} for texts in form.errors.values() for text in texts]
        return show(request, one, faults)
    stage, at = Stage(to), timezone.now()
    step = STEPS.get((request_of(one).stage, stage))
    if step is not None:
        _refuse_strangers(request, one, step)
    with transaction.atomic():
        if stage is Stage.PROPOSED and one.stage == Stage.DRAFT.value:
            one = take_in_draft(one, by=person(request), at=at)
        facts = facts_of(one, at)
        if stage is Stage.RELEASED and step is not None:
            refuse_unsigned(one, facts.library)
        shown = _shown(request, one, stage, facts=facts) if step is not None and step.signed else None
        at = timezone.now()
        hours = form.cleaned_data["hours"]
        record = Record(
            reason=form.cleaned_data["reason"],
            authenticated_at=shown.at if shown else None,
            emergency_until=at + timedelta(hours=hours) if hours and stage is Stage.EMERGENCY_APPROVED else None,
        )
        act = release if stage is Stage.RELEASED and step is not None else _moved(stage)
        act(one, by=person(request), at=at, record=record, facts=facts, shown=shown)
    return redirect("changes:change", organisation.slug, reference)


def _moved(stage: Stage) -> Any:  # noqa: ANN401 - as release, for any stage
    return lambda one, **said: move(one, stage, **said)


def _shown(request: HttpRequest, one: Change, stage: Stage, *, facts: Any) -> Shown:  # noqa: ANN401 - core's Facts
    """Have a person show that it is they, unless core would refuse the signature all the same."""
    real, actor, at = request_of(one), actor_of(request), timezone.now()
    if why_not_sign(real, stage, by=actor, at=at, facts=facts) is not None:
        names = names_for(one)
        why = why_not_sign(names.request(real), stage, by=names.actor(actor), at=at, facts=facts)
        raise ChangeControlError(where=f"change request {one.reference}", found="refused", expected=why or "another")
    about = f"{STEPS[real.stage, stage].does}: {one.reference}, {one.title}"
    evidence = signing.fresh(request, about)
    return Shown(method=evidence.method, at=evidence.at)


def _refuse_strangers(request: HttpRequest, one: Change, step: Step) -> None:
    """Refuse whoever holds none of the rights of a step, whatever else it lacks."""
    rights = {*step.permissions, *({step.delegated} if step.delegated else ())}
    if not any(_may(request, one, right) for right in rights):
        does = " or ".join(right.words for right in step.permissions[:1])
        raise PermissionDenied(f"Your duties do not include to {does}.")


@require_POST
@needs(Permission.COMMENT)
@transaction.atomic
def comment(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Say something at a change request, or at one entry of it."""
    one, form, at = change_or_404(organisation, reference), forms.Words(request.POST), timezone.now()
    if not form.is_valid():
        return show(request, one, [{"text": str(form.errors["text"][0]), "href": "#id_text"}])
    said = form.cleaned_data
    say(one, said["text"], entry=said["entry"], by=person(request), at=at)
    return redirect("changes:change", organisation.slug, reference)
