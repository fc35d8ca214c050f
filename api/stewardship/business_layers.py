# SPDX-License-Identifier: Apache-2.0
"""Business layers (入块业务): what a department's list is called, who may see it, how long it is kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal, LiteralString

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.catalogue import CATALOGUE
from api.http.parameters import MAX_LIMIT, refuse_unknown
from api.http.response import JSON
from api.intake.jobs import OVERSEERS
from api.intake.loads import Overseer
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.stewardship.purge import purge_layer
from layers.registry import load_layers
from twin.access import Actor, Role
from twin.errors import AccessDeniedError, ConflictError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["business layers"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Code = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="as it stands in /collections")]

_LIST: Final[LiteralString] = """
    SELECT coalesce(json_agg(json_build_object(
        'code', code, 'title', json_build_object('zh', title, 'en', coalesce(title_en, title)), 'owner', owner,
        'access_class', access_class, 'attribute_schema', attribute_schema, 'legend', legend,
        'owner_role', owner_role, 'refresh_days', refresh_days, 'retention_until', retention_until, 'version', version,
        'updated_at', updated_at,
        'is_stale', refresh_days IS NOT NULL AND updated_at < now() - refresh_days * interval '1 day',
        'features', (SELECT coalesce(sum(value), 0)::bigint FROM read_facts(
            (SELECT array_agg(block.code) FROM valid_block AS block JOIN block_scheme USING (scheme)
             WHERE is_governance AND parent_code IS NULL), ARRAY['business.' || layer.code]))
    ) ORDER BY code), '[]')::text
    FROM business_layer AS layer WHERE withdrawn_at IS NULL
"""
_PUT: Final[LiteralString] = """
    INSERT INTO business_layer AS kept (code, title, title_en, owner, access_class, attribute_schema, legend,
                                        refresh_days, retention_until, owner_role, created_by)
    VALUES (%(code)s, %(title)s, %(title_en)s, %(owner)s, %(access_class)s, %(attribute_schema)s, %(legend)s,
            %(refresh_days)s, %(retention_until)s, %(owner_role)s, %(actor)s)
    ON CONFLICT (code) DO UPDATE SET title = EXCLUDED.title, title_en = EXCLUDED.title_en, owner = EXCLUDED.owner,
        access_class = EXCLUDED.access_class, attribute_schema = EXCLUDED.attribute_schema,
        legend = EXCLUDED.legend, refresh_days = EXCLUDED.refresh_days, retention_until = EXCLUDED.retention_until,
        owner_role = EXCLUDED.owner_role
    RETURNING xmax = 0
"""
_OWNER_ROLE: Final[LiteralString] = "SELECT owner_role FROM business_layer WHERE code = %s AND withdrawn_at IS NULL"
_VERSIONS: Final[LiteralString] = """
    SELECT number, visible_from, load_id, withdraws, file_name, added, changed, ended, rows
    FROM business_layer_version WHERE layer_code = %(code)s AND (%(after)s::integer IS NULL OR number < %(after)s)
    ORDER BY number DESC LIMIT %(limit)s + 1
"""
_VERSION_NAMES: Final = ("number", "as_of", "load_id", "withdraws", "file", "added", "changed", "ended", "rows")
_CHANGES: Final[LiteralString] = """
    SELECT feature_id, local_id, source_id, op
    FROM business_layer_version AS version, layer_changes(layer_code, version.recorded_at)
    WHERE layer_code = %(code)s AND number = %(number)s AND feature_id > %(after)s
      AND (%(op)s::text IS NULL OR op = %(op)s)
    ORDER BY feature_id LIMIT %(limit)s + 1
"""


class Named(BaseModel):
    """A title; where there is no English one, the Chinese stands."""

    model_config = ConfigDict(extra="forbid")
    zh: str = Field(min_length=1, max_length=80)
    en: str | None = Field(default=None, max_length=80)


class GivenLayer(BaseModel):
    """The description of a layer. Its features come by a load of kind `business` (or `points`)."""

    model_config = ConfigDict(extra="forbid")
    title: Named
    owner: str | None = Field(default=None, max_length=80)
    access_class: int = Field(default=2, ge=1, le=3)
    attribute_schema: dict[str, Any] = {}
    legend: dict[str, Any] = {}
    refresh_days: int | None = Field(default=None, ge=1, le=3660)
    retention_until: date | None = None
    owner_role: Role | None = Field(default=None, description="the role that sees its versions, beside the steward")


@router.get("/business-layers", summary="The business layers")
async def list_business_layers(actor: AsActor, services: With) -> Response:
    """Those that the actor may see, with how many features lie in reach."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(_LIST)).fetchone()
    return _answer({"layers": orjson.loads(row[0]) if row else []})


