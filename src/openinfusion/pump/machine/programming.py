"""The screens on which an infusion or a dose is programmed: values, summary, alert, ready, deliver."""

from fractions import Fraction
from typing import TYPE_CHECKING

from openinfusion.core.event_parts import LONGEST_NAME, FlowSource
from openinfusion.core.events import Kind, Response
from openinfusion.core.programme import Finding
from openinfusion.core.units import ML, ML_PER_H, Quantity
from openinfusion.pump.machine import display
from openinfusion.pump.machine.attempt import Attempt, Purpose
from openinfusion.pump.machine.flow import Dose
from openinfusion.pump.machine.form import WEIGHT, Asked, read_keyed
from openinfusion.pump.machine.notes import Note
from openinfusion.pump.machine.pages import BACK, CANCEL, NOT_OFFERED, Beep, Load, Page
from openinfusion.pump.machine.screen import Ask, Choice, Screen

if TYPE_CHECKING:
    from openinfusion.pump.machine.pump import Pump

REASONS = ("prescriber confirmed", "clinical need", "usual dose of this patient", "protocol")
"""Reasons offered for an override; another can be keyed."""


class Form(Page):
    """One value after the other."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt

    @property
    def asked(self) -> Asked:
        """The value that is asked for now."""
        return self.attempt.asks[self.attempt.place]

    def screen(self, pump: "Pump") -> Screen:
        """Show what has been keyed and ask for the next value."""
        asked = self.asked
        offered = None if asked.offered is None else asked.offered.text()
        if offered is None and asked.is_optional:
            offered = "left out"
        lines = (*display.entry_lines(self.attempt.entry, pump), *display.keyed_lines(self.attempt))
        other = self.attempt.other_way
        choices = () if other is None else (Choice("other way", f"Key the {other.what} instead"),)
        ask = Ask(asked.what, asked.unit.text, offered)
        return Screen(display.title(self.attempt, pump), lines, (*choices, BACK, CANCEL), ask)

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Key the rate instead of the dose, or the dose; go back by one value; or give up."""
        other = self.attempt.other_way
        if choice == "other way" and other is not None:
            self.attempt.swap(other)
            return None
        if choice == "back" and self.attempt.place > 0:
            self.attempt.place -= 1
            return None
        return pump.go_home() if choice in ("back", "cancel") else NOT_OFFERED

    def enter(self, pump: "Pump", text: str) -> Beep:
        """Take the value and ask for the next, or go on to the summary."""
        asked = self.asked
        value = read_keyed(text, asked)
        if isinstance(value, str):
            return value
        if value is None:
            self.attempt.values.pop(asked.name, None)
        else:
            self.attempt.values[asked.name] = value
        if asked.name == WEIGHT.name:
            pump.weight = self.attempt.values.get("weight", pump.weight)
        if self.attempt.place + 1 < len(self.attempt.asks):
            self.attempt.place += 1
            return None
        return pump.go(Summary(self.attempt))


class Summary(Page):
    """Everything that was keyed, to be read and confirmed."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt

    def screen(self, pump: "Pump") -> Screen:
        """Show it, with what follows from it."""
        choices = [Choice("confirm", "Confirm"), Choice("change", "Change a value"), CANCEL]
        if self.attempt.can_have_steps:
            choices.insert(1, Choice("next step", "Add another step"))
        lines = (
            *display.entry_lines(self.attempt.entry, pump),
            *display.keyed_lines(self.attempt),
            *display.derived_lines(self.attempt, pump),
        )
        return Screen(f"Confirm: {display.title(self.attempt, pump)}", lines, tuple(choices))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Confirm, which is when the library judges it."""
        match choice:
            case "confirm":
                return self.confirm(pump)
            case "next step" if self.attempt.can_have_steps:
                return self.confirm(pump, goes_on=True)
            case "change":
                self.attempt.again()
                return pump.go(Form(self.attempt))
            case "cancel":
                return pump.go_home()
            case _:
                return NOT_OFFERED

    def confirm(self, pump: "Pump", *, goes_on: bool = False) -> Beep:
        """Have it judged; ``goes_on`` asks for another step of a multi-step infusion."""
        attempt = self.attempt
        if (goes_on or attempt.steps) and "volume" not in attempt.values:
            return "a step needs its volume"
        judged = attempt.judge(pump.slots.active, pump.model)
        problem = attempt.why_not_basic(pump.model) if judged is None else judged.problem
        told = pump.tell_attempt(attempt) if attempt.purpose.is_infusion or (judged and judged.is_hard) else None
        after = NextStep(attempt) if goes_on else None
        if problem is not None:
            return pump.go(Problem(attempt, problem))
        if judged is not None and judged.crossed:
            return Alert(attempt, judged.crossed, told, after=after).show(pump)
        return pump.go(Unchecked(attempt, after=after)) if attempt.is_unchecked else pump.accept(attempt, after=after)


