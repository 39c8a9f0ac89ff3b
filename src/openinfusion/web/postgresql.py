"""A PostgreSQL that a file names: its address, and a look at what it holds. The address may hold a password."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openinfusion.core.errors import FileAccessError, OperatorError

if TYPE_CHECKING:
    from psycopg import Connection

BEGINNING = "postgresql://"
_SECONDS = 10
_EXPECTED = "the address of a database, such as postgresql://USER:PASSWORD@HOST/NAME"


def is_address(file: Path) -> bool:
    """Whether a file holds an address, or the name of a variable that does, and no database of its own."""
    try:
        with file.open("rb") as opened:
            found = opened.read(len(BEGINNING)).lstrip()
    except OSError:
        return False
    return found.startswith((b"$", b"postgresql"))


def read_address(file: Path) -> dict[str, str]:
    """
    Return the parts of the address in a file, or in the variable of the environment that it names, such as "dbname".

    Raises:
        OperatorError: there is no such address, or PostgreSQL cannot be spoken to from here.

    """
    try:
        from psycopg import ProgrammingError  # noqa: PLC0415 - the driver is an extra
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - as before
    except ImportError:
        found, expected = "no driver for PostgreSQL", "the extra openinfusion[postgresql]"
        raise OperatorError(where=str(file), found=found, expected=expected) from None
    address = _text(file)
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(address).items()}
    except ProgrammingError:  # its words may repeat a password
        raise OperatorError(where=str(file), found="an address that cannot be read", expected=_EXPECTED) from None
    if not parts.get("dbname"):
        raise OperatorError(where=str(file), found="an address without the name of a database", expected=_EXPECTED)
    return {"connect_timeout": str(_SECONDS)} | parts


def _text(file: Path) -> str:
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or "no text"
        raise FileAccessError(where=str(file), found=found, expected=_EXPECTED) from None
    if text.startswith("$"):
        found, text = f"{text[:80]}, which is not in the environment", os.environ.get(text[1:], "").strip()
        if not text:
            raise OperatorError(where=str(file), found=found, expected="the name of a variable that is set")
    if not text.startswith(BEGINNING):
        raise OperatorError(where=str(file), found="another beginning", expected=_EXPECTED)
    return text


@contextmanager
def looking(file: Path) -> "Iterator[Connection]":
    """
    Look at the database that a file names as it is at one moment, whoever writes meanwhile; nothing can be changed.

    Raises:
        OperatorError: it does not answer, or not what was asked.

    """
    parts = read_address(file)
    import psycopg  # noqa: PLC0415 - the driver is an extra

    try:
        with psycopg.connect(**parts) as connection:  # type: ignore[arg-type]
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection
    except psycopg.Error as error:
        found = str(error).strip().partition("\n")[0] or type(error).__name__
        where = f"the database in {file}"
        raise OperatorError(where=where, found=found, expected="a database that answers") from None
