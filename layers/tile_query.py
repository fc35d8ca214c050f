# SPDX-License-Identifier: Apache-2.0
"""Composes the SQL of vector tiles: features cut and scaled to the tile, or counted in cells.

A feature is stored in degrees and nowhere else. A tile of evenly spaced latitudes is a linear map of those, and so,
to a fraction of a pixel, is a small tile of Web Mercator: only the large ones of that transform what they draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

from psycopg.sql import SQL, Composable, Composed, Literal

from layers.conditions import Statement, list_columns, name_column, narrow, write_where
from layers.filter import Filter
from layers.layer import Geometry, Layer, Property, PropertyType, Zoom
from layers.tile import EXTENT, MERCATOR_LIMIT, Tile
from twin.model.table import STORAGE_SRID

PIXEL: Final = EXTENT // 256

_TILE_SRID: Final = 3857

_FOUND_IN: Final = SQL("ST_MakeEnvelope(%(low_lon)s, %(low_lat)s, %(high_lon)s, %(high_lat)s, {})").format(
    Literal(STORAGE_SRID)
)

_SQL_TYPE: Final[dict[PropertyType, LiteralString]] = {
    "string": "text", "integer": "bigint", "number": "double precision", "boolean": "boolean",
    "datetime": "timestamptz",
}  # fmt: skip

_WIDE: Final = SQL("ST_XMax(tile_box) - ST_XMin(tile_box)")
_HIGH: Final = SQL("(ST_YMax(tile_box) - ST_YMin(tile_box)) / cos(radians(least(abs(ST_YMin(tile_box)), 85)))")
"""A box's sides in degrees of longitude or what is as long: the same whichever tile a feature is looked at from."""

_ALL: Final = SQL("true")
"""The condition on its box of a feature of whatever size."""

_LARGE: Final = SQL("greatest({}, {}) >= %(smallest)s").format(_WIDE, _HIGH)

_DRAWABLE: Final = SQL("ST_YMin(feature.geometry) >= {} AND ST_YMax(feature.geometry) <= {}").format(
    Literal(-MERCATOR_LIMIT), Literal(MERCATOR_LIMIT)
)
"""Beyond its limits Web Mercator has no place for a latitude."""


def select_tile(layer: Layer, tile: Tile, narrowed: Filter, access_class: int, buffer: int) -> Statement | None:
    """A vector tile: one row (bytes, highest access class in it). None where the layer has none."""
    rule = layer.find_zoom(min(tile.detail, layer.maxzoom))
    if rule is None:
        return None
    values: dict[str, Any] = {"layer": layer.id, "buffer": buffer, **_tile_values(tile, buffer)}
    conditions = [SQL("geometry && {}").format(_FOUND_IN), *narrow(layer, narrowed, values)]
    if rule.where is not None:
        conditions.append(SQL("({})").format(SQL(rule.where)))
    shown = tuple(p for p in layer.properties_for(access_class) if p.in_tiles)
    if rule.cell and not rule.smallest:
        return write_cells(_count_cells(layer, tile, rule, shown, conditions, values), shown, values)
    if not rule.smallest:
        names = ["id", *(["count"] if rule.stands_for else []), *(p.name for p in shown)]
        return Statement(_write_tile(_draw(layer, tile, rule, shown, conditions, values), names), values)
    values["smallest"] = rule.smallest * values["wide"] / 256
    drawn = _draw(layer, tile, rule, shown, conditions, values, _LARGE)
    small = _count_cells(layer, tile, rule, shown, conditions, values, SQL("NOT ({})").format(_LARGE))
    rows = SQL("{} UNION ALL {}").format(_even(drawn, shown, shown), _even(small, shown, _folded(shown)))
    return Statement(_write_tile(rows, ["id", "count", *(p.name for p in shown)]), values)


def write_cells(cells: Composable, shown: Sequence[Property], values: dict[str, Any]) -> Statement:
    """The tile of counted cells; their rows are id, count, the properties that are folded, geom, access_class."""
    return Statement(_write_tile(cells, ["id", "count", *(p.name for p in _folded(shown))]), values)


def _folded(shown: Sequence[Property]) -> list[Property]:
    return [p for p in shown if p.aggregate is not None]


def _write_tile(rows: Composable, names: Sequence[str]) -> Composed:
    # No filter on the tile geometry here: it would be computed twice, and ST_AsMVT skips what is empty.
    return SQL(
        "SELECT ST_AsMVT(shown, %(layer)s, {extent}, 'geom', 'id'), max(feature.access_class) "
        "FROM ({rows}) AS feature, LATERAL (SELECT {columns}) AS shown"
    ).format(
        extent=Literal(EXTENT), rows=rows,
        columns=SQL(", ").join(name_column("feature", name) for name in [*names, "geom"]),
    )  # fmt: skip


