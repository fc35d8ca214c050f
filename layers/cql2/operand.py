# SPDX-License-Identifier: Apache-2.0
"""What a part of an expression is: its type and its SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    is_literal: without any property. is_mixed: a collection of points, lines and areas. readings: the same value as
    other kinds, where its kind is only known from what it is held against.
    """

    kind: Kind
    sql: Composable
    number: float | None = None
    end: Composable | None = None
    is_literal: bool = False
    is_mixed: bool = False
    readings: Mapping[Kind, Composable] | None = None

    @property
    def last(self) -> Composable:
        """The end of what has one, else the instant itself."""
        return self.sql if self.end is None else self.end

    def read_as(self, kind: Kind) -> Operand:
        """The same as another kind, where it can be read so."""
        if self.readings is None or kind not in self.readings:
            return self
        return replace(self, kind=kind, sql=self.readings[kind], readings=None)


def settle_kinds(operands: Sequence[Operand], otherwise: Kind) -> list[Operand]:
    """The operands of one operator: those of no fixed kind become the others', or what it is `otherwise`."""
    kinds: list[Kind] = [*(one.kind for one in operands if one.readings is None), otherwise]
    return [one.read_as(kinds[0]) for one in operands]
