# SPDX-License-Identifier: Apache-2.0
"""The pages for people: the built viewer, the landing page, and the token in a link exchanged for a cookie."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, RedirectResponse

from api.access.cookies import set_cookie
from api.http.accept import choose_coding
from api.http.html import render_page
from api.http.response import CODINGS, COMPRESSED_FROM, has_etag, is_text, tag_compressed
from api.services import Services, get_services
from api.tiles.tilesets import find_file
from twin.errors import NotFoundError
from twin.text import Text, negotiate_language

router = APIRouter(include_in_schema=False)

With = Annotated[Services, Depends(get_services)]

PAGES: Final = frozenset({"wall", "plan", "admin", "grid"})

_POLICY: Final = {
    "default-src": "'self'",
    "script-src": "'self'",
    "worker-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
"""No other host: the pages work without the Internet, and nothing of them can be sent there."""

_MAP: Final = {"worker-src": "'self' blob:"}
_SCENE: Final = {"script-src": "'self' 'wasm-unsafe-eval'", "worker-src": "'self' blob:"}
"""The 3D engine decodes geometry by WebAssembly."""


def _write_policy(more: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in {**_POLICY, **more}.items())


CONTENT_POLICY: Final = _write_policy(_SCENE)
"""What the widest of the pages may do, which its workers may too."""

_POLICIES: Final = {
    "wall": CONTENT_POLICY, "plan": CONTENT_POLICY, "grid": _write_policy(_MAP), "admin": _write_policy({}),
}  # fmt: skip

_OWN_PAGE: Final = _write_policy({"script-src": "'none'", "worker-src": "'none'", "connect-src": "'none'"})
"""A page of our own making has no script."""

_HASHED: Final = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK: Final = "no-cache"

_WORKERS: Final = {"grid-worker.js": "/grid"}
"""Service workers among the files, each with the one page that it may keep."""

_NOT_BUILT: Final = Text(
    "页面尚未构建。请运行 make demo(或 make viewer),然后刷新。",
    "The pages are not built yet. Run `make demo` (or `make viewer`) and reload.",
)


@router.get("/wall")
@router.get("/plan")
@router.get("/admin")
@router.get("/grid")
async def get_page(request: Request, services: With, token: str | None = None) -> Response:
    """A page; `?token=` becomes a cookie at once, so that it is in no history, log or screenshot."""
    if token is not None:
        await services.actors.find(token)
        clean = request.url.remove_query_params("token")
        response: Response = RedirectResponse(f"{clean.path}{'?' + clean.query if clean.query else ''}", 303)
        set_cookie(request, response, token)
        response.headers["Cache-Control"] = "no-store"
        return response
    name = request.url.path.strip("/")
    file = find_file(services.settings.viewer_dir / name, "index.html")
    if file is None:
        language = negotiate_language(request.headers.get("accept-language"))
        return page_response(render_page("Blocktwin", f"<p>{_NOT_BUILT.in_language(language)}</p>", language), 503)
    return await _send_file(request, file, _ASK, {"Content-Security-Policy": _POLICIES[name]})


@router.get("/viewer/{path:path}")
async def get_viewer_file(request: Request, services: With, path: str) -> Response:
    """A file of the build; names with a hash in them never change, so copies keep."""
    file = find_file(services.settings.viewer_dir, path)
    if file is None:
        raise NotFoundError(Text(f"没有文件“{path}”。", f"There is no file '{path}'."))
    headers = {"Content-Security-Policy": CONTENT_POLICY}
    if path in _WORKERS:
        headers["Service-Worker-Allowed"] = _WORKERS[path]
    is_hashed = path.startswith("assets/") and _HASHED.search(path) is not None
    # Workers get their policy from their own file.
    return await _send_file(request, file, _FOR_EVER if is_hashed else _ASK, headers)


def page_response(html: str, status: int = 200) -> Response:
    """A page of our own making."""
    return Response(
        html, status, media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": _OWN_PAGE, "Cache-Control": _ASK, "Vary": "Accept, Accept-Language"},
    )  # fmt: skip


async def _send_file(request: Request, file: Path, caching: str, headers: dict[str, str]) -> Response:
    stat = file.stat()
    version = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    is_packable = is_text(media_type) and stat.st_size >= COMPRESSED_FROM
    coding = choose_coding(request.headers.get("accept-encoding"), tuple(CODINGS)) if is_packable else None
    etag = f'"{version}"' if coding is None else tag_compressed(f'"{version}"', coding)
    own = {"ETag": etag, "Cache-Control": caching, **headers}
    if is_packable:
        own["Vary"] = "Accept-Encoding"
    if has_etag(request.headers.get("if-none-match"), f'"{version}"'):
        return Response(status_code=304, headers=own)
    if coding is None:
        return FileResponse(file, media_type=media_type, headers=own)
    packed = await run_in_threadpool(_pack, file, version, coding)
    return Response(packed, media_type=media_type, headers={**own, "Content-Encoding": coding})


@lru_cache(maxsize=128)
def _pack(file: Path, _version: str, coding: str) -> bytes:
    """A file of the build compressed, once for as long as it stays as it is."""
    return CODINGS[coding](file.read_bytes())
