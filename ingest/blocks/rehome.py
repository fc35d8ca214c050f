# SPDX-License-Identifier: Apache-2.0
"""Puts features into the blocks of today: when blocks arrive, move, are renumbered, split or merged.

Which kinds there are is asked of the database (`layer_kind`). A feature's row goes first and the blocks it
meets after it, so that what blocks add up to stays right in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from psycopg import sql

from ingest.blocks.followers import follow_history, follow_owners
from ingest.blocks.placing import Rehomed, rehome_where
from twin.blocks import BlockIndex
from twin.database import Connection
from twin.home import OUTSIDE


def list_kinds(connection: Connection) -> list[str]:
    """The tables of features that lie in blocks."""
    rows = connection.execute(
        """
        SELECT DISTINCT kind FROM layer_kind JOIN information_schema.columns AS columns ON table_name = kind
        WHERE table_schema = 'public' AND column_name IN ('block_code', 'spans_blocks', 'geometry') AND kind <> 'block'
        GROUP BY kind HAVING count(DISTINCT column_name) = 3 ORDER BY kind
        """
    ).fetchall()
    return [str(row[0]) for row in rows]


def rehome_arrivals(connection: Connection, codes: Collection[str], index: BlockIndex | None = None) -> Rehomed:
    """Put into blocks whatever the blocks `codes`, new or with another boundary, may have an effect on.

    That is what lies near them, what has one of them or a block above one as its home, and what lies in none.
    """
    done = Rehomed()
    kinds = [kind for kind in list_kinds(connection) if _has_rows(connection, kind)]
    if not codes or not kinds:
        return done
    index = index or BlockIndex.read(connection)
    above = {code[:width] for code in codes for width in index.scheme.level_widths if width <= len(code)}
    connection.execute(
        """
        CREATE TEMP TABLE block_arrived ON COMMIT DROP AS
        SELECT geometry FROM valid_block JOIN block_scheme USING (scheme) WHERE is_governance AND code = ANY(%s)
        """,
        (list(codes),),
    )
    connection.execute("CREATE INDEX ON block_arrived USING gist (geometry)")
    connection.execute("ANALYZE block_arrived")
    near = sql.SQL(
        "(block_code = ANY(%(codes)s) OR EXISTS (SELECT FROM block_arrived "
        "WHERE block_arrived.geometry && feature.geometry))"
    )
    for kind in kinds:
        done.add(kind, rehome_where(connection, kind, index, near, {"codes": [*above, OUTSIDE]}, done, {}))
    connection.execute("DROP TABLE block_arrived")
    follow_owners(connection, kinds)
    return done


def rehome_features(
    connection: Connection, kind: str, ids: Collection[int], index: BlockIndex | None = None
) -> Rehomed:
    """Put these features of a kind into the blocks of today."""
    done = Rehomed()
    if ids:
        index = index or BlockIndex.read(connection)
        condition = sql.SQL("id = ANY(%(ids)s)")
        done.add(kind, rehome_where(connection, kind, index, condition, {"ids": list(ids)}, done, {}))
    return done


def rehome_changed(
    connection: Connection, renamed: Mapping[str, str], ended: Mapping[str, Collection[str]], index: BlockIndex
) -> Rehomed:
    """Follow a change of blocks: `renamed` codes are rewritten as they stand; what lies in `ended` ones, given
    with the blocks that follow each, is put into blocks again by its place.

    What has no place goes to the one block that follows, or to the nearest block above all of them.
    """
    done = Rehomed()
    kinds = list_kinds(connection)
    _keep_renamed(connection, renamed)
    heirs = {old: find_heir(new, index) for old, new in ended.items()}
    touched = sql.SQL(
        "(block_code = ANY(%(codes)s) OR id IN (SELECT feature_id FROM feature_block AS meets "
        "WHERE meets.kind = %(kind)s AND meets.block_code = ANY(%(codes)s)))"
    )
    if renamed:
        connection.execute("SELECT settle_facts()")
        for kind in kinds:
            done.add(kind, _rename(connection, kind))
        _rename_meetings(connection)
        connection.execute("SELECT rename_changes()")
    if ended:
        for kind in kinds:
            values = {"codes": list(ended), "kind": kind}
            done.add(kind, rehome_where(connection, kind, index, touched, values, done, heirs))
    follow_owners(connection, kinds)
    follow_history(connection, kinds, renamed, heirs, index)
    connection.execute("DROP TABLE block_renamed")
    return done


def find_heir(codes: Collection[str], index: BlockIndex) -> str:
    """The block that all of `codes` are or lie in; `~` where no block holds them all."""
    if len(codes) == 1:
        return next(iter(codes))
    first = min(codes)
    widths = [w for w in index.scheme.level_widths if w < len(first) and all(c.startswith(first[:w]) for c in codes)]
    return first[: max(widths)] if widths else OUTSIDE


def _has_rows(connection: Connection, kind: str) -> bool:
    row = connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(kind))).fetchone()
    return bool(row and row[0])


def _keep_renamed(connection: Connection, renamed: Mapping[str, str]) -> None:
    connection.execute(
        'CREATE TEMP TABLE block_renamed (old text COLLATE "C" PRIMARY KEY, new text COLLATE "C") ON COMMIT DROP'
    )
    with connection.cursor() as cursor, cursor.copy("COPY block_renamed FROM STDIN") as copy:
        for pair in renamed.items():
            copy.write_row(pair)
    connection.execute("ANALYZE block_renamed")


def _rename(connection: Connection, kind: str) -> int:
    return connection.execute(
        sql.SQL("UPDATE {0} SET block_code = new FROM block_renamed WHERE {0}.block_code = old").format(
            sql.Identifier(kind)
        )
    ).rowcount


def _rename_meetings(connection: Connection) -> None:
    # Taken out and put in again: two blocks may have changed their codes with each other.
    connection.execute(
        """
        CREATE TEMP TABLE meeting_renamed ON COMMIT DROP AS
        SELECT kind, feature_id, new AS block_code, share FROM feature_block JOIN block_renamed ON old = block_code
        """
    )
    connection.execute("DELETE FROM feature_block USING block_renamed WHERE old = block_code")
    connection.execute(
        "INSERT INTO feature_block (kind, feature_id, block_code, share) "
        "SELECT kind, feature_id, block_code, share FROM meeting_renamed"
    )
    connection.execute("DROP TABLE meeting_renamed")
