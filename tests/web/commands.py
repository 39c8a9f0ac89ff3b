"""The commands of the web application, each in a process of its own, as whoever keeps a place runs them."""

import os
import subprocess
import sys


def run(*words):
    """Run ``openinfusion web`` with some words."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "OPENINFUSION_WEB"))
    }
    command = [sys.executable, "-m", "openinfusion", "web", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def last_line(done):
    """Return what a command prints last: the anchor of the audit record."""
    return done.stdout.split()[-1]
