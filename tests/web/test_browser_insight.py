"""Insight in a real browser: from a rise in alerts to a change request, and each page for every eye and hand."""

import json

import pytest

from openinfusion.web import example
from tests.month_log import TRUST
from tests.web.browser import overflows, served, sign_in, violations
from tests.web.test_insight_triage import CASE, ENTRY, make_lake

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
MARCH = "month=2026-03"
PAGES = (
    f"?{MARCH}",
    f"charts?{MARCH}",
    f"charts/alerts-per-100?{MARCH}",
    f"figures/override-rate?{MARCH}&by=care_area",
    f"figures/alerts-per-100/records?{MARCH}",
    f"triage?{MARCH}",
    f"triage/case?{CASE}",
    f"releases?{MARCH}",
    f"models?{MARCH}",
    f"told/catches?{MARCH}",
    f"told/patterns?{MARCH}",
    f"told/outside?{MARCH}",
    f"told/limits?{MARCH}",
    f"told/libraries?{MARCH}",
    f"told/alarms?{MARCH}",
    f"told/unknown?{MARCH}",
    "views",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The address of an example place with a lake in which twenty alerts come from everywhere."""
    folder = tmp_path_factory.mktemp("place")
    lake = make_lake(tmp_path_factory.mktemp("lake"))
    said = (f"lake = {json.dumps(str(lake))}", f"lake_names = {{ {example.TRUST} = {json.dumps(TRUST)} }}")
    (folder / "web.toml").write_text("\n".join(("example = true", *said, "")))
    with served(folder) as address:
        yield f"{address}/{example.TRUST}/insight/", address


def test_from_a_rise_in_alerts_to_a_change_request(page, place):
    """
    The medication safety officer finds why alerts rose, and asks for a better limit.

    Given a month in which one drug alerts; when they follow it from the month to the queue and to the case; then the
    case says that it is systemic and what another limit would change, and one click opens a request with this evidence.
    """
    home, address = place
    sign_in(page, address, "mso")
    page.goto(f"{home}?{MARCH}")
    moved = page.get_by_role("region", name="Drugs whose alerts moved most")
    assert "+20" in moved.inner_text()
    moved.get_by_role("link").first.click()
    page.get_by_role("region", name="Alerts to look at").get_by_role("link").first.click()
    assert "systemic" in page.inner_text("main")
    assert "0 would alert instead of 20" in page.inner_text("main")
    page.get_by_role("button", name="Make a change request of this", exact=True).click()
    page.wait_for_url("**/changes/CR-*")
    assert "20 alerts on" in page.inner_text("main")
    assert "Suggested: soft maximum of dose" in page.inner_text("main")


def test_a_figure_leads_to_its_records(page, place):
    """Given the month, when a figure is followed, then its definition, its counts and its records are there."""
    home, address = place
    sign_in(page, address, "trainer")
    page.goto(f"{home}?{MARCH}")
    page.get_by_role("link", name="Alerts per 100 infusions").first.click()
    assert "the balancing measure to its use" in page.inner_text("main")
    page.get_by_role("link", name="list the records: all").click()
    assert "20 records." in page.inner_text("main")
    assert ENTRY.drug in page.inner_text("main").casefold()


@pytest.mark.parametrize("where", PAGES)
def test_everybody_can_read_it(page, place, where):
    """No page breaks a rule of accessibility, or scrolls sideways at 320 px."""
    home, address = place
    sign_in(page, address, "mso")
    page.goto(home + where)
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page)


def test_without_scripts_the_numbers_are_there(browser, place):
    """Given a browser that runs nothing, every table is there, and a filter is a form."""
    home, address = place
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address, "mso")
    page.goto(f"{home}figures/override-rate?{MARCH}")
    assert "100.0 %" in page.inner_text("main")
    page.get_by_label("Drug").select_option(ENTRY.drug)
    page.get_by_role("button", name="Show").click()
    assert f"drug={ENTRY.drug}" in page.url
    page.goto(f"{home}triage?{MARCH}&order=burden")
    assert "systemic" in page.inner_text("main")
    context.close()
