# SPDX-License-Identifier: Apache-2.0
"""Loads: what came in, what was turned away and why, and taking one back. For the steward."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, LiteralString

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.export import MEDIA_TYPES
from api.jobs import OVERSEERS
from api.parameters import MAX_LIMIT, refuse_unknown
from api.pool import as_owner
from api.response import JSON
from api.services import Services, get_actor, get_services
from api.sheets import write_csv, write_xlsx
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
_REJECTS: LiteralString = """
    SELECT row, field, reason FROM load_reject WHERE load_id = %s ORDER BY row, id LIMIT %s
"""
_REASONS: LiteralString = "SELECT report -> 'rejected_reasons' FROM load WHERE id = %s"

REJECT_COLUMNS: Final = ("行 row", "字段 field", "原因 reason", "reason (en)")
"""The headings of the list of rejects as a table; each in both languages, for it goes back to whoever sent it."""


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
    return _answer({"loads": [dict(zip(_NAMES, row, strict=True)) for row in rows]})


@router.get("/loads/{load_id}", summary="One load with its report")
async def get_load(_actor: Overseer, services: With, load_id: int) -> Response:
    """The report is the one that was printed."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(_ONE, (load_id,))).fetchone()
    if row is None:
        raise _no_load(load_id)
    return _answer(dict(zip((*_NAMES, "report"), row, strict=True)))


@router.get("/loads/{load_id}/rejects", summary="The rows that a load turned away")
async def list_rejects(
    _actor: Overseer, services: With, load_id: int,
    limit: Annotated[int | None, Query(ge=1, le=MAX_LIMIT, description="1000 of JSON, all of a table")] = None,
    f: Annotated[Literal["json", "csv", "xlsx"], Query(description="as JSON, or as a table to hand back")] = "json",
) -> Response:  # fmt: skip
    """Row, field and reason; a value is never kept, so what was in the row is only in the file that was sent."""
    if limit is None and f == "json":
        limit = 1000
    async with as_owner(services.pool) as connection:
        known = await (await connection.execute(_REASONS, (load_id,))).fetchone()
        if known is None:
            raise _no_load(load_id)
        rows = await (await connection.execute(_REJECTS, (load_id, limit))).fetchall()
    both = {reason["reason_i18n"]["en"]: reason["reason_i18n"] for reason in known[0] or ()}
    texts = [both.get(reason, {"zh": reason, "en": reason}) for _row, _field, reason in rows]
    if f == "json":
        rejects = [
            {"row": row[0], "field": row[1], "reason": row[2], "reason_i18n": text}
            for row, text in zip(rows, texts, strict=True)
        ]
        return _answer({"rejects": rejects})
    table = [(row[0], row[1] or "", text["zh"], text["en"]) for row, text in zip(rows, texts, strict=True)]
    body = await run_in_threadpool(write_csv if f == "csv" else write_xlsx, REJECT_COLUMNS, table)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="load-{load_id}-rejects.{f}"'}
    return Response(body, media_type=MEDIA_TYPES[f], headers=headers)


@router.post("/loads/{load_id}/withdraw", summary="Take a load back, or see what that would do")
async def withdraw_load(
    request: Request, actor: Overseer, services: With, load_id: int, wanted: Withdraw | None = None
) -> Response:
    """A job; its result says how many rows go, come back, and stay since they are another load's by now."""
    preview = (wanted or Withdraw()).preview
    async with as_owner(services.pool) as connection:
        if await (await connection.execute("SELECT FROM load WHERE id = %s", (load_id,))).fetchone() is None:
            raise _no_load(load_id)
        started = await (await connection.execute(START_PROGRESS, ("withdrawal", actor.token_id))).fetchone()
        assert started is not None
        arguments = {"load_id": load_id, "progress_id": started[0], "preview": preview}
        await connection.execute(ENQUEUE, enqueue_values(WITHDRAW_LOAD, arguments))
    body = {"job_id": started[0], "preview": preview}
    return Response(orjson.dumps(body), 202, {"Location": str(request.url_for("get_job", job_id=started[0]))}, JSON)


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})


def _no_load(load_id: int) -> NotFoundError:
    return NotFoundError(Text(f"没有编号为 {load_id} 的载入。", f"There is no load {load_id}."))
