# SPDX-License-Identifier: Apache-2.0
"""Models and tilesets over HTTP as a STAC API (1.0.0: core, collections, features, item search)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response

from api.catalogue.declared import ECEF
from api.catalogue.stac_items import COLLECTIONS, PROJECTION, STAC_VERSION, ItemFilter, read_items
from api.catalogue.stac_query import LIMIT, SearchBody, make_filter, next_token, read_token
from api.features.district import read_district
from api.http.links import base_url, make_link, vary_url
from api.http.negotiation import HTML
from api.http.parameters import refuse_unknown
from api.http.response import GEOJSON, JSON, answer_bytes
from api.services import Services, get_actor, get_services
from layers.tile import Box
from twin.access import Actor
from twin.errors import NotFoundError
from twin.text import Language, Text, negotiate_language

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["stac"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
CollectionId = Annotated[str, Path(description=f"One of {', '.join(COLLECTIONS)}")]
Limit = Annotated[int, Query(ge=1, description="the most items of the page")]
Bbox = Annotated[str | None, Query(description="west,south,east,north in degrees")]
When = Annotated[str | None, Query(description="an RFC 3339 instant or interval, open with `..`")]
Token = Annotated[str | None, Query(description="from a next link")]

_OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
_VARY: Final = {"Vary": "Accept-Language, Authorization, Cookie"}
_WORLD: Final[Box] = (-180.0, -90.0, 180.0, 90.0)
_TITLE: Final = Text("城区数字孪生的模型与三维瓦片", "Models and 3D Tiles of the district's twin")
_API: Final = "https://api.stacspec.org/v1.0.0"
_ITEMS: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}}
"""What the description of the API says of items."""

CONFORMS_TO: Final = (
    f"{_API}/core", f"{_API}/collections", f"{_API}/ogcapi-features", f"{_API}/item-search",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)  # fmt: skip


@router.get("/stac", summary="STAC: where it begins", operation_id="get_stac")
async def get_stac(request: Request, actor: AsActor) -> Response:
    """A STAC catalog with links to collections and search."""
    base = base_url(request)
    root = f"{base}/stac"
    language = _language(request)
    body = {
        "type": "Catalog", "stac_version": STAC_VERSION, "id": "blocktwin", "title": _TITLE.in_language(language),
        "description": _TITLE.in_language(language), "conformsTo": list(CONFORMS_TO),
        "links": [
            make_link(root, "self", JSON), make_link(root, "root", JSON),
            make_link(f"{base}/api", "service-desc", _OPENAPI), make_link(f"{base}/api?f=html", "service-doc", HTML),
            make_link(f"{root}/conformance", "conformance", JSON), make_link(f"{root}/collections", "data", JSON),
            make_link(f"{root}/search", "search", GEOJSON) | {"method": "GET"},
            make_link(f"{root}/search", "search", GEOJSON) | {"method": "POST"},
            *(make_link(f"{root}/collections/{name}", "child", JSON) for name in COLLECTIONS),
        ],
    }  # fmt: skip
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _VARY)


@router.get("/stac/conformance", summary="What the STAC API holds to", operation_id="get_stac_conformance")
async def get_conformance(request: Request, actor: AsActor) -> Response:
    """Only what is true."""
    return answer_bytes(request, actor, orjson.dumps({"conformsTo": CONFORMS_TO}), JSON)


@router.get("/stac/collections", summary="The STAC collections", operation_id="list_stac_collections")
async def list_collections(request: Request, actor: AsActor, services: With) -> Response:
    """Models and tilesets."""
    root = f"{base_url(request)}/stac"
    listed = [await _describe(request, services, name) for name in COLLECTIONS]
    links = [make_link(f"{root}/collections", "self", JSON), make_link(root, "root", JSON)]
    return answer_bytes(request, actor, orjson.dumps({"collections": listed, "links": links}), JSON, _VARY)


@router.get("/stac/collections/{collection_id}", summary="One STAC collection", operation_id="get_stac_collection")
async def get_collection(request: Request, actor: AsActor, services: With, collection_id: CollectionId) -> Response:
    """What it holds and how far that reaches."""
    _check_collection(collection_id)
    body = await _describe(request, services, collection_id)
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _VARY)


@router.get(
    "/stac/collections/{collection_id}/items",
    summary="STAC items",
    operation_id="list_stac_items",
    responses=_ITEMS,
)
async def list_items(
    request: Request, actor: AsActor, services: With, collection_id: CollectionId, limit: Limit = LIMIT,
    bbox: Bbox = None, datetime: When = None, token: Token = None,
) -> Response:  # fmt: skip
    """The items of a collection by id."""
    _check_collection(collection_id)
    asked = SearchBody(limit=limit, collections=[collection_id], datetime=datetime, token=token)
    parent = make_link(f"{base_url(request)}/stac/collections/{collection_id}", "collection", JSON)
    return await _answer(request, actor, services, asked, bbox, [parent])


@router.get(
    "/stac/collections/{collection_id}/items/{item_id}", summary="One STAC item", operation_id="get_stac_item",
    responses=_ITEMS,
)  # fmt: skip
async def get_item(
    request: Request, actor: AsActor, services: With, collection_id: CollectionId,
    item_id: Annotated[str, Path(max_length=100)],
) -> Response:  # fmt: skip
    """What the actor may not see is not there."""
    _check_collection(collection_id)
    narrowed = ItemFilter(collections=(collection_id,), ids=(item_id.replace("\0", ""),))
    page = await read_items(services, actor, _language(request), narrowed, base_url(request), limit=1)
    if not page.items:
        raise NotFoundError(
            Text(
                f"集合 {collection_id} 中没有“{item_id}”,或它不在您的权限范围内。",
                f"The collection {collection_id} has no item '{item_id}' within your reach.",
            )
        )
    return answer_bytes(request, actor, orjson.dumps(page.items[0]), GEOJSON, _VARY)


@router.get("/stac/search", summary="Search STAC items", operation_id="search_stac", responses=_ITEMS)
async def search_by_get(
    request: Request, actor: AsActor, services: With, limit: Limit = LIMIT, bbox: Bbox = None, datetime: When = None,
    intersects: Annotated[str | None, Query(description="a GeoJSON geometry, instead of bbox")] = None,
    ids: Annotated[str | None, Query(description="ids with commas")] = None,
    collections: Annotated[str | None, Query(description="collections with commas")] = None,
    token: Token = None,
) -> Response:  # fmt: skip
    """Items of any collection by place, time, id and collection."""
    asked = SearchBody.from_text(
        limit=limit, datetime=datetime, intersects=intersects, ids=ids, collections=collections, token=token
    )
    return await _answer(request, actor, services, asked, bbox, [])


@router.post(
    "/stac/search",
    summary="Search STAC items by a body",
    operation_id="search_stac_by_body",
    responses=_ITEMS,
)
async def search_by_post(
    request: Request, actor: AsActor, services: With, body: Annotated[dict[str, Any], Body()]
) -> Response:
    """The same as GET; `bbox` is a list of numbers, `intersects` a GeoJSON geometry."""
    asked = SearchBody.from_body(body)
    bbox = None if asked.bbox is None else ",".join(repr(number) for number in asked.bbox)
    return await _answer(request, actor, services, asked, bbox, [], is_post=True)


async def _answer(
    request: Request, actor: Actor, services: Services, asked: SearchBody, bbox: str | None,
    links: list[dict[str, Any]], *, is_post: bool = False,
) -> Response:  # fmt: skip
    narrowed = make_filter(services, asked, bbox)
    base = base_url(request)
    page = await read_items(
        services,
        actor,
        _language(request),
        narrowed,
        base,
        limit=min(asked.limit, 1_000),
        after=read_token(asked.token),
    )
    links = [make_link(str(request.url), "self", GEOJSON), make_link(f"{base}/stac", "root", JSON), *links]
    if page.following is not None:
        token = next_token(page.following)
        if is_post:
            following = make_link(f"{base}/stac/search", "next", GEOJSON)
            links.append(following | {"method": "POST", "body": {"token": token}, "merge": True})
        else:
            links.append(make_link(vary_url(request, token=token), "next", GEOJSON) | {"method": "GET"})
    body = {
        "type": "FeatureCollection", "features": page.items, "numberMatched": page.matched,
        "numberReturned": len(page.items), "links": links,
    }  # fmt: skip
    return answer_bytes(request, actor, orjson.dumps(body), GEOJSON, _VARY)


async def _describe(request: Request, services: Services, name: str) -> dict[str, Any]:
    language = _language(request)
    root = f"{base_url(request)}/stac"
    here = f"{root}/collections/{name}"
    district = await read_district(services)
    title, description = COLLECTIONS[name]
    return {
        "type": "Collection", "stac_version": STAC_VERSION, "stac_extensions": [PROJECTION], "id": name,
        "title": title.in_language(language), "description": description.in_language(language),
        # Of what stands in it nobody has declared one licence for all.
        "license": "other",
        "extent": {
            "spatial": {"bbox": [list(district.bbox if district else _WORLD)]},
            "temporal": {"interval": [[None, None]]},
        },
        **({"summaries": {"proj:code": [ECEF]}} if name == "tilesets" else {}),
        "links": [
            make_link(here, "self", JSON), make_link(root, "root", JSON), make_link(root, "parent", JSON),
            make_link(f"{here}/items", "items", GEOJSON),
        ],
    }  # fmt: skip


def _check_collection(name: str) -> None:
    if name not in COLLECTIONS:
        listed = ", ".join(COLLECTIONS)
        raise NotFoundError(
            Text(
                f"没有 STAC 集合“{name}”。可用:{listed}。", f"There is no STAC collection '{name}'; there are {listed}."
            )
        )


def _language(request: Request) -> Language:
    return negotiate_language(request.headers.get("accept-language"))
