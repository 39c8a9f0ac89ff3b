"""A place of its own for a test that needs several processes: each command in a process that ends."""

import os
import subprocess
import sys
from pathlib import Path


class OwnPlace:
    """A new place with its database, and Python with Django in it."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        folder.mkdir()
        (folder / "web.toml").write_text(settings)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
        product = {"OPENINFUSION_WEB": str(folder), "DJANGO_SETTINGS_MODULE": "openinfusion.web.settings"}
        self.environment = kept | product
        self.run("-m", "openinfusion.web.manage", "migrate", "--verbosity", "0")

    def run(self, *words: str) -> str:
        """Run Python with these words; return what it says."""
        done = subprocess.run(
            [sys.executable, *words], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