def _even(rows: Composable, shown: Sequence[Property], held: Sequence[Property]) -> Composed:
    """The rows with every property, NULL where it is not held, in the types that the other half has as well."""
    columns = [
        SQL("{}::{} AS {}").format(
            name_column("half", p.name) if p in held else SQL("NULL"), SQL(_SQL_TYPE[p.type]), name_column(p.name)
        )
        for p in shown
    ]
    return SQL("SELECT half.id, half.count, {}, half.geom, half.access_class FROM ({}) AS half").format(
        SQL(", ").join(columns), rows
    )


def _draw(
    layer: Layer, tile: Tile, rule: Zoom, shown: Sequence[Property], conditions: list[Composable],
    values: dict[str, Any], sized: Composable = _ALL,
) -> Composed:  # fmt: skip
    """Features one by one: id, count, the properties, geom, access_class."""
    if not tile.is_straight:
        conditions = [*conditions, _DRAWABLE]
    return SQL(
        "SELECT id, {count} AS count, {columns}, {geometry} AS geom, access_class "
        "FROM ({found}) AS feature WHERE {sized}"
    ).format(
        count=SQL("({})").format(SQL(rule.stands_for)) if rule.stands_for else SQL("NULL::bigint"),
        columns=list_columns(shown, "feature"), geometry=_tile_geometry(layer, tile, rule, values),
        found=_find(layer, conditions), sized=sized,
    )  # fmt: skip


def _find(layer: Layer, conditions: Sequence[Composable]) -> Composed:
    """What meets the conditions, with its box.

    The box is made anew from all corners wherever one of its sides is asked for, which takes longer than drawing the
    feature. OFFSET keeps it from being written out there.
    """
    return SQL("SELECT *, box3d(geometry) AS tile_box FROM ({source}) AS feature {where} OFFSET 0").format(
        source=SQL(layer.sql), where=write_where(conditions)
    )


def _tile_values(tile: Tile, buffer: int) -> dict[str, float]:
    found = tile.lonlat_box(buffer)
    degrees = tile.degrees()
    west, south, east, north = degrees if tile.is_straight else tile.box()
    return {
        "low_lon": found[0], "low_lat": found[1], "high_lon": found[2], "high_lat": found[3],
        "west": west, "south": south, "east": east, "north": north,
        "across": EXTENT / (east - west), "down": EXTENT / (north - south),
        "west_lon": degrees[0], "south_lat": degrees[1], "east_lon": degrees[2], "north_lat": degrees[3],
        "wide": degrees[2] - degrees[0],
    }  # fmt: skip


def _tile_geometry(layer: Layer, tile: Tile, rule: Zoom, values: dict[str, Any]) -> Composable:
    """A feature cut to the tile, in its units; what is too small for them is a mark of one unit, never nothing."""
    if not layer.also:
        return _cut(layer.geometry, tile, rule, values)
    dimensions = {"point": 0, "line": 1}
    cases = [
        SQL("WHEN {} THEN {}").format(Literal(dimensions.get(kind, 2)), _cut(kind, tile, rule, values))
        for kind in (layer.geometry, *layer.also)
    ]
    return SQL("CASE ST_Dimension(feature.geometry) {} END").format(SQL(" ").join(cases))


def _cut(kind: Geometry, tile: Tile, rule: Zoom, values: dict[str, Any]) -> Composable:
    srid = STORAGE_SRID if tile.is_straight else _TILE_SRID
    source: Composable = SQL("ST_Force2D(feature.geometry)")
    if not tile.is_straight:
        source = SQL("ST_Transform({}, {})").format(source, Literal(srid))
    if rule.simplify:
        source = SQL("ST_Simplify({}, %(tolerance)s, true)").format(source)
        values["tolerance"] = rule.simplify * (values["east"] - values["west"]) / 256
    bounds = SQL("ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, {})").format(Literal(srid))
    clipped = SQL("ST_AsMVTGeom({}, {}, {}, %(buffer)s, true)").format(source, bounds, Literal(EXTENT))
    if kind == "point":
        return clipped if not tile.is_straight else _scale(source, clipped)
    values["unit_lon"] = values["wide"] / EXTENT
    mark = _mark(kind, tile)
    marked = SQL("coalesce({}, CASE WHEN ST_PointOnSurface(feature.geometry) && {} THEN {} END)").format(
        clipped, _FOUND_IN, mark
    )
    if tile.is_straight and not rule.simplify:
        # A feature wholly inside needs no clipping; its rings have to turn as tiles want them once y points down.
        # One narrower than a unit might fold up when it is rounded; a straight line is as narrow as can be.
        turned = source if kind == "line" else SQL("ST_ForcePolygonCCW({})").format(source)
        whole = _scale(turned, marked)
        marked = (
            whole
            if kind == "line"
            else SQL("CASE WHEN least({}, {}) > %(unit_lon)s THEN {} ELSE {} END").format(_WIDE, _HIGH, whole, marked)
        )
    return SQL("CASE WHEN greatest({}, {}) < 2 * %(unit_lon)s THEN {} ELSE {} END").format(_WIDE, _HIGH, mark, marked)


