"""
A small trust for tests, made in a moment: keys in memory, two repositories in a folder, libraries released at will.

    desk = Desk(tmp_path / "authority")
    desk.release(small_library("1.0.0"))          # signed by both, published: release 1
    desk.assign("bench", 1)
    desk.release(small_library("1.1.0"))          # release 2, with its recall twin 3
    desk.recall(2)                                # every ring that ran 2 shall run 3, with the content of 1

The trees lie in ``desk.releases`` and ``desk.director``; ``desk.trusted_roots()`` is what a pump is made with.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner, Key, Signer

from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.library import Library
from openinfusion.fleet.authority import rings
from openinfusion.fleet.authority.ceremony import propose_trust
from openinfusion.fleet.authority.keys import named
from openinfusion.fleet.authority.listing import Listed, library_bytes, listing_of
from openinfusion.fleet.authority.online import NOTHING_SEEN, Seen, refresh
from openinfusion.fleet.authority.proposals import Proposal, sign
from openinfusion.fleet.authority.publishing import publish
from openinfusion.fleet.authority.recalls import Recall, Recalled, recall
from openinfusion.fleet.authority.releasing import Terms, propose_release
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import Signers, Trust, read_trust
from openinfusion.fleet.release import ROLES, role_name

HOSPITAL, PROFILE = "st-elsewhere", "adult"


def new_signer(holder: str) -> Signer:
    """A key in memory whose public half says who holds it."""
    signer = CryptoSigner.generate_ed25519()
    named(signer.public_key, holder)
    return signer


def small_library(version: str = "1.0.0", *, hard_max: str = "30", name: str = "Example adult library") -> Library:
    """A library of two entries; ``hard_max`` is that of noradrenaline, in micrograms/kg/h."""
    dose = {"unit": "ug/kg/h", "soft_max": "24", "hard_max": hard_max}
    entry = {"care_area": "icu", "type": "continuous", "route": "intravenous central"}
    syringe = {"amount": {"value": "4", "unit": "mg"}, "volume": {"value": "50", "unit": "mL"}}
    morphine = {"amount": {"value": "50", "unit": "mg"}, "volume": {"value": "50", "unit": "mL"}}
    told = {
        "format": "openinfusion-library",
        "format_version": 1,
        "library": {"name": name, "organisation": "Example trust", "version": version},
        "drugs": [{"id": "noradrenaline", "name": "noradrenaline"}, {"id": "morphine", "name": "morphine"}],
        "care_areas": [{"id": "icu", "name": "Adult critical care", "population": "adult"}],
        "entries": [
            {"id": "noradrenaline-icu", "drug": "noradrenaline", "concentration": syringe, "dose": dose, **entry},
            {
                "id": "morphine-icu",
                "drug": "morphine",
                "concentration": morphine,
                "dose": {"unit": "mg/h", "hard_max": "10"},
                **entry,
            },
        ],
    }
    return library_from_bytes(json.dumps(told).encode(), where="small library")


class Desk:
    """An authority with everybody's keys: 3 of 5 custodians, two pharmacists, two safety officers, one online key."""

    def __init__(self, folder: Path, *, at: datetime | None = None, is_trial: bool = True) -> None:
        self.at = at or datetime.now(UTC)
        self.authority = Authority(folder)
        self.seen: Seen = NOTHING_SEEN
        self.custodians = [new_signer(f"custodian {n}") for n in range(1, 6)]
        self.pharmacists = [new_signer(f"pharmacist {n}") for n in (1, 2)]
        self.safety_officers = [new_signer(f"safety officer {n}") for n in (1, 2)]
        self.online = new_signer("server")
        places = {role: role_name(role, hospital=HOSPITAL, profile=PROFILE) for role in ROLES}
        self.trust = Trust(
            custodians=Signers(keys=public(self.custodians), threshold=3),
            online=self.online.public_key,
            signers={
                places["pharmacy"]: Signers(keys=public(self.pharmacists)),
                places["safety"]: Signers(keys=public(self.safety_officers)),
            },
            is_trial=is_trial,
        )
        self.change_trust(self.trust)

    @property
    def releases(self) -> Path:
        return self.authority.releases.folder

    @property
    def director(self) -> Path:
        return self.authority.director.folder

    def later(self, **parts: float) -> None:
        """Let time pass: ``desk.later(days=1)``."""
        self.at += timedelta(**parts)

    def trusted_roots(self) -> dict[str, bytes]:
        """The first root of each repository: what a pump leaves the factory with."""
        trees = (self.authority.releases, self.authority.director)
        return {tree.name: tree.metadata_file("root", 1).read_bytes() for tree in trees}

    def add_place(self, hospital: str, profile: str) -> None:
        """Let the same persons sign for another hospital or profile."""
        trust = read_trust(self.authority)
        keys = {"pharmacy": public(self.pharmacists), "safety": public(self.safety_officers)}
        added = {role_name(role, hospital=hospital, profile=profile): Signers(keys=keys[role]) for role in ROLES}
        self.change_trust(
            Trust(
                custodians=trust.custodians,
                online=trust.online,
                signers={**trust.signers, **added},
                is_trial=trust.is_trial,
            )
        )

    def change_trust(self, trust: Trust, *, signed_by: list[Signer] | None = None) -> None:
        """Have custodians sign who may sign what, and publish it."""
        proposal = propose_trust(self.authority, trust, at=self.at, words=["for a test"])
        for signer in self.custodians[:3] if signed_by is None else signed_by:
            sign(proposal, signer)
        self.publish(proposal)

    def propose(self, library: Library, *, hospital: str = HOSPITAL, profile: str = PROFILE, **terms: Any) -> Proposal:
        """Propose a release that nobody has signed yet."""
        told = Terms(hospital=hospital, profile=profile, reason="for a test", **terms)
        return propose_release(self.authority, library, told, at=self.at, seen=self.seen)

    def publish(self, proposal: Proposal) -> None:
        publish(self.authority, proposal, self.online, at=self.at, seen=self.seen)

    def release(self, library: Library, *, hospital: str = HOSPITAL, profile: str = PROFILE, **terms: Any) -> int:
        """Release a library, signed by both, and return its number."""
        proposal = self.propose(library, hospital=hospital, profile=profile, **terms)
        number = int(proposal.about()["number"])
        sign(proposal, self.pharmacists[0])
        sign(proposal, self.safety_officers[0])
        self.publish(proposal)
        return number

    def ring(self, name: str, *, hospital: str = HOSPITAL, profile: str = PROFILE) -> rings.Ring:
        return rings.Ring(hospital=hospital, profile=profile, name=name)

    def assign(self, ring: str, number: int, *, hospital: str = HOSPITAL, profile: str = PROFILE) -> None:
        place = self.ring(ring, hospital=hospital, profile=profile)
        rings.assign(self.authority, place, number, online=self.online, at=self.at, seen=self.seen)

    def halt(self, ring: str) -> int | None:
        return rings.halt(self.authority, self.ring(ring), online=self.online, at=self.at, seen=self.seen)

    def recall(self, number: int) -> Recalled:
        order = Recall(
            hospital=HOSPITAL, profile=PROFILE, number=number, by=("A. Pharmacist", "B. Safety"), reason="for a test"
        )
        return recall(self.authority, order, online=self.online, at=self.at, seen=self.seen)

    def refresh(self, *, is_clock_right: bool = False) -> None:
        refresh(self.authority, self.online, at=self.at, seen=self.seen, is_clock_right=is_clock_right)

    def listing(self) -> dict[int, Listed]:
        """The releases in force, by number."""
        return listing_of(self.authority, HOSPITAL, PROFILE)

    def library(self, number: int) -> bytes:
        """The bytes of a release."""
        return library_bytes(self.authority, self.listing()[number])


def public(signers: list[Signer]) -> tuple[Key, ...]:
    """The public halves of keys."""
    return tuple(signer.public_key for signer in signers)


def desk_with_release(folder: Path, *, at: datetime) -> Desk:
    """Return a desk that has released version 1.0.0 and assigned it to the ring "bench"."""
    made = Desk(folder, at=at)
    made.release(small_library("1.0.0"))
    made.assign("bench", 1)
    return made
