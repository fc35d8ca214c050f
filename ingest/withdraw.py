# SPDX-License-Identifier: Apache-2.0
"""Takes a load back whole: what it brought goes, what it replaced or ended comes back as it was.

What a later load or a person's edit has changed since is no longer the load's; it stays, and is counted.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import sql

from ingest.blocks.rehome import rehome_features
from ingest.blocks.withdraw import withdraw_blocks
from ingest.bring_back import count_ended, restore_ended
from ingest.kind import KINDS
from ingest.spatialise.versions import note_withdrawal
from twin.database import Connection
from twin.errors import ConflictError, NotFoundError, RefusedError
from twin.text import Text

_MODEL_TABLES: Final = ("model", "tileset")
_BLOCKS: Final = "blocks"
_PART_TABLES: Final = {"rental_spaces": "rental_space", "survey_answers": "survey_response"}
"""Kinds whose rows belong to an object of a register: they have no place of their own."""


@dataclass(frozen=True)
class Withdrawal:
    """What taking a load back does: rows removed, restored to what they were, and left since they are another's.

    `edited` counts among the removed and restored those that were changed after the load, without another load.
    Of blocks, `returned` live again that the load had ended, and `rehomed` features find another home.
    """

    load_id: int
    kind: str
    file_name: str | None
    loaded_at: datetime
    removed: int = 0
    restored: int = 0
    superseded: int = 0
    edited: int = 0
    returned: int = 0
    rehomed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"loaded_at": self.loaded_at.isoformat(timespec="seconds")}


def preview_withdrawal(connection: Connection, load_id: int) -> Withdrawal:
    """What `withdraw_load` would do; nothing is changed.

    Raises NotFoundError for a load that does not exist, ConflictError for one that is withdrawn already, and
    RefusedError with its reasons for blocks that something stands upon.
    """
    kind, file_name, loaded_at = _find_load(connection, load_id)
    if kind == _BLOCKS:
        # What follows blocks is known once it has followed.
        with connection.transaction(force_rollback=True):
            return Withdrawal(
                load_id, kind, file_name, loaded_at, **asdict(withdraw_blocks(connection, load_id, loaded_at))
            )
    counts = [0, 0, 0, 0]
    for table in _tables_of(kind):
        row = connection.execute(
            sql.SQL(
                """
                WITH mine AS (
                    SELECT now_.id, now_.recorded_at > %(loaded_at)s AS is_edited, EXISTS (
                        SELECT FROM {history} AS before
                        WHERE before.id = now_.id AND before.load_id IS DISTINCT FROM %(load)s AND NOT EXISTS (
                            SELECT FROM load WHERE load.id = before.load_id AND withdrawn_at IS NOT NULL)) AS had_been
                    FROM {table} AS now_ WHERE now_.load_id = %(load)s
                )
                SELECT count(*) FILTER (WHERE NOT had_been), count(*) FILTER (WHERE had_been),
                       (SELECT count(DISTINCT before.id) FROM {history} AS before JOIN {table} AS now_ USING (id)
                        WHERE before.load_id = %(load)s AND now_.load_id IS DISTINCT FROM %(load)s),
                       count(*) FILTER (WHERE is_edited)
                FROM mine
                """
            ).format(table=sql.Identifier(table), history=sql.Identifier(f"{table}_history")),
            {"load": load_id, "loaded_at": loaded_at},
        ).fetchone()
        assert row is not None
        row = (row[0], row[1] + count_ended(connection, table, load_id), *row[2:])
        counts = [total + int(own) for total, own in zip(counts, row, strict=True)]
    removed, restored, superseded, edited = counts
    return Withdrawal(load_id, kind, file_name, loaded_at, removed, restored, superseded, edited)


def withdraw_load(connection: Connection, load_id: int, actor: str) -> Withdrawal:
    """Take the load back within the caller's transaction, and say what that did.

    Raises what `preview_withdrawal` raises.
    """
    connection.execute("SELECT id FROM load WHERE id = %s FOR UPDATE", (load_id,))
    kind, file_name, loaded_at = _find_load(connection, load_id)
    if kind == _BLOCKS:
        told = asdict(withdraw_blocks(connection, load_id, loaded_at))
        connection.execute("UPDATE load SET withdrawn_at = now(), withdrawn_by = %s WHERE id = %s", (actor, load_id))
        connection.execute("SELECT fold_facts()")
        return Withdrawal(load_id, kind, file_name, loaded_at, **told)
    done = preview_withdrawal(connection, load_id)
    for table in _tables_of(done.kind):
        restored = _restore(connection, table, load_id)
        connection.execute(sql.SQL("DELETE FROM {} WHERE load_id = %s").format(sql.Identifier(table)), (load_id,))
        restored += restore_ended(connection, table, load_id)
        if done.kind not in _PART_TABLES:
            # The blocks may be others than they were when the row was last this.
            rehome_features(connection, table, restored)
    if done.kind == "model":
        _republish(connection, load_id)
    connection.execute("UPDATE load SET withdrawn_at = now(), withdrawn_by = %s WHERE id = %s", (actor, load_id))
    connection.execute("SELECT fold_facts()")
    note_withdrawal(connection, load_id)
    return done


def _find_load(connection: Connection, load_id: int) -> tuple[str, str | None, datetime]:
    row = connection.execute(
        "SELECT kind, file_name, started_at, withdrawn_at FROM load WHERE id = %s", (load_id,)
    ).fetchone()
    if row is None:
        raise NotFoundError(Text(f"没有编号为 {load_id} 的载入。", f"There is no load {load_id}."))
    if row[3] is not None:
        raise ConflictError(
            Text(
                f"载入 {load_id} 已于 {row[3]:%Y-%m-%d %H:%M} 撤回。",
                f"The load {load_id} was withdrawn already, on {row[3]:%Y-%m-%d %H:%M}.",
            )
        )
    return row[0], row[1], row[2]


def _tables_of(kind: str) -> tuple[str, ...]:
    if kind in KINDS:
        return (KINDS[kind].table.name,)
    if kind == "model":
        return _MODEL_TABLES
    if kind in _PART_TABLES:
        return (_PART_TABLES[kind],)
    raise RefusedError(
        Text(
            f"“{kind}”的载入不能撤回。",
            f"A load of {kind} cannot be taken back.",
        )
    )


def _restore(connection: Connection, table: str, load_id: int) -> list[int]:
    """Bring back what the load replaced: each row as it was before the load first touched it.

    What another load had that is withdrawn by now does not come back.
    """
    names = connection.execute(
        """
        SELECT attname::text FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
          AND attname NOT IN ('id', 'recorded_at')
        """,
        (table,),
    ).fetchall()
    columns = sql.SQL(", ").join(sql.SQL("{0} = before.{0}").format(sql.Identifier(str(name[0]))) for name in names)
    rows = connection.execute(
        sql.SQL(
            """
            WITH before AS (
                SELECT DISTINCT ON (past.id) past.* FROM {history} AS past JOIN {table} AS mine ON mine.id = past.id
                WHERE mine.load_id = %(load)s AND past.load_id IS DISTINCT FROM %(load)s AND NOT EXISTS (
                    SELECT FROM load WHERE load.id = past.load_id AND withdrawn_at IS NOT NULL)
                ORDER BY past.id, past.recorded_to DESC
            )
            UPDATE {table} AS now_ SET {columns} FROM before WHERE now_.id = before.id RETURNING now_.id
            """
        ).format(table=sql.Identifier(table), history=sql.Identifier(f"{table}_history"), columns=columns),
        {"load": load_id},
    ).fetchall()
    return [int(row[0]) for row in rows]


def _republish(connection: Connection, load_id: int) -> None:
    """The version that was shown before is shown again."""
    connection.execute("UPDATE model_version SET state = 'withdrawn' WHERE load_id = %s", (load_id,))
    connection.execute(
        """
        WITH again AS (
            SELECT version.id, version.tileset_id FROM model_version AS mine
            JOIN model ON model.id = mine.model_id
            JOIN model_version AS version ON version.id = model.published_version_id
            WHERE mine.load_id = %s
        ), published AS (
            UPDATE model_version SET state = 'published' FROM again WHERE model_version.id = again.id
        )
        UPDATE tileset SET is_published = true FROM again WHERE tileset.id = again.tileset_id AND NOT is_published
        """,
        (load_id,),
    )
