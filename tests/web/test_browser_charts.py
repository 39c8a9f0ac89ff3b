"""Charts in a real browser: drawn under the policy, with their tables, on a phone, on paper, and without scripts."""

import json
import re

import pytest

from tests.web.browser import overflows, served, sign_in, violations

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
ENTRY = (
    "/example-trust/libraries/adult/2/entries/"
    "adult-critical-care-a-general--fentanyl--continuous--analgesia-and-sedation--2.5-mg-in-50-ml"
)
USED = "/example-trust/libraries/adult/2/entries/theatres--noradrenaline--continuous--peripheral--4-mg-in-250-ml"


@pytest.fixture
def told(page):
    """Everything the browser complains of: errors, warnings, and what the policy stopped."""
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type in {"error", "warning"} else None)
    page.on("pageerror", lambda one: said.append(str(one)))
    return said


def drawn(page):
    """Return the charts of a page, once each of them is drawn or given up."""
    page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every((one) => one.dataset.chart)")
    return page.locator("figure[data-chart]")


def spec_of(figure):
    return json.loads(figure.locator('script[type="application/json"]').text_content())


def test_a_chart_is_drawn_under_the_policy_and_its_table_says_the_same(page, address, told):
    """Given an entry, when it is opened, then its limits are drawn and in a table, and the policy stopped nothing."""
    sign_in(page, address, "reader")
    page.goto(address + ENTRY)
    figures = drawn(page)
    assert figures.count() == page.locator(".oi-limits").count() > 0
    for figure in figures.all():
        assert figure.get_attribute("data-chart") == "drawn"
        marks = {text for text in figure.locator("svg text").all_text_contents() if "imum" in text}
        labels = set(re.findall(r'"label": "([^"]+)"', json.dumps(spec_of(figure))))
        assert marks == labels
        figure.locator("summary").click()
        rows = [row.locator("td").all_text_contents() for row in figure.locator("tbody tr").all()]
        assert {f"{name.lower()} {value.split()[0]}" for name, value in rows if "imum" in name} == labels
    figures.first.locator("svg").hover()
    assert violations(page) == []
    assert told == []


def test_a_chart_fits_a_phone_and_paper(page, address):
    """Given 320 px, then the page is no wider; given paper, then the chart is no wider than the paper."""
    page.set_viewport_size({"width": 320, "height": 800})
    sign_in(page, address, "reader")
    page.goto(address + ENTRY)
    assert drawn(page).first.get_attribute("data-chart") == "drawn"
    assert not overflows(page)
    page.set_viewport_size({"width": 700, "height": 990})
    page.emulate_media(media="print")
    assert page.evaluate(
        "[...document.querySelectorAll('[data-chart] svg')].every((one) =>"
        " one.getBoundingClientRect().right <= document.documentElement.clientWidth)"
    )


def test_without_scripts_the_picture_of_the_server_stays(browser, address):
    """Given a browser in which nothing runs, then the number line is a picture, and the table opens."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address, "reader")
    page.goto(address + ENTRY)
    picture = page.locator("figure[data-chart] img").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("(one) => one.complete && one.naturalWidth > 0")
    page.locator("figure[data-chart] summary").first.click()
    assert page.locator("figure[data-chart] td").first.is_visible()
    context.close()


def test_a_chart_that_cannot_be_drawn_opens_its_table(page, address):
    """Given that what draws does not come, then a sentence says so and the table is open."""
    page.route("**/vega-embed*", lambda one: one.abort())
    sign_in(page, address, "reader")
    page.goto(address + ENTRY)
    figure = drawn(page).first
    assert figure.get_attribute("data-chart") == "missing"
    figure.get_by_text("could not be drawn").wait_for()
    assert figure.locator("td").first.is_visible()


def test_pages_without_a_chart_load_nothing_that_draws(page, address):
    """Given a list of libraries, then no script of the charts is asked for."""
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    sign_in(page, address, "reader")
    page.goto(f"{address}/example-trust/libraries")
    assert not [one for one in asked if "vega" in one or "charts" in one]


@pytest.fixture(scope="module")
def with_lake(tmp_path_factory):
    """The address of an example trust that has a lake of events."""
    with served(tmp_path_factory.mktemp("lake"), lake=True) as at:
        yield at


def test_doses_of_the_lake_lie_over_the_limits(page, with_lake, told):
    """Given a lake, when an entry is opened, then what was programmed is drawn, and the table says the same."""
    sign_in(page, with_lake, "reader")
    for _ in range(60):
        page.goto(with_lake + USED)
        if page.get_by_text("programmes on this entry").count():
            break
        page.wait_for_timeout(1000)
    figure = drawn(page).filter(has_text="what was programmed").first
    assert figure.get_attribute("data-chart") == "drawn"
    bars = [one for drawn in spec_of(figure)["layer"] for one in drawn["data"]["values"] if "doses" in one]
    figure.locator("summary").click()
    rows = [row.locator("td").all_text_contents() for row in figure.locator("tbody tr").all()]
    programmed = [(value, number) for what, value, number in rows if what.startswith("Programmed")]
    assert programmed == [(f"{one['doses']} micrograms/kg/min", f"{one['count']:,}") for one in bars]
    said = re.search(r"([\d,]+) of [\d,]+ programmes", figure.text_content())
    assert said.group(1) == f"{sum(one['count'] for one in bars):,}"
    assert violations(page) == []
    assert told == []
