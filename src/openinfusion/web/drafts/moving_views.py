"""The page on which a draft is moved onto the newest version, and a person settles where both meet."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from openinfusion.core.errors import AuthorError, ChangeControlError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.gate import actor_of, needs, person
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.drafts.find_items import change_of, words_of
from openinfusion.web.drafts.keep import draft_of, why_not_edit
from openinfusion.web.drafts.moving import Move, move, plan
from openinfusion.web.library.models import Part
from openinfusion.web.library.store import library_of, newer_than_base


@needs(Permission.EDIT_DRAFT)
def newest(request: HttpRequest, organisation: Organisation, reference: str) -> HttpResponse:
    """Show what moving a draft onto the newest version means, and do it once every conflict is settled."""
    change, at = change_of(request, organisation, reference), timezone.now()
    draft = draft_of(change)
    old, onto = draft.base, newer_than_base(draft)
    if onto is None:
        return redirect("drafts:draft", organisation.slug, reference)
    faults: list[str] = []
    made: Move | None = None
    if request.method == "POST":
        seen, answers = request.POST.get("seen", ""), request.POST.dict()
        try:
            made = move(change, seen=seen, answers=answers, by=person(request), at=at)
        except ChangeControlError:
            raise
        except AuthorError as error:
            faults = [f"{error.where}: {error.found}; expected: {error.expected}."]
        else:
            if made.is_settled:
                told = f"{reference} is a draft of version {onto.label} now; it began from {old.label}."
                messages.success(request, told)
                return redirect("drafts:draft", organisation.slug, reference)
    made = made or plan(draft, onto)
    document = library_of(draft.base)
    context = {
        "organisation": organisation,
        "change": change,
        "onto": onto,
        "between": draft.library.versions.filter(number__gt=old.number).defer("content").order_by("number"),
        "move": made,
        "names": {
            one.key: words_of(document, one.item) if one.part is Part.ENTRY else one.item for one in made.meetings
        },
        "words": lambda one: words_of(document, one.item) if one.part == Part.ENTRY else one.item,
        "why_not": why_not_edit(change, actor_of(request)),
        "faults": [*({"text": text, "href": "#meetings"} for text in faults), *_left(request, made)],
    }
    return render(request, "drafts/newest.jinja", context, status=422 if context["faults"] else 200)


def _left(request: HttpRequest, made: Move) -> list[dict[str, str]]:
    """Return what is still to be settled, once somebody tried."""
    if request.method != "POST":
        return []
    left = [
        {"text": f"{row.words}: choose whose it shall be.", "href": f"#choice-{one.key}-{row.path}-theirs"}
        for one in made.meetings
        for row in one.open
    ]
    return left + [{"text": f"{one.item}: {one.fault}", "href": f"#{one.key}"} for one in made.meetings if one.fault]
