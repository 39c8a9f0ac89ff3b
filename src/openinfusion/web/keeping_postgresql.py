"""A copy of a place's PostgreSQL as it was at one moment, and the way back; the programs are PostgreSQL's own."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from openinfusion.core.errors import FileAccessError, OperatorError
from openinfusion.web.postgresql import looking, read_address

if TYPE_CHECKING:
    from psycopg import Connection

LAST = "SELECT seq, hash FROM audit_auditrow ORDER BY seq DESC LIMIT 1"
_NOT_OURS = "SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%' OR nspname = 'information_schema'"
_TABLES = f"SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace NOT IN ({_NOT_OURS}) ORDER BY relname"  # noqa: S608 - a constant
_ANYTHING = f"SELECT count(*) FROM pg_class WHERE relnamespace NOT IN ({_NOT_OURS})"  # noqa: S608 - a constant


def copy(address: Path, dump: Path) -> tuple[dict[str, int], str]:
    """
    Write the database that a file names into a file, and return the rows of each table and the end of its audit record.

    All of it is of one moment: rows that others write meanwhile are in neither.

    Raises:
        OperatorError: the database cannot be read, or holds no place.

    """
    with looking(address) as connection:
        found = _look(connection)
        if not found[0]:
            where = f"the database in {address}"
            raise FileAccessError(
                where=where, found="no database of a place", expected="a place: openinfusion web init"
            )
        (moment,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        _run("pg_dump", address, "--format=custom", f"--snapshot={moment}", f"--file={dump}")
    return found


def take_back(address: Path, dump: Path, *, rows: Mapping[str, int], anchor: str) -> None:
    """
    Take a copy back into the empty database that a file names; all of it or nothing.

    Raises:
        OperatorError: the database is not empty, or holds other rows afterwards than were copied.

    """
    where = f"the database in {address}"
    with looking(address) as connection:
        (held,) = connection.execute(_ANYTHING).fetchone() or (0,)
    if held:
        raise FileAccessError(where=where, found="a database in use", expected="an empty one")
    _run("pg_restore", address, "--single-transaction", "--no-owner", "--no-privileges", str(dump))
    with looking(address) as connection:
        if _look(connection) != (rows, anchor):
            found = "other rows than were copied"
            raise OperatorError(where=where, found=found, expected="the copy as it was made, in a new database")


def _look(connection: "Connection") -> tuple[dict[str, int], str]:
    """Return the rows of each table, none where this is no place's, and the end of the audit record."""
    from psycopg import sql  # noqa: PLC0415 - the driver is an extra

    names = [name for (name,) in connection.execute(_TABLES)]
    if "audit_auditrow" not in names:
        return {}, ""
    rows = {}
    for name in names:
        counted = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        rows[name] = counted[0] if counted else 0
    last = connection.execute(LAST).fetchone()
    return rows, f"{last[0]}:{last[1]}" if last else ""


def _run(program: str, address: Path, *options: str) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, since everybody sees what is run with what."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - the driver is an extra

    parts = read_address(address)
    secret = {"PGPASSWORD": parts.pop("password")} if "password" in parts else {}
    words = [program, "--dbname", make_conninfo(**parts), *options]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | secret)  # noqa: S603 - PostgreSQL's own
    except FileNotFoundError as error:
        raise OperatorError(where=program, found="no such program", expected="the clients of PostgreSQL") from error
    if done.returncode:
        raise OperatorError(where=program, found=done.stderr.strip()[-300:], expected="a database that answers")
