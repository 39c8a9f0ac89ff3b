"""Stories of people who edit drafts: in a real browser, from signing in."""

import pytest

from tests.web.browser import overflows, sign_in, violations

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
ENTRY = "alfentanil, Adult critical care A: general, analgesia, 25 mg in 50 mL, continuous"


def _draft(page, address, title) -> str:
    """Propose a change as the person who is signed in, and go to its draft."""
    page.goto(f"{address}/example-trust/changes/new")
    page.locator("#id_library").select_option("adult")
    page.locator("#id_title").fill(title)
    page.locator("[name=trigger]").first.check()
    page.locator("[name=urgency]").first.check()
    page.get_by_role("button", name="Open the change request").click()
    page.wait_for_url("**/changes/CR-*")
    draft = page.url.replace("/changes/", "/drafts/")
    page.goto(draft)
    return draft


def _open(page, draft) -> None:
    """Find the entry by three letters, and open it with the keyboard."""
    page.goto(draft)
    page.get_by_label("Find an entry").fill("alf")
    link = page.get_by_role("link", name=ENTRY, exact=True)
    link.wait_for()
    link.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="alfentanil").wait_for()


def _soft_maximum(page):
    return page.locator('[id="id_dose.soft_max"]')


def test_a_value_above_the_hard_maximum_is_told_before_saving_and_kept(page, address):
    """
    A value that cannot be is told while it is typed, and kept.

    Given a library pharmacist with a change request, when they type a soft maximum above the hard maximum, then they
    are told why before saving; what they typed is there when they come back; corrected, it saves itself.
    """
    sign_in(page, address, "author")
    draft = _draft(page, address, "Wider alfentanil")
    assert violations(page) == []
    _open(page, draft)
    _soft_maximum(page).fill("7000 mcg/h")
    told = page.locator('[id="told_dose.soft_max"]')
    told.get_by_text("The soft maximum of 7 mg/h is above the hard maximum of 6 mg/h").wait_for()
    assert violations(page) == []
    _open(page, draft)
    assert _soft_maximum(page).input_value() == "7000 mcg/h"
    _soft_maximum(page).fill("4000 mcg/h")
    page.keyboard.press("Tab")
    page.get_by_text("saved in the draft").wait_for()
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page)
    assert violations(page) == []
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(draft)
    assert page.get_by_text("soft maximum: 3 mg/h → 4 mg/h").count() == 1
    assert not overflows(page)
    assert violations(page) == []


def test_two_people_see_each_other_and_merge(page, address, browser):
    """
    Two people see each other, and nothing of either is lost.

    Given two pharmacists with the same entry open, when both save, then the second is shown both and chooses.
    """
    sign_in(page, address, "author")
    draft = _draft(page, address, "Two at once")
    _open(page, draft)
    page.wait_for_load_state("networkidle")
    context = browser.new_context(reduced_motion="reduce", locale="en-GB")
    other = context.new_page()
    sign_in(other, address, "coauthor")
    _open(other, draft)
    other.get_by_text("Amal Author is editing this entry since").wait_for()
    other.locator("#id_rationale").fill("Alex's reason.")
    _soft_maximum(other).fill("4 mg/h")
    other.get_by_role("button", name="Save", exact=True).click()
    other.wait_for_url(draft)
    context.close()
    _soft_maximum(page).fill("5 mg/h")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/merge")
    assert page.get_by_label("Alex Author: Alex's reason.").is_checked()
    assert violations(page) == []
    page.get_by_label("Yours: 5 mg/h").check()
    page.get_by_role("button", name="Save what is chosen").click()
    page.wait_for_url(draft)
    assert page.get_by_text("soft maximum: 3 mg/h → 5 mg/h").count() == 1
    assert page.get_by_text("Alex's reason.").count() == 1


def test_many_entries_are_edited_as_one_and_undone_as_one(page, address):
    """Given a pharmacist, when they double a group of limits in bulk, then they see each before and after first."""
    sign_in(page, address, "author")
    draft = _draft(page, address, "Every alfentanil")
    page.get_by_role("link", name="Edit many entries").click()
    assert violations(page) == []
    page.get_by_label("Words").fill("alfentanil")
    page.get_by_role("button", name="Find").click()
    page.get_by_label("All that were found").check()
    page.get_by_label("Multiply by an exact factor").check()
    page.get_by_label("Every value of").select_option("dose")
    page.get_by_label("Factor", exact=True).fill("0.5")
    assert violations(page) == []
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_text("Dose, hard maximum: 6 mg/h → 3 mg/h").first.wait_for()
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert not overflows(page)
    page.get_by_role("button", name="Do it to").click()
    page.get_by_text("You can undo it as one").wait_for()
    page.get_by_role("button", name="Undo it as one").click()
    page.get_by_text("Undone: Multiply every value of Dose by 0.5").wait_for()
    page.goto(draft)
    assert page.get_by_text("As in version").count() > 1
