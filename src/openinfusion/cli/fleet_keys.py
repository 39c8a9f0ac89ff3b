"""`openinfusion fleet`: keys and key ceremonies, in which custodians sign who may sign."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from openinfusion.cli.console import say, say_json, table
from openinfusion.cli.fleet_options import (
    HERE,
    AsJson,
    Folder,
    Hospital,
    PassphraseFile,
    Profile,
    now,
    place_of,
    say_trial,
    say_waiting,
    secret_for,
)
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.ceremony import propose_trust, waiting_trust
from openinfusion.fleet.authority.keys import (
    holder_of,
    make_key,
    public_file,
    read_hsm_key,
    read_public,
    write_public,
)
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trial import make_trial
from openinfusion.fleet.authority.trust import (
    CUSTODIAN,
    Signers,
    Trust,
    everybody,
    read_trust,
    role_words,
    with_key,
    without_key,
)
from openinfusion.fleet.release import ROLES, role_name

Role = Annotated[str, typer.Option(help="pharmacy, safety or custodian")]
Threshold = Annotated[int | None, typer.Option(min=1, help="how many must sign from then on; as before if not said")]


def new_key(
    file: Annotated[Path, typer.Argument(help="where to write the key; with .pub, what may be handed out")],
    *,
    holder: Annotated[str, typer.Option(help="the person who holds it, as others know them; for the server, its name")],
    hsm: Annotated[
        str | None,
        typer.Option(help="name a key in a hardware module instead: hsm:2?label=TOKEN; writes FILE.pub only"),
    ] = None,
    passphrase_file: PassphraseFile = None,
    unencrypted: Annotated[bool, typer.Option("--unencrypted", help="without a passphrase: for a bench only")] = False,
) -> None:
    """
    Make a key of one person, encrypted with their passphrase; on their own machine, for them to keep.

    Example: openinfusion fleet new-key pharmacist-2.pem --holder "B. Pharmacist" --unencrypted
    """
    if hsm is not None:
        write_public(
            public_file(file), read_hsm_key(hsm, holder=holder, secret=lambda n: secret_for(n, passphrase_file))
        )
        say(f"wrote {public_file(file)}: hand it out; the key stays in its module")
        return
    passphrase = None if unencrypted else secret_for(str(file), passphrase_file, twice=True)
    if not passphrase and not unencrypted:
        expected = "a passphrase, from a file, the environment or the keyboard; a bench says --unencrypted"
        raise OperatorError(where=str(file), found="no passphrase", expected=expected)
    make_key(file, holder=holder, passphrase=passphrase)
    say(f"wrote {file}: keep it, and a copy in a safe", f"wrote {public_file(file)}: hand it out")


def init(
    folder: Annotated[Path, typer.Argument(help="the folder of the new authority", metavar="FOLDER")],
    *,
    hospital: Annotated[str, typer.Option(help="whose pumps: lower-case letters, digits and hyphens")],
    profile: Annotated[str, typer.Option(help="which of its libraries, such as adult")],
    trial: Annotated[
        bool, typer.Option("--trial", help="make all keys here, open: a bench, not for clinical use")
    ] = False,
    custodian: Annotated[list[Path] | None, typer.Option(help="the .pub of a custodian; once for each")] = None,
    threshold: Annotated[int, typer.Option(min=1, help="how many custodians must sign")] = 3,
    pharmacist: Annotated[list[Path] | None, typer.Option(help="the .pub of a pharmacist; once for each")] = None,
    safety_officer: Annotated[list[Path] | None, typer.Option(help="the .pub of a safety officer")] = None,
    online: Annotated[Path | None, typer.Option(help="the .pub of the server's key")] = None,
) -> None:
    """
    Begin an authority: say who may sign what. Custodians sign that next, at the first key ceremony.

    Example: openinfusion fleet init authority --trial --hospital st-elsewhere --profile adult
    """
    authority = Authority(folder)
    if authority.releases.versions("root") or authority.proposals.exists():
        raise OperatorError(
            where=str(folder), found="an authority", expected="a new folder; 'fleet add-key' changes one"
        )
    if trial:
        make_trial(authority, hospital=hospital, profile=profile, at=now())
        say(f"An authority for {hospital}, {profile} in {folder}.")
        say_trial(authority)
        return
    trust = Trust(
        custodians=_signers(custodian, threshold, what="--custodian"),
        online=_signers([online] if online else [], 1, what="--online").keys[0],
        signers={
            role_name("pharmacy", hospital=hospital, profile=profile): _signers(pharmacist, 1, what="--pharmacist"),
            role_name("safety", hospital=hospital, profile=profile): _signers(
                safety_officer, 1, what="--safety-officer"
            ),
        },
    )
    proposal = propose_trust(authority, trust, at=now(), words=[f"an authority for {hospital}, {profile}"])
    say(f"An authority for {hospital}, {profile}, in force once custodians have signed it and it is published.")
    say_waiting(proposal)


def _signers(files: list[Path] | None, threshold: int, *, what: str) -> Signers:
    if not files:
        raise OperatorError(where=what, found="nobody", expected="a .pub file for each, as 'fleet new-key' writes it")
    return Signers(keys=tuple(map(read_public, files)), threshold=threshold)


def list_keys(*, authority: Folder = HERE, as_json: AsJson = False) -> None:
    """
    List who holds which key, and how many must sign.

    Example: openinfusion fleet keys
    """
    trust = read_trust(Authority(authority))
    rows = [(words, holder_of(key), must, key.keyid[:16]) for words, key, must in everybody(trust)]
    columns = ("signs as", "holder", "must sign", "key")
    if as_json:
        say_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    say_trial(Authority(authority))
    say(table("Keys", columns, rows, right=(2,)))


def add_key(
    public: Annotated[Path, typer.Argument(help="the .pub of whoever shall sign", metavar="PUB")],
    *,
    role: Role,
    hospital: Hospital = None,
    profile: Profile = None,
    threshold: Threshold = None,
    authority: Folder = HERE,
) -> None:
    """
    Propose that one more person may sign; custodians sign it at a key ceremony. A new hospital begins so, too.

    Example: openinfusion fleet add-key pharmacist-2.pem.pub --role pharmacy
    """
    office, key = Authority(authority), read_public(public)
    name = _role(office, role, hospital, profile=profile)
    trust, words = waiting_trust(office)
    changed = with_key(trust, name, key, threshold=threshold)
    _propose(office, changed, [*words, f"{holder_of(key)} may sign as {role_words(name)}"])


def remove_key(
    holder: Annotated[str, typer.Argument(help="who shall sign no longer, as 'fleet keys' names them")],
    *,
    role: Role,
    hospital: Hospital = None,
    profile: Profile = None,
    threshold: Threshold = None,
    authority: Folder = HERE,
) -> None:
    """
    Propose that a person signs no longer: they left, or their key is lost or stolen.

    What only they signed is signed again by another at the same ceremony, so that no release falls with them.

    Example: openinfusion fleet remove-key "B. Pharmacist" --role pharmacy
    """
    office = Authority(authority)
    name = _role(office, role, hospital, profile=profile)
    trust, words = waiting_trust(office)
    changed = without_key(trust, name, holder, threshold=threshold)
    _propose(office, changed, [*words, f"{holder} signs no longer as {role_words(name)}"])


def rotate_online(
    public: Annotated[Path, typer.Argument(help="the .pub of the server's new key", metavar="PUB")],
    *,
    authority: Folder = HERE,
) -> None:
    """
    Propose another key of the server: every two years, or at once when it may be stolen.

    Example: openinfusion fleet rotate-online online-2.pem.pub
    """
    office, key = Authority(authority), read_public(public)
    trust, words = waiting_trust(office)
    _propose(office, replace(trust, online=key), [*words, f"the server signs with the key of {holder_of(key)}"])


def renew_trust(*, authority: Folder = HERE) -> None:
    """
    Propose the same trust for another two years.

    Example: openinfusion fleet renew-trust
    """
    office = Authority(authority)
    trust, words = waiting_trust(office)
    _propose(office, trust, [*words, "for another two years"])


def _role(authority: Authority, role: str, hospital: str | None, *, profile: str | None) -> str:
    if role == CUSTODIAN:
        return CUSTODIAN
    if role not in ROLES:
        raise OperatorError(where="--role", found=repr(role), expected=f"{', '.join(ROLES)} or {CUSTODIAN}")
    if hospital is None or profile is None:
        hospital, profile = place_of(authority, hospital, profile)
    return role_name(role, hospital=hospital, profile=profile)


def _propose(authority: Authority, trust: Trust, words: list[str]) -> None:
    with authority.alone():
        proposal = propose_trust(authority, trust, at=now(), words=words)
    for line in words:
        say(f"Proposed: {line}.")
    say_waiting(proposal)
