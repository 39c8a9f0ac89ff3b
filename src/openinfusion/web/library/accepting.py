"""Decisions to live with findings of review: proposed with a draft, judged with its change, kept with its release."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from openinfusion.core.review import RULES_BY_ID, Acceptance, Severity
from openinfusion.web.library.models import AcceptanceProposed, Accepted, Draft, DrugLibrary

Finding = Mapping[str, str]
_Key = tuple[str, str, str]


def acceptances_of(library: DrugLibrary, draft: Draft | None) -> tuple[Acceptance, ...]:
    """Return what was decided about the findings of a library, and what a draft proposes, as core knows them."""
    decided: list[Accepted | AcceptanceProposed] = list(library.accepted.all())
    decided += [] if draft is None else list(draft.acceptances.all())
    return tuple(
        Acceptance(
            rule=one.rule,
            item=one.item,
            reason=one.reason,
            by=one.role if isinstance(one, Accepted) else str(one.by_id),
            until=one.until,
            message=one.message,
        )
        for one in decided
    )


def key_of(finding: Finding) -> _Key:
    """Return what an acceptance speaks of: rule, item and the very words, so that other values are open again."""
    return (finding["rule"], finding["item"], finding["message"])


def open_of(findings: Sequence[Finding], draft: Draft, *, on: date) -> list[Finding]:
    """Return the findings that nobody accepted and that the draft does not propose to accept."""
    columns = ("rule", "item", "message")
    known: set[_Key] = set(draft.library.accepted.filter(until__gte=on).values_list(*columns))
    known |= set(draft.acceptances.filter(until__gte=on).values_list(*columns))
    return [one for one in findings if key_of(one) not in known]


@dataclass(frozen=True, slots=True)
class AcceptedKind:
    """What was proposed in one act about the findings of one rule."""

    all: tuple[AcceptanceProposed, ...]

    @property
    def first(self) -> AcceptanceProposed:
        """One of them: rule, reason, end, person and time are those of all."""
        return self.all[0]

    @property
    def title(self) -> str:
        """What the rule is called."""
        return RULES_BY_ID[self.first.rule].title if self.first.rule in RULES_BY_ID else self.first.rule


def in_kinds(acceptances: Iterable[AcceptanceProposed]) -> list[AcceptedKind]:
    """Return what is proposed by rule and act, as people decided it, in the order of the first of each."""
    found: dict[tuple[str, int, datetime], list[AcceptanceProposed]] = defaultdict(list)
    for one in acceptances:
        found[one.rule, one.by_id, one.at].append(one)
    return [AcceptedKind(tuple(all_)) for all_ in found.values()]


@dataclass(frozen=True, slots=True)
class OpenKind:
    """The open findings of one rule, which may be accepted together."""

    all: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """One of them: rule, title and severity are those of all."""
        return self.all[0]

    @property
    def mark(self) -> str:
        """What stands for exactly these findings: whoever accepts them accepts what they were shown."""
        keys = sorted(map(key_of, self.all))
        return f"{self.first['rule']}-{hashlib.sha256(json.dumps(keys).encode()).hexdigest()}"


def open_kinds(findings: Iterable[Finding]) -> list[OpenKind]:
    """Return open findings by rule and gravity, in the order of the first of each."""
    found: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for one in findings:
        found[one["rule"], one["severity"]].append(one)
    return [OpenKind(tuple(all_)) for all_ in found.values()]


def open_errors(findings: Sequence[Finding], draft: Draft, *, on: date) -> int:
    """Return how many errors of a draft's library nobody accepted."""
    return sum(one["severity"] == Severity.ERROR.value for one in open_of(findings, draft, on=on))


def keep_accepted(draft: Draft, findings: Sequence[Finding], *, at: datetime) -> list[Accepted]:
    """
    Keep what a draft proposed to live with as decided, once its change is released.

    Only what still speaks of a finding of what is released, and has not ended: nobody decided anything else.
    """
    stand = {key_of(one) for one in findings}
    proposed = draft.acceptances.filter(until__gte=timezone.localdate(at)).select_related("by")
    return [
        Accepted.objects.create(
            library=draft.library,
            rule=one.rule,
            item=one.item,
            field=one.field,
            message=one.message,
            reason=one.reason,
            role=one.role,
            until=one.until,
            by=one.by,
            at=at,
        )
        for one in proposed
        if (one.rule, one.item, one.message) in stand
    ]
