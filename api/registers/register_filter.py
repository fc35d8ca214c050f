# SPDX-License-Identifier: Apache-2.0
"""What a list of a register is narrowed and sorted by, read from a request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, LiteralString, cast

from api.http.parameters import parse_code, parse_ids
from layers.filter import Filter, Match, Operator, Order
from layers.layer import Layer
from twin.access import Actor
from twin.errors import InvalidRequestError
from twin.text import Text

TYPES: Final[Mapping[str, LiteralString]] = {"industrial_parks": "park_type"}
"""What `type` narrows by, in registers that have types."""


def make_filter(
    layer: Layer, actor: Actor, *, q: str | None, block: str | None, type: str | None, where: Sequence[str] | None,
    ids: str | None = None,
) -> Filter:  # fmt: skip
    """The narrowing that a list asks for. Raises InvalidRequestError."""
    if any("\0" in text for text in (q or "", type or "", *(where or ()))):
        raise InvalidRequestError(Text("查询含有空字符。", "The search holds a NUL character."), "q")
    matches = [parse_match(text, layer, actor) for text in where or ()]
    if type is not None:
        column = TYPES.get(layer.id)
        if column is None:
            raise InvalidRequestError(
                Text("这个登记册没有类型。", "The entries of this register have no types."), "type"
            )
        matches.append(Match(column, "=", type))
    return Filter(
        block=None if block is None else parse_code(block),
        ids=None if ids is None else parse_ids(ids),
        search=tuple((q or "").split()),
        matches=tuple(matches),
    )


def parse_match(text: str, layer: Layer, actor: Actor) -> Match:
    """A condition such as `vacant_area>=1000`. Raises InvalidRequestError."""
    found = re.fullmatch(r"\s*([a-z][a-z0-9_]*)\s*(>=|<=|!=|=|>|<|~)\s*(.{1,100}?)\s*", text)
    known = {p.name: p for p in layer.properties_for(actor.access_class)}
    if found is None or found[1] not in known:
        listed = ", ".join(known)
        raise InvalidRequestError(
            Text(
                f"条件应写作 字段>=值(=、!=、>=、<=、>、<、~)。可用字段:{listed}。",
                f"A condition is field>=value (=, !=, >=, <=, >, <, ~), of the fields {listed}.",
            ),
            "filter",
        )
    name, operator, value = found.groups()
    if known[name].type in ("integer", "number") and operator != "~":
        try:
            return Match(name, cast(Operator, operator), float(value))
        except ValueError:
            raise InvalidRequestError(
                Text(f"{name} 应与数字比较。", f"{name} is compared with a number."), "filter"
            ) from None
    return Match(name, cast(Operator, operator), value)


def parse_order(text: str, layer: Layer, actor: Actor) -> Order:
    """An order such as `name` or `-vacant_area`. Raises InvalidRequestError."""
    name = text.removeprefix("-")
    known = [p.name for p in layer.properties_for(actor.access_class)]
    if name not in known:
        listed = ", ".join(known)
        raise InvalidRequestError(
            Text(f"不能按“{name}”排序。可用:{listed}。", f"The entries are sorted by one of {listed}."), "sort"
        )
    return Order(name, text.startswith("-"))
