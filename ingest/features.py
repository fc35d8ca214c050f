# SPDX-License-Identifier: Apache-2.0
"""Reads features of one kind from a vector file, or from a table whose geometry is a column of WKT."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from ingest.frame_source import Batches
from ingest.kind import Kind
from ingest.mapping import Mapping, check_mapping, detect_mapping, read_mapping
from ingest.readers.names import SPREADSHEETS, TABLES
from ingest.readers.returned import LEADING
from ingest.readers.table import read_cells, read_heading
from ingest.readers.vector import read_vector, settle_crs
from ingest.readers.wkt import UNREADABLE, find_wkt, parse_wkt
from ingest.report import LoadReport
from ingest.source import Options
from ingest.tabular import frame_from_table
from twin.errors import RefusedError
from twin.text import Text

Read = Callable[[Path, Options, LoadReport], Batches]

_SERVER: Final = "postgresql:"


def vector_reader(kind: Kind) -> Read:
    """A reader of vector files and of tables with WKT for `kind`; columns with other names are kept as attributes."""

    def read(path: Path, options: Options, report: LoadReport) -> Batches:
        if is_table(path):
            return _read_table(kind, path, options, report)
        file = read_vector(path, options.layer)
        names = [str(name) for name in file.frame.columns if name != "geometry"]
        mapping = _map(kind, names, options, path.name)
        declared = settle_crs(file.stated, options.crs or mapping.crs, path.name, is_forced=options.is_crs_forced)
        report.crs_detected = [{"crs": file.stated.name, "reason": "stated by the file"}] if file.stated else []
        report.mapping = dict(mapping.fields)
        frame = file.frame.rename(columns={theirs: ours for ours, theirs in mapping.fields.items()})
        for ours, constant in mapping.constants.items():
            frame[ours] = constant
        return Batches([frame], declared, options.source_id or mapping.source or path.stem)

    return read


def is_table(path: Path) -> bool:
    """Whether a file is read as rows of text."""
    return path.suffix.lower() in TABLES and path.is_file()


def shaped_reader(kind: Kind, read: Read) -> Read:
    """`read`, for tables with a column of WKT too: it gives the rows, and this their geometry.

    Where a table of points has columns of coordinates as well, these hold and the text stays what it was.
    """

    def read_shaped(path: Path, options: Options, report: LoadReport) -> Batches:
        if not is_table(path):
            return read(path, options, report)
        columns = find_wkt(read_heading(path, options.layer))
        batches = read(path, options, report)
        report.ignored_columns = [name for name in report.ignored_columns if name not in (*LEADING, *columns)]
        crs = options.crs or (read_mapping(options.mapping).crs if options.mapping else None)
        frames = [_drop(frame, LEADING) for frame in batches.frames]
        if not columns or (kind.dimension == 0 and {"x", "y"} <= set(report.mapping or {})):
            return replace(batches, frames=frames)
        declared = settle_crs(None, crs, path.name, is_forced=False)
        table = read_cells(path, options.layer)
        shaped = [_shape(_drop(frame, columns), table, columns, report) for frame in frames]
        return Batches(shaped, declared, batches.source_id)

    return read_shaped


@contextmanager
def readable_file(path: Path, layer: str | None) -> Generator[tuple[Path, str | None, frozenset[int]]]:
    """A file and layer for readers that know neither WKT nor our lists of rejected rows, for as long as the block runs.

    Rows keep their numbers; those whose WKT cannot be read have no geometry, and their numbers are given.
    """
    if str(path).startswith(_SERVER) or not is_table(path):
        yield path, layer, frozenset()
        return
    heading = read_heading(path, layer)
    columns = find_wkt(heading)
    if not columns and not (path.suffix.lower() in SPREADSHEETS and set(heading) & set(LEADING)):
        yield path, layer, frozenset()
        return
    table = read_cells(path, layer)
    with tempfile.TemporaryDirectory(prefix="twin-table-") as folder:
        if not columns:
            plain = Path(folder) / f"{path.stem}.csv"
            table.to_csv(plain, index=False)
            yield plain, None, frozenset()
            return
        geometry, broken = parse_wkt(table, columns)
        # FlatGeobuf has no names of its own that a column could be called by, and keeps the order without an index.
        plain = Path(folder) / f"{path.stem}.fgb"
        rest = table.drop(columns=list(columns)).astype(object)
        frame = gpd.GeoDataFrame(rest.where(rest.notna(), None), geometry=geometry)
        with warnings.catch_warnings():
            # Which CRS it is in is for the person to say, as it was of the table.
            warnings.filterwarnings("ignore", message=".*'crs' was not provided.*")
            pyogrio.write_dataframe(frame, plain, driver="FlatGeobuf", SPATIAL_INDEX="NO", geometry_type="Unknown")
        yield plain, None, frozenset(int(row) for row in table.index[broken])


def _map(kind: Kind, names: list[str], options: Options, file_name: str) -> Mapping:
    wanted = tuple(c.name for c in kind.columns if c.name not in {"geometry", "source_id", "load_id"})
    mapping = read_mapping(options.mapping) if options.mapping else detect_mapping(names, wanted)
    check_mapping(mapping, names, (), file_name)
    return mapping


def _read_table(kind: Kind, path: Path, options: Options, report: LoadReport) -> Batches:
    table = read_cells(path, options.layer)
    columns = find_wkt(table.columns)
    if not columns:
        shown = ", ".join(str(name) for name in table.columns[:30])
        raise RefusedError(
            Text(
                f"{path.name} 没有几何列。{kind.title.zh}的表格要有一列 WKT(列名 wkt、geometry 或 geom)。"
                f"文件的列:{shown}。",
                f"{path.name} has no geometry. A table of {kind.title.en} needs a column of WKT (called wkt, geometry "
                f"or geom). It has: {shown}.",
            )
        )
    names = [str(name) for name in table.columns if name not in columns]
    mapping = _map(kind, names, options, path.name)
    declared = settle_crs(None, options.crs or mapping.crs, path.name, is_forced=False)
    frame = frame_from_table(table[names], mapping, kind, options.time_zone, report)
    rest = report.ignored_columns if kind.keeps_attributes else []
    report.ignored_columns = [name for name in report.ignored_columns if name not in rest]
    for name in rest:
        frame[name] = table[name].astype(object).where(table[name].notna(), None)
    shaped = _shape(frame, table, columns, report)
    return Batches([shaped], declared, options.source_id or mapping.source or path.stem)


def _shape(
    frame: gpd.GeoDataFrame, table: pd.DataFrame, columns: tuple[str, ...], report: LoadReport
) -> gpd.GeoDataFrame:
    """The rows with the geometries that their WKT says; those whose text is none are turned away."""
    geometry, broken = parse_wkt(table.loc[frame.index], columns)
    if broken.any():
        report.reject([int(row) for row in frame.index[broken]], UNREADABLE, columns[0])
        report.read += int(broken.sum())
    # What coordinates the table has besides hold where a row has no text.
    own = np.asarray(frame.geometry.array)
    geometry = np.where(shapely.is_missing(geometry), own, geometry)
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index))[~broken]


def _drop(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> gpd.GeoDataFrame:
    return frame.drop(columns=[name for name in columns if name in frame.columns])
