"""The workbench in a real browser: limits are dragged, moved by keys and typed, on a wide screen and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.web.browser import overflows, served, sign_in, violations

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
BENCH = "/example-trust/workbench/theatres--noradrenaline--continuous--peripheral--4-mg-in-250-ml/dose"


@pytest.fixture(scope="module")
def with_lake(tmp_path_factory):
    """The address of an example trust that has a lake of events."""
    with served(tmp_path_factory.mktemp("bench"), lake=True) as at:
        yield at


def lost(page) -> int:
    return int(re.findall(r"([\d,]+) lost", page.locator("#answer").text_content())[0].replace(",", ""))


def test_a_limit_is_moved_by_pointer_by_keys_and_by_typing(page, with_lake):
    """Given a year of attempts, when a limit moves, then field, line and answer follow at once, and axe is content."""
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: complaints.append(str(one)))
    sign_in(page, with_lake, "mso")
    page.goto(with_lake + BENCH)
    handle = page.get_by_role("slider", name="soft maximum")
    handle.wait_for()
    field, before = page.locator("#soft_max"), page.locator("#soft_max").input_value()
    with page.expect_response(lambda one: "soft_max" in one.url):
        handle.press("ArrowDown")
    assert float(field.input_value()) < float(before)
    by_key, box = field.input_value(), handle.bounding_box()
    handle.hover()
    page.mouse.down()
    with page.expect_response(lambda one: "soft_max" in one.url):
        page.mouse.move(box["x"] + 12, box["y"] + 52, steps=4)
    page.mouse.up()
    assert handle.get_attribute("aria-valuenow") == field.input_value()
    assert field.input_value() != by_key
    with page.expect_response(lambda one: "soft_max" in one.url):
        field.fill(before)
    expect(page.locator("#answer")).to_contain_text(" 0 alerts gained, 0 lost")
    assert lost(page) == 0
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page)
    assert complaints == []


def test_without_scripts_the_fields_answer(browser, with_lake):
    """Given a browser in which nothing runs, when a limit is typed and sent, then the page has the answer."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, with_lake, "mso")
    page.goto(with_lake + BENCH)
    page.locator("#soft_max").fill("99999")
    page.get_by_role("button", name="Count").click()
    assert "out of order" in page.locator("#answer").text_content()
    context.close()
