# SPDX-License-Identifier: Apache-2.0
"""A building model (IFC): semantics to PostGIS, geometry to 3D Tiles, published in one switch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.bim.read import read_model
from ingest.bim.records import ModelContent, parse_placement
from ingest.bim.store import find_home, store_model
from ingest.bim.unplaced import UnplacedError
from ingest.progress import OnProgress, ignore_progress
from ingest.report import LoadReport
from ingest.source import Options, hash_file, read_index, refusals_reported
from twin.assets import new_asset, store_asset
from twin.database import transaction
from twin.settings import Settings
from twin.text import Text

_SOURCE_ID = "ifc"


@dataclass(frozen=True)
class ModelSource:
    """Models have a pipeline of their own; its end is the same: one transaction, one report."""

    title: Text = Text("模型", "model")  # noqa: RUF009 (frozen)

    def check(self, settings: Settings, path: Path, options: Options) -> LoadReport:
        """The report of a load that does not happen."""
        report = _new_report(path, options)
        with refusals_reported(report):
            content = _read(path, options, report)
            index = read_index(settings)
            report.outside = None
            if index:
                find_home(content, index, report)
        return report

    def load(
        self, settings: Settings, path: Path, options: Options, on_progress: OnProgress = ignore_progress
    ) -> LoadReport:
        """Read, tile, store and publish; nothing is visible before all of it is."""
        report = _new_report(path, options)
        with refusals_reported(report), new_asset(settings) as folder:
            content = _read(path, options, report, folder, lambda step, done: on_progress(step, done * 0.9))
            on_progress(Text("写入数据库并发布", "storing and publishing"), 0.95)
            asset = store_asset(settings, folder) if (folder / "tileset.json").exists() else None
            with transaction(settings) as connection:
                model_id = store_model(
                    connection, content, asset, options.source_id or _SOURCE_ID, report, actor=options.actor
                )
        report.result = {"model_id": model_id}
        return report


def _new_report(path: Path, options: Options) -> LoadReport:
    return LoadReport("model", options.source_id or _SOURCE_ID, options.file_name or path.name, hash_file(path))


def _read(
    path: Path,
    options: Options,
    report: LoadReport,
    tiles_dir: Path | None = None,
    on_progress: OnProgress = ignore_progress,
) -> ModelContent:
    """Read the model and put down in the report what was found, placed or not."""
    try:
        content = read_model(
            path,
            override=parse_placement(options.at) if options.at else None,
            crs=options.crs,
            tiles_dir=tiles_dir,
            file_name=report.file_name,
            progress=on_progress,
        )
    except UnplacedError as error:
        candidates = [candidate.as_dict() for candidate in error.candidates]
        report.model = {**error.report, "georeference": {"source": None, "candidates": candidates}}
        raise
    _tell(report, content)
    return content


def _tell(report: LoadReport, content: ModelContent) -> None:
    report.read = report.kept = int(content.report["products"])
    report.repaired = int(content.report["repaired"])
    report.crs_declared = content.georeference.crs
    report.problems.extend(content.problems)
    report.model = {**content.report, "georeference": content.georeference.as_dict()}
    if content.footprint:
        ring = content.footprint["coordinates"][0]
        longitudes, latitudes = [p[0] for p in ring], [p[1] for p in ring]
        report.include((min(longitudes), min(latitudes), max(longitudes), max(latitudes)))


SOURCE = ModelSource()
