# SPDX-License-Identifier: Apache-2.0
"""What lies within a building finds it: by its code, or by its id at its source; never by nearness.

A row without a geometry of its own takes its building's. Codes that contradict each other or the place are
reported; the place is what counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ingest.report import LoadReport
from twin.blocks import BlockIndex
from twin.crs import DeclaredCrs, check_coordinates, geometries_to_storage, parse_crs
from twin.database import Connection
from twin.errors import Problem, RefusedError
from twin.model.table import STORAGE_SRID
from twin.text import Text

Mask = NDArray[np.bool_]

_SHOWN: Final = 5
"""How many row numbers a problem names."""


_OTHER_BLOCK: Final = Text(
    "编码中的网格与所在位置不符(按位置入块)",
    "have a code of another block than the one they lie in (put where they lie)",
)
_CHECK_CODES: Final = Text(
    "核对编码与坐标,或更新块划分后的编码", "check codes and coordinates, or renumber after blocks changed"
)


@dataclass(frozen=True)
class CodeForm:
    """How a kind's codes are written, and how many of their digits are their building's or block's."""

    pattern: str
    within_digits: int
    title: Text


def read_forms(connection: Connection) -> dict[str, CodeForm]:
    """The forms by kind: building, unit, estate_unit, component."""
    rows = connection.execute("SELECT kind, pattern, within_digits, title FROM code_form").fetchall()
    return {row[0]: CodeForm(row[1], row[2], Text(row[3]["zh"], row[3]["en"])) for row in rows}


def turn_away(frame: gpd.GeoDataFrame, mask: Mask, report: LoadReport, reason: Text, column: str) -> gpd.GeoDataFrame:
    """The rows that are not in `mask`; the others are counted as read and rejected."""
    if not mask.any():
        return frame
    report.reject([int(row) for row in frame.index[mask]], reason, column)
    report.read += int(mask.sum())
    return frame[~mask]


def text_column(frame: gpd.GeoDataFrame, name: str) -> pd.Series[Any]:
    """A column as stripped text with NA for what is empty; all NA where the frame has none."""
    if name not in frame.columns:
        return pd.Series(pd.NA, index=frame.index, dtype="string")
    values = frame[name].astype("string").str.strip()
    return values.mask(values == "")


def reject_malformed(
    frame: gpd.GeoDataFrame, column: str, form: CodeForm | None, report: LoadReport
) -> gpd.GeoDataFrame:
    """Turn away codes that are not written as `form` says; what is empty is no code."""
    codes = text_column(frame, column)
    frame = frame.assign(**{column: codes})
    if form is None:
        return frame
    wrong = codes.notna() & ~codes.str.fullmatch(form.pattern).fillna(value=False)
    reason = Text(
        f"{form.title.zh}格式不符({form.pattern})",
        f"not the form of a {form.title.en} ({form.pattern})",
    )
    return turn_away(frame, wrong.to_numpy(dtype=bool), report, reason, column)


def to_storage_frame(frame: gpd.GeoDataFrame, declared: DeclaredCrs, report: LoadReport) -> gpd.GeoDataFrame:
    """The frame in the storage CRS, so that geometries of buildings can stand beside its own.

    Raises RefusedError for coordinates that are impossible in the declared CRS.
    """
    geometry = np.asarray(frame.geometry.array)
    placed = ~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)
    if not placed.any():
        return frame
    west, south, east, north = (float(v) for v in shapely.total_bounds(geometry[placed]))
    problems = check_coordinates(declared, (west, south, east, north), report.file_name or report.kind)
    if problems:
        raise RefusedError(
            Text(
                f"坐标与声明的坐标系 {declared.name} 不符:{problems[0].what.zh}。{problems[0].fix.zh}。",
                f"The coordinates do not fit the declared {declared.name}: {problems[0].what.en}. "
                f"{problems[0].fix.en}.",
            ),
            problems,
        )
    stored = geometries_to_storage(declared, geometry)
    return frame.set_geometry(gpd.GeoSeries(stored, index=frame.index))


