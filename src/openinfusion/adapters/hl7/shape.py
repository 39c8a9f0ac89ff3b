"""
The shape of an OBR: which OBX are device nodes, which belongs to which, and where its value goes.

``OBX-4`` gives paths (MDS.VMD.CHAN.METRIC.FACET), but its numbers mean nothing and change from message to message. So
the tree is built from the OBX of the devices, and every other OBX is known by the nearest device node around it. Trees
of both generations are read; attributes may stand on the pump or on its module. All of this follows from OBX-3 and
OBX-4 alone, and a pump sends the same again and again: shapes are kept, the values are read into them.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.leniency import Doubt, Leniency
from openinfusion.adapters.hl7.metrics import FLOW, METRICS, NODES, RATE, SOURCES, Form, Metric, NodeKind, Part
from openinfusion.adapters.hl7.nomenclature import LONGEST_CACHED, Named, read_term

CODE, SUB_ID = 3, 4
_PATH = re.compile(r"[0-9]+(?:\.[0-9]+){0,5}")
_LEVELS = 4
# No rack holds more pumps and modules; what claims more is read as one, or each would look at all the others.
MOST_OWNERS = 64
_DEVICE_NAME = re.compile(r"MDC_DEV_\w+|\w+_(?:MDS|VMD|CHAN)")
_SURE_DEVICE_NAME = re.compile(r"\w+_(?:MDS|VMD|CHAN)")
_RANKS = {NodeKind.RACK: 0, NodeKind.PUMP: 1, NodeKind.MODULE: 2}
# Where values go: first what each owner (pump, module) tells, then network and battery, then two for each node.
OF_OWNER = (Part.PUMP, Part.DELIVERY, Part.SYRINGE, Part.SOURCE, Part.MORE)
OF_PANEL = (Part.NETWORK, Part.BATTERY)
OF_NODE = (Part.SOURCE, Part.MORE)


class Meant(NamedTuple):
    """What an OBX-3 means: its term, the kind of device node it is, or the field it feeds."""

    named: Named
    node: NodeKind | None
    metric: Metric | None


class Entry(NamedTuple):
    """
    One OBX that is not a device node, in the shape of an OBR.

    Attributes:
        at: which OBX of the OBR it is.
        meant: what its code means.
        node: which device node is the nearest around it, if there is any.
        facet: the fifth number of OBX-4, if there is any.

    """

    at: int
    meant: Meant
    node: int | None
    facet: str


class Fed(NamedTuple):
    """
    One OBX that feeds a field.

    Attributes:
        at: which OBX of the OBR it is.
        field: the field that it feeds.
        slot: in which slot.
        fit: what its unit must measure, for an amount.
        key: what its term is known by.
        meant: what its code means.

    """

    at: int
    field: str
    slot: int
    fit: str
    key: int | str
    meant: Meant


class NodeShape(NamedTuple):
    """One device node: which OBX it is, what it stands for, its name, its path without zeros, the node around it."""

    at: int
    kind: NodeKind
    refid: str
    key: str
    parent: int | None


class Shape(NamedTuple):
    """
    Everything that follows from OBX-3 and OBX-4 alone.

    Attributes:
        nodes: the device nodes.
        owners: the pumps and modules, by their node; ``None`` stands for a pump that no node tells.
        amounts: the OBX that feed fields with a number.
        texts: the OBX that feed fields with a text.
        words: the OBX that feed fields with a word of an enumeration.
        rest: the OBX that feed fields with anything else.
        alerts: the OBX of an alert.
        locations: the OBX of a location system.
        others: the OBX that feed nothing.
        doubts: what was let pass: which OBX, which field, what.

    """

    nodes: tuple[NodeShape, ...]
    owners: tuple[int | None, ...]
    amounts: tuple[Fed, ...]
    texts: tuple[Fed, ...]
    words: tuple[Fed, ...]
    rest: tuple[Fed, ...]
    alerts: tuple[Entry, ...]
    locations: tuple[Entry, ...]
    others: tuple[Entry, ...]
    doubts: tuple[tuple[int, int, Doubt], ...]

    @property
    def slots(self) -> int:
        """How many places for values there are."""
        return len(self.owners) * len(OF_OWNER) + len(OF_PANEL) + len(self.nodes) * len(OF_NODE)


class _Path(NamedTuple):
    """A path: its key as a device, the keys of the devices around it from the nearest outwards, and its facet."""

    key: str
    around: tuple[str, ...]
    facet: str


Ids = tuple[tuple[str, str], ...]


def _find_meaning(raw: str) -> Meant:
    named = read_term(raw)
    term = named.term
    if term is not None:
        metric = METRICS.get(term.key)
        kind = NODES.get(term.code) if metric is None else None
        return Meant(named, NodeKind.OTHER if kind is None and term.kind == "device" else kind, metric)
    return Meant(named, NodeKind.OTHER if _DEVICE_NAME.fullmatch(named.name) else None, None)


_meant = lru_cache(maxsize=4096)(_find_meaning)


def is_doubtful(meant: Meant) -> bool:
    """Whether code and name of an OBX-3 mean different things."""
    return any(doubt.code is Leniency.CODE_AND_NAME for doubt in meant.named.doubts)


def _at_path(meant: Meant, path: _Path | None) -> Meant:
    """Return what an OBX-3 means at its place: a name like a device's, of no table, is no device where a metric is."""
    is_guess = meant.node is NodeKind.OTHER and meant.named.term is None
    if is_guess and path is not None and path.key.count(".") >= _LEVELS - 1:
        return meant if _SURE_DEVICE_NAME.fullmatch(meant.named.name) else meant._replace(node=None)
    return meant


