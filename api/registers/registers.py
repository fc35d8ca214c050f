# SPDX-License-Identifier: Apache-2.0
"""The registers of parks and villages: list, search, filter, entry, edit, history, undo, export."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg.sql import SQL, Identifier
from pydantic import BaseModel, ConfigDict, Field

from api.features.export import Format, export_features
from api.http.parameters import MAX_LIMIT, refuse_unknown
from api.http.response import JSON
from api.pool import as_owner, fetch_row
from api.registers.editing import (
    Edit,
    check_geometry,
    check_reach,
    check_steward,
    make_version_tag,
    read_current,
    read_version_tag,
    write_version,
)
from api.registers.register_filter import TYPES, make_filter, parse_order
from api.registers.versions import format_version, read_versions
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from layers.editable import EDITABLE, check_changes, check_text, editable_fields
from layers.layer import Layer, Property
from layers.query import count_matched, select_item, select_rows
from layers.registry import find_layer
from twin.access import Actor
from twin.errors import InvalidRequestError, NotFoundError
from twin.text import Text

REGISTERS: Final[Mapping[str, str]] = {"parks": "industrial_parks", "villages": "urban_villages"}
"""The registers by their name in addresses, each with its layer."""

LISTED: Final[Mapping[str, str]] = {**REGISTERS, **{id: id for id in EDITABLE if id not in REGISTERS.values()}}
"""The other layers that people correct (buildings, units, addresses) are listed and edited alike, by their id."""


_NO_STORE: Final = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie"}

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["registers"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
RegisterName = Annotated[str, Path(description="parks or villages")]
FeatureId = Annotated[int, Path(ge=1, lt=1 << 63)]
Search = Annotated[str | None, Query(max_length=100, description="words in the name or code, all of them")]
Block = Annotated[str | None, Query(description="entries in this block and below it")]
Type = Annotated[str | None, Query(description="a type of the register", max_length=64)]
Where = Annotated[
    list[str] | None, Query(alias="filter", description="conditions such as vacant_area>=1000 or operator~运营")
]
Sort = Annotated[str | None, Query(max_length=64, description="a field, with a - before it for the greatest first")]


class Changes(BaseModel):
    """New values by field, and a new boundary (GeoJSON) if that changes; why is kept with the version."""

    model_config = ConfigDict(extra="forbid")

    changes: dict[str, Any] = Field(default_factory=dict)
    geometry: dict[str, Any] | None = None
    reason: str | None = None


class Restore(BaseModel):
    """Which version comes back, by its `version` in the history, and why."""

    model_config = ConfigDict(extra="forbid")

    version: datetime
    reason: str | None = None


@router.get("/registers", summary="The registers")
async def list_registers(actor: AsActor) -> Response:
    """Each with its fields, and which of them can be corrected how. `layers` are listed and edited the same way."""

    def describe(name: str) -> dict[str, Any]:
        layer = find_register(name)
        return {
            "name": name, "layer": layer.id, "title": layer.title.as_dict(),
            "properties": [_describe(p) for p in layer.properties_for(actor.access_class)],
            "editable": [f.as_dict() for f in editable_fields(layer, actor.access_class).values()],
            "type": TYPES.get(layer.id),
        }  # fmt: skip

    return _answer({
        "registers": [describe(name) for name in REGISTERS],
        "layers": [describe(name) for name in LISTED if name not in REGISTERS],
    })  # fmt: skip


@router.get("/registers/{register}", summary="Entries of a register")
async def list_entries(
    actor: AsActor, services: With, register: RegisterName, q: Search = None, block: Block = None, type: Type = None,
    where: Where = None, sort: Sort = None, after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
) -> Response:  # fmt: skip
    """By id or as `sort` says, without boundaries: a point in each instead. `next` is the `after` of the next page."""
    layer = find_register(register)
    narrowed = make_filter(layer, actor, q=q, block=block, type=type, where=where)
    order = None if sort is None else parse_order(sort, layer, actor)
    statement = select_rows(layer, narrowed, actor.access_class, limit=limit + 1, after=after, order=order)
    counting = count_matched(layer, narrowed)
    async with services.as_actor(actor) as connection:
        rows = await (await connection.execute(statement.text, statement.values)).fetchall()
        counted = await fetch_row(connection, counting)
    names = [p.name for p in layer.properties_for(actor.access_class)]
    shown = rows[:limit]
    return _answer({
        "register": register,
        "entries": [
            {"id": row[0], "place": row[1], "properties": dict(zip(names, row[2:], strict=True))} for row in shown
        ],
        "numberMatched": counted[0] if counted else 0,
        "numberReturned": len(shown),
        "next": shown[-1][0] if len(rows) > limit else None,
    })  # fmt: skip


@router.get("/registers/{register}/export", summary="The listed entries as a file")
async def export_entries(
    request: Request, actor: AsActor, services: With, register: RegisterName, f: Format = "xlsx", q: Search = None,
    block: Block = None, type: Type = None, where: Where = None, ids: str | None = None,
) -> Response:  # fmt: skip
    """The same search and filters as the list."""
    layer = find_register(register)
    narrowed = make_filter(layer, actor, q=q, block=block, type=type, where=where, ids=ids)
    return await export_features(request, actor, services, layer, narrowed, f)


@router.get("/registers/{register}/{feature_id}", summary="One entry")
async def get_entry(actor: AsActor, services: With, register: RegisterName, feature_id: FeatureId) -> Response:
    """With what stands in it and is known about it. The ETag names its version, for If-Match."""
    layer = find_register(register)
    values = {"kind": layer.kind, "id": feature_id, "class": actor.access_class}
    async with services.as_actor(actor) as connection:
        current = await read_current(connection, layer, feature_id)
        feature = await fetch_row(connection, select_item(layer, feature_id, actor.access_class))
        about = ("{}",)
        if register in REGISTERS:
            about = await (await connection.execute(read_sql("register_detail"), values)).fetchone()
    assert feature is not None and about is not None
    body = {
        "register": register, "feature": orjson.Fragment(feature[0]), "version": format_version(current.version),
        "about": orjson.Fragment(about[0]),
    }  # fmt: skip
    return _answer(body, {"ETag": make_version_tag(current.version)})


@router.patch("/registers/{register}/{feature_id}", summary="Correct an entry")
async def patch_entry(
    request: Request, actor: AsActor, services: With, register: RegisterName, feature_id: FeatureId, body: Changes
) -> Response:
    """For the steward, with If-Match; the version before stays in the history."""
    check_steward(actor)
    layer = find_register(register)
    expected = read_version_tag(request)
    changes = check_changes(layer, body.changes, actor.access_class)
    geometry = None if body.geometry is None else check_geometry(layer, body.geometry)
    if not changes and geometry is None:
        raise InvalidRequestError(
            Text("没有要改的内容:请给出 changes 或 geometry。", "Nothing is to change: give changes or a geometry."),
            "changes",
        )
    reason = None if body.reason is None else check_text(body.reason, "reason")
    async with services.as_actor(actor) as connection:
        check_reach(actor, (await read_current(connection, layer, feature_id)).block_code)
    async with as_owner(services.pool) as connection:
        version = await write_version(
            connection, layer, feature_id, Edit("edit", actor, reason),
            expected=expected, changes=changes, geometry=geometry,
        )  # fmt: skip
    return _answer({"id": feature_id, "version": format_version(version)}, {"ETag": make_version_tag(version)})


@router.get("/registers/{register}/{feature_id}/history", summary="Every version of an entry")
async def get_history(actor: AsActor, services: With, register: RegisterName, feature_id: FeatureId) -> Response:
    """Newest first: when, by which role or load, why, and what changed from the version before."""
    layer = find_register(register)
    versions = await read_versions(services, actor, layer, feature_id)
    return _answer({"register": register, "id": feature_id, "versions": versions})


@router.post("/registers/{register}/{feature_id}/restore", summary="Bring an earlier version back")
async def restore_entry(
    request: Request, actor: AsActor, services: With, register: RegisterName, feature_id: FeatureId, body: Restore
) -> Response:
    """Its values and boundary, as a new version; nothing of the history is lost."""
    check_steward(actor)
    layer = find_register(register)
    expected = read_version_tag(request)
    reason = None if body.reason is None else check_text(body.reason, "reason")
    fields = tuple(editable_fields(layer, actor.access_class))
    text = SQL("SELECT ST_AsBinary(geometry), {} FROM {} WHERE id = %s AND recorded_at = %s").format(
        SQL(", ").join(map(Identifier, fields)), Identifier(f"{layer.kind}_history")
    )
    async with services.as_actor(actor) as connection:
        check_reach(actor, (await read_current(connection, layer, feature_id)).block_code)
        row = await (await connection.execute(text, (feature_id, body.version))).fetchone()
    if row is None:
        raise NotFoundError(
            Text(
                "历史中没有这个版本;可用的版本见 history。",
                "The history has no such version; see its list for those there are.",
            )
        )
    async with as_owner(services.pool) as connection:
        version = await write_version(
            connection, layer, feature_id, Edit("restore", actor, reason),
            expected=expected, changes=dict(zip(fields, row[1:], strict=True)), geometry=row[0],
        )  # fmt: skip
    return _answer({"id": feature_id, "version": format_version(version)}, {"ETag": make_version_tag(version)})


def find_register(name: str) -> Layer:
    """The layer of a register, or one that is corrected like one. Raises NotFoundError."""
    if name not in LISTED:
        listed = ", ".join(LISTED)
        raise NotFoundError(
            Text(f"没有登记册“{name}”。可用:{listed}。", f"There is no register '{name}'. There are {listed}.")
        )
    return find_layer(LISTED[name])


def _describe(declared: Property) -> dict[str, Any]:
    return {
        "name": declared.name, "title": declared.title.as_dict(), "type": declared.type, "unit": declared.unit,
        "values": {code: word.as_dict() for code, word in declared.values.items()} if declared.values else None,
    }  # fmt: skip


def _answer(body: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers={**_NO_STORE, **(headers or {})})
