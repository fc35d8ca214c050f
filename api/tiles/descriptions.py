# SPDX-License-Identifier: Apache-2.0
"""What describes the vector tiles: tile matrix sets, a layer's tilesets, MapLibre styles (OGC API Tiles, Styles)."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response

from api.features.district import District, read_district
from api.http.links import base_url, make_link
from api.http.parameters import refuse_unknown
from api.http.response import JSON, MVT, answer_bytes
from api.services import Services, get_actor, get_services
from layers.layer import Layer, Property
from layers.style import make_map_style
from layers.tile import TILE_MATRIX_SETS, TileMatrixSet, find_span
from layers.tile_matrix import describe_tile_matrix_set
from twin.access import Actor
from twin.errors import NotFoundError
from twin.text import Language, Text, negotiate_language

STYLE: Final = "application/vnd.mapbox.style+json"
ALL_LAYERS: Final = "default"
"""The id of the style that shows every visible layer; that of a layer's own style is the layer's."""

_SCHEME: Final = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
_VARY: Final = {"Vary": "Accept-Language, Authorization, Cookie"}

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["tiles"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
LayerId = Annotated[str, Path(description="A layer's id")]
MatrixSetId = Annotated[str, Path(description=f"One of {', '.join(TILE_MATRIX_SETS)}")]


@router.get("/tileMatrixSets", summary="The tile matrix sets")
async def list_tile_matrix_sets(request: Request, actor: AsActor) -> Response:
    """The grids in which tiles are served: Web Mercator, and degrees numbered from 0 or, as in China, from 1."""
    base = base_url(request)
    listed = [
        {
            "id": one.id, "title": one.title, "crs": one.crs, **({"uri": one.uri} if one.uri else {}),
            "links": [make_link(f"{base}/tileMatrixSets/{one.id}", "self", JSON, one.title)],
        }
        for one in TILE_MATRIX_SETS.values()
    ]  # fmt: skip
    return answer_bytes(request, actor, orjson.dumps({"tileMatrixSets": listed}), JSON)


@router.get("/tileMatrixSets/{matrix_set_id}", summary="One tile matrix set")
async def get_tile_matrix_set(request: Request, actor: AsActor, matrix_set_id: MatrixSetId) -> Response:
    """Its definition (OGC 17-083r4)."""
    body = describe_tile_matrix_set(find_tile_matrix_set(matrix_set_id))
    return answer_bytes(request, actor, orjson.dumps(body), JSON)


@router.get("/collections/{layer_id}/tiles", summary="A layer's tilesets")
async def list_tilesets(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """Its vector tiles in each tile matrix set."""
    layer = services.layers.find(layer_id, actor)
    language = negotiate_language(request.headers.get("accept-language"))
    here = f"{base_url(request)}/collections/{layer.id}"
    tilesets = [
        {
            **_name(layer, one, language),
            "links": [make_link(f"{here}/tiles/{one.id}", "self", JSON), *_links(request, layer, one)],
        }
        for one in TILE_MATRIX_SETS.values()
    ]
    body = {
        "links": [make_link(f"{here}/tiles", "self", JSON), make_link(here, "collection", JSON)],
        "tilesets": tilesets,
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _VARY)


@router.get("/collections/{layer_id}/tiles/{matrix_set_id}", summary="One tileset of a layer, also as TileJSON")
async def get_tileset(
    request: Request, actor: AsActor, services: With, layer_id: LayerId, matrix_set_id: MatrixSetId
) -> Response:
    """Where the vector tiles are and what is in them. One document with the members of both descriptions."""
    layer = services.layers.find(layer_id, actor)
    matrix_set = find_tile_matrix_set(matrix_set_id)
    district = await read_district(services)
    language = negotiate_language(request.headers.get("accept-language"))
    here = f"{base_url(request)}/collections/{layer.id}/tiles/{matrix_set.id}"
    lowest, highest = _zooms(layer, matrix_set)
    shown = [p for p in layer.properties_for(actor.access_class) if p.in_tiles]
    box = _extent(district)
    body = {
        **_name(layer, matrix_set, language),
        "description": layer.description.in_language(language),
        "links": [make_link(here, "self", JSON), *_links(request, layer, matrix_set)],
        "boundingBox": {"lowerLeft": box[:2], "upperRight": box[2:], "crs": TILE_MATRIX_SETS["WorldCRS84Quad"].crs},
        "tileMatrixSetLimits": [_limit(matrix_set, zoom, box) for zoom in range(lowest, highest + 1)],
        "layers": [_describe_layer(layer, shown, lowest, highest, language)],
        "tilejson": "3.0.0",
        "name": layer.title.in_language(language),
        "tiles": [f"{here}/{{z}}/{{y}}/{{x}}"],
        "minzoom": lowest,
        "maxzoom": highest,
        "bounds": box,
        "vector_layers": [
            {
                "id": layer.id,
                "description": layer.description.in_language(language),
                "minzoom": lowest,
                "maxzoom": highest,
                "fields": {p.name: p.title.in_language(language) for p in shown},
            }
        ],
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON, _VARY)


@router.get("/styles", summary="The styles")
async def list_styles(request: Request, actor: AsActor, services: With) -> Response:
    """One style of all visible layers together, and one of each layer."""
    language = negotiate_language(request.headers.get("accept-language"))
    named = [(ALL_LAYERS, Text("全部图层", "All layers").in_language(language))]
    named += [(layer.id, layer.title.in_language(language)) for layer in services.layers.list_for(actor)]
    base = base_url(request)
    styles = [
        {"id": name, "title": title, "links": [make_link(f"{base}/styles/{name}", "stylesheet", STYLE, title)]}
        for name, title in named
    ]
    return answer_bytes(request, actor, orjson.dumps({"styles": styles, "default": ALL_LAYERS}), JSON, _VARY)


@router.get("/styles/{style_id}", summary="A MapLibre style: of the visible layers, or of one")
async def get_map_style(
    request: Request, actor: AsActor, services: With,
    style_id: Annotated[str, Path(description=f"`{ALL_LAYERS}`, or a layer's id")],
) -> Response:  # fmt: skip
    """Made of the layers' declarations."""
    if style_id == ALL_LAYERS:
        shown = [layer for layer in services.layers.list_for(actor) if layer.is_visible]
    else:
        shown = [services.layers.find(style_id, actor)]
    return answer_bytes(request, actor, orjson.dumps(make_map_style(shown, base_url(request))), STYLE)


