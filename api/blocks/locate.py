# SPDX-License-Identifier: Apache-2.0
"""块定位: the chain of blocks of a point, a code, an address or a name; one, or ten thousand a request."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.blocks.locate_names import NameIndex, Names
from api.blocks.locating import (
    Found,
    Tree,
    locate_addresses,
    locate_codes,
    locate_points,
    read_chains,
    read_tree,
)
from api.blocks.name_search import locate_name
from api.http.parameters import parse_as_of, refuse_unknown
from api.http.response import JSON
from api.services import Services, get_actor, get_services
from twin.access import Actor
from twin.crs import DeclaredCrs, parse_crs
from twin.errors import InvalidRequestError, RefusedError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["locate"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]

MOST: Final = 10_000
_CRS: Final = "EPSG:4490"
_HEADERS: Final = {"Cache-Control": "no-store"}


class BatchRequest(BaseModel):
    """What `POST /locate` takes: up to 10,000 in all; the answers are in the order points, codes, addresses."""

    model_config = ConfigDict(extra="forbid")

    points: list[tuple[float, float]] = Field(default_factory=list[tuple[float, float]], max_length=MOST)
    codes: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list[str], max_length=MOST)
    addresses: list[Annotated[str, Field(max_length=200)]] = Field(default_factory=list[str], max_length=MOST)
    crs: str = _CRS


@router.get("/locate", summary="Where a point, a code, an address or a name is")
async def locate(
    request: Request,
    actor: AsActor,
    services: With,
    point: Annotated[str | None, Query(description="x,y: longitude,latitude unless `crs` says otherwise")] = None,
    code: Annotated[str | None, Query(max_length=40, description="of a block, building, unit or address")] = None,
    address: Annotated[str | None, Query(max_length=200)] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of a name, or its pinyin")] = None,
    crs: Annotated[str, Query(description="of the point; GCJ-02 and BD-09 too")] = _CRS,
    limit: Annotated[int, Query(ge=1, le=50, description="candidates of q")] = 10,
    as_of: Annotated[str | None, Query(description="of a point or a code: as it was recorded, and held, then")] = None,
) -> Response:
    """The chain of blocks, building and unit, with match level, confidence (0 to 1) and candidates.

    What is not found is an answer too: match_level `failed`, with the reason.
    """
    given = [name for name, value in (("point", point), ("code", code), ("address", address), ("q", q)) if value]
    if len(given) != 1:
        raise InvalidRequestError(
            Text(
                "请给出 point、code、address、q 中的一个,且只给一个。",
                "Give one of point, code, address and q, and only one.",
            ),
            given[1] if given else "point",
        )
    if as_of and (address or q):
        raise InvalidRequestError(Text("as_of 只用于 point 与 code。", "as_of goes with point and code only."), "as_of")
    declared = _parse_crs(crs)
    names = await read_names(request, services) if address or q else None
    moment = parse_as_of(as_of, services.zone) if as_of else None
    async with services.as_actor(actor, moment) as connection:
        tree = await read_tree(connection)
        if point:
            found = (await locate_points(connection, tree, [_parse_point(point)], declared))[0]
        elif code:
            found = (await locate_codes(connection, tree, [code.strip()]))[0]
        elif address and names:
            found = (await locate_addresses(connection, names, [address]))[0]
        else:
            assert q and names
            found = await locate_name(connection, tree, names, q, limit)
        chains = await read_chains(connection, tree, _codes_of([found]))
    return Response(orjson.dumps(_render(found, tree, chains)), media_type=JSON, headers=_HEADERS)


@router.post("/locate", summary="Where many points, codes and addresses are")
async def locate_many(request: Request, actor: AsActor, services: With, body: BatchRequest) -> Response:
    """Up to 10,000 a request. `results` are in the order points, codes, addresses; `counts` by match level."""
    total = len(body.points) + len(body.codes) + len(body.addresses)
    if not 0 < total <= MOST:
        raise InvalidRequestError(
            Text(f"一次请求 1 至 {MOST} 个,现在是 {total} 个。", f"1 to {MOST} a request; these are {total}."), "points"
        )
    declared = _parse_crs(body.crs)
    names = await read_names(request, services) if body.addresses else None
    async with services.as_actor(actor) as connection:
        tree = await read_tree(connection)
        found = await locate_points(connection, tree, body.points, declared)
        found += await locate_codes(connection, tree, [code.strip() for code in body.codes])
        if names:
            found += await locate_addresses(connection, names, body.addresses)
        chains = await read_chains(connection, tree, _codes_of(found))
    answer = {
        "results": [_render(one, tree, chains) for one in found],
        "counts": Counter(one.match_level for one in found),
    }
    return Response(orjson.dumps(answer), media_type=JSON, headers=_HEADERS)


async def read_names(request: Request, services: Services) -> Names:
    """The names of this process, current."""
    index: NameIndex | None = getattr(request.app.state, "names", None)
    if index is None:
        index = request.app.state.names = NameIndex()
    return await index.read(services.pool)


def _parse_crs(text: str) -> DeclaredCrs:
    try:
        return parse_crs(text)
    except RefusedError as error:
        raise InvalidRequestError(error.text, "crs") from error


def _parse_point(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidRequestError(
            Text("参数 point 应为 经度,纬度。", "The parameter point is lon,lat."), "point"
        ) from error
    return x, y


def _codes_of(found: list[Found]) -> list[str]:
    return [one.block_code for one in found if one.block_code]


def _render(found: Found, tree: Tree, chains: dict[str, dict[str, Any]]) -> dict[str, Any]:
    chain = [chains[code] for code in tree.ancestors(found.block_code or "") if code in chains]
    return {
        "match_level": found.match_level,
        "confidence": found.confidence,
        "block_code": chain[-1]["code"] if chain else None,
        "chain": chain,
        "building": found.building,
        "unit": found.unit,
        "address": found.address,
        "point": found.point,
        "parts": found.parts,
        "candidates": found.candidates,
        "reason": found.reason.as_dict() if found.reason else None,
    }
