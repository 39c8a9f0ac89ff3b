"""What somebody between the authority and the pump can do: copies of the trees, and forgeries with stolen keys."""

import functools
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tuf.api.metadata import TargetFile, Targets

from openinfusion.fleet.agent import folder_source
from openinfusion.fleet.authority.listing import make_listing
from openinfusion.fleet.authority.online import make_fresh, make_orders, read_orders, roles_in_force
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.release import ROLES, ring_target, role_name
from tests.fleet_desk import HOSPITAL, PROFILE

HOST = "127.0.0.1"
BUILD = Path(__file__).resolve().parent.parent / "build"
FOREIGN = BUILD / "foreign"
PLACES = {role: role_name(role, hospital=HOSPITAL, profile=PROFILE) for role in ROLES}
BENCH_RING = ring_target(hospital=HOSPITAL, profile=PROFILE, ring="bench")
WEEK = timedelta(days=7)


class Mirror:
    """A copy of both trees in the hands of somebody; ``seal`` signs with the online key, where that was stolen."""

    def __init__(self, desk, folder: Path) -> None:
        shutil.copytree(desk.authority.folder, folder)
        self.authority = Authority(folder)
        self.desk = desk
        self.folder = folder

    @property
    def source(self):
        return folder_source(self.folder)

    def tree(self, name):
        return self.authority.releases if name == "releases" else self.authority.director

    def seal(self, name="director", *, roles=None, rise=1, at=None, life=WEEK):
        """Publish with the stolen online key: other orders, or what offline keys signed, under a higher version."""
        tree = self.tree(name)
        for role, metadata in (roles or {}).items():
            tree.write(role, metadata)
        version = tree.timestamp().signed.version + rise
        at = at or self.desk.at
        held = roles_in_force(tree) | (roles or {})
        for role, metadata in make_fresh(tree, held, self.desk.online, at=at, version=version, life=life).items():
            tree.write(role, metadata)

    def order(self, target: TargetFile, *, ring=BENCH_RING, **how):
        """Have the director list a target for a ring."""
        orders = make_orders(read_orders(self.authority), at=self.desk.at)
        orders.signed.targets[ring] = TargetFile(target.length, target.hashes, ring, target.unrecognized_fields)
        self.seal(roles={Targets.type: orders}, **how)

    def in_force(self, role):
        """What pharmacy or safety has signed at present."""
        metadata = self.authority.releases.in_force(PLACES[role])
        assert metadata is not None
        return metadata

    def listed(self, number, role="pharmacy"):
        """What a role lists of a release."""
        return self.in_force(role).signed.targets[f"{role}/{HOSPITAL}/{PROFILE}/{number}.json"]

    def list(self, role, listing, signers):
        """Have keys sign a listing of pharmacy or safety, and publish it with the stolen online key."""
        version = self.in_force(role).signed.version + 1
        metadata = make_listing(role, listing, version=version, at=self.desk.at)
        for signer in signers:
            metadata.sign(signer, append=True)
        self.seal("releases", roles={PLACES[role]: metadata})

    def library_file(self, number):
        """Where the bytes of a release lie."""
        target = self.listed(number)
        return self.authority.releases.target_file(target.path, target.hashes["sha256"])


# --- A client of others -----------------------------------------------------------------------------------------------


class PlainClient:
    """The TUF client of another project: what a client that knows only TUF can tell."""

    def __init__(self, folder: Path, root: bytes, *, name: str, target: str) -> None:
        if not (FOREIGN / "tuf" / "node_modules").is_dir():
            pytest.skip("the clients of others are not there: make foreign")
        self._folder, self._name, self._target = folder, name, target
        (folder / "metadata").mkdir(parents=True)
        (folder / "targets").mkdir()
        (folder / "metadata" / "root.json").write_bytes(root)

    def takes(self, trees: Path) -> bool:
        """Whether it takes its target from the trees, over HTTP; the director has no bytes, only their names."""
        with served(trees) as base:
            places = (f"{base}/{self._name}/metadata/", f"{base}/releases/targets/")
            paths = {"PYTHONPATH": str(BUILD / "node"), "NODE_PATH": str(FOREIGN / "tuf" / "node_modules")}
            script = str(Path(__file__).parent / "foreign" / "tuf_client.js")
            done = subprocess.run(
                [str(BUILD / "node" / "bin" / "node"), script, str(self._folder / "metadata"), *places, self._target]
                + ([str(self._folder / "targets")] if self._name == "releases" else []),
                env=os.environ | paths,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
        assert done.returncode in (0, 1), done.stderr
        self.said = done.stderr
        return done.returncode == 0


class _Quiet(SimpleHTTPRequestHandler):
    timeout = 10

    def log_message(self, format, *args):  # noqa: A002 - the name is that of the library
        pass


@contextmanager
def served(folder: Path, handler=_Quiet):
    """Serve a folder over HTTP at a free port; yields its address."""
    server = ThreadingHTTPServer((HOST, 0), functools.partial(handler, directory=str(folder)))
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
