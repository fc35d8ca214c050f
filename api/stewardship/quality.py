# SPDX-License-Identifier: Apache-2.0
"""Quality issues: what checks found, where it is, and that somebody has seen to it. For the steward."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response

from api.http.parameters import MAX_LIMIT, refuse_unknown
from api.http.response import GEOJSON, JSON
from api.intake.jobs import OVERSEERS
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["quality"])

With = Annotated[Services, Depends(get_services)]

_HEADERS = {"Cache-Control": "no-store"}


async def get_steward(actor: Annotated[Actor, Depends(get_actor)]) -> Actor:
    """The actor, who must be a steward or an administrator. Raises AccessDeniedError."""
    if actor.role not in OVERSEERS:
        raise AccessDeniedError(
            Text("质量问题由数据管理员处理。", "Quality issues are for the steward and the administrator.")
        )
    return actor


Steward = Annotated[Actor, Depends(get_steward)]


@router.get("/quality", summary="What is wrong with the data")
async def list_issues(
    actor: Steward, services: With,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    severity: Literal["error", "warning", "notice"] | None = None,
    state: Literal["open", "resolved", "all"] = "open",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
    f: Annotated[Literal["json", "geojson"], Query(description="as a list, or with geometries for a map")] = "json",
) -> Response:  # fmt: skip
    """The worst first, with the block that each lies in; of a scoped steward only those in scope. Degrees, CRS84.

    `counts` has what is open by kind and severity, whatever was asked; `next` is the offset of the next page.
    """
    values = {
        "kind": kind, "severity": severity, "state": state, "scope": list(actor.block_codes), "offset": offset,
        "limit": limit + 1,
    }  # fmt: skip
    async with as_owner(services.pool) as connection:
        rows = await (await connection.execute(read_sql("quality"), values)).fetchall()
        counts = await (await connection.execute(read_sql("quality_kinds"))).fetchone()
    page = rows[:limit]
    assert counts is not None
    after = offset + limit if len(rows) > limit else None
    if f == "geojson":
        features = [
            {"type": "Feature", "geometry": orjson.Fragment(row[1] or "null"), "properties": orjson.Fragment(row[0])}
            for row in page
        ]
        body = orjson.dumps({"type": "FeatureCollection", "features": features, "next": after})
        return Response(body, media_type=GEOJSON, headers=_HEADERS)
    body = orjson.dumps(
        {"issues": [orjson.Fragment(row[0]) for row in page], "counts": orjson.Fragment(counts[0]), "next": after}
    )
    return Response(body, media_type=JSON, headers=_HEADERS)


@router.post("/quality/{issue_id}/resolve", summary="Say that an issue is seen to")
async def resolve_issue(actor: Steward, services: With, issue_id: int) -> Response:
    """It leaves the list; a later check that finds it again puts it down again."""
    if not actor.is_unscoped:
        raise AccessDeniedError(
            Text("范围受限的管理员只能查看质量问题。", "A steward of some blocks only may look at quality issues only.")
        )
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(
            "UPDATE quality_issue SET resolved_at = now() WHERE id = %s AND resolved_at IS NULL RETURNING resolved_at",
            (issue_id,),
        )
        row = await cursor.fetchone()
        if row is None:
            cursor = await connection.execute("SELECT FROM quality_issue WHERE id = %s", (issue_id,))
            if await cursor.fetchone() is None:
                raise NotFoundError(
                    Text(f"没有编号为 {issue_id} 的质量问题。", f"There is no quality issue {issue_id}.")
                )
            raise ConflictError(Text("这个问题已经处理过了。", "This issue has been seen to already."))
    return Response(orjson.dumps({"id": issue_id, "resolved_at": row[0]}), media_type=JSON, headers=_HEADERS)
