"""What the commands about the device API share: its settings, its database, and the names of pumps."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.device_settings import DevicesPlace
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.settings import read_settings

Config = Annotated[Path, typer.Option(help="a TOML file of settings with a table devices in it")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Urn = Annotated[str, typer.Argument(help="the pump: urn:pump:<maker>:<serial>")]
Why = Annotated[str, typer.Option("--reason", help="why, in one sentence")]
SETTINGS = Path("gateway.toml")


def place_of(config: Path) -> DevicesPlace:
    """Return the settings of a device API; raises OperatorError where there are none."""
    place = read_settings(config).devices
    if place is None:
        raise OperatorError(where=str(config), found="no [devices]", expected="the settings of a device API")
    return place


@contextmanager
def database_of(config: Path) -> Iterator[Database]:
    """Open the database that settings name."""
    place = place_of(config)
    database = Database.open(place.state, postgresql=place.postgresql)
    try:
        yield database
    finally:
        database.close()


def must_say_why(reason: str) -> str:
    """Return a reason; raises OperatorError where it is none."""
    if not reason.strip():
        raise OperatorError(where="--reason", found="nothing", expected="a sentence")
    return reason.strip()