def find_buildings(
    connection: Connection, source_id: str, codes: pd.Series[Any], local_ids: pd.Series[Any]
) -> pd.DataFrame:
    """The building of each row: columns id (NA: none), code, block_code, geometry, is_ambiguous; index kept.

    By code where the row has one, else by the id at the same source. Of several buildings with one code the
    one of the same source is meant; where that does not settle it, none is.
    """
    by_code = _look_up(
        connection,
        "SELECT code, id, code, block_code, ST_AsBinary(geometry), source_id = %(source)s FROM building "
        "WHERE code = ANY(%(keys)s)",
        source_id, codes,
    )  # fmt: skip
    by_id = _look_up(
        connection,
        "SELECT local_id, id, code, block_code, ST_AsBinary(geometry), true FROM building "
        "WHERE source_id = %(source)s AND local_id = ANY(%(keys)s)",
        source_id, local_ids.where(codes.isna()),
    )  # fmt: skip
    found = by_code.reindex(codes.astype(object)).set_axis(codes.index)
    others = by_id.reindex(local_ids.astype(object)).set_axis(codes.index)
    chosen = found.where(codes.notna(), others)
    geometry = chosen["geometry"].to_numpy(dtype=object, copy=True)
    geometry[~shapely.is_geometry(geometry)] = None
    chosen["geometry"] = geometry
    chosen["is_ambiguous"] = chosen["is_ambiguous"].eq(other=True)
    chosen.loc[chosen["is_ambiguous"], "id"] = None
    return chosen


def _look_up(connection: Connection, query: Any, source_id: str, keys: pd.Series[Any]) -> pd.DataFrame:
    wanted = [str(key) for key in keys.dropna().unique()]
    rows = connection.execute(query, {"source": source_id, "keys": wanted}).fetchall() if wanted else []
    names = ["key", "id", "code", "block_code", "wkb", "is_mine"]
    found = pd.DataFrame(rows, columns=names, dtype=object)
    found["geometry"] = shapely.from_wkb(found.pop("wkb").to_numpy(dtype=object))
    mine = found["is_mine"].eq(other=True)
    has_mine = found["key"].map(mine.groupby(found["key"]).any()).eq(other=True)
    found = found[mine | ~has_mine]
    found["is_ambiguous"] = found["key"].duplicated(keep=False)
    return found.drop_duplicates("key").set_index("key").drop(columns="is_mine")


def place_within(
    frame: gpd.GeoDataFrame, buildings: pd.DataFrame, report: LoadReport, *, is_rejected: bool
) -> gpd.GeoDataFrame:
    """Give each row its `building_id`, `building_code` and, where it has no geometry, its building's.

    A row that has neither is turned away with the reason if `is_rejected`, and stays without a place if not.
    One with a geometry of its own waits for its building.
    """
    codes, local_ids = text_column(frame, "building_code"), text_column(frame, "building_local_id")
    own = ~shapely.is_missing(np.asarray(frame.geometry.array))
    frame = frame.assign(
        building_id=buildings["id"].astype("Int64"),
        building_code=codes.fillna(buildings["code"].astype("string")),
    )
    named = (codes.notna() | local_ids.notna()).to_numpy(dtype=bool)
    known = buildings["id"].notna().to_numpy(dtype=bool)
    ambiguous = buildings["is_ambiguous"].to_numpy(dtype=bool)
    theirs = buildings["geometry"].to_numpy(dtype=object)
    unplaced = known & ~own & shapely.is_missing(theirs)
    if is_rejected:
        reasons = (
            (~own & ~named, Text("既没有几何也没有楼栋编码", "neither a geometry nor a building code")),
            (~own & ambiguous, Text("楼栋编码属于多栋建筑,无法确定是哪一栋", "several buildings have this code")),
            (~own & named & ~known & ~ambiguous, Text("没有这个编码的建筑", "no building has this code")),
            (unplaced, Text("所属建筑没有几何", "its building has no geometry")),
        )
        lost = np.zeros(len(frame), dtype=bool)
        for mask, reason in reasons:
            turn_away(frame, mask & ~lost, report, reason, "building_code")
            lost |= mask
    else:
        lost = np.zeros(len(frame), dtype=bool)
        tell_rows(
            report, frame, named & ~known,
            Text("所属建筑不存在或无法确定(已载入)", "have a building that is not known, or not for sure (loaded)"),
            Text("补载建筑后会自动关联", "load the buildings; the rows will find them"),
        )  # fmt: skip
    geometry = np.asarray(frame.geometry.array).copy()
    geometry[~own & known] = theirs[~own & known]
    frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index))
    if is_rejected:
        frame["has_own_geometry"] = own
        waiting = own & named & ~known
        tell_rows(
            report, frame, waiting,
            Text("有自己的几何,但所属建筑不存在或无法确定(已载入)",
                 "have a geometry of their own, but a building that is not known, or not for sure (loaded)"),
            Text("补载建筑后会自动关联", "load the buildings; the rows will find them"),
        )  # fmt: skip
        apart = own & known & ~shapely.is_missing(theirs)
        apart[apart] = ~shapely.intersects(geometry[apart], theirs[apart])
        tell_rows(
            report, frame, apart,
            Text("几何不在所属建筑内(按自己的几何载入)", "lie apart from their building (loaded where they lie)"),
            Text("核对楼栋编码与坐标", "check the building code and the coordinates"),
        )  # fmt: skip
    return frame[~lost].drop(columns=[c for c in ("building_local_id",) if c in frame.columns])


