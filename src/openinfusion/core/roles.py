"""
Who may do what: roles, the duties that people hold in an organisation, and one table of rights.

A person acts under duties, never under a job title; one person may hold several. Which earlier acts on the same change
exclude a person is said by the steps (``core.stages``), not here. Sources: DCB0129 and DCB0160 2.2 and 2.3, NHS patient
safety directives NHS/PSA/D/2014/005 and 006, HSIB 2020.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.wording import listed, with_article


class Role(Enum):
    """What somebody is named to do; the value is what is stored."""

    CLINICAL_SAFETY_OFFICER = "clinical_safety_officer"
    TOP_MANAGEMENT = "top_management"
    MEDICATION_SAFETY_OFFICER = "medication_safety_officer"
    DEVICE_SAFETY_OFFICER = "device_safety_officer"
    CLINICAL_INFORMATICS = "clinical_informatics"
    LIBRARY_PHARMACIST = "library_pharmacist"
    SECOND_PHARMACIST = "second_pharmacist"
    CARE_AREA_CHAMPION = "care_area_champion"
    MEDICATION_COMMITTEE = "medication_committee"
    CLINICAL_ENGINEER = "clinical_engineer"
    TRAINER = "trainer"
    PATIENT_SAFETY_LEAD = "patient_safety_lead"
    INFORMATION_GOVERNANCE = "information_governance"
    MANUFACTURER = "manufacturer"
    NATIONAL_CURATOR = "national_curator"
    READER = "reader"
    INTEGRATION = "integration"

    @property
    def words(self) -> str:
        """What a screen calls somebody in this role: "care-area champion"."""
        return _ROLE_WORDS.get(self) or self.value.replace("_", " ")


_ROLE_WORDS = {
    Role.TOP_MANAGEMENT: "member of top management",
    Role.DEVICE_SAFETY_OFFICER: "medical device safety officer",
    Role.CLINICAL_INFORMATICS: "chief clinical information officer",
    Role.CARE_AREA_CHAMPION: "care-area champion",
    Role.MEDICATION_COMMITTEE: "member of the medication committee",
    Role.INFORMATION_GOVERNANCE: "information governance lead",
    Role.MANUFACTURER: "representative of the manufacturer",
}


class Permission(Enum):
    """One thing that a duty may allow; the value is what is stored."""

    VIEW_LIBRARY = "view_library"
    COMMENT = "comment"
    EDIT_DRAFT = "edit_draft"
    IMPORT_LIBRARY = "import_library"
    PROPOSE = "propose"
    WITHDRAW = "withdraw"
    TRIAGE = "triage"
    REVIEW_AREA = "review_area"
    CHECK = "check"
    ASSESS_SAFETY = "assess_safety"
    TEST = "test"
    APPROVE = "approve"
    APPROVE_DELEGATED = "approve_delegated"
    REJECT = "reject"
    RELEASE = "release"
    IMPLEMENT = "implement"
    CLOSE = "close"
    ROLL_BACK = "roll_back"
    EMERGENCY_AUTHORISE = "emergency_authorise"
    EMERGENCY_AGREE = "emergency_agree"
    RATIFY = "ratify"
    REVOKE = "revoke"
    TAKE_POSITION = "take_position"
    DECIDE_CONSENSUS = "decide_consensus"
    ADOPT_NATIONAL = "adopt_national"
    PUBLISH_DEVIATIONS = "publish_deviations"
    PUBLISH_NATIONAL = "publish_national"
    APPROVE_HAZARD_LOG = "approve_hazard_log"
    AUTHORISE_GO_LIVE = "authorise_go_live"
    ANSWER_CLAIMS = "answer_claims"
    SEE_FLEET = "see_fleet"
    SEE_FIGURES = "see_figures"
    SEE_DETAIL = "see_detail"
    BREAK_GLASS = "break_glass"
    NOTE_CHARTS = "note_charts"
    RECORD_ASSESSMENT = "record_assessment"
    RELEASE_DATA = "release_data"
    SEE_AUDIT = "see_audit"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_TOKENS = "manage_tokens"

    @property
    def words(self) -> str:
        """What the person does, as a sentence goes on: "check a change without seeing its values"."""
        return _DOES[self]


_DOES: Mapping[Permission, str] = {
    Permission.VIEW_LIBRARY: "read the library",
    Permission.COMMENT: "comment on a change",
    Permission.EDIT_DRAFT: "edit a draft",
    Permission.IMPORT_LIBRARY: "import a library",
    Permission.PROPOSE: "propose a change",
    Permission.WITHDRAW: "withdraw a change",
    Permission.TRIAGE: "triage a change",
    Permission.REVIEW_AREA: "review a change for a care area",
    Permission.CHECK: "check a change without seeing its values",
    Permission.ASSESS_SAFETY: "assess the safety of a change",
    Permission.TEST: "record the tests of a change",
    Permission.APPROVE: "approve a change",
    Permission.APPROVE_DELEGATED: "approve a change of texts or a tightened limit for the committee",
    Permission.REJECT: "reject or defer a change",
    Permission.RELEASE: "release a change",
    Permission.IMPLEMENT: "distribute a release and reconcile the pumps",
    Permission.CLOSE: "close a change",
    Permission.ROLL_BACK: "roll a release back",
    Permission.EMERGENCY_AUTHORISE: "authorise an emergency change",
    Permission.EMERGENCY_AGREE: "agree to an emergency change for a care area",
    Permission.RATIFY: "ratify an emergency change",
    Permission.REVOKE: "revoke an emergency change",
    Permission.TAKE_POSITION: "take a position on a discrepancy",
    Permission.DECIDE_CONSENSUS: "decide a discrepancy",
    Permission.ADOPT_NATIONAL: "adopt rows of a national library",
    Permission.PUBLISH_DEVIATIONS: "publish deviations from a national library",
    Permission.PUBLISH_NATIONAL: "publish a national library",
    Permission.APPROVE_HAZARD_LOG: "approve the hazard log and the safety case report",
    Permission.AUTHORISE_GO_LIVE: "authorise going live and accept the risk that remains",
    Permission.ANSWER_CLAIMS: "answer claims and accept hazards transferred",
    Permission.SEE_FLEET: "see the state of the pumps",
    Permission.SEE_FIGURES: "see the figures of what pumps have reported",
    Permission.SEE_DETAIL: "see which pump and when behind a figure",
    Permission.BREAK_GLASS: "see which pump and when behind a figure for a time, with a reason",
    Permission.NOTE_CHARTS: "write notes on charts",
    Permission.RECORD_ASSESSMENT: "record an assessment of competence",
    Permission.RELEASE_DATA: "approve a release of data",
    Permission.SEE_AUDIT: "read the audit record",
    Permission.MANAGE_PEOPLE: "give and take duties",
    Permission.MANAGE_TOKENS: "make and revoke access tokens",
}

_P = Permission
_EVERYBODY = frozenset({_P.VIEW_LIBRARY})
_COLLEAGUE = _EVERYBODY | {_P.COMMENT, _P.SEE_FLEET, _P.SEE_FIGURES}
_CLINICAL = _COLLEAGUE | {_P.PROPOSE, _P.WITHDRAW, _P.TAKE_POSITION, _P.BREAK_GLASS}
_INVESTIGATOR = frozenset({_P.SEE_DETAIL, _P.NOTE_CHARTS})

# What another system may do by a token. To check, approve, release, decide or sign needs a person.
MACHINE_RIGHTS = _COLLEAGUE | {_P.EDIT_DRAFT, _P.IMPORT_LIBRARY, _P.PROPOSE, _P.SEE_AUDIT}

RIGHTS: Mapping[Role, frozenset[Permission]] = {
    Role.CLINICAL_SAFETY_OFFICER: _CLINICAL
    | {_P.ASSESS_SAFETY, _P.REJECT, _P.RELEASE, _P.ROLL_BACK, _P.REVOKE, _P.APPROVE_HAZARD_LOG, _P.SEE_AUDIT}
    | {_P.NOTE_CHARTS},
    Role.TOP_MANAGEMENT: _COLLEAGUE | {_P.AUTHORISE_GO_LIVE, _P.SEE_AUDIT},
    Role.MEDICATION_SAFETY_OFFICER: _CLINICAL
    | _INVESTIGATOR
    | {_P.TRIAGE, _P.REJECT, _P.APPROVE_DELEGATED, _P.RELEASE, _P.CLOSE, _P.ROLL_BACK, _P.SEE_AUDIT}
    | {_P.EMERGENCY_AUTHORISE, _P.REVOKE},
    Role.DEVICE_SAFETY_OFFICER: _CLINICAL | _INVESTIGATOR | {_P.RELEASE, _P.ROLL_BACK, _P.SEE_AUDIT},
    Role.CLINICAL_INFORMATICS: _COLLEAGUE | {_P.MANAGE_PEOPLE, _P.MANAGE_TOKENS, _P.SEE_AUDIT},
    Role.LIBRARY_PHARMACIST: _CLINICAL
    | {_P.EDIT_DRAFT, _P.IMPORT_LIBRARY, _P.TRIAGE, _P.TEST, _P.RELEASE, _P.EMERGENCY_AUTHORISE, _P.ADOPT_NATIONAL}
    | {_P.PUBLISH_DEVIATIONS, _P.NOTE_CHARTS},
    Role.SECOND_PHARMACIST: _CLINICAL | {_P.CHECK, _P.TEST, _P.RELEASE, _P.EMERGENCY_AUTHORISE},
    Role.CARE_AREA_CHAMPION: _CLINICAL | {_P.REVIEW_AREA, _P.TEST, _P.EMERGENCY_AGREE},
    Role.MEDICATION_COMMITTEE: _CLINICAL | {_P.APPROVE, _P.REJECT, _P.RATIFY, _P.REVOKE, _P.DECIDE_CONSENSUS},
    Role.CLINICAL_ENGINEER: _COLLEAGUE | {_P.RELEASE, _P.IMPLEMENT},
    Role.TRAINER: _CLINICAL | {_P.TEST, _P.RECORD_ASSESSMENT},
    Role.PATIENT_SAFETY_LEAD: _CLINICAL | {_P.SEE_AUDIT},
    Role.INFORMATION_GOVERNANCE: _COLLEAGUE | {_P.RELEASE_DATA, _P.SEE_AUDIT},
    Role.MANUFACTURER: _EVERYBODY | {_P.ANSWER_CLAIMS},
    Role.NATIONAL_CURATOR: _COLLEAGUE | {_P.TAKE_POSITION, _P.DECIDE_CONSENSUS, _P.PUBLISH_NATIONAL},
    Role.READER: _EVERYBODY,
    Role.INTEGRATION: MACHINE_RIGHTS,
}

# What a duty for one care area allows whichever area is spoken of.
ANY_AREA = frozenset(
    {_P.VIEW_LIBRARY, _P.COMMENT, _P.SEE_FLEET, _P.SEE_FIGURES, _P.BREAK_GLASS, _P.PROPOSE, _P.WITHDRAW, _P.TEST}
)

# What is held for one area, and said for that area alone.
AREA_RIGHTS = frozenset({_P.REVIEW_AREA, _P.EMERGENCY_AGREE})


@dataclass(frozen=True, slots=True)
class Duty:
    """
    A role that somebody holds.

    Attributes:
        role: the role.
        organisation: where it is held; it gives no right anywhere else.
        care_area: id of the only care area that it is for; ``None`` for all.
        only: the rights of the role that it is narrowed to, as those of a token are; ``None`` for all.

    """

    role: Role
    organisation: str
    care_area: str | None = None
    only: frozenset[Permission] | None = None

    def __post_init__(self) -> None:
        """Refuse a duty of nowhere, and a champion of everything: a champion knows one area."""
        if not self.organisation.strip() or self.care_area == "":
            raise ChangeControlError(where="duty", found="an empty name", expected="an organisation, an area or none")
        if self.role is Role.CARE_AREA_CHAMPION and self.care_area is None:
            raise ChangeControlError(where="duty", found="a champion of no care area", expected="the area's id")

    def allows(self, permission: Permission, *, organisation: str, care_area: str | None = None) -> bool:
        """Whether this duty lets its holder do it there; without a care area: in one area at least."""
        covers = care_area is None or self.care_area in (None, care_area) or permission in ANY_AREA
        rights = RIGHTS[self.role] if self.only is None else RIGHTS[self.role] & self.only
        return covers and self.organisation == organisation and permission in rights

    def __str__(self) -> str:
        """Return the duty in words: "care-area champion of Example Trust (icu)"."""
        return f"{self.role.words} of {self.organisation}" + (f" ({self.care_area})" if self.care_area else "")


@dataclass(frozen=True, slots=True)
class Actor:
    """
    Somebody who acts.

    Attributes:
        name: the id of the account; never a patient's.
        duties: the duties that the account holds now.

    """

    name: str
    duties: tuple[Duty, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an actor without a name: two of them would be one person."""
        if not self.name.strip():
            raise ChangeControlError(where="actor", found="no name", expected="the id of an account")

    def role_for(self, permission: Permission, *, organisation: str, care_area: str | None = None) -> Role | None:
        """Return the role under which this person may do it, or ``None``."""
        roles = (d.role for d in self.duties if d.allows(permission, organisation=organisation, care_area=care_area))
        return next(roles, None)


