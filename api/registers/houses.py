# SPDX-License-Identifier: Apache-2.0
"""From a building to its units and back (以楼找房, 用房查楼), with counts; persons appear as counts at most.

Who lives where is for a plug-in of its own, which is absent by default; the routes that would lead there say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.http.parameters import MAX_LIMIT, parse_as_of, parse_code, refuse_unknown
from api.http.response import JSON, answer_bytes
from api.services import Services, get_actor, get_services
from api.sql import read_sql
from layers.filter import code_range
from layers.registry import find_layer
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, InvalidRequestError, NotFoundError
from twin.text import Text

K: Final = 10
"""Fewer persons than this are not told exactly."""

PERSONS: Final = {
    "enabled": False,
    "note": Text(
        "未启用人员插件:系统不保存个人,只有人数。",
        "The plug-in for persons is not enabled: nobody is on record here, only how many.",
    ).as_dict(),
}
"""What is said of the person end of every traversal."""

_MOST_UNITS: Final = 100_000
"""Of one building: more than any has."""

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["houses"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
BuildingKey = Annotated[str, Path(description="The building's id or code")]
UnitId = Annotated[int, Path(ge=0, lt=1 << 63, description="The unit's id")]
AsOf = Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")]


@router.get("/buildings/{building}/units", summary="A building's storeys and units")
async def get_building_units(
    request: Request, actor: AsActor, services: With, building: BuildingKey, as_of: AsOf = None
) -> Response:
    """By storey, highest first, with uses and counts; heights in m, areas in m²."""
    async with services.as_actor(actor, _moment(as_of, services)) as connection:
        building_id, found, home = await _find_building(connection, building)
        blocks = await _read_chain(connection, home)
        rows = await connection.execute(read_sql("house_storeys"), {"building": building_id})
        storeys = await rows.fetchall()
        units = await _read_units(connection, actor, building=building_id, limit=_MOST_UNITS)
    by_storey: dict[int | None, list[dict[str, Any]]] = {}
    for _, unit in units:
        by_storey.setdefault(unit["storey_number"], []).append(unit)
    # One storey beside the total would tell the other; so storeys are told only where none needs hiding.
    tells_storeys = all(row[10] == 0 or row[10] >= K for row in storeys)
    body = {
        "building": orjson.Fragment(found),
        "blocks": orjson.Fragment(blocks),
        "counts": _count(actor, storeys, with_residents=True) | {"storeys": sum(row[1] is not None for row in storeys)},
        "storeys": [
            {
                "number": row[0], "id": row[1], "name": row[2], "use": row[3], "z_min": row[4], "z_max": row[5],
                "floor_area": row[6],
                "counts": _count(actor, [row], with_residents=tells_storeys),
                "units": sorted(by_storey.get(row[0], []), key=lambda unit: (unit["room"] or "", unit["id"])),
            }
            for row in storeys
        ],
        "persons": PERSONS,
    }  # fmt: skip
    return answer_bytes(request, actor, orjson.dumps(body), JSON)


@router.get("/units", summary="Units in a building or a block")
async def list_units(
    request: Request, actor: AsActor, services: With,
    building: Annotated[str | None, Query(description="id or code of a building")] = None,
    block: Annotated[str | None, Query(description="units in this block and below it")] = None,
    after: Annotated[int, Query(ge=0, lt=1 << 63, description="the `next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
    as_of: AsOf = None,
) -> Response:  # fmt: skip
    """Ordered by id; `next` is null on the last page."""
    if building is None and block is None:
        raise InvalidRequestError(Text("请给出 building 或 block。", "Say which building or which block."), "building")
    low, high = (None, None) if block is None else code_range(parse_code(block))
    async with services.as_actor(actor, _moment(as_of, services)) as connection:
        building_id = None if building is None else (await _find_building(connection, building))[0]
        units = await _read_units(
            connection, actor, building=building_id, low=low, high=high, after=after, limit=limit + 1
        )
    shown = units[:limit]
    body = {
        "units": [unit for _, unit in shown],
        "numberReturned": len(shown),
        "next": shown[-1][0] if len(units) > limit else None,
        "persons": PERSONS,
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON)


@router.get("/units/{unit}", summary="A unit, and what it lies in")
async def get_unit(request: Request, actor: AsActor, services: With, unit: UnitId, as_of: AsOf = None) -> Response:
    """Unit, storey, building, blocks from the district down, addresses."""
    async with services.as_actor(actor, _moment(as_of, services)) as connection:
        units = await _read_units(connection, actor, unit=unit)
        above = await _read_above(connection, unit)
        if not units or above is None:
            raise _no_unit(unit)
        blocks = await _read_chain(connection, above[0])
    body = {
        "unit": units[0][1],
        "storey": _fragment(above[2]),
        "building": _fragment(above[3]),
        # The building may be gone or not be loaded yet; its code waits for it.
        "building_code": above[1],
        "blocks": orjson.Fragment(blocks),
        "addresses": orjson.Fragment(above[4]),
        "persons": PERSONS,
    }
    return answer_bytes(request, actor, orjson.dumps(body), JSON)


@router.get("/units/{unit}/occupancy", summary="How a unit is used, and about how many live there")
async def get_occupancy(request: Request, actor: AsActor, services: With, unit: UnitId) -> Response:
    """No one by name: the state, and whether there are fewer than k persons or not."""
    if not {"occupancy", "residents"} <= _told(actor):
        raise AccessDeniedError(
            Text("您的数据级别看不到居住情况。", "Your access class does not reach how units are lived in.")
        )
    async with services.as_actor(actor) as connection:
        units = await _read_units(connection, actor, unit=unit)
    if not units:
        raise _no_unit(unit)
    found = units[0][1]
    body = {
        "unit": unit, "occupancy": found["occupancy"], "residents": found["residents"], "k": K, "persons": PERSONS,
    }  # fmt: skip
    return answer_bytes(request, actor, orjson.dumps(body), JSON)


@router.get("/persons/{subject}/units", summary="The units of a person: only with the plug-in")
async def list_units_of_person(subject: Annotated[str, Path(description="A pseudonym of the plug-in")]) -> Response:
    """There is nothing to ask without the plug-in."""
    raise NotFoundError(
        Text(
            f"未启用人员插件,系统不保存个人,无法由人查房({len(subject)} 位标识未作查询)。",
            f"The plug-in for persons is not enabled: nobody is on record, so nobody's units can be found "
            f"(the pseudonym of {len(subject)} characters was not looked up).",
        )
    )


async def _find_building(connection: AsyncConnection[TupleRow], key: str) -> tuple[int, bytes, str]:
    """Id, JSON and home of a building by its id or code. Raises NotFoundError, or ConflictError for two."""
    is_id = key.isascii() and key.isdigit() and len(key) <= 18
    values = {"id": int(key) if is_id else None, "code": parse_code(key)}
    rows = await (await connection.execute(read_sql("house_building"), values)).fetchall()
    if not rows:
        raise NotFoundError(Text(f"没有您可见的建筑 {key}。", f"There is no building {key} within your reach."))
    if len(rows) > 1 and rows[0][0] != values["id"]:
        raise ConflictError(
            Text(
                f"有多栋建筑的编码是 {key},请用编号(id)查询。",
                f"Several buildings have the code {key}; ask by id.",
            )
        )
    return rows[0][0], rows[0][1].encode(), rows[0][2]


async def _read_chain(connection: AsyncConnection[TupleRow], code: str) -> bytes:
    row = await (await connection.execute(read_sql("house_chain"), {"code": code})).fetchone()
    return row[0].encode() if row else b"[]"


async def _read_above(connection: AsyncConnection[TupleRow], unit: int) -> TupleRow | None:
    return await (await connection.execute(read_sql("house_above"), {"id": unit})).fetchone()


async def _read_units(
    connection: AsyncConnection[TupleRow], actor: Actor, *, building: int | None = None, unit: int | None = None,
    low: str | None = None, high: str | None = None, after: int = 0, limit: int = 1,
) -> list[tuple[int, dict[str, Any]]]:  # fmt: skip
    """Ids and units with the columns that the layer shows this actor."""
    values = {"building": building, "id": unit, "low": low, "high": high, "after": after, "limit": limit}
    rows = await (await connection.execute(read_sql("house_units"), values)).fetchall()
    told = _told(actor) | {"id"}
    return [(row[0], {name: value for name, value in orjson.loads(row[1]).items() if name in told}) for row in rows]


def _told(actor: Actor) -> set[str]:
    """The properties of units that the layer shows this actor."""
    return {declared.name for declared in find_layer("units").properties_for(actor.access_class)}


def _count(actor: Actor, storeys: Sequence[Sequence[Any]], *, with_residents: bool) -> dict[str, Any]:
    """What rows of `house_storeys.sql` add up to, as far as this actor is told."""
    counts: dict[str, Any] = {"units": sum(row[7] for row in storeys), "uses": _merge(row[8] for row in storeys)}
    told = _told(actor)
    if "occupancy" in told:
        counts["occupancy"] = _merge(row[9] for row in storeys)
    if "residents" in told:
        is_known = any(row[11] for row in storeys)
        persons = sum(row[10] for row in storeys)
        counts["residents"] = show_persons(persons) if is_known and with_residents else None
    return counts


def show_persons(count: int) -> int | str:
    """A number of persons as it may be told: from K on, rounded to tens, and if there are none.

    The counts of blocks are exact from K on, so exact ones of the buildings within would give away the one
    that is small.

    >>> show_persons(0), show_persons(9), show_persons(10), show_persons(26)
    (0, '<10', 10, 30)
    """
    return f"<{K}" if 0 < count < K else round(count, -1)


def _merge(texts: Any) -> dict[str, int]:
    merged: dict[str, int] = {}
    for text in texts:
        for name, count in orjson.loads(text).items():
            merged[name or "unknown"] = merged.get(name or "unknown", 0) + count
    return merged


def _moment(as_of: str | None, services: Services) -> datetime | None:
    return None if as_of is None else parse_as_of(as_of, services.zone)


def _fragment(text: str | None) -> Any:
    return None if text is None else orjson.Fragment(text)


def _no_unit(unit: int) -> NotFoundError:
    return NotFoundError(Text(f"没有您可见的户 {unit}。", f"There is no unit {unit} within your reach."))
