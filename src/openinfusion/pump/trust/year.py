"""Make a year: every pump on its own, in batches, on as many processes as there are."""

import csv
import gc
import shutil
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from openinfusion.adapters.events.record import read_record
from openinfusion.core.errors import EventError, FileAccessError
from openinfusion.core.events import Event
from openinfusion.pump.machine.notes import Fields
from openinfusion.pump.trust.figures import Figures, Tally, tally_pump, tally_releases
from openinfusion.pump.trust.life import PumpLife
from openinfusion.pump.trust.log import Received, Record
from openinfusion.pump.trust.releases import Release
from openinfusion.pump.trust.trust import ORGANISATION, Pump, Settings, Trust, build_trust, moment

BATCH = 50
"""Pumps whose records are held in memory at once, and that share the files of a month."""
STOP = "stopped"
"""The file that tells the processes to stop."""
LEVEL = 6
WARNING = "Synthetic events of a fictitious trust: no infusion was ever given to anybody. Not for clinical use."


def pump_records(trust: Trust, pump: Pump) -> tuple[list[Received], list[Fields], Tally]:
    """Return the records of one pump as they came in, what was planted in them, and their counts."""
    life = PumpLife(trust, pump)
    life.run()
    kept, records = life.log.records(life.notes, frozenset(life.lost))
    truth = [{**row, "note": life.log.event_id(row["note"])} for row in life.told.rows]
    mistakes = len({row["infusion"] for row in truth if ":" not in row["mistake"]})
    tally = tally_pump(trust, pump, kept, mistakes=mistakes)
    tally.lost_ways.extend(life.lost_ways)
    return records, truth, tally


def example_records(settings: Settings) -> Iterator[Record]:
    """Yield the records of a year as JSON objects, pump by pump, each pump's in the order of receipt."""
    trust = build_trust(settings)
    for pump in trust.pumps:
        for received in pump_records(trust, pump)[0]:
            yield received.record


def example_figures(settings: Settings) -> Figures:
    """Return what comes out of a year, without writing it."""
    trust = build_trust(settings)
    tally = tally_releases(trust)
    for pump in trust.pumps:
        tally.add(pump_records(trust, pump)[2])
    return tally.figures()


def example_events(seed: int, pumps: int, days: int, *, examples: Path = Path("examples/trust")) -> Iterator[Event]:
    """Yield the events of a year, pump by pump; pure, and the same for the same arguments."""
    for record in example_records(Settings(examples=examples, pumps=pumps, days=days, seed=seed)):
        yield to_event(record)


def to_event(record: Record) -> Event:
    """Return a record as the format's own value, with what this version does not know under ``extra``."""
    reading = read_record(record)
    if reading.event is None:
        raise EventError(reading.faults, where=record["event_id"])
    return reading.event


