# SPDX-License-Identifier: Apache-2.0
"""Which counts of people and which sums of few are withheld, for the whole tree at once, so that no two answers
together tell one."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, LiteralString, Protocol

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from layers.suppression import Contributions, CountTree, withhold, withhold_dominated
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
_THAT_DAY: Final[LiteralString] = _NOW.replace(
    ") AS known",
    """
        UNION ALL
        SELECT block_code, -value FROM block_fact_change WHERE measure = %(measure)s AND day > %(day)s
        UNION ALL
        SELECT left(block_code, width), -value
        FROM block_fact_delta, block_scheme, unnest(level_widths) AS width
        WHERE is_governance AND measure = %(measure)s AND length(block_code) >= width
          AND local_day(recorded_at) > %(day)s
    ) AS known""",
)
_THEN: Final[LiteralString] = """
    SELECT left(block_code, width), sum(value)::bigint
    FROM count_facts('', '~', ARRAY[%(measure)s]), block_scheme, unnest(level_widths) AS width
    WHERE is_governance AND length(block_code) >= width GROUP BY 1
"""
_CONTRIBUTORS: Final[LiteralString] = """
    SELECT code, total, contributors, ids, parts FROM read_contributors(%(measure)s)
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
        self._known: dict[tuple[str, int, date | None], Withheld] = {}
        self._dominated: dict[tuple[str, int], frozenset[str]] = {}
        self.is_live = False
        """Whether changes are heard of; while they are not, nothing is remembered."""

    def forget(self) -> None:
        """Something changed. What is being worked out meanwhile goes into the old dictionary, and with it."""
        self._known = {}
        self._dominated = {}

    async def find(
        self, measure: str, k: int, access_class: int, as_of: datetime | None = None, day: date | None = None
    ) -> Withheld:
        """What is withheld from everybody of this class. All blocks are looked at, whatever the asker's scope.

        As it is, as it was recorded at the moment `as_of`, or as it was in the blocks of today when `day` ended.
        """
        if as_of is None and (known := self._known.get((measure, access_class, day))):
            return known
        known_before = self._known
        statement = _THEN if as_of is not None else _NOW if day is None else _THAT_DAY
        async with self._as_actor(Actor("leader", (), access_class), as_of) as connection:
            blocks = await (await connection.execute(_TREE)).fetchall()
            counts = await (await connection.execute(statement, {"measure": measure, "day": day})).fetchall()
        order, tree = CountTree.build({code: max(count, 0) for code, count in counts}, dict(blocks))
        small, silent = withhold(tree, k)
        found = Withheld(
            frozenset(code for code, flag in zip(order, small, strict=True) if flag),
            frozenset(code for code, flag in zip(order, silent, strict=True) if flag),
        )
        if as_of is None and self.is_live:
            known_before[measure, access_class, day] = found
        return found

    async def find_dominated(
        self, measure: str, limit: float, access_class: int, as_of: datetime | None = None
    ) -> frozenset[str]:
        """The blocks whose sum is withheld, since two contributors make more than `limit` of it or of one beside it."""
        if as_of is None and (known := self._dominated.get((measure, access_class))) is not None:
            return known
        known_before = self._dominated
        async with self._as_actor(Actor("leader", (), access_class), as_of) as connection:
            blocks = await (await connection.execute(_TREE)).fetchall()
            rows = await (await connection.execute(_CONTRIBUTORS, {"measure": measure})).fetchall()
        contributed = {
            str(code): Contributions(float(total), int(contributors), dict(zip(ids, parts, strict=True)))
            for code, total, contributors, ids, parts in rows
        }
        found = await asyncio.to_thread(withhold_dominated, dict(blocks), contributed, limit)
        if as_of is None and self.is_live:
            known_before[measure, access_class] = found
        return found
