"""Open a library whatever it is written in: the open format, or a table with its mapping."""

from dataclasses import dataclass
from pathlib import Path

from openinfusion.adapters.library_file import read_library
from openinfusion.adapters.tables import (
    TableMapping,
    TableReading,
    load_mapping,
    mapping_names,
    read_table,
    shipped_mapping,
)
from openinfusion.core.errors import FileAccessError, MappingError, OpenInfusionError, SenderError, TableError
from openinfusion.core.library import Library

TABLES = frozenset({".xlsx", ".xlsm", ".csv", ".tsv", ".txt"})


@dataclass(frozen=True, slots=True)
class Opened:
    """A library, and how its table was read if it came from one."""

    library: Library
    reading: TableReading | None = None


def open_library(path: Path, mapping: str | None, *, option: str = "--mapping") -> Opened:
    """
    Return the library in a file of any supported kind; ``option`` is what the reader names its layout with.

    Raises:
        OpenInfusionError: as the readers do; a table that fits no shipped mapping, or more than one, must name its own.

    """
    if path.suffix.lower() not in TABLES:
        return Opened(read_library(path))
    reading = read_table(path, mapping_for(mapping, path, option=option))
    if not reading.library.entries:
        found = f"{reading.rows_read:,} rows and not one entry that this mapping can read"
        raise TableError(where=path.name, found=found, expected=f"another {option}: this one does not fit the table")
    return Opened(reading.library, reading)


def mapping_for(name: str | None, path: Path | None = None, *, option: str = "--mapping") -> TableMapping:
    """Return a shipped mapping by name, a mapping file by path, or the one shipped mapping that fits a table."""
    if name is None:
        return _fitting(path, option) if path is not None else shipped_mapping("plain")
    if name in mapping_names():
        return shipped_mapping(name)
    file = Path(name)
    if file.suffix.lower() != ".toml":
        known = ", ".join(mapping_names())
        raise MappingError(where=option, found=repr(name), expected=f"{known}, or a file ending in .toml")
    return load_mapping(file)


def _fitting(path: Path, option: str) -> TableMapping:
    """Return the shipped mapping that reads entries from a table."""
    if not path.exists():
        raise FileAccessError(where=str(path), found="no such file", expected="a file that can be read")
    faults = {name: _fault(path, name) for name in mapping_names()}
    if len({(fault.found, fault.expected) for fault in faults.values() if fault}) == 1 and all(faults.values()):
        raise next(fault for fault in faults.values() if fault)  # damaged in the same way, whatever the layout
    fitting = [name for name, fault in faults.items() if fault is None]
    if len(fitting) != 1:
        found = "a table that fits no shipped mapping" if not fitting else f"a table that fits {' and '.join(fitting)}"
        raise TableError(
            where=path.name, found=found, expected=f"{option} with one of {', '.join(mapping_names())}, or a file"
        )
    return shipped_mapping(fitting[0])


def _fault(path: Path, name: str) -> OpenInfusionError | None:
    """Return why a shipped mapping does not fit a table, or ``None`` if it reads entries from it."""
    try:
        entries = read_table(path, shipped_mapping(name)).library.entries
    except SenderError as error:
        return error
    return None if entries else TableError(where=path.name, found=f"no entries with {name}", expected="another layout")
