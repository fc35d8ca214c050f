# SPDX-License-Identifier: Apache-2.0
"""Which counts of people are withheld, for the whole tree at once, so that no two answers together tell one."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, Protocol

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from layers.suppression import CountTree, withhold
from twin.access import Actor

_TREE: Final[LiteralString] = """
    SELECT block.code, block.parent_code FROM valid_block AS block
    JOIN block_scheme ON block_scheme.scheme = block.scheme AND block_scheme.is_governance
"""
_NOW: Final[LiteralString] = """
    SELECT code, sum(value)::bigint FROM (
        SELECT block_code AS code, value FROM block_fact WHERE measure = %(measure)s
        UNION ALL
        SELECT left(block_code, width), value
        FROM block_fact_delta, block_scheme, unnest(level_widths) AS width
        WHERE is_governance AND measure = %(measure)s AND length(block_code) >= width
    ) AS known GROUP BY code
"""
_THEN: Final[LiteralString] = """
    SELECT left(block_code, width), sum(value)::bigint
    FROM count_facts('', '~', ARRAY[%(measure)s]), block_scheme, unnest(level_widths) AS width
    WHERE is_governance AND length(block_code) >= width GROUP BY 1
"""


@dataclass(frozen=True)
class Withheld:
    """The blocks whose count is shown as "<k", and those whose count is not shown at all."""

    small: frozenset[str]
    silent: frozenset[str]


class _AsActor(Protocol):
    def __call__(
        self, actor: Actor, as_of: datetime | None = None
    ) -> AbstractAsyncContextManager[AsyncConnection[TupleRow]]: ...


class SmallCounts:
    """Remembers what is withheld of a measure until anything of its kind, or any block, has changed."""

    def __init__(self, as_actor: _AsActor) -> None:
        self._as_actor = as_actor
        self._known: dict[tuple[str, int], Withheld] = {}
        self.is_live = False
        """Whether changes are heard of; while they are not, nothing is remembered."""

    def forget(self) -> None:
        """Something changed. What is being worked out meanwhile goes into the old dictionary, and with it."""
        self._known = {}

    async def find(self, measure: str, k: int, access_class: int, as_of: datetime | None = None) -> Withheld:
        """What is withheld from everybody of this class. All blocks are looked at, whatever the asker's scope."""
        if as_of is None and (known := self._known.get((measure, access_class))):
            return known
        known_before = self._known
        async with self._as_actor(Actor("leader", (), access_class), as_of) as connection:
            blocks = await (await connection.execute(_TREE)).fetchall()
            counts = await (await connection.execute(_NOW if as_of is None else _THEN, {"measure": measure})).fetchall()
        order, tree = CountTree.build(dict(counts), dict(blocks))
        small, silent = withhold(tree, k)
        found = Withheld(
            frozenset(code for code, flag in zip(order, small, strict=True) if flag),
            frozenset(code for code, flag in zip(order, silent, strict=True) if flag),
        )
        if as_of is None and self.is_live:
            known_before[measure, access_class] = found
        return found
