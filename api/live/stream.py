# SPDX-License-Identifier: Apache-2.0
"""The live stream of changes (server-sent events) on a bare ASGI route: one shared log, a cursor a client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
import psycopg
from psycopg_pool import PoolTimeout
from starlette.types import Receive, Scope, Send

from api.http.errors import UnknownTokenError, send_error
from api.http.parameters import check_names
from api.http.response import find_header
from api.live.changes import READ_CHANGES, READ_EXTENT, Change, ChangeFeed, change_from_row
from api.live.places import StreamPlaces
from api.live.telling import COLLECTIONS, Told, tell, tell_everything
from api.pool import as_owner
from api.services import Services
from twin.access import Actor

HEARTBEAT_S: Final = 10.0

SLOW_S: Final = 20.0
"""A client that takes longer than this to accept what it is sent is let go; it comes back with its id."""

MAX_RESUME: Final = 5_000
"""A client that missed more changes than this is told that everything changed."""

_AT_ONCE: Final = 256
"""Changes that are told together."""

_PIECE: Final = 65_536
"""Bytes that are sent together: with the server's own buffer, the most that waits for one client."""

_REMEMBERED: Final = 64

log = logging.getLogger("twin.stream")


@dataclass(frozen=True)
class StreamRequest:
    """What a client follows: which layers (None: all), from which change on (None: from now)."""

    layers: tuple[str, ...] | None
    last_seen: int | None


