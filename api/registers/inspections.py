# SPDX-License-Identifier: Apache-2.0
"""Inspections: somebody was there and looked. A correction keeps what was said before."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from psycopg.sql import SQL, Identifier, Placeholder
from pydantic import BaseModel, ConfigDict

from api.http.parameters import refuse_unknown
from api.intake.jobs import OVERSEERS
from api.pool import as_owner
from api.registers.editing import check_person
from api.registers.hazards import OBJECTS, ObjectName, Photos, answer, check_seen
from api.registers.part_versions import (
    SET_WRITER,
    AsOf,
    read_moment,
    read_part_versions,
    tell_versions,
    writer_settings,
)
from api.registers.photos import link_photos
from api.services import Services, get_actor, get_services
from layers.editable import check_text
from twin.access import Actor
from twin.errors import AccessDeniedError, InvalidRequestError, NotFoundError
from twin.hazard import check_role
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["hazards"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
InspectionId = Annotated[int, Path(ge=1, lt=1 << 63)]

_TRACKED: Final = ("inspection_kind", "result", "note", "inspected_on")


class NewInspection(BaseModel):
    """What was looked at, for what, and what came of it."""

    model_config = ConfigDict(extra="forbid")

    object: ObjectName
    object_id: int
    inspection_kind: str
    result: Literal["passed", "hazards"]
    inspected_on: date
    note: str | None = None
    photos: Photos = []


class Correction(BaseModel):
    """What is to be said instead; what is not given stays."""

    model_config = ConfigDict(extra="forbid")

    inspection_kind: str | None = None
    result: Literal["passed", "hazards"] | None = None
    inspected_on: date | None = None
    note: str | None = None


@router.post("/inspections", status_code=201, summary="Put an inspection on record")
async def create_inspection(actor: AsActor, services: With, body: NewInspection) -> Response:
    """Hazards that it found are reported with its id."""
    check_person(actor)
    check_role("report", actor.role)
    kind = OBJECTS[body.object]
    what = check_text(body.inspection_kind, "inspection_kind", 50)
    note = None if body.note is None else check_text(body.note, "note")
    await check_seen(services, actor, kind, body.object_id)
    async with as_owner(services.pool) as connection:
        row = await (
            await connection.execute(
                "INSERT INTO inspection (object_kind, object_id, inspection_kind, result, note, photos, inspected_on, "
                "role, token_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                (
                    kind, body.object_id, what, body.result, note, body.photos, body.inspected_on, actor.role,
                    actor.token_id,
                ),
            )
        ).fetchone()  # fmt: skip
        assert row is not None
        await link_photos(connection, actor, body.photos, "inspection", row[0])
    return answer({"id": row[0]}, 201)


@router.get("/inspections", summary="Inspections of an object, newest first")
async def list_inspections(
    actor: AsActor, services: With, object: ObjectName, object_id: int,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100, as_of: AsOf = None,
) -> Response:  # fmt: skip
    """With what came of each."""
    names = ("id", "inspection_kind", "result", "note", "photos", "inspected_on", "role", "created_at")
    async with services.as_actor(actor, read_moment(services, as_of)) as connection:
        cursor = await connection.execute(
            "SELECT id, inspection_kind, result, note, photos, inspected_on, role, created_at FROM inspection "
            "WHERE object_kind = %s AND object_id = %s ORDER BY inspected_on DESC, id DESC LIMIT %s",
            (OBJECTS[object], object_id, limit),
        )
        rows = await cursor.fetchall()
    return answer({"inspections": [dict(zip(names, row, strict=True)) for row in rows]})


@router.patch("/inspections/{inspection_id}", summary="Correct an inspection")
async def patch_inspection(actor: AsActor, services: With, inspection_id: InspectionId, body: Correction) -> Response:
    """For who put it on record, and for the steward; what it said before stays in its history."""
    check_person(actor)
    given = body.model_dump(exclude_unset=True)
    for name, most in (("inspection_kind", 50), ("note", 500)):
        if given.get(name) is not None:
            given[name] = check_text(given[name], name, most)
    empty = [name for name in ("inspection_kind", "result", "inspected_on") if name in given and given[name] is None]
    if not given or empty:
        raise InvalidRequestError(
            Text(
                "请给出要更正的内容;检查类别、结果和日期不能为空。",
                "Say what is to change; kind, result and day are never empty.",
            ),
            empty[0] if empty else "result",
        )
    async with services.as_actor(actor) as connection:
        row = await (
            await connection.execute("SELECT token_id FROM inspection WHERE id = %s", (inspection_id,))
        ).fetchone()
    if row is None:
        raise _no_inspection(inspection_id)
    if actor.role not in OVERSEERS and (row[0] is None or row[0] != actor.token_id):
        raise AccessDeniedError(
            Text(
                "检查记录只能由登记者本人或数据管理员更正。",
                "An inspection is corrected by who put it on record, or by the steward.",
            )
        )
    async with as_owner(services.pool) as connection:
        await connection.execute(SET_WRITER, writer_settings(actor))
        text = SQL(
            "UPDATE inspection SET {changes}, role = %(by_role)s, token_id = %(by_token)s WHERE id = %(id)s "
            "AND ({names}) IS DISTINCT FROM ({values})"
        ).format(
            changes=SQL(", ").join(SQL("{} = {}").format(Identifier(name), Placeholder(name)) for name in given),
            names=SQL("ROW({})").format(SQL(", ").join(map(Identifier, given))),
            values=SQL("ROW({})").format(SQL(", ").join(map(Placeholder, given))),
        )
        values = {**given, "by_role": actor.role, "by_token": actor.token_id, "id": inspection_id}
        await connection.execute(text, values)
    return answer({"id": inspection_id})


@router.get("/inspections/{inspection_id}/history", summary="Every version of an inspection")
async def get_inspection_history(actor: AsActor, services: With, inspection_id: InspectionId) -> Response:
    """Newest first: when, by which role, and each value that changed, old and new."""
    async with services.as_actor(actor) as connection:
        rows = await read_part_versions(connection, "inspection", {"id": inspection_id}, _TRACKED)
    if not rows:
        raise _no_inspection(inspection_id)
    return answer({"id": inspection_id, "versions": tell_versions(rows, _TRACKED)})


def _no_inspection(inspection_id: int) -> NotFoundError:
    return NotFoundError(
        Text(f"没有您可见的检查记录 {inspection_id}。", f"There is no inspection {inspection_id} within your reach.")
    )