@router.put("/business-layers/{code}", summary="Describe a business layer")
async def put_business_layer(actor: Overseer, services: With, code: Code, given: GivenLayer) -> Response:
    """Its looks, owner, class and retention, from now on. A class of features is never below their layer's."""
    if code in load_layers() or code == CATALOGUE:
        raise ConflictError(
            Text(f"“{code}”是固有图层的编码。", f"'{code}' is the id of a layer that comes with the program.")
        )
    values = given.model_dump(exclude={"title"}) | {
        "code": code, "title": given.title.zh, "title_en": given.title.en, "actor": f"token {actor.token_id}",
        "attribute_schema": Jsonb(given.attribute_schema), "legend": Jsonb(given.legend),
    }  # fmt: skip
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(_PUT, values)).fetchone()
        await connection.execute(
            "UPDATE business_feature SET access_class = %(access_class)s "
            "WHERE layer_code = %(code)s AND access_class <> %(access_class)s",
            values,
        )
        await services.layers.read(connection)
    return _answer({"code": code}, 201 if row and row[0] else 200)


@router.delete("/business-layers/{code}", summary="Withdraw a business layer without a trace")
async def delete_business_layer(actor: Overseer, services: With, code: Code) -> Response:
    """Features, history, versions, reviews, loads and files go for good; a certificate of how much there was stays."""
    row = await purge_layer(services.pool, services.settings, code, f"token {actor.token_id}")
    async with as_owner(services.pool) as connection:
        await services.layers.read(connection)
    if row is None:
        raise _no_layer(code)
    return _answer(dict(zip(("certificate", "features", "versions", "digest", "at"), row, strict=True)))


@router.get("/business-layers/{code}/versions", summary="The versions of a business layer")
async def list_versions(
    actor: AsActor, services: With, code: Code, limit: Limit = 100,
    after: Annotated[int | None, Query(description="older than the version of this number")] = None,
) -> Response:  # fmt: skip
    """Newest first: one for each load that changed a row, and for each that was taken back.

    `as_of` is the moment to ask `/collections/{code}/items?as_of=` for; `rows` is how many the layer had then.
    For the steward, and whoever has the role of the layer's owner.
    """
    async with services.as_actor(actor) as connection:
        await _check_owner(connection, actor, code)
        values = {"code": code, "limit": limit, "after": after}
        rows = await (await connection.execute(_VERSIONS, values)).fetchall()
    listed = [dict(zip(_VERSION_NAMES, row, strict=True)) for row in rows[:limit]]
    return _answer({"versions": listed, "next": rows[limit - 1][0] if len(rows) > limit else None})


@router.get("/business-layers/{code}/versions/{number}/changes", summary="What a version changed")
async def list_changes(
    actor: AsActor, services: With, code: Code, number: int, limit: Limit = 1000,
    after: Annotated[int, Query(description="beyond the feature of this id")] = 0,
    op: Annotated[Literal["added", "changed", "ended"] | None, Query(description="only these")] = None,
) -> Response:  # fmt: skip
    """The rows that were added, changed or ended, within what the actor may see."""
    async with services.as_actor(actor) as connection:
        await _check_owner(connection, actor, code)
        known = await connection.execute(
            "SELECT FROM business_layer_version WHERE layer_code = %s AND number = %s", (code, number)
        )
        if await known.fetchone() is None:
            raise NotFoundError(
                Text(f"图层“{code}”没有第 {number} 版。", f"The layer '{code}' has no version {number}.")
            )
        values = {"code": code, "number": number, "limit": limit, "after": after, "op": op}
        rows = await (await connection.execute(_CHANGES, values)).fetchall()
    listed = [dict(zip(("id", "local_id", "source_id", "op"), row, strict=True)) for row in rows[:limit]]
    return _answer({"changes": listed, "next": rows[limit - 1][0] if len(rows) > limit else None})


async def _check_owner(connection: AsyncConnection[TupleRow], actor: Actor, code: str) -> None:
    """Raises NotFoundError for a layer that the actor may not know of, AccessDeniedError for one of others."""
    row = await (await connection.execute(_OWNER_ROLE, (code,))).fetchone()
    if row is None:
        raise _no_layer(code)
    if actor.role not in OVERSEERS and actor.role != row[0]:
        raise AccessDeniedError(
            Text(
                f"图层“{code}”的版本只对数据管理员和它的主管角色开放。",
                f"The versions of '{code}' are for the steward and the role of its owner.",
            )
        )


def _no_layer(code: str) -> NotFoundError:
    return NotFoundError(Text(f"没有业务图层“{code}”。", f"There is no business layer '{code}'."))


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, JSON)
