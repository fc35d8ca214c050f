# SPDX-License-Identifier: Apache-2.0
"""Features of a kind put into blocks by their place: their homes, the blocks they meet, and what of it differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
from psycopg import sql

from twin.blocks import BlockIndex
from twin.database import Connection

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


def rehome_where(
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
