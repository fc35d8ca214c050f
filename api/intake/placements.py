# SPDX-License-Identifier: Apache-2.0
"""The review queue: rows that no one may place but a person. A decision places the row and teaches an alias."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.intake.jobs import OVERSEERS
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, InvalidRequestError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["placements"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]

_HEADERS: Final = {"Cache-Control": "no-store"}


class Decision(BaseModel):
    """`confirm` is the number of a candidate, from 0; `reject` says that none of them is right."""

    model_config = ConfigDict(extra="forbid")

    confirm: int | None = Field(default=None, ge=0)
    reject: Literal[True] | None = None


@router.get("/placements", summary="Rows that wait for a decision on where they are")
async def list_placements(
    actor: AsActor,
    services: With,
    status: Literal["open", "confirmed", "rejected"] = "open",
    layer: Annotated[str | None, Query(description="the code of a business layer")] = None,
    after: Annotated[int, Query(ge=0, description="continue behind this id")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """For stewards, within their scope; the oldest first. `next` is the `after` of the next page."""
    _check_role(actor)
    values = {"status": status, "layer": layer, "after": after, "limit": limit}
    async with services.as_actor(actor) as connection:
        rows = await (await connection.execute(read_sql("placements"), values)).fetchall()
    body = {
        "placements": [orjson.Fragment(row[1]) for row in rows],
        "next": rows[-1][0] if len(rows) == limit else None,
    }
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


@router.post("/placements/{placement_id}", summary="Decide on a row")
async def decide_placement(actor: AsActor, services: With, placement_id: int, body: Decision) -> Response:
    """Confirm a candidate: the feature gets its place, and the same text matches from now on. Or reject all."""
    _check_role(actor)
    if (body.confirm is None) == (body.reject is None):
        raise InvalidRequestError(
            Text(
                "请给出 confirm(候选序号)或 reject: true 之一。", "Give one of confirm (a candidate) and reject: true."
            ),
            "confirm",
        )
    async with services.as_actor(actor) as connection:
        seen = await (
            await connection.execute("SELECT 1 FROM placement_review WHERE id = %s", (placement_id,))
        ).fetchone()
    if seen is None:
        raise _no_such(placement_id)
    who = f"token {actor.token_id}"
    # The decision writes, which no reader may; that the asker sees the row was settled above.
    async with as_owner(services.pool) as connection:
        if body.confirm is None:
            cursor = await connection.execute("SELECT reject_placement(%s, %s)", (placement_id, who))
        else:
            cursor = await connection.execute("SELECT confirm_placement(%s, %s, %s)", (placement_id, body.confirm, who))
        row = await cursor.fetchone()
    outcome: str = row[0] if row else "missing"
    if outcome != "done":
        raise explain_outcome(outcome, placement_id)
    answer: dict[str, Any] = {"id": placement_id, "status": "rejected" if body.confirm is None else "confirmed"}
    return Response(orjson.dumps(answer), media_type=JSON, headers=_HEADERS)


def _check_role(actor: Actor) -> None:
    if actor.role not in OVERSEERS:
        raise AccessDeniedError(
            Text("待审队列由数据管理员处理。", "The review queue is for the steward and the administrator.")
        )


def _no_such(placement_id: int) -> NotFoundError:
    return NotFoundError(Text(f"没有编号为 {placement_id} 的待审行。", f"No row {placement_id} waits for review."))


def explain_outcome(outcome: str, placement_id: int) -> Exception:
    """The error of an outcome of `confirm_placement` or `reject_placement` that is not `done`."""
    if outcome == "candidate":
        return InvalidRequestError(Text("没有这个序号的候选。", "There is no candidate of that number."), "confirm")
    if outcome == "decided":
        return ConflictError(Text("这一行已有决定。", "This row has been decided on."))
    if outcome == "gone":
        return ConflictError(
            Text("候选的地址或块已不存在,请重新载入。", "The candidate's address or block is gone; load again.")
        )
    return _no_such(placement_id)
