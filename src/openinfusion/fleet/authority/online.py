"""
What the online key signs: what each ring shall run, and how fresh everything is.

Every publication goes through ``put_out``: bytes first, timestamps last. Until the timestamp of a repository is renamed
into place, a pump sees what was before, and what was written stands in nobody's way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.keys import add_signature
from openinfusion.fleet.authority.trees import ISSUED, MOST_VERSION, Authority, Tree, content_of, issued
from openinfusion.fleet.authority.trust import ONLINE_LIFE, ONLINE_ROLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """
    What pumps have reported: after a backup was restored, their versions are higher than those of the files.

    Attributes:
        releases, director: the highest version of the timestamp that a pump trusts.
        numbers: the highest number of a release that a pump holds, by hospital and profile.

    """

    releases: int = 0
    director: int = 0
    numbers: Mapping[tuple[str, str], int] = field(default_factory=dict)


NOTHING_SEEN = Seen()
CLOCK_MAY_DIFFER = timedelta(days=1)
CLOCK_MAY_PASS = timedelta(days=30)
"""How far after the newest signature a clock is believed unasked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """
    What the director says.

    Attributes:
        rings: by path, the release that the pumps of a ring shall run.
        since: by path, when the ring was given its release.
        halted: by path, the number of the release that the ring no longer gets.
        recalled: the releases that were recalled, each with who did it, when and why.

    """

    rings: Mapping[str, TargetFile] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)
    halted: Mapping[str, int] = field(default_factory=dict)
    recalled: Sequence[Mapping[str, Any]] = ()

    def recalled_of(self, hospital: str, profile: str) -> frozenset[int]:
        """Return the numbers of the releases of a hospital and profile that were recalled."""
        return frozenset(
            one["number"] for one in self.recalled if (one["hospital"], one["profile"]) == (hospital, profile)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """
    What offline keys signed, to be put out.

    Attributes:
        roots: who may sign what, by the name of the repository.
        roles: of ``releases``, by the name of the role.
        libraries: the bytes of each target of ``releases``.

    """

    roots: Mapping[str, Metadata[Root]] = field(default_factory=dict)
    roles: Mapping[str, Metadata[Targets]] = field(default_factory=dict)
    libraries: Mapping[str, bytes] = field(default_factory=dict)


NOTHING_SIGNED = Signed()


def read_orders(authority: Authority) -> Orders:
    """Return what the director says at present."""
    metadata = authority.director.in_force(Targets.type)
    if metadata is None:
        return Orders()
    told = metadata.signed.unrecognized_fields
    since = {path: datetime.fromisoformat(moment) for path, moment in told.get("since", {}).items()}
    rings, recalled = metadata.signed.targets, told.get("recalled", [])
    return Orders(rings=rings, since=since, halted=told.get("halted", {}), recalled=recalled)


def refresh(
    authority: Authority, online: Signer, *, at: datetime, seen: Seen = NOTHING_SEEN, is_clock_right: bool = False
) -> None:
    """Sign again, for another seven days, what the online key signs. Once a day."""
    with authority.alone():
        put_out(authority, online, at=at, seen=seen, is_clock_right=is_clock_right)


def put_out(
    authority: Authority,
    online: Signer,
    *,
    at: datetime,
    seen: Seen = NOTHING_SEEN,
    signed: Signed = NOTHING_SIGNED,
    orders: Orders | None = None,
    is_urgent: bool = False,
    is_clock_right: bool = False,
) -> None:
    """
    Publish: ``signed`` is what offline keys signed; ``orders`` what the director shall say.

    What is urgent, a halt or a recall, is refused for no clock: it is dated after what was signed before. With
    ``is_clock_right`` a person vouches that a clock is right which is more than 30 days after that.

    The caller holds the lock (``Authority.alone``) and has checked the signatures.

    Raises:
        OperatorError: the key is not the online key, or the clock is far off; not one file was changed.
        FileAccessError: a file could not be written; what was written stands in nobody's way.

    """
    check_online(authority, online, roots=signed.roots)
    if is_urgent:
        at = _urgent(authority, at)
    else:
        _check_clock(authority, online, at, is_ceremony=bool(signed.roots), is_right=is_clock_right)
    releases, director = authority.releases, authority.director
    dated = make_orders(_dated(orders, read_orders(authority), at), at=at)
    roles = {releases: roles_in_force(releases) | dict(signed.roles), director: {Targets.type: dated}}
    versions = {releases: seen.releases, director: seen.director}
    fresh = {
        tree: make_fresh(tree, roles[tree], online, at=at, version=next_version(tree, versions[tree])) for tree in roles
    }
    # Nothing was written until here, and nothing is refused from here on.
    for target, library in signed.libraries.items():
        releases.write_target(target, library)
    for tree in fresh:
        if tree.name in signed.roots:
            tree.write(Root.type, signed.roots[tree.name])
    for role, metadata in signed.roles.items():
        releases.write(role, metadata)
    for tree, batch in fresh.items():
        for role, metadata in batch.items():
            tree.write(role, metadata)


def _dated(orders: Orders | None, before: Orders, at: datetime) -> Orders:
    """Return what the director shall say, with since when each ring has its release: now, where it had another one."""
    rings = before.rings if orders is None else orders.rings
    kept = {path: before.since.get(path, at) for path, one in rings.items() if before.rings.get(path) == one}
    return replace(orders or before, since={path: kept.get(path, at) for path in rings})


def roles_in_force(tree: Tree) -> dict[str, Metadata[Targets]]:
    """Return every role with targets of a repository that is in force."""
    snapshot = tree.snapshot()
    names = [] if snapshot is None else [name.removesuffix(".json") for name in snapshot.signed.meta]
    return {name: tree.read(name, snapshot.signed.meta[f"{name}.json"].version) for name in names if snapshot}


def make_orders(orders: Orders, *, at: datetime, life: timedelta = ONLINE_LIFE) -> Metadata[Targets]:
    """Return what the director says, unsigned and without its version."""
    since = {path: _second(moment) for path, moment in orders.since.items() if path in orders.rings}
    told = {"since": since, "halted": dict(orders.halted), "recalled": [dict(one) for one in orders.recalled]}
    return Metadata(Targets(expires=_until(at, life), targets=dict(orders.rings), unrecognized_fields=told))


def make_fresh(
    tree: Tree,
    roles: Mapping[str, Metadata[Targets]],
    online: Signer,
    *,
    at: datetime,
    version: int,
    life: timedelta = ONLINE_LIFE,
) -> dict[str, Metadata[Any]]:
    """
    Return what the online key signs in a repository, in the order in which it must be written.

    Targets of the director, snapshot and timestamp bear one version, so that pumps that report the version of a
    timestamp tell that of all three: none is given twice, whatever backup was restored.
    """
    made: dict[str, Metadata[Any]] = {}
    if tree.name == "director":
        made[Targets.type] = _sign(roles[Targets.type], online, version=version)
    meta = {f"{name}.json": _meta(made.get(name, metadata)) for name, metadata in sorted(roles.items())}
    snapshot = Metadata(Snapshot(expires=_until(at, life), meta=meta))
    made[Snapshot.type] = _sign(snapshot, online, version=version)
    told = {ISSUED: _second(at)}
    timestamp = Timestamp(expires=_until(at, life), snapshot_meta=_meta(snapshot), unrecognized_fields=told)
    made[Timestamp.type] = _sign(Metadata(timestamp), online, version=version)
    return made


def next_version(tree: Tree, seen: int) -> int:
    """Return a version that neither a file here nor a pump has seen."""
    timestamp = tree.timestamp()
    own = 0 if timestamp is None else timestamp.signed.version
    files = [version for role in ONLINE_ROLES[tree.name] if role != Timestamp.type for version in tree.versions(role)]
    version = max(own, seen, *files, 0) + 1
    if version > MOST_VERSION:
        raise OperatorError(where=tree.name, found=f"version {seen:,} reported", expected="a version that can be")
    return version


def check_online(authority: Authority, online: Signer, *, roots: Mapping[str, Metadata[Root]] | None = None) -> None:
    """Raise OperatorError where a key is not the online key of both repositories, or of the roots that are to come."""
    for tree in (authority.releases, authority.director):
        root: Root = (roots[tree.name] if roots else tree.root()).signed
        for role in ONLINE_ROLES[tree.name]:
            if online.public_key.keyid not in root.roles[role].keyids:
                found = f"a key that may not sign the {role} of {tree.name}"
                raise OperatorError(where="online key", found=found, expected="the online key that root names")


def _newest(authority: Authority) -> tuple[datetime, Metadata[Timestamp]] | None:
    """Return the newest timestamp, with when it was signed."""
    timestamps = [one for tree in (authority.releases, authority.director) if (one := tree.timestamp()) is not None]
    dated = [(at, one) for one in timestamps if (at := issued(one.signed)) is not None]
    return max(dated, key=lambda pair: pair[0], default=None)


def _urgent(authority: Authority, at: datetime) -> datetime:
    """Return when something urgent was signed, as pumps are told: just after the newest, where the clock is far off."""
    newest = _newest(authority)
    if newest is None:
        return at
    before, _ = newest
    return at if before < at <= before + CLOCK_MAY_PASS else before + timedelta(seconds=1)


def _check_clock(authority: Authority, online: Signer, at: datetime, *, is_ceremony: bool, is_right: bool) -> None:
    """
    Refuse a clock that is far off: pumps take the time of a timestamp for the earliest that it can be.

    A ceremony with another online key may go back: it is the way out once that has happened.
    """
    newest = _newest(authority)
    if newest is None:
        return
    before, timestamp = newest
    is_new_key = is_ceremony and online.public_key.keyid not in timestamp.signatures
    found = f"{at.isoformat(timespec='minutes')}, after it was {before.isoformat(timespec='minutes')}"
    if at < before - CLOCK_MAY_DIFFER and not is_new_key:
        expected = "the right time; if what was signed before is too late, a ceremony with another online key"
        raise OperatorError(where="clock of this machine", found=found, expected=expected)
    if at.replace(microsecond=0) > before + CLOCK_MAY_PASS and not (is_ceremony or is_right):
        expected = "the right time; if this is the right time, 'fleet refresh --clock-is-right' first"
        raise OperatorError(where="clock of this machine", found=found, expected=expected)


def _sign(metadata: Metadata[Any], online: Signer, *, version: int) -> Metadata[Any]:
    metadata.signed.version = version
    metadata.signatures.clear()
    add_signature(metadata, online)
    return metadata


def _meta(metadata: Metadata[Any]) -> MetaFile:
    content = content_of(metadata.to_bytes())
    return MetaFile(metadata.signed.version, content.length, {"sha256": content.sha256})


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _until(at: datetime, life: timedelta) -> datetime:
    return (at + life).astimezone(UTC).replace(microsecond=0)
