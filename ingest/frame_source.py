# SPDX-License-Identifier: Apache-2.0
"""Sources that are read as frames of features and go through the one pipeline."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from ingest.ending import Listing, check_missing, has_rows, save_report, settle_missing
from ingest.kind import Kind
from ingest.load import check_frames, load_frames
from ingest.progress import OnProgress, ignore_progress
from ingest.report import LoadReport
from ingest.source import Options, hash_file, read_index, refusals_reported
from twin.crs import DeclaredCrs
from twin.database import connect, transaction
from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text


@dataclass(frozen=True)
class Batches:
    """What a reader gives the pipeline: frames in one CRS."""

    frames: Iterable[gpd.GeoDataFrame]
    declared: DeclaredCrs
    source_id: str


@dataclass(frozen=True, kw_only=True)
class FrameSource:
    """A source that is read as frames and goes through the one pipeline.

    `read(path, options, report)` gives the frames; it may write into the report what it found.
    """

    kind: Kind
    read: Callable[[Path, Options, LoadReport], Batches]

    @property
    def title(self) -> Text:
        """What people call it."""
        return self.kind.title

    @property
    def replaces(self) -> Kind:
        """The kind whose rows a whole list replaces."""
        return self.kind

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen; without a database `outside` stays unknown."""
        report = self._report(path, options)
        with refusals_reported(report):
            batches = self.read(path, options, report)
            report.source_id = batches.source_id
            listing = Listing()
            frames = listing.watch(batches.frames)
            check_frames(frames, self.kind, batches.declared, report, read_index(settings))
            with contextlib.suppress(SetupError), connect(settings) as connection:
                check_missing(connection, self.kind, listing, report, options.update)
            return report

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Load it, in one transaction."""
        report = self._report(path, options)
        with refusals_reported(report), transaction(settings) as connection:
            batches = self.read(path, options, report)
            report.source_id = batches.source_id
            listing = Listing() if has_rows(connection, self.kind, batches.source_id) else None
            load_frames(
                connection, listing.watch(batches.frames) if listing else batches.frames, self.kind,
                batches.declared, report, actor=options.actor, on_progress=on_progress,
            )  # fmt: skip
            if listing:
                settle_missing(connection, self.kind, listing, report, options.update)
                save_report(connection, report)
            return report

    def _report(self, path: Path, options: Options) -> LoadReport:
        return LoadReport(
            kind=self.kind.name,
            source_id=options.source_id or path.stem,
            file_name=options.file_name or path.name,
            sha256=hash_file(path),
        )
