# SPDX-License-Identifier: Apache-2.0
"""The buildings' tileset, made of rows when somebody asks, kept until a building changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

import numpy as np
import orjson
from starlette.concurrency import run_in_threadpool

from api.features.district import read_district
from api.services import Services, SolidKey
from api.sql import read_sql
from api.tiles.cache import Rendered, make_etag
from api.tiles.vector_tiles import CACHED_CLASS
from layers.filter import code_range
from layers.registry import find_layer
from layers.solids import extrude, solids_from_rows
from layers.tiles3d import SolidBoxes, Street, describe_district, make_frame, pick_center, plan_street
from twin.access import Actor
from twin.errors import NotFoundError, SetupError
from twin.text import Text

LAYER: Final = "buildings"
EVERYWHERE: Final = ""
"""The code that every block's begins with: what hangs on it is dropped by every change."""

_READ_MIDDLE: LiteralString = """
    SELECT (ST_XMin(geometry) + ST_XMax(geometry)) / 2, (ST_YMin(geometry) + ST_YMax(geometry)) / 2
    FROM valid_block AS block JOIN block_scheme ON block_scheme.scheme = block.scheme
    WHERE is_governance AND code = %s AND level > 1
"""

_STREET: Final = 1
_COMMUNITY: Final = 2
_GRID: Final = 3


async def get_part(services: Services, actor: Actor, path: str) -> tuple[Rendered, str]:
    """`tileset.json`, `{street}.json` or `{street}/{node}.glb`, with its media type's suffix.

    Raises NotFoundError for anything else, and for nodes without a building in the actor's reach.
    """
    if path == "tileset.json":
        return await _district(services, actor), "json"
    street, _, file = path.partition("/")
    if not file and street.endswith(".json"):
        plan = await _read_plan(services, actor, street.removesuffix(".json"))
        data = orjson.dumps(plan["tileset"])
        return Rendered(data, make_etag(data)), "json"
    if file.endswith(".glb"):
        return await _content(services, actor, street, file.removesuffix(".glb")), "glb"
    raise _no_part(path)


async def _district(services: Services, actor: Actor) -> Rendered:
    async def render() -> tuple[bytes, bool]:
        widths = await _level_widths(services)
        async with services.as_actor(actor) as connection:
            found = await connection.execute(read_sql("solid_streets"), {"width": widths[_STREET]})
            rows = await found.fetchall()
        streets = [_describe_street(row) for row in rows]
        return orjson.dumps(describe_district(streets)), _may_keep(row[7] for row in rows)

    return await services.solids.fetch(SolidKey(LAYER, actor.cache_key, "tileset", EVERYWHERE), render)


def _describe_street(row: Sequence[Any]) -> Street:
    box = np.array(row[1:7], dtype=float)
    center = pick_center(box[None, :]) if row[8] is None else (float(row[8]), float(row[9]))
    return Street(row[0], box, center)


async def _read_plan(services: Services, actor: Actor, street: str) -> dict[str, Any]:
    async def render() -> tuple[bytes, bool]:
        widths = await _level_widths(services)
        # A home that is no street's is the district's or nobody's: those alone, not all that begins so.
        low, high = code_range(street) if len(street) == widths[_STREET] else (street, street + "\x01")
        async with services.as_actor(actor) as connection:
            found = await connection.execute(read_sql("solid_boxes"), {"low": low, "high": high})
            rows = await found.fetchall()
            middle = await (await connection.execute(_READ_MIDDLE, (street,))).fetchone()
        if not rows:
            raise _no_part(street)
        boxes = np.array([row[2:8] for row in rows], dtype=float)
        solids = SolidBoxes(np.array([row[0] for row in rows], dtype=np.int64), [row[1] for row in rows], boxes)
        center = pick_center(boxes) if middle is None else (float(middle[0]), float(middle[1]))
        plan = await run_in_threadpool(plan_street, street, solids, center, widths[_COMMUNITY:])
        body = {"tileset": plan.tileset, "nodes": plan.nodes, "center": center}
        return orjson.dumps(body), _may_keep(row[8] for row in rows)

    kept = await services.solids.fetch(SolidKey(LAYER, actor.cache_key, "plan", street), render)
    return orjson.loads(kept.data)


async def _content(services: Services, actor: Actor, street: str, node: str) -> Rendered:
    async def render() -> tuple[bytes, bool]:
        plan = await _read_plan(services, actor, street)
        ids = plan["nodes"].get(node)
        if not ids:
            raise _no_part(node)
        async with services.as_actor(actor) as connection:
            rows = await (await connection.execute(read_sql("solids"), {"ids": ids})).fetchall()
        if not rows:
            raise _no_part(node)
        style = find_layer(LAYER).style
        data = await run_in_threadpool(extrude, solids_from_rows(rows), make_frame(tuple(plan["center"])), style)
        return data, _may_keep(row[6] for row in rows)

    return await services.solids.fetch(SolidKey(LAYER, actor.cache_key, f"glb:{node}", street), render)


async def _level_widths(services: Services) -> tuple[int, ...]:
    district = await read_district(services)
    if district is None or len(district.level_widths) <= _GRID:
        raise SetupError(
            Text(
                "还没有载入四级块,无法组织三维建筑。",
                "No four levels of blocks are loaded, so buildings cannot be tiled.",
            )
        )
    return district.level_widths


def _may_keep(classes: Any) -> bool:
    return max(classes, default=1) <= CACHED_CLASS


def _no_part(name: str) -> NotFoundError:
    return NotFoundError(
        Text(
            f"建筑三维瓦片中没有“{name}”,或其中没有您可见的建筑。",
            f"The buildings' tileset has no '{name}' within your reach.",
        )
    )
