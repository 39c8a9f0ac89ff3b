"""
Files offered to update clients that others wrote, and what those say became of them: claims, never proof.

An offer is made for one pump, is open until its client closes it or it was cancelled, and the oldest open one is
offered first. What a client says is cut to a bearable length and kept, never refused: a client that is refused its
feedback repeats it for ever.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Connection, func, select, update

from openinfusion.core.errors import FileAccessError, OperatorError
from openinfusion.gateway.devices.pumps import Known
from openinfusion.gateway.devices.tables import (
    attributes_wanted,
    feedback,
    from_microseconds,
    offer,
    offer_window,
    pump,
    to_microseconds,
)
from openinfusion.gateway.devices.windows import read_window

How = Literal["forced", "attempt", "skip"]
FOLDER = "offers"
MOST_FEEDBACK = 200
"""How many words of a client are kept for one offer; the last ones always are."""
LONGEST_WORDS = 2000
LONGEST_ATTRIBUTES = 8000
_LARGEST = 2**30
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,120}")
_FINAL = ("closed", "canceled")
"""As in hawkBit: "rejected" only says that it cannot be done at this time."""
_EXECUTIONS = ("closed", "proceeding", "canceled", "scheduled", "rejected", "resumed", "download", "downloaded")
_FINISHED = ("success", "failure", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """
    A file that is offered to the update client of a pump.

    Attributes:
        id: a whole number, as clients ask for.
        how: whether the client shall install it (forced), may (attempt), or shall only fetch it (skip).
        claimed: what the client says became of it.
        window: the times of day at which it may be installed, in words; ``None`` for all.

    """

    id: int
    pump: int
    version: str
    filename: str
    how: str
    size: int
    sha256: str
    sha1: str
    md5: str
    made: datetime
    cancelled: datetime | None
    closed: datetime | None
    claimed: str | None
    window: str | None

    def is_installable(self, at: datetime) -> bool:
        """Whether the client may install it now; it may fetch it at any time."""
        return self.window is None or read_window(self.window).is_open(at)


_OFFER = select(offer, offer_window.c.words.label("window")).outerjoin(offer_window, offer_window.c.offer == offer.c.id)


def _offer(told: dict[str, Any]) -> Offer:
    for name in ("made", "cancelled", "closed"):
        told[name] = None if told[name] is None else from_microseconds(told[name])
    return Offer(**told)


def state_of(one: Offer) -> str:
    """Return how an offer stands, in words."""
    if one.closed is not None:
        return "cancelled" if one.claimed == "cancelled" else f"claimed: {one.claimed}"
    return "to be left" if one.cancelled is not None else "open"


def keep_file(state: Path, file: Path) -> dict[str, Any]:
    """
    Keep a file to be offered, under its hash, and return what an offer says of it.

    Raises:
        FileAccessError: it cannot be read, or its name could not stand in an address.

    """
    if not _FILENAME.fullmatch(file.name):
        expected = "letters, digits, dots, hyphens, underscores, plus signs"
        raise FileAccessError(where=str(file), found="another name", expected=expected)
    try:
        if file.stat().st_size > _LARGEST:
            raise FileAccessError(where=str(file), found="a larger file", expected=f"at most {_LARGEST:,} bytes")
        content = file.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        folder = state / FOLDER
        folder.mkdir(exist_ok=True)
        (folder / f"{sha256}.new").write_bytes(content)
        (folder / f"{sha256}.new").rename(folder / sha256)
    except OSError as error:
        found = error.strerror or "an error"
        raise FileAccessError(where=str(file), found=found, expected="a file, and room for it") from None
    sums = {name: hashlib.new(name, content, usedforsecurity=False).hexdigest() for name in ("sha1", "md5")}
    return {"filename": file.name, "size": len(content), "sha256": sha256, **sums}


def make_offer(
    connection: Connection,
    whose: int,
    kept: dict[str, Any],
    *,
    version: str,
    how: How,
    at: datetime,
    window: str | None = None,
) -> int:
    """Offer a file to a pump, and return the number of the offer."""
    if how not in get_args(How):
        raise OperatorError(where="offer", found=repr(how), expected=" or ".join(get_args(How)))
    if window is not None:
        read_window(window)
    made = connection.execute(
        offer.insert().values(pump=whose, version=version, how=how, made=to_microseconds(at), **kept)
    )
    (number,) = made.inserted_primary_key or (0,)
    if window is not None:
        connection.execute(offer_window.insert().values(offer=number, words=window))
    return int(number)


def cancel_offer(connection: Connection, number: int, *, at: datetime) -> bool:
    """Ask the client of an offer to leave it; whether it was open."""
    which = (offer.c.id == number) & offer.c.closed.is_(None)
    return bool(connection.execute(update(offer).where(which).values(cancelled=to_microseconds(at))).rowcount)


def open_offer(connection: Connection, whose: int) -> Offer | None:
    """Return the oldest offer of a pump that is not closed, or ``None``."""
    which = (offer.c.pump == whose) & offer.c.closed.is_(None)
    row = connection.execute(_OFFER.where(which).order_by(offer.c.id).limit(1)).first()
    return None if row is None else _offer(row._asdict())


def find_offer(connection: Connection, whose: int, number: int) -> Offer | None:
    """Return an offer of a pump, or ``None``."""
    row = connection.execute(_OFFER.where((offer.c.pump == whose) & (offer.c.id == number))).first()
    return None if row is None else _offer(row._asdict())


def every_offer(connection: Connection) -> list[tuple[str, Offer, str]]:
    """Return all offers, the newest first, with the URN of the pump and the last words of the client."""
    last = select(func.max(feedback.c.id)).group_by(feedback.c.offer)
    said = select(feedback.c.offer, feedback.c.words).where(feedback.c.id.in_(last)).subquery()
    asked = _OFFER.add_columns(pump.c.urn, said.c.words.label("said")).join(pump, pump.c.id == offer.c.pump)
    rows = connection.execute(asked.outerjoin(said, said.c.offer == offer.c.id).order_by(offer.c.id.desc()))
    found = []
    for row in rows:
        told = row._asdict()
        urn, words = told.pop("urn"), told.pop("said") or ""
        found.append((urn, _offer(told), words))
    return found


# --- What clients say -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What a client said of an offer, as far as it could be read."""

    execution: str
    finished: str
    words: str


