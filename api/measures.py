# SPDX-License-Identifier: Apache-2.0
"""Pillars, measures and targets: configuration that stewards change, and figures that anybody in scope reads."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, LiteralString

import orjson
import psycopg
from fastapi import APIRouter, Depends, Path, Query, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.loads import Overseer
from api.parameters import parse_as_of, parse_code, refuse_unknown
from api.pool import as_owner
from api.profile import narrow_to_scope
from api.response import JSON
from api.services import Services, get_actor, get_services
from layers.indicator import Condition, Expressions, Indicator, Operator, compose
from layers.registry import find_layer
from twin.access import Actor
from twin.errors import AccessDeniedError, ConflictError, InvalidRequestError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["measures"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
Code = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_.]{0,62}$")]
AsOf = Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")]

_LIST_MEASURES: LiteralString = """
    SELECT coalesce(json_agg(json_build_object(
        'code', code, 'kind', kind, 'title', title, 'unit', unit, 'by_share', by_share, 'access_class', access_class,
        'k', k, 'series', series, 'pillar', pillar, 'position', position, 'threshold', threshold,
        'is_cut', dimension IS NOT NULL, 'is_daily', period IS NOT NULL, 'definition', definition
    ) ORDER BY position, code), '[]')::text
    FROM measure
"""
_LIST_PILLARS: LiteralString = """
    SELECT json_agg(json_build_object('code', code, 'title', title, 'is_base', is_base, 'is_enabled', is_enabled,
                                      'position', position, 'note', note) ORDER BY position)::text FROM pillar
"""
_LIST_TARGETS: LiteralString = """
    SELECT target.code, target.title, target.measure, target.unit, target.factor, target.goal, target.due_date,
           measure.k, measure.access_class
    FROM target JOIN measure ON measure.code = target.measure ORDER BY target.position, target.code
"""
_PUT_MEASURE: LiteralString = """
    INSERT INTO measure AS kept (code, kind, title, unit, value, filter, dimension, period, by_share, access_class, k,
                                 pillar, position, threshold, definition)
    VALUES (%(code)s, %(kind)s, %(title)s, %(unit)s, %(value)s, %(filter)s, %(dimension)s, %(period)s, %(by_share)s,
            %(access_class)s, %(k)s, %(pillar)s, %(position)s, %(threshold)s, %(definition)s)
    ON CONFLICT (code) DO UPDATE SET kind = EXCLUDED.kind, title = EXCLUDED.title, unit = EXCLUDED.unit,
        value = EXCLUDED.value, filter = EXCLUDED.filter, dimension = EXCLUDED.dimension, period = EXCLUDED.period,
        by_share = EXCLUDED.by_share, access_class = EXCLUDED.access_class, k = EXCLUDED.k, pillar = EXCLUDED.pillar,
        position = EXCLUDED.position, threshold = EXCLUDED.threshold, definition = EXCLUDED.definition
    WHERE kept.definition IS NOT NULL
    RETURNING code
"""
_PUT_TARGET: LiteralString = """
    INSERT INTO target (code, title, measure, unit, factor, goal, due_date, position)
    VALUES (%(code)s, %(title)s, %(measure)s, %(unit)s, %(factor)s, %(goal)s, %(due_date)s, %(position)s)
    ON CONFLICT (code) DO UPDATE SET title = EXCLUDED.title, measure = EXCLUDED.measure, unit = EXCLUDED.unit,
        factor = EXCLUDED.factor, goal = EXCLUDED.goal, due_date = EXCLUDED.due_date, position = EXCLUDED.position
"""
_MAY_COUNT: Final[LiteralString] = """
    SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s
      AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = format('public.%%I', %s::text)::regclass
                  AND tgname = 'facts_insert')
