# SPDX-License-Identifier: Apache-2.0
"""Pillars (一基五柱): configuration that stewards change."""

from __future__ import annotations

from typing import Any, LiteralString

import orjson
from fastapi import APIRouter, Depends, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.intake.loads import Overseer
from api.measures.measures import AsActor, Code, Named, With
from api.pool import as_owner
from twin.errors import NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["measures"])

_LIST_PILLARS: LiteralString = """
    SELECT json_agg(json_build_object('code', code, 'title', title, 'is_base', is_base, 'is_enabled', is_enabled,
                                      'position', position, 'note', note) ORDER BY position)::text FROM pillar
"""


class GivenPillar(BaseModel):
    """What of a pillar can be changed."""

    model_config = ConfigDict(extra="forbid")
    is_enabled: bool | None = None
    title: Named | None = None
    position: int | None = Field(default=None, ge=0, le=1000)


@router.get("/pillars", summary="The block base and its pillars")
async def list_pillars(actor: AsActor, services: With) -> Response:
    """All there are, enabled or not."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(_LIST_PILLARS)).fetchone()
    return _answer({"pillars": orjson.loads(row[0]) if row and row[0] else []})


@router.put("/pillars/{code}", summary="Switch a pillar on or off, rename or move it")
async def put_pillar(_actor: Overseer, services: With, code: Code, given: GivenPillar) -> Response:
    """What is not given stays."""
    async with as_owner(services.pool) as connection:
        row = await (
            await connection.execute(
                "UPDATE pillar SET is_enabled = coalesce(%s, is_enabled), title = coalesce(%s, title), "
                "position = coalesce(%s, position) WHERE code = %s RETURNING code",
                (given.is_enabled, given.title and Jsonb(given.title.model_dump()), given.position, code),
            )
        ).fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有柱“{code}”。", f"There is no pillar '{code}'."))
    return _answer({"code": code})


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})
