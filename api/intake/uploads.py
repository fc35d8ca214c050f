# SPDX-License-Identifier: Apache-2.0
"""Uploads by tus 1.0 (core and creation): resumable, into the private spool, followed by a job."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import AsyncIterable
from contextlib import suppress
from io import RawIOBase
from pathlib import Path
from typing import Annotated, Any, Final, LiteralString

import orjson
from fastapi import APIRouter, Depends, Request, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.http.errors import ProtocolError
from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.intake.jobs import is_own
from api.intake.kinds import may_send
from api.intake.upload_metadata import check_metadata, parse_metadata
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from twin.access import WRITERS, Actor
from twin.disk import check_room, full_told
from twin.errors import AccessDeniedError, ConflictError, InvalidRequestError, NotFoundError
from twin.jobs import ENQUEUE, LOAD_UPLOAD, START_PROGRESS, enqueue_values
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["uploads"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]

TUS: Final = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
_CHUNK: Final = 1 << 20

_PASSED_OVER: Final = 64 << 20
"""Bytes that are still read of a request that is refused; whoever sends more finds the connection closed."""

_READ_UPLOAD: LiteralString = "SELECT token_id, filename, kind, size, job_id, options FROM upload WHERE id = %s"


@router.options("/uploads", summary="What this server knows of tus")
async def describe_tus(services: With) -> Response:
    """Versions, extensions and the largest size."""
    size = str(_max_size(services))
    headers = TUS | {"Tus-Version": "1.0.0", "Tus-Extension": "creation,termination", "Tus-Max-Size": size}
    return Response(status_code=204, headers=headers)


@router.post("/uploads", status_code=201, summary="Begin an upload (tus)")
async def create_upload(request: Request, actor: AsActor, services: With) -> Response:
    """Metadata: filename, kind (see `/kinds`), and optionally crs, crs_force, at, source, mapping, layer, layer_name,
    scheme, update (`whole`: the file is the whole list, and rows of its source that it does not have end; `part`).

    `check` (`true`) has the job report and write nothing; `POST /uploads/{id}/load` then loads the same bytes.
    """
    _check_version(request)
    if actor.role not in WRITERS:
        raise AccessDeniedError(Text(f"角色 {actor.role} 不能上传。", f"The role {actor.role} may not upload."))
    size = _read_number(request, "Upload-Length")
    if size > _max_size(services):
        raise ProtocolError(
            413,
            Text(
                f"文件太大:上限 {services.settings.max_upload_mb} MB。",
                f"The file is too large: {services.settings.max_upload_mb} MB is the most.",
            ),
        )
    if size == 0:
        raise InvalidRequestError(Text("文件是空的。", "The file is empty."), "Upload-Length")
    metadata = parse_metadata(request.headers.get("upload-metadata", ""))
    kind, filename, options = check_metadata(metadata)
    if not may_send(actor, kind):
        raise AccessDeniedError(
            Text(
                f"角色 {actor.role} 只能上传模型;数据由数据管理员载入。",
                f"The role {actor.role} may upload models only; data is the steward's to load.",
            )
        )
    await run_in_threadpool(check_room, services.settings, size)
    upload_id = secrets.token_urlsafe(16)
    part = _part(services, upload_id)
    await run_in_threadpool(_create_file, part)
    async with as_owner(services.pool) as connection:
        await connection.execute(
            "INSERT INTO upload (id, token_id, filename, kind, options, size) VALUES (%s, %s, %s, %s, %s, %s)",
            (upload_id, actor.token_id, filename, kind, Jsonb(options), size),
        )
    return Response(status_code=201, headers=TUS | {"Location": f"/uploads/{upload_id}"})


@router.head("/uploads/{upload_id}", summary="How much of an upload is here (tus)")
async def head_upload(request: Request, actor: AsActor, services: With, upload_id: str) -> Response:
    """Upload-Offset and Upload-Length."""
    _check_version(request)
    row = await _read_upload(services, actor, upload_id)
    offset = _offset(services, upload_id, row)
    return Response(headers=TUS | {"Upload-Offset": str(offset), "Upload-Length": str(row[3])})


@router.get("/uploads/{upload_id}", summary="An upload and its job")
async def get_upload(actor: AsActor, services: With, upload_id: str) -> Response:
    """As JSON, for pages that come back."""
    row = await _read_upload(services, actor, upload_id)
    body = {
        "id": upload_id, "filename": row[1], "kind": row[2], "size": row[3],
        "offset": _offset(services, upload_id, row), "job_id": row[4], "check": bool(row[5].get("check")),
    }  # fmt: skip
    return Response(orjson.dumps(body), media_type=JSON, headers=TUS)


@router.patch("/uploads/{upload_id}", status_code=204, summary="Send bytes of an upload (tus)")
async def patch_upload(request: Request, actor: AsActor, services: With, upload_id: str) -> Response:
    """What arrived stays, even when the connection breaks; the last byte starts the job."""
    _check_version(request)
    if request.headers.get("content-type") != "application/offset+octet-stream":
        raise ProtocolError(
            415,
            Text(
                "内容类型须为 application/offset+octet-stream。",
                "Content-Type is application/offset+octet-stream.",
            ),
        )
    row = await _read_upload(services, actor, upload_id)
    if upload_id in _RECEIVING:
        raise ProtocolError(423, Text("此上传正在接收另一请求的数据。", "Another request is sending to this upload."))
    _RECEIVING.add(upload_id)
    try:
        offset = _offset(services, upload_id, row)
        if _read_number(request, "Upload-Offset") != offset:
            raise ProtocolError(
                409,
                Text(f"已收到 {offset} 字节,请从那里继续。", f"{offset} bytes are here; go on from there."),
            )
        part = _part(services, upload_id)
        if row[4] is None:
            with full_told():
                offset = await _receive(request, part, offset, row[3])
            if offset == row[3]:
                await _finish(services, actor, upload_id, row, part)
    finally:
        _RECEIVING.discard(upload_id)
    return Response(status_code=204, headers=TUS | {"Upload-Offset": str(offset)})


@router.post("/uploads/{upload_id}/load", status_code=202, summary="Load what was checked")
async def load_checked(actor: AsActor, services: With, upload_id: str) -> Response:
    """Starts the load of an upload whose check has ended, with the options of the check."""
    row = await _read_upload(services, actor, upload_id)
    async with as_owner(services.pool) as connection:
        # Whoever asks twice must not load twice.
        cursor = await connection.execute(
            "UPDATE upload SET options = options - 'check' FROM job_progress AS job WHERE upload.id = %s "
            "AND options ? 'check' AND job.id = upload.job_id AND job.state = 'done' RETURNING upload.id",
            (upload_id,),
        )
        if await cursor.fetchone() is None or not (services.settings.spool_dir / upload_id).exists():
            raise ConflictError(
                Text(
                    "这个文件没有等待载入的检查结果(未检查完、未通过、已载入或已过期)。请重新上传。",
                    "No finished check of this file waits to be loaded (not done, refused, loaded or out of date). "
                    "Upload it again.",
                )
            )
        job_id = await _enqueue(connection, actor, upload_id, row[2])
    return Response(orjson.dumps({"job_id": job_id}), 202, {**TUS, "Location": f"/jobs/{job_id}"}, JSON)


@router.delete("/uploads/{upload_id}", status_code=204, summary="Give an upload up (tus)")
async def delete_upload(request: Request, actor: AsActor, services: With, upload_id: str) -> Response:
    """Its bytes go; a job that has begun is not stopped."""
    _check_version(request)
    await _read_upload(services, actor, upload_id)
    async with as_owner(services.pool) as connection:
        cursor = await connection.execute(
            "DELETE FROM upload WHERE id = %s AND NOT EXISTS (SELECT FROM job_progress AS job "
            "WHERE job.id = upload.job_id AND job.state IN ('queued', 'running')) RETURNING id",
            (upload_id,),
        )
        if await cursor.fetchone() is None:
            raise ConflictError(Text("它的作业正在进行。", "Its job is at work."))
    settings = services.settings
    rejects = (settings.rejects_path(upload_id, form) for form in ("xlsx", "csv"))
    for path in (_part(services, upload_id), settings.spool_dir / upload_id, *rejects):
        await run_in_threadpool(path.unlink, missing_ok=True)
    return Response(status_code=204, headers=TUS)


_RECEIVING: set[str] = set()


async def _receive(request: Request, part: Path, offset: int, size: int) -> int:
    """Append what the request sends; returns how much is there then."""
    pending = bytearray()
    began = offset
    file = await run_in_threadpool(_open_at, part, offset)
    chunks = request.stream()
    try:
        try:
            async for chunk in chunks:
                if offset + len(pending) + len(chunk) > size:
                    raise ProtocolError(413, Text("发来的数据超过声明的大小。", "More bytes than were announced."))
                pending += chunk
                if len(pending) >= _CHUNK:
                    offset += await run_in_threadpool(_write, file, pending)
                    pending.clear()
        except ClientDisconnect:
            pass
        offset += await run_in_threadpool(_write, file, pending)
    except OSError:
        # On a full disk nothing half-written stays in the way: the client goes on from where this request began.
        await run_in_threadpool(os.truncate, part, began)
        await _pass_over(chunks)
        raise
    finally:
        await run_in_threadpool(file.close)
    return offset


async def _pass_over(chunks: AsyncIterable[bytes]) -> None:
    """Read what else the request sends: whoever still sends when it is answered sees a broken connection only."""
    passed = 0
    with suppress(ClientDisconnect):
        async for chunk in chunks:
            passed += len(chunk)
            if passed > _PASSED_OVER:
                return


async def _finish(services: Services, actor: Actor, upload_id: str, row: tuple[Any, ...], part: Path) -> None:
    """Hand the whole file to a job: row, progress and queue in one transaction."""
    await run_in_threadpool(part.rename, services.settings.spool_dir / upload_id)
    async with as_owner(services.pool) as connection:
        await _enqueue(connection, actor, upload_id, row[2])


async def _enqueue(connection: AsyncConnection[TupleRow], actor: Actor, upload_id: str, kind: str) -> int:
    started = await (await connection.execute(START_PROGRESS, (kind, actor.token_id))).fetchone()
    assert started is not None
    progress_id: int = started[0]
    await connection.execute("UPDATE upload SET received = size, job_id = %s WHERE id = %s", (progress_id, upload_id))
    arguments = {"upload_id": upload_id, "progress_id": progress_id}
    await connection.execute(ENQUEUE, enqueue_values(LOAD_UPLOAD, arguments))
    return progress_id


async def _read_upload(services: Services, actor: Actor, upload_id: str) -> tuple[Any, ...]:
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute(_READ_UPLOAD, (upload_id,))).fetchone()
    if row is None or not is_own(actor, row[0]):
        raise NotFoundError(Text("没有这个上传。", "There is no such upload of yours."))
    return row


def _offset(services: Services, upload_id: str, row: tuple[Any, ...]) -> int:
    """The file itself says how much of it is there; a job's file is all there."""
    if row[4] is not None:
        return row[3]
    part = _part(services, upload_id)
    return part.stat().st_size if part.exists() else 0


def _part(services: Services, upload_id: str) -> Path:
    return services.settings.spool_dir / f"{upload_id}.part"


def _create_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)


def _write(file: RawIOBase, content: bytearray) -> int:
    """Write all of it; a disk that is nearly full takes a part first and says so at the next."""
    written = 0
    while written < len(content):
        written += file.write(bytes(content[written:])) or 0
    return written


def _open_at(path: Path, offset: int) -> RawIOBase:
    # Without a buffer: what found no room must not be written later, by the closing.
    file = path.open("r+b", buffering=0)
    file.truncate(offset)
    file.seek(offset)
    return file


def _max_size(services: Services) -> int:
    return services.settings.max_upload_mb * 1_000_000


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != "1.0.0":
        raise ProtocolError(
            412, Text("需要请求头 Tus-Resumable: 1.0.0。", "The header Tus-Resumable: 1.0.0 is needed.")
        )


def _read_number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not re.fullmatch(r"\d{1,15}", text):
        raise InvalidRequestError(Text(f"请求头 {name} 应为整数。", f"The header {name} is an integer."), name)
    return int(text)
