"""The pages made from scenarios: the catalogue, and the three incidents with their pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path

from openinfusion.adapters.events.story import sentence
from openinfusion.adapters.report.dose_chart import DoseLine, dose_chart
from openinfusion.core.event_parts import Kind
from openinfusion.core.numbers import round_significant, round_to, show_number
from openinfusion.core.units import Quantity
from openinfusion.pump.scenarios import (
    DosePoint,
    Frame,
    Marks,
    Run,
    Scenario,
    compare,
    dose_over_time,
    find_scenario,
    given_at,
    is_alike,
    log_of,
    marks_of,
    outcome,
    play,
    shipped_scenarios,
)
from openinfusion.pump.scenarios.marking import given_in_words
from openinfusion.pump.scenarios.patterns import in_words

TRUST = Path(__file__).resolve().parent.parent / "examples" / "trust"
IMAGES = Path("docs/images")
INCIDENTS = ("incident-1", "incident-2", "incident-3")
BEFORE, AFTER = 10, 10
MINUTES = (-10, -5, 0, 1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Played:
    """A run with its frames, and what was given over time, with minute zero at the bolus."""

    scenario: Scenario
    run: Run
    frames: tuple[Frame, ...]

    @property
    def marks(self) -> Marks:
        """What its rule says."""
        return marks_of(self.scenario, self.frames)

    def bolus(self) -> Fraction:
        """Return the second at which the bolus begins."""
        events = log_of(self.scenario, self.frames)
        at = next(event.at for event in events if event.kind is Kind.BOLUS) - events[0].at
        return Fraction(at // timedelta(milliseconds=1), 1000)

    def points(self) -> tuple[DosePoint, ...]:
        """Return what was given over time."""
        until = self.bolus() + AFTER * 60
        return dose_over_time(log_of(self.scenario, self.frames), self.frames[-1].loaded, until=until)

    def given(self, minutes: Fraction | int) -> Quantity:
        """Return what was given from ten minutes before the bolus to so many minutes after it."""
        points, bolus = self.points(), self.bolus()
        unit = self.scenario.prescription.unit
        first, last = (given_at(points, bolus + at * 60).to(unit) for at in (Fraction(-BEFORE), Fraction(minutes)))
        return Quantity(last.value - first.value, unit)

    def line(self) -> list[tuple[Fraction, Fraction]]:
        """Return minutes and amounts at every bend."""
        bolus = self.bolus()
        bends = {(point.at - bolus) / 60 for point in self.points()}
        minutes = sorted({Fraction(-BEFORE), Fraction(AFTER), *(m for m in bends if -BEFORE <= m <= AFTER)})
        return [(m, self.given(m).value) for m in minutes]


@cache
def played(name: str) -> tuple[Played, Played]:
    """Return the run that fails and the run that passes."""
    scenario = find_scenario(name)
    failing = next(run for run in scenario.runs if not run.passes)
    passing = next(run for run in scenario.runs if run.passes)
    one, other = (Played(scenario, run, tuple(play(scenario, run.name, libraries=TRUST))) for run in (failing, passing))
    return one, other


# --- The pictures ----------------------------------------------------------------------------------------------------


def pictures() -> dict[Path, bytes]:
    """Return the picture of each incident by its path."""
    return {IMAGES / f"{name}.svg": _picture(name).encode() for name in INCIDENTS}


def _picture(name: str) -> str:
    happened, mended = played(name)
    drug = happened.scenario.prescription.drug
    lines = [
        DoseLine(words=f"given: {_end_words(happened)}", points=happened.line()),
        DoseLine(words=f"meant: {_end_words(mended)}", points=mended.line(), is_meant=True),
    ]
    label = (
        f"Dose of {drug} over time in {name}: {_whole(happened.given(AFTER))} given by ten minutes after the bolus, "
        f"{_whole(mended.given(AFTER))} meant; example data, not for clinical use"
    )
    drawn = dose_chart(lines, unit="micrograms", drug=drug, label=label)
    # A page that shows the picture may be dark; the picture is drawn for white.
    head, _, rest = drawn.partition(">")
    return f'{head}><rect width="100%" height="100%" fill="#ffffff"/>{rest}\n'


def _end_words(one: Played) -> str:
    """Return what the line comes to, and how much of it is the bolus."""
    events = log_of(one.scenario, one.frames)
    bolus = dose_over_time(events, one.frames[-1].loaded, source="clinician")[-1].given
    unit = one.scenario.prescription.unit
    total = show_number(round_to(one.given(AFTER).value, Fraction(1)))
    return f"{total} (bolus: {show_number(bolus.to(unit).value)})"


def _whole(quantity: Quantity) -> str:
    return str(Quantity(round_to(quantity.value, Fraction(1)), quantity.unit))


def _tenth(quantity: Quantity) -> str:
    return show_number(round_to(quantity.value, Fraction(1, 10)))


# --- The three incidents ---------------------------------------------------------------------------------------------


def incidents_page() -> str:
    """Return the page: for each incident its story, picture with table, log, and comparison."""
    return "\n\n".join((_INCIDENTS_HEAD, *(part for name in INCIDENTS for part in _incident(name)))) + "\n"


_INCIDENTS_HEAD = """# The three incidents of November 2018, played

