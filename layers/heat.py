# SPDX-License-Identifier: Apache-2.0
"""A layer's features counted in cells of the BeiDou grid (GB/T 39409): the SQL of such a tile.

A cell is wherever it is whatever tile it is looked at from, so it is in every tile that it touches with the same
number, and its code leads to it. The level follows the zoom.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg.sql import SQL, Composable, Literal

from layers.conditions import Statement, narrow, write_where
from layers.filter import Filter
from layers.layer import Layer
from layers.tile import EXTENT, Tile
from twin.beidou import LEVEL_WIDTHS, POLE, UNITS_PER_DEGREE, cell_size, write_code_sql
from twin.model.table import STORAGE_SRID

_SMALLEST: Final = 8
"""Pixels: a cell is no narrower."""


def find_level(tile: Tile) -> int:
    """The finest level whose cells can be told apart on a tile of this zoom, 1 to 10."""
    pixel = 360 / (1 << tile.detail) / 256 * UNITS_PER_DEGREE
    wide = [level for level in range(1, len(LEVEL_WIDTHS) + 1) if cell_size(level)[0] >= _SMALLEST * pixel]
    return max(wide, default=1)


def select_heat(layer: Layer, tile: Tile, narrowed: Filter) -> Statement:
    """One row: the tile's bytes, with `code`, `count` and `level` of each cell; the highest class of a feature."""
    level = find_level(tile)
    width, height = cell_size(level)
    west, south, east, north = tile.degrees()
    margin = (width / UNITS_PER_DEGREE, height / UNITS_PER_DEGREE)
    values: dict[str, Any] = {
        "layer": layer.id, "level": level, "width": width, "height": height, "units": UNITS_PER_DEGREE,
        "west": west, "south": south, "east": east, "north": north, "pole": POLE,
        "low_lon": west - margin[0], "low_lat": south - margin[1],
        "high_lon": east + margin[0], "high_lat": north + margin[1],
    }  # fmt: skip
    conditions = [
        SQL("geometry && ST_MakeEnvelope(%(low_lon)s, %(low_lat)s, %(high_lon)s, %(high_lat)s, {})").format(
            Literal(STORAGE_SRID)
        ),
        *narrow(layer, narrowed, values),
    ]
    text = SQL(
        """
        SELECT ST_AsMVT(shown, %(layer)s, {extent}, 'geom', 'id'), max(cell.access_class)
        FROM (SELECT min(id) AS id, count(*) AS count, max(access_class) AS access_class, is_west, is_south,
                     cell_column, cell_row,
                     (CASE WHEN is_west THEN -(cell_column + 1) ELSE cell_column END) * %(width)s::float8
                     / %(units)s AS cell_west,
                     (CASE WHEN is_south THEN -(cell_row + 1) ELSE cell_row END) * %(height)s::float8
                     / %(units)s AS cell_south
              FROM (SELECT id, access_class, tile_lon < 0 AS is_west, tile_lat < 0 AS is_south,
                           floor(abs(tile_lon) * %(units)s + 1e-5)::bigint / %(width)s AS cell_column,
                           floor(abs(tile_lat) * %(units)s + 1e-5)::bigint / %(height)s AS cell_row
                    FROM (SELECT id, access_class, (ST_XMin(geometry) + ST_XMax(geometry)) / 2 AS tile_lon,
                                 (ST_YMin(geometry) + ST_YMax(geometry)) / 2 AS tile_lat
                          FROM ({source}) AS feature {where}) AS placed
                    WHERE abs(tile_lat) < %(pole)s) AS measured
              GROUP BY is_west, is_south, cell_column, cell_row) AS cell,
             LATERAL (SELECT cell.id, {code} AS code, cell.count, %(level)s AS level,
                             ST_MakeEnvelope({left}, {bottom}, {right}, {top}) AS geom) AS shown
        WHERE cell_west < %(east)s AND cell_west + %(width)s::float8 / %(units)s > %(west)s
          AND cell_south < %(north)s AND cell_south + %(height)s::float8 / %(units)s > %(south)s
        """
    ).format(
        extent=Literal(EXTENT), source=SQL(layer.sql), where=write_where(conditions),
        code=SQL(write_code_sql(level, "cell_column", "cell_row")),
        left=_across(SQL("cell_west")), right=_across(SQL("cell_west + %(width)s::float8 / %(units)s")),
        top=_down(tile, SQL("cell_south")), bottom=_down(tile, SQL("cell_south + %(height)s::float8 / %(units)s")),
    )  # fmt: skip
    if not tile.is_straight:
        metres = tile.box()
        values |= {"north_m": metres[3], "per_metre": EXTENT / (metres[3] - metres[1])}
    return Statement(text, values)


def _across(lon: Composable) -> Composable:
    """Tile units, no further out than a tile on either side."""
    place = SQL("({} - %(west)s) / (%(east)s - %(west)s) * {}").format(lon, Literal(EXTENT))
    return SQL("round(greatest({}, least({}, {})))").format(Literal(-EXTENT), Literal(2 * EXTENT), place)


def _down(tile: Tile, lat: Composable) -> Composable:
    if tile.is_straight:
        place = SQL("(%(north)s - ({})) / (%(north)s - %(south)s) * {}").format(lat, Literal(EXTENT))
    else:
        place = SQL(
            "(%(north_m)s - 6378137 * ln(tan(pi() / 4 + radians(greatest(-85, least(85, {}))) / 2))) * %(per_metre)s"
        ).format(lat)
    return SQL("round(greatest({}, least({}, {})))").format(Literal(-EXTENT), Literal(2 * EXTENT), place)
