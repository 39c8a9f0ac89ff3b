"""Control charts of the named questions: of the weeks of a year, with releases and notes marked on them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from openinfusion.adapters.report.spc_chart import Note, RateChart, drawn, sentence, signals, table_of
from openinfusion.core.spc import NHS
from openinfusion.lake.calendar import whole_weeks
from openinfusion.lake.charted import CHARTED
from openinfusion.lake.kept import can_be_told
from openinfusion.lake.month import Source
from openinfusion.lake.weekly import Weekly, Weeks, rate_chart
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.design.charts import Figure, figure
from openinfusion.web.insight.models import ChartNote
from openinfusion.web.insight.pages import Opened

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One control chart of a page."""

    slug: str
    asked: Weekly
    rate: RateChart

    @property
    def is_empty(self) -> bool:
        """Whether no week has a value."""
        return not any(point.value is not None for point in self.rate.chart.points)

    @property
    def says(self) -> str:
        """What it shows, in a sentence or two."""
        return self.asked.missing if self.is_empty else sentence(self.rate)

    @property
    def signals(self) -> list[str]:
        """The rules that were broken."""
        return [] if self.is_empty else signals(self.rate.chart)

    @property
    def latest(self) -> str:
        """The last week that has a value."""
        values = [point.value for point in self.rate.chart.points if point.value is not None]
        return self.rate.show(values[-1] if values else None)

    @property
    def centre(self) -> str:
        """The centre line of the last phase."""
        return self.rate.show(self.rate.chart.phases[-1].centre if not self.is_empty else None)

    def figure(self) -> Figure:
        """Return it as it is drawn, with its table."""
        return figure(drawn(self.rate), f"Control chart: {self.rate.heading}. {self.says}", table_of(self.rate))


class Charting:
    """The charts of one page: they share their weeks, their notes and what is asked."""

    def __init__(self, told: Opened) -> None:
        """Ask nothing yet but the releases."""
        first, month = told.picked.first, told.picked.month
        self.source = told.standing.source.with_releases(first, month)
        self.weekly = self.source.answers(first, month)
        stop = min(month.stop, told.standing.held.last + _INSTANT)
        self.days = tuple(whole_weeks(max(first.start, _begin(told.standing.held.first)), stop))
        self.notes = notes(told.organisation, self.source)

    def chart(self, slug: str) -> Chart:
        """Return one chart; ``slug`` is one of CHARTED."""
        asked = CHARTED[slug]
        marks = [note for chart, note in self.notes if chart in {"", slug}]
        weeks = Weeks(days=self.days, notes=marks, rules=NHS)
        return Chart(slug=slug, asked=asked, rate=rate_chart(asked, weekly=self.weekly, weeks=weeks))

    def all(self) -> list[Chart]:
        """Return every chart that can be told with this filter, those with signals first."""
        told = [slug for slug, one in CHARTED.items() if can_be_told(one.question, self.source.only)]
        made = [self.chart(slug) for slug in told]
        return sorted(made, key=lambda one: (one.is_empty, not one.signals))


def _begin(first: datetime) -> datetime:
    """Return the midnight before the first event: a week that had begun before is torn."""
    return datetime(first.year, first.month, first.day, tzinfo=UTC)


def notes(organisation: Organisation, source: Source) -> list[tuple[str, Note]]:
    """Return what is marked on charts: releases, and what people wrote, each with its chart ("": every one)."""
    releases = [("", Note(one.on, f"library {one.words}")) for one in source.notes()]
    written = ChartNote.objects.filter(organisation=organisation, taken_down_at=None)
    return [*releases, *((one.chart, Note(one.on, one.words)) for one in written)]
