# SPDX-License-Identifier: Apache-2.0
"""Reads a vector file of one kind: areas or lines under our names, by mapping or as they are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.kind import Kind
from ingest.mapping import check_mapping, detect_mapping, read_mapping
from ingest.readers.vector import read_vector, settle_crs
from ingest.report import LoadReport
from ingest.source import Batches, Options


def vector_reader(kind: Kind) -> Callable[[Path, Options, LoadReport], Batches]:
    """A reader of vector files for `kind`; columns with other names are kept as attributes."""

    def read(path: Path, options: Options, report: LoadReport) -> Batches:
        file = read_vector(path, options.layer)
        names = [str(name) for name in file.frame.columns if name != "geometry"]
        wanted = tuple(c.name for c in kind.columns if c.name not in {"geometry", "source_id", "load_id"})
        mapping = read_mapping(options.mapping) if options.mapping else detect_mapping(names, wanted)
        check_mapping(mapping, names, (), path.name)
        declared = settle_crs(file.stated, options.crs or mapping.crs, path.name, is_forced=options.is_crs_forced)
        report.crs_detected = [{"crs": file.stated.name, "reason": "stated by the file"}] if file.stated else []
        report.mapping = dict(mapping.fields)
        frame = file.frame.rename(columns={theirs: ours for ours, theirs in mapping.fields.items()})
        for ours, constant in mapping.constants.items():
            frame[ours] = constant
        return Batches([frame], declared, options.source_id or mapping.source or path.stem)

    return read
