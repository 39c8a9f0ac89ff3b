"""`openinfusion gateway devices`: serve pumps; say which there are, and what was found; read their events."""

import logging
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from openinfusion.cli.console import error_console, say, say_json, table
from openinfusion.cli.device_options import SETTINGS, AsJson, Config, Urn, database_of, place_of
from openinfusion.cli.device_service import deny_one, enrol_pump_anew, must_be_its_own, retire_pump, show_history
from openinfusion.core.errors import OperatorError
from openinfusion.core.wording import counted
from openinfusion.fleet.release import check_name
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.authority import Authority, make_authority, make_server_certificate, server_name
from openinfusion.gateway.devices.beginning import TLS_SETTINGS, begin
from openinfusion.gateway.devices.carried import take_stick
from openinfusion.gateway.devices.clock import now, read_public_key
from openinfusion.gateway.devices.enrolment import make_token
from openinfusion.gateway.devices.names import check_gateway, check_pump
from openinfusion.gateway.devices.offers import How, cancel_offer, every_offer, keep_file, make_offer, state_of
from openinfusion.gateway.devices.overview import overview
from openinfusion.gateway.devices.pumps import Told
from openinfusion.gateway.devices.service import said_of_retired
from openinfusion.gateway.devices.serving import Served, serve
from openinfusion.gateway.devices.trees import Trees
from openinfusion.gateway.devices.windows import read_window
from openinfusion.gateway.settings import Health, LakePlace, Purpose

app = typer.Typer(no_args_is_help=True, help="Serve pumps: signed libraries, signed time, reports, events.")


@app.command("init")
def begin_folder(
    folder: Annotated[Path, typer.Argument(help="the folder to make")],
    *,
    trees: Annotated[str, typer.Option(help="the folder of the signed releases, seen from there")] = "../fleet",
    port: Annotated[int, typer.Option(min=0, max=65535, help="the port to listen at; 0 for one that is free")] = 8443,
    name: Annotated[
        list[str] | None, typer.Option(help="make certificates: a name or address that pumps call the server by")
    ] = None,
) -> None:
    """
    Make a folder with the settings of a device API and the key that signs its time.

    With --name it also makes a small authority for the certificates of pumps, and the server's own; without it the
    server is for a trial on this machine.

    Example: openinfusion gateway devices init devices --name localhost
    """
    for one in name or ():
        server_name(one)
    made = begin(folder, trees=trees, port=port, tls=TLS_SETTINGS if name else "")
    say(f"Made {made}. Pumps need {folder / 'time.pub'} to believe its time.")
    if name:
        authority = make_authority(
            folder / "authority", folder / "authority.passphrase", name="OpenInfusion pumps", at=now()
        )
        make_server_certificate(authority, folder, tuple(name), at=now())
        say(f"They need {folder / 'authority' / 'ca.pem'} to believe the server.")


@app.command("server-certificate")
def renew_server_certificate(
    names: Annotated[list[str], typer.Argument(help="the names and addresses that pumps call the server by")],
    *,
    config: Config = SETTINGS,
) -> None:
    """
    Make a new certificate for the server itself, for two years; it is shown from the next start.

    Example: openinfusion gateway devices server-certificate localhost 127.0.0.1 --config devices/gateway.toml
    """
    place = place_of(config)
    if place.authority is None or place.authority_passphrase is None or place.certificate is None:
        raise OperatorError(
            where=str(config),
            found="no certificate or no authority",
            expected="certificate, authority and authority_passphrase in [devices]",
        )
    authority = Authority.open(place.authority, place.authority_passphrase)
    make_server_certificate(authority, place.certificate.parent, tuple(names), at=now())
    say(f"Wrote {place.certificate.parent / 'server.pem'} and its key.")


@app.command("enrol-token")
def make_enrol_token(
    urn: Annotated[str, typer.Argument(help="urn:pump:<maker>:<serial> or urn:gateway:<name>")],
    *,
    config: Config = SETTINGS,
    days: Annotated[int, typer.Option(min=1, max=90, help="how long it is good")] = 7,
) -> None:
    """
    Make a token for the first certificate of a pump or gateway. It is shown once, and good for one key.

    Example: openinfusion gateway devices enrol-token urn:pump:acme:1 --config devices/gateway.toml
    """
    check = check_gateway if urn.startswith("urn:gateway:") else check_pump
    with database_of(config) as database, database.transaction() as connection:
        made = make_token(connection, check(urn), at=now(), life=timedelta(days=days))
    say(made)


app.command("deny")(deny_one)
app.command("retire")(retire_pump)
app.command("re-enrol")(enrol_pump_anew)
app.command("history")(show_history)


