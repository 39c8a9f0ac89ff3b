"""Views that a person saved, and the mails that bring them."""

import re

from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import PUBLIC, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.audit import book
from openinfusion.web.design.pages import faults_of
from openinfusion.web.insight.forms import MailForm, ViewForm
from openinfusion.web.insight.models import SavedView, Subscription
from openinfusion.web.insight.pages import places
from openinfusion.web.insight.picked import DIMENSIONS

MOST = 50
_PAGE = re.compile(r"(|charts|triage|releases|models|charts/[a-z0-9-]+|figures/[a-z0-9-]+|told/[a-z]+)")
_QUERY = frozenset({"month", "by", "order", "question", *DIMENSIONS})


@needs(Permission.SEE_FIGURES)
def views(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    """List what a person saved, and let them save a page under a name."""
    form = ViewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _save(request, organisation, form)
    return _show(request, organisation, form if request.method == "POST" else None)


def _show(request: HttpRequest, organisation: Organisation, form: ViewForm | None) -> HttpResponse:
    mine = SavedView.objects.filter(person=person(request), organisation=organisation).select_related("subscription")
    context = {
        "organisation": organisation,
        "places": places(organisation.slug),
        "views": mine,
        "form": form,
        "faults": faults_of(form) if form else [],
        "ways": Subscription.Every.choices,
    }
    return render(request, "insight/views.jinja", context, status=422 if form is not None else 200)


def _save(request: HttpRequest, organisation: Organisation, form: ViewForm) -> HttpResponse:
    page = form.cleaned_data["page"]
    mine = SavedView.objects.filter(person=person(request), organisation=organisation)
    if page == "month":
        page = ""
    if not _PAGE.fullmatch(page) or mine.count() >= MOST:
        raise BadRequest(f"This is no page of figures, or you have {MOST} views already.")
    kept = QueryDict(mutable=True)
    # A view comes again with newer figures: it keeps what it is about, and not of which month it was.
    said = QueryDict(form.cleaned_data["query"])
    kept.update({name: said[name] for name in sorted(_QUERY - {"month"}) if said.get(name)})
    SavedView.objects.create(
        person=person(request),
        organisation=organisation,
        name=form.cleaned_data["name"],
        page=page,
        query=kept.urlencode()[:400],
    )
    return redirect("insight:views", organisation.slug)


def _view_or_404(request: HttpRequest, organisation: Organisation, number: int) -> SavedView:
    mine = SavedView.objects.filter(person=person(request), organisation=organisation, pk=number)
    found = mine.first()
    if found is None:
        raise Http404
    return found


@require_POST
@needs(Permission.SEE_FIGURES)
def forget(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponseBase:
    """Forget a view, and its mails with it."""
    _view_or_404(request, organisation, number).delete()
    return redirect("insight:views", organisation.slug)


@require_POST
@needs(Permission.SEE_FIGURES)
def subscribe(request: HttpRequest, organisation: Organisation, number: int) -> HttpResponseBase:
    """Have a view mailed to its owner, or no more."""
    view = _view_or_404(request, organisation, number)
    form = MailForm(request.POST)
    if request.POST.get("every") == "never":
        _end(Subscription.objects.filter(view=view).first())
        return redirect("insight:views", organisation.slug)
    if not form.is_valid():
        raise BadRequest("Choose how often the view is sent.")
    with transaction.atomic():
        Subscription.objects.update_or_create(
            view=view, defaults={"every": form.cleaned_data["every"], "begun_at": timezone.now(), "sent_for": None}
        )
        book.write(
            "subscribe to figures",
            f"saved view {view.pk}",
            by=view.person,
            organisation=organisation,
            at=timezone.now(),
            after={"page": view.page, "query": view.query, "every": form.cleaned_data["every"]},
        )
    return redirect("insight:views", organisation.slug)


def unsubscribe(request: HttpRequest, organisation: str, token: str) -> HttpResponse:
    """End the mails of a view by the link in each of them, without signing in; looking at the link ends nothing."""
    one = Subscription.objects.filter(token=token, view__organisation__slug=organisation).first()
    if request.method == "POST":
        _end(one)
        one = None
    context = {"subscription": one, "is_done": request.method == "POST"}
    return render(request, "insight/unsubscribe.jinja", context)


setattr(unsubscribe, PUBLIC, True)


def _end(one: Subscription | None) -> None:
    if one is None:
        return
    with transaction.atomic():
        book.write(
            "end a subscription to figures",
            f"saved view {one.view_id}",
            by=one.view.person,
            organisation=one.view.organisation,
            at=timezone.now(),
        )
        one.delete()
