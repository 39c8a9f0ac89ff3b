"""
Resources of any sender, in R4 or R5, to values and what was flagged.

The bytes are judged first: JSON, each key once, not too deep. Then each resource of a type of ours is held against the
models of the release, and read whatever they say, because what a real system sends is seldom without a fault. Of a
patient nothing is read.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from openinfusion.adapters.documents import MAX_BYTES, MAX_DEPTH, parse_json
from openinfusion.adapters.fhir.cautions import Caution, Cautions, Flag
from openinfusion.adapters.fhir.cursor import Cursor
from openinfusion.adapters.fhir.names import Release
from openinfusion.adapters.fhir.parts import Setting
from openinfusion.adapters.fhir.resources import READERS
from openinfusion.adapters.fhir.validate import broken_rules
from openinfusion.adapters.fhir.values import Administration, Adverse, Device, Issue, Metric, Resource
from openinfusion.adapters.flags import shown
from openinfusion.core.errors import FileTooLargeError, SyntaxFault

T = TypeVar("T", bound=Resource)
_MODIFIERS = ("modifierExtension", "implicitRules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """
    What a file says, and what was flagged.

    Attributes:
        release: the release that it was held against.
        resources: what was read, in the order of the file.
        cautions: what was flagged, each with its place.
        passed_over: types of resources that are not read, counted.

    """

    release: Release
    resources: tuple[Resource, ...] = ()
    cautions: tuple[Caution, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)

    @property
    def administrations(self) -> tuple[Administration, ...]:
        """The infusions and their parts."""
        return self._of(Administration)

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices."""
        return self._of(Device)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What the devices measure."""
        return self._of(Metric)

    @property
    def issues(self) -> tuple[Issue, ...]:
        """The alerts."""
        return self._of(Issue)

    @property
    def adverse(self) -> tuple[Adverse, ...]:
        """The reports."""
        return self._of(Adverse)

    def _of(self, kind: type[T]) -> tuple[T, ...]:
        return tuple(one for one in self.resources if isinstance(one, kind))


def read_bundle(content: bytes, *, where: str = "file", release: Release | None = None) -> Reading:
    """
    Return what a Bundle, or a single resource, says.

    ``release`` is the one that the sender means; without it the file is held against both, and the one of which it
    breaks fewer rules is taken, R4 where that tells nothing.

    Raises:
        EncodingError: the bytes are not UTF-8.
        SyntaxFault: not JSON, a key twice, nested too deeply, or not a resource of FHIR.
        FileTooLargeError: more bytes than are read.

    """
    top = _parsed(content, where)
    items = list(_items(top))
    cautions = Cautions()
    kept = [item for item in items if item[0].at("resourceType").text() in READERS]
    judged = _judge([item[0] for item in kept], release, cautions)
    known = _index(items)
    _flag_twice(items, cautions)
    reached: set[str] = set()
    made = []
    for here, url in kept:
        if _is_modified(here, cautions):
            continue
        inside = {f"#{one.at('id').value}": one for one in here.each("contained")}
        setting = Setting(cautions, known | inside, reached, is_bundle=top.at("resourceType").value == "Bundle")
        made.append(READERS[here.at("resourceType").text() or ""](here, url, setting))
        if here.at("status").value == "entered-in-error":
            cautions.add(Flag.IN_ERROR, f"{here.path}.status", "entered-in-error")
    passed = _passed(items, reached, cautions)
    return Reading(release=judged, resources=tuple(made), cautions=tuple(cautions.met), passed_over=passed)


def read_resource(content: bytes, *, where: str = "file", release: Release | None = None) -> Reading:
    """Return what one resource says; raises as ``read_bundle``, and SyntaxFault if it is a Bundle."""
    if _parsed(content, where).at("resourceType").value == "Bundle":
        raise SyntaxFault(where=f"{where}, Bundle", found="a Bundle", expected="one resource")
    return read_bundle(content, where=where, release=release)


def _parsed(content: bytes, where: str) -> Cursor:
    """Return the document, which is a resource."""
    if len(content) > MAX_BYTES:
        raise FileTooLargeError(where=where, found=f"{len(content):,} bytes", expected=f"at most {MAX_BYTES:,} bytes")
    if content.lstrip()[:1] == b"<":
        raise SyntaxFault(where=where, found="XML or HTML", expected="a resource of FHIR as JSON")
    value = parse_json(content, where=where, exact=True)
    _check_depth(value, where)
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        found = "no resourceType" if isinstance(value, dict) else "no object"
        raise SyntaxFault(
            where=f"{where}, $", found=found, expected='an object with "resourceType": a resource of FHIR'
        )
    return Cursor(value, kind if kind.isalpha() else "$")


def _check_depth(value: Any, where: str) -> None:  # noqa: ANN401 - JSON is any value
    """Refuse what is nested more deeply than any resource is."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise SyntaxFault(where=where, found="brackets inside brackets", expected=f"a depth of at most {MAX_DEPTH}")
        lists = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [inner for one in lists for inner in one]


