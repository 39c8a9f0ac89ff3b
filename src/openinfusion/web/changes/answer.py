"""One question on one page: which library, with which limit for a drug, was on a pump at a time, by whose approval."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Coalesce

from openinfusion.core.change_request import Act
from openinfusion.core.entry import Entry
from openinfusion.core.errors import OperatorError
from openinfusion.core.stages import Stage
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Change
from openinfusion.web.changes.proof import database, witnesses
from openinfusion.web.changes.screen import names_for
from openinfusion.web.library.models import DrugLibrary, Part, Span, Version
from openinfusion.web.library.names import entry_of, names_of

_ENDS = frozenset({Stage.CLOSED, Stage.REJECTED, Stage.WITHDRAWN, Stage.ROLLED_BACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One entry of the drug: where it is for, and each limit in words."""

    about: str
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """By which change a version came, and who took it which step."""

    change: Change
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPump:
    """What is known of one pump at the moment, in words; the version only where its proof reaches back so far."""

    words: str
    version: Version | None


def version_at(library: DrugLibrary, at: datetime) -> Version | None:
    """Return the version that was in force: the last one released by then; one that was imported counts as it came."""
    since = Coalesce("released_at", "made_at")
    found = library.versions.annotate(since=since).filter(since__lte=at).defer("content")
    return found.select_related("library").order_by("-since", "-number").first()


def limits_of(version: Version, words: str) -> tuple[Limit, ...]:
    """Return the limits of a drug in a version, by care area; the drug by any of its names."""
    found = Span.objects.at(version).filter(part=Part.ENTRY)
    for word in words.casefold().split():
        found = found.filter(words__contains=word)
    names = names_of(version)
    entries = [entry_of(span) for span in found.order_by("words")[:100]]
    return tuple(
        Limit(
            about=", ".join(
                text for text in (names.drug_of(one).name, names.area_of(one).name, one.therapy, _strength(one)) if text
            ),
            limits=tuple(_limits(one)),
        )
        for one in entries
    )


def _strength(entry: Entry) -> str | None:
    return entry.concentration.text if entry.concentration else None


def _limits(entry: Entry) -> Iterable[tuple[str, str]]:
    for path, limits in entry.all_limits():
        for name in ("hard_min", "soft_min", "soft_max", "hard_max"):
            if (quantity := limits.quantity(name)) is not None:
                side, _, end = name.partition("_")
                yield f"{path.replace('.', ' ').replace('_', ' ')}, {side} {end}imum", str(quantity)


def approval_of(version: Version) -> Approved | None:
    """Return who approved a version; ``None`` where it came by no change request."""
    change = Change.objects.filter(version=version).select_related("organisation", "draft__base").first()
    if change is None:
        return None
    return Approved(change=change, acts=names_for(change).request(request_of(change)).acts)


def open_at(organisation: Organisation, at: datetime) -> tuple[Change, ...]:
    """Return the change requests that were open at a moment."""
    opened = organisation.changes.filter(opened_at__lte=at).select_related("proposer")
    return tuple(one for one in opened if not _had_ended(one, at))


def _had_ended(change: Change, at: datetime) -> bool:
    return any(act.to in _ENDS and act.at <= at for act in request_of(change).acts)


def on_pump(organisation: Organisation, pump: str, at: datetime) -> OnPump:
    """Return what is known of a pump of an organisation at a moment; what is not proven is not known."""
    if database() is None:
        return OnPump(words="Not known: this place names no database of what pumps have proven.", version=None)
    try:
        mine = (one for one in witnesses() if one.pump == pump and one.line.startswith(f"{organisation.slug}/"))
        witness = next(mine, None)
    except OperatorError as error:
        return OnPump(words=f"Not known: {error.found}.", version=None)
    if witness is None:
        return OnPump(words="Not known: there is no such pump in service here.", version=None)
    proof = witness.proof
    if proof is None or proof.fault is not None or witness.doubt is not None:
        return OnPump(words="Not known: the pump has proven nothing that stands without a doubt.", version=None)
    if not proof.since <= at <= proof.as_of:
        words = f"Not known: its proof reaches from {proof.since:%d-%b-%Y %H:%M} to {proof.as_of:%d-%b-%Y %H:%M} UTC."
        return OnPump(words=words, version=None)
    version = Version.objects.filter(sha256=proof.sha256, library__organisation=organisation).defer("content").first()
    about = f"{version.library.name} {version.label}" if version else f"a library with the SHA-256 {proof.sha256}"
    return OnPump(words=f"Proven ({proof.level}): {about}, release {proof.number}.", version=version)
