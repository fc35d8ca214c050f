# SPDX-License-Identifier: Apache-2.0
"""Puts features into the blocks of today: when blocks arrive, move, are renumbered, split or merged.

Which kinds there are is asked of the database (`layer_kind`). A feature's row goes first and the blocks it
meets after it, so that what blocks add up to stays right in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
from psycopg import sql

from twin.blocks import BlockIndex
from twin.database import Connection
from twin.model.table import OUTSIDE

_BATCH_ROWS: Final = 50_000


@dataclass
class Rehomed:
    """How many features of each kind got another home, and how many had to go up for want of a place."""

    by_kind: dict[str, int] = field(default_factory=dict[str, int])
    unplaced: int = 0

    @property
    def total(self) -> int:
        """Over all kinds."""
        return sum(self.by_kind.values())

    def add(self, kind: str, count: int) -> None:
        """Count more of a kind."""
        if count:
            self.by_kind[kind] = self.by_kind.get(kind, 0) + count


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
        done.add(kind, _rehome(connection, kind, index, near, {"codes": [*above, OUTSIDE]}, done, {}))
    connection.execute("DROP TABLE block_arrived")
    _follow_owners(connection, kinds)
    return done


def rehome_features(
    connection: Connection, kind: str, ids: Collection[int], index: BlockIndex | None = None
) -> Rehomed:
    """Put these features of a kind into the blocks of today."""
    done = Rehomed()
    if ids:
        index = index or BlockIndex.read(connection)
        condition = sql.SQL("id = ANY(%(ids)s)")
        done.add(kind, _rehome(connection, kind, index, condition, {"ids": list(ids)}, done, {}))
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
        for kind in kinds:
            done.add(kind, _rename(connection, kind))
        _rename_meetings(connection)
    if ended:
        for kind in kinds:
            done.add(kind, _rehome(connection, kind, index, touched, {"codes": list(ended), "kind": kind}, done, heirs))
    _follow_owners(connection, kinds)
    _follow_history(connection, kinds, renamed, heirs, index)
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


def _rehome(
    connection: Connection, kind: str, index: BlockIndex, condition: sql.Composable, values: dict[str, Any],
    done: Rehomed, heirs: Mapping[str, str],
) -> int:  # fmt: skip
    """Compute homes and meetings of the features that `condition` finds, and write those that differ."""
    table = sql.Identifier(kind)
    connection.execute(
        'CREATE TEMP TABLE rehomed (id bigint, block_code text COLLATE "C", spans_blocks boolean) ON COMMIT DROP'
    )
    connection.execute(
        'CREATE TEMP TABLE rehomed_meeting (id bigint, block_code text COLLATE "C", share float8) ON COMMIT DROP'
    )
    for ids, geometry, codes in _read(connection, kind, condition, values):
        homes, meetings = place(geometry, index)
        placed = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
        for row in np.flatnonzero(~placed):
            homes[row] = heirs.get(codes[row], codes[row])
            done.unplaced += len(homes[row]) < len(codes[row])
        spanning = np.zeros(len(ids), dtype=bool)
        spanning[[meeting.row for meeting in meetings]] = True
        with connection.cursor() as cursor:
            with cursor.copy("COPY rehomed FROM STDIN") as copy:
                for row in range(len(ids)):
                    copy.write_row((ids[row], homes[row], bool(spanning[row])))
            with cursor.copy("COPY rehomed_meeting FROM STDIN") as copy:
                for meeting in meetings:
                    copy.write_row((ids[meeting.row], meeting.code, meeting.share))
    connection.execute("CREATE INDEX ON rehomed_meeting (id)")
    connection.execute("ANALYZE rehomed, rehomed_meeting")
    moved = connection.execute(
        sql.SQL(
            """
            WITH moved AS (
                UPDATE {0} AS feature SET block_code = new.block_code, spans_blocks = new.spans_blocks
                FROM (SELECT rehomed.*, old.block_code AS old_code FROM rehomed JOIN {0} AS old USING (id)) AS new
                WHERE feature.id = new.id AND (feature.block_code, feature.spans_blocks)
                    IS DISTINCT FROM (new.block_code, new.spans_blocks)
                RETURNING new.block_code <> new.old_code AS is_moved
            )
            SELECT count(*) FILTER (WHERE is_moved) FROM moved
            """
        ).format(table)
    ).fetchone()
    connection.execute(
        """
        DELETE FROM feature_block AS old USING rehomed
        WHERE old.kind = %(kind)s AND old.feature_id = rehomed.id AND NOT EXISTS (
            SELECT FROM rehomed_meeting AS new WHERE new.id = old.feature_id AND new.block_code = old.block_code
                AND abs(new.share - old.share) <= 1e-9)
        """,
        {"kind": kind},
    )
    connection.execute(
        """
        INSERT INTO feature_block (kind, feature_id, block_code, share)
        SELECT %(kind)s, id, block_code, share FROM rehomed_meeting ON CONFLICT DO NOTHING
        """,
        {"kind": kind},
    )
    connection.execute("DROP TABLE rehomed, rehomed_meeting")
    return int(moved[0]) if moved else 0


def place(geometry: Any, index: BlockIndex) -> tuple[Any, list[Any]]:
    """Homes and meetings of geometries (storage CRS), as the load pipeline gives them."""
    is_point = shapely.get_dimensions(geometry) == 0
    homes = index.home(np.where(is_point, geometry, shapely.point_on_surface(geometry)))
    wide = np.flatnonzero(shapely.get_dimensions(geometry) > 0)
    meetings = index.meetings(geometry[wide], homes[wide]) if len(wide) else []
    return homes, [type(meeting)(int(wide[meeting.row]), meeting.code, meeting.share) for meeting in meetings]


def _read(
    connection: Connection, kind: str, condition: sql.Composable, values: dict[str, Any]
) -> Iterator[tuple[list[int], Any, list[str]]]:  # fmt: skip
    statement = sql.SQL("SELECT id, ST_AsBinary(geometry), block_code FROM {} AS feature WHERE {}").format(
        sql.Identifier(kind), condition
    )
    with connection.cursor(name="rehome") as cursor:
        cursor.execute(statement, values)
        while rows := cursor.fetchmany(_BATCH_ROWS):
            geometry = shapely.from_wkb(np.array([row[1] for row in rows], dtype=object))
            yield [row[0] for row in rows], geometry, [row[2] for row in rows]


def _follow_owners(connection: Connection, kinds: list[str]) -> None:
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


def _follow_history(
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
