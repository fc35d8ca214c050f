# SPDX-License-Identifier: Apache-2.0
"""Composes the SQL of solids. Every statement runs as an actor, so only what it may see is counted or drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg.sql import SQL, Composable, Identifier

from layers.conditions import Statement
from layers.filter import code_range
from layers.solids.declaration import Column, SolidLayer
from twin.home import OUTSIDE

REST: Final = "-rest"
"""What the name of a part ends with that is the features of a block which no finer block has."""

_HAS_SHAPE: Final = SQL("geometry IS NOT NULL AND NOT ST_IsEmpty(geometry)")


def select_any(solid: SolidLayer) -> Statement:
    """One row: whether there is anything to draw."""
    text = SQL("SELECT EXISTS (SELECT FROM ({source}) AS solid WHERE {has_shape})")
    return Statement(text.format(source=SQL(solid.sql), has_shape=_HAS_SHAPE), {})


def list_homes(kind: str, width: int) -> Statement:
    """One row a code that homes have in a table, cut to `width` digits: from one to the next along the index.

    For the owner's eyes: where an actor has something is asked code by code.
    """
    text = SQL("""
        WITH RECURSIVE home(code) AS (
            (SELECT left(block_code, %(width)s) FROM {table} ORDER BY block_code LIMIT 1)
            UNION ALL
            SELECT (SELECT left(block_code, %(width)s) FROM {table}
                    WHERE block_code >= home.code
                          || CASE WHEN length(home.code) = %(width)s THEN %(beyond)s::text ELSE chr(1) END
                    ORDER BY block_code LIMIT 1)
            FROM home WHERE home.code IS NOT NULL
        )
        SELECT code FROM home WHERE code IS NOT NULL
    """)
    return Statement(text.format(table=Identifier(kind)), {"width": width, "beyond": OUTSIDE})


def name_part(code: str, width: int) -> str:
    """The name of the part that a home, cut to `width` digits, is in."""
    return code if len(code) == width else f"{code}{REST}"


def select_parts(solid: SolidLayer, width: int, within: str) -> Statement:
    """One row a part: its code (homes cut to `width` digits), the box of what is in it, the highest class, and the
    middle of the block's own box, which stays when features come and go (NULL where there is no such block).

    within: the name of the part that is cut further; one that is not comes as itself.
    """
    values: dict[str, Any] = {"width": width}
    text = SQL("""
        SELECT part.code, west, south, base, east, north, top, class,
               (ST_XMin(block.geometry) + ST_XMax(block.geometry)) / 2,
               (ST_YMin(block.geometry) + ST_YMax(block.geometry)) / 2
        FROM (SELECT left(block_code, %(width)s) AS code, min(ST_XMin(geometry)) AS west,
                     min(ST_YMin(geometry)) AS south, min(low) AS base, max(ST_XMax(geometry)) AS east,
                     max(ST_YMax(geometry)) AS north, max(high) AS top, max(access_class) AS class
              FROM ({source}) AS solid WHERE {has_shape} AND {home} GROUP BY 1) AS part
        LEFT JOIN (valid_block AS block
                   JOIN block_scheme ON block_scheme.scheme = block.scheme AND block_scheme.is_governance)
            ON block.code = part.code
        ORDER BY part.code
    """).format(source=SQL(solid.sql), has_shape=_HAS_SHAPE, home=_at_home(within, values))
    return Statement(text, values)


def select_boxes(solid: SolidLayer, part: str, most: int) -> Statement:
    """The features of a part as boxes: id, home, west, south, low, east, north, high, part_of, points, class.

    No more than `most` and one: a part with more is not planned row by row.
    """
    values: dict[str, Any] = {"most": most}
    text = SQL("""
        SELECT id, block_code, ST_XMin(geometry), ST_YMin(geometry), low::float8, ST_XMax(geometry), ST_YMax(geometry),
               high::float8, part_of, ST_NPoints(geometry), access_class
        FROM ({source}) AS solid WHERE {has_shape} AND {home} LIMIT %(most)s + 1
    """).format(source=SQL(solid.sql), has_shape=_HAS_SHAPE, home=_at_home(part, values))
    return Statement(text, values)


def select_solids(solid: SolidLayer, columns: Sequence[Column], ids: Sequence[int]) -> Statement:
    """The features of a node: id, WKB, low, high, class, then the columns."""
    text = SQL("""
        SELECT id, ST_AsBinary(geometry), low::float8, high::float8, access_class, {columns}
        FROM (SELECT *, (high - low)::float8 AS height FROM ({source}) AS solid WHERE id = ANY (%(ids)s)) AS shown
        WHERE {has_shape} ORDER BY id
    """).format(
        source=SQL(solid.sql), has_shape=_HAS_SHAPE, columns=SQL(", ").join(Identifier(c.name) for c in columns)
    )
    return Statement(text, {"ids": list(ids)})


def _at_home(part: str, values: dict[str, Any]) -> Composable:
    if part.endswith(REST):
        values["code"] = part.removesuffix(REST)
        return SQL("block_code = %(code)s")
    values["low_code"], values["high_code"] = code_range(part)
    return SQL("block_code >= %(low_code)s AND block_code < %(high_code)s")
