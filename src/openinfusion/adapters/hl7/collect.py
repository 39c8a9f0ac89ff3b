"""The values of all OBX of one OBR, sorted by what they speak of; the hot path of the reader."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.identity import read_coded
from openinfusion.adapters.hl7.leniency import Cautions, Doubt, Leniency
from openinfusion.adapters.hl7.metrics import Form, Metric, NodeKind
from openinfusion.adapters.hl7.nomenclature import LONGEST_CACHED, words
from openinfusion.adapters.hl7.shape import OF_NODE, OF_OWNER, OF_PANEL, Fed, Meant, is_doubtful
from openinfusion.adapters.hl7.text import USUAL, Segment, Separators, unescape
from openinfusion.adapters.hl7.tree import FLAGS, STATUS, UNIT, VALUE, Node, Observation, Panel
from openinfusion.adapters.hl7.units import Measured, cached_measured, read_measured

NULLS = frozenset({"NI", "NA", "NAV", "OFF", "MSK", "OTH", "NAN", "PINF", "NINF"})
TEST_FLAGS = frozenset({"DEMO", "TEST"})
_REFUSING = frozenset({"INV"})
_DOUBTFUL = frozenset({"QUES", "CAL"})
_NOT_RESULTS = frozenset({"D", "W", "d", "w"})
# "No result can be had", "not asked", "pending": then a value that is there all the same is a riddle.
_RIDDLES = frozenset({"X", "N", "I", "x", "n", "i"})
_NOT_PLAIN = _NOT_RESULTS | _RIDDLES | {""}
_CORRECTED = "C"
_NULL = '""'
_EMPTY = frozenset({"", _NULL})
_DELIVERY_WORDS = ("pump-delivery-", "pump-delivery-status-")
_OWNERS = frozenset({NodeKind.PUMP, NodeKind.MODULE, NodeKind.RACK})
Values = dict[str, Any]
# Looking up a member of an enumeration costs as much as half of what is done with it.
_AMOUNT, _WORD, _TEXT = Form.AMOUNT, Form.WORD, Form.TEXT
_PLAIN = 200
_TORN, _TWICE = Leniency.CODE_AND_NAME.value, Leniency.TOLD_TWICE.value


@dataclass(frozen=True, slots=True)
class Group:
    """What one module of a pump tells: by part, and for each source by its node; ``loose`` belongs to no source."""

    pump: Values
    delivery: Values
    syringe: Values
    loose: Values
    loose_more: Values
    sources: dict[Node, Values]
    more: dict[Node, Values]


class Told(NamedTuple):
    """
    What one OBR tells.

    Attributes:
        groups: by the module or pump that it is about; ``None`` where nobody says.
        network: of the network.
        battery: of the battery.
        alert: the OBX of an alert in their order.
        location: the OBX of a location system in their order.
        others: OBX that no field is fed from.

    """

    groups: dict[Node | None, Group]
    network: Values
    battery: Values
    alert: tuple[Observation, ...]
    location: tuple[Observation, ...]
    others: tuple[Observation, ...]


def collect(panel: Panel, cautions: Cautions) -> Told:
    """Return the values of the OBX of one OBR."""
    segments, shape = panel.segments, panel.shape
    slots: list[Values] = [{} for _ in range(shape.slots)]
    slow = list(shape.rest)
    if segments and segments[0].separators is USUAL:
        slow += (*_read_amounts(panel, slots), *_read_texts(panel, slots), *_read_words(panel, slots))
    else:
        slow += (*shape.amounts, *shape.texts, *shape.words)
    slow.sort()
    for at, field, slot, _, _, meant in slow:
        value = read_value(segments[at], meant, cautions)
        if value is not None:
            told = slots[slot]
            told[field] = (
                _one_of(told[field], value, segment=segments[at], cautions=cautions) if field in told else value
            )
    network, battery = slots[len(shape.owners) * len(OF_OWNER) :][: len(OF_PANEL)]
    return Told(
        groups=dict(_groups(panel, slots)),
        network=network,
        battery=battery,
        alert=tuple(map(panel.observation, shape.alerts)),
        location=tuple(map(panel.observation, shape.locations)),
        others=tuple(map(panel.observation, shape.others)),
    )


def _one_of(known: Any, value: Any, *, segment: Segment, cautions: Cautions) -> Any:  # noqa: ANN401 - as read_value
    """Return what one field holds that two OBX tell: a correction holds; numbers that differ are refused."""
    if known == value or segment.raw(STATUS) == _CORRECTED:
        return value
    if not isinstance(value, Measured):
        cautions.add(Leniency.TOLD_TWICE, segment.place(VALUE), found="other words than before", taken="the last hold")
        return value
    if known.number is None or value.number is None:
        return known if known.absent == _TWICE or value.number is None else value
    if known.quantity is not None and known.quantity == value.quantity:
        return value
    cautions.add(Leniency.TOLD_TWICE, segment.place(VALUE), found=f"{shown(value.text)} after {shown(known.text)}")
    return Measured(value.text, value.ucum, absent=_TWICE)


def _read_amounts(panel: Panel, slots: list[Values]) -> Iterator[Fed]:
    """Read the numbers of which nothing is to be said, and yield the others."""
    segments = panel.segments
    for one in panel.shape.amounts:
        at, field, slot, fit, _, _ = one
        segment = segments[at]
        fields = segment.fields
        if len(fields) > STATUS and fields[STATUS] not in _NOT_PLAIN and not fields[FLAGS] and fields[VALUE]:
            text = segment.text
            if len(text) < _PLAIN and "\\" not in text:
                measured, of_number, of_unit = cached_measured(fields[VALUE], fields[UNIT], fit)
                if not of_number and not of_unit:
                    slots[slot][field] = measured
                    continue
        yield one


def _read_texts(panel: Panel, slots: list[Values]) -> Iterator[Fed]:
    """Read the texts without components and escapes, and yield the others."""
    segments = panel.segments
    for one in panel.shape.texts:
        at, field, slot, _, _, _ = one
        fields = segments[at].fields
        if len(fields) > STATUS and fields[STATUS]:
            text = fields[VALUE]
            is_plain = text not in _EMPTY and "^" not in text and "\\" not in text
            if is_plain and not text[0].isspace() and not text[-1].isspace():
                slots[slot][field] = text
                continue
        yield one


def _read_words(panel: Panel, slots: list[Values]) -> Iterator[Fed]:
    """Read the words that are published, and yield the others."""
    segments = panel.segments
    for one in panel.shape.words:
        at, field, slot, _, key, _ = one
        fields = segments[at].fields
        if len(fields) > STATUS and fields[STATUS] and len(fields[VALUE]) < LONGEST_CACHED:
            word, doubts = _word(key, fields[VALUE])
            if word is not None and not doubts:
                slots[slot][field] = word
                continue
        yield one


def _groups(panel: Panel, slots: list[Values]) -> Iterator[tuple[Node | None, Group]]:
    """Yield what each pump or module tells, with its sources: those that told anything."""
    nodes, owners = panel.nodes, panel.shape.owners
    width = len(OF_OWNER)
    at = len(owners) * width + len(OF_PANEL)
    sources, more = {}, {}
    for node in nodes:
        if slots[at]:
            sources[node] = slots[at]
        if slots[at + 1]:
            more[node] = slots[at + 1]
        at += len(OF_NODE)
    if len(owners) == 1:
        owner = owners[0]
        yield nodes[owner] if owner is not None else None, _group(slots[:width], sources, more)
        return
    for at, owner in enumerate(owners):
        own = nodes[owner] if owner is not None else None
        its_sources, its_more = (
            {node: told for node, told in one.items() if _owner(node) is own} for one in (sources, more)
        )
        yield own, _group(slots[at * width : (at + 1) * width], its_sources, its_more)


def _group(slots: list[Values], sources: dict[Node, Values], more: dict[Node, Values]) -> Group:
    pump, delivery, syringe, loose, loose_more = slots
    return Group(pump, delivery, syringe, loose, loose_more, sources, more)


def _owner(node: Node) -> Node | None:
    return next((one for one in node.up() if one.kind in _OWNERS), None)


def has_test_flag(panel: Panel) -> bool:
    """Whether any OBX, a device node among them, says that it is a demonstration or a test."""
    flags = [segment.fields[FLAGS] for segment in panel.segments if len(segment.fields) > FLAGS]
    return any(not TEST_FLAGS.isdisjoint(_flags(raw)) for raw in set(flags) if raw)


def _flags(raw: str) -> list[str]:
    return [flag.partition("^")[0].strip().upper() for flag in raw.split("~")]


def read_value(segment: Segment, meant: Meant, cautions: Cautions) -> Any:  # noqa: ANN401 - the form of the metric says
    """Return the value of an OBX in the form that its code has, or ``None`` where there is none."""
    fields = segment.fields
    metric = meant.metric
    size = len(fields)
    if metric is None or size <= VALUE:
        return None
    if size <= STATUS or not fields[STATUS]:
        cautions.add(Leniency.STATUS_MISSING, segment.place(STATUS), found="nothing")
    raw, form = fields[VALUE], metric.form
    if form is _AMOUNT:
        is_flagged = size > FLAGS and (fields[FLAGS] or segment.raw(STATUS) in _NOT_PLAIN)
        if is_flagged:
            measured = _flagged(segment, metric, cautions)
        else:
            measured = _amount(segment, metric, cautions) if raw and raw != _NULL else None
        # A number under the wrong name is a wrong number, and nobody knows which of the two is right.
        is_refused = measured is not None and measured.absent is None and is_doubtful(meant)
        return Measured(measured.text, measured.ucum, absent=_TORN) if measured is not None and is_refused else measured
    if not raw or raw == _NULL:
        return None
    if form is _WORD:
        return _one_word(segment, raw, meant=meant, cautions=cautions)
    if form is _TEXT:
        return read_text(segment, raw)
    if form is Form.ID:
        return segment.value(VALUE).strip() or read_text(segment, raw)
    if form is Form.WORDS:
        found = (_one_word(segment, one, meant=meant, cautions=cautions) for one in segment.repetitions(VALUE))
        return tuple(word for word in found if word is not None)
    return read_coded(segment, VALUE, cautions) if form is Form.CODED else read_pairs(segment, raw)


def _amount(segment: Segment, metric: Metric, cautions: Cautions) -> Measured:
    fields = segment.fields
    raw, unit = fields[VALUE], fields[UNIT] if len(fields) > UNIT else ""
    if segment.separators is not USUAL or "\\" in raw or "\\" in unit:
        raw, unit = "^".join(segment.components(VALUE)), "^".join(segment.components(UNIT))
    if "^" in raw:
        raw = _single(raw)
    measured, of_number, of_unit = read_measured(raw, unit, metric.fit)
    if of_number:
        cautions.place(of_number, segment.place(VALUE))
    if of_unit:
        cautions.place(of_unit, segment.place(UNIT))
    return measured


def _single(raw: str) -> str:
    """Return the number in a structured numeric ``=^5``; with another comparator it is no number, and stays."""
    parts = raw.split("^")
    return parts[1] if parts[0] in ("", "=") and not any(parts[2:]) else raw


def _flagged(segment: Segment, metric: Metric, cautions: Cautions) -> Measured | None:
    """Return an amount whose OBX-8 or OBX-11 says something: absent, not to be used, questionable, or for the alarm."""
    flags = _flags(segment.raw(FLAGS))
    null = next((flag for flag in flags if flag in NULLS), None)
    if null is not None:
        return Measured(segment.raw(VALUE), absent=null)
    if segment.raw(VALUE) in _EMPTY:
        return None
    measured = _amount(segment, metric, cautions)
    if segment.raw(STATUS) in _NOT_RESULTS or not _REFUSING.isdisjoint(flags):
        where = STATUS if segment.raw(STATUS) in _NOT_RESULTS else FLAGS
        cautions.add(Leniency.NOT_VALID, segment.place(where), found=shown(segment.raw(where)))
        return Measured(measured.text, measured.ucum, absent=Leniency.NOT_VALID.value)
    doubted = FLAGS if not _DOUBTFUL.isdisjoint(flags) else STATUS if segment.raw(STATUS) in _RIDDLES else None
    if doubted is not None:
        cautions.add(Leniency.QUESTIONABLE, segment.place(doubted), found=shown(segment.raw(doubted)))
        return measured._replace(questionable=True)
    return measured


def read_text(segment: Segment, raw: str) -> str | None:
    """Return what a person reads of a value: the text of a coded one, else the value."""
    return _readable(raw, segment.separators)


def _readable(raw: str, separators: Separators) -> str | None:
    if separators.component in raw:
        parts = raw.split(separators.component)
        raw = parts[1] or next((part for part in parts if part), "")
    return (unescape(raw, separators) if separators.escape in raw else raw).strip() or None


class _Word(NamedTuple):
    word: str | None
    doubts: tuple[Doubt, ...]


def _one_word(segment: Segment, raw: str, *, meant: Meant, cautions: Cautions) -> str | None:
    term = meant.named.term
    if term is None or segment.separators is not USUAL or len(raw) > LONGEST_CACHED:
        return read_text(segment, raw)
    word, doubts = _word(term.key, raw)
    if doubts:
        cautions.place(doubts, segment.place(VALUE))
    return word


_SAME_WORDS = {
    **dict.fromkeys(("started", "begin", "onset"), "start"),
    **dict.fromkeys(("continuing", "continues"), "continue"),
    **dict.fromkeys(("ended", "clear", "cleared"), "end"),
}


@lru_cache(maxsize=2048)
def _word(key: int | str, raw: str) -> _Word:
    """Return a word of an enumeration as it is published; one that nobody published stays as it came."""
    text = _readable(raw, USUAL)
    published = words().get(key, frozenset())
    if text is None or text in published or not published:
        return _Word(text, ())
    bare = "".join(text.split()).casefold()
    guesses = (_SAME_WORDS.get(bare, bare), bare.replace(*_DELIVERY_WORDS), bare.replace("_", "-"))
    for guess in (*guesses, _with_prefix("-".join(text.split()).casefold(), published)):
        if guess in published:
            return _Word(guess, (Doubt(Leniency.WORD_MISPRINT, shown(text), f"read as {guess}"),))
    return _Word(text, (Doubt(Leniency.WORD_UNKNOWN, shown(text), "kept as it came"),))


def _with_prefix(bare: str, published: frozenset[str]) -> str | None:
    """Return the one word that is another with more of what all words of its enumeration begin with."""
    ends = [word for word in published if word.endswith(f"-{bare}")]
    found = [word for word in ends if all(other.startswith(word[: -len(bare)]) for other in published)]
    return found[0] if len(found) == 1 else None


def read_pairs(segment: Segment, raw: str) -> Mapping[str, str]:
    """Return ``key=value`` repeated, or parted by commas; a text without them is the value of an empty key."""
    separators = segment.separators
    pieces = raw.split(separators.repetition)
    if len(pieces) == 1 and raw.count("=") > 1:
        pieces = raw.split(",")
    pairs = {}
    for piece in pieces:
        key, mark, value = unescape(piece, separators).partition("=")
        if piece.strip():
            pairs[key.strip() if mark else ""] = (value if mark else key).strip()
    return pairs
