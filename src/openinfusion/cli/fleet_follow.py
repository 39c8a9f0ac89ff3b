"""`openinfusion fleet begin|follow`: a roll-out on real pumps, from ring to ring on what they prove."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Annotated

import msgspec
import typer
from securesystemslib.signer import Signer

from openinfusion.adapters.documents import read_bytes
from openinfusion.cli.console import error_console, say, say_json, seen
from openinfusion.cli.fleet_canary import Canary, Signal
from openinfusion.cli.fleet_options import AsJson, OnlineKey, PassphraseFile, now, online_signer
from openinfusion.cli.fleet_rings import RingNow, stand
from openinfusion.core.errors import OpenInfusionError, OperatorError, SenderError
from openinfusion.fleet.authority import rings
from openinfusion.fleet.authority.listing import listing_of
from openinfusion.fleet.authority.online import read_orders
from openinfusion.fleet.authority.recalls import recalled_numbers
from openinfusion.fleet.authority.trees import Authority, write_whole
from openinfusion.fleet.authority.trust import read_trust
from openinfusion.fleet.rollout import (
    Clinical,
    Course,
    Decision,
    Reason,
    RingCounts,
    Step,
    Why,
    follow,
    read_plan,
)
from openinfusion.fleet.rollout.course_file import LONGEST, alone, begin_course, hear, read_course, say_word
from openinfusion.fleet.rollout.kept import keep_course
from openinfusion.fleet.rollout.known import Reversions, count_ring
from openinfusion.gateway.device_settings import DevicesPlace
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.settings import read_settings

CourseFile = Annotated[Path, typer.Argument(help="the file that the course of the roll-out is kept in")]
By = Annotated[str, typer.Option(help="who begins it; another person agrees where the plan asks for one")]


def begin_rollout(
    plan: Annotated[Path, typer.Argument(help="the plan of a roll-out, a TOML file")], course: CourseFile, *, by: By
) -> None:
    """
    Begin a roll-out: its first ring is opened when it is first followed.

    Example: openinfusion fleet begin examples/fleet/rollout.toml course.json --by "A. Pharmacist"
    """
    if not by.strip():
        raise OperatorError(where="--by", found="nothing", expected="a name")
    begun = begin_course(course, read_plan(read_bytes(plan, limit=LONGEST), where=str(plan)), by=by, at=now())
    say(f"Begun by {by}: {begun.plan.name}. Next: openinfusion fleet follow {course}")


def follow_rollout(
    course: CourseFile,
    *,
    config: Annotated[Path, typer.Option(help="the settings of the device API")] = Path("gateway.toml"),
    lake: Annotated[
        Path | None, typer.Option(help="the lake that is asked for overrides and hard limits met on canaries, a folder")
    ] = None,
    clinical: Annotated[
        Path | None, typer.Option(help="the same counts by ring from elsewhere, a JSON file; goes before the lake")
    ] = None,
    every: Annotated[
        int | None, typer.Option(min=1, help="go on until it is halted or done, deciding every so many seconds")
    ] = None,
    agreed_by: Annotated[str | None, typer.Option(help="a second person: the next ring may be opened")] = None,
    stopped_by: Annotated[str | None, typer.Option(help="whoever stops it")] = None,
    reason: Annotated[str, typer.Option(help="why it is stopped, in one sentence")] = "",
    online_key: OnlineKey = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """
    Decide on what pumps have proven, and have the director list what follows; with --every it goes on doing so.

    Pumps are put into the rings of the plan as these open, late ones too. Ends with 1 once the roll-out is halted.

    Example: openinfusion fleet follow course.json --config devices/gateway.toml
    """
    hear(course, agreed_by=agreed_by, stopped_by=stopped_by, reason=reason)
    place = read_settings(config).devices
    if place is None:
        raise OperatorError(where=str(config), found="no [devices]", expected="the settings of a device API")
    trees = Authority(place.trees)
    office = _Office(course, place, trees, online_signer(trees, online_key, passphrase_file), lake, clinical, every)
    done = _decide(office)
    _tell(done, as_json=as_json)
    if every is not None:
        done = _go_on(office, done, every=every, as_json=as_json)
    if done.course.halted:
        raise typer.Exit(1)
    if done.trouble is not None:
        raise done.trouble


def _go_on(office: "_Office", done: "_Done", *, every: int, as_json: bool) -> "_Done":
    """Decide again and again until the roll-out is halted or done; say what is new, and go on after what fails."""
    while not done.course.halted and not done.course.is_done:
        sleep(every)
        try:
            new = _decide(office)
        except OpenInfusionError as error:
            _say_trouble(error)
            continue
        if new.words != done.words:
            _tell(new, as_json=as_json)
            _say_trouble(new.trouble)
        done = new
    return done


def _as_halted(course: Course, decision: Decision) -> Decision:
    """Return the decision, or a halt where a ring that was to be opened had been halted by a person."""
    if not course.halted or decision.step is Step.HALT:
        return decision
    return replace(decision, step=Step.HALT, ring=course.ring.name, reasons=course.halted, next_ring=None)


def _say_trouble(error: OpenInfusionError | None) -> None:
    if error is not None:
        error_console().print(seen(f"Error  {error}"), style="bold red", soft_wrap=True)


@dataclass(frozen=True, slots=True)
class _Office:
    """Where a roll-out is kept, decided on and carried out."""

    course: Path
    place: DevicesPlace
    trees: Authority
    online: Signer
    lake: Path | None
    clinical: Path | None
    every: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What was decided once, on what clinical signal, and why that could not be read."""

    course: Course
    decision: Decision
    signal: Mapping[str, Signal]
    trouble: OpenInfusionError | None

    @property
    def words(self) -> object:
        """What is said of it again only once it is other."""
        return self.decision.step, self.decision.ring, self.decision.reasons, str(self.trouble)


