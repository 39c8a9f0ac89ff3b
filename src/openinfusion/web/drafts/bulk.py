"""
Editing many entries at once: one operation, shown before it is done, done as one, undone as one.

An operation changes what stands in the form of an entry; the form is then read as if somebody had typed it, so that
whatever cannot be typed cannot be done in bulk either.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.adapters.documents import to_json
from openinfusion.core.errors import AuthorError
from openinfusion.core.numbers import is_plain_decimal
from openinfusion.core.units import Quantity
from openinfusion.web.accounts.models import User
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts.entry_form import form_of, read_form, row_numbers
from openinfusion.web.drafts.fields import GROUPS, VALUES, words_of
from openinfusion.web.drafts.find_items import entry_of
from openinfusion.web.drafts.keep import Edit, draft_of, revision_of, save
from openinfusion.web.drafts.models import BulkEdit
from openinfusion.web.drafts.typed import number_back, read_number, read_typed, read_unit, said_back
from openinfusion.web.library.models import Draft, Part
from openinfusion.web.library.store import item_content

Form = dict[str, str]
MOST = 500


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done to each entry, in words, and how its form changes; raises AuthorError where it cannot."""

    words: str
    change: Callable[[Form], Form]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an operation would do to one entry: each field before and after, or why it cannot be done."""

    item: str
    seen: int
    content: Any
    before: Any
    lines: tuple[str, ...] = ()
    why_not: str = ""


# --- Operations ------------------------------------------------------------------------------------------------------


def read_operation(said: Mapping[str, str]) -> Operation:
    """
    Return the operation that a form asks for.

    Raises:
        AuthorError: nothing was chosen, or a part of it is missing or cannot be read.

    """
    make = _OPERATIONS.get(said.get("operation", ""))
    if make is None:
        raise AuthorError(where="What shall be done", found="nothing chosen", expected="one of the operations")
    return make(said)


def _needed(said: Mapping[str, str], name: str, words: str) -> str:
    text = said.get(name, "").strip()
    if not text or len(text) > 1_000:  # noqa: PLR2004 - longer than anything that is meant here
        raise AuthorError(where=words, found="nothing" if not text else "too long a text", expected="this, in words")
    return text


def _group(said: Mapping[str, str], name: str) -> str:
    path = said.get(name, "")
    if path not in {group.path for group in GROUPS}:
        raise AuthorError(where="Group of limits", found=repr(path), expected="one of the list")
    return path


def _set_limit(said: Mapping[str, str]) -> Operation:
    path = said.get("set.path", "")
    group, _, name = path.rpartition(".")
    if group not in {one.path for one in GROUPS} or name not in VALUES:
        raise AuthorError(where="Limit", found=repr(path), expected="one of the list")
    value = read_typed(_needed(said, "set.value", "Value with its unit"))

    def change(form: Form) -> Form:
        return form | {path: value.text()}

    return Operation(f"Set {words_of(path)} to {said_back(value)}", change)


def _multiply(said: Mapping[str, str]) -> Operation:
    group, factor = _group(said, "multiply.group"), read_number(_needed(said, "multiply.factor", "Factor"))
    if factor <= 0:
        raise AuthorError(where="Factor", found=number_back(factor), expected="more than zero")

    def change(form: Form) -> Form:
        changed = dict(form)
        for name in VALUES:
            if text := form.get(f"{group}.{name}"):
                before = Quantity.read(text)
                after = Quantity(before.value * factor, before.unit)
                if not is_plain_decimal(after.value):
                    raise AuthorError(where=words_of(f"{group}.{name}"), found=str(after), expected="fewer digits")
                changed[f"{group}.{name}"] = after.text()
        return changed

    return Operation(f"Multiply every value of {words_of(group)} by {number_back(factor)}", change)


def _change_unit(said: Mapping[str, str]) -> Operation:
    group, unit = _group(said, "unit.group"), read_unit(_needed(said, "unit.unit", "Unit"))

    def change(form: Form) -> Form:
        if not form.get(f"{group}.unit"):
            raise AuthorError(where=words_of(group), found="no limits", expected="limits in a unit")
        return form | {f"{group}.unit": unit.text}

    return Operation(f"Write {words_of(group)} in {unit.text}, each value converted exactly", change)


def _set_review(said: Mapping[str, str]) -> Operation:
    day = _needed(said, "review.on", "Review by")
    return Operation(f"Set the review date to {day}", lambda form: form | {"review_by": day})


def _add_source(said: Mapping[str, str]) -> Operation:
    field = _needed(said, "source.field", "What the source speaks of")
    citation = _needed(said, "source.citation", "Source")

    def change(form: Form) -> Form:
        used = row_numbers(form, "sources")
        number = used[-1] + 1 if used else 0
        for one in used:
            if (form.get(f"sources.{one}.field"), form.get(f"sources.{one}.citation")) == (field, citation):
                return form
        return form | {f"sources.{number}.field": field, f"sources.{number}.citation": citation}

    return Operation(f"Add the source “{citation}” to {words_of(field)}", change)


def _show_advisory(said: Mapping[str, str]) -> Operation:
    one = _needed(said, "advisory.id", "Advisory")

    def change(form: Form) -> Form:
        return form if form.get(f"advisories.{one}") else form | {f"advisories.{one}": "on"}

    return Operation(f"Show the advisory {one}", change)


def _hide_advisory(said: Mapping[str, str]) -> Operation:
    one = _needed(said, "advisory.id", "Advisory")
    return Operation(
        f"Show the advisory {one} no longer",
        lambda form: {key: value for key, value in form.items() if key != f"advisories.{one}"},
    )


_OPERATIONS: Mapping[str, Callable[[Mapping[str, str]], Operation]] = {
    "set": _set_limit,
    "multiply": _multiply,
    "unit": _change_unit,
    "review": _set_review,
    "source": _add_source,
    "show": _show_advisory,
    "hide": _hide_advisory,
}


# --- Looking, doing, undoing -----------------------------------------------------------------------------------------


def check_many(items: Collection[str]) -> None:
    """Refuse none, and more than anybody would look through."""
    if not items or len(items) > MOST:
        raise AuthorError(where="Entries", found=f"{len(items):,} chosen", expected=f"1 to {MOST}")


def propose(draft: Draft, items: Iterable[str], operation: Operation) -> list[Proposal]:
    """Return what an operation would do to each of these entries; nothing is changed."""
    return [_propose(draft, item, operation) for item in items]


def _propose(draft: Draft, item: str, operation: Operation) -> Proposal:
    before, seen = item_content(draft, Part.ENTRY, item), revision_of(draft, Part.ENTRY, item)
    if before is None:
        return Proposal(item, seen, None, None, why_not="It is not in the draft.")
    form = form_of(before)
    try:
        reading = read_form(item, operation.change(form))
    except AuthorError as error:
        return Proposal(item, seen, None, before, why_not=str(error))
    if reading.content is None:
        return Proposal(item, seen, None, before, why_not=" ".join(one["text"] for one in reading.problems))
    content = to_json(entry_of(reading.content))
    if content == before:
        return Proposal(item, seen, None, before, why_not="It is so already.")
    return Proposal(item, seen, content, before, lines=tuple(_lines(form, form_of(content))))


def _lines(before: Form, after: Form) -> Iterable[str]:
    for path in dict.fromkeys((*before, *after)):
        old, new = before.get(path), after.get(path)
        if old != new:
            yield f"{words_of(path)}: {_shown(old)} → {_shown(new)}"


def _shown(text: str | None) -> str:
    if text is None:
        return "nothing"
    try:
        return said_back(Quantity.read(text))
    except AuthorError:
        return text


@transaction.atomic
def apply(change: Change, seen: Mapping[str, int], operation: Operation, *, by: User, at: datetime) -> BulkEdit:
    """
    Do an operation to entries as they were when it was shown: to all of them, or to none.

    Raises:
        AuthorError: one of them cannot be changed so.
        StaleError: somebody saved one of them since.

    """
    draft = draft_of(change)
    check_many(seen)
    proposals = propose(draft, seen, operation)
    for one in proposals:
        if one.content is None:
            raise AuthorError(where=one.item, found=one.why_not, expected="a look at the preview again")
    edits = [Edit(part=Part.ENTRY, item=one.item, content=one.content, seen=seen[one.item]) for one in proposals]
    saved = save(change, edits, what="bulk edit", by=by, at=at, reason=operation.words)
    items = [
        {"item": one.item, "before": one.before, "revision": made.revision}
        for one, made in zip(proposals, saved, strict=True)
    ]
    return BulkEdit.objects.create(draft=draft, words=operation.words[:400], items=items, by=by, at=at)


def last_of(draft: Draft) -> BulkEdit | None:
    """Return the last bulk edit that was not undone."""
    found: BulkEdit | None = BulkEdit.objects.filter(draft=draft, undone_at=None).select_related("by").first()
    return found


@transaction.atomic
def undo(change: Change, edit: BulkEdit, *, by: User, at: datetime) -> None:
    """
    Put back what stood in every entry of a bulk edit: in all of them, or in none.

    Raises:
        AuthorError: it is not the last, or one of the entries was edited since.

    """
    draft = draft_of(change)
    if edit != last_of(draft):
        raise AuthorError(where=edit.words, found="a later bulk edit, or one undone already", expected="the last one")
    later = [one["item"] for one in edit.items if revision_of(draft, Part.ENTRY, one["item"]) != one["revision"]]
    if later:
        raise AuthorError(
            where=edit.words, found=f"entries edited since: {', '.join(later)}", expected="each put back by hand"
        )
    edits = [Edit(part=Part.ENTRY, item=one["item"], content=one["before"], seen=one["revision"]) for one in edit.items]
    save(change, edits, what="undo bulk edit", by=by, at=at, reason=edit.words)
    edit.undone_at = at
    edit.save(update_fields=["undone_at"])
