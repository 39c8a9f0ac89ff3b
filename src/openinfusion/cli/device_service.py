"""`openinfusion gateway devices deny|retire|re-enrol|history`: pumps in service and out of it."""

import re
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from openinfusion.cli.console import say, say_json, styled, table
from openinfusion.cli.device_options import SETTINGS, AsJson, Config, Urn, Why, database_of, must_say_why
from openinfusion.core.errors import OperatorError
from openinfusion.core.wording import counted
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.clock import now, read_public_key
from openinfusion.gateway.devices.denials import allow, deny
from openinfusion.gateway.devices.names import check_gateway, check_pump
from openinfusion.gateway.devices.service import enrol_anew, history, retire

_SERIAL = re.compile(r"[0-9a-f]{8,64}")


def deny_one(
    name: Annotated[str, typer.Argument(help="the URN of a pump or gateway, or the serial number of a certificate")],
    *,
    reason: Why,
    config: Config = SETTINGS,
    allow_again: Annotated[bool, typer.Option("--allow-again", help="take it back")] = False,
) -> None:
    """
    Let a pump, a gateway or a certificate do nothing any more, from its next request on.

    With a certificate every other one for its key is denied. A denied pump stays on the lists as suspect until it is
    retired or enrolled anew.

    Example: openinfusion gateway devices deny urn:pump:acme:1 --reason "stolen" --config devices/gateway.toml
    """
    at, name, why = now(), _whom(name), must_say_why(reason)
    with database_of(config) as database, database.transaction() as connection:
        known = pumps.find(connection, name)
        if known is None and name.startswith("urn:pump:"):
            say(styled(f"No pump of that name is known here: {name}. It is noted all the same.", "yellow"))
        if known is not None and known.retired is not None:
            raise OperatorError(where=name, found="a pump that was retired", expected="re-enrol, which brings it back")
        is_changed = allow(connection, name) if allow_again else deny(connection, name, reason=why, at=at)
        pumps.note(connection, name, "allowed-again" if allow_again else "denied-by-order", words=why, at=at)
    if allow_again:
        say(f"{name} may act again." if is_changed else f"{name} was not denied.")
        return
    say(f"{name} is denied.")
    if not is_changed:
        words = "It was not given here, so its key is not known: another certificate for that key would still count."
        say(styled(words, "yellow"))


def _whom(name: str) -> str:
    """Return the URN of a pump or gateway, or a serial number as certificates are compared by it."""
    if name.startswith("urn:pump:"):
        return check_pump(name)
    if name.startswith("urn:gateway:"):
        return check_gateway(name)
    serial = name.replace(":", "").lower().lstrip("0")
    if not _SERIAL.fullmatch(serial):
        expected = "urn:pump:<maker>:<serial>, urn:gateway:<name>, or the serial number of a certificate"
        raise OperatorError(where="name", found=repr(name[:80]), expected=expected)
    return serial


def must_be_its_own(connection: Connection, urn: str) -> None:
    """Raise OperatorError where the key of a pump is that of another one too."""
    known = pumps.find(connection, urn)
    holder = None if known is None else pumps.other_holder(connection, known)
    if holder is not None:
        raise OperatorError(where="--report-key", found=f"the key of {holder}", expected="a key of its own")


def retire_pump(urn: Urn, *, reason: Why, config: Config = SETTINGS) -> None:
    """
    Take a pump out of service for good: sold, scrapped. It may do nothing, and no list and no roll-out counts it.

    What was known of it stays: openinfusion gateway devices history. Enrolling it anew brings it back.

    Example: openinfusion gateway devices retire urn:pump:acme:1 --reason "sold" --config devices/gateway.toml
    """
    why = must_say_why(reason)
    with database_of(config) as database, database.transaction() as connection:
        retire(connection, check_pump(urn), reason=why, at=now())
    say(f"{urn} is retired.")


def enrol_pump_anew(
    urn: Urn,
    *,
    reason: Why,
    report_key: Annotated[Path | None, typer.Option(help="the new public Ed25519 key of its reports (PEM)")] = None,
    config: Config = SETTINGS,
) -> None:
    """
    Begin anew with a pump that has another key: repaired, or its key was lost.

    What the old key proved is kept and counts no more; the certificates given to it until now end.

    Example: openinfusion gateway devices re-enrol urn:pump:acme:1 --reason "new board" --report-key devices/time.pub
        --config devices/gateway.toml
    """
    why, key = must_say_why(reason), None if report_key is None else read_public_key(report_key)
    with database_of(config) as database, database.transaction() as connection:
        ended = enrol_anew(connection, check_pump(urn), reason=why, at=now(), report_key=key)
        must_be_its_own(connection, urn)
    say(f"{urn} is enrolled anew. What was proven of it until now is kept, and counts no more: its proof begins again.")
    say(f"{counted(ended, 'certificate')} given here ended. A new one: openinfusion gateway devices enrol-token {urn}")
    if key is None:
        say(f"It has no key for its reports yet: openinfusion gateway devices pump {urn} --report-key FILE")


def show_history(urn: Urn, *, config: Config = SETTINGS, as_json: AsJson = False) -> None:
    """
    Show what was decided of a pump, retired ones too, and what it was proven to run until then.

    Example: openinfusion gateway devices history urn:pump:acme:1 --config devices/gateway.toml
    """
    with database_of(config) as database, database.transaction(is_reading=True) as connection:
        found = history(connection, check_pump(urn))
    if as_json:
        say_json([{"at": one.at.isoformat(), "what": one.what, "reason": one.reason} for one in found])
        return
    rows = [(f"{one.at:%d-%b-%Y %H:%M}", one.what, one.reason) for one in found]
    say(table(urn, ("when", "what", "why"), rows))
