# SPDX-License-Identifier: Apache-2.0
"""What a request asks a layer to be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

from layers.cql2.expression import Expression
from layers.tile import Box
from twin.home import OUTSIDE

Operator = Literal["=", "!=", ">=", "<=", ">", "<", "~"]


@dataclass(frozen=True)
class Match:
    """A condition on one property; `~` is: contains the text, in whatever case."""

    name: str
    operator: Operator
    value: str | float | bool


@dataclass(frozen=True)
class Order:
    """By one property; what has no value comes last either way."""

    name: str
    is_descending: bool = False


class Frame(NamedTuple):
    """A box in a projected CRS (metres, easting before northing)."""

    srid: int
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A narrowing; everything that is None does not narrow.

    boxes: one box, or the two halves of one across the antimeridian (degrees, lon/lat). frame: a box in metres, of
    which `boxes` then is what it covers in degrees; what has no place is in every box if `keeps_unknown`, what has no
    time in every interval.
    block: a block's code, with all below it. ids: feature ids.
    interval: valid time from, to, both included; None is open. as_of: what was recorded at that moment; the
    transaction sees to it (twin/access.py), so it is no condition. search: words, all of which the name or the code
    has. matches: conditions on properties, all of which hold; which properties may be asked is for the caller to see.
    expression: a condition in CQL2, compiled for the layer and for who asks.
    """

    boxes: tuple[Box, ...] = ()
    frame: Frame | None = None
    keeps_unknown: bool = False
    block: str | None = None
    ids: tuple[int, ...] | None = None
    interval: tuple[datetime | None, datetime | None] | None = None
    as_of: datetime | None = None
    search: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    expression: Expression | None = None

    @property
    def cache_key(self) -> str:
        """Equal for equal filters, '' for none."""
        return "" if self == NO_FILTER else repr(self)


NO_FILTER: Final = Filter()


def code_range(code: str) -> tuple[str, str]:
    """Where the codes of a block and all below it lie: from, to (excluded)."""
    return code, code + OUTSIDE


def cut_box(west: float, south: float, east: float, north: float) -> tuple[Box, ...]:
    """A requested box as boxes that each run from west to east: two where it crosses the antimeridian."""
    if west <= east:
        return ((west, south, east, north),)
    return (west, south, 180.0, north), (-180.0, south, east, north)
