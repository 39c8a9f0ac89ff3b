"""`openinfusion demo`: the main job on example data, from a vendor's spreadsheet to a report."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.rule import Rule
from rich.text import Text

from openinfusion.adapters.documents import refuse_to_overwrite
from openinfusion.adapters.infusions import InfusionReading, read_infusions, shipped_infusion_mapping
from openinfusion.adapters.library_file import read_library
from openinfusion.adapters.open_library import mapping_for, open_library
from openinfusion.adapters.report.page import ReportData, ReportDifference, ReportFinding, write_report
from openinfusion.adapters.report.tables import comparison_table, headline, replay_tables
from openinfusion.adapters.tables import read_back
from openinfusion.cli import show
from openinfusion.cli.console import say
from openinfusion.cli.demo_events import play_events
from openinfusion.cli.demo_incidents import play_incidents
from openinfusion.cli.demo_web import show_web
from openinfusion.cli.libraries import say_problems
from openinfusion.cli.replay import rich_table
from openinfusion.core.difference import Difference, difference
from openinfusion.core.errors import FileAccessError
from openinfusion.core.injection import inject
from openinfusion.core.replay import compare_replays, replay
from openinfusion.core.review import Review, Severity, review
from openinfusion.core.wording import counted

MOST_GROUPS = 12
MOST_CHANGES = 16
MOST_DRUGS = 15
MIMIC = Path("mimic-iii-demo") / "INPUTEVENTS_MV.csv"
CLINICAL = "Not for clinical use: the trust is fictitious, and values marked so are invented."


@dataclass(frozen=True, slots=True)
class _Examples:
    """The example trust: the vendor's export with the fault of November 2018, and the version that mends it."""

    folder: Path

    @property
    def export(self) -> Path:
        return self.folder / "vendor-export-2018.xlsx"

    @property
    def approved(self) -> Path:
        return self.folder / "library-1.0.0.json"

    @property
    def mended(self) -> Path:
        return self.folder / "library-1.1.0.json"

    @property
    def infusions(self) -> Path:
        return self.folder / "infusions.csv"


WHERE = "the folder examples/trust of the repository; --examples says where it is"


def run_demo(
    examples: Annotated[Path, typer.Option(help="the folder of the example trust")] = Path("examples/trust"),
    *,
    reference_data: Annotated[
        Path | None, typer.Option(help="a folder that holds mimic-iii-demo/; OPENINFUSION_SHARED_DATA names it too")
    ] = None,
    report: Annotated[Path, typer.Option(help="where to write the report")] = Path("demo-report.html"),
    month: Annotated[Path, typer.Option(help="where to write the month of the trust")] = Path("demo-month.html"),
    web: Annotated[bool, typer.Option(help="end with the web application running on the example trust")] = True,
) -> None:
    """
    Show the main job on example data: import, review, incidents, difference, replay, pump events, reports, pages.

    Example: openinfusion demo --report demo-report.html
    """
    if not examples.is_dir():
        raise FileAccessError(where=str(examples), found="no such folder", expected=WHERE)
    trust = _Examples(examples)
    refuse_to_overwrite(report, *examples.iterdir())
    refuse_to_overwrite(month, *examples.iterdir(), report)
    today = datetime.now(tz=UTC)
    say(
        Text("OpenInfusion: what is wrong with a drug library, and what would its limits have done?", style="bold"),
        CLINICAL,
    )

    _title(1, "Import the vendor's spreadsheet")
    opened = open_library(trust.export, "alaris")
    say_problems(opened)
    approved, mended = read_library(trust.approved), read_library(trust.mended)

    _title(2, "Review it")
    found = review(opened.library, at=today.date())
    show.review_summary(found, opened.library, limit=MOST_GROUPS)
    show.injection_headline(inject(opened.library))

    _title(3, "Read it back against the approved library: typing errors")
    show.read_back(read_back(approved, trust.export, mapping_for("alaris")))

    _title(4, "The three incidents of November 2018 (HSIB 2020, section 3), played on the virtual pump")
    play_incidents(examples)

    _title(5, "What the corrected version changes")
    changed = difference(approved, mended)
    show.changes(changed, limit=MOST_CHANGES)

    _title(6, "Hold past infusions against both versions")
    reading = _read_infusions(trust, reference_data)
    before, after = replay(approved, reading.infusions), replay(mended, reading.infusions)
    say(f"{reading.source}: {counted(reading.rows, 'row')}, {counted(len(reading.infusions), 'infusion')} used", "")
    say(headline(after), "")
    for made in replay_tables(after)[:2]:
        say(rich_table(made, most=MOST_DRUGS), "")
    changes = compare_replays(before, after)
    say(rich_table(comparison_table(changes)))

    data = ReportData(
        title="From the export of 2018 to the corrected library, and what its limits would have done",
        library=mended,
        made_at=today,
        reading=reading,
        replay=after,
        findings=_report_findings(found),
        review_title="What was wrong with the export of 2018",
        review_summary=_counts_in_words(found, trust.export.name),
        differences=_report_differences(changed),
        compared_with=f"the corrected version {mended.library.version}",
        changes=changes,
    )
    write_report(report, data)
    _title(7, "What the pumps saw: events, taken in exactly once, asked and replayed")
    play_events(examples, month)
    _title(8, "The reports")
    say(f"wrote {report} and {month}: open them in any browser; they need no network.", CLINICAL)
    if web:
        _title(9, "The web application")
        show_web(examples.parent)


def _title(number: int, words: str) -> None:
    say("", Rule(Text(f"{number}. {words}", style="bold"), align="left"), "")


def _read_infusions(trust: _Examples, reference_data: Path | None) -> InfusionReading:
    """Read the real intensive-care infusions where they lie, or the synthetic file of the repository."""
    named = reference_data or Path(os.environ.get("OPENINFUSION_SHARED_DATA", ""))
    if (named / MIMIC).is_file():
        return read_infusions(named / MIMIC, shipped_infusion_mapping("mimic-iii"))
    say("The MIMIC-III demo data are not here, so the synthetic infusions of the example trust are used.")
    return read_infusions(trust.infusions, shipped_infusion_mapping("plain"))


def _report_findings(found: Review) -> list[ReportFinding]:
    return [
        ReportFinding(
            severity=group.severity.value,
            rule=group.rule.id,
            drug=group.drug or "several",
            where=str(group.findings[0].place) if len(group.findings) == 1 else f"{len(group.findings):,} places",
            message=group.findings[0].message if len(group.findings) == 1 else group.rule.title,
        )
        for group in found.groups()
    ]


def _counts_in_words(found: Review, name: str) -> str:
    counts = ", ".join(f"{found.count(severity):,} {severity.value}" for severity in Severity)
    return f"{name}, as imported: {counts} findings in {len(found.groups()):,} groups, gravest first."


def _report_differences(changed: Difference) -> list[ReportDifference]:
    return [
        ReportDifference(
            change=change.kind.value,
            about=change.subject,
            field=change.field_words,
            before=change.before or "",
            after=change.after or "",
        )
        for change in changed.changes
    ]
