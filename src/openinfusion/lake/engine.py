"""
Where a question runs: Polars on this machine, or a Spark cluster; both read the same Parquet files.

A question is written once, over narwhals, and never learns which engine it runs on. An engine reads files into a lazy
table, takes a small table along, and brings the answer back as a Polars table of the same types everywhere: whole
numbers are 64 bits wide, texts are texts.
"""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any, Protocol, Self

import narwhals as nw
import polars as pl

from openinfusion.core.errors import FileAccessError, OperatorError

VARIABLE = "OPENINFUSION_ENGINE"
POLARS = "polars"
EXPECTED = "polars, spark-local[2] or spark://host:7077"
_READABLE = "every file that the lake lists, whole and readable"

Table = nw.LazyFrame[Any]
Columns = Mapping[str, pl.DataType]


class Engine(Protocol):
    """
    What runs a question.

    ``scan`` reads Parquet files, with the columns that their folders name (``organisation=trust/month=2026-03/``);
    given ``columns``, it reads these alone, and one that a file lacks is null there. ``table`` takes a small table
    along. ``collect`` runs a question.
    """

    @property
    def name(self) -> str: ...

    def scan(self, files: Sequence[str], columns: Columns | None = None) -> Table: ...

    def table(self, frame: pl.DataFrame) -> Table: ...

    def collect(self, question: Table) -> pl.DataFrame: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PolarsEngine:
    """This machine: files are read in pieces, so that memory does not grow with them."""

    name = POLARS

    def scan(self, files: Sequence[str], columns: Columns | None = None) -> Table:
        if not files:
            return nw.from_native(pl.LazyFrame(schema=dict(columns or {})))
        folders = dict.fromkeys(folder_columns(files[0]), pl.String())
        frame = pl.scan_parquet(
            list(files),
            glob=False,
            schema={name: kind for name, kind in columns.items() if name not in folders} if columns else None,
            hive_partitioning=bool(folders),
            hive_schema=folders or None,
            missing_columns="insert" if columns else "raise",
            extra_columns="ignore" if columns else "raise",
        )
        return nw.from_native(frame.select(list(columns)) if columns else frame)

    def table(self, frame: pl.DataFrame) -> Table:
        return nw.from_native(frame.lazy())

    def collect(self, question: Table) -> pl.DataFrame:
        native: pl.LazyFrame = question.to_native()
        try:
            return to_common_types(native.collect(engine="streaming"))
        except OSError as error:
            found = error.strerror or "a file that cannot be read"
            raise FileAccessError(where=self.name, found=found, expected=_READABLE) from error
        except pl.exceptions.ComputeError as error:
            if not str(error).startswith("parquet:"):
                raise
            raise OperatorError(where=self.name, found="a damaged Parquet file", expected=_READABLE) from error

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def engine_from(setting: str | None) -> Engine:
    """Return the engine that a setting names; the edge of the process reads it from ``OPENINFUSION_ENGINE``, once."""
    if setting is None or setting in {"", POLARS}:
        return PolarsEngine()
    if not setting.startswith(("spark://", "spark-local")):
        raise OperatorError(where=VARIABLE, found=repr(setting), expected=EXPECTED)
    if find_spec("pyspark") is None or find_spec("pyarrow") is None:
        expected = "Spark for Python (pip install 'openinfusion[spark]') and Java 17"
        raise OperatorError(where=VARIABLE, found=f"{setting!r}, but no Spark for Python", expected=expected)
    # Only who asks for Spark pays for importing it, or needs to have it.
    from openinfusion.lake.engine_spark import start_spark  # noqa: PLC0415

    return start_spark(setting)


def folder_columns(file: str) -> list[str]:
    """Return the columns that the folders right above a file name, from the top down."""
    names = []
    for folder in PurePosixPath(file).parents:
        name, is_column, _ = folder.name.partition("=")
        if not is_column:
            break
        names.append(name)
    return names[::-1]


def to_common_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table in which no engine shows: whole numbers of 64 bits, floats of 64 bits, plain texts."""
    kinds = {name: _common_type(kind) for name, kind in frame.schema.items()}
    return frame.cast({name: kind for name, kind in kinds.items() if kind is not None}, strict=True)


def _common_type(kind: pl.DataType) -> pl.DataType | None:
    if kind.is_integer():
        return pl.Int64()
    if kind.is_float():
        return pl.Float64()
    if isinstance(kind, pl.Categorical | pl.Enum):
        return pl.String()
    if isinstance(kind, pl.Datetime):
        return pl.Datetime("us", kind.time_zone)
    return None
