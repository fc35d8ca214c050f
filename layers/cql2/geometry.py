# SPDX-License-Identifier: Apache-2.0
"""Geometry literals: GeoJSON or a box, in the CRS of the request, as WKB in the storage CRS."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import orjson
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from layers.cql2.refusal import refuse
from twin.model.table import STORAGE_SRID
from twin.text import Text

_MIXED: Final = "GeometryCollection"
_SEGMENTS: Final = 32
"""Into how many parts the sides of a projected box are cut, since they bend on the way to degrees."""
_ROUNDING: Final = 1e-7
"""Degrees that a coordinate may gain on its way through PROJ."""

_BOX_FIX: Final = Text(
    "写作 BBOX(西,南,东,北),坐标轴顺序同 filter-crs",
    "write BBOX(west,south,east,north), with the axes in the order of filter-crs",
)
_SHAPE_FIX: Final = Text(
    "给出有效的 WKT 或 GeoJSON 几何:环首尾相同且至少四个点,互不相交",
    "give a valid WKT or GeoJSON geometry: rings end where they begin, have four positions or more and do not cross",
)
_RANGE_FIX: Final = Text(
    "检查坐标轴顺序与参数 filter-crs(默认 CRS84,先经度后纬度)",
    "check the order of the axes and the parameter filter-crs (CRS84 unless given: longitude, latitude)",
)


@dataclass(frozen=True)
class LiteralCrs:
    """In which CRS literals are.

    srid: None for degrees, which need no change. is_flipped: the northing or the latitude comes first.
    """

    srid: int | None = None
    is_flipped: bool = False


def read_shape(node: Mapping[str, Any], crs: LiteralCrs, where: str) -> BaseGeometry:
    """A GeoJSON geometry in the storage CRS, 2D. Raises InvalidRequestError."""
    try:
        shape = shapely.from_geojson(orjson.dumps(node))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        raise refuse(where, Text("几何无法读取", "the geometry cannot be read"), _SHAPE_FIX) from error
    if shape.is_empty:
        raise refuse(where, Text("几何为空", "the geometry is empty"), _SHAPE_FIX)
    shape = shapely.force_2d(shape)
    if crs.is_flipped:
        shape = shapely.transform(shape, _flip)
    shape = _to_storage(shape, crs, where)
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        raise refuse(where, Text(f"几何无效({reason})", f"the geometry is not valid ({reason})"), _SHAPE_FIX)
    # Of one dimension it is an ordinary geometry, and a part within another adds nothing.
    return shapely.unary_union(shape) if shape.geom_type == _MIXED else shape


def read_box(numbers: object, crs: LiteralCrs, where: str) -> BaseGeometry:
    """A box of four numbers, or six with heights; in degrees, west > east crosses the antimeridian."""
    sides = [float(one) for one in _numbers(numbers, where)]
    if len(sides) == 6:
        sides = [sides[i] for i in (0, 1, 3, 4)]
    if len(sides) != 4:
        raise refuse(where, Text("范围应有四个或六个数", "a box has four numbers or six"), _BOX_FIX)
    west, south, east, north = (sides[i] for i in ((1, 0, 3, 2) if crs.is_flipped else (0, 1, 2, 3)))
    if south > north or (crs.srid is not None and west > east):
        raise refuse(where, Text("范围的上下界颠倒", "the box has its upper side below its lower one"), _BOX_FIX)
    if west > east:
        halves = [_box(west, south, 180, north), _box(-180, south, east, north)]
        _check_range(np.array([[west, south], [east, north]]), where)
        return shapely.union_all(halves)
    box = _box(west, south, east, north)
    if crs.srid is not None and box.length > 0:
        box = shapely.segmentize(box, max(east - west, north - south) / _SEGMENTS)
    return _to_storage(box, crs, where)


def _numbers(values: object, where: str) -> Sequence[float]:
    listed = cast("list[object]", values) if isinstance(values, list) else []
    if not listed or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in listed):
        raise refuse(where, Text("范围只能由数字组成", "a box is made of numbers alone"), _BOX_FIX)
    numbers = cast("list[float]", listed)
    if not all(math.isfinite(one) and abs(one) < 1e12 for one in numbers):
        raise refuse(where, Text("坐标超出范围", "a coordinate is out of range"), _RANGE_FIX)
    return numbers


def _box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """A box, or the line or point that is left of one without width or height."""
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    if west == east and south == north:
        return shapely.Point(west, south)
    return shapely.LineString([(west, south), (east, north)])


def _to_storage(shape: BaseGeometry, crs: LiteralCrs, where: str) -> BaseGeometry:
    if crs.srid is not None:
        transformer = Transformer.from_crs(crs.srid, STORAGE_SRID, always_xy=True)
        shape = shapely.transform(
            shape, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])).astype(np.float64)
        )
    _check_range(shapely.get_coordinates(shape), where)
    return shape


def _check_range(lonlat: npt.NDArray[np.float64], where: str) -> None:
    limits = np.array([180.0, 90.0]) + _ROUNDING
    if not (np.abs(lonlat) <= limits).all():
        raise refuse(
            where, Text("坐标超出经纬度范围", "a coordinate lies outside of longitudes and latitudes"), _RANGE_FIX
        )


def _flip(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return xy[:, ::-1]
