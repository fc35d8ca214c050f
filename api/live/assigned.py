# SPDX-License-Identifier: Apache-2.0
"""Which changes an organisation is told of, since what changed is, or until then was, assigned to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from api.live.changes import Change
from twin.access import Actor

_LAYER: Final = "hazards"
"""What is assigned to organisations, wherever it lies."""

_SEEN: LiteralString = """
    SELECT seq, array_agg(DISTINCT id ORDER BY id)
    FROM unnest(%(seqs)s::bigint[], %(ids)s::bigint[], %(ats)s::timestamptz[]) AS asked(seq, id, at)
    WHERE EXISTS (SELECT FROM hazard WHERE hazard.id = asked.id)
       OR EXISTS (SELECT FROM hazard_history AS past WHERE past.id = asked.id AND past.recorded_to = asked.at)
    GROUP BY seq
"""
"""The row policies decide: on the row as it is, and on the version that the change replaced, so that whoever
loses a task hears of that too."""


async def read_assigned(
    as_actor: Callable[[Actor], AbstractAsyncContextManager[AsyncConnection[TupleRow]]],
    actor: Actor,
    changes: Sequence[Change],
) -> dict[int, Change]:
    """The changes outside the actor's blocks that reach it by its organisations, by number.

    Each has the ids that the actor sees and no others, and neither block nor box. One of so many rows that the
    change log has no ids is told without any: it may be about the actor's own.
    """
    far = [change for change in changes if change.layer == _LAYER and not actor.touches(change.block_code)]
    told = {change.seq: replace(change, block_code="", bbox=None) for change in far if change.ids is None}
    asked = [(change.seq, number, change.at) for change in far for number in change.ids or ()]
    if not asked:
        return told
    seqs, ids, ats = (list(column) for column in zip(*asked, strict=True))
    async with as_actor(actor) as connection:
        rows = await (await connection.execute(_SEEN, {"seqs": seqs, "ids": ids, "ats": ats})).fetchall()
    by_seq = {change.seq: change for change in far}
    return told | {
        seq: replace(by_seq[seq], block_code="", bbox=None, ids=tuple(seen), is_listed=True) for seq, seen in rows
    }
