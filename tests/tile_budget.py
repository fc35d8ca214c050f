# SPDX-License-Identifier: Apache-2.0
"""Whether the tiles of a layer keep what its zoom rules promise: size, every id, and counts that add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import mapbox_vector_tile

from layers.filter import Filter
from layers.layer import Layer
from layers.tile import TILE_MATRIX_SETS as MATRIX_SETS
from layers.tile import Box, Tile, find_span
from layers.tile_query import select_tile
from twin.database import Connection

MOST_BYTES = 500_000
"""Of a tile, uncompressed."""

_ALL_TILES = 60
"""So many tiles of a zoom are looked at one by one; of more, the fullest."""

_FULLEST = 3
_BUFFER = 64
_CLASS = 4
_WEB_MERCATOR = MATRIX_SETS["WebMercatorQuad"]


def check_tiles(connection: Connection, layer: Layer) -> list[str]:
    """What is wrong with the layer's tiles of everything that the connection sees; nothing, it is to be hoped."""
    counted = connection.execute(
        f"SELECT count(*), ST_XMin(ST_Extent(geometry)), ST_YMin(ST_Extent(geometry)), ST_XMax(ST_Extent(geometry)), "
        f"ST_YMax(ST_Extent(geometry)) FROM ({layer.sql}) AS feature WHERE geometry IS NOT NULL".encode()
    ).fetchone()
    assert counted is not None
    features, box = counted[0], counted[1:]
    if not features:
        return [f"{layer.id}: no features to draw"]
    problems: list[str] = []
    for zoom in range(layer.minzoom, layer.maxzoom + 1):
        tiles = list(islice(_tiles_of(zoom, box), _ALL_TILES + 1))
        is_all = len(tiles) <= _ALL_TILES
        if not is_all:
            tiles = _find_fullest(connection, layer, zoom)
        counts: dict[int, int] = {}
        for tile in tiles:
            drawn, size = _draw(connection, layer, tile)
            where = f"{layer.id} {tile.z}/{tile.y}/{tile.x}"
            if size > MOST_BYTES:
                problems.append(f"{where}: {size:,} bytes")
            if zoom >= layer.complete_from_zoom:
                missing = _ids_in(connection, layer, tile) - drawn.keys()
                if missing:
                    problems.append(f"{where}: {len(missing)} features are missing, one is {min(missing)}")
                if any(count != 1 for count in drawn.values()):
                    problems.append(f"{where}: features are counted where each should be drawn")
            counts.update(drawn)
        if is_all and sum(counts.values()) != features:
            problems.append(f"{layer.id} at zoom {zoom}: {sum(counts.values()):,} of {features:,} are counted")
    return problems


def _tiles_of(zoom: int, box: Box) -> Iterator[Tile]:
    columns, rows = find_span(_WEB_MERCATOR, zoom, box)
    return (Tile(zoom, column, row) for row in rows for column in columns)


def _find_fullest(connection: Connection, layer: Layer, zoom: int) -> Iterable[Tile]:
    rows = connection.execute(
        f"""
        SELECT floor((lon + 180) / 360 * 2 ^ %(zoom)s)::int AS x,
               floor((1 - asinh(tan(radians(lat))) / pi()) / 2 * 2 ^ %(zoom)s)::int AS y
        FROM (SELECT (ST_XMin(geometry) + ST_XMax(geometry)) / 2 AS lon,
                     (ST_YMin(geometry) + ST_YMax(geometry)) / 2 AS lat
              FROM ({layer.sql}) AS feature WHERE geometry IS NOT NULL) AS middle
        GROUP BY x, y ORDER BY count(*) DESC, x, y LIMIT %(most)s
        """.encode(),
        {"zoom": zoom, "most": _FULLEST},
    ).fetchall()
    return [Tile(zoom, x, y) for x, y in rows]


def _draw(connection: Connection, layer: Layer, tile: Tile) -> tuple[dict[int, int], int]:
    """How many features each id of the tile stands for, and the tile's bytes."""
    statement = select_tile(layer, tile, Filter(), _CLASS, _BUFFER)
    assert statement is not None
    row = connection.execute(statement.text, statement.values).fetchone()
    assert row is not None
    data = bytes(row[0] or b"")
    decoded = mapbox_vector_tile.decode(data) if data else {}
    features = decoded[layer.id]["features"] if decoded else []
    return {feature["id"]: feature["properties"].get("count", 1) for feature in features}, len(data)


def _ids_in(connection: Connection, layer: Layer, tile: Tile) -> set[int]:
    """The features that lie in the tile, made a little smaller, since what only touches it may be cut off."""
    west, south, east, north = tile.degrees()
    shrink = (east - west) / 1024
    rows = connection.execute(
        f"SELECT id FROM ({layer.sql}) AS feature WHERE ST_Intersects(geometry, "
        "ST_MakeEnvelope(%s, %s, %s, %s, 4490))".encode(),
        (west + shrink, south + shrink, east - shrink, north - shrink),
    ).fetchall()
    return {row[0] for row in rows}
