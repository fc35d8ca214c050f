# SPDX-License-Identifier: Apache-2.0
"""The statements that are asked again and again: composed once, then known to PostgreSQL by name and only bound.

What they are is written in `layers.query`; here their text is taken once for all requests that narrow in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from psycopg.sql import SQL, Identifier

from layers.filter import NO_FILTER, Filter, code_range
from layers.layer import Layer
from layers.query import is_read_in_order, select_item, select_page
from layers.shape import Shape
from layers.tile import Box

_KEPT: Final = 512
"""Texts; a page has one for each layer, class and way of narrowing that are in use."""
_NEAR_DEGREES: Final = 0.005
"""Sides of a box that holds so little of any district that its index is the best way, wherever it lies."""
_SIDES: Final = ("west", "south", "east", "north")
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s|%%")


@dataclass(frozen=True, eq=False)
class Prepared:
    """A statement as PostgreSQL takes it: `$1` and on stand for the values called `names`."""

    text: bytes
    names: tuple[str, ...]
    name: bytes = field(init=False)
    """By which a connection knows it: the same for the same text."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", b"twin_" + sha256(self.text).hexdigest()[:32].encode())


@dataclass(frozen=True)
class Bound:
    """A prepared statement and its values, as texts in UTF-8.

    is_general: one plan is the best for whatever it binds, so that none has to be made for these values.
    """

    prepared: Prepared
    values: Sequence[bytes]
    is_general: bool


def prepare(text: str) -> Prepared:
    """A text with `%(name)s` where values go, as a prepared one."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match[1]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    written = _PLACEHOLDER.sub(number, text)
    return Prepared(written.encode(), tuple(names))


def bind(prepared: Prepared, values: Mapping[str, Any], *, is_general: bool) -> Bound:
    """Values are texts and numbers; what is None or a list has no place here."""
    return Bound(prepared, [str(values[name]).encode() for name in prepared.names], is_general)


def bind_page(
    layer: Layer, narrowed: Filter, access_class: int, *, limit: int, after: Sequence[str] | None, shape: Shape
) -> Bound | None:
    """`select_page`, prepared; None for a narrowing that is asked for too rarely, or in too many ways, to be kept.

    A moment of the past is the transaction's business, as it is of all statements.
    """
    boxes, block = narrowed.boxes, narrowed.block
    if len(boxes) > 1 or replace(narrowed, boxes=(), block=None, as_of=None, keeps_unknown=False) != NO_FILTER:
        return None
    prepared = _prepare_page(
        layer, access_class, shape, bool(boxes), narrowed.keeps_unknown, block is not None, bool(after)
    )  # fmt: skip
    values: dict[str, Any] = {"limit": limit}
    if boxes:
        values |= {f"box0_{side}": float(number) for side, number in zip(_SIDES, boxes[0], strict=True)}
    if block is not None:
        values["low"], values["high"] = code_range(block)
    if after:
        values |= {"after_time": after[0], "after_id": int(after[-1])}
    # A page in order has one way to be read; a large box or block has several, and which is best is seen by its size.
    is_general = block is None and (is_near(boxes[0]) if boxes else is_read_in_order(narrowed))
    return bind(prepared, values, is_general=is_general)


def is_near(box: Box) -> bool:
    """Whether a box (degrees) is no larger than a few streets."""
    west, south, east, north = box
    return east - west <= _NEAR_DEGREES and north - south <= _NEAR_DEGREES


@lru_cache(_KEPT)
def _prepare_page(
    layer: Layer, access_class: int, shape: Shape, has_box: bool, keeps_unknown: bool, has_block: bool, is_later: bool
) -> Prepared:
    like_it = Filter(
        boxes=((0.0, 0.0, 0.0, 0.0),) if has_box else (), keeps_unknown=keeps_unknown, block="" if has_block else None
    )
    last = ("0", "0") if is_later else None
    return prepare(select_page(layer, like_it, access_class, limit=0, after=last, shape=shape).text.as_string())


def bind_item(layer: Layer, feature_id: int, access_class: int, shape: Shape) -> Bound:
    """`select_item`, prepared."""
    return bind(_prepare_item(layer, access_class, shape), {"id": feature_id}, is_general=True)


@lru_cache(_KEPT)
def _prepare_item(layer: Layer, access_class: int, shape: Shape) -> Prepared:
    return prepare(select_item(layer, 0, access_class, shape).text.as_string())


def bind_version(layer: Layer, feature_id: int) -> Bound:
    """When what is recorded of a feature was recorded: one row with a timestamptz, or none."""
    return bind(_prepare_version(layer.kind), {"id": feature_id}, is_general=True)


@lru_cache(_KEPT)
def _prepare_version(kind: str) -> Prepared:
    text = SQL("SELECT recorded_at FROM {} WHERE id = %(id)s::bigint").format(Identifier(kind))
    return prepare(text.as_string())
