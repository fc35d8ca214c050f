# SPDX-License-Identifier: Apache-2.0
"""Proposals as they are read: one row, one that is decided on now, and one with old and new of every field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import orjson

from api.intake.jobs import OVERSEERS
from api.registers.editing import Connection, read_current
from layers.registry import find_layer
from twin.access import Actor
from twin.errors import ConflictError, NotFoundError
from twin.text import Text

_NAMES: Final = (
    "id", "layer", "feature_id", "state", "base_version", "before", "changes", "reason", "photos", "role", "token_id",
    "created_at", "decided_at", "decision", "version", "geometry",
)  # fmt: skip
SELECT_PROPOSAL: LiteralString = """
    SELECT id, layer, feature_id, state, base_version, before, changes, reason, photos, role, token_id, created_at,
           decided_at, decision, version, ST_AsGeoJSON(geometry, 7, 0)
    FROM proposal
"""


async def read_proposal(connection: Connection, proposal_id: int) -> Sequence[Any]:
    """A row of `SELECT_PROPOSAL`. Raises NotFoundError for one that the asker does not see."""
    row = await (await connection.execute(SELECT_PROPOSAL + " WHERE id = %s", (proposal_id,))).fetchone()
    if row is None:
        raise _no_such(proposal_id)
    return row


async def lock_proposal(connection: Connection, proposal_id: int) -> Sequence[Any]:
    """Changes, before, geometry, base version and reason of an open proposal, which nobody else decides on now."""
    row = await (
        await connection.execute(
            "SELECT changes, before, ST_AsBinary(geometry), base_version, reason, state FROM proposal "
            "WHERE id = %s FOR UPDATE",
            (proposal_id,),
        )
    ).fetchone()
    if row is None:
        raise _no_such(proposal_id)
    if row[5] != "open":
        raise ConflictError(Text(f"该建议已是 {row[5]} 状态。", f"The proposal is {row[5]} already."))
    return row


async def has_moved(connection: Connection, kind: str, feature_id: int, base: datetime) -> bool:
    """Whether a version of the feature since `base` was an edit of its geometry."""
    row = await (
        await connection.execute(
            "SELECT EXISTS (SELECT FROM feature_edit WHERE kind = %s AND feature_id = %s AND version > %s "
            "AND 'geometry' = ANY (fields))",
            (kind, feature_id, base),
        )
    ).fetchone()
    return bool(row and row[0])


async def describe_proposal(connection: Connection, actor: Actor, row: Sequence[Any]) -> dict[str, Any]:
    """A row of `SELECT_PROPOSAL` for JSON: of every field what it was, what is proposed, and what it is now."""
    found = dict(zip(_NAMES, row, strict=True))
    before, changes = found.pop("before"), found.pop("changes")
    layer = find_layer(found["layer"])
    try:
        current = await read_current(connection, layer, found["feature_id"])
    except NotFoundError:
        current = None
    geometry = found.pop("geometry")
    if actor.role not in OVERSEERS:
        found.pop("token_id")
    return found | {
        "diff": {
            name: {"old": before[name], "new": new, "now": None if current is None else current.values[name]}
            for name, new in changes.items()
        },
        "geometry": None if geometry is None else orjson.Fragment(geometry),
        "block_code": None if current is None else current.block_code,
        "is_there": current is not None,
        "changed_since": current is not None and found["state"] == "open" and current.version != found["base_version"],
        "own": found.get("token_id", actor.token_id) == actor.token_id,
    }


def _no_such(proposal_id: int) -> NotFoundError:
    return NotFoundError(
        Text(f"没有您可见的更正建议 {proposal_id}。", f"There is no proposal {proposal_id} within your reach.")
    )
