# SPDX-License-Identifier: Apache-2.0
"""Spatial predicates, each with the overlap of boxes beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, LiteralString

from psycopg.sql import SQL, Composable
from shapely.geometry.base import BaseGeometry

from layers.cql2.geometry import LiteralCrs, read_box, read_shape
from layers.cql2.operand import KINDS, Operand
from layers.cql2.refusal import refuse
from twin.text import Text

PREDICATES: Final[Mapping[str, LiteralString]] = {
    "s_intersects": "ST_Intersects", "s_disjoint": "ST_Intersects", "s_equals": "ST_Equals",
    "s_touches": "ST_Touches", "s_within": "ST_Within", "s_overlaps": "ST_Overlaps", "s_crosses": "ST_Crosses",
    "s_contains": "ST_Contains",
}  # fmt: skip

_ANY_DIMENSION: Final = frozenset({"s_intersects", "s_disjoint"})


def read_literal(node: Mapping[str, Any], crs: LiteralCrs, where: str) -> BaseGeometry | None:
    """The geometry that a node is, in the storage CRS; None for a node that is none. Raises InvalidRequestError."""
    keys = set(node)
    if keys == {"bbox"}:
        return read_box(node["bbox"], crs, where)
    if keys == {"op", "args"}:
        # The name that the standard's drafts had for a box.
        return read_box(node["args"], crs, where)
    if keys in ({"type", "coordinates"}, {"type", "geometries"}):
        return read_shape(node, crs, where)
    return None


def relate_shapes(operator: str, a: Operand, b: Operand, where: str) -> Composable:
    """One of `PREDICATES` of two geometries.

    All but disjointness need boxes that overlap. Saying so changes no answer, and is what lets row-level security use
    the spatial index: `&&` is leakproof here, the predicates are not. What is disjoint does not intersect.
    """
    for number, one in enumerate((a, b)):
        there = f"{where}.args[{number}]"
        if one.kind != "geometry":
            what = Text(
                f"应为几何,而这里是{KINDS[one.kind].zh}", f"it has to be a geometry, and is {KINDS[one.kind].en}"
            )
            raise refuse(there, what, Text("几何属性是 geometry", "the property of that type is geometry"))
        if one.is_mixed and operator not in _ANY_DIMENSION:
            raise refuse(
                there,
                Text(
                    "点、线、面混合的几何集合只能判断是否相交",
                    "a collection of points, lines and areas only intersects",
                ),
                Text("请分别给出各个几何,用 OR 连接", "give its parts one by one and join them by OR"),
            )
    related = SQL("{}({}, {})").format(SQL(PREDICATES[operator]), a.sql, b.sql)
    if operator not in _ANY_DIMENSION:
        for one in (a, b):
            if not one.is_literal:
                # The server's GEOS would fail the statement over one mixed collection among the features.
                related = SQL("CASE WHEN GeometryType({}) <> 'GEOMETRYCOLLECTION' THEN {} END").format(one.sql, related)
    met = SQL("({} && {} AND {})").format(a.sql, b.sql, related)
    return SQL("(NOT {})").format(met) if operator == "s_disjoint" else met