def _items(top: Cursor) -> Iterator[tuple[Cursor, str | None]]:
    """Yield the resources of a file with how others refer to them."""
    if top.at("resourceType").value != "Bundle":
        yield top, None
        return
    for entry in top.each("entry"):
        yield entry.at("resource"), entry.at("fullUrl").text()


def _index(items: list[tuple[Cursor, str | None]]) -> dict[str, Cursor]:
    """Return the resources by every way in which a reference can name them."""
    known: dict[str, Cursor] = {}
    for here, url in items:
        known[f"{here.at('resourceType').value}/{here.at('id').value}"] = here
        if url is not None:
            known[url] = here
    return known


def _judge(items: list[Cursor], release: Release | None, cautions: Cautions) -> Release:
    """Return the release of a file, and flag every rule of it that is broken."""
    tried = [release] if release is not None else list(Release)
    found = {one: [(here, broken) for here in items for broken in broken_rules(here.value, one)] for one in tried}
    best = min(found, key=lambda one: len(found[one]))
    for here, broken in found[best]:
        cautions.add(Flag.NOT_VALID, f"{here.path}{broken.path}", f"{shown(broken.rule)} (FHIR {best.value})")
    return best


def _is_modified(here: Cursor, cautions: Cautions) -> bool:
    """Whether something that is not known may change what the resource means; FHIR forbids to pass over it."""
    waiting = [here]
    while waiting:
        one = waiting.pop()
        if isinstance(one.value, dict):
            if found := next((key for key in _MODIFIERS if one.value.get(key)), None):
                cautions.add(Flag.MODIFIER, f"{one.path}.{found}", found)
                return True
            waiting.extend(one.at(key) for key in one.value)
        elif isinstance(one.value, list):
            waiting.extend(Cursor(inner, f"{one.path}[{n}]") for n, inner in enumerate(one.value))
    return False


def _flag_twice(items: list[tuple[Cursor, str | None]], cautions: Cautions) -> None:
    """Flag resources that share an address, or a type and id: one infusion told twice is not two infusions."""
    met: dict[str, str] = {}
    for here, url in items:
        kind, number = here.at("resourceType").text(), here.at("id").text()
        names = [name for name in (url, kind and number and f"{kind}/{number}") if name]
        if before := next((met[name] for name in names if name in met), None):
            cautions.add(Flag.TWICE, here.path, f"the identity of {before}")
        for name in names:
            met.setdefault(name, here.path)


def _passed(items: list[tuple[Cursor, str | None]], reached: set[str], cautions: Cautions) -> dict[str, int]:
    """Count and flag what is not read; a Medication is read where something refers to it."""
    counts: Counter[str] = Counter()
    for here, _ in items:
        kind = here.at("resourceType").text()
        if kind in READERS or here.path in reached:
            continue
        if kind is None:
            told = "no resourceType" if here else "no resource"
        else:
            told = kind if kind.isalpha() else "an odd type"
        counts[told] += 1
        cautions.add(Flag.NOT_READ, here.path, told)
    return dict(counts)
