"""The month of a trust, from event logs to the page: figures agree with a month that was counted by hand."""

from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from openinfusion.adapters.report.month import MonthReport, render_month
from openinfusion.cli.app import app
from openinfusion.core.errors import OpenInfusionError, TableError
from openinfusion.core.spc import SHIFT
from openinfusion.lake import month as months
from openinfusion.lake.calendar import Month, week_of, whole_weeks
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.ingest import Settings, ingest
from openinfusion.lake.month import MonthSettings, Source, month_report, organisation_of
from openinfusion.lake.registers import Registers, read_pumps, read_releases
from openinfusion.lake.store import Lake
from openinfusion.lake.weekly import CHARTS, weekly_block
from tests.month_log import OTHER, PATIENT, TRUST, Log, counted_by_hand, march, write_log

MARCH = Month.read("2026-03")


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    """A lake of two organisations; the other one's infusions must never be counted."""
    folder = tmp_path_factory.mktemp("month")
    stranger = Log("P1", ids="b")
    for n in range(40):
        stranger.infusion(march(5, n), n, with_library=False)
    files = [
        write_log(folder / "a.jsonl", counted_by_hand()),
        write_log(folder / "b.jsonl", stranger.records, OTHER),
    ]
    told = list(ingest(folder / "lake", files, Settings(workers=0), acknowledge=lambda *_: None))
    assert all(summary.is_whole for summary in told), told
    return Lake.open(folder / "lake")


def ask(lake: Lake, month: Month = MARCH, registers: Registers | None = None, **changes) -> MonthReport:
    settings = MonthSettings(month=month, organisation=TRUST, **changes)
    return month_report(lake, PolarsEngine(), registers or Registers(), settings=settings)


@pytest.fixture(scope="module")
def report(lake) -> MonthReport:
    return ask(lake)


@pytest.fixture(scope="module")
def html(report) -> str:
    return render_month(report)


@pytest.mark.parametrize(
    ("name", "now", "before", "counted"),
    [
        ("Infusions started", "10", "1", "10 of 10 attempted"),
        ("Library used, medicines", "75.0 %", "0.0 %", "6 of 8 infusions"),
        ("Library used, fluids", "100.0 %", "not known", "2 of 2 infusions"),
        ("Basic mode, all infusions", "20.0 %", "100.0 %", "2 of 10 infusions"),
        ("Alerts per 100 infusions", "30.0", "0.00", "3 in 10 infusions"),
        ("Infusions with an alert", "37.5 %", "not known", "3 of 8 infusions with the library"),
        ("Soft alerts overridden", "50.0 %", "not known", "1 of 2 soft alerts"),
        ("Overridden within 2 seconds", "0.0 %", "not known", "0 of 3 alerts"),
        ("Alerts reprogrammed", "33.3 %", "not known", "1 of 3 alerts"),
        ("Met a hard limit", "12.5 %", "not known", "1 of 8 infusions with the library"),
        ("At twice the limit or beyond", "100.0 %", "not known", "3 of 3 alerts"),
        ("Good catches", "1", "not known", "1 of 3 dangerous attempts"),
        ("Alarms per infusion", "0.10", "0.00", "1 in 10 infusions"),
        ("Pumps in service that were heard", "not known", "not known", "not known"),
    ],
)
def test_figures_agree_with_the_month_counted_by_hand(report, name, now, before, counted) -> None:
    """Of this trust and this month alone; what has no denominator is not known, never 0."""
    (figure,) = [figure for figure in report.figures if figure.name == name]
    assert (figure.now, figure.before, figure.counted) == (now, before, counted)


def test_changes_are_told_in_words(report) -> None:
    """Percentage points for shares, plain numbers for counts."""
    words = {figure.name: figure.change for figure in report.figures}
    assert words["Library used, medicines"] == "up 75.0 percentage points from 0.0 %"
    assert words["Infusions started"] == "up 9 from 1"
    assert words["Library used, fluids"] == "not known for February 2026"
    assert words["Pumps in service that were heard"] == "not known"


def test_the_funnel_adds_up(report) -> None:
    """Each level is the first part of the one above, and alerts are parted by what became of them."""
    started, programmed, alerts = report.funnel
    assert (started.total, started.parts[0].count) == (10, 8)
    assert (programmed.total, programmed.parts[0].count) == (8, 3)
    assert [(part.words, part.count) for part in alerts.parts] == [
        ("overridden", 1),
        ("reprogrammed", 1),
        ("cancelled", 0),
        ("unknown", 1),
    ]


def test_a_good_catch_is_told(report) -> None:
    """What was attempted, the limit, how far, and what ran then; only the week says when."""
    (story,) = [story for section in report.sections for block in section.blocks for story in block.stories]
    assert (story.drug, story.care_area, story.week) == ("morphine", "ward", "2-Mar-2026")
    assert (story.attempted, story.limit) == ("12.5 mg/h", "5 mg/h (hard maximum)")
    assert story.times == "2.5 times the limit"
    assert story.then == "Reprogrammed. 1 mg/h ran within 5 minutes."


def test_nobody_is_named(html) -> None:
    """A patient's number in the log never reaches the page, nor does the name of a pump or an infusion."""
    assert PATIENT not in html
    assert "P1-i" not in html


def test_what_is_not_known_is_said(html) -> None:
    """No register, no library, no releases: each absence has its words, and the page is marked as a test."""
    for words in (
        "Not known: no register of pumps was given (--register).",
        "Not known: no library was given to replay (--library).",
        "no register of releases was given",
        "No gap was reported; what nobody reports as lost is not known.",
        "Not for clinical use.",
        "“vit k”",
    ):
        assert words in html, words


