# SPDX-License-Identifier: Apache-2.0
"""What the routes share: connections, actors, caches, the change feed. Made once, passed along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Request
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.actors import ActorResolver
from api.cache import ByteCache
from api.changes import Change, ChangeFeed
from api.pool import as_actor, make_pool
from layers.tile import Tile, World, to_world
from twin.access import Actor
from twin.database import database_url
from twin.settings import Settings

FIRST_CONNECTION_S = 5.0


class TileKey(NamedTuple):
    """A vector tile: of what, for whom, narrowed how, where."""

    layer: str
    viewer: str
    narrowed: str
    tile: Tile
    buffer: int


class SolidKey(NamedTuple):
    """A part of a tileset that is made of rows: of what, for whom, in which block."""

    layer: str
    viewer: str
    name: str
    block_code: str


class Services:
    """The parts of one API process, wired together."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.zone = ZoneInfo(settings.time_zone)
        self.pool = make_pool(settings)
        self.actors = ActorResolver(self.pool)
        self.tiles: ByteCache[TileKey] = ByteCache(settings.tile_cache_mb * 500_000)
        self.solids: ByteCache[SolidKey] = ByteCache(settings.tile_cache_mb * 500_000)
        self.feed = ChangeFeed(
            database_url(settings),
            on_changes=self._drop_changed,
            on_access=self.actors.forget,
            on_live=self._set_live,
        )

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Connect, follow the changes, and close it all at the end."""
        await self.pool.open()
        feed = asyncio.create_task(self.feed.run())
        try:
            await self.feed.wait_until_live(FIRST_CONNECTION_S)
            yield
        finally:
            feed.cancel()
            await asyncio.gather(feed, return_exceptions=True)
            await self.pool.close()

    def as_actor(
        self, actor: Actor, as_of: datetime | None = None
    ) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
        """A transaction in which only what `actor` may see is there, now or as it was recorded at `as_of`."""
        return as_actor(self.pool, actor, self.settings.statement_timeout_ms, as_of)

    def _set_live(self, is_live: bool) -> None:
        self.actors.may_remember = is_live
        self.tiles.is_live = self.solids.is_live = is_live
        if not is_live:
            self.actors.forget()
            self.tiles.clear()
            self.solids.clear()

    def _drop_changed(self, changes: Sequence[Change]) -> None:
        for layer in {change.layer for change in changes}:
            own = [change for change in changes if change.layer == layer]
            if any(change.op == "truncate" for change in own):
                self.tiles.drop(layer, _any_key)
            else:
                touched = _Touched([to_world(change.bbox) for change in own if change.bbox is not None])
                self.tiles.drop(layer, touched.has)
            # A building hides behind its published model, so its tiles follow both.
            if layer in ("buildings", "models"):
                codes = {change.block_code for change in own}
                self.solids.drop("buildings", lambda key, codes=codes: _is_related(key.block_code, codes))


class _Touched:
    def __init__(self, boxes: list[World]) -> None:
        self._boxes = boxes

    def has(self, key: TileKey) -> bool:
        """Whether any box lies in the tile, or in the margin that it is drawn with."""
        return any(box.touches(key.tile, key.buffer) for box in self._boxes)


def _any_key(_key: TileKey) -> bool:
    return True


def _is_related(code: str, changed: set[str]) -> bool:
    return any(code.startswith(other) or other.startswith(code) for other in changed)


def get_services(request: Request) -> Services:
    """The services of the running application."""
    services: Services = request.app.state.services
    return services


async def get_actor(request: Request) -> Actor:
    """The actor of a request to one of the framework's routes."""
    return await get_services(request).actors.resolve(request.scope["headers"], request.method)
