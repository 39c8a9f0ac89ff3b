"""
The questions that the server asks pumps: random, and each says again when this server asked it, signed with its key.

So a pump that answers one of which the database knows nothing, asked after all that it remembers, shows that the
database is an older copy: whether somebody put back a backup of it, or of the whole machine.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openinfusion.gateway.devices.tables import from_microseconds, to_microseconds

SLACK = timedelta(minutes=1)
"""So far a clock may have been set back without its questions being taken for those of a lost life."""
_RANDOM_BYTES = 16
_MARK = 32


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks, and knows again what it asked."""

    key: bytes

    @classmethod
    def of(cls, time_key: Ed25519PrivateKey) -> "Questions":
        """Return those of a server, by the key that signs its time: that lies outside of the database."""
        return cls(hashlib.sha256(b"questions of a device API" + time_key.private_bytes_raw()).digest())

    def ask(self, pump: str, *, at: datetime) -> str:
        """Return a fresh question for a pump."""
        told = f"{to_microseconds(at):x}.{secrets.token_hex(_RANDOM_BYTES)}"
        return f"{told}.{self._mark(pump, told)}"

    def asked(self, pump: str, question: str) -> datetime | None:
        """Return when this pump was asked a question, ``None`` where it is none of ours."""
        told, _, mark = question.rpartition(".")
        if not hmac.compare_digest(mark.encode(), self._mark(pump, told).encode()):
            return None
        return from_microseconds(int(told.partition(".")[0], 16))

    def _mark(self, pump: str, told: str) -> str:
        return hmac.new(self.key, f"{pump} {told}".encode(), hashlib.sha256).hexdigest()[:_MARK]
