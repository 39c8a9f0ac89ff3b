"""The month of a trust: asks the named questions of a lake and fills the report; it defines no figure of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property, partial

import polars as pl

from openinfusion.adapters.report.month import Level, MonthReport, Part, Tone
from openinfusion.adapters.report.spc_chart import Note
from openinfusion.core.errors import OperatorError
from openinfusion.core.library import Library
from openinfusion.core.spc import NHS, Rule
from openinfusion.lake.answers import SHARE, Answers, Told, show_value
from openinfusion.lake.calendar import Month, whole_weeks
from openinfusion.lake.engine import Engine
from openinfusion.lake.kept import KeptAnswers, Shelf
from openinfusion.lake.month_limits import limits_that_do_nothing
from openinfusion.lake.month_parts import Asked, Names
from openinfusion.lake.month_sections import sections
from openinfusion.lake.questions.versions import releases
from openinfusion.lake.registers import RELEASES, Registers
from openinfusion.lake.store import Lake, Snapshot
from openinfusion.lake.tables import OUTCOMES, Frame, Tables
from openinfusion.lake.weekly import Weeks

FIGURES = (
    Told("infusions", "Infusions started", "attempted", keys=(("stage", "started"),), is_count=True),
    Told("ders-compliance", "Library used, medicines", "infusions", keys=(("category", "medicine"),), is_headline=True),
    Told("ders-compliance", "Library used, fluids", "infusions", keys=(("category", "fluid"),), is_headline=True),
    Told("basic-mode", "Basic mode, all infusions", "infusions"),
    Told("library-coverage", "Library had the drug", "infusions of a known drug"),
    Told("alerts-per-100", "Alerts per 100 infusions", "infusions", is_headline=True),
    Told("alert-rate", "Infusions with an alert", "infusions with the library"),
    Told("override-rate", "Soft alerts overridden", "soft alerts", is_headline=True),
    Told("quick-override", "Overridden within 2 seconds", "alerts"),
    Told("reprogram-rate", "Alerts reprogrammed", "alerts"),
    Told("cancel-rate", "Alerts cancelled", "alerts"),
    Told("hard-limit-infusions", "Met a hard limit", "infusions with the library", is_headline=True),
    Told("twofold-alerts", "At twice the limit or beyond", "alerts"),
    Told("good-catches", "Good catches", "dangerous attempts", is_headline=True, is_count=True),
    Told("critical-catches", "Critical catches", "critical attempts", is_count=True),
    Told("hard-stop-then-other-profile", "Hard limits gone around", "alerts on a hard limit"),
    Told("outdated-infusions", "On an outdated library", "infusions with the library", is_headline=True),
    Told("mixed-versions", "Mixed-version index", "pairs of infusions"),
    Told("alarms-per-infusion", "Alarms per infusion", "infusions", is_headline=True),
    Told("long-alarms", "Alarms over 4 minutes", "alarms"),
    Told("time-in-alarm", "Infusion time in alarm", "hours", per=3_600_000),
    Told("log-coverage", "Pumps in service that were heard", "pumps in service"),
    Told("lost-records", "Records reported lost", "records"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSettings:
    """What to report on, and how; ``rebase_at`` are days on which control charts begin a new phase."""

    month: Month
    organisation: str
    library: Library | None = None
    rules: tuple[Rule, ...] = NHS
    rebase_at: tuple[date, ...] = ()
    made_at: datetime | None = None


def organisation_of(lake: Lake, wanted: str | None) -> str:
    """Return whose month it is: the one asked for, or the only one that the lake holds."""
    held = sorted(set(lake.snapshot().files["organisation"]))
    if wanted is None and len(held) == 1:
        return str(held[0])
    if wanted in held:
        return str(wanted)
    known = ", ".join(held) or "none: the lake is empty"
    found = "no organisation" if wanted is None else repr(wanted)
    raise OperatorError(where="--organisation", found=found, expected=f"one that the lake holds ({known})")


def month_report(lake: Lake, engine: Engine, registers: Registers, *, settings: MonthSettings) -> MonthReport:
    """Return the report of one month of one organisation."""
    source = Source(lake=lake, engine=engine, registers=registers, organisation=settings.organisation)
    asked = ask(source, settings)
    before = settings.month.back(1).words
    figures = [told.figure(asked.now, asked.before, before) for told in FIGURES]
    return MonthReport(
        organisation=settings.organisation,
        month=settings.month.words,
        before=before,
        basis=_basis(asked),
        purpose=_purpose(lake, settings.library),
        made_at=settings.made_at,
        libraries=_libraries(asked.now),
        figures=figures if _started(asked.now) else [],
        funnel=funnel(asked.now),
        sections=sections(asked),
    )


def _purpose(lake: Lake, library: Library | None) -> str:
    """Return the purpose of the events; with a library that is an example, so is the report."""
    is_example = library is not None and library.library.not_for_clinical_use
    return "example" if is_example and lake.purpose == "clinical" else lake.purpose


def ask(source: "Source", settings: MonthSettings, *, replays: bool = True) -> Asked:
    """Return what a month is told from; without ``replays``, nothing is replayed over the library."""
    month, library = settings.month, settings.library
    first = month.year_before
    known = source.with_releases(first, month)
    weekly = known.answers(first, month)
    return Asked(
        month=month,
        now=known.answers(month, month),
        before=known.answers(month.back(1), month.back(1)),
        weekly=weekly,
        weeks=Weeks(
            days=tuple(whole_weeks(first.start, month.stop)),
            notes=known.notes(),
            rules=settings.rules,
            rebase_at=settings.rebase_at,
        ),
        names=Names(library),
        silent=limits_that_do_nothing(source.lake, weekly, library) if replays and library is not None else None,
        has_pumps=source.registers.pumps is not None,
        has_releases=source.registers.releases is not None,
    )


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    One version of a lake, so that every part of a report counts the same records.

    Attributes:
        lake: the lake.
        engine: what runs the questions.
        registers: what is known beside the events.
        organisation: whose events.
        version: of the lake; the newest unless it is given.
        shelf: where answers are kept, if they are.
        only: what of some dimensions is asked about, such as one care area; for answers that are kept.
        released: the months in which releases were seen, where no register tells them; for answers that are kept.

    """

    lake: Lake
    engine: Engine
    registers: Registers
    organisation: str
    version: int | None = None
    shelf: Shelf | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    released: str = ""

    @cached_property
    def snapshot(self) -> Snapshot:
        """The version; read only where an answer is not kept."""
        return self.lake.snapshot(self.version)

    def answers(self, first: Month, last: Month) -> Answers:
        """Return what can be asked of the months from first to last."""
        if self.shelf is None:
            return Answers(self.engine, self.tables(first, last))
        tables = partial(self.tables, first, last)
        asked = stretch(first, last)
        return KeptAnswers(self.engine, tables, shelf=self.shelf, stretch=asked, only=self.only, released=self.released)

    def tables(self, first: Month, last: Month) -> Tables:
        """Return what the questions are asked of."""
        months = [str(month) for month in last.with_before(last.since(first))]
        events = self.lake.events(self.engine, organisation=self.organisation, months=months, snapshot=self.snapshot)
        beside = (self.registers.pumps, self.registers.releases, self.registers.drugs)
        pumps, known, drugs = (self._register(table) for table in beside)
        return Tables(events=events, pumps=pumps, releases=known, drugs=drugs)

    def _register(self, table: pl.DataFrame | None) -> Frame | None:
        if table is None:
            return None
        return self.engine.table(table.filter(pl.col("organisation") == self.organisation))

    def with_releases(self, first: Month, last: Month) -> "Source":
        """Return the same with a table of releases: without a register, when pumps had each version first."""
        if self.registers.releases is not None:
            return self
        seen = self._seen(first, last)
        return replace(self, registers=replace(self.registers, releases=seen), released=self.released_in(first, last))

    def released_in(self, first: Month, last: Month) -> str:
        """Return how answers are kept that rest on the releases of these months; "" where a register tells them."""
        return stretch(first, last) if self.registers.releases is None else self.released

    def _seen(self, first: Month, last: Month) -> pl.DataFrame:
        def make() -> pl.DataFrame:
            return self.engine.collect(releases(self.tables(first, last)).select(*RELEASES))

        return make() if self.shelf is None else self.shelf.answer("releases", stretch(first, last), make)

    def notes(self) -> list[Note]:
        """Return the releases as notes, in their order."""
        table = self.registers.releases
        mine = [] if table is None else table.filter(pl.col("organisation") == self.organisation).to_dicts()
        ordered = sorted(mine, key=lambda row: (row["released_at"], row["library_version"]))
        return [Note(row["released_at"].astimezone(UTC).date(), row["library_version"]) for row in ordered]


