"""What to do next with a virtual pump, in plain words: never against what flows, never a choice that is not there."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from openinfusion.cli.pump_session import Session
from openinfusion.cli.pump_words import WHAT_WORDS, offered_words
from openinfusion.core.entry import Mode
from openinfusion.core.limits import Limits
from openinfusion.core.numbers import show_number
from openinfusion.core.programme import Parameter, Programme
from openinfusion.core.units import ML_PER_H, Quantity
from openinfusion.pump.machine import Screen
from openinfusion.pump.machine.attempt import Purpose
from openinfusion.pump.machine.calls import STOPS_FLOW
from openinfusion.pump.machine.held import FEWEST_LETTERS
from openinfusion.pump.machine.judge import judge, judge_demand
from openinfusion.pump.machine.pages import Search
from openinfusion.pump.machine.programming import Alert, Form, Ready, Summary, Unchecked

ALARMS = {
    "occlusion downstream": "The line to the patient is blocked. Look for a clamp or a kink and free it.",
    "occlusion upstream": "The line from the bag is blocked. Open its clamp.",
    "pressure": "The pressure in the line is high.",
    "air": "There is air in the line. Remove it.",
    "no flow": "Nothing flows.",
    "near end": "It will soon be empty. Have the next one ready.",
    "empty": "There is nothing left to give. Put a new one in, or end the infusion.",
    "keeping the vein open": "The volume has been given.",
    "kvo": "The volume has been given; a trickle keeps the vein open.",
    "door": "The door is open. Close it.",
    "syringe": "The syringe is loose. Put it back in its clamp.",
    "callback": "It has been paused for a while, and calls so that nobody forgets it.",
    "battery low": "The battery is nearly empty. Put the plug in.",
    "battery depleted": "The battery is empty. Put the plug in.",
    "fault": "The pump has found a fault in itself.",
}
"""What an alarm means, by its words on the display."""

_PREFERRED = ("noradrenaline", "morphine", "paracetamol", "propofol", "caffeine")
_MOST_NEAR = 8
_CHOICE = re.compile(r"<([a-z ]+)>")


@dataclass(frozen=True, slots=True)
class Medium:
    """How things are done where these words are read: choosing, answering an alarm, time, and what happens."""

    choose: str
    answer: str
    time: str
    happens: str


def hint(session: Session, medium: Medium) -> str:
    """Return what to do next, in plain words, for somebody who has never seen the pump."""
    screen = session.screen
    if screen.alarms:
        return _alarm_hint(screen, medium)
    if screen.ask is not None:
        return _ask_hint(session, screen)
    labels = {choice.id: choice.label for choice in screen.choices}
    for words, is_so in _NEXT:
        if is_so(session) and all(choice in labels for choice in _CHOICE.findall(words)):
            return _filled(words, labels, session, medium=medium)
    return _title_hint(screen.title)


def _filled(words: str, labels: dict[str, str], session: Session, *, medium: Medium) -> str:
    named = _CHOICE.sub(lambda found: labels[found[1]], words)
    return named.format(
        choose=medium.choose,
        time=medium.time,
        happens=medium.happens,
        put="put a syringe in" if session.model.takes_syringes else "hang a bag",
        flows=_what_flows(session),
        still_in=_still_in(session),
    )


def _alarm_hint(screen: Screen, medium: Medium) -> str:
    stops = {alarm.value.replace("_", " ") for alarm in STOPS_FLOW}
    first = [alarm for alarm in screen.alarms if alarm in stops] or screen.alarms
    told = " ".join(ALARMS.get(alarm, f"{alarm.capitalize()}.") for alarm in first)
    return f"Alarm. {told} Then answer the alarm ({medium.answer}) and go on from there."


def _title_hint(title: str) -> str:
    return {
        "Care area": "Choose where the patient is: the limits for doses depend on it.",
        "Drug": "Choose the drug.",
    }.get(title, "Choose one: they differ in what they are for, or in strength.")


# --- What is so ------------------------------------------------------------------------------------------------------


def _always(_: Session) -> bool:
    return True


def _flows(session: Session) -> bool:
    return session.pump.channel.is_flowing


def _is_still(session: Session) -> bool:
    return not session.pump.channel.is_flowing


def _status(word: str) -> Callable[[Session], bool]:
    return lambda session: session.screen.status == word


def _is_unchecked(session: Session) -> bool:
    return isinstance(session.pump.page, Unchecked)


def _has_nothing_in(session: Session) -> bool:
    return session.pump.channel.container is None


def _has_old_in(session: Session) -> bool:
    return session.holds_from_before


def _is_empty(session: Session) -> bool:
    return session.pump.channel.left == 0


def _needs_something_in(session: Session) -> bool:
    return isinstance(session.pump.page, Ready) and session.pump.channel.needs_container


def _is_ready(session: Session) -> bool:
    return isinstance(session.pump.page, Ready)


def _is_secondary(session: Session) -> bool:
    page = session.pump.page
    return isinstance(page, Ready) and page.attempt.purpose is Purpose.SECONDARY


def _only_the_button_gives(session: Session) -> bool:
    page = session.pump.page
    if not isinstance(page, Ready) or page.attempt.mode is not Mode.PCA or page.loading is not None:
        return False
    return "background" not in page.attempt.values


def _is_held_down(session: Session) -> bool:
    return session.model.hold_to_deliver


def _is_about_weight(session: Session) -> bool:
    page = session.pump.page
    return isinstance(page, Alert) and any(finding.parameter is Parameter.WEIGHT for finding in page.crossed)


def _no_limit_looks(session: Session) -> bool:
    """Whether what stands on the summary is something that the library has no limit for."""
    page, pump = session.pump.page, session.pump
    if not isinstance(page, Summary):
        return False
    programme = page.attempt.programme()
    if not isinstance(programme, Programme):
        return True
    looks = judge_demand if programme.mode is Mode.PCA else judge
    return looks(programme, pump.slots.active, pump.model).is_unchecked


def _what_flows(session: Session) -> str:
    stream = session.pump.channel.stream
    return "Nothing flows." if stream is None else f"The primary still runs at {Quantity(stream.rate, ML_PER_H)}."


def _still_in(session: Session) -> str:
    """Return a sentence about what the last patient left in the pump, or nothing."""
    container = session.pump.channel.container
    return "" if container is None else f" The {container.type} of the last patient is still in."


_NEXT: tuple[tuple[str, Callable[[Session], bool]], ...] = (
    ("The pump is off. Choose <power> to switch it on: {choose}.", _always),
    (
        "An infusion was set before. Choose <keep> only if they are right for this patient; else <clear settings>.",
        _always,
    ),
    ("Another patient? Choose <new patient>: area and weight are then asked anew.{still_in}", _always),
    (
        "A limit of the weight warns you. In doubt, <reprogram> asks for the weight again; <override> for a reason.",
        _is_about_weight,
    ),
    ("A limit warns you. If in doubt, choose <reprogram>. <override> asks you for a reason.", _always),
    (
        "Too far: nobody can override this limit of the weight. Choose <reprogram>: it asks for the weight again.",
        _is_about_weight,
    ),
    (
        "Too far: nobody can override this limit. Choose <reprogram>.",
        lambda session: session.screen.title.startswith("HARD"),
    ),
    ("The pump cannot run this. Choose <reprogram>.", _always),
    ("<drug> now; or first {put}, as you like. Nothing flows yet.", _has_nothing_in),
    ("<drug>.{still_in} Put in what this patient needs. Nothing flows yet.", _has_old_in),
    ("<drug>. (<basic>: no limit would look at the dose.)", _always),
    ("<drug>. Nothing flows yet.", _always),
    ("Choose <bag>.", _always),
    ("Choose <next> to key how it goes on.", _always),
    (
        "Choose <deliver>: it flows at once. Here one choice holds the key until Release is chosen. <cancel>: nothing.",
        _is_held_down,
    ),
    ("Choose <deliver>, and the dose flows at once. <cancel> gives nothing.", _always),
    ("{flows} Hang and open the secondary, then choose <start>.", _is_secondary),
    ("First {put}; then choose <start>.", _needs_something_in),
    ("Choose <start>: from then on the patient's button gives doses.", _only_the_button_gives),
    ("Choose <start>: from then on it flows to the patient.", _is_ready),
    (
        "Nothing watches this dose. Be twice as sure and choose <confirm>, or choose <change>.",
        _is_unchecked,
    ),
    ("Read every line: no limit looks at this. Be twice as sure, then choose <confirm>.", _no_limit_looks),
    ("Read every line. All as you want it? Choose <confirm>: the limits then look at it.", _always),
    ("The key is held, and the dose flows until you choose <release>, or until all is given. {time}.", _is_held_down),
    ("The dose is being given, and ends by itself; to end it now, choose <release>. {time}.", _always),
    ("The pump stands by. Choose <wake> to go on.", _always),
    ("It waits for the patient. Choose <demand>, as the patient would. {time}.", _status("waiting for a demand")),
    ("All is given; a trickle keeps the vein open. Choose <stop>.", _status("keeping the vein open")),
    ("It runs. {time}; {happens}; or choose something.", _flows),
    ("It is empty: {put}, then choose <start>; or choose <stop>.", _is_empty),
    ("Nothing flows. Choose <start> to go on, or <stop>.", _is_still),
)
"""What is said where something is so and every choice that is named is offered; the first that fits."""


# --- A value is asked for --------------------------------------------------------------------------------------------


def _ask_hint(session: Session, screen: Screen) -> str:
    ask = screen.ask
    if ask is None:
        return ""
    if ask.what == "letters":
        page = session.pump.page
        missed = page.missed if isinstance(page, Search) else None
        return _letters_hint(session.drugs(), missed, is_free=session.pump.channel.infusion is None)
    if not ask.unit:
        return f"Choose a reason, or type {ask.what} in words and press Enter."
    words = f"Type the {WHAT_WORDS.get(ask.what, ask.what)} in {ask.unit} and press Enter."
    if ask.offered == "left out":
        words += " Enter alone leaves it out" + (
            ": it then runs until somebody stops it." if ask.what.startswith("volume") else "."
        )
    elif ask.offered is not None:
        words += f" Enter alone takes {offered_words(ask)}."
    usual = usual_range(session)
    return f"{words} {usual}" if usual else words


def _letters_hint(drugs: tuple[str, ...], missed: str | None, *, is_free: bool) -> str:
    if missed is not None:
        return _missed_hint(drugs, missed, is_free=is_free)
    words = f"Type the first {FEWEST_LETTERS} letters of the drug, or more, and press Enter"
    known = [name for name in _PREFERRED if name in drugs][:2] or drugs[:2]
    shown = " or ".join(f"{name[:FEWEST_LETTERS]} for {name}" for name in known)
    return f"{words}: {shown}. This care area has {len(drugs)}." if shown else f"{words}."


def _missed_hint(drugs: tuple[str, ...], missed: str, *, is_free: bool) -> str:
    """Return what there is under the letter with which a search began that found nothing."""
    letter = missed[:1].casefold()
    near = [name for name in drugs if name.casefold().startswith(letter)]
    if not near:
        area = " and another care area" if is_free else ""
        return f"This care area has no drug with {letter}. Try other letters, or choose Cancel{area}."
    shown = ", ".join(near[:_MOST_NEAR]) + (", ..." if len(near) > _MOST_NEAR else "")
    return f"With {letter} this care area has: {shown}. Type {FEWEST_LETTERS} letters of one, or choose Cancel."


def usual_range(session: Session) -> str:
    """Return what the library says is usual for the value that is asked for, or nothing."""
    limits = _limits_asked(session)
    if limits is None:
        return ""
    for word, low, high in (("Usual", limits.usual_min, limits.usual_max), ("Expected", *limits.bounds[1:3])):
        if low is not None and high is not None:
            ends = show_number(low) if low == high else f"{show_number(low)} to {show_number(high)}"
            return f"{word} here: {ends} {limits.unit.text}."
    return ""


def _limits_asked(session: Session) -> Limits | None:
    """Return the limits of the value that is asked for, as far as the library has them."""
    page, pump = session.pump.page, session.pump
    ask = session.screen.ask
    if ask is not None and ask.what.startswith("weight"):
        area = pump.slots.active.area(pump.area) if pump.area else None
        return area.weight if area is not None else None
    if not isinstance(page, Form) or page.attempt.entry is None or page.attempt.mode is None:
        return None
    entry, mode, name = page.attempt.entry, page.attempt.mode, page.asked.name
    if mode is Mode.PCA and name != "background":
        holder: object = entry.pca
    else:
        holder, name = entry.limits_for(mode), "dose" if name == "background" else name
    found = getattr(holder, name, None)
    return found if isinstance(found, Limits) else None
