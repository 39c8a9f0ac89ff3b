"""
A story for each role, from signing in to the act that the role is for; and what it may not do, and whose that is.

Each is one row: who, what is given, what they do, what they read then, and the page that is refused to them. The trust
is furnished (``tests/web/furnished.py``); no story needs another.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser import PASSWORD, sign_in

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
CHANGES = "/example-trust/changes"
AUDIT, PEOPLE, PROPOSE, TOKENS = (
    "/example-trust/audit/",
    "/example-trust/people",
    f"{CHANGES}/new",
    "/example-trust/tokens/",
)
GATES = f"{CHANGES}/CR-2026-001/gates"


class Desk(NamedTuple):
    """Where somebody sits: their window, the address of the trust, and its folder."""

    page: Page
    address: str
    folder: Path

    def opens(self, where: str) -> None:
        """Go to an address of the trust."""
        self.page.goto(self.address + where)

    def follows(self, *links: str) -> None:
        """Follow links by their words, each on the page that the one before led to."""
        for words in links:
            self.page.get_by_role("link", name=words).first.click()

    def records(self, need: str, words: str) -> None:
        """Write what a step needs."""
        self.page.locator(f"#field-{need}").fill(words)
        self.page.locator(f"#need-{need}").get_by_role("button", name="Record").click()

    def takes(self, step: str) -> None:
        """Press the button of a step, with a reason."""
        form = self.page.locator("form", has=self.page.get_by_role("button", name=step, exact=True))
        form.locator("[name=reason]").fill("As agreed.")
        form.get_by_role("button", name=step, exact=True).click()

    def signs(self) -> None:
        """Show by the password who signs."""
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign", exact=True).click()

    def declares(self, asked: str, *, answer: str | None = None) -> None:
        """Open what is asked at the release gates, and say that it holds."""
        self.opens(GATES)
        part = self.page.locator("section", has_text=asked)
        part.locator("summary").click()
        if answer:
            part.get_by_label(answer, exact=True).check()
        part.get_by_label("Why you say so").fill("Looked at today.")
        part.get_by_label("Where the evidence lies").fill("Minutes of today")
        part.get_by_role("button", name="Declare").click()

    def comments(self, where: str) -> None:
        """Say something about a change."""
        self.opens(where)
        self.page.get_by_label("Comment", exact=True).fill("We see the same in our reports.")
        self.page.get_by_role("button", name="Add the comment").click()


def reads(desk: Desk) -> None:
    desk.follows("Adult library", "Version 1.1.0")
    desk.page.get_by_label("Find an entry").press_sequentially("fent")
    desk.follows("fentaNYL")


def proposes(desk: Desk) -> None:
    desk.follows("CR-2026-003", "Write why, from which sources")
    desk.page.get_by_label("Why", exact=True).fill("The guideline is lower now.")
    desk.page.get_by_label("Sources").fill("Guideline of the example, page 3")
    desk.page.get_by_role("button", name="Save").click()
    desk.takes("Propose")


def checks(desk: Desk) -> None:
    desk.follows("CR-2026-001", "Work the values out")
    for number, text in enumerate(json.loads((desk.folder / "values.json").read_text())):
        desk.page.locator(f"#id_value-{number}").fill(text)
    desk.page.get_by_role("button", name="Send my values").click()
    desk.takes("Confirm the blind check")
    desk.signs()


def answers_for_an_area(desk: Desk) -> None:
    desk.follows("CR-2026-004")
    desk.page.get_by_label("I agree").check()
    desk.page.get_by_label("Your reason, for").fill("It fits our practice.")
    desk.page.get_by_role("button", name=re.compile("^Answer for")).click()
    desk.takes("Close the review by the care areas")


def rejects(desk: Desk) -> None:
    desk.follows("Change requests", "CR-2026-005")
    desk.page.get_by_text("Other ways from here").click()
    desk.takes("Reject")
    desk.signs()


def triages(desk: Desk) -> None:
    desk.follows("CR-2026-002")
    desk.records("duplicates", "None asks for the same.")
    desk.takes("Triage")


def scores_a_hazard(desk: Desk) -> None:
    desk.opens(GATES)
    part = desk.page.locator("section", has_text="LC-02").first
    part.locator("summary").click()
    part.get_by_label("Risk that is left").fill("2")
    part.get_by_label("Why you say so").fill("The ceiling holds.")
    part.get_by_label("Where the evidence lies").fill("Hazard log, issue 4")
    part.get_by_role("button", name="Declare").click()


def verifies_the_record(desk: Desk) -> None:
    desk.follows("Audit")
    desk.page.get_by_role("button", name="Verify the whole record").click()


def looks_at_a_person(desk: Desk) -> None:
    desk.follows("People", "Noor Nurse")


def asks_what_was_in_force(desk: Desk) -> None:
    desk.opens(f"{CHANGES}/in-force?library=adult&drug=fentanyl&at=2026-11-29T12:00")


class Story(NamedTuple):
    """
    One role's story.

    Attributes:
        who: the name before the @ of their address.
        given: what is so before, in words.
        does: what they do.
        then: what they read then.
        may_not: the page that is refused to them.
        whose: whose it is, as the refusal says it.

    """

    who: str
    given: str
    does: Callable[[Desk], None]
    then: str
    may_not: str
    whose: str


OFFICERS = "medication safety officer"
STORIES = (
    Story("reader", "a library", reads, "Limits", PROPOSE, "a library pharmacist"),
    Story("author", "a draft of theirs", proposes, "Next: triage", PEOPLE, "a chief clinical information officer"),
    Story(
        "checker",
        "a request that waits for its blind check",
        checks,
        "Next: confirm the safety assessment",
        AUDIT,
        OFFICERS,
    ),
    Story(
        "champion",
        "a triaged request for their area",
        answers_for_an_area,
        "Next: confirm the blind check",
        AUDIT,
        OFFICERS,
    ),
    Story("committee", "a request that nobody needs", rejects, "This request is at its end", AUDIT, OFFICERS),
    Story("mso", "a proposed request", triages, "Next: close the review", PEOPLE, "chief clinical information officer"),
    Story(
        "mdso",
        "a release to come",
        lambda desk: desk.declares("Advice of the manufacturer"),
        "Looked at today.",
        TOKENS,
        "chief",
    ),
    Story(
        "cso", "a hazard of the change", scores_a_hazard, "Risk left: 2.", TOKENS, "chief clinical information officer"
    ),
    Story("chief", "an audit record", verifies_the_record, "The chain holds", PROPOSE, "a library pharmacist"),
    Story("informatics", "people with duties", looks_at_a_person, "Give a duty", PROPOSE, "a library pharmacist"),
    Story(
        "engineer",
        "a release to come",
        lambda desk: desk.declares("are kept", answer="Yes"),
        "Looked at today.",
        PROPOSE,
        "a library pharmacist",
    ),
    Story(
        "trainer",
        "a release to come",
        lambda desk: desk.declares("Roles and areas below"),
        "Looked at today.",
        AUDIT,
        OFFICERS,
    ),
    Story(
        "psl", "an incident", asks_what_was_in_force, "No pump was named", PEOPLE, "chief clinical information officer"
    ),
    Story(
        "ig",
        "a change",
        lambda desk: desk.comments(f"{CHANGES}/CR-2026-002"),
        "We see the same",
        PROPOSE,
        "a library pharmacist",
    ),
    Story("maker", "a library", reads, "Limits", PROPOSE, "a library pharmacist"),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.who)
def test_each_role_from_signing_in_to_its_act(page, furnished, story):
    """When they act, then the page says so; what is not theirs is refused, and whose it is."""
    folder, address = furnished
    desk = Desk(page, address, folder)
    sign_in(page, address, story.who)
    page.wait_for_url(re.compile("/example-trust/"))
    story.does(desk)
    expect(page.locator("main")).to_contain_text(story.then)
    answer = page.goto(address + story.may_not)
    assert answer is not None
    assert answer.status == 403
    expect(page.locator("main")).to_contain_text(story.whose)
