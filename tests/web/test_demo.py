"""The last part of the demo, where nobody watches: the application answers, and it ends by itself."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = "from pathlib import Path; from openinfusion.cli.demo_web import show_web; show_web(Path({examples!r}))"


def test_the_demo_ends_with_the_application_running(tmp_path):
    """It names one sign-in for each role and the address, and says how to start it again."""
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(("DJANGO", "OPENINFUSION_WEB"))
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(examples=str(ROOT / "examples"))],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("library pharmacist", "author@example.org", "runs at http://localhost:", "Start it again"):
        assert words in done.stdout
