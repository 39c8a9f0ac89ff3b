"""The open drug library format as files: read, write, identify. See ``docs/reference/library-format.md``."""

import hashlib
from pathlib import Path

from openinfusion.adapters.documents import Json, canonical_bytes, convert, parse_json, read_bytes, write_bytes
from openinfusion.core.errors import FormatVersionError, LibraryError
from openinfusion.core.library import FORMAT, FORMAT_VERSION, Library


def read_library(path: Path) -> Library:
    """
    Return the library in a file.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        SenderError: the bytes are not UTF-8 or not JSON.
        AuthorError: the document breaks a rule of the format; the message names the path inside it.

    """
    return library_from_bytes(read_bytes(path), where=path.name)


def library_from_bytes(content: bytes, *, where: str) -> Library:
    """Return the library in a document; raises SenderError or AuthorError as ``read_library`` does."""
    value = parse_json(content, where=where)
    _check_format(value, where)
    return convert(value, Library, where=where)


def _check_format(value: object, where: str) -> None:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        named = value.get("format", "no format") if isinstance(value, dict) else value
        found = repr(named) if isinstance(named, str) else f"a JSON {type(named).__name__}"
        raise LibraryError(where=f"{where}, $.format", found=found, expected=f'an object with "format": "{FORMAT}"')
    version: Json | object = value.get("format_version")
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT_VERSION:
        raise FormatVersionError(
            where=f"{where}, $.format_version",
            found=f"version {version}",
            expected=f"version {FORMAT_VERSION}: update OpenInfusion, or ask the sender for version {FORMAT_VERSION}",
        )


def write_library(library: Library, path: Path) -> str:
    """Write the canonical bytes of a library and return its identity; raises FileAccessError."""
    content = canonical_bytes(library)
    write_bytes(path, content)
    return hashlib.sha256(content).hexdigest()


def identity(library: Library) -> str:
    """Return what identifies a library: the SHA-256 of its canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_bytes(library)).hexdigest()
