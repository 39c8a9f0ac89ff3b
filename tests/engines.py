"""
The engines that run questions, for every test that asks one: each must give the same answer.

A test takes the fixture ``lake_engine`` by ``@on_every_engine``, or by ``@every_question_on_every_engine(names)``,
which also gives it ``question``. Where an engine cannot give an answer, ``GAPS`` says so and why; the mark is strict,
so that a gap that closes is noticed. Only Spark may speak over the network, and to this machine alone; one worker
pays for it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import Literal

import pytest

from openinfusion.lake.engine import POLARS, Engine, PolarsEngine, engine_from

SPARK = "spark"
ENGINES = (POLARS, SPARK)
SPARK_MARKS = (pytest.mark.xdist_group(SPARK), pytest.mark.allow_hosts(["127.0.0.1"]))
# Small questions end before the last stage of Java's compiler pays: without it they cost a third less.
BRISK = ("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
MISSING = "Spark for Python is not installed: make .venv/.spark-ready"


@dataclass(frozen=True, slots=True)
class Gap:
    """
    Why an engine does not answer.

    ``notimpl``: we have not written it; ``notyet``: the engine or the expression layer does not offer it yet;
    ``never``: it cannot, by what it is.
    """

    kind: Literal["notimpl", "notyet", "never"]
    reason: str


# By engine and name of the question, or of the test.
GAPS: dict[tuple[str, str], Gap] = {
    (POLARS, "overflow"): Gap("never", "whole numbers wrap; bounds on what is taken in keep every product in 64 bits"),
    (SPARK, "sum of booleans"): Gap("notyet", "narwhals hands a boolean to Spark's sum: questions cast it first"),
    (SPARK, "weekday"): Gap("notyet", "narwhals makes Sunday 0 on Spark, 7 elsewhere: questions take it modulo 7"),
}


def marks(engine: str, name: str) -> list[pytest.MarkDecorator]:
    """Everything that a test of one question on one engine is marked with."""
    gap = GAPS.get((engine, name))
    strict = [pytest.mark.xfail(reason=f"{gap.kind}: {gap.reason}", strict=True)] if gap else []
    return [*strict, *(SPARK_MARKS if engine == SPARK else ())]


def on_every_engine(name: str) -> pytest.MarkDecorator:
    """Run a test on each engine; ``name`` is what ``GAPS`` may speak of."""
    params = [pytest.param(engine, marks=marks(engine, name), id=engine) for engine in ENGINES]
    return pytest.mark.parametrize("lake_engine", params, indirect=True)


def every_question_on_every_engine(names: Iterable[str]) -> pytest.MarkDecorator:
    """Run a test for each question on each engine."""
    params = [
        pytest.param(engine, name, marks=marks(engine, name), id=f"{engine}-{name}")
        for engine, name in product(ENGINES, names)
    ]
    return pytest.mark.parametrize(("lake_engine", "question"), params, indirect=["lake_engine"])


@pytest.fixture
def lake_engine(request: pytest.FixtureRequest) -> Engine:
    """What runs questions: an engine by its name."""
    if request.param == POLARS:
        return PolarsEngine()
    engine: Engine = request.getfixturevalue("spark_here")
    return engine


@pytest.fixture(scope="session")
def spark_here() -> Iterator[Engine]:
    """Spark on this machine, started once for all tests that need it."""
    if find_spec("pyspark") is None:
        pytest.skip(MISSING)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*BRISK)
        engine = engine_from("spark-local[2]")
    with engine:
        yield engine
