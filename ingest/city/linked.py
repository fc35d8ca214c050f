# SPDX-License-Identifier: Apache-2.0
"""Sources whose rows ask the database before they go through the pipeline: what they lie in, what codes are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd

from ingest.city.within import as_stored, read_forms, tell_places_of_codes, to_storage_frame
from ingest.ending import Listing, check_missing, has_rows, save_report, settle_missing
from ingest.frame_source import Batches
from ingest.kind import Kind
from ingest.load import check_frames, load_frames
from ingest.progress import OnProgress, ignore_progress
from ingest.report import LoadReport
from ingest.source import Options, hash_file, refusals_reported
from twin.blocks import BlockIndex
from twin.crs import DeclaredCrs
from twin.database import Connection, connect, transaction
from twin.errors import Problem, SetupError
from twin.settings import Settings
from twin.text import Text

Link = Callable[[Connection, gpd.GeoDataFrame, LoadReport, BlockIndex], gpd.GeoDataFrame]
"""Completes and checks rows (storage CRS); those it turns away it counts as read and rejected."""


@dataclass(frozen=True, kw_only=True)
class LinkedSource:
    """A source that is read as frames, completed by `link`, and goes through the one pipeline.

    Without a `link` rows go as they are; those whose codes name another block than theirs are reported.
    """

    kind: Kind
    read: Callable[[Path, Options, LoadReport], Batches]
    link: Link | None = None
    form: str | None = None
    """The row of `code_form` that says how codes are written."""

    @property
    def title(self) -> Text:
        """What people call it."""
        return self.kind.title

    @property
    def replaces(self) -> Kind:
        """The kind whose rows a whole list replaces."""
        return self.kind

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen; without a database nobody knows what lies in what."""
        report = self._report(path, options)
        with refusals_reported(report):
            batches = self.read(path, options, report)
            report.source_id = batches.source_id
            try:
                with connect(settings) as connection:
                    index = BlockIndex.read(connection)
                    listing = Listing()
                    batches = replace(batches, frames=listing.watch(batches.frames))
                    frames = self._complete(connection, batches, report, index)
                    check_frames(frames, self.kind, self._declared(batches), report, index)
                    check_missing(connection, self.kind, listing, report, options.update)
                    return report
            except SetupError as error:
                if self.link:
                    report.problems.append(Problem(report.file_name or report.kind, error.text, _START))
            unasked = replace(self.kind, is_place_required=self.kind.is_place_required and self.link is None)
            return check_frames(batches.frames, unasked, batches.declared, report, None)

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Load it, in one transaction."""
        report = self._report(path, options)
        with refusals_reported(report), transaction(settings) as connection:
            batches = self.read(path, options, report)
            report.source_id = batches.source_id
            index = BlockIndex.read(connection)
            listing = Listing() if has_rows(connection, self.kind, batches.source_id) else None
            if listing:
                batches = replace(batches, frames=listing.watch(batches.frames))
            load_frames(
                connection, self._complete(connection, batches, report, index), self.kind,
                self._declared(batches), report, actor=options.actor, on_progress=on_progress, index=index,
            )  # fmt: skip
            if listing:
                settle_missing(connection, self.kind, listing, report, options.update)
                save_report(connection, report)
            return report

    def _complete(
        self, connection: Connection, batches: Batches, report: LoadReport, index: BlockIndex
    ) -> Iterator[gpd.GeoDataFrame]:
        form = read_forms(connection).get(self.form or "")
        for frame in batches.frames:
            if self.link:
                yield self.link(connection, to_storage_frame(frame, batches.declared, report), report, index)
            else:
                tell_places_of_codes(frame, batches.declared, form, index, report)
                yield frame

    def _declared(self, batches: Batches) -> DeclaredCrs:
        return as_stored(batches.declared) if self.link else batches.declared

    def _report(self, path: Path, options: Options) -> LoadReport:
        return LoadReport(
            kind=self.kind.name,
            source_id=options.source_id or path.stem,
            file_name=options.file_name or path.name,
            sha256=hash_file(path),
        )


_START = Text("启动数据库并载入块与建筑后再检查", "start the database, load blocks and buildings, and check again")
