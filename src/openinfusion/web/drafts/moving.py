"""
Moving a draft onto the newest version of its library: three ways, item by item and within an entry field by field.

What only the draft changed stays as it is; what only the newer versions changed comes with them; what both changed in
the same way is settled; where both changed the same field of an entry, or the same item otherwise, a person chooses.
Fields carry their units (``drafts.merge``), so that no number of one side comes to stand under a unit of the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.adapters.documents import to_json
from openinfusion.core.change_record import amend
from openinfusion.core.errors import AuthorError
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.candidate import fingerprint
from openinfusion.web.changes.desk import request_of, role_of, take_in_draft
from openinfusion.web.changes.models import Change
from openinfusion.web.drafts.entry_form import form_of, read_form
from openinfusion.web.drafts.keep import draft_of, keep_state
from openinfusion.web.drafts.merge import Row, chosen_of, merged, rows_of
from openinfusion.web.drafts.models import SavedState
from openinfusion.web.library.items import read_item
from openinfusion.web.library.models import Draft, DraftItem, Part, Span, Version
from openinfusion.web.library.store import newer_than_base

Json = Any
Sides = tuple[Json, Json, Json]
Forms = tuple[dict[str, str], dict[str, str], dict[str, str]]
WHOLE = "item"
"""The field that stands for all of an item, where one of the two sides is taken as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """
    One item that both the draft and the newer versions changed.

    Attributes:
        part, item: which.
        base, theirs, mine: its content in the old version, in the newest, and in the draft; ``None``: not there.
        rows: the fields in which the newest and the draft differ, with whose it is where only one changed it.
        chosen: what was chosen for each of those fields.
        content: what it becomes by that, if it is an item of the format.
        fault: why it is none, in words.

    """

    part: Part
    item: str
    base: Json
    theirs: Json
    mine: Json
    rows: tuple[Row, ...]
    chosen: Mapping[str, str]
    content: Json
    fault: str

    @property
    def key(self) -> str:
        """What stands for it in a form."""
        return f"{self.part.value}:{self.item}"

    @property
    def open(self) -> tuple[Row, ...]:
        """The fields that a person still has to choose for."""
        return tuple(row for row in self.rows if row.path not in self.chosen)

    @property
    def is_settled(self) -> bool:
        """Whether it is known what it becomes."""
        return not self.open and not self.fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """
    What moving a draft onto a version means.

    Attributes:
        onto: the version.
        seen: what stands for the draft and the version, so that nobody settles what was not before them.
        stay: what only the draft changed.
        agree: what needs no choice, with what it becomes: both changed it alike, or the draft only put it back.
        meetings: what both changed.

    """

    onto: Version
    seen: str
    stay: tuple[DraftItem, ...]
    agree: tuple[tuple[DraftItem, Json], ...]
    meetings: tuple[Meeting, ...]

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to be chosen."""
        return all(one.is_settled for one in self.meetings)


def plan(draft: Draft, onto: Version, answers: Mapping[str, str] | None = None) -> Move:
    """Return what moving a draft onto a version means, with what was chosen so far (keys as in the form)."""
    said = answers or {}
    stay, agree, meetings = [], [], []
    before, after = _contents(draft, draft.base), _contents(draft, onto)
    for one in draft.items.select_related("edited_by").order_by("part", "item"):
        key = (one.part, one.item)
        base, theirs = before.get(key), after.get(key)
        if one.content in (theirs, base):
            agree.append((one, theirs))
        elif theirs == base:
            stay.append(one)
        else:
            meetings.append(_meeting(one, (base, theirs, one.content), said))
    mark = f"{fingerprint(draft)} {onto.number}"
    return Move(onto=onto, seen=mark, stay=tuple(stay), agree=tuple(agree), meetings=tuple(meetings))


def _contents(draft: Draft, version: Version) -> dict[tuple[str, str], Json]:
    """Return the items of a draft as a version has them."""
    items = set(draft.items.values_list("item", flat=True))
    spans = Span.objects.at(version).filter(item__in=items)
    return {(one.part, one.item): one.content for one in spans}


def _meeting(one: DraftItem, sides: Sides, said: Mapping[str, str]) -> Meeting:
    part, (base, theirs, mine) = Part(one.part), sides
    forms = _forms(one.item, sides) if part is Part.ENTRY else None
    prefix = f"choice.{part.value}:{one.item}."
    answers = {f"choice.{key.removeprefix(prefix)}": value for key, value in said.items() if key.startswith(prefix)}
    rows = [Row(WHOLE, _told(base), _told(theirs), _told(mine))] if forms is None else rows_of(*forms)
    chosen = {row.path: row.suggested for row in rows if row.suggested and forms is not None}
    chosen |= chosen_of(rows, answers)
    content, fault = _content(one.item, rows, chosen, forms=forms, sides=sides)
    return Meeting(
        part=part,
        item=one.item,
        base=base,
        theirs=theirs,
        mine=mine,
        rows=tuple(rows),
        chosen=chosen,
        content=content,
        fault=fault,
    )


def _forms(item: str, sides: Sides) -> Forms | None:
    """Return the three as forms, if all are there and the form says all of each; else one is taken whole."""
    if any(side is None for side in sides):
        return None
    forms = form_of(sides[0]), form_of(sides[1]), form_of(sides[2])
    pairs = zip(forms, sides, strict=True)
    is_whole = all(_same(read_form(item, form).content, content) for form, content in pairs)
    return forms if is_whole else None


def _same(read: Json, content: Json) -> bool:
    return read is not None and to_json(read_item(Part.ENTRY, read["id"], read)) == content


def _content(
    item: str, rows: list[Row], chosen: Mapping[str, str], *, forms: Forms | None, sides: Sides
) -> tuple[Json, str]:
    """Return what was chosen as one item, and why it is none."""
    if any(row.path not in chosen for row in rows):
        return None, ""
    if forms is None:
        return sides[1] if chosen[WHOLE] == "theirs" else sides[2], ""
    reading = read_form(item, merged(forms[2], forms[1], chosen))
    if reading.content is None:
        return None, "; ".join(one["text"] for one in reading.problems)
    return to_json(read_item(Part.ENTRY, item, reading.content)), ""


def _told(content: Json) -> str:
    """Return an item in words that a person can compare: each of its values on a line."""
    return "not there" if content is None else "\n".join(_lines(content))


def _lines(content: Json, path: str = "") -> Iterable[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _lines(value, f"{path} {key}".strip())
    elif isinstance(content, list):
        for number, value in enumerate(content, start=1):
            yield from _lines(value, f"{path} {number}" if len(content) > 1 else path)
    elif content not in (None, "", False):
        yield f"{path.replace('_', ' ')}: {content}"


@transaction.atomic
def move(change: Change, *, seen: str, answers: Mapping[str, str], by: User, at: datetime) -> Move:
    """
    Move the draft of a change request onto the newest version, with what was chosen; nothing if something is left.

    Raises:
        AuthorError: it is on the newest already, or somebody saved or released meanwhile, or the items do not fit.
        ChangeControlError: the change request is no draft any more, or this person may not write in it.

    """
    change = Change.objects.select_for_update(no_key=True).get(pk=change.pk)
    draft = Draft.objects.select_for_update(no_key=True).get(pk=draft_of(change).pk)
    amend(request_of(change), {}, by=by.actor)
    onto = newer_than_base(draft)
    if onto is None:
        raise AuthorError(where=change.reference, found="a draft of the newest version", expected="an older one")
    made = plan(draft, onto, answers)
    if made.seen != seen:
        found = "a draft or a library that changed since you were shown this"
        raise AuthorError(where=change.reference, found=found, expected="a look at what both are now")
    if not made.is_settled:
        return made
    _carry(change, draft, made, by=by, at=at)
    take_in_draft(Change.objects.select_related("draft__base").get(pk=change.pk), by=by, at=at)
    return made


def _carry(change: Change, draft: Draft, made: Move, *, by: User, at: datetime) -> None:
    """Put a draft onto a version: each meeting as it was settled, and who has an old form open meets the new text."""
    old, role = draft.base, role_of(by, Permission.EDIT_DRAFT, change)
    told: dict[str, Any] = {"by": by, "organisation": change.organisation, "at": at, "role": role}
    book.write(
        "move draft onto newest",
        change.reference,
        before={"version": old.label, "sha256": old.sha256},
        after={"version": made.onto.label, "sha256": made.onto.sha256, "settled": [one.key for one in made.meetings]},
        **told,
    )
    _keep_first_states(draft, made.onto, at)
    draft.base = made.onto
    draft.save(update_fields=["base"])
    for one, theirs in made.agree:
        if one.content != theirs:
            _put(draft, one, theirs, by=by, at=at)
    for met in made.meetings:
        _put(draft, draft.items.get(part=met.part, item=met.item), met.content, by=by, at=at)
        book.write(
            "merge item",
            f"{change.reference} {met.part.value} {met.item}",
            before=met.mine,
            after=met.content,
            reason="; ".join(f"{path}: {answer}" for path, answer in sorted(met.chosen.items())),
            **told,
        )


def _put(draft: Draft, item: DraftItem, content: Json, *, by: User, at: datetime) -> None:
    keep_state(draft, item)
    item.content, item.revision, item.edited_by, item.edited_at = content, item.revision + 1, by, at
    item.save()
    keep_state(draft, item)


def _keep_first_states(draft: Draft, onto: Version, at: datetime) -> None:
    """
    Keep what stood at revision 0 of whatever somebody has open, so that saving an old form asks them to merge.

    An item that only the newer versions changed becomes one of the draft's, as they have it, at revision 1.
    """
    mine = {(one.part, one.item) for one in draft.items.all()}
    open_now = set(draft.open_forms.values_list("part", "item"))
    for part, item in open_now | mine:
        base, theirs = (
            Span.objects.at(version).filter(part=part, item=item).values_list("content", flat=True).first()
            for version in (draft.base, onto)
        )
        if base == theirs:
            continue
        someone = draft.made_by
        SavedState.objects.get_or_create(
            draft=draft, part=part, item=item, revision=0, defaults={"content": base, "by": someone, "at": at}
        )
        if (part, item) not in mine:
            made = DraftItem.objects.create(
                draft=draft, part=part, item=item, content=theirs, edited_by=onto.made_by or someone, edited_at=at
            )
            keep_state(draft, made)