*Generated by `tools/scenario_pages.py` from the scenario files; do not edit.* Not for clinical use.

In November 2018 three patients in three critical care units of one trust were given far more fentanyl than was meant,
each by a bolus out of a running infusion (HSIB, *Procurement, usability and adoption of 'smart' infusion pumps*, 2020,
section 3). Nobody was seriously harmed, because it was noticed at once. The regulator called them use errors: the
configuration made the error likely.

What follows is a model. The virtual pump runs the example trust's library 1.0.0, in which the bedside keys the strength
of fentanyl, and the same steps again under 1.1.0, in which the strength is fixed and the bolus is limited by volume and
rate. What the report says and what is assumed stands apart below. **Meant** is what the same orders give under 1.1.0.

The mechanism is the same each time. The volume of a bolus is its dose over the strength that the pump was told. The
dose was right, so no dose limit spoke; the strength was too low, so the volume was too large; nothing watched it.

Play them yourself: `openinfusion pump play incident-1 --compare` ([how-to](../how-to/play-and-write-scenarios.md))."""


def _incident(name: str) -> Iterator[str]:
    happened, mended = played(name)
    scenario = happened.scenario
    yield f"## {name.replace('-', ' ').capitalize()}: {_lower(scenario.title)}"
    yield f"{scenario.patient.words} {scenario.prescription.words} {scenario.precondition}"
    yield "**Reported**\n\n" + _bullets(scenario.reported)
    yield "**Assumed**\n\n" + _bullets(scenario.assumed)
    alt = f"Dose over time: {_whole(happened.given(AFTER))} given, {_whole(mended.given(AFTER))} meant"
    yield f"![{alt}](../images/{name}.svg)"
    yield _dose_table(happened, mended)
    yield "### What the rule says\n\n" + _marks_table((happened, mended))
    yield f"### What the pump noted in 2018\n\n{_log_table(happened)}\n\n{_own_count(happened)}"
    yield f"### Step by step\n\n{_STEPS}\n\n{_comparison(happened, mended)}"


_STEPS = "Steps at which both versions do and show the same are left out."


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _bullets(parts: Sequence[str]) -> str:
    return "\n".join(f"- {part}" for part in parts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    rule = "|".join("--:" if number in right else "---" for number, _ in enumerate(columns))
    lines = [f"| {' | '.join(columns)} |", f"|{rule}|"]
    return "\n".join([*lines, *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)])


def _dose_table(happened: Played, mended: Played) -> str:
    rows = [
        (str(minutes).replace("-", "−"), _tenth(happened.given(minutes)), _tenth(mended.given(minutes)))
        for minutes in MINUTES
    ]
    columns = ("minutes after the bolus was started", "given, micrograms", "meant, micrograms")
    drug = happened.scenario.prescription.drug
    words = f"Cumulative dose of {drug}, counted from ten minutes before the bolus; what the infusion gave is in it."
    return f"{words}\n\n{_table(columns, rows, right=(0, 1, 2))}"


def _marks_table(runs: Sequence[Played]) -> str:
    rows = [
        (one.run.name, mark.condition, mark.expected, mark.found, "yes" if mark.passed else "**no**")
        for one in runs
        for mark in one.marks.marks
    ]
    return _table(("run", "condition", "expected", "found", "passed"), rows)


def _log_table(one: Played) -> str:
    rows = [(f"{event.at:%d-%b %H:%M:%S}", sentence(event)) for event in log_of(one.scenario, one.frames)]
    return _table(("pump's clock", "event"), rows)


def _own_count(one: Played) -> str:
    """Return what the pump believes that it gave, beside what it gave."""
    told = [event.delivered.dose for event in log_of(one.scenario, one.frames) if event.delivered is not None]
    believed = next((str(dose) for dose in reversed(told) if dose is not None), "nothing")
    given = _whole(one.frames[-1].given)
    return (
        f"By its own count the pump gave {believed} in all. Truly it was {given}: the log holds the wrong strength too."
    )


def _comparison(happened: Played, mended: Played) -> str:
    rows = []
    for pair in compare(happened.frames, mended.frames):
        if is_alike(pair):
            continue
        told = [moment for moment in (pair.one, pair.other) if moment is not None]
        cells = [
            "" if moment is None else _cell(moment.frames[0], outcome(moment)) for moment in (pair.one, pair.other)
        ]
        whys = [
            f"*{'Then' if moment is pair.one else 'Now'}:* {moment.frames[0].why}"
            for moment in told
            if moment.frames[0].why
        ]
        rows.append((told[0].frames[0].who, *cells, " ".join(whys)))
    return _table(("who", "under 1.0.0", "under 1.1.0", "why"), rows)


def _cell(frame: Frame, answer: str) -> str:
    said = f"“{frame.says}”" if frame.says else ""
    return "; ".join(part for part in (frame.did, said, answer) if part)


# --- The catalogue ---------------------------------------------------------------------------------------------------


def catalogue_page() -> str:
    """Return the page of all scenarios that are shipped."""
    rows = [
        (f"[{one.id}](#{one.id.lower()})", one.title, one.role, _lower(one.traps[0].what), ", ".join(one.hazards))
        for one in shipped_scenarios()
    ]
    index = _table(("id", "title", "role", "trap", "hazards"), rows)
    return "\n\n".join((_CATALOGUE_HEAD, index, *(_entry(one) for one in shipped_scenarios()))) + "\n"


_CATALOGUE_HEAD = """# Scenarios

