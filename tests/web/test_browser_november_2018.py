"""
The story of November 2018 in a real browser, as it should have gone, to its end.

A unit objects to one strength, the committee does not standardise, LC-01 is open again; the release is blocked, in
words, until bounds of the strength and a maximum volume of the bolus are in the library and verified; then it goes.
"""

import json
import re

import pytest

from openinfusion.adapters.library_file import library_from_bytes, read_library
from openinfusion.core.change_class import values_to_check
from openinfusion.core.difference import difference
from openinfusion.web import example
from tests.web.browser import ROOT
from tests.web.browser_story import (
    Story,
    assessed_tested_and_approved,
    checked_blind,
    gates_opened,
    ready_to_release,
    released_by_two,
)

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
COMPARE = f"/example-trust/consensus/compare/{example.STORY}?drug=fentanyl&attribute=concentration"
UNITS = {
    "adult-critical-care-a-general": ("champion", "Adult critical care A: general"),
    "adult-critical-care-b-cardiac": ("cardiac", "Adult critical care B: cardiac"),
    "adult-critical-care-c-neuro": ("neuro", "Adult critical care C: neuro"),
}
ENTRY = "{}--fentanyl--continuous--analgesia-and-sedation--open"
BOUNDS = {
    "concentration.limits.unit": "micrograms/mL",
    "concentration.limits.hard_min": "10",
    "concentration.limits.hard_max": "50",
    "bolus.volume.unit": "mL",
    "bolus.volume.hard_max": "3",
}


def from_the_sources() -> list[str]:
    """What a second pharmacist works out: every value of the three entries, with the bounds that were agreed."""
    base = read_library(ROOT / "examples/trust/library-1.0.0.json")
    told = json.loads((ROOT / "examples/trust/library-1.0.0.json").read_text())
    for entry in told["entries"]:
        if entry["id"] in {ENTRY.format(unit) for unit in UNITS}:
            entry["concentration"] = {"limits": {"unit": "ug/mL", "hard_min": "10", "hard_max": "50"}}
            entry["bolus"]["volume"] = {"unit": "mL", "hard_max": "3"}
    made = library_from_bytes(json.dumps(told).encode(), where="the sources")
    return list(values_to_check(difference(base, made).changes, made).values())


def test_november_2018_is_played_to_its_end(page, address):
    """Given an objection, when it is not standardised, then nothing is released before other controls are verified."""
    story = Story(page, address)
    hazard = not_standardised(story)
    bounds_are_drafted(story)
    story.sits_down("mso")
    story.records("duplicates", "None asks for the same.")
    story.takes("Triage")
    for name, area in UNITS.values():
        story.sits_down(name)
        story.agrees(area)
    story.takes("Close the review by the care areas")
    checked_blind(story, from_the_sources(), hidden="50 micrograms/mL")
    assessed_tested_and_approved(story)
    release_is_blocked_in_words(story)
    controls_are_verified(story, hazard)
    sha256 = gates_opened(story)
    ready_to_release(story, release_id="november-2018--2")
    released_by_two(story, sha256)
    page.goto(hazard)
    story.says("Controlled in the newest version")
    story.is_clear()


