"""A trust's own identity provider: what it says of a person is believed only when all of it fits."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from requests import RequestException, Session

from openinfusion.core.errors import OperatorError, SenderError
from openinfusion.web.place import Oidc

# By how much the clock of a provider may differ from ours.
SKEW = timedelta(seconds=30)
# A secret that both sides know proves nothing of who signed: only signatures with a private key count.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_CLAIMS = ["aud", "exp", "iat", "iss", "sub"]
_ADDRESSES = ("authorization_endpoint", "jwks_uri", "token_endpoint")
_ADDRESS_IF_ANY = "userinfo_endpoint"
_LONGEST_SUBJECT = 191


class NoAnswerError(OperatorError):
    """A provider does not answer, or not as one."""


class NotBelievedError(SenderError):
    """What a provider said of a person does not fit what was asked, or is not signed by it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider says of who signed in there: its own name for them, a confirmed address, how, and when."""

    provider: str
    subject: str
    email: str
    ways: tuple[str, ...]
    at: int | None


def oidc_of(provider: str) -> Oidc | None:
    """Return the settings of a provider, or ``None`` where the place has none of that name."""
    return next((one for one in settings.PLACE.oidc if one.id == provider), None)


class Provider(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # the package has no types
    """One provider, as it describes itself at its own address."""

    def __init__(self, request: HttpRequest, oidc: Oidc) -> None:
        super().__init__(request, oidc.id)
        self.oidc = oidc

    def get_provider(self) -> OpenIDConnectProvider:
        """Return it as the package knows it, from the settings of the place alone."""
        oidc = self.oidc
        app = SocialApp(
            provider=OpenIDConnectProvider.id,
            provider_id=oidc.id,
            name=oidc.name,
            client_id=oidc.client,
            secret=oidc.secret_file.read_text().strip(),
            settings={"server_url": oidc.server.rstrip("/"), "oauth_pkce_enabled": True},
        )
        made = OpenIDConnectProvider(self.request, app=app)
        made.oauth2_adapter_class = lambda *_: self
        return made

    @property
    def openid_config(self) -> dict[str, Any]:
        """What it says of itself: asked once."""
        if not hasattr(self, "_checked"):
            self._checked = self._looked_at(self._asked(self.get_provider().server_url))
        return self._checked

    def get_callback_url(self, _request: HttpRequest, _app: object) -> str:
        """Return where people come back to: at the place's own origin, whatever name the asker used."""
        return settings.PLACE.origin + reverse("openid_connect_callback", args=[self.oidc.id])

    def said(self, asked: Mapping[str, Any], code: str) -> Said:
        """
        Return whom a code stands for.

        Raises:
            NoAnswerError: the provider does not answer, or not as one.
            NotBelievedError: it is signed by another, meant for another, too old, or no answer to what was asked.

        """
        client = self.get_client(self.request, self.get_provider().app)
        try:
            told = client.get_access_token(code, pkce_code_verifier=asked.get("pkce_code_verifier"))
        except (RequestException, ValueError) as error:
            raise self._silent(str(error)) from error
        except OAuth2Error as error:
            raise self._refused("no token for the code", "one") from error
        claims = self._verified(told.get("id_token"), asked["nonce"])
        person = claims if "email" in claims else self._about(told["access_token"], claims["sub"])
        is_confirmed = str(person.get("email_verified")).lower() == "true"
        auth_time = claims.get("auth_time")
        return Said(
            self.oidc.id,
            claims["sub"],
            str(person.get("email") or "") if is_confirmed else "",
            _ways(claims),
            auth_time if isinstance(auth_time, int) else None,
        )

    def _verified(self, token: object, nonce: str) -> dict[str, Any]:
        """Return what an ID token says once its signature, issuer, audience, times and nonce are right."""
        if not isinstance(token, str):
            raise self._refused("no ID token", "one, as OpenID Connect has")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(token),
                algorithms=_ALGORITHMS,
                audience=self.oidc.client,
                issuer=self.openid_config["issuer"],
                leeway=SKEW,
                options={"require": _CLAIMS},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise self._refused(str(error), "an ID token for this application, signed by the provider") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.oidc.client) != self.oidc.client:
            raise self._refused("a token for another application", self.oidc.client)
        if not hmac.compare_digest(str(claims.get("nonce")).encode(), nonce.encode()):
            raise self._refused("another nonce than was sent, or none", "the answer to this very question")
        if not 0 < len(claims["sub"]) <= _LONGEST_SUBJECT:
            raise self._refused("no usable subject", f"1 to {_LONGEST_SUBJECT} characters")
        return claims

    def _key(self, token: str) -> Any:  # noqa: ANN401 - as cryptography has it
        """Return the key of the provider that a token names; where it names none, the only one."""
        named = jwt.get_unverified_header(token).get("kid")
        keys = jwt.PyJWKSet.from_dict(self._asked(self.openid_config["jwks_uri"])).keys
        found = [one for one in keys if one.key_id == named] if named else keys
        if len(found) != 1:
            raise self._refused(f"the key {named!r}", "one key of those that the provider publishes")
        return found[0].key

    def _about(self, token: str, subject: str) -> Mapping[str, Any]:
        address = self.openid_config.get(_ADDRESS_IF_ANY)
        if not isinstance(address, str):
            return {}
        told = self._asked(address, {"Authorization": f"Bearer {token}"})
        if told.get("sub") != subject:
            raise self._refused("facts about another person", "those about the one who signed in")
        return told

    def _asked(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            with Session() as session:
                wait = settings.SOCIALACCOUNT_REQUESTS_TIMEOUT
                answer = session.get(address, headers=headers, timeout=wait, allow_redirects=False)
            answer.raise_for_status()
            if answer.is_redirect:
                raise self._silent(f"another address than {address}")
            told = answer.json()
        except (RequestException, ValueError) as error:
            raise self._silent(str(error)) from error
        if not isinstance(told, dict):
            raise self._silent(f"no object at {address}")
        return told

    def _looked_at(self, told: dict[str, Any]) -> dict[str, Any]:
        """Return what a provider says of itself if it is the one that was set, and nothing leads to plain HTTP."""
        server = self.oidc.server.partition("/.well-known/")[0].rstrip("/")
        if str(told.get("issuer")).rstrip("/") != server:
            raise self._refused(f"the issuer {told.get('issuer')!r}", server)
        scheme = urlsplit(server).scheme
        for name in (*_ADDRESSES, *([_ADDRESS_IF_ANY] if _ADDRESS_IF_ANY in told else [])):
            if urlsplit(str(told.get(name))).scheme not in {"https", scheme}:
                raise self._silent(f"{name} {told.get(name)!r}")
        return told

    def _silent(self, found: str) -> NoAnswerError:
        return NoAnswerError(where=self.oidc.name, found=found, expected="the answer of an OpenID Connect provider")

    def _refused(self, found: str, expected: str) -> NotBelievedError:
        return NotBelievedError(where=self.oidc.name, found=found, expected=expected)


def _ways(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ways in which the person showed who they are, and the level that they make, as the provider says."""
    ways = claims.get("amr")
    level = claims.get("acr")
    return tuple(str(one) for one in [*(ways if isinstance(ways, list) else []), *([level] if level else [])])
