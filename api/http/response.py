# SPDX-License-Identifier: Apache-2.0
"""Bytes as answers: ETags, 304, HEAD, compression, and who may keep a copy."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, MutableMapping
from functools import partial
from typing import Any, Final

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.http.accept import accepts_gzip
from api.tiles.cache import make_etag
from twin.access import Actor

GEOJSON: Final = "application/geo+json"
JSON: Final = "application/json"
MVT: Final = "application/vnd.mapbox-vector-tile"
GLB: Final = "model/gltf-binary"

_COMPRESSED_FROM: Final = 1_024
"""Bytes; below, the headers are most of an answer."""
_ASIDE_FROM: Final = 64 * 1_024
"""Bytes whose compression would keep other requests waiting."""
_LEVEL: Final = 5
_GZIPPED: Final = "-gzip"
"""What the ETag of a compressed copy ends with: other bytes, other tag."""

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
        if _goes_compressed(request.scope, media_type, body):
            own["ETag"] = _tag_compressed(tag)
        return Response(status_code=304, headers=own)
    return TextResponse(body, media_type=media_type, headers=own)


class TextResponse(Response):
    """A text that goes out compressed where that is asked for and worth it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        body = bytes(self.body)
        vary = self.headers.get("vary")
        self.headers["vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
        if _goes_compressed(scope, self.headers.get("content-type", ""), body):
            compress = partial(gzip.compress, body, _LEVEL, mtime=0)
            self.body = await run_in_threadpool(compress) if len(body) >= _ASIDE_FROM else compress()
            self.headers["content-encoding"] = "gzip"
            self.headers["content-length"] = str(len(self.body))
            if "etag" in self.headers:
                self.headers["etag"] = _tag_compressed(self.headers["etag"])
        await super().__call__(scope, receive, send)


def _goes_compressed(scope: Scope, content_type: str, body: bytes) -> bool:
    plain = content_type.partition(";")[0]
    is_text = plain.startswith("text/") or plain.endswith(("json", "xml"))
    return is_text and len(body) >= _COMPRESSED_FROM and accepts_gzip(find_header(scope, b"accept-encoding"))


def _tag_compressed(etag: str) -> str:
    """A weak tag stands for every copy already."""
    return etag if etag.startswith("W/") else f'{etag[:-1]}{_GZIPPED}"'


def has_etag(listed: str | None, etag: str) -> bool:
    """Whether an If-None-Match (or If-Match) header names this ETag, be it of its compressed or weakened copy."""
    if not listed:
        return False
    if listed == etag:
        return True
    wanted = etag.removeprefix("W/")
    return listed.strip() == "*" or wanted in (
        part.strip().removeprefix("W/").replace(f'{_GZIPPED}"', '"') for part in listed.split(",")
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
