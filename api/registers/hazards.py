# SPDX-License-Identifier: Apache-2.0
"""Hazards on their way from found to verified. Every step is appended, by token and role."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg.sql import SQL, Identifier
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import parse_code, refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.registers.editing import Connection, check_person
from api.registers.part_versions import AsOf, read_moment, tell_versions
from api.registers.photos import link_photos
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from layers.editable import check_text
from layers.filter import code_range
from layers.registry import find_layer
from twin.access import Actor
from twin.errors import AccessDeniedError, InvalidRequestError, NotFoundError
from twin.hazard import Action, State, check_role, next_state, possible_actions
from twin.model.table import STORAGE_SRID
from twin.text import Text

SOURCE: Final = "register"
"""The source of hazards that are reported here."""

OBJECTS: Final = {"parks": "industrial_park", "villages": "urban_village", "buildings": "building"}
"""What can be inspected, by its name in requests, with its table."""

ObjectName = Literal["parks", "villages", "buildings"]

_TRACKED: Final = (
    "state", "organisation", "due", "severity", "hazard_kind", "description", "rectified_at", "verified_at",
    "block_code",
)  # fmt: skip
_VERSION: Final = ("recorded_at", "recorded_to", "action", "role", "token_id", "replaced_role", "replaced_token_id")

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["hazards"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
HazardId = Annotated[int, Path(ge=1, lt=1 << 63)]
Photos = Annotated[list[str], Field(max_length=20)]


class NewHazard(BaseModel):
    """At what it was found, of which kind and how bad; `place` is longitude and latitude, if not the object's."""

    model_config = ConfigDict(extra="forbid")

    object: ObjectName
    object_id: int
    hazard_kind: str
    severity: int = Field(ge=1, le=4)
    description: str
    place: tuple[float, float] | None = None
    photos: Photos = []
    inspection_id: int | None = None


