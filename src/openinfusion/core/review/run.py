"""Review a library: every rule over its subjects, findings in the order of gravity, repeats grouped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from openinfusion.core.library import Library
from openinfusion.core.review import (
    rules_concentration,
    rules_delivery,
    rules_limits,
    rules_medicines,
    rules_names,
    rules_patients,
    rules_pca,
    rules_rates,
    rules_record,
    rules_strengths,
    rules_structure,
    rules_texts,
    rules_units,
    rules_values,
)
from openinfusion.core.review.finding import Acceptance, Place, Severity
from openinfusion.core.review.rule import Rule, Scope
from openinfusion.core.review.survey import Survey
from openinfusion.core.review.thresholds import Thresholds

RULES: tuple[Rule, ...] = (
    *rules_concentration.RULES,
    *rules_strengths.RULES,
    *rules_limits.RULES,
    *rules_values.RULES,
    *rules_delivery.RULES,
    *rules_rates.RULES,
    *rules_pca.RULES,
    *rules_units.RULES,
    *rules_patients.RULES,
    *rules_medicines.RULES,
    *rules_names.RULES,
    *rules_texts.RULES,
    *rules_structure.RULES,
    *rules_record.RULES,
)
RULES_BY_ID: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in RULES})
MANY_DRUGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One thing that a rule found: where, what with the actual values, and whether somebody accepted it.

    ``subject`` is the number, among all that the rule looked at, of the one that it found wrong.
    """

    rule: Rule
    severity: Severity
    place: Place
    message: str
    subject: int
    accepted: Acceptance | None = None

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.rule.remedy

    def accept(self, *, reason: str, by: str, until: date) -> Acceptance:
        """Return the decision to live with exactly this finding; other values would open it again."""
        place = self.place
        return Acceptance(
            rule=self.rule.id, item=place.item, path=place.path, message=self.message, reason=reason, by=by, until=until
        )

    def __str__(self) -> str:
        """Return the finding as one line: severity, rule, place in words, sentence."""
        return f"{self.severity.value} {self.rule.id} {self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Looked:
    """How many subjects a rule looked at, and what they are."""

    rule: Rule
    count: int

    def __str__(self) -> str:
        """Return the count in words: "12 entries with an open concentration"."""
        return f"{self.count:,} {self.rule.scope.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """
    Findings that say the same: one rule and severity, for one drug or, when it repeats over many drugs, for all.

    ``drug`` is ``None`` in a group over many drugs and for findings that are not about a drug.
    """

    rule: Rule
    severity: Severity
    drug: str | None
    findings: tuple[Finding, ...]
    looked: Looked

    def __str__(self) -> str:
        """Return one line: the finding itself if alone, else how many of how many."""
        if len(self.findings) == 1:
            return str(self.findings[0])
        subjects = len({finding.subject for finding in self.findings})
        repeats = "" if subjects == len(self.findings) else f"{len(self.findings):,} findings; "
        share = f"{repeats}{subjects:,} of {self.looked}"
        return f"{self.severity.value} {self.rule.id} {self._who}: {self.rule.title} ({share})"

    @property
    def _who(self) -> str:
        """What the findings are about: the drug, or how many drugs or care areas."""
        if self.drug is not None:
            return self.drug
        drugs = {finding.place.drug for finding in self.findings if finding.place.drug}
        areas = {finding.place.care_area for finding in self.findings if finding.place.care_area}
        return f"{len(drugs):,} drugs" if drugs else f"{len(areas):,} care areas" if areas else "the library"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """
    What review found in a library on a day.

    ``unmatched`` are acceptances that speak of nothing found, ``expired`` those whose time is over (their findings
    are open again).
    """

    at: date
    findings: tuple[Finding, ...]
    looked_at: tuple[Looked, ...]
    unmatched: tuple[Acceptance, ...] = ()
    expired: tuple[Acceptance, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that nobody accepted."""
        return tuple(finding for finding in self.findings if finding.accepted is None)

    @property
    def accepted(self) -> tuple[Finding, ...]:
        """The findings that somebody accepted, with the decision."""
        return tuple(finding for finding in self.findings if finding.accepted is not None)

    def count(self, severity: Severity) -> int:
        """Return how many open findings are of this gravity."""
        return sum(finding.severity is severity for finding in self.open)

    def groups(self) -> tuple[Group, ...]:
        """
        Return the open findings in groups, each finding in exactly one group.

        Gravest first; within a gravity what is about one drug comes before what repeats over many, so that a single
        dangerous entry does not drown in something that is the same everywhere.
        """
        looked = {entry.rule.id: entry for entry in self.looked_at}
        by_rule: dict[tuple[str, Severity], list[Finding]] = {}
        for finding in self.open:
            by_rule.setdefault((finding.rule.id, finding.severity), []).append(finding)
        groups = [
            Group(rule=rows[0].rule, severity=severity, drug=drug, findings=tuple(rows), looked=looked[rule])
            for (rule, severity), findings in by_rule.items()
            for drug, rows in _by_drug(findings)
        ]
        return tuple(
            sorted(groups, key=lambda g: (g.severity.rank, g.drug is None, (g.drug or "").casefold(), g.rule.id))
        )


