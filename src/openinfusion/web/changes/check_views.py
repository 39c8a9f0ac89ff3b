"""The page of the blind check: values from the sources, entered without sight of the author's."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from openinfusion.core import change_record as core
from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Actor, Permission
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.asked import asked_of
from openinfusion.web.changes.desk import do, request_of, role_of
from openinfusion.web.changes.screen import names_for
from openinfusion.web.changes.views import change_or_404
from openinfusion.web.library.store import draft_library


@needs(Permission.CHECK)
def check(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Let a second pharmacist enter each value that is to be checked; the difference shows only afterwards."""
    one, actor, at = change_or_404(organisation, reference), actor_of(request), timezone.now()
    real = request_of(one)
    names = names_for(one)
    _may_check(names.request(real), names.actor(actor), at)
    if one.draft is None:
        raise ChangeControlError(where=reference, found="no draft", expected="a change with a draft")
    asked = asked_of(real, draft_library(one.draft))
    said = {each.key: each.typed(request.POST.getlist(f"value-{number}")) for number, each in enumerate(asked)}
    wrong = {each.key: why for each in asked if (why := each.why_unreadable(said[each.key]))}
    if request.method == "POST" and not wrong:
        by = person(request)
        do(
            one,
            "check blind",
            lambda request_, who: core.check_blind(request_, said, by=who, at=at),
            by=by,
            at=at,
            role=role_of(by, Permission.CHECK, one),
        )
        return redirect(f"/{organisation.slug}/changes/{reference}#check")
    faults = [
        {"text": f"{each.about}, {each.field}: {wrong[each.key]}", "href": f"#id_value-{number}"}
        for number, each in enumerate(asked)
        if request.method == "POST" and each.key in wrong
    ]
    context = {
        "organisation": organisation,
        "change": one,
        "real": real,
        "asked": asked,
        "said": said,
        "wrong": wrong if request.method == "POST" else {},
        "faults": faults,
    }
    return render(request, "changes/check.jinja", context, status=422 if faults else 200)


def _may_check(request: ChangeRequest, actor: Actor, at: datetime) -> None:
    """Raise what core would raise, before anybody enters anything."""
    core.check_blind(request, {}, by=actor, at=at)
