"""Pages of discrepancies: sources side by side, positions, rounds, decision."""

from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.consensus import Choice, DiscrepancyClass, Origin, Position, Profession, SourceKind, Statement
from openinfusion.core.roles import Permission
from openinfusion.web.accounts import signing
from openinfusion.web.accounts.gate import needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.consensus import desk, sources
from openinfusion.web.consensus.forms import Deciding, Opinion, Raise, Said
from openinfusion.web.consensus.keeping import read_value
from openinfusion.web.consensus.models import Discrepancy
from openinfusion.web.consensus.page import context_of, discrepancy_or_404
from openinfusion.web.consensus.rounds import Asked, champions, others, standing
from openinfusion.web.library.find import library_or_404
from openinfusion.web.library.practised import practice_words

PAGE = 50


@needs(Permission.VIEW_LIBRARY)
def discrepancies(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """Show what is undecided, what was decided, which hazards are open, and where to compare."""
    found = organisation.discrepancies.select_related("library", "decision")
    state = request.GET.get("state", "")
    if state:
        found = found.filter(decision__isnull=state != "decided")
    context = {
        "organisation": organisation,
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "state": state,
        "hazards": organisation.hazards_opened.filter(closed_at=None),
        "libraries": organisation.libraries.all(),
    }
    return render(request, "consensus/discrepancies.jinja", context)


@needs(Permission.VIEW_LIBRARY)
def compare(request: HttpRequest, organisation: Organisation, library: str) -> HttpResponse:
    """Show where the newest version of a library and the sources beside it differ."""
    one = library_or_404(organisation, library)
    beside = list(organisation.source_libraries.select_related("version__library").defer("version__content"))
    said = {key: request.GET.get(key, "").strip() for key in ("drug", "care_area", "attribute", "kind")}
    at = timezone.now()
    found = sources.compared(one, beside, at)
    context = {
        "organisation": organisation,
        "library": one,
        "beside": beside,
        "practice": practice_words(one, at),
        "said": said,
        "areas": sorted({each.care_area for each in found}),
        "classes": DiscrepancyClass,
        "page": Paginator(sources.chosen(found, **said), PAGE).get_page(request.GET.get("page")),
        "open": {(each.drug, each.attribute): each for each in one.discrepancies.filter(decision=None)},
    }
    return render(request, "consensus/compare.jinja", context)


@needs(Permission.PROPOSE)
def raise_(request: HttpRequest, organisation: Organisation, library: str) -> HttpResponse:
    """Open a discrepancy on one attribute of a drug; the sources' statements come with it."""
    one = library_or_404(organisation, library)
    said = request.POST or request.GET
    subject = (said.get("drug", ""), said.get("attribute", ""))
    beside = organisation.source_libraries.select_related("version").defer("version__content")
    found = sources.of_attribute(sources.compared(one, beside, timezone.now()), *subject)
    if not found:
        raise Http404
    areas = [each.care_area for each in found]
    form = Raise(request.POST or None, areas=areas)
    if request.method == "POST" and form.is_valid():
        made = desk.raise_discrepancy(
            one,
            subject,
            form.cleaned_data["areas"],
            proposal=read_value(form.cleaned_data["proposal"]),
            statements=[statement for each in found for statement in each.statements],
            by=person(request),
            at=timezone.now(),
        )
        return redirect("consensus:discrepancy", organisation.slug, made.reference)
    national = (s for each in found for s in each.statements if s.origin.kind is SourceKind.NATIONAL_GUIDELINE)
    hint = next((s.value_text for s in national if s.value_text != "missing"), "")
    context = {"organisation": organisation, "library": one, "form": form, "found": found, "subject": subject}
    context |= {"values": request.POST, "hint": hint, "ticked": request.POST.getlist("areas") or areas}
    return render(request, "consensus/raise.jinja", context, status=422 if form.errors else 200)


@needs(Permission.VIEW_LIBRARY)
def discrepancy(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Show what sources say, the rounds, the decision, and what it re-opened."""
    one = discrepancy_or_404(organisation, reference)
    return render(request, "consensus/discrepancy.jinja", context_of(request, organisation, one, form=None))


def _again(request: HttpRequest, organisation: Organisation, one: Discrepancy, form: Form) -> HttpResponse:
    """Show the page with what a form refused."""
    context = context_of(request, organisation, one, form=form)
    return render(request, "consensus/discrepancy.jinja", context, status=422)


@require_POST
@needs(Permission.PROPOSE)
def say(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Add what a source says that is no library here."""
    one, form = discrepancy_or_404(organisation, reference), Said(request.POST)
    if not form.is_valid() or form.cleaned_data["care_area"] not in one.areas:
        return _again(request, organisation, one, form)
    said = form.cleaned_data
    statement = Statement(
        drug=one.drug,
        care_area=said["care_area"],
        attribute=one.attribute,
        value=read_value(said["value"]),
        origin=Origin(kind=SourceKind(said["kind"]), citation=said["citation"]),
    )
    desk.add_statement(one, statement, by=person(request), at=timezone.now())
    return redirect("consensus:discrepancy", organisation.slug, reference)


@require_POST
@needs(Permission.DECIDE_CONSENSUS)
def begin_round(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Open a round: the champions of the care areas are asked, and whoever was ticked beside them."""
    one = discrepancy_or_404(organisation, reference)
    ticked = set(request.POST.getlist("others"))
    more = [each for each in others(organisation, one.areas) if str(each.user_id) in ticked]
    asked = champions(organisation, one.areas) + [Asked(each.user_id, each.duty.role.words, "") for each in more]
    desk.open_round(one, asked, by=person(request), at=timezone.now())
    return redirect("consensus:discrepancy", organisation.slug, reference)


@require_POST
@needs(Permission.DECIDE_CONSENSUS)
def end_round(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Close the open round."""
    held = standing(discrepancy_or_404(organisation, reference)).open
    if held is None:
        raise Http404
    desk.close_round(held, by=person(request), at=timezone.now())
    return redirect("consensus:discrepancy", organisation.slug, reference)


@require_POST
@needs(Permission.TAKE_POSITION)
def position(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Keep what somebody says in the open round."""
    one, form = discrepancy_or_404(organisation, reference), Opinion(request.POST)
    held = standing(one).open
    if held is None:
        raise Http404
    if not form.is_valid():
        return _again(request, organisation, one, form)
    said, who = form.cleaned_data, person(request)
    seat = next((each for each in held.asked if each[0] == who.pk), None)
    stated = Position(
        voter=str(who.pk),
        role=seat[1] if seat else "not asked",
        profession=Profession(said["profession"]),
        care_area=said["care_area"],
        agrees=said["stand"] == "agree",
        reason=said["reason"],
        score=said["score"],
        round=held.number,
    )
    desk.take_position(held, stated, by=who, at=timezone.now())
    return redirect("consensus:discrepancy", organisation.slug, reference)


@needs(Permission.DECIDE_CONSENSUS)
def decision(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Keep the decision of the committee, signed by whoever enters it."""
    one = discrepancy_or_404(organisation, reference)
    if request.method != "POST":
        return redirect("consensus:discrepancy", organisation.slug, reference)
    form = Deciding(request.POST)
    if not form.is_valid():
        return _again(request, organisation, one, form)
    said, at = form.cleaned_data, timezone.now()
    made = desk.decision_on(
        one,
        choice=Choice(said["choice"]),
        value=read_value(said["value"]) if said["value"].strip() else None,
        rationale=said["rationale"],
        by=said["body"],
        residual_hazard=said["residual_hazard"] or None,
        decided_on=timezone.localdate(at),
        review_on=said["review_on"],
    )
    evidence = signing.fresh(request, f"the decision on {one.reference}: {made.choice.value}")
    desk.decide(one, made, by=person(request), at=at, evidence=evidence)
    return redirect("consensus:discrepancy", organisation.slug, reference)
