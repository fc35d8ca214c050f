# SPDX-License-Identifier: Apache-2.0
"""Rows into PostgreSQL: binary COPY to a staging table, then one set-based merge.

Very many rows for an empty table are copied into the table itself, whose indexes are then made once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pgpq
import pgpq.encoders
import pgpq.schema
import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
from geoalchemy2 import Geometry
from psycopg import sql
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from ingest.ewkb import write_ewkb
from ingest.kind import Kind
from ingest.report import LoadReport
from twin.blocks import Meeting
from twin.database import Connection
from twin.model.table import STORAGE_SRID

_MANY_ROWS = 5_000
"""New rows from which on the planner must hear of them before it plans what follows."""


BULK_ROWS = 50_000
"""From so many rows at once on it pays to make a table's indexes anew."""


@dataclass
class Staging:
    """Where a load's rows are put: a table beside the kind's own, or that itself (`is_bulk`).

    Nobody else writes to the table itself meanwhile, so its rows get their ids here, beginning with `next_id`.
    """

    kind: Kind
    is_bulk: bool
    next_id: int = 0

    @property
    def table(self) -> str:
        """The table that rows are copied to."""
        return self.kind.table.name if self.is_bulk else "staging"


def create_staging(connection: Connection, kind: Kind, rows: int = 0) -> Staging:
    """A staging table with the kind's columns, which goes with the transaction; `rows` are known to come."""
    table = sql.Identifier(kind.table.name)
    connection.execute("DROP TABLE IF EXISTS pg_temp.staging, pg_temp.staging_block")
    row = (rows >= BULK_ROWS and connection.execute("SELECT begin_bulk(%s)", (kind.table.name,)).fetchone()) or (False,)
    if row[0]:
        # What is in the table by then is what was loaded.
        made = sql.SQL("CREATE TEMP VIEW staging AS SELECT {} FROM {}")
        first = connection.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", (kind.table.name,)).fetchone()
        assert first is not None
        next_id = int(first[0])
    else:
        next_id = 0
        made = sql.SQL("CREATE TEMP TABLE staging ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
    connection.execute(made.format(_names(kind), table))
    connection.execute(
        "CREATE TEMP TABLE staging_block (feature_id bigint, local_id text, "
        'block_code text COLLATE "C", share float8) ON COMMIT DROP'
    )
    return Staging(kind, row[0], next_id)


def copy_rows(
    connection: Connection,
    staging: Staging,
    frame: gpd.GeoDataFrame,
    meetings: list[Meeting],
    source_id: str,
    load_id: int,
) -> None:
    """COPY prepared rows (storage CRS) and the blocks they meet."""
    ids = pa.array(np.arange(staging.next_id, staging.next_id + len(frame)), pa.int64())
    if len(frame):
        batch = _record_batch(staging.kind, frame, source_id, load_id)
        if staging.is_bulk:
            batch = batch.add_column(0, "id", ids)
            staging.next_id += len(frame)
        _copy(connection, staging.table, batch)
    if meetings:
        # A row that has its id already is met by it; another by what its file calls it, once it has one.
        rows = pa.array([meeting.row for meeting in meetings])
        name, names = (
            ("feature_id", ids) if staging.is_bulk else ("local_id", _to_arrow(frame["local_id"], pa.string()))
        )
        batch = pa.record_batch(
            {
                name: names.take(rows),
                "block_code": pa.array([meeting.code for meeting in meetings], pa.string()),
                "share": pa.array([meeting.share for meeting in meetings], pa.float64()),
            }
        )
        _copy(connection, "staging_block", batch)


def merge(connection: Connection, staging: Staging, source_id: str, report: LoadReport) -> None:
    """Bring the staged rows into the table: new ones in, changed ones over, equal ones untouched."""
    if staging.is_bulk:
        connection.execute("SELECT end_bulk(%s)", (staging.kind.table.name,))
        report.inserted = report.kept
    else:
        _merge_features(connection, staging.kind, report)
    if staging.kind.dimension:
        _merge_blocks(connection, staging, source_id)
    if staging.kind.after_merge:
        connection.execute(staging.kind.after_merge)
    if staging.is_bulk:
        connection.execute("DROP VIEW staging")


def _merge_features(connection: Connection, kind: Kind, report: LoadReport) -> None:
    table = sql.Identifier(kind.table.name)
    content = [c.name for c in kind.columns if c.name not in {"source_id", "local_id", "load_id"}]
    mine = sql.SQL(", ").join(sql.SQL("kept.{}").format(sql.Identifier(n)) for n in content)
    theirs = sql.SQL(", ").join(sql.SQL("EXCLUDED.{}").format(sql.Identifier(n)) for n in content)
    updates = sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(n)) for n in [*content, "load_id"])
    row = connection.execute(
        sql.SQL(
            """
            WITH merged AS (
                INSERT INTO {table} AS kept ({names}) SELECT {names} FROM staging
                ON CONFLICT (source_id, local_id) DO UPDATE SET {updates}, recorded_at = now()
                WHERE ROW({mine}) IS DISTINCT FROM ROW({theirs})
                RETURNING xmax = 0 AS is_new
            )
            SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged
            """
        ).format(table=table, names=_names(kind), updates=updates, mine=mine, theirs=theirs)
    ).fetchone()
    assert row is not None
    report.inserted, report.updated = row
    report.unchanged = report.kept - report.inserted - report.updated
    if report.inserted >= _MANY_ROWS:
        # An autovacuum that came by while the rows were still ours alone has put down that there are none,
        # and what follows would be planned for an empty table.
        connection.execute(sql.SQL("ANALYZE {}").format(table))


