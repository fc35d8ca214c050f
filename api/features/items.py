# SPDX-License-Identifier: Apache-2.0
"""Features, a page of them or one: GeoJSON, a page for people, or a file (OGC API Features, Parts 1 and 2)."""

from __future__ import annotations

import datetime as clock
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import orjson
import psycopg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from psycopg.sql import SQL

from api.features import feature_pages
from api.features.export import Format, Page, export_features
from api.features.export_files import MEDIA_TYPES
from api.features.filtering import QUERYABLE_ID, FilterQuery, read_expression, read_filter_query
from api.http.links import base_url, link_forms, make_link, vary_url
from api.http.negotiation import HTML, choose_form
from api.http.offered_crs import OfferedCrs, find_crs
from api.http.parameters import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    check_names,
    decode_cursor,
    encode_cursor,
    known_names,
    parse_as_of,
    parse_filter,
    parse_instant,
    parse_matches,
    refuse_unknown,
)
from api.http.response import GEOJSON, JSON, answer_bytes
from api.pool import fetch_row
from api.registers.editing import make_item_tag, read_item_version
from api.services import Services, get_actor, get_services
from layers.conditions import Statement
from layers.filter import Filter
from layers.layer import Layer
from layers.query import KEEP_ORDER, count_matched, is_read_in_order, select_block, select_item, select_page
from twin.access import SET_VALID, Actor, valid_span
from twin.errors import InvalidRequestError, NotFoundError
from twin.text import Text, negotiate_language

FILE_FORMS: Final[tuple[Format, ...]] = ("csv", "fgb", "gpkg", "parquet", "xlsx")
FORMS: Final = {"geojson": GEOJSON, "json": JSON, "html": HTML} | {
    form: MEDIA_TYPES[form].partition(";")[0] for form in FILE_FORMS
}
"""What the features of a layer come as, by the names that `f` has."""
ITEM_FORMS: Final = {"geojson": GEOJSON, "json": JSON, "html": HTML}

AS_OF: Final = "an RFC 3339 instant: what was recorded then"
_CRS: Final = "the URI of the CRS of the answer's coordinates, one of the collection's `crs`"

_VARY: Final = "Accept, Accept-Language, Authorization, Cookie"

router = APIRouter(tags=["features"])
item_router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["features"])


AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
LayerId = Annotated[str, Path(description="A layer's id")]


@dataclass(frozen=True, kw_only=True)
class ItemsQuery:
    """What a page of features is asked for with, still as text."""

    bbox: str | None
    bbox_crs: str | None
    crs: str | None
    datetime: str | None
    limit: int | None
    form: str | None
    block: str | None
    ids: str | None
    cursor: str | None
    count: str | None
    as_of: str | None
    filter: FilterQuery


async def read_query(
    filter: Annotated[FilterQuery, Depends(read_filter_query)],
    bbox: Annotated[str | None, Query(description="west,south,east,north in the axes' order of bbox-crs")] = None,
    bbox_crs: Annotated[str | None, Query(alias="bbox-crs", description="the URI of the CRS of bbox")] = None,
    crs: Annotated[str | None, Query(description=_CRS)] = None,
    datetime: Annotated[str | None, Query(description="an RFC 3339 instant or interval, open with `..`")] = None,
    limit: Annotated[int | None, Query(ge=1, description="the most features of the page")] = None,
    f: Annotated[str | None, Query(description="the form, instead of the Accept header")] = None,
    block: Annotated[str | None, Query(description="features in this block and below it")] = None,
    ids: Annotated[str | None, Query(description="feature ids with commas")] = None,
    cursor: Annotated[str | None, Query(description="from a next link")] = None,
    count: Annotated[Literal["exact"] | None, Query(description="`exact` counts all that match")] = None,
    as_of: Annotated[str | None, Query(description=AS_OF)] = None,
) -> ItemsQuery:
    """A dependency: the parameters of a page, the same wherever features are listed."""
    return ItemsQuery(
        bbox=bbox, bbox_crs=bbox_crs, crs=crs, datetime=datetime, limit=limit, form=f, block=block, ids=ids,
        cursor=cursor, count=count, as_of=as_of, filter=filter,
    )  # fmt: skip


AsQuery = Annotated[ItemsQuery, Depends(read_query)]