class NextStep(Page):
    """A step of a multi-step infusion has been accepted; the next one is asked for."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt

    def screen(self, pump: "Pump") -> Screen:
        """Say so."""
        choices = (Choice("next", "Next step"), CANCEL)
        return Screen(display.title(self.attempt, pump), (f"Step {len(self.attempt.steps)} accepted.",), choices)

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Ask for dose or rate, and volume, of the next step."""
        if choice == "cancel":
            return pump.go_home()
        if choice != "next":
            return NOT_OFFERED
        attempt = self.attempt
        attempt.asks = tuple(one for one in attempt.asks if one.name in ("dose", "rate", "volume"))
        attempt.place = 0
        return pump.go(Form(attempt))


class Problem(Page):
    """Why the pump cannot run what was keyed: no limit is crossed, and nothing can be overridden."""

    def __init__(self, attempt: Attempt, words: str) -> None:
        self.attempt, self.words = attempt, words

    def screen(self, pump: "Pump") -> Screen:
        """Say why."""
        return Screen("Not possible", (self.words,), (Choice("reprogram", "Change a value"), CANCEL))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Change a value, or give up."""
        if choice == "cancel":
            return pump.go_home()
        if choice != "reprogram":
            return NOT_OFFERED
        self.attempt.again()
        return pump.go(Form(self.attempt))


class Unchecked(Page):
    """No limit looked at the programme: not knowing is never the same as within limits."""

    def __init__(self, attempt: Attempt, *, after: Page | None) -> None:
        self.attempt, self.after = attempt, after

    def screen(self, pump: "Pump") -> Screen:
        """Say so."""
        choices = (Choice("confirm", "Confirm without a check"), Choice("change", "Change a value"), CANCEL)
        return Screen("No limit was checked", ("The library sets no limit for what was programmed.",), choices)

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Go on all the same, or not."""
        if choice == "confirm":
            return pump.accept(self.attempt, after=self.after)
        if choice not in ("change", "cancel"):
            return NOT_OFFERED
        self.give_up(pump)
        return Summary(self.attempt).choose(pump, choice)

    def give_up(self, pump: "Pump") -> None:
        """Say what the alerts spoke of."""
        pump.tell_given_up(self.attempt)


class Alert(Page):
    """A limit that was crossed: a soft one can be overridden, a hard one cannot."""

    def __init__(
        self, attempt: Attempt, crossed: tuple[Finding, ...], about: Note | None, *, after: Page | None
    ) -> None:
        self.attempt, self.crossed, self.about, self.after = attempt, crossed, about, after
        self.raised: list[Note] = []

    @property
    def finding(self) -> Finding:
        """The limit that is shown."""
        return self.crossed[len(self.raised) - 1]

    def show(self, pump: "Pump") -> Beep:
        """Raise the alert about the next limit."""
        finding = self.crossed[len(self.raised)]
        more = {} if self.about is None else {"about": self.about}
        raised = pump.note(Kind.ALERT_RAISED, self.attempt.known, alert=finding, **more)
        self.raised.append(raised)
        if self.about is None:
            self.attempt.alerts.append(raised)
        pump.alert = self
        return pump.go(self)

    def screen(self, pump: "Pump") -> Screen:
        """Show attempted value and limit."""
        hard = self.finding.is_hard
        choices = [Choice("reprogram", "Change a value"), CANCEL]
        if not hard:
            choices.insert(0, Choice("override", "Override"))
        words = "HARD LIMIT: it cannot be overridden" if hard else "SOFT LIMIT"
        return Screen(words, (_sentence(self.finding), *display.keyed_lines(self.attempt)), tuple(choices))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Override a soft limit, change a value, or give up."""
        match choice:
            case "override" if not self.finding.is_hard:
                return pump.go(Reason(self, pump.now))
            case "reprogram":
                self.answer(pump, Response.REPROGRAMMED)
                self.attempt.again()
                return pump.go(Form(self.attempt))
            case "cancel":
                self.answer(pump, Response.CANCELLED)
                return pump.go_home()
            case "override":
                return "a hard limit cannot be overridden: change the value"
            case _:
                return NOT_OFFERED

    def override(self, pump: "Pump", reason: str | None, seconds: Fraction) -> Beep:
        """Go on after an override: to the next limit, or to what was programmed."""
        self._tell(pump, Response.OVERRIDDEN, reason=reason, seconds=seconds)
        if len(self.raised) < len(self.crossed):
            return self.show(pump)
        if self.attempt.is_unchecked:
            return pump.go(Unchecked(self.attempt, after=self.after))
        return pump.accept(self.attempt, after=self.after)

    def answer(self, pump: "Pump", response: Response, *, reason: str | None = None) -> None:
        """Note an answer that gives the programme up."""
        is_known = response is not Response.UNKNOWN
        self._tell(pump, response, reason=reason, seconds=pump.now - self.raised[-1].at if is_known else None)
        pump.tell_given_up(self.attempt)

    def _tell(self, pump: "Pump", response: Response, *, reason: str | None, seconds: Fraction | None) -> None:
        pump.alert = None
        more = {name: value for name, value in (("reason", reason), ("seconds", seconds)) if value is not None}
        about = self.raised[-1]
        known = self.attempt.known
        pump.note(Kind.ALERT_ANSWERED, known, alert=self.finding, about=about, response=response, **more)


def _sentence(finding: Finding) -> str:
    text = str(finding)
    return f"{text[0].upper()}{text[1:]}."


class Reason(Page):
    """Why a soft limit is overridden."""

    def __init__(self, alert: Alert, at: Fraction) -> None:
        self.alert, self.at = alert, at

    def screen(self, pump: "Pump") -> Screen:
        """Ask for a reason."""
        choices = tuple(Choice(reason, reason.capitalize()) for reason in REASONS)
        lines = (_sentence(self.alert.finding), "Why is it right for this patient?")
        return Screen("Override", lines, (*choices, Choice("none", "No reason"), BACK), Ask("another reason", ""))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Take a reason of the list, or none."""
        if choice == "back":
            return pump.go(self.alert)
        if choice not in (*REASONS, "none"):
            return NOT_OFFERED
        return self._override(pump, None if choice == "none" else choice)

    def enter(self, pump: "Pump", text: str) -> Beep:
        """Take another reason."""
        reason = text.strip()
        is_name = reason.isprintable() and 0 < len(reason) <= LONGEST_NAME
        return self._override(pump, reason) if is_name else "a reason in words"

    def _override(self, pump: "Pump", reason: str | None) -> Beep:
        return self.alert.override(pump, reason, self.at - self.alert.raised[-1].at)


