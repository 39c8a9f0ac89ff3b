"""What can be found in a report: a closed list, each with its words, whether it refuses the report, what it doubts."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Doubts = Literal["nothing", "what it runs", "which pump it is"]
"""What a finding puts in doubt. Another good proof settles what it runs; only a person settles which pump it is."""


class Found(StrEnum):
    """What was found in a report; the value is stored and sent, so changing one is a migration."""

    UNREADABLE = "unreadable"
    OTHER_PUMP = "other-pump"
    NO_KEY = "no-key"
    BAD_SIGNATURE = "bad-signature"
    NONCE_NOT_OURS = "nonce-not-ours"
    NONCE_TOO_OLD = "nonce-too-old"
    LATE = "late"
    SHARED_KEY = "shared-key"
    ONE_COUNTER_TWICE = "one-counter-twice"
    COUNTER_BACK = "counter-back"
    EPOCH_BACK = "epoch-back"
    FIRST_CONTACT = "first-contact"
    REPEATED = "repeated"
    OVERTAKEN = "overtaken"
    EPOCH_ROSE = "epoch-rose"
    REVERTED = "reverted"
    NOTHING_LOADED = "nothing-loaded"
    PROOF_WRONG = "proof-wrong"
    LENGTH_WRONG = "length-wrong"
    UNKNOWN_LIBRARY = "unknown-library"
    WRONG_NUMBER = "wrong-number"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """
    What a finding means.

    Attributes:
        words: in one sentence.
        is_refused: whether the report counts for nothing because of it.
        doubts: what it puts in doubt until it is settled.

    """

    words: str
    is_refused: bool = False
    doubts: Doubts = "nothing"


_PUMP: Doubts = "which pump it is"
_RUNS: Doubts = "what it runs"
MEANINGS: dict[Found, Meaning] = {
    Found.UNREADABLE: Meaning(words="It is not a signed report of a pump.", is_refused=True),
    Found.OTHER_PUMP: Meaning(words="It names another pump than the one it came for.", is_refused=True),
    Found.NO_KEY: Meaning(words="No key is known for the pump: it was not enrolled.", is_refused=True),
    Found.BAD_SIGNATURE: Meaning(words="It is not signed with the key of the pump.", is_refused=True),
    Found.NONCE_NOT_OURS: Meaning(
        words="It answers no question that is open: its nonce is used up, or was never given to this pump.",
        is_refused=True,
    ),
    Found.NONCE_TOO_OLD: Meaning(
        words="It answers a question of too long ago, so it may have been held back.", is_refused=True
    ),
    Found.LATE: Meaning(
        words="It is older than what was proven since: late on its way, or played again.", is_refused=True
    ),
    Found.SHARED_KEY: Meaning(words="Its key is known as that of another pump.", is_refused=True, doubts=_PUMP),
    Found.ONE_COUNTER_TWICE: Meaning(
        words="Two reports that differ carry one counter: two pumps hold one key.", is_refused=True, doubts=_PUMP
    ),
    Found.COUNTER_BACK: Meaning(
        words="It is fresh, yet its counter is not above the last: a clone, or a pump restored from a copy.",
        is_refused=True,
        doubts=_PUMP,
    ),
    Found.EPOCH_BACK: Meaning(
        words="It is fresh, yet its epoch is below the last: a clone, or a pump restored from a copy.",
        is_refused=True,
        doubts=_PUMP,
    ),
    Found.FIRST_CONTACT: Meaning(words="It has no nonce yet, so it proves nothing; the answer gives it one."),
    Found.REPEATED: Meaning(words="It is the last report again, byte for byte; it counts once."),
    Found.OVERTAKEN: Meaning(
        words="It was carried here after newer proof, or a doubt that was settled since; it changes nothing."
    ),
    Found.EPOCH_ROSE: Meaning(words="The agent of the pump lost its state since the last proof."),
    Found.REVERTED: Meaning(words="It runs a release below one that it was proven to run."),
    Found.NOTHING_LOADED: Meaning(words="It has no library loaded.", doubts=_RUNS),
    Found.PROOF_WRONG: Meaning(
        words="What it has loaded is not the library that it names.",
        doubts=_RUNS,
    ),
    Found.LENGTH_WRONG: Meaning(words="The library that it names has another length.", doubts=_RUNS),
    Found.UNKNOWN_LIBRARY: Meaning(words="It runs a library that was never released.", doubts=_RUNS),
    Found.WRONG_NUMBER: Meaning(words="The release of that number has other content.", doubts=_RUNS),
    Found.DENIED: Meaning(words="It was denied: what it proved counts no more.", is_refused=True, doubts=_PUMP),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in one report; ``about`` says of it what the words cannot, such as both counters."""

    what: Found
    about: str = ""

    @property
    def meaning(self) -> Meaning:
        """What a finding of its kind means."""
        return MEANINGS[self.what]

    def __str__(self) -> str:
        return f"{self.meaning.words} ({self.about})" if self.about else self.meaning.words
