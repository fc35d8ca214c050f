# SPDX-License-Identifier: Apache-2.0
"""Space for rent in parks, by building, storey and unit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.editing import check_reach, check_steward, read_current
from api.parameters import refuse_unknown
from api.pool import as_owner
from api.response import JSON
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

_NAMES = ("id", "building_code", "storey_number", "unit_code", "area", "use", "state", "available_from", "recorded_at")


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
async def list_spaces(actor: AsActor, services: With, feature_id: ParkId) -> Response:
    """By building, storey and unit, and how much is vacant in each building (m²)."""
    async with services.as_actor(actor) as connection:
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
    async with as_owner(services.pool) as connection:
        await connection.execute("SELECT FROM industrial_park WHERE id = %s FOR UPDATE", (feature_id,))
        await connection.execute("DELETE FROM rental_space WHERE park_id = %s", (feature_id,))
        async with connection.cursor() as writing:
            await writing.executemany(
                "INSERT INTO rental_space (park_id, building_code, storey_number, unit_code, area, use, state, "
                "available_from, role, token_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        feature_id, space.building_code, space.storey_number, space.unit_code, space.area,
                        None if space.use is None else check_text(space.use, "use", 50), space.state,
                        space.available_from, actor.role, actor.token_id,
                    )
                    for space in body.spaces
                ],
            )  # fmt: skip
    return _answer({"park": feature_id, "spaces": len(body.spaces)})


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
