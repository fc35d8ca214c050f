# SPDX-License-Identifier: Apache-2.0
"""Records out of the database: as the actor, narrowed, sorted, a page at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString, cast

from psycopg.rows import dict_row
from psycopg.sql import SQL, Composable, Identifier, Literal, Placeholder
from psycopg.types.json import Jsonb

from api.catalogue.declared import declare_records, describe_kinds, read_kinds
from api.catalogue.record_layer import SORTABLE
from api.measures.profile import narrow_to_scope
from api.services import Services
from api.sql import read_sql
from layers.cql2.expression import Expression
from layers.tile import Box
from twin.access import Actor
from twin.address.pinyin import fold_letters, rate_pinyin
from twin.model.table import STORAGE_SRID
from twin.text import Language

_FEWEST_LETTERS: Final = 2
"""Of a search term that is tried as pinyin."""

_PAGE: Final[LiteralString] = """
    , matched AS MATERIALIZED (SELECT * FROM record WHERE {conditions})
    SELECT counted.number AS matched, page.*
    FROM (SELECT count(*) AS number FROM matched) AS counted
    LEFT JOIN LATERAL (
        SELECT id, type, title, title_zh, title_en, description, keywords, topic, scheme, external_id, owner, licence,
               access_class, secrecy_label, features, completeness, coverage, crs, created, updated, time_from, time_to,
               refresh_days, is_overdue, facts, ST_AsGeoJSON(geometry, 7, 0)::jsonb AS geometry,
               CASE WHEN geometry IS NOT NULL THEN ARRAY[
                   ST_XMin(geometry), ST_YMin(geometry), ST_XMax(geometry), ST_YMax(geometry)] END AS box,
               ARRAY[{keys}]::text[] AS keys
        FROM matched WHERE {after} ORDER BY {order} LIMIT %(limit)s + 1
    ) AS page ON true
