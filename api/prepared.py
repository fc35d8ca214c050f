# SPDX-License-Identifier: Apache-2.0
"""Statements that a connection knows by name, sent with the actor's settings in one way to the server and back.

It is what `api.pool.fetch_as_actor` does, straight on libpq: for a page that PostgreSQL makes in a millisecond,
psycopg's cursors would take as long again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow

from api.pool import DATABASE_FACTS, Pool
from layers.prepared import Bound, Prepared, prepare
from twin import tracing
from twin.access import SET_ACTOR, SET_MOMENT, Actor

_MOST: Final = 200
"""Statements that one connection knows; further ones are sent as they are."""

_IN_ORDER: Final = ", set_config('enable_sort', 'off', true)"
_GENERAL: Final = ", set_config('plan_cache_mode', 'force_generic_plan', true)"

_Step = tuple[Prepared, Sequence[bytes]]


@dataclass(slots=True)
class _Memory:
    """What a connection knows, by names that end with the number of times that it has forgotten everything."""

    names: set[bytes] = field(default_factory=set[bytes])
    times: int = 0

    def forget(self) -> None:
        self.names.clear()
        self.times += 1


_memories: WeakKeyDictionary[AsyncConnection[TupleRow], _Memory] = WeakKeyDictionary()


def _name_values(text: str) -> str:
    """The text with a name for each value that is bound by its place."""
    first, *rest = text.split("%s")
    return first + "".join(f"%(value{number})s{part}" for number, part in enumerate(rest))


_SET_ACTOR: Final = {
    (is_in_order, is_general): prepare(
        _name_values(SET_ACTOR) + (_IN_ORDER if is_in_order else "") + (_GENERAL if is_general else "")
    )
    for is_in_order in (False, True) for is_general in (False, True)
}  # fmt: skip
_SET_MOMENT: Final = prepare(SET_MOMENT)


async def fetch_prepared(
    pool: Pool, actor: Actor, timeout_ms: int, statements: Sequence[Bound], as_of: datetime | None = None,
    *, is_in_order: bool = False,
) -> list[PGresult]:  # fmt: skip
    """The rows of each statement, as texts, from one transaction in which only what `actor` may see is there.

    as_of: as it was recorded then. is_in_order: see `layers.query.KEEP_ORDER`.
    Raises what psycopg would for an error of the server.
    """
    is_general = as_of is None and all(one.is_general for one in statements)
    steps: list[_Step] = [(_SET_ACTOR[is_in_order, is_general], _write_settings(actor, timeout_ms))]
    if as_of is not None:
        steps.append((_SET_MOMENT, [as_of.isoformat().encode()]))
    before = len(steps)
    steps += [(one.prepared, one.values) for one in statements]
    with tracing.open_span("transaction", "client", facts=DATABASE_FACTS):
        connection = await pool.getconn()
        memory = _memories.setdefault(connection, _Memory())
        try:
            try:
                results = await _run(connection, memory, steps)
            except psycopg.errors.InvalidSqlStatementName:
                # psycopg has a connection forget all statements, ours among them, when a transaction was undone.
                memory.forget()
                results = await _run(connection, memory, steps)
        finally:
            await pool.putconn(connection)
    return results[before:]


@lru_cache(1024)
def _write_settings(actor: Actor, timeout_ms: int) -> tuple[bytes, ...]:
    return tuple(
        (_write_array(value) if isinstance(value, list) else value).encode() for value in actor.settings(timeout_ms)
    )


def _write_array(texts: Sequence[str]) -> str:
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


async def _run(
    connection: AsyncConnection[TupleRow], memory: _Memory, steps: Sequence[_Step]
) -> list[PGresult]:  # fmt: skip
    pgconn = connection.pgconn
    try:
        pgconn.enter_pipeline_mode()
        taught = _send(pgconn, steps, memory)
        while pgconn.flush():
            loop = asyncio.get_running_loop()
            await _wait(pgconn.socket, loop.add_writer, loop.remove_writer)
        results = await _read(pgconn)
        pgconn.exit_pipeline_mode()
    except BaseException:
        # Nobody knows what is still on its way: the pool makes another connection.
        with suppress(Exception):
            pgconn.get_cancel().cancel()
        pgconn.finish()
        raise
    # Until the sync PostgreSQL takes all of it for one transaction, of which nothing is left after an error.
    # What it learnt before, it knows all the same.
    found: list[PGresult] = []
    for name, result in zip(taught, results, strict=True):
        if result.status in (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED):
            failed = next(one for one in results if one.status == ExecStatus.FATAL_ERROR)
            raise psycopg.errors.error_from_result(failed, connection.info.encoding)
        if name is None:
            found.append(result)
        else:
            memory.names.add(name)
    return found


def _send(pgconn: PGconn, steps: Sequence[_Step], memory: _Memory) -> list[bytes | None]:
    """Put the steps on their way; for each answer that will come the name that is learnt with it, or None for rows."""
    taught: list[bytes | None] = []
    for prepared, values in steps:
        name = b"%s_%d" % (prepared.name, memory.times)
        if name not in memory.names and name not in taught:
            if len(memory.names) >= _MOST:
                pgconn.send_query_params(prepared.text, values)
                taught.append(None)
                continue
            pgconn.send_prepare(name, prepared.text)
            taught.append(name)
        pgconn.send_query_prepared(name, values)
        taught.append(None)
    pgconn.pipeline_sync()
    return taught


async def _read(pgconn: PGconn) -> list[PGresult]:
    """All answers up to the sync."""
    loop = asyncio.get_running_loop()
    results: list[PGresult] = []
    while True:
        await _wait(pgconn.socket, loop.add_reader, loop.remove_reader)
        pgconn.consume_input()
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)


async def _wait(fd: int, add: Callable[..., Any], remove: Callable[[int], Any]) -> None:
    ready = asyncio.get_running_loop().create_future()
    add(fd, _settle, ready)
    try:
        await ready
    finally:
        remove(fd)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
