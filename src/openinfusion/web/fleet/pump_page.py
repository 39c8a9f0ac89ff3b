"""What the page of one pump says: its evidence in words, the libraries that it ran, its log, its technical events."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from openinfusion.core.wording import counted
from openinfusion.fleet.proof import MEANINGS, NONCE_LIFE, Card, Found, Standing
from openinfusion.fleet.proof.work import show_age
from openinfusion.gateway.devices.evidence import Evidence
from openinfusion.gateway.devices.file import File, Heard
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.fleet.ages import show_span
from openinfusion.web.library.models import Version

TECHNICAL = frozenset(
    {
        "power_on",
        "power_off",
        "power_source",
        "library_staged",
        "library_activated",
        "library_rejected",
        "library_reverted",
        "alarm_raised",
        "alarm_cleared",
        "location_changed",
        "clock_changed",
        "connection",
        "log_gap",
    }
)
"""Kinds of events that tell of the pump. What tells of an infusion is not shown here, only counted."""
SHOWN = 30
_LEVELS = {
    "pump-proven": "signed with the pump's own key",
    "gateway-attested": "attested by the gateway that speaks for it",
    "claimed": "only claimed: what it has loaded is not a library that was released here",
}
_CLOCKS = {
    "trusted": "by a time that the server signed",
    "own": "by its own clock alone",
    "floor": "its clock was behind what it knew, so the latest time that it knew counts",
}
_NETWORK = {True: "connection came", False: "connection lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """
    A library that the pump was proven to run.

    Attributes:
        until: when another was proven, or when it was proven last; where it was enrolled anew, nothing counts after.
        is_ended: whether it was enrolled anew then.
        version: where it can be read.

    """

    number: int
    sha256: str
    since: datetime
    until: datetime | None
    is_ended: bool
    level: str
    version: Version | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A technical event in words."""

    at: datetime | None
    words: str
    place: str


def evidence_lines(card: Card, standing: Standing, evidence: Evidence | None) -> Iterator[tuple[str, str]]:
    """Yield what the state rests on, each with its name."""
    witness, proof = card.witness, card.witness.proof
    if proof is None:
        yield "Proof", "None: no report of it has ever counted."
    else:
        what = f"release {proof.number}" if proof.number else "the library of the factory"
        yield "What it proved", f"It runs {what}, with the fingerprint {proof.sha256[:12]}, since {_when(proof.since)}."
        yield (
            "By which report",
            f"Report {witness.counter:,} of epoch {witness.epoch}, which came {_when(proof.as_of)}.",
        )
        yield "How surely", f"{proof.level.capitalize()}: {_LEVELS[proof.level]}."
        if proof.fault is not None:
            yield "What is wrong", MEANINGS[proof.fault].words
        if proof.staged is not None:
            waits = "it is in use" if not proof.is_idle else "it takes it when it is next idle"
            yield "What it holds ready", f"Release {proof.staged}; {waits}."
    yield from _report_lines(evidence)
    if witness.high_water:
        yield "The highest it ever proved", f"Release {witness.high_water}."
    if witness.refused is not None:
        number = f"release {witness.refused.number}, " if witness.refused.number else ""
        yield "What it refused last", f"{number}code {witness.refused.code}, told {_when(witness.refused.told)}."
    if witness.doubt is not None:
        words = MEANINGS[witness.doubt.what].words if witness.doubt.what is not Found.DENIED else "It was denied:"
        yield "Doubt", f"{words} {witness.doubt.about} Since {_when(witness.doubt.since)}.".replace("  ", " ")
    if card.claim is not None:
        yield "What is claimed", f"Version {card.claim.version}, by {card.claim.source}, of {_when(card.claim.at)}."
    if standing.deadline is not None:
        yield "It stands so until", f"{_when(standing.deadline)}, if nothing is heard."


def _report_lines(evidence: Evidence | None) -> Iterator[tuple[str, str]]:
    """Yield what the last report itself is worth: whether it can be read, and whether it was fresh."""
    if evidence is None:
        return
    if evidence.report is None:
        yield "The report itself", f"It is kept, came {_when(evidence.at)}, and cannot be read here: {evidence.fault}."
    elif evidence.report.nonce:
        yield (
            "Is it fresh",
            (
                "Yes when it came: it answers a question that the server had asked this pump alone, "
                f"no more than {show_age(NONCE_LIFE)} before, and no report answers it twice."
            ),
        )


