"""
Whatever is released, halted, recalled, signed anew or restored: a pump goes forwards, and a number means one content.

The pump is the reference client of TUF with its own memory; after every step it asks what its ring shall run.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tuf.api.metadata import Metadata

from openinfusion.fleet.authority.online import Seen, read_orders
from openinfusion.fleet.authority.stick import write_stick
from openinfusion.fleet.authority.trust import read_trust
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, new_signer, small_library
from tests.unit.fleet.tuf_client import take

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it


class Office(RuleBasedStateMachine):
    """An authority with one ring, and the pump of that ring."""

    @initialize()
    def open(self):
        self.folder = Path(mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.desk = Desk(self.folder / "authority")
        self.pump = self.folder / "pump"
        self.backup = self.folder / "backup"
        self.contents: dict[int, bytes] = {}
        self.taken = 0
        self.made = 0

    def teardown(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def newest(self):
        """The highest release that is not a twin."""
        return max((n for n, one in self.desk.listing().items() if not one.release.is_recall), default=0)

    @rule(assigns=st.booleans())
    def release(self, assigns):
        self.made += 1
        number = self.desk.release(small_library(f"1.{self.made}.0"))
        if assigns:
            self.desk.assign("bench", number)

    @precondition(lambda self: self.newest())
    @rule()
    def assign(self):
        recalled = {one["number"] for one in read_orders(self.desk.authority).recalled}
        if self.newest() not in {0, *recalled}:
            self.desk.assign("bench", self.newest())

    @rule()
    def halt(self):
        self.desk.halt("bench")

    @precondition(lambda self: self.newest() + 1 in self.desk.listing())
    @rule()
    def recall(self):
        orders = read_orders(self.desk.authority)
        at = {target.custom["number"] for target in orders.rings.values() if target.custom} | set(
            orders.halted.values()
        )
        if self.newest() in at:
            self.desk.recall(self.newest())

    @rule()
    def refresh(self):
        self.desk.later(hours=1)
        self.desk.refresh()

    @rule()
    def exchange_the_online_key(self):
        self.desk.online = new_signer("another server")
        self.desk.change_trust(replace(read_trust(self.desk.authority), online=self.desk.online.public_key))

    @rule()
    def go_by_stick(self):
        stick = self.folder / "stick"
        write_stick(self.desk.authority, stick, self.desk.online, at=self.desk.at, seen=self.desk.seen)
        self.look(stick)

    @rule(lost=st.lists(st.sampled_from(["release", "assign", "refresh"]), min_size=1, max_size=5))
    def restore_the_backup_of_before(self, lost):
        """Yesterday's files come back; what pumps report brings versions and numbers above all that they saw."""
        shutil.copytree(self.desk.authority.folder, self.backup, dirs_exist_ok=False)
        for act in lost:
            {"release": lambda: self.release(assigns=True), "assign": self.assign, "refresh": self.refresh}[act]()
            self.look(None)
        shutil.rmtree(self.desk.authority.folder)
        self.backup.rename(self.desk.authority.folder)
        files = {name: self.pump / name / "metadata" / "timestamp.json" for name in ("releases", "director")}
        versions = {n: Metadata.from_file(str(f)).signed.version if f.exists() else 0 for n, f in files.items()}
        self.desk.seen = Seen(**versions, numbers={(HOSPITAL, PROFILE): max(self.contents, default=0)})
        self.release(assigns=True)

    @invariant()
    def the_pump_goes_forwards(self):
        if hasattr(self, "desk"):
            self.look(None)

    def look(self, source):
        found = take(self.desk, self.pump, source=source)
        if found is None:
            return
        number, content = found
        assert number >= self.taken
        assert self.contents.setdefault(number, content) == content
        self.taken = number


TestOffice = Office.TestCase
TestOffice.settings = settings(settings.get_profile("default"), max_examples=8, stateful_step_count=15, deadline=None)
