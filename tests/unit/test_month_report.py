"""The month of a trust as a page: what is given is shown, escaped and explained, and an empty place says why."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from openinfusion.adapters.report.month import (
    Block,
    Definition,
    DrugRow,
    Figure,
    Level,
    MonthReport,
    Part,
    Section,
    Story,
    Tone,
    rate_block,
    render_month,
)
from openinfusion.adapters.report.spc_chart import Better, Note, RateChart, picture, sentence, signals, table_of
from openinfusion.adapters.report.tables import make_table
from openinfusion.core.spc import RULE_SETS, Count, Measure, draw

HOSTILE = '<script>alert("1")</script> & <img src=x onerror=alert(1)>'
START = date(2025, 3, 3)
VOID = frozenset({"meta", "br", "img", "link", "hr", "input"})
MEANING = Definition(
    words="Of all, some.", numerator="some", denominator="all", coverage="3 of 4 pumps", unmapped="2 %"
)


class Page(HTMLParser):
    """Collects tags and ids, and checks that tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open
        assert self.open.pop() == tag


def weeks(*values: tuple[int, int]) -> list[Count]:
    return [Count((START + timedelta(weeks=n)).isoformat(), *value) for n, value in enumerate(values)]


def rate(*values: tuple[int, int], measure=Measure.SHARE, better=Better.HIGHER, **options) -> RateChart:
    return RateChart(
        heading="Compliance",
        chart=draw(measure, weeks(*values), **options),
        unit="% of infusions",
        events="with the library",
        exposure="infusions",
        better=better,
    )


QUIET = [(60, 100), (62, 100), (58, 100), (61, 100), (59, 100)] * 4
LOUD = [*QUIET, (90, 100)]


def report(**changes) -> MonthReport:
    story = Story(
        drug="Morphine",
        care_area="Ward",
        week="9-Mar-2026",
        attempted="10 mg/h",
        limit="5 mg/h",
        times="2 times the limit",
        then="Reprogrammed to 1 mg/h.",
    )
    drug = DrugRow(drug="Morphine", soft=30, hard=2, per_100="3.2", overridden="66 %", quick="14 %", most_times="2.0")
    blocks = [
        rate_block(rate(*LOUD), MEANING),
        Block(heading="Stories", stories=[story], definition=MEANING),
        Block(heading="Top drugs", drugs=[drug]),
        Block(heading="A table", table=make_table("t", ("a", "b"), [("cell 1", "2")], numbers=[1])),
        Block(heading="Update curve", missing="Not known: no register of pumps was given."),
    ]
    base = MonthReport(
        organisation="Example trust",
        month="March 2026",
        before="February 2026",
        basis="100 infusions.",
        made_at=datetime(2026, 4, 1, 9, tzinfo=UTC),
        libraries=["Example 1.1.0"],
        figures=[
            Figure(name="Compliance", now="66 %", before="64 %", change="up 2", counted="66 of 100", is_headline=True),
            Figure(name="Overrides", now="3", before="4", change="down 1", counted="3 of 9"),
        ],
        funnel=[Level("infusions", (Part("with the library", 66, Tone.STRONG), Part("without", 34, Tone.PALE)))],
        sections=[Section(key="time", heading="Over time", blocks=blocks)],
    )
    return replace(base, **changes)


def test_everything_given_is_on_the_page() -> None:
    """Figures of both months, the funnel, stories, drugs, tables, charts and definitions."""
    html = render_month(report())
    for words in (
        *("Example trust, March 2026", "100 infusions.", "Example 1.1.0", "01-Apr-2026 09:00 UTC", "66 of 100"),
        *("February 2026", "down 1", "66.0 %", "2 times", "Reprogrammed to 1 mg/h.", "cell 1", "Update curve"),
        *(
            "Not known: no register of pumps was given.",
            "3 of 4 pumps",
            "Of all, some.",
            "14 %",
            "Numbers behind the chart",
        ),
    ):
        assert words in html, words


