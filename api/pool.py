# SPDX-License-Identifier: Apache-2.0
"""The API's database connections, and the one way to use them: inside a transaction, as somebody."""

from __future__ import annotations

import select
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from layers.conditions import Statement
from twin import tracing
from twin.access import SET_ACTOR, SET_MOMENT, Actor
from twin.audit import SET_ASKER, asker_setting
from twin.database import database_url
from twin.settings import Settings

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

WAIT_S: Final = 5.0
"""The longest a request waits for a connection."""

DATABASE_FACTS: Final = {"db.system.name": "postgresql"}

# The plan of a tile depends on where it lies, so no plan is kept for all. A page or a tile is made sooner than a
# second process has started to help; many requests at once keep the machine busy without.
_OPTIONS: Final = (
    "-c plan_cache_mode=force_custom_plan -c max_parallel_workers_per_gather=0 -c application_name=twin-api "
    "-c timezone="
)


def make_pool(settings: Settings) -> Pool:
    """A pool that is still closed; its connections do not begin transactions of their own."""
    return AsyncConnectionPool(
        database_url(settings),
        min_size=min(2, settings.pool_size),
        max_size=settings.pool_size,
        timeout=WAIT_S,
        kwargs={"autocommit": True, "options": _OPTIONS + settings.time_zone},
        configure=_warm,
        check=_check,
        open=False,
    )


@asynccontextmanager
async def as_actor(
    pool: Pool, actor: Actor, timeout_ms: int, as_of: datetime | None = None
) -> AsyncGenerator[AsyncConnection[TupleRow]]:
    """A transaction in which only what `actor` may see is there, as it was recorded at the moment `as_of`."""
    with tracing.open_span("transaction", "client", facts=DATABASE_FACTS):
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(SET_ACTOR, actor.settings(timeout_ms))
            if as_of is not None:
                await connection.execute(SET_MOMENT, {"moment": as_of.isoformat()})
            yield connection


async def fetch_as_actor(
    pool: Pool, actor: Actor, timeout_ms: int, statements: Iterable[Statement], as_of: datetime | None = None
) -> list[AsyncCursor[TupleRow]]:
    """What each statement gave in a transaction as of `as_actor`, all sent at once: one way to the server and back."""
    with tracing.open_span("transaction", "client", facts=DATABASE_FACTS):
        # Until the pipeline's end PostgreSQL takes all of it for one transaction: no BEGIN and COMMIT have to be sent.
        async with pool.connection() as connection, connection.pipeline():
            await connection.execute(SET_ACTOR, actor.settings(timeout_ms))
            if as_of is not None:
                await connection.execute(SET_MOMENT, {"moment": as_of.isoformat()})
            return [await connection.execute(one.text, one.values) for one in statements]


@asynccontextmanager
async def as_owner(pool: Pool) -> AsyncGenerator[AsyncConnection[TupleRow]]:
    """A transaction outside row-level security: tokens, uploads and jobs, never features."""
    with tracing.open_span("transaction", "client", facts=DATABASE_FACTS):
        async with pool.connection() as connection, connection.transaction():
            if tracing.is_tracing():
                # A job that is enqueued in it goes on with its trace.
                await connection.execute(tracing.HAND_ON, (tracing.write_traceparent(),))
            asker = asker_setting()
            if asker is not None:
                await connection.execute(SET_ASKER, (asker,))
            yield connection


async def fetch_row(connection: AsyncConnection[TupleRow], statement: Statement) -> TupleRow | None:
    """The first row of a statement that `layers` composed."""
    return await (await connection.execute(statement.text, statement.values)).fetchone()


async def _check(connection: AsyncConnection[TupleRow]) -> None:
    """Ask the server only where it has said something to an idle connection: mostly, that it ends it."""
    readable = select.poll()
    readable.register(connection.fileno(), select.POLLIN)
    if readable.poll(0):
        await AsyncConnectionPool.check_connection(connection)


async def _warm(connection: AsyncConnection[TupleRow]) -> None:
    """Load PostGIS and PROJ into the new backend, which would cost its first tile 100 ms."""
    await connection.execute(
        "SELECT ST_AsMVT(shown, 'warm', 4096, 'geom') FROM (SELECT ST_AsMVTGeom(ST_Transform("
        "ST_SetSRID(ST_Point(0, 0), 4490), 3857), ST_MakeEnvelope(-1, -1, 1, 1, 3857)) AS geom) AS shown"
    )