def _scale(source: Composable, otherwise: Composable) -> Composable:
    return SQL(
        "CASE WHEN feature.geometry @ {} THEN "
        "ST_SnapToGrid(ST_TransScale({}, -%(west)s, -%(north)s, %(across)s, -%(down)s), 1) ELSE {} END"
    ).format(_FOUND_IN, source, otherwise)


def _mark(kind: Geometry, tile: Tile) -> Composable:
    """One unit at the middle of a feature's box: a square, of a line a dash."""
    middle: Composable = SQL("(ST_YMin(tile_box) + ST_YMax(tile_box)) / 2")
    across = SQL("floor(((ST_XMin(tile_box) + ST_XMax(tile_box)) / 2 - %(west_lon)s) / %(wide)s * {})").format(
        Literal(EXTENT)
    )
    down = SQL("floor({})").format(_count_down(tile, middle))
    shape = (
        SQL("ST_MakeLine(ST_Point({0}, {1}), ST_Point({0} + 1, {1}))")
        if kind == "line"
        else SQL("ST_MakeEnvelope({0}, {1}, {0} + 1, {1} + 1)")
    )
    return shape.format(across, down)


def _count_down(tile: Tile, latitude: Composable) -> Composable:
    """A latitude in tile units from the north."""
    if tile.is_straight:
        return SQL("(%(north)s - {}) * %(down)s").format(latitude)
    return SQL("(%(north)s - 6378137 * ln(tan(pi() / 4 + radians({}) / 2))) * %(down)s").format(latitude)


def _count_cells(
    layer: Layer, tile: Tile, rule: Zoom, shown: Sequence[Property], conditions: Sequence[Composable],
    values: dict[str, Any], sized: Composable = _ALL,
) -> Composed:  # fmt: skip
    """Features counted in square cells; each feature is in the one cell that holds its box's centre.

    Which tile that is in is told by degrees, which neighbours share to the bit: no feature is counted twice.
    """
    values["unit"] = rule.cell * PIXEL
    values["last"] = EXTENT // values["unit"] - 1
    across = SQL("(tile_lon - %(west_lon)s) / %(wide)s * {}").format(Literal(EXTENT))
    down = _count_down(tile, SQL("tile_lat"))
    drawn = (
        SQL("ST_Point(round(avg(tile_across)), round(avg(tile_down)))")
        if layer.geometry == "point"
        else SQL(
            "ST_MakeEnvelope(tile_column * %(unit)s, tile_row * %(unit)s, "
            "(tile_column + 1) * %(unit)s, (tile_row + 1) * %(unit)s)"
        )
    )
    aggregates = [
        SQL("{}({}) AS {}").format(SQL(p.aggregate or "max"), name_column(p.name), name_column(p.name))
        for p in _folded(shown)
    ]
    inside = SQL(
        "tile_lon >= %(west_lon)s AND tile_lon < %(east_lon)s "
        "AND tile_lat > %(south_lat)s AND tile_lat <= %(north_lat)s"
    )
    return SQL(
        """
        SELECT {aggregates}, {drawn} AS geom
        FROM (SELECT *, greatest(0, least(%(last)s, floor(tile_across / %(unit)s)))::int AS tile_column,
                     greatest(0, least(%(last)s, floor(tile_down / %(unit)s)))::int AS tile_row
              FROM (SELECT *, {across} AS tile_across, {down} AS tile_down
                    FROM (SELECT *, (ST_XMin(tile_box) + ST_XMax(tile_box)) / 2 AS tile_lon,
                                 (ST_YMin(tile_box) + ST_YMax(tile_box)) / 2 AS tile_lat
                          FROM ({found}) AS feature WHERE {sized}) AS placed
                    WHERE {inside}) AS feature) AS feature
        GROUP BY tile_column, tile_row
        """
    ).format(
        drawn=drawn, across=across, down=down, found=_find(layer, conditions), sized=sized, inside=inside,
        aggregates=SQL(", ").join([
            SQL("min(id) AS id, count(*) AS count, max(access_class) AS access_class"), *aggregates,
        ]),
    )  # fmt: skip
