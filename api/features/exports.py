# SPDX-License-Identifier: Apache-2.0
"""The record of exports: who took what, when, how much of it; found again by the mark in a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.errors import AccessDeniedError, NotFoundError
from twin.text import Text

READERS: Final = frozenset({"auditor", "steward", "admin"})
"""The roles that may read the record. It says nothing of what was in a file."""

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["export"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]

_NAMES: Final = (
    "id", "at", "role", "token_id", "token_label", "layer", "form", "filter", "block_codes", "area", "rows", "size",
    "access_class", "secrecy_label",
)  # fmt: skip
_ANY: Final[Mapping[str, Any]] = dict.fromkeys(("id", "layer", "token", "since", "before"))


@router.get("/exports", summary="Who exported what")
async def list_exports(
    actor: AsActor, services: With,
    layer: Annotated[str | None, Query(max_length=64, description="of this layer")] = None,
    token_id: Annotated[int | None, Query(description="by this token")] = None,
    since: Annotated[datetime | None, Query(description="from this moment on")] = None,
    before: Annotated[str | None, Query(max_length=64, description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:  # fmt: skip
    """The newest first, for auditor, steward and administrator; `next` is the `before` of the next page."""
    _check_reader(actor)
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=services.zone)
    narrowed = {"layer": layer, "token": token_id, "since": since, "before": before, "limit": limit + 1}
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(read_sql("exports"), {**_ANY, **_scope(actor), **narrowed})
        rows = [dict(zip(_NAMES, row, strict=True)) for row in await cursor.fetchall()]
    shown = rows[:limit]
    return _answer({"exports": shown, "next": shown[-1]["id"] if len(rows) > limit else None})


@router.get("/exports/{export_id}", summary="One export, by the mark in its file")
async def get_export(
    actor: AsActor, services: With, export_id: Annotated[str, Path(pattern="^E[0-9]{8}-[0-9a-f]{12}$")]
) -> Response:
    """Whose file this was."""
    _check_reader(actor)
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(
            read_sql("exports"), {**_ANY, **_scope(actor), "id": export_id, "limit": 1}
        )  # fmt: skip
        row = await cursor.fetchone()
    if row is None:
        raise NotFoundError(
            Text(f"没有编号为 {export_id} 的导出记录。", f"There is no export {export_id} within your reach.")
        )
    return _answer(dict(zip(_NAMES, row, strict=True)))


def _scope(actor: Actor) -> dict[str, Any]:
    return {"is_unscoped": actor.is_unscoped, "scope": actor.scope}


def _check_reader(actor: Actor) -> None:
    if actor.role not in READERS:
        raise AccessDeniedError(
            Text(
                "导出记录只供审计员、数据管理员和系统管理员查看。",
                "The record of exports is for auditors, stewards and administrators.",
            )
        )


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})
