# SPDX-License-Identifier: Apache-2.0
"""Vector files (GeoPackage, GeoJSON, shapefile, FlatGeobuf …) through pyogrio's own GDAL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely.errors

from ingest.crs.declaration import settle_crs as settle_crs
from ingest.crs.declaration import state_crs
from twin.crs import DeclaredCrs
from twin.errors import RefusedError
from twin.text import Text

SUFFIXES: Final = frozenset({".gpkg", ".geojson", ".json", ".shp", ".fgb", ".topojson"})


@dataclass(frozen=True)
class VectorFile:
    """One layer of a file as it was read; rows are numbered from 1."""

    frame: gpd.GeoDataFrame
    stated: DeclaredCrs | None


def read_vector(path: Path, layer: str | None = None) -> VectorFile:
    """Read a vector file, or one `layer` of it, with the CRS that it states, if it states one.

    Raises RefusedError for a file that GDAL cannot read, that has no geometry, or that has several layers
    when none is named.
    """
    encoding = find_encoding(path)
    try:
        frame = pyogrio.read_dataframe(path, layer=choose_layer(path, layer), encoding=encoding)
    except (RuntimeError, ValueError, shapely.errors.ShapelyError) as error:  # what GDAL, drivers and texts may raise
        raise RefusedError(Text(f"读不了 {path.name}:{error}", f"{path.name} cannot be read: {error}")) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise RefusedError(
            Text(
                f"{path.name} 没有几何列;表格请用 CSV 或 XLSX 载入,几何写成 WKT 列。",
                f"{path.name} has no geometry; load a table as CSV or XLSX, with the geometry as a column of WKT.",
            )
        )
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return VectorFile(frame, state_crs(path, frame.crs))


def choose_layer(path: Path, wanted: str | None) -> str:
    """The layer of a file. Raises RefusedError where there are several and none, or another, is named."""
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted not in names:
        raise RefusedError(
            Text(
                f"{path.name} 有 {len(names)} 个图层,请用 --layer 指定:{', '.join(names)}。",
                f"{path.name} has {len(names)} layers; name one with --layer: {', '.join(names)}.",
            )
        )
    return wanted


def find_encoding(path: Path) -> str | None:
    """A shapefile's table in GBK often comes without the .cpg that would say so."""
    table = path.with_suffix(".dbf")
    if path.suffix.lower() != ".shp" or path.with_suffix(".cpg").exists() or not table.exists():
        return None
    raw = table.read_bytes()
    for encoding in ("utf-8", "gb18030"):
        try:
            raw[_dbf_header_size(raw) :].decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def _dbf_header_size(raw: bytes) -> int:
    return int.from_bytes(raw[8:10], "little")
