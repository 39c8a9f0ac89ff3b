"""How each port and access point stands: its newest test, beside the pumps that were last seen there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from openinfusion.fleet.proof import Cause
from openinfusion.fleet.proof.work import SILENT
from openinfusion.web.fleet.watch import Pump
from openinfusion.web.network.models import PlaceTest

_GRAVITY = (PlaceTest.Result.DEAD, PlaceTest.Result.WEAK, PlaceTest.Result.WORKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """
    A port or access point.

    Attributes:
        test: the newest of it; ``None`` where it was never tested, and pumps fell silent there.
        pumps: last seen there.
        silent: of these, who are not heard and need somebody.

    """

    kind: str
    name: str
    ward: str
    test: PlaceTest | None
    pumps: tuple[Pump, ...]
    silent: tuple[Pump, ...]

    @property
    def is_dead(self) -> bool:
        """Whether somebody found it dead."""
        return self.test is not None and self.test.result == PlaceTest.Result.DEAD


def newest_tests(tests: Iterable[PlaceTest]) -> list[PlaceTest]:
    """Return the newest test of each port and access point; of one day, the one that was entered last."""
    found: dict[tuple[str, str], PlaceTest] = {}
    for one in sorted(tests, key=lambda test: (test.tested_on, test.pk)):
        found[one.kind, one.name] = one
    return list(found.values())


def spots(tests: Iterable[PlaceTest], pumps: Iterable[Pump]) -> list[Spot]:
    """Return what was tested, and untested places where pumps are silent; the dead and those with most silent first."""
    seen: defaultdict[tuple[str, str], list[Pump]] = defaultdict(list)
    for pump in pumps:
        for key in _where(pump):
            seen[key].append(pump)
    tested = {(one.kind, one.name): one for one in newest_tests(tests)}
    silent = {key: tuple(one for one in here if is_silent(one)) for key, here in seen.items()}
    made = [
        Spot(
            kind=key[0],
            name=key[1],
            ward=tested[key].ward if key in tested else silent[key][0].ward,
            test=tested.get(key),
            pumps=tuple(seen.get(key, ())),
            silent=silent.get(key, ()),
        )
        for key in tested.keys() | {key for key, some in silent.items() if some}
    ]
    return sorted(made, key=lambda one: (_gravity(one), -len(one.silent), one.ward, one.kind, one.name))


def is_silent(pump: Pump) -> bool:
    """Whether a pump is not heard, and somebody has to look."""
    return pump.is_task and pump.cause in SILENT and pump.cause is not Cause.NEVER_PROVEN


def _gravity(spot: Spot) -> int:
    if spot.test is None:
        return len(_GRAVITY) - 1
    return _GRAVITY.index(PlaceTest.Result(spot.test.result))


def _where(pump: Pump) -> Iterator[tuple[str, str]]:
    if pump.port:
        yield PlaceTest.Kind.PORT.value, pump.port
    if pump.access_point:
        yield PlaceTest.Kind.ACCESS_POINT.value, pump.access_point
