# SPDX-License-Identifier: Apache-2.0
"""Measures and indicators: configuration that stewards change, and figures that anybody in scope reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, LiteralString

import orjson
import psycopg
from fastapi import APIRouter, Depends, Path, Response
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.http.parameters import refuse_unknown
from api.http.response import JSON
from api.intake.loads import Overseer
from api.measures.figures import read_figures
from api.pool import as_owner
from api.services import Services, get_actor, get_services
from layers import business
from layers.indicator import Condition, Expressions, Indicator, Operator, Source, compose, make_source
from layers.layer import Layer
from twin.access import Actor
from twin.errors import ConflictError, InvalidRequestError, NotFoundError
from twin.text import Text

router = APIRouter(dependencies=[Depends(refuse_unknown)], tags=["measures"])

AsActor = Annotated[Actor, Depends(get_actor)]
With = Annotated[Services, Depends(get_services)]
Code = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_.]{0,62}$")]

_LIST_MEASURES: LiteralString = """
    SELECT coalesce(json_agg(json_build_object(
        'code', code, 'kind', kind, 'title', title, 'unit', unit, 'by_share', by_share, 'access_class', access_class,
        'k', k, 'dominance', dominance, 'series', series, 'pillar', pillar, 'position', position,
        'threshold', threshold,
        'is_cut', dimension IS NOT NULL, 'is_daily', period IS NOT NULL, 'definition', definition
    ) ORDER BY position, code), '[]')::text
    FROM measure
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
_COUNTABLE: Final[LiteralString] = """
    SELECT relname, array_agg(attname::text) FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_attribute ON attrelid = tgrelid
    WHERE tgname = 'facts_insert' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
    GROUP BY relname
"""
_BUSINESS_CLASSES: Final[LiteralString] = "SELECT code, access_class FROM business_layer WHERE withdrawn_at IS NULL"


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
    day: str | None = Field(default=None, description="the property whose day cuts it, where not the layer's own")
    by_share: bool = False
    k: int | None = Field(default=None, ge=2, le=1000)
    pillar: str | None = None
    position: int = Field(default=100, ge=0, le=10_000)
    threshold: float | None = None


@router.get("/measures", summary="What is measured")
async def list_measures(actor: AsActor, services: With) -> Response:
    """Every measure and indicator that the actor may see figures of."""
    async with services.as_actor(actor) as connection:
        row = await (await connection.execute(_LIST_MEASURES)).fetchone()
    listed = [m for m in orjson.loads(row[0] if row else "[]") if m["access_class"] <= actor.access_class]
    return _answer({"measures": listed})


@router.get("/measures/fields", summary="What indicators can be made of")
async def list_fields(actor: Overseer, services: With) -> Response:
    """The layers whose features are counted, with the properties that a condition, a sum or a cut may name."""
    async with as_owner(services.pool) as connection:
        sources = await _find_sources(connection, services.layers.list_for(actor))
    listed = [
        {
            "id": source.layer.id, "title": source.layer.title.as_dict(), "geometry": source.layer.geometry,
            "is_dated": source.layer.time_column is not None,
            "properties": [
                {
                    "name": p.name, "title": p.title.as_dict(), "type": p.type, "unit": p.unit,
                    "values": p.values and {value: word.as_dict() for value, word in p.values.items()},
                }
                for p in source.properties if p.access_class <= actor.access_class
            ],
        }
        for source in sources
    ]  # fmt: skip
    return _answer({"layers": listed})


@router.get("/measures/figures", summary="What the measures come to")
async def list_figures(actor: AsActor, services: With) -> Response:
    """Sums over everything that the actor reaches. A measure with k is left out: a profile says what may be shown."""
    codes, figures = await read_figures(services, actor)
    return _answer({"blocks": codes, "figures": figures})


@router.put("/measures/{code}", summary="Define an indicator")
async def put_measure(actor: Overseer, services: With, code: Code, given: GivenMeasure) -> Response:
    """Counted at once over what is there, and kept current by every write from then on."""
    await services.layers.wait_until_current()
    layer = services.layers.find(given.layer, actor)
    async with as_owner(services.pool) as connection:
        sources = await _find_sources(connection, [layer])
        if not sources:
            raise InvalidRequestError(
                Text(f"图层 {layer.id} 不支持指标。", f"No indicators can be made of the layer {layer.id}."), "layer"
            )
        made = compose(_indicator(given), sources[0])
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


async def _find_sources(connection: AsyncConnection[TupleRow], layers: Iterable[Layer]) -> list[Source]:
    """The layers among these whose features are counted, as the owner."""
    tables = {str(row[0]): set(row[1]) for row in await (await connection.execute(_COUNTABLE)).fetchall()}
    classes = {str(row[0]): int(row[1]) for row in await (await connection.execute(_BUSINESS_CLASSES)).fetchall()}
    return [
        make_source(layer, tables[layer.kind], classes[layer.id] if layer.kind == business.KIND else 1)
        for layer in layers
        # A business layer that is gone is still listed for the moment that it takes to hear of it.
        if layer.kind in tables and (layer.kind != business.KIND or layer.id in classes)
    ]


def _indicator(given: GivenMeasure) -> Indicator:
    return Indicator(
        layer=given.layer, value=given.value, dimension=given.dimension, by_day=given.by_day, day=given.day,
        by_share=given.by_share,
        conditions=tuple(Condition(property=c.property, op=c.op, value=c.value) for c in given.conditions),
    )  # fmt: skip


def _check_k(given: GivenMeasure) -> None:
    if given.k is not None and (given.dimension or given.by_day or given.day or given.by_share):
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


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers={"Cache-Control": "no-store"})
