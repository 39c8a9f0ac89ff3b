"""
A library of 5,000 entries with ten years of versions, in a place of the web application. Not for clinical use.

    python -m benchmarks.web_library FOLDER [--entries N] [--versions N]
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from benchmarks.synthetic import entry, library
from openinfusion.core.entry import Entry
from openinfusion.core.library import Library
from openinfusion.core.units import Quantity
from openinfusion.web.serving import prepare

BEGAN = datetime(2016, 11, 29, 9, tzinfo=UTC)
YEARS = timedelta(days=3_650)
TRUST, SLUG, READER = "benchmark", "big", "reader@example.org"


def versions(entries: int, number: int, seed: int = 1) -> Iterator[Library]:
    """Yield the versions of a library: each widens, tightens, fixes, adds and takes out a few entries."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    now = library(entries)
    added = entries
    for at in range(number):
        yield replace(now, library=replace(now.library, version=f"{at + 1}.0.0"))
        rows = list(now.entries)
        for place in dice.sample(range(len(rows)), 60):
            rows[place] = _changed(rows[place], dice)
        for _ in range(dice.randint(0, 4)):
            rows.pop(dice.randrange(len(rows)))
            rows.append(entry(added))
            added += 1
        now = replace(now, entries=tuple(rows))


def _changed(one: Entry, dice: random.Random) -> Entry:
    """Return an entry as a pharmacist might change it: a limit, a strength, or a word."""
    limits, strength = one.dose, one.concentration
    if limits is None or limits.hard_max is None or strength is None:
        return one
    match dice.choice(("limit", "limit", "limit", "strength", "text")):
        case "limit":
            maximum = limits.hard_max * dice.choice((Fraction(11, 10), Fraction(6, 5)))
            return replace(one, dose=replace(limits, hard_max=Fraction(round(maximum, 3))))
        case "strength":
            amount = Quantity.of(str(dice.randint(1, 100)), "mg")
            return replace(one, concentration=replace(strength, amount=amount))
        case _:
            return replace(one, rationale=f"Looked at again, {dice.randint(1, 10**6)}")


def build(folder: Path, *, entries: int, number: int) -> None:
    """Fill a new place with the library, by the product's own way of keeping a version."""
    (folder / "web.toml").parent.mkdir(parents=True, exist_ok=True)
    prepare(folder)
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - models can be named only once Django is ready

    from openinfusion.core.roles import Role  # noqa: PLC0415 - as above
    from openinfusion.web.accounts.models import HeldDuty, Organisation, User  # noqa: PLC0415 - as above
    from openinfusion.web.library.models import DrugLibrary, Version  # noqa: PLC0415 - as above
    from openinfusion.web.library.reviewed import keep_review  # noqa: PLC0415 - as above
    from openinfusion.web.library.store import add_version  # noqa: PLC0415 - as above

    trust = Organisation.objects.create(slug=TRUST, name="Benchmark Trust")
    person = User.objects.create_user(READER, name="Robin Reader")
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    HeldDuty.objects.create(user=person, organisation=trust, role=Role.READER.value)
    kept = DrugLibrary.objects.create(organisation=trust, slug=SLUG, name="Big library")
    for at, document in enumerate(versions(entries, number)):
        made = BEGAN + YEARS * at / max(number - 1, 1)
        add_version(kept, document, origin=Version.Origin.CHANGE, by=person, at=made, note=f"Change request {at + 1}")
        print(f"version {at + 1} of {number}", flush=True)
    keep_review(kept.versions.get(number=number), on=(BEGAN + YEARS).date())


def main() -> None:
    """Build the place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=5_000)
    parser.add_argument("--versions", type=int, default=80)
    said = parser.parse_args()
    build(said.folder, entries=said.entries, number=said.versions)


if __name__ == "__main__":
    main()
