# SPDX-License-Identifier: Apache-2.0
"""Bytes as answers: ETags, 304, HEAD, compression, and who may keep a copy."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from typing import Any, Final

import brotli
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.http.accept import choose_coding
from api.tiles.cache import make_etag
from twin.access import Actor

GEOJSON: Final = "application/geo+json"
JSON: Final = "application/json"
MVT: Final = "application/vnd.mapbox-vector-tile"
GLB: Final = "model/gltf-binary"

COMPRESSED_FROM: Final = 1_024
"""Bytes; below, the headers are most of an answer."""
_ASIDE_FROM: Final = 64 * 1_024
"""Bytes whose compression would keep other requests waiting."""
CODINGS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    # At these levels both take about the same time, and Brotli's bytes are fewer.
    "br": partial(brotli.compress, quality=4),
    "gzip": partial(gzip.compress, compresslevel=5, mtime=0),
}
"""How a text is compressed, by the name of the content coding; the best first."""

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
        coding = _choose_coding(request.scope, media_type, body)
        if coding is not None:
            own["ETag"] = tag_compressed(tag, coding)
        return Response(status_code=304, headers=own)
    return TextResponse(body, media_type=media_type, headers=own)


class TextResponse(Response):
    """A text that goes out compressed where that is asked for and worth it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        body = bytes(self.body)
        vary = self.headers.get("vary")
        self.headers["vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
        coding = _choose_coding(scope, self.headers.get("content-type", ""), body)
        if coding is not None:
            compress = partial(CODINGS[coding], body)
            self.body = await run_in_threadpool(compress) if len(body) >= _ASIDE_FROM else compress()
            self.headers["content-encoding"] = coding
            self.headers["content-length"] = str(len(self.body))
            if "etag" in self.headers:
                self.headers["etag"] = tag_compressed(self.headers["etag"], coding)
        await super().__call__(scope, receive, send)


def _choose_coding(scope: Scope, content_type: str, body: bytes) -> str | None:
    if not is_text(content_type) or len(body) < COMPRESSED_FROM:
        return None
    return choose_coding(find_header(scope, b"accept-encoding"), tuple(CODINGS))


def is_text(content_type: str) -> bool:
    """Whether a media type is of a text that compression makes much shorter."""
    plain = content_type.partition(";")[0]
    return plain.startswith("text/") or plain.endswith(("json", "xml", "javascript", "wasm"))


def tag_compressed(etag: str, coding: str) -> str:
    """Other bytes, other tag; a weak one stands for every copy already."""
    return etag if etag.startswith("W/") else f'{etag[:-1]}-{coding}"'


def has_etag(listed: str | None, etag: str) -> bool:
    """Whether an If-None-Match (or If-Match) header names this ETag, be it of its compressed or weakened copy."""
    if not listed:
        return False
    if listed == etag:
        return True
    wanted = etag.removeprefix("W/")
    copies = {wanted, *(tag_compressed(wanted, coding) for coding in CODINGS)}
    return listed.strip() == "*" or any(part.strip().removeprefix("W/") in copies for part in listed.split(","))


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
