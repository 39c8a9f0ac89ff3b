"""`openinfusion check`: one programme against a library, or a stream of them for the conformance kit."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from openinfusion.adapters.library_file import read_library
from openinfusion.adapters.programmes import answer_lines, verdict_to_json
from openinfusion.cli.console import DECISION_STYLE, say, say_json, styled, table
from openinfusion.core.dosing import check
from openinfusion.core.entry import Entry, Mode
from openinfusion.core.errors import ProgrammeError
from openinfusion.core.library import Library
from openinfusion.core.programme import Programme, Verdict
from openinfusion.core.units import Quantity

_WORDS = {
    Mode.CONTINUOUS: "continuous infusion",
    Mode.INTERMITTENT: "intermittent infusion",
    Mode.FLUID: "fluid",
    Mode.PCA: "patient-controlled analgesia",
    Mode.BOLUS: "bolus",
    Mode.LOADING: "loading dose",
}


def _quantity(name: str, text: str | None) -> Quantity | None:
    """Return what was typed for one option; the message names the option."""
    if text is None:
        return None
    try:
        return Quantity.read(text)
    except ValueError as error:
        found, expected = getattr(error, "found", repr(text)), getattr(error, "expected", "a number and a unit")
        raise ProgrammeError(where=f"--{name}", found=found, expected=expected) from error


def _quantity_option(words: str) -> Any:  # noqa: ANN401 - typer types its own return so
    """Return an option that takes a number with its unit."""
    return typer.Option(help=words, metavar='"NUMBER UNIT"', show_default=False)


def check_programme(
    library: Annotated[Path | None, typer.Argument(help="the library, in the open format (.json)")] = None,
    *,
    entry: Annotated[str | None, typer.Option(help="id of the entry; see 'openinfusion library show'")] = None,
    mode: Annotated[Mode | None, typer.Option(help="what is programmed; the entry's own type unless said")] = None,
    dose: Annotated[str | None, _quantity_option("the dose: per time when continuous, an amount otherwise")] = None,
    rate: Annotated[str | None, _quantity_option("the rate, in mL/h or as a dose per time")] = None,
    volume: Annotated[str | None, _quantity_option("the volume to be infused")] = None,
    duration: Annotated[str | None, _quantity_option("the time it takes")] = None,
    amount: Annotated[str | None, _quantity_option("amount of drug, where the concentration is open")] = None,
    diluent: Annotated[str | None, _quantity_option("volume that holds it, where the concentration is open")] = None,
    weight: Annotated[str | None, _quantity_option("the patient's weight")] = None,
    height: Annotated[str | None, _quantity_option("the patient's height")] = None,
    body_surface_area: Annotated[
        str | None, _quantity_option("the patient's body surface area, instead of weight and height")
    ] = None,
    lockout: Annotated[str | None, _quantity_option("PCA: the time between two demand doses")] = None,
    accumulated: Annotated[str | None, _quantity_option("PCA: the most within its window")] = None,
    background: Annotated[str | None, _quantity_option("PCA: the background infusion")] = None,
    previous: Annotated[
        str | None, _quantity_option("the dose or rate before this change, for the titration step")
    ] = None,
    rate_resolution: Annotated[
        str | None, _quantity_option("round the rate to this step of the pump and show both values")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the verdict as JSON")] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="answer JSON lines from standard input (conformance/PROTOCOL.md)")
    ] = False,
) -> None:
    """
    Check one programme against a library: what a pump would accept, ask to confirm or refuse, and why.

    Exit code 0 accept, 10 confirm, 11 refuse, 12 not checked.

    Example: openinfusion check examples/trust/library-1.1.0.json
    --entry theatres--adrenaline--continuous--single-strength--4-mg-in-50-ml
    --dose "0.1 micrograms/kg/min" --weight "70 kg"
    """
    if stream:
        for line in answer_lines(sys.stdin):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        return
    if library is None or entry is None:
        raise ProgrammeError(where="check", found="no library or no --entry", expected="both, or --stream")
    opened = read_library(library)
    row = opened.find_entry(entry)
    if row is None:
        close = ", ".join(_close_ids(opened, entry)) or "see 'openinfusion library show'"
        raise ProgrammeError(where="--entry", found=repr(entry), expected=f"an entry of {library.name}: {close}")
    programme = Programme(
        care_area=row.care_area,
        entry=entry,
        mode=mode or Mode(row.type.value),
        dose=_quantity("dose", dose),
        rate=_quantity("rate", rate),
        volume=_quantity("volume", volume),
        duration=_quantity("duration", duration),
        amount=_quantity("amount", amount),
        diluent=_quantity("diluent", diluent),
        weight=_quantity("weight", weight),
        height=_quantity("height", height),
        body_surface_area=_quantity("body-surface-area", body_surface_area),
        lockout=_quantity("lockout", lockout),
        accumulated=_quantity("accumulated", accumulated),
        background=_quantity("background", background),
        previous=_quantity("previous", previous),
    )
    verdict = check(programme, opened, rate_resolution=_quantity("rate-resolution", rate_resolution))
    if as_json:
        say_json(verdict_to_json(verdict))
    else:
        _show(verdict, programme, row, opened)
    raise typer.Exit(_EXIT_CODES[verdict.decision.value])


_EXIT_CODES = {"accept": 0, "confirm": 10, "refuse": 11, "not checked": 12}


def _close_ids(library: Library, wanted: str) -> list[str]:
    """Return up to three ids that share a word with what was typed."""
    words = {word for word in wanted.lower().split("-") if len(word) > 3}  # noqa: PLR2004 - "mg", "in" say nothing
    scored = [(len(words & set(e.id.split("-"))), e.id) for e in library.entries]
    return [entry_id for score, entry_id in sorted(scored, reverse=True)[:3] if score]


def _show(verdict: Verdict, programme: Programme, entry: Entry, library: Library) -> None:
    """Print a verdict for a reader: the decision first, then why, then what follows."""
    say(f"{library.describe(entry)}: {_WORDS[programme.mode]}")
    say(styled(verdict.decision.value.upper(), DECISION_STYLE[verdict.decision.value]))
    for finding in verdict.findings:
        say(f"  - {finding}")
    derived = verdict.derived
    rows = [
        (name, value)
        for name, value in (
            ("dose", derived.dose),
            ("rate", derived.rate),
            ("volume", derived.volume),
            ("duration", derived.duration),
            ("concentration", derived.concentration and derived.concentration.without_small_decimals()),
            ("body surface area", derived.body_surface_area),
            ("rate, rounded to the pump", derived.rounded_rate),
            ("dose at the rounded rate", derived.rounded_dose),
        )
        if value is not None
    ]
    if rows:
        say(table("What follows from it", ("what", "value"), rows))
    if library.library.not_for_clinical_use:
        say("Not for clinical use.")
