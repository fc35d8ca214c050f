# SPDX-License-Identifier: Apache-2.0
"""A real OpenID provider (idpyoidc, certified by the OpenID Foundation) on a free loopback port; it can be told to lie.

Its one user is signed in without being asked. What goes wrong is made by changing what it had signed rightly.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qs

import uvicorn
from cryptojwt.jws.jws import JWS, factory
from cryptojwt.key_jar import build_keyjar
from idpyoidc.server import Server
from starlette.types import Receive, Scope, Send

CLIENT: Final = "blocktwin"
SECRET: Final = "a-secret-of-32-characters-or-more"
ROLE_CLAIM: Final = "groups"

_KEYS: Final = [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}]

Lie = Callable[[dict[str, Any]], dict[str, Any]]

_ENDPOINTS: Final = {
    "provider_config": (".well-known/openid-configuration", "provider_config.ProviderConfiguration"),
    "authorization": ("authorize", "authorization.Authorization"),
    "token": ("token", "token.Token"),
    "userinfo": ("userinfo", "userinfo.UserInfo"),
    "session": ("logout", "session.Session"),
}  # fmt: skip


class IdentityProvider:
    """An ASGI application over one idpyoidc server."""

    def __init__(self, issuer: str, redirect_uri: str) -> None:
        self.issuer = issuer
        self.claims: dict[str, Any] = {}
        self.lie: Lie | None = None
        """Changes the claims of the ID token before they are signed once more, with the provider's own key."""
        self.unsigned = False
        self.asked: list[str] = []
        self.server = Server(_configure(issuer), key_conf={"key_defs": _KEYS})
        context = self.server.context
        context.userinfo.db["diana"] = self.claims
        context.cdb[CLIENT] = {
            "client_secret": SECRET,
            "redirect_uris": [(redirect_uri, {})],
            "token_endpoint_auth_method": "client_secret_basic",
            "response_types_supported": ["code"],
            "allowed_scopes": ["openid", "profile", "groups"],
        }
        context.keyjar.add_symmetric(CLIENT, SECRET)

    def rotate(self) -> None:
        """Sign with other keys from now on; the old ones are not told any more."""
        fresh = build_keyjar(_KEYS)
        for owner in ("", self.issuer):
            self.server.context.keyjar[owner] = fresh[""]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, headers, content = self._answer(scope, body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, scope: Scope, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        path = scope["path"].strip("/")
        self.asked.append(path)
        if path == "jwks":
            keys = self.server.context.keyjar.get_issuer_keys("")
            return _json(200, {"keys": [key.serialize() for key in keys if key.kty != "oct"]})
        name = next((name for name, (where, _class) in _ENDPOINTS.items() if where == path), None)
        if name is None:
            return _json(404, {})
        endpoint = self.server.get_endpoint(name)
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        url = f"{self.issuer}{scope['path']}"
        http_info = {"headers": headers, "method": scope["method"], "url": url, "cookie": None}
        request = endpoint.parse_request({**query, **form}, http_info=http_info)
        if "error" in request:
            return _json(400, request.to_dict())
        done = endpoint.process_request(request, http_info=http_info)
        if "error" in done:
            return _json(400, {key: done[key] for key in ("error", "error_description") if key in done})
        if name == "token" and (self.lie or self.unsigned):
            done["response_args"]["id_token"] = self._change(done["response_args"]["id_token"])
        told = endpoint.do_response(request=request, **done)
        if name == "authorization":
            return 303, [(b"location", str(told["response"]).encode())], b""
        text = told["response"]
        return 200, [(b"content-type", b"application/json")], str(text).encode()

    def _change(self, token: str) -> str:
        claims = factory(token).jwt.payload()
        claims = self.lie(claims) if self.lie else claims
        if self.unsigned:
            return f"{_encode({'alg': 'none'})}.{_encode(claims)}."
        key = next(key for key in self.server.context.keyjar.get_issuer_keys("") if key.kty == "RSA")
        return JWS(json.dumps(claims), alg="RS256").sign_compact([key])


@contextmanager
def provide(redirect_uri: str) -> Iterator[IdentityProvider]:
    """The provider until the end of the block; it sends browsers back to `redirect_uri`."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    provider = IdentityProvider(f"http://127.0.0.1:{listener.getsockname()[1]}", redirect_uri)
    server = uvicorn.Server(uvicorn.Config(provider, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield provider
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def _encode(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _json(status: int, value: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return status, [(b"content-type", b"application/json")], json.dumps(value).encode()


def _configure(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "httpc_params": {"verify": False, "timeout": 2},
        "subject_types_supported": ["public"],
        "keys": {"uri_path": "jwks", "key_defs": [{"type": "RSA", "use": ["sig"]}]},
        "endpoint": {
            name: {"path": path, "class": f"idpyoidc.server.oidc.{kind}", "kwargs": {}}
            for name, (path, kind) in _ENDPOINTS.items()
        },
        "token_handler_args": {
            "code": {"lifetime": 600, "kwargs": {"crypt_conf": _CRYPT}},
            "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": 3600}},
            "id_token": {
                "class": "idpyoidc.server.token.id_token.IDToken",
                "kwargs": {"base_claims": {"preferred_username": None, ROLE_CLAIM: None}},
            },
        },
        "add_ons": {
            "pkce": {
                "function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                "kwargs": {"essential": True, "code_challenge_method": "S256"},
            }
        },
        "authentication": {
            "anon": {
                "acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
                "class": "idpyoidc.server.user_authn.user.NoAuthn",
                "kwargs": {"user": "diana"},
            }
        },
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {"diana": {}}}},
        "session_params": {"encrypter": _CRYPT},
    }


_CRYPT: Final = {
    "kwargs": {"keys": {"key_defs": [{"type": "OCT", "use": ["enc"], "kid": "password"},
                                     {"type": "OCT", "use": ["enc"], "kid": "salt"}]}, "iterations": 1}
}  # fmt: skip
