# SPDX-License-Identifier: Apache-2.0
"""Any table or vector file as a business layer, of points, lines and areas: by geometry, code or address.

`points` is the same for lists that are of points alone: there a line or an area is a mistake and is turned away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ingest.features import readable_file
from ingest.kind import KINDS, Kind
from ingest.progress import OnProgress, ignore_progress
from ingest.report import LoadReport
from ingest.source import Options, hash_file, refusals_reported
from ingest.spatialise.load import check_table, load_table
from ingest.spatialise.read import SERVER
from twin.database import connect, transaction
from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text


@dataclass(frozen=True, kw_only=True)
class BusinessSource:
    """Tables have a pipeline of their own in front of the common one; its end is the same."""

    kind: Kind

    @property
    def title(self) -> Text:
        """What people call it."""
        return self.kind.title

    @property
    def replaces(self) -> Kind:
        """The kind whose rows a whole list replaces."""
        return self.kind

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen; without a database only coordinates are looked at."""
        report = self._report(path, options)
        with refusals_reported(report), readable_file(path, options.layer) as (file, layer, misread):
            options = replace(options, layer=layer)
            try:
                connection = connect(settings)
            except SetupError:
                return check_table(None, self.kind, file, options, report, misread)
            with connection:
                has_blocks = connection.execute("SELECT 1 FROM block_scheme WHERE is_governance").fetchone()
                check_table(connection if has_blocks else None, self.kind, file, options, report, misread)
                connection.rollback()
        return report

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Load it, in one transaction."""
        report = self._report(path, options)
        with (
            refusals_reported(report),
            readable_file(path, options.layer) as (file, layer, misread),
            transaction(settings) as connection,
        ):
            options = replace(options, layer=layer)
            return load_table(connection, self.kind, file, options, report, on_progress, misread)

    def _report(self, path: Path, options: Options) -> LoadReport:
        is_server = str(path).startswith(SERVER)
        return LoadReport(
            self.kind.name,
            options.source_id or path.stem,
            options.file_name or (str(path) if is_server else path.name),
            None if is_server else hash_file(path),
        )


SOURCE = BusinessSource(kind=KINDS["business"])
