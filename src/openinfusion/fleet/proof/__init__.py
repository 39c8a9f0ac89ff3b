"""Proof of what each pump runs: reports judged, states derived from them alone, silence turned into work."""

from openinfusion.fleet.proof.findings import MEANINGS, Doubts, Finding, Found, Meaning
from openinfusion.fleet.proof.receive import NONCE_LIFE, IsRelease, Loaded, Outcome, receive
from openinfusion.fleet.proof.register import TASKS, Card, Change, Register, Ring
from openinfusion.fleet.proof.states import CAUSES, PATIENCE, STATES, Aim, Cause, Claim, Source, Standing, State, derive
from openinfusion.fleet.proof.witness import Doubt, Proof, Recheck, Refused, Witness, keep, moved, recall, settled

__all__ = [
    "CAUSES",
    "MEANINGS",
    "NONCE_LIFE",
    "PATIENCE",
    "STATES",
    "TASKS",
    "Aim",
    "Card",
    "Cause",
    "Change",
    "Claim",
    "Doubt",
    "Doubts",
    "Finding",
    "Found",
    "IsRelease",
    "Loaded",
    "Meaning",
    "Outcome",
    "Proof",
    "Recheck",
    "Refused",
    "Register",
    "Ring",
    "Source",
    "Standing",
    "State",
    "Witness",
    "derive",
    "keep",
    "moved",
    "recall",
    "receive",
    "settled",
]
