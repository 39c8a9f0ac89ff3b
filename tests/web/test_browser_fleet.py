"""Stories of clinical engineers in a real browser: at a desk, and in a corridor with a phone in one hand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from openinfusion.gateway.devices import denials
from openinfusion.gateway.devices.database import Database
from tests.web.browser import is_signed_in, overflows, violations

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
FLEET = "/example-trust/fleet/"
PHONE = {"width": 375, "height": 667}
THUMB = 44
"""A finger's breadth in points, as WCAG's enhanced target size has it."""


@pytest.fixture
def phone(browser, furnished) -> Iterator[tuple[Page, str]]:
    """A phone on which a clinical engineer has signed in."""
    folder, address = furnished
    context = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce", locale="en-GB"
    )
    page = context.new_page()
    is_signed_in(page, folder, address, "engineer")
    yield page, address
    context.close()


def test_an_engineer_in_a_corridor_finds_a_pump_and_takes_it_on(phone):
    """Given the work list in one hand, when a number is scanned and the work taken on, then all see whose it is."""
    page, address = phone
    page.goto(f"{address}{FLEET}work")
    asset = page.get_by_label("Asset number of a pump")
    box = asset.bounding_box()
    assert box is not None
    assert box["y"] > PHONE["height"] / 2, "it lies at the thumb"
    assert box["height"] >= THUMB
    page.mouse.wheel(0, 1500)
    assert asset.bounding_box() == box, "and stays there whatever is scrolled"
    assert violations(page) == []
    assert not overflows(page)
    # A scanner types what it read, and Enter after it.
    asset.fill("0141")
    asset.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("example:0141")
    button = page.get_by_role("button", name="I take it on")
    size = button.bounding_box()
    assert size is not None
    assert size["height"] >= THUMB
    button.tap()
    expect(page.get_by_text("Erin Engineer has it since")).to_be_visible()
    page.get_by_label("Note: what you found, no patient's name").fill("Socket is dead; told the network team.")
    page.get_by_role("button", name="Keep").tap()
    expect(page.get_by_text("Socket is dead; told the network team.")).to_be_visible()
    assert violations(page) == []
    assert not overflows(page)
    page.goto(f"{address}{FLEET}work?whose=mine")
    expect(page.get_by_role("link", name="example:0141")).to_be_visible()
    page.get_by_role("link", name="example:0141").tap()
    page.get_by_role("button", name="Give it back").tap()
    expect(page.get_by_text("Nobody has it yet.")).to_be_visible()


def test_what_can_be_pressed_in_the_work_list_is_large_enough_for_a_thumb(phone):
    """Given a phone, when what can be pressed is measured, then nothing is lower than a finger is broad."""
    page, address = phone
    page.goto(f"{address}{FLEET}work")
    pressed = page.locator("#live a, .oi-asset button, .oi-asset input").evaluate_all(
        "all => all.filter(one => one.offsetParent).map(one => [one.getBoundingClientRect().height, one.outerHTML])"
    )
    assert pressed
    assert [words for high, words in pressed if high < THUMB] == []


def test_a_change_is_on_the_page_without_loading_it_again(page, furnished):
    """Given the glance on a desk, when a pump is denied, then its numbers say so, and it was never loaded again."""
    folder, address = furnished
    is_signed_in(page, folder, address, "mdso")
    page.goto(f"{address}{FLEET}")
    suspects = page.locator("#state-suspect .oi-states__number")
    before = int(suspects.inner_text())
    page.evaluate("window.stayed = true")
    pump = "urn:pump:example:0101"
    with _writing(folder) as connection:
        denials.deny(connection, pump, reason="for a test", at=datetime.now(UTC))
    try:
        expect(suspects).to_have_text(str(before + 1), timeout=20_000)
        assert page.evaluate("window.stayed") is True
    finally:
        with _writing(folder) as connection:
            denials.allow(connection, pump)
    expect(suspects).to_have_text(str(before), timeout=20_000)


def test_without_scripts_the_glance_says_the_same(browser, furnished):
    """Given a browser in which nothing runs, when a number of the glance is followed, then its pumps are listed."""
    folder, address = furnished
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    is_signed_in(page, folder, address, "engineer")
    page.goto(f"{address}{FLEET}")
    number = page.locator("#state-reverted .oi-states__number").inner_text()
    page.locator("#state-reverted").click()
    assert page.locator(".oi-pump").count() == int(number)
    page.locator(".oi-pump a").first.click()
    expect(page.locator("#stands")).to_contain_text("release 1 after 2")
    context.close()


def _writing(folder: Path):
    return Database.open(folder / "fleet/state").transaction()
