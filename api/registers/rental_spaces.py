# SPDX-License-Identifier: Apache-2.0
"""Space for rent in parks, by building, storey and unit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.pool import as_owner
from api.registers.editing import check_reach, check_steward, read_current
from api.registers.part_versions import AsOf, read_moment, read_part_versions, tell_versions
from api.services import Services, get_actor, get_services
from layers.editable import check_text
from layers.registry import find_layer
from twin.access import Actor
from twin.errors import Problem, RefusedError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["registers"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
ParkId = Annotated[int, Path(ge=1, lt=1 << 63)]

_PLACE = ("building_code", "storey_number", "unit_code")
_VALUES = ("area", "use", "state", "available_from")
_NAMES = ("id", *_PLACE, *_VALUES, "recorded_at")


class Space(BaseModel):
    """A storey of a building, or a unit of it, with its area in m²."""

    model_config = ConfigDict(extra="forbid")

    building_code: str = Field(pattern="^[0-9A-Za-z-]{1,32}$")
    storey_number: int | None = Field(default=None, ge=-30, le=250)
    unit_code: str | None = Field(default=None, pattern="^[0-9A-Za-z-]{1,40}$")
    area: float = Field(gt=0, le=1e6, allow_inf_nan=False)
    use: str | None = None
    state: Literal["vacant", "reserved", "let"] = "vacant"
    available_from: date | None = None


class Spaces(BaseModel):
    """All of a park's spaces, in place of those before."""

    model_config = ConfigDict(extra="forbid")

    spaces: list[Space] = Field(max_length=5000)


@router.get("/registers/parks/{feature_id}/spaces", summary="A park's space for rent")
async def list_spaces(actor: AsActor, services: With, feature_id: ParkId, as_of: AsOf = None) -> Response:
    """By building, storey and unit, with sums by building (m²)."""
    async with services.as_actor(actor, read_moment(services, as_of)) as connection:
        await read_current(connection, find_layer("industrial_parks"), feature_id)
        cursor = await connection.execute(
            "SELECT id, building_code, storey_number, unit_code, area, use, state, available_from, recorded_at "
            "FROM rental_space WHERE park_id = %s ORDER BY building_code, storey_number, unit_code",
            (feature_id,),
        )
        rows = [dict(zip(_NAMES, row, strict=True)) for row in await cursor.fetchall()]
    buildings: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = buildings.setdefault(
            row["building_code"], {"building_code": row["building_code"], "spaces": 0, "area": 0.0, "vacant_area": 0.0}
        )
        one["spaces"] += 1
        one["area"] += row["area"]
        one["vacant_area"] += row["area"] if row["state"] == "vacant" else 0
    return _answer({"park": feature_id, "buildings": list(buildings.values()), "spaces": rows})


@router.put("/registers/parks/{feature_id}/spaces", summary="Replace a park's space for rent")
async def put_spaces(actor: AsActor, services: With, feature_id: ParkId, body: Spaces) -> Response:
    """For the steward. Each place once; buildings have to be known, and stand in the park."""
    check_steward(actor)
    problems = _check_places(body.spaces)
    codes = sorted({space.building_code for space in body.spaces})
    async with services.as_actor(actor) as connection:
        check_reach(actor, (await read_current(connection, find_layer("industrial_parks"), feature_id)).block_code)
        cursor = await connection.execute(
            "SELECT building.code FROM industrial_park AS park JOIN building ON building.code = ANY(%s) "
            "AND building.geometry && park.geometry AND ST_Intersects(building.geometry, park.geometry) "
            "WHERE park.id = %s",
            (codes, feature_id),
        )
        known = {row[0] for row in await cursor.fetchall()}
    problems += [
        Problem(
            f"spaces/{at}/building_code",
            Text("园区内没有这栋建筑", "no such building stands in the park"),
            Text("请核对楼栋编码或园区边界", "check the building's code, or the park's boundary"),
        )
        for at, space in enumerate(body.spaces) if space.building_code not in known
    ]  # fmt: skip
    if problems:
        raise RefusedError(Text("可租空间有误,未保存。", "The spaces are wrong; nothing was kept."), problems[:100])
    given = [
        space.model_dump(mode="json") | {"use": None if space.use is None else check_text(space.use, "use", 50)}
        for space in body.spaces
    ]
    async with as_owner(services.pool) as connection:
        row = await (
            await connection.execute(
                "SELECT inserted, updated, removed, unchanged FROM merge_rental_spaces(%s, %s, %s, %s)",
                (feature_id, Jsonb(given), actor.role, actor.token_id),
            )
        ).fetchone()
    assert row is not None
    counts = dict(zip(("inserted", "updated", "removed", "unchanged"), row, strict=True))
    return _answer({"park": feature_id, "spaces": len(body.spaces), **counts})


@router.get("/registers/parks/{feature_id}/spaces/history", summary="Every version of a park's space for rent")
async def get_space_history(
    actor: AsActor, services: With, feature_id: ParkId,
    building_code: Annotated[str | None, Query(max_length=32, description="only of this building")] = None,
) -> Response:  # fmt: skip
    """By place, those that were taken away too; newest first: when, by which role, and each value, old and new."""
    async with services.as_actor(actor) as connection:
        await read_current(connection, find_layer("industrial_parks"), feature_id)
        rows = await read_part_versions(connection, "rental_space", {"park_id": feature_id}, (*_PLACE, *_VALUES))
    places: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        places.setdefault(tuple(row[name] for name in _PLACE), []).append(row)
    shown = sorted(
        (place for place in places if building_code is None or place[0] == building_code),
        key=lambda place: (place[0], place[1] is not None, place[1] or 0, place[2] or ""),
    )
    return _answer({
        "park": feature_id,
        "places": [
            {
                **dict(zip(_PLACE, place, strict=True)),
                "is_there": places[place][-1]["recorded_to"] is None,
                "versions": tell_versions(places[place], _VALUES),
            }
            for place in shown
        ],
    })  # fmt: skip


def _check_places(spaces: list[Space]) -> list[Problem]:
    seen: set[tuple[str, int | None, str | None]] = set()
    problems: list[Problem] = []
    for at, space in enumerate(spaces):
        place = (space.building_code, space.storey_number, space.unit_code)
        if place in seen:
            problems.append(
                Problem(f"spaces/{at}", Text("重复", "it is there twice"), Text("每处只写一次", "say each once"))
            )
        seen.add(place)
    return problems


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})
