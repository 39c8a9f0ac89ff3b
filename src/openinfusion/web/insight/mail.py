"""Views that are mailed to those who asked for them: figures alone, with a file and a picture; never a record."""

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from openinfusion.core.roles import Permission, why_not_permitted
from openinfusion.lake.charted import CHARTED
from openinfusion.lake.kept import can_be_told
from openinfusion.lake.questions import QUESTIONS
from openinfusion.web.insight.charting import Charting
from openinfusion.web.insight.exporting import Taken, chart_taken, figure_taken
from openinfusion.web.insight.glance import glance
from openinfusion.web.insight.models import SavedView, Subscription
from openinfusion.web.insight.pages import Opened
from openinfusion.web.insight.picked import Picked, parts_of
from openinfusion.web.insight.standing import standing_of

_log = logging.getLogger("openinfusion.web")


def due_on(subscription: Subscription, today: date) -> date | None:
    """Return the day for which a view is to be sent now, or ``None`` where it was, or has yet to come."""
    is_weekly = subscription.every == Subscription.Every.WEEK
    day = today - timedelta(days=today.weekday()) if is_weekly else today.replace(day=1)
    begun = timezone.localtime(subscription.begun_at).date()
    sent = subscription.sent_for
    return day if day > begun and (sent is None or sent < day) else None


def send_due(at: datetime) -> int:
    """Send every view whose day has come; what cannot be sent is tried again later. Returns how many were sent."""
    today, sent = timezone.localtime(at).date(), 0
    waiting = Subscription.objects.select_related("view__person", "view__organisation")
    for one in waiting.filter(view__person__is_active=True):
        day = due_on(one, today)
        if day is not None and _send(one, day, at):
            sent += 1
    return sent


def _send(one: Subscription, day: date, at: datetime) -> bool:
    """Send a view, once: the day is kept before the mail goes, and given back where it did not."""
    with transaction.atomic():
        mine = Subscription.objects.filter(pk=one.pk, sent_for=one.sent_for).update(sent_for=day)
    if not mine:
        return False
    try:
        message = message_of(one, at)
        if message is None:
            return False
        message.send()
    except Exception as fault:  # noqa: BLE001 - whatever keeps one mail from going keeps no other back
        # The kind of the fault alone: its words may hold an address.
        _log.error("the mail %s of %s was not sent, and will be tried again: %s", one.pk, day, type(fault).__name__)
        Subscription.objects.filter(pk=one.pk, sent_for=day).update(sent_for=one.sent_for)
        return False
    return True


def message_of(one: Subscription, at: datetime) -> EmailMultiAlternatives | None:
    """Return the mail of a subscription, or ``None`` where its owner may not see figures any more."""
    view = one.view
    slug = view.organisation.slug
    if why_not_permitted(view.person.actor, Permission.SEE_FIGURES, organisation=slug) is not None:
        return None
    told = opened(view, at)
    end = settings.PLACE.origin + reverse("insight:unsubscribe", args=[slug, one.token])
    body = "\n".join((*_said(view, told), "", f"Look at it: {address_of(view)}", "", f"End these mails: {end}"))
    message = EmailMultiAlternatives(
        subject=f"{view.name}: {view.organisation.name}", body=body, to=[view.person.email]
    )
    message.extra_headers["List-Unsubscribe"] = f"<{end}>"
    for name, content, kind in _files(view, told):
        message.attach(name, content, kind)
    return message


def opened(view: SavedView, at: datetime) -> Opened:
    """Return what a saved view is told from, with its filter."""
    standing = standing_of(view.organisation, at=at)
    is_chart = view.page.startswith("charts")
    picked = Picked.read(QueryDict(view.query).dict(), standing, complete=not is_chart)
    return Opened.of(view.organisation, standing, picked)


def address_of(view: SavedView) -> str:
    """Return where a saved view lies."""
    start = reverse("insight:month", args=[view.organisation.slug])
    return f"{settings.PLACE.origin}{start}{view.page}{'?' if view.query else ''}{view.query}"


def _said(view: SavedView, told: Opened) -> Iterator[str]:
    """Yield what a mail says: a sentence for a chart, the figures for anything else."""
    held, looked_at = told.standing.held, told.standing.about.looked_at
    if told.standing.is_example:
        yield "NOT FOR CLINICAL USE"
    yield f"Events up to {timezone.localtime(min(held.last, looked_at)):%d-%b-%Y %H:%M}."
    if told.picked.only:
        yield f"Only: {told.picked.words(told.naming)}."
    yield ""
    slug = view.page.removeprefix("charts/")
    if slug in CHARTED and can_be_told(CHARTED[slug].question, told.picked.only):
        yield f"{CHARTED[slug].heading}: {Charting(told).chart(slug).says}"
        return
    found = glance(told)
    yield f"{told.picked.month.words}, beside {found.before}:"
    for one in found.figures:
        yield f"- {one.figure.name}: {one.figure.now} ({one.figure.change}; {one.figure.counted})"
    for moved in found.drugs[:3]:
        yield f"- {moved.name}: {moved.now:,} alerts, {moved.before:,} the month before"


def _files(view: SavedView, told: Opened) -> Iterator[tuple[str, bytes, str]]:
    """Yield the files of a mail: the table, and for a chart its picture."""
    taken = _taken(view, told)
    if taken is None:
        return
    yield f"{taken.name}.csv", taken.content("csv"), "text/csv"
    if view.page.startswith("charts/") and taken.chart is not None:
        yield f"{taken.name}.png", taken.content("png"), "image/png"


def _taken(view: SavedView, told: Opened) -> Taken | None:
    kind, _, name = view.page.partition("/")
    if kind == "charts" and name in CHARTED and can_be_told(CHARTED[name].question, told.picked.only):
        return chart_taken(told, name)
    if kind == "figures" and name in QUESTIONS and can_be_told(name, told.picked.only):
        by = QueryDict(view.query).get("by", "")
        asked = QUESTIONS[name]
        return figure_taken(told, asked, by if by in parts_of(asked) else "")
    return None
