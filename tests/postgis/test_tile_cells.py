# SPDX-License-Identifier: Apache-2.0
"""Cells that are kept draw what the table holds, and say so only while they do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import mapbox_vector_tile
import numpy as np
import pytest

from api.pool import make_pool
from api.tiles.pyramid import fold_cells
from layers.filter import NO_FILTER
from layers.pyramid import select_kept
from layers.registry import find_layer
from layers.tile import TILE_MATRIX_SETS, Tile, find_span
from layers.tile_query import select_tile
from tests.toy import ORIGIN, load_toy
from twin.access import SET_ACTOR, Actor
from twin.database import Connection, connect
from twin.settings import Settings

LAYER = find_layer("incidents")
EVERYWHERE = Actor(role="wall", block_codes=(), access_class=2)
BOX = (ORIGIN[0] - 0.3, ORIGIN[1] - 0.3, ORIGIN[0] + 0.3, ORIGIN[1] + 0.3)
FAR = (ORIGIN[0] + 0.25, ORIGIN[1] + 0.25)


def count(settings: Settings) -> None:
    async def fold() -> None:
        async with make_pool(settings) as pool:
            await fold_cells(pool, [LAYER])

    asyncio.run(fold())


@contextmanager
def acting(settings: Settings, actor: Actor) -> Iterator[Connection]:
    with connect(settings) as connection:
        connection.execute(SET_ACTOR, actor.settings(0))
        yield connection


def tiles_at(zoom: int) -> list[Tile]:
    columns, rows = find_span(TILE_MATRIX_SETS["WebMercatorQuad"], zoom, BOX)
    return [Tile(zoom, x, y) for x in columns for y in rows]


def draw(
    connection: Connection, tile: Tile, *, is_kept: bool
) -> tuple[dict[tuple[int, int], tuple[int, int, int]], bool]:
    """By place: features, the lowest severity, the lowest id; and whether the cells are current."""
    statement = select_kept(LAYER, tile, 2) if is_kept else select_tile(LAYER, tile, NO_FILTER, 2, 64)
    assert statement is not None
    row = connection.execute(statement.text, statement.values).fetchone()
    assert row is not None
    decoded = mapbox_vector_tile.decode(bytes(row[0] or b"")) if row[0] else {}
    features = decoded[LAYER.id]["features"] if decoded else []
    return {
        tuple(f["geometry"]["coordinates"]): (f["properties"]["count"], f["properties"].get("severity", 0), f["id"])
        for f in features
    }, bool(row[2]) if is_kept else True  # fmt: skip


def compare(connection: Connection, zooms: tuple[int, ...] = (9, 10, 12)) -> None:
    for zoom in zooms:
        for tile in tiles_at(zoom):
            kept, is_current = draw(connection, tile, is_kept=True)
            meant, _ = draw(connection, tile, is_kept=False)
            assert is_current
            # A place is rounded to a unit, and what lies on the edge of a cell may be in either.
            assert len(kept) == len(meant)
            assert sorted(kept.values()) == sorted(meant.values())
            if kept:
                off = np.abs(np.array(sorted(kept)) - np.array(sorted(meant)))
                assert off.max() <= 1


@pytest.fixture
def dotted(database: Settings) -> Settings:
    """Incidents all over and around the toy district, of every class."""
    load_toy(database)
    random = np.random.default_rng(5)
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO incident (source_id, local_id, event_scheme, event_type, severity, state, occurred_at, "
            "block_code, access_class, geometry) VALUES ('dots', %s, 'dots', 'dot', %s, 'accepted', now(), '~', %s, "
            "ST_SetSRID(ST_Point(%s, %s), 4490))",
            [
                (
                    str(n),
                    1 + n % 4,
                    1 + n % 3,
                    float(random.uniform(BOX[0], BOX[2])),
                    float(random.uniform(BOX[1], BOX[3])),
                )
                for n in range(800)
            ],
        )
    return database


def test_kept_cells_draw_what_is_drawn_without_them(dotted: Settings) -> None:
    with acting(dotted, EVERYWHERE) as connection:
        assert not draw(connection, tiles_at(10)[0], is_kept=True)[1], "nothing was counted yet"
    count(dotted)
    with acting(dotted, EVERYWHERE) as connection:
        compare(connection)


def test_a_commit_makes_the_tiles_that_it_touches_stale_and_no_others(dotted: Settings) -> None:
    count(dotted)
    with connect(dotted) as writer:
        writer.execute("UPDATE incident SET geometry = ST_SetSRID(ST_Point(%s, %s), 4490) WHERE local_id = '7'", FAR)
        with acting(dotted, EVERYWHERE) as connection:
            assert all(draw(connection, tile, is_kept=True)[1] for tile in tiles_at(12)), "not committed yet"
        writer.commit()
    with acting(dotted, EVERYWHERE) as connection:
        stale = [tile for tile in tiles_at(12) if not draw(connection, tile, is_kept=True)[1]]
        assert 0 < len(stale) < len(tiles_at(12))
        west, south, east, north = zip(*(tile.degrees() for tile in stale), strict=True)
        assert min(west) <= FAR[0] <= max(east) and min(south) <= FAR[1] <= max(north)
    count(dotted)
    with acting(dotted, EVERYWHERE) as connection:
        compare(connection)


def test_whatever_is_written_cells_add_up_again(dotted: Settings) -> None:
    random = np.random.default_rng(11)
    count(dotted)
    for _ in range(6):
        with connect(dotted) as writer:
            for local_id in random.integers(0, 900, 12):
                x, y = float(random.uniform(BOX[0], BOX[2])), float(random.uniform(BOX[1], BOX[3]))
                match int(random.integers(0, 4)):
                    case 0:
                        writer.execute("DELETE FROM incident WHERE local_id = %s", (str(local_id),))
                    case 1:
                        writer.execute("UPDATE incident SET access_class = 1 + (access_class + 1) %% 3, severity = 2 "
                                       "WHERE local_id = %s", (str(local_id),))  # fmt: skip
                    case _:
                        writer.execute("UPDATE incident SET geometry = ST_SetSRID(ST_Point(%s, %s), 4490) "
                                       "WHERE local_id = %s", (x, y, str(local_id)))  # fmt: skip
        count(dotted)
        with acting(dotted, EVERYWHERE) as connection:
            compare(connection, (10,))
    with connect(dotted) as writer:
        writer.execute("TRUNCATE incident CASCADE")
    count(dotted)
    with connect(dotted) as connection:
        assert connection.execute("SELECT count(*) FROM tile_cell").fetchone() == (0,)


def test_who_reaches_only_some_blocks_is_shown_no_cell(dotted: Settings) -> None:
    count(dotted)
    some = Actor(role="grid_manager", block_codes=("990101001",), access_class=4)
    with acting(dotted, some) as connection:
        assert connection.execute("SELECT count(*) FROM tile_cell").fetchone() == (0,)
    with acting(dotted, Actor(role="public", block_codes=(), access_class=1)) as connection:
        row = connection.execute("SELECT min(access_class), max(access_class), sum(rows) FROM tile_cell").fetchone()
        held = connection.execute("SELECT count(*) FROM incident WHERE geometry IS NOT NULL").fetchone()
        assert row is not None and held is not None and row == (1, 1, held[0])