def test_the_page_is_well_formed_and_needs_nothing_else() -> None:
    """Tags close, ids are unique, every link of the page leads somewhere in it, and nothing is fetched or run."""
    html = render_month(report())
    page = Page(html)
    assert page.open == []
    ids = [str(attrs["id"]) for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [str(attrs["href"]) for tag, attrs in page.tags if tag == "a"]
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    assert not [tag for tag, _ in page.tags if tag in {"script", "link", "img", "iframe"}]
    assert not re.search(r"url\((?!#)|@import|src=", html)


def test_every_figure_of_the_head_is_among_the_changes() -> None:
    """The head shows some figures; the table of changes shows all, with both months."""
    html = render_month(report())
    head, changes = html.split('id="changes"')
    assert "Overrides" not in head
    assert all(words in changes for words in ("Compliance", "64 %", "Overrides", "3 of 9"))


def test_hostile_names_are_text() -> None:
    """A drug, a library or an organisation may be called anything."""
    figure = Figure(name=HOSTILE, now=HOSTILE, before=HOSTILE, change=HOSTILE, counted=HOSTILE, is_headline=True)
    drug = DrugRow(drug=HOSTILE, soft=1, hard=0, per_100="1", overridden="1", quick="1", most_times="1")
    bad = replace(rate(*QUIET), heading=HOSTILE, unit=HOSTILE, notes=[Note(START + timedelta(weeks=2), HOSTILE)])
    table = make_table(HOSTILE, (HOSTILE,), [(HOSTILE,)], numbers=[])
    blocks = [rate_block(bad, Definition(words=HOSTILE)), Block(heading=HOSTILE, table=table, drugs=[drug])]
    sections = [Section(key="x", heading=HOSTILE, intro=HOSTILE, blocks=blocks)]
    html = render_month(report(organisation=HOSTILE, libraries=[HOSTILE], figures=[figure], sections=sections))
    tags = {tag for tag, _ in Page(html).tags}
    assert not tags & {"script", "img"}


@pytest.mark.parametrize(
    ("purpose", "words"), [("example", "for an example"), ("test", "for a test"), ("training", "for training")]
)
def test_what_is_not_clinical_is_marked(purpose, words) -> None:
    """Events of an example, a test or a training never pass for those of patients."""
    html = render_month(report(purpose=purpose))
    assert "Not for clinical use." in html
    assert words in html
    assert "Not for clinical use." not in render_month(report())


def test_a_month_without_records_says_so() -> None:
    """No figures, no funnel, no sections: an honest page, and no dangling links."""
    html = render_month(MonthReport(organisation="T", month="March 2026", before="February 2026", basis="No record."))
    assert "No infusion of this month is in the lake" in html
    assert not [tag for tag, _ in Page(html).tags if tag == "a"]


def test_a_level_without_anything_has_no_bar() -> None:
    """Nothing divides by zero; the number 0 is shown."""
    html = render_month(report(funnel=[Level("alerts", (Part("overridden", 0, Tone.ALERT),))]))
    assert "<strong>0</strong> alerts" in html
    assert 'class="bar"' not in html


def test_a_small_part_is_not_shown_as_none() -> None:
    """One in ten thousand is under 0.1 %, none is 0.0 %."""
    level = Level("infusions", (Part("a", 1, Tone.ALERT), Part("b", 9_999, Tone.PALE), Part("c", 0, Tone.PALE)))
    assert [level.show_share(part) for part in level.parts] == ["under 0.1 %", "100.0 %", "0.0 %"]


def test_a_chart_without_values_is_missing() -> None:
    """Weeks without exposure are not a chart of zeros."""
    block = rate_block(rate((0, 0), (0, 0)), MEANING, missing="No alarm record is in the lake.")
    assert block.is_empty
    assert "No alarm record is in the lake." in render_month(
        report(sections=[Section(key="x", heading="h", blocks=[block])])
    )
    assert sentence(rate((0, 0))) == "Nothing was counted in these weeks."


def test_the_sentence_names_each_signal() -> None:
    """Which rule, in how many weeks, and when last; and the centre with its unit."""
    words = sentence(rate(*LOUD, baseline=20))
    assert words.startswith("Centre line 60.0 %; the latest week 90.0 %. Signals: outside (one point beyond 3 sigma)")
    assert "1 week, last in the week of 21-Jul-2025" in words
    assert "No signal" in sentence(rate(*QUIET))
    assert signals(rate(*QUIET).chart) == []


def test_the_sentence_says_how_far_limits_can_be_trusted() -> None:
    """Widened limits, few weeks and few events are each told."""
    assert "(Laney’s method)" in sentence(rate(*[(4000, 10_000), (6000, 10_000)] * 8))
    assert "they are provisional" in sentence(rate(*QUIET[:5]))
    assert "In 20 of 20 weeks fewer than five events" in sentence(rate(*[(1, 100)] * 20))
    assert "provisional" not in sentence(rate(*QUIET))


def test_the_table_has_every_week_and_its_limits() -> None:
    """Also a week without exposure, with dashes and not zeros."""
    table = table_of(rate(*LOUD, (0, 0), baseline=20))
    assert len(table.rows) == 22
    assert table.rows[20] == ("21-Jul-2025", "90", "100", "90.0 %", "60.0 %", "45.3 %", "74.7 %", "outside")
    assert table.rows[21][3:] == ("–", "60.0 %", "–", "–", "–")


@pytest.mark.parametrize(
    ("better", "colour"), [(Better.HIGHER, "#005eb8"), (Better.LOWER, "#c26a00"), (Better.NEITHER, "#5b2d82")]
)
def test_a_signal_has_the_colour_of_its_meaning(better, colour) -> None:
    """Above the centre is better, worse or neither; a chart without a signal shows none of these colours."""
    assert colour in picture(rate(*LOUD, better=better))
    assert colour not in picture(rate(*QUIET, better=better))


def test_a_picture_is_drawn_for_page_and_phone_and_has_a_name() -> None:
    """Both are named in full for a screen reader, and the notes within the weeks are written into both."""
    notes = [Note(START + timedelta(weeks=w), f"library 1.{w}.0") for w in (2, 15, 300)]
    svg = picture(replace(rate(*QUIET), notes=notes))
    assert svg.count("<svg") == 2
    assert svg.count('aria-label="Control chart: Compliance. Centre line 60.0 %') == 2
    assert svg.count(">library 1.2.0<") == svg.count(">library 1.15.0<") == 2
    assert "library 1.300.0" not in svg
    assert isinstance(svg, Markup)


def test_a_rate_is_shown_per_hundred() -> None:
    """A u chart of 3 in 100 reads 3.0, without a per cent sign; small values keep a second decimal place."""
    assert rate((3, 100), measure=Measure.RATE).show(0.03) == "3.0"
    assert rate((3, 100), measure=Measure.RATE).show(0.0042) == "0.42"
    assert rate((3, 100)).show(None) == "–"


def test_other_rules_have_a_shape_too() -> None:
    """The second set of rules is drawn as well."""
    shifted = rate(*QUIET, *[(64, 100)] * 8, baseline=20, rules=RULE_SETS["western-electric"])
    assert "run of 8" in sentence(shifted)
    assert "<svg" in picture(shifted)
