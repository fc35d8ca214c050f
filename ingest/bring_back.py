# SPDX-License-Identifier: Apache-2.0
"""Brings back the rows that a load ended, when that load is taken back."""

from __future__ import annotations

from typing import Final

from psycopg import sql

from twin.database import Connection

_RETURNING: Final = """
    FROM (
        SELECT DISTINCT ON (past.id) past.*
        FROM {history} AS past JOIN load_end ON load_end.kind = %(kind)s AND load_end.feature_id = past.id
        WHERE load_end.load_id = %(load)s ORDER BY past.id, past.recorded_to DESC
    ) AS past
    WHERE NOT EXISTS (SELECT FROM {table} AS now_ WHERE now_.id = past.id
                      OR ({is_same_place}))
      AND NOT EXISTS (SELECT FROM load WHERE load.id = past.load_id AND load.withdrawn_at IS NOT NULL)
      AND {is_wanted}
"""
"""The ended rows that come back: nothing has taken their place, the load that brought them still stands, and what
they belong to is there."""

_FEATURE: Final = sql.SQL("(now_.source_id, now_.local_id) = (past.source_id, past.local_id)")
_SAME_PLACE: Final = {
    "rental_space": sql.SQL(
        "now_.park_id = past.park_id AND (now_.building_code, now_.storey_number, now_.unit_code) "
        "IS NOT DISTINCT FROM (past.building_code, past.storey_number, past.unit_code)"
    ),
    "survey_response": sql.SQL("(now_.round_id, now_.object_id) = (past.round_id, past.object_id)"),
}
"""What holds of a row and of one that has taken its place, by table; written so that an index finds it."""

_WANTED: Final = {"rental_space": sql.SQL("EXISTS (SELECT FROM industrial_park AS park WHERE park.id = past.park_id)")}


def count_ended(connection: Connection, table: str, load_id: int) -> int:
    """How many rows that the load ended would come back."""
    row = connection.execute(
        sql.SQL("SELECT count(*) " + _RETURNING).format(**_parts_of(table)), {"kind": table, "load": load_id}
    ).fetchone()
    return int(row[0]) if row else 0


def restore_ended(connection: Connection, table: str, load_id: int) -> list[int]:
    """Bring back the rows that the load ended, with their reviews; gives their ids, for they lie in the blocks of
    then."""
    names = [
        str(row[0])
        for row in connection.execute(
            """
            SELECT attname::text FROM pg_attribute
            WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
              AND attname <> 'recorded_at'
            """,
            (table,),
        )
    ]
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in names)
    # Lineage rewrites the code that a row of the past is in scope by: it is its home of today.
    values = sql.SQL(", ").join(
        sql.Identifier("past", "scope_code" if name == "block_code" else name) for name in names
    )
    rows = connection.execute(
        sql.SQL("INSERT INTO {table} ({columns}) SELECT {values} " + _RETURNING + " RETURNING id").format(
            columns=columns, values=values, **_parts_of(table)
        ),
        {"kind": table, "load": load_id},
    ).fetchall()
    ids = [int(row[0]) for row in rows]
    connection.execute(
        """
        INSERT INTO placement_review SELECT again.* FROM load_end,
            LATERAL jsonb_populate_record(NULL::placement_review, review) AS again
        WHERE load_end.load_id = %s AND load_end.kind = %s AND review IS NOT NULL AND load_end.feature_id = ANY(%s)
        ON CONFLICT DO NOTHING
        """,
        (load_id, table, ids),
    )
    return ids


def _parts_of(table: str) -> dict[str, sql.Composable]:
    return {
        "table": sql.Identifier(table),
        "history": sql.Identifier(f"{table}_history"),
        "is_same_place": _SAME_PLACE.get(table, _FEATURE),
        "is_wanted": _WANTED.get(table, sql.SQL("true")),
    }
