"""`openinfusion fleet try`: the tutorial, played: every command is shown as it is typed, and really run."""

import asyncio
import contextlib
import shlex
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.cli.console import say, styled
from openinfusion.core.errors import OperatorError
from openinfusion.gateway.devices.serving import serving
from openinfusion.gateway.settings import read_settings

_PUMPS = (1, 2, 3)
_SETTINGS = Path("devices") / "gateway.toml"
_LIBRARIES = ("library-1.0.0.json", "library-1.1.0.json")
_SET_UP = "agent init pump-{n} --pump urn:pump:example:000{n} --model halden-s2 --hospital st-elsewhere --profile adult"
_KNOWN = "gateway devices pump urn:pump:example:000{n} --report-key pump-{n}/key.pub --line st-elsewhere/adult"


def try_fleet(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="a new folder for all that it makes")],
    *,
    examples: Annotated[Path, typer.Option(help="the folder of the example libraries")] = Path("examples/trust"),
) -> None:
    """
    Play the tutorial: a library signed by two, delivered to three pumps over HTTP, proven, and recalled.

    Keys, signatures, files, server and reports are real; the pumps are virtual. Not for clinical use.

    Example: openinfusion fleet try three-pumps
    """
    if folder.exists():
        raise OperatorError(where=str(folder), found="a folder that is there", expected="a new one")
    for name in _LIBRARIES:
        if not (examples / name).is_file():
            expected = f"{name}; --examples says where it is"
            raise OperatorError(where=str(examples), found="no example libraries", expected=expected)
    folder.mkdir(parents=True)
    for name in _LIBRARIES:
        shutil.copy(examples / name, folder / name)
    main = context.find_root().command

    def run(command: str) -> None:
        say("", styled(f"$ openinfusion {command}", "bold"))
        main.main(shlex.split(command), prog_name="openinfusion", standalone_mode=False)

    with contextlib.chdir(folder):
        _play(run)
    say("", f"All of it is in {folder}. Go on from there: docs/tutorial/three-pumps.md says what each step is for.")


def _play(run: Callable[[str], None]) -> None:
    _say_step("1. An authority: who may sign. A trial has all keys in one folder.")
    run("fleet init authority --trial --hospital st-elsewhere --profile adult")
    _say_step("2. A server for the pumps, and three pumps, each with a key of its own.")
    run("gateway devices init devices --trees ../authority --port 0")
    for n in _PUMPS:
        trust = "--library library-1.0.0.json --trees authority --time-key devices/time.pub"
        run(f"{_SET_UP.format(n=n)} {trust}")
        run(f"{_KNOWN.format(n=n)} --ring bench --config devices/gateway.toml")
    _say_step("3. A release: proposed, signed by a pharmacist and by a safety officer, published, assigned to a ring.")
    _release(run, "library-1.0.0.json", 1, reason="First library of the bench")
    _say_step("4. The server runs; the pumps ask it, verify what they get, and prove what they run.")
    with _server() as url:
        _poll(run, url)
        say("", "A first report has no question of the server in it, and proves nothing; the next one answers.")
        _poll(run, url)
        _say_step("5. The next release. Signed with it, and sealed: the way back.")
        _release(run, "library-1.1.0.json", 2, reason="Fentanyl by fixed concentration")
        _poll(run, url)
        _say_step("6. Something is wrong with it: two persons take it back, at night and without a ceremony.")
        run('fleet recall 2 --by "A. Pharmacist" --by "B. Officer" --reason "Wrong limit"')
        _poll(run, url)


def _say_step(words: str) -> None:
    say("", styled(words, "bold cyan"))


def _release(run: Callable[[str], None], library: str, number: int, *, reason: str) -> None:
    run(f'fleet release {library} --reason "{reason}"')
    for signer in ("pharmacist", "safety-officer"):
        key = f"authority/keys/{signer}.pem"
        run(f"fleet sign authority/proposals/st-elsewhere--adult--{number} --key {key} --yes --limit 3")
    run("fleet publish")
    run(f"fleet assign bench {number}")


def _poll(run: Callable[[str], None], url: str) -> None:
    """Let each pump ask once, as if it had just been switched on, and look what the server knows."""
    for n in _PUMPS:
        run(f"agent run pump-{n} --server {url} --once --fresh")
    run("gateway devices pumps --config devices/gateway.toml")


@contextlib.contextmanager
def _server() -> Iterator[str]:
    """Serve in a thread until the block ends, and give the address."""
    place = read_settings(_SETTINGS).devices
    if place is None:
        raise OperatorError(where=str(_SETTINGS), found="no [devices]", expected="the settings of a device API")
    ready, end = threading.Event(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        async with serving(place) as served:
            ports.append(served.port)
            ready.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="server")
    thread.start()
    try:
        while not ready.wait(0.1):
            if not thread.is_alive():
                raise OperatorError(where="server", found="it does not start", expected="a server of pumps")
        say("", styled("$ openinfusion gateway devices serve --config devices/gateway.toml", "bold"))
        say(f"listening at 127.0.0.1 port {ports[0]}")
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        end.set()
        thread.join()
