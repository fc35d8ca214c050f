# SPDX-License-Identifier: Apache-2.0
"""Features made, replaced, changed and deleted through their collections: OGC API Features Part 4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.features.receive import (
    PATCH_TYPES,
    WRITTEN_TYPES,
    Received,
    read_content_crs,
    read_document,
    receive_feature,
    receive_features,
    receive_patch,
)
from api.features.writing import (
    Change,
    Stored,
    Written,
    check_owned,
    create_features,
    delete_feature,
    read_stored,
    update_feature,
)
from api.http.errors import ProtocolError, describe_error
from api.http.links import base_url
from api.http.offered_crs import DEFAULT_CRS
from api.http.parameters import refuse_unknown
from api.http.response import GEOJSON, JSON
from api.intake.jobs import OVERSEERS
from api.pool import as_owner, fetch_row
from api.registers.editing import Connection, check_preconditions, make_version_tag
from api.services import Services, get_actor, get_services
from layers.editable import check_text
from layers.layer import Layer
from layers.query import select_item
from layers.receivable import is_receivable
from twin.access import Actor
from twin.errors import AccessDeniedError, NotFoundError
from twin.text import Text, negotiate_language

_READ: Final = ("GET", "HEAD", "OPTIONS")
_NO_STORE: Final = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie"}
_CONTENT: Final = {"schema": {"type": "object"}}
_BODY: Final[dict[str, Any]] = {"requestBody": {"required": True, "content": dict.fromkeys(WRITTEN_TYPES, _CONTENT)}}
_PATCH_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": dict.fromkeys(PATCH_TYPES, _CONTENT)}
}

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["features"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
LayerId = Annotated[str, Path(description="A layer's id")]
FeatureId = Annotated[str, Path(description="A feature's id")]
Reason = Annotated[str | None, Query(max_length=500, description="why; kept with the version")]

_ITEMS: Final = "/collections/{layer_id}/items"
_ITEM: Final = "/collections/{layer_id}/items/{feature_id}"


class _NotWrittenError(ProtocolError):
    """A method that a collection does not have."""

    def __init__(self, layer: Layer, allowed: str) -> None:
        super().__init__(
            405,
            Text(
                f"图层 {layer.id} 在此处不支持这一方法;可用:{allowed}。",
                f"The layer {layer.id} does not take this method here; it takes {allowed}.",
            ),
        )
        self.allowed = allowed


@router.post(_ITEMS, status_code=201, summary="Make features", openapi_extra=_BODY)
async def create_items(
    request: Request, actor: AsActor, services: With, layer_id: LayerId, reason: Reason = None
) -> Response:
    """A GeoJSON Feature, or a FeatureCollection of at most 1,000: all of them or none. For the steward.

    Coordinates are of the CRS that `Content-Crs` names, CRS84 by default. `Prefer: return=representation` answers with
    the feature. With an `Idempotency-Key` the same request once more makes nothing more.
    """
    layer = services.layers.find(layer_id, actor)
    if not is_receivable(layer):
        return _refuse_method(request, layer, is_item=False)
    change = _change("create", actor, reason)
    crs = read_content_crs(request, services.settings)
    document = await read_document(request, WRITTEN_TYPES)
    features = receive_features(document, layer, crs, actor.access_class)
    async with as_owner(services.pool) as connection:
        written = await create_features(connection, layer, features, change)
    base = f"{base_url(request)}/collections/{layer.id}/items"
    if document["type"] == "Feature":
        location = {"Location": f"{base}/{written[0].feature_id}"}
        return await _answer(request, actor, services, layer, written[0], 201, location)
    listed = [
        {"id": one.feature_id, "href": f"{base}/{one.feature_id}", "etag": make_version_tag(one.version)}
        for one in written
    ]
    return Response(orjson.dumps({"created": listed}), 201, _NO_STORE, JSON)


@router.put(_ITEM, status_code=204, summary="Replace a feature", openapi_extra=_BODY)
async def replace_item(
    request: Request, actor: AsActor, services: With, layer_id: LayerId, feature_id: FeatureId, reason: Reason = None
) -> Response:
    """By a whole GeoJSON Feature, with If-Match: what it does not give is emptied. The version before stays in history.

    An id is given by the server alone, so nothing is made here.
    """
    layer = services.layers.find(layer_id, actor)
    if not is_receivable(layer):
        return _refuse_method(request, layer, is_item=True)
    change = _change("replace", actor, reason)
    crs = read_content_crs(request, services.settings)
    document = await read_document(request, WRITTEN_TYPES)
    number, shown = await _read_shown(services, actor, layer, feature_id)
    async with as_owner(services.pool) as connection:
        stored = await _lock(request, connection, actor, layer, number)
        received = receive_feature(document, layer, crs, actor.access_class, number, shown)
        written = await update_feature(connection, layer, stored, received, change)
    return await _answer(request, actor, services, layer, written, 204)


@router.patch(_ITEM, status_code=204, summary="Change a feature", openapi_extra=_PATCH_BODY)
async def update_item(
    request: Request, actor: AsActor, services: With, layer_id: LayerId, feature_id: FeatureId, reason: Reason = None
) -> Response:
    """By a JSON merge patch of its GeoJSON, with If-Match: null empties a property, the rest stays."""
    layer = services.layers.find(layer_id, actor)
    if not is_receivable(layer):
        return _refuse_method(request, layer, is_item=True)
    change = _change("update", actor, reason)
    crs = read_content_crs(request, services.settings)
    document = await read_document(request, PATCH_TYPES)
    number, shown = await _read_shown(services, actor, layer, feature_id)
    async with as_owner(services.pool) as connection:
        stored = await _lock(request, connection, actor, layer, number)
        received: Received = receive_patch(document, layer, crs, actor.access_class, number, shown)
        written = await update_feature(connection, layer, stored, received, change)
    return await _answer(request, actor, services, layer, written, 204)


@router.delete(_ITEM, status_code=204, summary="Delete a feature")
async def delete_item(
    request: Request, actor: AsActor, services: With, layer_id: LayerId, feature_id: FeatureId, reason: Reason = None
) -> Response:
    """With If-Match; its past stays to be asked for by `as_of`."""
    layer = services.layers.find(layer_id, actor)
    if not is_receivable(layer):
        return _refuse_method(request, layer, is_item=True)
    change = _change("delete", actor, reason)
    number, _ = await _read_shown(services, actor, layer, feature_id)
    async with as_owner(services.pool) as connection:
        stored = await _lock(request, connection, actor, layer, number)
        await delete_feature(connection, layer, stored, change)
    return Response(status_code=204, headers=_NO_STORE)


@router.options(_ITEMS, status_code=204, summary="What may be done with a layer's features")
async def describe_items(actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """The methods, and what a new feature is sent as."""
    layer = services.layers.find(layer_id, actor)
    accepted = {"Accept-Post": ", ".join(WRITTEN_TYPES)} if is_receivable(layer) else {}
    return Response(status_code=204, headers={"Allow": list_methods(layer, is_item=False), **accepted, **_NO_STORE})


@router.options(_ITEM, status_code=204, summary="What may be done with a feature")
async def describe_item(actor: AsActor, services: With, layer_id: LayerId, feature_id: FeatureId) -> Response:
    """The methods, and what a change is sent as."""
    layer = services.layers.find(layer_id, actor)
    accepted = {"Accept-Patch": ", ".join(PATCH_TYPES)} if is_receivable(layer) else {}
    return Response(status_code=204, headers={"Allow": list_methods(layer, is_item=True), **accepted, **_NO_STORE})


@router.api_route(_ITEMS, methods=["PUT", "PATCH", "DELETE"], include_in_schema=False)
async def refuse_items(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """A collection as a whole is neither replaced nor deleted."""
    return _refuse_method(request, services.layers.find(layer_id, actor), is_item=False)


@router.post(_ITEM, include_in_schema=False)
async def refuse_item(request: Request, actor: AsActor, services: With, layer_id: LayerId) -> Response:
    """A feature is made in its collection."""
    return _refuse_method(request, services.layers.find(layer_id, actor), is_item=True)


def list_methods(layer: Layer, *, is_item: bool) -> str:
    """What `Allow` says of a layer's features, or of one of them."""
    written = (("PUT", "PATCH", "DELETE") if is_item else ("POST",)) if is_receivable(layer) else ()
    return ", ".join((*_READ, *written))


