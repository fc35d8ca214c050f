# SPDX-License-Identifier: Apache-2.0
"""What the OGC resources answer, as OpenAPI 3.0 schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.features.export_files import MEDIA_TYPES
from api.features.items import FORMS, ITEM_FORMS
from api.http.negotiation import HTML
from api.http.response import GEOJSON, JSON
from api.tiles.tilesets import MEDIA_TYPES as TILESET_FILES

_TEXT: Final = {"type": "string"}
_LINKS: Final = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}

SCHEMAS: Final[dict[str, Any]] = {
    "problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, "parameter": _TEXT,
        },
    },
    "link": {
        "type": "object",
        "required": ["href", "rel", "type"],
        "properties": {
            "href": _TEXT, "rel": _TEXT, "type": _TEXT, "title": _TEXT, "templated": {"type": "boolean"},
        },
    },
    "landingPage": {
        "type": "object",
        "required": ["title", "links"],
        "properties": {"title": _TEXT, "description": _TEXT, "links": _LINKS},
    },
    "confClasses": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": _TEXT}},
    },
    "extent": {
        "type": "object",
        "required": ["spatial"],
        "properties": {
            "spatial": {
                "type": "object",
                "required": ["bbox", "crs"],
                "properties": {
                    "bbox": {
                        "type": "array", "minItems": 1,
                        "items": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
                    },
                    "crs": _TEXT,
                },
            },
            "temporal": {
                "type": "object",
                "required": ["interval", "trs"],
                "properties": {
                    "interval": {
                        "type": "array", "minItems": 1,
                        "items": {
                            "type": "array", "minItems": 2, "maxItems": 2,
                            "items": {"type": "string", "format": "date-time"},
                        },
                    },
                    "trs": _TEXT,
                },
            },
        },
    },
    "collection": {
        "type": "object",
        "required": ["id", "title", "description", "links", "extent", "itemType", "crs", "storageCrs"],
        "properties": {
            "id": _TEXT, "title": _TEXT, "description": _TEXT, "links": _LINKS,
            "extent": {"$ref": "#/components/schemas/extent"},
            "itemType": {"type": "string", "enum": ["feature", "record"]},
            "crs": {"type": "array", "minItems": 1, "items": _TEXT}, "storageCrs": _TEXT,
            "blocktwin": {"type": "object", "description": "the layer's declaration: properties, style, zooms"},
        },
    },
    "collections": {
        "type": "object",
        "required": ["links", "collections"],
        "properties": {
            "links": _LINKS, "crs": {"type": "array", "items": _TEXT},
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        },
    },
    "geometry": {
        "type": "object",
        "nullable": True,
        "required": ["type"],
        "properties": {
            "type": {"type": "string", "enum": [
                "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
                "GeometryCollection",
            ]},
            "coordinates": {"type": "array", "items": {}},
            "geometries": {"type": "array", "items": {"type": "object"}},
        },
    },
    "feature": {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]}, "id": {"type": "integer"},
            "geometry": {"$ref": "#/components/schemas/geometry"}, "properties": {"type": "object"}, "links": _LINKS,
        },
    },
    "featureCollection": {
        "type": "object",
        "required": ["type", "features", "links", "numberReturned", "timeStamp"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            "links": _LINKS, "numberReturned": {"type": "integer", "minimum": 0},
            "numberMatched": {"type": "integer", "minimum": 0},
            "timeStamp": {"type": "string", "format": "date-time"},
        },
    },
}  # fmt: skip

_PAGE: Final = {HTML: {"schema": _TEXT}}
_FILE: Final = {"schema": {"type": "string", "format": "binary"}}
_CONTENT_CRS: Final = {
    "Content-Crs": {"description": "the CRS of the coordinates, in angle brackets", "schema": _TEXT}
}  # fmt: skip


def _answer(description: str, media_type: str, schema: str, forms: Mapping[str, str] | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}, **_PAGE}
    for other in (forms or {}).values():
        if other not in (GEOJSON, JSON, HTML):
            content[other] = _FILE
    answer: dict[str, Any] = {"description": description, "content": content}
    if media_type == GEOJSON:
        answer["headers"] = _CONTENT_CRS
    return answer


_ITEMS: Final = _answer("The features", GEOJSON, "featureCollection", FORMS)

ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "/": {"get_landing": _answer("The landing page", JSON, "landingPage")},
    "/conformance": {"get_conformance": _answer("The conformance classes", JSON, "confClasses")},
    "/collections": {"list_collections": _answer("The layers", JSON, "collections")},
    "/collections/{layer_id}": {"get_collection": _answer("The layer", JSON, "collection")},
    "/collections/{layer_id}/items": {"list_items": _ITEMS},
    "/incidents": {"list_incidents": _ITEMS},
    "/collections/{layer_id}/items/{feature_id}": {"get_item": _answer("The feature", GEOJSON, "feature", ITEM_FORMS)},
    "/api": {
        "get_api": {
            "description": "This document",
            "content": {"application/vnd.oai.openapi+json": {"schema": {"type": "object"}}, **_PAGE},
        }
    },
}
"""By path and operation."""

_SCHEMA: Final = "application/schema+json"
_TABLE: Final = MEDIA_TYPES["xlsx"]
_CSV: Final = MEDIA_TYPES["csv"].partition(";")[0]
_BYTES: Final = "application/octet-stream"
_EXPORTS: Final = tuple(media_type.partition(";")[0] for media_type in MEDIA_TYPES.values())

FORMS_BY_STATUS: Final[Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]] = {
    **{("get", path): {"200": (_SCHEMA,)} for path in (
        "/collections/{layer_id}/queryables", "/collections/{layer_id}/schema",
        "/collections/{layer_id}/schemas/feature", "/collections/catalogue/queryables",
        "/collections/catalogue/sortables",
    )},
    ("get", "/collections/catalogue"): {"200": (JSON, HTML)},
    ("get", "/collections/catalogue/items"): {"200": (GEOJSON, HTML)},
    ("get", "/collections/catalogue/items/{record_id}"): {"200": (GEOJSON, HTML)},
    ("get", "/collections/{layer_id}/export"): {"200": _EXPORTS},
    ("get", "/registers/{register}/export"): {"200": _EXPORTS},
    ("get", "/styles/{style_id}"): {"200": ("application/vnd.mapbox.style+json",)},
    ("get", "/tilesets/{tileset_id}/{path}"): {"200": tuple(dict.fromkeys((*TILESET_FILES.values(), _BYTES)))},
    ("get", "/photos/{asset}"): {"200": ("image/jpeg", "image/png", "image/webp")},
    ("get", "/audit/export"): {"200": ("application/jsonl",)},
    ("get", "/quality"): {"200": (JSON, GEOJSON)},
    ("get", "/datasets/{dataset_id}/issues"): {"200": (JSON, GEOJSON)},
    **{("get", f"{of}/rejects.{form}"): {"200": (media_type,)}
       for of in ("/loads/{load_id}", "/uploads/{upload_id}")
       for form, media_type in (("xlsx", _TABLE), ("csv", _CSV))},
    ("put", "/business-layers/{code}"): {"200": (JSON,), "201": (JSON,)},
    ("delete", "/session"): {"200": (JSON,), "204": ()},
    ("options", "/uploads"): {"204": ()},
    ("post", "/uploads"): {"201": ()},
    ("head", "/uploads/{upload_id}"): {"200": ()},
}  # fmt: skip
"""The media types of the answers that went well, by method and path, where they are others than one of JSON."""
