# SPDX-License-Identifier: Apache-2.0
"""What measures come to wherever an actor reaches, as far as it may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.measures.profile import narrow_to_scope
from api.measures.trends import sees_parts
from api.services import Services
from twin.access import Actor

_FIGURES: Final[LiteralString] = """
    SELECT listed.code, listed.kind, listed.value, listed.dominance, sum(known.value)
    FROM read_facts(%(codes)s, ARRAY(SELECT code FROM measure WHERE k IS NULL AND access_class <= %(access_class)s))
        AS known
    JOIN measure AS listed ON listed.code = known.measure
    GROUP BY listed.code
"""


async def read_figures(services: Services, actor: Actor) -> tuple[list[str], dict[str, float]]:
    """The blocks that are summed, and the sum of each measure over them.

    What has a least count k is left out, and so is a sum that the dominance rule withholds from this actor.
    """
    async with services.as_actor(actor) as connection:
        codes = await find_reach(connection, actor)
        values = {"codes": codes, "access_class": actor.access_class}
        rows = await (await connection.execute(_FIGURES, values)).fetchall()
    figures: dict[str, float] = {}
    # Only now: what is dominated is looked up on another connection of the pool.
    for code, kind, expression, dominance, value in rows:
        rule = {"code": code, "kind": kind, "expression": expression, "dominance": dominance}
        if dominance is None or await _may_show(services, actor, codes, rule):
            figures[code] = round(float(value), 3)
    return codes, figures


async def find_reach(connection: AsyncConnection[TupleRow], actor: Actor) -> list[str]:
    """The highest blocks that the actor reaches."""
    root = await connection.execute(
        "SELECT block.code FROM valid_block AS block JOIN block_scheme USING (scheme) "
        "WHERE is_governance AND parent_code IS NULL ORDER BY code"
    )
    return [c for row in await root.fetchall() for c in narrow_to_scope(actor, row[0])]


async def _may_show(services: Services, actor: Actor, codes: list[str], rule: Mapping[str, Any]) -> bool:
    if sees_parts(actor, rule):
        return True
    dominated = await services.small_counts.find_dominated(rule["code"], rule["dominance"], actor.access_class)
    return dominated.isdisjoint(codes)
