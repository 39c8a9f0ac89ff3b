"""Whether the audit record of a place is as it was written."""

from openinfusion.core.audit import Anchor, anchor_of, verify
from openinfusion.core.errors import OperatorError
from openinfusion.web.audit import book


def read_anchor(text: str) -> Anchor:
    """
    Return an anchor as ``web backup`` and ``web verify-audit`` print it: "12:ab…".

    Raises:
        OperatorError: it is none.

    """
    number, _, digest = text.strip().partition(":")
    if not number.isdecimal() or len(digest) != 64:  # noqa: PLR2004 - hexadecimal digits of SHA-256
        raise OperatorError(where="--anchor", found=repr(text), expected="a number, a colon and a hash, as printed")
    return Anchor(seq=int(number), hash=digest)


def audit_faults(anchor: Anchor | None = None) -> tuple[int, list[str], str]:
    """Return how many rows there are, everything that is wrong with them, and the anchor to keep elsewhere."""
    records = list(book.records())
    faults = [str(one) for one in verify(records, anchor=anchor)]
    last = anchor_of(records[-1]) if records else None
    return len(records), faults, f"{last.seq}:{last.hash}" if last else ""
