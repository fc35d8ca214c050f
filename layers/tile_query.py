# SPDX-License-Identifier: Apache-2.0
"""Composes the SQL of vector tiles: features cut and scaled to the tile, or counted in cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg.sql import SQL, Composable, Composed, Literal

from layers.conditions import Statement, list_columns, name_column, narrow, write_where
from layers.filter import Filter
from layers.layer import Layer, Property, Zoom
from layers.tile import EXTENT, Tile
from twin.model.table import STORAGE_SRID, TILE_SRID

PIXEL: Final = EXTENT // 256

_FAST_FROM_ZOOM: Final = 11
"""From here on few polygons collapse to nothing, so the plain scaling of whole features pays."""

_BUFFERED: Final = SQL("ST_MakeEnvelope(%(outer_west)s, %(outer_south)s, %(outer_east)s, %(outer_north)s, {})").format(
    Literal(TILE_SRID)
)

_IN_DEGREES: Final = SQL("ST_MakeEnvelope(%(low_lon)s, %(low_lat)s, %(high_lon)s, %(high_lat)s, {})").format(
    Literal(STORAGE_SRID)
)

_TILE: Final = SQL("ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, {})").format(Literal(TILE_SRID))


def select_tile(layer: Layer, tile: Tile, narrowed: Filter, access_class: int, buffer: int) -> Statement | None:
    """A vector tile: one row (bytes, highest access class in it). None where the layer has none."""
    rule = layer.find_zoom(min(tile.z, layer.maxzoom))
    if rule is None:
        return None
    values: dict[str, Any] = {"layer": layer.id, "buffer": buffer, **_tile_values(tile, buffer)}
    # By degrees: a tile is a box in those as well, so one spatial index serves tiles and everything else.
    conditions = [SQL("geometry && {}").format(_IN_DEGREES), *narrow(layer, narrowed, values)]
    if rule.where is not None:
        conditions.append(SQL("({})").format(SQL(rule.where)))
    if rule.smallest:
        conditions.append(
            SQL(
                "greatest(ST_XMax(geometry_3857) - ST_XMin(geometry_3857), "
                "ST_YMax(geometry_3857) - ST_YMin(geometry_3857)) >= %(smallest)s"
            )
        )
        values["smallest"] = rule.smallest * tile.side / 256
    shown = tuple(p for p in layer.properties_for(access_class) if p.in_tiles)
    if rule.cell:
        return Statement(_cells(layer, rule, shown, conditions, values), values)
    columns = SQL("{}, {}").format(
        list_columns(shown, "feature"), SQL("feature.id, {} AS geom").format(_tile_geometry(tile, rule, values))
    )
    # No filter on the tile geometry here: it would be computed twice, and ST_AsMVT skips what is empty.
    text = SQL(
        "SELECT ST_AsMVT(shown, %(layer)s, {extent}, 'geom', 'id'), max(feature.access_class) "
        "FROM (SELECT * FROM ({source}) AS feature {where}) AS feature, LATERAL (SELECT {columns}) AS shown"
    ).format(extent=Literal(EXTENT), source=SQL(layer.sql), columns=columns, where=write_where(conditions))
    return Statement(text, values)


def _tile_values(tile: Tile, buffer: int) -> dict[str, float]:
    west, south, east, north = tile.box()
    outer = tile.box(buffer)
    degrees = tile.lonlat_box(buffer)
    return {
        "west": west, "south": south, "east": east, "north": north, "factor": EXTENT / tile.side,
        "outer_west": outer[0], "outer_south": outer[1], "outer_east": outer[2], "outer_north": outer[3],
        "low_lon": degrees[0], "low_lat": degrees[1], "high_lon": degrees[2], "high_lat": degrees[3],
    }  # fmt: skip


def _tile_geometry(tile: Tile, rule: Zoom, values: dict[str, Any]) -> Composable:
    source: Composable = SQL("feature.geometry_3857")
    if rule.simplify:
        source = SQL("ST_Simplify(feature.geometry_3857, %(tolerance)s, true)")
        values["tolerance"] = rule.simplify * tile.side / 256
    clipped = SQL("ST_AsMVTGeom({}, {}, {}, %(buffer)s, true)").format(source, _TILE, Literal(EXTENT))
    if tile.z < _FAST_FROM_ZOOM or rule.simplify:
        return clipped
    # A feature wholly inside needs no clipping; its rings are stored counter-clockwise, as tiles want them
    # once y points down.
    return SQL(
        "CASE WHEN feature.geometry_3857 @ {} THEN "
        "ST_SnapToGrid(ST_TransScale(feature.geometry_3857, -%(west)s, -%(north)s, %(factor)s, -%(factor)s), 1) "
        "ELSE {} END"
    ).format(_BUFFERED, clipped)


def _cells(
    layer: Layer,
    rule: Zoom,
    shown: Sequence[Property],
    conditions: Sequence[Composable],
    values: dict[str, Any],
) -> Composed:
    """Features counted in square cells; each feature is in the one cell that holds its box's centre."""
    values["unit"] = rule.cell * PIXEL
    across = SQL("(((ST_XMin(geometry_3857) + ST_XMax(geometry_3857)) / 2 - %(west)s) * %(factor)s)")
    down = SQL("((%(north)s - (ST_YMin(geometry_3857) + ST_YMax(geometry_3857)) / 2) * %(factor)s)")
    drawn = (
        SQL("ST_Point(round(avg(across)), round(avg(down)))")
        if layer.geometry == "point"
        else SQL(
            "ST_MakeEnvelope(cell_x * %(unit)s, cell_y * %(unit)s, (cell_x + 1) * %(unit)s, (cell_y + 1) * %(unit)s)"
        )
    )
    folded = [p for p in shown if p.aggregate is not None]
    aggregates = [
        SQL("{}({}) AS {}").format(SQL(p.aggregate or "max"), name_column(p.name), name_column(p.name)) for p in folded
    ]
    inside = SQL("across >= 0 AND across < {extent} AND down >= 0 AND down < {extent}").format(extent=Literal(EXTENT))
    return SQL(
        """
        SELECT ST_AsMVT(shown, %(layer)s, {extent}, 'geom', 'id'), max(cell.access_class)
        FROM (SELECT {aggregates}, {drawn} AS geom
              FROM (SELECT *, floor(across / %(unit)s)::int AS cell_x, floor(down / %(unit)s)::int AS cell_y
                    FROM (SELECT *, {across} AS across, {down} AS down FROM ({source}) AS feature {where}) AS placed
                    WHERE {inside}) AS feature
              GROUP BY cell_x, cell_y) AS cell,
             LATERAL (SELECT {columns}) AS shown
        """
    ).format(
        extent=Literal(EXTENT), drawn=drawn, across=across, down=down, source=SQL(layer.sql),
        where=write_where(conditions), inside=inside,
        aggregates=SQL(", ").join([
            SQL("min(id) AS id, count(*) AS count, max(access_class) AS access_class"), *aggregates,
        ]),
        columns=SQL(", ").join(
            name_column("cell", name) for name in ("id", "count", *(p.name for p in folded), "geom")
        ),
    )  # fmt: skip
