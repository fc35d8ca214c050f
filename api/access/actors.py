# SPDX-License-Identifier: Apache-2.0
"""Who asks: one resolver for the framework's routes and the bare ones, remembered until a token changes."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Final

from api.http.errors import UnknownTokenError
from api.pool import Pool, as_owner
from twin.access import PUBLIC, READ_ACTOR, Actor, actor_from_row, hash_token
from twin.errors import AccessDeniedError
from twin.text import Text

COOKIE: Final = "twin_session"

RawHeaders = Iterable[tuple[bytes, bytes]]

_REMEMBERED: Final = 10_000
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ActorResolver:
    """Finds the actor of a request by its token.

    What was found is remembered while the change feed is live, and forgotten whole when any token changes.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: OrderedDict[bytes, tuple[Actor, float | None]] = OrderedDict()
        self.generation = 0
        """Grows whenever something about tokens may have changed."""
        self.may_remember = False

    def forget(self) -> None:
        """Drop everything that is remembered."""
        self._known.clear()
        self.generation += 1

    async def resolve(self, headers: RawHeaders, method: str = "GET") -> Actor:
        """The actor of a request; PUBLIC where it shows no token.

        Raises UnknownTokenError for a token that is not valid (any more), AccessDeniedError for a write
        that carries nothing but a cookie, as another site's page could make it.
        """
        token, is_cookie = read_token(headers)
        if token is None:
            return PUBLIC
        if is_cookie and method not in _SAFE and not _is_own_page(headers):
            raise AccessDeniedError(
                Text(
                    "以会话登录的写操作需要请求头 X-Requested-With: twin。",
                    "A write with a session needs the header X-Requested-With: twin.",
                )
            )
        return await self.find(token)

    async def find(self, token: str) -> Actor:
        """The actor of a token. Raises UnknownTokenError."""
        digest = hash_token(token)
        found = self._known.get(digest)
        if found is None:
            found = await self._read(digest)
        actor, ends = found
        if ends is not None and ends <= time.time():
            raise UnknownTokenError
        return actor

    async def _read(self, digest: bytes) -> tuple[Actor, float | None]:
        generation = self.generation
        async with as_owner(self._pool) as connection:
            row = await (await connection.execute(READ_ACTOR, (digest,))).fetchone()
        if row is None:
            raise UnknownTokenError
        actor, expires_at = actor_from_row(row)
        found = actor, _timestamp(expires_at)
        # A token that changed while we read must not be remembered as it was.
        if self.may_remember and generation == self.generation:
            self._known[digest] = found
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found


def read_token(headers: RawHeaders) -> tuple[str | None, bool]:
    """The token of a request and whether it came as a cookie; `Authorization` goes first."""
    cookie = None
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer" and token:
                return token.strip(), False
        elif name == b"cookie" and COOKIE.encode() in value:
            cookie = value
    if cookie is None:
        return None, False
    try:
        morsel = SimpleCookie(cookie.decode("latin-1")).get(COOKIE)
    except CookieError:
        return None, False
    return (morsel.value or None, True) if morsel else (None, False)


def _is_own_page(headers: RawHeaders) -> bool:
    return any(name == b"x-requested-with" and value == b"twin" for name, value in headers)


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
