"""The HTML report: well-formed, needs nothing from elsewhere, escapes hostile text, and tells what the tables tell."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from openinfusion.adapters.infusions import InfusionReading, read_infusions, shipped_infusion_mapping
from openinfusion.adapters.library_file import identity, read_library
from openinfusion.adapters.report.charts import number_line, round_values
from openinfusion.adapters.report.page import ReportData, ReportDifference, ReportFinding, render_report, write_report
from openinfusion.adapters.report.tables import comparison_table, reading_tables, replay_tables
from openinfusion.core.errors import FileAccessError
from openinfusion.core.infusions import Infusion
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Population,
)
from openinfusion.core.programme import Parameter
from openinfusion.core.replay import compare_replays, replay
from openinfusion.core.replay_counts import DosesUsed
from openinfusion.core.units import Quantity, Unit

EXAMPLES = Path(__file__).parents[2] / "examples" / "trust"
HOSTILE = '<script>alert("1")</script> & "morphine\' <img src=x onerror=alert(1)>'
NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
VOID = frozenset({"meta", "br", "img", "link", "hr", "input"})


class Page(HTMLParser):
    """Collects every tag and checks that they close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(html: str) -> Page:
    page = Page()
    page.feed(html)
    assert page.open == []
    return page


def library(name: str, hard_max: int) -> Library:
    dose = Limits(unit=Unit.read("mg/h"), soft_max=Fraction(5), hard_max=Fraction(hard_max), initial=Fraction(1))
    strengths = [Concentration(amount=Quantity.read(f"{mg} mg"), volume=Quantity.read("50 mL")) for mg in (50, 100)]
    other = replace(dose, soft_max=Fraction(6))
    return Library(
        library=About(name=name, organisation=name, version="1"),
        drugs=(Drug(id="m", name=name),),
        care_areas=(CareArea(id="icu", name=name, population=Population.ADULT),),
        entries=tuple(
            Entry(id=f"m{n}", drug="m", care_area="icu", type=EntryType.CONTINUOUS, concentration=own, dose=limits)
            for n, (own, limits) in enumerate(zip(strengths, (dose, other), strict=True))
        ),
    )


def infusions(drug: str) -> list[Infusion]:
    def hour(row: int, dose: str, *, name: str = drug, rate: Quantity | None = None) -> Infusion:
        end = NOON + timedelta(hours=1)
        given = Quantity.of(dose, "mg/h")
        return Infusion(row=row, drug=name, care_area="icu", start=NOON, end=end, dose=given, rate=rate)

    doses = [hour(row, dose) for row, dose in enumerate(["1", "5.5", "7", "120"])]
    return [*doses, hour(9, "1", name="not " + drug), hour(10, "1", rate=Quantity.of(9, "mL/h"))]


@pytest.fixture(scope="module")
def hostile() -> str:
    """A report in which every name is an attack."""
    one, two = library(HOSTILE, 10), library(HOSTILE, 200)
    before, after = replay(one, infusions(HOSTILE)), replay(two, infusions(HOSTILE))
    return render_report(
        ReportData(
            title=HOSTILE,
            library=one,
            made_at=NOON,
            replay=before,
            findings=[ReportFinding(severity="error", rule=HOSTILE, drug=HOSTILE, where=HOSTILE, message=HOSTILE)] * 50,
            review_summary=HOSTILE,
            differences=[ReportDifference(change=HOSTILE, about=HOSTILE, field=HOSTILE, before=HOSTILE, after=HOSTILE)],
            compared_with=HOSTILE,
            changes=compare_replays(before, after),
        )
    )


@pytest.fixture(scope="module")
def example() -> tuple[Library, InfusionReading, str]:
    """The report of the example trust."""
    judged = read_library(EXAMPLES / "library-1.1.0.json")
    reading = read_infusions(EXAMPLES / "infusions.csv", shipped_infusion_mapping("plain"))
    data = ReportData(title="Replay", library=judged, reading=reading, replay=replay(judged, reading.infusions))
    return judged, reading, render_report(data)


def test_hostile_names_stay_text(hostile: str) -> None:
    """A drug called like a script is shown, never run; neither in the page nor inside a chart."""
    page = parsed(hostile)
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "iframe", "object", "link")]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "&lt;script&gt;" in hostile


