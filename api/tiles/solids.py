# SPDX-License-Identifier: Apache-2.0
"""Tilesets made of rows when somebody asks (buildings, storeys, units), kept until what they show changes."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from typing import Any, Final, LiteralString

import numpy as np
import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from starlette.concurrency import run_in_threadpool

from api.features.district import read_district
from api.pool import as_owner
from api.services import Services, SolidKey
from api.tiles.cache import Rendered
from api.tiles.vector_tiles import CACHED_CLASS
from layers.conditions import Statement
from layers.registry import find_layer
from layers.solids.declaration import SolidLayer
from layers.solids.extrude import extrude
from layers.solids.place import make_frame, pick_center
from layers.solids.plan import MOST_PLANNED, Part, SolidBoxes, describe_parts, plan_part
from layers.solids.query import REST, list_homes, name_part, select_boxes, select_parts, select_solids
from twin.access import Actor
from twin.errors import NotFoundError, SetupError
from twin.text import Text

EVERYWHERE: Final = ""
"""The code that every block's begins with: what hangs on it is dropped by every change."""

_EVERY_ROW: Final = 2**31 - 2

_READ_MIDDLE: LiteralString = """
    SELECT (ST_XMin(geometry) + ST_XMax(geometry)) / 2, (ST_YMin(geometry) + ST_YMax(geometry)) / 2
    FROM valid_block AS block JOIN block_scheme ON block_scheme.scheme = block.scheme
    WHERE is_governance AND code = %s
"""


async def get_part(services: Services, actor: Actor, solid: SolidLayer, path: str, *, is_packed: bool) -> Rendered:
    """`tileset.json`, `{part}.json` or `{part}/{node}.glb` of a tileset, as bytes or as bytes that gzip has packed.

    Raises NotFoundError for anything else, and for parts and nodes without a feature in the actor's reach.
    """
    key, rendered = await _find_part(services, actor, solid, path)
    if not is_packed:
        return rendered

    async def pack() -> tuple[bytes, bool]:
        # What is of too high a class to be kept is not kept packed either.
        is_kept = services.solids.get(key) is not None
        return await run_in_threadpool(gzip.compress, rendered.data, 6, mtime=0), is_kept

    return await services.solids.fetch(key._replace(name=f"gzip:{key.name}:{rendered.etag.decode()}"), pack)


async def _find_part(services: Services, actor: Actor, solid: SolidLayer, path: str) -> tuple[SolidKey, Rendered]:
    if path == "tileset.json":
        return await _get_root(services, actor, solid)
    part, _, file = path.partition("/")
    if not file and part.endswith(".json"):
        return await _get_document(services, actor, solid, part.removesuffix(".json"))
    if file.endswith(".glb"):
        return await _get_content(services, actor, solid, part, file.removesuffix(".glb"))
    raise _no_part(solid, path)


async def _get_root(services: Services, actor: Actor, solid: SolidLayer) -> tuple[SolidKey, Rendered]:
    async def render() -> tuple[bytes, bool]:
        width = (await _part_widths(services))[0]
        statement = list_homes(find_layer(solid.id).kind, width)
        async with as_owner(services.pool) as connection:
            codes = [row[0] for row in await _read_binary(connection, statement)]
        found = [await _read_outline(services, actor, solid, code, width) for code in codes]
        rows = [row for outline in found for row in outline]
        document = describe_parts(solid, [_describe_part(row, width) for row in rows])
        return orjson.dumps(document), _may_keep(row[7] for row in rows)

    key = SolidKey(solid.id, actor.cache_key, "tileset", EVERYWHERE)
    return key, await services.solids.fetch(key, render)


async def _read_outline(
    services: Services, actor: Actor, solid: SolidLayer, code: str, width: int
) -> list[Sequence[Any]]:
    """The row of `select_parts` of one part, or none; kept, so that a change has its own part measured alone."""

    async def render() -> tuple[bytes, bool]:
        rows = await _fetch_rows(services, actor, select_parts(solid, width, name_part(code, width)))
        return orjson.dumps(rows), _may_keep(row[7] for row in rows)

    key = SolidKey(solid.id, actor.cache_key, f"outline:{width}", code)
    return orjson.loads((await services.solids.fetch(key, render)).data)


async def _get_document(services: Services, actor: Actor, solid: SolidLayer, part: str) -> tuple[SolidKey, Rendered]:
    code = part.removesuffix(REST)

    async def render() -> tuple[bytes, bool]:
        plan = await _read_plan(services, actor, solid, part)
        is_kept = services.solids.get(SolidKey(solid.id, actor.cache_key, f"plan:{part}", code)) is not None
        return orjson.dumps(plan["tileset"]), is_kept

    key = SolidKey(solid.id, actor.cache_key, f"tileset:{part}", code)
    return key, await services.solids.fetch(key, render)


