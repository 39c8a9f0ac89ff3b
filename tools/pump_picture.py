"""The picture of the virtual pump in the manual: the full-screen program, driven to a running infusion."""

import asyncio
import os
import re
from pathlib import Path

from openinfusion.adapters.library_file import read_library
from openinfusion.cli.pump_app import PumpApp
from openinfusion.cli.pump_session import Session
from openinfusion.pump.models import find_model

LIBRARY = Path(__file__).resolve().parent.parent / "examples" / "trust" / "library-1.1.0.json"
TO_RUNNING = (
    *("enter", "1", *"70", "enter"),  # power, care area, weight
    *("3", *"50", "enter"),  # a syringe
    *("1", *"nor", "enter", "1", "3"),  # noradrenaline, single strength
    *(*"0.6", "enter", *"40", "enter"),  # dose and volume
    *("1", "1", "1"),  # confirmed; the soft limit overridden with a reason
    *("1", "f6", "f6", "f6"),  # started; half an hour passes
)
_FONT_FACE = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)


def build() -> dict[Path, bytes]:
    """Return the picture by its path; the same every time, and it loads nothing from anywhere."""
    os.environ.pop("NO_COLOR", None)  # whoever likes a terminal without colours still draws the manual with them
    svg = _FONT_FACE.sub("", asyncio.run(_drawn()))
    tidy = "\n".join(line.rstrip() for line in svg.splitlines() if line.strip())
    return {Path("docs/images/pump-try.svg"): f"{tidy}\n".encode()}


async def _drawn() -> str:
    app = PumpApp(Session(read_library(LIBRARY), find_model("halden-s2")), speed=0)
    async with app.run_test(size=(118, 34)) as pilot:
        await pilot.pause()
        for key in TO_RUNNING:
            await pilot.press(key)
            await pilot.pause()
        return app.export_screenshot(title="openinfusion pump try")
