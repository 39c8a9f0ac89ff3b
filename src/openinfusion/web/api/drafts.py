"""Operations about the draft of a change request: its items, each with a revision, so that nobody's work is lost."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Header, Router, Schema
from pydantic import Field

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.api.access import Bearer, here, machine
from openinfusion.web.api.models import Machine
from openinfusion.web.api.pages import Page, PageNumber, PageSize, page_of
from openinfusion.web.api.service import answers
from openinfusion.web.api.withheld import is_withheld
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Change
from openinfusion.web.changes.views import change_or_404
from openinfusion.web.drafts.keep import Edit, save
from openinfusion.web.library.models import Draft, DraftItem, Part
from openinfusion.web.library.store import item_content

router = Router(auth=Bearer(Permission.EDIT_DRAFT), tags=["Drafts"])
_ITEM = "/changes/{reference}/draft/{part}/{item}"
EDIT, TAKE_OUT = "edit item", "take out"
Revision = Annotated[
    str,
    Header(
        alias="If-Match",
        pattern=r'^"\d{1,9}"$',
        description='The ETag of the item as you read it; "0" for one that the draft has from its base, or not at all.',
    ),
]


class ItemOut(Schema):
    """An item of a draft."""

    part: Part
    item: str
    revision: int = Field(description="How often it was saved in this draft; 0: it is as in the base.")
    content: dict[str, Any] | None = Field(description="As the open format writes it; null: the draft takes it out.")
    edited_at: datetime | None
    edited_by: str | None


@router.get("/changes/{reference}/draft", response=answers(Page[ItemOut], refuses=(409,)))
def list_draft_items(request: HttpRequest, *, reference: str, page: PageNumber, page_size: PageSize) -> dict[str, Any]:
    """List the items that a draft changes. Needs the scope edit_draft."""
    draft = _draft(_open(here(request), reference, machine(request)))
    rows = draft.items.select_related("edited_by").order_by("part", "item")
    return page_of(rows, _saved, page=page, page_size=page_size)


@router.get(_ITEM, response=answers(ItemOut, refuses=(409,)))
def get_draft_item(
    request: HttpRequest, *, response: HttpResponse, reference: str, part: Part, item: str
) -> dict[str, Any]:
    """Get an item as it stands in a draft; its revision is the ETag."""
    draft = _draft(_open(here(request), reference, machine(request)))
    return _with_etag(response, _shown(draft, part, item))


@router.put(_ITEM, response=answers(ItemOut, writes=True, refuses=(412,)))
def put_draft_item(
    request: HttpRequest,
    *,
    response: HttpResponse,
    reference: str,
    part: Part,
    item: str,
    content: Annotated[dict[str, Any], Body(description="The item as the open drug library format writes it.")],
    if_match: Revision,
) -> dict[str, Any]:
    """Save an item of a draft; 412 where somebody saved it since you read it, and nothing is kept."""
    return _with_etag(response, _save(request, reference, (part, item), content=content, seen=if_match))


@router.delete(_ITEM, response=answers(ItemOut, writes=True, refuses=(412,)))
def take_out_draft_item(
    request: HttpRequest, *, response: HttpResponse, reference: str, part: Part, item: str, if_match: Revision
) -> dict[str, Any]:
    """Take an item out of the library that the draft makes; 412 where somebody saved it since you read it."""
    return _with_etag(response, _save(request, reference, (part, item), content=None, seen=if_match))


def _save(
    request: HttpRequest, reference: str, place: tuple[Part, str], *, content: dict[str, Any] | None, seen: str
) -> dict[str, Any]:
    """Keep an item as the editor's pages do: with its audit row and the change request brought up to it, or not."""
    part, item = place
    one, by = _open(here(request), reference, machine(request)), machine(request)
    edit = Edit(part=part, item=item, content=content, seen=int(seen.strip('"')))
    save(one, [edit], what=TAKE_OUT if content is None else EDIT, by=by, at=timezone.now())
    return _shown(_draft(one), part, item)


def _open(organisation: Organisation, reference: str, by: Machine) -> Change:
    """Return a change request whose draft a token may see."""
    one = change_or_404(organisation, reference)
    if is_withheld(request_of(one), by):
        raise ChangeControlError(
            where=f"draft of {reference}",
            found="values that a second pharmacist has yet to check blind",
            expected="this question after that check",
        )
    return one


def _draft(one: Change) -> Draft:
    if one.draft is None:
        raise ChangeControlError(
            where=one.reference, found="a request without a draft", expected="one that has a draft"
        )
    return one.draft


def _shown(draft: Draft, part: Part, item: str) -> dict[str, Any]:
    saved = draft.items.filter(part=part, item=item).select_related("edited_by").first()
    if saved is not None:
        return _saved(saved)
    content = item_content(draft, part, item)
    return {"part": part, "item": item, "revision": 0, "content": content, "edited_at": None, "edited_by": None}


def _saved(one: DraftItem) -> dict[str, Any]:
    names = ("part", "item", "revision", "content", "edited_at")
    return {name: getattr(one, name) for name in names} | {"edited_by": one.edited_by.name}


def _with_etag(response: HttpResponse, shown: dict[str, Any]) -> dict[str, Any]:
    response.headers["ETag"] = f'"{shown["revision"]}"'
    return shown
