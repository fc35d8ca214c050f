# SPDX-License-Identifier: Apache-2.0
"""What every statement over a layer is put together from: columns, conditions, the values these bind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString, cast

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal, Placeholder

from layers.filter import Filter, Frame, Match, code_range
from layers.layer import Layer, Property
from twin.model.table import STORAGE_SRID

SEARCHED: Final = frozenset({"name", "code", "normalised"})
"""The properties in which a search looks."""


@dataclass(frozen=True)
class Statement:
    """SQL and the values it binds."""

    text: Composed
    values: dict[str, Any]


def list_columns(properties: Iterable[Property], relation: str) -> Composable:
    """The columns of these properties."""
    return SQL(", ").join(name_column(relation, p.name) for p in properties)


def name_column(*names: str) -> Composable:
    """An identifier for a statement that binds values, where a percent sign in a name would be taken for one."""
    return SQL(cast("LiteralString", Identifier(*names).as_string().replace("%", "%%")))


def write_where(conditions: Sequence[Composable]) -> Composable:
    """The WHERE of all these conditions together."""
    return SQL("WHERE ") + SQL(" AND ").join(conditions) if conditions else SQL("")


def narrow(layer: Layer, narrowed: Filter, values: dict[str, Any]) -> list[Composable]:
    """The conditions of a narrowing; what they bind is put into `values`."""
    conditions: list[Composable] = []
    if narrowed.boxes:
        placed: list[Composable] = [_in_box(i, box, values) for i, box in enumerate(narrowed.boxes)]
        if narrowed.frame is not None:
            placed = [SQL("({} AND {})").format(box, _in_frame(narrowed.frame, values)) for box in placed]
        if narrowed.keeps_unknown:
            placed.append(SQL("geometry IS NULL"))
        conditions.append(SQL("({})").format(SQL(" OR ").join(placed)))
    if narrowed.block is not None:
        conditions.append(_in_block(layer, narrowed.block, values))
    if narrowed.ids is not None:
        conditions.append(SQL("id = ANY(%(ids)s)"))
        values["ids"] = list(narrowed.ids)
    if narrowed.interval is not None:
        known = _in_interval(layer, narrowed.interval, values)
        if narrowed.keeps_unknown and layer.time_column and known:
            column = Identifier(layer.time_column)
            known = [SQL("({} IS NULL OR ({}))").format(column, SQL(" AND ").join(known))]
        conditions += known
    conditions += _search(layer, narrowed.search, values)
    for number, match in enumerate(narrowed.matches):
        conditions.append(_match(match, f"match{number}", values))
    if narrowed.expression is not None:
        conditions.append(narrowed.expression.text)
        values.update(narrowed.expression.values)
    return conditions


def _in_box(number: int, box: Sequence[float], values: dict[str, Any]) -> Composable:
    names = [f"box{number}_{side}" for side in ("west", "south", "east", "north")]
    values |= dict(zip(names, box, strict=True))
    envelope = SQL("ST_MakeEnvelope({}, {})").format(
        SQL(", ").join(SQL("{}::float").format(Placeholder(name)) for name in names), Literal(STORAGE_SRID)
    )
    # Only && is leakproof: without it the policy would keep the index from being used.
    return SQL("(geometry && {0} AND ST_Intersects(geometry, {0}))").format(envelope)


def _in_frame(frame: Frame, values: dict[str, Any]) -> Composable:
    names = [f"frame_{side}" for side in ("west", "south", "east", "north")]
    values |= dict(zip(names, frame[1:], strict=True))
    return SQL("ST_Intersects(ST_Transform(geometry, {0}), ST_MakeEnvelope({1}, {0}))").format(
        Literal(frame.srid), SQL(", ").join(SQL("{}::float").format(Placeholder(name)) for name in names)
    )


def _in_block(layer: Layer, code: str, values: dict[str, Any]) -> Composable:
    values["low"], values["high"] = code_range(code)
    at_home = SQL("block_code >= %(low)s AND block_code < %(high)s")
    if not layer.spans_blocks:
        return at_home
    # The list is gone through from its start for each row that is asked about: only those that are in it at all.
    return SQL(
        "(({}) OR (spans_blocks AND id = ANY(ARRAY(SELECT feature_id FROM feature_block AS meets "
        "WHERE meets.kind = {} AND meets.block_code >= %(low)s AND meets.block_code < %(high)s))))"
    ).format(at_home, Literal(layer.kind))


def _in_interval(layer: Layer, interval: tuple[Any, Any], values: dict[str, Any]) -> list[Composable]:
    start, end = interval
    column = layer.time_column
    conditions: list[Composable] = []
    if start is not None:
        values["start"] = start
        conditions.append(SQL("{} >= %(start)s").format(Identifier(column)) if column else SQL("valid_to > %(start)s"))
    if end is not None:
        values["end"] = end
        conditions.append(SQL("{} <= %(end)s").format(Identifier(column or "valid_from")))
    return conditions


def _search(layer: Layer, words: Sequence[str], values: dict[str, Any]) -> list[Composable]:
    names = [p.name for p in layer.properties if p.name in SEARCHED and p.access_class == 1]
    conditions: list[Composable] = []
    for number, word in enumerate(words if names else ()):
        key = f"word{number}"
        values[key] = f"%{_escape_like(word)}%"
        conditions.append(
            SQL("({})").format(
                SQL(" OR ").join(SQL("{} ILIKE {}").format(name_column(name), Placeholder(key)) for name in names)
            )
        )
    return conditions


def _match(match: Match, key: str, values: dict[str, Any]) -> Composable:
    if match.operator == "~":
        values[key] = f"%{_escape_like(str(match.value))}%"
        return SQL("{}::text ILIKE {}").format(name_column(match.name), Placeholder(key))
    values[key] = match.value
    if match.operator == "!=":
        return SQL("{} IS DISTINCT FROM {}").format(name_column(match.name), Placeholder(key))
    return SQL("{} {} {}").format(name_column(match.name), SQL(match.operator), Placeholder(key))


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
