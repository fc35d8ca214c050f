# SPDX-License-Identifier: Apache-2.0
"""What a tile draws lies where it belongs, and over all tiles of a zoom nothing is drawn twice or lost."""

from __future__ import annotations

from itertools import product

import mapbox_vector_tile
import numpy as np
import pytest
from pyproj import Transformer

from layers.filter import Filter
from layers.layer import Layer
from layers.registry import find_layer
from layers.tile import EXTENT, TILE_MATRIX_SETS, Tile
from layers.tile_query import select_tile
from tests.toy import load_toy
from twin.database import Connection, connect
from twin.settings import Settings

_TO_MERCATOR = Transformer.from_crs(4326, 3857, always_xy=True)


def draw(connection: Connection, layer: Layer, tile: Tile) -> list[dict[str, object]]:
    statement = select_tile(layer, tile, Filter(), 4, 64)
    assert statement is not None
    row = connection.execute(statement.text, statement.values).fetchone()
    assert row is not None
    decoded = mapbox_vector_tile.decode(bytes(row[0] or b""), default_options={"y_coord_down": True})
    return decoded[layer.id]["features"] if decoded else []


def find_tile(lon: float, lat: float, zoom: int, matrix_set: str) -> Tile:
    """By trying: the tile whose degrees hold the point."""
    tile = Tile(0, 0, 0, matrix_set)
    roots = [Tile(z, x, 0, matrix_set) for z, x in product((0, 1), (0, 1)) if Tile(z, x, 0, matrix_set).exists]
    tile = next(root for root in roots if root.degrees()[0] <= lon < root.degrees()[2])
    while tile.z < zoom:
        children = [tile._replace(z=tile.z + 1, x=2 * tile.x + x, y=2 * tile.y + y) for x, y in product((0, 1), (0, 1))]
        tile = next(
            child for child in children
            if child.degrees()[0] <= lon < child.degrees()[2] and child.degrees()[1] < lat <= child.degrees()[3]
        )  # fmt: skip
    return tile


@pytest.mark.parametrize("lat", [0.4, 22.6, 52.9, 71.2])
def test_a_corner_is_drawn_where_its_projection_has_it(database: Settings, lat: float) -> None:
    load_toy(database)
    lon = 114.0001
    ring = [(lon, lat), (lon + 0.011, lat), (lon + 0.011, lat + 0.007), (lon, lat + 0.007)]
    text = ", ".join(f"{x} {y}" for x, y in [*ring, ring[0]])
    layer = find_layer("parcels")
    with connect(database) as connection:
        connection.execute(
            "INSERT INTO parcel (source_id, local_id, block_code, access_class, geometry) "
            f"VALUES ('shape', '1', '~', 1, 'SRID=4490;POLYGON(({text}))')".encode()
        )
        for matrix_set, zoom in product(sorted(TILE_MATRIX_SETS), range(10, 17)):
            tile = find_tile(lon + 0.003, lat + 0.002, zoom, matrix_set)
            if layer.find_zoom(min(tile.detail, layer.maxzoom)) is None:
                continue
            features = draw(connection, layer, tile)
            assert len(features) == 1, tile
            drawn = np.array(features[0]["geometry"]["coordinates"][0])  # type: ignore[index]
            west, south, east, north = tile.degrees()
            x, y = np.array(ring).T
            if matrix_set == "WebMercatorQuad":
                x, y = _TO_MERCATOR.transform(x, y)
                west, south, east, north = tile.box()
            meant = np.column_stack([(x - west) / (east - west), (north - y) / (north - south)]) * EXTENT
            for corner in meant:
                if (np.abs(corner - EXTENT / 2) < EXTENT / 2 + 64).all():
                    assert np.abs(drawn - corner).max(axis=1).min() <= 1.6, (tile, corner)


@pytest.mark.parametrize("matrix_set", sorted(TILE_MATRIX_SETS))
def test_counted_cells_of_a_zoom_add_up_to_the_table(database: Settings, matrix_set: str) -> None:
    load_toy(database)
    layer = find_layer("incidents")
    base = find_tile(114.02, 22.52, 10, matrix_set)
    # Dots all over four tiles, and on the very edges and the corner that they share.
    west, south, east, north = base.degrees()
    random = np.random.default_rng(3)
    lon = [*random.uniform(west, 2 * east - west, 300), east, east, west, float(np.nextafter(east, 0))]
    lat = [*random.uniform(2 * south - north, north, 300), south, (south + north) / 2, south, south]
    with connect(database) as connection:
        before = connection.execute("SELECT count(*) FROM incident WHERE geometry IS NOT NULL").fetchone()
        connection.execute("DELETE FROM incident")
        for number, (x, y) in enumerate(zip(lon, lat, strict=True)):
            connection.execute(
                "INSERT INTO incident (source_id, local_id, event_scheme, event_type, state, occurred_at, block_code, "
                "access_class, geometry) VALUES ('dots', %s, 'dots', 'dot', 'accepted', now(), '~', 1, "
                "ST_SetSRID(ST_Point(%s, %s), 4490))",
                (str(number), float(x), float(y)),
            )
        assert before is not None
        around = [base._replace(x=base.x + x, y=base.y + y) for x, y in product((-1, 0, 1, 2), (-1, 0, 1, 2))]
        counts = [feature["properties"].get("count", 1) for tile in around for feature in draw(connection, layer, tile)]  # type: ignore[union-attr]
    assert sum(counts) == len(lon)
