# SPDX-License-Identifier: Apache-2.0
"""Standard addresses from a table or a vector file: whole texts or columns of parts, with points."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from ingest.features import readable_file
from ingest.frame_source import Batches, FrameSource
from ingest.kind import KINDS
from ingest.readers.vector import settle_crs
from ingest.readers.wkt import UNREADABLE
from ingest.report import LoadReport
from ingest.source import Options
from ingest.spatialise.columns import find_columns, join_parts
from ingest.spatialise.read import read_any_table, read_points
from twin.address.grammar import parse_address
from twin.address.parts import PARTS, AddressParts, format_address
from twin.text import Text

_NO_PARTS = Text("读不出地址的任何部分", "no part of an address could be read")


def _read(path: Path, options: Options, report: LoadReport) -> Batches:
    with readable_file(path, options.layer) as (file, layer, misread):
        table = read_any_table(file, layer)
    columns = find_columns(table.text, options.mapping, path.name, ("address",), has_geometry=table.has_geometry)
    declared = settle_crs(table.stated, options.crs or columns.crs, path.name, is_forced=options.is_crs_forced)
    report.mapping = dict(columns.fields)
    texts = join_parts(table.text, columns)
    parts = [parse_address(text).parts if text else AddressParts() for text in texts]
    readable = pd.Series([bool(part.as_dict()) for part in parts], index=table.text.index)
    report.reject([int(row) for row in readable.index[~readable]], _NO_PARTS, columns.fields.get("address", "address"))
    report.read += int((~readable).sum())
    frame = pd.DataFrame(index=table.text.index)
    for ours in ("local_id", "code", "building_code"):
        # A building's code is not that of an address in it.
        is_other = ours == "code" and columns.fields.get("code") == columns.fields.get("building_code")
        if ours in columns.fields and not is_other:
            frame[ours] = table.text[columns.fields[ours]]
    for name in PARTS:
        frame[name] = pd.Series([getattr(part, name) for part in parts], index=frame.index, dtype="string")
    frame["normalised"] = [format_address(part, "town") for part in parts]
    points = read_points(table, columns)
    placed = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(points.geometry, index=frame.index))
    placed = placed[readable.to_numpy() & ~points.is_broken]
    report.reject(
        [int(row) for row in frame.index[readable.to_numpy() & points.is_broken]],
        Text("坐标不是数", "a coordinate is not a number"),
        "x, y",
    )
    report.read += int((readable.to_numpy() & points.is_broken).sum())
    # An address without a place is an address; one whose place is written wrongly is for somebody to mend.
    is_misread = placed.index.isin(misread)
    report.reject([int(row) for row in placed.index[is_misread]], UNREADABLE, "wkt")
    report.read += int(is_misread.sum())
    placed = placed[~is_misread]
    return Batches([placed], declared, options.source_id or columns.source or path.stem)


SOURCE = FrameSource(kind=KINDS["addresses"], read=_read)
