# SPDX-License-Identifier: Apache-2.0
"""The live stream of changes (server-sent events) on a bare ASGI route: one shared log, a cursor a client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from api.http.errors import UnknownTokenError, send_error
from api.http.parameters import check_names
from api.http.response import find_header
from api.live.assigned import read_assigned
from api.live.changes import READ_CHANGES, Change, change_from_row
from api.pool import as_owner
from api.services import Services
from layers import business
from layers.tile import Box
from twin.access import Actor

HEARTBEAT_S: Final = 10.0

SLOW_S: Final = 20.0
"""A client that takes longer than this to accept what it is sent is let go; it comes back with its id."""

MAX_IDS: Final = 500
"""Above this many ids a client is told to ask by bbox."""

COLLECTIONS: Final = "collections"
"""What changed when the list of layers did: everybody who may know of the layer is told, whatever they follow."""

MAX_RESUME: Final = 5_000
"""A client that missed more changes than this is told that everything changed."""


@dataclass(frozen=True)
class StreamRequest:
    """What a client follows: which layers, from which change on (None: from now)."""

    layers: tuple[str, ...]
    last_seen: int | None


class StreamRoute:
    """Answers `GET /stream`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # Walls of one scope see the same: what one tick brought is written once for all of them.
        self._written: dict[tuple[int, int, str, tuple[str, ...]], bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Follow until the client goes, falls behind or loses its token."""
        services = self._services
        try:
            actor = await services.actors.resolve(scope["headers"])
            wanted = self._read_request(scope, actor)
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
        feed = self._services.feed
        await send({"type": "http.response.start", "status": 200, "headers": [
            (b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]})  # fmt: skip
        cursor = feed.head if wanted.last_seen is None else wanted.last_seen
        hello = {"change_id": cursor, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        await _push(send, _event("hello", cursor, hello))
        cursor = await self._catch_up(send, actor, wanted, cursor)
        generation = self._services.actors.generation
        loop = asyncio.get_running_loop()
        next_heartbeat = loop.time() + HEARTBEAT_S
        while not feed.is_closing:
            if generation != self._services.actors.generation:
                generation = self._services.actors.generation
                renewed = await self._renew(scope, actor)
                if renewed is None:
                    break
                actor = renewed
            changes = feed.since(cursor)
            if changes is None:
                break  # so slow that the ring has overtaken it: it resumes from its id
            if changes:
                if any(change.layer == COLLECTIONS for change in changes):
                    # Who hears of it asks for the list at once.
                    await self._services.layers.wait_until_current()
                text = await self._write(cursor, changes, actor, wanted.layers)
                cursor = changes[-1].seq
                if text:
                    await _push(send, text)
                    next_heartbeat = loop.time() + HEARTBEAT_S
                continue
            await feed.wait(max(0.0, next_heartbeat - loop.time()))
            if loop.time() >= next_heartbeat:
                await _push(send, b": alive\n\n")
                next_heartbeat = loop.time() + HEARTBEAT_S
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _catch_up(self, send: Send, actor: Actor, wanted: StreamRequest, cursor: int) -> int:
        """Tell a client who comes back what it missed; returns how far it is then."""
        feed = self._services.feed
        if cursor > feed.head:
            # Numbers from another database's life: nothing can be said but that all may differ.
            await _push(send, _everything(wanted.layers, feed.head))
            return feed.head
        if feed.since(cursor) is not None:
            return cursor
        async with as_owner(self._services.pool) as connection:
            rows = await (await connection.execute(READ_CHANGES, (cursor, MAX_RESUME + 1))).fetchall()
        changes = [change_from_row(row) for row in rows]
        if len(changes) > MAX_RESUME:
            await _push(send, _everything(wanted.layers, feed.head))
            return feed.head
        if changes:
            text = b"".join(await self._events(changes, actor, wanted.layers))
            if text:
                await _push(send, text)
            return changes[-1].seq
        return feed.head

    async def _renew(self, scope: Scope, actor: Actor) -> Actor | None:
        """The actor after a token changed; None ends the stream."""
        if actor.token_id is None:
            return actor
        try:
            return await self._services.actors.resolve(scope["headers"])
        except UnknownTokenError:
            return None

    async def _write(self, cursor: int, changes: Sequence[Change], actor: Actor, layers: tuple[str, ...]) -> bytes:
        key = (cursor, changes[-1].seq, actor.cache_key, layers)
        text = self._written.get(key)
        if text is None:
            text = b"".join(await self._events(changes, actor, layers))
            if len(self._written) >= 64:
                self._written.clear()
            self._written[key] = text
        return text

    async def _events(self, changes: Sequence[Change], actor: Actor, layers: tuple[str, ...]) -> list[bytes]:
        assigned = await read_assigned(self._services, actor, changes) if actor.organisations else {}
        business_ids = self._services.layers.business_ids
        told: list[Change] = []
        for change in changes:
            # One table, and so one name in the change log, for all business layers.
            names = business_ids if change.layer == business.LAYER else (change.layer,)
            told += [change if name == change.layer else replace(change, layer=name) for name in names]
        return _events(told, actor, layers, assigned)

    def _read_request(self, scope: Scope, actor: Actor) -> StreamRequest:
        given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        check_names(given, {"layers"})
        names = [name for value in given.get("layers", []) for name in value.split(",") if name]
        known = self._services.layers
        chosen = [known.find(name, actor) for name in names] or known.list_for(actor)
        last = (find_header(scope, b"last-event-id") or "").strip()
        return StreamRequest(
            tuple(sorted({layer.id for layer in chosen})),
            int(last) if last.isascii() and last.isdigit() and len(last) < 19 else None,
        )


def _events(
    changes: Iterable[Change], actor: Actor, layers: tuple[str, ...], assigned: Mapping[int, Change]
) -> list[bytes]:
    """What the actor is told: neighbours of one layer become one event, so ids stay in commit order.

    `assigned`: by number, the changes outside its blocks that its organisations are told of, as far as they are.
    """
    runs: list[list[Change]] = []
    for change in changes:
        if (change.layer not in layers and change.layer != COLLECTIONS) or change.access_class > actor.access_class:
            continue
        if not actor.touches(change.block_code):
            if change.seq not in assigned:
                continue
            change = assigned[change.seq]
        if runs and runs[-1][0].layer == change.layer and runs[-1][0].is_listed == change.is_listed:
            runs[-1].append(change)
        else:
            runs.append([change])
    return [_describe(run, actor) for run in runs]


def _describe(run: Sequence[Change], actor: Actor) -> bytes:
    # A change that was told for a whole street reaches beyond a scope within it: then neither box nor ids.
    is_whole = all((change.is_listed or actor.reaches(change.block_code)) and change.op != "truncate" for change in run)
    ids = {i for change in run for i in change.ids or ()}
    is_listed = is_whole and all(change.ids is not None for change in run) and len(ids) <= MAX_IDS
    ops = {change.op for change in run}
    body = {
        "layer": run[0].layer,
        "bbox": _unite([change.bbox for change in run if change.bbox]) if is_whole else None,
        "block_codes": sorted({c.block_code for c in run if c.block_code and actor.reaches(c.block_code)}),
        "change_id": run[-1].seq,
        "ids": sorted(ids) if is_listed else None,
        "op": next(iter(ops)) if len(ops) == 1 and ops <= {"insert", "update", "delete"} else "mixed",
    }
    return _event("change", run[-1].seq, body)


def _unite(boxes: Sequence[Box]) -> list[float] | None:
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return [round(v, 7) for v in (min(west), min(south), max(east), max(north))]


def _everything(layers: Sequence[str], head: int) -> bytes:
    return b"".join(
        _event("change", head, {
            "layer": layer, "bbox": None, "block_codes": [], "change_id": head, "ids": None, "op": "mixed",
        })
        for layer in (*layers, COLLECTIONS)
    )  # fmt: skip


def _event(name: str, number: int, body: dict[str, Any]) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (name.encode(), number, orjson.dumps(body))


async def _push(send: Send, text: bytes) -> None:
    await asyncio.wait_for(send({"type": "http.response.body", "body": text, "more_body": True}), SLOW_S)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
