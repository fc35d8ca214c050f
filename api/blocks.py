# SPDX-License-Identifier: Apache-2.0
"""Blocks: names, codes and boundaries, which are public, and profiles, which are not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Request, Response

from api.parameters import parse_code, refuse_unknown
from api.pool import fetch_row
from api.response import JSON, answer_bytes
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from layers.filter import code_range
from layers.query import select_kpis
from layers.registry import load_layers
from twin.access import Actor
from twin.errors import AccessDeniedError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["blocks"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
Code = Annotated[str, Path(description="The block's code")]


@router.get("/blocks/{code}", summary="A block, its ancestors and its children")
async def get_block(request: Request, actor: AsActor, services: With, code: Code) -> Response:
    """Geometry and bbox in degrees, lon/lat."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(read_sql("block"), {"code": parse_code(code)})).fetchone()
    if row is None:
        raise _no_block(code)
    return answer_bytes(request, actor, row[0].encode(), JSON)


@router.get("/blocks/{code}/profile", summary="What is in a block")
async def get_profile(request: Request, actor: AsActor, services: With, code: Code) -> Response:
    """Counts by home, areas by share. Above a scope, only what lies in it is counted, and `limited_to` says so."""
    parse_code(code)
    reached = narrow_to_scope(actor, code)
    lows, highs = (list(side) for side in zip(*map(code_range, reached), strict=True)) if reached else ([], [])
    values: dict[str, Any] = {"code": code, "lows": lows, "highs": highs}
    registers: dict[str, bytes] = {}
    async with services.as_actor(actor) as connection:
        found = await connection.execute(
            "SELECT level FROM block JOIN block_scheme USING (scheme) WHERE is_governance AND code = %s",
            (code,),
        )
        block = await found.fetchone()
        if block is None:
            raise _no_block(code)
        if not reached:
            raise AccessDeniedError(
                Text(
                    f"块 {code} 不在您的权限范围({'、'.join(actor.block_codes)})之内,不能查看其概况。",
                    f"The block {code} lies outside your scope ({', '.join(actor.block_codes)}), "
                    "so its profile is not shown.",
                )
            )
        for layer in load_layers().values():
            if layer.kpis:
                row = await fetch_row(connection, select_kpis(layer, reached))
                registers[layer.id] = row[0].encode() if row else b"{}"
        incidents = await (await connection.execute(read_sql("profile_incidents"), values)).fetchone()
        children = await (await connection.execute(read_sql("profile_children"), values)).fetchone()
    body = {
        "code": code,
        "level": block[0],
        "as_of": datetime.now(UTC).isoformat(timespec="seconds"),
        "limited_to": None if reached == [code] else reached,
        "registers": {name: orjson.Fragment(text) for name, text in registers.items()},
        "incidents": orjson.Fragment(incidents[0]) if incidents else None,
        "pillars": [],
        "children": orjson.Fragment(children[0]) if children else [],
    }
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})


def narrow_to_scope(actor: Actor, code: str) -> list[str]:
    """The blocks at or below `code` that the actor reaches, none within another; none: nothing."""
    if actor.reaches(code):
        return [code]
    below = sorted(granted for granted in set(actor.block_codes) if granted.startswith(code))
    return [c for c in below if not any(c != other and c.startswith(other) for other in below)]


def _no_block(code: str) -> NotFoundError:
    return NotFoundError(Text(f"没有编码为 {code} 的块。", f"No block has the code {code}."))
