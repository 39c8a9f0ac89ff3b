"""
The register of all pumps over the database of the device API, held by a process that watches, and kept current.

It is read whole once. After that a look costs what changed since the last one: pumps of which anything was written
(``tables.changed``), rings whose aim changed, pumps whose silence came to something. Nothing is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from openinfusion.fleet.authority.online import Orders, read_orders
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import read_trust
from openinfusion.fleet.proof import Register
from openinfusion.fleet.proof.aims import DEADLINE, assign_all
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database, fact
from openinfusion.gateway.devices.pumps import Known
from openinfusion.gateway.devices.reports import shown_witness

_NO_RING = ""


@dataclass(frozen=True, slots=True)
class _Position:
    """Where in the changes of which life of the server a look has come to."""

    life: str | None
    number: int


class Watch:
    """
    The register, and what the director says.

    Args:
        database: may be one that only reads.
        trees: the folder with both repositories.
        deadlines: how long each ring has, by its name.
        usual: how long a ring has that is not among them.

    Attributes:
        register: the pumps in service.
        orders: what the director says.
        is_trial: whether its keys lie in one folder: not for clinical use.

    """

    def __init__(
        self,
        database: Database,
        trees: Authority,
        *,
        deadlines: Mapping[str, timedelta] | None = None,
        usual: timedelta = DEADLINE,
    ) -> None:
        self.register = Register()
        self.orders = Orders()
        self.is_trial = False
        self._database, self._trees = database, trees
        self._deadlines, self._usual = deadlines, usual
        self._stamp: tuple[tuple[int, int], ...] | None = None
        self._position: _Position | None = None

    def look(self, at: datetime) -> frozenset[str]:
        """
        Take in what changed, and return the pumps that may stand otherwise than at the last look.

        Raises:
            OperatorError: the database or the trees cannot be read; what was known stands.

        """
        stamp, (here, known) = self._trees.stamp(), self._read()
        if known is not None:
            touched = set(self._assign(self.register, stamp, at))
        else:
            # Another life of the server may know less: pumps that it does not know are gone, once all was read.
            here, known = self._read_whole()
            fresh, self._stamp = Register(), None
            self._assign(fresh, stamp, at)
            touched = {card.witness.pump for card in self.register}
            self.register = fresh
        for one in known:
            touched.add(one.urn)
            self._take(one, at)
        self._position = here
        touched |= {change.pump for change in self.register.advance(at)}
        return frozenset(touched)

    # --- The trees ----------------------------------------------------------------------------------------------------

    def _assign(self, register: Register, stamp: tuple[tuple[int, int], ...], at: datetime) -> list[str]:
        """Set what rings shall run where that was published anew; return the pumps that it may concern."""
        if stamp == self._stamp:
            return []
        self.is_trial = read_trust(self._trees).is_trial
        self.orders = read_orders(self._trees)
        assign_all(register, self._trees, at=at, deadlines=self._deadlines, usual=self._usual)
        self._stamp = stamp
        return [card.witness.pump for card in register]

    # --- The database -------------------------------------------------------------------------------------------------

    def _read(self) -> tuple[_Position | None, list[Known] | None]:
        """Return the pumps that changed since the last look, with its position; ``None`` where that cannot be said."""
        last = self._position
        if last is None:
            return None, None
        with self._database.transaction(is_reading=True) as connection:
            here = _position(connection)
            if here == last:
                return here, []
            if here.life != last.life or here.number < last.number:
                return None, None
            return here, pumps.changed_since(connection, last.number)

    def _read_whole(self) -> tuple[_Position, list[Known]]:
        with self._database.transaction(is_reading=True) as connection:
            return _position(connection), pumps.every(connection)

    def _take(self, known: Known, at: datetime) -> None:
        if known.retired is not None:
            self.register.drop(known.urn)
            return
        witness, ring = shown_witness(known), known.ring or _NO_RING
        before = self.register.find(known.urn)
        if before is not None and before.ring == (witness.line, ring):
            self.register.remember(witness, at=at)
        else:
            self.register.enrol(witness, ring, at=at, claim=before.claim if before else None)


def _position(connection: Connection) -> _Position:
    return _Position(fact(connection, "life"), pumps.last_change(connection))
