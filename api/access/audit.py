# SPDX-License-Identifier: Apache-2.0
"""The audit log, for auditors and administrators: what is in it, the end of its chain, and all of it as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import orjson
from fastapi import APIRouter, Depends, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.audit import NOTE, read_lines
from twin.database import transaction
from twin.errors import AccessDeniedError
from twin.settings import Settings
from twin.text import Text

READERS: Final = frozenset({"auditor", "admin"})
"""The roles that may read the log. It says nothing of what was in the data."""

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["access"])

With = Annotated[Services, Depends(get_services)]

_HEADERS: Final = {"Cache-Control": "no-store"}
_CHUNK: Final = 1 << 20
_NAMES: Final = (
    "id", "seq", "at", "database_user", "program", "role", "token_id", "scope", "purpose", "verb", "object",
    "outcome", "access_class", "request_id", "details", "hash",
)  # fmt: skip


async def get_reader(actor: Annotated[Actor, Depends(get_actor)]) -> Actor:
    """The actor, who must be an auditor or administrator of everything: the log tells of everybody.

    Raises AccessDeniedError.
    """
    if actor.role not in READERS or not actor.is_unscoped:
        raise AccessDeniedError(
            Text(
                "审计日志只供不限范围的审计员和系统管理员查看。",
                "The audit log is for auditors and administrators without a limit of scope.",
            )
        )
    return actor


Reader = Annotated[Actor, Depends(get_reader)]


@router.get("/audit", summary="What is on record, newest first")
async def list_entries(
    _actor: Reader, services: With,
    since: Annotated[datetime | None, Query(description="from this moment on")] = None,
    until: Annotated[datetime | None, Query(description="before this moment")] = None,
    verb: Annotated[
        str | None, Query(max_length=64, description="what was done; `token.` is all that is done to tokens")
    ] = None,
    token_id: Annotated[int | None, Query(description="by this token or account")] = None,
    role: Annotated[str | None, Query(max_length=32, description="by this role")] = None,
    object: Annotated[str | None, Query(max_length=200, description="to this; `layer:` is every layer")] = None,
    outcome: Annotated[str | None, Query(pattern="^(done|refused)$")] = None,
    before: Annotated[int | None, Query(description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:  # fmt: skip
    """`seq` and `hash` are null of what is not sealed yet; `next` is the `before` of the next page."""
    values: dict[str, Any] = {
        "since": _zoned(since, services), "until": _zoned(until, services), "verb": verb, "token": token_id,
        "role": role, "object": object, "outcome": outcome, "before": before, "limit": limit + 1,
    }  # fmt: skip
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(read_sql("audit"), values)
        rows = [dict(zip(_NAMES, row, strict=True)) for row in await cursor.fetchall()]
    shown = rows[:limit]
    body = {"entries": shown, "next": shown[-1]["id"] if len(rows) > limit else None}
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


@router.get("/audit/head", summary="The end of the chain, to be noted elsewhere")
async def get_head(_actor: Reader, services: With) -> Response:
    """Whoever keeps `seq` and `hash` can tell later whether anything up to there was taken out or changed."""
    async with as_owner(services.pool) as connection:
        await connection.execute("SELECT seal_audit(true)")
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(
            "SELECT seq, encode(hash, 'hex'), now(), (SELECT count(*) FROM audit_entry WHERE seq IS NULL) "
            "FROM audit_head()"
        )
        row = await cursor.fetchone()
    assert row is not None
    body = dict(zip(("seq", "hash", "time", "unsealed"), row, strict=True))
    return Response(orjson.dumps(body), media_type=JSON, headers=_HEADERS)


@router.get("/audit/export", summary="The whole chain as JSON Lines")
async def export_entries(_actor: Reader, services: With) -> Response:
    """One sealed entry a line with its hash, then the head; `twin audit verify FILE` walks along it. On record."""
    async with as_owner(services.pool) as connection:
        await connection.execute(NOTE, ("audit.export", "audit", "done", None, "{}"))
    file = await run_in_threadpool(_write, services.settings)
    headers = {**_HEADERS, "Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(_chunks(file), media_type="application/jsonl", headers=headers)


def _write(settings: Settings) -> BinaryIO:
    """The file, open for reading and already without a name: it goes with whoever reads it."""
    with tempfile.TemporaryDirectory(prefix="twin-audit-") as folder:
        path = Path(folder) / "audit.jsonl"
        with transaction(settings) as connection, path.open("w", encoding="utf-8", newline="\n") as out:
            for line in read_lines(connection):
                out.write(line + "\n")
        return path.open("rb")


def _chunks(file: BinaryIO) -> Generator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _zoned(moment: datetime | None, services: Services) -> datetime | None:
    return moment.replace(tzinfo=services.zone) if moment is not None and moment.tzinfo is None else moment
