# SPDX-License-Identifier: Apache-2.0
"""Features, a page of them or one: GeoJSON, a page for people, or a file (OGC API Features, Parts 1 and 2)."""

from __future__ import annotations

import datetime as clock
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.features import feature_pages
from api.features.export import Format, Page, export_features
from api.features.export_files import MEDIA_TYPES
from api.features.filtering import QUERYABLE_ID, FilterQuery, read_expression, read_filter_query
from api.features.reading import explain_transform, read_feature, read_page
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
    parse_filter,
    parse_matches,
    refuse_unknown,
)
from api.http.response import GEOJSON, JSON, answer_bytes
from api.registers.editing import make_item_tag
from api.services import Services, get_actor, get_services
from layers.filter import Filter
from layers.layer import Layer
from twin.access import Actor
from twin.text import negotiate_language

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
    async with explain_transform(crs):
        page, count, last, matched = await read_page(
            actor, services, layer, narrowed, crs, limit=limit, after=after, is_counted=is_counted
        )
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
    digest = sha256(features)
    digest.update(closing)
    etag = b'W/"' + digest.hexdigest()[:24].encode() + b'"'
    stamp = clock.datetime.now(clock.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    closing += b',"timeStamp":"' + stamp.encode() + b'"}'
    body = b"".join((b'{"type":"FeatureCollection","features":[', features, closing))
    return answer_bytes(request, actor, body, GEOJSON, headers, etag=etag)


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
    feature, version = await read_feature(actor, services, layer, feature_id, written, as_of, datetime)
    headers = {"Content-Crs": written.header, "Vary": _VARY}
    if form == "html":
        language = negotiate_language(request.headers.get("accept-language"))
        page = feature_pages.render_item(
            request, layer, layer.properties_for(actor.access_class), feature.decode(), language
        )  # fmt: skip
        return answer_bytes(request, actor, page.encode(), HTML, headers)
    base = f"{base_url(request)}/collections/{layer.id}"
    links = [*link_forms(request, ITEM_FORMS, "geojson"), make_link(base, "collection", JSON)]
    body = feature[:-1] + b',"links":' + orjson.dumps(links) + b"}"
    # What is written is written with If-Match, so the tag tells the version, however it is shown.
    etag = None if version is None else make_item_tag(version, body)
    return answer_bytes(request, actor, body, GEOJSON, headers, etag=etag)