class NewStep(BaseModel):
    """The next step. `assign` needs an organisation and a due date, `return` and `reject` need a note."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["assign", "rectify", "verify", "return", "reject"]
    note: str | None = None
    organisation: str | None = None
    due: date | None = None
    photos: Photos = []


@router.post("/hazards", status_code=201, summary="Report a hazard")
async def create_hazard(request: Request, actor: AsActor, services: With, body: NewHazard) -> Response:
    """At a park, village or building that you see; its home is the block of its place."""
    check_person(actor)
    check_role("report", actor.role)
    kinds = next(p.values for p in find_layer("hazards").properties if p.name == "hazard_kind") or {}
    if body.hazard_kind not in kinds:
        listed = ", ".join(kinds)
        raise InvalidRequestError(
            Text(f"没有隐患类别“{body.hazard_kind}”。可用:{listed}。", f"The kinds of hazards are {listed}."),
            "hazard_kind",
        )
    description = check_text(body.description, "description")
    kind = OBJECTS[body.object]
    await check_seen(services, actor, kind, body.object_id)
    async with as_owner(services.pool) as connection:
        if body.inspection_id is not None:
            await _check_inspection(connection, body.inspection_id, kind, body.object_id)
        number = f"H-{secrets.token_hex(6)}"
        row = await (await connection.execute(
            SQL(
                "INSERT INTO hazard (source_id, local_id, name, object_kind, object_id, hazard_kind, severity, state, "
                "description, inspection_id, block_code, access_class, geometry) "
                "SELECT %(source)s, %(number)s, %(number)s, %(kind)s, id, %(hazard_kind)s, %(severity)s, %(state)s, "
                "%(description)s, %(inspection)s, block_code, greatest(access_class, 2), "
                "coalesce(ST_SetSRID(ST_Point(%(lon)s::float8, %(lat)s::float8), %(srid)s), "
                "ST_PointOnSurface(geometry)) FROM {} WHERE id = %(id)s RETURNING id"
            ).format(Identifier(kind)),
            {
                "source": SOURCE, "number": number, "kind": kind, "id": body.object_id,
                "hazard_kind": body.hazard_kind, "severity": body.severity, "state": next_state(None, "report"),
                "description": description, "inspection": body.inspection_id, "srid": STORAGE_SRID,
                "lon": body.place and body.place[0], "lat": body.place and body.place[1],
            },
        )).fetchone()  # fmt: skip
        if row is None:
            raise no_object(body.object, body.object_id)
        home = await (await connection.execute("SELECT place_feature('hazard', %s)", (row[0],))).fetchone()
        if body.place is not None and (home is None or not actor.reaches(home[0])):
            raise AccessDeniedError(
                Text("填报的位置不在您的权限范围内。", "The place that you give lies outside your scope.")
            )
        await _append(connection, actor, row[0], "report", None, "found", description, None, None, body.photos)
    headers = {"Location": str(request.url_for("get_hazard", hazard_id=row[0]))}
    return answer({"id": row[0], "name": number, "state": "found"}, 201, headers)


@router.get("/hazards", summary="Hazards")
async def list_hazards(
    actor: AsActor, services: With,
    state: Literal["found", "assigned", "rectified", "returned", "verified", "rejected"] | None = None,
    hazard_kind: str | None = None,
    object: ObjectName | None = None,
    object_id: int | None = None,
    block: Annotated[str | None, Query(description="whose home is in this block")] = None,
    overdue: bool = False,
    after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    as_of: AsOf = None,
) -> Response:  # fmt: skip
    """The oldest first; `next` is the `after` of the next page.

    Those in your blocks, and those that are assigned to your organisation, wherever they lie.
    """
    low, high = (None, None) if block is None else code_range(parse_code(block))
    values = {
        "state": state, "hazard_kind": hazard_kind, "object_kind": object and OBJECTS[object], "object_id": object_id,
        "low": low, "high": high, "overdue": overdue, "after": after, "limit": limit + 1,
    }  # fmt: skip
    async with services.as_actor(actor, read_moment(services, as_of)) as connection:
        rows = await (await connection.execute(read_sql("hazards"), values)).fetchall()
    shown = rows[:limit]
    return answer({
        "hazards": [orjson.Fragment(row[1]) for row in shown],
        "next": shown[-1][0] if len(rows) > limit else None,
    })  # fmt: skip


@router.get("/hazards/{hazard_id}", summary="One hazard with its way so far")
async def get_hazard(actor: AsActor, services: With, hazard_id: HazardId, as_of: AsOf = None) -> Response:
    """`possible` is what you can do next; of the past, nothing."""
    async with services.as_actor(actor, read_moment(services, as_of)) as connection:
        row = await (await connection.execute(read_sql("hazard"), {"id": hazard_id})).fetchone()
    if row is None:
        raise _no_hazard(hazard_id)
    return answer(
        {"hazard": orjson.Fragment(row[0]), "possible": [] if as_of else possible_actions(row[1], actor.role)}
    )


@router.get("/hazards/{hazard_id}/history", summary="Every version of a hazard")
async def get_hazard_history(actor: AsActor, services: With, hazard_id: HazardId) -> Response:
    """Newest first: when, by which role (none: a load), through which step, and each value, old and new."""
    async with services.as_actor(actor) as connection:
        if await (await connection.execute("SELECT FROM hazard WHERE id = %s", (hazard_id,))).fetchone() is None:
            raise _no_hazard(hazard_id)
        cursor = await connection.execute(read_sql("hazard_versions"), {"id": hazard_id})
        names: tuple[str, ...] = (*_VERSION, *_TRACKED)
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
    versions = tell_versions(rows, _TRACKED)
    for version, row in zip(versions, reversed(rows), strict=False):
        version["action"] = row["action"] or version["action"]
    return answer({"id": hazard_id, "versions": versions})


@router.post("/hazards/{hazard_id}/actions", status_code=201, summary="Take the next step")
async def create_step(actor: AsActor, services: With, hazard_id: HazardId, body: NewStep) -> Response:
    """Who rectified does not verify. Two who act at once are told apart: the second is told the new state."""
    check_person(actor)
    check_role(body.action, actor.role)
    note = None if body.note is None else check_text(body.note, "note")
    organisation = None if body.organisation is None else check_text(body.organisation, "organisation", 100)
    if body.action == "assign" and (organisation is None or body.due is None):
        raise InvalidRequestError(
            Text("派单需要 organisation(整改单位)和 due(期限)。", "To assign give organisation and due."),
            "organisation" if organisation is None else "due",
        )
    if body.action in ("return", "reject") and note is None:
        raise InvalidRequestError(Text("请在 note 中说明原因。", "Say why in note."), "note")
    async with services.as_actor(actor) as connection:
        if await (await connection.execute("SELECT FROM hazard WHERE id = %s", (hazard_id,))).fetchone() is None:
            raise _no_hazard(hazard_id)
    async with as_owner(services.pool) as connection:
        locked = await (
            await connection.execute("SELECT state, block_code FROM hazard WHERE id = %s FOR UPDATE", (hazard_id,))
        ).fetchone()
        if locked is None:
            raise _no_hazard(hazard_id)
        state: State = locked[0]
        after = next_state(state, body.action)
        if body.action == "verify":
            await _check_other_eyes(connection, actor, hazard_id)
        await connection.execute(
            """
            UPDATE hazard SET state = %(state)s,
                organisation = coalesce(%(organisation)s, organisation), due = coalesce(%(due)s, due),
                rectified_at = CASE %(state)s WHEN 'rectified' THEN now() WHEN 'returned' THEN NULL
                                              ELSE rectified_at END,
                verified_at = CASE %(state)s WHEN 'verified' THEN now() END
            WHERE id = %(id)s
            """,
            {"state": after, "organisation": organisation, "due": body.due, "id": hazard_id},
        )
        await _append(
            connection, actor, hazard_id, body.action, state, after, note, organisation, body.due, body.photos
        )
    return answer({"id": hazard_id, "state": after}, 201)


async def _append(
    connection: Connection, actor: Actor, hazard_id: int, action: Action, before: State | None, after: State,
    note: str | None, organisation: str | None, due: date | None, photos: Sequence[str],
) -> None:  # fmt: skip
    await connection.execute(
        "INSERT INTO hazard_action (hazard_id, number, action, from_state, to_state, note, organisation, due, photos, "
        "role, token_id) SELECT %(id)s, coalesce(max(number), 0) + 1, %(action)s, %(before)s, %(after)s, %(note)s, "
        "%(organisation)s, %(due)s, %(photos)s, %(role)s, %(token)s FROM hazard_action WHERE hazard_id = %(id)s",
        {
            "id": hazard_id, "action": action, "before": before, "after": after, "note": note,
            "organisation": organisation, "due": due, "photos": list(photos), "role": actor.role,
            "token": actor.token_id,
        },
    )  # fmt: skip
    await link_photos(connection, actor, photos, "hazard", hazard_id)


async def _check_other_eyes(connection: Connection, actor: Actor, hazard_id: int) -> None:
    row = await (
        await connection.execute(
            "SELECT token_id FROM hazard_action WHERE hazard_id = %s AND action = 'rectify' "
            "ORDER BY number DESC LIMIT 1",
            (hazard_id,),
        )
    ).fetchone()
    if row is not None and row[0] is not None and row[0] == actor.token_id:
        raise AccessDeniedError(
            Text("整改与核销不能由同一人完成。", "Who rectified a hazard does not verify it: somebody else does.")
        )


async def check_seen(services: Services, actor: Actor, kind: str, object_id: int) -> None:
    """What is reported lies where the actor may see it. Raises NotFoundError."""
    statement = SQL("SELECT FROM {} WHERE id = %s").format(Identifier(kind))
    async with services.as_actor(actor) as connection:
        if await (await connection.execute(statement, (object_id,))).fetchone() is None:
            raise no_object(next(name for name, table in OBJECTS.items() if table == kind), object_id)


async def _check_inspection(connection: Connection, inspection_id: int, kind: str, object_id: int) -> None:
    values = (inspection_id, kind, object_id)
    statement = "SELECT FROM inspection WHERE id = %s AND object_kind = %s AND object_id = %s"
    if await (await connection.execute(statement, values)).fetchone() is None:
        raise InvalidRequestError(
            Text("此对象没有这次检查。", "There is no such inspection of this object."), "inspection_id"
        )


def no_object(name: str, object_id: int) -> NotFoundError:
    """That the asker sees no such object."""
    return NotFoundError(
        Text(f"{name} 中没有您可见的 {object_id}。", f"There is no {object_id} of {name} within your reach.")
    )


def _no_hazard(hazard_id: int) -> NotFoundError:
    return NotFoundError(Text(f"没有您可见的隐患 {hazard_id}。", f"There is no hazard {hazard_id} within your reach."))


def answer(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON that nobody keeps."""
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store", **(headers or {})}, JSON)
