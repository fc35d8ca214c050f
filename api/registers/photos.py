# SPDX-License-Identifier: Apache-2.0
"""Photos of hazards, inspections and proposals: taken in without metadata, shown to who may see what they are of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from api.http.errors import ProtocolError
from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.registers.editing import Connection, as_asker, check_person
from api.services import Services, get_actor, get_services
from twin.access import Actor
from twin.assets import asset_path, new_asset, store_asset
from twin.errors import InvalidRequestError, NotFoundError
from twin.photo import MAX_BYTES, CleanPhoto, clean_photo
from twin.settings import Settings
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["photos"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]

_FILE: Final = "photo"


@router.post("/photos", status_code=201, summary="Send a photo")
async def create_photo(request: Request, actor: AsActor, services: With) -> Response:
    """The picture is the body: JPEG, PNG or WebP. What its file says of camera, place and owner is not kept."""
    check_person(actor)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            limit = MAX_BYTES // 1_000_000
            raise ProtocolError(
                413, Text(f"照片太大:上限 {limit} MB。", f"The photo is too large: {limit} MB is the most.")
            )
    clean = await run_in_threadpool(clean_photo, bytes(content))
    asset = await run_in_threadpool(_store, services.settings, clean)
    async with as_owner(services.pool) as connection:
        await connection.execute(
            "INSERT INTO photo (asset, media_type, size) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (asset, clean.media_type, len(clean.content)),
        )
        await connection.execute(
            "INSERT INTO photo_use (asset, used_by, used_id) VALUES (%s, 'token', %s) ON CONFLICT DO NOTHING",
            (asset, actor.token_id),
        )
    body = {"photo": asset, "media_type": clean.media_type, "size": len(clean.content)}
    return Response(orjson.dumps(body), 201, {"Location": f"/photos/{asset}", "Cache-Control": "no-store"}, JSON)


@router.get("/photos/{asset}", summary="A photo")
async def get_photo(actor: AsActor, services: With, asset: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
    """For who sent it, and for who may see what it is of."""
    async with as_asker(services, actor) as connection:
        row = await (await connection.execute("SELECT media_type FROM photo WHERE asset = %s", (asset,))).fetchone()
    if row is None:
        raise NotFoundError(Text("没有您可见的这张照片。", "There is no such photo within your reach."))
    content = await run_in_threadpool(_read, services.settings, asset)
    return Response(content, media_type=row[0], headers={"Cache-Control": "private, no-cache", "ETag": f'"{asset}"'})


async def link_photos(connection: Connection, actor: Actor, photos: Sequence[str], used_by: str, used_id: int) -> None:
    """Say what photos are of. Raises InvalidRequestError for one that the actor has not sent.

    Only one's own, or whoever guesses a hash would see another's photo by claiming it.
    """
    sent = await (
        await connection.execute(
            "SELECT count(DISTINCT asset) FROM photo_use WHERE asset = ANY(%s) AND used_by = 'token' AND used_id = %s",
            (list(photos), actor.token_id),
        )
    ).fetchone()
    if sent is None or sent[0] != len(set(photos)):
        raise InvalidRequestError(
            Text("照片须先由您本人用 POST /photos 上传。", "Send the photo with POST /photos first, yourself."),
            "photos",
        )
    await connection.execute(
        "INSERT INTO photo_use (asset, used_by, used_id) SELECT asset, %s, %s FROM unnest(%s::text[]) AS listed(asset) "
        "ON CONFLICT DO NOTHING",
        (used_by, used_id, list(photos)),
    )


def _store(settings: Settings, clean: CleanPhoto) -> str:
    with new_asset(settings) as folder:
        (folder / _FILE).write_bytes(clean.content)
        return store_asset(settings, folder)


def _read(settings: Settings, asset: str) -> bytes:
    path: FilePath = asset_path(settings, asset) / _FILE
    return path.read_bytes()
