# SPDX-License-Identifier: Apache-2.0
"""Blocks as people keep them: files or layers, one a level or all in one, and lists of codes and names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ingest.blocks.scheme import SchemeDeclaration
from ingest.mapping import Mapping, check_mapping, read_mapping
from ingest.readers.table import read_table
from ingest.readers.vector import read_vector, settle_crs
from ingest.report import LoadReport
from ingest.source import Options
from twin.crs import check_coordinates, geometries_to_storage
from twin.errors import RefusedError
from twin.model.table import STORAGE_SRID
from twin.text import Text

ZERO_PADDED: Final = "zero_padded"
"""`[formats] code = "zero_padded"` in a mapping: codes are filled up with zeros to one width."""

_TABLES: Final = frozenset({".csv", ".tsv", ".txt"})

_CODES: Final = (
    "code", "block_code", "编码", "代码", "块编码", "网格编码", "网格代码", "区划代码", "行政区划代码", "行政区划编码",
    "统计用区划代码", "gridcode", "grid_code", "adcode", "admincode", "xzqdm", "towncode", "countycode", "villcode",
)  # fmt: skip
_NAMES: Final = ("name", "名称", "块名称", "网格名称", "区划名称", "行政区划名称", "xzqmc")
_NAMES_EN: Final = ("name_en", "英文名", "英文名称")
_PARENTS: Final = ("parent_code", "上级编码", "父编码")


@dataclass(frozen=True)
class BlockRows:
    """What the files hold: `polygons` with code, name, name_en, parent_code and geometry in the storage CRS, and
    `names` with code, name and name_en where there is no boundary. Rows are numbered on from file to file."""

    polygons: gpd.GeoDataFrame
    names: pd.DataFrame


def read_block_files(
    paths: Sequence[Path], options: Options, declaration: SchemeDeclaration, report: LoadReport
) -> BlockRows:
    """Read every file and layer into one tree, and put down in `report` what was turned away.

    `options.layer` may name several layers, separated by commas. Raises RefusedError for a file that cannot be
    read, has no column of codes, or whose coordinates are impossible in its CRS.
    """
    layers = [name.strip() for name in options.layer.split(",")] if options.layer else [None]
    polygons: list[gpd.GeoDataFrame] = []
    names: list[pd.DataFrame] = []
    files: list[dict[str, Any]] = []
    first = 1
    for path in paths:
        for layer in [None] if path.suffix.lower() in _TABLES else layers:
            title = f"{path.name}:{layer}" if layer else path.name
            part = _read_part(path, layer, options, title, report)
            part.index = pd.RangeIndex(first, first + len(part))
            files.append({"file": title, "rows": len(part), "first_row": first})
            first += len(part)
            report.read += len(part)
            part = _clean(part, declaration, options, report)
            if isinstance(part, gpd.GeoDataFrame):
                polygons.append(_clean_places(part, report))
            else:
                names.append(part)
    report.details["files"] = files
    rows = BlockRows(_join_polygons(polygons), pd.concat(names) if names else _no_names())
    report.kept = len(rows.polygons) + len(rows.names)
    if len(rows.polygons):
        report.include(rows.polygons.total_bounds.tolist())
    return rows


def _read_part(path: Path, layer: str | None, options: Options, title: str, report: LoadReport) -> pd.DataFrame:
    is_table = path.suffix.lower() in _TABLES
    file = None if is_table else read_vector(path, layer)
    frame: pd.DataFrame = read_table(path) if file is None else file.frame
    columns = [str(name) for name in frame.columns if name != "geometry"]
    mapping = read_mapping(options.mapping) if options.mapping else detect_columns(frame, columns, title)
    check_mapping(mapping, columns, ("code",), title)
    taken = {ours: _text(frame[theirs]) for ours, theirs in mapping.fields.items()}
    taken |= {ours: pd.Series(value, index=frame.index, dtype="string") for ours, value in mapping.constants.items()}
    for ours, words in mapping.values.items():
        if ours in taken:
            taken[ours] = taken[ours].map(dict(words)).astype("string")
    code = taken["code"]
    known = ("code", "name", "name_en", "parent_code")
    rows = pd.DataFrame({ours: taken.get(ours, pd.Series(pd.NA, frame.index, dtype="string")) for ours in known})
    rows["is_padded"] = mapping.formats.get("code") == ZERO_PADDED
    rows["code"] = code
    report.mapping = (report.mapping or {}) | {
        ours if len(columns) == 0 else f"{title}: {ours}": theirs for ours, theirs in mapping.fields.items()
    }
    report.ignored_columns = sorted({*report.ignored_columns, *columns} - set(mapping.fields.values()))
    if file is None:
        return rows
    declared = settle_crs(file.stated, options.crs or mapping.crs, title, is_forced=options.is_crs_forced)
    report.crs_declared = declared.name
    geometry = np.asarray(file.frame.geometry.array)
    placed = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    if placed.any():
        west, south, east, north = (float(side) for side in shapely.total_bounds(geometry[placed]))
        problems = check_coordinates(declared, (west, south, east, north), title)
        if problems:
            raise RefusedError(
                Text(
                    f"{title} 的坐标与坐标系 {declared.name} 不符:{problems[0].what.zh}。",
                    f"The coordinates of {title} do not fit {declared.name}: {problems[0].what.en}.",
                ),
                problems,
            )
    stored: Any = geometries_to_storage(declared, geometry)
    return gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries(shapely.force_2d(stored), index=rows.index))


def detect_columns(frame: pd.DataFrame, columns: list[str], title: str) -> Mapping:
    """Which column is the code and which the name, by what they are called.

    Where several could be the code, it is the one that begins with the others, or whose values are all
    different. Raises RefusedError where none
    can be told to be it.
    """
    by_name = {re.sub(r"[\s\-]+", "_", column.strip().lower()): column for column in columns}
    found = [name for name in _CODES if name in by_name]
    # The code of the block above it is often there too: what another column begins with is not the row's own.
    found = [name for name in found if not any(_is_prefix(frame, by_name[name], by_name[o]) for o in found)]
    if len(found) > 1:
        found = [name for name in found if frame[by_name[name]].is_unique]
    if len(found) != 1:
        raise RefusedError(
            Text(
                f"{title}:{'有几列都可能是编码:' + '、'.join(by_name[n] for n in found) if found else '认不出编码列'}。"
                f"请用 --mapping 指定 code 与 name。文件的列:{', '.join(columns)}。",
                f"{title}: {'several columns could be the code: ' + ', '.join(found) if found else 'no column could be told to be the code'}. "  # noqa: E501
                f"Say so with --mapping (code, name). It has: {', '.join(columns)}.",
            )
        )
    stem = found[0].removesuffix("code").rstrip("_")
    wanted = {
        "name": (*_NAMES, f"{stem}name"),
        "name_en": (*_NAMES_EN, f"{stem}eng", f"{stem}name_en"),
        "parent_code": _PARENTS,
    }
    fields = {"code": by_name[found[0]]}
    for ours, theirs in wanted.items():
        match = next((by_name[name] for name in theirs if name in by_name), None)
        if match is not None:
            fields[ours] = match
    return Mapping(fields)


def _is_prefix(frame: pd.DataFrame, short: str, long: str) -> bool:
    pairs = zip(_text(frame[short]), _text(frame[long]), strict=True)
    return all(
        isinstance(a, str) and isinstance(b, str) and len(a) < len(b) and b.startswith(a) for a, b in pairs
    ) and bool(len(frame))  # fmt: skip


def _text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Cells as text: a whole number without the decimals that a table format gave it, blank as missing."""
    if pd.api.types.is_float_dtype(values):
        whole = values.where(values == values.round()).astype("Int64").astype("string")
        return whole.fillna(values.astype("string"))
    text = values.astype("string").str.strip()
    return text.where(text != "")


