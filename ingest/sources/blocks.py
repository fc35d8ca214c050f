# SPDX-License-Identifier: Apache-2.0
"""Blocks of the governance scheme from a vector file with a code and a name column."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from ingest.blocks import SchemeDeclaration, check_blocks, load_blocks
from ingest.load import OnProgress, ignore_progress
from ingest.mapping import check_mapping, detect_mapping, read_mapping
from ingest.readers.vector import read_vector, settle_crs
from ingest.report import LoadReport
from ingest.source import Options, hash_file, refusals_reported
from twin.blocks import Scheme
from twin.crs import geometries_to_storage
from twin.database import transaction
from twin.settings import Settings
from twin.text import Text


@dataclass(frozen=True)
class BlockSource:
    """Blocks are a tree, not single features: they have a pipeline of their own."""

    title: Text = Text("块", "blocks")  # noqa: RUF009 (frozen)

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen."""
        report = _new_report(path, options)
        declaration = SchemeDeclaration(metric_srid=settings.metric_srid)
        with refusals_reported(report):
            frame = _read(path, options, report)
            report.read = report.kept = len(frame)
            report.include(frame.total_bounds.tolist())
            scheme = Scheme(declaration.scheme, declaration.level_widths, declaration.metric_srid)
            check_blocks(frame, scheme, report, frozenset())
        return report

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Load the tree in one transaction."""
        report = _new_report(path, options)
        on_progress(Text("检查并载入块", "checking and loading blocks"), 0.2)
        with refusals_reported(report), transaction(settings) as connection:
            frame = _read(path, options, report)
            declaration = SchemeDeclaration(metric_srid=settings.metric_srid)
            return load_blocks(connection, frame, declaration, report, actor=options.actor)


def _new_report(path: Path, options: Options) -> LoadReport:
    return LoadReport("blocks", options.source_id or path.stem, options.file_name or path.name, hash_file(path))


def _read(path: Path, options: Options, report: LoadReport) -> gpd.GeoDataFrame:
    file = read_vector(path, options.layer)
    names = [str(name) for name in file.frame.columns if name != "geometry"]
    mapping = read_mapping(options.mapping) if options.mapping else detect_mapping(names, ("code", "name", "name_en"))
    check_mapping(mapping, names, ("code", "name"), path.name)
    declared = settle_crs(file.stated, options.crs or mapping.crs, path.name, is_forced=options.is_crs_forced)
    report.crs_declared = declared.name
    report.mapping = dict(mapping.fields)
    frame = file.frame.rename(columns={theirs: ours for ours, theirs in mapping.fields.items()})
    stored: Any = geometries_to_storage(declared, np.asarray(frame.geometry.array))
    return frame.set_geometry(gpd.GeoSeries(stored, index=frame.index))


SOURCE = BlockSource()
