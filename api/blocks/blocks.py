# SPDX-License-Identifier: Apache-2.0
"""Blocks: names, codes, boundaries and lineage, which are public."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.blocks.schemes import BEIDOU, describe_cell, list_cells
from api.http.parameters import parse_as_of, parse_code, parse_instant, refuse_unknown
from api.http.response import JSON, answer_bytes
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from twin.access import SET_VALID, Actor, valid_span
from twin.errors import InvalidRequestError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["blocks"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
Code = Annotated[str, Path(description="The block's code")]
Scheme = Annotated[str | None, Query(description="a block scheme of /schemes; the governance one by default")]
AsOf = Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded, and held, then")]
ValidAt = Annotated[str | None, Query(alias="datetime", description="an RFC 3339 instant: what was valid then")]


@router.get("/blocks", summary="The blocks of a level, or the children of one")
async def list_blocks(
    request: Request, actor: AsActor, services: With, scheme: Scheme = None,
    level: Annotated[int | None, Query(ge=1, le=20, description="1, the coarsest, by default")] = None,
    parent: Annotated[str | None, Query(description="the code of the block above")] = None, as_of: AsOf = None,
    valid_at: ValidAt = None,
) -> Response:  # fmt: skip
    """Without boundaries; without parameters, the root of the governance scheme: the district."""
    if scheme == BEIDOU:
        if parent is None:
            raise InvalidRequestError(
                Text("北斗网格码需要 parent。", "The BeiDou grid code needs a parent to list the children of."),
                "parent",
            )
        return answer_bytes(request, actor, list_cells(parse_code(parent)), JSON)
    values: dict[str, Any] = {
        "scheme": _check_scheme(scheme), "level": level or 1, "parent": None if parent is None else parse_code(parent),
    }  # fmt: skip
    body = await _read(services, actor, "blocks", values, as_of, valid_at)
    if body is None:
        raise _no_scheme(scheme)
    return answer_bytes(request, actor, body, JSON)


@router.get("/blocks/{code}", summary="A block, its ancestors and its children")
async def get_block(
    request: Request, actor: AsActor, services: With, code: Code, scheme: Scheme = None, as_of: AsOf = None,
    valid_at: ValidAt = None,
) -> Response:  # fmt: skip
    """Geometry and bbox in degrees, lon/lat. `links`, of other schemes: the base grids it meets, by share of area.

    `datetime` asks for the block that was valid then as it is known today, `as_of` for what was recorded then.
    """
    code = parse_code(code)
    if scheme == BEIDOU:
        async with _as_actor(services, actor, as_of, valid_at) as connection:
            return answer_bytes(request, actor, await describe_cell(connection, code), JSON)
    body = await _read(services, actor, "block", {"code": code, "scheme": _check_scheme(scheme)}, as_of, valid_at)
    if body is None:
        raise _no_block(code)
    return answer_bytes(request, actor, body, JSON)


@router.get("/blocks/{code}/lineage", summary="What a block followed, and what followed it")
async def get_lineage(
    request: Request, actor: AsActor, services: With, code: Code, scheme: Scheme = None, as_of: AsOf = None
) -> Response:
    """Shares are of the older block's area. A series of old codes becomes today's by `today`: value times share."""
    code = parse_code(code)
    body = await _read(services, actor, "block_lineage", {"code": code, "scheme": _check_scheme(scheme)}, as_of)
    if body is None:
        raise _no_block(code)
    return answer_bytes(request, actor, body, JSON)


@asynccontextmanager
async def _as_actor(
    services: Services, actor: Actor, as_of: str | None, valid_at: str | None
) -> AsyncGenerator[AsyncConnection[TupleRow]]:
    """As the actor, with the blocks of a moment of records, of validity, or both."""
    moment = None if as_of is None else parse_as_of(as_of, services.zone)
    span = None if valid_at is None else parse_instant(valid_at, services.zone)
    async with services.as_actor(actor, moment) as connection:
        if span is not None:
            await connection.execute(SET_VALID, valid_span(span))
        yield connection


async def _read(
    services: Services, actor: Actor, name: str, values: dict[str, Any], as_of: str | None, valid_at: str | None = None
) -> bytes | None:
    async with _as_actor(services, actor, as_of, valid_at) as connection:
        row = await (await connection.execute(read_sql(name), values)).fetchone()
    return None if row is None else row[0].encode()


def _check_scheme(scheme: str | None) -> str | None:
    if scheme is not None and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", scheme):
        raise InvalidRequestError(
            Text(f"“{scheme}”不是块体系的标识,见 /schemes。", f"'{scheme}' is no block scheme; see /schemes."), "scheme"
        )
    return scheme


def _no_scheme(scheme: str | None) -> NotFoundError:
    if scheme is None:
        return NotFoundError(Text("还没有块。", "There are no blocks yet."))
    return NotFoundError(
        Text(f"没有块体系 {scheme},见 /schemes。", f"There is no block scheme {scheme}; see /schemes.")
    )


def _no_block(code: str) -> NotFoundError:
    return NotFoundError(Text(f"没有编码为 {code} 的块。", f"No block has the code {code}."))