@router.get("/collections/{layer_id}/items", summary="A layer's features", operation_id="list_items")
async def list_items(
    request: Request, actor: AsActor, services: With, layer_id: LayerId, query: AsQuery
) -> Response:  # fmt: skip
    """A page of features by id, or newest first where the layer has it so; further parameters are properties' values.

    GeoJSON, HTML, CSV, FlatGeobuf, GeoPackage or GeoParquet; a file without `limit` has everything that matches.
    """
    return await answer_items(request, actor, services, services.layers.find(layer_id, actor), query)


@router.get("/incidents", summary="Incidents, newest first", tags=["incidents"], operation_id="list_incidents")
async def list_incidents(request: Request, actor: AsActor, services: With, query: AsQuery) -> Response:
    """The same as `/collections/incidents/items`."""
    return await answer_items(request, actor, services, services.layers.find("incidents", actor), query)


async def answer_items(
    request: Request, actor: Actor, services: Services, layer: Layer, query: ItemsQuery
) -> Response:  # fmt: skip
    """What `query` asks of the layer."""
    shown = layer.properties_for(actor.access_class)
    own = known_names(request)
    properties = [p for p in (QUERYABLE_ID, *shown) if p.name not in own]
    check_names(request.query_params.keys(), own.union(p.name for p in properties))
    form = choose_form(request, FORMS, query.form)
    crs = find_crs(services.settings, query.crs, "crs")
    narrowed = parse_filter(
        services.zone, bbox=query.bbox, block=query.block, ids=query.ids, moment=query.datetime, as_of=query.as_of,
        bbox_crs=find_crs(services.settings, query.bbox_crs, "bbox-crs"),
    )  # fmt: skip
    narrowed = replace(
        narrowed,
        keeps_unknown=True,
        matches=parse_matches(request.query_params.multi_items(), properties, services.zone),
        expression=read_expression(services, actor, layer, query.filter),
    )
    after = None if query.cursor is None else decode_cursor(query.cursor, layer)
    limit = None if query.limit is None else min(query.limit, MAX_LIMIT)
    if form in FILE_FORMS:
        page = None if limit is None and after is None else Page(limit or DEFAULT_LIMIT, after)
        async with explain_transform(crs):
            return await export_features(request, actor, services, layer, narrowed, form, crs=crs, page=page)
    return await _answer_page(
        request, actor, services, layer, narrowed, crs, form=form, limit=limit or DEFAULT_LIMIT, after=after,
        is_counted=query.count is not None,
    )  # fmt: skip


