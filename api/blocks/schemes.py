# SPDX-License-Identifier: Apache-2.0
"""Block schemes side by side: the governance grid, others, and the one that is computed from codes."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.http.parameters import refuse_unknown
from api.http.response import JSON, answer_bytes
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import Actor
from twin.beidou import Cell, decode, find_parents, list_children

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["blocks"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]

BEIDOU: Final = "beidou"
"""The scheme whose blocks follow from their codes."""

_LINKED_FROM_LEVEL: Final = 4
"""Coarser cells hold whole cities, and their base grids are too many to list."""


@router.get("/schemes", summary="The block schemes")
async def get_schemes(request: Request, actor: AsActor, services: With) -> Response:
    """Levels with the widths of their codes and the number of blocks; `GET /blocks/{code}?scheme=` has the blocks."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("schemes"))).fetchone()
    assert row is not None
    return answer_bytes(request, actor, row[0].encode(), JSON)


async def describe_cell(connection: AsyncConnection[TupleRow], code: str) -> bytes:
    """A BeiDou cell as `GET /blocks/{code}` gives a block. Raises InvalidRequestError."""
    cell = decode(code)
    row = await (
        await connection.execute("SELECT level_names FROM block_scheme WHERE scheme = %s", (BEIDOU,))
    ).fetchone()
    names: list[Any] = row[0] if row else []
    links = None
    if cell.level >= _LINKED_FROM_LEVEL:
        sides = {"west": cell.west, "south": cell.south, "east": cell.east, "north": cell.north}
        found = await (await connection.execute(read_sql("block_cell"), sides)).fetchone()
        links = orjson.Fragment(found[0]) if found else None
    parents = [decode(parent) for parent in find_parents(cell.code)]
    corners = [
        [cell.west, cell.south], [cell.east, cell.south], [cell.east, cell.north], [cell.west, cell.north],
        [cell.west, cell.south],
    ]  # fmt: skip
    return orjson.dumps(
        {
            **_brief(cell),
            "level_name": names[cell.level - 1] if names else None,
            "scheme": BEIDOU,
            "parent": parents[-1].code if parents else None,
            "ancestors": [
                {"code": parent.code, "name": parent.code, "name_en": parent.code, "level": parent.level}
                for parent in parents
            ],
            "area": None,
            "valid_from": None,
            "valid_to": None,
            "geometry": {"type": "Polygon", "coordinates": [corners]},
            "children": [_brief(decode(child)) for child in list_children(cell.code)],
            "links": links,
        }
    )


def list_cells(parent: str) -> bytes:
    """The BeiDou cells below one, as `GET /blocks` lists blocks. Raises InvalidRequestError."""
    return orjson.dumps(
        {
            "scheme": BEIDOU,
            "blocks": [{**_brief(decode(code)), "parent": parent, "area": None} for code in list_children(parent)],
        }
    )


def _brief(cell: Cell) -> dict[str, Any]:
    return {
        "code": cell.code, "name": cell.code, "name_en": cell.code, "level": cell.level,
        "bbox": [cell.west, cell.south, cell.east, cell.north],
    }  # fmt: skip
