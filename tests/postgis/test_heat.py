# SPDX-License-Identifier: Apache-2.0
"""Heat by BeiDou cell: the standard's cells with their codes, each counted once, the same from every tile."""

from __future__ import annotations

from collections import Counter

import mapbox_vector_tile
import numpy as np
import pytest

from layers.filter import Filter
from layers.heat import find_level, select_heat
from layers.registry import find_layer
from layers.tile import EXTENT, TILE_MATRIX_SETS, Tile, find_span
from tests.toy import load_toy
from twin import beidou
from twin.database import Connection, connect
from twin.settings import Settings

LAYER = find_layer("incidents")


def draw(connection: Connection, tile: Tile) -> dict[str, tuple[int, int, list[list[int]]]]:
    """By code: count, id, ring."""
    statement = select_heat(LAYER, tile, Filter())
    row = connection.execute(statement.text, statement.values).fetchone()
    assert row is not None
    decoded = mapbox_vector_tile.decode(bytes(row[0]), default_options={"y_coord_down": True}) if row[0] else {}
    features = decoded[LAYER.id]["features"] if decoded else []
    codes = [feature["properties"]["code"] for feature in features]
    assert len(set(codes)) == len(codes)
    return {
        f["properties"]["code"]: (f["properties"]["count"], f["id"], f["geometry"]["coordinates"][0]) for f in features
    }


@pytest.mark.parametrize("matrix_set", ["WebMercatorQuad", "CGCS2000Quad"])
@pytest.mark.parametrize("corner", [(114.0, 22.5), (-0.1, -0.1), (-58.6, -34.7)])
def test_every_cell_has_its_code_its_count_and_its_place(
    database: Settings, corner: tuple[float, float], matrix_set: str
) -> None:
    load_toy(database)
    random = np.random.default_rng(3)
    dots = [(corner[0] + float(x), corner[1] + float(y)) for x, y in random.uniform(0, 0.2, (250, 2))]
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM incident")
        cursor.executemany(
            "INSERT INTO incident (source_id, local_id, event_scheme, event_type, state, occurred_at, block_code, "
            "access_class, geometry) VALUES ('dots', %s, 'dots', 'dot', 'accepted', now(), '~', 1, "
            "ST_SetSRID(ST_Point(%s, %s), 4490))",
            [(str(n), *dot) for n, dot in enumerate(dots)],
        )
        box = (corner[0], corner[1], corner[0] + 0.2, corner[1] + 0.2)
        for zoom in (5, 9, 12, 14):
            columns, rows = find_span(TILE_MATRIX_SETS[matrix_set], zoom, box)
            tiles = [Tile(zoom, x, y, matrix_set) for x in columns for y in rows]
            if len(tiles) > 40:
                tiles = tiles[:: len(tiles) // 40]
            seen: dict[str, tuple[int, int]] = {}
            for tile in tiles:
                level = find_level(tile)
                meant = Counter(beidou.encode(lon, lat, level) for lon, lat in dots)
                drawn = draw(connection, tile)
                for code, (count, feature_id, ring) in drawn.items():
                    assert meant[code] == count
                    assert seen.setdefault(code, (count, feature_id)) == (count, feature_id)
                    if matrix_set == "CGCS2000Quad":
                        cell = beidou.decode(code)
                        west, south, east, north = tile.degrees()
                        left = np.clip((cell.west - west) / (east - west) * EXTENT, -EXTENT, 2 * EXTENT)
                        top = np.clip((north - cell.north) / (north - south) * EXTENT, -EXTENT, 2 * EXTENT)
                        assert min(x for x, _ in ring) == pytest.approx(left, abs=1)
                        assert min(y for _, y in ring) == pytest.approx(top, abs=1)
                west, south, east, north = tile.degrees()
                inside = {
                    beidou.encode(lon, lat, level) for lon, lat in dots if west < lon < east and south < lat < north
                }
                assert inside <= drawn.keys()
