# SPDX-License-Identifier: Apache-2.0
"""Indicators that people put together without code: a layer, conditions, what is summed and how it is cut.

What comes out are the SQL expressions of a measure (twin/model/fact.py). Nothing a person typed gets into them
but as a quoted literal; names are looked up among the layer's declared properties.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from psycopg.sql import SQL, Composable, Identifier
from psycopg.sql import Literal as Quoted

from layers.layer import Layer, Property
from twin.errors import InvalidRequestError
from twin.text import Text

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "is null", "is not null"]

_COMPARE: Final[Mapping[str, SQL]] = {
    "=": SQL("="), "!=": SQL("IS DISTINCT FROM"), "<": SQL("<"), "<=": SQL("<="), ">": SQL(">"), ">=": SQL(">="),
}  # fmt: skip
_CASTS: Final[Mapping[str, SQL]] = {
    "string": SQL("text"), "integer": SQL("numeric"), "number": SQL("numeric"), "boolean": SQL("boolean"),
    "datetime": SQL("timestamptz"),
}  # fmt: skip
_NUMBERS: Final = ("integer", "number")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition on a property."""

    property: str
    op: Operator
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """What is counted (`value` None) or summed, over which features of a layer, and cut by what."""

    layer: str
    conditions: tuple[Condition, ...] = ()
    value: str | None = None
    dimension: str | None = None
    by_day: bool = False
    by_share: bool = False


@dataclass(frozen=True)
class Expressions:
    """SQL over the columns of `kind`, and the least class of actor who may see the result."""

    kind: str
    value: str
    filter: str | None
    dimension: str | None
    period: str | None
    access_class: int
    properties: tuple[str, ...] = field(default=())


def compose(indicator: Indicator, layer: Layer, columns: Collection[str]) -> Expressions:
    """The expressions of an indicator. `columns` are those of the layer's table.

    Raises InvalidRequestError naming what the layer does not have, or what does not go together.
    """
    used = [_find(layer, columns, c.property, "conditions") for c in indicator.conditions]
    value = SQL("1")
    if indicator.value is not None:
        summed = _find(layer, columns, indicator.value, "value")
        if summed.type not in _NUMBERS:
            raise _wrong("value", f"“{summed.name}”不是数,不能求和", f"'{summed.name}' is no number, so it has no sum")
        used.append(summed)
        value = Identifier(summed.name)
    dimension = None
    if indicator.dimension is not None:
        used.append(_find(layer, columns, indicator.dimension, "dimension"))
        dimension = Identifier(indicator.dimension)
    period = None
    if indicator.by_day:
        if layer.time_column is None:
            raise _wrong("by_day", f"图层 {layer.id} 没有时间列", f"the layer {layer.id} has no time column")
        period = SQL("local_day({})").format(Identifier(layer.time_column))
    if indicator.by_share and layer.geometry == "point":
        raise _wrong("by_share", "点没有面积或长度可分摊", "points have no area or length to share out")
    conditions = [_condition(c, p) for c, p in zip(indicator.conditions, used, strict=False)]
    return Expressions(
        kind=layer.kind,
        value=value.as_string(),
        filter=SQL(" AND ").join(conditions).as_string() if conditions else None,
        dimension=None if dimension is None else dimension.as_string(),
        period=None if period is None else period.as_string(),
        access_class=max((p.access_class for p in used), default=1),
        properties=tuple(p.name for p in used),
    )


def _find(layer: Layer, columns: Collection[str], name: str, where: str) -> Property:
    known = [p for p in layer.properties if p.name in columns]
    for declared in known:
        if declared.name == name:
            return declared
    listed = ", ".join(p.name for p in known)
    raise _wrong(
        where,
        f"图层 {layer.id} 没有可用于指标的属性“{name}”,可用:{listed}",
        f"the layer {layer.id} has no property '{name}' for indicators; it has {listed}",
    )


def _condition(condition: Condition, declared: Property) -> Composable:
    column, cast = Identifier(declared.name), _CASTS[declared.type]
    if condition.op == "is null":
        return SQL("{} IS NULL").format(column)
    if condition.op == "is not null":
        return SQL("{} IS NOT NULL").format(column)
    if condition.op == "in":
        values = condition.value if isinstance(condition.value, list) else [condition.value]
        if not values:
            raise _wrong("conditions", "“in”需要至少一个值", "'in' needs a value")
        return SQL("{} IN ({})").format(
            column, SQL(", ").join(SQL("{}::{}").format(_literal(v, declared), cast) for v in values)
        )
    return SQL("{} {} {}::{}").format(column, _COMPARE[condition.op], _literal(condition.value, declared), cast)


def _literal(value: Any, declared: Property) -> Composable:
    fits = {
        "string": isinstance(value, str),
        "datetime": isinstance(value, str),
        "boolean": isinstance(value, bool),
    }.get(declared.type, isinstance(value, int | float) and not isinstance(value, bool))
    if not fits:
        raise _wrong(
            "conditions",
            f"“{declared.name}”的值 {value!r} 不是 {declared.type}",
            f"{value!r} is no {declared.type}, which '{declared.name}' is",
        )
    return Quoted(str(value) if declared.type in _NUMBERS else value)


def _wrong(name: str, zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"{zh}。", f"{en[0].upper()}{en[1:]}."), name)
