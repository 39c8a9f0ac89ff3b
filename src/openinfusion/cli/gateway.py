"""`openinfusion gateway`: receive messages of pumps and keep them; send messages to try it; look at what was kept."""

import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from openinfusion.cli import gateway_devices
from openinfusion.cli.console import error_console, say, say_json, table
from openinfusion.cli.gateway_tell import AsJson, StoreFile, replay_store, show_events, show_pumps, write_messages
from openinfusion.core.errors import AuthorError, OperatorError
from openinfusion.gateway.acknowledge import Header, read_header
from openinfusion.gateway.mllp import Gateway
from openinfusion.gateway.preflight import faults_of_places
from openinfusion.gateway.process import serve
from openinfusion.gateway.sending import Sent, Way, read_messages, repeated, send
from openinfusion.gateway.settings import (
    ClientTls,
    Health,
    Limits,
    Listener,
    Settings,
    SettingsError,
    StorePlace,
    read_settings,
)
from openinfusion.gateway.store import Store, Stored
from openinfusion.gateway.tls import client_context

app = typer.Typer(no_args_is_help=True, help="Receive messages of pumps over MLLP and keep them durably.")
app.add_typer(gateway_devices.app, name="devices")
_DEFAULT_PORT = 2575


@app.command("mllp")
def receive(
    config: Annotated[Path | None, typer.Option(help="a TOML file of settings, instead of the other options")] = None,
    store: Annotated[Path | None, typer.Option(help="where to keep messages")] = None,
    host: Annotated[str, typer.Option(help="the address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="the port to listen at; 0 for one that is free")] = 2575,
    health_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="tell health and metrics at this port of the machine itself")
    ] = None,
) -> None:
    """
    Receive messages and keep them; each is acknowledged once it would survive a power cut.

    Ends in order at SIGTERM or Ctrl-C: what has come whole is kept and acknowledged first.

    Example: openinfusion gateway mllp --store pump-messages.db --port 2575
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    if config is not None:
        if store is not None or health_port is not None:
            found, expected = "--config and other options", "one or the other: the settings say where and what"
            raise OperatorError(where="gateway mllp", found=found, expected=expected)
        settings = read_settings(config)
    elif store is not None:
        health = None if health_port is None else Health(port=health_port)
        settings = Settings(StorePlace(store), (Listener(host=host, port=port),), health=health)
    else:
        raise OperatorError(where="gateway", found="no settings", expected="--config FILE, or --store FILE")
    serve(settings, ready=_say_ready)


def _say_ready(gateway: Gateway) -> None:
    for listener, port in gateway.addresses:
        how = "TLS" if listener.tls else "no TLS"
        error_console().print(Text(f"listening: {listener.name} at {listener.host} port {port}, {how}"))


@app.command("check")
def check_settings(
    config: Annotated[Path, typer.Argument(help="a TOML file of settings")], *, as_json: AsJson = False
) -> None:
    """
    Say in words what is wrong with the settings of a gateway: 0 nothing, 3 something.

    Ports are tried, certificates and the store are opened; nothing is changed.

    Example: openinfusion gateway check examples/gateway/gateway.toml
    """
    try:
        faults = list(faults_of_places(read_settings(config)))
    except SettingsError as error:
        faults = list(error.faults)
    if as_json:
        say_json([{"path": one.path, "found": one.found, "expected": one.expected} for one in faults])
    for one in () if as_json else faults:
        say(f"{one.path}: found {one.found}; expected {one.expected}")
    if faults:
        raise typer.Exit(AuthorError.exit_code)
    if not as_json:
        say("Nothing is wrong with these settings.")


# --- Sending ----------------------------------------------------------------------------------------------------------


@app.command("send")
def send_files(
    files: Annotated[list[Path], typer.Argument(help="HL7 v2 messages: bare, one after the other, or a log of frames")],
    *,
    host: Annotated[str, typer.Option(help="where to send to")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="the port there")] = _DEFAULT_PORT,
    tls: Annotated[bool, typer.Option("--tls", help="encrypt; believe the authorities of this machine")] = False,
    ca: Annotated[Path | None, typer.Option(help="encrypt; believe only the authorities in this PEM file")] = None,
    certificate: Annotated[Path | None, typer.Option(help="encrypt; show this certificate (PEM)")] = None,
    key: Annotated[Path | None, typer.Option(help="the key of the certificate, if in a file of its own")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="send so often; from the second time under new control ids")] = 1,
    connections: Annotated[int, typer.Option(min=1, max=1000, help="connections at once")] = 1,
    rate: Annotated[float | None, typer.Option(min=0.001, help="messages a second; otherwise as many as go")] = None,
    patience: Annotated[float, typer.Option(min=0.1, help="seconds to wait for an answer")] = 10.0,
    attempts: Annotated[int, typer.Option(min=1, help="how often to try a message before it is given up")] = 8,
    as_json: AsJson = False,
) -> None:
    """
    Send messages to a gateway, each again under its own control id until it is acknowledged. For test benches.

    Ends with 1 if a message was refused or given up.

    Example: openinfusion gateway send examples/gateway/messages.hl7 --port 2575
    """
    if key is not None and certificate is None:
        raise OperatorError(where="--key", found="a key without a certificate", expected="--certificate beside it")
    messages = [message for file in files for message in read_messages(file)]
    encrypt = tls or ca is not None or certificate is not None
    context = client_context(ClientTls(ca, certificate, key)) if encrypt else None
    way = Way(host, port, tls=context, connections=connections, rate=rate, patience=patience, attempts=attempts)
    _tell_sent(asyncio.run(send(repeated(messages, repeat), way)), as_json=as_json)


@app.command("try")
def try_out(
    files: Annotated[list[Path], typer.Argument(help="HL7 v2 messages, as for gateway send")],
    *,
    store: Annotated[Path, typer.Option(help="where to keep them")],
    as_json: AsJson = False,
) -> None:
    """
    Start a gateway at a free port of this machine, send messages to it, and stop it again.

    Example: openinfusion gateway try examples/gateway/messages.hl7 --store pump-messages.db
    """
    messages = [message for file in files for message in read_messages(file)]
    kept = Store.open(store)
    try:
        sent = asyncio.run(_both_ends(kept, messages))
    finally:
        kept.close()
    _tell_sent(sent, as_json=as_json)


async def _both_ends(store: Store, messages: Sequence[bytes]) -> Sent:
    gateway = Gateway(store, Limits())
    try:
        gateway.start([Listener(port=0)])
        return await send(messages, Way(port=gateway.addresses[0][1]))
    finally:
        await gateway.stop()


def _tell_sent(sent: Sent, *, as_json: bool) -> None:
    speed = sent.counts["acknowledged"] / sent.seconds if sent.seconds else 0.0
    shares = {"p50": sent.latency(0.5), "p99": sent.latency(0.99)}
    latencies = {name: None if value is None else round(value * 1000, 2) for name, value in shares.items()}
    if as_json:
        figures: dict[str, Any] = {"seconds": round(sent.seconds, 3), "messages_per_second": round(speed, 1)}
        say_json({**sent.counts, **figures, "latency_ms": latencies})
    else:
        for what, count in sorted(sent.counts.items()):
            say(f"{what}: {count:,}")
        if latencies["p50"] is not None:
            p50, p99 = latencies.values()
            say(f"{speed:,.0f} messages a second; half answered within {p50} ms, 99 % within {p99} ms")
    if sent.trouble:
        error_console().print(Text(f"last trouble: {sent.trouble}"))
    if sent.counts["refused"] or sent.counts["given up"]:
        raise typer.Exit(1)


# --- What was kept ----------------------------------------------------------------------------------------------------


@app.command("messages")
def list_messages(
    store: StoreFile,
    *,
    after: Annotated[int, typer.Option(min=0, help="begin after the message of this number")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="list at most so many")] = 50,
    show: Annotated[int | None, typer.Option(min=1, help="print the message of this number as it was sent")] = None,
    show_private: Annotated[
        bool, typer.Option("--show-private", help="print whole messages: they hold patients' data")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    List stored messages, or print one as it was sent. Without --show-private only MSH, OBR and OBX-3 are printed.

    Example: openinfusion gateway messages pump-messages.db
    """
    kept = Store.open(store, may_create=False)
    try:
        if show is not None:
            _print_message(kept.message(show), show, is_whole=show_private)
            return
        found = kept.messages_after(after, limit=limit, conflicts=True)
        total = kept.count()
    finally:
        kept.close()
    rows = [_row(message) for message in found]
    if as_json:
        say_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
        return
    say(table("Messages", _COLUMNS, rows, right=(0, 5)), "", f"{len(rows):,} of {total:,} messages.")


