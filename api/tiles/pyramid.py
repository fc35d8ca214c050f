# SPDX-License-Identifier: Apache-2.0
"""Keeps the counted cells of layers current, from the change log: any writer's commit, psql's included."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final, LiteralString

from psycopg import AsyncConnection, IsolationLevel
from psycopg.errors import SerializationFailure
from psycopg.rows import TupleRow

from api.pool import Pool
from layers.layer import Layer
from layers.pyramid import count_cells, digest_declaration, forget_cells, keeps_cells
from layers.tile import Box

log = logging.getLogger("twin.api")

_MOST_BOXES: Final = 50
"""Of more changes than that a layer is counted anew as a whole."""

_BEGIN: LiteralString = """
    SELECT pg_try_advisory_xact_lock(hashtext('twin.tile_pyramid'), hashtext(%(layer)s)),
           (SELECT coalesce(max(seq), 0) FROM change),
           (SELECT seq FROM tile_pyramid WHERE layer = %(layer)s AND declaration = %(declaration)s)
"""

_CHANGED: LiteralString = """
    SELECT ST_XMin(envelope), ST_YMin(envelope), ST_XMax(envelope), ST_YMax(envelope), op = 'truncate'
    FROM change WHERE layer = %(layer)s AND seq > %(seq)s AND (envelope IS NOT NULL OR op = 'truncate')
    LIMIT %(most)s
"""

_FINISH: LiteralString = """
    INSERT INTO tile_pyramid (layer, declaration, seq) VALUES (%(layer)s, %(declaration)s, %(seq)s)
    ON CONFLICT (layer) DO UPDATE SET declaration = EXCLUDED.declaration, seq = EXCLUDED.seq
"""


async def fold_cells(pool: Pool, layers: Iterable[Layer]) -> None:
    """Counts anew what changed since the last time; another process that is at the same layer is left to it."""
    for layer in layers:
        if keeps_cells(layer):
            try:
                await _fold_layer(pool, layer)
            except SerializationFailure:
                log.info("another process counts the cells of %s", layer.id)


async def _fold_layer(pool: Pool, layer: Layer) -> None:
    async with pool.connection() as connection:
        # What is counted and up to which change must be of one moment.
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        try:
            async with connection.transaction():
                await _fold(connection, layer)
        finally:
            await connection.set_isolation_level(None)


async def _fold(connection: AsyncConnection[TupleRow], layer: Layer) -> None:
    about = {"layer": layer.id, "declaration": digest_declaration(layer)}
    row = await (await connection.execute(_BEGIN, about)).fetchone()
    assert row is not None
    is_ours, newest, counted = row
    if not is_ours or counted == newest:
        return
    boxes: list[Box] | None = None
    if counted is not None:
        changed = {**about, "seq": counted, "most": _MOST_BOXES + 1}
        rows = await (await connection.execute(_CHANGED, changed)).fetchall()
        if len(rows) <= _MOST_BOXES and not any(is_emptied for *_, is_emptied in rows):
            boxes = [(west, south, east, north) for west, south, east, north, _ in rows]
    for box in [None] if boxes is None else boxes:
        for statement in (forget_cells(layer, box), count_cells(layer, box)):
            await connection.execute(statement.text, statement.values)
    await connection.execute(_FINISH, {**about, "seq": newest})
