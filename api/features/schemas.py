# SPDX-License-Identifier: Apache-2.0
"""What features are made of, as JSON Schema: OGC API Features Part 5, and the queryables of Part 3.

Each actor gets the schema of what it may see: a property of a higher class is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response

from api.features.filtering import QUERYABLE_ID
from api.http.links import base_url, make_link
from api.http.parameters import refuse_unknown
from api.http.response import answer_bytes
from api.services import Services, get_actor, get_services
from layers.cql2.condition import GEOMETRY, ID
from layers.layer import Layer, Property
from layers.receivable import describe_receivables, is_receivable, required_names
from twin.access import Actor
from twin.text import Language, Text, negotiate_language

SCHEMA_JSON: Final = "application/schema+json"
_RELATION: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

CONFORMS_TO: Final = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/{name}"
    for name in ("schemas", "core-roles-features", "returnables-and-receivables", "queryables")
)

_LOCALISED: Final = {"Vary": "Accept-Language, Authorization, Cookie"}
_SHAPES: Final[Mapping[str, str]] = {
    "point": "geometry-point-or-multipoint",
    "line": "geometry-linestring-or-multilinestring",
    "polygon": "geometry-polygon-or-multipolygon",
}
_TYPES: Final[Mapping[str, dict[str, str]]] = {"datetime": {"type": "string", "format": "date-time"}}
_UCUM: Final[Mapping[str, str]] = {
    "m": "m", "mm": "mm", "cm": "cm", "km": "km", "m²": "m2", "km²": "km2", "hm²": "har", "ha": "har", "m³": "m3",
    "%": "%", "°": "deg", "℃": "Cel", "°C": "Cel", "kg": "kg", "t": "t", "s": "s", "min": "min", "h": "h", "kW": "kW",
    "kWh": "kW.h", "V": "V", "A": "A", "Pa": "Pa", "kPa": "kPa", "MPa": "MPa", "dB": "dB", "lx": "lx",
}  # fmt: skip
"""Units of ours as UCUM writes them; another one stands in the description alone."""
_UNIT: Final = Text("单位:{}", "Unit: {}")
_PATHS: Final = Text(
    '按路径查询,名称以点分隔,名称中的点写两次:"{0}.集.名"',
    'Asked for by path, names parted by dots, a dot within a name twice: "{0}.set.name"',
)
_ID: Final = Text("编号", "Id")
_PLACE: Final = Text("几何", "Geometry")
_ACCESS_CLASS: Final = Text("安全级别", "Access class")
_NO_VALUE: Final = Text("值为 null 即没有值。", "A property that is null has no value.")

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["features"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
LayerId = Annotated[str, Path(description="A layer's id")]


@router.get(
    "/collections/{layer_id}/queryables", summary="What a filter may ask about", operation_id="get_queryables"
)  # fmt: skip
async def get_queryables(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """The properties that this actor may name in `filter`; those that are no geometry are parameters as well."""
    layer = services.layers.find(layer_id, actor)
    language = _language(request)
    properties = _describe(layer, actor, language)
    paths = {
        f"^{root.name}\\..+": {
            "title": root.title.in_language(language),
            "description": _PATHS.in_language(language).format(root.name),
        }
        for root in layer.roots
    }
    return _answer(request, actor, layer, "queryables", properties, paths=paths)


@router.get("/collections/{layer_id}/schema", summary="What a layer's features are made of", operation_id="get_schema")
async def get_schema(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """Returnables and receivables: what is only read is `readOnly`, what is only written `writeOnly`."""
    layer = services.layers.find(layer_id, actor)
    language = _language(request)
    properties = _describe(layer, actor, language)
    properties[ID]["readOnly"] = True
    if not is_receivable(layer):
        properties[GEOMETRY]["readOnly"] = True
    for name, limits in describe_receivables(layer, actor.access_class).items():
        titled = {"title": _ACCESS_CLASS.in_language(language), "x-ogc-propertySeq": len(properties) + 1}
        properties.setdefault(name, titled).update(limits)
    required = sorted(required_names(layer)) if is_receivable(layer) else []
    return _answer(request, actor, layer, "schema", properties, required)


@router.get(
    "/collections/{layer_id}/schemas/feature", summary="A feature as GeoJSON", operation_id="get_feature_schema"
)  # fmt: skip
async def get_feature_schema(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """What a GeoJSON feature of the layer is made of.

    The schema of Part 5 knows no encoding. Clients that read features into a table (GDAL) look for this one: without
    it they guess the types from the first page, where a property may be empty, or whole by chance.
    """
    layer = services.layers.find(layer_id, actor)
    described = _describe(layer, actor, _language(request))
    own = {name: one for name, one in described.items() if name not in (ID, GEOMETRY)}
    members: dict[str, Any] = {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": described[ID],
        "geometry": described[GEOMETRY],
        "properties": {"type": "object", "description": _NO_VALUE.in_language(_language(request)), "properties": own},
    }
    return _answer(request, actor, layer, "schemas/feature", members, ["type", "geometry", "properties"], is_open=True)


def link_schemas(here: str) -> list[dict[str, Any]]:
    """The links to all of them from the collection at `here`."""
    return [
        *(make_link(f"{here}/{name}", f"{_RELATION}{name}", SCHEMA_JSON) for name in ("queryables", "schema")),
        make_link(f"{here}/schemas/feature", "describedby", SCHEMA_JSON),
    ]


def _describe(layer: Layer, actor: Actor, language: Language) -> dict[str, dict[str, Any]]:
    """The properties in their order: the id, the geometry, then those that are declared."""
    shape = "geometry-any" if layer.also else _SHAPES.get(layer.geometry, "geometry-any")
    properties: dict[str, dict[str, Any]] = {
        ID: {**_describe_property(QUERYABLE_ID, language), "x-ogc-role": "id"},
        GEOMETRY: {"title": _PLACE.in_language(language), "format": shape, "x-ogc-role": "primary-geometry"},
    }
    for declared in layer.properties_for(actor.access_class):
        properties[declared.name] = _describe_property(declared, language)
        if declared.name == layer.time_column:
            properties[declared.name]["x-ogc-role"] = "primary-instant"
    for number, described in enumerate(properties.values(), start=1):
        described["x-ogc-propertySeq"] = number
    return properties


def _describe_property(declared: Property, language: Language) -> dict[str, Any]:
    described: dict[str, Any] = {"title": declared.title.in_language(language)}
    described |= _TYPES.get(declared.type, {"type": declared.type})
    notes: list[str] = []
    if declared.unit:
        notes.append(_UNIT.in_language(language).format(declared.unit))
        if declared.unit in _UCUM:
            described["x-ogc-unit"] = _UCUM[declared.unit]
    if declared.values:
        described["enum"] = [int(code) if declared.type == "integer" else code for code in declared.values]
        notes.append("; ".join(f"{code}: {text.in_language(language)}" for code, text in declared.values.items()))
    if notes:
        described["description"] = ". ".join(notes)
    return described


def _answer(
    request: Request, actor: Actor, layer: Layer, name: str, properties: Mapping[str, Any],
    required: list[str] | None = None, *, is_open: bool = False, paths: Mapping[str, Any] | None = None,
) -> Response:  # fmt: skip
    language = _language(request)
    body: dict[str, Any] = {
        "$schema": _DIALECT,
        "$id": f"{base_url(request)}/collections/{layer.id}/{name}",
        "type": "object",
        "title": layer.title.in_language(language),
        "description": layer.description.in_language(language),
        "properties": properties,
        "additionalProperties": is_open,
    }
    if paths:
        body["patternProperties"] = paths
    if required:
        body["required"] = required
    return answer_bytes(request, actor, orjson.dumps(body), SCHEMA_JSON, _LOCALISED)


def _language(request: Request) -> Language:
    return negotiate_language(request.headers.get("accept-language"))
