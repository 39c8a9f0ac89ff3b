"""What the commands of `openinfusion fleet` share: the folder of the authority, keys, passphrases, the one place."""

import getpass
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import Signer

from openinfusion.adapters.documents import read_bytes
from openinfusion.cli.console import say, styled
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.keys import read_signer
from openinfusion.fleet.authority.proposals import Proposal, lacking
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import lists, read_trust

PASSPHRASE = "OPENINFUSION_FLEET_PASSPHRASE"  # noqa: S105 - the name of a variable
ONLINE_KEY = "online.pem"
Folder = Annotated[Path, typer.Option("--authority", help="the folder of the authority")]
HERE = Path("authority")
OnlineKey = Annotated[
    str | None,
    typer.Option(help="the server's key: a file, or hsm:2?label=TOKEN; keys/online.pem of the authority if not said"),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help=f"a file with the passphrase or PIN; otherwise ${PASSPHRASE}, otherwise it is asked for"),
]
Hospital = Annotated[str | None, typer.Option(help="whose pumps; the only hospital if not said")]
Profile = Annotated[str | None, typer.Option(help="which of its libraries; the only one if not said")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON for machines")]


def now() -> datetime:
    return datetime.now(UTC)


def secret_for(name: str, file: Path | None, *, twice: bool = False) -> bytes | None:
    """Return the passphrase or PIN of a key: from a file, the environment or the keyboard, never the command line."""
    if file is not None:
        return read_bytes(file, limit=1024).strip()
    if found := os.environ.get(PASSPHRASE):
        return found.encode()
    if not is_at_keyboard():
        return None
    typed = getpass.getpass(f"Passphrase of {name}: ")
    if twice and getpass.getpass("Once more: ") != typed:
        raise OperatorError(where=name, found="two different passphrases", expected="the same one twice")
    return typed.encode()


def is_at_keyboard() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def signer_of(name: str, file: Path | None) -> Signer:
    return read_signer(name, lambda what: secret_for(what, file))


def online_signer(authority: Authority, name: str | None, file: Path | None) -> Signer:
    return signer_of(name or str(authority.folder / "keys" / ONLINE_KEY), file)


def place_of(authority: Authority, hospital: str | None, profile: str | None) -> tuple[str, str]:
    """Return the hospital and profile that is meant; raises OperatorError where more than one could be."""
    known = lists(read_trust(authority))
    found = [one for one in known if hospital in {None, one[0]} and profile in {None, one[1]}]
    if len(found) != 1:
        names = "; ".join(f"--hospital {h} --profile {p}" for h, p in known) or "signers for one: 'fleet add-key'"
        what = f"{len(found)} that could be meant"
        raise OperatorError(where="hospital and profile", found=what, expected=names)
    return found[0]


def say_waiting(proposal: Proposal) -> None:
    """Print whose signatures a proposal still needs, and the next command."""
    lacks = sorted({str(lack) for lack in lacking(proposal.files(), proposal.standing())})
    for lack in lacks:
        say(f"  still needs {lack}")
    if lacks:
        say(f"Next: openinfusion fleet sign {proposal.folder} --key KEY")
    else:
        say(f"Signed by all who must. Next: openinfusion fleet publish {proposal.name}")


def say_trial(authority: Authority) -> None:
    """Print that an authority is a trial, where it is one."""
    if read_trust(authority).is_trial:
        say(styled("A trial: all keys in one folder. Not for clinical use.", "bold red"))