def holders(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that may do something, in the order of the table."""
    return tuple(role for role, rights in RIGHTS.items() if permission in rights)


def whose(permissions: Permission | Iterable[Permission], *, organisation: str, care_area: str | None = None) -> str:
    """Return which people may do it: "a medication safety officer or a library pharmacist of Example Trust"."""
    wanted = {permissions} if isinstance(permissions, Permission) else set(permissions)
    roles = [role for role, rights in RIGHTS.items() if rights & wanted and role is not Role.INTEGRATION]
    place = f"{organisation} for {care_area}" if care_area is not None else organisation
    return f"{listed([with_article(role.words) for role in roles], 'or')} of {place}"


def why_not_permitted(
    actor: Actor, permission: Permission, *, organisation: str, care_area: str | None = None
) -> str | None:
    """Return why this person may not do it and whose it is, or ``None`` if they may."""
    if actor.role_for(permission, organisation=organisation, care_area=care_area) is not None:
        return None
    return f"only {whose(permission, organisation=organisation, care_area=care_area)} may {permission.words}"


def why_not_given(duty: Duty, *, to: str, by: Actor) -> str | None:
    """Return why this person may not give a duty to an account, or ``None`` if they may; nobody gives to themselves."""
    why = why_not_permitted(by, Permission.MANAGE_PEOPLE, organisation=duty.organisation)
    if why is None and duty.role is Role.INTEGRATION:
        return "the duty of an integration is a token's, never a person's"
    if why is None and to == by.name:
        others = whose(Permission.MANAGE_PEOPLE, organisation=duty.organisation)
        return f"nobody gives a duty to themselves; that is for another person who is {others}"
    return why
