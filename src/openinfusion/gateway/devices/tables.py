"""
The tables of the device API, the same on SQLite and on PostgreSQL.

Moments are whole microseconds since 1970. Events are bytes as the pump sent them: a newer reader may read more of them.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text

VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
metadata = MetaData()

about = Table(
    "about",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""Facts about the database itself: its version, and the life of the server that wrote to it last."""

pump = Table(
    "pump",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("urn", String, nullable=False, unique=True),
    Column("line", String, nullable=False),
    Column("ring", String),
    Column("gateway", String),
    Column("report_key", LargeBinary, index=True),
    Column("witness", LargeBinary),
    Column("added", BigInteger, nullable=False),
    Column("seen", BigInteger),
    Column("attributes", Text),
)
"""Every pump that the server knows; ``witness`` is what its reports have proved so far."""

stream = Table(
    "stream",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("ack", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
)
"""How far the events of a pump came: ``ack`` is the highest sequence number below which nothing is missing."""

event = Table(
    "event",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("pump", _NUMBER, ForeignKey("pump.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("event_key", "pump", "epoch", "sequence", unique=True),
)

other_event = Table(
    "other_event",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)
"""Events that came under a sequence number which another event had taken: kept apart, never in its place."""

lost = Table(
    "lost",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
)
"""Sequence numbers that a pump said it no longer has."""

finding = Table(
    "finding",
    metadata,
    Column("who", String, primary_key=True),
    Column("code", String, primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("words", Text, nullable=False),
)
"""What a person should look at: one row for each kind and pump, however often it happens."""

cursor = Table(
    "cursor",
    metadata,
    Column("name", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""How far a reader of the events has come."""


token = Table(
    "token",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("urn", String, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("used_by", LargeBinary),
)
"""Tokens for a first certificate, each for one pump or gateway, and the digest of the key that used it."""

certificate = Table(
    "certificate",
    metadata,
    Column("serial", String, primary_key=True),
    Column("urn", String, nullable=False, index=True),
    Column("begins", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
)
"""Every certificate that was given."""

certificate_key = Table(
    "certificate_key",
    metadata,
    Column("serial", String, ForeignKey("certificate.serial"), primary_key=True),
    Column("key", LargeBinary, nullable=False),
)
"""The SHA-256 of the public key of each: who denies a certificate denies every other one for its key."""

denied = Table(
    "denied",
    metadata,
    Column("name", String, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)
"""Pumps and gateways that may do nothing; serial numbers and keys of certificates that count for nothing."""

retired = Table(
    "retired",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)
"""Pumps that are gone: they are counted nowhere, and all that was known of them stays."""

chapter = Table(
    "chapter",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True),
    Column("ended", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("report_key", LargeBinary, index=True),
    Column("witness", LargeBinary),
    Column("epochs", BigInteger, nullable=False),
)
"""
What was known of a pump before it was enrolled anew: its key, what that proved, and the highest epoch of its events.

What it tells from then on has a new key and a new memory: its epochs are counted on from ``epochs``.
"""

changed = Table(
    "changed",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("pump", _NUMBER, ForeignKey("pump.id"), nullable=False, unique=True),
    sqlite_autoincrement=True,
)
"""
Each pump of which anything changed, the last change with the highest number: who watches reads on from the last.

One transaction after the other writes, and numbers come again never: nobody who reads on misses a change.
"""

last_report = Table(
    "last_report",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)
"""The last report of each pump that proved something, as it was signed: the evidence for its state."""

chapter_report = Table(
    "chapter_report",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True, autoincrement=False),
    Column("ended", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)
"""The last report of each chapter that has ended: what its old key signed is kept, and is evidence for nothing now."""

ran = Table(
    "ran",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True, autoincrement=False),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("level", String, nullable=False),
)
"""Each release that a pump was proven to run, since the first report that proved it, until it proved another."""


offer = Table(
    "offer",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("pump", _NUMBER, ForeignKey("pump.id"), nullable=False, index=True),
    Column("version", String, nullable=False),
    Column("filename", String, nullable=False),
    Column("how", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("sha1", String, nullable=False),
    Column("md5", String, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("cancelled", BigInteger),
    Column("closed", BigInteger),
    Column("claimed", String),
)
"""Files that update clients of others are offered; ``claimed`` is what such a client says became of it: no proof."""

offer_window = Table(
    "offer_window",
    metadata,
    Column("offer", _NUMBER, ForeignKey("offer.id"), primary_key=True),
    Column("words", String, nullable=False),
)
"""When an offer may be installed, where that is not always."""

attributes_wanted = Table(
    "attributes_wanted",
    metadata,
    Column("pump", _NUMBER, ForeignKey("pump.id"), primary_key=True, autoincrement=False),
)
"""Pumps whose client shall say again what its device is: something was installed since, as it says."""

feedback = Table(
    "feedback",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("offer", _NUMBER, ForeignKey("offer.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("execution", String, nullable=False),
    Column("finished", String, nullable=False),
    Column("words", Text, nullable=False),
)
"""What update clients said meanwhile."""


def to_microseconds(moment: datetime) -> int:
    """Return a moment as the tables hold it."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """Return a moment of the tables."""
    return _EPOCH + number * _MICROSECOND
