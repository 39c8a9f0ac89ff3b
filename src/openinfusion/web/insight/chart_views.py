"""Control charts, and the notes that people write on them."""

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from openinfusion.core.roles import Permission
from openinfusion.lake.answers import definition
from openinfusion.lake.charted import CHARTED
from openinfusion.lake.kept import can_be_told
from openinfusion.lake.questions import QUESTIONS
from openinfusion.web.accounts.gate import actor_of, needs, person, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.audit import book
from openinfusion.web.design.pages import faults_of
from openinfusion.web.insight.charting import Charting
from openinfusion.web.insight.forms import NoteForm
from openinfusion.web.insight.models import ChartNote
from openinfusion.web.insight.pages import Opened, figures, show


@figures()
def charts(request: HttpRequest, told: Opened) -> HttpResponseBase:
    """List every chart, those with a signal first."""
    return show(request, told, "charts", charts=Charting(told).all())


@figures()
def chart(request: HttpRequest, told: Opened, slug: str) -> HttpResponseBase:
    """Show one chart with its notes, its definition and its table."""
    if slug not in CHARTED:
        raise Http404
    return _show(request, told, slug)


def _show(request: HttpRequest, told: Opened, slug: str, form: NoteForm | None = None) -> HttpResponse:
    asked = CHARTED[slug]
    question = QUESTIONS[asked.question]
    if not can_be_told(asked.question, told.picked.only):
        return show(request, told, "chart", chart=None, slug=slug, question=question, weekly=asked)
    made = Charting(told)
    one = made.chart(slug)
    month = told.picked.month
    row = made.source.answers(month, month).one(asked.question, dict(asked.keys))
    notes = ChartNote.objects.filter(organisation=told.organisation, taken_down_at=None, chart__in=["", slug])
    return show(
        request,
        told,
        "chart",
        chart=one,
        slug=slug,
        weekly=asked,
        question=question,
        figure=None if one.is_empty else one.figure(),
        meaning=definition(asked.question, row),
        notes=notes.select_related("by"),
        releases=[note for _, note in made.notes if note.words.startswith("library ")],
        why_not_note=why_not(request, Permission.NOTE_CHARTS, told.organisation),
        form=form,
        faults=faults_of(form) if form else [],
    )


@figures(permission=Permission.NOTE_CHARTS)
def add_note(request: HttpRequest, told: Opened, slug: str) -> HttpResponseBase:
    """Mark something on a chart, or on all of them."""
    if slug not in CHARTED:
        raise Http404
    form = NoteForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        answer = _show(request, told, slug, form if request.method == "POST" else None)
        answer.status_code = 422 if form.errors else 200
        return answer
    by, at = person(request), timezone.now()
    with transaction.atomic():
        note = ChartNote.objects.create(
            organisation=told.organisation,
            chart="" if form.cleaned_data["everywhere"] else slug,
            on=form.cleaned_data["on"],
            words=form.cleaned_data["words"],
            by=by,
            at=at,
        )
        _book(request, "write a note on charts", note, told.organisation)
    return redirect("insight:chart", told.organisation.slug, slug)


@require_POST
@needs(Permission.NOTE_CHARTS)
def take_down(request: HttpRequest, organisation: Organisation, slug: str, number: int) -> HttpResponseBase:
    """Take a note down; the audit record keeps it."""
    note = ChartNote.objects.filter(organisation=organisation, pk=number, taken_down_at=None).first()
    if note is None or slug not in CHARTED:
        raise Http404
    with transaction.atomic():
        note.taken_down_at = timezone.now()
        note.save(update_fields=["taken_down_at"])
        _book(request, "take a note down from charts", note, organisation)
    return redirect("insight:chart", organisation.slug, slug)


def _book(request: HttpRequest, what: str, note: ChartNote, organisation: Organisation) -> None:
    role = actor_of(request).role_for(Permission.NOTE_CHARTS, organisation=organisation.slug)
    book.write(
        what,
        f"chart note {note.pk}",
        by=person(request),
        organisation=organisation,
        at=timezone.now(),
        role=role.value if role else "",
        after={"chart": note.chart, "on": note.on.isoformat(), "words": note.words},
        reason=note.words,
    )