class Ready(Page):
    """An infusion that has been accepted and not yet started."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.loading: Attempt | None = None

    def screen(self, pump: "Pump") -> Screen:
        """Show it once more."""
        choices = [Choice("start", "Start"), Choice("change", "Change a value"), CANCEL]
        if pump.channel.needs_container:
            choices.insert(0, Choice("load", display.load_words(pump)))
        entry = self.attempt.entry
        if entry is not None and entry.loading is not None and self.loading is None:
            choices.insert(1, Choice("loading", "Loading dose first"))
        lines = (
            *display.entry_lines(entry, pump),
            *display.keyed_lines(self.attempt),
            *display.derived_lines(self.attempt, pump),
        )
        return Screen("Ready to start", lines, tuple(choices))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Start it, or not yet."""
        entry = self.attempt.entry
        match choice:
            case "start":
                return pump.start(self)
            case "load":
                return pump.go(Load(back=self))
            case "loading" if entry is not None and entry.loading is not None and self.loading is None:
                pump.ready = self
                return pump.begin_dose(self.attempt.prepared(pump.slots.active, pump.model), entry, Purpose.LOADING)
            case "change":
                self.give_up(pump)
                # What is confirmed again takes the place of the step that was accepted, or there would be two.
                self.attempt.steps = self.attempt.steps[:-1]
                self.attempt.again()
                return pump.go(Form(self.attempt))
            case "cancel":
                self.give_up(pump)
                return pump.go_home()
            case _:
                return NOT_OFFERED

    def give_up(self, pump: "Pump") -> None:
        """Say what the alerts of the loading dose spoke of."""
        if self.loading is not None:
            pump.tell_given_up(self.loading)


class Deliver(Page):
    """A single dose that has been accepted: it flows when its key is pressed."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt

    @property
    def dose(self) -> Dose:
        """What is to flow."""
        attempt = self.attempt
        if attempt.judged is None:
            raise AssertionError("a dose is judged before it is accepted")
        source: FlowSource = "loading" if attempt.purpose is Purpose.LOADING else "clinician"
        volume = attempt.judged.vtbi
        if volume is None:
            raise AssertionError("a dose has a volume")
        return Dose(source=source, programme=attempt.judged.programme, volume=volume, rate=attempt.judged.rate)

    def screen(self, pump: "Pump") -> Screen:
        """Show volume and rate."""
        words = "Hold to deliver" if pump.model.hold_to_deliver else "Deliver"
        dose = self.dose
        lines = (
            *display.keyed_lines(self.attempt),
            f"{Quantity(dose.volume, ML)} at {Quantity(dose.rate, ML_PER_H)}",
        )
        return Screen(display.title(self.attempt, pump), lines, (Choice("deliver", words), CANCEL))

    def choose(self, pump: "Pump", choice: str) -> Beep:
        """Let it flow."""
        if choice == "cancel":
            pump.tell_attempt(self.attempt)
            return pump.go_home()
        return pump.give(self.attempt, self.dose) if choice == "deliver" else NOT_OFFERED

    def give_up(self, pump: "Pump") -> None:
        """Say what the alerts spoke of."""
        pump.tell_given_up(self.attempt)
