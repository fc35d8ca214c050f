# SPDX-License-Identifier: Apache-2.0
"""Wires the API together: bare routes for what is hot, the framework for the rest."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import model_contents, models
from api.access import accounts, audit, mappings, oidc, session, tokens
from api.access.actors import Asker
from api.access.guard import Guard, open_to_origins
from api.access.trail import AuditTrail
from api.blocks import blocks, locate, schemes
from api.catalogue import geovolumes, records, stac
from api.features import collections, export, exports, items, schemas, transactions
from api.features.items_route import ItemsRoute
from api.http.door import Door, make_door
from api.http.errors import register_errors
from api.http.idempotency import OnceRoute, is_sent_once
from api.http.kept import SECURITY, Header, KeptAnswer
from api.intake import jobs, kinds, loads, placements, rejects, uploads
from api.live import webhooks
from api.live.stream import StreamRoute
from api.measures import measures, pillars, profile, series, targets
from api.observe.requests import STREAM, TILES, RequestWatch, name_route
from api.registers import (
    hazards,
    houses,
    inspections,
    photos,
    proposals,
    registers,
    rental_spaces,
    survey_answers,
    surveys,
)
from api.services import Services
from api.site import health, landing, metrics, pages
from api.stewardship import business_layers, code_tables, datasets, quality
from api.tiles import descriptions, tilesets
from api.tiles.vector_tiles import TileRoute, is_tile_path
from api.version import VERSION
from twin.settings import Settings

_ROUTERS: Final = (
    geovolumes.router, stac.router,
    records.router,  # before the layers: its collection is told by another route than theirs
    landing.router, accounts.router, mappings.router, oidc.router, session.router,
    health.router, metrics.router, collections.router, blocks.router, schemes.router,
    items.router, items.item_router, schemas.router, descriptions.router, transactions.router,
    profile.router, models.router, model_contents.router,
    tilesets.router, uploads.router, measures.router, jobs.router, loads.router,
    audit.router, rejects.router, pillars.router, targets.router,
    pages.router, locate.router, placements.router, export.router, registers.router, proposals.router,
    photos.router, hazards.router, inspections.router, surveys.router, survey_answers.router, rental_spaces.router,
    houses.router, kinds.router,
    code_tables.router, quality.router, tokens.router, business_layers.router, series.router, exports.router,
    webhooks.router, datasets.router,
)  # fmt: skip


class Application:
    """The ASGI application of one process."""

    def __init__(self, settings: Settings) -> None:
        self.services = Services(settings)
        self._framework = Guard(ItemsRoute(self.services, _make_framework(self.services)), self.services)
        self._once = OnceRoute(self.services, self._framework)
        self._tiles = TileRoute(self.services)
        self._stream = Guard(StreamRoute(self.services), self.services)
        self._watch = RequestWatch(settings, self.services.counts, self.services.lifecycle)
        self._trail = AuditTrail(self.services.pool)
        self._open = open_to_origins(self._answer, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._open(scope, receive, send)

    def find_kept(self, path: str, headers: Sequence[Header], asker: Asker | None = None) -> KeptAnswer | None:
        """The answer to a GET of a path without a query that lies there whole, and of which nothing is told but a
        count. Asked for ASGI and before it (`api/http/door.py`), so that the two never answer differently.
        """
        return self._tiles.find_kept(path, headers, asker, self._trail.has_told) if self._watch.is_short else None

    def make_door(self) -> type[Door]:
        """The protocol for a server of this application that answers what is kept before ASGI."""
        return make_door(self.find_kept, self._watch.note_kept)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._framework(scope, receive, send)
            return
        path: str = scope["path"]
        method = said = str(scope["method"])
        if method == "GET" and path.startswith("/collections/") and not scope["query_string"]:
            began = perf_counter()
            kept = self.find_kept(path, scope["headers"])
            if kept is not None:
                request_id = self._watch.note_kept(kept.status, perf_counter() - began)
                await _send_kept(send, kept, request_id)
                return
        if method == "HEAD" and not path.startswith("/uploads/"):
            # Every GET answers HEAD too: the same work, the same headers, no body.
            scope = {**scope, "method": "GET"}
            send = _without_body(send)
        send = self._trail.follow(scope, _with_security(send), method)
        await self._watch.watch(self._route(scope, path, method), scope, receive, send, said)

    def _route(self, scope: Scope, path: str, method: str) -> ASGIApp:
        if method in ("GET", "HEAD") and is_tile_path(path):
            name_route(scope, TILES)
            return self._tiles
        # A stream has no end, so a HEAD of it would have none either.
        if method == "GET" and path == "/stream":
            name_route(scope, STREAM)
            return self._stream
        if is_sent_once(scope, path, method):
            return self._once
        return self._framework


def create_app(settings: Settings) -> Application:
    """The API over the database of `settings`; it connects when the server starts it."""
    return Application(settings)


def _make_framework(services: Services) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with services.open():
            yield

    framework = FastAPI(
        title="Blocktwin", version=VERSION, lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    framework.state.services = services
    for router in _ROUTERS:
        framework.include_router(router)
    register_errors(framework)
    return framework


async def _send_kept(send: Send, kept: KeptAnswer, request_id: bytes) -> None:
    headers = [*kept.headers, *SECURITY, (b"x-request-id", request_id)]
    await send({"type": "http.response.start", "status": kept.status, "headers": headers})
    await send({"type": "http.response.body", "body": kept.body})


def _with_security(send: Send) -> Send:
    async def send_secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *SECURITY]}
        await send(message)

    return send_secured


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
