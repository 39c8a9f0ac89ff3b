"""
Who may sign what: custodians for the trust itself, pharmacists and safety officers for libraries, one key online.

What custodians sign lives two years, what pharmacists and safety officers sign 400 days, and what the online key signs
seven days. The online key names nothing that the others did not sign: it can choose, not add.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

from tuf.api.metadata import DelegatedRole, Delegations, Key, Metadata, Role, Root, Snapshot, Targets, Timestamp

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.keys import holder_of
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.release import ROLES, check_name, role_name

CUSTODIANS_LIFE = timedelta(days=730)
SIGNERS_LIFE = timedelta(days=400)
ONLINE_LIFE = timedelta(days=7)
TRIAL = "not_for_clinical_use"
"""How a root says that its trust is a trial on a bench."""
ONLINE_ROLES = {
    "releases": (Snapshot.type, Timestamp.type),
    "director": (Targets.type, Snapshot.type, Timestamp.type),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Who may sign for a role, and how many of them must."""

    keys: tuple[Key, ...]
    threshold: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """
    Who may sign what.

    Attributes:
        custodians: for root, and for who may sign libraries.
        online: the key of the server, for what each ring shall run and for how fresh everything is.
        signers: by the name of the delegated role (``fleet/release.py``): pharmacists, safety officers.
        is_trial: whether this is a bench, whose keys may lie in one folder; not for clinical use.

    """

    custodians: Signers
    online: Key
    signers: Mapping[str, Signers] = field(default_factory=dict)
    is_trial: bool = False

    def __post_init__(self) -> None:
        """Refuse a trust in which one person could do alone what takes two."""
        for name, signers in (("custodians", self.custodians), *self.signers.items()):
            _check_signers(name, signers)
        for name, signers in self.signers.items():
            other = self.signers.get(name.replace("pharmacy-", "safety-", 1)) if name.startswith("pharmacy-") else None
            _check_apart(name, signers, other)
        offline = {key.keyid for signers in (self.custodians, *self.signers.values()) for key in signers.keys}
        if self.online.keyid in offline:
            _refuse("online key", "a key that also signs offline", "a key of its own")
        if not self.is_trial and self.custodians.threshold < 2:  # noqa: PLR2004 - one person alone
            _refuse("custodians", "a threshold of 1", "2 or more, usually 3 of 5; a bench says --trial")


def _check_signers(name: str, signers: Signers) -> None:
    holders = Counter(map(holder_of, signers.keys))
    if twice := [holder for holder, count in holders.items() if count > 1]:
        _refuse(name, f"two keys of {twice[0]}", "one key for each person")
    if len({key.keyid for key in signers.keys}) < len(signers.keys):
        _refuse(name, "the same key twice", "one key for each person")
    if not 1 <= signers.threshold <= len(signers.keys):
        found = f"{len(signers.keys)} keys and a threshold of {signers.threshold}"
        _refuse(name, found, "at least as many keys as must sign, and one at least")


def _check_apart(name: str, pharmacy: Signers, safety: Signers | None) -> None:
    if safety is None:
        return
    both = {key.keyid for key in pharmacy.keys} & {key.keyid for key in safety.keys}
    persons = set(map(holder_of, pharmacy.keys)) & set(map(holder_of, safety.keys))
    if both or persons:
        _refuse(name, f"{min(persons, default='a key')} for pharmacy and for safety", "two persons, each with a key")


def _refuse(where: str, found: str, expected: str) -> NoReturn:
    raise OperatorError(where=where, found=found, expected=expected)


def read_trust(authority: Authority) -> Trust:
    """Return who may sign what at present; raises OperatorError where nothing was published yet."""
    targets = authority.releases.in_force(Targets.type)
    return trust_of(authority.releases.root().signed, None if targets is None else targets.signed)


def trust_of(root: Root, targets: Targets | None) -> Trust:
    """Return who may sign what, as the root and the targets of ``releases`` say."""
    custodians = root.roles[Root.type]
    online = root.roles[Timestamp.type].keyids[0]
    return Trust(
        custodians=Signers(keys=_keys(root.keys, custodians), threshold=custodians.threshold),
        online=root.keys[online],
        signers={} if targets is None else read_signers(targets),
        is_trial=bool(root.unrecognized_fields.get(TRIAL)),
    )


def read_signers(targets: Targets) -> dict[str, Signers]:
    """Return who may sign libraries, by the name of the delegated role."""
    found = targets.delegations
    roles = found.roles if found is not None and found.roles is not None else {}
    keys = found.keys if found is not None else {}
    return {name: Signers(keys=_keys(keys, role), threshold=role.threshold) for name, role in roles.items()}


def _keys(keys: Mapping[str, Key], role: Role) -> tuple[Key, ...]:
    return tuple(keys[keyid] for keyid in role.keyids)


CUSTODIAN = "custodian"
"""What the role of custodians is called where a key is added or removed; ``fleet/release.py`` names the others."""