def test_the_page_needs_nothing_from_elsewhere(example: tuple[Library, InfusionReading, str]) -> None:
    """No script, no style sheet, font or picture from another place; the only addresses name XML languages."""
    html = example[2]
    page = parsed(html)
    places = {
        value or ""
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href", "data", "action", "srcset")
    }
    assert {place for place in places if not place.startswith("#")} == set()
    assert "@import" not in html
    assert not re.findall(r"url\((?!#)", html)
    assert set(re.findall(r"https?://[^\"' <]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_the_page_is_accessible_in_its_bones(example: tuple[Library, InfusionReading, str]) -> None:
    """Language, one main heading, headings without gaps, every chart named and followed by its table."""
    page = parsed(example[2])
    tags = [tag for tag, _ in page.tags]
    assert dict(page.tags)["html"] == {"lang": "en-GB"}
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    charts = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(charts) == 26
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)
    assert tags.count("details") == tags.count("figure") == len(charts)
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    assert "Not for clinical use" in example[2]


def test_the_page_says_what_the_tables_say(example: tuple[Library, InfusionReading, str]) -> None:
    """Identity of the library, rows read and left out, and every row of every table."""
    judged, reading, html = example
    assert identity(judged)[:12] in html
    for table in (*reading_tables(reading), *replay_tables(replay(judged, reading.infusions))):
        assert table.rows
        assert all(len(row) == len(table.header) for row in table.rows)
    (read_rows,) = (table for table in reading_tables(reading) if table.title == "What was read and left out")
    counts = [int(row[1].replace(",", "")) for row in read_rows.rows]
    assert sum(counts[:-1]) == counts[-1] == reading.rows


def test_a_contradiction_is_listed_with_its_row() -> None:
    """Dose and rate that imply no strength of the library are the rows to look at first."""
    tables = {table.title: table for table in replay_tables(replay(library("m", 10), infusions("m")))}
    assert any("row 10" in row[0] for row in tables["Not checked, and why"].rows)
    assert tables["Ambiguous: the record does not say which entry ran"].rows[0][3] == "1"


def test_a_comparison_says_which_rows() -> None:
    """From hard to soft: one infusion, and which."""
    one, two = (replay(library("m", hard), infusions("m")) for hard in (10, 200))
    table = comparison_table(compare_replays(one, two))
    assert table.rows == (("hard alert becomes soft", "m", "hard alert to soft alert", "1", "row 3"),)


def test_a_report_of_a_library_alone(tmp_path: Path) -> None:
    """Parts that are absent are left out; empty ones say that nothing was found; nothing judged has no rate."""
    judged = library("m", 10)
    path = tmp_path / "report.html"
    write_report(path, ReportData(title="Library", library=judged))
    html = path.read_text("utf-8")
    assert "The answer in short" not in html
    empty = ReportData(title="x", library=judged, findings=[], differences=[], changes=[], replay=replay(judged, []))
    html = render_report(empty)
    for words in (
        "No rule found anything",
        "do not differ",
        "treated differently",
        "None of 0 infusions",
        "No infusion",
    ):
        assert words in html
    real = replace(judged, library=replace(judged.library, not_for_clinical_use=False))
    assert "Not for clinical use" not in render_report(ReportData(title="x", library=real))
    with pytest.raises(FileAccessError):
        write_report(tmp_path / "absent" / "report.html", empty)


@pytest.mark.parametrize(
    "limits, doses",
    [
        ({}, [1]),
        ({"soft_min": 0, "soft_max": 5}, [1, 100]),
        ({"hard_min": 0, "hard_max": 1}, [1, 1]),
        ({"soft_max": 1, "hard_max": 2, "usual_min": 0, "usual_max": 1, "initial": 1}, [3]),
        ({"hard_min": 90, "soft_min": 95, "soft_max": 96, "hard_max": 100}, [95]),
        ({"soft_max": Fraction(1, 10**6), "hard_max": 10**6}, [Fraction(1, 1000)]),
    ],
)
def test_every_number_line_can_be_drawn(limits: dict[str, Fraction], doses: list[Fraction]) -> None:
    """One dose, limits of zero, limits close together, and limits a million million apart."""
    held = Limits(unit=Unit.read("mg/h"), **{name: Fraction(value) for name, value in limits.items()})
    used = DosesUsed(
        drug="m", care_area="icu", entries=("m",), parameter=Parameter.DOSE, limits=held,
        doses=tuple(map(Fraction, doses)), alerts=0, shared=0,
    )  # fmt: skip
    svg = number_line(used, "a <label>")
    assert svg.startswith('<svg role="img" aria-label="a &lt;label&gt;"')
    assert "NaN" not in svg


def test_the_values_under_a_line_are_round() -> None:
    """1, 2 and 5 of each power of ten; only powers of ten where there are many."""
    assert round_values(0.9, 30, is_log=True) == [1, 2, 5, 10, 20]
    assert round_values(0.001, 100, is_log=True) == [0.001, 0.01, 0.1, 1, 10, 100]
    assert round_values(0, 8, is_log=False) == [0, 1, 2, 3, 4, 5, 6, 7, 8]