def write_example(folder: Path, settings: Settings, *, workers: int = 1) -> Figures:
    """
    Write a year into a folder and return what came out.

    Raises:
        OperatorError: the folder cannot be written, or the example libraries cannot be read.

    """
    trust = build_trust(settings)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileAccessError(
            where=str(folder), found="something there already", expected="a folder that is empty, or not there yet"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write_all(folder, trust, workers=workers)
    except OSError as error:
        reason = error.strerror or "an error"
        raise FileAccessError(where=str(folder), found=reason, expected="a folder that can be written") from error


def _write_all(folder: Path, trust: Trust, *, workers: int) -> Figures:
    """Write everything into an empty folder; leave nothing of it behind if it does not come to its end."""
    tally, truth = tally_releases(trust), []
    try:
        for part, planted in _batches(folder, trust.settings, workers=workers):
            tally.add(part)
            truth.extend(planted)
        _write_tables(folder, trust, truth)
    except BaseException:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise
    return tally.figures()


def _batches(folder: Path, settings: Settings, *, workers: int) -> Iterable[tuple[Tally, list[Fields]]]:
    jobs = [(folder, settings, first) for first in range(0, settings.pumps, BATCH)]
    if workers <= 1 or len(jobs) == 1:
        yield from map(_write_batch, jobs)
        return
    # The processes leave an interruption to this one, which tells them by a file, or each would end in its own words.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(max_workers=workers, initializer=signal.signal, initargs=ignore) as pool:
        try:
            yield from pool.map(_write_batch, jobs)
        except BaseException:
            (folder / STOP).touch()
            pool.shutdown(cancel_futures=True)
            raise


def _write_batch(job: tuple[Path, Settings, int]) -> tuple[Tally, list[Fields]]:
    """Write the files of a batch of pumps: one a month of receipt, each sorted by receipt."""
    folder, settings, first = job
    trust = build_trust(settings)
    tally, truth, lines = Tally(), list[Fields](), list[tuple[float, bytes]]()
    # Looking for circles among millions of records takes a third of the time; after each pump is soon enough.
    gc.disable()
    gc.freeze()  # the libraries are there to stay: to look through them after each pump took longer than the pump
    try:
        for pump in trust.pumps[first : first + BATCH]:
            if (folder / STOP).exists():
                break
            records, planted, counts = pump_records(trust, pump)
            gc.collect()  # a pump and its staff do refer in circles; the lines of the batch do not
            lines.extend((received.at, received.line) for received in records)
            truth.extend(planted)
            tally.add(counts)
    finally:
        gc.unfreeze()
        gc.enable()
    part = f"-part-{first // BATCH + 1:03d}" if settings.pumps > BATCH else ""
    _write_months(folder, settings, lines, part=part)
    return tally, truth


def _write_months(folder: Path, settings: Settings, lines: list[tuple[float, bytes]], *, part: str) -> None:
    lines.sort(key=lambda item: item[0])
    months: dict[str, list[bytes]] = {}
    for at, line in lines:
        months.setdefault(moment(at).strftime("%Y-%m"), []).append(line)
    header = {
        "format": "openinfusion-events",
        "format_version": "1.1",
        "organisation": ORGANISATION,
        "source": f"openinfusion example year, seed {settings.seed}",
        "made_at": moment(settings.last + 14 * 86400).isoformat().replace("+00:00", "Z"),
        "purpose": "example",
    }
    for month, inside in months.items():
        content = b"\n".join((msgspec.json.encode(header), *inside, b""))
        packed = zstandard.ZstdCompressor(level=LEVEL).compress(content)
        (folder / f"events-{month}{part}.jsonl.zst").write_bytes(packed)


def _write_tables(folder: Path, trust: Trust, truth: list[Fields]) -> None:
    _write_csv(folder / "pumps.csv", list(map(_pump_row, trust.pumps)))
    _write_csv(folder / "releases.csv", [_release_row(release) for release in trust.releases])
    columns = (
        "organisation",
        "pump",
        "infusion",
        "event_id",
        "mistake",
        "habit",
        "entry_meant",
        "entry_typed",
        "meant",
    )
    rows = [{"organisation": ORGANISATION, "event_id": row["note"], **row} for row in truth]
    _write_csv(folder / "truth.csv", rows, columns=(*columns, "typed", "times"))
    libraries = folder / "libraries"
    libraries.mkdir(exist_ok=True)
    for release in trust.releases:
        (libraries / f"library-{release.library.library.version}.json").write_bytes(release.content)
    (folder / "README.txt").write_text(_readme(trust), encoding="utf-8")


def _write_csv(path: Path, rows: list[dict[str, Any]], *, columns: tuple[str, ...] | None = None) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        names = columns or tuple(rows[0])
        writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _pump_row(pump: Pump) -> dict[str, str]:
    return {
        "organisation": ORGANISATION,
        "pump": pump.number,
        "maker": pump.model.maker,
        "model": pump.model.model,
        "ward": pump.ward.name,
        "in_service_from": moment(pump.in_service).date().isoformat(),
        "in_service_to": "",
    }


def _release_row(release: Release) -> dict[str, str]:
    return {
        "organisation": ORGANISATION,
        "library_name": release.held.name.name,
        "library_version": release.held.name.version,
        "sha256": release.sha256,
        "released_at": moment(release.released_at).isoformat().replace("+00:00", "Z"),
    }


def _readme(trust: Trust) -> str:
    settings = trust.settings
    return f"""{WARNING}

{settings.pumps:,} pumps of {ORGANISATION} from {settings.start}, {settings.days} days, seed {settings.seed}.

events-*.jsonl.zst  the open event log, by month of receipt
pumps.csv           the register of pumps
releases.csv        every release of the library, and the one in force before the first
libraries/          those libraries, so that any event can be replayed against the one that judged it
truth.csv           the programmes that were typed wrongly on purpose, and the planted stories
"""
