"""
The look-ups that are signed with a library: a pump makes them on what it loaded, before it takes it.

A library that a pump read wrongly, in part, or with another's units answers at least one of them wrongly.
"""

from collections import defaultdict
from collections.abc import Iterator

from openinfusion.core.library import Delivery, Entry, Library, Limit, Limits, Pca
from openinfusion.fleet.release import Probe

MOST = 50
_PARAMETERS = ("dose", "rate", "volume", "duration")
_PARTS = ("bolus", "loading", "pca")


def make_probes(library: Library, *, most: int = MOST) -> tuple[Probe, ...]:
    """
    Return look-ups with the limits that they must find, at most ``most``, spread over care areas and types of entry.

    The same library always gives the same look-ups. Each entry is asked for one limit, a hard one where it has one.
    """
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in library.entries:
        groups[entry.care_area, entry.type.value].append(entry)
    chosen: list[Entry] = []
    rounds = max(map(len, groups.values()), default=0)
    for turn in range(rounds):
        chosen += [group[turn] for _, group in sorted(groups.items()) if turn < len(group)]
        if len(chosen) >= most:
            break
    return tuple(_probe(entry) for entry in chosen[:most])


def look_up(library: Library, probe: Probe) -> str | None:
    """
    Return the limit that a probe asks for, in full ("7 micrograms/kg/h"); ``None`` where it is not set.

    Raises:
        KeyError: the library has no such entry.

    """
    entry = library.find_entry(probe.entry)
    if entry is None:
        raise KeyError(probe.entry)
    return dict(limits_of(entry)).get(probe.limit)


def limits_of(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield every limit of an entry by its path, with its value in full."""
    parts: list[tuple[str, Entry | Delivery | Pca | None]] = [("", entry)]
    parts += [(f"{name}.", getattr(entry, name)) for name in _PARTS]
    for prefix, part in parts:
        for name in (*_PARAMETERS, "lockout", "accumulated"):
            limits = getattr(part, name, None)
            if isinstance(limits, Limits):
                yield from ((f"{prefix}{name}.{limit}", value) for limit, value in _values(limits))


def _values(limits: Limits) -> Iterator[tuple[str, str]]:
    for limit in Limit:
        quantity = limits.quantity(limit.value)
        if quantity is not None:
            yield limit.value, str(quantity)


def _probe(entry: Entry) -> Probe:
    """Return the look-up of an entry: its first hard limit, else its first limit, else that it has none."""
    limits = dict(limits_of(entry))
    hard = [path for path in limits if path.endswith(("hard_max", "hard_min"))]
    path = (sorted(hard, key=lambda path: path.endswith("hard_min")) or list(limits) or ["dose.hard_max"])[0]
    return Probe(entry=entry.id, limit=path, expected=limits.get(path))
