# SPDX-License-Identifier: Apache-2.0
"""3D Tiles: the list, the files of stored tilesets, and those that are made of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, LiteralString

import orjson
from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import FileResponse

from api.http.accept import choose_coding
from api.http.parameters import refuse_unknown
from api.http.response import GLB, JSON, answer_bytes, cache_control, has_etag
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from api.tiles.cache import make_etag
from api.tiles.solids import get_part
from layers.registry import find_layer
from layers.solids.declaration import SOLID_LAYERS, SolidLayer
from layers.solids.query import select_any
from twin.access import Actor
from twin.assets import asset_path
from twin.errors import NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["tilesets"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]

MEDIA_TYPES: Final = {
    ".json": JSON, ".glb": GLB, ".gltf": "model/gltf+json", ".b3dm": "application/octet-stream",
    ".subtree": "application/octet-stream", ".bin": "application/octet-stream", ".jpg": "image/jpeg",
    ".png": "image/png", ".webp": "image/webp", ".ktx2": "image/ktx2",
}  # fmt: skip

_READ_ASSET: LiteralString = "SELECT asset FROM tileset WHERE id = %s AND is_published"


@router.get("/tilesets", summary="The 3D data sets in reach")
async def list_tilesets(request: Request, actor: AsActor, services: With) -> Response:
    """Those made of rows first, then what is stored."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("tilesets"))).fetchone()
        made: list[dict[str, Any]] = []
        for solid in SOLID_LAYERS.values():
            statement = select_any(solid)
            found = await (await connection.execute(statement.text, statement.values)).fetchone()
            made += [_describe_solid(solid)] if found and found[0] else []
    listed = made + orjson.loads(row[0] if row else "[]")
    return answer_bytes(request, actor, orjson.dumps({"tilesets": listed}), JSON)


def _describe_solid(solid: SolidLayer) -> dict[str, Any]:
    return {
        "id": solid.id,
        "title": find_layer(solid.id).title.as_dict(),
        "kind": solid.id,
        "singulation": "feature_id",
        "url": f"/tilesets/{solid.id}/tileset.json",
        "coverage": None,
        "height_offset": 0,
        "model_id": None,
        # The property table's `id` leads to a feature of this layer.
        "layer": solid.id,
    }


@router.get("/tilesets/{tileset_id}/{path:path}", summary="A file of a tileset")
async def get_tileset_file(request: Request, actor: AsActor, services: With, tileset_id: str, path: str) -> Response:
    """Only of a tileset that the actor sees. Ranges are answered; names are content-hashed, so copies keep."""
    if tileset_id in SOLID_LAYERS:
        is_packed = choose_coding(request.headers.get("accept-encoding"), ("gzip",)) is not None
        part = await get_part(services, actor, SOLID_LAYERS[tileset_id], path, is_packed=is_packed)
        headers = {"Vary": "Authorization, Cookie, Accept-Encoding"}
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        media_type = GLB if path.endswith(".glb") else JSON
        return answer_bytes(request, actor, part.data, media_type, headers, etag=part.etag)
    asset = None
    if tileset_id.isascii() and tileset_id.isdigit() and len(tileset_id) < 19:
        async with services.as_actor(actor) as connection:
            row = await (await connection.execute(_READ_ASSET, (int(tileset_id),))).fetchone()
            asset = row[0] if row else None
    file = None if asset is None else find_file(asset_path(services.settings, asset), path)
    if asset is None or file is None:
        raise NotFoundError(
            Text(
                f"没有三维数据集 {tileset_id} 的文件“{path}”,或它不在您的权限范围内。",
                f"There is no file '{path}' of the tileset {tileset_id} within your reach.",
            )
        )
    # The asset's name is the hash of all that is in it, so name and path say which bytes these are.
    etag = make_etag(f"{asset}/{path}".encode()).decode()
    headers = {"ETag": etag, "Cache-Control": cache_control(actor).decode(), "Vary": "Authorization, Cookie"}
    if has_etag(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    media_type = MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream")
    return FileResponse(file, media_type=media_type, headers=headers)


def find_file(folder: Path, path: str) -> Path | None:
    """The file at a relative path in a folder, None where it is not there or not below it."""
    root = folder.resolve()
    file = (root / path).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None
