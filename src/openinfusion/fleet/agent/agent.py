"""The agent of a pump: fetches, verifies, stages and activates libraries, and signs what runs."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from openinfusion import __version__
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.agent.answer import Answer, read_answer, signed_time
from openinfusion.fleet.agent.clock import Clock, Heard, Moment, heard_again, moment_of
from openinfusion.fleet.agent.codes import Code, RefusedError
from openinfusion.fleet.agent.inspection import inspect
from openinfusion.fleet.agent.memory import Home, Memory
from openinfusion.fleet.agent.outcome import Outcome
from openinfusion.fleet.agent.power_on import bring, told
from openinfusion.fleet.agent.pump import Pump
from openinfusion.fleet.agent.slots import MOST_TRIES, Label, Slots
from openinfusion.fleet.agent.sources import Source
from openinfusion.fleet.agent.trial import first_start, load_before, tested
from openinfusion.fleet.agent.trust import Repository
from openinfusion.fleet.agent.wanted import Wanted, wanted
from openinfusion.fleet.report import Held, LogEnd, Refusal, Report, Versions, proof_of, sign_report


class Agent:
    """
    The agent of one pump.

    Call ``start`` once, then again and again ``update`` with a source, ``activate``, and ``report``. None of them ever
    takes the library in force away for a reason of network, metadata or clock. Only one agent may work in a home.
    """

    def __init__(self, home: Home, pump: Pump, clock: Clock) -> None:
        """Open a home that was set up; raises OperatorError where it was not."""
        self._home, self._pump, self._clock = home, pump, clock
        self._told = home.provisioning()
        self._slots = Slots(home.folder / "slots")
        self._trusted = {
            name: Repository(name, home.folder / "trust" / name, anchor=home.root(name)) for name in _REPOSITORIES
        }
        self._heard: Heard | None = None
        self._is_doubted = False  # whether what the pump holds did not stand its last test
        self._asked = ""  # the hash of the last report: only what answers it tells the time
        self._lost: list[RefusedError] = []
        self._memory = Memory(epoch=0)
        self._memory = self._remembered() or Memory(epoch=int(self.moment().at.timestamp()))
        self.log: LogEnd | None = None
        self.battery: int | None = None

    @property
    def pump_name(self) -> str:
        """``urn:pump:<maker>:<serial>``."""
        return self._told.pump

    @property
    def acknowledged(self) -> int:
        """How far the server has the event log of the pump."""
        return self._memory.acknowledged

    def moment(self) -> Moment:
        """Return what time it is for this pump."""
        return moment_of(self._clock, self._memory.floors, made=self._told.made, heard=self._heard)

    @property
    def ring(self) -> str:
        """The ring whose release the pump runs."""
        return self._memory.ring or self._told.ring

    @property
    def slots(self) -> Slots:
        """What lies in the slots; to look at."""
        return self._slots

    @property
    def refusal(self) -> Refusal | None:
        """What was refused last."""
        return self._memory.refusal

    # --- Start -------------------------------------------------------------------------------------------------------

    def start(self) -> Outcome:
        """
        Bring the pump to the library that is in force; call it whenever the agent starts.

        A first start that did not come to its end gives way to the library before, and after some to no more tries.
        What the agent had kept and lost is told as damage.
        """
        lost = [*self._lost, *self._slots.lost()]
        return replace(self._tried(self._start), damage=tuple(lost))

    def _remembered(self) -> Memory | None:
        try:
            return self._home.memory()
        except OperatorError as error:
            where, found, expected = error.where, error.found, error.expected
            self._lost.append(RefusedError(Code.DISK, where=where, found=found, expected=expected))
            return None

    def _start(self) -> Outcome:
        if self._slots.was_lost:
            self._remember(epoch=max(self._memory.epoch + 1, int(self.moment().at.timestamp())))
        with suppress(OSError):  # a full disk keeps no library away; the next start does it
            self._slots.recover()
        return self._settle()

    def _settle(self) -> Outcome:
        """Finish what was interrupted, and have the pump hold what is in force."""
        if self._slots.switch.is_on_trial and not self._is_sound():
            return self._end_trial()
        if self._slots.switch.is_on_trial:
            self._slots.confirm()
        return self._bring()

    def _is_sound(self) -> bool:
        """Whether the pump has the library in force in its memory and stands its test."""
        label = self._slots.active
        return label is not None and self._hash_loaded() == label.sha256 and tested(self._pump) is None

    def _end_trial(self) -> Outcome:
        number = self._number()
        is_final = self._slots.switch.tries >= MOST_TRIES
        if not load_before(self._pump, self._slots):
            return Outcome("waits", number)
        self._slots.go_back(at=self.moment().at, is_final=is_final)
        self._is_doubted = True  # it was loaded, and is tested now
        self._bring()
        if not is_final:
            return Outcome("went back", number)
        where, found = f"release {number}", f"{MOST_TRIES} first starts that were begun"
        expected = "one that comes to its end"
        raise RefusedError(Code.FIRST_START, where=where, found=found, expected=expected, number=number)

    def _bring(self) -> Outcome:
        """Have the pump hold the library in force, tested, if it does not and nobody uses it."""
        label = self._slots.active
        if label is not None and self._hash_loaded() == label.sha256 and not self._is_doubted:
            return Outcome("nothing new", label.number)
        if self._pump.loaded() is not None and not self._is_doubted:
            self._slots.read_active()  # if that is damaged, the pump works on with what it has
        with self._pump.hold() as is_held:
            is_in_use = self._pump.loaded() is not None and not self._pump.doing().may_change
            if not is_held or is_in_use:
                return Outcome("waits", self._number())
            brought = bring(self._pump, self._slots)
        self._is_doubted = brought.slot is None
        if brought.slot not in (None, self._slots.switch.active):
            is_failed = brought.faults[0].code is Code.SELF_TEST
            self._slots.take_other(self.moment().at, is_failed=is_failed)
        if brought.faults:
            raise told(brought, self._slots)
        return Outcome("nothing new", self._number())

    # --- Update ------------------------------------------------------------------------------------------------------

    def update(self, source: Source) -> Outcome:
        """Look for a release, and stage it if all that must agree agrees; whatever fails is an outcome."""
        damage = self._slots.damage()  # looked for before a slot is written again
        for one in damage:
            self._note(one)
        return replace(self._tried(lambda: self._update(source, is_damaged=bool(damage))), damage=damage)

    def _update(self, source: Source, *, is_damaged: bool) -> Outcome:
        if self._slots.switch.is_on_trial:  # the other slot is the way back, and must not be written
            settled = self._settle()
            if self._slots.switch.is_on_trial:
                return settled
        if is_damaged:
            self._slots.drop_damaged_previous()
        self._refresh(source)
        listed = wanted(self._trusted["releases"], self._trusted["director"], self._told, ring=self.ring)
        outcome = self._take(listed)
        if not is_damaged and not self._is_doubted and self._slots.failed is None:
            self._remember(refusal=None)
        return outcome

    def _refresh(self, source: Source) -> None:
        """Refresh both; where the time itself may have been forged with keys that are trusted no more, judge again."""
        try:
            self._refresh_both(source)
        except RefusedError as error:
            if error.code is not Code.EXPIRED or not self._drop_forged_floors(source):
                raise
            self._refresh_both(source)

    def _refresh_both(self, source: Source) -> None:
        for name, repository in self._trusted.items():
            repository.refresh(source.places(name), at=self.moment().at)
            risen = self._memory.with_floor(repository.issued())
            if risen != self._memory:
                self._remember(floors=risen.floors)

    def _drop_forged_floors(self, source: Source) -> bool:
        """Forget floors whose signers the newest roots do not name any more; whether there were any."""
        kept = self._memory
        for name, repository in self._trusted.items():
            with suppress(RefusedError):  # the root is brought up to date before the rest is found to be expired
                repository.refresh(source.places(name), at=self.moment().at)
            kept = kept.without_floor(name, unless=repository.timestamp_keys())
        is_less = kept != self._memory
        self._remember(floors=kept.floors)
        return is_less

    def _take(self, listed: Wanted | None) -> Outcome:
        staged = self._slots.staged
        if staged is not None and (listed is None or not _is(staged, listed)):
            self._slots.clear()
            if listed is None:
                return Outcome("withdrawn", staged.number)
        if listed is None:
            return Outcome("nothing new")
        self._check_number(listed)
        failed = self._slots.failed
        if self._slots.holds(listed.sha256, listed.release.number) or (failed is not None and _is(failed, listed)):
            return Outcome("nothing new", listed.release.number)
        self._stage(listed)
        return Outcome("staged", listed.release.number)

    def _check_number(self, listed: Wanted) -> None:
        number, most = listed.release.number, self._slots.switch.high_water
        if number < most:
            found, expected = f"release {number}", f"at least {most}, which was in force here"
            raise RefusedError(Code.OLDER, where="director", found=found, expected=expected, number=number)
        active = self._slots.active
        if active is not None and number == active.number and listed.sha256 != active.sha256:
            found, expected = f"release {number} with other bytes", "a number of its own"
            raise RefusedError(Code.REUSED, where="director", found=found, expected=expected, number=number)

    def _stage(self, listed: Wanted) -> None:
        download, number = self._home.folder / "download", listed.release.number
        try:
            library = self._trusted["releases"].download(listed.target, download)
            inspect(library, listed.release)
            self._slots.stage(library, number=number, at=self.moment().at)
        except RefusedError as error:
            where, found, expected = error.where, error.found, error.expected
            raise RefusedError(error.code, where=where, found=found, expected=expected, number=number) from error
        finally:
            download.unlink(missing_ok=True)

    # --- Activation --------------------------------------------------------------------------------------------------

    def activate(self) -> Outcome:
        """Put the staged library into force, if there is one and the pump is idle; never while anybody uses it."""
        return self._tried(self._activate)

    def _activate(self) -> Outcome:
        staged, before = self._slots.staged, self._pump.loaded()
        if staged is None or before is None:
            return self._settle()
        library = self._slots.read_other()
        if not self._pump.doing().may_change:
            return Outcome("waits", staged.number)
        with self._pump.hold() as is_held:
            # Asked again: between the question and the hold somebody may have begun to programme.
            if not is_held or not self._pump.doing().may_change:
                return Outcome("waits", staged.number)
            why = first_start(self._pump, self._slots, library, before=before, at=self.moment().at)
        if why is not None:
            where, expected = f"release {staged.number}", "a self-test that passes"
            raise RefusedError(Code.SELF_TEST, where=where, found=why, expected=expected, number=staged.number)
        self._is_doubted = False
        self._remember(refusal=None)
        return Outcome("activated", staged.number)

    # --- Proof -------------------------------------------------------------------------------------------------------

    def report(self) -> bytes:
        """
        Return a new signed report: what the pump does and holds now.

        Raises:
            OSError: it cannot be counted on.
            OperatorError: the key of the pump is damaged.

        """
        self._remember(counter=self._memory.counter + 1)
        library = self._pump.loaded() or b""
        moment, doing = self.moment(), self._pump.doing()
        versions = [number for name in _REPOSITORIES for number in self._trusted[name].versions()]
        director_root, director_timestamp, releases_root, releases_timestamp = versions
        staged, previous = self._slots.staged, self._slots.previous
        report = Report(
            pump=self._told.pump,
            model=self._told.model,
            agent=__version__,
            epoch=self._memory.epoch,
            counter=self._memory.counter,
            nonce=self._memory.nonce,
            at=moment.at,
            time_quality=moment.quality,
            floor=moment.floor,
            active=self._held_in_memory(library),
            staged=None if staged is None else _held(staged),
            previous=None if previous is None else previous.number,
            loaded=proof_of(library, self._memory.nonce),
            state=doing.state,
            trusts=Versions(
                releases_root=releases_root,
                releases_timestamp=releases_timestamp,
                director_root=director_root,
                director_timestamp=director_timestamp,
            ),
            refusal=self._memory.refusal,
            place=self._told.place,
            battery=self.battery,
            log=self.log,
        )
        signed = sign_report(report, self._home.key())
        self._asked = hashlib.sha256(signed).hexdigest()
        return signed

    def numbered_report(self) -> tuple[int, int, bytes]:
        """Return epoch and counter of a new report with it, to name a file by."""
        report = self.report()
        return self._memory.epoch, self._memory.counter, report

    def _held_in_memory(self, library: bytes) -> Held:
        """Say what is in memory, never what should be there."""
        digest = hashlib.sha256(library).hexdigest()
        label = self._slots.label_of(digest)
        number, since = (label.number, self._slots.switch.since) if label else (0, self._told.made)
        return Held(number=number, sha256=digest, length=len(library), since=since)

    def answered(self, data: bytes) -> Answer | None:
        """Take what the server answered to the last report; ``None`` where it is not an answer, which is remembered."""
        try:
            return self._answered(read_answer(data))
        except RefusedError as error:
            self._note(error)
            return None

    def acknowledge(self, sequence: int) -> None:
        """Remember how far the server has the event log; it may begin anew, so it may also be less than before."""
        self._remember(acknowledged=sequence)

    def _answered(self, answer: Answer) -> Answer:
        floor = signed_time(answer, nonce=self._asked, key=self._told.time_key)
        if floor is not None:
            self._heard = heard_again(self._heard, floor.at, self._clock.elapsed())
        floors = self._memory.with_floor(floor).floors
        self._remember(nonce=answer.nonce, ring=answer.ring or self._memory.ring, floors=floors)
        return answer

    # --- Small things ------------------------------------------------------------------------------------------------

    def _tried(self, step: Callable[[], Outcome]) -> Outcome:
        """Do a step; a refusal of it is remembered, for the next report."""
        try:
            return step()
        except RefusedError as error:
            refused = error
        except OSError as error:
            found, where = error.strerror or type(error).__name__, str(error.filename or "the pump's disk")
            refused = RefusedError(Code.DISK, where=where, found=found, expected="room, and no faults")
        except OperatorError as error:
            refused = RefusedError(Code.DISK, where=error.where, found=error.found, expected=error.expected)
        # An outcome may be kept for long: the frames behind it would hold a connection open that nobody reads from.
        refused.__cause__ = refused.__context__ = None
        refused = refused.with_traceback(None)
        self._note(refused)
        return Outcome("refused", refused.number, refused)

    def _note(self, refused: RefusedError) -> None:
        refusal = Refusal(code=refused.code.value, at=self.moment().at, number=refused.number)
        # Where the disk is full the refusal is told all the same, only not after the next start.
        self._memory = replace(self._memory, refusal=refusal)
        with suppress(OSError):
            self._home.remember(self._memory)

    def _remember(self, **changes: Any) -> None:  # noqa: ANN401 - fields of the memory
        memory = replace(self._memory, **changes)
        if memory != self._memory:
            self._home.remember(memory)
            self._memory = memory

    def _hash_loaded(self) -> str | None:
        library = self._pump.loaded()
        return None if library is None else hashlib.sha256(library).hexdigest()

    def _number(self) -> int | None:
        label = self._slots.active
        return None if label is None else label.number


_REPOSITORIES = ("director", "releases")


def _is(label: Label, listed: Wanted) -> bool:
    return (label.number, label.sha256) == (listed.release.number, listed.sha256)


def _held(label: Label) -> Held:
    return Held(number=label.number, sha256=label.sha256, length=label.length, since=label.since)