def read_feedback(data: bytes) -> Said:
    """Return what a client said; whatever it is, it says something."""
    try:
        told = msgspec.json.decode(data)
        status = told["status"]
        execution, finished = status.get("execution"), status.get("result", {}).get("finished")
        details = status.get("details") or []
        words = "; ".join(str(one) for one in details) if isinstance(details, list) else str(details)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError, KeyError, TypeError):
        return Said("unreadable", "none", _plain(data[:LONGEST_WORDS].decode("utf-8", "replace"))[:LONGEST_WORDS])
    return Said(
        execution if execution in _EXECUTIONS else "unknown",
        finished if finished in _FINISHED else "none",
        _plain(words)[-LONGEST_WORDS:],
    )


def _plain(text: str) -> str:
    """Return a text without what a database or a terminal would stumble over."""
    return "".join(one if one.isprintable() else "�" for one in text)


def take_feedback(connection: Connection, whose: int, number: int, *, said: Said, at: datetime) -> bool:
    """
    Keep what a client said of an offer; whether there is one. It may close the offer, and proves nothing.

    An offer that may not be installed now is not closed by a success: clients say that of what they skipped.
    """
    found = find_offer(connection, whose, number)
    if found is None:
        return False
    is_possible = said.finished == "failure" or found.is_installable(at)
    if found.closed is None and said.execution in _FINAL and is_possible:
        claimed = said.finished if said.execution == "closed" else said.execution
        told = {"closed": to_microseconds(at), "claimed": claimed}
        connection.execute(update(offer).where(offer.c.id == number).values(**told))
        if claimed in ("success", "none"):
            connection.execute(attributes_wanted.delete().where(attributes_wanted.c.pump == whose))
            connection.execute(attributes_wanted.insert().values(pump=whose))
    _keep_words(connection, number, said, at=at)
    return True


def take_cancelled(connection: Connection, whose: int, number: int, *, said: Said, at: datetime) -> bool:
    """Keep what a client said of a cancelled offer: it left it, goes on with it, or has not decided yet."""
    found = find_offer(connection, whose, number)
    if found is None:
        return False
    if found.closed is None and found.cancelled is not None:
        is_final, is_failure = said.execution in _FINAL, said.finished == "failure"
        told: dict[str, Any] = {}
        if is_final and not is_failure:
            told = {"closed": to_microseconds(at), "claimed": "cancelled"}
        elif is_final or said.execution == "rejected":
            told = {"cancelled": None}
        if told:
            connection.execute(update(offer).where(offer.c.id == number).values(**told))
    _keep_words(connection, number, said, at=at)
    return True


def _keep_words(connection: Connection, number: int, said: Said, *, at: datetime) -> None:
    row = {"offer": number, "at": to_microseconds(at), "execution": said.execution, "finished": said.finished}
    connection.execute(feedback.insert().values(**row, words=said.words))
    surplus = (
        select(feedback.c.id).where(feedback.c.offer == number).order_by(feedback.c.id.desc()).offset(MOST_FEEDBACK)
    )
    if first := connection.scalar(surplus.limit(1)):
        connection.execute(feedback.delete().where((feedback.c.offer == number) & (feedback.c.id <= first)))


def take_attributes(connection: Connection, whose: Known, data: bytes) -> None:
    """Keep what a client says of its device: beside what it said before, in place of it, or (remove) taken from it."""
    try:
        said = msgspec.json.decode(data)
        told = {_plain(str(name))[:100]: _plain(str(value))[:500] for name, value in said["data"].items()}
        mode = said.get("mode")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError, KeyError, TypeError):
        told, mode = {}, None
    before = {} if mode == "replace" else json.loads(whose.attributes or "{}")
    after = {name: one for name, one in before.items() if name not in told} if mode == "remove" else before | told
    kept = json.dumps(after)
    values = {"attributes": kept if len(kept) <= LONGEST_ATTRIBUTES else whose.attributes or "{}"}
    connection.execute(update(pump).where(pump.c.id == whose.id).values(**values))
    connection.execute(attributes_wanted.delete().where(attributes_wanted.c.pump == whose.id))


def are_attributes_wanted(connection: Connection, whose: Known) -> bool:
    """Whether a client shall say what its device is: it never did, or has installed something since."""
    again = select(attributes_wanted.c.pump).where(attributes_wanted.c.pump == whose.id)
    return whose.attributes is None or connection.scalar(again) is not None
