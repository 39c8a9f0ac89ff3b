"""Every fenced command of the manual runs, and prints what the manual says it prints."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "tutorial").glob("*.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
OUTCOMES = {0, 1, 10, 11, 12}


@pytest.fixture
def workplace(tmp_path):
    """A folder with the examples, where commands may write: of each page its own, for each begins anew."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def sessions(page: Path) -> list[list[tuple[str, list[str]]]]:
    """Return the console blocks of a page: commands, each with the output lines below it."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    found = []
    for block in blocks:
        steps: list[tuple[str, list[str]]] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif line.strip() not in ("", "..."):
                steps[-1][1].append(line)
        found.append(steps)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page, workplace):
    for steps in sessions(page):
        for command, output in steps:
            words = shlex.split(command)
            if not words[0].endswith("openinfusion"):
                assert words[0] in ("make", "git"), f"{page.name}: {command}"
                continue
            done = subprocess.run(
                [sys.executable, "-m", "openinfusion", *words[1:]],
                cwd=workplace,
                env=dict(os.environ),  # as Python knows it: readline sets the width of a terminal behind its back
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            assert done.returncode in OUTCOMES, f"{page.name}: {command}\n{done.stderr}"
            for line in output:
                assert line in done.stdout, f"{page.name}: {command} does not print {line!r}"


def test_links_of_the_manual_lead_somewhere():
    pages = [
        *PAGES,
        ROOT / "DEVELOPERS.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "conformance").glob("*.md")),
    ]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not re.match(r"https?://", target):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