def stretch(first: Month, last: Month) -> str:
    """Return the name of some months, as answers are kept by."""
    return f"{first}..{last}"


def _started(answers: Answers) -> int:
    row = answers.one("infusions", {"stage": "started"})
    return row["numerator"] if row else 0


def funnel(answers: Answers) -> list[Level]:
    """Return how infusions became alerts, and alerts answers."""
    stages = {row["stage"]: row for row in answers.rows("infusions")}
    if not stages:
        return []
    started, with_library = (stages[name]["numerator"] for name in ("started", "with library"))
    if not started:
        return []
    alerted, programmed = (answers.one("alert-rate") or {}).get("numerator", 0), _of_library(answers)
    words = {"overridden": Tone.ALERT, "reprogrammed": Tone.SAFE, "cancelled": Tone.SAFE, "unknown": Tone.UNKNOWN}
    outcomes = {row["outcome"]: row["numerator"] for row in answers.rows("alert-outcomes")}
    return [
        Level(
            "infusions were started",
            (
                Part("with the library", with_library, Tone.STRONG),
                Part("without it (basic mode)", started - with_library, Tone.PALE),
            ),
        ),
        Level(
            f"infusions were programmed with the library ({programmed - with_library:,} of them never started)",
            (Part("gave an alert", alerted, Tone.ALERT), Part("gave none", programmed - alerted, Tone.PALE)),
        ),
        Level("alerts came of them", tuple(Part(name, outcomes.get(name, 0), words[name]) for name in OUTCOMES)),
    ]


def _of_library(answers: Answers) -> int:
    row = answers.one("alert-rate")
    return row["denominator"] if row else 0


def _libraries(answers: Answers) -> Sequence[str]:
    """Return the libraries that infusions of the month ran on, the most used first."""
    rows = sorted(answers.rows("basic-mode", "library_version"), key=lambda row: -row["denominator"])
    return [f"{row['library_version'] or 'not named'} ({row['denominator']:,} infusions)" for row in rows]


def _basis(asked: Asked) -> str:
    """Return in one sentence what the report rests on."""
    row = asked.now.one("basic-mode")
    if row is None or not row["denominator"]:
        return "No infusion was started in this month, or none reached the lake."
    heard = asked.now.one("log-coverage")
    pumps = "" if heard is None else f" of {heard['unmapped_of'] or 0:,} pumps"
    if asked.has_pumps and heard is not None:
        pumps += f", {heard['numerator'] or 0:,} of the {heard['denominator'] or 0:,} in service"
    share = show_value(Fraction(row["unmapped"], row["unmapped_of"]), SHARE)
    return (
        f"{row['denominator']:,} infusions{pumps}; {share} of the infusions name no drug or no care area."
        " What is not known stands at the end."
    )
