"""Stories of whoever manages people, in a real browser."""

import pytest

from tests.web.browser import PASSWORD, overflows, sign_in, violations

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]


def test_a_trainer_is_added_and_their_duty_ended(page, address):
    """
    Given somebody who manages people.

    When they add a trainer and end the duty again, then the page of the trainer tells both, and every page on the way
    can be read by everybody.
    """
    sign_in(page, address, "informatics")
    page.get_by_role("link", name="People").click()
    assert violations(page) == []
    page.get_by_role("button", name="Add a person").click()
    assert violations(page) == []
    page.get_by_label("Name").fill("Sandy Story")
    page.get_by_label("E-mail address").fill("story@example.org")
    page.get_by_label("Duty").select_option(label="trainer")
    page.get_by_role("button", name="Add", exact=True).click()
    if page.get_by_label("Password of informatics@example.org").count():
        page.get_by_label("Password of informatics@example.org").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Sandy Story").wait_for()
    assert violations(page) == []
    page.get_by_text("End this duty").first.click()
    page.get_by_label("Why").first.fill("was a story")
    page.get_by_role("button", name="End this duty").click()
    page.get_by_text("is no longer trainer").wait_for()
    assert violations(page) == []
    for where in (page.url, f"{address}/example-trust/people", f"{address}/example-trust/people/add"):
        page.goto(where)
        page.set_viewport_size({"width": 320, "height": 800})
        assert not overflows(page), where


def test_ones_own_account_can_be_read_by_everybody(page, address):
    """Given somebody with many rights, when they look at their account, then it fits a narrow window too."""
    sign_in(page, address, "author")
    page.goto(f"{address}/account/me")
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page)
