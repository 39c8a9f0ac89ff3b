"""
Which event ids the lake holds: sorted files of 128-bit hashes, searched in place.

The index is derived. Every segment covers a range of versions of the lake; after a crash, or when somebody deletes it,
what it lacks is read from the lake again. It costs 24 bytes an event on disk: two halves of the hash, and a digest of
the record, which tells the same record sent again from another record under the same id. Memory does not grow with it:
segments are mapped, searched in the order of the hash, and let go piece by piece.
"""

import mmap
import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from openinfusion.adapters.durable import sync_folder, write_durably

Words = npt.NDArray[np.uint64]
BYTES = 24
PIECE = 1 << 21
"""Entries that are searched, or merged, before their memory is let go."""
FAN = 8
SMALLEST = 1 << 16
SUFFIX = ".ids"


@dataclass(frozen=True, slots=True)
class Hashes:
    """Ids as the index knows them: the halves of their hash, and the digest of each record."""

    high: Words
    low: Words
    digest: Words

    def __len__(self) -> int:
        return len(self.high)

    def take(self, rows: npt.NDArray[np.intp]) -> "Hashes":
        return Hashes(self.high[rows], self.low[rows], self.digest[rows])

    def sorted(self) -> "Hashes":
        return self.take(np.lexsort((self.low, self.high)))


def hash_ids(ids: pl.Series, digest: Words) -> Hashes:
    """Return the hashes of event ids: BLAKE2b of 16 bytes, the same on every machine and in every version."""
    joined = b"".join([blake2b(one.encode(), digest_size=16).digest() for one in ids.to_list()])
    halves = np.frombuffer(joined, dtype=">u8").astype(np.uint64).reshape(-1, 2)
    return Hashes(halves[:, 0].copy(), halves[:, 1].copy(), digest)


def join_hashes(parts: list[Hashes]) -> Hashes:
    """Return several sets of hashes as one."""
    return Hashes(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("high", "low", "digest")))


class Segment:
    """One sorted file: all high halves, then all low halves, then all digests; named after the versions it covers."""

    def __init__(self, path: Path, first: int, last: int) -> None:
        self.path, self.first, self.last = path, first, last
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.size = len(self._map) // BYTES
        words = np.frombuffer(self._map, dtype=np.uint64)
        self.high, self.low, self.digest = (words[n * self.size : (n + 1) * self.size] for n in range(3))

    @property
    def level(self) -> int:
        """How many times merging by ``FAN`` made it this large."""
        level, size = 0, self.size // SMALLEST
        while size >= FAN:
            level, size = level + 1, size // FAN
        return level

    def find(self, wanted: Hashes) -> npt.NDArray[np.int64]:
        """Return where each id stands, -1 if nowhere; ``wanted`` is sorted."""
        found = np.full(len(wanted), -1, dtype=np.int64)
        edges = self.high[np.minimum(np.arange(PIECE - 1, self.size + PIECE - 1, PIECE), self.size - 1)]
        pieces = np.searchsorted(edges, wanted.high)
        for piece in np.unique(pieces[pieces < len(edges)]).tolist():
            rows = slice(np.searchsorted(pieces, piece), np.searchsorted(pieces, piece, side="right"))
            start = piece * PIECE
            near = start + np.searchsorted(self.high[start : start + PIECE], wanted.high[rows])
            found[rows] = self._same(near, wanted.high[rows], wanted.low[rows])
            self.let_go(start, start + PIECE)
        return found

    def _same(self, near: npt.NDArray[np.int64], high: Words, low: Words) -> npt.NDArray[np.int64]:
        """Return the places at or after ``near`` where both halves agree: two ids may share the high half."""
        found = np.full(len(near), -1, dtype=np.int64)
        rows = np.flatnonzero(self.high[np.minimum(near, self.size - 1)] == high)
        while len(rows):
            places = near[rows]
            agree = self.low[places] == low[rows]
            found[rows[agree]] = places[agree]
            rows, places = rows[~agree], places[~agree] + 1
            near = near.copy()
            near[rows] = places
            is_inside = places < self.size
            rows = rows[is_inside]
            rows = rows[self.high[near[rows]] == high[rows]]
        return found

    def let_go(self, start: int, end: int) -> None:
        """Give the memory of a piece of each half back; the file stays mapped."""
        for column in range(3):
            first = (column * self.size + start) * 8 // mmap.PAGESIZE * mmap.PAGESIZE
            last = min((column * self.size + min(end, self.size)) * 8, len(self._map))
            if last > first and hasattr(mmap, "MADV_DONTNEED"):
                self._map.madvise(mmap.MADV_DONTNEED, first, last - first)

    def between(self, low: int, high: int | None) -> tuple[Hashes, slice]:
        """Return the entries whose high half is from ``low`` to under ``high``."""
        end = self.size if high is None else int(np.searchsorted(self.high, np.uint64(high)))
        rows = slice(int(np.searchsorted(self.high, np.uint64(low))), end)
        return Hashes(self.high[rows], self.low[rows], self.digest[rows]), rows


