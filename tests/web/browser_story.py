"""One change in one window, in which its people sit down one after the other."""

import re
from collections.abc import Iterable

from playwright.sync_api import Locator, Page

from tests.web.browser import PASSWORD, overflows, sign_in, violations


class Story:
    """One change, and one window in which its people sit down one after the other."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self.here = page, address, ""

    def sits_down(self, name: str) -> None:
        """Sign in, and open the change."""
        self.page.context.clear_cookies()
        sign_in(self.page, self.address, name)
        self.page.wait_for_url(re.compile(r"/example-[a-z]+/"))
        if self.here:
            self.page.goto(self.here)

    def opens(self, title: str, trigger: str, urgency: str, *, library: str = "adult") -> None:
        """Open a change request of a library, and stay at it."""
        self.page.goto(f"{self.address}/example-trust/changes/new")
        self.page.get_by_label("What shall change, and why").fill(title)
        self.page.locator("#id_library").select_option(library)
        self.page.get_by_label(trigger).check()
        self.page.get_by_label(urgency).check()
        self.page.get_by_role("button", name="Open the change request").click()
        self.here = self.page.url

    def writes(self, why: str, sources: str, *, before: str = "3") -> None:
        """Write why, from which sources, and what is risked, before and after."""
        self.page.goto(f"{self.here}/words")
        for label, text in (
            ("Why", why),
            ("Sources", sources),
            ("Hazards", "LC-02"),
            ("Risk before the change", before),
            ("Risk after the change", "2"),
            ("How the old content comes back", "Release the version before again."),
        ):
            self.page.get_by_label(label, exact=label == "Why").fill(text)
        self.is_clear()
        self.page.get_by_role("button", name="Save").click()

    def takes(self, step: str, *, reason: str = "As agreed.", signs: bool = False) -> None:
        """Press the button of a step, with a reason; show who it is where that is asked."""
        form = self.page.locator("form", has=self.page.get_by_role("button", name=step, exact=True))
        form.locator("[name=reason]").fill(reason)
        form.get_by_role("button", name=step, exact=True).click()
        if signs:
            self.signs()
            self.page.wait_for_url(self.here)

    def signs(self) -> None:
        """Show by the password who it is."""
        self.page.locator("#id_password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign", exact=True).click()

    def records(self, need: str, text: str, field: str = "") -> None:
        """Fill in what a step needs."""
        self.page.locator(f"#field-{field or need}").fill(text)
        self.page.locator(f"#need-{need}").get_by_role("button", name="Record").click()

    def agrees(self, area: str, reason: str = "It fits our practice.") -> None:
        """Agree for a care area."""
        form = self.page.locator("form", has=self.page.get_by_role("button", name=f"Answer for {area}", exact=True))
        form.get_by_label("I agree").check()
        form.locator("[name=reason]").fill(reason)
        form.get_by_role("button").click()

    def tests(self, kind: str) -> None:
        """Record a test that was passed."""
        self.page.locator("#id_kind").select_option(kind)
        self.page.get_by_label("What was tested").fill(f"The {kind} of it")
        self.page.get_by_label("Passed").check()
        self.page.get_by_label("Where the evidence of the test lies").fill("Test record 7")
        self.page.get_by_role("button", name="Record the test").click()

    def links_everything(self) -> None:
        """Say that whatever must say the same does."""
        for number in range(1, 7):
            self.page.locator(f"#state-{number}").select_option("done")
            with self.page.expect_navigation():
                self.page.locator("form", has=self.page.locator(f"#state-{number}")).get_by_role("button").click()

    def declares(self, what: str, **said: str) -> None:
        """Declare one thing on the page of the gates."""
        form = self.subject(what)
        form.locator("details:not([open]) > summary").first.click()
        if answer := said.get("answer"):
            form.get_by_label(answer, exact=True).check()
        if residual := said.get("residual"):
            form.get_by_label("Risk that is left").fill(residual)
        form.get_by_label("Why you say so").fill("Looked at today.")
        form.get_by_label("Where the evidence lies").fill("Minutes of the meeting")
        with self.page.expect_navigation():
            form.get_by_role("button", name="Declare", exact=True).click()

    def subject(self, what: str) -> Locator:
        """What is to be declared, on the page of the gates."""
        heading = self.page.get_by_role("heading", name=re.compile(f"^{re.escape(what)}"))
        return self.page.locator("section", has=heading)

    def is_clear(self) -> None:
        """Axe finds nothing on the page, and it fits a narrow window."""
        found = violations(self.page)
        assert not found, found
        self.page.set_viewport_size({"width": 320, "height": 800})
        assert not overflows(self.page)
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def says(self, words: str) -> None:
        """Wait until the page says something."""
        self.page.get_by_text(words, exact=False).first.wait_for()


def checked_blind(story: Story, values: Iterable[str], *, hidden: str) -> None:
    """A second pharmacist, who sees no new value, works each out from the sources, and signs."""
    page = story.page
    story.sits_down("checker")
    assert hidden not in page.inner_text("main")
    page.get_by_role("link", name="Check the values").click()
    story.is_clear()
    for number, value in enumerate(values):
        page.locator(f"[name=value-{number}]").fill(value)
    page.locator("main form").get_by_role("button").last.click()
    page.wait_for_url(re.compile(r"#check$"))
    story.says("No difference")
    story.takes("Confirm the blind check", signs=True)


def assessed_tested_and_approved(story: Story) -> None:
    """Safety is assessed, three kinds of test are passed, and the committee approves, each by signature."""
    story.sits_down("cso")
    for need in ("substantial", "new_risk", "existing_controls", "regulatory"):
        story.records(need, "No.")
    story.records("log_issue", "Issue 4")
    story.takes("Confirm the safety assessment", signs=True)
    story.sits_down("trainer")
    for kind in ("review", "boundary", "device"):
        story.tests(kind)
    story.takes("Confirm the tests")
    story.sits_down("committee")
    story.records("minutes", "Item 3")
    story.records("conditions", "None.")
    story.records("dissent", "None.")
    story.is_clear()
    story.takes("Approve", signs=True)


GATES = (
    ("cso", "Hazard LC-02", {"residual": "2"}),
    ("cso", "Hazard log and safety case report", {"answer": "Yes"}),
    ("cso", "Open discrepancies", {}),
    ("author", "Nobody types this library", {"answer": "Yes"}),
    ("author", "Pump models", {}),
    ("trainer", "Roles and areas below", {}),
    ("engineer", "The previous library", {"answer": "Yes"}),
    ("mdso", "Advice of the manufacturer", {}),
    ("mso", "Owner, measures and dates", {"answer": "Yes"}),
)


def gates_opened(story: Story) -> str:
    """Every gate is opened by whose it is; return the SHA-256 that all of them speak of."""
    page, who = story.page, ""
    for name, what, said in GATES:
        if name != who:
            story.sits_down(name)
            page.goto(f"{story.here}/gates")
            who = name
        story.declares(what, **said)
    story.is_clear()
    assert page.get_by_text("Closed", exact=True).count() == 0
    return page.locator(".oi-hash__whole").first.inner_text()


def ready_to_release(story: Story, *, release_id: str) -> None:
    """What must say the same does, and what a release needs is recorded."""
    page = story.page
    story.sits_down("mso")
    story.links_everything()
    story.sits_down("mdso")
    page.locator("#need-library_hash").get_by_role("button", name="Record").click()
    for need, text in (("environment", "Live"), ("agreed_time", "06:00"), ("change_notice", "Sent")):
        story.records(need, text)
    story.records("release_id", release_id)
    story.records("planned_date", "2026-12-07")


def released_by_two(story: Story, sha256: str) -> None:
    """Two people release it: the first signature waits, with the second there is a version."""
    page = story.page
    story.sits_down("mdso")
    story.takes("Release", signs=True)
    story.says("Still to sign")
    story.sits_down("engineer")
    story.takes("Release", signs=True)
    story.says("Released as")
    assert sha256 in page.content()
    story.is_clear()
