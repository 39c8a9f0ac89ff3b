"""From a figure to its definition, what it counts, its parts, and the records behind it."""

from datetime import timedelta
from math import ceil
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from openinfusion.core.roles import Permission
from openinfusion.lake.answers import definition, shown
from openinfusion.lake.behind import why_not as why_no_rows
from openinfusion.lake.kept import can_be_told
from openinfusion.lake.questions import QUESTIONS, Question
from openinfusion.web.accounts.gate import actor_of, person, why_not
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.audit import book
from openinfusion.web.design.pages import faults_of
from openinfusion.web.insight.forms import OpenForm
from openinfusion.web.insight.models import Opening
from openinfusion.web.insight.pages import Opened, figures, show
from openinfusion.web.insight.picked import parts_of
from openinfusion.web.insight.records import records
from openinfusion.web.insight.words import header

OPEN_FOR = timedelta(minutes=30)
MOST_ROWS = 60
PAGE = 50


def question_or_404(name: str) -> Question:
    """Return a named question."""
    found = QUESTIONS.get(name)
    if found is None:
        raise Http404
    return found


@figures(complete=True)
def figure(request: HttpRequest, told: Opened, question: str) -> HttpResponseBase:
    """Show what a figure means, what it is in the month and in the month before, and its parts."""
    asked = question_or_404(question)
    parts = parts_of(asked)
    by = request.GET.get("by", "")
    by = by if by in parts else ""
    month, only = told.picked.month, told.picked.only
    source = told.standing.source.with_releases(told.picked.first, month)
    now, before = source.answers(month, month), source.answers(month.back(1), month.back(1))
    rows = now.rows(question) if can_be_told(question, only) else []
    row = rows[0] if rows else None
    return show(
        request,
        told,
        "figure",
        question=asked,
        meaning=definition(question, row, is_part=bool(asked.keys)),
        can_be_told=can_be_told(question, only),
        whole=_table(told, asked, rows, (), before.rows(question)),
        parted=_table(told, asked, now.rows(question, by), (by,), before.rows(question, by)) if by else None,
        by=by,
        parts=[(name, header(name)) for name in parts],
        why_no_rows=why_no_rows(question),
        before=month.back(1).words,
        needs=[name for name in asked.needs if getattr(source.registers, name) is None],
    )


def _table(told: Opened, asked: Question, rows: list[Any], by: tuple[str, ...], before: list[Any]) -> dict[str, Any]:
    """Return the rows of an answer as a table: the largest denominators first, each beside the month before."""
    keys = tuple(dict.fromkeys((*by, *asked.keys)))
    old = {tuple(row[name] for name in keys): row for row in before}
    ordered = sorted(rows, key=lambda row: (-(row["denominator"] or 0), *(str(row[name]) for name in keys)))
    if "week" in keys:
        ordered = sorted(rows, key=lambda row: tuple(str(row[name]) for name in keys))
    made = [
        {
            "cells": [told.naming.of(name, row[name]) for name in keys],
            "numerator": row["numerator"],
            "denominator": row["denominator"],
            "value": shown(row, asked.id),
            "before": shown(old.get(tuple(row[name] for name in keys)), asked.id),
            "only": {name: row[name] for name in keys if name != "week" and row[name] is not None},
        }
        for row in ordered[:MOST_ROWS]
    ]
    return {"header": [header(name) for name in keys], "rows": made, "more": max(0, len(ordered) - MOST_ROWS)}


# --- The records behind a figure -------------------------------------------------------------------------------------


def opening_of(request: HttpRequest, organisation: Organisation) -> Opening | None:
    """Return the opening under which somebody sees detail now, if any."""
    mine = Opening.objects.filter(person=person(request), organisation=organisation, until__gt=timezone.now())
    return mine.order_by("-until").first()


def sees_detail(request: HttpRequest, organisation: Organisation) -> bool:
    """Whether somebody may see which pump and when: by duty, or because they broke the glass."""
    by_duty = why_not(request, Permission.SEE_DETAIL, organisation) is None
    return by_duty or opening_of(request, organisation) is not None


@figures(complete=True)
def rows(request: HttpRequest, told: Opened, question: str) -> HttpResponseBase:
    """List the records that a figure counts, a page at a time; which pump and when only for those who may see it."""
    asked = question_or_404(question)
    if (why := why_no_rows(question)) is not None:
        return show(request, told, "rows", saves=False, question=asked, why=why, listed=None, filtered=False)
    return _rows(request, told, asked)


def _rows(request: HttpRequest, told: Opened, asked: Question, form: OpenForm | None = None) -> HttpResponseBase:
    detail = sees_detail(request, told.organisation)
    keys = {name: request.GET[name][:200] for name in asked.keys if request.GET.get(name)}
    number = request.GET.get("page", "1")
    found = records(
        told,
        asked,
        keys=keys,
        counted=request.GET.get("counted", "numerator"),
        page=int(number) if number.isdecimal() and len(number) < 7 else 1,  # noqa: PLR2004 - no list has a million pages
        size=PAGE,
        detail=detail,
    )
    return show(
        request,
        told,
        "rows",
        saves=False,
        question=asked,
        why=None,
        listed=found,
        last=ceil(found.total / PAGE) or 1,
        keys=keys,
        detail=detail,
        opening=opening_of(request, told.organisation),
        why_not_open=why_not(request, Permission.BREAK_GLASS, told.organisation),
        form=form,
        faults=faults_of(form) if form else [],
    )


@figures(permission=Permission.BREAK_GLASS, complete=True)
def open_detail(request: HttpRequest, told: Opened, question: str) -> HttpResponseBase:
    """Let somebody see which pump and when for half an hour, with a reason that stays in the audit record."""
    asked = question_or_404(question)
    form = OpenForm(request.POST or None)
    if request.method != "POST" or why_no_rows(question) is not None:
        return redirect("insight:rows", told.organisation.slug, question)
    if not form.is_valid():
        answer = _rows(request, told, asked, form)
        answer.status_code = 422
        return answer
    by, at = person(request), timezone.now()
    role = actor_of(request).role_for(Permission.BREAK_GLASS, organisation=told.organisation.slug)
    with transaction.atomic():
        Opening.objects.create(
            person=by,
            organisation=told.organisation,
            reason=form.cleaned_data["reason"],
            at=at,
            until=at + OPEN_FOR,
        )
        book.write(
            "break the glass",
            f"records behind {question}",
            by=by,
            organisation=told.organisation,
            at=at,
            role=role.value if role else "",
            reason=form.cleaned_data["reason"],
        )
    address = redirect("insight:rows", told.organisation.slug, question)
    address["Location"] += f"?{request.GET.urlencode()}"
    return address
