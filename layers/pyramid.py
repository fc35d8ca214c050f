# SPDX-License-Identifier: Apache-2.0
"""The counted cells of a layer, kept: what its tiles of far zooms are put together from in place of every feature.

Cells are kept at one level, of Web Mercator; a coarser one is a square of those. They are of all the features there
are, so only who reaches every block is shown them, and of each access class apart. Whether they hold what the table
holds is told by the change log, tile by tile (decision 013).
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, Final

from psycopg.sql import SQL, Composable, Literal

from layers import business
from layers.conditions import Statement, name_column
from layers.layer import Layer, Property, Zoom
from layers.tile import EXTENT, MERCATOR_LIMIT, WEB_MERCATOR, Box, Tile, to_world
from layers.tile_query import PIXEL, write_cells
from twin.model.table import STORAGE_SRID

LEVEL: Final = 18
"""The world's width is cut into 2 to this power: cells of 153 m on the equator."""

_OUTPUT: Final = {"integer": SQL("bigint"), "number": SQL("double precision")}


def keeps_cells(layer: Layer) -> bool:
    """Whether there is a zoom at which the layer is drawn from cells that are kept."""
    return any(_is_kept(layer, rule, rule.minzoom) for rule in layer.zooms)


def digest_declaration(layer: Layer) -> str:
    """Changes with whatever the kept cells depend on beside the rows."""
    told = repr((LEVEL, layer.sql, [(p.name, p.aggregate) for p in _folded(layer)]))
    return hashlib.sha256(told.encode()).hexdigest()


def select_kept(layer: Layer, tile: Tile, access_class: int) -> Statement | None:
    """A vector tile out of kept cells: one row (bytes, highest access class in it, whether they are current).

    None where the tile is not drawn from such.
    """
    rule = layer.find_zoom(min(tile.z, layer.maxzoom))
    if rule is None or tile.matrix_set != WEB_MERCATOR or not _is_kept(layer, rule, tile.z):
        return None
    west, south, east, north = tile.lonlat_box()
    finer = LEVEL - tile.z
    values: dict[str, Any] = {
        "layer": layer.id, "declaration": digest_declaration(layer),
        "low_lon": west, "low_lat": south, "high_lon": east, "high_lat": north,
        "first_x": tile.x << finer, "first_y": tile.y << finer, "cells": 1 << finer,
        "coarser": LEVEL - _level(rule, tile.z), "unit": rule.cell * PIXEL, "scale": EXTENT / (1 << finer),
    }  # fmt: skip
    shown = tuple(p for p in layer.properties_for(access_class) if p.in_tiles)
    folded = [
        SQL("{}(folded[{}])::{} AS {}").format(
            SQL(p.aggregate or "max"), Literal(number), _OUTPUT[p.type], name_column(p.name)
        )
        for number, p in enumerate(_folded(layer), 1)
        if p in shown
    ]
    drawn = (
        SQL("ST_Point(round(sum((cell_x - %(first_x)s) * rows + x_sum) / sum(rows) * %(scale)s), "
            "round(sum((cell_y - %(first_y)s) * rows + y_sum) / sum(rows) * %(scale)s))")
        if layer.geometry == "point"
        else SQL("ST_MakeEnvelope(tile_column * %(unit)s, tile_row * %(unit)s, "
                 "(tile_column + 1) * %(unit)s, (tile_row + 1) * %(unit)s)")
    )  # fmt: skip
    columns = [SQL("min(first_id) AS id, sum(rows)::bigint AS count, max(access_class) AS access_class"), *folded]
    cells = SQL(
        """
        SELECT {columns}, {drawn} AS geom
        FROM (SELECT *, (cell_x - %(first_x)s) >> %(coarser)s AS tile_column,
                     (cell_y - %(first_y)s) >> %(coarser)s AS tile_row
              FROM tile_cell
              WHERE layer = %(layer)s AND cell_x >= %(first_x)s AND cell_x < %(first_x)s + %(cells)s
                AND cell_y >= %(first_y)s AND cell_y < %(first_y)s + %(cells)s) AS kept
        GROUP BY tile_column, tile_row
        """
    ).format(columns=SQL(", ").join(columns), drawn=drawn)
    written = write_cells(cells, shown, values)
    fresh = SQL(
        "SELECT tile.*, are_cells_current(%(layer)s, %(declaration)s, "
        "ST_MakeEnvelope(%(low_lon)s, %(low_lat)s, %(high_lon)s, %(high_lat)s, {})) FROM ({}) AS tile"
    ).format(Literal(STORAGE_SRID), written.text)
    return Statement(fresh, values)


