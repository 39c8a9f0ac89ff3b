"""Why an agent does not take what it was offered: a closed list of codes, each with words for those who must act."""

from enum import Enum
from typing import Self

from tuf.api import exceptions as tuf
from tuf.api.serialization import DeserializationError

from openinfusion.core.errors import SenderError


class Code(Enum):
    """One reason. The code stands in reports and never changes; the words may become better."""

    def __new__(cls, code: str, meaning: str, action: str) -> Self:
        """Make it of its code, what it means on the pump, and what somebody must do."""
        made = object.__new__(cls)
        made._value_ = code
        made._meaning, made._action = meaning, action  # type: ignore[attr-defined]
        return made

    @property
    def meaning(self) -> str:
        """What happened, in one sentence."""
        told: str = self._meaning  # type: ignore[attr-defined]
        return told

    @property
    def action(self) -> str:
        """What somebody must do about it."""
        told: str = self._action  # type: ignore[attr-defined]
        return told

    # --- What was signed ---------------------------------------------------------------------------------------------
    NOT_METADATA = (
        "not-metadata",
        "A file that should be signed metadata is damaged or is something else.",
        "Look at what stands between the authority and the pump: a gateway, a cache, a stick.",
    )
    UNSIGNED = (
        "signatures-missing",
        "Metadata lacks signatures, or they are of keys that are not trusted for it.",
        "Treat it as an attack until it is explained; sign again with the right keys.",
    )
    ROLLED_BACK = (
        "metadata-rolled-back",
        "Metadata is older than what the pump has already trusted, or does not fit together.",
        "Replace the old cache or stick; if it comes from the server, treat it as an attack until it is explained.",
    )
    EXPIRED = (
        "metadata-expired",
        "Metadata is past its expiry by the pump's time.",
        "See whether the authority still signs daily, whether something withholds it, and whether the clock is right.",
    )
    WRONG = (
        "metadata-wrong",
        "Metadata contradicts itself: a role that is delegated is not there.",
        "Publish the repository again as a whole.",
    )
    # --- What the roles agree on -------------------------------------------------------------------------------------
    NOT_RELEASED = (
        "not-released",
        "The director lists a release that the pharmacy or the safety officer did not sign.",
        "Nothing unreleased is installed. Find out who changed the director.",
    )
    DISAGREE = (
        "roles-disagree",
        "Pharmacy, safety officer and director name different bytes or facts for one release.",
        "Nothing is installed. Compare the three; release again under a new number.",
    )
    ROLE_CONFUSED = (
        "role-confused",
        "A release is signed by a role that may not, or both roles share a key.",
        "Correct the delegations, with keys of two different people.",
    )
    NOT_A_RELEASE = (
        "not-a-release",
        "What is signed beside the bytes does not say what a release says.",
        "Release again with the software of the authority.",
    )
    OLDER = (
        "older-release",
        "The release has a lower number than the pump has already had.",
        "To go back, use the recall twin: a new, higher number with the old content.",
    )
    REUSED = (
        "number-reused",
        "The release has the number of one that the pump has, but other bytes.",
        "Treat it as an attack until it is explained; a number is never used twice.",
    )
    # --- Whether it fits ---------------------------------------------------------------------------------------------
    OTHER_PLACE = (
        "other-hospital-or-profile",
        "The release is for another hospital or profile than the pump was set up for.",
        "Correct what the director lists, or set the pump up again.",
    )
    OTHER_MODEL = (
        "other-model",
        "The release is not for this model of pump.",
        "Release for this model, or move the pump to a ring of its own.",
    )
    OTHER_HARDWARE = (
        "other-hardware",
        "The release is not for this revision of the hardware.",
        "Release for this revision, or have the pump serviced.",
    )
    AGENT_TOO_OLD = (
        "agent-too-old",
        "The release needs a newer agent.",
        "Update the software of the pump.",
    )
    # --- The bytes ---------------------------------------------------------------------------------------------------
    BYTES_DIFFER = (
        "bytes-differ",
        "The library that came is not the one that was signed: its length or hash differs.",
        "Look at what stands between the authority and the pump; the next poll tries again.",
    )
    TOO_LONG = (
        "too-long",
        "More bytes came than were announced, or a library larger than any pump takes.",
        "Look at what stands between the authority and the pump.",
    )
    TOO_SLOW = (
        "too-slow",
        "The bytes come so slowly that the download was given up.",
        "See to the network where the pump is; if it stays, treat it as an attack.",
    )
    NO_ANSWER = (
        "no-answer",
        "Server, gateway or stick cannot be read.",
        "See to the network, the port or the stick; the library in force stays in force.",
    )
    NOT_A_LIBRARY = (
        "not-a-library",
        "The bytes are signed but are no library that this agent reads, or not in their canonical form.",
        "Release again with the software of the authority.",
    )
    PROBE_FAILED = (
        "probe-failed",
        "A look-up that was signed with the library has another answer on this pump.",
        "Do not use the release: pump and authority read it differently. Report it to the makers of both.",
    )
    # --- The pump ----------------------------------------------------------------------------------------------------
    SELF_TEST = (
        "self-test-failed",
        "The self-test of the pump failed with the library; another that passes it is in force.",
        "Halt the roll-out and find the cause; offer a new release.",
    )
    FIRST_START = (
        "first-start-ended",
        "The first starts with the library did not come to their end; the library before is in force again.",
        "Halt the roll-out and find the cause; offer a new release.",
    )
    SLOT_DAMAGED = (
        "slot-damaged",
        "A library on the disk of the pump is not what was written there; it is not used.",
        "Have the disk of the pump tested; the next poll writes the library again.",
    )
    NONE_SOUND = (
        "no-sound-library",
        "The pump was switched on and found no library that is whole and passes its self-test.",
        "Take the pump out of use and have its disk tested; a release that it can fetch fills it again.",
    )
    DISK = (
        "no-room-or-disk-fault",
        "The pump cannot read or write a file of its own: no room, or a fault of its disk.",
        "Make room, or have the disk of the pump tested; set the pump up again where a file of its own is gone.",
    )
    ANSWER_WRONG = (
        "answer-not-understood",
        "What the server answered to a report is not what it should be, or its signed time is not genuine.",
        "Look at what stands between the server and the pump.",
    )


