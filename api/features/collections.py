# SPDX-License-Identifier: Apache-2.0
"""Collections, items and tile descriptions: OGC API Features (core, GeoJSON) and Tiles."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.features.district import District, read_district
from api.features.export_rules import cap_of
from api.http.links import base_url, make_link
from api.http.parameters import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    decode_cursor,
    encode_cursor,
    parse_as_of,
    parse_filter,
    parse_instant,
    refuse_unknown,
)
from api.http.response import GEOJSON, JSON, MVT, answer_bytes
from api.pool import fetch_row
from api.services import Services, get_actor, get_services
from layers.layer import Layer
from layers.query import count_matched, select_block, select_item, select_page
from layers.style import describe_layer, make_map_style
from twin.access import SET_VALID, Actor, valid_span
from twin.errors import InvalidRequestError, NotFoundError
from twin.settings import Settings
from twin.text import Language, Text, negotiate_language

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
QUERYABLES: Final = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
GREGORIAN: Final = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
TILE_MATRIX_SET: Final = "WebMercatorQuad"

AS_OF: Final = "an RFC 3339 instant: what was recorded then"

_LOCALISED: Final = {"Vary": "Accept-Language, Authorization, Cookie"}

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["features"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
LayerId = Annotated[str, Path(description="A layer's id")]


@router.get("/collections", summary="The layers")
async def list_collections(request: Request, actor: AsActor, services: With) -> Response:
    """Every layer with its declaration in `blocktwin`."""
    district = await read_district(services)
    language = _language(request)
    base = base_url(request)
    body = {
        "links": [make_link(f"{base}/collections", "self", JSON)],
        "collections": [
            _describe(layer, actor, services.settings, district, base, language)
            for layer in services.layers.list_for(actor)
        ],
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _LOCALISED)


@router.get("/collections/{layer_id}", summary="One layer")
async def get_collection(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """A layer's declaration, extent and links.

    In `blocktwin`: `secrecy_label`, which its exports say of themselves, and `export_km2`, the most that one of them
    may cover (null: no cap).
    """
    district = await read_district(services)
    layer = services.layers.find(layer_id, actor)
    body = _describe(layer, actor, services.settings, district, base_url(request), _language(request))
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _LOCALISED)


@router.get("/collections/{layer_id}/queryables", summary="A layer's properties as JSON Schema")
async def get_queryables(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """The properties that this actor may see."""
    layer = services.layers.find(layer_id, actor)
    language = _language(request)
    kinds: dict[str, dict[str, Any]] = {"datetime": {"type": "string", "format": "date-time"}}
    body = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": str(request.url),
        "type": "object",
        "title": layer.title.in_language(language),
        "properties": {
            p.name: {"title": p.title.in_language(language), **kinds.get(p.type, {"type": p.type})}
            for p in layer.properties_for(actor.access_class)
        },
    }
    return answer_bytes(request, actor, orjson.dumps(body), "application/schema+json", _LOCALISED)


@router.get("/collections/{layer_id}/items", summary="A layer's features as GeoJSON")
async def list_items(
    request: Request, actor: AsActor, services: With, layer_id: LayerId,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    block: Annotated[str | None, Query(description="features in this block and below it")] = None,
    ids: Annotated[str | None, Query(description="feature ids with commas")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(description="from a next link")] = None,
    datetime: Annotated[str | None, Query(description="an RFC 3339 instant or interval")] = None,
    count: Annotated[str | None, Query(description="`exact` counts all that match")] = None,
    as_of: Annotated[str | None, Query(description=AS_OF)] = None,
) -> Response:  # fmt: skip
    """A page of features by id, or newest first where the layer has it so."""
    layer = services.layers.find(layer_id, actor)
    narrowed = parse_filter(services.zone, bbox=bbox, block=block, ids=ids, moment=datetime, as_of=as_of)
    if count not in (None, "exact"):
        raise InvalidRequestError(
            Text("参数 count 只能是 exact。", "The parameter count is `exact` or absent."), "count"
        )
    after = None if cursor is None else decode_cursor(cursor, layer)
    matched = None
    async with services.as_actor(actor, narrowed.as_of) as connection:
        if layer.kind == "block" and narrowed.interval is not None:
            await connection.execute(SET_VALID, valid_span(narrowed.interval))
        row = await fetch_row(connection, select_page(layer, narrowed, actor.access_class, limit=limit, after=after))
        if count:
            counted = await fetch_row(connection, count_matched(layer, narrowed))
            matched = counted[0] if counted else 0
    features, found, last = row or ("", 0, None)
    here = request.url
    links = [make_link(str(here), "self", GEOJSON)]
    if found > limit and last is not None:
        links.append(make_link(str(here.include_query_params(cursor=encode_cursor(last))), "next", GEOJSON))
    links.append(make_link(f"{base_url(request)}/collections/{layer.id}", "collection", JSON))
    numbers = {"numberReturned": min(found, limit), "links": links}
    if matched is not None:
        numbers["numberMatched"] = matched
    body = b'{"type":"FeatureCollection","features":[' + features.encode() + b"]," + orjson.dumps(numbers)[1:]
    return answer_bytes(request, actor, body, GEOJSON, {"Content-Crs": f"<{CRS84}>"})


@router.get("/collections/{layer_id}/items/{feature_id}", summary="One feature")
async def get_item(
    request: Request, actor: AsActor, services: With, layer_id: LayerId, feature_id: str,
    as_of: Annotated[str | None, Query(description=AS_OF)] = None,
    datetime: Annotated[str | None, Query(description="of blocks: an instant at which it was valid")] = None,
) -> Response:  # fmt: skip
    """A feature as GeoJSON; what the actor may not see is not there. A block may be asked for by its code, too."""
    layer = services.layers.find(layer_id, actor)
    moment = None if as_of is None else parse_as_of(as_of, services.zone)
    is_block = layer.kind == "block"
    if datetime is not None and not is_block:
        raise InvalidRequestError(
            Text("只有块可按有效时间(datetime)取单个要素。", "Only a block is asked for by a datetime."), "datetime"
        )
    row = None
    if feature_id.isascii() and feature_id.isalnum() and (is_block or feature_id.isdigit()) and len(feature_id) < 19:
        async with services.as_actor(actor, moment) as connection:
            if datetime is not None:
                await connection.execute(SET_VALID, valid_span(parse_instant(datetime, services.zone)))
            if feature_id.isdigit():
                row = await fetch_row(connection, select_item(layer, int(feature_id), actor.access_class))
            if row is None and is_block:
                row = await fetch_row(connection, select_block(layer, feature_id, actor.access_class))
    if row is None:
        raise NotFoundError(
            Text(
                f"图层 {layer.id} 中没有编号为 {feature_id} 的要素,或它不在您的权限范围内。",
                f"The layer {layer.id} has no feature {feature_id}, or none within your reach.",
            )
        )
    base = f"{base_url(request)}/collections/{layer.id}"
    links = [make_link(str(request.url), "self", GEOJSON), make_link(base, "collection", JSON)]
    body = row[0].encode()[:-1] + b',"links":' + orjson.dumps(links) + b"}"
    return answer_bytes(request, actor, body, GEOJSON, {"Content-Crs": f"<{CRS84}>"})


@router.get("/incidents", summary="Incidents, newest first", tags=["incidents"])
async def list_incidents(
    request: Request, actor: AsActor, services: With, bbox: str | None = None, block: str | None = None,
    ids: str | None = None, limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None, datetime: str | None = None, count: str | None = None, as_of: str | None = None,
) -> Response:  # fmt: skip
    """The same as `/collections/incidents/items`."""
    return await list_items(
        request, actor, services, "incidents", bbox, block, ids, limit, cursor, datetime, count, as_of
    )


@router.get(f"/collections/{{layer_id}}/tiles/{TILE_MATRIX_SET}", summary="TileJSON of a layer", tags=["tiles"])
async def get_tilejson(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """Where a layer's vector tiles are and what is in them."""
    layer = services.layers.find(layer_id, actor)
    district = await read_district(services)
    language = _language(request)
    shown = [p for p in layer.properties_for(actor.access_class) if p.in_tiles]
    body = {
        "tilejson": "3.0.0",
        "name": layer.title.in_language(language),
        "tiles": [f"{base_url(request)}/collections/{layer.id}/tiles/{TILE_MATRIX_SET}/{{z}}/{{y}}/{{x}}"],
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        "bounds": _extent(district),
        "vector_layers": [
            {
                "id": layer.id,
                "description": layer.description.in_language(language),
                "minzoom": layer.minzoom,
                "maxzoom": layer.maxzoom,
                "fields": {p.name: p.title.in_language(language) for p in shown},
            }
        ],
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _LOCALISED)


