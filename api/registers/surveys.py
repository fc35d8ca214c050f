# SPDX-License-Identifier: Apache-2.0
"""Rounds of collection over a register: a form, a due date, who owes it, and how complete it is.

Completeness is answered required fields out of required fields, of one object, a block or the round; it is counted
when asked for, over the objects that are in the register then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any, Final, Literal, LiteralString

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import parse_code, refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.registers.editing import Connection, check_steward
from api.registers.part_versions import AsOf, read_moment
from api.registers.registers import find_register
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from layers.editable import check_text
from twin.access import Actor
from twin.errors import AccessDeniedError, NotFoundError
from twin.survey import check_form
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["surveys"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
RoundId = Annotated[int, Path(ge=1, lt=1 << 63)]
ObjectId = Annotated[int, Path(ge=1, lt=1 << 63)]
InBlock = Annotated[str | None, Query(description="only objects whose home is in this block")]

_NAMES: Final = (
    "id", "register", "title", "title_en", "required", "block_code", "organisation", "due", "created_at", "closed_at",
    "form",
)  # fmt: skip
_SELECT: LiteralString = """
    SELECT id, register, title, title_en, required, block_code, organisation, due, created_at, closed_at, form
    FROM survey_round
"""


class NewRound(BaseModel):
    """Whose register, with which form (JSON Schema), until when; `block` and `organisation` say who owes it."""

    model_config = ConfigDict(extra="forbid")

    register_name: Literal["parks", "villages"] = Field(alias="register")
    title: str
    title_en: str | None = None
    form: dict[str, Any]
    due: date
    block: str | None = None
    organisation: str | None = None


@router.post("/surveys", status_code=201, summary="Open a round")
async def create_round(request: Request, actor: AsActor, services: With, body: NewRound) -> Response:
    """For the steward. From now on every object of the register owes the form."""
    check_steward(actor)
    layer = find_register(body.register_name)
    required = check_form(body.form)
    code = None if body.block is None else parse_code(body.block)
    if not actor.is_unscoped and (code is None or not actor.reaches(code)):
        raise AccessDeniedError(
            Text("请在 block 中给出您权限范围内的块。", "Give a block within your scope: the round is for its objects.")
        )
    title = check_text(body.title, "title", 100)
    title_en = None if body.title_en is None else check_text(body.title_en, "title_en", 100)
    organisation = None if body.organisation is None else check_text(body.organisation, "organisation", 100)
    async with as_owner(services.pool) as connection:
        row = await (
            await connection.execute(
                "INSERT INTO survey_round (register, kind, title, title_en, form, required, block_code, organisation, "
                "due, role, token_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                (
                    body.register_name, layer.kind, title, title_en, Jsonb(body.form), required, code, organisation,
                    body.due, actor.role, actor.token_id,
                ),
            )
        ).fetchone()  # fmt: skip
    assert row is not None
    headers = {"Location": str(request.url_for("get_round", round_id=row[0]))}
    return answer({"id": row[0], "required": required}, 201, headers)


@router.get("/surveys", summary="The rounds")
async def list_rounds(
    actor: AsActor, services: With, register: Literal["parks", "villages"] | None = None, is_open: bool | None = None
) -> Response:
    """Each with its completeness within your scope, the one due first first."""
    async with services.as_actor(actor) as connection:
        cursor = await connection.execute(
            _SELECT + " WHERE (%(register)s::text IS NULL OR register = %(register)s) "
            "AND (%(is_open)s::boolean IS NULL OR (closed_at IS NULL) = %(is_open)s) ORDER BY due, id",
            {"register": register, "is_open": is_open},
        )
        rounds = [dict(zip(_NAMES, row, strict=True)) for row in await cursor.fetchall()]
        body = [
            {name: value for name, value in one.items() if name != "form"}
            | summarise(await _read_owed(connection, one["id"], None))
            for one in rounds
        ]
    return answer({"surveys": body})


@router.get("/surveys/{round_id}", summary="One round with its form")
async def get_round(
    actor: AsActor, services: With, round_id: RoundId, block: InBlock = None, as_of: AsOf = None
) -> Response:
    """And how complete it is, or was, in a block or all of your scope."""
    async with services.as_actor(actor, read_moment(services, as_of)) as connection:
        found = await read_round(connection, round_id)
        owed = await _read_owed(connection, round_id, None if block is None else parse_code(block))
    return answer(found | summarise(owed))


@router.get("/surveys/{round_id}/owed", summary="Who still owes what, by block")
async def list_owed(
    actor: AsActor, services: With, round_id: RoundId, block: InBlock = None,
    level: Annotated[int | None, Query(ge=1, le=9, description="level of blocks to sum up by; 2 unless said")] = None,
) -> Response:  # fmt: skip
    """Blocks with the most missing first, and the objects that are not complete (up to 1,000), overdue or not."""
    async with services.as_actor(actor) as connection:
        found = await read_round(connection, round_id)
        owed = await _read_owed(connection, round_id, None if block is None else parse_code(block))
        scheme = await (
            await connection.execute("SELECT level_widths FROM block_scheme WHERE is_governance")
        ).fetchone()
        today = await (await connection.execute("SELECT local_day(now())")).fetchone()
        widths: list[int] = scheme[0] if scheme else []
        width = widths[min((level or 2), len(widths)) - 1] if widths else 0
        by_block: dict[str, list[Sequence[Any]]] = {}
        for row in owed:
            by_block.setdefault(row[3][:width], []).append(row)
        named = await connection.execute(
            "SELECT code, name FROM valid_block JOIN block_scheme USING (scheme) WHERE is_governance "
            "AND code = ANY(%s)", (list(by_block),),
        )  # fmt: skip
        names = {str(row[0]): row[1] for row in await named.fetchall()}
    assert today is not None
    is_overdue = found["closed_at"] is None and found["due"] < today[0]
    missing = [row for row in owed if row[5] < row[4]]
    blocks: list[dict[str, Any]] = [
        {"block_code": code, "name": names.get(code), **summarise(rows)} for code, rows in by_block.items()
    ]
    blocks.sort(key=lambda one: (-int(one["incomplete"]), str(one["block_code"])))
    return answer({
        "id": round_id, "organisation": found["organisation"], "due": found["due"], "is_overdue": is_overdue,
        "blocks": blocks,
        "objects": [
            {
                "id": row[0], "code": row[1], "name": row[2], "block_code": row[3], "required": row[4],
                "answered": row[5], "missing": row[4] - row[5], "is_overdue": is_overdue,
            }
            for row in missing[:1000]
        ],
        "is_cut": len(missing) > 1000,
    })  # fmt: skip


@router.post("/surveys/{round_id}/close", summary="Close a round")
async def close_round(actor: AsActor, services: With, round_id: RoundId) -> Response:
    """What is missing stays missing; nothing more is taken."""
    check_steward(actor)
    async with services.as_actor(actor) as connection:
        found = await read_round(connection, round_id)
    if not actor.is_unscoped and (found["block_code"] is None or not actor.reaches(found["block_code"])):
        raise AccessDeniedError(Text("这一轮超出您的权限范围。", "The round reaches beyond your scope."))
    async with as_owner(services.pool) as connection:
        await connection.execute(
            "UPDATE survey_round SET closed_at = coalesce(closed_at, now()) WHERE id = %s", (round_id,)
        )
    return answer({"id": round_id, "state": "closed"})


def summarise(owed: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """Objects and completeness of rows of `survey_owed`; without an object there is nothing to be complete."""
    rows = list(owed)
    required, answered = sum(row[4] for row in rows), sum(row[5] for row in rows)
    incomplete = sum(row[5] < row[4] for row in rows)
    return {
        "objects_total": len(rows),
        "complete": len(rows) - incomplete,
        "incomplete": incomplete,
        "missing_fields": required - answered,
        "completeness": answered / required if required else None,
    }


async def read_round(connection: Connection, round_id: int) -> dict[str, Any]:
    """A round with its form. Raises NotFoundError."""
    row = await (await connection.execute(_SELECT + " WHERE id = %s", (round_id,))).fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有编号为 {round_id} 的摸查。", f"There is no round {round_id}."))
    return dict(zip(_NAMES, row, strict=True))


async def _read_owed(connection: Connection, round_id: int, block: str | None) -> list[Sequence[Any]]:
    cursor = await connection.execute(read_sql("survey_owed"), {"round": round_id, "block": block})
    return list(await cursor.fetchall())


def answer(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON that nobody keeps."""
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store", **(headers or {})}, JSON)
