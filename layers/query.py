# SPDX-License-Identifier: Apache-2.0
"""Composes the SQL of a layer's features; `layers.tile_query` that of its tiles, and nothing else does any.

Values are bound, identifiers are declared. Every statement runs as an actor (twin/access.py), so what it may see is
the database's business; which columns it may see is decided here, from the actor's class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from psycopg.sql import SQL, Composable, Identifier

from layers.conditions import Statement, list_columns, name_column, narrow, write_where
from layers.filter import NO_FILTER, Filter, Order
from layers.layer import Layer
from layers.shape import AS_STORED, Shape

KEEP_ORDER: Final = Statement(SQL("SELECT set_config('enable_sort', 'off', true)").format(), {})
"""To be sent before a page that `is_read_in_order`: how many rows a policy leaves is not known to the planner, who
takes them for so few that it would rather read and sort the whole table than walk along the index.
"""


def is_read_in_order(narrowed: Filter) -> bool:
    """Whether nothing but the page's end limits what is read, so that the order's own index is the best way."""
    return replace(narrowed, keeps_unknown=NO_FILTER.keeps_unknown) == NO_FILTER


def select_page(
    layer: Layer, narrowed: Filter, access_class: int, *, limit: int, after: Sequence[str] | None = None,
    shape: Shape = AS_STORED,
) -> Statement:  # fmt: skip
    """A page of features as GeoJSON: one row (features' text, rows found, cursor of the last one).

    Finds one row more than `limit`, which tells whether there is a next page. `after` is the last cursor.
    """
    values: dict[str, Any] = {"limit": limit}
    conditions = narrow(layer, narrowed, values)
    order = _continue(layer, after, conditions, values)
    cursor = SQL("{}::text || '|' || id").format(_express_moment(layer)) if layer.newest_first else SQL("id::text")
    text = SQL(
        """
        SELECT coalesce(string_agg({feature}, ',' ORDER BY position) FILTER (WHERE position <= %(limit)s::bigint), ''),
               count(*), max(cursor) FILTER (WHERE position = %(limit)s::bigint)
        FROM (SELECT *, {cursor} AS cursor, row_number() OVER (ORDER BY {order}) AS position
              FROM (SELECT * FROM ({source}) AS feature {where} ORDER BY {order} LIMIT %(limit)s::bigint + 1) AS found
             ) AS page, LATERAL (SELECT {columns}) AS shown
        """
    ).format(
        feature=_write_feature(shape), cursor=cursor, order=order, source=SQL(layer.sql), where=write_where(conditions),
        columns=list_columns(layer.properties_for(access_class), "page"),
    )  # fmt: skip
    return Statement(text, values)


def select_item(layer: Layer, feature_id: int, access_class: int, shape: Shape = AS_STORED) -> Statement:
    """One feature as GeoJSON text, or no row."""
    text = SQL(
        "SELECT {feature} FROM (SELECT * FROM ({source}) AS feature WHERE id = %(id)s::bigint) AS page, "
        "LATERAL (SELECT {columns}) AS shown"
    ).format(
        feature=_write_feature(shape), source=SQL(layer.sql),
        columns=list_columns(layer.properties_for(access_class), "page"),
    )  # fmt: skip
    return Statement(text, {"id": feature_id})


def select_block(layer: Layer, code: str, access_class: int, shape: Shape = AS_STORED) -> Statement:
    """One block as GeoJSON text by its code, or no row."""
    text = SQL(
        "SELECT {feature} FROM (SELECT * FROM ({source}) AS feature WHERE code = %(code)s) AS page, "
        "LATERAL (SELECT {columns}) AS shown"
    ).format(
        feature=_write_feature(shape), source=SQL(layer.sql),
        columns=list_columns(layer.properties_for(access_class), "page"),
    )  # fmt: skip
    return Statement(text, {"code": code})


def count_matched(layer: Layer, narrowed: Filter) -> Statement:
    """How many features there are; asked for, never unasked."""
    values: dict[str, Any] = {}
    conditions = narrow(layer, narrowed, values)
    text = SQL("SELECT count(*) FROM ({}) AS feature {}").format(SQL(layer.sql), write_where(conditions))
    return Statement(text, values)


def select_extent(layer: Layer) -> Statement:
    """One row: the box of all features there are (west, south, east, north in degrees), first and last moment."""
    column = layer.time_column
    moments = SQL("min({0}), max({0})").format(Identifier(column)) if column else SQL("NULL, NULL")
    text = SQL(
        "SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), first, last FROM "
        "(SELECT ST_Extent(geometry), {} FROM ({}) AS feature) AS all_of_it(box, first, last)"
    ).format(moments, SQL(layer.sql))
    return Statement(text, {})


def select_whole(
    layer: Layer, narrowed: Filter, access_class: int, *, shape: Shape = AS_STORED, has_geometry: bool = True,
    limit: int | None = None, after: Sequence[str] | None = None,
) -> Statement:  # fmt: skip
    """All features as plain rows for a server-side cursor, in the pages' order: id, place, properties.

    The place is the WKB, or a point in it as [x, y]; x is longitude or easting whatever the CRS. `limit` and `after`
    (the cursor of a page) leave those of one page.
    """
    values: dict[str, Any] = {"limit": limit}
    conditions = narrow(layer, narrowed, values)
    order = _continue(layer, after, conditions, values)
    text = SQL("SELECT {columns} FROM ({source}) AS feature {where} ORDER BY {order} LIMIT %(limit)s::bigint").format(
        columns=SQL(", ").join([
            SQL("feature.id"), _write_place(shape, has_geometry=has_geometry),
            *(name_column("feature", p.name) for p in layer.properties_for(access_class)),
        ]), source=SQL(layer.sql), where=write_where(conditions), order=order,
    )  # fmt: skip
    return Statement(text, values)


def _continue(
    layer: Layer, after: Sequence[str] | None, conditions: list[Composable], values: dict[str, Any]
) -> Composable:
    """ORDER BY of a layer's pages; adds what holds of the rows after the cursor `after`."""
    if not layer.newest_first:
        if after:
            conditions.append(SQL("id > %(after_id)s::bigint"))
            values["after_id"] = int(after[0])
        return SQL("id")
    moment = _express_moment(layer)
    if after:
        conditions.append(SQL("({}, id) < (%(after_time)s::timestamptz, %(after_id)s::bigint)").format(moment))
        values |= {"after_time": after[0], "after_id": int(after[1])}
    return SQL("{} DESC, id DESC").format(moment)


def _write_place(shape: Shape, *, has_geometry: bool) -> Composable:
    if has_geometry:
        return SQL("ST_AsBinary({})").format(shape.as_xy(SQL("feature.geometry")))
    return SQL("(SELECT ARRAY[ST_X(point), ST_Y(point)] FROM (SELECT {}) AS on_it(point))").format(
        shape.as_xy(SQL("ST_PointOnSurface(feature.geometry)"))
    )


def _express_moment(layer: Layer) -> Composable:
    assert layer.time_column is not None
    return SQL("coalesce({}, '-infinity')").format(Identifier(layer.time_column))


def select_rows(
    layer: Layer, narrowed: Filter, access_class: int, *, limit: int, after: int = 0, order: Order | None = None
) -> Statement:
    """Features as plain rows: id, a point in it (longitude, latitude), then the properties.

    By id, or by `order` and then id; `after` is the id of the last row of the page before.
    """
    values: dict[str, Any] = {"limit": limit, "after": after}
    ordered = SQL("id")
    further: Composable = SQL("id > %(after)s")
    if order is not None:
        ordered, further = _follow(layer, order, is_first=after == 0)
    conditions = [further, *narrow(layer, narrowed, values)]
    place = _write_place(AS_STORED, has_geometry=False)
    text = SQL("SELECT {columns} FROM ({source}) AS feature {where} ORDER BY {ordered} LIMIT %(limit)s").format(
        ordered=ordered, columns=SQL(", ").join(
            [SQL("feature.id"), place, *(name_column("feature", p.name) for p in layer.properties_for(access_class))]
        ),
        source=SQL(layer.sql), where=write_where(conditions),
    )  # fmt: skip
    return Statement(text, values)


def _follow(layer: Layer, order: Order, *, is_first: bool) -> tuple[Composable, Composable]:
    """ORDER BY of an order, and what holds of the rows after the one whose id is `after`. What has no value is last.

    The values of that row are looked up, so that a page is asked for by an id whatever the order.
    """
    declared = next(p for p in layer.properties if p.name == order.name)
    is_number = declared.type in ("integer", "number")
    value = SQL("coalesce({}, 0)" if is_number else "coalesce({}::text, '')").format(name_column(order.name))
    is_missing = SQL("({} IS NOT NULL)" if order.is_descending else "({} IS NULL)").format(name_column(order.name))
    keys: list[Composable] = [is_missing, value, SQL("id")]
    direction = SQL(" DESC" if order.is_descending else "")
    ordered = SQL(", ").join([key + direction for key in keys])
    if is_first:
        return ordered, SQL("true")
    listed = SQL(", ").join(keys)
    further = SQL("({listed}) {than} (SELECT {listed} FROM ({source}) AS before WHERE id = %(after)s)").format(
        listed=listed, than=SQL("<" if order.is_descending else ">"), source=SQL(layer.sql)
    )
    return ordered, further


def _write_feature(shape: Shape) -> Composable:
    return SQL(
        '\'{{"type":"Feature","id":\' || page.id || \',"geometry":\' || coalesce({geometry}, \'null\') '
        "|| ',\"properties\":' || row_to_json(shown)::text || '}}'"
    ).format(geometry=shape.as_geojson(SQL("page.geometry")))
