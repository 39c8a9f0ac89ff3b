"""Stories of people who read: in a real browser, from signing in."""

import re

import pytest

from tests.web.browser import sign_in

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]


def test_a_reader_finds_the_limits_of_fentanyl(page, address):
    """Given a reader, when they type three letters, then they come to an entry."""
    sign_in(page, address, "reader")
    page.get_by_role("link", name="Adult library").click()
    page.get_by_role("link", name="Version 1.1.0", exact=True).click()
    page.get_by_label("Find an entry").press_sequentially("fen")
    page.get_by_role("status").get_by_text("found").wait_for()
    page.get_by_role("link", name="fentaNYL").first.click()
    assert "fentaNYL" in page.get_by_role("heading", level=1).inner_text()


def test_the_note_for_nurses_is_one_sheet_of_paper(page, address):
    """Given a nurse, when they print what is different, then it is one page, and the sheet of an area is several."""
    sign_in(page, address, "reader")
    page.get_by_role("link", name="Adult library").click()
    page.get_by_role("link", name="One page for nurses about version 1.1.0").click()
    assert sheets(page) == 1
    page.goto(f"{address}/example-trust/libraries/adult/2/areas/theatres/sheet")
    assert sheets(page) > 1


def sheets(page):
    """Return how many sheets of paper a page takes."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


def test_a_page_is_used_with_the_keyboard_alone(page, address):
    """Given no mouse, when they press Tab, then the skip link comes first, and what has the focus is seen."""
    sign_in(page, address, "reader")
    page.goto(f"{address}/example-trust/libraries/adult/2")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    page.keyboard.press("Enter")
    page.get_by_label("Find an entry").focus()
    page.keyboard.type("dobut")
    page.get_by_role("status").get_by_text("found").wait_for()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement.type === 'checkbox' ||"  # its label shows the focus
            "getComputedStyle(document.activeElement).outlineStyle !== 'none' ||"
            "getComputedStyle(document.activeElement).boxShadow !== 'none'"
        )
        if page.evaluate("document.activeElement.matches('#found td a')"):
            break
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="DOBUTamine").wait_for()


def test_search_works_without_scripts(browser, address):
    """Given a browser in which nothing runs, when they search, then they find."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address, "reader")
    page.goto(f"{address}/example-trust/libraries/adult/2")
    page.get_by_label("Find an entry").fill("dobut")
    page.get_by_role("button", name="Find").click()
    assert "found" in page.get_by_role("status").inner_text()
    context.close()
