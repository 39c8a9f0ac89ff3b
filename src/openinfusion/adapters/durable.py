"""What survives a power cut: files and folders that are on the disk before anybody is told that they are."""

import os
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all; once this returns it survives a power cut."""
    torn = path.with_suffix(".tmp")
    with torn.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    torn.rename(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Have what was written to a file reach the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Have the names in a folder reach the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
