"""Take the pictures of tools/web_pages.py: python tools/screenshots.py [NAME ...]; without names, all of them."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page
from small_png import small_png
from web_pages import PAGES, PICTURES, ROOT, Shown

sys.path.insert(0, str(ROOT))
from tests.web.browser import chromium, is_signed_in, served

WIDTH, MOST_HIGH = 1100, 1400
WINDOW: Any = {"viewport": {"width": WIDTH, "height": 800}, "reduced_motion": "reduce", "locale": "en-GB"}
PHONE, MOST_HIGH_ON_A_PHONE = 375, 1200


def main() -> None:
    """Serve the example trust with something going on in it, and take the pictures."""
    wanted = [one for one in PAGES if not sys.argv[1:] or one.name in sys.argv[1:]]
    (ROOT / PICTURES).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        with served(folder, is_furnished=True) as address:
            for one in wanted:
                take(browser.new_context(**WINDOW), folder, address=address, one=one)
                print(f"{PICTURES / one.name}.png", flush=True)


def take(context: BrowserContext, folder: Path, *, address: str, one: Shown) -> None:
    """Take the pictures of one page, signed in as whoever looks at it: the page from its beginning, up to a height."""
    page = context.new_page()
    is_signed_in(page, folder, address, one.who)
    page.goto(address + one.address, wait_until="networkidle")
    _keep(page, one.name, WIDTH, most=MOST_HIGH)
    if one.is_for_phones:
        page.set_viewport_size({"width": PHONE, "height": 800})
        page.reload(wait_until="networkidle")
        _keep(page, f"{one.name}-phone", PHONE, most=MOST_HIGH_ON_A_PHONE)
    context.close()


def _keep(page: Page, name: str, width: int, *, most: int) -> None:
    high = min(most, int(page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": width, "height": high})  # so that what keeps to the bottom is at the bottom
    taken = page.screenshot()
    blank = page.context.new_page()
    (ROOT / PICTURES / f"{name}.png").write_bytes(small_png(blank, taken))
    blank.close()


if __name__ == "__main__":
    main()
