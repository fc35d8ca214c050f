# SPDX-License-Identifier: Apache-2.0
"""Targets: what is to be reached by when, and what of it is done, which is measured and never typed in."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, LiteralString

import orjson
from fastapi import APIRouter, Depends, Query, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import parse_as_of, parse_code, refuse_unknown
from api.http.response import JSON
from api.intake.loads import Overseer
from api.measures.figures import find_reach
from api.measures.measures import AsActor, Code, Named, With
from api.measures.profile import narrow_to_scope
from api.pool import as_owner
from twin.errors import AccessDeniedError, InvalidRequestError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["measures"])

AsOf = Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")]

_LIST_TARGETS: LiteralString = """
    SELECT target.code, target.title, target.measure, target.unit, target.factor, target.goal, target.due_date,
           measure.k IS NOT NULL OR measure.dominance IS NOT NULL, measure.access_class, target.position
    FROM target JOIN measure ON measure.code = target.measure ORDER BY target.position, target.code
"""
_MAY_BE_SHOWN: LiteralString = "SELECT FROM measure WHERE code = %s AND k IS NULL AND dominance IS NULL"
_PUT_TARGET: LiteralString = """
    INSERT INTO target (code, title, measure, unit, factor, goal, due_date, position)
    VALUES (%(code)s, %(title)s, %(measure)s, %(unit)s, %(factor)s, %(goal)s, %(due_date)s, %(position)s)
    ON CONFLICT (code) DO UPDATE SET title = EXCLUDED.title, measure = EXCLUDED.measure, unit = EXCLUDED.unit,
        factor = EXCLUDED.factor, goal = EXCLUDED.goal, due_date = EXCLUDED.due_date, position = EXCLUDED.position
"""


class GivenTarget(BaseModel):
    """A target; what is done is never given."""

    model_config = ConfigDict(extra="forbid")
    title: Named
    measure: str
    unit: str | None = Field(default=None, max_length=20)
    factor: float = Field(default=1, gt=0)
    goal: float = Field(gt=0)
    due_date: date | None = None
    position: int = Field(default=0, ge=0, le=10_000)


@router.get("/targets", summary="Targets, and what is done of them")
async def list_targets(actor: AsActor, services: With, block: str | None = None, as_of: AsOf = None) -> Response:
    """In a block, or wherever the actor reaches. What is done is measured from what is loaded."""
    moment = None if as_of is None else parse_as_of(as_of, services.zone)
    async with services.as_actor(actor, moment) as connection:
        code = None if block is None else parse_code(block)
        if code is None:
            codes = await find_reach(connection, actor)
        else:
            codes = narrow_to_scope(actor, code)
            if not codes:
                raise AccessDeniedError(
                    Text(f"块 {code} 不在您的权限范围之内。", f"The block {code} lies outside your scope.")
                )
        rows = await (await connection.execute(_LIST_TARGETS)).fetchall()
        shown = [row for row in rows if not row[7] and row[8] <= actor.access_class]
        values = await (
            await connection.execute(
                "SELECT measure, sum(value) FROM read_facts(%s, %s) WHERE period = '-infinity' AND dimension = '' "
                "GROUP BY measure",
                (codes, [row[2] for row in shown]),
            )
        ).fetchall()
    done = {str(measure): float(value) for measure, value in values}
    return _answer({"blocks": codes, "targets": [_describe_target(row, done.get(row[2], 0.0)) for row in shown]})


@router.put("/targets/{code}", summary="Set a target")
async def put_target(_actor: Overseer, services: With, code: Code, given: GivenTarget) -> Response:
    """The measure must exist; what is withheld somewhere (counts of people, sums of few) is no target."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(_MAY_BE_SHOWN, (given.measure,))).fetchone()
        if row is None:
            raise InvalidRequestError(
                Text(
                    f"没有可作为目标的度量“{given.measure}”。",
                    f"There is no measure '{given.measure}' that could be a target.",
                ),
                "measure",
            )
        await connection.execute(
            _PUT_TARGET, given.model_dump() | {"code": code, "title": Jsonb(given.title.model_dump())}
        )
    return _answer({"code": code})


@router.delete("/targets/{code}", summary="Drop a target")
async def delete_target(_actor: Overseer, services: With, code: Code) -> Response:
    """What was measured stays."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute("DELETE FROM target WHERE code = %s RETURNING code", (code,))).fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有目标“{code}”。", f"There is no target '{code}'."))
    return Response(status_code=204)


def _describe_target(row: tuple[Any, ...], value: float) -> dict[str, Any]:
    done = value * row[4]
    return {
        "code": row[0], "title": row[1], "measure": row[2], "unit": row[3], "goal": row[5], "due_date": row[6],
        "factor": row[4], "position": row[9], "done": round(done, 3), "ratio": round(done / row[5], 4),
    }  # fmt: skip


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})