async def _get_content(
    services: Services, actor: Actor, solid: SolidLayer, part: str, node: str
) -> tuple[SolidKey, Rendered]:
    async def render() -> tuple[bytes, bool]:
        plan = await _read_plan(services, actor, solid, part)
        ids = plan["nodes"].get(node)
        layer = find_layer(solid.id)
        columns = solid.columns_for(layer, actor.access_class)
        rows = await _fetch_rows(services, actor, select_solids(solid, columns, ids)) if ids else []
        if not rows:
            raise _no_part(solid, node)
        frame = make_frame(tuple(plan["center"]))
        data = await run_in_threadpool(extrude, solid, rows, columns, frame, layer.style)
        highest = max((p.access_class for p in layer.properties if p.name in {c.of for c in columns}), default=1)
        return data, _may_keep([highest, *(row[4] for row in rows)])

    key = SolidKey(solid.id, actor.cache_key, f"glb:{part}/{node}", part.removesuffix(REST))
    return key, await services.solids.fetch(key, render)


async def _read_plan(services: Services, actor: Actor, solid: SolidLayer, part: str) -> dict[str, Any]:
    """A part's document and nodes: `tileset`, `nodes` (ids by name) and `center` of the frame that they stand in."""
    code, is_rest = part.removesuffix(REST), part.endswith(REST)

    async def render() -> tuple[bytes, bool]:
        widths = await _part_widths(services)
        if not is_rest and len(code) not in widths:
            raise _no_part(solid, part)
        finer = () if is_rest else tuple(width for width in widths if width > len(code))
        rows = await _fetch_rows(services, actor, select_boxes(solid, part, MOST_PLANNED))
        if not rows:
            raise _no_part(solid, part)
        if len(rows) > MOST_PLANNED and finer:
            below = await _fetch_rows(services, actor, select_parts(solid, finer[0], part))
            document = describe_parts(solid, [_describe_part(row, finer[0]) for row in below])
            body = {"tileset": document, "nodes": {}, "center": (0.0, 0.0)}
            return orjson.dumps(body), _may_keep(row[7] for row in below)
        if len(rows) > MOST_PLANNED:
            rows = await _fetch_rows(services, actor, select_boxes(solid, part, _EVERY_ROW))
        async with services.as_actor(actor) as connection:
            middle = await (await connection.execute(_READ_MIDDLE, (code,))).fetchone()
        return await run_in_threadpool(_plan_rows, solid, part, rows, middle, finer)

    key = SolidKey(solid.id, actor.cache_key, f"plan:{part}", code)
    kept = await services.solids.fetch(key, render)
    return orjson.loads(kept.data)


def _plan_rows(
    solid: SolidLayer, part: str, rows: Sequence[Sequence[Any]], middle: Sequence[Any] | None, widths: Sequence[int]
) -> tuple[bytes, bool]:
    columns = list(zip(*rows, strict=True))
    ids, parts_of, points = (np.array(columns[i], dtype=np.int64) for i in (0, 8, 9))
    boxes = np.column_stack([np.array(columns[i], dtype=np.float64) for i in range(2, 8)])
    center = pick_center(boxes) if middle is None else (float(middle[0]), float(middle[1]))
    plan = plan_part(solid, part, SolidBoxes(ids, columns[1], boxes, parts_of, points), center, widths)
    body = {"tileset": plan.tileset, "nodes": plan.nodes, "center": center}
    return orjson.dumps(body), _may_keep(columns[10])


def _describe_part(row: Sequence[Any], width: int) -> Part:
    box = np.array(row[1:7], dtype=np.float64)
    center = pick_center(box[None, :]) if row[8] is None else (float(row[8]), float(row[9]))
    return Part(name_part(row[0], width), box, center)


async def _part_widths(services: Services) -> tuple[int, ...]:
    """Digits of the codes of blocks that are parts, from streets down; of a district without streets, its own."""
    district = await read_district(services)
    if district is None:
        raise SetupError(Text("还没有载入块,无法组织三维瓦片。", "No blocks are loaded, so there are no 3D tiles."))
    return district.level_widths[1:] or district.level_widths


async def _fetch_rows(services: Services, actor: Actor, statement: Statement) -> list[TupleRow]:
    async with services.as_actor(actor) as connection:
        return await _read_binary(connection, statement)


async def _read_binary(connection: AsyncConnection[TupleRow], statement: Statement) -> list[TupleRow]:
    """Numbers come as they are stored: text would cost as much as the query."""
    cursor = connection.cursor(binary=True)
    return await (await cursor.execute(statement.text, statement.values)).fetchall()


def _may_keep(classes: Iterable[int]) -> bool:
    return max(classes, default=1) <= CACHED_CLASS


def _no_part(solid: SolidLayer, name: str) -> NotFoundError:
    return NotFoundError(
        Text(
            f"三维瓦片 {solid.id} 中没有“{name}”,或其中没有您可见的内容。",
            f"The tileset {solid.id} has no '{name}' within your reach.",
        )
    )
