# SPDX-License-Identifier: Apache-2.0
"""Reads features out of the database: a page of them, or one, as the GeoJSON that PostgreSQL made of them."""

from __future__ import annotations

import datetime as clock
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncCursor
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from api.http.offered_crs import OfferedCrs
from api.http.parameters import parse_as_of, parse_instant
from api.pool import fetch_row
from api.services import Services
from layers.conditions import Statement
from layers.filter import Filter
from layers.layer import Layer
from layers.prepared import bind_item, bind_page, bind_version
from layers.query import KEEP_ORDER, count_matched, is_read_in_order, select_block, select_item, select_page
from layers.receivable import is_receivable
from twin.access import SET_VALID, Actor, valid_span
from twin.errors import InvalidRequestError, NotFoundError
from twin.text import Text


async def read_page(
    actor: Actor, services: Services, layer: Layer, narrowed: Filter, crs: OfferedCrs, *, limit: int,
    after: list[str] | None, is_counted: bool,
) -> tuple[bytes | None, bytes | None, bytes | None, int | None]:  # fmt: skip
    """What `select_page` gives, as it came, in UTF-8: most of a page is one text, which goes out as it is.

    The last: how many features match in all, if they are to be counted.
    """
    is_in_order = is_read_in_order(narrowed)
    if not is_counted:
        bound = bind_page(layer, narrowed, actor.access_class, limit=limit, after=after, shape=crs.shape)
        if bound is not None:
            (result,) = await services.fetch_prepared(actor, [bound], narrowed.as_of, is_in_order=is_in_order)
            return result.get_value(0, 0), result.get_value(0, 1), result.get_value(0, 2), None
    statements = [select_page(layer, narrowed, actor.access_class, limit=limit, after=after, shape=crs.shape)]
    if is_counted:
        statements.append(count_matched(layer, narrowed))
    if is_in_order:
        statements.insert(0, KEEP_ORDER)
    if layer.kind == "block" and narrowed.interval is not None:
        statements.insert(0, Statement(SQL(SET_VALID).format(), valid_span(narrowed.interval)))
    cursors = await services.fetch_as_actor(actor, statements, narrowed.as_of)
    matched = int(_read_texts(cursors.pop())[0] or 0) if is_counted else None
    page, count, last = _read_texts(cursors.pop())
    return page, count, last, matched


def _read_texts(cursor: AsyncCursor[TupleRow]) -> list[bytes | None]:
    """The fields of the only row as they came, in UTF-8."""
    result = cursor.pgresult
    assert result is not None
    return [result.get_value(0, number) for number in range(result.nfields)]


async def read_feature(
    actor: Actor, services: Services, layer: Layer, feature_id: str, crs: OfferedCrs, as_of: str | None,
    moment: str | None,
) -> tuple[bytes, clock.datetime | None]:  # fmt: skip
    """A feature's GeoJSON, and its version where it may be written. Raises NotFoundError, InvalidRequestError."""
    recorded = None if as_of is None else parse_as_of(as_of, services.zone)
    is_block = layer.kind == "block"
    if moment is not None and not is_block:
        raise InvalidRequestError(
            Text("只有块可按有效时间(datetime)取单个要素。", "Only a block is asked for by a datetime."), "datetime"
        )
    feature = version = None
    if feature_id.isascii() and feature_id.isalnum() and (is_block or feature_id.isdigit()) and len(feature_id) < 19:
        async with explain_transform(crs):
            if is_block:
                feature = await _read_block(actor, services, layer, feature_id, crs, recorded, moment)
            else:
                bound = [bind_item(layer, int(feature_id), actor.access_class, crs.shape)]
                # A tag may be older than its feature, never younger.
                if recorded is None and is_receivable(layer):
                    bound.insert(0, bind_version(layer, int(feature_id)))
                *versions, found = await services.fetch_prepared(actor, bound, recorded)
                feature = found.get_value(0, 0) if found.ntuples else None
                version = _read_version(versions[0]) if versions else None
    if feature is None:
        raise NotFoundError(
            Text(
                f"图层 {layer.id} 中没有编号为 {feature_id} 的要素,或它不在您的权限范围内。",
                f"The layer {layer.id} has no feature {feature_id}, or none within your reach.",
            )
        )
    return feature, version


def _read_version(result: PGresult) -> clock.datetime | None:
    text = result.get_value(0, 0) if result.ntuples else None
    return None if text is None else clock.datetime.fromisoformat(text.decode())


async def _read_block(
    actor: Actor, services: Services, layer: Layer, feature_id: str, crs: OfferedCrs,
    recorded: clock.datetime | None, moment: str | None,
) -> bytes | None:  # fmt: skip
    row = None
    async with services.as_actor(actor, recorded) as connection:
        if moment is not None:
            await connection.execute(SET_VALID, valid_span(parse_instant(moment, services.zone)))
        if feature_id.isdigit():
            row = await fetch_row(connection, select_item(layer, int(feature_id), actor.access_class, crs.shape))
        if row is None:
            row = await fetch_row(connection, select_block(layer, feature_id, actor.access_class, crs.shape))
    return None if row is None else str(row[0]).encode()


@asynccontextmanager
async def explain_transform(crs: OfferedCrs) -> AsyncGenerator[None]:
    """Turns PostGIS' word that a geometry lies outside of what a CRS can express into an error of the request."""
    try:
        yield
    except psycopg.errors.InternalError_ as error:
        if crs.shape.srid is None:
            raise
        raise InvalidRequestError(
            Text(
                f"有要素位于坐标系 {crs.uri} 无法表达的地方,请用 bbox 或 block 缩小范围,或换用其他坐标系。",
                f"Some features lie where {crs.uri} cannot express them. Narrow with bbox or block, or ask for another "
                "CRS.",
            ),
            "crs",
        ) from error
