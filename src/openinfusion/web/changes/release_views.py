"""Pages of the release: the checklist of its gates, what people declare, and the package for the pumps."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes import facts as known
from openinfusion.web.changes.blind import is_hidden_from
from openinfusion.web.changes.blind_gate import refuse_blind
from openinfusion.web.changes.candidate import candidate_of
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.facts import Form as Kind
from openinfusion.web.changes.facts import Subject
from openinfusion.web.changes.forms import Declaration
from openinfusion.web.changes.models import Change
from openinfusion.web.changes.read_back import NOT_TYPED, read_back_of
from openinfusion.web.changes.release import (
    authority,
    hand_over,
    handed,
    why_no_hand_over,
    why_no_read_back,
)
from openinfusion.web.changes.screen import actors_of, names_for, some
from openinfusion.web.changes.views import change_or_404
from openinfusion.web.design.pages import faults_of
from openinfusion.web.library.becoming import document_of
from openinfusion.web.library.store import bytes_of


@needs(Permission.VIEW_LIBRARY)
def gates(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Show every gate of the release, what keeps it closed and whose it is, and where the package stands."""
    return _gates(request, change_or_404(organisation, reference), [])


def _gates(request: HttpRequest, one: Change, faults: list[dict[str, str]]) -> HttpResponse:
    at, real, actor = timezone.now(), request_of(one), actor_of(request)
    facts, names = known.facts_of(one, at), names_for(one)
    said = known.declared(one, facts.library)
    everybody = actors_of(one).values()
    holders = {
        role: some(names.person(each.name) for each in everybody if role in {duty.role for duty in each.duties})
        for role in {gate.whose for gate in known.GATES.values()}
    }
    subjects = known.subjects_of(real)
    context = {
        "organisation": one.organisation,
        "change": one,
        "facts": facts,
        "candidate": candidate_of(one, at) if one.version is None else None,
        "gates": known.checklist(facts),
        "holders": holders,
        "subjects": [
            (subject, said.get(subject.name), known.why_not_declare(names.request(real), subject, names.actor(actor)))
            for subject in subjects
        ],
        "handed": handed(one, facts.library),
        "read_back": read_back_of(one, facts.library, said.get(NOT_TYPED)),
        "why_no_read_back": why_no_read_back(one),
        "has_authority": authority() is not None,
        "why_no_hand_over": why_no_hand_over(one),
        "may": {right.value for right in Permission if actor.role_for(right, organisation=one.organisation.slug)},
        "is_hidden": is_hidden_from(real, actor),
        "faults": faults,
    }
    return render(request, "changes/gates.jinja", context, status=422 if faults else 200)


@require_POST
@needs(Permission.VIEW_LIBRARY)
def declare(request: HttpRequest, organisation: Organisation, reference: str, subject: str) -> HttpResponse:
    """Declare something about the library to be released; it is whose the gate says."""
    one, at = change_or_404(organisation, reference), timezone.now()
    real = request_of(one)
    asked = next((each for each in known.subjects_of(real) if each.name == subject), None)
    if asked is None:
        raise Http404
    names = names_for(one)
    if why := known.why_not_declare(names.request(real), asked, names.actor(actor_of(request))):
        raise PermissionDenied(why[0].upper() + why[1:] + ".")
    library = known.facts_of(one, at).library
    if not library:
        raise ChangeControlError(
            where=reference, found="a library that is not looked at yet", expected="to wait a moment, and try again"
        )
    form = Declaration(request.POST)
    if not form.is_valid() or not _is_answered(form, asked):
        return _gates(request, one, faults_of(form))
    said = form.cleaned_data
    known.declare(
        one,
        asked,
        _content(asked, said, library=library),
        library=library,
        reason=said["reason"],
        evidence=said["evidence"],
        by=person(request),
        at=at,
    )
    return redirect("changes:gates", organisation.slug, reference)


def _is_answered(form: Form, asked: Subject) -> bool:
    name = {Kind.YES: "answer", Kind.APPROVED: "answer", Kind.HAZARD: "residual"}.get(asked.form)
    if name is not None and form.cleaned_data.get(name) in (None, ""):
        form.add_error(name, f"{asked.asks}: say what is so.")
        return False
    return True


def _content(asked: Subject, said: dict[str, Any], *, library: str) -> Any:  # noqa: ANN401 - JSON
    if asked.form is Kind.HAZARD:
        flags = {name: said[name] for name in ("justified", "is_open", "is_transferred", "accepted_in_writing")}
        due = said["due"].isoformat() if said["due"] else None
        return {
            "residual": said["residual"],
            "unverified_controls": list(said["lines"]),
            "owner": said["owner"] or None,
            "due": due,
            **flags,
        }
    answers = {
        Kind.LIST: list(said["lines"]),
        Kind.YES: said["answer"] == "yes",
        Kind.APPROVED: library if said["answer"] == "yes" else None,
    }
    return answers[asked.form]


@require_POST
@needs(Permission.RELEASE)
def hand(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Write the package that a pharmacist and a safety officer sign with their own keys."""
    one = change_or_404(organisation, reference)
    hand_over(one, by=person(request), at=timezone.now())
    return redirect("changes:gates", organisation.slug, reference)


@needs(Permission.VIEW_LIBRARY)
def file(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Give the canonical file of what a change releases, whose SHA-256 is what is signed."""
    one = change_or_404(organisation, reference)
    refuse_blind(request, one)
    if one.version is not None:
        content, label = bytes_of(one.version), one.version.label
    elif one.draft is not None:
        document = document_of(one.draft)
        content, label = canonical_bytes(document), document.library.version
    else:
        raise Http404
    name = f"{one.library.slug}-{label}.json"
    return HttpResponse(
        content, content_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
