# SPDX-License-Identifier: Apache-2.0
"""The CRSs in which features are given and boxes understood: OGC API Features Part 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pyproj import CRS, Transformer

from layers.filter import Frame, cut_box
from layers.shape import DEGREE_DECIMALS, METRE_DECIMALS, Shape
from layers.tile import HALF_WORLD, Box
from twin.errors import InvalidRequestError
from twin.model.table import STORAGE_SRID
from twin.settings import Settings
from twin.text import Text

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
STORAGE_CRS: Final = f"{_EPSG}{STORAGE_SRID}"
_WGS84: Final = 4326
_WEB_MERCATOR: Final = 3857
_EDGE_PARTS: Final = 32
"""Into how many parts the sides of a box are cut before it is moved: they bend on the way."""


@dataclass(frozen=True)
class OfferedCrs:
    """One of them. srid: of the EPSG registry, None for CRS84."""

    uri: str
    srid: int | None
    is_geographic: bool
    is_flipped: bool

    @property
    def shape(self) -> Shape:
        """How geometry is written in it."""
        if self.is_geographic:
            # CGCS2000 and WGS 84 are the same to less than what is stored, and PROJ's way between them is no change.
            return Shape(is_flipped=self.is_flipped, decimals=DEGREE_DECIMALS)
        return Shape(self.srid, self.is_flipped, METRE_DECIMALS)

    @property
    def header(self) -> str:
        """As `Content-Crs` says it."""
        return f"<{self.uri}>"

    @property
    def definition(self) -> CRS:
        """What a file says of it; coordinates in files are x, y whatever the registry's order."""
        return _define(self.srid)


DEFAULT_CRS: Final = OfferedCrs(CRS84, None, is_geographic=True, is_flipped=False)


@lru_cache(maxsize=8)
def list_crs(metric_srid: int) -> Mapping[str, OfferedCrs]:
    """All of them by URI, the default first. `metric_srid`: the installation's own zone."""
    offered = [DEFAULT_CRS]
    for srid in dict.fromkeys((_WGS84, STORAGE_SRID, _WEB_MERCATOR, metric_srid)):
        crs = _define(srid)
        is_flipped = crs.axis_info[0].direction.lower() == "north"
        offered.append(OfferedCrs(f"{_EPSG}{srid}", srid, crs.is_geographic, is_flipped))
    return {one.uri: one for one in offered}


def find_crs(settings: Settings, text: str | None, parameter: str) -> OfferedCrs:
    """The CRS of this URI, or of `EPSG:<code>`; None: the default, CRS84. Raises InvalidRequestError."""
    offered = list_crs(settings.metric_srid)
    if text is None:
        return offered[CRS84]
    found = offered.get(f"{_EPSG}{text[5:]}" if text.upper().startswith("EPSG:") else text)
    if found is None:
        listed = ", ".join(offered)
        raise InvalidRequestError(
            Text(
                f"参数 {parameter} 的坐标系不在支持之列。可用:{listed}。",
                f"The CRS of the parameter {parameter} is not offered. Offered: {listed}.",
            ),
            parameter,
        )
    return found


def storage_crs(settings: Settings) -> OfferedCrs:
    """The one that everything is stored in."""
    return list_crs(settings.metric_srid)[STORAGE_CRS]


def parse_box(text: str, crs: OfferedCrs) -> tuple[tuple[Box, ...], Frame | None]:
    """A `bbox` in its CRS: what it covers in degrees (lon/lat), and for a projected CRS the box itself.

    Four numbers, or six with heights, which are ignored. Raises InvalidRequestError.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    heights = (0.0, 0.0)
    if len(numbers) == 6:
        heights = numbers[2], numbers[5]
        numbers = [numbers[i] for i in (0, 1, 3, 4)]
    if len(numbers) != 4 or not all(-1e9 < number < 1e9 for number in (*numbers, *heights)):
        raise _wrong("四个数(或带高程的六个数)", "four numbers, or six with heights")
    west, south, east, north = (numbers[i] for i in ((1, 0, 3, 2) if crs.is_flipped else (0, 1, 2, 3)))
    if south > north or heights[0] > heights[1]:
        raise _wrong("下界在前、上界在后", "the lower corner and then the upper one")
    if crs.is_geographic:
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south and north <= 90):
            raise _wrong("经度 ±180、纬度 ±90 之内", "within ±180 and ±90")
        return cut_box(west, south, east, north), None
    if west > east:
        raise _wrong("下界在前、上界在后", "the lower corner and then the upper one")
    assert crs.srid is not None
    return _cover(crs.srid, (west, south, east, north)), Frame(crs.srid, west, south, east, north)


def _cover(srid: int, box: Box) -> tuple[Box, ...]:
    """The degrees that a box of metres covers. Raises InvalidRequestError where it lies outside of the CRS."""
    if srid == _WEB_MERCATOR:
        west, south, east, north = (max(-HALF_WORLD, min(HALF_WORLD, side)) for side in box)
        box = (west, south, east, north)
    cover = _to_degrees(srid).transform_bounds(*box, densify_pts=_EDGE_PARTS)
    west, south, east, north = cover
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _wrong("该坐标系适用范围之内", "within the area of its CRS")
    return ((west, south, east, north),)


@lru_cache(maxsize=8)
def _to_degrees(srid: int) -> Transformer:
    return Transformer.from_crs(srid, STORAGE_SRID, always_xy=True)


@lru_cache(maxsize=8)
def _define(srid: int | None) -> CRS:
    return CRS.from_authority("OGC", "CRS84") if srid is None else CRS.from_epsg(srid)


def _wrong(zh: str, en: str) -> InvalidRequestError:
    return InvalidRequestError(Text(f"参数 bbox 应为{zh}。", f"The parameter bbox is {en}."), "bbox")
