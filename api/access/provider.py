# SPDX-License-Identifier: Apache-2.0
"""The OpenID provider that people sign in at: its metadata and keys, the code exchanged, the ID token checked.

Authorization code with PKCE (S256), state and nonce. What comes back is believed only where a key of the provider
signed it for us, just now, in answer to what we asked.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from twin.errors import SetupError, TwinError
from twin.settings import Settings
from twin.text import Text

_ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"
)  # fmt: skip
"""Signatures that only the provider can make: never `none`, never one made with a secret that others share."""

_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})

_METADATA_S: Final = 3_600.0
_LEEWAY_S: Final = 60
_TIMEOUT_S: Final = 10.0
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

log = logging.getLogger("twin.access")


class RefusedSignInError(TwinError):
    """What the provider says of somebody does not hold; the log has why."""

    def __init__(self, why: str) -> None:
        super().__init__(
            Text(
                "身份提供方的答复未通过校验,登录已取消。请重新登录;若再次出现,请联系管理员。",
                "The identity provider's answer did not hold, so the sign-in was given up. Try again; if it happens "
                "again, tell the administrator.",
            )
        )
        self.why = why


@dataclass(frozen=True)
class Metadata:
    """What the provider says of itself. `end_session_endpoint` None: it cannot be signed out of from here."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    is_basic: bool
    """Whether it takes the client's secret as HTTP Basic; else in the body."""