def _merge_blocks(connection: Connection, staging: Staging, source_id: str) -> None:
    kind, table = sql.Literal(staging.kind.table.name), sql.Identifier(staging.kind.table.name)
    if staging.is_bulk:
        # The features are new and so is all that they meet (begin_bulk saw to it).
        connection.execute(
            sql.SQL(
                "INSERT INTO feature_block (kind, feature_id, block_code, share) "
                "SELECT {kind}, feature_id, block_code, share FROM staging_block"
            ).format(kind=kind)
        )
        return
    connection.execute(
        sql.SQL(
            """
            DELETE FROM feature_block AS old USING {table} AS feature, staging
            WHERE old.kind = {kind} AND old.feature_id = feature.id
              AND feature.source_id = %s AND feature.local_id = staging.local_id
              AND NOT EXISTS (SELECT FROM staging_block AS new
                              WHERE new.local_id = feature.local_id AND new.block_code = old.block_code)
            """
        ).format(table=table, kind=kind),
        (source_id,),
    )
    connection.execute(
        sql.SQL(
            """
            INSERT INTO feature_block AS kept (kind, feature_id, block_code, share)
            SELECT {kind}, feature.id, new.block_code, new.share
            FROM staging_block AS new
            JOIN {table} AS feature ON feature.source_id = %s AND feature.local_id = new.local_id
            ON CONFLICT (kind, feature_id, block_code) DO UPDATE SET share = EXCLUDED.share
            WHERE kept.share IS DISTINCT FROM EXCLUDED.share
            """
        ).format(table=table, kind=kind),
        (source_id,),
    )


def _names(kind: Kind) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in kind.columns)


def _copy(connection: Connection, table: str, batch: pa.RecordBatch) -> None:
    encoders = {
        field.name: (
            pgpq.encoders.StringEncoderBuilder.new_with_output(field, pgpq.schema.Jsonb())
            if field.name == "attributes"
            else pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)
        )
        for field in batch.schema
    }
    encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(batch.schema, encoders)
    names = sql.SQL(", ").join(sql.Identifier(field.name) for field in batch.schema)
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT BINARY)").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(encoder.write_header())
        copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())


def _record_batch(kind: Kind, frame: gpd.GeoDataFrame, source_id: str, load_id: int) -> pa.RecordBatch:
    count = len(frame)
    arrays: dict[str, pa.Array] = {}
    for column in kind.columns:
        name, arrow = column.name, _arrow_type(column)
        if name == "geometry":
            arrays[name] = write_ewkb(np.asarray(frame.geometry.array), STORAGE_SRID)
        elif name == "source_id":
            arrays[name] = pa.array([source_id] * count, arrow)
        elif name == "load_id":
            arrays[name] = pa.array([load_id] * count, arrow)
        elif name in frame.columns:
            arrays[name] = _to_arrow(frame[name], arrow)
        else:
            arrays[name] = _default(column, arrow, count)
    return pa.record_batch(arrays)


def _to_arrow(values: pd.Series[Any], arrow: pa.DataType) -> pa.Array:
    array = pa.Array.from_pandas(values, type=arrow)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _default(column: Column[Any], arrow: pa.DataType, count: int) -> pa.Array:
    """COPY names every column, so the table's own defaults are given here in words it has itself."""
    known: dict[str, Any] = {
        "access_class": 2,
        "attributes": "{}",
        "spans_blocks": False,
        "state": "accepted",
    }
    return pa.array([known.get(column.name)] * count, arrow)


def _arrow_type(column: Column[Any]) -> pa.DataType:
    kind = column.type
    if isinstance(kind, Geometry):
        return pa.binary()
    if isinstance(kind, SmallInteger):
        return pa.int16()
    if isinstance(kind, BigInteger):
        return pa.int64()
    if isinstance(kind, Integer):
        return pa.int32()
    if isinstance(kind, Float):
        return pa.float64()
    if isinstance(kind, Boolean):
        return pa.bool_()
    if isinstance(kind, TIMESTAMP):
        return pa.timestamp("us", tz="UTC")
    assert not isinstance(kind, JSONB) or column.name == "attributes"
    return pa.string()
