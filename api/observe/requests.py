# SPDX-License-Identifier: Apache-2.0
"""What every request passes through: an id, a count, a span where traces are sent, and a line in the log.

Names are those of routes, never of paths: a path holds ids and codes, and a link's query may hold a token.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable
from time import perf_counter
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.response import find_header
from api.observe.counts import OTHER, RequestCounts
from api.observe.lifecycle import Lifecycle
from twin import tracing
from twin.logs import REQUEST_ID
from twin.settings import Settings

TILES: Final = "/collections/{layer_id}/tiles/{matrix_set_id}/{z}/{row}/{col}"
STREAM: Final = "/stream"

_ROUTE: Final = "twin.route"
_PROBES: Final = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
_CLOSE: Final = (b"connection", b"close")
_FAILED: Final = 400

log = logging.getLogger("twin.access")


def name_route(scope: Scope, template: str) -> None:
    """Say which of the bare routes answers; the framework says so of its own."""
    scope[_ROUTE] = template


class RequestWatch:
    """Watches the requests of one process."""

    def __init__(self, settings: Settings, counts: RequestCounts, lifecycle: Lifecycle) -> None:
        self._counts = counts
        self._lifecycle = lifecycle
        self._logs = settings.log_requests
        self._is_brief = settings.log_requests == "most"
        self._with_address = settings.log_addresses
        # Ids tell requests apart and nothing else: a process' own mark and a number.
        self._mark = secrets.token_hex(6).encode()
        self._number = 0

    @property
    def is_short(self) -> bool:
        """Whether an answer that is there already may just leave: nothing but a count is made of it."""
        return self._logs != "all" and not self._lifecycle.is_stopping and not tracing.is_tracing()

    def note_kept(self, status: int, seconds: float) -> bytes:
        """Count such an answer to a GET of a tile; gives the id of the request."""
        self._number += 1
        self._counts.add(TILES, "GET", status, seconds)
        return b"%b%06x" % (self._mark, self._number)

    async def watch(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, method: str) -> None:
        """Answer a request by `app`; `method` is what the client said."""
        counts = self._counts
        self._number += 1
        request_id = b"%s%06x" % (self._mark, self._number)
        REQUEST_ID.set(request_id)
        status = 0
        known: str | None = scope.get(_ROUTE)
        is_stream = known == STREAM

        # No coroutine of its own: a cached tile is sent in microseconds.
        def watch_send(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                nonlocal status
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", request_id)]
                if self._lifecycle.is_stopping:
                    headers.append(_CLOSE)
                message["headers"] = headers
            return send(message)

        counts.active += 1
        counts.streams += is_stream
        began = perf_counter()
        try:
            if tracing.is_tracing():
                await _trace(app, scope, receive, watch_send, method)
            else:
                await app(scope, receive, watch_send)
        finally:
            seconds = perf_counter() - began
            counts.active -= 1
            counts.streams -= is_stream
            route = known or _find_template(scope)
            counts.add(route, method, status, 0.0 if is_stream else seconds)
            if not (known == TILES and self._is_brief and 0 < status < _FAILED) and self._is_told(route, status):
                self._tell(scope, route, method, status, seconds)

    def _is_told(self, route: str, status: int) -> bool:
        if self._is_brief:
            return not (0 < status < _FAILED and (route == TILES or route in _PROBES))
        return self._logs == "all"

    def _tell(self, scope: Scope, route: str, method: str, status: int, seconds: float) -> None:
        facts: dict[str, Any] = {
            "method": method, "route": route, "status": status, "duration_ms": round(seconds * 1000, 2),
        }  # fmt: skip
        if self._with_address and scope.get("client"):
            facts["address"] = scope["client"][0]
        log.log(logging.WARNING if status >= 500 else logging.INFO, "request", extra={"facts": facts})


async def _trace(app: ASGIApp, scope: Scope, receive: Receive, send: Send, method: str) -> None:
    parent = find_header(scope, b"traceparent")
    with tracing.open_span(method, "server", parent=parent, facts={"http.request.method": method}) as span:
        traceparent = tracing.write_traceparent()

        async def send_traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if traceparent is not None:
                    message["headers"] = [*message["headers"], (b"traceresponse", traceparent.encode())]
            await send(message)

        try:
            await app(scope, receive, send_traced)
        finally:
            route = scope.get(_ROUTE) or _find_template(scope)
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)


def _find_template(scope: Scope) -> str:
    """The template of the framework's route that answered."""
    path: str | None = getattr(scope.get("route"), "path", None)
    return path or OTHER