def shape_of(ids: Ids, *, is_small: bool) -> Shape:
    """Return the shape of an OBR from OBX-3 and OBX-4 of its OBX; those of small messages are kept."""
    return _kept_shape(ids) if is_small else _shape(ids)


def _shape(ids: Ids) -> Shape:
    paths = [_path(path) for _, path in ids]
    means = [
        _at_path(_meant(code) if len(code) <= LONGEST_CACHED else _find_meaning(code), path)
        for (code, _), path in zip(ids, paths, strict=True)
    ]
    builder = _Builder(ids)
    for at, (meant, path) in enumerate(zip(means, paths, strict=True)):
        if meant.node is not None:
            builder.add_node(at, meant, path.key if path else "")
    last: int | None = None
    coming = iter(range(len(builder.nodes)))
    for at, (meant, path) in enumerate(zip(means, paths, strict=True)):
        builder.doubts.extend((at, CODE, doubt) for doubt in meant.named.doubts)
        if path is None:
            builder.say_no_path(at)
        if meant.node is not None:
            # Two devices may have one path: what follows belongs to the later of them.
            last = next(coming)
            builder.known[builder.nodes[last].key] = last
        else:
            node = last if path is None else builder.around(at, path, last)
            builder.entries.append(Entry(at, meant, node, path.facet if path else ""))
    builder.say_repeated(paths)
    return _sorted(builder)


_kept_shape = lru_cache(maxsize=512)(_shape)


def _sorted(builder: "_Builder") -> Shape:
    """Sort the OBX by what they feed, and give each that feeds a field its slot."""
    nodes = builder.nodes
    owned = [_owner(nodes, index) for index in range(len(nodes))]
    owners = _owners(nodes, owned)
    if len(owners) == 1 and owners[0] is not None and len(set(owned)) > MOST_OWNERS:
        builder.doubts.append((nodes[owners[0]].at, SUB_ID, _doubt(Leniency.TOO_MANY, f"over {MOST_OWNERS}")))
    by_part: dict[Part | None, list[Entry]] = {Part.ALERT: [], Part.LOCATION: [], None: []}
    rest: list[Fed] = []
    programmed = _told_by_sources(builder, owned)
    by_form: dict[Form, list[Fed]] = {Form.AMOUNT: [], Form.TEXT: [], Form.WORD: []}
    for entry in builder.entries:
        metric = entry.meant.metric
        part = metric.part if metric else None
        if part in by_part:
            by_part[part].append(entry)
        elif metric is not None:
            owner = owned[entry.node] if entry.node is not None else None
            if entry.meant.metric is RATE and _is_flow(entry, builder, is_programmed=owner in programmed):
                metric = FLOW
            group = owners.index(owner) if owner in owners else 0
            slot = _slot(entry, metric.part, group=group, builder=builder, owners=len(owners))
            term = entry.meant.named.term
            one = Fed(entry.at, metric.field, slot, metric.fit, term.key if term else "", entry.meant)
            (rest if is_doubtful(entry.meant) else by_form.get(metric.form, rest)).append(one)
    rest += _told_twice(by_form)
    return Shape(
        nodes=tuple(nodes),
        owners=owners,
        amounts=tuple(by_form[Form.AMOUNT]),
        texts=tuple(by_form[Form.TEXT]),
        words=tuple(by_form[Form.WORD]),
        rest=tuple(rest),
        alerts=tuple(by_part[Part.ALERT]),
        locations=tuple(by_part[Part.LOCATION]),
        others=tuple(by_part[None]),
        doubts=tuple(builder.doubts),
    )


def _told_twice(by_form: dict[Form, list[Fed]]) -> list[Fed]:
    """Take out what feeds one field more than once, and return it: the values must be held against each other."""
    counts = Counter((one.slot, one.field) for fed in by_form.values() for one in fed)
    taken: list[Fed] = []
    if len(counts) < counts.total():
        for fed in by_form.values():
            taken += [one for one in fed if counts[one.slot, one.field] > 1]
            fed[:] = [one for one in fed if counts[one.slot, one.field] == 1]
    return taken


def _told_by_sources(builder: "_Builder", owned: list[int | None]) -> set[int | None]:
    """Return the pumps and modules of which a source tells its own rate, and nothing else tells what flows."""
    found: dict[object, set[int | None]] = {RATE: set(), FLOW: set()}
    for one in builder.entries:
        metric = one.meant.metric
        if one.node is not None and (metric is FLOW or (metric is RATE and builder.nodes[one.node].kind in SOURCES)):
            found[metric].add(owned[one.node])
    return found[RATE] - found[FLOW]