*Generated by `tools/scenario_pages.py` from `src/openinfusion/pump/scenarios/files`; do not edit.* Not for clinical
use.

Tasks at the virtual pump, each with the trap that the design of pump, library or work makes likely. A run is marked by
its rule: from the records of the pump, from what was truly given (volume times the true strength of what was in), and
from behaviours that only an assessor can see. Time alone never fails a run. Libraries are those of `examples/trust`.
How to play, change and write them: [how-to](../how-to/play-and-write-scenarios.md)."""


def _entry(one: Scenario) -> str:
    facts = [
        ("For", f"{one.role}; {one.actor}"),
        ("Where", f"{one.area}, pump {one.pump}, {one.library}"),
        ("Goal", one.goal),
        ("Before", one.precondition),
        ("Patient", one.patient.words + (f" Weight {one.patient.weight}." if one.patient.weight is not None else "")),
        ("Prescription", one.prescription.words),
        ("At hand", "; ".join(stock.label for stock in one.stock)),
        ("Hazards", ", ".join(f"[{hazard}](hazards.md#{hazard.lower()})" for hazard in one.hazards)),
        ("Source", one.source),
    ]
    parts = [
        f"## {one.id}",
        f"**{one.title}**",
        _table(("", ""), [(f"**{name}**", words) for name, words in facts]),
        "Traps:\n\n" + _bullets([f"{trap.what} *Why it is likely:* {trap.why}" for trap in one.traps]),
        "What is watched:\n\n" + _bullets([f"{b.words} ({_SEEN[b.seen_by]})" for b in one.behaviours]),
        "Passed when:\n\n" + _bullets(list(_rule(one))),
        "It may also go like this:\n\n" + _bullets(one.extensions),
        "Runs:\n\n" + _bullets([_run_words(run, one) for run in one.runs]),
    ]
    return "\n\n".join(parts)


_SEEN = {"pump": "the pump tells", "assessor": "only a person sees it"}


def _run_words(run: Run, scenario: Scenario) -> str:
    frames = tuple(play(scenario, run.name, libraries=TRUST))
    given = frames[-1].given
    shown = Quantity(round_significant(given.value, 5), given.unit)
    verdict = "passes" if run.passes else "does not pass"
    return f"`{run.name}` {verdict}: {_lower(run.title)}; {shown} of {scenario.prescription.drug} truly given"


def _rule(one: Scenario) -> Iterator[str]:
    rule = one.rule
    must = [*(f"in this order: {in_words(pattern)}" for pattern in rule.must[:1])]
    must += [f"then: {in_words(pattern)}" for pattern in rule.must[1:]]
    whys = [pattern.why for pattern in rule.must]
    for words, why in zip(must, whys, strict=True):
        yield _with(words, why)
    for pattern in rule.must_not:
        yield _with(f"never: {in_words(pattern)}", pattern.why)
    for bound in rule.delivered:
        yield _with(f"truly given: {given_in_words(bound, one)}", bound.why)
    if rule.longest_gap is not None:
        yield f"no more than {show_number(rule.longest_gap)} seconds without flow"
    for name in rule.observed:
        yield "seen: " + next(behaviour.words for behaviour in one.behaviours if behaviour.name == name)


def _with(words: str, why: str) -> str:
    return f"{words} ({why})" if why else words
