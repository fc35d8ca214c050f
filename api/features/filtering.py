# SPDX-License-Identifier: Apache-2.0
"""The parameters filter, filter-lang and filter-crs (OGC API Features Part 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import Query

from api.http.offered_crs import find_crs
from api.services import Services
from layers.cql2.condition import ID, compile_expression
from layers.cql2.expression import Expression
from layers.cql2.geometry import LiteralCrs
from layers.cql2.refusal import refuse
from layers.cql2.text import check_length, parse_text
from layers.layer import Layer, Property
from twin.access import Actor
from twin.errors import InvalidRequestError
from twin.text import Text

LANGUAGES: Final = ("cql2-text", "cql2-json")
"""What `filter-lang` may be, the default first."""

NAMES: Final = ("filter", "filter-lang", "filter-crs")

QUERYABLE_ID: Final = Property(name=ID, title=Text("编号", "Id"), type="integer")
"""Every layer has it, and none declares it."""

CONFORMS_TO: Final = (
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
        for name in (
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus",
            "spatial-functions", "temporal-functions", "property-property", "arithmetic",
        )
    ),
)  # fmt: skip
"""The classes of Part 3 and of CQL2 that hold here: without arrays, which no layer has, and functions of our own."""


@dataclass(frozen=True, kw_only=True)
class FilterQuery:
    """The three parameters, still as text."""

    text: str | None = None
    language: str | None = None
    crs: str | None = None


def read_filter_query(
    filter: Annotated[str | None, Query(description="a condition in CQL2 (OGC 21-065r2) on the queryables")] = None,
    filter_lang: Annotated[
        str | None, Query(alias="filter-lang", description="cql2-text, unless it is cql2-json")
    ] = None,
    filter_crs: Annotated[
        str | None, Query(alias="filter-crs", description="the URI of the CRS of the filter's geometries")
    ] = None,
) -> FilterQuery:  # fmt: skip
    """A dependency: the parameters of a filter, the same wherever features are chosen."""
    return FilterQuery(text=filter, language=filter_lang, crs=filter_crs)


def pick_filter_query(given: Mapping[str, str]) -> FilterQuery:
    """The same of a bare route's parameters."""
    return FilterQuery(text=given.get(NAMES[0]), language=given.get(NAMES[1]), crs=given.get(NAMES[2]))


def read_expression(services: Services, actor: Actor, layer: Layer, query: FilterQuery) -> Expression | None:
    """The condition that is asked for; None where none is. Raises InvalidRequestError that says where and what."""
    if query.language not in (None, *LANGUAGES):
        listed = ", ".join(LANGUAGES)
        raise InvalidRequestError(
            Text(f"参数 filter-lang 应为 {listed} 之一。", f"The parameter filter-lang is one of {listed}."),
            "filter-lang",
        )
    crs = find_crs(services.settings, query.crs, "filter-crs")
    if query.text is None:
        return None
    check_length(query.text)
    tree = parse_json(query.text) if query.language == "cql2-json" else parse_text(query.text)
    literals = LiteralCrs(None if crs.is_geographic else crs.srid, crs.is_flipped)
    return compile_expression(tree, layer, actor.access_class, zone=services.zone, crs=literals)


def parse_json(text: str) -> Any:
    """The tree of a CQL2 JSON text. Raises InvalidRequestError with line and column.

    Read as JSON alone: what the tree means is judged by `compile_expression`, for both languages alike.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise refuse(
            f"{error.lineno}:{error.colno}",
            Text("不是有效的 JSON", "it is no valid JSON"),
            Text("请检查引号、逗号与括号,或改用 cql2-text", "check quotes, commas and brackets, or use cql2-text"),
        ) from error