class Ids:
    """The index of one lake; only who writes to the lake opens it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for torn in folder.glob("*.tmp"):
            torn.unlink()
        self.segments: list[Segment] = []
        for first, last, path in sorted(map(_covers, folder.glob(f"*{SUFFIX}"))):
            if first <= self.covered:  # merged into a wider one just before a crash
                path.unlink()
            else:
                self.segments.append(Segment(path, first, -last))

    @property
    def covered(self) -> int:
        """The last version of the lake that the index knows; -1 if none."""
        return self.segments[-1].last if self.segments else -1

    def __len__(self) -> int:
        return sum(segment.size for segment in self.segments)

    def clear(self) -> None:
        """Forget everything, to be built again from the lake."""
        for path in self.folder.glob(f"*{SUFFIX}"):
            path.unlink()
        self.segments = []

    def find(self, wanted: Hashes) -> tuple[npt.NDArray[np.bool_], Words]:
        """Return which ids are known, and the digest of the record known under each; ``wanted`` is sorted."""
        is_known = np.zeros(len(wanted), dtype=np.bool_)
        digest = np.zeros(len(wanted), dtype=np.uint64)
        for segment in self.segments:
            places = segment.find(wanted)
            here = places >= 0
            is_known |= here
            digest[here] = segment.digest[places[here]]
        return is_known, digest

    def add(self, new: Hashes, version: int) -> None:
        """Keep ids that a version of the lake brought; ``new`` is sorted."""
        if len(new) == 0:
            return
        path = self._path(self.covered + 1, version)
        write_durably(path, _content(new))
        self.segments.append(Segment(path, self.covered + 1, version))
        self._merge_full_levels()

    def add_parts(self, parts: Iterable[Hashes], version: int) -> None:
        """Keep ids of any number of events, up to a version, as one segment; each part is sorted."""
        runs = []
        for number, part in enumerate(parts):
            path = self.folder / f"{number}.tmp"
            path.write_bytes(_content(part))
            if len(part):
                runs.append(Segment(path, self.covered + 1, version))
        if runs:
            self.segments.append(self._merged(runs))
            self._merge_full_levels()

    def _path(self, first: int, last: int) -> Path:
        return self.folder / f"{first:020d}-{last:020d}{SUFFIX}"

    def _merge_full_levels(self) -> None:
        level = 0
        while self.segments and level <= max(segment.level for segment in self.segments):
            tail = len(self.segments)
            while tail and self.segments[tail - 1].level <= level:
                tail -= 1
            if sum(segment.level == level for segment in self.segments[tail:]) >= FAN:
                self.segments[tail:] = [self._merged(self.segments[tail:])]
            level += 1

    def _merged(self, parts: list[Segment]) -> Segment:
        """Return several segments as one, piece by piece in the order of the hash."""
        path = self._path(parts[0].first, parts[-1].last)
        torn = path.with_suffix(".merge.tmp")
        size = sum(part.size for part in parts)
        pieces = max(1, -(-size // PIECE))
        edges = [n * 2**64 // pieces for n in range(pieces)]
        done = 0
        with torn.open("wb") as file:
            for low, high in zip(edges, [*edges[1:], None], strict=True):
                piece = join_hashes([part.between(low, high)[0] for part in parts]).sorted()
                for column, words in enumerate((piece.high, piece.low, piece.digest)):
                    os.pwrite(file.fileno(), words.tobytes(), (column * size + done) * 8)
                done += len(piece)
                for part in parts:
                    part.let_go(part.between(low, low)[1].start, part.between(low, high)[1].stop)
            os.fsync(file.fileno())
        torn.rename(path)
        sync_folder(self.folder)
        for part in parts:
            part.path.unlink()
        return Segment(path, parts[0].first, parts[-1].last)


def _covers(path: Path) -> tuple[int, int, Path]:
    """Return what a file covers so that, of those that begin with the same version, the widest comes first."""
    first, _, last = path.stem.partition("-")
    return int(first), -int(last), path


def _content(hashes: Hashes) -> bytes:
    return hashes.high.tobytes() + hashes.low.tobytes() + hashes.digest.tobytes()