"""


class Named(BaseModel):
    """A title in both languages."""

    model_config = ConfigDict(extra="forbid")
    zh: str = Field(min_length=1, max_length=80)
    en: str = Field(min_length=1, max_length=80)


class GivenCondition(BaseModel):
    """See `layers.indicator.Condition`."""

    model_config = ConfigDict(extra="forbid")
    property: str
    op: Operator
    value: Any = None


class GivenMeasure(BaseModel):
    """An indicator as a person puts it together; see `layers.indicator.Indicator`."""

    model_config = ConfigDict(extra="forbid")
    title: Named
    layer: str
    unit: str | None = Field(default=None, max_length=20)
    conditions: list[GivenCondition] = Field(default=[], max_length=20)
    value: str | None = None
    dimension: str | None = None
    by_day: bool = False
    by_share: bool = False
    k: int | None = Field(default=None, ge=2, le=1000)
    pillar: str | None = None
    position: int = Field(default=100, ge=0, le=10_000)
    threshold: float | None = None


class GivenPillar(BaseModel):
    """What of a pillar can be changed."""

    model_config = ConfigDict(extra="forbid")
    is_enabled: bool | None = None
    title: Named | None = None
    position: int | None = Field(default=None, ge=0, le=1000)


class GivenTarget(BaseModel):
    """A target; what is done is never given."""

    model_config = ConfigDict(extra="forbid")
    title: Named
    measure: str
    unit: str | None = Field(default=None, max_length=20)
    factor: float = Field(default=1, gt=0)
    goal: float = Field(gt=0)
    due_date: date | None = None
    position: int = Field(default=0, ge=0, le=10_000)


@router.get("/measures", summary="What is measured")
async def list_measures(actor: AsActor, services: With) -> Response:
    """Every measure and indicator that the actor may see figures of."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(_LIST_MEASURES)).fetchone()
    listed = [m for m in orjson.loads(row[0] if row else "[]") if m["access_class"] <= actor.access_class]
    return _answer({"measures": listed})


@router.put("/measures/{code}", summary="Define an indicator")
async def put_measure(_actor: Overseer, services: With, code: Code, given: GivenMeasure) -> Response:
    """Counted at once over what is there, and kept current by every write from then on."""
    layer = find_layer(given.layer)
    async with as_owner(services.pool) as connection:
        found = await (await connection.execute(_MAY_COUNT, (layer.kind, layer.kind))).fetchall()
        if not found:
            raise InvalidRequestError(
                Text(f"图层 {layer.id} 不支持指标。", f"No indicators can be made of the layer {layer.id}."), "layer"
            )
        made = compose(_indicator(given), layer, {str(row[0]) for row in found})
        _check_k(given)
        try:
            row = await (await connection.execute(_PUT_MEASURE, _values(code, given, made))).fetchone()
        except psycopg.errors.ForeignKeyViolation as error:
            raise InvalidRequestError(
                Text(f"没有柱“{given.pillar}”。", f"There is no pillar '{given.pillar}'."), "pillar"
            ) from error
    if row is None:
        raise ConflictError(
            Text(f"“{code}”是随程序提供的度量,不能改。", f"'{code}' comes with the program and is not changed.")
        )
    services.small_counts.forget()
    return _answer({"code": code, "access_class": made.access_class})


@router.delete("/measures/{code}", summary="Give an indicator up")
async def delete_measure(_actor: Overseer, services: With, code: Code) -> Response:
    """With all its figures. What comes with the program, or a target needs, stays."""
    async with as_owner(services.pool) as connection:
        try:
            row = await (
                await connection.execute(
                    "DELETE FROM measure WHERE code = %s AND definition IS NOT NULL RETURNING code", (code,)
                )
            ).fetchone()
        except psycopg.errors.ForeignKeyViolation as error:
            raise ConflictError(
                Text(f"有目标用到“{code}”,请先删除目标。", f"A target needs '{code}'; delete that first.")
            ) from error
    if row is None:
        raise NotFoundError(Text(f"没有可删除的指标“{code}”。", f"There is no indicator '{code}' to delete."))
    return Response(status_code=204)