@router.get("/styles/default", summary="A MapLibre style of the visible layers", tags=["tiles"])
async def get_map_style(request: Request, actor: AsActor, services: With) -> Response:
    """Made of the layers' declarations."""
    style = make_map_style(services.layers.list_for(actor), base_url(request))
    return answer_bytes(request, actor, orjson.dumps(style), JSON)


def _describe(
    layer: Layer, actor: Actor, settings: Settings, district: District | None, base: str, language: Language
) -> dict[str, Any]:
    here = f"{base}/collections/{layer.id}"
    return {
        "id": layer.id,
        "title": layer.title.in_language(language),
        "description": layer.description.in_language(language),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {
            "spatial": {"bbox": [_extent(district)], "crs": CRS84},
            "temporal": {"interval": [[None, None]], "trs": GREGORIAN},
        },
        "links": [
            make_link(here, "self", JSON),
            make_link(f"{here}/items", "items", GEOJSON),
            make_link(f"{here}/queryables", QUERYABLES, "application/schema+json"),
            make_link(f"{here}/tiles/{TILE_MATRIX_SET}", "describedby", JSON, "TileJSON"),
            make_link(
                f"{here}/tiles/{TILE_MATRIX_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", MVT
            ) | {"templated": True},
        ],
        "blocktwin": describe_layer(layer, actor.access_class) | {"export_km2": cap_of(layer, settings) or None},
    }  # fmt: skip


def _extent(district: District | None) -> list[float]:
    """The district's box. A load may lie outside all of it, and then only unscoped actors see it."""
    return list(district.bbox) if district else [-180.0, -90.0, 180.0, 90.0]


def _language(request: Request) -> Language:
    return negotiate_language(request.headers.get("accept-language"))