def forget_cells(layer: Layer, box: Box | None = None) -> Statement:
    """Takes away what is kept of a layer, or what lies in the cells that a box (degrees) touches."""
    where, values = _in_cells(box)
    text = SQL("DELETE FROM tile_cell WHERE layer = %(layer)s {}").format(where)
    return Statement(text, values | {"layer": layer.id})


def count_cells(layer: Layer, box: Box | None = None) -> Statement:
    """Counts a layer's features into cells: all of them, or those in the cells that a box (degrees) touches."""
    where, values = _in_cells(box)
    found: Composable = SQL("")
    if box is not None:
        found = SQL("AND geometry && ST_MakeEnvelope(%(low_lon)s, %(low_lat)s, %(high_lon)s, %(high_lat)s, {})").format(
            Literal(STORAGE_SRID)
        )
    folded = [SQL("{}({})::float8").format(SQL(p.aggregate or "max"), name_column(p.name)) for p in _folded(layer)]
    text = SQL(
        """
        INSERT INTO tile_cell (layer, cell_x, cell_y, access_class, rows, first_id, x_sum, y_sum, folded)
        SELECT %(layer)s, cell_x, cell_y, access_class, count(*), min(id), sum(tile_across - cell_x),
               sum(tile_down - cell_y), ARRAY[{folded}]::float8[]
        FROM (SELECT *, floor(tile_across)::int AS cell_x, floor(tile_down)::int AS cell_y
              FROM (SELECT *, (tile_lon + 180) / 360 * %(world)s AS tile_across,
                           (1 - ln(tan(pi() / 4 + radians(tile_lat) / 2)) / pi()) / 2 * %(world)s AS tile_down
                    FROM (SELECT *, (ST_XMin(geometry) + ST_XMax(geometry)) / 2 AS tile_lon,
                                 (ST_YMin(geometry) + ST_YMax(geometry)) / 2 AS tile_lat
                          FROM ({source}) AS feature
                          WHERE ST_YMin(geometry) >= -{limit} AND ST_YMax(geometry) <= {limit} {found}) AS placed
                   ) AS measured) AS feature
        WHERE true {where}
        GROUP BY cell_x, cell_y, access_class
        """
    ).format(
        folded=SQL(", ").join(folded), source=SQL(layer.sql), limit=Literal(MERCATOR_LIMIT), found=found, where=where
    )
    return Statement(text, values | {"layer": layer.id, "world": 2**LEVEL})


def _in_cells(box: Box | None) -> tuple[Composable, dict[str, Any]]:
    if box is None:
        return SQL(""), {}
    world = to_world(box)
    count = 1 << LEVEL
    # A cell more on each side: rounding must not leave a feature in a cell that is not counted anew.
    first_x, last_x = math.floor(world.xmin * count) - 1, math.floor(world.xmax * count) + 1
    first_y, last_y = math.floor(world.mercator[0] * count) - 1, math.floor(world.mercator[1] * count) + 1
    low = Tile(LEVEL, first_x, last_y).degrees()
    high = Tile(LEVEL, last_x, first_y).degrees()
    return SQL(
        "AND cell_x BETWEEN %(first_x)s AND %(last_x)s AND cell_y BETWEEN %(first_y)s AND %(last_y)s"
    ), {
        "first_x": first_x, "last_x": last_x, "first_y": first_y, "last_y": last_y,
        "low_lon": low[0], "low_lat": low[1], "high_lon": high[2], "high_lat": high[3],
    }  # fmt: skip


def _folded(layer: Layer) -> list[Property]:
    return [p for p in layer.properties if p.in_tiles and p.aggregate is not None]


def _level(rule: Zoom, zoom: int) -> int:
    """The level of a rule's cells; a fraction has none."""
    return zoom + (256 // rule.cell).bit_length() - 1


def _is_kept(layer: Layer, rule: Zoom, zoom: int) -> bool:
    is_plain = rule.cell > 0 and not rule.smallest and rule.where is None and 256 % rule.cell == 0
    can_fold = all(p.type in _OUTPUT and p.aggregate in ("min", "max", "sum") for p in _folded(layer))
    return layer.kind != business.KIND and is_plain and can_fold and _level(rule, zoom) <= LEVEL
