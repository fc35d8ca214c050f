# SPDX-License-Identifier: Apache-2.0
"""Who asks: one resolver for the framework's routes and the bare ones, remembered until a token changes."""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

import psycopg

from api.access.cookies import SHOWING, read_secret
from api.access.origins import check_own_page
from api.http.errors import UnknownTokenError
from api.pool import Pool, as_owner
from twin.access import PUBLIC, READ_ACTOR, SESSION_PREFIX, Actor, actor_from_row, hash_token
from twin.audit import note_actor
from twin.settings import Settings

RawHeaders = Iterable[tuple[bytes, bytes]]

_REMEMBERED: Final = 10_000
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_SEEN_S: Final = 60.0
"""How often it is written down that a session is in use; where sessions end sooner, four times in that time."""

_NOTE_SEEN: LiteralString = """
    UPDATE account_session SET seen_at = now()
    WHERE token_hash = %(hash)s AND ended_at IS NULL AND expires_at > now()
      AND seen_at + idle_s * interval '1 second' > now() AND seen_at < now() - %(after)s * interval '1 second'
"""

log = logging.getLogger("twin.api")


class Asker:
    """What one connection showed last, and its hash: a client shows the same secret again and again."""

    __slots__ = ("digest", "shown")

    def __init__(self) -> None:
        self.shown: list[tuple[bytes, bytes]] | None = None
        self.digest: bytes | None = None


@dataclass(slots=True)
class _Known:
    """`ends`: from then on it is asked again; `seen`: from then on its use is written down (seconds since 1970)."""

    actor: Actor
    ends: float
    seen: float


class ActorResolver:
    """Finds the actor of a request by its token or session.

    What was found is remembered while the change feed is live, and forgotten whole when any token changes.
    """

    def __init__(self, pool: Pool, settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._seen_s = min(_SEEN_S, settings.session_idle_minutes * 60 / 4)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self.generation = 0
        """Grows whenever something about tokens may have changed."""
        self.may_remember = False

    def forget(self) -> None:
        """Drop everything that is remembered."""
        self._known.clear()
        self.generation += 1

    def forget_ended(self) -> bool:
        """Drop the tokens and sessions whose time is over; whether there were any, so that streams look again."""
        now = time.time()
        ended = [digest for digest, known in self._known.items() if known.ends <= now]
        for digest in ended:
            del self._known[digest]
        if ended:
            self.generation += 1
        return bool(ended)

    async def resolve(self, headers: RawHeaders, method: str = "GET") -> Actor:
        """The actor of a request; PUBLIC where it shows no token.

        Raises UnknownTokenError for a token that is not valid (any more), AccessDeniedError for a write
        that carries nothing but a cookie, as another site's page could make it.
        """
        secret, is_cookie = read_secret(headers)
        if secret is None:
            return PUBLIC
        if is_cookie and method not in _SAFE:
            check_own_page(headers, self._settings)
        return await self.find(secret)

    def find_remembered(self, headers: RawHeaders, asker: Asker | None = None) -> Actor | None:
        """Who asks by GET, where that is known without asking the database; else None.

        `asker` is the connection's, and spares the hashing, never the looking up.
        """
        if asker is None:
            asker = Asker()
        shown = [header for header in headers if header[0] in SHOWING]
        if shown != asker.shown:
            secret, _is_cookie = read_secret(shown)
            asker.digest = None if secret is None else hash_token(secret)
            asker.shown = shown
        if asker.digest is None:
            return PUBLIC
        known = self._known.get(asker.digest)
        if known is None:
            return None
        now = time.time()
        return known.actor if now < known.ends and now < known.seen else None

    def find_known(self, headers: RawHeaders) -> int | None:
        """The number of the token or account that a request shows, if it is remembered here."""
        secret, _is_cookie = read_secret(headers)
        known = None if secret is None else self._known.get(hash_token(secret))
        return None if known is None else known.actor.token_id

    async def find(self, secret: str) -> Actor:
        """The actor of a token, or of a session's secret. Raises UnknownTokenError."""
        digest = hash_token(secret)
        known = self._known.get(digest)
        if known is None:
            return await self._read(digest, secret.startswith(SESSION_PREFIX))
        now = time.time()
        if known.ends <= now:
            self._known.pop(digest, None)
            return await self._read(digest, secret.startswith(SESSION_PREFIX))
        if known.seen <= now:
            known.seen = now + self._seen_s  # whoever comes meanwhile need not write it too
            return await self._read(digest, is_session=True)
        return note_actor(known.actor)

    async def _read(self, digest: bytes, is_session: bool) -> Actor:
        generation = self.generation
        if is_session:
            await self._note_seen(digest)
        async with as_owner(self._pool) as connection:
            row = await (await connection.execute(READ_ACTOR, (digest,))).fetchone()
        if row is None:
            raise UnknownTokenError
        actor, ends_at = actor_from_row(row)
        # A token that changed while we read must not be remembered as it was.
        if self.may_remember and generation == self.generation:
            seen = time.time() + self._seen_s if is_session else math.inf
            self._known[digest] = _Known(actor, _timestamp(ends_at), seen)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return note_actor(actor)

    async def _note_seen(self, digest: bytes) -> None:
        """A database that cannot be written just now ends no session by that."""
        try:
            async with as_owner(self._pool) as connection:
                await connection.execute(_NOTE_SEEN, {"hash": digest, "after": self._seen_s / 2})
        except psycopg.Error as error:
            log.warning("it was not noted that a session is in use: %s", error)


def _timestamp(moment: datetime | None) -> float:
    return math.inf if moment is None else moment.timestamp()
