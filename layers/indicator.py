# SPDX-License-Identifier: Apache-2.0
"""Indicators that people put together without code: a layer, conditions, what is summed and how it is cut.

What comes out are the SQL expressions of a measure (twin/model/fact.py). Nothing a person typed gets into them
but as a quoted literal; names are looked up among the layer's declared properties. They are evaluated by the trigger
of every write, in whatever session writes: so they never raise, and say the same in every time zone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from psycopg.sql import SQL, Composable, Identifier
from psycopg.sql import Literal as Quoted

from layers import business
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
_GREATEST: Final = 1e99
"""Beyond it a comparison with a double could not be made."""

_LONGEST_CUT: Final = 200
"""Characters of a text by which facts are cut; it is part of their key, which has to fit into an index."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition on a property."""

    property: str
    op: Operator
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """What is counted (`value` None) or summed, over which features of a layer, and cut by what.

    `day` names the moment whose day cuts it; `by_day` alone takes the layer's own.
    """

    layer: str
    conditions: tuple[Condition, ...] = ()
    value: str | None = None
    dimension: str | None = None
    by_day: bool = False
    day: str | None = None
    by_share: bool = False


@dataclass(frozen=True)
class Source:
    """What indicators are made of: a layer, and its properties as SQL over the columns of its kind.

    narrowed: which of the kind's rows are the layer's; None: all. access_class: the least that knows of the layer.
    """

    layer: Layer
    columns: Mapping[str, Composable]
    narrowed: Composable | None = None
    access_class: int = 1

    @property
    def properties(self) -> tuple[Property, ...]:
        """Those that a condition, a sum or a cut may name."""
        return tuple(p for p in self.layer.properties if p.name in self.columns)


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


def make_source(layer: Layer, columns: Collection[str], access_class: int = 1) -> Source:
    """A layer as a source. `columns` are those of its table; `access_class` is that of a business layer."""
    if layer.kind == business.KIND:
        expressed = {p.name: business.express_property(p) for p in layer.properties}
        narrowed = SQL("layer_code = {}").format(Quoted(layer.id))
        return Source(layer, expressed, narrowed, access_class)
    return Source(layer, {p.name: Identifier(p.name) for p in layer.properties if p.name in columns})


def compose(indicator: Indicator, source: Source) -> Expressions:
    """The expressions of an indicator.

    Raises InvalidRequestError naming what the layer does not have, or what does not go together.
    """
    layer, columns = source.layer, source.columns
    used: list[Property] = []
    conditions = [] if source.narrowed is None else [source.narrowed]
    for condition in indicator.conditions:
        used.append(declared := _find(source, condition.property, "conditions"))
        conditions.append(_condition(condition, declared, columns[declared.name]))
    value: Composable = SQL("1")
    if indicator.value is not None:
        used.append(summed := _find(source, indicator.value, "value"))
        if summed.type not in _NUMBERS:
            raise _wrong("value", f"“{summed.name}”不是数,不能求和", f"'{summed.name}' is no number, so it has no sum")
        value = columns[summed.name]
    dimension = None
    if indicator.dimension is not None:
        used.append(cut := _find(source, indicator.dimension, "dimension"))
        dimension = _cut(cut, columns[cut.name])
    period = None
    if indicator.day is not None:
        used.append(day := _find(source, indicator.day, "day"))
        if day.type != "datetime":
            raise _wrong("day", f"“{day.name}”不是时间", f"'{day.name}' is no moment")
        period = SQL("local_day({})").format(columns[day.name])
    elif indicator.by_day:
        if layer.time_column is None:
            raise _no_time(source)
        used += [p for p in layer.properties if p.name == layer.time_column]
        period = SQL("local_day({})").format(Identifier(layer.time_column))
    if indicator.by_share and layer.geometry == "point":
        raise _wrong("by_share", "点没有面积或长度可分摊", "points have no area or length to share out")
    return Expressions(
        kind=layer.kind,
        value=value.as_string(),
        filter=SQL(" AND ").join(conditions).as_string() if conditions else None,
        dimension=None if dimension is None else dimension.as_string(),
        period=None if period is None else period.as_string(),
        access_class=max(source.access_class, *(p.access_class for p in used), 1),
        properties=tuple(p.name for p in used),
    )


def _find(source: Source, name: str, where: str) -> Property:
    for declared in source.properties:
        if declared.name == name:
            return declared
    listed = ", ".join(p.name for p in source.properties)
    raise _wrong(
        where,
        f"图层 {source.layer.id} 没有可用于指标的属性“{name}”,可用:{listed}",
        f"the layer {source.layer.id} has no property '{name}' for indicators; it has {listed}",
    )


def _cut(declared: Property, column: Composable) -> Composable:
    if declared.type == "datetime":
        # As text a moment looks different in every time zone.
        return SQL("to_char(local_day({}), 'YYYY-MM-DD')").format(column)
    if declared.type == "string":
        return SQL("left(({})::text, {})").format(column, Quoted(_LONGEST_CUT))
    return column


def _condition(condition: Condition, declared: Property, column: Composable) -> Composable:
    if condition.op == "is null":
        return SQL("({}) IS NULL").format(column)
    if condition.op == "is not null":
        return SQL("({}) IS NOT NULL").format(column)
    if condition.op == "in":
        values = condition.value if isinstance(condition.value, list) else [condition.value]
        if not values:
            raise _wrong("conditions", "“in”需要至少一个值", "'in' needs a value")
        return SQL("({}) IN ({})").format(column, SQL(", ").join(_literal(v, declared) for v in values))
    return SQL("({}) {} {}").format(column, _COMPARE[condition.op], _literal(condition.value, declared))


def _literal(value: Any, declared: Property) -> Composable:
    moment = _read_moment(value) if declared.type == "datetime" else None
    fits = {
        "string": isinstance(value, str) and "\0" not in value,
        "datetime": moment is not None,
        "boolean": isinstance(value, bool),
    }.get(declared.type, isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _GREATEST)
    if not fits:
        raise _wrong(
            "conditions",
            f"“{declared.name}”的值 {value!r} 不是 {declared.type}",
            f"{value!r} is no {declared.type}, which '{declared.name}' is",
        )
    if moment is not None and moment.tzinfo is None:
        # The district's, whoever writes; the session's zone would be another in another program.
        return SQL("({}::timestamp AT TIME ZONE (SELECT time_zone FROM public.calendar))").format(
            Quoted(moment.isoformat())
        )
    if moment is not None:
        value = moment.isoformat()
    return SQL("{}::{}").format(Quoted(str(value) if declared.type in _NUMBERS else value), _CASTS[declared.type])


def _read_moment(value: Any) -> datetime | None:
    """The moment, in UTC where it names a zone; None where it is none."""
    try:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _no_time(source: Source) -> InvalidRequestError:
    named = ", ".join(p.name for p in source.properties if p.type == "datetime")
    return _wrong(
        "by_day",
        f"图层 {source.layer.id} 没有时间列" + (f",请用 day 指明:{named}" if named else ""),
        f"the layer {source.layer.id} has no time column" + (f"; name one with `day`: {named}" if named else ""),
    )


def _wrong(name: str, zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"{zh}。", f"{en[0].upper()}{en[1:]}."), name)