def tell_contradictions(
    frame: gpd.GeoDataFrame, column: str, forms: dict[str, CodeForm], index: BlockIndex | None, report: LoadReport
) -> None:
    """Report codes that are not their building's, and buildings' codes of another block than the place's."""
    within = text_column(frame, "building_code")
    if column == "code" and "unit" in forms:
        codes = text_column(frame, "code")
        differs = codes.notna() & within.notna() & (codes.str[: forms["unit"].within_digits] != within)
        tell_rows(
            report, frame, differs.fillna(value=False).to_numpy(dtype=bool),
            Text("编码不以楼栋编码开头(按楼栋编码关联)",
                 "have a code that does not begin with their building's (the building code is followed)"),
            Text("核对编码", "check the codes"),
        )  # fmt: skip
        within = codes.fillna(within)
    if index is None or "building" not in forms:
        return
    geometry = np.asarray(frame.geometry.array)
    placed = (~shapely.is_missing(geometry)) & within.notna().to_numpy(dtype=bool)
    if not placed.any():
        return
    homes = pd.Series(index.home(shapely.point_on_surface(geometry[placed])), dtype="string")
    claimed = within[placed].str[: forms["building"].within_digits].reset_index(drop=True)
    wrong = placed.copy()
    wrong[placed] = (claimed != homes).fillna(value=False).to_numpy(dtype=bool)
    tell_rows(
        report, frame, wrong,
        _OTHER_BLOCK, _CHECK_CODES,
    )  # fmt: skip


def tell_places_of_codes(
    frame: gpd.GeoDataFrame, declared: DeclaredCrs, form: CodeForm | None, index: BlockIndex, report: LoadReport
) -> None:
    """Report rows (areas, declared CRS) whose `code` is written as `form` says and names another block than theirs."""
    if form is None or "code" not in frame.columns:
        return
    codes = text_column(frame, "code")
    geometry = np.asarray(frame.geometry.array)
    coded = codes.str.fullmatch(form.pattern).fillna(value=False).to_numpy(dtype=bool)
    # What is invalid the pipeline repairs later; where it then lies is not known here.
    coded &= shapely.is_valid(geometry)
    if not coded.any():
        return
    points = geometries_to_storage(declared, shapely.point_on_surface(geometry[coded]))
    homes = index.home(points).astype(str)
    wrong = coded.copy()
    wrong[coded] = codes[coded].str[: form.within_digits].to_numpy(dtype=str) != homes
    tell_rows(report, frame, wrong, _OTHER_BLOCK, _CHECK_CODES)


def tell_rows(report: LoadReport, frame: gpd.GeoDataFrame, mask: Mask, what: Text, fix: Text) -> None:
    """One problem for all rows of `mask`: how many, and the first of their numbers."""
    count = int(mask.sum())
    if not count:
        return
    rows = ", ".join(str(row) for row in frame.index[mask][:_SHOWN]) + (" …" if count > _SHOWN else "")
    where = f"{report.file_name or report.kind}: {rows}"
    report.problems.append(Problem(where, Text(f"{count} 行{what.zh}", f"{count} rows {what.en}"), fix))


def as_stored(declared: DeclaredCrs) -> DeclaredCrs:
    """The storage CRS under the name that was declared, for rows that have been brought there already."""
    return replace(parse_crs(f"EPSG:{STORAGE_SRID}"), name=declared.name)
