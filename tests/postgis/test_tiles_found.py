# SPDX-License-Identifier: Apache-2.0
"""A tile's query finds by degrees what the tile holds in Web Mercator, and finds it by the index."""

from __future__ import annotations

import numpy as np
import pytest

from layers.filter import Filter
from layers.registry import find_layer
from layers.tile import Tile
from layers.tile_query import select_tile
from tests.toy import ORIGIN, STEP, load_toy
from twin.database import connect
from twin.settings import Settings


@pytest.fixture
def dotted(database: Settings) -> Settings:
    """Twenty thousand small squares over the toy district, each its own row."""
    load_toy(database)
    with connect(database) as connection:
        connection.execute(
            """
            INSERT INTO building (source_id, local_id, block_code, geometry)
            SELECT 'dots', n::text, '~', ST_Expand(ST_SetSRID(ST_Point(%(x)s + (n %% 200) * %(step)s,
                   %(y)s + (n / 200) * %(step)s), 4490), 0.00001)
            FROM generate_series(0, 19999) AS n
            """,
            {"x": ORIGIN[0], "y": ORIGIN[1], "step": STEP / 50},
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE building")
    return database


def test_tiles_find_by_degrees_exactly_what_meets_them(dotted: Settings) -> None:
    layer = find_layer("buildings")
    random = np.random.default_rng(7)
    with connect(dotted) as connection:
        for zoom in (14, 16, 18):
            lon, lat = (ORIGIN[side] + float(random.uniform(0, 2 * STEP)) for side in (0, 1))
            column = int((lon + 180) / 360 * 2**zoom)
            row = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**zoom)
            tile = Tile(zoom, column, row)
            statement = select_tile(layer, tile, Filter(), 4, 64)
            assert statement is not None
            plan = connection.execute(b"EXPLAIN " + statement.text.as_bytes(connection), statement.values).fetchall()
            assert "building_geometry_idx" in " ".join(line[0] for line in plan)
            found = connection.execute(
                "SELECT array_agg(id ORDER BY id) FROM building "
                "WHERE geometry && ST_MakeEnvelope(%s, %s, %s, %s, 4490)", tile.lonlat_box(64),
            ).fetchone()  # fmt: skip
            held = connection.execute(
                "SELECT array_agg(id ORDER BY id) FROM building "
                "WHERE ST_Transform(geometry, 3857) && ST_MakeEnvelope(%s, %s, %s, %s, 3857)", tile.box(64),
            ).fetchone()  # fmt: skip
            assert found == held and found is not None and found[0]
