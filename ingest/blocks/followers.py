# SPDX-License-Identifier: Apache-2.0
"""What follows features into other blocks: what belongs to them, and the scope of what they were."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from psycopg import sql

from ingest.blocks.placing import place
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.home import OUTSIDE


def follow_owners(connection: Connection, kinds: list[str]) -> None:
    """What belongs to a feature (a model's versions, their elements) lies where its owner lies."""
    links = connection.execute(
        """
        SELECT child.relname, owned.attname, parent.relname
        FROM pg_constraint
        JOIN pg_class AS child ON child.oid = conrelid JOIN pg_class AS parent ON parent.oid = confrelid
        JOIN pg_attribute AS owned ON owned.attrelid = conrelid AND owned.attnum = conkey[1]
        JOIN pg_attribute AS own ON own.attrelid = confrelid AND own.attnum = confkey[1] AND own.attname = 'id'
        WHERE contype = 'f' AND cardinality(conkey) = 1 AND connamespace = 'public'::regnamespace
          AND conrelid <> confrelid AND NOT child.relname = ANY(%s)
          AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = conrelid AND attname = 'block_code')
          AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = confrelid AND attname = 'block_code')
        """,
        (kinds,),
    ).fetchall()
    settled = set(kinds)
    while links:
        ready = [link for link in links if link[2] in settled]
        if not ready:
            break
        for child, column, parent in ready:
            connection.execute(
                sql.SQL(
                    "UPDATE {child} AS owned SET block_code = owner.block_code FROM {parent} AS owner "
                    "WHERE owned.{column} = owner.id AND owned.block_code <> owner.block_code"
                ).format(child=sql.Identifier(child), parent=sql.Identifier(parent), column=sql.Identifier(column))
            )
            settled.add(child)
        links = [link for link in links if link not in ready]


def follow_history(
    connection: Connection, kinds: list[str], renamed: Mapping[str, str], heirs: Mapping[str, str], index: BlockIndex
) -> None:  # fmt: skip
    """Rewrite the codes by which rows of the past are in scope today; what they said stays as it was."""
    kept = {
        str(row[0])
        for row in connection.execute(
            "SELECT table_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND column_name = 'scope_code'"
        )
    } - {"block_history"}
    for table in sorted(kept):
        history = sql.Identifier(table)
        if renamed:
            connection.execute(
                sql.SQL("UPDATE {0} SET scope_code = new FROM block_renamed WHERE {0}.scope_code = old").format(history)
            )
        if heirs and table.removesuffix("_history") in kinds:
            _place_history(connection, history, heirs, index)
        elif heirs:
            for old, heir in heirs.items():
                connection.execute(
                    sql.SQL("UPDATE {} SET scope_code = %s WHERE scope_code = %s").format(history), (heir, old)
                )


def _place_history(
    connection: Connection, history: sql.Identifier, heirs: Mapping[str, str], index: BlockIndex
) -> None:  # fmt: skip
    rows = connection.execute(
        sql.SQL("SELECT ctid::text, ST_AsBinary(geometry), scope_code FROM {} WHERE scope_code = ANY(%s)").format(
            history
        ),
        (list(heirs),),
    ).fetchall()
    if not rows:
        return
    homes, _ = place(shapely.from_wkb(np.array([row[1] for row in rows], dtype=object)), index)
    moved = [(heirs[row[2]] if home == OUTSIDE else home, row[0]) for row, home in zip(rows, homes, strict=True)]
    with connection.cursor() as cursor:
        cursor.executemany(sql.SQL("UPDATE {} SET scope_code = %s WHERE ctid = %s::tid").format(history), moved)