def test_registers_fill_what_was_not_known(lake, tmp_path) -> None:
    """Two pumps in service, one of them silent; a release is a note on the charts."""
    pumps, releases = tmp_path / "pumps.csv", tmp_path / "releases.csv"
    pumps.write_text(f"organisation,pump,in_service_from\n{TRUST},P1,2025-01-01\n{TRUST},P2,2025-01-01\n", "utf-8")
    releases.write_text(
        "organisation,library_name,library_version,released_at\n"
        f"{TRUST},Example,1.1.0,2026-01-05T09:00:00Z\n{TRUST},Example,1.2.0,2026-03-15T10:00:00+01:00\n",
        "utf-8",
    )
    registers = Registers(pumps=read_pumps(pumps), releases=read_releases(releases))
    made = ask(lake, registers=registers)
    words = {figure.name: (figure.now, figure.counted) for figure in made.figures}
    assert words["Pumps in service that were heard"] == ("50.0 %", "1 of 2 pumps in service")
    # Nothing with the library started after the second release.
    assert words["On an outdated library"] == ("0.0 %", "0 of 8 infusions with the library")
    page = render_month(made)
    assert ">1.1.0<" in page
    assert "1 in service sent none" in page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("organisation,pump\nA,1\n", "found no column in_service_from"),
        (
            "organisation,pump,in_service_from\nA,1,2026-01-01\nA,2,yesterday\n",
            "row 3, in_service_from: found 'yesterday'",
        ),
        ("organisation,pump,in_service_from\nA,,2026-01-01\n", "row 2, pump: found nothing"),
        ("", "found no table"),
    ],
)
def test_a_register_that_cannot_be_read_is_refused(tmp_path, text, message) -> None:
    """With the place; never a traceback."""
    path = tmp_path / "pumps.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(TableError, match=message):
        read_pumps(path)


def test_a_month_without_records_is_an_honest_page(lake) -> None:
    """No figure, no funnel; every block says that there is nothing."""
    made = ask(lake, Month.read("2024-05"))
    assert not made.figures
    assert not made.funnel
    page = render_month(made)
    assert "No infusion was started in this month, or none reached the lake." in page
    assert "No alert this month." in page


def test_an_organisation_must_be_chosen_among_several(lake) -> None:
    """The message names those that there are; asking for one that is absent is refused too."""
    with pytest.raises(OpenInfusionError, match=f"{OTHER}, {TRUST}"):
        organisation_of(lake, None)
    with pytest.raises(OpenInfusionError, match="'Nobody'"):
        organisation_of(lake, "Nobody")
    assert organisation_of(lake, TRUST) == TRUST


def test_a_rebase_begins_a_phase_in_its_week(tmp_path) -> None:
    """Use of the library doubles in January; with a rebase there the charts show no shift."""
    log = Log()
    for week, monday in enumerate(whole_weeks(Month.read("2025-06").start, MARCH.stop)):
        share = 5 if monday < date(2025, 12, 1) else 9
        for n in range(10):
            on = datetime(monday.year, monday.month, monday.day, n, tzinfo=UTC)
            log.infusion(on, 100 * week + n, with_library=n < share)
    files = [write_log(tmp_path / "a.jsonl", log.records)]
    assert all(s.is_whole for s in ingest(tmp_path / "lake", files, Settings(workers=0), acknowledge=lambda *_: None))
    lake = Lake.open(tmp_path / "lake")
    whole, parted = (_medicines(lake, days) for days in ((), (date(2025, 12, 3),)))
    assert SHIFT.words in whole
    assert SHIFT.words not in parted


def _medicines(lake: Lake, rebase_at: tuple[date, ...]) -> str:
    """What the first chart says."""
    source = Source(lake=lake, engine=PolarsEngine(), registers=Registers(), organisation=TRUST)
    asked = months.ask(source, MonthSettings(month=MARCH, organisation=TRUST, rebase_at=rebase_at))
    return weekly_block(CHARTS[0], now=asked.now, weekly=asked.weekly, weeks=asked.weeks).says


def test_the_command_writes_the_page_and_prints_the_figures(lake, tmp_path) -> None:
    """One file, the figures on the terminal, and the mark that this is a test."""
    target = tmp_path / "month.html"
    run = ["report", str(lake.path), "--month", "2026-03", "--organisation", TRUST, "--html", str(target)]
    result = CliRunner().invoke(app, run, env={"OPENINFUSION_ENGINE": ""})
    assert result.exit_code == 0, result.output
    assert "6 of 8 infusions" in result.output
    assert "Not for clinical use." in result.output
    assert target.read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("text", ["2026-13", "2026", "0000-01", "march"])
def test_what_is_no_month_is_refused(text) -> None:
    """With an example of how to write one."""
    with pytest.raises(OpenInfusionError, match="such as 2026-03"):
        Month.read(text)


def test_months_and_weeks_of_the_calendar() -> None:
    """A year's turn, a month's ends, and only weeks that lie within, whole."""
    january = Month.read("2026-01")
    assert str(january.back(1)) == "2025-12"
    assert (MARCH.start, MARCH.stop) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert [str(m) for m in january.with_before(2)] == ["2025-11", "2025-12", "2026-01"]
    assert MARCH.since(Month.read("2025-03")) == 12
    assert list(whole_weeks(MARCH.start, MARCH.stop)) == [date(2026, 3, day) for day in (2, 9, 16, 23)]
    assert week_of(date(2026, 3, 8)) == date(2026, 3, 2)
