"""An authority for a bench: all keys in one folder, open. Not for clinical use."""

from datetime import datetime

from openinfusion.fleet.authority.ceremony import propose_trust
from openinfusion.fleet.authority.keys import make_key, public_file, read_public, read_signer
from openinfusion.fleet.authority.proposals import sign
from openinfusion.fleet.authority.publishing import publish
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import Signers, Trust
from openinfusion.fleet.release import role_name

KEYS = ("custodian", "pharmacist", "safety-officer", "online")


def make_trial(authority: Authority, *, hospital: str, profile: str, at: datetime) -> None:
    """
    Make the keys of a trial, and put out who may sign what.

    Raises:
        OperatorError: there is a key already.

    """
    files = {name: authority.folder / "keys" / f"{name}.pem" for name in KEYS}
    for name, file in files.items():
        make_key(file, holder=f"trial {name}", passphrase=None)
    custodian, pharmacist, officer, online = (read_public(public_file(file)) for file in files.values())
    trust = Trust(
        custodians=Signers(keys=(custodian,)),
        online=online,
        signers={
            role_name("pharmacy", hospital=hospital, profile=profile): Signers(keys=(pharmacist,)),
            role_name("safety", hospital=hospital, profile=profile): Signers(keys=(officer,)),
        },
        is_trial=True,
    )
    proposal = propose_trust(authority, trust, at=at, words=[f"an authority for {hospital}, {profile}"])
    sign(proposal, read_signer(str(files["custodian"]), _no_secret))
    publish(authority, proposal, read_signer(str(files["online"]), _no_secret), at=at)


def _no_secret(_name: str) -> None:
    """Answer for a key that is open."""
