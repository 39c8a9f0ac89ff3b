"""One contract for every engine: the same files, the same question, the same answer, down to its types."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from openinfusion.core.errors import OperatorError
from openinfusion.lake.engine import Engine, PolarsEngine, engine_from, folder_columns
from tests.engines import SPARK_MARKS, on_every_engine

NOON = datetime(2026, 3, 29, 12, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A small lake: two organisations, one with a number for its name; the second file has one column more."""
    common = {"n": [1, -7, None], "moment": [NOON, MIDNIGHT, None], "drug": ["morphine", "Morphine", None]}
    made = []
    for folder, more in (
        ("organisation=a%20b/month=2026-03", {}),
        ("organisation=007/month=2026-04", {"late": [1] * 3}),
    ):
        path = tmp_path / folder / "part.parquet"
        path.parent.mkdir(parents=True)
        pl.DataFrame({**common, **more}).write_parquet(path)
        made.append(str(path))
    return made


@on_every_engine("scan")
def test_files_are_read_with_the_columns_of_their_folders_as_text(lake_engine: Engine, files: list[str]):
    """007 stays a text of three characters, and a space is a space again."""
    columns = {"organisation": pl.String(), "month": pl.String(), "n": pl.Int64(), "moment": pl.Datetime("us", "UTC")}

    read = lake_engine.collect(lake_engine.scan(files, columns).sort("organisation", "n"))

    assert dict(read.schema) == columns
    assert read["organisation"].to_list() == ["007"] * 3 + ["a b"] * 3
    assert set(read["moment"]) == {NOON, MIDNIGHT, None}


@on_every_engine("absent column")
def test_a_column_that_a_file_lacks_is_null_there(lake_engine: Engine, files: list[str]):
    columns = {"organisation": pl.String(), "late": pl.Int64(), "never": pl.String()}

    read = lake_engine.collect(lake_engine.scan(files, columns).sort("organisation"))

    assert read["late"].to_list() == [1, 1, 1, None, None, None]
    assert read["never"].null_count() == 6


@on_every_engine("no files")
def test_no_files_are_an_empty_table(lake_engine: Engine):
    columns = {"n": pl.Int64(), "moment": pl.Datetime("us", "UTC"), "drug": pl.String(), "flag": pl.Boolean()}

    read = lake_engine.collect(lake_engine.scan([], columns))

    assert dict(read.schema) == columns
    assert read.is_empty()


@on_every_engine("table")
def test_a_small_table_is_taken_along_in_plain_types(lake_engine: Engine):
    """An answer does not show its engine: counts are 64 bits wide, categories are texts."""
    taken = pl.DataFrame(
        {
            "n": pl.Series([1, None], dtype=pl.UInt32),
            "kind": pl.Series(["a", None], dtype=pl.Categorical),
            "share": pl.Series([0.5, None], dtype=pl.Float32),
            "flag": [True, None],
            "moment": [MIDNIGHT, None],
        }
    )

    assert_frame_equal(
        lake_engine.collect(lake_engine.table(taken).sort("n", nulls_last=True)),
        taken.cast({"n": pl.Int64, "kind": pl.String, "share": pl.Float64}),
    )


@on_every_engine("arithmetic")
def test_arithmetic_is_alike(lake_engine: Engine, files: list[str]):
    """Whole division goes down, also below zero; a comparison with nothing is nothing; texts differ by case."""
    answer = lake_engine.collect(
        lake_engine.scan(files[:1])
        .select(
            "n",
            "drug",
            down=nw.col("n") // 2,
            exact=nw.col("n") / 2,
            above=nw.col("n") > 0,
            large=(nw.col("n") + 9_007_199_254_740_993) // 1,
        )
        .sort("n", nulls_last=True)
    )

    assert answer.rows() == [
        (-7, "Morphine", -4, -3.5, False, 9_007_199_254_740_986),
        (1, "morphine", 0, 0.5, True, 9_007_199_254_740_994),
        (None, None, None, None, None, None),
    ]


@on_every_engine("groups")
def test_groups_and_counts_are_alike(lake_engine: Engine, files: list[str]):
    """Nothing is a group and a value of its own; counts are whole numbers."""
    n = nw.col("n")
    answer = lake_engine.collect(
        lake_engine.scan(files, {"n": pl.Int64(), "drug": pl.String()})
        .group_by("drug")
        .agg(rows=nw.len(), above=(n > 0).cast(nw.Int64).sum(), kinds=n.n_unique(), known=n.count(), mean=n.mean())
        .sort("drug", nulls_last=True)
    )

    assert answer.rows() == [("Morphine", 2, 0, 1, 2, -7.0), ("morphine", 2, 2, 1, 2, 1.0), (None, 2, 0, 1, 0, None)]
    assert [answer.schema[name] for name in ("rows", "above", "kinds", "known")] == [pl.Int64()] * 4


@on_every_engine("sum of booleans")
def test_true_and_false_add_up(lake_engine: Engine, files: list[str]):
    answer = lake_engine.collect(lake_engine.scan(files[:1]).select(above=(nw.col("n") > 0).sum()))

    assert answer.rows() == [(1,)]


@on_every_engine("joins")
def test_nothing_joins_nothing(lake_engine: Engine, files: list[str]):
    """Two unknown drugs are not known to be the same; a row without a partner is kept by a left join."""
    names = lake_engine.table(pl.DataFrame({"drug": ["morphine", None], "n": [5, 6]}))
    events = lake_engine.scan(files[:1]).select("n", "drug")

    answer = lake_engine.collect(events.join(names, on="drug", how="left").sort("n", nulls_last=True))

    assert answer.columns == ["n", "drug", "n_right"]
    assert answer.rows() == [(-7, "Morphine", None), (1, "morphine", 5), (None, None, None)]


