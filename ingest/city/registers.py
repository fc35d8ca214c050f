# SPDX-License-Identifier: Apache-2.0
"""Reads lists of the city (units, components, entities, parcels …) from a table or a vector file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from ingest.city.fields import OPEN, detect_fields
from ingest.frame_source import Batches
from ingest.kind import KINDS
from ingest.mapping import Mapping, check_mapping, read_mapping
from ingest.readers.vector import SUFFIXES, read_vector, settle_crs
from ingest.report import LoadReport
from ingest.source import Options
from ingest.spatialise.read import read_any_table
from ingest.tabular import frame_from_table
from twin.crs import DeclaredCrs, parse_crs
from twin.model.table import STORAGE_SRID
from twin.text import Text

LINKS: Final = ("building_local_id",)
"""Fields that lead to a building and are no column of the table."""


def register_reader(kind: str, *required: str) -> Callable[[Path, Options, LoadReport], Batches]:
    """A reader of `kind` from a table (CSV, spreadsheet) or a vector file.

    A file without any one of the `required` fields is refused.

    A table without columns of coordinates needs no CRS: its rows have no geometry (what then becomes of
    them is for the source to say).
    """

    def read(path: Path, options: Options, report: LoadReport) -> Batches:
        frame, declared, source = (_read_vector if path.suffix.lower() in SUFFIXES else _read_table)(
            kind, path, options, report, required
        )
        return Batches([frame], declared, options.source_id or source or path.stem)

    return read


def _map(kind: str, columns: list[str], options: Options, required: tuple[str, ...], file_name: str) -> Mapping:
    mapping = read_mapping(options.mapping) if options.mapping else detect_fields(kind, columns)
    check_mapping(mapping, columns, required, file_name)
    return mapping


def _read_vector(
    kind: str, path: Path, options: Options, report: LoadReport, required: tuple[str, ...]
) -> tuple[gpd.GeoDataFrame, DeclaredCrs, str | None]:
    file = read_vector(path, options.layer)
    columns = [str(name) for name in file.frame.columns if name != "geometry"]
    mapping = _map(kind, columns, options, required, path.name)
    declared = settle_crs(file.stated, options.crs or mapping.crs, path.name, is_forced=options.is_crs_forced)
    report.crs_detected = [{"crs": file.stated.name, "reason": "stated by the file"}] if file.stated else []
    report.mapping = dict(mapping.fields)
    frame = file.frame.rename(columns={theirs: ours for ours, theirs in mapping.fields.items()})
    for ours, constant in mapping.constants.items():
        frame[ours] = constant
    words = {ours: words for ours, words in mapping.values.items() if ours in frame.columns}
    for ours, known in words.items():
        frame[ours] = _translate(frame[ours].astype("string"), known, ours, report)
    refused = _rejected(report, frame.index)
    report.read += int(refused.sum())
    return frame[~refused], declared, mapping.source


def _read_table(
    kind: str, path: Path, options: Options, report: LoadReport, required: tuple[str, ...]
) -> tuple[gpd.GeoDataFrame, DeclaredCrs, str | None]:
    table = read_any_table(path, options.layer).text
    columns = [str(name) for name in table.columns]
    mapping = _map(kind, columns, options, required, path.name)
    has_place = {"x", "y"} <= set(mapping.fields)
    declared = (
        settle_crs(None, options.crs or mapping.crs, path.name, is_forced=False)
        if has_place
        else parse_crs(f"EPSG:{STORAGE_SRID}")
    )
    ours = KINDS[kind]
    plain = {name: theirs for name, theirs in mapping.fields.items() if name not in LINKS}
    frame = frame_from_table(table, replace(mapping, fields=plain, values={}), ours, options.time_zone, report)
    for name in LINKS:
        if name in mapping.fields:
            frame[name] = table[mapping.fields[name]].str.strip()
    for name, known in mapping.values.items():
        if name in frame.columns:
            frame[name] = _translate(frame[name], known, name, report)
    report.mapping = dict(mapping.fields)
    rest = sorted(set(columns) - set(mapping.fields.values()))
    report.ignored_columns = [] if ours.keeps_attributes else rest
    if ours.keeps_attributes:
        for name in rest:
            frame[name] = table[name].astype(object).where(table[name].notna(), None)
    # Coordinates that are no numbers were counted by `frame_from_table`; words without a meaning are here.
    refused = _rejected(report, frame.index)
    report.read += int(refused.sum())
    return frame[~refused], declared, mapping.source


def _translate(values: pd.Series[Any], words: Any, ours: str, report: LoadReport) -> pd.Series[Any]:
    words = {str(theirs).casefold(): word for theirs, word in words.items()}
    folded = values.str.strip().str.casefold()
    known = folded.map(words, na_action="ignore").astype("string")
    unknown = np.asarray((folded.notna() & (folded != "") & known.isna()).fillna(value=False), dtype=bool)
    if ours in OPEN:
        return known.where(~unknown, values.str.strip())
    if unknown.any():
        report.reject(
            [int(row) for row in values.index[unknown]],
            Text("映射里没有这个值", "the mapping has no word for this value"),
            ours,
        )
    return known


def _rejected(report: LoadReport, index: pd.Index[Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    rows = {reject.row for reject in report.rejects}
    return np.fromiter((row in rows for row in index), dtype=bool, count=len(index))
