# SPDX-License-Identifier: Apache-2.0
"""The versions of a feature: the one that stands and those of its history, with who made each and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.sql import SQL, Identifier

from api.registers.editing import read_current
from api.services import Services
from layers.editable import EDITABLE
from layers.layer import Layer
from twin.access import Actor


def format_version(moment: datetime) -> str:
    """A version as people and clients carry it: to the microsecond."""
    return moment.isoformat(timespec="microseconds")


async def read_versions(services: Services, actor: Actor, layer: Layer, feature_id: int) -> list[dict[str, Any]]:
    """The versions of a feature that the actor may see, newest first, each with what changed. NotFoundError."""
    columns = [p.name for p in layer.properties_for(actor.access_class) if p.name in EDITABLE[layer.id]]
    listed = SQL(", ").join(map(Identifier, [*columns, "block_code"]))
    text = SQL(
        """
        SELECT known.*, edit.action, edit.reason, edit.role, edit.token_id, edit.proposal_id
        FROM (
            SELECT recorded_at, NULL::timestamptz AS recorded_to, load_id, md5(ST_AsBinary(geometry)) AS place, {listed}
            FROM {table} WHERE id = %(id)s
            UNION ALL
            SELECT recorded_at, recorded_to, load_id, md5(ST_AsBinary(geometry)), {listed}
            FROM {history} WHERE id = %(id)s
        ) AS known
        LEFT JOIN feature_edit AS edit ON edit.kind = %(kind)s AND edit.feature_id = %(id)s
            AND edit.version = known.recorded_at
        ORDER BY known.recorded_at
        """
    ).format(listed=listed, table=Identifier(layer.kind), history=Identifier(f"{layer.kind}_history"))
    async with services.as_actor(actor) as connection:
        await read_current(connection, layer, feature_id)
        rows = await (await connection.execute(text, {"id": feature_id, "kind": layer.kind})).fetchall()
    names = ["place", *columns, "block_code"]
    versions: list[dict[str, Any]] = []
    before: Mapping[str, Any] | None = None
    for row in rows:
        values = dict(zip(names, row[3 : 3 + len(names)], strict=True))
        action, reason, role, token_id, proposal_id = row[3 + len(names) :]
        changed = [name for name in names if before is not None and before[name] != values[name]]
        versions.append({
            "version": format_version(row[0]),
            "replaced_at": None if row[1] is None else format_version(row[1]), "load_id": row[2],
            "action": action or "load", "role": role, "token_id": token_id, "reason": reason,
            "proposal_id": proposal_id, "geometry_changed": "place" in changed,
            "changes": {
                name: {"old": (before or {})[name], "new": values[name]} for name in changed if name != "place"
            },
        })  # fmt: skip
        before = values
    return versions[::-1]
