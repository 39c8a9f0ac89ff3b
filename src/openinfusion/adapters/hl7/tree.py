"""The containment tree of a message: its OBX in their shape, with the times and device ids that nodes inherit."""

from collections.abc import Iterator
from typing import NamedTuple

from openinfusion.adapters.hl7.leniency import Cautions
from openinfusion.adapters.hl7.metrics import NodeKind
from openinfusion.adapters.hl7.shape import CODE, SUB_ID, Entry, Ids, Meant, Shape, shape_of
from openinfusion.adapters.hl7.text import USUAL, Message, Segment

LARGEST_KEPT = 2**14
VALUE, UNIT, FLAGS, STATUS, TIME, USER, DEVICE = 5, 6, 8, 11, 14, 16, 18


class Node:
    """
    One device node.

    Attributes:
        kind: what it stands for.
        refid: its name in the nomenclature.
        key: its path without the zeros at the end.
        parent: the device node around it.
        segment: the OBX that tells it.

    """

    __slots__ = ("key", "kind", "parent", "refid", "segment")

    def __init__(self, kind: NodeKind, refid: str, *, key: str, segment: Segment) -> None:
        """Make a node; its parent is found when all nodes are known."""
        self.kind = kind
        self.refid = refid
        self.key = key
        self.segment = segment
        self.parent: Node | None = None

    def up(self) -> Iterator["Node"]:
        """Yield this node and those around it, outwards."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def inherited(self, number: int) -> tuple[str, Segment] | None:
        """Return a field of this node, or of the nearest around it that has it, with its segment."""
        for node in self.up():
            raw = node.segment.raw(number)
            if raw:
                return raw, node.segment
        return None


class Observation(NamedTuple):
    """One OBX that is not a device node: the evidence, what its code means, the nearest device node, its facet."""

    segment: Segment
    meant: Meant
    node: Node | None
    facet: str


class Panel(NamedTuple):
    """
    What one OBR tells.

    Attributes:
        obr: the OBR; ``None`` where the message has none.
        segments: its OBX in their order.
        nodes: its device nodes in their order.
        shape: what each OBX is.

    """

    obr: Segment | None
    segments: list[Segment]
    nodes: list[Node]
    shape: Shape

    def observation(self, entry: Entry) -> Observation:
        """Return an entry with its segment and its node."""
        node = self.nodes[entry.node] if entry.node is not None else None
        return Observation(self.segments[entry.at], entry.meant, node, entry.facet)


def read_panels(message: Message, cautions: Cautions) -> list[Panel]:
    """Return what each OBR of a message tells."""
    groups: list[tuple[Segment | None, list[Segment]]] = []
    found: list[Segment] = []
    for segment in message.segments:
        if segment.name == "OBX":
            if not groups:
                groups.append((None, found))
            found.append(segment)
        elif segment.name == "OBR":
            found = []
            groups.append((segment, found))
    is_small = len(message.raw) <= LARGEST_KEPT
    is_usual = message.separators is USUAL
    return [
        _panel(
            obr,
            segments,
            shape=shape_of(_ids(segments, is_usual=is_usual), is_small=is_small),
            cautions=cautions,
        )
        for obr, segments in groups
    ]


def _panel(obr: Segment | None, segments: list[Segment], *, shape: Shape, cautions: Cautions) -> Panel:
    nodes: list[Node] = []
    for at, kind, refid, key, _ in shape.nodes:
        nodes.append(Node(kind, refid, key=key, segment=segments[at]))
    for node, told in zip(nodes, shape.nodes, strict=True):
        node.parent = None if told.parent is None else nodes[told.parent]
    for at, number, doubt in shape.doubts:
        cautions.place((doubt,), segments[at].place(number))
    return Panel(obr, segments, nodes, shape)


def _ids(segments: list[Segment], *, is_usual: bool) -> Ids:
    """Return OBX-3 and OBX-4 of each OBX, in the usual separators."""
    if is_usual:
        try:
            return tuple([(segment.fields[CODE], segment.fields[SUB_ID]) for segment in segments])
        except IndexError:
            return tuple([(segment.raw(CODE), segment.raw(SUB_ID)) for segment in segments])
    return tuple([("^".join(segment.components(CODE)), segment.raw(SUB_ID)) for segment in segments])
