# SPDX-License-Identifier: Apache-2.0
"""What models mean: areas by storey and use, the properties there are, and whose building a model is."""

from __future__ import annotations

from typing import Annotated, Final, Literal, LiteralString

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from api.http.parameters import refuse_unknown
from api.http.response import JSON, answer_bytes
from api.intake.jobs import OVERSEERS
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["models"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
MatchState = Literal["proposed", "confirmed", "rejected"]

_HEADERS: Final = {"Cache-Control": "no-store"}
_READ_RULES: LiteralString = """
    SELECT coalesce(json_agg(json_build_object(
        'name', name, 'purpose', purpose, 'position', position, 'source', source, 'set', set_name, 'field', field,
        'pattern', pattern, 'is_active', is_active) ORDER BY purpose, position, name), '[]')::text
    FROM model_rule
"""


class MatchDecision(BaseModel):
    """Whether the model's building is that building of the city."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["confirm", "reject"]


@router.get("/models/{model_id}/summary", summary="What a model holds, and its areas by storey and use")
async def get_model_summary(request: Request, actor: AsActor, services: With, model_id: int) -> Response:
    """Of the published version, else the newest: areas in m², what is declared beside them, counts, matches."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("model_summary"), {"id": model_id})).fetchone()
    if row is None:
        raise _no_model(model_id)
    return answer_bytes(request, actor, row[0].encode(), JSON)


@router.get("/models/{model_id}/properties", summary="The properties that a model's elements have")
async def list_model_properties(request: Request, actor: AsActor, services: With, model_id: int) -> Response:
    """Each with the path by which a filter on `elements` asks for it; numbers are in SI."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("model_properties"), {"id": model_id})).fetchone()
    if row is None or row[0] == 0:
        raise _no_model(model_id)
    return answer_bytes(request, actor, b'{"properties":' + row[1].encode() + b"}", JSON)


@router.get("/model-rules", summary="How models say what they mean")
async def list_model_rules(request: Request, actor: AsActor, services: With) -> Response:
    """The conventions by which units, uses, areas and codes are found; of one purpose the first that fits wins."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(_READ_RULES)).fetchone()
    assert row is not None
    return answer_bytes(request, actor, b'{"rules":' + row[0].encode() + b"}", JSON)


@router.get("/model-matches", summary="Which buildings of the city the buildings of models are")
async def list_model_matches(
    actor: AsActor,
    services: With,
    state: MatchState | None = "proposed",
    model: Annotated[int | None, Query(description="of this model alone")] = None,
    after: Annotated[int, Query(ge=0, description="continue behind this id")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """For stewards, within their scope; those that wait for a decision unless another `state` is asked for."""
    _check_role(actor)
    values = {"state": state, "model": model, "after": after, "limit": limit}
    async with services.as_actor(actor) as connection:
        rows = await (await connection.execute(read_sql("model_matches"), values)).fetchall()
    body = {
        "matches": [orjson.Fragment(row[1]) for row in rows],
        "next": rows[-1][0] if len(rows) == limit else None,
    }
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


@router.post("/model-matches/{match_id}", summary="Decide on a match")
async def decide_model_match(actor: AsActor, services: With, match_id: int, body: MatchDecision) -> Response:
    """Confirm it: the model is that building's face, and its units get codes. Or reject it. The last word holds."""
    _check_role(actor)
    async with services.as_actor(actor) as connection:
        seen = await (await connection.execute("SELECT 1 FROM model_match WHERE id = %s", (match_id,))).fetchone()
    if seen is None:
        raise _no_match(match_id)
    # The decision writes, which no reader may; that the asker sees the row was settled above.
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(
            "SELECT decide_model_match(%s, %s, %s)",
            (match_id, body.decision == "confirm", f"token {actor.token_id}"),
        )
        row = await cursor.fetchone()
    outcome: str = row[0] if row else "missing"
    if outcome == "gone":
        raise ConflictError(Text("候选的楼栋已不存在。", "The building that it names is gone."))
    if outcome != "done":
        raise _no_match(match_id)
    state = "confirmed" if body.decision == "confirm" else "rejected"
    return Response(orjson.dumps({"id": match_id, "state": state}), media_type=JSON, headers=_HEADERS)


def _check_role(actor: Actor) -> None:
    if actor.role not in OVERSEERS:
        raise AccessDeniedError(
            Text("建筑对应由数据管理员审核。", "Matches are reviewed by the steward and the administrator.")
        )


def _no_model(model_id: int) -> NotFoundError:
    return NotFoundError(
        Text(
            f"没有编号为 {model_id} 的模型,或它不在您的权限范围内。",
            f"There is no model {model_id} within your reach.",
        )
    )


def _no_match(match_id: int) -> NotFoundError:
    return NotFoundError(Text(f"没有编号为 {match_id} 的建筑对应。", f"There is no match {match_id}."))
