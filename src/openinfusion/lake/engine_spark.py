"""
A Spark cluster, or Spark on this machine, as an engine; needs the extra ``spark`` and Java 17.

Only what the answers depend on is set here: whole numbers that overflow raise, times are UTC, and what folders name
is text. Memory, cores and the rest are the cluster's own, in its ``spark-defaults.conf``.
"""

import logging
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Self

import narwhals as nw
import polars as pl
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark import SparkConf
from pyspark.errors import AnalysisException, PySparkException
from pyspark.errors.exceptions.captured import UnknownException
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from openinfusion.core.errors import OperatorError
from openinfusion.lake.engine import EXPECTED, VARIABLE, Columns, Table, folder_columns, to_common_types

PATIENCE = 60
_MASTER = re.compile(r"spark://(?P<host>[^:/,\s]+):(?P<port>[0-9]{1,5})")
_LOCAL = re.compile(r"spark-local(?P<cores>\[(?:[0-9]+|\*)\])?")
_ANSWER_SECONDS = 5
_READABLE = "workers that run and can read the files of the lake; their logs say more"
# They print every failure again, with its whole trace and what it quotes of the data.
_CHATTERERS = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")
_QUIET = Path(__file__).with_name("spark-log4j2.properties")

_SETTINGS = {
    "spark.app.name": "openinfusion",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={_QUIET.as_uri()} -Duser.timezone=UTC",
    "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
}
# A driver that only this machine can reach; a true cluster must be able to call it back.
_LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
# On one machine more parts than this are only more work.
_ALONE = {**_LOOPBACK, "spark.sql.shuffle.partitions": "8"}


class SparkEngine:
    """A Spark session; ``close`` ends it."""

    def __init__(self, session: SparkSession, *, name: str) -> None:
        self.session = session
        self.name = name

    def scan(self, files: Sequence[str], columns: Columns | None = None) -> Table:
        if not files:
            return self.table(pl.DataFrame(schema=dict(columns or {})))
        reader = self.session.read
        if folders := folder_columns(files[0]):
            reader = reader.option("basePath", str(Path(files[0]).parents[len(folders)]))
        if columns is not None:
            reader = reader.schema(from_arrow_schema(_arrow(pl.DataFrame(schema=dict(columns))).schema))
        try:
            frame = reader.parquet(*files)
        except AnalysisException as error:
            raise OperatorError(where=self.name, found=_reason(error), expected=_READABLE) from error
        made: Table = nw.from_native(frame.select(*columns) if columns is not None else frame)
        return made

    def table(self, frame: pl.DataFrame) -> Table:
        made: Table = nw.from_native(self.session.createDataFrame(_arrow(to_common_types(frame))))
        return made

    def collect(self, question: Table) -> pl.DataFrame:
        try:
            arrow = question.to_native().toArrow()
        except (UnknownException, Py4JError) as error:
            raise OperatorError(where=self.name, found=_reason(error), expected=_READABLE) from error
        return to_common_types(pl.DataFrame(pl.from_arrow(arrow)))

    def close(self) -> None:
        self.session.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start_spark(setting: str, *, patience: float = PATIENCE) -> SparkEngine:
    """
    Return the engine that a setting names, with at least one worker at its service.

    Raises:
        OperatorError: the setting cannot be read, or there is no Java, no master or no worker.

    """
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise OperatorError(where=VARIABLE, found="no Java", expected="Java 17 on the path, or JAVA_HOME")
    settings = _settings(setting)
    for name in _CHATTERERS:
        logging.getLogger(name).disabled = True
    with _spared_output():
        session = _session(setting, settings)
        _await_worker(session, setting, patience=patience)
    return SparkEngine(session, name=setting)


def _settings(setting: str) -> dict[str, str]:
    if local := _LOCAL.fullmatch(setting):
        return {**_SETTINGS, **_ALONE, "spark.master": f"local{local['cores'] or '[*]'}"}
    if not (master := _MASTER.fullmatch(setting)):
        raise OperatorError(where=VARIABLE, found=repr(setting), expected=EXPECTED)
    address = _address(setting, master["host"], int(master["port"]))
    return {**_SETTINGS, **(_LOOPBACK if address.startswith("127.") else {}), "spark.master": setting}


def _address(setting: str, host: str, port: int) -> str:
    """Return where the master answers: Spark itself would try for a minute, and then not say what was wrong."""
    try:
        with socket.create_connection((host, port), timeout=_ANSWER_SECONDS) as link:
            return str(link.getpeername()[0])
    except (OSError, OverflowError) as error:
        found = f"no answer from {setting}"
        raise OperatorError(where=VARIABLE, found=found, expected="a Spark master that runs there") from error


def _session(setting: str, settings: dict[str, str]) -> SparkSession:
    try:
        return SparkSession.builder.config(conf=SparkConf().setAll(list(settings.items()))).getOrCreate()
    except (PySparkException, Py4JError) as error:
        found = f"{setting!r}, and Spark does not start: {_reason(error)}"
        raise OperatorError(where=VARIABLE, found=found, expected="Java 17, and a Spark 4.0 master") from error


def _await_worker(session: SparkSession, setting: str, *, patience: float) -> None:
    """Run the smallest job: a master without a free worker would let every question wait for ever."""
    timer = Timer(patience, session.sparkContext.cancelAllJobs)
    timer.daemon = True
    timer.start()
    try:
        session.range(1).count()
    except (PySparkException, Py4JError) as error:
        session.stop()
        found = f"{setting!r}, but no free worker in {patience:g} seconds"
        raise OperatorError(where=VARIABLE, found=found, expected="a worker with a free core and 1 GiB") from error
    finally:
        timer.cancel()


def _reason(error: Exception) -> str:
    """Return what kind of failure it was; the message itself may quote the data, so it stays in Spark's logs."""
    if isinstance(error, PySparkException):
        return str(error.getCondition() or type(error).__name__)
    java = getattr(error, "java_exception", None)
    names = []
    while java is not None:
        names.append(str(java.getClass().getSimpleName()))
        java = java.getCause()
    return ": ".join(names) or type(error).__name__


@contextmanager
def _spared_output() -> Iterator[None]:
    """Let what Spark's own process prints go to the error stream: results alone belong on the output."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    """Return a table in the oldest Arrow types: Spark does not know the views of texts."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
