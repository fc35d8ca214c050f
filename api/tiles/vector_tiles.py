# SPDX-License-Identifier: Apache-2.0
"""Vector tiles on a bare ASGI route ahead of the framework: most of them leave without touching it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from api.access.actors import Asker
from api.features.filtering import NAMES as FILTER_NAMES
from api.features.filtering import pick_filter_query, read_expression
from api.http.errors import send_error
from api.http.kept import Header, KeptAnswer
from api.http.parameters import check_names, parse_buffer, parse_cells, parse_filter
from api.http.response import MVT, cache_control, has_etag
from api.pool import fetch_row
from api.services import Services, TileKey
from api.tiles.cache import Rendered
from layers.filter import NO_FILTER, Filter
from layers.heat import select_heat
from layers.layer import Layer
from layers.pyramid import select_kept
from layers.tile import TILE_MATRIX_SETS, Tile
from layers.tile_query import select_tile
from twin.access import Actor
from twin.errors import NotFoundError
from twin.text import Text

CACHED_CLASS = 2
"""What is of a higher class is never kept."""

_PARAMETERS = frozenset({"as_of", "buffer", "block", "cells", "datetime", *FILTER_NAMES})


_PATHS = 16_384
"""Paths, for each sort of viewer, that are remembered taken apart."""
_LONGEST_PATH = 200
"""Characters; what is longer is not remembered."""

_BUFFER = 64
"""Tile units around a tile that are drawn with it, where a request does not say."""

_UNFILTERED = NO_FILTER.cache_key

_VARY = (b"vary", b"Authorization, Cookie")
_TYPE = (b"content-type", MVT.encode())


def is_tile_path(path: str) -> bool:
    """Whether a path is `/collections/{layer}/tiles/{matrix set}/{z}/{row}/{col}`."""
    parts = path.split("/")
    return len(parts) == 8 and parts[1] == "collections" and parts[3] == "tiles" and parts[4] in TILE_MATRIX_SETS


class TileRoute:
    """Answers tile requests from the cache, or from the database as the actor."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def find_kept(
        self, path: str, headers: Sequence[Header], asker: Asker | None, is_on_record: Callable[[Actor, str], bool]
    ) -> KeptAnswer | None:
        """The answer to a GET, without a query, of a tile that is kept, for somebody who is remembered; None: it
        takes longer.

        Half of what an answer costs otherwise is the way through everything that might have to look at it.
        """
        services = self._services
        actor = services.actors.find_remembered(headers, asker)
        key = None if actor is None or len(path) > _LONGEST_PATH else _find_key(path, actor.cache_key)
        if actor is None or key is None or not is_on_record(actor, key.layer):
            return None
        try:
            services.layers.find(key.layer, actor)
        except NotFoundError:
            return None
        found = services.tiles.get(key)
        return None if found is None else _answer_with(found, actor, headers)

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
        narrowed, buffer, cells = self._read_query(scope["query_string"], layer, actor)
        key = TileKey(layer.id, actor.cache_key, narrowed.cache_key, tile, buffer, cells)
        found = services.tiles.get(key)
        if found is None:
            found = await services.tiles.fetch(key, lambda: self._render(layer, key, narrowed, actor))
        answer = _answer_with(found, actor, scope["headers"])
        await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        await send({"type": "http.response.body", "body": answer.body})

    async def _render(self, layer: Layer, key: TileKey, narrowed: Filter, actor: Actor) -> tuple[bytes, bool]:
        statement = (
            select_heat(layer, key.tile, narrowed)
            if key.cells
            else select_tile(layer, key.tile, narrowed, actor.access_class, key.buffer)
        )
        if statement is None:
            return b"", True
        # Cells are of everything; who reaches only some of it, or asks for some, has them counted then.
        is_all = actor.is_unscoped and narrowed == NO_FILTER and not key.cells
        kept = select_kept(layer, key.tile, actor.access_class) if is_all else None
        async with self._services.as_actor(actor, narrowed.as_of) as connection:
            row = await fetch_row(connection, kept) if kept else None
            if row is None or not row[2]:
                row = await fetch_row(connection, statement)
        data, highest = row[:2] if row else (b"", None)
        # What a filter asks about shows in which features are there.
        asked = narrowed.expression.names if narrowed.expression else ()
        told = [p for p in layer.properties_for(actor.access_class) if p.in_tiles or p.name in asked]
        columns = max((p.access_class for p in told), default=1)
        return bytes(data), max(highest or 1, columns) <= CACHED_CLASS

    def _read_query(self, raw: bytes, layer: Layer, actor: Actor) -> tuple[Filter, int, str]:
        if not raw:
            return NO_FILTER, _BUFFER, ""
        listed = parse_qs(raw.decode("latin-1"), keep_blank_values=True)
        given = {name: values[-1] for name, values in listed.items()}
        check_names(given, _PARAMETERS)
        narrowed = parse_filter(
            self._services.zone, block=given.get("block"), moment=given.get("datetime"), as_of=given.get("as_of")
        )
        expression = read_expression(self._services, actor, layer, pick_filter_query(given))
        return (
            replace(narrowed, expression=expression),
            parse_buffer(given.get("buffer")),
            parse_cells(given.get("cells")),
        )


def _answer_with(found: Rendered, actor: Actor, headers: Sequence[Header]) -> KeptAnswer:
    """The answer with these bytes to a request with these headers."""
    is_known = False
    for name, value in headers:
        if name == b"if-none-match":
            is_known = value == found.etag or has_etag(value.decode("latin-1"), found.etag.decode())
            break
    kind = (actor.token_id is None, is_known)
    answer = found.answers.get(kind)
    if answer is None:
        answer = found.answers[kind] = _make_answer(found, cache_control(actor), is_known=is_known)
    return answer


def _make_answer(found: Rendered, control: bytes, *, is_known: bool) -> KeptAnswer:
    headers = ((b"etag", found.etag), (b"cache-control", control), _VARY)
    if is_known:
        return KeptAnswer(304, headers, b"")
    if not found.data:
        return KeptAnswer(204, headers, b"")
    return KeptAnswer(200, (*headers, _TYPE, (b"content-length", b"%d" % len(found.data))), found.data)


@lru_cache(_PATHS)
def _find_key(path: str, viewer: str) -> TileKey | None:
    """The tile that a path with no query names, for those who see what `viewer` does; None: it names no tile."""
    try:
        named = _read_path(path) if is_tile_path(path) else None
    except NotFoundError:
        return None
    return None if named is None else TileKey(named[0], viewer, _UNFILTERED, named[1], _BUFFER)


def _read_path(path: str) -> tuple[str, Tile]:
    parts = path.split("/")
    numbers = parts[5:]
    if all(part.isascii() and part.isdigit() and len(part) < 9 for part in numbers):
        zoom, row, column = (int(part) for part in numbers)
        tile = Tile(zoom, column, row, parts[4])
        if tile.exists:
            return parts[2], tile
    where = "/".join(numbers)
    raise NotFoundError(Text(f"瓦片 {where} 不在 {parts[4]} 之内。", f"The tile {where} is not in {parts[4]}."))
