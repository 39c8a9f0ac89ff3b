"""Who may do nothing any more: pumps, gateways, certificates; with a certificate, every other one for its key."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from openinfusion.gateway.devices.callers import KEY, OutOfScopeError
from openinfusion.gateway.devices.pumps import mark_named
from openinfusion.gateway.devices.tables import certificate_key, denied, to_microseconds

_AMONG = select(denied.c.name).where(denied.c.name.in_(bindparam("names", expanding=True))).limit(1)


def deny(connection: Connection, name: str, *, reason: str, at: datetime) -> bool:
    """
    Let a pump, a gateway or a certificate do nothing any more, from the next request on.

    Returns whether that is all of it: of a certificate that was not given here the key is not known, and another one
    for the same key would count.
    """
    key = _key_of(connection, name)
    for one in (name, *key):
        if denied_among(connection, (one,)) is None:
            row = {"name": one, "since": to_microseconds(at), "reason": reason}
            connection.execute(denied.insert().values(**row))
    mark_named(connection, name)
    return bool(key) or name.startswith("urn:")


def allow(connection: Connection, name: str) -> bool:
    """Take a denial back, of a certificate with that of its key; whether there was one."""
    names = (name, *_key_of(connection, name))
    mark_named(connection, name)
    return bool(connection.execute(denied.delete().where(denied.c.name.in_(names))).rowcount)


def _key_of(connection: Connection, serial: str) -> tuple[str, ...]:
    found = connection.scalar(select(certificate_key.c.key).where(certificate_key.c.serial == serial))
    return () if found is None else (f"{KEY}{found.hex()}",)


def denied_among(connection: Connection, names: Collection[str]) -> str | None:
    """Return one of some names that was denied, or ``None``."""
    found: str | None = connection.scalar(_AMONG, {"names": list(names)})
    return found


def refusal_of_denied(connection: Connection, names: Collection[str], *, who: str) -> OutOfScopeError | None:
    """Return the refusal where one of the names that act in a request was denied."""
    name = denied_among(connection, names)
    if name is None:
        return None
    found = "a key that was denied" if name.startswith(KEY) else f"{name}, which was denied"
    return OutOfScopeError(403, where=who, found=found, expected="another one", code="denied")
