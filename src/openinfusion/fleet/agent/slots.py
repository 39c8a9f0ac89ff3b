"""
The two slots of a pump on its disk: one in force, one for the next library or for the way back.

Only the slot that is not in force is ever written. Which is in force stands in one small file that is replaced by one
rename, so that the end of the process or of the power at any moment leaves the old state or the new. A library that was
confirmed bears a mark beside it: should that file be lost, no library comes into force that never was.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from openinfusion.adapters.documents import read_bytes
from openinfusion.adapters.durable import sync_folder, write_durably
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.agent.codes import Code, RefusedError

Slot = Literal["a", "b"]
_OTHER: dict[Slot, Slot] = {"a": "b", "b": "a"}
MOST_TRIES = 3
"""How many first starts a library gets; fewer would give up a good one when the power fails."""
_MARK = "confirmed.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What lies in a slot: the release, its bytes, and when they were staged by the pump's time."""

    number: int
    sha256: str
    length: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """
    Which slot is in force, and what the other one is for.

    Attributes:
        active: the slot in force.
        since: since when, by the pump's time.
        other: what the other slot holds.
        tries: first starts of the active library that were begun and have not come to their end; 0 once one has.
        high_water: the highest number that was ever in force. The pump never takes a lower one.

    """

    active: Slot
    since: datetime
    other: Literal["empty", "previous", "staged", "failed"] = "empty"
    tries: int = 0
    high_water: int = 0

    @property
    def is_on_trial(self) -> bool:
        """Whether the active library was begun and not yet confirmed."""
        return self.tries > 0 and self.other == "previous"


