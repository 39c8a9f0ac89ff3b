"""What a server answers to a report: the next question, when to come again, the ring, and the time, signed."""

import re
from dataclasses import dataclass
from datetime import datetime

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openinfusion.core.errors import SenderError
from openinfusion.fleet.agent.clock import Floor
from openinfusion.fleet.agent.codes import Code, RefusedError
from openinfusion.fleet.release import check_name

LONGEST_ANSWER = 16_384
MOST_SECONDS = 86_400
_NONCE = re.compile(r"[\x21-\x7e]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTime:
    """
    The time of the server.

    Attributes:
        time: in ISO 8601 with the offset +00:00.
        nonce: SHA-256 of the bytes of the report that it answers, in hexadecimal digits: nobody can ask for it before.
        signature: Ed25519 over the RFC 8785 bytes of nonce and time, in hexadecimal digits.

    """

    time: str
    nonce: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    An answer to a report.

    Attributes:
        nonce: the question for the next report.
        poll_seconds: when to report again; 1 second to a day.
        ring: the ring of the pump; ``None`` where the server says nothing of it.
        time: the time, signed.

    """

    nonce: str
    poll_seconds: int
    ring: str | None = None
    time: SignedTime | None = None

    def __post_init__(self) -> None:
        if not _NONCE.fullmatch(self.nonce) or not 1 <= self.poll_seconds <= MOST_SECONDS:
            raise SenderError(
                where="answer", found="nonce or poll_seconds out of bounds", expected="a nonce, 1 to 86400"
            )
        if self.ring is not None:
            check_name(self.ring, "ring")


def read_answer(data: bytes) -> Answer:
    """Return an answer; raises RefusedError where it is none."""
    try:
        return msgspec.json.decode(data[: LONGEST_ANSWER + 1], type=Answer)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        where, expected = "answer to the report", "nonce, poll_seconds, ring, time"
        raise RefusedError(Code.ANSWER_WRONG, where=where, found=str(error), expected=expected) from None


def signed_time(answer: Answer, *, nonce: str, key: str | None) -> Floor | None:
    """
    Return the time of an answer as a moment that has passed; ``None`` where it has none or nothing to check it by.

    ``nonce`` is the hash of the report that was sent; without one it says nothing either.

    Raises:
        RefusedError: it is not the server's, or answers another report.

    """
    told = answer.time
    if told is None or key is None or not nonce:
        return None
    try:
        signed = rfc8785.dumps({"nonce": told.nonce, "time": told.time})
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(told.signature), signed)
        at = datetime.fromisoformat(told.time)
    except (ValueError, InvalidSignature, rfc8785.CanonicalizationError):
        at = None
    if at is None or at.tzinfo is None or told.nonce != nonce:
        found, expected = "a time that is not signed for this report", "the server's time with the hash of the report"
        raise RefusedError(Code.ANSWER_WRONG, where="answer to the report", found=found, expected=expected)
    return Floor(source="time", at=at, keys=(key,))
