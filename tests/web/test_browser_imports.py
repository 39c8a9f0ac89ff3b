"""Stories of importing and reading back: in a real browser, from signing in."""

import pytest

from tests.web.browser import overflows, sign_in, violations
from tests.web.import_files import plain
from tests.web.test_import_layouts import FIELDS, FOREIGN, UNITS

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
HERE = "/example-trust/imports"


def sound(page) -> None:
    """No violation, and nothing wider than a narrow window."""
    assert violations(page) == [], page.url
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page), page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def hand_in(page, content: bytes, name: str) -> None:
    page.get_by_label("file", exact=False).or_(page.get_by_label("export", exact=False)).first.set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )


def test_a_pharmacist_imports_the_vendors_spreadsheet(page, address):
    """Given a vendor's file, when they upload, map, look and confirm, then the library is there, unreviewed."""
    sign_in(page, address, "author")
    page.goto(address + HERE)
    sound(page)
    hand_in(page, FOREIGN.replace("0.3", "O.3").encode(), "story.csv")
    page.get_by_role("button", name="Hand in").press("Enter")
    page.get_by_role("link", name="Choose the columns").click()
    for number, (field, unit) in enumerate(zip(FIELDS, UNITS, strict=True)):
        page.locator(f"#field-{number}").select_option(field)
        page.locator(f"#unit-{number}").fill(unit)
    page.get_by_label("Type of infusion").select_option("continuous")
    page.get_by_label("Name of the layout").fill("Story")
    sound(page)
    page.get_by_role("button", name="Keep, and read the file").click()
    page.get_by_text("3 entries will be made, 0 rows left out.").wait_for()
    page.get_by_text("'O.3'").wait_for()
    sound(page)
    page.get_by_role("button", name="Go on to confirm").click()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_label("Name of the library").fill("Story library")
    sound(page)
    page.get_by_role("button", name="Confirm: make 3 entries").click()
    page.get_by_text("Every entry is unreviewed").wait_for()
    page.get_by_role("link", name="look at each finding").wait_for()
    sound(page)
    page.get_by_role("link", name="version 1.0.0 of Story library").click()
    page.locator("#found").get_by_text("noradrenaline").first.wait_for()


def test_one_typing_error_is_read_back_and_put_right(page, address):
    """Given a version typed by hand with one slip, when it is read back, then it counts only once it is right."""
    sign_in(page, address, "author")
    page.goto(address + HERE)
    hand_in(page, plain(), "to-read-back.csv")
    page.get_by_role("button", name="Hand in").click()
    page.get_by_role("button", name="Go on to confirm").click()
    page.get_by_role("checkbox").check()
    page.get_by_label("Name of the library").fill("Typed library")
    page.get_by_role("button", name="Confirm: make 3 entries").click()
    read_backs = f"{address}/example-trust/libraries/typed-library/1/read-backs"
    for content, told in ((plain((",0.5,2", ",5,20")), "2 differences"), (plain(), "0 differences")):
        page.goto(read_backs)
        sound(page)
        hand_in(page, content, "editor.csv")
        page.get_by_label("Who typed this version").select_option(label="Amal Author")
        page.get_by_role("button", name="Compare").click()
        page.get_by_text(f"{told} in 3 entries compared").wait_for()
        sound(page)
    agreed = page.url
    assert "waits for a second person" in page.inner_text("main")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, address, "checker")
    page.goto(agreed)
    page.get_by_role("button", name="Confirm: the editor holds this version").click()
    page.get_by_text("Confirmed by Chris Checker").wait_for()
    sound(page)
