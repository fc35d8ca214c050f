# SPDX-License-Identifier: Apache-2.0
"""What the routes share: connections, actors, caches, the change feed. Made once, passed along."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from fastapi import Request
from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow
from psycopg_pool import PoolTimeout

from api.access.actors import ActorResolver
from api.access.limits import RequestLimits, SignInLimits
from api.access.provider import make_provider
from api.access.trail import keep_sealed
from api.features.layer_list import LayerList
from api.live.changes import Change, ChangeFeed
from api.measures.small_counts import SmallCounts
from api.observe.counts import RequestCounts
from api.observe.lifecycle import Lifecycle
from api.pool import as_actor, as_owner, fetch_as_actor, make_pool
from api.prepared import fetch_prepared
from api.tiles.cache import ByteCache
from api.tiles.pyramid import fold_cells
from layers import business
from layers.conditions import Statement
from layers.prepared import Bound
from layers.registry import load_layers
from layers.solids.declaration import HIDDEN_BY, SOLID_LAYERS
from layers.tile import Tile, World, to_world
from twin.access import Actor
from twin.database import database_url
from twin.settings import Settings

FIRST_CONNECTION_S = 5.0

ENDED_S = 15.0
"""How often it is asked whether tokens or sessions are over; a request of theirs is refused at once in any case."""

FOLD_S = 0.5
"""How long writes are gathered before they are folded into the facts."""

log = logging.getLogger("twin.api")


class TileKey(NamedTuple):
    """A vector tile: of what, for whom, narrowed how, where; counted in the cells of a block scheme, or not."""

    layer: str
    viewer: str
    narrowed: str
    tile: Tile
    buffer: int
    cells: str = ""


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
        self.counts = RequestCounts()
        self.lifecycle = Lifecycle()
        self.pool = make_pool(settings)
        self.actors = ActorResolver(self.pool, settings)
        self.sign_ins = SignInLimits(settings)
        self.request_limits = RequestLimits(settings)
        self.provider = make_provider(settings)
        self.tiles: ByteCache[TileKey] = ByteCache(settings.tile_cache_mb * 500_000)
        self.solids: ByteCache[SolidKey] = ByteCache(settings.tile_cache_mb * 500_000)
        self.small_counts = SmallCounts(self.as_actor)
        self.layers = LayerList()
        self._layers_changed = asyncio.Event()
        self._changed = asyncio.Event()
        self._cells_changed = asyncio.Event()
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
        tasks = [asyncio.create_task(task) for task in (
            self._fold_facts(), self._fold_cells(), self._read_layers(), self._end_sessions(), keep_sealed(self.pool),
        )]  # fmt: skip
        try:
            await self.feed.wait_until_live(FIRST_CONNECTION_S)
            self.lifecycle.serve()
            yield
        finally:
            self.lifecycle.stop()
            feed.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(feed, *tasks, return_exceptions=True)
            await self.pool.close()

    def as_actor(
        self, actor: Actor, as_of: datetime | None = None
    ) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]:
        """A transaction in which only what `actor` may see is there, now or as it was recorded at `as_of`."""
        return as_actor(self.pool, actor, self.settings.statement_timeout_ms, as_of)

    async def fetch_as_actor(
        self, actor: Actor, statements: Sequence[Statement], as_of: datetime | None = None
    ) -> list[AsyncCursor[TupleRow]]:
        """What each statement gave in one transaction of that kind; asked all at once."""
        return await fetch_as_actor(self.pool, actor, self.settings.statement_timeout_ms, statements, as_of)

    async def fetch_prepared(
        self, actor: Actor, statements: Sequence[Bound], as_of: datetime | None = None, *, is_in_order: bool = False
    ) -> list[PGresult]:
        """The same of statements that the connections know by name; see `api.prepared`."""
        timeout_ms = self.settings.statement_timeout_ms
        return await fetch_prepared(self.pool, actor, timeout_ms, statements, as_of, is_in_order=is_in_order)

    def _set_live(self, is_live: bool) -> None:
        self.actors.may_remember = is_live
        self.tiles.is_live = self.solids.is_live = self.small_counts.is_live = is_live
        self.small_counts.forget()
        if not is_live:
            self.actors.forget()
            self.tiles.clear()
            self.solids.clear()

    async def _fold_facts(self) -> None:
        """Brings what was written into the facts, once in a while. An answer is right before that as well."""
        while True:
            try:
                async with as_owner(self.pool) as connection:
                    await connection.execute("SELECT fold_facts()")
            except psycopg.Error as error:
                log.warning("the facts were not folded: %s", error)
            await self._changed.wait()
            await asyncio.sleep(FOLD_S)
            self._changed.clear()

    async def _fold_cells(self) -> None:
        """Brings what was written into the counted cells of far zooms; until then tiles there are made without."""
        while True:
            try:
                await fold_cells(self.pool, load_layers().values())
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("the cells of tiles were not counted: %s", error)
            await self._cells_changed.wait()
            await asyncio.sleep(FOLD_S)
            self._cells_changed.clear()

    async def _read_layers(self) -> None:
        """Follows the business layers."""
        while True:
            try:
                async with as_owner(self.pool) as connection:
                    await self.layers.read(connection)
            except psycopg.Error as error:
                log.warning("the business layers were not read: %s", error)
            await self._layers_changed.wait()
            self._layers_changed.clear()

    async def _end_sessions(self) -> None:
        """Has streams look again once a token or session that they were opened with is over."""
        while True:
            await asyncio.sleep(ENDED_S)
            if self.actors.forget_ended():
                self.feed.wake()

    def _drop_changed(self, changes: Sequence[Change]) -> None:
        self._changed.set()
        self._cells_changed.set()
        self.small_counts.forget()
        for layer, part in {(change.layer, change.layer_code) for change in changes}:
            own = [change for change in changes if (change.layer, change.layer_code) == (layer, part)]
            names = (layer,)
            if layer == business.LAYER:
                # One table, and so one name in the change log, for all of them; most changes say which.
                names = (part,) if part else self.layers.business_ids
                self.layers.note_change()
                self._layers_changed.set()
            for name in names:
                if any(change.op == "truncate" for change in own):
                    self.tiles.drop(name, _any_key)
                else:
                    touched = _Touched([to_world(change.bbox) for change in own if change.bbox is not None])
                    self.tiles.drop(name, touched.has)
            self._drop_solids(layer, {change.block_code for change in own})

    def _drop_solids(self, layer: str, codes: set[str]) -> None:
        for solid in SOLID_LAYERS.values():
            # A building hides behind its published model, wherever that lies.
            if layer == HIDDEN_BY:
                self.solids.drop(solid.id, _any_key)
            # Frames stand in the middle of blocks.
            elif layer in solid.follows or layer == "blocks":
                self.solids.drop(solid.id, lambda key: _is_related(key.block_code, codes))


class _Touched:
    def __init__(self, boxes: list[World]) -> None:
        self._boxes = boxes

    def has(self, key: TileKey) -> bool:
        """Whether any box lies in the tile, or in the margin that it is drawn with."""
        # A cell of a scheme is counted as a whole wherever a part of it is seen.
        return bool(key.cells) or any(box.touches(key.tile, key.buffer) for box in self._boxes)


def _any_key(_key: TileKey | SolidKey) -> bool:
    return True


def _is_related(code: str, changed: set[str]) -> bool:
    return any(code.startswith(other) or other.startswith(code) for other in changed)


async def get_services(request: Request) -> Services:
    """The services of the running application.

    It waits for nothing, but the framework sends what does not say `async` to another thread and back.
    """
    services: Services = request.app.state.services
    return services


async def get_actor(request: Request) -> Actor:
    """The actor of a request to one of the framework's routes."""
    return await (await get_services(request)).actors.resolve(request.scope["headers"], request.method)
