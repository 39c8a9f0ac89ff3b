"""
An identity provider of another make, in a process of its own: ``python oidc_provider.py PORT``.

It is right by itself. ``PUT /faults`` makes its next answers wrong: ``claims`` are put into each ID token (null takes
one out), ``issuer`` into what it says of itself, ``signed_by`` says whose key signs.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any, cast

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import flask
import uvicorn
from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey
from oidc_provider_mock import app as provider
from oidc_provider_mock._storage import AuthorizationCode, storage

_RSA = "RS256"
faults: dict[str, Any] = {}


def _retold(token: str) -> str:
    """Return an ID token with its faults, signed anew."""
    key = RSAKey.import_key(cast("Any", storage.jwk.as_dict(is_private=True)))
    read = jwt.decode(token, key, algorithms=[_RSA])
    claims = {name: one for name, one in (read.claims | faults.get("claims", {})).items() if one is not None}
    match faults.get("signed_by"):
        case "another":
            return jwt.encode(read.header, claims, RSAKey.generate_key(2048))
        case "nobody":
            return jws.serialize_compact({"alg": "none"}, flask.json.dumps(claims), None, algorithms=["none"])
        case "client":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("of the client, which is no proof"))
        case _:
            return jwt.encode(read.header, claims, key)


def _answer(response: flask.Response) -> flask.Response:
    said = response.get_json(silent=True)
    if flask.request.path == "/oauth2/token" and said and "id_token" in said:
        said["id_token"] = _retold(said["id_token"])
    elif flask.request.path.startswith("/.well-known/") and said and "issuer" in faults:
        said["issuer"] = faults["issuer"]
    else:
        return response
    response.set_data(flask.json.dumps(said))
    return response


def _set_faults() -> tuple[str, int]:
    faults.clear()
    faults.update(flask.request.get_json())
    return "", 204


def main(port: int) -> None:
    """Serve until stopped; whoever signs in does so at that moment, as ``auth_time`` says."""
    now: Callable[[object], int] = lambda _code: int(time.time())  # noqa: E731 - it is put in place of a method
    AuthorizationCode.get_auth_time = now  # type: ignore[method-assign, assignment]
    made = provider(require_nonce=True)
    made.add_url_rule("/faults", view_func=_set_faults, methods=["PUT"])
    made.after_request(_answer)
    uvicorn.run(cast("Any", made), interface="wsgi", port=port, log_level="error")


if __name__ == "__main__":
    main(int(sys.argv[1]))