_COLUMNS = ("number", "received", "sender", "control id", "type", "bytes", "note")


def _row(message: Stored) -> tuple[object, ...]:
    header = read_header(message.raw or b"")
    about = header if isinstance(header, Header) else Header(sender=message.sender)
    note = f"in conflict with {message.conflict_of}" if message.conflict_of else ""
    size = len(message.raw) if message.raw is not None else 0
    received = message.received.isoformat(timespec="milliseconds")
    kind = about.kind.decode("ascii", "replace")
    note = note if message.raw is not None else "content deleted"
    return message.id, received, about.sender_name, message.control_id.decode("ascii", "replace"), kind, size, note


def _print_message(message: Stored | None, number: int, *, is_whole: bool) -> None:
    if message is None or message.raw is None:
        found = "no message" if message is None else "a message whose content was deleted"
        raise OperatorError(where=f"message {number}", found=found, expected="the number of a message that is kept")
    lines = message.raw.decode("utf-8", "backslashreplace").splitlines()
    for line in lines if is_whole else map(_without_private, lines):
        say(line)


def _without_private(line: str) -> str:
    """Return what of a segment names neither a patient nor a member of staff, nor repeats what one may have written."""
    name = line[:3]
    if name == "MSH":
        return line
    fields = line.split(line[3:4] or "|")
    if name in ("OBR", "OBX"):
        shown = "|".join(fields[: _FIRST_PRIVATE[name]])
        return f"{shown}|..."
    return f"{name}|..." if name.isalnum() else "..."


