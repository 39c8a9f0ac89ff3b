"""The second half of the demo: a season of synthetic pump events, from the log to the month of a trust."""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from openinfusion.adapters.library_file import read_library
from openinfusion.adapters.report.month import write_month
from openinfusion.cli.console import say, table
from openinfusion.core.replay import Change, Result
from openinfusion.core.wording import counted
from openinfusion.lake.calendar import Month
from openinfusion.lake.engine import Engine, PolarsEngine
from openinfusion.lake.ingest import Settings as IngestSettings
from openinfusion.lake.ingest import ingest
from openinfusion.lake.month import MonthSettings, month_report, organisation_of
from openinfusion.lake.registers import Registers, read_pumps, read_releases
from openinfusion.lake.replay import replay_lake
from openinfusion.lake.store import Lake
from openinfusion.lake.what_if import changes_by
from openinfusion.pump.trust import Settings, write_example

PUMPS, DAYS, START, MONTH = 60, 150, date(2025, 10, 1), "2026-02"
SHOWN = 6


def play_events(examples: Path, report: Path) -> None:
    """Write five months of events, take them in, ask what the corrected library would have done, report on a month."""
    with TemporaryDirectory(prefix="openinfusion-demo-") as name, PolarsEngine() as engine:
        folder = Path(name)
        say(f"{PUMPS} synthetic pumps, {DAYS} days, in the open event log ...")
        write_example(
            folder / "log", Settings(examples=examples, pumps=PUMPS, days=DAYS, start=START, seed=1), workers=1
        )
        lake = _take_in(folder)
        _what_if(lake, examples, engine)
        settings = MonthSettings(
            month=Month.read(MONTH),
            organisation=organisation_of(lake, None),
            library=read_library(examples / "library-1.1.0.json"),
            made_at=datetime.now(tz=UTC),
        )
        registers = Registers(
            pumps=read_pumps(folder / "log" / "pumps.csv"), releases=read_releases(folder / "log" / "releases.csv")
        )
        made = month_report(lake, engine, registers, settings=settings)
        write_month(report, made)
        rows = [(f.name, f.before, f.now, f.counted) for f in made.figures if f.is_headline]
        say(table(f"The month: {made.month}", ("figure", made.before, made.month, "counted"), rows, right=(1, 2)), "")


def _take_in(folder: Path) -> Lake:
    files = sorted((folder / "log").glob("events-*.jsonl.zst"))
    taken = list(ingest(folder / "lake", [*files, files[0]], IngestSettings(workers=0), acknowledge=_quietly))
    kept, twice = sum(one.taken.kept for one in taken), sum(one.taken.duplicates for one in taken)
    say(
        f"taken in: {counted(kept, 'event')} kept, {twice:,} sent twice and kept once (the first file was sent again).",
        "",
    )
    return Lake.open(folder / "lake")


def _quietly(file: str, first: int, last: int) -> None:
    """Take note of what is safe without a word."""


def _what_if(lake: Lake, examples: Path, engine: Engine) -> None:
    """Say what the two versions of the library would have done with every programme in the lake."""
    libraries = [read_library(examples / f"library-{version}.json") for version in ("1.0.0", "1.1.0")]
    replayed = replay_lake(lake.events(engine), lake.shapes(), libraries, engine=engine)
    rows = [
        (result.value, *(f"{replayed.results(number)[result]:,}" for number in range(len(libraries))))
        for result in Result
    ]
    say(f"{replayed.programmes:,} programmes, attempts that were refused among them, held against both versions:", "")
    say(table("What each version would have done", ("result", "1.0.0", "1.1.0"), rows, right=(1, 2)), "")
    changes = changes_by(replayed, lambda group: group.drug)
    shown = [(drug, _words(counts), f"{counts.total():,}") for drug, counts in list(changes.items())[:SHOWN]]
    say(table("What changes, by drug", ("drug", "change", "programmes"), shown, right=(2,)), "")


def _words(counts: Counter[Change]) -> str:
    return ", ".join(f"{change.value} ({count:,})" for change, count in counts.most_common())
