"""Four months of synthetic pump events beside the example trust, so that its pages show what pumps reported."""

import csv
import shutil
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from openinfusion.adapters.library_file import read_library
from openinfusion.lake.drug_list import COLUMNS
from openinfusion.lake.ingest import Settings as IngestSettings
from openinfusion.lake.ingest import ingest
from openinfusion.pump.trust import Settings, write_example
from openinfusion.pump.trust.trust import ORGANISATION
from openinfusion.web.place import read_place

PUMPS, DAYS, START = 20, 122, date(2026, 7, 1)
TRUST = "example-trust"
NAMED = f"""lake = "lake"
registers = "registers"
lake_names = {{ {TRUST} = "{ORGANISATION}" }}
"""


def give_lake(folder: Path, examples: Path) -> None:
    """Make the lake of an example place, and name it in its settings, unless it has one."""
    if read_place(folder).lake is not None:
        return
    with TemporaryDirectory(prefix="openinfusion-example-") as name:
        log = Path(name)
        settings = Settings(examples=examples / "trust", pumps=PUMPS, days=DAYS, start=START, seed=1)
        write_example(log, settings, workers=1)
        files = sorted(log.glob("events-*.jsonl.zst"))
        for _ in ingest(folder / "lake", files, IngestSettings(workers=0), acknowledge=_quietly):
            pass
        _keep_registers(log, folder / "registers", examples)
    with (folder / "web.toml").open("a") as settings_file:
        settings_file.write(NAMED)


def _keep_registers(log: Path, registers: Path, examples: Path) -> None:
    """Keep what is known beside the events: pumps, releases, and which drugs the library calls high-alert."""
    registers.mkdir(exist_ok=True)
    for file in ("pumps.csv", "releases.csv"):
        shutil.copy(log / file, registers / file)
    drugs = read_library(examples / "trust" / "library-1.1.0.json").drugs
    with (registers / "drugs.csv").open("w", newline="", encoding="utf-8") as made:
        table = csv.writer(made)
        table.writerow(COLUMNS)
        table.writerows((ORGANISATION, one.id, "yes" if one.high_alert else "no") for one in drugs)


def _quietly(file: str, first: int, last: int) -> None:
    """Take note of what is safe without a word."""
