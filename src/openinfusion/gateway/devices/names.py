"""Who a pump or a gateway is: names as certificates carry them."""

import re

from openinfusion.core.errors import SenderError

_PUMP = re.compile(r"urn:pump:[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_GATEWAY = re.compile(r"urn:gateway:[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?")


def check_pump(urn: str) -> str:
    """Return the URN of a pump; raises SenderError if it is none."""
    if not _PUMP.fullmatch(urn):
        raise SenderError(where="pump", found=repr(urn[:200]), expected="urn:pump:<maker>:<serial>")
    return urn


def check_gateway(urn: str) -> str:
    """Return the URN of a gateway; raises SenderError if it is none."""
    if not _GATEWAY.fullmatch(urn):
        raise SenderError(where="gateway", found=repr(urn[:200]), expected="urn:gateway:<name>")
    return urn


def serial_of(urn: str) -> str:
    """Return the serial number in the URN of a pump."""
    return urn.rpartition(":")[2]
