# SPDX-License-Identifier: Apache-2.0
"""Vector tiles on a bare ASGI route ahead of the framework: most of them leave without touching it."""

from __future__ import annotations

from datetime import tzinfo
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from api.http.errors import send_error
from api.http.parameters import check_names, parse_buffer, parse_filter
from api.http.response import MVT, cache_control, find_header, has_etag, send_bytes
from api.pool import fetch_row
from api.services import Services, TileKey
from layers.filter import NO_FILTER, Filter
from layers.layer import Layer
from layers.tile import Tile
from layers.tile_query import select_tile
from twin.access import Actor
from twin.errors import NotFoundError
from twin.text import Text

CACHED_CLASS = 2
"""What is of a higher class is never kept."""

_PARAMETERS = frozenset({"as_of", "buffer", "block", "datetime"})


def is_tile_path(path: str) -> bool:
    """Whether a path is `/collections/{layer}/tiles/WebMercatorQuad/{z}/{row}/{col}`."""
    parts = path.split("/")
    return len(parts) == 8 and parts[1] == "collections" and parts[3] == "tiles" and parts[4] == "WebMercatorQuad"


class TileRoute:
    """Answers tile requests from the cache, or from the database as the actor."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._answer(scope, send)
        except Exception as error:
            await send_error(scope, send, error)

    async def _answer(self, scope: Scope, send: Send) -> None:
        services = self._services
        actor = await services.actors.resolve(scope["headers"])
        layer_id, tile = _read_path(scope["path"])
        layer = services.layers.find(layer_id, actor)
        narrowed, buffer = _read_query(scope["query_string"], services.zone)
        key = TileKey(layer.id, actor.cache_key, narrowed.cache_key, tile, buffer)
        found = services.tiles.get(key)
        if found is None:
            found = await services.tiles.fetch(key, lambda: self._render(layer, tile, narrowed, actor, buffer))
        headers = [
            (b"etag", found.etag),
            (b"cache-control", cache_control(actor)),
            (b"vary", b"Authorization, Cookie"),
        ]
        if has_etag(find_header(scope, b"if-none-match"), found.etag.decode()):
            await send_bytes(send, 304, headers)
        elif not found.data:
            await send_bytes(send, 204, headers)
        else:
            headers.append((b"content-type", MVT.encode()))
            await send_bytes(send, 200, headers, found.data)

    async def _render(
        self, layer: Layer, tile: Tile, narrowed: Filter, actor: Actor, buffer: int
    ) -> tuple[bytes, bool]:
        statement = select_tile(layer, tile, narrowed, actor.access_class, buffer)
        if statement is None:
            return b"", True
        async with self._services.as_actor(actor, narrowed.as_of) as connection:
            row = await fetch_row(connection, statement)
        data, highest = row or (b"", None)
        columns = max((p.access_class for p in layer.properties_for(actor.access_class) if p.in_tiles), default=1)
        return bytes(data), max(highest or 1, columns) <= CACHED_CLASS


def _read_path(path: str) -> tuple[str, Tile]:
    parts = path.split("/")
    numbers = parts[5:]
    if all(part.isascii() and part.isdigit() and len(part) < 9 for part in numbers):
        zoom, row, column = (int(part) for part in numbers)
        tile = Tile(zoom, column, row)
        if zoom <= 24 and tile.exists:
            return parts[2], tile
    where = "/".join(numbers)
    raise NotFoundError(
        Text(f"瓦片 {where} 不在 WebMercatorQuad 之内。", f"The tile {where} is not in WebMercatorQuad.")
    )


def _read_query(raw: bytes, zone: tzinfo) -> tuple[Filter, int]:
    if not raw:
        return NO_FILTER, 64
    given = {name: values[-1] for name, values in parse_qs(raw.decode("latin-1"), keep_blank_values=True).items()}
    check_names(given, _PARAMETERS)
    narrowed = parse_filter(zone, block=given.get("block"), moment=given.get("datetime"), as_of=given.get("as_of"))
    return narrowed, parse_buffer(given.get("buffer"))
