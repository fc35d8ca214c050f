# SPDX-License-Identifier: Apache-2.0
"""Bytes as answers: strong ETags, 304, HEAD, and who may keep a copy."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from fastapi import Request, Response
from starlette.types import Send

from api.tiles.cache import make_etag
from twin.access import Actor

GEOJSON: Final = "application/geo+json"
JSON: Final = "application/json"
MVT: Final = "application/vnd.mapbox-vector-tile"
GLB: Final = "model/gltf-binary"

_OWN: Final = b"private, no-cache"
_ANYONES: Final = b"public, no-cache"


def cache_control(actor: Actor) -> bytes:
    """Every copy is asked about again; only what anybody may see may be kept by a proxy."""
    return _ANYONES if actor.token_id is None else _OWN


def answer_bytes(
    request: Request, actor: Actor, body: bytes, media_type: str, headers: Mapping[str, str] | None = None,
    *, etag: bytes | None = None,
) -> Response:  # fmt: skip
    """An answer of the framework's routes: 200 with an ETag, or 304 where the client has these bytes."""
    tag = (etag or make_etag(body)).decode()
    own = {
        "ETag": tag, "Cache-Control": cache_control(actor).decode(), "Vary": "Authorization, Cookie",
        **(headers or {}),
    }  # fmt: skip
    if has_etag(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=own)
    return Response(body, media_type=media_type, headers=own)


def has_etag(if_none_match: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names this ETag; a proxy's weakening does not matter here."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or etag in (
        part.strip().removeprefix("W/") for part in if_none_match.split(",")
    )


async def send_bytes(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
    """A whole answer of a bare route."""
    if status not in (204, 304):
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def find_header(scope: MutableMapping[str, Any], name: bytes) -> str | None:
    """The value of a header of a bare request; `name` is lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None
