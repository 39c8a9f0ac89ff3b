"""
The stored messages of a gateway, read into a lake: what was stored can be read again, with a newer reader too.

Of messages that are tests or demonstrations nothing enters a clinical lake. A message that cannot be read stays in the
store and is counted; what was let pass to read the others is counted by its code.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from openinfusion.adapters.events import to_row, to_table
from openinfusion.adapters.hl7 import read_meaning, read_message
from openinfusion.adapters.hl7.leniency import Caution
from openinfusion.adapters.hl7.messages import Acknowledgement, Other
from openinfusion.adapters.hl7.story import Heard, hear
from openinfusion.core.errors import OperatorError
from openinfusion.core.events import Event
from openinfusion.gateway.pump_through import Replayed, read_one, replay
from openinfusion.gateway.settings import LakePlace, Purpose
from openinfusion.gateway.store import Store, Stored
from openinfusion.gateway.stories import FILE, Claim, Stories, Telling
from openinfusion.lake.ingest import CONFLICT, refusal_row
from openinfusion.lake.intake import prepare
from openinfusion.lake.store import Lake, is_lake
from openinfusion.lake.write import Taken, Writer

BATCH = 10_000
MOST_LOST = 100
CLINICAL: Purpose = "clinical"


@dataclass(slots=True)
class Ear:
    """
    Reads messages, and counts what it met.

    Attributes:
        is_clinical: whether tests and demonstrations are left out.
        zone: what times mean that tell no zone, in messages that tell none.
        kinds: messages by transaction.
        left_out: messages that were left out, by the reason.
        cautions: what was let pass, by its code.
        lost: values that could not be used, each with the number of its message; the first hundred of them.

    """

    is_clinical: bool
    zone: tzinfo = UTC
    kinds: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    cautions: Counter[str] = field(default_factory=Counter)
    lost: list[tuple[int, Caution]] = field(default_factory=list)

    def read(self, message: Stored) -> tuple[Heard, ...]:
        """Return what a stored message says of its pumps; raises SenderError if it is no message."""
        if message.raw is None:
            return ()
        meaning = read_meaning(read_message(message.raw), zone=self.zone)
        header = meaning.header
        self.kinds[header.transaction.value] += 1
        self.cautions.update(one.code.value for one in meaning.warnings)
        lost = [(message.id, one) for one in meaning.warnings if one.code.costs_something]
        self.lost += lost[: MOST_LOST - len(self.lost)]
        if self.is_clinical and header.purpose != CLINICAL:
            self.left_out["a test or a demonstration"] += 1
            return ()
        if isinstance(meaning, Acknowledgement | Other):
            self.left_out["an order, an answer, or of no pump"] += 1
            return ()
        heard = hear(meaning, received=message.received, key=key_of(message))
        if not heard:
            self.left_out["no pump or no time is told"] += 1
        return heard


def key_of(message: Stored) -> str:
    """Return what names a message: its sender and its control id, and its number where that is not its own."""
    name = b"\n".join((message.sender, message.control_id)).decode("utf-8", "replace")
    return name if message.conflict_of is None else f"{name}\n{message.id}"


@dataclass(frozen=True, slots=True)
class Listened:
    """What was read: messages, what the ear met, what was told, and what the lake kept."""

    replayed: Replayed
    ear: Ear
    telling: Telling
    taken: Taken

    @property
    def waiting(self) -> int:
        """Messages that tell nothing until another one comes."""
        return sum(self.telling.waiting.values())


def cursor(place: LakePlace) -> str:
    """Return the name under which a store notes how far this lake has read it for an organisation."""
    return f"{_lake_name(place)}{place.organisation}"


def _lake_name(place: LakePlace) -> str:
    return f"lake {place.folder.resolve()} of "


def _must_be_of(store: Store, place: LakePlace) -> None:
    """Refuse to tell one store's pumps as those of a second organisation: they would count twice in its lake."""
    name = _lake_name(place)
    others = [one.removeprefix(name) for one in store.readers() if one.startswith(name) and one != cursor(place)]
    if others and is_lake(place.folder):
        found = f"organisation {place.organisation!r}"
        expected = f"{others[0]!r}, as whose pumps this store was read into this lake before"
        raise OperatorError(where=str(place.folder), found=found, expected=expected)


def read_into_lake(store: Store, place: LakePlace, *, again: bool = False, zone: tzinfo = UTC) -> Listened:
    """
    Read what was stored since the last time into a lake, which is made if it is absent.

    ``again`` reads everything that is stored from the beginning: what no longer follows is voided in the lake.

    Raises:
        OperatorError: another process writes to the lake, or it is for another purpose, or the store was read into it
            as another organisation's.

    """
    _must_be_of(store, place)
    lake = Lake.create(place.folder, place.purpose)
    stories = Stories.open(place.folder)
    ear, kept, name = Ear(place.purpose == CLINICAL, zone), _Sum(), cursor(place)
    again = again or not stories.is_of_this_reader
    read_again: list[str] = []

    def read(message: Stored) -> tuple[Heard, ...]:
        if again:
            read_again.append(key_of(message))
        return ear.read(message)

    try:
        if again or stories.is_new:
            store.move(name, 0)
        with Writer(lake) as writer:
            keep = _keeper(writer, place.organisation, kept)

            def into(heard: Sequence[Heard]) -> None:
                stories.take(heard, keep, instead_of=read_again)
                read_again.clear()

            replayed = replay(store, read, into, name=name, batch=BATCH)
        stories.read_by_this_reader()
    finally:
        stories.close()
    return Listened(replayed, ear, stories.telling, kept.all)


@dataclass(slots=True)
class _Sum:
    all: Taken = field(default_factory=Taken)


def _keeper(writer: Writer, organisation: str, kept: _Sum) -> Callable[[Sequence[Event]], None]:
    """Return what keeps records in a lake, durably, each once; another one under a known id is kept apart."""

    def keep(events: Sequence[Event]) -> None:
        table = to_table(to_row(event) for event in events)
        taken, conflicts = writer.take(prepare(table, organisation))
        kept.all += taken
        if conflicts:
            whose = {"file": FILE, "organisation": organisation}
            writer.reject([whose | refusal_row(row, event_id, (CONFLICT,)) for row, event_id in conflicts])

    return keep


@dataclass(frozen=True, slots=True)
class Told:
    """
    What follows from everything in a store.

    Attributes:
        listened: what was read.
        events: the records in the order of their times.
        claims: what each pump said of itself last.

    """

    listened: Listened
    events: list[Event]
    claims: dict[str, dict[str, Claim]]


def tell_store(store: Store, *, zone: tzinfo = UTC) -> Told:
    """Return what follows from everything in a store, tests and demonstrations too; nothing is written anywhere."""
    stories, events = Stories.open(None), list[Event]()
    ear, replayed = Ear(is_clinical=False, zone=zone), Replayed()
    heard: list[Heard] = []
    position = 0
    try:
        while messages := store.messages_after(position, limit=BATCH, conflicts=True):
            heard += [one for message in messages for one in read_one(message, ear.read, replayed)]
            position = messages[-1].id
        stories.take(heard, events.extend)
        events.sort(key=lambda one: (one.at, one.pump))
        return Told(Listened(replayed, ear, stories.telling, Taken()), events, dict(stories.claims()))
    finally:
        stories.close()
