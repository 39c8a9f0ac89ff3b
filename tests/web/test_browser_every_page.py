"""Every page of the table, in a real browser: axe, a narrow window, 200 % zoom, and text enlarged alone."""

from collections.abc import Iterator

import pytest
import web_pages
from playwright.sync_api import Page

from tests.web.browser import is_signed_in, overflows, violations

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
ODD = web_pages.Shown("nothing-found", "/example-trust/libraries/adult/2?q=nothing+like+it", "reader", "Nothing found.")
CHAPTERS = [*web_pages.CHAPTERS, web_pages.Chapter("Nothing found", (ODD,))]
# Text twice as large, in the window of a desktop: what somebody sets who reads badly and keeps the layout.
ENLARGED = "document.documentElement.style.fontSize = '200%'"
# What a box of fixed height cuts off: text that is higher than the place it has, and cannot be scrolled to.
CUT_OFF = """[...document.querySelectorAll("main *")].filter((one) => {
  const style = getComputedStyle(one);
  return style.overflowY === "hidden" && style.position !== "absolute" && one.clientHeight > 1
    && one.scrollHeight > one.clientHeight + 2 && one.textContent.trim();
}).map((one) => one.outerHTML.slice(0, 120))"""


def pages_of(page: Page, furnished, chapter) -> Iterator[web_pages.Shown]:
    """Come to each page of a chapter as whoever looks at it."""
    folder, address = furnished
    for one in chapter.pages:
        is_signed_in(page, folder, address, one.who)
        page.goto(address + one.address)
        yield one


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda one: one.title)
def test_axe_finds_nothing_wide_or_narrow(page, furnished, chapter):
    """At a desktop's width and at 320 px, where no page needs scrolling sideways either."""
    for one in pages_of(page, furnished, chapter):
        page.set_viewport_size({"width": 1280, "height": 900})
        assert violations(page) == [], one.address
        page.set_viewport_size({"width": 320, "height": 800})
        assert not overflows(page), one.address
        assert violations(page) == [], one.address


FOUND_IS_WIDE = pytest.mark.xfail(reason="a table of found entries is wider than the window then", strict=False)


@pytest.mark.parametrize(
    "chapter",
    [pytest.param(one, marks=FOUND_IS_WIDE) if one.title == "Reading libraries" else one for one in CHAPTERS],
    ids=lambda one: one.title,
)
def test_nothing_is_lost_at_twice_the_size(browser, furnished, chapter):
    """
    A desktop's window at 200 % zoom is half as wide with twice the points; then the text alone is made twice as large.

    No line is longer than the window, nothing is cut off, and the page says as much as it did before.
    """
    context = browser.new_context(
        viewport={"width": 640, "height": 450}, device_scale_factor=2, reduced_motion="reduce", locale="en-GB"
    )
    page = context.new_page()
    for one in pages_of(page, furnished, chapter):
        assert not overflows(page), one.address
        said = page.inner_text("main")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.evaluate(ENLARGED)
        assert not overflows(page), one.address
        assert page.evaluate(CUT_OFF) == [], one.address
        assert set(page.inner_text("main").split()) >= set(said.split()), one.address
        page.set_viewport_size({"width": 640, "height": 450})
    context.close()
