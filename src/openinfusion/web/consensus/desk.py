"""
The desk of consensus: what people do about a discrepancy and an open hazard, each deed with its audit row.

Core judges the values (``core.consensus``); here it is said who does what after what.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.adapters.documents import to_json
from openinfusion.core.consensus import (
    MISSING,
    Decision,
    Position,
    Round,
    Statement,
    Value,
    dissent_in,
    outcome,
    reopened,
)
from openinfusion.core.errors import ConsensusError
from openinfusion.core.roles import Permission
from openinfusion.core.statements import value_text
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.accounts.signing import Evidence
from openinfusion.web.audit import book
from openinfusion.web.consensus.keeping import value_to_json
from openinfusion.web.consensus.models import (
    DecisionMade,
    Discrepancy,
    HazardOpened,
    PositionTaken,
    RoundHeld,
    SourceStatement,
)
from openinfusion.web.consensus.rounds import Asked, round_of, seat_of, standing
from openinfusion.web.library.models import DrugLibrary


def _write(
    what: str,
    of: Discrepancy,
    *,
    by: User,
    at: datetime,
    may: Permission,
    after: Any,  # noqa: ANN401 - JSON
    about: str = "",
    reason: str = "",
) -> None:
    role = by.actor.role_for(may, organisation=of.organisation.slug)
    book.write(
        what,
        about or of.reference,
        by=by,
        organisation=of.organisation,
        at=at,
        role=role.value if role else "",
        after=after,
        reason=reason,
    )


@transaction.atomic
def raise_discrepancy(
    library: DrugLibrary,
    subject: tuple[str, str],
    areas: Iterable[str],
    *,
    proposal: Value,
    statements: Iterable[Statement],
    by: User,
    at: datetime,
) -> Discrepancy:
    """
    Open a discrepancy on one attribute of a drug in some care areas, with what the sources say now.

    Raises:
        ConsensusError: no area, nothing proposed, or the same is undecided already.

    """
    drug, attribute = subject
    affected = list(dict.fromkeys(areas))
    if not affected or proposal is MISSING:
        raise ConsensusError(where=attribute, found="no area or no proposal", expected="what is proposed, and where")
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=library.organisation_id)
    same = organisation.discrepancies.filter(library=library, drug=drug, attribute=attribute, decision=None).first()
    if same is not None:
        raise ConsensusError(where=attribute, found=f"{same.reference}, undecided", expected="its decision first")
    number = organisation.discrepancies.filter(raised_at__year=at.year).count() + 1
    made = Discrepancy.objects.create(
        organisation=organisation,
        library=library,
        reference=f"DR-{at.year}-{number:03}",
        drug=drug,
        attribute=attribute,
        areas=affected,
        proposal=value_to_json(proposal),
        proposal_words=value_text(proposal),
        raised_by=by,
        raised_at=at,
    )
    for one in statements:
        if one.care_area in affected:
            _keep(made, one, by=by, at=at)
    after = {"drug": drug, "attribute": attribute, "areas": affected, "proposal": made.proposal}
    _write("raise discrepancy", made, by=by, at=at, may=Permission.PROPOSE, after=after)
    return made


def _keep(of: Discrepancy, one: Statement, *, by: User, at: datetime) -> SourceStatement:
    return SourceStatement.objects.create(
        discrepancy=of,
        care_area=one.care_area,
        kind=one.origin.kind.value,
        citation=one.origin.citation,
        value=value_to_json(one.value),
        words=one.value_text,
        therapy=one.therapy or "",
        note=one.note or "",
        by=by,
        at=at,
    )


@transaction.atomic
def add_statement(of: Discrepancy, one: Statement, *, by: User, at: datetime) -> SourceStatement:
    """Add what a source says that is no library here; raises ConsensusError once it is decided."""
    Discrepancy.objects.select_for_update(no_key=True).get(pk=of.pk)
    _refuse_decided(of)
    made = _keep(of, one, by=by, at=at)
    after = {"kind": made.kind, "citation": made.citation, "value": made.value, "care_area": made.care_area}
    _write("add statement", of, by=by, at=at, may=Permission.PROPOSE, after=after)
    return made


def _refuse_decided(of: Discrepancy) -> None:
    if DecisionMade.objects.filter(discrepancy=of).exists():
        raise ConsensusError(where=of.reference, found="a decision already", expected="a new discrepancy")


@transaction.atomic
def open_round(of: Discrepancy, asked: Iterable[Asked], *, by: User, at: datetime) -> RoundHeld:
    """Open the next round; raises ConsensusError while one is open, after the last, and where nobody is asked."""
    Discrepancy.objects.select_for_update(no_key=True).get(pk=of.pk)
    _refuse_decided(of)
    number, seats = standing(of).next_number, list(dict.fromkeys(asked))
    if number is None:
        raise ConsensusError(
            where=of.reference, found="no round to open", expected="the open one closed, or a decision"
        )
    if not seats:
        raise ConsensusError(where=of.reference, found="nobody to ask", expected=f"a champion of {', '.join(of.areas)}")
    held = RoundHeld.objects.create(discrepancy=of, number=number, asked=[list(one) for one in seats], opened_at=at)
    _write("open round", of, by=by, at=at, may=Permission.DECIDE_CONSENSUS, after=held.asked, about=str(held))
    return held


@transaction.atomic
def take_position(held: RoundHeld, said: Position, *, by: User, at: datetime) -> PositionTaken:
    """
    Keep what somebody says in a round, or their second thoughts while it is open.

    Raises:
        ConsensusError: the round is closed, they were not asked, speak for another area, or the score contradicts.

    """
    held = RoundHeld.objects.select_for_update(no_key=True).select_related("discrepancy__organisation").get(pk=held.pk)
    of, seat = held.discrepancy, seat_of(held, by)
    if held.closed_at is not None or seat is None:
        found = "a closed round" if held.closed_at else "somebody who was not asked"
        raise ConsensusError(where=str(held), found=found, expected="an open round that asks them")
    if said.care_area not in ([seat.care_area] if seat.care_area else of.areas):
        raise ConsensusError(where=str(held), found=said.care_area, expected=f"{seat.care_area or ', '.join(of.areas)}")
    _check(held, said, of)
    fields: dict[str, Any] = {
        "role": said.role,
        "profession": said.profession.value,
        "care_area": said.care_area,
        "agrees": said.agrees,
    }
    fields |= {"reason": said.reason, "score": said.score, "at": at}
    made, _ = PositionTaken.objects.update_or_create(round=held, voter=by, defaults=fields)
    # The audit record keeps the hash of what was said, so that nobody reads there who objected.
    kept = fields | {"at": at.isoformat()}
    _write("take position", of, by=by, at=at, may=Permission.TAKE_POSITION, after=kept, about=str(held))
    return made


def _check(held: RoundHeld, said: Position, of: Discrepancy) -> None:
    """Let core refuse a score off its scale, or one that says the opposite, before it is kept."""
    this = Round(number=held.number, asked=len(held.asked), positions=(said,))
    outcome([*map(round_of, of.rounds.filter(number__lt=held.number)), this], areas=of.areas)


@transaction.atomic
def close_round(held: RoundHeld, *, by: User, at: datetime) -> RoundHeld:
    """Close a round: from then on its median, quartiles and reasons are shown."""
    held = RoundHeld.objects.select_for_update(no_key=True).select_related("discrepancy__organisation").get(pk=held.pk)
    if held.closed_at is not None:
        raise ConsensusError(where=str(held), found="a closed round", expected="an open one")
    held.closed_at = at
    held.save()
    after = {"answered": held.positions.count(), "asked": len(held.asked)}
    _write("close round", held.discrepancy, by=by, at=at, may=Permission.DECIDE_CONSENSUS, after=after, about=str(held))
    return held


def decision_on(of: Discrepancy, **said: Any) -> Decision:  # noqa: ANN401 - the fields of Decision
    """
    Return the decision that a body would make, with the dissent of the last closed round word for word.

    Raises:
        ConsensusError: it breaks a rule of core, nobody was asked yet, or a round is still open.

    """
    now = standing(of)
    if now.open or not now.closed:
        found = "an open round" if now.open else "no round"
        raise ConsensusError(where=of.reference, found=found, expected="a closed round before a decision")
    dissent = dissent_in(round_of(now.closed[-1]))
    return Decision(drug=of.drug, attribute=of.attribute, areas=tuple(of.areas), dissent=dissent, **said)


@transaction.atomic
def decide(of: Discrepancy, made: Decision, *, by: User, at: datetime, evidence: Evidence) -> DecisionMade:
    """
    Keep a signed decision, open the hazard that it re-opens, and close those that it settles.

    Raises:
        ConsensusError: it is decided already.

    """
    Discrepancy.objects.select_for_update(no_key=True).get(pk=of.pk)
    _refuse_decided(of)
    words = made.choice.value if made.value is None else f"{made.choice.value}: {value_text(made.value)}"
    row = DecisionMade.objects.create(
        discrepancy=of,
        choice=made.choice.value,
        value=None if made.value is None else value_to_json(made.value),
        words=words,
        rationale=made.rationale,
        dissent=to_json(made.dissent),
        residual_hazard=made.residual_hazard or "",
        body=made.by,
        review_on=made.review_on,
        by=by,
        at=at,
        signed_with=evidence.method,
        signed_at=evidence.at,
    )
    after = {"decision": words, "rationale": made.rationale, "dissent": row.dissent, "signed": evidence.method}
    _write("decide", of, by=by, at=at, may=Permission.DECIDE_CONSENSUS, after=after, reason=made.rationale)
    _open_or_close_hazard(row, made, by=by, at=at)
    return row


def _open_or_close_hazard(row: DecisionMade, made: Decision, *, by: User, at: datetime) -> None:
    """Open what the decision re-opens; a strength that is one in all its areas settles what was open for them."""
    of = row.discrepancy
    opened = reopened(made)
    if opened is not None:
        HazardOpened.objects.create(
            organisation=of.organisation,
            library=of.library,
            decision=row,
            hazard=opened.hazard,
            drug=opened.drug,
            areas=list(opened.areas),
            because=opened.because,
            opened_at=at,
            due=made.review_on,
        )
        _write(
            "re-open hazard",
            of,
            by=by,
            at=at,
            may=Permission.DECIDE_CONSENSUS,
            after=list(opened.areas),
            about=f"{opened.hazard} {of.drug}",
        )
        return
    standing_ = of.organisation.hazards_opened.filter(library=of.library, drug=of.drug, closed_at=None)
    for one in standing_.filter(decision__discrepancy__attribute=of.attribute):
        if set(one.areas) <= set(of.areas):
            one.closed_at, one.closed_by = at, row
            one.save()
            _write("close hazard", of, by=by, at=at, may=Permission.DECIDE_CONSENSUS, after=row.words, about=str(one))
