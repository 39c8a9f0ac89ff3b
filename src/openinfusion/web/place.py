"""What a process of the web application is told once, when it starts: one folder, and one file in it."""

import ipaddress
import os
import re
import secrets
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openinfusion.core.errors import FileAccessError, OperatorError

VARIABLE = "OPENINFUSION_WEB"
ORIGIN = "http://localhost:8000"
_PATHS = ("database", "lake", "registers", "authority", "proof", "devices", "mail")
_NUMBERS = ("idle_minutes", "session_hours")
_KEYS = {"origin", "example", "oidc", "lake_names", *_PATHS, *_NUMBERS}
_OIDC = {"name", "server", "client", "secret_file"}
_OIDC_LISTS = ("second_factor", "addresses")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Oidc:
    """
    An identity provider of the trust's own: its people sign in there.

    Attributes:
        second_factor: what it says (amr, acr) of a sign-in with a second factor; where empty, ours is asked.
        addresses: the domains of the e-mail addresses that it speaks for; where empty, all: it is the only provider.

    """

    name: str
    server: str
    client: str
    secret_file: Path
    second_factor: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def speaks_for(self, email: str) -> bool:
        """Whether an account with an address may be this provider's to open: none opens another organisation's."""
        return not self.addresses or email.rpartition("@")[2].lower() in self.addresses

    @property
    def id(self) -> str:
        """What stands for it in an address: oidc/nhs-login/callback/."""
        return "-".join(re.findall(r"[a-z0-9]+", self.name.lower()))


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a web application keeps what is its own, and how it is reached.

    Attributes:
        folder: the database (unless PostgreSQL), the secret key, uploads.
        origin: the address in a browser's bar, such as https://pumps.example.org.
        database: the file with the address of a PostgreSQL, or none for SQLite in the folder.
        lake: the lake of events, where there is one.
        registers: the folder of what is known beside it: pumps.csv, releases.csv, drugs.csv; each may be missing.
        lake_names: how the event logs call an organisation, by its slug; by its name where nothing is said.
        authority: the folder of the authority over signed releases, where there is one.
        proof: the database of what pumps have proven (the device API's), where there is one.
        devices: the settings of the device API (gateway.toml), where there is one: its pumps are the fleet.
        mail: the file with the address of a mail server, or none: then each mail becomes a file in the folder.
        oidc: identity providers.
        is_example: whether it holds the example trust, whose passwords everybody knows.
        idle_minutes: how long somebody stays signed in without doing anything.
        session_hours: how long somebody stays signed in at all.

    """

    folder: Path
    origin: str = ORIGIN
    database: Path | None = None
    lake: Path | None = None
    registers: Path | None = None
    lake_names: Mapping[str, str] = field(default_factory=dict)
    authority: Path | None = None
    proof: Path | None = None
    devices: Path | None = None
    mail: Path | None = None
    oidc: tuple[Oidc, ...] = field(default=())
    is_example: bool = False
    idle_minutes: int = 30
    session_hours: int = 8

    @property
    def is_https(self) -> bool:
        return urlsplit(self.origin).scheme == "https"

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or "localhost"

    def name_in_lake(self, slug: str, name: str) -> str:
        """Return how event logs call an organisation: by its name, where nothing else is said."""
        return self.lake_names.get(slug, name)

    def secret_key(self) -> str:
        """Return the key that signs sessions; made once, readable by the owner alone."""
        file = self.folder / "secret.key"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
                made.write(secrets.token_urlsafe(64))
        return file.read_text().strip()


def place_from_environment(environment: Mapping[str, str] = os.environ) -> Place:
    """Return the place that the environment names, or ``build/web-data``."""
    return read_place(Path(environment.get(VARIABLE, "build/web-data")))


def read_place(folder: Path) -> Place:
    """
    Return the place of a folder; ``web.toml`` in it may be missing.

    Raises:
        OperatorError: the file cannot be read, or says what is not known.

    """
    file = folder / "web.toml"
    if not file.exists():
        return Place(folder)
    try:
        said = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileAccessError(where=str(file), found=str(error), expected="settings in TOML") from error
    if unknown := sorted(said.keys() - _KEYS):
        raise OperatorError(where=str(file), found=f"the setting {unknown[0]!r}", expected=", ".join(sorted(_KEYS)))
    return _place(folder, file, said)


def is_this_machine(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _place(folder: Path, file: Path, said: Mapping[str, Any]) -> Place:
    origin, is_example = said.get("origin", ORIGIN), said.get("example", False)
    parts = urlsplit(origin) if isinstance(origin, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise OperatorError(
            where=f"{file}, origin", found=repr(origin), expected="an address such as https://pumps.example.org"
        )
    if not isinstance(is_example, bool):
        raise OperatorError(where=f"{file}, example", found=repr(is_example), expected="true or false")
    if is_example and not is_this_machine(parts.hostname):
        raise OperatorError(
            where=f"{file}, origin",
            found=f"{origin} for an example place, whose passwords everybody knows",
            expected="an address of this machine, such as http://localhost:8000",
        )
    paths: dict[str, Any] = {key: folder / _text(file, key, said[key]) for key in _PATHS if key in said}
    numbers: dict[str, Any] = {key: _number(file, key, said[key]) for key in _NUMBERS if key in said}
    oidc = _providers(folder, file, said.get("oidc", ()))
    names = _names(file, said.get("lake_names", {}))
    return Place(
        folder, origin=origin.rstrip("/"), is_example=is_example, oidc=oidc, lake_names=names, **paths, **numbers
    )


def _names(file: Path, said: object) -> Mapping[str, str]:
    if not isinstance(said, dict) or not all(isinstance(name, str) for name in said.values()):
        expected = "a table of names as the event logs have them, by the organisation's slug"
        raise OperatorError(where=f"{file}, lake_names", found=repr(said), expected=expected)
    return dict(said)


def _text(file: Path, key: str, found: object) -> str:
    if not isinstance(found, str):
        raise OperatorError(where=f"{file}, {key}", found=repr(found), expected="a path in quotes")
    return found


def _number(file: Path, key: str, found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise OperatorError(where=f"{file}, {key}", found=repr(found), expected="a whole number above 0")
    return found


def _providers(folder: Path, file: Path, said: Iterable[object]) -> tuple[Oidc, ...]:
    oidc = tuple(_provider(folder, file, one) for one in said)
    if len({one.id for one in oidc}) < len(oidc):
        found = ", ".join(one.name for one in oidc)
        expected = "providers whose names differ in a letter or digit"
        raise OperatorError(where=f"{file}, oidc", found=found, expected=expected)
    silent = [one.name for one in oidc if not one.addresses] if len(oidc) > 1 else []
    domains = Counter(domain for one in oidc for domain in set(one.addresses))
    twice = sorted(domain for domain, times in domains.items() if times > 1)
    if silent or twice:
        found = f"{', '.join(silent)} without addresses" if silent else f"{', '.join(twice)} of two providers"
        expected = 'addresses = ["trust.example.org"] for each of several: the domains that it alone speaks for'
        raise OperatorError(where=f"{file}, oidc", found=found, expected=expected)
    return oidc


def _are_texts(*lists: object) -> bool:
    return all(isinstance(some, list) and all(isinstance(one, str) for one in some) for some in lists)


def _provider(folder: Path, file: Path, said: object) -> Oidc:
    table = dict(said) if isinstance(said, dict) else {}
    factors, addresses = (table.pop(key, []) for key in _OIDC_LISTS)
    if table.keys() != _OIDC or not _are_texts([*table.values()], factors, addresses):
        texts, lists = ", ".join(sorted(_OIDC)), " and ".join(_OIDC_LISTS)
        expected = f"texts for {texts}, a list of texts for {lists}, and nothing else"
        raise OperatorError(where=f"{file}, oidc", found=repr(said), expected=expected)
    if odd := [one for one in addresses if not _DOMAIN.fullmatch(one.lower())]:
        raise OperatorError(where=f"{file}, oidc, addresses", found=repr(odd), expected="a domain: trust.example.org")
    server = urlsplit(table["server"])
    if server.scheme != "https" and not (server.scheme == "http" and is_this_machine(server.hostname or "")):
        raise OperatorError(where=f"{file}, oidc", found=table["server"], expected="an address with https://")
    provider = Oidc(
        table["name"],
        table["server"],
        table["client"],
        folder / table["secret_file"],
        tuple(factors),
        tuple(one.lower() for one in addresses),
    )
    if not provider.id:
        raise OperatorError(where=f"{file}, oidc", found=repr(provider.name), expected="a name with a letter in it")
    if not provider.secret_file.is_file():
        where = f"{file}, oidc, {provider.name}"
        raise OperatorError(where=where, found=f"no file {provider.secret_file}", expected="a file with its secret")
    return provider
