"""The application as it is served, in a real browser: Debian's Chromium, which downloads nothing."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "build/foreign/tuf/node_modules/axe-core/axe.min.js"
FURNISH = "import django; django.setup(); from tests.web.furnished import main; main()"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PASSWORD = "example-only-not-for-clinical-use"  # noqa: S105 - the example's, which everybody may know


@contextmanager
def served(folder: Path, more: str = "", *, lake: bool = False, is_furnished: bool = False) -> Iterator[str]:
    """Serve the example trust from a new folder, by the product's own commands; ``more`` ends its settings."""
    environment = os.environ | {"OPENINFUSION_WEB": str(folder)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "openinfusion"]
    _run([*command, "web", "init", str(folder), "--example", "--lake" if lake else "--no-lake"], environment)
    if is_furnished:
        _run([sys.executable, "-c", FURNISH], environment | {"DJANGO_SETTINGS_MODULE": "openinfusion.web.settings"})
    port = free_port()
    with (folder / "web.toml").open("a") as settings:
        settings.write(f'origin = "http://127.0.0.1:{port}"\n{more}')
    log = (folder / "serve.log").open("w")
    server = subprocess.Popen(
        [*command, "serve", str(folder), "--port", str(port), "--workers", "1"],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        _wait(f"http://127.0.0.1:{port}", folder)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)
        log.close()


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(address: str, folder: Path) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError((folder / "serve.log").read_text())


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser of the system."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "Chromium is not installed: make foreign"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def sign_in(page: Page, address: str, name: str) -> None:
    """Sign in as a person of the example, by the name before the @ of their address."""
    page.goto(f"{address}/account/login/")
    page.get_by_label("E-mail address").fill(f"{name}@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def is_signed_in(page: Page, folder: Path, address: str, name: str) -> None:
    """Let a window of a furnished place belong to somebody, or to nobody, without the form of signing in."""
    page.context.clear_cookies()
    if name:
        value = json.loads((folder / "cookies.json").read_text())[name]
        page.context.add_cookies([{"name": "sessionid", "value": value, "url": address}])


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page: rule, and where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run({{runOnly: {WCAG}, resultTypes: ['violations']}})")
    return [
        f"{one['id']}: {one['help']} at {', '.join(str(node['target']) for node in one['nodes'][:3])}"
        for one in found["violations"]
    ]


def overflows(page: Page) -> bool:
    """
    Whether a page is wider than its window, so that people must scroll sideways to read a line.

    The menu of the header folds itself a moment after a window was made narrow; a page that stays wide is wide.
    """
    for _ in range(20):
        if page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
            return False
        page.wait_for_timeout(100)
    return True
