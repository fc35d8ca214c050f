# SPDX-License-Identifier: Apache-2.0
"""Pages of features and single ones, ahead of the framework: finding the route and reading its parameters would cost
more than the page does. What is answered, and what is refused, is up to the same functions.
"""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from api.catalogue import CATALOGUE
from api.features import items
from api.features.filtering import pick_filter_query
from api.http.errors import send_error
from api.http.parameters import check_names, known_names
from api.http.response import GEOJSON, JSON
from api.services import Services
from twin.access import Actor

_PAGE: Final = "/collections/{layer_id}/items"
_ITEM: Final = "/collections/{layer_id}/items/{feature_id}"

_RANGES: Final = frozenset({"", "*/*", "application/*", GEOJSON, JSON})
"""What of an Accept header leads to GeoJSON; pages for people and files are the framework's."""
_FORMS: Final = frozenset({None, "geojson", "json"})
_LONGEST_LIMIT: Final = 9
"""Digits of a limit that is surely a number that the framework would take."""


class ItemsRoute:
    """Answers GET of features as GeoJSON and leaves everything else to the framework."""

    def __init__(self, services: Services, framework: ASGIApp) -> None:
        self._services = services
        self._framework = framework
        routes = [*items.router.routes, *items.item_router.routes]
        self._routes = {
            route.path: route for route in routes
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and route.path in (_PAGE, _ITEM)
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        parts = _read_path(scope)
        request = Request(scope, receive) if parts else None
        if request is None or not _is_plain(request):
            await self._framework(scope, receive, send)
            return
        # The watch, the audit trail and the check of names know a request by its route.
        scope["route"] = self._routes[_PAGE if len(parts) == 4 else _ITEM]
        try:
            actor = await self._services.actors.resolve(scope["headers"])
            answer = self._answer_page if len(parts) == 4 else self._answer_item
            response = await answer(request, actor, parts)
        except Exception as error:
            await send_error(scope, send, error)
            return
        await response(scope, receive, send)

    async def _answer_page(self, request: Request, actor: Actor, parts: list[str]) -> Response:
        layer = self._services.layers.find(parts[2], actor)
        return await items.answer_items(request, actor, self._services, layer, _read_query(request.query_params))

    async def _answer_item(self, request: Request, actor: Actor, parts: list[str]) -> Response:
        given = request.query_params
        check_names(given.keys(), known_names(request))
        return await items.get_item(
            request, actor, self._services, parts[2], parts[4], crs=given.get("crs"), f=given.get("f"),
            as_of=given.get("as_of"), datetime=given.get("datetime"),
        )  # fmt: skip


def _read_path(scope: Scope) -> list[str]:
    """The parts of a path to features that are asked for; of any other, and of the catalogue's records, none."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return []
    parts: list[str] = scope["path"].split("/")
    is_features = len(parts) in (4, 5) and parts[1] == "collections" and parts[3] == "items" and all(parts[2:])
    return parts if is_features and parts[2] != CATALOGUE else []


def _is_plain(request: Request) -> bool:
    """Whether it asks for GeoJSON, with parameters that are of the right type whatever they say."""
    given = request.query_params
    limit = given.get("limit")
    if given.get("f") not in _FORMS or given.get("count") not in (None, "exact"):
        return False
    if limit is not None and not (
        limit.isascii() and limit.isdigit() and len(limit) <= _LONGEST_LIMIT and int(limit) > 0
    ):
        return False
    accepted = ",".join(request.headers.getlist("accept"))
    return all(part.partition(";")[0].strip() in _RANGES for part in accepted.split(","))


def _read_query(given: QueryParams) -> items.ItemsQuery:
    """The parameters of a page as the framework reads them: the last of each name."""
    limit = given.get("limit")
    return items.ItemsQuery(
        bbox=given.get("bbox"), bbox_crs=given.get("bbox-crs"), crs=given.get("crs"), datetime=given.get("datetime"),
        limit=None if limit is None else int(limit), form=given.get("f"), block=given.get("block"),
        ids=given.get("ids"), cursor=given.get("cursor"), count=given.get("count"), as_of=given.get("as_of"),
        filter=pick_filter_query(given),
    )  # fmt: skip