class RefusedError(SenderError):
    """An agent does not take what it was offered; the library in force stays in force."""

    def __init__(self, code: Code, *, where: str, found: str, expected: str, number: int | None = None) -> None:
        """Keep the code, and the number of the release where it is known."""
        super().__init__(where=where, found=found, expected=expected)
        self.code = code
        self.number = number


_OF_TUF = (
    (tuf.UnsignedMetadataError, Code.UNSIGNED),
    (tuf.BadVersionNumberError, Code.ROLLED_BACK),
    (tuf.ExpiredMetadataError, Code.EXPIRED),
    (tuf.LengthOrHashMismatchError, Code.BYTES_DIFFER),
    (tuf.RepositoryError, Code.WRONG),
    (tuf.DownloadLengthMismatchError, Code.TOO_LONG),
    (tuf.SlowRetrievalError, Code.TOO_SLOW),
)
"""Which code an error of python-tuf becomes; the special ones stand before the general."""


def refused_by_tuf(error: Exception, where: str) -> RefusedError:
    """Return an error of python-tuf as a refusal with its code."""
    if isinstance(error, DeserializationError):
        # What python-tuf says of it is of no help to a reader: "Failed to deserialize JSON".
        found = "an empty, damaged or foreign file"
        return RefusedError(Code.NOT_METADATA, where=where, found=found, expected=_EXPECTED[Code.NOT_METADATA])
    code = next((code for kind, code in _OF_TUF if isinstance(error, kind)), Code.NO_ANSWER)
    return RefusedError(code, where=where, found=str(error), expected=_EXPECTED[code])


_EXPECTED = {
    Code.NOT_METADATA: "signed metadata",
    Code.UNSIGNED: "signatures of enough trusted keys",
    Code.ROLLED_BACK: "versions that rise and fit together",
    Code.EXPIRED: "metadata that is in force",
    Code.BYTES_DIFFER: "the length and hash that were signed",
    Code.WRONG: "a whole repository",
    Code.TOO_LONG: "no more bytes than announced",
    Code.TOO_SLOW: "a steady download",
    Code.NO_ANSWER: "a server, gateway or stick that can be read",
}
