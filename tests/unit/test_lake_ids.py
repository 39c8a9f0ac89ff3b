"""The index of ids: what was added is found, what was not is not, however it was merged, cut off or deleted."""

import numpy as np
import polars as pl
import pytest

from openinfusion.lake import ids as module
from openinfusion.lake.ids import Hashes, Ids, hash_ids


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Merge and search in pieces of a few entries, as a large index does in pieces of millions."""
    monkeypatch.setattr(module, "PIECE", 64)
    monkeypatch.setattr(module, "SMALLEST", 32)


def _hashes(first: int, last: int) -> Hashes:
    names = pl.Series([f"event-{number}" for number in range(first, last)])
    return hash_ids(names, np.arange(first, last, dtype=np.uint64)).sorted()


def _known(index: Ids, first: int, last: int) -> list[bool]:
    wanted = _hashes(first, last)
    is_known, digest = index.find(wanted)
    assert (digest[is_known] == wanted.digest[is_known]).all()
    return list(is_known.tolist())


def test_what_was_added_is_found_and_nothing_else(tmp_path):
    """Hundreds of segments are merged on the way; each id keeps its digest."""
    index = Ids(tmp_path)
    for version in range(300):
        index.add(_hashes(version * 10, version * 10 + 10), version)
    assert len(index) == 3000
    assert len(index.segments) < 30
    assert all(_known(index, 0, 3000))
    assert not any(_known(index, 3000, 6000))


def test_an_index_opened_again_knows_the_same(tmp_path):
    index = Ids(tmp_path)
    for version in range(20):
        index.add(_hashes(version * 10, version * 10 + 10), version)
    again = Ids(tmp_path)
    assert (len(again), again.covered) == (200, 19)
    assert all(_known(again, 0, 200))


def test_parts_that_were_merged_just_before_a_crash_do_not_count_twice(tmp_path):
    """The wider file is there and the narrower ones too; the wider one counts, the torn one is removed."""
    index = Ids(tmp_path)
    index.add(_hashes(0, 10), 0)
    narrow = index.segments[0].path.read_bytes()
    index.add_parts([_hashes(10, 20)], 1)
    index.segments = [index._merged(index.segments)]
    (tmp_path / f"{0:020d}-{0:020d}.ids").write_bytes(narrow)
    (tmp_path / "x.merge.tmp").write_bytes(b"torn")
    again = Ids(tmp_path)
    assert (len(again), again.covered) == (20, 1)
    assert [path.name for path in tmp_path.iterdir()] == [again.segments[0].path.name]


def test_ids_that_share_half_of_their_hash_are_told_apart(tmp_path):
    """Half of the hash finds the place, the other half decides, across the edge of a piece too."""
    same = np.full(200, 7, dtype=np.uint64)
    low = np.arange(200, dtype=np.uint64) * 2
    index = Ids(tmp_path)
    index.add(Hashes(same, low, low), 0)
    is_known, digest = index.find(Hashes(same, np.arange(200, dtype=np.uint64), low))
    assert is_known.tolist() == [number % 2 == 0 for number in range(200)]
    assert digest[is_known].tolist() == list(range(0, 200, 2))


def test_the_hash_of_an_id_is_the_same_on_every_machine():
    """An index of years ago must still be understood; BLAKE2b of 16 bytes, both halves big-endian."""
    made = hash_ids(pl.Series(["a"]), np.zeros(1, dtype=np.uint64))
    assert f"{int(made.high[0]):016x}{int(made.low[0]):016x}" == "27c35e6e9373877f29e562464e46497e"