@app.command("serve")
def serve_pumps(config: Config = SETTINGS) -> None:
    """
    Serve pumps. Reports and events are acknowledged once they would survive a power cut.

    Ends in order at SIGTERM or Ctrl-C. Without certificates it serves this machine only.

    Example: openinfusion gateway devices serve --config devices/gateway.toml
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    place = place_of(config)
    health = None if place.health_port is None else Health(port=place.health_port)
    serve(place, health=health, ready=_say_ready)


def _say_ready(served: Served) -> None:
    place = served.desk.place
    how = "TLS" if place.certificate else "no TLS: a trial"
    error_console().print(Text(f"listening: devices at {place.host} port {served.port}, {how}"))


@app.command("pump")
def tell_pump(
    urn: Urn,
    *,
    config: Config = SETTINGS,
    line: Annotated[str | None, typer.Option(help="whose releases it takes: hospital/profile")] = None,
    ring: Annotated[str | None, typer.Option(help="the ring of the roll-out that it is in")] = None,
    gateway: Annotated[str | None, typer.Option(help="the gateway that reports for it: urn:gateway:<name>")] = None,
    report_key: Annotated[Path | None, typer.Option(help="the public Ed25519 key of its reports (PEM)")] = None,
) -> None:
    """
    Let a pump be known, or change what is known of it; what is not given stays as it is.

    Example: openinfusion gateway devices pump urn:pump:acme:1 --config devices/gateway.toml --line st-elsewhere/adult
    """
    for what, one in (("--line", line), ("--ring", ring)):
        _check_names(what, one, parts=2 if what == "--line" else 1)
    told = Told(
        line=line,
        ring=ring,
        gateway=None if gateway is None else check_gateway(gateway),
        report_key=None if report_key is None else read_public_key(report_key),
    )
    with database_of(config) as database, database.transaction() as connection:
        pumps.tell(connection, check_pump(urn), told, at=now())
        must_be_its_own(connection, urn)
    say(f"{urn} is known.")


def _check_names(what: str, told: str | None, *, parts: int) -> None:
    """Refuse a hospital, profile or ring of a name that no release could have."""
    if told is None:
        return
    names = told.split("/")
    if len(names) != parts:
        raise OperatorError(where=what, found=repr(told), expected="hospital/profile" if parts > 1 else "one name")
    for name in names:
        check_name(name, what)


@app.command("pumps")
def list_pumps(config: Config = SETTINGS, *, as_json: AsJson = False) -> None:
    """
    List the pumps: what each is proven to run, how far its events came, and which of them are missing.

    Example: openinfusion gateway devices pumps --config devices/gateway.toml
    """
    with database_of(config) as database, database.transaction(is_reading=True) as connection:
        found, more = overview(connection), said_of_retired(connection)
    if as_json:
        say_json([one.to_json() for one in found])
        return
    columns = (
        "pump",
        "line",
        "ring",
        "proven release",
        "as of",
        "last heard of",
        "certificate to",
        "events to",
        "missing",
    )
    say(
        table("Pumps", columns, [one.to_row() for one in found], right=(7,)),
        "",
        f"{counted(len(found), 'pump')}.{more}",
    )


@app.command("offer")
def offer_file(
    urn: Urn,
    file: Annotated[Path, typer.Argument(help="the file, in whatever form its client takes, such as .swu")],
    *,
    version: Annotated[str, typer.Option(help="the version, as the client shall be told it")],
    how: Annotated[How, typer.Option(help="install it, try to, or only fetch it")] = "forced",
    window: Annotated[
        str | None, typer.Option(help='install it at these times of day only: "22:00-05:00 Europe/London"')
    ] = None,
    config: Config = SETTINGS,
) -> None:
    """
    Offer a file to the update client of a pump that speaks hawkBit DDI. What the client says of it proves nothing.

    Example: openinfusion gateway devices offer urn:pump:acme:1 examples/gateway/gateway.toml --version 2
        --config devices/gateway.toml
    """
    place = place_of(config)
    if window is not None:
        read_window(window)
    kept = keep_file(place.state, file)
    with database_of(config) as database, database.transaction() as connection:
        known = pumps.find(connection, check_pump(urn))
        if known is None:
            raise OperatorError(where=urn, found="a pump that is not known", expected="gateway devices pump first")
        number = make_offer(connection, known.id, kept, version=version, how=how, at=now(), window=window)
    say(f"Offer {number}: {kept['filename']}, {kept['size']:,} bytes, for {urn}.")


@app.command("cancel")
def cancel(
    number: Annotated[int, typer.Argument(min=1, help="the number of the offer")], *, config: Config = SETTINGS
) -> None:
    """
    Ask an update client to leave an offer; it may refuse, when it has begun.

    Example: openinfusion gateway devices cancel 1 --config devices/gateway.toml
    """
    with database_of(config) as database, database.transaction() as connection:
        was_open = cancel_offer(connection, number, at=now())
    say(f"Offer {number} shall be left." if was_open else f"There is no open offer {number}.")
    if not was_open:
        raise typer.Exit(1)


@app.command("offers")
def list_offers(config: Config = SETTINGS, *, as_json: AsJson = False) -> None:
    """
    List the offers to update clients of others, and what those claim became of them. Claims prove nothing.

    Example: openinfusion gateway devices offers --config devices/gateway.toml
    """
    with database_of(config) as database, database.transaction(is_reading=True) as connection:
        found = every_offer(connection)
    rows = [
        (one.id, urn, one.version, one.filename, one.how, one.window or "always", state_of(one), words[:80])
        for urn, one, words in found
    ]
    columns = ("number", "pump", "version", "file", "how", "when", "state", "last words")
    if as_json:
        say_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    say(
        table("Offers", columns, rows, right=(0,)),
        "",
        f"{counted(len(rows), 'offer')}. What a client claims is no proof.",
    )


@app.command("findings")
def list_findings(config: Config = SETTINGS, *, as_json: AsJson = False) -> None:
    """
    List what a person should look at: reports that do not fit, requests out of scope, events that differ or are lost.

    Example: openinfusion gateway devices findings --config devices/gateway.toml
    """
    with database_of(config) as database, database.transaction(is_reading=True) as connection:
        found = pumps.findings(connection)
    if as_json:
        say_json(
            [
                {
                    "who": one.who,
                    "code": one.code,
                    "first": one.first.isoformat(),
                    "last": one.last.isoformat(),
                    "times": one.times,
                    "words": one.words,
                }
                for one in found
            ]
        )
        return
    rows = [(one.who, one.code, f"{one.last:%d-%b-%Y %H:%M}", one.times, one.words) for one in found]
    say(
        table("Findings", ("who", "what", "last", "times", "words"), rows, right=(3,)),
        "",
        f"{counted(len(found), 'finding')}.",
    )


@app.command("take-stick")
def take_from_stick(
    stick: Annotated[Path, typer.Argument(help="the folder of the stick")],
    *,
    config: Config = SETTINGS,
    as_json: AsJson = False,
) -> None:
    """
    Take reports and events that a USB stick brought from pumps. The stick is not changed, and may be taken again.

    A report that was carried proves what its pump ran then, and not that it still does.

    Example: openinfusion gateway devices take-stick stick --config devices/gateway.toml
    """
    place = place_of(config)
    trees = Trees(place.trees)
    trees.refresh()
    with database_of(config) as database:
        found = take_stick(database, trees, stick, at=now())
    columns = ("pump", "new proofs", "found", "events kept", "known before", "trouble")
    rows = [
        (one.pump, one.proofs, ", ".join(sorted(one.found)), one.new, one.known, "; ".join(one.trouble))
        for one in found
    ]
    if as_json:
        say_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        say(table("From the stick", columns, rows, right=(1, 3, 4)), "", f"{counted(len(rows), 'pump')}.")
    if any(one.trouble for one in found):
        raise typer.Exit(1)


@app.command("replay")
def replay_events(
    lake: Annotated[Path, typer.Argument(help="the folder of the lake; made if it is absent")],
    *,
    organisation: Annotated[str, typer.Option(help="whose pumps they are")],
    purpose: Annotated[Purpose, typer.Option(help="what the lake is for")] = "clinical",
    config: Config = SETTINGS,
    as_json: AsJson = False,
) -> None:
    """
    Read the events of pumps that came since the last time into a lake; each is kept once.

    Example: openinfusion gateway devices replay lake --config devices/gateway.toml --organisation "Example Trust"
    """
    with database_of(config) as database:
        from openinfusion.gateway.devices.draining import drain  # noqa: PLC0415 - the lake takes a second to be there

        done = drain(database, LakePlace(lake, organisation, purpose))
    if as_json:
        kept = {"kept": done.taken.kept, "duplicates": done.taken.duplicates, "conflicts": done.taken.conflicts}
        say_json({"events": done.events, "rejected": done.rejected, **kept})
        return
    say(f"{done.events:,} events read; {done.taken.kept:,} kept, {done.taken.duplicates:,} known before.")
    if done.rejected or done.taken.conflicts:
        say(
            f"{done.rejected:,} are no records of the format, {done.taken.conflicts:,} in conflict: the lake notes why."
        )
