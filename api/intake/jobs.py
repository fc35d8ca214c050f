# SPDX-License-Identifier: Apache-2.0
"""Jobs: how far a load is, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any, LiteralString

import orjson
from fastapi import APIRouter, Depends, Query, Response

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.errors import NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["jobs"])

OVERSEERS = frozenset({"steward", "admin"})
"""The roles that see everybody's jobs and uploads."""

_READ_JOB: LiteralString = """
    SELECT id, kind, state, step, progress, report, result, created_at, updated_at, token_id
    FROM job_progress WHERE id = %s
"""


@router.get("/jobs", summary="The jobs, the newest first")
async def list_jobs(
    actor: Annotated[Actor, Depends(get_actor)],
    services: Annotated[Services, Depends(get_services)],
    state: Annotated[str | None, Query(pattern="^(queued|running|done|refused|failed)$")] = None,
    kind: Annotated[
        str | None, Query(max_length=40, description="as a job says it; `upkeep` removes what is old")
    ] = None,
    before: Annotated[int | None, Query(ge=1, description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """One's own; everybody's for stewards and administrators. `counts`: how many there are in each state.

    Reports are without their single problems, which `GET /jobs/{job_id}` has. `trace_id` is that of the request
    that began the job; `next` is the `before` of the next page.
    """
    owner = None if actor.role in OVERSEERS else actor.token_id or 0
    values = {"owner": owner, "state": state, "kind": kind, "before": before, "limit": limit + 1}
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(read_sql("jobs"), values)).fetchone()
    assert row is not None
    jobs: list[dict[str, Any]] = row[0]
    shown = jobs[:limit]
    body = {"jobs": shown, "counts": row[1], "next": shown[-1]["id"] if len(jobs) > limit else None}
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})


@router.get("/jobs/{job_id}", summary="How far a job is")
async def get_job(
    actor: Annotated[Actor, Depends(get_actor)],
    services: Annotated[Services, Depends(get_services)],
    job_id: int,
) -> Response:
    """State, step, progress (0 to 1), and at the end the report and what was made."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(_READ_JOB, (job_id,))).fetchone()
    if row is None or not is_own(actor, row[9]):
        raise NotFoundError(Text(f"没有编号为 {job_id} 的作业。", f"There is no job {job_id} of yours."))
    result: dict[str, Any] = row[6] or {}
    body = {
        "id": row[0],
        "kind": row[1],
        "state": row[2],
        "step": row[3] or None,
        "progress": row[4],
        "report": row[5],
        "model_id": result.get("model_id"),
        "tileset_id": result.get("tileset_id"),
        "created_at": row[7],
        "updated_at": row[8],
    }
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})


def is_own(actor: Actor, token_id: int | None) -> bool:
    """Whether something that a token started is the actor's business."""
    return actor.role in OVERSEERS or (token_id is not None and token_id == actor.token_id)
