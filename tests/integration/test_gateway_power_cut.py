"""
A power cut at any moment loses nothing that was acknowledged and keeps nothing twice.

The store runs on a disk that forgets what was not synced. Just before and just after every sync, and after every
acknowledgement, a picture is taken of what a power cut would leave; each picture is started from again.
``OPENINFUSION_POWER_CUTS`` asks for more of them.
"""

import os
import random
from collections.abc import Callable, Sequence
from itertools import islice

import pytest

from openinfusion.gateway import store as store_module
from openinfusion.gateway.store import Arrival, Fate, Store
from tests.unit.gateway.bench import arrival, held
from tests.unit.gateway.disk import Database, Disk, Picture, restore

CUTS = int(os.environ.get("OPENINFUSION_POWER_CUTS", "60"))
BATCHES = max(40, CUTS)


class EarlyStore(Store):
    """A store that lies: it speaks of a transaction before it is on the disk."""

    told: Callable[[Sequence[Arrival]], None]

    def keep(self, arrivals):
        self.told(arrivals)
        return super().keep(arrivals)


def pictures(tmp_path, *, make=Store, synchronous=None, seed=20261128):
    """Fill a store and return, for every moment of a power cut, what the disk holds and what was acknowledged."""
    chance = random.Random(seed)  # noqa: S311 - which sectors are torn
    disk = Disk()
    taken: list[tuple[Picture, int]] = []
    acknowledged: list[str] = []
    database = Database(disk, tmp_path / "live.db")
    store = make(database, where="model")

    def told(arrivals):
        acknowledged.extend(one.control_id.decode() for one in arrivals)

    store.told = told
    if synchronous:
        database.execute(f"PRAGMA synchronous = {synchronous}")

    def take():
        taken.append((disk.picture(), len(acknowledged)))
        taken.append((disk.picture(chance), len(acknowledged)))

    disk.at_sync = disk.after_sync = take
    number = 0
    for _ in range(BATCHES):
        step = chance.randrange(1, 9)
        batch = [arrival(str(number + one), text="x" * chance.randrange(3000)) for one in range(step)]
        number += len(batch)
        store.keep(batch)
        told(batch)
        take()
    store.close()
    return [(picture, acknowledged[:count]) for picture, count in taken]


def _some(taken, number):
    return random.Random(1).sample(taken, number)  # noqa: S311 - which of them


def lost(tmp_path, number, picture, acknowledged):
    """Start from a picture and return what was acknowledged and is not there."""
    folder = tmp_path / f"cut-{number}"
    restore(picture, folder)
    there = [control_id for _, control_id in held(folder / "live.db")] if acknowledged else []
    assert len(there) == len(set(there)), "kept twice"
    return set(acknowledged) - set(there)


@pytest.fixture
def _small_checkpoints(monkeypatch):
    """Move the log into the database often, so that cuts meet that too."""
    monkeypatch.setattr(store_module, "_CHECKPOINT", 20_000)


@pytest.mark.hazard("IT-03")
@pytest.mark.usefixtures("_small_checkpoints")
def test_nothing_acknowledged_is_lost_at_any_sync(tmp_path):
    taken = pictures(tmp_path)
    assert len(taken) > CUTS
    for number, (picture, acknowledged) in enumerate(_some(taken, CUTS)):
        assert not lost(tmp_path, number, picture, acknowledged)


@pytest.mark.usefixtures("_small_checkpoints")
def test_what_was_acknowledged_is_known_when_it_comes_again(tmp_path):
    """A sender whose acknowledgement was lost with the power sends again, and nothing is kept twice."""
    for number, (picture, acknowledged) in enumerate(pictures(tmp_path)[8::30]):
        restore(picture, tmp_path / f"again-{number}")
        store = Store.open(tmp_path / f"again-{number}" / "live.db")
        known = {one.control_id.decode(): one.raw or b"" for one in store.messages_after(0)}
        for control_id in islice(acknowledged, 10):
            text = known[control_id].rpartition(b"|")[2].strip().decode()
            assert store.keep([arrival(control_id, text=text)])[0].fate is Fate.DUPLICATE
        store.close()


@pytest.mark.parametrize("fault", [{"make": EarlyStore}, {"synchronous": "NORMAL"}], ids=["early", "not synced"])
@pytest.mark.usefixtures("_small_checkpoints")
def test_the_model_notices_an_acknowledgement_that_came_too_early(tmp_path, fault):
    """The test above bites: with a planted fault it finds messages that were acknowledged and are lost."""
    found = [lost(tmp_path, number, *one) for number, one in enumerate(pictures(tmp_path, **fault)[20::7])]
    assert any(found)
