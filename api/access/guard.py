# SPDX-License-Identifier: Apache-2.0
"""What stands before every route but that of the tiles: how often one may ask, and what a browser may do with answers.

A cached tile leaves without it: its 50 µs are spent on looking up who asks, and nothing in a tile is run or framed.
"""

from __future__ import annotations

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.limits import find_address
from api.http.errors import TooManyRequestsError, send_error
from api.services import Services
from twin.settings import Settings

_POLICY: Final = b"content-security-policy"

_HEADERS: Final = [
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"accelerometer=(), browsing-topics=(), camera=(self), display-capture=(), geolocation=(self), gyroscope=(), "
        b"magnetometer=(), microphone=(), midi=(), payment=(), usb=(), fullscreen=(self)",
    ),
]
"""A grid manager's page takes photos and asks where it is; no page needs more."""

_NO_PAGE: Final = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
"""For what is no page of ours: were it ever shown as one, nothing in it would run. No `sandbox`: with an opener policy
beside it a browser would not show the answer at all."""

_HTTPS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")

_EXPOSED: Final = (
    "Link", "Location", "ETag", "Content-Crs", "Content-Disposition", "OGC-NumberReturned", "OGC-NumberMatched",
    "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id",
)  # fmt: skip


class Guard:
    """An application behind the limits and with the headers."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it (429)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        services = self._services
        own = [*_HEADERS, _HTTPS_ONLY] if scope["scheme"] == "https" else _HEADERS
        refused = None
        try:
            token_id = services.actors.find_known(scope["headers"])
            own = own + services.request_limits.take(token_id, find_address(scope.get("client")))
        except TooManyRequestsError as error:
            refused = error

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if not any(name.lower() == _POLICY for name, _value in headers):
                    headers.append(_NO_PAGE)
                message = {**message, "headers": [*headers, *own]}
            await send(message)

        if refused is not None:
            await send_error(scope, send_guarded, refused)
            return
        await self._app(scope, receive, send_guarded)


def open_to_origins(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Scripts of the sites that the settings name may ask with a token; never with a cookie, never from anywhere."""
    origins = [origin.strip().rstrip("/") for origin in settings.allowed_origins.split(",") if origin.strip()]
    if not origins:
        return app
    return CORSMiddleware(
        app, allow_origins=origins, allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Prefer", "Content-Crs"],
        allow_credentials=False, expose_headers=list(_EXPOSED), max_age=3600,
    )  # fmt: skip
