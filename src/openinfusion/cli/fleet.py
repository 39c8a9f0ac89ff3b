"""`openinfusion fleet`: signed libraries for every pump: who may sign, what is released, what each ring shall run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from openinfusion.cli.console import say, say_json, styled, table
from openinfusion.cli.fleet_options import (
    HERE,
    AsJson,
    Folder,
    Hospital,
    OnlineKey,
    PassphraseFile,
    Profile,
    now,
    online_signer,
    place_of,
    say_trial,
    say_waiting,
)
from openinfusion.cli.lazy import lazy_group
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority import health, rings
from openinfusion.fleet.authority.health import Urgency
from openinfusion.fleet.authority.listing import listing_of
from openinfusion.fleet.authority.online import Seen, read_orders, refresh
from openinfusion.fleet.authority.proposals import all_proposals
from openinfusion.fleet.authority.recalls import Recall, recall
from openinfusion.fleet.authority.stick import MOST_DAYS, USUAL_DAYS, write_stick
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import lists, read_trust

_COMMANDS = {
    "try": ("fleet_try", "try_fleet"),
    "init": ("fleet_keys", "init"),
    "new-key": ("fleet_keys", "new_key"),
    "keys": ("fleet_keys", "list_keys"),
    "add-key": ("fleet_keys", "add_key"),
    "remove-key": ("fleet_keys", "remove_key"),
    "rotate-online": ("fleet_keys", "rotate_online"),
    "renew-trust": ("fleet_keys", "renew_trust"),
    "release": ("fleet_release", "release"),
    "renew": ("fleet_release", "renew"),
    "sign": ("fleet_release", "sign_proposal"),
    "collect": ("fleet_release", "collect_signatures"),
    "publish": ("fleet_release", "publish_proposal"),
    "pumps": ("fleet_pumps", "show_pumps"),
    "work": ("fleet_pumps", "show_work"),
    "currency": ("fleet_pumps", "show_currency"),
    "settle": ("fleet_pumps", "settle_pump"),
    "simulate": ("fleet_simulate", "simulate_fleet"),
    "begin": ("fleet_follow", "begin_rollout"),
    "follow": ("fleet_follow", "follow_rollout"),
}
"""The commands of other modules, each with its module and its function."""

app = typer.Typer(
    cls=lazy_group(_COMMANDS),
    no_args_is_help=True,
    help="Release signed libraries to every pump, and say what each ring shall run.",
)
RED = 1
Ring = Annotated[str, typer.Argument(help="a ring: the pumps that get a release together, such as bench or canary")]
SeenReleases = Annotated[int, typer.Option(min=0, help="the highest version of releases that a pump reports")]
SeenDirector = Annotated[int, typer.Option(min=0, help="the highest version of director that a pump reports")]
_STYLE = {Urgency.WELL: "", Urgency.NOTICE: "cyan", Urgency.WARNING: "yellow", Urgency.RED: "bold red"}


@app.command("assign")
def assign_ring(
    ring: Ring,
    number: Annotated[int, typer.Argument(min=1, help="the release that it shall run")],
    *,
    new_ring: Annotated[
        bool, typer.Option("--new-ring", help="no release was assigned to this ring before: it is not misspelt")
    ] = False,
    hospital: Hospital = None,
    profile: Profile = None,
    online_key: OnlineKey = None,
    passphrase_file: PassphraseFile = None,
    authority: Folder = HERE,
) -> None:
    """
    Have a ring run a release: its pumps take it when they next ask, and start it when they are idle.

    The first ring is taken as it is written; after it, a ring that is not known yet is refused without --new-ring.

    Example: openinfusion fleet assign bench 1
    """
    office, where = _ring(authority, ring, hospital, profile=profile)
    known = rings.known_rings(office, where.hospital, where.profile)
    if known and not new_ring:
        rings.check_known(where, known, otherwise="a new one says --new-ring")
    rings.assign(office, where, number, online=online_signer(office, online_key, passphrase_file), at=now())
    say(f"Ring {ring} of {where.hospital}, {where.profile} shall run release {number}.")
    if ring not in known:
        say(f"Ring {ring} is new: pumps run it once they are in it ('openinfusion gateway devices pump', or a plan).")


@app.command("halt")
def halt_ring(
    ring: Ring,
    *,
    hospital: Hospital = None,
    profile: Profile = None,
    online_key: OnlineKey = None,
    passphrase_file: PassphraseFile = None,
    authority: Folder = HERE,
) -> None:
    """
    Stop giving a ring its release. Pumps that have it keep it: to take it back, recall it.

    Example: openinfusion fleet halt bench
    """
    office, where = _ring(authority, ring, hospital, profile=profile)
    known = rings.known_rings(office, where.hospital, where.profile)
    rings.check_known(where, known, otherwise="'fleet status' shows what each runs")
    number = rings.halt(office, where, online=online_signer(office, online_key, passphrase_file), at=now())
    said = f"gets release {number} no more" if number else "was halted before; nothing was changed"
    say(f"Ring {ring} of {where.hospital}, {where.profile} {said}.")


@app.command("recall")
def recall_release(
    number: Annotated[int, typer.Argument(min=1, help="the release to take back")],
    *,
    by: Annotated[list[str], typer.Option(help="who does it: two persons, so twice")],
    reason: Annotated[str, typer.Option(help="why, in one sentence")],
    hospital: Hospital = None,
    profile: Profile = None,
    online_key: OnlineKey = None,
    passphrase_file: PassphraseFile = None,
    authority: Folder = HERE,
) -> None:
    """
    Take a release back everywhere: rings get its recall twin, a higher number with the content of the release before.

    Nobody's offline key is needed: the twin was signed with the release. A ring that has the same content under a
    higher number than the twin, after an earlier recall, can only be stopped: ends with 1 then.

    Example: openinfusion fleet recall 2 --by "A. Pharmacist" --by "B. Officer" --reason "Wrong limit"
    """
    if len(by) != 2:  # noqa: PLR2004 - two persons
        raise OperatorError(where="--by", found=f"{len(by)} names", expected="the names of two persons")
    office = Authority(authority)
    place = place_of(office, hospital, profile)
    order = Recall(hospital=place[0], profile=place[1], number=number, by=(by[0], by[1]), reason=reason)
    done = recall(office, order, online=online_signer(office, online_key, passphrase_file), at=now())
    say(f"Release {number} is recalled by {by[0]} and {by[1]}.")
    for ring, had in done.moved.items():
        say(f"{ring.name}: shall run release {done.twin}.{_content(number, had)}")
    for ring, had in done.stopped.items():
        held = f"{ring.name}: gets release {had} no more.{_content(number, had)}"
        way = f"Its pumps keep it: no pump goes down to release {done.twin}. Do: release a corrected library now."
        say(styled(f"{held} {way}", "bold red"))
    say("Pumps that were proven to run it are on the work list until they prove another: 'openinfusion fleet work'.")
    if done.stopped:
        raise typer.Exit(RED)


def _content(recalled: int, had: int) -> str:
    return "" if had == recalled else f" It had release {had}, with the content of release {recalled}."


@app.command("refresh")
def refresh_trees(
    *,
    seen_releases: SeenReleases = 0,
    seen_director: SeenDirector = 0,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="sign though nothing was signed for more than 30 days")
    ] = False,
    online_key: OnlineKey = None,
    passphrase_file: PassphraseFile = None,
    authority: Folder = HERE,
) -> None:
    """
    Sign again, for another seven days, what the server signs. Let a timer run it every day.

    Example: openinfusion fleet refresh
    """
    office = Authority(authority)
    seen = Seen(releases=seen_releases, director=seen_director)
    online = online_signer(office, online_key, passphrase_file)
    refresh(office, online, at=now(), seen=seen, is_clock_right=clock_is_right)
    timestamp = office.director.timestamp()
    if timestamp is not None:
        say(f"Fresh until {timestamp.signed.expires.isoformat()}.")


@app.command("export")
def export_stick(
    folder: Annotated[Path, typer.Argument(help="the folder of a USB stick", metavar="STICK")],
    *,
    expires_days: Annotated[
        int, typer.Option(min=1, max=MOST_DAYS, help="for how many days pumps take it")
    ] = USUAL_DAYS,
    online_key: OnlineKey = None,
    passphrase_file: PassphraseFile = None,
    authority: Folder = HERE,
) -> None:
    """
    Write what rings shall run onto a USB stick, signed for it, for pumps that no network reaches.

    Example: openinfusion fleet export stick --expires-days 45
    """
    office = Authority(authority)
    signer = online_signer(office, online_key, passphrase_file)
    written = write_stick(office, folder, signer, at=now(), days=expires_days)
    rows = [(ring.hospital, ring.profile, ring.name, one.release.number) for ring, one in written.rings.items()]
    say(table("On the stick", ("hospital", "profile", "ring", "release"), rows, right=(3,)))
    say(f"Pumps take it until {written.expires.date()}. wrote {folder}")
    say_trial(office)


@app.command("status")
def show_status(
    *,
    seen_releases: SeenReleases = 0,
    seen_director: SeenDirector = 0,
    authority: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """
    Say what each ring shall run, what waits for whom, and what expires when: 0 well, 1 something is red.

    Example: openinfusion fleet status
    """
    office = Authority(authority)
    expiries = health.expiries(office, at=now())
    faults = health.faults(office, Seen(releases=seen_releases, director=seen_director))
    told = _told(office, expiries) | {"faults": [{"found": fault.found, "do": fault.do} for fault in faults]}
    if as_json:
        say_json(told)
    else:
        say_trial(office)
        _say_rings(told)
        for proposal in all_proposals(office):
            say(f"Waits: {proposal.name}")
            say_waiting(proposal)
        _say_expiries(expiries)
        for fault in faults:
            say(styled(f"{fault.found}. Do: {fault.do}", "bold red"))
    if faults or any(one.urgency is Urgency.RED for one in expiries):
        raise typer.Exit(RED)


def _told(office: Authority, expiries: list[health.Expiry]) -> dict[str, Any]:
    orders = read_orders(office)
    return {
        "trial": read_trust(office).is_trial,
        "releases": [
            {"hospital": hospital, "profile": profile, "number": number, "library": one.release.library_version}
            | {"content_of": one.release.content_of, "sha256": one.content.sha256}
            for hospital, profile in lists(read_trust(office))
            for number, one in listing_of(office, hospital, profile).items()
        ],
        "rings": {ring.path: one.release.number for ring, one in rings.assigned(office).items()},
        "halted": dict(orders.halted),
        "recalled": [dict(one) for one in orders.recalled],
        "waiting": [proposal.name for proposal in all_proposals(office)],
        "expiries": [
            {"what": one.what, "expires": one.expires.isoformat(), "urgency": one.urgency.value, "do": one.do}
            | {"by": one.by.isoformat()}
            for one in expiries
        ],
    }


def _say_rings(told: dict[str, Any]) -> None:
    columns = ("hospital", "profile", "release", "library", "content of")
    names = ("hospital", "profile", "number", "library", "content_of")
    say(table("Released", columns, [[one[name] for name in names] for one in told["releases"]], right=(2, 4)))
    rows = [(path.removesuffix(".json"), number, "") for path, number in told["rings"].items()]
    rows += [(path.removesuffix(".json"), number, "halted: gets it no more") for path, number in told["halted"].items()]
    say(table("Rings", ("ring", "release", ""), rows, right=(1,)))
    for one in told["recalled"]:
        say(f"Release {one['number']} was recalled at {one['at']} by {' and '.join(one['by'])}: {one['reason']}")


def _say_expiries(expiries: list[health.Expiry]) -> None:
    rows = [
        (styled(one.urgency.value, _STYLE[one.urgency]), one.what, one.expires.date(), f"{one.left:.0%}")
        for one in expiries
    ]
    say(table("What expires", ("", "what", "expires", "left"), rows, right=(3,)))
    for one in expiries:
        if one.urgency is not Urgency.WELL:
            say(f"{one.what}: until {one.by.date()} {one.do}")


def _ring(authority: Path, ring: str, hospital: str | None, *, profile: str | None) -> tuple[Authority, rings.Ring]:
    office = Authority(authority)
    place = place_of(office, hospital, profile)
    return office, rings.Ring(hospital=place[0], profile=place[1], name=ring)
