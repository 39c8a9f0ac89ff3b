"""`openinfusion agent tuf`: the agent's trust by the command line protocol of the public conformance suite for TUF."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.text import Text

from openinfusion.adapters.documents import read_bytes, write_bytes
from openinfusion.cli.console import error_console
from openinfusion.core.errors import OpenInfusionError, OperatorError
from openinfusion.fleet.agent import SystemClock
from openinfusion.fleet.agent.sources import Places
from openinfusion.fleet.agent.trust import Repository
from openinfusion.gateway.agent_http import HttpFetcher, make_pool

app = typer.Typer(no_args_is_help=True, help="Answer the conformance suite for TUF clients: 0 taken, 1 refused.")
_ANCHOR = "anchor"
"""Not named as metadata are, for whoever looks takes every name with .json for a role that is trusted."""


@dataclass(frozen=True, slots=True)
class _Told:
    metadata_dir: Path
    metadata_url: str | None
    target_name: str | None
    target_base_url: str | None
    target_dir: Path | None


@app.callback()
def places(
    context: typer.Context,
    metadata_dir: Annotated[Path, typer.Option(help="where trusted metadata is kept")],
    metadata_url: Annotated[str | None, typer.Option(help="where the repository's metadata lies")] = None,
    target_name: Annotated[str | None, typer.Option(help="path of the target to download")] = None,
    target_base_url: Annotated[str | None, typer.Option(help="where the repository's targets lie")] = None,
    target_dir: Annotated[Path | None, typer.Option(help="where downloaded targets go")] = None,
) -> None:
    """Say where everything lies; the same for every command."""
    context.obj = _Told(metadata_dir, metadata_url, target_name, target_base_url, target_dir)


@app.command("init")
def begin(context: typer.Context, trusted_root: Annotated[Path, typer.Argument(help="a root to trust")]) -> None:
    """
    Trust a root; asks the repository nothing.

    Example: openinfusion agent tuf --metadata-dir trust init stick/releases/metadata/1.root.json
    """
    told: _Told = context.obj
    with _one_or_zero():
        root = read_bytes(trusted_root)
        told.metadata_dir.mkdir(parents=True, exist_ok=True)
        for name in (_ANCHOR, "root.json"):
            write_bytes(told.metadata_dir / name, root)


@app.command("refresh")
def refresh(context: typer.Context) -> None:
    """
    Bring root, timestamp, snapshot and targets up to date.

    Example: openinfusion agent tuf --metadata-dir trust --metadata-url http://127.0.0.1:8080/tuf/releases/metadata
    refresh
    """
    with _one_or_zero(), _refreshed(context.obj):
        pass


@app.command("download")
def download(context: typer.Context) -> None:
    """
    Refresh, and download a target, unless it lies there already.

    Example: openinfusion agent tuf --metadata-dir trust --metadata-url http://127.0.0.1:8080/tuf/releases/metadata
    --target-name pharmacy/st-elsewhere/adult/1.json --target-base-url http://127.0.0.1:8080/tuf/releases/targets
    --target-dir targets download
    """
    told: _Told = context.obj
    with _one_or_zero(), _refreshed(told) as repository:
        if told.target_name is None or told.target_dir is None or told.target_base_url is None:
            found, expected = "not all of the options", "--target-name, --target-base-url and --target-dir"
            raise OperatorError(where="download", found=found, expected=expected)
        target = repository.find(told.target_name)
        if target is None:
            raise OperatorError(where=told.target_name, found="signed by nobody", expected="a signed target")
        told.target_dir.mkdir(parents=True, exist_ok=True)
        repository.download(target, told.target_dir / quote(target.path, safe=""))


@contextmanager
def _refreshed(told: _Told) -> Iterator[Repository]:
    """Bring the repository up to date, and hold the connection to it."""
    if told.metadata_url is None:
        raise OperatorError(where="--metadata-url", found="none", expected="where the repository's metadata lies")
    repository = Repository("repository", told.metadata_dir, anchor=told.metadata_dir / _ANCHOR)
    with make_pool() as pool, closing(HttpFetcher(pool)) as fetcher:
        places = Places(fetcher, told.metadata_url, told.target_base_url)
        repository.refresh(places, at=SystemClock().now())
        yield repository


@contextmanager
def _one_or_zero() -> Iterator[None]:
    """End with 1 for whatever went wrong: the suite asks no more."""
    try:
        yield
    except (OpenInfusionError, OSError) as error:
        error_console().print(Text(str(error)), soft_wrap=True)
        raise typer.Exit(1) from None
