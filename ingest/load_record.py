# SPDX-License-Identifier: Apache-2.0
"""The row of a load: opened before anything is written, and closed with the report and what was turned away."""

from __future__ import annotations

from datetime import UTC, datetime

from psycopg.types.json import Jsonb

from ingest.report import LoadReport
from twin.database import Connection


def start_load(connection: Connection, report: LoadReport, actor: str) -> int:
    """Open the load's row and give its id."""
    row = connection.execute(
        "INSERT INTO load (kind, source_id, file_name, sha256, actor, report) VALUES (%s, %s, %s, %s, %s, '{}') "
        "RETURNING id",
        (report.kind, report.source_id, report.file_name, report.sha256, actor),
    ).fetchone()
    assert row is not None
    return int(row[0])


def finish_load(connection: Connection, report: LoadReport) -> None:
    """Keep the report and what was turned away."""
    connection.execute(
        "UPDATE load SET finished_at = %s, report = %s WHERE id = %s",
        (datetime.now(UTC), Jsonb(report.as_dict()), report.load_id),
    )
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY load_reject (load_id, row, field, reason) FROM STDIN") as copy,
    ):
        for reject in report.rejects:
            copy.write_row((report.load_id, reject.row, reject.field, reject.reason.en))