class Provider:
    """One OpenID provider. Metadata is asked for once an hour, keys when one is not known."""

    def __init__(self, settings: Settings, issuer: str, client_id: str) -> None:
        self._settings = settings
        self.issuer = issuer
        self.client_id = client_id
        self._metadata: tuple[Metadata, float] | None = None
        self._keys: KeySet | None = None
        _check_address(issuer)

    async def begin(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """The address to send the browser to. Raises SetupError where the provider cannot be asked."""
        metadata = await self._read_metadata()
        return add_params_to_uri(metadata.authorization_endpoint, [
            ("response_type", "code"), ("client_id", self.client_id), ("redirect_uri", redirect_uri),
            ("scope", self._settings.oidc_scope), ("state", state), ("nonce", nonce),
            ("code_challenge", create_s256_code_challenge(verifier)), ("code_challenge_method", "S256"),
        ])  # fmt: skip

    async def finish(self, *, code: str, redirect_uri: str, nonce: str, verifier: str) -> dict[str, Any]:
        """What the provider says of whom it sent back: the claims of the ID token, and of userinfo beside them.

        Raises RefusedSignInError, and SetupError where the provider cannot be asked.
        """
        metadata = await self._read_metadata()
        async with _make_client() as client:
            answer = await self._exchange(client, metadata, code, redirect_uri, verifier)
            claims = await self._read_token(client, metadata, answer, nonce)
            return await self._add_userinfo(client, metadata, answer, claims)

    async def end_address(self, return_to: str) -> str | None:
        """Where the browser signs out of the provider too. The provider may ask whether that is meant."""
        try:
            metadata = await self._read_metadata()
        except SetupError:
            return None
        if metadata.end_session_endpoint is None:
            return None
        wanted = [("client_id", self.client_id), ("post_logout_redirect_uri", return_to)]
        return add_params_to_uri(metadata.end_session_endpoint, wanted)

    async def _read_metadata(self) -> Metadata:
        if self._metadata is not None and self._metadata[1] > time.monotonic():
            return self._metadata[0]
        async with _make_client() as client:
            found = await _ask(client, get_well_known_url(self.issuer, external=True))
        if found.get("issuer") != self.issuer:
            raise _setup_error(f"issuer {found.get('issuer')!r} is not {self.issuer!r}")
        try:
            metadata = Metadata(
                authorization_endpoint=found["authorization_endpoint"],
                token_endpoint=found["token_endpoint"],
                jwks_uri=found["jwks_uri"],
                userinfo_endpoint=found.get("userinfo_endpoint"),
                end_session_endpoint=found.get("end_session_endpoint"),
                is_basic="client_secret_basic"
                in found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]),
            )
        except KeyError as error:
            raise _setup_error(f"{error.args[0]} is missing") from None
        for address in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
            _check_address(address)
        self._metadata = metadata, time.monotonic() + _METADATA_S
        return metadata

    async def _exchange(
        self, client: httpx.AsyncClient, metadata: Metadata, code: str, redirect_uri: str, verifier: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier,
        }  # fmt: skip
        secret = self._settings.oidc_client_secret
        auth = None
        if secret is not None and metadata.is_basic:
            auth = httpx.BasicAuth(_quote(self.client_id), _quote(secret))
        else:
            form |= {"client_id": self.client_id} | ({} if secret is None else {"client_secret": secret})
        try:
            response = await client.post(metadata.token_endpoint, data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _setup_error(type(error).__name__) from error
        if response.status_code != 200 or not isinstance(answer, dict) or "id_token" not in answer:
            reason = answer.get("error") if isinstance(answer, dict) else None
            raise RefusedSignInError(f"the token endpoint answered {response.status_code} {reason}")
        return answer

    async def _read_token(
        self, client: httpx.AsyncClient, metadata: Metadata, answer: Mapping[str, Any], nonce: str
    ) -> dict[str, Any]:
        text = str(answer["id_token"])
        try:
            token = await self._decode(client, metadata, text)
            claims = CodeIDToken(
                token.claims, token.header,
                {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id}},
                {"nonce": nonce, "client_id": self.client_id, "access_token": answer.get("access_token")},
            )  # fmt: skip
            claims.validate(leeway=_LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise RefusedSignInError(f"the ID token: {error}") from error
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise RefusedSignInError("the ID token names nobody")
        return dict(claims)

    async def _decode(self, client: httpx.AsyncClient, metadata: Metadata, text: str) -> jwt.Token:
        """The token with a known key; with keys asked for anew where that fails, as after a change of keys."""
        if self._keys is not None:
            try:
                return jwt.decode(text, self._keys, algorithms=list(_ALGORITHMS))
            except (JoseError, ValueError):
                self._keys = None
        found = await _ask(client, metadata.jwks_uri)
        usable = [
            key for key in found.get("keys", []) if key.get("kty") in _KEY_TYPES and key.get("use", "sig") == "sig"
        ]  # fmt: skip
        self._keys = KeySet.import_key_set({"keys": usable})
        return jwt.decode(text, self._keys, algorithms=list(_ALGORITHMS))

    async def _add_userinfo(
        self, client: httpx.AsyncClient, metadata: Metadata, answer: Mapping[str, Any], claims: dict[str, Any]
    ) -> dict[str, Any]:
        """Many providers tell groups only there. It has to be of the same person; the ID token's word goes first."""
        token = answer.get("access_token")
        if metadata.userinfo_endpoint is None or not token:
            return claims
        _check_address(metadata.userinfo_endpoint)
        try:
            response = await client.get(metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {token}"})
            found = response.json() if response.status_code == 200 else {}
        except (httpx.HTTPError, ValueError) as error:
            log.warning("userinfo was not read: %s", type(error).__name__)
            return claims
        if not isinstance(found, dict):
            return claims
        if found and found.get("sub") != claims["sub"]:
            raise RefusedSignInError("userinfo is of somebody else")
        return {**found, **claims}


def make_provider(settings: Settings) -> Provider | None:
    """The provider of the settings, if one is set. Raises SetupError for half a setting or an unsafe address."""
    issuer, client_id = settings.oidc_issuer, settings.oidc_client_id
    if not issuer and not client_id:
        return None
    if not issuer or not client_id:
        raise SetupError(
            Text(
                "TWIN_OIDC_ISSUER 与 TWIN_OIDC_CLIENT_ID 须同时设置。",
                "TWIN_OIDC_ISSUER and TWIN_OIDC_CLIENT_ID go together.",
            )
        )
    return Provider(settings, issuer, client_id)


def _make_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False)


async def _ask(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    try:
        response = await client.get(address)
        found = response.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise _setup_error(type(error).__name__) from error
    if not isinstance(found, dict):
        raise _setup_error("no JSON object")
    return found


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise SetupError(
        Text(f"身份提供方的地址须为 https:{address}。", f"An identity provider is asked by https alone: {address}.")
    )


def _setup_error(why: str) -> SetupError:
    log.error("the identity provider cannot be used: %s", why)
    return SetupError(
        Text(
            "身份提供方暂不可用,请稍后再试或使用本地账号。",
            "The identity provider cannot be used just now. Try again soon, or sign in with a local account.",
        )
    )


def _quote(text: str) -> str:
    """As RFC 6749 wants it before HTTP Basic."""
    return quote(text, safe="")
