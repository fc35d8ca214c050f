# SPDX-License-Identifier: Apache-2.0
"""The places of a file in its own numbers, whatever it is: vector file, or table with coordinates in it.

For measuring only: nothing that is read here is loaded. Tables may have two columns of coordinates, one of
`lon,lat` pairs, or one of WKT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from ingest.mapping import read_mapping
from ingest.readers.table import read_table
from ingest.readers.vector import SUFFIXES, read_vector
from ingest.spatialise.read import SPREADSHEETS, read_any_table
from twin.crs import DeclaredCrs, parse_crs
from twin.errors import RefusedError
from twin.text import Text

TABLES: Final = frozenset({".csv", ".tsv", ".txt"})

_X: Final = frozenset(
    {"x", "lon", "lng", "long", "longitude", "lo", "经度", "东经", "x坐标", "pointx", "坐标x", "横坐标"}
)
_Y: Final = frozenset({"y", "lat", "latitude", "la", "纬度", "北纬", "y坐标", "pointy", "坐标y", "纵坐标"})
_SYSTEMS: Final = (
    (re.compile(r"gcj[-_ ]?(02)?|火星|高德|国测局|amap|gaode"), "GCJ-02"),
    (re.compile(r"bd[-_ ]?09(ll)?|百度|baidu"), "BD-09"),
    (re.compile(r"wgs[-_ ]?(19)?84"), "EPSG:4326"),
    (re.compile(r"cgcs[-_ ]?2000|国家2000"), "EPSG:4490"),
    (re.compile(r"epsg[:_ ]?(\d{4,5})"), ""),
)
_PAIR: Final = re.compile(r"(-?\d{1,3}\.\d+)\s*[,,]\s*(-?\d{1,3}\.\d+)")
_WKT: Final = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*Z?M?\s*\(", re.IGNORECASE)
_ENOUGH: Final = 0.8


@dataclass(frozen=True)
class Places:
    """Geometries in a file's own numbers (x or longitude first) and the CRS that it states, by whatever means."""

    geometry: npt.NDArray[Any]
    stated: DeclaredCrs | None
    is_heading: bool = False
    """Whether a column's heading states it (`lng_gcj02`)."""


def can_read_places(path: Path) -> bool:
    """Whether a file is one whose places can be read here, by its suffix."""
    return path.suffix.lower() in SUFFIXES | SPREADSHEETS | TABLES


def read_places(path: Path, layer: str | None = None, mapping: str | None = None) -> Places:
    """Read them.

    Raises RefusedError for a file that cannot be read or has no coordinates.
    """
    if path.suffix.lower() in SUFFIXES:
        file = read_vector(path, layer)
        return Places(_placed(np.asarray(file.frame.geometry.array)), file.stated)
    is_sheet = path.suffix.lower() in SPREADSHEETS
    table = read_any_table(path, layer).text if is_sheet else read_table(path)
    mapped = read_mapping(mapping).fields if mapping else {}
    pair = (mapped["x"], mapped["y"]) if {"x", "y"} <= set(mapped) else find_pair(list(table.columns))
    if pair is not None and set(pair) <= set(table.columns):
        stated = state_by_heading(pair[0]) or state_by_heading(pair[1])
        return Places(_points(table, *pair), stated, is_heading=stated is not None)
    for column in table.columns:
        found = _parse_column(table[column])
        if found is not None:
            stated = state_by_heading(column)
            return Places(found, stated, is_heading=stated is not None)
    raise RefusedError(
        Text(
            f"{path.name}:认不出坐标列。文件的列:{', '.join(table.columns)}。",
            f"{path.name}: no column could be told to hold coordinates. It has: {', '.join(table.columns)}.",
        )
    )


def find_pair(columns: list[str]) -> tuple[str, str] | None:
    """The columns of x and y by what they are called; both must name the same system, if they name one.

    >>> find_pair(["名称", "纬度", "经度"])
    ('经度', '纬度')
    >>> find_pair(["lng_gcj02", "lat_gcj02", "id"])
    ('lng_gcj02', 'lat_gcj02')
    """
    xs = {_system(name): name for name in reversed(columns) if _bare(name) in _X}
    ys = {_system(name): name for name in reversed(columns) if _bare(name) in _Y}
    both = [system for system in (None, "EPSG:4490", "EPSG:4326", *xs) if system in xs and system in ys]
    return (xs[both[0]], ys[both[0]]) if both else None


def state_by_heading(column: str) -> DeclaredCrs | None:
    """The CRS that a heading names (`经度(GCJ-02)`, `bd09_lng`)."""
    system = _system(column)
    return parse_crs(system) if system else None


def _system(column: str) -> str | None:
    for pattern, name in _SYSTEMS:
        found = pattern.search(column.lower())
        if found:
            return name or f"EPSG:{found[1]}"
    return None


def _bare(column: str) -> str:
    name = column.lower()
    for pattern, _ in _SYSTEMS:
        name = pattern.sub("", name)
    name = re.sub(r"[((\[【].*?[))\]】]", "", name)
    return re.sub(r"[\s_\-.::]+", "", name)


def _points(table: pd.DataFrame, x_column: str, y_column: str) -> npt.NDArray[Any]:
    x, y = (
        pd.to_numeric(table[name].str.strip(), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        for name in (x_column, y_column)
    )
    given = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    return np.asarray(shapely.points(x[given], y[given]))


def _parse_column(values: pd.Series[Any]) -> npt.NDArray[Any] | None:
    texts = [str(value) for value in values if isinstance(value, str) and value]
    if not texts:
        return None
    if sum(bool(_WKT.match(text)) for text in texts[:100]) >= _ENOUGH * len(texts[:100]):
        bare = [text.split(";", 1)[-1] for text in texts]
        return _placed(np.asarray(shapely.from_wkt(bare, on_invalid="ignore")))
    if sum(bool(_PAIR.search(text)) for text in texts[:100]) < _ENOUGH * len(texts[:100]):
        return None
    pairs = [[(float(x), float(y)) for x, y in _PAIR.findall(text)] for text in texts]
    return np.array([shapely.MultiPoint(pair) for pair in pairs if pair], dtype=object)


def _placed(geometry: npt.NDArray[Any]) -> npt.NDArray[Any]:
    there = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    geometry = geometry[there]
    return geometry[np.isfinite(shapely.bounds(geometry)).all(axis=1)]
