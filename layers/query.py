# SPDX-License-Identifier: Apache-2.0
"""Composes the SQL of layers. The only place that does; values are bound, identifiers are declared.

Every statement runs as an actor (twin/access.py), so what it may see is the database's business; which
columns it may see is decided here, from the actor's class.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal, Placeholder

from layers.filter import Filter, Match, code_range
from layers.layer import Layer, Property, Zoom
from layers.tile import EXTENT, Tile
from twin.model.table import STORAGE_SRID, TILE_SRID

DECIMALS: Final = 7
"""Of longitudes and latitudes in GeoJSON: a centimetre."""

PIXEL: Final = EXTENT // 256

SEARCHED: Final = frozenset({"name", "code", "normalised"})
"""The properties in which a search looks."""

_FAST_FROM_ZOOM: Final = 11
"""From here on few polygons collapse to nothing, so the plain scaling of whole features pays."""


@dataclass(frozen=True)
class Statement:
    """SQL and the values it binds."""

    text: Composed
    values: dict[str, Any]


def select_page(
    layer: Layer, narrowed: Filter, access_class: int, *, limit: int, after: Sequence[str] | None = None
) -> Statement:
    """A page of features as GeoJSON: one row (features' text, rows found, cursor of the last one).

    Finds one row more than `limit`, which tells whether there is a next page. `after` is the last cursor.
    """
    values: dict[str, Any] = {"limit": limit}
    conditions = _conditions(layer, narrowed, values)
    if layer.newest_first:
        assert layer.time_column is not None
        moment = SQL("coalesce({}, '-infinity')").format(Identifier(layer.time_column))
        order = SQL("{} DESC, id DESC").format(moment)
        cursor = SQL("{}::text || '|' || id").format(moment)
        if after:
            conditions.append(SQL("({}, id) < (%(after_time)s::timestamptz, %(after_id)s)").format(moment))
            values |= {"after_time": after[0], "after_id": int(after[1])}
    else:
        order, cursor = SQL("id"), SQL("id::text")
        if after:
            conditions.append(SQL("id > %(after_id)s"))
            values["after_id"] = int(after[0])
    text = SQL(
        """
        SELECT coalesce(string_agg({feature}, ',' ORDER BY position) FILTER (WHERE position <= %(limit)s), ''),
               count(*), max(cursor) FILTER (WHERE position = %(limit)s)
        FROM (SELECT *, {cursor} AS cursor, row_number() OVER (ORDER BY {order}) AS position
              FROM (SELECT * FROM ({source}) AS feature {where} ORDER BY {order} LIMIT %(limit)s + 1) AS found
             ) AS page, LATERAL (SELECT {columns}) AS shown
        """
    ).format(
        feature=_FEATURE, cursor=cursor, order=order, source=SQL(layer.sql), where=_where(conditions),
        columns=_columns(layer.properties_for(access_class), "page"),
    )  # fmt: skip
    return Statement(text, values)


def select_item(layer: Layer, feature_id: int, access_class: int) -> Statement:
    """One feature as GeoJSON text, or no row."""
    text = SQL(
        "SELECT {feature} FROM (SELECT * FROM ({source}) AS feature WHERE id = %(id)s) AS page, "
        "LATERAL (SELECT {columns}) AS shown"
    ).format(feature=_FEATURE, source=SQL(layer.sql), columns=_columns(layer.properties_for(access_class), "page"))
    return Statement(text, {"id": feature_id})


def count_matched(layer: Layer, narrowed: Filter) -> Statement:
    """How many features there are; asked for, never unasked."""
    values: dict[str, Any] = {}
    conditions = _conditions(layer, narrowed, values)
    text = SQL("SELECT count(*) FROM ({}) AS feature {}").format(SQL(layer.sql), _where(conditions))
    return Statement(text, values)


def select_tile(layer: Layer, tile: Tile, narrowed: Filter, access_class: int, buffer: int) -> Statement | None:
    """A vector tile: one row (bytes, highest access class in it). None where the layer has none."""
    rule = layer.find_zoom(min(tile.z, layer.maxzoom))
    if rule is None:
        return None
    values: dict[str, Any] = {"layer": layer.id, "buffer": buffer, **_tile_values(tile, buffer)}
    conditions = [SQL("geometry_3857 && {}").format(_BUFFERED), *_conditions(layer, narrowed, values)]
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
        _columns(shown, "feature"), SQL("feature.id, {} AS geom").format(_tile_geometry(tile, rule, values))
    )
    # No filter on the tile geometry here: it would be computed twice, and ST_AsMVT skips what is empty.
    text = SQL(
        "SELECT ST_AsMVT(shown, %(layer)s, {extent}, 'geom', 'id'), max(feature.access_class) "
        "FROM (SELECT * FROM ({source}) AS feature {where}) AS feature, LATERAL (SELECT {columns}) AS shown"
    ).format(extent=Literal(EXTENT), source=SQL(layer.sql), columns=columns, where=_where(conditions))
    return Statement(text, values)


def select_rows(
    layer: Layer, narrowed: Filter, access_class: int, *, limit: int, after: int = 0, with_geometry: bool = False
) -> Statement:
    """Features as plain rows by id: id, geometry (WKB) or a point in it (longitude, latitude), then the properties."""
    values: dict[str, Any] = {"limit": limit, "after": after}
    conditions = [SQL("id > %(after)s"), *_conditions(layer, narrowed, values)]
    place = SQL("ST_AsBinary(feature.geometry)") if with_geometry else SQL(
        "(SELECT ARRAY[ST_X(point), ST_Y(point)] FROM (SELECT ST_PointOnSurface(feature.geometry)) AS on_it(point))"
    )  # fmt: skip
    text = SQL("SELECT {columns} FROM ({source}) AS feature {where} ORDER BY id LIMIT %(limit)s").format(
        columns=SQL(", ").join(
            [SQL("feature.id"), place, *(Identifier("feature", p.name) for p in layer.properties_for(access_class))]
        ),
        source=SQL(layer.sql), where=_where(conditions),
    )  # fmt: skip
    return Statement(text, values)


_FEATURE: Final = SQL(
    '\'{{"type":"Feature","id":\' || page.id || \',"geometry":\' '
    "|| coalesce(ST_AsGeoJSON(page.geometry, {decimals}, 0), 'null') "
    "|| ',\"properties\":' || row_to_json(shown)::text || '}}'"
).format(decimals=Literal(DECIMALS))

_BUFFERED: Final = SQL("ST_MakeEnvelope(%(outer_west)s, %(outer_south)s, %(outer_east)s, %(outer_north)s, {})").format(
    Literal(TILE_SRID)
)

_TILE: Final = SQL("ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, {})").format(Literal(TILE_SRID))


def _columns(properties: Iterable[Property], relation: str) -> Composable:
    return SQL(", ").join(Identifier(relation, p.name) for p in properties)


def _where(conditions: Sequence[Composable]) -> Composable:
    return SQL("WHERE ") + SQL(" AND ").join(conditions) if conditions else SQL("")


def _conditions(layer: Layer, narrowed: Filter, values: dict[str, Any]) -> list[Composable]:
    conditions: list[Composable] = []
    if narrowed.boxes:
        conditions.append(
            SQL("({})").format(SQL(" OR ").join(_in_box(i, b, values) for i, b in enumerate(narrowed.boxes)))
        )
    if narrowed.block is not None:
        conditions.append(_in_block(layer, narrowed.block, values))
    if narrowed.ids is not None:
        conditions.append(SQL("id = ANY(%(ids)s)"))
        values["ids"] = list(narrowed.ids)
    if narrowed.interval is not None:
        conditions += _in_interval(layer, narrowed.interval, values)
    conditions += _search(layer, narrowed.search, values)
    for number, match in enumerate(narrowed.matches):
        conditions.append(_match(match, f"match{number}", values))
    return conditions


def _in_box(number: int, box: Sequence[float], values: dict[str, Any]) -> Composable:
    names = [f"box{number}_{side}" for side in ("west", "south", "east", "north")]
    values |= dict(zip(names, box, strict=True))
    envelope = SQL("ST_MakeEnvelope({}, {})").format(
        SQL(", ").join(SQL("{}::float").format(Placeholder(name)) for name in names), Literal(STORAGE_SRID)
    )
    # Only && is leakproof: without it the policy would keep the index from being used.
    return SQL("(geometry && {0} AND ST_Intersects(geometry, {0}))").format(envelope)


def _in_block(layer: Layer, code: str, values: dict[str, Any]) -> Composable:
    values["low"], values["high"] = code_range(code)
    at_home = SQL("block_code >= %(low)s AND block_code < %(high)s")
    if not layer.spans_blocks:
        return at_home
    return SQL(
        "(({}) OR id = ANY(ARRAY(SELECT feature_id FROM feature_block AS meets WHERE meets.kind = {} "
        "AND meets.block_code >= %(low)s AND meets.block_code < %(high)s)))"
    ).format(at_home, Literal(layer.kind))


def _in_interval(layer: Layer, interval: tuple[Any, Any], values: dict[str, Any]) -> list[Composable]:
    start, end = interval
    column = layer.time_column
    conditions: list[Composable] = []
    if start is not None:
        values["start"] = start
        conditions.append(SQL("{} >= %(start)s").format(Identifier(column)) if column else SQL("valid_to > %(start)s"))
    if end is not None:
        values["end"] = end
        conditions.append(SQL("{} <= %(end)s").format(Identifier(column or "valid_from")))
    return conditions


def _search(layer: Layer, words: Sequence[str], values: dict[str, Any]) -> list[Composable]:
    names = [p.name for p in layer.properties if p.name in SEARCHED and p.access_class == 1]
    conditions: list[Composable] = []
    for number, word in enumerate(words if names else ()):
        key = f"word{number}"
        values[key] = f"%{_escape_like(word)}%"
        conditions.append(
            SQL("({})").format(
                SQL(" OR ").join(SQL("{} ILIKE {}").format(Identifier(name), Placeholder(key)) for name in names)
            )
        )
    return conditions


def _match(match: Match, key: str, values: dict[str, Any]) -> Composable:
    if match.operator == "~":
        values[key] = f"%{_escape_like(str(match.value))}%"
        return SQL("{}::text ILIKE {}").format(Identifier(match.name), Placeholder(key))
    values[key] = match.value
    if match.operator == "!=":
        return SQL("{} IS DISTINCT FROM {}").format(Identifier(match.name), Placeholder(key))
    return SQL("{} {} {}").format(Identifier(match.name), SQL(match.operator), Placeholder(key))


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _tile_values(tile: Tile, buffer: int) -> dict[str, float]:
    west, south, east, north = tile.box()
    outer = tile.box(buffer)
    return {
        "west": west, "south": south, "east": east, "north": north, "factor": EXTENT / tile.side,
        "outer_west": outer[0], "outer_south": outer[1], "outer_east": outer[2], "outer_north": outer[3],
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
        SQL("{}({}) AS {}").format(SQL(p.aggregate or "max"), Identifier(p.name), Identifier(p.name)) for p in folded
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
        where=_where(conditions), inside=inside,
        aggregates=SQL(", ").join([
            SQL("min(id) AS id, count(*) AS count, max(access_class) AS access_class"), *aggregates,
        ]),
        columns=SQL(", ").join(
            Identifier("cell", name) for name in ("id", "count", *(p.name for p in folded), "geom")
        ),
    )  # fmt: skip
