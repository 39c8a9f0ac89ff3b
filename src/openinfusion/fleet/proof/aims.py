"""What each ring shall run and until when, as the director says: the aims that proof is held against."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from openinfusion.fleet.authority.listing import read_target
from openinfusion.fleet.authority.online import read_orders
from openinfusion.fleet.authority.recalls import recalled_numbers
from openinfusion.fleet.authority.rings import ring_of
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import lists, read_trust
from openinfusion.fleet.proof.register import Register, Ring
from openinfusion.fleet.proof.states import Aim

DEADLINE = timedelta(days=7)
"""How long the pumps of a ring have, if nothing else is said."""


def read_aims(
    trees: Authority, *, at: datetime, deadlines: Mapping[str, timedelta] | None = None, usual: timedelta = DEADLINE
) -> dict[Ring, Aim]:
    """
    Return the aim of each ring.

    Args:
        trees: the folder with both repositories.
        at: now; what was assigned before its moment was kept counts from here.
        deadlines: how long each ring has, by its name.
        usual: how long a ring has that is not among them.

    """
    orders = read_orders(trees)
    aims: dict[Ring, Aim] = {}
    for path, target in orders.rings.items():
        ring, listed = ring_of(path), read_target(target)
        since = orders.since.get(path, at)
        aims[f"{ring.hospital}/{ring.profile}", ring.name] = Aim(
            number=listed.release.number,
            sha256=listed.content.sha256,
            library=listed.release.library_name,
            version=listed.release.library_version,
            since=since,
            deadline=since + (deadlines or {}).get(ring.name, usual),
        )
    return aims


def assign_all(
    register: Register,
    trees: Authority,
    *,
    at: datetime,
    deadlines: Mapping[str, timedelta] | None = None,
    usual: timedelta = DEADLINE,
) -> None:
    """
    Tell a register what each ring shall run, and which numbers carry recalled content; as in ``read_aims``.

    A ring that gets a release no more has no aim any more.
    """
    aims = read_aims(trees, at=at, deadlines=deadlines, usual=usual)
    for ring in register.aims.keys() | aims.keys():
        if register.aims.get(ring) != aims.get(ring):
            register.assign(ring, aims.get(ring), at=at)
    for hospital, profile in lists(read_trust(trees)):
        line, recalled = f"{hospital}/{profile}", recalled_numbers(trees, hospital, profile)
        if register.recalled.get(line, {}) != recalled:
            register.take_back(line, recalled, at=at)
