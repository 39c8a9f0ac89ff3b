"""What the lake of the place tells of a version: counted beside, kept as rows, exact, each with its period."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django_tasks import task

from openinfusion.core.errors import OpenInfusionError, OperatorError
from openinfusion.core.units import Quantity, Unit
from openinfusion.lake import practice as lake_practice
from openinfusion.lake.engine import VARIABLE, engine_from
from openinfusion.lake.practice import Counted
from openinfusion.lake.store import Lake
from openinfusion.web.library.models import DrugLibrary, Practice, Programmed, Version
from openinfusion.web.library.store import library_of

_WAIT = 300
STALE = timedelta(hours=1)


def practice_of(version: Version, at: datetime) -> Practice | None:
    """Return what was read of the lake for a version; where it is older than an hour, have it read again, beside."""
    found = Practice.objects.filter(version=version).first()
    is_stale = found is None or found.read_at + STALE < at
    if settings.PLACE.lake is not None and is_stale and cache.add(f"practice-{version.pk}", 1, _WAIT):
        practice_later.enqueue(version.pk)
        found = Practice.objects.filter(version=version).first()
    return found


@task()
def practice_later(version: int) -> None:
    """Read the lake for a version; a long task."""
    keep_practice(Version.objects.select_related("library__organisation").get(pk=version), at=timezone.now())


def keep_practice(version: Version, *, at: datetime) -> Practice:
    """Read the lake, and keep what was programmed in place of what was kept before; what fails is told."""
    kept = Practice.objects.filter(version=version).first()
    try:
        if (folder := settings.PLACE.lake) is None:
            raise OperatorError(where="web.toml", found="no lake of events", expected="the folder of one")
        lake = Lake.open(folder)
        newest = lake.snapshot().version
        if kept is not None and not kept.fault and kept.lake_version == newest:
            kept.read_at = at
            kept.save(update_fields=["read_at"])
            return kept
        organisation = version.library.organisation
        called = settings.PLACE.name_in_lake(organisation.slug, organisation.name)
        with engine_from(os.environ.get(VARIABLE)) as engine:
            found = lake_practice.practice(lake, engine, library_of(version), organisation=called, at=at)
    except OpenInfusionError as error:
        return _keep(version, {"read_at": at, "fault": f"{error.where}: {error.found}; expected: {error.expected}"}, ())
    told = {"organisation": found.organisation, "purpose": found.purpose, "first": found.first, "last": found.last}
    return _keep(version, {"read_at": at, "lake_version": newest, **told}, found.lines)


@transaction.atomic
def _keep(version: Version, told: Mapping[str, object], lines: Iterable[lake_practice.Programmed]) -> Practice:
    Practice.objects.filter(version=version).delete()
    made = Practice.objects.create(version=version, **told)
    rows = (
        Programmed(
            practice=made,
            item=one.entry,
            path=one.path,
            unit=one.unit.code,
            values=_to_json(one.values),
            practised=_to_json(one.practised),
            programmes=one.programmes,
        )
        for one in lines
    )
    Programmed.objects.bulk_create(rows, batch_size=1_000)
    return made


def _to_json(values: Counted) -> list[tuple[str, int]]:
    return [(str(value), count) for value, count in values]


def counted(kept: Iterable[tuple[str, int]], unit: str, into: Unit) -> Counted:
    """
    Return kept values as exact numbers in a unit.

    Raises:
        UnitMismatchError: the units do not measure the same thing; nothing is mixed.

    """
    of = Unit.read(unit)
    return tuple((Fraction(value) if of == into else _in(Fraction(value), of, into), count) for value, count in kept)


def _in(value: Fraction, of: Unit, into: Unit) -> Fraction:
    return Quantity(value, of).to(into).value


@dataclass(frozen=True, slots=True)
class Doses:
    """What was programmed on one entry, by the path of a group of limits."""

    practice: Practice | None
    lines: Mapping[str, Programmed]

    def on(self, path: str, unit: Unit) -> tuple[Counted, str]:
        """Return the values of one group in its unit, and where they come from: how many, whose, when, as of when."""
        if self.practice is None:
            return (), COUNTING if settings.PLACE.lake is not None else ""
        if self.practice.fault:
            return (), f"The lake of events could not be read: {self.practice.fault}."
        source = source_of(self.practice)
        if (line := self.lines.get(path)) is None:
            return (), f"Nothing was programmed that can be held against these limits: {source}"
        values = counted(line.values, line.unit, unit)
        median = Quantity(lake_practice.quantile(values, Fraction(1, 2)), unit)
        number = lake_practice.number_of(values)
        return values, f"{number:,} of {line.programmes:,} programmes on this entry, median {median}: {source}"


COUNTING = "The doses programmed are being counted; they will be here in a moment."


def doses_on(version: Version, item: str, at: datetime) -> Doses:
    """Return what was programmed on one entry of a version."""
    found = practice_of(version, at)
    return Doses(found, {one.path: one for one in found.lines.filter(item=item)} if found else {})


def practice_words(library: DrugLibrary, at: datetime) -> str:
    """Return what is known of practice on the newest version of a library, or why nothing is."""
    if settings.PLACE.lake is None:
        return "this place names no lake of events"
    found = practice_of(library.versions.order_by("-number").defer("content")[0], at)
    if found is None:
        return COUNTING
    return f"the lake of events could not be read: {found.fault}" if found.fault else source_of(found)


def source_of(practice: Practice) -> str:
    """Return whose events, from when to when, as of when."""
    whose = practice.organisation + ("" if practice.purpose == "clinical" else f" ({practice.purpose} data)")
    period = f"{_day(practice.first)} to {_day(practice.last)}"
    return f"{period}, {whose}. Data as of {_moment(practice.last)}."


def _day(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%d-%b-%Y}" if moment else ""


def _moment(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%d-%b-%Y %H:%M}" if moment else ""
