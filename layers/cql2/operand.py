# SPDX-License-Identifier: Apache-2.0
"""What a part of an expression is: its type and its SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from psycopg.sql import Composable

from twin.text import Text

Kind = Literal["text", "number", "boolean", "instant", "day", "interval", "geometry"]

KINDS: Final[dict[Kind, Text]] = {
    "text": Text("文本", "a text"),
    "number": Text("数字", "a number"),
    "boolean": Text("真假值", "true or false"),
    "instant": Text("时刻", "an instant"),
    "day": Text("日期", "a date"),
    "interval": Text("时间区间", "an interval"),
    "geometry": Text("几何", "a geometry"),
}

TEMPORAL: Final[frozenset[Kind]] = frozenset({"instant", "day", "interval"})


@dataclass(frozen=True)
class Operand:
    """A typed piece of SQL.

    number: the value, where it is a literal. end: of a day or an interval, whose start is `sql`, both included.
    is_literal: without any property. is_mixed: a collection of points, lines and areas.
    """

    kind: Kind
    sql: Composable
    number: float | None = None
    end: Composable | None = None
    is_literal: bool = False
    is_mixed: bool = False

    @property
    def last(self) -> Composable:
        """The end of what has one, else the instant itself."""
        return self.sql if self.end is None else self.end