def not_standardised(story: Story) -> str:
    """Given a draft strength, when a unit objects and the committee decides against it, then LC-01 is open again."""
    page, address = story.page, story.address
    story.sits_down("author")
    page.goto(address + COMPARE)
    story.is_clear()
    page.get_by_role("link", name="Raise fentanyl, continuous concentration, adult-critical-care-a-general").press(
        "Enter"
    )
    story.is_clear()
    page.get_by_role("button", name="Raise the discrepancy").press("Enter")
    page.wait_for_url(re.compile(r"/consensus/[^/]*$"))
    where = page.url
    story.is_clear()
    story.sits_down("committee")
    page.goto(where)
    page.get_by_role("button", name="Open round 1").click()
    story.sits_down("cardiac")
    page.goto(where)
    story.is_clear()
    page.get_by_label("I object").check()
    page.get_by_label("How far do you agree?").select_option("1")
    page.get_by_label("doctor").check()
    page.get_by_label("Your reason").fill("We need 10 micrograms/mL.")
    page.get_by_role("button", name="Keep my position").click()
    story.sits_down("committee")
    page.goto(where)
    page.get_by_role("button", name="Close round 1").click()
    story.is_clear()
    page.get_by_label("Do not standardise").check()
    page.get_by_label("Why", exact=True).fill("One unit keeps its strength.")
    page.get_by_label("To be looked at again on").fill("2027-06-01")
    page.get_by_role("button", name="Sign the decision").click()
    page.get_by_label("Password of committee@example.org").fill(example.PASSWORD)
    page.get_by_role("button", name="Sign", exact=True).click()
    story.says("LC-01 is open again")
    story.is_clear()
    page.get_by_role("link", name="See the hazard and its controls").click()
    story.says("No release yet")
    story.is_clear()
    return page.url


def bounds_are_drafted(story: Story) -> None:
    """The author opens a change, bounds strength and bolus in three units, and accepts what stands beside it."""
    page = story.page
    story.sits_down("author")
    story.opens("Bounds of an open strength of fentanyl", "incident", "urgent", library=example.STORY)
    draft = story.here.replace("/changes/", "/drafts/")
    for unit in UNITS:
        page.goto(f"{draft}/entries/{ENTRY.format(unit)}")
        page.locator("main details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        for field, text in BOUNDS.items():
            page.locator(f"[name='{field}']").fill(text)
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_url(draft)
    page.get_by_role("link", name="What review finds in this draft").click()
    story.is_clear()
    page.locator(".oi-finding--error").first.wait_for()
    errors = page.locator("section", has=page.locator(".oi-finding--error"))
    accept = errors.locator("summary")
    for _ in range(accept.count()):
        accept.first.click()
        errors.locator("details[open] [name=reason]").first.fill("Known since before the change; see the work list.")
        errors.locator("details[open] [name=until]").first.fill("2027-06-01")
        with page.expect_navigation():
            errors.locator("details[open]").first.get_by_role("button", name="Accept with this change").click()
    story.is_clear()
    story.writes("The strength stays open in one unit.", "Decision of the committee", before="4")
    story.takes("Propose")


def release_is_blocked_in_words(story: Story) -> None:
    """Bounds alone do not lift it: the page says which hazard, for what, where, and what is missing."""
    page = story.page
    story.sits_down("mdso")
    story.says("of the review accepted with a reason")
    page.goto(f"{story.here}/gates")
    gate = page.locator("#G3").inner_text()
    assert "LC-01 is open for fentanyl in" in gate
    assert "no verified control of the kind design" in gate
    assert "hard lowest strength" not in gate
    assert "Sam Safety" in gate
    story.is_clear()


def controls_are_verified(story: Story, hazard: str) -> None:
    """One person proposes bounds and volume cap as a control, another verifies it, a third rates what remains."""
    page = story.page
    story.sits_down("author")
    page.goto(hazard)
    page.get_by_label("What it does").fill("Hard bounds of the strength, and 3 mL at most as a bolus")
    page.get_by_role("button", name="Propose the control").click()
    story.says("Hard bounds of the strength")
    story.sits_down("checker")
    page.goto(hazard)
    page.get_by_label("Evidence: where it is shown to work").fill("Scenario set 4, on both pumps")
    page.get_by_role("button", name="Verify the control").click()
    story.says("Verified by Chris Checker")
    story.sits_down("cso")
    page.goto(hazard)
    page.get_by_label("Risk, with the controls").select_option("2")
    page.get_by_label("Why it is no more than that").fill("Bounded twice.")
    page.get_by_role("button", name="Rate the hazard").click()
    story.is_clear()
