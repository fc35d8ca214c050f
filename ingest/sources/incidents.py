# SPDX-License-Identifier: Apache-2.0
"""Incidents from a table: a hotline's export, a 311 file, a batch of work orders."""

from __future__ import annotations

from pathlib import Path

from ingest.frame_source import Batches, FrameSource
from ingest.kind import KINDS
from ingest.mapping import check_mapping, detect_mapping, read_mapping
from ingest.readers.table import read_cells
from ingest.readers.vector import settle_crs
from ingest.report import LoadReport
from ingest.source import Options
from ingest.tabular import frame_from_table

_WANTED = (
    "local_id", "x", "y", "event_type", "summary", "occurred_at", "closed_at", "state", "channel", "severity",
)  # fmt: skip


def _read(path: Path, options: Options, report: LoadReport) -> Batches:
    table = read_cells(path, options.layer)
    columns = list(table.columns)
    mapping = read_mapping(options.mapping) if options.mapping else detect_mapping(columns, _WANTED)
    check_mapping(mapping, columns, ("local_id", "event_type", "occurred_at"), path.name)
    declared = settle_crs(None, options.crs or mapping.crs, path.name, is_forced=False)
    source_id = options.source_id or mapping.source or path.stem
    frame = frame_from_table(table, mapping, KINDS["incidents"], options.time_zone, report)
    frame["event_scheme"] = source_id
    return Batches([frame], declared, source_id)


SOURCE = FrameSource(kind=KINDS["incidents"], read=_read)