class Slots:
    """The slots in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._switch: Switch | None = None

    # --- What is there -----------------------------------------------------------------------------------------------

    @property
    def switch(self) -> Switch:
        """Which slot is in force; a switch that is lost or damaged is made anew from what lies in the slots."""
        if self._switch is None:
            self._switch = _read(self._folder / "switch.json", Switch) or self._recovered()
        return self._switch

    @property
    def was_lost(self) -> bool:
        """Whether the switch is not there, or cannot be read."""
        return _read(self._folder / "switch.json", Switch) is None

    def lost(self) -> tuple[RefusedError, ...]:
        """Return what is wrong with the file that says which slot is in force, and what is taken in its place."""
        if not self.was_lost:
            return ()
        path, label = self._folder / "switch.json", self.active
        now = (
            "none is known to be" if label is None else f"release {label.number}, which came into force last, is taken"
        )
        expected = f"which slot is in force; {now}"
        return (RefusedError(Code.SLOT_DAMAGED, where=str(path), found=_found(path), expected=expected),)

    def _recovered(self) -> Switch:
        """
        Take the whole library of the highest number that was confirmed: what was in force.

        What was only staged, withdrawn or given up bears no mark. Without any, the slots are as if empty: the pump
        works on with what is in memory, and the next poll fills one.
        """
        marks = {slot: mark for slot in _OTHER if (mark := self._mark(slot)) is not None}
        high_water = max((mark.number for mark in marks.values()), default=0)
        whole = [slot for slot, mark in marks.items() if mark == self.label(slot) and self.is_whole(slot)]
        if not whole:
            return Switch(active="a", since=datetime.fromtimestamp(0, UTC), high_water=high_water)
        slot = max(whole, key=lambda slot: marks[slot].number)
        return Switch(active=slot, since=marks[slot].since, high_water=high_water)

    def _mark(self, slot: Slot) -> Label | None:
        """Return the label under which a slot was confirmed, ``None`` where it was not."""
        return _read(self._folder / slot / _MARK, Label)

    def label(self, slot: Slot) -> Label | None:
        """Return what a slot says that it holds."""
        return _read(self._folder / slot / "label.json", Label)

    @property
    def active(self) -> Label | None:
        """What the slot in force says that it holds."""
        return self.label(self.switch.active)

    @property
    def staged(self) -> Label | None:
        """The library that waits for the pump to be idle."""
        return self.label(_OTHER[self.switch.active]) if self.switch.other == "staged" else None

    @property
    def previous(self) -> Label | None:
        """The library to go back to."""
        return self.label(_OTHER[self.switch.active]) if self.switch.other == "previous" else None

    @property
    def failed(self) -> Label | None:
        """The library that was tried and given up."""
        return self.label(_OTHER[self.switch.active]) if self.switch.other == "failed" else None

    def label_of(self, sha256: str) -> Label | None:
        """Return the slot's label for bytes that a pump has in memory, ``None`` for bytes of no slot."""
        labels = (self.active, self.label(_OTHER[self.switch.active]))
        return next((label for label in labels if label is not None and label.sha256 == sha256), None)

    def holds(self, sha256: str, number: int) -> bool:
        """Whether a release is in force or staged, whole."""
        slots: list[Slot] = [self.switch.active]
        if self.switch.other == "staged":
            slots.append(_OTHER[self.switch.active])
        labels = [label for slot in slots if self.is_whole(slot) and (label := self.label(slot)) is not None]
        return any((label.sha256, label.number) == (sha256, number) for label in labels)

    def read_active(self) -> bytes:
        """Return the library in force from its slot; raises RefusedError where it is not what was written."""
        return self.read(self.switch.active)

    def read_other(self) -> bytes:
        """Return the library of the other slot; raises RefusedError where it is not what was written."""
        return self.read(_OTHER[self.switch.active])

    def in_turn(self) -> tuple[Slot, ...]:
        """Return the slots that a pump may work with, the one in force first; what failed its test is none."""
        now = self.switch
        return (now.active, _OTHER[now.active]) if now.other in ("previous", "staged") else (now.active,)

    def read(self, slot: Slot) -> bytes:
        """Return the library of a slot; raises RefusedError, which says what lies there and what should."""
        label, where = self.label(slot), f"slot {slot}"
        if label is None:
            found, expected = f"label.json: {_found(self._folder / slot / 'label.json')}", "the label of a library"
            raise RefusedError(Code.SLOT_DAMAGED, where=where, found=found, expected=expected)
        where = f"{where}, release {label.number}"
        content = _bytes_of(self._folder / slot / "library.json")
        if content is None or hashlib.sha256(content).hexdigest() != label.sha256:
            found = f"library.json: {_found(self._folder / slot / 'library.json')}"
            expected = f"the {label.length:,} bytes of {label.sha256[:12]}"
            raise RefusedError(Code.SLOT_DAMAGED, where=where, found=found, expected=expected, number=label.number)
        return content

    def damage(self) -> tuple[RefusedError, ...]:
        """
        Return what is wrong with the slots that hold something, read from the disk now; the one in force first.

        A slot whose label is whole but is not the one under which it came into force holds another library than that.
        """
        faults: list[RefusedError] = []
        for slot in self.in_turn():
            try:
                self.read(slot)
            except RefusedError as error:
                faults.append(error)
        label, mark = self.active, self._mark(self.switch.active)
        if label is not None and mark is not None and mark != label and not self.switch.is_on_trial and not faults:
            where, found = f"slot {self.switch.active}", f"release {label.number}, {label.sha256[:12]}"
            expected = f"release {mark.number}, {mark.sha256[:12]}, which came into force there"
            faults.append(
                RefusedError(Code.SLOT_DAMAGED, where=where, found=found, expected=expected, number=mark.number)
            )
        return tuple(faults)

    def is_whole(self, slot: Slot) -> bool:
        """Whether a slot holds what was written there."""
        try:
            self.read(slot)
        except RefusedError:
            return False
        return True

    # --- What changes ------------------------------------------------------------------------------------------------

    def set_up(self, library: bytes, *, number: int, at: datetime) -> None:
        """Put the first library into force: what the factory gives."""
        self._write("a", library, number=number, at=at)
        self._confirm("a")
        self._turn(Switch(active="a", since=at, high_water=number))

    def stage(self, library: bytes, *, number: int, at: datetime) -> None:
        """
        Write a library into the slot that is not in force, read it back, and let it wait.

        Raises:
            RefusedError: what is read back is not what was written.
            OSError: no room, or a fault of the disk.

        """
        slot = _OTHER[self.switch.active]
        self.clear()
        self._write(slot, library, number=number, at=at)
        self.read(slot)
        self._turn(replace(self.switch, other="staged", tries=0))

    def clear(self) -> None:
        """Let go of what the other slot holds."""
        if self.switch.other != "empty":
            self._forget(_OTHER[self.switch.active], "label.json", _MARK)
            self._turn(replace(self.switch, other="empty", tries=0))

    def drop_damaged_previous(self) -> None:
        """Let go of a way back that is none any more."""
        if self.switch.other == "previous" and not self.is_whole(_OTHER[self.switch.active]):
            self.clear()

    def recover(self) -> None:
        """Put a switch down in place of one that was lost, and see that what is in force bears its mark."""
        if self.was_lost:
            self._turn(self.switch)
        slot = self.switch.active
        if not self.switch.is_on_trial and self.is_whole(slot) and self._mark(slot) != self.label(slot):
            self._confirm(slot)

    def _confirm(self, slot: Slot) -> None:
        label = self.label(slot)
        if label is not None:
            write_durably(self._folder / slot / _MARK, msgspec.json.encode(label))

    def _forget(self, slot: Slot, *names: str) -> None:
        """Take files of a slot away so that they stay away after a power cut."""
        folder = self._folder / slot
        for name in names:
            (folder / name).unlink(missing_ok=True)
        if folder.exists():
            sync_folder(folder)

    def _write(self, slot: Slot, library: bytes, *, number: int, at: datetime) -> None:
        folder = self._folder / slot
        folder.mkdir(parents=True, exist_ok=True)
        self._forget(slot, "label.json", _MARK)
        write_durably(folder / "library.json", library)
        digest = hashlib.sha256(library).hexdigest()
        label = Label(number=number, sha256=digest, length=len(library), since=at)
        write_durably(folder / "label.json", msgspec.json.encode(label))
        sync_folder(self._folder)

    def begin(self, at: datetime) -> None:
        """Put the staged library into force on trial."""
        now = self.switch
        self._turn(replace(now, active=_OTHER[now.active], since=at, other="previous", tries=now.tries + 1))

    def confirm(self) -> None:
        """Say that the library on trial is in force for good: its number is never gone below again."""
        self._confirm(self.switch.active)
        label = self.active
        number = label.number if label is not None else 0
        self._turn(replace(self.switch, tries=0, high_water=max(self.switch.high_water, number)))

    def go_back(self, *, at: datetime, is_final: bool) -> None:
        """Put the library before into force again; the one on trial waits for another try, unless that is final."""
        now = self.switch
        other: Literal["failed", "staged"] = "failed" if is_final else "staged"
        tries = 0 if is_final else now.tries
        self._forget(now.active, _MARK)
        self._turn(replace(now, active=_OTHER[now.active], since=at, other=other, tries=tries))

    def take_other(self, at: datetime, *, is_failed: bool) -> None:
        """
        Put the library of the other slot into force for good, because the one in force cannot be used.

        ``is_failed`` says that it failed its self-test and must not be tried again; else it is damaged and let go of.
        """
        now = self.switch
        label = self.label(_OTHER[now.active])
        high_water = max(now.high_water, label.number if label is not None else 0)
        self._confirm(_OTHER[now.active])
        if is_failed:
            self._forget(now.active, _MARK)
        other: Literal["failed", "empty"] = "failed" if is_failed else "empty"
        self._turn(Switch(active=_OTHER[now.active], since=at, other=other, high_water=high_water))

    def _turn(self, switch: Switch) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._switch = None  # should the disk fail now, what it holds is read again
        write_durably(self._folder / "switch.json", msgspec.json.encode(switch))
        self._switch = switch


T = TypeVar("T")


def _read(path: Path, kind: type[T]) -> T | None:
    """Return what a file says, ``None`` where it is absent or damaged."""
    content = _bytes_of(path)
    try:
        return None if content is None else msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, ValueError):
        return None


def _bytes_of(path: Path) -> bytes | None:
    try:
        return read_bytes(path)
    except OperatorError:
        return None


def _found(path: Path) -> str:
    """Say what lies in the place of a file that is not what it should be."""
    try:
        content = read_bytes(path)
    except OperatorError as error:
        return error.found
    return f"{len(content):,} bytes, {hashlib.sha256(content).hexdigest()[:12]}"
