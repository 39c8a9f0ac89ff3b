"""Stories of a change, in a real browser, each person from signing in to signing."""

import re

import pytest

from tests.web.browser_story import Story

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
ENTRY = "adult-critical-care-a-general--alfentanil--continuous--analgesia--25-mg-in-50-ml"


@pytest.fixture
def story(page, address):
    return Story(page, address)


def drafted(story: Story) -> None:
    """Given a draft of the author's that lowers a soft maximum, with its reason and sources."""
    page = story.page
    story.sits_down("author")
    story.opens("A lower soft maximum of alfentanil", "guideline", "routine")
    story.is_clear()
    page.goto(f"{story.here.replace('/changes/', '/drafts/')}/entries/{ENTRY}")
    page.locator("[name='dose.soft_max']").fill("2.5 mg/h")
    page.get_by_role("button", name="Save", exact=True).click()
    story.writes("The guideline is lower now.", "Guideline of the example, page 3")
    story.takes("Propose")


def triaged(story: Story) -> None:
    """And triaged by the medication safety officer."""
    story.sits_down("mso")
    story.records("duplicates", "None asks for the same.")
    story.takes("Triage")


def test_an_objection_is_read_by_everybody_and_overruled_by_the_committee(story):
    """Given an objection, when the committee overrules it with a reason, then the champion may close the review."""
    page = story.page
    drafted(story)
    triaged(story)
    story.sits_down("champion")
    page.get_by_label("I object").check()
    page.get_by_label("Your reason, for").fill("Our patients need more.")
    page.get_by_role("button", name=re.compile("^Answer for")).click()
    assert "objects (Our patients need more.)" in page.inner_text("main")
    story.sits_down("committee")
    story.is_clear()
    page.get_by_label("Overrule it").check()
    page.get_by_label("The committee's reason").fill("The guideline is new.")
    page.get_by_role("button", name="Record the decision").click()
    assert "Objection overruled" in page.inner_text("main")


def test_an_emergency_counts_down(story):
    """Given a proposal, when safety officer and champion sign the emergency, then the page says when it ends."""
    page = story.page
    drafted(story)
    for name in ("mso", "champion"):
        story.sits_down(name)
        page.get_by_text("Other ways from here").click()
        story.takes("Approve in an emergency", signs=True)
    assert "In force until" in page.inner_text("main")
    assert "must ratify or revoke it by" in page.inner_text("main")
    story.is_clear()


def test_the_record_can_be_read_by_keyboard_alone(story):
    """Given the audit record, when somebody goes by Tab, then every table and button is reached."""
    page = story.page
    story.sits_down("mso")
    for where in (
        "/example-trust/audit/",
        "/example-trust/changes/in-force?library=adult&drug=fentanyl&at=2026-11-29T12:00",
    ):
        page.goto(story.address + where)
        story.is_clear()
    page.goto(f"{story.address}/example-trust/audit/")
    page.get_by_role("button", name="Verify the whole record").focus()
    page.keyboard.press("Enter")
    page.get_by_text("The chain holds").wait_for()