@on_every_engine("times")
def test_times_are_cut_alike(lake_engine: Engine, files: list[str]):
    """Days and months are those of UTC, also where the clocks change and the year ends."""
    moment = nw.col("moment")
    answer = lake_engine.collect(
        lake_engine.scan(files[:1])
        .select(day=moment.dt.truncate("1d"), month=moment.dt.truncate("1mo"))
        .sort("day", nulls_last=True)
    )

    assert answer.rows() == [
        (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
        (None, None),
    ]


@on_every_engine("weekday")
def test_sunday_is_the_seventh_day(lake_engine: Engine, files: list[str]):
    days = lake_engine.scan(files[:1]).select(day=nw.col("moment").dt.weekday()).sort("day", nulls_last=True)

    assert lake_engine.collect(days)["day"].to_list() == [4, 7, None]


@on_every_engine("ranks")
def test_order_within_a_group_is_alike(lake_engine: Engine, files: list[str]):
    """The record before, by pump: what a question on sequences is made of."""
    answer = lake_engine.collect(
        lake_engine.scan(files[:1])
        .filter(~nw.col("n").is_null())
        .with_columns(one=nw.lit(1))
        .with_columns(before=nw.col("n").shift(1).over("one", order_by="moment"))
        .select("n", "before")
        .sort("n")
    )

    assert answer.rows() == [(-7, 1), (1, None)]


@on_every_engine("overflow")
def test_a_whole_number_that_overflows_is_an_error(lake_engine: Engine, files: list[str]):
    with pytest.raises(Exception, match="overflow"):
        lake_engine.collect(lake_engine.scan(files).select(nw.col("n") * 2**62 * 4))


@on_every_engine("gone")
def test_a_file_that_is_gone_is_for_the_operator(lake_engine: Engine, files: list[str]):
    Path(files[1]).unlink()

    with pytest.raises(OperatorError, match=r"files of the lake|file that the lake lists"):
        lake_engine.collect(lake_engine.scan(files))


@on_every_engine("gone later")
def test_a_file_that_goes_while_the_question_waits_is_for_the_operator(lake_engine: Engine, files: list[str]):
    scanned = lake_engine.scan(files)
    Path(files[1]).unlink()

    with pytest.raises(OperatorError, match=r"files of the lake|file that the lake lists"):
        lake_engine.collect(scanned)


@on_every_engine("damaged")
def test_a_damaged_file_is_for_the_operator(lake_engine: Engine, files: list[str]):
    scanned = lake_engine.scan(files[:1])
    Path(files[0]).write_bytes(b"not Parquet at all")

    with pytest.raises(OperatorError, match=r"files of the lake|file that the lake lists"):
        lake_engine.collect(scanned)


def test_no_setting_is_polars():
    assert isinstance(engine_from(None), PolarsEngine)
    assert isinstance(engine_from(""), PolarsEngine)
    assert isinstance(engine_from("polars"), PolarsEngine)


@pytest.mark.parametrize("setting", ["duckdb", "spark", "Polars"])
def test_an_unknown_engine_is_refused_with_those_that_there_are(setting: str):
    with pytest.raises(OperatorError, match="polars, spark-local"):
        engine_from(setting)


@pytest.mark.parametrize("setting", ["spark://", "spark://host", "spark://host:many", "spark-local[x]", "spark-local2"])
def test_a_setting_of_spark_that_cannot_be_read_is_refused(setting: str):
    pytest.importorskip("pyspark")
    with pytest.raises(OperatorError, match="polars, spark-local"):
        engine_from(setting)


def test_spark_that_is_not_installed_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("openinfusion.lake.engine.find_spec", lambda _: None)

    with pytest.raises(OperatorError, match=r"pip install 'openinfusion\[spark\]'\) and Java 17"):
        engine_from("spark-local")


def test_java_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("pyspark")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(OperatorError, match="no Java; expected Java 17"):
        engine_from("spark-local")


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_master_that_does_not_answer_is_named_within_seconds():
    pytest.importorskip("pyspark")
    with pytest.raises(OperatorError, match=r"no answer from spark://127\.0\.0\.1:1; expected a Spark master"):
        engine_from("spark://127.0.0.1:1")


def test_folders_that_are_no_columns_are_only_folders():
    assert folder_columns("/x=1/lake/organisation=trust/month=2026-03/part.parquet") == ["organisation", "month"]
    assert folder_columns("/lake/part.parquet") == []


@pytest.mark.xdist_group(SPARK_MARKS[0].args[0])
def test_nothing_but_the_answer_is_on_the_output(files: list[str]):
    """Spark speaks on the error stream alone, so that JSON for machines stays JSON."""
    pytest.importorskip("pyspark")
    ask = (
        "import os, sys; from openinfusion.lake.engine import engine_from\n"
        "with engine_from(os.environ['OPENINFUSION_ENGINE']) as engine:\n"
        "    print(engine.collect(engine.scan(sys.argv[1:])).height)\n"
    )
    env = {**os.environ, "OPENINFUSION_ENGINE": "spark-local[1]"}

    done = subprocess.run([sys.executable, "-c", ask, *files], capture_output=True, text=True, env=env, check=True)

    assert done.stdout == "6\n"
    assert "Exception" not in done.stderr
