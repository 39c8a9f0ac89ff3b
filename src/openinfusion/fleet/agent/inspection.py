"""What is looked at in a library before it may wait in a slot: that it is one, whole and read as it was meant."""

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.errors import AuthorError, SenderError
from openinfusion.core.library import Library
from openinfusion.fleet.agent.codes import Code, RefusedError
from openinfusion.fleet.probes import look_up
from openinfusion.fleet.release import Probe, Release


def inspect(content: bytes, release: Release) -> Library:
    """
    Return the library of a release.

    Raises:
        RefusedError: it is none, is not in its canonical form, or answers a signed look-up otherwise.

    """
    where = f"release {release.number}"
    try:
        library = library_from_bytes(content, where=where)
    except (AuthorError, SenderError) as error:
        raise RefusedError(
            Code.NOT_A_LIBRARY, where=error.where, found=error.found, expected=error.expected, number=release.number
        ) from error
    if canonical_bytes(library) != content:
        # A pump proves the canonical bytes of what it has in memory; others could never be proven.
        found, expected = "bytes in another form", "the canonical bytes of a library"
        raise RefusedError(Code.NOT_A_LIBRARY, where=where, found=found, expected=expected, number=release.number)
    _probe(library, release)
    return library


def _probe(library: Library, release: Release) -> None:
    for probe in release.probes:
        said = _answer(library, probe)
        if said != probe.expected:
            where, expected = f"release {release.number}, {probe.entry}, {probe.limit}", probe.expected or "no limit"
            found = said or "no limit"
            raise RefusedError(Code.PROBE_FAILED, where=where, found=found, expected=expected, number=release.number)


def _answer(library: Library, probe: Probe) -> str | None:
    try:
        return look_up(library, probe)
    except KeyError:
        return "no such entry"