@router.get("/pillars", summary="The block base and its pillars")
async def list_pillars(actor: AsActor, services: With) -> Response:
    """All there are, enabled or not."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(_LIST_PILLARS)).fetchone()
    return _answer({"pillars": orjson.loads(row[0]) if row and row[0] else []})


@router.put("/pillars/{code}", summary="Switch a pillar on or off, rename or move it")
async def put_pillar(_actor: Overseer, services: With, code: Code, given: GivenPillar) -> Response:
    """What is not given stays."""
    async with as_owner(services.pool) as connection:
        row = await (
            await connection.execute(
                "UPDATE pillar SET is_enabled = coalesce(%s, is_enabled), title = coalesce(%s, title), "
                "position = coalesce(%s, position) WHERE code = %s RETURNING code",
                (given.is_enabled, given.title and Jsonb(given.title.model_dump()), given.position, code),
            )
        ).fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有柱“{code}”。", f"There is no pillar '{code}'."))
    return _answer({"code": code})


@router.get("/targets", summary="Targets, and what is done of them")
async def list_targets(actor: AsActor, services: With, block: str | None = None, as_of: AsOf = None) -> Response:
    """In a block, or wherever the actor reaches. What is done is measured from what is loaded."""
    moment = None if as_of is None else parse_as_of(as_of, services.zone)
    async with services.as_actor(actor, moment) as connection:
        code = None if block is None else parse_code(block)
        if code is None:
            root = await connection.execute(
                "SELECT block.code FROM valid_block AS block JOIN block_scheme USING (scheme) "
                "WHERE is_governance AND parent_code IS NULL ORDER BY code"
            )
            codes = [c for row in await root.fetchall() for c in narrow_to_scope(actor, row[0])]
        else:
            codes = narrow_to_scope(actor, code)
            if not codes:
                raise AccessDeniedError(
                    Text(f"块 {code} 不在您的权限范围之内。", f"The block {code} lies outside your scope.")
                )
        rows = await (await connection.execute(_LIST_TARGETS)).fetchall()
        shown = [row for row in rows if row[7] is None and row[8] <= actor.access_class]
        values = await (
            await connection.execute(
                "SELECT measure, sum(value) FROM read_facts(%s, %s) WHERE period = '-infinity' AND dimension = '' "
                "GROUP BY measure",
                (codes, [row[2] for row in shown]),
            )
        ).fetchall()
    done = {str(measure): float(value) for measure, value in values}
    return _answer({"blocks": codes, "targets": [_describe_target(row, done.get(row[2], 0.0)) for row in shown]})


@router.put("/targets/{code}", summary="Set a target")
async def put_target(_actor: Overseer, services: With, code: Code, given: GivenTarget) -> Response:
    """The measure must exist; counts of people are no targets."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute("SELECT k FROM measure WHERE code = %s", (given.measure,))).fetchone()
        if row is None or row[0] is not None:
            raise InvalidRequestError(
                Text(
                    f"没有可作为目标的度量“{given.measure}”。",
                    f"There is no measure '{given.measure}' that could be a target.",
                ),
                "measure",
            )
        await connection.execute(
            _PUT_TARGET, given.model_dump() | {"code": code, "title": Jsonb(given.title.model_dump())}
        )
    return _answer({"code": code})


@router.delete("/targets/{code}", summary="Drop a target")
async def delete_target(_actor: Overseer, services: With, code: Code) -> Response:
    """What was measured stays."""
    async with as_owner(services.pool) as connection:
        row = await (await connection.execute("DELETE FROM target WHERE code = %s RETURNING code", (code,))).fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有目标“{code}”。", f"There is no target '{code}'."))
    return Response(status_code=204)


def _indicator(given: GivenMeasure) -> Indicator:
    return Indicator(
        layer=given.layer, value=given.value, dimension=given.dimension, by_day=given.by_day, by_share=given.by_share,
        conditions=tuple(Condition(property=c.property, op=c.op, value=c.value) for c in given.conditions),
    )  # fmt: skip


def _check_k(given: GivenMeasure) -> None:
    if given.k is not None and (given.dimension or given.by_day or given.by_share):
        raise InvalidRequestError(
            Text(
                "受 k 保护的数量不能再按维度、日期或分摊切分。",
                "What is protected by k is not cut by dimension, day or share: the parts could be added up.",
            ),
            "k",
        )


def _values(code: str, given: GivenMeasure, made: Expressions) -> dict[str, Any]:
    return {
        "code": code, "kind": made.kind, "title": Jsonb(given.title.model_dump()), "unit": given.unit,
        "value": made.value, "filter": made.filter, "dimension": made.dimension, "period": made.period,
        "by_share": given.by_share, "access_class": made.access_class, "k": given.k, "pillar": given.pillar,
        "position": given.position, "threshold": given.threshold, "definition": Jsonb(given.model_dump(mode="json")),
    }  # fmt: skip


def _describe_target(row: tuple[Any, ...], value: float) -> dict[str, Any]:
    done = value * row[4]
    return {
        "code": row[0], "title": row[1], "measure": row[2], "unit": row[3], "goal": row[5], "due_date": row[6],
        "done": round(done, 3), "ratio": round(done / row[5], 4),
    }  # fmt: skip


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})