def _decide(office: _Office) -> _Done:
    """Decide once; a clinical signal that cannot be read holds a canary back, and never what pumps have proven."""
    with alone(office.course):
        at, trees = now(), office.trees
        kept = read_course(office.course)
        kept = _carry_out(office.course, kept, trees, online=office.online, at=at)
        database = Database.open(office.place.state, postgresql=office.place.postgresql)
        try:
            rings_now = stand(kept, database, trees, at=at)
        finally:
            database.close()
        signal: Mapping[str, Signal] = {}
        told: Mapping[str, Clinical] = {}
        trouble: OpenInfusionError | None = None
        try:
            signal = _ask(office, kept, rings_now, at=at)
            told = {name: one.clinical for name, one in signal.items()}
            told |= {} if office.clinical is None else _clinical(office.clinical)
        except OpenInfusionError as error:
            trouble = error
        counts = _counts(rings_now, told, at=at)
        decided, decision = follow(kept, counts, at=at)
        if trouble is None or decided.halted:
            kept = decided
        else:  # without the signal nothing goes on, and a ring that has held so far need not begin anew
            decision = replace(decision, step=Step.WAIT, next_ring=None)
        kept = _carry_out(office.course, kept, trees, online=office.online, at=at)
        decision = _as_halted(kept, decision)
        say_word(office.course, decision, counts, every=office.every, trouble=None if trouble is None else str(trouble))
    return _Done(course=kept, decision=decision, signal=signal, trouble=trouble)


def _tell(done: _Done, *, as_json: bool) -> None:
    decision = done.decision
    if as_json:
        say_json(msgspec.to_builtins(decision) | {"signal": msgspec.to_builtins(dict(done.signal))})
        return
    say(f"{decision.ring}: {decision.step.value}", *(f"  {one}" for one in decision.reasons))
    say(*(f"  {name}, by the lake: {one}" for name, one in done.signal.items()))


def _carry_out(file: Path, course: Course, trees: Authority, *, online: Signer, at: datetime) -> Course:
    """Keep a course, halted where a person halted a ring of it, and only then have the director list what it offers."""
    course = _heed_halts(course, trees)
    write_whole(file, keep_course(course))
    _list(course, trees, online=online, at=at)
    return course


def _heed_halts(course: Course, trees: Authority) -> Course:
    """Return it halted where a person halted its release, or a later one, in a ring of it, or recalled it."""
    if course.halted:
        return course
    recalled = [
        Reason(Why.BY_A_PERSON, f"release {offer.number} of {offer.hospital}, {offer.profile}: it was recalled")
        for offer in course.plan.offers
        if offer.number in recalled_numbers(trees, offer.hospital, offer.profile)
    ]
    halted = read_orders(trees).halted
    found = [(halted.get(place.path), number, place) for number, place in _rings(course)]
    reasons = tuple(
        Reason(Why.BY_A_PERSON, f"{place.name} of {place.hospital}, {place.profile}: halted at release {mark}")
        for mark, number, place in found
        if mark is not None and mark >= number
    )
    return replace(course, halted=(*recalled, *reasons))


def _clinical(path: Path) -> Mapping[str, Clinical]:
    try:
        return msgspec.json.decode(read_bytes(path, limit=LONGEST), type=dict[str, Clinical])
    except msgspec.DecodeError as error:
        expected = "for each ring: overrides, overrides_before, hard_hits, hard_hits_before"
        raise SenderError(where=str(path), found=str(error), expected=expected) from None


def _list(course: Course, trees: Authority, *, online: Signer, at: datetime) -> None:
    """Have the director list what the course offers, and nothing where it is halted; what is listed so stays."""
    listed = rings.assigned(trees)
    for number, place in _rings(course):
        present = listed.get(place)
        if course.is_offered(place.name):
            if present is None or present.release.number < number:
                rings.assign(trees, place, number, online=online, at=at, is_after_halt=False)
        elif present is not None and present.release.number == number:
            rings.halt(trees, place, online=online, at=at)


def _rings(course: Course) -> Iterator[tuple[int, rings.Ring]]:
    """Yield the opened rings of each hospital and profile, with the number of their release."""
    for ring in course.plan.rings[: len(course.opened)]:
        for offer in course.plan.offers:
            yield offer.number, rings.Ring(hospital=offer.hospital, profile=offer.profile, name=ring.name)


def _ask(office: _Office, course: Course, rings_now: Sequence[RingNow], *, at: datetime) -> dict[str, Signal]:
    """Return what the lake says of the canaries that are open."""
    if office.lake is None:
        return {}
    libraries = set()
    for offer in course.plan.offers:
        listed = listing_of(office.trees, offer.hospital, offer.profile).get(offer.number)
        libraries |= set() if listed is None else {listed.content.sha256}
    canaries = {
        one.ring.name: Canary(pumps=one.pumps, others=one.others, libraries=frozenset(libraries), opened=one.opened)
        for one in rings_now
        if one.ring.is_canary
    }
    from openinfusion.cli.fleet_signal import ask_lake  # noqa: PLC0415 - its engine takes a second, asked or not

    return ask_lake(office.lake, canaries, at=at, is_trial=read_trust(office.trees).is_trial)


def _counts(rings_now: Sequence[RingNow], told: Mapping[str, Clinical], *, at: datetime) -> dict[str, RingCounts]:
    return {
        one.ring.name: count_ring(
            one.cards,
            opened=one.opened,
            at=at,
            reversions=Reversions(len(one.restored), len(one.reverted)),
            unexplained=frozenset(one.reverted),
            clinical=told.get(one.ring.name),
        )
        for one in rings_now
    }