def _change(action: str, actor: Actor, reason: str | None) -> Change:
    """Who, what and why. Raises AccessDeniedError for who proposes instead, RefusedError for a reason that is none."""
    if actor.role not in OVERSEERS:
        raise AccessDeniedError(
            Text(
                "只有数据管理员可直接增删改要素;请用 POST /proposals 提交更正建议。",
                "Only the steward writes features directly; propose the correction with POST /proposals.",
            )
        )
    return Change(action, actor, None if reason is None else check_text(reason, "reason"))


async def _read_shown(services: Services, actor: Actor, layer: Layer, feature_id: str) -> tuple[int, Mapping[str, Any]]:
    """The feature's number and properties as the actor sees them. Raises NotFoundError."""
    if feature_id.isascii() and feature_id.isdigit() and len(feature_id) < 19:
        number = int(feature_id)
        async with services.as_actor(actor) as connection:
            row = await fetch_row(connection, select_item(layer, number, actor.access_class))
        if row is not None:
            return number, orjson.loads(row[0])["properties"]
    raise _not_found(layer, feature_id)


async def _lock(request: Request, connection: Connection, actor: Actor, layer: Layer, feature_id: int) -> Stored:
    """The feature, which nobody else changes until the end of the transaction, and the actor may.

    Raises NotFoundError, ProtocolError (412, 428), AccessDeniedError.
    """
    stored = await read_stored(connection, layer, feature_id)
    if stored is None:
        raise _not_found(layer, str(feature_id))
    check_owned(actor, stored)
    check_preconditions(request, stored.version)
    return stored


