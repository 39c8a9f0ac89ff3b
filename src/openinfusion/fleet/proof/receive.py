"""
Judge a report against what is remembered of its pump: a pure function, on a server, on a bench and in a simulator.

A report that anybody could have taken from the wire and sent again is refused and changes nothing: otherwise whoever
listens could throw doubt on any pump. Doubt needs the key: a fresh report whose counter went back, or two that differ
under one counter. The answer to a refused report holds a question of its own, which no report of another pump can use
up, so the next report of a clone, or of a pump that was restored, is fresh and is found out: within two polls.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openinfusion.core.errors import SenderError
from openinfusion.fleet.proof.findings import Finding, Found
from openinfusion.fleet.proof.witness import NOBODY, Doubt, Proof, Recheck, Refused, Witness, settled, shared
from openinfusion.fleet.report import Level, Report, is_signed, proof_of, read_report

NONCE_LIFE = timedelta(hours=24)
"""How long a question stays open: a report that was held back for longer proves nothing."""
Loaded = Callable[[str], bytes | None]
"""Returns the canonical bytes of a known release by their hash."""
IsRelease = Callable[[int, str], bool]
"""Whether the release of a number has the content of a hash, on the pump's line."""
Prove = Callable[[bytes, str], str]
"""As ``proof_of``."""
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What came of a report.

    Attributes:
        witness: what is remembered of the pump from now on; store it before the answer goes out.
        next_nonce: the question for the pump's next report.
        findings: what was found; none is the ordinary case.
        level: how surely it is known what the pump runs; ``None`` where the report shows nothing new.
        report: what the report said, where it could be read; believe it only if ``is_accepted``.

    """

    witness: Witness
    next_nonce: str
    findings: tuple[Finding, ...] = ()
    level: Level | None = None
    report: Report | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the report was judged (200), not refused (409)."""
        return not any(one.meaning.is_refused for one in self.findings)

    @property
    def is_proof(self) -> bool:
        """Whether it shows something new of what the pump runs."""
        return self.level is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A report that its pump has signed, and what it is judged by."""

    witness: Witness
    report: Report
    digest: bytes
    at: datetime
    is_carried: bool

    @property
    def is_open(self) -> bool:
        """Whether it answers the open question, so that it was made after the last report that counted."""
        return bool(self.report.nonce) and self.report.nonce == self.witness.nonce

    @property
    def is_recheck(self) -> bool:
        """Whether it answers the question that was asked when a report was refused."""
        return self.witness.recheck is not None and self.report.nonce == self.witness.recheck.nonce

    @property
    def asked(self) -> datetime | None:
        """When the question was asked that it answers; ``None`` if that is not open."""
        if self.is_open:
            return self.witness.asked
        return self.witness.recheck.asked if self.is_recheck and self.witness.recheck else None

    @property
    def went_back(self) -> bool:
        """Whether it was made after a report whose counter was not below its own: no honest pump makes such a one."""
        recheck = self.witness.recheck
        if self.is_recheck and recheck is not None:
            return self.place_in_order <= (recheck.epoch, recheck.counter)
        return self.is_open and self.place_in_order < self.last

    @property
    def is_overtaken(self) -> bool:
        """Whether it was carried here, and its pump may have made it before a doubt about it was settled."""
        return self.is_carried and not self.is_open and self.place_in_order <= self.witness.floor

    @property
    def place_in_order(self) -> tuple[int, int]:
        return self.report.epoch, self.report.counter

    @property
    def last(self) -> tuple[int, int]:
        return self.witness.epoch, self.witness.counter

    def finding(self, what: Found) -> Finding:
        """Return a finding about the order of reports."""
        said, last = "epoch {} report {}".format(*self.place_in_order), "epoch {} report {}".format(*self.last)
        return Finding(what, f"{said} after {last}; it says that it runs release {self.report.active.number}")


def receive(
    witness: Witness,
    data: bytes,
    *,
    at: datetime,
    next_nonce: str,
    loaded: Loaded,
    key: Ed25519PublicKey | None = None,
    key_holder: str | None = None,
    is_release: IsRelease | None = None,
    is_carried: bool = False,
    prove: Prove = proof_of,
) -> Outcome:
    """
    Judge a report of a pump.

    Args:
        witness: what is remembered of the pump.
        data: the signed report, as it came.
        at: the time of the server.
        next_nonce: a fresh random nonce, at least 128 bits; used only if the open one was answered or there is none.
        loaded: returns the canonical bytes of a known release by their hash.
        key: the key that the pump was enrolled with, if enrolled anew or not remembered yet.
        key_holder: another pump that this key is known for, if any.
        is_release: whether a number has the content of a hash; not asked where absent.
        is_carried: it came on a USB stick: it proves what was, not that it still is, and may come again.
        prove: returns what ``proof_of`` does, where the hash of a large library was made before.

    """
    witness = _with_key(witness, key)
    try:
        report, told, signature = read_report(data)
    except SenderError as error:
        return _refused(witness, Finding(Found.UNREADABLE, error.found), next_nonce=next_nonce, at=at)
    signer = witness.key and Ed25519PublicKey.from_public_bytes(witness.key)
    found = _stranger(witness, report)
    if found is None and signer and not is_signed(told, signature, signer):
        found = Finding(Found.BAD_SIGNATURE)
    if found is not None:
        return _refused(witness, found, next_nonce=next_nonce, at=at, report=report)
    # Of what was signed, not of what came: anybody can lay out the same JSON in another way.
    digest = hashlib.sha256(rfc8785.dumps(told)).digest()[:16]
    case = _Case(witness=witness, report=report, digest=digest, at=at, is_carried=is_carried)
    is_shared = key_holder is not None and not witness.is_gateways
    found = Finding(Found.SHARED_KEY, key_holder or "") if is_shared else _disorder(case)
    if found is not None:
        return _without_proof(case, found, next_nonce)
    library = loaded(report.active.sha256)
    faults = _faults(case, library, is_release, prove=prove)
    return _proven(case, faults, next_nonce, is_checked=library is not None)


def _with_key(witness: Witness, key: Ed25519PublicKey | None) -> Witness:
    """Return it with the key of the pump; whoever enrolled it anew has settled which pump it is."""
    raw = NOBODY if key is None else key.public_bytes_raw()
    return witness if raw in (NOBODY, witness.key) else replace(settled(witness), key=raw, floor=(-1, -1))


def _stranger(witness: Witness, report: Report) -> Finding | None:
    """Return why it cannot be a report of this pump at all."""
    if report.pump != witness.pump:
        return Finding(Found.OTHER_PUMP)
    if not witness.key:
        return Finding(Found.NO_KEY)
    if report.at.tzinfo is None or min(report.epoch, report.counter, report.active.number) < 0:
        return Finding(Found.UNREADABLE, "a time without its zone, or a number below zero")
    return None


def _disorder(case: _Case) -> Finding | None:
    """Return why it is not the next report of its pump, or ``None`` if it is."""
    if case.digest == case.witness.digest:
        return Finding(Found.REPEATED)
    if not case.report.nonce and not case.is_carried:
        return Finding(Found.FIRST_CONTACT)
    if case.place_in_order == case.last:
        return case.finding(Found.ONE_COUNTER_TWICE)
    if case.place_in_order < case.last:
        return _behind(case)
    if case.is_carried:
        return case.finding(Found.OVERTAKEN) if case.is_overtaken else None
    if case.asked is None:
        return Finding(Found.NONCE_NOT_OURS)
    if case.at - case.asked > NONCE_LIFE:
        return Finding(Found.NONCE_TOO_OLD)
    return None


def _behind(case: _Case) -> Finding:
    if case.went_back:
        is_epoch = case.report.epoch < case.witness.epoch
        return case.finding(Found.EPOCH_BACK if is_epoch else Found.COUNTER_BACK)
    return Finding(Found.OVERTAKEN if case.is_carried else Found.LATE)


def _faults(case: _Case, library: bytes | None, is_release: IsRelease | None, *, prove: Prove) -> tuple[Finding, ...]:
    """Return what puts in doubt what the pump runs: what it names against what it has loaded and what was released."""
    active = case.report.active
    if active.length <= 0 or active.sha256 == _NOTHING or case.report.loaded == proof_of(b"", case.report.nonce):
        return (Finding(Found.NOTHING_LOADED, f"called release {active.number}"),)
    if library is None:
        # The library of the factory was never released here, and a pump that runs it is not at fault. What it has
        # loaded cannot be held against anything: so it is claimed, not proven.
        return () if active.number == 0 else (Finding(Found.UNKNOWN_LIBRARY, f"called release {active.number}"),)
    faults = []
    if prove(library, case.report.nonce) != case.report.loaded:
        faults.append(Finding(Found.PROOF_WRONG))
    if len(library) != active.length:
        faults.append(Finding(Found.LENGTH_WRONG, f"{active.length:,} bytes, not {len(library):,}"))
    if active.number and is_release is not None and not is_release(active.number, active.sha256):
        faults.append(Finding(Found.WRONG_NUMBER, f"called release {active.number}"))
    return tuple(faults)


# --- What is remembered -----------------------------------------------------------------------------------------------


def _refused(
    witness: Witness, found: Finding, *, next_nonce: str, at: datetime, report: Report | None = None
) -> Outcome:
    """Return the outcome of what the pump may not have sent at all: it is told the open question, no more changes."""
    if not witness.nonce or _is_old(witness.asked, at):
        witness = replace(witness, nonce=next_nonce, asked=at)
    return Outcome(witness=witness, next_nonce=witness.nonce, findings=(found,), report=report)


def _is_old(asked: datetime | None, at: datetime) -> bool:
    return asked is None or at - asked > NONCE_LIFE


def _without_proof(case: _Case, found: Finding, next_nonce: str) -> Outcome:
    """Return the outcome of a report that its pump signed, and that shows nothing new of what it runs."""
    witness = case.witness
    if found.what in _ASK_AGAIN:
        return _rechecked(case, found, next_nonce)
    if found.meaning.doubts == "which pump it is":
        witness = replace(
            witness,
            doubt=witness.doubt or Doubt(found.what, case.at, found.about),
            nonce="" if case.is_open else witness.nonce,
            recheck=None if case.is_recheck else witness.recheck,
        )
    if found.what is Found.FIRST_CONTACT and witness.proof is None:
        # Nothing else is known of it; afterwards a first contact moves nothing, as it can be sent again by anybody.
        witness = shared(replace(witness, place=case.report.place, model=case.report.model, seen=case.at))
    return _refused(witness, found, next_nonce=next_nonce, at=case.at, report=case.report)


_ASK_AGAIN = frozenset({Found.LATE, Found.NONCE_NOT_OURS, Found.NONCE_TOO_OLD})


def _rechecked(case: _Case, found: Finding, next_nonce: str) -> Outcome:
    witness, recheck = case.witness, case.witness.recheck
    if recheck is None or case.is_recheck or _is_old(recheck.asked, case.at):
        recheck = Recheck(nonce=next_nonce, asked=case.at, epoch=witness.epoch, counter=witness.counter)
        witness = replace(witness, recheck=recheck)
    return Outcome(witness=witness, next_nonce=recheck.nonce, findings=(found,), report=case.report)


def _proven(case: _Case, faults: tuple[Finding, ...], next_nonce: str, *, is_checked: bool) -> Outcome:
    witness, report = case.witness, case.report
    notes = []
    if 0 <= witness.epoch < report.epoch:
        notes.append(Finding(Found.EPOCH_ROSE, f"{report.epoch} after {witness.epoch}"))
    if not faults and report.active.number < witness.high_water:
        notes.append(Finding(Found.REVERTED, f"release {report.active.number} after {witness.high_water}"))
    proof = _proof(case, faults, is_checked=is_checked)
    # A report on a stick that answered a question has used it up as well.
    is_used = case.is_open or not case.is_carried or not witness.nonce
    witness = replace(
        witness,
        nonce=next_nonce if is_used else witness.nonce,
        asked=case.at if is_used else witness.asked,
        recheck=None if case.is_recheck else witness.recheck,
        epoch=report.epoch,
        counter=report.counter,
        digest=case.digest,
        high_water=witness.high_water if faults else max(witness.high_water, report.active.number),
        model=report.model,
        proof=proof,
        refused=_last_refused(case),
        place=report.place or witness.place,
        seen=proof.as_of,
    )
    findings = (*faults, *notes)
    return Outcome(
        witness=shared(witness), next_nonce=witness.nonce, findings=findings, level=proof.level, report=report
    )


def _proof(case: _Case, faults: tuple[Finding, ...], *, is_checked: bool) -> Proof:
    report, before = case.report, case.witness.proof
    as_of = case.at
    if case.is_carried:
        # The pump's clock may be wrong; but the report is after the last that counted, and not after now.
        as_of = min(max(report.at, before.as_of if before else case.witness.enrolled), case.at)
    active, fault = report.active, faults[0].what if faults else None
    level: Level = "gateway-attested" if case.witness.is_gateways else report.level
    staged = None if report.staged is None else report.staged.number
    is_same = before is not None and (before.number, before.sha256) == (active.number, active.sha256)
    proof = Proof(
        number=active.number,
        sha256=active.sha256,
        since=before.since if before and is_same else as_of,
        as_of=as_of,
        level=level if is_checked else "claimed",
        fault=fault,
        fault_since=as_of if fault else None,
        staged=staged,
        staged_since=None if staged is None else as_of,
        is_idle=report.state != "infusing",
        after_loss=before.after_loss if before and is_same else 0 <= case.witness.epoch < report.epoch,
    )
    return proof if before is None else _continued(proof, before)


def _continued(proof: Proof, before: Proof) -> Proof:
    """Return it with the beginning of what was so before."""
    if proof.fault and before.fault:
        proof = replace(proof, fault_since=before.fault_since)
    if proof.staged is not None and proof.staged == before.staged:
        proof = replace(proof, staged_since=before.staged_since)
    return proof


def _last_refused(case: _Case) -> Refused | None:
    told, before = case.report.refusal, case.witness.refused
    if told is None:
        return None
    if before is not None and (before.code, before.number) == (told.code, told.number):
        return before
    return Refused(told.code, told.number, case.at)
