# SPDX-License-Identifier: Apache-2.0
"""Loads: what came in, and taking one back. For the steward."""

from __future__ import annotations

from typing import Annotated, Any, Final, LiteralString

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.intake.jobs import OVERSEERS
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from twin.access import Actor
from twin.errors import AccessDeniedError, NotFoundError
from twin.jobs import ENQUEUE, START_PROGRESS, WITHDRAW_LOAD, enqueue_values
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["loads"])

With = Annotated[Services, Depends(get_services)]

_NAMES: Final = (
    "id", "kind", "source_id", "file", "sha256", "actor", "started_at", "finished_at", "withdrawn_at", "withdrawn_by",
    "read", "kept", "rejected", "outside",
)  # fmt: skip
_LIST: LiteralString = """
    SELECT id, kind, source_id, file_name, sha256, actor, started_at, finished_at, withdrawn_at, withdrawn_by,
           report -> 'read', report -> 'kept', report -> 'rejected', report -> 'outside'
    FROM load
    WHERE (%(kind)s::text IS NULL OR kind = %(kind)s) AND (%(before)s::bigint IS NULL OR id < %(before)s)
    ORDER BY id DESC LIMIT %(limit)s
"""
_ONE: LiteralString = """
    SELECT id, kind, source_id, file_name, sha256, actor, started_at, finished_at, withdrawn_at, withdrawn_by,
           report -> 'read', report -> 'kept', report -> 'rejected', report -> 'outside', report
    FROM load WHERE id = %s
"""


async def get_overseer(actor: Annotated[Actor, Depends(get_actor)]) -> Actor:
    """The actor, who must be a steward or an administrator. Raises AccessDeniedError."""
    if actor.role not in OVERSEERS:
        raise AccessDeniedError(
            Text(
                "载入记录只对数据管理员和系统管理员开放。",
                "Loads are the steward's and the administrator's business.",
            )
        )
    return actor


Overseer = Annotated[Actor, Depends(get_overseer)]


class Withdraw(BaseModel):
    """What to do about a load: say what withdrawing it would change, or do it."""

    preview: bool = True


@router.get("/loads", summary="The loads, newest first")
async def list_loads(
    _actor: Overseer, services: With, kind: str | None = None,
    before: Annotated[int | None, Query(description="older than the load of this id")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Response:  # fmt: skip
    """Who loaded what, when, and the counts of its report."""
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(_LIST, {"kind": kind, "before": before, "limit": limit})
        rows = await cursor.fetchall()
    return answer_unstored({"loads": [dict(zip(_NAMES, row, strict=True)) for row in rows]})


@router.get("/loads/{load_id}", summary="One load with its report")
async def get_load(_actor: Overseer, services: With, load_id: int) -> Response:
    """The report is the one that was printed."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(_ONE, (load_id,))).fetchone()
    if row is None:
        raise no_load(load_id)
    return answer_unstored(dict(zip((*_NAMES, "report"), row, strict=True)))


@router.post("/loads/{load_id}/withdraw", summary="Take a load back, or see what that would do")
async def withdraw_load(
    request: Request, actor: Overseer, services: With, load_id: int, wanted: Withdraw | None = None
) -> Response:
    """A job; its result says how many rows go, come back, and stay since they are another load's by now."""
    preview = (wanted or Withdraw()).preview
    async with as_owner(services.pool) as connection:
        if await (await connection.execute("SELECT FROM load WHERE id = %s", (load_id,))).fetchone() is None:
            raise no_load(load_id)
        started = await (await connection.execute(START_PROGRESS, ("withdrawal", actor.token_id))).fetchone()
        assert started is not None
        arguments = {"load_id": load_id, "progress_id": started[0], "preview": preview}
        await connection.execute(ENQUEUE, enqueue_values(WITHDRAW_LOAD, arguments))
    body = {"job_id": started[0], "preview": preview}
    return Response(orjson.dumps(body), 202, {"Location": str(request.url_for("get_job", job_id=started[0]))}, JSON)


def answer_unstored(body: dict[str, Any]) -> Response:
    """JSON that nobody keeps."""
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})


def no_load(load_id: int) -> NotFoundError:
    """What to raise for a load that does not exist."""
    return NotFoundError(Text(f"没有编号为 {load_id} 的载入。", f"There is no load {load_id}."))