def software_lines(file: File, evidence: Evidence | None) -> Iterator[tuple[str, str]]:
    """Yield what software it says that it has, and how its clock, battery and log are."""
    newest = next((one.said["software"] for one in file.events if one.said.get("software")), None)
    if newest:
        yield "Software of the pump", f"{newest}, as its log says"
    if evidence is None:
        yield "Agent and clock", "Not known: no report was kept yet."
        return
    report = evidence.report
    if report is None:
        yield "Agent and clock", "Cannot be read: the last report is kept, and this software does not understand it."
        return
    yield "Agent", f"{report.agent}, as its last report says"
    yield "Clock", f"{_clock(report.at - evidence.at)} ({_CLOCKS[report.time_quality]})"
    if report.battery is not None:
        yield "Battery", f"{report.battery} %"
    yield "When it last reported it was", report.state
    trusts = report.trusts
    yield (
        "Metadata that it trusts",
        (
            f"releases {trusts.releases_timestamp}, director {trusts.director_timestamp} "
            f"(roots {trusts.releases_root} and {trusts.director_root})"
        ),
    )


def _clock(apart: timedelta) -> str:
    seconds = abs(apart) // timedelta(seconds=1)
    if seconds < 5:  # noqa: PLR2004 - the way takes a second or two
        return "right to a few seconds"
    span = counted(seconds, "second") if seconds < 120 else show_span(abs(apart))  # noqa: PLR2004 - two minutes
    return f"{span} {'ahead' if apart > timedelta() else 'behind'} when its report came"


def log_lines(file: File) -> Iterator[tuple[str, str, bool]]:
    """Yield how whole its event log is, epoch by epoch, and whether that is a fault."""
    for one in reversed(file.overview.streams):
        gaps = [*one.missing, *one.lost]
        if not gaps:
            yield f"Epoch {one.epoch}", f"Whole up to record {one.ack:,}.", False
            continue
        ranges = ", ".join(f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high in gaps[:5])
        more = f" and {len(gaps) - 5} more" if len(gaps) > 5 else ""  # noqa: PLR2004 - as many as fit a line
        yield f"Epoch {one.epoch}", f"Whole up to record {one.ack:,} of {one.highest:,}; missing: {ranges}{more}.", True


def libraries(organisation: Organisation, card: Card | None, file: File) -> list[Ran]:
    """Return the libraries that it was proven to run, the newest first."""
    runs = list(file.runs)
    hashes = {one.sha256 for one in runs}
    known = Version.objects.filter(sha256__in=hashes, library__organisation=organisation).select_related("library")
    profile = file.known.line.partition("/")[2]
    # One content may be in several libraries; that of the pump's own line is taken before any other.
    versions = {one.sha256: one for one in sorted(known.defer("content"), key=lambda one: one.library.slug == profile)}
    made: list[Ran] = []
    proof = None if card is None else card.witness.proof
    until, anew = None if proof is None else proof.as_of, file.known.anew
    for one in runs:
        is_ended = anew is not None and one.since < anew and (until is None or until > anew)
        made.append(
            Ran(
                number=one.number,
                sha256=one.sha256,
                since=one.since,
                until=anew if is_ended else until,
                is_ended=is_ended,
                level=one.level,
                version=versions.get(one.sha256),
            )
        )
        until = one.since
    return made


def technical(events: Iterable[Heard]) -> tuple[list[Happened], int]:
    """Return the newest technical events in words, and how many others there are among those that were read."""
    told: list[Happened] = []
    others = 0
    for one in events:
        if one.kind not in TECHNICAL:
            others += 1
        elif len(told) < SHOWN:
            told.append(
                Happened(at=_moment(one.said.get("at")), words=_words(one.said), place=f"{one.epoch}/{one.sequence:,}")
            )
    return told, others


def _words(said: Mapping[str, Any]) -> str:
    kind = str(said["kind"])
    words = kind.replace("_", " ")
    if kind == "connection" and isinstance(said.get("connected"), bool):
        words = _NETWORK[said["connected"]]
    about = [said.get(name) for name in ("alarm", "power", "network", "ward")]
    library = said.get("library")
    if kind.startswith("library") and isinstance(library, dict):
        about.append(f"{library.get('name', '')} {library.get('version', '')}".strip())
    told = ", ".join(str(one).replace("_", " ") for one in about if isinstance(one, str) and one)
    return f"{words[0].upper()}{words[1:]}{': ' if told else ''}{told[:200]}"


def _moment(said: object) -> datetime | None:
    try:
        found = parse_datetime(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _when(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%d-%b-%Y %H:%M}"
