# SPDX-License-Identifier: Apache-2.0
"""What a load or a check turned away: the list of rows, fields and reasons, and the rows themselves for a while.

The rows are a file that the job wrote beside the database, to be mended and sent back; no value of them is stored.
"""

from __future__ import annotations

import logging
import secrets
import time
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, LiteralString
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response
from psycopg.types.json import Jsonb
from starlette.concurrency import run_in_threadpool

from api.features.export import MEDIA_TYPES
from api.http.errors import ProtocolError
from api.http.parameters import MAX_LIMIT, refuse_unknown
from api.intake.jobs import is_own
from api.intake.kinds import may_send
from api.intake.loads import Overseer, With, answer_unstored, no_load
from api.intake.sheets import write_csv, write_xlsx
from api.pool import as_owner
from api.services import Services, get_actor
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, NotFoundError
from twin.settings import Settings
from twin.text import Text

Form = Literal["xlsx", "csv"]

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["loads"])

log = logging.getLogger("twin.api.rejects")

_REJECTS: LiteralString = """
    SELECT row, field, reason FROM load_reject WHERE load_id = %s ORDER BY row, id LIMIT %s
"""
_REASONS: LiteralString = "SELECT report -> 'rejected_reasons' FROM load WHERE id = %s"

REJECT_COLUMNS: Final = ("行 row", "字段 field", "原因 reason", "reason (en)")
"""The headings of the list of rejects as a table; each in both languages, for it goes back to whoever sent it."""

_OF_LOAD: LiteralString = """
    SELECT load.kind, coalesce(upload.filename, load.file_name, load.kind), upload.id,
           (load.report ->> 'rejected')::bigint, load.withdrawn_at IS NOT NULL
    FROM load LEFT JOIN job_progress AS job ON (job.report ->> 'load_id')::bigint = load.id
              LEFT JOIN upload ON upload.job_id = job.id
    WHERE load.id = %s ORDER BY upload.created_at DESC NULLS LAST LIMIT 1
"""
_OF_UPLOAD: LiteralString = """
    SELECT upload.token_id, upload.kind, upload.filename, job.state, (job.report ->> 'rejected')::bigint,
           load.withdrawn_at IS NOT NULL
    FROM upload LEFT JOIN job_progress AS job ON job.id = upload.job_id
                LEFT JOIN load ON load.id = (job.report ->> 'load_id')::bigint
    WHERE upload.id = %s
"""
_RECORD: LiteralString = """
    INSERT INTO export_record (id, role, token_id, layer, form, filter, block_codes, rows, size, access_class,
                               secrecy_label)
    VALUES (%s, %s, %s, %s, %s, %s, '{}', %s, %s, %s, '')
"""


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
            raise no_load(load_id)
        rows = await (await connection.execute(_REJECTS, (load_id, limit))).fetchall()
    both = {reason["reason_i18n"]["en"]: reason["reason_i18n"] for reason in known[0] or ()}
    texts = [both.get(reason, {"zh": reason, "en": reason}) for _row, _field, reason in rows]
    if f == "json":
        rejects = [
            {"row": row[0], "field": row[1], "reason": row[2], "reason_i18n": text}
            for row, text in zip(rows, texts, strict=True)
        ]
        return answer_unstored({"rejects": rejects})
    table = [(row[0], row[1] or "", text["zh"], text["en"]) for row, text in zip(rows, texts, strict=True)]
    body = await run_in_threadpool(write_csv if f == "csv" else write_xlsx, REJECT_COLUMNS, table)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="load-{load_id}-rejects.{f}"'}
    return Response(body, media_type=MEDIA_TYPES[f], headers=headers)


@router.get("/loads/{load_id}/rejects.xlsx", summary="The rejected rows of a load as a workbook to mend and send back")
async def get_load_workbook(actor: Overseer, services: With, load_id: int) -> Response:
    """The rows as they stood in the file, preceded by row, field and reason; for a few days after the load."""
    return await _send_of_load(services, actor, load_id, "xlsx")


@router.get("/loads/{load_id}/rejects.csv", summary="The rejected rows of a load as CSV to mend and send back")
async def get_load_csv(actor: Overseer, services: With, load_id: int) -> Response:
    """The same as CSV: cells that a spreadsheet would run as a formula begin with a quote, taken off on return."""
    return await _send_of_load(services, actor, load_id, "csv")


