# SPDX-License-Identifier: Apache-2.0
"""Business layers (入块业务): what a department's list is called, who may see it, how long it is kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, LiteralString

import orjson
from fastapi import APIRouter, Depends, Path, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.loads import Overseer
from api.parameters import refuse_unknown
from api.pool import as_owner
from api.response import JSON
from api.services import Services, get_actor, get_services
from layers.registry import load_layers
from twin.access import Actor
from twin.errors import ConflictError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["business layers"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
Code = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="as it stands in /collections")]

_LIST: Final[LiteralString] = """
    SELECT coalesce(json_agg(json_build_object(
        'code', code, 'title', json_build_object('zh', title, 'en', coalesce(title_en, title)), 'owner', owner,
        'access_class', access_class, 'attribute_schema', attribute_schema, 'legend', legend,
        'refresh_days', refresh_days, 'retention_until', retention_until, 'version', version,
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
                                        refresh_days, retention_until, created_by)
    VALUES (%(code)s, %(title)s, %(title_en)s, %(owner)s, %(access_class)s, %(attribute_schema)s, %(legend)s,
            %(refresh_days)s, %(retention_until)s, %(actor)s)
    ON CONFLICT (code) DO UPDATE SET title = EXCLUDED.title, title_en = EXCLUDED.title_en, owner = EXCLUDED.owner,
        access_class = EXCLUDED.access_class, attribute_schema = EXCLUDED.attribute_schema,
        legend = EXCLUDED.legend, refresh_days = EXCLUDED.refresh_days, retention_until = EXCLUDED.retention_until
    RETURNING xmax = 0
"""


class Named(BaseModel):
    """A title; where there is no English one, the Chinese stands."""

    model_config = ConfigDict(extra="forbid")
    zh: str = Field(min_length=1, max_length=80)
    en: str | None = Field(default=None, max_length=80)


class GivenLayer(BaseModel):
    """The description of a layer. Its features come by a load of kind `points`."""

    model_config = ConfigDict(extra="forbid")
    title: Named
    owner: str | None = Field(default=None, max_length=80)
    access_class: int = Field(default=2, ge=1, le=3)
    attribute_schema: dict[str, Any] = {}
    legend: dict[str, Any] = {}
    refresh_days: int | None = Field(default=None, ge=1, le=3660)
    retention_until: date | None = None


@router.get("/business-layers", summary="The business layers")
async def list_business_layers(actor: AsActor, services: With) -> Response:
    """Those that the actor may see, with how many features lie in reach."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(_LIST)).fetchone()
    return _answer({"layers": orjson.loads(row[0]) if row else []})


@router.put("/business-layers/{code}", summary="Describe a business layer")
async def put_business_layer(actor: Overseer, services: With, code: Code, given: GivenLayer) -> Response:
    """Its looks, owner, class and retention, from now on. A class of features is never below their layer's."""
    if code in load_layers():
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
    """Features, history, reviews and loads go for good; a certificate of how much there was is kept."""
    async with as_owner(services.pool) as connection:
        made = await (
            await connection.execute(
                "SELECT purge_business_layer(%s, %s, 'withdrawn')", (code, f"token {actor.token_id}")
            )
        ).fetchone()
        # A statement of its own: the one that makes the certificate does not see it.
        row = await (
            await connection.execute(
                "SELECT id, features, versions, digest, at FROM purge_record WHERE id = %s", made or (None,)
            )
        ).fetchone()
        await services.layers.read(connection)
    if row is None:
        raise NotFoundError(Text(f"没有业务图层“{code}”。", f"There is no business layer '{code}'."))
    return _answer(dict(zip(("certificate", "features", "versions", "digest", "at"), row, strict=True)))


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, JSON)