def _by_drug(findings: Sequence[Finding]) -> Iterable[tuple[str | None, list[Finding]]]:
    """Return findings of one rule by drug; together when they run over many drugs."""
    drugs: dict[str | None, list[Finding]] = {}
    for finding in findings:
        drugs.setdefault(finding.place.drug, []).append(finding)
    return drugs.items() if len(drugs) <= MANY_DRUGS else [(None, list(findings))]


def review(
    library: Library,
    *,
    at: date,
    thresholds: Thresholds | None = None,
    parent: Library | None = None,
    acceptances: Iterable[Acceptance] = (),
) -> Review:
    """
    Return everything that the rules find in a library.

    Args:
        library: what to review.
        at: the day of the review; overdue dates and expired acceptances depend on it.
        thresholds: the numbers to compare with; the sourced defaults if not given.
        parent: the version, or another organisation's library, that this one was made from.
        acceptances: decisions to live with findings; they mark, and never remove.

    """
    survey = Survey(library=library, at=at, thresholds=thresholds or Thresholds(), parent=parent)
    subjects: dict[int, tuple[object, ...]] = {}
    known = tuple(acceptances)
    in_force = [acceptance for acceptance in known if acceptance.until >= at]
    findings: list[Finding] = []
    for rule in RULES:
        for number, subject in enumerate(_subjects(rule.scope, survey, subjects)):
            for fault in rule.judge(subject, survey):
                accepted = next((a for a in in_force if a.covers(rule.id, fault.place, fault.message)), None)
                findings.append(
                    Finding(
                        rule=rule,
                        severity=fault.severity or rule.severity,
                        place=fault.place,
                        message=fault.message,
                        subject=number,
                        accepted=accepted,
                    )
                )
    findings.sort(key=_order)
    return Review(
        at=at,
        findings=tuple(findings),
        looked_at=tuple(Looked(rule, len(subjects[id(rule.scope)])) for rule in RULES),
        unmatched=tuple(a for a in known if not any(a.covers(f.rule.id, f.place, f.message) for f in findings)),
        expired=tuple(a for a in known if a.until < at),
    )


def _subjects(scope: Scope[object], survey: Survey, seen: dict[int, tuple[object, ...]]) -> tuple[object, ...]:
    """Return what a scope finds in this library; rules share scopes, so each is looked up once."""
    if id(scope) not in seen:
        seen[id(scope)] = tuple(scope.find(survey))
    return seen[id(scope)]


def _order(finding: Finding) -> tuple[int, str, str]:
    """Return the key that puts findings in order: gravity, drug, rule; the order of the document decides the rest."""
    return (finding.severity.rank, (finding.place.drug or "").casefold(), finding.rule.id)