_FIRST_PRIVATE = {"OBR": 2, "OBX": 5}


app.command("events")(show_events)
app.command("pumps")(show_pumps)
app.command("replay")(replay_store)
app.command("write")(write_messages)


@app.command("retention")
def forget(
    store: StoreFile,
    *,
    content_days: Annotated[int, typer.Option(min=1, help="delete the content of messages older than this")] = 90,
    key_days: Annotated[
        int, typer.Option(min=1, help="forget that they came, after which a late duplicate is taken for new")
    ] = 400,
    unread: Annotated[bool, typer.Option("--unread", help="also what the lake has not read yet")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Delete the content of old messages, and later their keys. Run it every night; the gateway may go on meanwhile.

    Example: openinfusion gateway retention pump-messages.db --content-days 30
    """
    if key_days < content_days:
        raise OperatorError(
            where="--key-days", found=str(key_days), expected=f"at least --content-days, {content_days}"
        )
    now = datetime.fromtimestamp(time.time(), UTC)
    kept = Store.open(store, may_create=False)
    try:
        contents = kept.forget_contents(now - timedelta(days=content_days), unread=unread)
        keys = kept.forget_keys(now - timedelta(days=key_days), unread=unread)
    finally:
        kept.close()
    if as_json:
        say_json({"contents_deleted": contents, "keys_deleted": keys})
        return
    say(f"Content deleted of {contents:,} messages; {keys:,} messages forgotten.")
