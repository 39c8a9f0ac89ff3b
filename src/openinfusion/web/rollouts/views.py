"""Pages of roll-outs: plans, how one goes on, and what people say of it."""

from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.errors import AuthorError, OpenInfusionError
from openinfusion.core.roles import Permission
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.rollout import Course, Plan
from openinfusion.fleet.rollout.course_file import Word
from openinfusion.fleet.rollout.kept import mark_of
from openinfusion.web.accounts.gate import actor_of, needs, person, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.accounts.signing import fresh
from openinfusion.web.design.pages import faults_of
from openinfusion.web.fleet.asking import where_pumps_are
from openinfusion.web.fleet.live import Middle, live
from openinfusion.web.fleet.watch import devices_place
from openinfusion.web.rollouts import desk
from openinfusion.web.rollouts.desk import RIGHTS, Signed
from openinfusion.web.rollouts.forms import Head, OfferRows, Reason, RingRows, said_in
from openinfusion.web.rollouts.models import Rollout, Said
from openinfusion.web.rollouts.page import (
    STEPS,
    Stands,
    asks_of,
    clinical_of,
    recalled_in,
    rings_of,
    stands_at,
    who_of,
)
from openinfusion.web.rollouts.writing import checked, halts_of, profiles, rows_of, text_of


def _authority() -> Authority:
    return Authority(devices_place(settings.PLACE.devices).trees)


def _rollout(organisation: Organisation, slug: str) -> Rollout:
    found = organisation.rollouts.select_related("written_by", "organisation").filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


