# SPDX-License-Identifier: Apache-2.0
"""The versions of what belongs to an entry: space for rent, answers, inspections, hazards. Like those of an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, LiteralString

from fastapi import Query
from psycopg.sql import SQL, Identifier, Placeholder

from api.http.parameters import parse_as_of
from api.registers.editing import Connection
from api.registers.versions import format_version
from api.services import Services
from twin.access import Actor

AsOf = Annotated[str | None, Query(description="an RFC 3339 instant: what was recorded then")]

SET_WRITER: LiteralString = "SELECT set_config('twin.writer_role', %s, true), set_config('twin.writer_token', %s, true)"
"""Says to the history who replaces or takes away what is written from here on; bind `writer_settings`."""


def writer_settings(actor: Actor) -> tuple[str, str]:
    """What `SET_WRITER` binds."""
    return actor.role, "" if actor.token_id is None else str(actor.token_id)


def read_moment(services: Services, as_of: str | None) -> datetime | None:
    """The moment that is asked for; None: now. Raises InvalidRequestError."""
    return None if as_of is None else parse_as_of(as_of, services.zone)


async def read_part_versions(
    connection: Connection, relation: str, key: Mapping[str, Any], fields: Sequence[str]
) -> list[dict[str, Any]]:  # fmt: skip
    """The rows of a relation and its history under a key, oldest first, as this connection sees them.

    Each has its `fields`, `recorded_at`, `recorded_to` (None: it stands), who wrote it, and who replaced it.
    """
    names = [*fields, "role", "token_id"]
    listed = SQL(", ").join(map(Identifier, names))
    where = SQL(" AND ").join(SQL("{} = {}").format(Identifier(name), Placeholder(name)) for name in key)
    text = SQL(
        "SELECT recorded_at, NULL::timestamptz AS recorded_to, NULL::text, NULL::bigint, {listed} "
        "FROM {table} WHERE {where} UNION ALL "
        "SELECT recorded_at, recorded_to, replaced_role, replaced_token_id, {listed} FROM {history} WHERE {where} "
        "ORDER BY 1, 2"
    ).format(listed=listed, table=Identifier(relation), history=Identifier(f"{relation}_history"), where=where)
    rows = await (await connection.execute(text, dict(key))).fetchall()
    head = ("recorded_at", "recorded_to", "replaced_role", "replaced_token_id")
    return [dict(zip((*head, *names), row, strict=True)) for row in rows]


def tell_versions(rows: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> list[dict[str, Any]]:
    """The versions of one thing, newest first: when, by whom, through what, and each value that changed, old and new.

    `rows` are of `read_part_versions`; what was taken away and came back is told as both.
    """
    told: list[dict[str, Any]] = []
    before: Mapping[str, Any] | None = None
    for at, row in enumerate(rows):
        told.append(
            _tell("edit" if before else "add", row["recorded_at"], row["role"], row["token_id"], before, row, fields)
        )
        before = row
        ends = row["recorded_to"]
        following = rows[at + 1]["recorded_at"] if at + 1 < len(rows) else None
        if ends is not None and ends != following:
            told.append(_tell("remove", ends, row["replaced_role"], row["replaced_token_id"], row, None, fields))
            before = None
    return told[::-1]


def _tell(
    action: str, moment: Any, role: str | None, token_id: int | None, before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None, fields: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    old = _flatten(before, fields)
    new = _flatten(after, fields)
    names = dict.fromkeys([*old, *new])
    return {
        "version": format_version(moment), "action": action, "role": role, "token_id": token_id,
        "changes": {
            name: {"old": old.get(name), "new": new.get(name)} for name in names if old.get(name) != new.get(name)
        },
    }  # fmt: skip


def _flatten(row: Mapping[str, Any] | None, fields: Sequence[str]) -> dict[str, Any]:
    """The fields of a row; of one that holds answers, every answer by its place (`fire/exits`)."""
    flat: dict[str, Any] = {}

    def put(name: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                put(f"{name}/{key}" if name else str(key), inner)  # pyright: ignore[reportUnknownArgumentType]
        elif value != {}:
            flat[name] = value

    for field in fields if row else ():
        put("" if field == "answers" else field, row[field] if row else None)
    return flat
