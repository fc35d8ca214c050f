# SPDX-License-Identifier: Apache-2.0
"""What was answered for one object of a round: read, given, and every version of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict

from api.http.parameters import refuse_unknown
from api.pool import as_owner
from api.registers.editing import Connection, check_person, check_reach, read_current
from api.registers.part_versions import (
    SET_WRITER,
    AsOf,
    read_moment,
    read_part_versions,
    tell_versions,
    writer_settings,
)
from api.registers.registers import REGISTERS
from api.registers.surveys import RoundId, answer, read_round
from api.services import Services, get_actor, get_services
from layers.registry import find_layer
from twin.access import Actor
from twin.errors import ConflictError, NotFoundError
from twin.survey import check_answers, count_answered
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["surveys"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
ObjectId = Annotated[int, Path(ge=1, lt=1 << 63)]


class Answers(BaseModel):
    """The answers by field; what is still missing may follow later."""

    model_config = ConfigDict(extra="forbid")

    answers: dict[str, Any]


@router.get("/surveys/{round_id}/responses/{object_id}", summary="What was answered for one object")
async def get_response(
    actor: AsActor, services: With, round_id: RoundId, object_id: ObjectId, as_of: AsOf = None
) -> Response:
    """Nothing yet is an empty answer, not an error."""
    async with services.as_actor(actor, read_moment(services, as_of)) as connection:
        found = await read_round(connection, round_id)
        await _check_in_round(connection, found, object_id)
        row = await (
            await connection.execute(
                "SELECT answers, answered, completed_at, recorded_at, role FROM survey_response "
                "WHERE round_id = %s AND object_id = %s",
                (round_id, object_id),
            )
        ).fetchone()
    answers, answered, completed_at, recorded_at, role = row or ({}, 0, None, None, None)
    return answer({
        "survey": round_id, "object_id": object_id, "answers": answers, "answered": answered,
        "required": found["required"], "completeness": answered / found["required"], "completed_at": completed_at,
        "recorded_at": recorded_at, "role": role,
    })  # fmt: skip


@router.get("/surveys/{round_id}/responses/{object_id}/history", summary="Every version of an object's answers")
async def get_response_history(actor: AsActor, services: With, round_id: RoundId, object_id: ObjectId) -> Response:
    """Newest first: when, by which role, and each answer that changed, old and new."""
    async with services.as_actor(actor) as connection:
        await _check_in_round(connection, await read_round(connection, round_id), object_id)
        key = {"round_id": round_id, "object_id": object_id}
        rows = await read_part_versions(connection, "survey_response", key, ("answers",))
    return answer({"survey": round_id, "object_id": object_id, "versions": tell_versions(rows, ("answers",))})


@router.put("/surveys/{round_id}/responses/{object_id}", summary="Answer for one object")
async def put_response(
    actor: AsActor, services: With, round_id: RoundId, object_id: ObjectId, body: Answers
) -> Response:
    """All answers so far, in place of those before; checked against the form, field by field."""
    check_person(actor)
    async with services.as_actor(actor) as connection:
        found = await read_round(connection, round_id)
        home = await _check_in_round(connection, found, object_id)
        check_reach(actor, home)
    if found["closed_at"] is not None:
        raise ConflictError(Text("这一轮已结束,不再接收。", "The round is closed; it takes no more answers."))
    check_answers(found["form"], body.answers)
    answered = count_answered(found["form"], body.answers)
    kind = find_layer(REGISTERS[found["register"]]).kind
    async with as_owner(services.pool) as connection:
        await connection.execute(SET_WRITER, writer_settings(actor))
        await connection.execute(
            """
            INSERT INTO survey_response AS kept (round_id, object_id, object_kind, answers, answered, completed_at,
                                                 role, token_id)
            VALUES (%(round)s, %(object)s, %(kind)s, %(answers)s, %(answered)s, CASE WHEN %(complete)s THEN now() END,
                    %(role)s, %(token)s)
            ON CONFLICT (round_id, object_id) DO UPDATE SET
                answers = EXCLUDED.answers, answered = EXCLUDED.answered, role = EXCLUDED.role, recorded_at = now(),
                load_id = NULL, token_id = EXCLUDED.token_id,
                completed_at = CASE WHEN %(complete)s THEN coalesce(kept.completed_at, now()) END
            WHERE kept.answers <> EXCLUDED.answers
            """,
            {
                "round": round_id,
                "object": object_id,
                "kind": kind,
                "answers": Jsonb(body.answers),
                "answered": answered,
                "complete": answered == found["required"],
                "role": actor.role,
                "token": actor.token_id,
            },
        )
    return answer({
        "survey": round_id, "object_id": object_id, "answered": answered, "required": found["required"],
        "completeness": answered / found["required"],
    })  # fmt: skip


async def _check_in_round(connection: Connection, found: dict[str, Any], object_id: int) -> str:
    """The home of an object that owes the round. Raises NotFoundError for another one."""
    current = await read_current(connection, find_layer(REGISTERS[found["register"]]), object_id)
    if found["block_code"] is not None and not current.block_code.startswith(found["block_code"]):
        raise NotFoundError(
            Text(
                f"{object_id} 不在这一轮的范围({found['block_code']})内。",
                f"{object_id} is not part of this round, which is for {found['block_code']}.",
            )
        )
    return current.block_code