@needs(Permission.SEE_FLEET)
@where_pumps_are
def rollouts(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """List the roll-outs of an organisation, the newest first, each with how it stands."""
    found = organisation.rollouts.select_related("written_by", "organisation")[:100]
    rows: list[tuple[Rollout, Stands, Course | None]] = []
    for one in found:
        try:
            course = desk.course_of(one)
        except OpenInfusionError:
            rows.append((one, "unreadable", None))
        else:
            rows.append((one, stands_at(course), course))
    context = {
        "organisation": organisation,
        "rows": rows,
        "at": timezone.now(),
        "why_not_write": why_not(request, Permission.IMPLEMENT, organisation),
    }
    return render(request, "rollouts/rollouts.jinja", context)


@needs(Permission.SEE_FLEET)
@where_pumps_are
def rollout(request: HttpRequest, organisation: Organisation, rollout: str) -> HttpResponse:
    """Show how a roll-out stands, what was decided and why, and what may be said of it."""
    one, at = _rollout(organisation, rollout), timezone.now()
    course, said = desk.course_of(one), list(one.said.select_related("by"))
    word, mute = _word(one)
    plan = course.plan if course else desk.plan_of(one)
    recalls = _recalls(one, plan)

    def context() -> dict[str, Any]:
        rows = rings_of(plan, course, word)
        return {
            "organisation": organisation,
            "rollout": one,
            "course": course,
            "stands": stands_at(course),
            "word": word,
            "is_heard": word is not None and word.is_heard(at),
            "command": desk.command_of(one),
            "rings": rows,
            "clinical": clinical_of(rows),
            "steps": STEPS,
            "who_of": who_of,
            "asks_of": asks_of,
            "said": said,
            "mute": mute,
            "asked_recall": desk.asked_recall(one) if len(recalls["recalled"]) < len(plan.offers) else [],
            **recalls,
        }

    heard = word is not None and word.is_heard(at)
    version = _digest((course, word, mute, heard, [each.pk for each in said], one.plan, recalls))
    middle = Middle(template="rollouts/rollout_middle.jinja", version=version, at=at, context=context)
    return live(request, middle, page="rollouts/rollout.jinja", around=lambda: _around(request, one, course))


def _word(one: Rollout) -> tuple[Word | None, str | None]:
    """Return what the office said last, or why it cannot be read: who wants to halt needs the page all the same."""
    try:
        return desk.word_for(one), None
    except OpenInfusionError as error:
        return None, str(error)


def _recalls(one: Rollout, plan: Plan) -> dict[str, Any]:
    """Return what was taken back, what is still to be typed for that, and why it cannot be told, where it cannot."""
    try:
        authority = _authority()
        recalled = recalled_in(plan, authority)
    except OpenInfusionError as error:
        return {"recalled": [], "recall_commands": [], "recall_trouble": str(error)}
    commands = desk.recall_commands(one, authority.folder, recalled=recalled)
    return {"recalled": recalled, "recall_commands": commands, "recall_trouble": None}


def _around(request: HttpRequest, one: Rollout, course: Course | None) -> dict[str, Any]:
    organisation = one.organisation
    why = {what.value: why_not(request, right, organisation) for what, right in RIGHTS.items()}
    return {
        "organisation": organisation,
        "rollout": one,
        "course": course,
        "stands": stands_at(course),
        "why_not": why,
        "why_not_agree": desk.why_not_agree(one, course, person(request)) if course else None,
        "shown": mark_of(course) if course else desk.plan_mark(one),
        "asked_recall": person(request) in desk.asked_recall(one),
    }


def _digest(content: object) -> str:
    return blake2b(repr(content).encode(), digest_size=8).hexdigest()


# --- The plan ---------------------------------------------------------------------------------------------------------


@needs(Permission.IMPLEMENT)
@where_pumps_are
def new(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Write a plan."""
    return _write(request, organisation, None)


@needs(Permission.IMPLEMENT)
@where_pumps_are
def plan(request: HttpRequest, organisation: Organisation, rollout: str) -> HttpResponse:
    """Change a plan that has not begun."""
    one = _rollout(organisation, rollout)
    if desk.course_of(one) is not None:
        return redirect("rollouts:rollout", organisation.slug, one.slug)
    return _write(request, organisation, one)


def _write(request: HttpRequest, organisation: Organisation, one: Rollout | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    initial = desk.plan_of(one) if one else None
    offers, rings = rows_of(initial) if initial else ([], [])
    head_of = {"name": initial.name, "kind": initial.kind, "reason": initial.reason} if initial else {}
    if one:
        head_of["halts"] = halts_of(one.plan)
    head = Head(data, initial=head_of)
    offer_rows = OfferRows(data, initial=offers, prefix="offer")
    ring_rows = RingRows(data, initial=rings, prefix="ring")
    authority = _authority()
    if data is not None and all(form.is_valid() for form in (head, offer_rows, ring_rows)):
        said = [each | {"hospital": organisation.slug} for each in said_in(offer_rows)]
        text = text_of(head.cleaned_data, said, said_in(ring_rows), halts=head.cleaned_data["halts"])
        try:
            made = checked(text, authority, hospital=organisation.slug)
        except AuthorError as error:
            head.add_error(None, f"{error.where}: found {error.found}; expected {error.expected}")
        else:
            kept = desk.write_plan(
                organisation,
                one,
                text,
                plan=made,
                by=person(request),
                at=timezone.now(),
                role=_role(request, organisation, Permission.IMPLEMENT),
            )
            return redirect("rollouts:rollout", organisation.slug, kept.slug)
    faults = faults_of(head) + [
        {"text": f"{what} {n}, {field}: {text}", "href": f"#id_{form.prefix}-{field}"}
        for what, rows in (("Release", offer_rows), ("Ring", ring_rows))
        for n, form in enumerate(rows, 1)
        for field, texts in form.errors.items()
        for text in texts
    ]
    context = {
        "organisation": organisation,
        "rollout": one,
        "head": head,
        "offers": offer_rows,
        "rings": ring_rows,
        "faults": faults,
        "profiles": profiles(authority, organisation.slug),
    }
    return render(request, "rollouts/plan.jinja", context, status=422 if faults else 200)


def _role(request: HttpRequest, organisation: Organisation, permission: Permission) -> str:
    role = actor_of(request).role_for(permission, organisation=organisation.slug)
    return role.value if role else ""


# --- What people say of it --------------------------------------------------------------------------------------------


def _signed(request: HttpRequest, one: Rollout, what: Said.What) -> Signed:
    evidence = fresh(request, f"{what.label}: {one.name}")
    role = _role(request, one.organisation, RIGHTS[what])
    return Signed(by=person(request), role=role, at=timezone.now(), evidence=evidence)


def _shown(request: HttpRequest) -> str:
    """Return what the page said that it showed when the person decided."""
    return request.POST.get("shown", "")


def _reason(request: HttpRequest) -> str:
    form = Reason(request.POST)
    if not form.is_valid():
        raise AuthorError(where="reason", found="none", expected="why, in one sentence of at most 500 characters")
    return str(form.cleaned_data["reason"])


@require_POST
@needs(RIGHTS[Said.What.BEGIN])
@where_pumps_are
def begin(request: HttpRequest, organisation: Organisation, rollout: str) -> HttpResponse:
    """Begin a roll-out, signed."""
    one = _rollout(organisation, rollout)
    if desk.course_of(one) is not None:
        return redirect("rollouts:rollout", organisation.slug, one.slug)
    checked(one.plan, _authority(), hospital=organisation.slug)
    desk.begin_it(one, shown=_shown(request), signed=_signed(request, one, Said.What.BEGIN))
    return redirect("rollouts:rollout", organisation.slug, one.slug)


@require_POST
@needs(RIGHTS[Said.What.AGREE])
@where_pumps_are
def agree(request: HttpRequest, organisation: Organisation, rollout: str) -> HttpResponse:
    """Agree as a second person that the next ring be opened, signed."""
    one = _begun(organisation, rollout)
    course, shown = desk.course_of(one), _shown(request)
    if (why := desk.why_not_agree(one, course, person(request), shown=shown)) is not None:
        raise AuthorError(where=one.name, found=why[0], expected=why[1])
    desk.agree_to_next(one, shown=shown, signed=_signed(request, one, Said.What.AGREE))
    return redirect("rollouts:rollout", organisation.slug, one.slug)


@require_POST
@needs(RIGHTS[Said.What.STOP])
@where_pumps_are
def stop(request: HttpRequest, organisation: Organisation, rollout: str) -> HttpResponse:
    """Halt a roll-out with a reason, signed."""
    one, reason = _begun(organisation, rollout), _reason(request)
    desk.stop_it(one, reason, signed=_signed(request, one, Said.What.STOP))
    return redirect("rollouts:rollout", organisation.slug, one.slug)


@require_POST
@needs(RIGHTS[Said.What.RECALL])
@where_pumps_are
def recall(request: HttpRequest, organisation: Organisation, rollout: str) -> HttpResponse:
    """Ask for the release to be taken back, with a reason, signed; a second person asks too."""
    one, reason = _begun(organisation, rollout), _reason(request)
    desk.ask_recall(one, reason, signed=_signed(request, one, Said.What.RECALL))
    return redirect("rollouts:rollout", organisation.slug, one.slug)


def _begun(organisation: Organisation, slug: str) -> Rollout:
    one = _rollout(organisation, slug)
    if desk.course_of(one) is None:
        raise AuthorError(where=one.name, found="a plan that has not begun", expected="a roll-out that goes on")
    return one
