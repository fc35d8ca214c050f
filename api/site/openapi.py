# SPDX-License-Identifier: Apache-2.0
"""The API's description as OpenAPI 3.0, which is what OGC API Features names and its tests read.

The framework writes 3.1 without the bounds and answers that the standards ask for; what differs is put right here.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from fastapi import FastAPI

from api.features.items import FORMS, ITEM_FORMS
from api.http.negotiation import HTML
from api.http.offered_crs import list_crs
from api.http.parameters import DEFAULT_LIMIT, MAX_IDS, MAX_LIMIT
from api.http.response import JSON
from api.site.answer_schemas import ANSWERS, FORMS_BY_STATUS, SCHEMAS
from layers.layer import Property
from layers.registry import load_layers
from twin.settings import Settings

VERSION: Final = "3.0.3"
MEDIA_TYPE: Final = f"application/vnd.oai.openapi+json;version={VERSION[:3]}"

_ITEMS: Final = "/collections/{layer_id}/items"
_PROBLEM: Final = {
    "description": "What is wrong and what to do about it (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}},
}
_BOX: Final = {
    "type": "array",
    "items": {"type": "number"},
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
}
_LIMIT: Final = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
_TYPES: Final[Mapping[str, dict[str, Any]]] = {"datetime": {"type": "string", "format": "date-time"}}
_HEADER_ACCEPT: Final = {"f": {path: list(forms) for path, forms in (
    (_ITEMS, FORMS), ("/incidents", FORMS), (f"{_ITEMS}/{{feature_id}}", ITEM_FORMS),
    *((path, {"json": JSON, "html": HTML}) for path in (
        "/", "/conformance", "/api", "/collections", "/collections/{layer_id}",
    )),
)}}  # fmt: skip


def write_openapi(app: FastAPI, settings: Settings) -> dict[str, Any]:
    """The whole document but for `servers`, which are where the client sees this one."""
    document: dict[str, Any] = _lower(deepcopy(app.openapi()))
    document["openapi"] = VERSION
    document["info"]["description"] = "Features of a city district, live; see /collections."
    document["info"]["license"] = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
    components: dict[str, Any] = document.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= deepcopy(SCHEMAS)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"token": []}]
    crs = list(list_crs(settings.metric_srid))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _describe_operation(path, operation, crs)
            _describe_forms(operation["responses"], FORMS_BY_STATUS.get((method, path), {}))
    page = document["paths"][_ITEMS]["get"]
    for layer in load_layers().values():
        document["paths"][f"/collections/{layer.id}/items"] = {"get": _describe_layer(page, layer.id, layer.properties)}
    return document


def _describe_operation(path: str, operation: dict[str, Any], crs: list[str]) -> None:
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)
    responses["default"] = _PROBLEM
    answers = ANSWERS.get(path)
    if answers is not None and operation.get("operationId") in answers:
        responses["200"] = answers[operation["operationId"]]
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if name == "layer_id":
            parameter["example"] = "blocks"
        if parameter["in"] != "query":
            continue
        parameter |= {"style": "form", "explode": parameter["schema"].get("type") == "array"}
        if name == "bbox":
            parameter |= {"schema": _BOX, "explode": False}
        elif name in ("crs", "bbox-crs"):
            parameter["schema"] = {"type": "string", "format": "uri", "enum": crs, "default": crs[0]}
        elif name == "limit" and path in (_ITEMS, "/incidents"):
            parameter["schema"] = _LIMIT
        elif name == "ids":
            parameter["schema"] = {
                "type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": MAX_IDS,
            }  # fmt: skip
            parameter["explode"] = False
        elif name == "f" and path in _HEADER_ACCEPT["f"]:
            parameter["schema"] = {"type": "string", "enum": _HEADER_ACCEPT["f"][path]}
    operation.setdefault("parameters", []).append(_LANGUAGE)


def _describe_forms(responses: dict[str, Any], forms: Mapping[str, tuple[str, ...]]) -> None:
    """Says what comes as something else than JSON, and what has no body, by the status of the answer."""
    if not forms:
        return
    before = {status: responses.pop(status) for status in list(responses) if status.startswith("2")}
    for status, media_types in forms.items():
        described = before.get(status, next(iter(before.values())))
        responses[status] = {"description": described["description"]}
        if media_types:
            responses[status]["content"] = {
                name: {"schema": {} if name.endswith("json") else {"type": "string", "format": "binary"}}
                for name in media_types
            }


def _describe_layer(page: dict[str, Any], name: str, properties: tuple[Property, ...]) -> dict[str, Any]:
    """The features of one layer: those of any, and its properties as parameters."""
    operation = deepcopy(page)
    operation["operationId"] = f"list_items_{name}"
    operation["summary"] = f"The features of {name}"
    operation["parameters"] = [p for p in operation["parameters"] if p["name"] != "layer_id"]
    taken = {parameter["name"] for parameter in operation["parameters"]}
    operation["parameters"] += [
        {
            "name": declared.name, "in": "query", "required": False, "style": "form", "explode": False,
            "description": f"{declared.title.en}: equal to this",
            "schema": _TYPES.get(declared.type, {"type": declared.type}),
        }
        for declared in properties if declared.name not in taken
    ]  # fmt: skip
    return operation


_LANGUAGE: Final = {
    "name": "Accept-Language", "in": "header", "required": False, "description": "the language of texts: zh or en",
    "schema": {"type": "string"}, "example": "en",
}  # fmt: skip


def _lower(node: Any) -> Any:
    """A schema of 3.1 as 3.0 writes it: `nullable` for a type null, one `example`, bounds with flags."""
    if isinstance(node, list):
        return [_lower(one) for one in node]
    if not isinstance(node, dict):
        return node
    lowered: dict[str, Any] = {name: _lower(value) for name, value in node.items()}
    options = lowered.get("anyOf")
    if isinstance(options, list):
        left = [one for one in options if one != {"type": "null"}]
        if len(left) < len(options):
            del lowered["anyOf"]
            if len(left) == 1 and "$ref" not in left[0]:
                lowered = {**left[0], **lowered, "nullable": True}
            else:
                lowered |= {"anyOf": left, "nullable": True}
    if "const" in lowered:
        lowered["enum"] = [lowered.pop("const")]
    if isinstance(lowered.get("examples"), list):
        lowered["example"] = lowered.pop("examples")[0]
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(lowered.get(bound), int | float) and not isinstance(lowered[bound], bool):
            lowered[limit], lowered[bound] = lowered[bound], True
    if "contentMediaType" in lowered:
        lowered.pop("contentMediaType")
        lowered.pop("contentEncoding", None)
        lowered["format"] = "binary"
    if "prefixItems" in lowered:
        lowered["items"] = {"anyOf": lowered.pop("prefixItems")}
    if isinstance(lowered.get("type"), list):
        kinds = [one for one in lowered["type"] if one != "null"]
        lowered |= {"type": kinds[0], "nullable": True}
    if lowered.get("in") in ("query", "header", "path", "cookie") and isinstance(lowered.get("schema"), dict):
        # What is absent is absent; no parameter has a value that is null.
        lowered["schema"].pop("nullable", None)
    return lowered
