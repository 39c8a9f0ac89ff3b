"""What stops a roll-out by itself: pumps that failed, pumps that went back, and clinicians who meet other limits."""

from collections.abc import Iterator
from fractions import Fraction

from openinfusion.fleet.rollout.chance import Rate, at_least_by_chance, at_most_by_chance
from openinfusion.fleet.rollout.counts import RingCounts
from openinfusion.fleet.rollout.plan import Background, Failures, Halt, Ring
from openinfusion.fleet.rollout.reasons import Reason, Why, percent


def why_halt(halt: Halt, ring: Ring, known: RingCounts) -> Iterator[Reason]:
    """Yield every reason to stop, in the order of how plain they are."""
    for rule in halt.failures:
        yield from _failures(rule, known)
    went_back = (
        (Why.REVERTED, known.reverted, halt.reverted, "went back and had not lost their state"),
        (Why.RESTORED, known.restored, halt.restored, "went back after losing their state"),
    )
    for why, events, usual, what in went_back:
        yield from _went_back(why, Rate(events, known.pump_hours), usual=usual, what=what, one_in=halt.one_in)
    if ring.is_canary:
        yield from _clinical(halt, known)


def _failures(rule: Failures, known: RingCounts) -> Iterator[Reason]:
    failed = known.failures if rule.kind == "any" else known.failed.get(rule.kind, 0)
    executed = known.executed
    if failed < rule.at_least or executed < rule.minimum_executed or failed * 1000 < rule.per_thousand * executed:
        return
    kind = "" if rule.kind == "any" else f" with {rule.kind}"
    limit = f"{rule.at_least:,} pumps and {float(Fraction(rule.per_thousand, 10)):g} %"
    yield Reason(Why.FAILURES, f"{percent(failed, executed)} of pumps failed{kind}; it stops at {limit}")


def _went_back(why: Why, now: Rate, *, usual: Background, what: str, one_in: int) -> Iterator[Reason]:
    before = Rate(usual.events, usual.pump_days * 24)
    if now.events < usual.at_least or at_least_by_chance(now, before) * one_in >= 1:
        return
    days = now.out_of // 24
    words = f"{now.events:,} times in {days:,} days of pumps, pumps {what}; usual is {usual.events:,} in"
    yield Reason(why, f"{words} {usual.pump_days:,}, and chance brings that less than once in {one_in:,}")


def _clinical(halt: Halt, known: RingCounts) -> Iterator[Reason]:
    seen = known.clinical
    for why, now, before, others, what in (
        (Why.OVERRIDES, seen.overrides, seen.overrides_before, seen.overrides_others, "overrides of soft limits"),
        (Why.HARD_HITS, seen.hard_hits, seen.hard_hits_before, seen.hard_hits_others, "attempts beyond hard limits"),
    ):
        if now.out_of >= halt.infusions and is_beyond(now, before, halt=halt):
            words = f"{what}: {now} infusions under the release, {before} in the 28 days before"
            words += f", {others} on other pumps since the ring opened" if others.out_of else ""
            yield Reason(why, f"{words}; chance brings that less than once in {halt.clinical_one_in:,}")


def is_beyond(now: Rate, before: Rate, *, halt: Halt) -> bool:
    """Whether a rate is outside the bounds around the one before, and chance does not explain it."""
    observed, usual = now.events * before.out_of * 100, before.events * now.out_of
    if observed > usual * halt.highest_percent:
        return at_least_by_chance(now, before) * halt.clinical_one_in < 1
    if observed < usual * halt.lowest_percent:
        return at_most_by_chance(now, before) * halt.clinical_one_in < 1
    return False


def has_signal(halt: Halt, known: RingCounts) -> bool:
    """Whether enough infusions, now and before, show what clinicians meet."""
    seen = known.clinical
    rates = (seen.overrides, seen.overrides_before, seen.hard_hits, seen.hard_hits_before)
    return all(rate.out_of >= halt.infusions for rate in rates)
