# SPDX-License-Identifier: Apache-2.0
"""The session cookie: scripts cannot read it, and no other site's page can make a browser send it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Request, Response

COOKIE: Final = "twin_session"

SECURE_COOKIE: Final = "__Host-twin_session"
"""Its name on https: a browser takes it from this very host alone, so that no neighbour can plant one."""

LONGEST: Final = timedelta(days=400)
"""Browsers keep no cookie for longer. A wall's is renewed whenever its page is opened."""

SHOWING: Final = frozenset({b"authorization", b"cookie"})
"""Headers that a secret is shown in."""

RawHeaders = Iterable[tuple[bytes, bytes]]


def set_cookie(request: Request, response: Response, secret: str, ends_at: datetime | None = None) -> None:
    """Have the browser carry `secret`, until `ends_at` if that is known."""
    is_secure = request.url.scheme == "https"
    lasts = LONGEST if ends_at is None else min(LONGEST, ends_at - datetime.now(UTC))
    response.set_cookie(
        SECURE_COOKIE if is_secure else COOKIE, secret, max_age=max(0, int(lasts.total_seconds())), path="/",
        httponly=True, samesite="strict", secure=is_secure,
    )  # fmt: skip


def clear_cookie(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    if request.url.scheme == "https":
        response.delete_cookie(SECURE_COOKIE, path="/", httponly=True, samesite="strict", secure=True)


def read_secret(headers: RawHeaders) -> tuple[str | None, bool]:
    """The secret that a request shows and whether it came as a cookie; `Authorization` goes first."""
    cookie = None
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer" and token:
                return token.strip(), False
        elif name == b"cookie" and b"twin_session" in value:
            cookie = value
    if cookie is None:
        return None, False
    # Read by hand (RFC 6265, 5.4): `http.cookies` costs more than a kept tile, and what some other program of this
    # host has put into a cookie of its own makes it give up all of them.
    found: dict[str, str] = {}
    for pair in cookie.decode("latin-1").split(";"):
        name, _, value = pair.partition("=")
        found[name.strip()] = value.strip().strip('"')
    for name in (SECURE_COOKIE, COOKIE):
        if name in found:
            return found[name] or None, True
    return None, False
