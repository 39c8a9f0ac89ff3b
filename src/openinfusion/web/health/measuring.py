"""Reading the figures of the machinery; what cannot be read is a figure too, with the reason."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.wording import counted
from openinfusion.fleet.authority.health import Expiry, expiries
from openinfusion.fleet.authority.trees import Authority
from openinfusion.lake.kept import read_newest
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.fleet.watch import devices_place, held
from openinfusion.web.health.judging import Measure
from openinfusion.web.insight.standing import kept_in, name_in_lake
from openinfusion.web.keeping import last_copy

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NO_DEVICES = "this place names no device API"


def measures(organisation: Organisation, *, at: datetime) -> list[Measure]:
    """Return every figure; none keeps another from being read."""
    readers: tuple[tuple[str, Callable[[], Iterator[Measure]]], ...] = (
        ("last-report", lambda: _last_report(organisation, at)),
        ("certificate", lambda: _certificate(at)),
        ("metadata", lambda: _metadata(at)),
        ("tasks-waiting", lambda: _tasks(at)),
        ("disk", _disks),
        ("last-event", lambda: _last_event(organisation, at)),
        ("last-copy", lambda: _last_copy(at)),
    )
    return [one for limit, reader in readers for one in _read(limit, reader)]


def _read(limit: str, reader: Callable[[], Iterator[Measure]]) -> list[Measure]:
    try:
        return list(reader())
    except OpenInfusionError as error:
        return [Measure(limit=limit, fault=f"{error.where}: {error.found}")]
    except (OSError, ValueError) as error:
        return [Measure(limit=limit, fault=str(error) or type(error).__name__)]


def expiring(*, at: datetime) -> list[Expiry]:
    """Return what is signed and ends, the most urgent first; none where that cannot be read, as its figure says."""
    try:
        return [] if settings.PLACE.devices is None else expiries(_authority(), at=at)
    except (OpenInfusionError, OSError, ValueError):
        return []


def _authority() -> Authority:
    return Authority(devices_place(settings.PLACE.devices).trees)


def _last_report(organisation: Organisation, at: datetime) -> Iterator[Measure]:
    if settings.PLACE.devices is None:
        yield Measure(limit="last-report", said=NO_DEVICES)
        return
    fleet = held().fleet(organisation.slug, at=at)
    if fleet.fault is not None:
        yield Measure(limit="last-report", fault=fleet.fault)
    elif not fleet.pumps:
        yield Measure(limit="last-report", said="no pump is known here yet")
    elif fleet.newest is None:
        yield Measure(limit="last-report", lack=f"no report has counted yet of {counted(len(fleet.pumps), 'pump')}")
    else:
        yield Measure(
            limit="last-report", value=max(at - fleet.newest, timedelta()) // _MINUTE, said=_when(fleet.newest)
        )


def _certificate(at: datetime) -> Iterator[Measure]:
    file = None if settings.PLACE.devices is None else devices_place(settings.PLACE.devices).certificate
    if file is None:
        yield Measure(limit="certificate", said="the device API shows none: for a trial on one machine only")
        return
    ends = min(one.not_valid_after_utc for one in x509.load_pem_x509_certificates(file.read_bytes()))
    yield Measure(limit="certificate", value=(ends - at) // _DAY, said=f"ends {_when(ends)}")


def _metadata(at: datetime) -> Iterator[Measure]:
    if settings.PLACE.devices is None:
        yield Measure(limit="metadata", said=NO_DEVICES)
        return
    first = expiries(_authority(), at=at)[0]
    yield Measure(limit="metadata", of=first.what, value=int(100 * first.left), said=f"ends {_when(first.expires)}")


def _tasks(at: datetime) -> Iterator[Measure]:
    waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY)
    found = waiting.aggregate(many=Count("pk"), oldest=Min("enqueued_at"))
    yield Measure(limit="tasks-waiting", value=found["many"])
    oldest = max(at - found["oldest"], timedelta()) // _MINUTE if found["oldest"] else 0
    yield Measure(limit="oldest-task", value=oldest)


def _disks() -> Iterator[Measure]:
    place = settings.PLACE
    folders: list[tuple[str, Path]] = [("this place", place.folder)]
    if place.devices is not None:
        folders.append(("the device API's database", devices_place(place.devices).state))
    if place.lake is not None:
        folders.append(("the lake", place.lake))
    for of, folder in folders:
        try:
            usage = shutil.disk_usage(folder)
        except OSError as error:
            yield Measure(limit="disk", of=of, fault=error.strerror or "an error")
        else:
            said = f"{usage.free // 2**30:,} GiB of {usage.total // 2**30:,} GiB"
            yield Measure(limit="disk", of=of, value=usage.free * 100 // usage.total, said=said)


def _last_event(organisation: Organisation, at: datetime) -> Iterator[Measure]:
    if settings.PLACE.lake is None:
        yield Measure(limit="last-event", said="this place names no lake")
        return
    about = read_newest(kept_in())
    its = about.of(name_in_lake(organisation)) if about else None
    if its is None:
        yield Measure(limit="last-event", lack="no event of this organisation was ever counted")
        return
    yield Measure(limit="last-event", value=max(at - its.last, timedelta()) // _HOUR, said=_when(its.last))


def _last_copy(at: datetime) -> Iterator[Measure]:
    made = last_copy(settings.PLACE.folder)
    if made is None:
        yield Measure(limit="last-copy", lack="none was ever made of this place")
        return
    yield Measure(limit="last-copy", value=max(at - made, timedelta()) // _HOUR, said=_when(made))


def _when(moment: datetime) -> str:
    return f"{timezone.localtime(moment.astimezone(UTC)):%H:%M, %d-%b-%Y}"
