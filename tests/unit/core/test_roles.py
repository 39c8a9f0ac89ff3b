"""Roles, duties and rights: one table, and a refusal that says whose it is."""

import pytest

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import (
    RIGHTS,
    Actor,
    Duty,
    Permission,
    Role,
    holders,
    whose,
    why_not_given,
    why_not_permitted,
)
from openinfusion.core.wording import listed, with_article

TRUST = "Example Trust"


def test_every_role_has_rights_and_every_right_a_role() -> None:
    """A right that nobody holds would be a step that nobody can take."""
    assert set(RIGHTS) == set(Role)
    assert all(holders(permission) for permission in Permission)
    assert all(permission.words and role.words for permission in Permission for role in Role)


def test_no_role_both_writes_and_checks_or_approves() -> None:
    """The table itself keeps the four parts apart; the steps keep apart the people who hold several roles."""
    for rights in RIGHTS.values():
        assert not {Permission.EDIT_DRAFT, Permission.CHECK} <= rights
        assert not {Permission.EDIT_DRAFT, Permission.APPROVE} <= rights
        assert not {Permission.CHECK, Permission.APPROVE} <= rights
        assert not {Permission.APPROVE, Permission.RELEASE} <= rights


@pytest.mark.parametrize(
    "role", [Role.CLINICAL_INFORMATICS, Role.CLINICAL_ENGINEER, Role.INFORMATION_GOVERNANCE, Role.MANUFACTURER]
)
def test_who_is_not_clinical_proposes_and_edits_nothing(role: Role) -> None:
    assert not RIGHTS[role] & {Permission.PROPOSE, Permission.EDIT_DRAFT, Permission.REVIEW_AREA, Permission.APPROVE}


def test_a_refusal_names_role_and_organisation() -> None:
    actor = Actor("ann", (Duty(Role.LIBRARY_PHARMACIST, TRUST),))
    why = why_not_permitted(actor, Permission.CHECK, organisation=TRUST)
    assert why == "only a second pharmacist of Example Trust may check a change without seeing its values"
    assert why_not_permitted(actor, Permission.EDIT_DRAFT, organisation=TRUST) is None
    elsewhere = why_not_permitted(actor, Permission.EDIT_DRAFT, organisation="Other Trust")
    assert elsewhere == "only a library pharmacist of Other Trust may edit a draft"


def test_a_champion_speaks_for_one_area() -> None:
    """And may read, comment, propose and test anywhere in the organisation."""
    actor = Actor("ann", (Duty(Role.CARE_AREA_CHAMPION, TRUST, "icu"),))
    assert why_not_permitted(actor, Permission.REVIEW_AREA, organisation=TRUST, care_area="icu") is None
    assert why_not_permitted(actor, Permission.REVIEW_AREA, organisation=TRUST) is None
    assert why_not_permitted(actor, Permission.PROPOSE, organisation=TRUST, care_area="theatre") is None
    why = why_not_permitted(actor, Permission.REVIEW_AREA, organisation=TRUST, care_area="theatre")
    assert why == "only a care-area champion of Example Trust for theatre may review a change for a care area"


def test_several_who_may_are_all_named() -> None:
    said = whose({Permission.APPROVE, Permission.TRIAGE}, organisation=TRUST)
    assert said == (
        "a medication safety officer, a library pharmacist or a member of the medication committee of Example Trust"
    )


@pytest.mark.parametrize(
    "role, organisation, area",
    [(Role.CARE_AREA_CHAMPION, TRUST, None), (Role.READER, " ", None), (Role.READER, TRUST, "")],
)
def test_a_duty_of_nothing_is_refused(role: Role, organisation: str, area: str | None) -> None:
    with pytest.raises(ChangeControlError, match="duty"):
        Duty(role, organisation, area)


def test_an_actor_without_a_name_is_refused() -> None:
    with pytest.raises(ChangeControlError, match="account"):
        Actor(" ")


def test_a_duty_says_itself() -> None:
    assert str(Duty(Role.CARE_AREA_CHAMPION, TRUST, "icu")) == "care-area champion of Example Trust (icu)"
    assert str(Duty(Role.TOP_MANAGEMENT, TRUST)) == "member of top management of Example Trust"


def test_nobody_gives_a_duty_to_themselves() -> None:
    """Else whoever manages people would hold every right by one more click."""
    ccio = Actor("ann", (Duty(Role.CLINICAL_INFORMATICS, TRUST),))
    duty = Duty(Role.SECOND_PHARMACIST, TRUST)
    assert why_not_given(duty, to="bob", by=ccio) is None
    assert "nobody gives a duty to themselves" in (why_not_given(duty, to="ann", by=ccio) or "")
    assert "only a chief clinical" in (why_not_given(duty, to="bob", by=Actor("cas")) or "")


def test_words_are_joined_as_a_sentence_joins_them() -> None:
    assert [with_article("author"), with_article("unit")] == ["an author", "a unit"]
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")] == [
        "",
        "a",
        "a and b",
        "a, b or c",
    ]


def test_a_machine_does_nothing_that_needs_a_person() -> None:
    """No token checks, approves, releases, decides, signs, or manages people."""
    persons = {
        *(Permission.CHECK, Permission.APPROVE, Permission.APPROVE_DELEGATED, Permission.RELEASE, Permission.RATIFY),
        *(Permission.REVIEW_AREA, Permission.TRIAGE, Permission.ASSESS_SAFETY, Permission.TEST, Permission.REVOKE),
        *(Permission.EMERGENCY_AUTHORISE, Permission.EMERGENCY_AGREE, Permission.TAKE_POSITION, Permission.WITHDRAW),
        *(Permission.DECIDE_CONSENSUS, Permission.MANAGE_PEOPLE, Permission.MANAGE_TOKENS),
    }
    assert not RIGHTS[Role.INTEGRATION] & persons


def test_the_duty_of_an_integration_is_narrowed_and_no_persons() -> None:
    """A token has what its scopes say; nobody gives its duty to a person, and no refusal names it as whom to ask."""
    duty = Duty(Role.INTEGRATION, TRUST, only=frozenset({Permission.VIEW_LIBRARY, Permission.APPROVE}))
    allowed = {one for one in Permission if duty.allows(one, organisation=TRUST)}
    assert allowed == {Permission.VIEW_LIBRARY}
    manager = Actor("ann", (Duty(Role.CLINICAL_INFORMATICS, TRUST),))
    assert why_not_given(Duty(Role.INTEGRATION, TRUST), to="bob", by=manager)
    assert "integration" not in whose(Permission.EDIT_DRAFT, organisation=TRUST)
