"""Figures on the pages: those of the named questions, and those counted by hand."""

import re

import pytest

from openinfusion.lake.behind import parting
from openinfusion.lake.behind import why_not as why_no_rows
from openinfusion.lake.charted import CHARTED
from openinfusion.lake.questions import QUESTIONS
from openinfusion.web import example
from openinfusion.web.insight.pages import TOPICS
from tests.month_log import OTHER, PATIENT
from tests.web.insight_lake import MARCH, STRANGER, make_lake, name_lake, reading


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("insight"))


@pytest.fixture
def read(signed_in, tmp_path, lake, monkeypatch):
    """Read pages as the medication safety officer."""
    name_lake(monkeypatch, tmp_path, lake)
    return reading(signed_in("mso"))


@pytest.mark.parametrize(
    ("name", "now", "before", "counted"),
    [
        ("Infusions started", "10", "1", "10 of 10 attempted"),
        ("Library used, medicines", "75.0 %", "0.0 %", "6 of 8 infusions"),
        ("Library used, fluids", "100.0 %", "not known", "2 of 2 infusions"),
        ("Basic mode, all infusions", "20.0 %", "100.0 %", "2 of 10 infusions"),
        ("Alerts per 100 infusions", "30.0", "0.00", "3 in 10 infusions"),
        ("Infusions with an alert", "37.5 %", "not known", "3 of 8 infusions with the library"),
    ],
)
def test_the_month_is_the_one_counted_by_hand(read, name, now, before, counted):
    """Given a log of ten infusions, the page shows what a person counts in it, as the monthly report does."""
    rows = re.findall(r"<tr.*?</tr>", read(f"?{MARCH}"))
    row = next(re.sub(r"<[^>]+>", " ", one).split() for one in rows if f">{name}</a></th>" in one)
    assert " ".join(row).startswith(f"{name} {now} {before} "), row
    assert " ".join(row).endswith(counted), row


def test_without_a_lake_the_page_says_so(signed_in):
    """A place without a lake is not broken: it says what it lacks."""
    assert "no lake of events" in reading(signed_in("mso"))()


def test_a_lake_that_does_not_know_the_trust_shows_nothing_of_others(signed_in, tmp_path, lake, monkeypatch):
    """Where the lake names no such organisation, nobody else's figures stand in."""
    name_lake(monkeypatch, tmp_path, lake, "Nobody's Trust")
    page = reading(signed_in("mso"))()
    assert "no event of" in page
    assert OTHER not in page


PAGES = [
    "",
    "charts",
    *(f"charts/{slug}" for slug in CHARTED),
    *(f"figures/{name}" for name in QUESTIONS),
    *(f"figures/{name}/records" for name in QUESTIONS),
    *(f"told/{key}" for key in TOPICS),
    "triage",
    "releases",
    "models",
]


def test_no_page_shows_another_organisation_or_a_person(read):
    """The forty infusions of the other organisation are in the same lake, and on no page; nor is a patient."""
    for page in PAGES:
        shown = read(f"{page}?{MARCH}")
        assert STRANGER not in shown, page
        assert OTHER not in shown, page
        assert PATIENT not in shown, page


def test_a_filter_picks_and_never_widens(read):
    """With a drug that nobody ran, nothing is known; it is not the figure of everything."""
    assert "No infusion was started in this month" in read(f"?{MARCH}&drug=nothing")
    assert "30.0" in read(f"figures/alerts-per-100?{MARCH}")
    # Eight infusions name morphine, and all three alerts.
    assert "37.5" in read(f"figures/alerts-per-100?{MARCH}&drug=morphine")


def test_what_cannot_be_told_with_a_filter_is_said(read):
    """Searches that found nothing name no drug; the page says so instead of showing all of them."""
    assert "cannot be told with this filter" in read(f"figures/drug-not-found?{MARCH}&drug=morphine")
    assert "cannot be told with this filter" in read(f"charts/lost-records?{MARCH}&drug=morphine")


def test_the_records_behind_a_figure_are_as_many_as_it_counts(read):
    """Three alerts are counted, and three are listed; ten infusions below them."""
    assert "3 records." in read(f"figures/alerts-per-100/records?{MARCH}")
    assert "10 records." in read(f"figures/alerts-per-100/records?{MARCH}&counted=denominator")


def test_what_no_record_adds_up_to_is_said():
    """Every question either lists its records or says why it cannot."""
    for name in QUESTIONS:
        assert bool(parting(name)) is (why_no_rows(name) is None)


def test_the_funnel_tells_infusions_alerts_and_answers(read):
    """Ten infusions, eight with the library, three alerts: one overridden, one reprogrammed, one not answered."""
    page = re.sub(r"<[^>]+>", "", read(f"?{MARCH}"))
    for words in ("10 infusions were started", "8 with the library (80.0 %)", "3 gave an alert (37.5 %)"):
        assert words in page
    for words in ("1 overridden (33.3 %)", "1 reprogrammed (33.3 %)", "1 unknown (33.3 %)"):
        assert words in page


def test_an_unknown_chart_or_question_is_not_found(read):
    """An address of nothing is 404, not a fault."""
    for page in ("charts/nothing", "figures/nothing", "figures/nothing/records", "told/nothing", "triage/case"):
        read(page, status=404)


def test_pages_take_what_addresses_say_badly(read):
    """A page that is none, an order that is none: the page shows what it can."""
    for query in ("month=", "page=-1", "page=99999999999999", "by=user", "order=sideways", "counted=x"):
        for page in ("", "triage", "figures/alert-rate", "figures/alert-rate/records", "models"):
            read(f"{page}?{query}")


@pytest.mark.parametrize(
    ("month", "said"),
    [
        ("2026-01", "no event of January 2026"),
        ("2031-05", "no event of May 2031"),
        ("0001-01", "no event of January 1"),
        ("9999-12", "no event of December 9999"),
        ("none", "a month that is none"),
        ("2026-13", "a month that is none"),
    ],
)
def test_a_month_without_events_is_not_found(read, month, said):
    """It is refused in words: figures of nothing look like a quiet month, and those of another month mislead."""
    for page in ("", "charts", "triage", "releases", "models", "figures/alert-rate", "told/catches"):
        shown = read(f"{page}?month={month}", status=404)
        assert said in shown
        assert "a month with events, the first in February 2026 and the last in March 2026" in shown
        assert "web application says how" not in shown


def test_another_trusts_figures_are_not_found(signed_in, tmp_path, lake, monkeypatch):
    """Who holds no duty there does not learn that the trust exists."""
    name_lake(monkeypatch, tmp_path, lake)
    assert signed_in("curator").get(f"/{example.TRUST}/insight/").status_code == 404