def with_key(trust: Trust, role: str, key: Key, *, threshold: int | None = None) -> Trust:
    """
    Return a trust in which one more person may sign.

    Raises:
        OperatorError: the person signs for it already, or for the other side of the same library.

    """
    before = _signers(trust, role)
    keys = (*before.keys, key) if before else (key,)
    return _with(trust, role, Signers(keys=keys, threshold=threshold or (before.threshold if before else 1)))


def without_key(trust: Trust, role: str, holder: str, *, threshold: int | None = None) -> Trust:
    """Return a trust in which a person signs no longer; raises OperatorError where there is no such person."""
    before = _signers(trust, role)
    keys = () if before is None else before.keys
    left = tuple(key for key in keys if holder_of(key) != holder)
    if before is None or len(left) == len(keys):
        _refuse(role, repr(holder), f"one of {', '.join(map(holder_of, keys)) or 'nobody'}")
    return _with(trust, role, Signers(keys=left, threshold=threshold or before.threshold))


def _signers(trust: Trust, role: str) -> Signers | None:
    return trust.custodians if role == CUSTODIAN else trust.signers.get(role)


def _with(trust: Trust, role: str, signers: Signers) -> Trust:
    if role == CUSTODIAN:
        return replace(trust, custodians=signers)
    whose(role)
    return replace(trust, signers={**trust.signers, role: signers})


def make_root(trust: Trust, repository: str, *, version: int, at: datetime) -> Metadata[Root]:
    """Return the unsigned root of a repository."""
    custodians = Role([key.keyid for key in trust.custodians.keys], trust.custodians.threshold)
    online = Role([trust.online.keyid], 1)
    roles = dict.fromkeys((Root.type, Targets.type, Snapshot.type, Timestamp.type), custodians)
    root = Root(
        version=version,
        expires=_day_after(at, CUSTODIANS_LIFE),
        keys={key.keyid: key for key in (*trust.custodians.keys, trust.online)},
        roles=roles | dict.fromkeys(ONLINE_ROLES[repository], online),
        consistent_snapshot=True,
        unrecognized_fields={TRIAL: True} if trust.is_trial else {},
    )
    return Metadata(root)


def make_targets(trust: Trust, *, version: int, at: datetime) -> Metadata[Targets]:
    """Return the unsigned metadata that says who may sign libraries."""
    keys = {key.keyid: key for signers in trust.signers.values() for key in signers.keys}
    roles = {
        name: DelegatedRole(
            name, [key.keyid for key in signers.keys], signers.threshold, terminating=True, paths=[_paths(name)]
        )
        for name, signers in trust.signers.items()
    }
    delegations = Delegations(keys, roles) if roles else None
    targets = Targets(version=version, expires=_day_after(at, CUSTODIANS_LIFE), delegations=delegations)
    return Metadata(targets)


def whose(role: str) -> tuple[str, str, str]:
    """Return what a delegated role is for: the role of ``ROLES``, hospital and profile."""
    kind, _, rest = role.partition("-")
    hospital, _, profile = rest.partition("--")
    if kind not in ROLES:
        _refuse("role", repr(role), f"one of {' and '.join(ROLES)}, with hospital and profile")
    check_name(hospital, "hospital")
    check_name(profile, "profile")
    return kind, hospital, profile


def role_words(role: str) -> str:
    """Return who signs for a role, in words."""
    if role in {Root.type, Targets.type, CUSTODIAN}:
        return "custodians"
    kind, hospital, profile = whose(role)
    return f"{'pharmacist' if kind == 'pharmacy' else 'safety officer'} for {hospital}, {profile}"


def everybody(trust: Trust) -> Iterator[tuple[str, Key, int]]:
    """Yield everybody who may sign: as what, with which key, and how many of them must."""
    roles = [("custodians", trust.custodians), ("server", Signers(keys=(trust.online,)))]
    roles += [(role_words(name), signers) for name, signers in trust.signers.items()]
    for words, signers in roles:
        yield from ((words, key, signers.threshold) for key in signers.keys)


def lists(trust: Trust) -> list[tuple[str, str]]:
    """Return hospital and profile of every library that both kinds of signers exist for."""
    found = sorted({whose(role)[1:] for role in trust.signers})
    return [
        (hospital, profile)
        for hospital, profile in found
        if all(role_name(role, hospital=hospital, profile=profile) in trust.signers for role in ROLES)
    ]


def is_signed_for(judge: Root | Targets, role: str, metadata: Metadata[Any]) -> bool:
    """Whether enough of those signed who may, by what root or targets say of a role."""
    return bool(judge.get_verification_result(role, metadata.signed_bytes, metadata.signatures))


def _paths(role: str) -> str:
    return "/".join((*whose(role), "*"))


def _day_after(at: datetime, life: timedelta) -> datetime:
    return (at + life).replace(microsecond=0)