async def _answer_page(
    request: Request, actor: Actor, services: Services, layer: Layer, narrowed: Filter, crs: OfferedCrs, *, form: str,
    limit: int, after: list[str] | None, is_counted: bool,
) -> Response:  # fmt: skip
    statements = [select_page(layer, narrowed, actor.access_class, limit=limit, after=after, shape=crs.shape)]
    if is_counted:
        statements.append(count_matched(layer, narrowed))
    if is_read_in_order(narrowed):
        statements.insert(0, KEEP_ORDER)
    if layer.kind == "block" and narrowed.interval is not None:
        statements.insert(0, Statement(SQL(SET_VALID).format(), valid_span(narrowed.interval)))
    async with explain_transform(crs):
        cursors = await services.fetch_as_actor(actor, statements, narrowed.as_of)
    matched = int(_read_texts(cursors.pop())[0] or 0) if is_counted else None
    page, count, last = _read_texts(cursors.pop())
    features, found = page or b"", int(count or 0)
    following = None
    if found > limit and last is not None:
        following = vary_url(request, cursor=encode_cursor(last.decode()))
    headers = {"Content-Crs": crs.header, "Vary": _VARY}
    if form == "html":
        language = negotiate_language(request.headers.get("accept-language"))
        written = feature_pages.render_items(
            request, layer, layer.properties_for(actor.access_class), features.decode(), following, matched, language
        )
        return answer_bytes(request, actor, written.encode(), HTML, headers)
    links = link_forms(request, FORMS, "geojson")
    if following is not None:
        links.append(make_link(following, "next", GEOJSON))
    links.append(make_link(f"{base_url(request)}/collections/{layer.id}", "collection", JSON))
    numbers: dict[str, Any] = {"numberReturned": min(found, limit), "links": links}
    if matched is not None:
        numbers["numberMatched"] = matched
    # The time stamp tells copies apart that say the same otherwise, so the tag that leaves it out is a weak one.
    closing = b"]," + orjson.dumps(numbers)[1:-1]
    etag = b'W/"' + sha256(features + closing).hexdigest()[:24].encode() + b'"'
    stamp = clock.datetime.now(clock.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    closing += b',"timeStamp":"' + stamp.encode() + b'"}'
    body = b'{"type":"FeatureCollection","features":[' + features + closing
    return answer_bytes(request, actor, body, GEOJSON, headers, etag=etag)


def _read_texts(cursor: AsyncCursor[TupleRow]) -> list[bytes | None]:
    """The fields of the only row as they came, in UTF-8: most of a page is one text, which goes out as it is."""
    result = cursor.pgresult
    assert result is not None
    return [result.get_value(0, number) for number in range(result.nfields)]


@item_router.get("/collections/{layer_id}/items/{feature_id}", summary="One feature", operation_id="get_item")
async def get_item(
    request: Request, actor: AsActor, services: With, layer_id: LayerId,
    feature_id: Annotated[str, Path(description="The feature's id, or a block's code")],
    crs: Annotated[str | None, Query(description=_CRS)] = None,
    f: Annotated[str | None, Query(description="the form, instead of the Accept header")] = None,
    as_of: Annotated[str | None, Query(description=AS_OF)] = None,
    datetime: Annotated[str | None, Query(description="of blocks: an instant at which it was valid")] = None,
) -> Response:  # fmt: skip
    """A feature as GeoJSON or HTML; what the actor may not see is not there. A block may be asked for by its code."""
    layer = services.layers.find(layer_id, actor)
    form = choose_form(request, ITEM_FORMS, f)
    written = find_crs(services.settings, crs, "crs")
    feature, version = await _read_feature(actor, services, layer, feature_id, written, as_of, datetime)
    headers = {"Content-Crs": written.header, "Vary": _VARY}
    if form == "html":
        language = negotiate_language(request.headers.get("accept-language"))
        page = feature_pages.render_item(
            request, layer, layer.properties_for(actor.access_class), feature, language
        )  # fmt: skip
        return answer_bytes(request, actor, page.encode(), HTML, headers)
    base = f"{base_url(request)}/collections/{layer.id}"
    links = [*link_forms(request, ITEM_FORMS, "geojson"), make_link(base, "collection", JSON)]
    body = feature.encode()[:-1] + b',"links":' + orjson.dumps(links) + b"}"
    # What is written is written with If-Match, so the tag tells the version, however it is shown.
    etag = None if version is None else make_item_tag(version, body)
    return answer_bytes(request, actor, body, GEOJSON, headers, etag=etag)


async def _read_feature(
    actor: Actor, services: Services, layer: Layer, feature_id: str, crs: OfferedCrs, as_of: str | None,
    moment: str | None,
) -> tuple[str, clock.datetime | None]:  # fmt: skip
    """A feature's GeoJSON, and its version where it may be written. Raises NotFoundError, InvalidRequestError."""
    recorded = None if as_of is None else parse_as_of(as_of, services.zone)
    is_block = layer.kind == "block"
    if moment is not None and not is_block:
        raise InvalidRequestError(
            Text("只有块可按有效时间(datetime)取单个要素。", "Only a block is asked for by a datetime."), "datetime"
        )
    row = version = None
    if feature_id.isascii() and feature_id.isalnum() and (is_block or feature_id.isdigit()) and len(feature_id) < 19:
        async with explain_transform(crs), services.as_actor(actor, recorded) as connection:
            if moment is not None:
                await connection.execute(SET_VALID, valid_span(parse_instant(moment, services.zone)))
            if feature_id.isdigit():
                version = None if recorded else await read_item_version(connection, layer, int(feature_id))
                statement = select_item(layer, int(feature_id), actor.access_class, crs.shape)
                row = await fetch_row(connection, statement)
            if row is None and is_block:
                row = await fetch_row(connection, select_block(layer, feature_id, actor.access_class, crs.shape))
    if row is None:
        raise NotFoundError(
            Text(
                f"图层 {layer.id} 中没有编号为 {feature_id} 的要素,或它不在您的权限范围内。",
                f"The layer {layer.id} has no feature {feature_id}, or none within your reach.",
            )
        )
    return str(row[0]), version


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
