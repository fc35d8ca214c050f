# SPDX-License-Identifier: Apache-2.0
"""Instants, days and intervals, and how they lie to each other.

A date is its whole day in the district's zone, both ends included, as it is in the parameter `datetime`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, tzinfo
from typing import Final

from psycopg.sql import SQL, Composable

from layers.cql2.operand import Operand
from layers.cql2.refusal import refuse
from twin.text import Text

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")

_DAY_FIX: Final = Text("写作 DATE('2026-01-31')", "write DATE('2026-01-31')")
_MOMENT_FIX: Final = Text(
    "写作 TIMESTAMP('2026-01-31T08:00:00Z'),以 Z 或时差结尾",
    "write TIMESTAMP('2026-01-31T08:00:00Z'), with Z or an offset at its end",
)

RELATIONS: Final[Mapping[str, SQL]] = {
    "t_after": SQL("{a_start} > {b_end}"),
    "t_before": SQL("{a_end} < {b_start}"),
    "t_contains": SQL("{a_start} < {b_start} AND {a_end} > {b_end}"),
    "t_disjoint": SQL("({a_start} > {b_end} OR {a_end} < {b_start})"),
    "t_during": SQL("{a_start} > {b_start} AND {a_end} < {b_end}"),
    "t_equals": SQL("{a_start} = {b_start} AND {a_end} = {b_end}"),
    "t_finishedby": SQL("{a_start} < {b_start} AND {a_end} = {b_end}"),
    "t_finishes": SQL("{a_start} > {b_start} AND {a_end} = {b_end}"),
    "t_intersects": SQL("{a_start} <= {b_end} AND {a_end} >= {b_start}"),
    "t_meets": SQL("{a_end} = {b_start}"),
    "t_metby": SQL("{a_start} = {b_end}"),
    "t_overlappedby": SQL("{a_start} > {b_start} AND {a_start} < {b_end} AND {a_end} > {b_end}"),
    "t_overlaps": SQL("{a_start} < {b_start} AND {a_end} > {b_start} AND {a_end} < {b_end}"),
    "t_startedby": SQL("{a_start} = {b_start} AND {a_end} > {b_end}"),
    "t_starts": SQL("{a_start} = {b_start} AND {a_end} < {b_end}"),
}
"""By the start and the end of both, as clause 7 has it; an instant is both at once."""

_COMPARED: Final[Mapping[str, SQL]] = {
    "=": SQL("{a_start} >= {b_start} AND {a_end} <= {b_end}"),
    "<>": SQL("NOT ({a_start} >= {b_start} AND {a_end} <= {b_end})"),
    "<": SQL("{a_end} < {b_start}"),
    "<=": SQL("{a_start} <= {b_end}"),
    ">": SQL("{a_start} > {b_end}"),
    ">=": SQL("{a_end} >= {b_start}"),
}


def read_day(value: object, zone: tzinfo, where: str) -> tuple[datetime, datetime]:
    """The first and the last moment of a date. Raises InvalidRequestError."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            day = date.fromisoformat(value)
            return datetime.combine(day, time(), zone), datetime.combine(day, time.max, zone)
    except ValueError:
        pass
    raise refuse(where, Text("不是有效的日期", "it is no valid date"), _DAY_FIX)


def read_moment(value: object, where: str) -> datetime:
    """An RFC 3339 timestamp. Raises InvalidRequestError."""
    try:
        # A plus sign arrives as a space where a client did not escape it.
        if isinstance(value, str) and _MOMENT.fullmatch(spelled := value.replace(" ", "+")):
            return datetime.fromisoformat(spelled)
    except ValueError:
        pass
    raise refuse(where, Text("不是有效的时刻", "it is no valid timestamp"), _MOMENT_FIX)


def is_day(value: object) -> bool:
    """Whether it looks like a date rather than like a timestamp."""
    return isinstance(value, str) and _DAY.fullmatch(value) is not None


def compare_times(operator: str, a: Operand, b: Operand) -> Composable:
    """`a` and `b` are instants or days; an instant equals the day in which it lies."""
    if a.kind == b.kind == "instant":
        return SQL("({} {} {})").format(a.sql, SQL(operator), b.sql)  # pyright: ignore[reportArgumentType]
    if operator in ("=", "<>") and a.kind == "day":
        a, b = b, a
    return _relate(_COMPARED[operator], a, b)


def relate_times(operator: str, a: Operand, b: Operand) -> Composable:
    """One of `RELATIONS` of two operands of whatever temporal kind."""
    if operator == "t_equals" and {a.kind, b.kind} == {"instant", "day"}:
        return compare_times("=", a, b)
    return _relate(RELATIONS[operator], a, b)


def _relate(template: SQL, a: Operand, b: Operand) -> Composable:
    return SQL("({})").format(template.format(a_start=a.sql, a_end=a.last, b_start=b.sql, b_end=b.last))