class StreamRoute:
    """Answers `GET /stream`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.places = StreamPlaces(services.settings.streams_per_token)
        # Walls of one scope see the same: what one tick brought is written once for all of them.
        self._written: dict[tuple[object, ...], asyncio.Task[list[bytes]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Follow until the client goes, falls behind or loses its token."""
        with ExitStack() as held:
            try:
                actor = await self._services.actors.resolve(scope["headers"])
                wanted = self._read_request(scope, actor)
                held.enter_context(self.places.take(actor, (scope.get("client") or ("",))[0]))
            except Exception as error:
                await send_error(scope, send, error)
                return
            talk = asyncio.create_task(self._talk(scope, send, actor, wanted))
            gone = asyncio.create_task(_wait_for_disconnect(receive))
            try:
                await asyncio.wait({talk, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                talk.cancel()
                gone.cancel()
                await asyncio.gather(talk, gone, return_exceptions=True)

    async def _talk(self, scope: Scope, send: Send, actor: Actor, wanted: StreamRequest) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [
            (b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]})  # fmt: skip
        try:
            await self._follow(scope, send, actor, wanted)
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("a stream ends, since the database is away: %s", error)
        except TimeoutError:
            log.info("a stream ends, since its client does not read")
        # What the client has not read yet still reaches it, and then the end: it comes back with the last id of it.
        # Whoever never reads keeps his place, and no more than one piece.
        end = asyncio.create_task(_end(send))
        try:
            # Where the process stops, that is tried for a moment and no longer.
            while True:
                await asyncio.wait({end}, timeout=1.0)
                if end.done() or self._services.feed.is_closing:
                    break
        finally:
            end.cancel()
            await asyncio.gather(end, return_exceptions=True)

    async def _follow(self, scope: Scope, send: Send, actor: Actor, wanted: StreamRequest) -> None:
        """Returns where the client should come again."""
        feed, actors = self._services.feed, self._services.actors
        life, generation = feed.life, actors.generation
        cursor = feed.head if wanted.last_seen is None else wanted.last_seen
        hello = {"change_id": cursor, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        await _push(send, [_event("hello", cursor, hello)])
        cursor = await self._catch_up(send, actor, wanted, cursor)
        loop = asyncio.get_running_loop()
        next_heartbeat = loop.time() + HEARTBEAT_S
        while not feed.is_closing and feed.life == life:
            is_late = loop.time() >= next_heartbeat
            if is_late or generation != actors.generation:
                generation = actors.generation
                renewed = await self._renew(scope, actor)
                if renewed is None:
                    return
                if renewed.cache_key != actor.cache_key:
                    # Other rows are in sight than those that the client has.
                    await _push(send, self._write_reset(renewed, wanted, cursor))
                actor = renewed
            changes = feed.since(cursor, _AT_ONCE)
            if changes is None:
                return  # so slow that the ring has overtaken it: it resumes from its id
            if changes:
                pieces = await self._write(cursor, changes, actor, wanted.layers)
                cursor = changes[-1].seq
                if pieces:
                    await _push(send, pieces)
                    next_heartbeat = loop.time() + HEARTBEAT_S
            elif is_late:
                # The id goes along, so that whoever is told little need not begin long ago.
                await _push(send, [b": alive\nid: %d\n\n" % cursor])
                next_heartbeat = loop.time() + HEARTBEAT_S
            else:
                await feed.wait(max(0.0, next_heartbeat - loop.time()))

    async def _catch_up(self, send: Send, actor: Actor, wanted: StreamRequest, cursor: int) -> int:
        """Tell a client who comes back what it missed before the ring; returns how far it is then."""
        feed: ChangeFeed = self._services.feed
        if cursor <= feed.head and feed.since(cursor, 1) is not None:
            return cursor
        async with as_owner(self._services.pool) as connection:
            rows = await (await connection.execute(READ_CHANGES, (cursor, MAX_RESUME + 1))).fetchall()
            # After the rows: what is purged meanwhile is missed here.
            first, last = await (await connection.execute(READ_EXTENT)).fetchone() or (1, 0)
        if cursor > last or cursor < first - 1 or len(rows) > MAX_RESUME:
            # Of another database's life, longer ago than the log is kept, or too much to tell.
            await _push(send, self._write_reset(actor, wanted, last))
            return last
        for start in range(0, len(rows), _AT_ONCE):
            changes = [change_from_row(row) for row in rows[start : start + _AT_ONCE]]
            await _push(send, await self._write(cursor, changes, actor, wanted.layers))
            cursor = changes[-1].seq
        return cursor

    async def _renew(self, scope: Scope, actor: Actor) -> Actor | None:
        """The actor after a token changed, or after a while; None ends the stream."""
        if actor.token_id is None:
            return actor
        try:
            return await self._services.actors.resolve(scope["headers"])
        except UnknownTokenError:
            return None

    def _write_reset(self, actor: Actor, wanted: StreamRequest, number: int) -> list[bytes]:
        """That all has to be read anew; told of each layer as well, for those who know of changes only."""
        classes = self._services.layers.business_classes
        body = {"change_id": number, "layers": None if wanted.layers is None else list(wanted.layers)}
        return _pieces([
            _event("reset", None, body),
            *(_event("change", told.number, told.body) for told in tell_everything(
                actor, wanted.layers, classes, number)),
        ])  # fmt: skip

    async def _write(
        self, cursor: int, changes: Sequence[Change], actor: Actor, layers: tuple[str, ...] | None
    ) -> list[bytes]:  # fmt: skip
        key = (cursor, changes[-1].seq, actor.cache_key, layers)
        task = self._written.get(key)
        if task is None:
            task = asyncio.create_task(self._tell(changes, actor, layers))
            while len(self._written) >= _REMEMBERED:
                del self._written[next(iter(self._written))]
            self._written[key] = task
        try:
            return await asyncio.shield(task)
        except Exception:
            # Whoever asks next tries again.
            if self._written.get(key) is task:
                del self._written[key]
            raise

    async def _tell(self, changes: Sequence[Change], actor: Actor, layers: tuple[str, ...] | None) -> list[bytes]:
        services = self._services
        if any(change.layer == COLLECTIONS for change in changes):
            # Who hears of it asks for the list at once.
            await services.layers.wait_until_current()
        told: list[Told] = await tell(changes, actor, layers, services.layers.business_classes, services.as_actor)
        return _pieces(_event("change", one.number, one.body) for one in told)

    def _read_request(self, scope: Scope, actor: Actor) -> StreamRequest:
        given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        check_names(given, {"layers"})
        names = [name for value in given.get("layers", []) for name in value.split(",") if name]
        known = self._services.layers
        last = (find_header(scope, b"last-event-id") or "").strip()
        return StreamRequest(
            tuple(sorted({known.find(name, actor).id for name in names})) or None,
            int(last) if last.isascii() and last.isdigit() and len(last) < 19 else None,
        )


def _pieces(events: Iterable[bytes]) -> list[bytes]:
    """Whole events, joined up to the size of a piece."""
    pieces: list[bytes] = []
    open_piece: list[bytes] = []
    size = 0
    for event in events:
        if open_piece and size + len(event) > _PIECE:
            pieces.append(b"".join(open_piece))
            open_piece, size = [], 0
        open_piece.append(event)
        size += len(event)
    return [*pieces, b"".join(open_piece)] if open_piece else pieces


def _event(name: str, number: int | None, body: Mapping[str, Any]) -> bytes:
    place = b"" if number is None else b"id: %d\n" % number
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), place, orjson.dumps(body))


async def _push(send: Send, pieces: Iterable[bytes]) -> None:
    """Send piece by piece. Raises TimeoutError where the client does not take one for so long."""
    for piece in pieces:
        async with asyncio.timeout(SLOW_S):
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