def _is_flow(entry: Entry, builder: "_Builder", *, is_programmed: bool) -> bool:
    """Whether a rate is what flows: in trees of before 2013 that of the delivery, where a source has one of its own."""
    return is_programmed and entry.node is not None and builder.nodes[entry.node].kind is NodeKind.DELIVERY


def _owners(nodes: list[NodeShape], owned: list[int | None]) -> tuple[int | None, ...]:
    """Return the pumps and modules; of a pump with one module, only the module."""
    owners = dict.fromkeys(owner for owner in owned if owner is not None)
    outer = {nodes[owner].parent for owner in owners}
    inner = [owner for owner in owners if owner not in outer]
    if len(inner) > MOST_OWNERS:
        return (inner[0],)
    return tuple(owners if len(inner) > 1 else inner) or (None,)


def _owner(nodes: list[NodeShape], index: int | None) -> int | None:
    """Return the pump or module that a node belongs to: itself, or the nearest around it."""
    while index is not None and nodes[index].kind not in _RANKS:
        index = nodes[index].parent
    return index


def _slot(entry: Entry, part: Part, *, group: int, builder: "_Builder", owners: int) -> int:
    """Return the place of a value: of the whole OBR, of a source by its node, else of its pump or module."""
    nodes = builder.nodes
    if part in OF_PANEL:
        return owners * len(OF_OWNER) + OF_PANEL.index(part)
    if part in OF_NODE and entry.node is not None and nodes[entry.node].kind in SOURCES:
        return owners * len(OF_OWNER) + len(OF_PANEL) + entry.node * len(OF_NODE) + OF_NODE.index(part)
    return group * len(OF_OWNER) + OF_OWNER.index(part)


@dataclass(frozen=True, slots=True)
class _Builder:
    """A shape while it is made; ``known`` has the device nodes by their keys, ``by_rest`` without the pump."""

    ids: Ids
    nodes: list[NodeShape] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    doubts: list[tuple[int, int, Doubt]] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)
    by_rest: dict[str, int] = field(default_factory=dict)
    last_of: dict[int, int] = field(default_factory=dict)

    def add_node(self, at: int, meant: Meant, key: str) -> None:
        """Add a device node; its parent is known by its path, or else the last before it of a higher level."""
        kind = meant.node or NodeKind.OTHER
        refid = meant.named.term.refid if meant.named.term else meant.named.name
        rank = _RANKS.get(kind, _LEVELS)
        parent = self._parent(key) if key else self._last_above(rank)
        self.known[key] = self.last_of[rank] = len(self.nodes)
        self.by_rest.setdefault(key.partition(".")[2], len(self.nodes))
        self.nodes.append(NodeShape(at, kind, refid, key, parent))

    def _parent(self, key: str) -> int | None:
        while "." in key:
            key = _bare(key.rpartition(".")[0])
            if key in self.known:
                return self.known[key]
        return None

    def _last_above(self, rank: int) -> int | None:
        return max((last for other, last in self.last_of.items() if other < rank), default=None)

    def around(self, at: int, path: _Path, last: int | None) -> int | None:
        """Return the nearest device around a path, or the one that has its place under another number of the pump."""
        for key in path.around:
            if key in self.known:
                return self.known[key]
        if not self.nodes:
            return None
        self.doubts.append((at, SUB_ID, _doubt(Leniency.SUB_ID_STRAY, self.ids[at][1])))
        for key in path.around:
            node = self.by_rest.get(key.partition(".")[2])
            if node is not None:
                return node
        return last or 0

    def say_no_path(self, at: int) -> None:
        """Note an OBX-4 that is absent, or is no path."""
        raw = self.ids[at][1]
        code = Leniency.SUB_ID_TEXT if raw.strip() else Leniency.SUB_ID_MISSING
        self.doubts.append((at, SUB_ID, _doubt(code, raw)))

    def say_repeated(self, paths: list[_Path | None]) -> None:
        """Note each path that another OBX before it has."""
        seen: set[str] = set()
        for at, path in enumerate(paths):
            raw = self.ids[at][1]
            if path is not None and raw in seen:
                self.doubts.append((at, SUB_ID, _doubt(Leniency.SUB_ID_REPEATED, raw)))
            seen.add(raw)


def _doubt(code: Leniency, raw: str) -> Doubt:
    return Doubt(code, shown(raw) if raw.strip() else "nothing", code.words.partition(": ")[2])


def _bare(key: str) -> str:
    while key.endswith(".0"):
        key = key[:-2]
    return key


def _path(text: str) -> _Path | None:
    text = text.strip()
    if len(text) > LONGEST_CACHED or not _PATH.fullmatch(text):
        return None
    parts = text.split(".")
    is_facet = len(parts) > _LEVELS
    around: dict[str, None] = {}
    for end in range(min(len(parts), _LEVELS) - (0 if is_facet else 1), 0, -1):
        around[_bare(".".join(parts[:end]))] = None
    return _Path(_bare(text), tuple(around), parts[_LEVELS] if is_facet else "")
