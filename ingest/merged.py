# SPDX-License-Identifier: Apache-2.0
"""Sources whose rows are parts of what is there already, with no place of their own: read, then merged, at once."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from ingest.load_record import finish_load, start_load
from ingest.progress import OnProgress, ignore_progress
from ingest.report import LoadReport
from ingest.source import Options, hash_file, refusals_reported
from twin.database import Connection, connect, transaction
from twin.settings import Settings
from twin.text import Text

WRITER_ROLE = "load"
"""The role that is kept with what a load wrote."""


Rows = TypeVar("Rows")


class MergedSource(ABC, Generic[Rows]):
    """A table that is checked row by row and merged in one transaction; `Rows` is what reading it gives."""

    kind: ClassVar[str]
    title: ClassVar[Text]
    step: ClassVar[Text]
    """What a person reads while it is loaded."""

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen."""
        report = self._new_report(path, options)
        with refusals_reported(report), connect(settings) as connection:
            started = time.monotonic()
            self.read(connection, path, options, report)
            report.seconds = time.monotonic() - started
        return report

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Merge it, in one transaction."""
        report = self._new_report(path, options)
        on_progress(self.step, 0.3)
        with refusals_reported(report), transaction(settings) as connection:
            started = time.monotonic()
            report.load_id = start_load(connection, report, options.actor)
            self.merge(connection, self.read(connection, path, options, report), report)
            report.seconds = time.monotonic() - started
            finish_load(connection, report)
        return report

    @abstractmethod
    def read(self, connection: Connection, path: Path, options: Options, report: LoadReport) -> Rows:
        """The good rows; the others are rejected in the report. Raises RefusedError for a wrong table."""

    @abstractmethod
    def merge(self, connection: Connection, rows: Rows, report: LoadReport) -> None:
        """Write them and count what became of each."""

    def _new_report(self, path: Path, options: Options) -> LoadReport:
        return LoadReport(self.kind, options.source_id or path.stem, options.file_name or path.name, hash_file(path))
