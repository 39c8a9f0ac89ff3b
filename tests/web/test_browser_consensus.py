"""Stories of a national library, in a real browser: axe, a narrow window, and the keyboard."""

import pytest

from tests.web.browser import overflows, sign_in, violations

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]


def fits(page):
    """Axe finds nothing, wide or narrow, and no line needs scrolling sideways."""
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_national_pages_are_accessible_and_fit(page, address):
    """Given an adopted national library, when its pages are read, then axe finds nothing and they fit."""
    sign_in(page, address, "author")
    page.goto(f"{address}/example-trust/national/")
    fits(page)
    page.get_by_role("link", name="Adult library").press("Enter")
    fits(page)
    page.get_by_label("State").select_option("adopted_with_deviation")
    page.get_by_role("button", name="Show").press("Enter")
    page.locator("tbody a").first.press("Enter")
    fits(page)
    page.goto(f"{address}/example-trust/national/adult/deviations")
    fits(page)


def test_a_national_issue_is_published_and_laid_beside_ours(page, address):
    """Given a new national issue, when the author takes it, then conflicts wait with a flag."""
    sign_in(page, address, "curator")
    page.goto(f"{address}/example-curator/national/")
    fits(page)
    page.get_by_role("button", name="Publish 1.1.0").click()
    page.context.clear_cookies()
    sign_in(page, address, "author")
    page.goto(f"{address}/example-trust/national/adult")
    page.get_by_role("link", name="See what it changes here").click()
    fits(page)
    page.get_by_role("button", name="Take 1.1.0, and decide on each row").click()
    assert "To be decided" in page.content()
    fits(page)