async def _answer(
    request: Request, actor: Actor, services: Services, layer: Layer, written: Written, status: int,
    headers: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """Nothing but the version, or the feature where the client prefers it."""
    own = {"ETag": make_version_tag(written.version), **_NO_STORE, **(headers or {})}
    if not _prefers_representation(request):
        if status == 204:
            return Response(status_code=204, headers=own)
        body = {"id": written.feature_id, "block_code": written.block_code}
        return Response(orjson.dumps(body), status, own, JSON)
    async with services.as_actor(actor) as connection:
        row = await fetch_row(connection, select_item(layer, written.feature_id, actor.access_class))
    if row is None:
        # It was deleted in the meantime; that it was written is true all the same.
        return Response(status_code=204, headers=own)
    own |= {"Content-Crs": DEFAULT_CRS.header, "Preference-Applied": "return=representation"}
    return Response(row[0].encode(), 200 if status == 204 else status, own, GEOJSON)


def _prefers_representation(request: Request) -> bool:
    preferences = ",".join(request.headers.getlist("prefer")).replace(";", ",")
    return "return=representation" in {part.strip().lower().replace('"', "") for part in preferences.split(",")}


def _refuse_method(request: Request, layer: Layer, *, is_item: bool) -> Response:
    error = _NotWrittenError(layer, list_methods(layer, is_item=is_item))
    answer = describe_error(error, negotiate_language(request.headers.get("accept-language"))).as_response()
    answer.headers["Allow"] = error.allowed
    return answer


def _not_found(layer: Layer, feature_id: str) -> NotFoundError:
    return NotFoundError(
        Text(
            f"图层 {layer.id} 中没有编号为 {feature_id} 的要素,或它不在您的权限范围内;新要素请用 POST 新建。",
            f"The layer {layer.id} has no feature {feature_id}, or none within your reach; a new one is made by POST.",
        )
    )
