# SPDX-License-Identifier: Apache-2.0
"""Any table as a business layer: by coordinates, code or address; see `ingest.spatialise.place`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.load import OnProgress, ignore_progress
from ingest.report import LoadReport
from ingest.source import Options, hash_file, refusals_reported
from ingest.spatialise.load import check_table, load_table
from ingest.spatialise.read import SERVER
from twin.database import connect, transaction
from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text


@dataclass(frozen=True)
class PointSource:
    """Tables have a pipeline of their own in front of the common one; its end is the same."""

    title: Text = Text("入块业务", "business features")  # noqa: RUF009 (frozen)

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen; without a database only coordinates are looked at."""
        report = _new_report(path, options)
        with refusals_reported(report):
            try:
                connection = connect(settings)
            except SetupError:
                return check_table(None, path, options, report)
            with connection:
                has_blocks = connection.execute("SELECT 1 FROM block_scheme WHERE is_governance").fetchone()
                check_table(connection if has_blocks else None, path, options, report)
                connection.rollback()
        return report

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Load it, in one transaction."""
        report = _new_report(path, options)
        with refusals_reported(report), transaction(settings) as connection:
            return load_table(connection, path, options, report, on_progress)


def _new_report(path: Path, options: Options) -> LoadReport:
    is_server = str(path).startswith(SERVER)
    return LoadReport(
        "points",
        options.source_id or path.stem,
        options.file_name or (str(path) if is_server else path.name),
        None if is_server else hash_file(path),
    )


SOURCE = PointSource()