"""
_TITLES: Final[LiteralString] = " SELECT id, title_zh FROM record"


@dataclass(frozen=True)
class SortKey:
    """A property that records are sorted by; what has no value comes last either way."""

    name: str
    is_descending: bool = False


BY_ID: Final = (SortKey("id"),)


@dataclass(frozen=True, kw_only=True)
class RecordFilter:
    """What records are narrowed to; None and nothing do not narrow.

    terms: any of which is in the text. boxes: degrees, lon/lat; any of which the extent meets. interval: from, to,
    both included. external_ids: `value`, `scheme:value` or `scheme:`.
    """

    terms: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    interval: tuple[datetime | None, datetime | None] | None = None
    types: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    external_ids: tuple[str, ...] | None = None
    expression: Expression | None = None


@dataclass(frozen=True)
class RecordPage:
    """The rows of a page, how many match in all, and the keys that the next page goes on from."""

    rows: list[dict[str, Any]]
    matched: int
    following: list[str | None] | None
    layers_by_kind: Mapping[str, str]


async def read_records(
    services: Services, actor: Actor, language: Language, narrowed: RecordFilter, *, limit: int,
    sort: Sequence[SortKey] = BY_ID, after: Sequence[str | None] | None = None,
) -> RecordPage:  # fmt: skip
    """A page of records. `after`: the keys of the last record of the page before, one for each of `sort`."""
    kinds = await read_kinds(services)
    values: dict[str, Any] = {
        "codes": narrow_to_scope(actor, ""), "is_unscoped": actor.is_unscoped, "language": language,
        "declared": Jsonb(await declare_records(services, actor, kinds)), "kinds": Jsonb(describe_kinds(kinds)),
        "limit": limit,
    }  # fmt: skip
    everything = SQL(cast("LiteralString", read_sql("catalogue_records").decode()))
    async with services.as_actor(actor) as connection:
        spelt = [letters for letters in map(fold_letters, narrowed.terms) if letters and len(letters) > 1]
        named: list[str] = []
        if spelt:
            titles = await (await connection.execute(everything + SQL(_TITLES), values)).fetchall()
            named = await asyncio.to_thread(_find_spelt, titles, spelt)
        statement = everything + SQL(_PAGE).format(
            conditions=SQL(" AND ").join([SQL("true"), *_narrow(narrowed, named, values)]),
            keys=SQL(", ").join(SQL("{}::text").format(Identifier(key.name)) for key in sort),
            after=SQL("true") if after is None else _go_on(sort, after, values),
            order=SQL(", ").join(map(_order, sort)),
        )
        rows = await (await connection.cursor(row_factory=dict_row).execute(statement, values)).fetchall()
    found = [row for row in rows if row["id"] is not None]
    following = found[limit - 1]["keys"] if len(found) > limit else None
    layer_of = {layer.kind: layer.id for layer in services.layers.list_for(actor) if layer.kind != "business_feature"}
    by_kind = {kind: layer_of[relation] for kind, relation in kinds.items() if relation in layer_of}
    return RecordPage(found[:limit], rows[0]["matched"], following, by_kind)


def _find_spelt(titles: Sequence[Sequence[Any]], spelt: Sequence[str]) -> list[str]:
    """The ids of the records whose Chinese title any of these letters spell."""
    return [row[0] for row in titles if any(rate_pinyin(letters, row[1]) for letters in spelt)]


def _narrow(narrowed: RecordFilter, named: Sequence[str], values: dict[str, Any]) -> list[Composable]:
    conditions: list[Composable] = []
    if narrowed.terms:
        values |= {"terms": [" ".join(term.lower().split()) for term in narrowed.terms], "named": list(named)}
        conditions.append(
            SQL(
                "(id = ANY (%(named)s) OR EXISTS (SELECT FROM unnest(%(terms)s::text[]) AS term "
                "WHERE strpos(searched, term) > 0))"
            )
        )
    if narrowed.boxes:
        parts: list[Composable] = [SQL("geometry IS NULL")]
        for number, box in enumerate(narrowed.boxes):
            names = [f"box{number}_{side}" for side in range(4)]
            values |= dict(zip(names, box, strict=True))
            corners = SQL(", ").join(SQL("{}::float8").format(Placeholder(name)) for name in names)
            envelope = SQL("ST_MakeEnvelope({}, {})").format(corners, Literal(STORAGE_SRID))
            parts.append(SQL("ST_Intersects(geometry, {})").format(envelope))
        conditions.append(SQL("({})").format(SQL(" OR ").join(parts)))
    if narrowed.interval is not None:
        # What has no time is in every interval, and what has no end goes on.
        values |= dict(zip(("since", "until"), narrowed.interval, strict=True))
        conditions.append(
            SQL(
                "((time_to IS NULL OR time_to >= coalesce(%(since)s::timestamptz, '-infinity')) "
                "AND (time_from IS NULL OR time_from <= coalesce(%(until)s::timestamptz, 'infinity')))"
            )
        )
    for name, column in (("types", "type"), ("ids", "id")):
        wanted: tuple[str, ...] | None = getattr(narrowed, name)
        if wanted is not None:
            values[name] = list(wanted)
            conditions.append(SQL("{} = ANY ({})").format(Identifier(column), Placeholder(name)))
    if narrowed.external_ids is not None:
        values["external_ids"] = list(narrowed.external_ids)
        conditions.append(
            SQL("ARRAY[external_id, scheme || ':' || external_id, scheme || ':'] && %(external_ids)s::text[]")
        )
    if narrowed.expression is not None:
        conditions.append(narrowed.expression.text)
        values.update(narrowed.expression.values)
    return conditions


def _order(key: SortKey) -> Composable:
    return SQL("{} {} NULLS LAST").format(_sorted(key), SQL("DESC" if key.is_descending else "ASC"))


def _sorted(key: SortKey) -> Composable:
    """Titles sort as a dictionary has them, everything else by its bytes or its number."""
    collation = {"title": SQL(' COLLATE "zh-x-icu"')}.get(
        key.name, SQL(' COLLATE "C"') if SORTABLE[key.name] == "text" else SQL("")
    )
    return Identifier(key.name) + collation


def _go_on(sort: Sequence[SortKey], after: Sequence[str | None], values: dict[str, Any]) -> Composable:
    """What comes after these keys in the order of `_order`."""
    parts: list[Composable] = []
    equal: list[Composable] = []
    for number, (key, value) in enumerate(zip(sort, after, strict=True)):
        column = _sorted(key)
        if value is not None:
            values[f"key{number}"] = value
            bound = SQL("{}::{}").format(Placeholder(f"key{number}"), SQL(SORTABLE[key.name]))
            beyond = SQL("({0} {1} {2} OR {3} IS NULL)").format(
                column, SQL("<" if key.is_descending else ">"), bound, Identifier(key.name)
            )
            parts.append(SQL("({})").format(SQL(" AND ").join([*equal, beyond])))
            equal.append(SQL("{} = {}").format(column, bound))
        else:
            equal.append(SQL("{} IS NULL").format(Identifier(key.name)))
    return SQL("({})").format(SQL(" OR ").join(parts)) if parts else SQL("false")
