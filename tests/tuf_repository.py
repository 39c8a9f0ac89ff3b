"""
A TUF repository in memory that a test signs as it likes, and `agent tuf` as a client of it, called by its command line.

    repository = Repository()                         # version 1 of all four roles
    repository.publish("targets", "snapshot", "timestamp")
    with served_to_client(repository, tmp_path) as client:
        assert client.refresh() == 0
        assert client.trusts() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from securesystemslib.signer import CryptoSigner, Signer
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from typer.testing import CliRunner

from openinfusion.cli import agent_tuf
from tests.fleet_attacker import HOST

TOP = ("root", "timestamp", "snapshot", "targets")
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
PAST = LATER - timedelta(days=31)


class Repository:
    """
    Its parts are changed at will; ``publish`` signs them and serves the next version.

    ``files`` is what it serves, by the path of the request as it is on the wire; ``asked`` is what was asked for.
    """

    def __init__(
        self,
        *,
        generate: Callable[[], Signer] = CryptoSigner.generate_ed25519,
        is_consistent: bool = True,
        has_hashes: bool = False,
    ) -> None:
        self.generate = generate
        self.has_hashes = has_hashes
        self.root = Root(expires=LATER, consistent_snapshot=is_consistent)
        self.timestamp = Timestamp(expires=LATER)
        self.snapshot = Snapshot(expires=LATER)
        self.targets = Targets(expires=LATER)
        self.parts: dict[str, Any] = {name: getattr(self, name) for name in TOP}
        self.signers: dict[str, list[Signer]] = {name: [] for name in TOP}
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        for name, part in self.parts.items():
            part.version = 0
            self.add_key(name)
        self.publish("targets", "snapshot", "timestamp", "root")
        self.trusted_root = self.files["/metadata/1.root.json"]

    # --- Keys --------------------------------------------------------------------------------------------------------

    def add_key(self, name: str, signer: Signer | None = None) -> Signer:
        """Have one more key sign for a role of the root."""
        signer = signer or self.generate()
        self.root.add_key(signer.public_key, name)
        self.signers[name].append(signer)
        return signer

    def change_keys(self, *names: str) -> None:
        """Replace the keys of roles by new ones."""
        for name in names:
            for signer in self.signers.pop(name):
                self.root.revoke_key(signer.public_key.keyid, name)
            self.signers[name] = []
            self.add_key(name)

    # --- Publishing --------------------------------------------------------------------------------------------------

    def publish(self, *names: str) -> None:
        """Sign the next version of parts, in this order, and serve it; snapshot and timestamp follow what they list."""
        for name in names:
            self.parts[name].version += 1
            self.serve(name)

    def publish_targets(self, *names: str) -> None:
        """Publish targets and whatever must follow them."""
        self.publish(*names, "targets", "snapshot", "timestamp")

    def serve(self, name: str, *, version: int | None = None) -> None:
        """Sign a part as it is, serve it, and list it; under the name of another version, if one is given."""
        part = self.parts[name]
        content = self.sign(name)
        self.files[self.path(name, version or part.version)] = content
        listed = MetaFile(part.version)
        if self.has_hashes:
            listed = MetaFile(part.version, len(content), {"sha256": hashlib.sha256(content).hexdigest()})
        if isinstance(part, Targets):
            self.snapshot.meta[f"{name}.json"] = listed
        elif isinstance(part, Snapshot):
            self.timestamp.snapshot_meta = listed

    def sign(self, name: str) -> bytes:
        metadata = Metadata(self.parts[name])
        for signer in self.signers[name]:
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def path(self, name: str, version: int) -> str:
        """Where a part is asked for."""
        is_versioned = name == "root" or (name != "timestamp" and self.root.consistent_snapshot)
        return f"/metadata/{f'{version}.' if is_versioned else ''}{quote(name, safe='')}.json"

    # --- Targets -----------------------------------------------------------------------------------------------------

    def add_target(
        self, path: str, content: bytes, *, role: str = "targets", algorithms: tuple[str, ...] = ("sha256",)
    ):
        """List a target in a role and serve its bytes; publish the role for it to be seen."""
        target = TargetFile.from_data(path, content, list(algorithms))
        self.parts[role].targets[path] = target
        self.serve_target(target, content)
        return target

    def serve_target(self, target: TargetFile, content: bytes | None) -> None:
        """Serve these bytes wherever a client may ask for a target; ``None`` for no answer there."""
        folder, separator, name = target.path.rpartition("/")
        prefixes = [f"{one}." for one in target.hashes.values()] if self.root.consistent_snapshot else [""]
        for prefix in prefixes:
            path = f"/targets/{quote(f'{folder}{separator}{prefix}{name}', safe='/+&=')}"
            if content is None:
                del self.files[path]
            else:
                self.files[path] = content

    def delegate(self, name: str, *, by: str = "targets", paths=("*",), is_last: bool = False, **how: Any) -> Targets:
        """Have a role delegate paths to another, which is made if it is not there."""
        if name not in self.parts:
            self.parts[name] = Targets(expires=LATER)
            self.parts[name].version = 0
            self.signers[name] = [self.generate()]
        delegator = self.parts[by]
        delegator.delegations = delegator.delegations or Delegations({}, {})
        keys = [signer.public_key for signer in self.signers[name]]
        told = how or {"paths": list(paths)}
        role = DelegatedRole(name, [key.keyid for key in keys], 1, is_last, **told)
        delegator.delegations.roles[name] = role
        delegator.delegations.keys.update({key.keyid: key for key in keys})
        made: Targets = self.parts[name]
        return made


class _Handler(BaseHTTPRequestHandler):
    repository: Repository

    def log_message(self, format, *args):  # noqa: A002 - the name is that of the library
        pass

    def do_GET(self) -> None:
        self.repository.asked.append(self.path)
        content = self.repository.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Client:
    """`agent tuf` with a folder of its own; every call is one command line."""

    def __init__(self, folder: Path, base: str, repository: Repository, patch: Any) -> None:
        self.metadata, self.targets = folder / "metadata", folder / "targets"
        self.metadata.mkdir(parents=True)
        self.targets.mkdir()
        self._folder, self._base, self._repository, self._patch = folder, base, repository, patch
        self.said = ""

    def begin(self, root: bytes | None = None) -> int:
        """Trust the first root of the repository, or another."""
        (self._folder / "trusted.json").write_bytes(self._repository.trusted_root if root is None else root)
        return self._call("--metadata-dir", self.metadata, "init", self._folder / "trusted.json")

    def refresh(self) -> int:
        self._repository.asked.clear()
        return self._call("--metadata-url", f"{self._base}/metadata", "--metadata-dir", self.metadata, "refresh")

    def download(self, target: str) -> int:
        self._repository.asked.clear()
        places = ("--metadata-url", f"{self._base}/metadata", "--metadata-dir", self.metadata)
        targets = ("--target-dir", self.targets, "--target-base-url", f"{self._base}/targets")
        return self._call(*places, "--target-name", target, *targets, "download")

    def _call(self, *arguments: object) -> int:
        done = CliRunner().invoke(agent_tuf.app, [str(one) for one in arguments])
        assert done.exit_code in (0, 1), done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.said = done.stderr
        return done.exit_code

    def go_on(self, **parts: float) -> None:
        """Let time pass for the client: ``client.go_on(days=18)``."""
        at = datetime.now(UTC) + timedelta(**parts)

        class Clock:
            def now(self) -> datetime:
                return at

        self._patch.setattr(agent_tuf, "SystemClock", Clock)

    def trusts(self) -> dict[str, int]:
        """What it trusts: every file that ends with .json, by role, with the version in it."""
        files = sorted(self.metadata.glob("*.json"))
        return {file.stem: json.loads(file.read_bytes())["signed"]["version"] for file in files}

    def bytes_of(self, name: str) -> bytes:
        return (self.metadata / f"{name}.json").read_bytes()

    def downloaded(self) -> list[bytes]:
        return sorted(path.read_bytes() for path in self.targets.rglob("*") if path.is_file())


@contextmanager
def served_to_client(repository: Repository, folder: Path, patch: Any) -> Iterator[Client]:
    """Serve a repository over HTTP, and yield a client of it that trusts its first root."""
    handler = type("Handler", (_Handler,), {"repository": repository})
    server = ThreadingHTTPServer((HOST, 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        client = Client(folder, f"http://{HOST}:{server.server_address[1]}", repository, patch)
        assert client.begin() == 0
        yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