def find_tile_matrix_set(name: str) -> TileMatrixSet:
    """The tile matrix set of this id. Raises NotFoundError."""
    found = TILE_MATRIX_SETS.get(name)
    if found is None:
        listed = ", ".join(TILE_MATRIX_SETS)
        raise NotFoundError(
            Text(f"没有瓦片矩阵集 {name};可用:{listed}。", f"There is no tile matrix set {name}; there are {listed}.")
        )
    return found


def _name(layer: Layer, matrix_set: TileMatrixSet, language: Language) -> dict[str, Any]:
    return {
        "title": layer.title.in_language(language),
        "dataType": "vector",
        "crs": matrix_set.crs,
        **({"tileMatrixSetURI": matrix_set.uri} if matrix_set.uri else {}),
        "tileMatrixSetId": matrix_set.id,
    }


def _links(request: Request, layer: Layer, matrix_set: TileMatrixSet) -> list[dict[str, Any]]:
    base = base_url(request)
    tiles = f"{base}/collections/{layer.id}/tiles/{matrix_set.id}"
    item = make_link(f"{tiles}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", MVT)
    return [
        item | {"templated": True},
        make_link(f"{base}/tileMatrixSets/{matrix_set.id}", _SCHEME, JSON),
        make_link(f"{base}/collections/{layer.id}", "http://www.opengis.net/def/rel/ogc/1.0/geodata", JSON),
    ]


def _zooms(layer: Layer, matrix_set: TileMatrixSet) -> tuple[int, int]:
    least = 0 if matrix_set.is_mercator else matrix_set.first + 1
    return max(layer.minzoom + matrix_set.first, least), layer.maxzoom + matrix_set.first


def _limit(matrix_set: TileMatrixSet, zoom: int, box: list[float]) -> dict[str, Any]:
    columns, rows = find_span(matrix_set, zoom, (box[0], box[1], box[2], box[3]))
    return {
        "tileMatrix": str(zoom),
        "minTileRow": rows.start, "maxTileRow": rows.stop - 1,
        "minTileCol": columns.start, "maxTileCol": columns.stop - 1,
    }  # fmt: skip


def _describe_layer(
    layer: Layer, shown: list[Property], lowest: int, highest: int, language: Language
) -> dict[str, Any]:
    kinds: dict[str, dict[str, str]] = {"datetime": {"type": "string", "format": "date-time"}}
    return {
        "id": layer.id,
        "title": layer.title.in_language(language),
        "dataType": "vector",
        "geometryDimension": {"point": 0, "line": 1}.get(layer.geometry, 2),
        "minTileMatrix": str(lowest),
        "maxTileMatrix": str(highest),
        "propertiesSchema": {
            "type": "object",
            "properties": {
                p.name: {"title": p.title.in_language(language), **kinds.get(p.type, {"type": p.type})} for p in shown
            },
        },
    }


def _extent(district: District | None) -> list[float]:
    return list(district.bbox) if district else [-180.0, -90.0, 180.0, 90.0]
