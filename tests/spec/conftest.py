"""The engines that must all obey the tables; a second one is one more line here."""

from collections.abc import Callable, Sequence

import pytest

from openinfusion.core.dosing import check
from openinfusion.core.library import Library
from openinfusion.core.programme import Programme, Verdict
from openinfusion.core.units import Quantity

Case = tuple[Programme, Quantity | None]
Engine = Callable[[Library, Sequence[Case]], list[Verdict]]


def one_by_one(library: Library, cases: Sequence[Case]) -> list[Verdict]:
    return [check(programme, library, rate_resolution=step) for programme, step in cases]


ENGINES: dict[str, Engine] = {"core": one_by_one}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """A dose-limit engine: it takes a library and many programmes and returns one verdict for each, in order."""
    return ENGINES[request.param]