@router.get("/uploads/{upload_id}/rejects.xlsx", summary="The rejected rows of a checked upload as a workbook")
async def get_upload_workbook(
    actor: Annotated[Actor, Depends(get_actor)], services: With, upload_id: str
) -> Response:  # fmt: skip
    """As of a load."""
    return await _send_of_upload(services, actor, upload_id, "xlsx")


@router.get("/uploads/{upload_id}/rejects.csv", summary="The rejected rows of a checked upload as CSV")
async def get_upload_csv(
    actor: Annotated[Actor, Depends(get_actor)], services: With, upload_id: str
) -> Response:  # fmt: skip
    """As of a load."""
    return await _send_of_upload(services, actor, upload_id, "csv")


async def _send_of_load(services: Services, actor: Actor, load_id: int, form: Form) -> Response:
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(_OF_LOAD, (load_id,))).fetchone()
    if row is None:
        raise no_load(load_id)
    kind, filename, upload_id, rejected, is_withdrawn = row
    _check_sender(actor, kind)
    if rejected and upload_id is None:
        raise NotFoundError(
            Text(
                "这次载入不是上传的,服务器没有留下被拒的行。请用命令 twin check 种类 文件 --rejects 文件.xlsx。",
                "This load was no upload, so the server has none of its rows. Use `twin check KIND FILE --rejects "
                "FILE.xlsx`.",
            )
        )
    return await _send(services, actor, kind, filename, str(upload_id), rejected, form, is_withdrawn=is_withdrawn)


async def _send_of_upload(services: Services, actor: Actor, upload_id: str, form: Form) -> Response:
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(_OF_UPLOAD, (upload_id,))).fetchone()
    if row is None or not is_own(actor, row[0]):
        raise NotFoundError(Text("没有这个上传。", "There is no such upload of yours."))
    _owner, kind, filename, state, rejected, is_withdrawn = row
    _check_sender(actor, kind)
    if state in (None, "queued", "running"):
        raise ConflictError(Text("它的作业还没有结束。", "Its job has not ended."))
    return await _send(services, actor, kind, filename, upload_id, rejected, form, is_withdrawn=is_withdrawn)


async def _send(
    services: Services, actor: Actor, kind: str, filename: str, upload_id: str, rejected: int | None, form: Form, *,
    is_withdrawn: bool,
) -> Response:  # fmt: skip
    if not rejected:
        raise NotFoundError(Text("没有被拒的行。", "No row was turned away."))
    body = None
    if not is_withdrawn:
        body = await run_in_threadpool(_read_kept, services.settings, upload_id, form)
    if body is None:
        days = services.settings.rejects_days
        raise ProtocolError(
            410,
            Text(
                f"被拒的行已删除:只保留 {days:g} 天,撤回载入时立即删除。请把原文件再检查一次(check)后下载。",
                f"The rejected rows are gone: they are kept for {days:g} days, and go at once with a load that is "
                "withdrawn. Check the file again and fetch them then.",
            ),
        )
    async with as_owner(services.pool) as connection:
        await connection.execute(
            _RECORD,
            (
                f"E{datetime.now(services.zone):%Y%m%d}-{secrets.token_hex(6)}", actor.role, actor.token_id,
                f"rejects:{kind}", form, Jsonb({"upload": upload_id}), rejected, len(body), actor.access_class,
            ),
        )  # fmt: skip
    log.info("rejects kind=%s form=%s rows=%d role=%s token=%s", kind, form, rejected, actor.role, actor.token_id)
    name = quote(f"{PurePosixPath(filename).stem}-rejects.{form}")
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f"attachment; filename=\"rejects.{form}\"; filename*=UTF-8''{name}",
    }
    return Response(body, media_type=MEDIA_TYPES[form], headers=headers)


def _check_sender(actor: Actor, kind: str) -> None:
    if not may_send(actor, kind):
        raise AccessDeniedError(
            Text(f"角色 {actor.role} 不能读这类文件。", f"The role {actor.role} may not read files of this kind.")
        )


def _read_kept(settings: Settings, upload_id: str, form: Form) -> bytes | None:
    """The file, unless its time is over: whoever was to remove it may be late."""
    path = settings.rejects_path(upload_id, form)
    try:
        if path.stat().st_mtime <= time.time() - settings.rejects_days * 86_400:
            return None
        return path.read_bytes()
    except FileNotFoundError:
        return None
