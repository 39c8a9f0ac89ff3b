"""
A change from its draft to the pumps' own signers, in a real browser, by people who are all different.

The place has an authority over signed releases, made and used by the fleet's own commands beside the browser, as at a
hospital: what two people release here is, byte for byte, what pharmacy and safety sign there.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from openinfusion.adapters.library_file import identity, library_from_bytes, read_library
from openinfusion.core.change_class import values_to_check
from openinfusion.core.difference import difference
from openinfusion.fleet.authority.listing import library_bytes, listing_of
from openinfusion.fleet.authority.trees import Authority
from openinfusion.web import example
from tests.web.browser import ROOT, served
from tests.web.browser_story import (
    Story,
    assessed_tested_and_approved,
    checked_blind,
    gates_opened,
    ready_to_release,
    released_by_two,
)

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("browser")]
ENTRY = "adult-critical-care-a-general--alfentanil--continuous--analgesia--25-mg-in-50-ml"
NAME = f"{example.TRUST}--{example.LIBRARY}--1"


def fleet(*words: object) -> str:
    """Run one command of the fleet beside the browser."""
    command = [sys.executable, "-m", "openinfusion", "fleet", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The example trust served from a folder of its own, with an authority in it."""
    folder = tmp_path_factory.mktemp("with-authority")
    with served(folder, 'authority = "authority"\n') as address:
        fleet("init", folder / "authority", "--trial", "--hospital", example.TRUST, "--profile", example.LIBRARY)
        yield address, folder / "authority"


def from_the_sources() -> list[str]:
    """What a second pharmacist works out: every value of the entry, with the soft maximum of the new guideline."""
    base = read_library(ROOT / "examples/trust/library-1.1.0.json")
    entry = base.find_entry(ENTRY)
    assert entry is not None
    assert entry.dose is not None
    dose = replace(entry.dose, soft_max=Fraction(5, 2))
    changed = replace(entry, dose=dose)
    made = replace(base, entries=tuple(changed if one.id == ENTRY else one for one in base.entries))
    return list(values_to_check(difference(base, made).changes, made).values())


def test_a_change_goes_from_draft_to_the_signers_of_the_pumps(page, place):
    """
    Given a draft, when each person does their part by browser, then the authority puts out what was signed.

    Author, safety officer, champion, checker, clinical safety officer, trainer, committee, two who release, engineer.
    """
    address, folder = place
    story = Story(page, address)
    drafted(story)
    triaged_and_agreed(story)
    checked_blind(story, from_the_sources(), hidden="2.5 mg/h")
    assessed_tested_and_approved(story)
    sha256 = gates_opened(story)
    handed_over(story, folder)
    ready_to_release(story, release_id=NAME)
    released_by_two(story, sha256)

    office = Authority(folder)
    (listed,) = listing_of(office, example.TRUST, example.LIBRARY).values()
    story.sits_down("reader")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the canonical file").click()
    content = Path(download.value.path()).read_bytes()
    assert identity(library_from_bytes(content, where="file")) == sha256 == listed.content.sha256
    assert library_bytes(office, listed) == content


def drafted(story: Story) -> None:
    """Given a draft that lowers a soft maximum, with its reason, sources, hazards and risk."""
    page = story.page
    story.sits_down("author")
    story.opens("A lower soft maximum of alfentanil", "guideline", "routine")
    page.goto(f"{story.here.replace('/changes/', '/drafts/')}/entries/{ENTRY}")
    page.locator("[name='dose.soft_max']").fill("2.5 mg/h")
    page.get_by_role("button", name="Save", exact=True).click()
    story.writes("The guideline is lower now.", "Guideline of the example, page 3")
    story.takes("Propose")


def triaged_and_agreed(story: Story) -> None:
    """When it is triaged, and the champion of the area agrees and closes the review."""
    story.sits_down("mso")
    story.records("duplicates", "None asks for the same.")
    story.takes("Triage")
    story.sits_down("champion")
    story.agrees("Adult critical care A: general")
    story.takes("Close the review by the care areas")


def handed_over(story: Story, folder: Path) -> None:
    """And the engineer writes the package, which pharmacy and safety sign with keys of their own."""
    page = story.page
    story.sits_down("engineer")
    page.goto(f"{story.here}/gates")
    page.get_by_role("button", name="Write the package to be signed").click()
    story.says("Waits for signatures")
    story.is_clear()
    for who in ("pharmacist", "safety-officer"):
        key = folder / "keys" / f"{who}.pem"
        said = fleet("sign", folder / "proposals" / NAME, "--key", key, "--yes")
    assert "Signed by all who must" in said
    fleet("publish", NAME, "--authority", folder)
    page.reload()
    story.says(f"as {NAME}")