def _clean(
    part: pd.DataFrame, declaration: SchemeDeclaration, options: Options, report: LoadReport
) -> pd.DataFrame:  # fmt: skip
    missing = part["code"].isna().to_numpy(bool)
    reason = Text("没有编码,或映射没有给出对应的编码", "no code, or none that the mapping knows")
    report.reject([int(row) for row in part.index[missing]], reason, "code")
    part = part[~missing]
    codes = part["code"].astype(str)
    if part["is_padded"].any():
        codes = codes.map(lambda code: unpad(str(code), declaration.level_widths))
    if isinstance(part, gpd.GeoDataFrame):
        part = part.assign(code=codes).drop(columns="is_padded")
    else:
        # A list may go beyond the tree (the city above it): those rows are no blocks of this scheme.
        none = ~codes.str.len().isin(declaration.level_widths).to_numpy(bool)
        reason = Text(
            f"编码位数不属于任何层级({declaration.level_widths})",
            f"the code has the width of no level ({declaration.level_widths})",
        )
        report.reject([int(row) for row in part.index[none]], reason, "code")
        part = part.assign(code=codes).drop(columns="is_padded")[~none]
    if options.only:
        out = ~part["code"].astype(str).str.startswith(tuple(options.only)).to_numpy(bool)
        wanted = ", ".join(options.only)
        reason = Text(f"不在 --only {wanted} 之内", f"not within --only {wanted}")
        report.reject([int(row) for row in part.index[out]], reason, "code")
        part = part[~out]
    return part


def unpad(code: str, level_widths: Sequence[int]) -> str:
    """A code without the zeros that fill it up to one width.

    >>> unpad("999901017000", (6, 9, 12))
    '999901017'
    """
    for width in level_widths:
        if len(code) > width and not code[width:].strip("0"):
            return code[:width]
    return code


def _clean_places(part: gpd.GeoDataFrame, report: LoadReport) -> gpd.GeoDataFrame:
    """Only areas stay; an invalid one is repaired and counted."""
    geometry = np.asarray(part.geometry.array)
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    report.reject([int(row) for row in part.index[missing]], Text("没有边界", "no boundary"), "geometry")
    wrong = ~missing & (shapely.get_dimensions(geometry) != 2)
    reason = Text("几何类型不对,块应为面", "wrong geometry type: a block is an area")
    report.reject([int(row) for row in part.index[wrong]], reason, "geometry")
    part, geometry = part[~missing & ~wrong], geometry[~missing & ~wrong]
    broken = ~shapely.is_valid(geometry)
    if broken.any():
        geometry = geometry.copy()
        geometry[broken] = shapely.make_valid(geometry[broken], method="structure", keep_collapsed=False)
        lost = shapely.is_empty(geometry) | (shapely.get_dimensions(geometry) != 2)
        reason = Text("边界无效且无法修复", "the boundary is invalid and nothing of it can be kept")
        report.reject([int(row) for row in part.index[lost]], reason, "geometry")
        report.repaired += int(broken.sum() - lost.sum())
        part = part.set_geometry(gpd.GeoSeries(geometry, index=part.index))[~lost]
    return part


def _join_polygons(parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    if not parts:
        columns = {name: pd.Series(dtype="string") for name in ("code", "name", "name_en", "parent_code")}
        return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=STORAGE_SRID))
    joined = gpd.GeoDataFrame(pd.concat(parts), geometry="geometry")
    return joined.set_crs(STORAGE_SRID, allow_override=True)


def _no_names() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="string") for name in ("code", "name", "name_en")})
