# SPDX-License-Identifier: Apache-2.0
"""Coordinate reference systems: declared by a person, checked against the coordinates, never guessed.

Whoever converts plane or geographic coordinates does it here (`twin/gltf/globe.py` adds the last step,
from there to the globe). In and out, coordinates are x, y = longitude, latitude or
east, north, whatever order the registry gives (EPSG:4490 is lat, lon there and 4547 north, east).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from twin.errors import Problem, RefusedError
from twin.gcj02 import wgs84_from_bd09, wgs84_from_gcj02
from twin.model.table import STORAGE_SRID
from twin.text import Text

Coordinates = npt.NDArray[np.float64]

_WEB_MAPS: Final = {"GCJ-02": wgs84_from_gcj02, "BD-09": wgs84_from_bd09}
_SPELLINGS: Final = {
    "GCJ02": "GCJ-02",
    "GCJ-02": "GCJ-02",
    "BD09": "BD-09",
    "BD-09": "BD-09",
    "BD09LL": "BD-09",
}


@dataclass(frozen=True)
class DeclaredCrs:
    """A CRS that somebody declared; `name` is how reports write it."""

    name: str
    crs: CRS
    web_map: str | None = None

    @property
    def is_geographic(self) -> bool:
        """Whether coordinates are degrees of longitude and latitude."""
        return self.crs.is_geographic


def parse_crs(text: str) -> DeclaredCrs:
    """A CRS from `EPSG:4547`, `4547`, WKT, a PROJ string, `GCJ-02` or `BD-09`.

    Raises RefusedError for anything PROJ does not know, and for a CRS that is not on the Earth's surface.
    """
    wanted = text.strip()
    web_map = _SPELLINGS.get(wanted.upper())
    if web_map:
        return DeclaredCrs(web_map, CRS.from_epsg(4326), web_map)
    try:
        crs = CRS.from_user_input(int(wanted) if wanted.isdigit() else wanted)
    except (CRSError, ValueError) as error:
        raise RefusedError(
            Text(
                f"不认识坐标系“{wanted}”。请给出 EPSG 代码(如 EPSG:4547)、WKT、PROJ 字符串、GCJ-02 或 BD-09。",
                f"'{wanted}' is no coordinate system that is known here. Give an EPSG code (EPSG:4547), "
                "WKT, a PROJ string, GCJ-02 or BD-09.",
            )
        ) from error
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if not (crs.is_geographic or crs.is_projected):
        raise RefusedError(
            Text(
                f"坐标系“{wanted}”既不是地理坐标系也不是投影坐标系,无法定位。",
                f"'{wanted}' is neither a geographic nor a projected system, so nothing can be placed by it.",
            )
        )
    return DeclaredCrs(describe_crs(crs), crs)


def describe_crs(crs: CRS) -> str:
    """`EPSG:4547` where the registry knows it, else its name."""
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else crs.name


@lru_cache(maxsize=64)
def _transformer(source: CRS, target: int) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_storage(declared: DeclaredCrs, xy: Coordinates) -> Coordinates:
    """Coordinates (n, 2) of the declared CRS as longitude, latitude in the storage CRS, degrees."""
    if declared.web_map:
        lon, lat = _WEB_MAPS[declared.web_map](xy[:, 0], xy[:, 1])
    else:
        lon, lat = _transformer(declared.crs, STORAGE_SRID).transform(xy[:, 0], xy[:, 1])
    return np.column_stack([lon, lat])


def geometries_to_storage(declared: DeclaredCrs, geometries: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Shapely geometries of the declared CRS in the storage CRS; Z is kept as it is."""

    def convert(coordinates: Coordinates) -> Coordinates:
        moved = coordinates.copy()
        moved[:, :2] = to_storage(declared, coordinates[:, :2])
        return moved

    return shapely.transform(geometries, convert, include_z=bool(shapely.has_z(geometries).any()))


def geometries_to_metric(geometries: npt.NDArray[Any], metric_srid: int) -> npt.NDArray[Any]:
    """Shapely geometries of the storage CRS in the district's metric CRS (metres)."""
    transformer = _transformer(CRS.from_epsg(STORAGE_SRID), metric_srid)

    def convert(coordinates: Coordinates) -> Coordinates:
        x, y = transformer.transform(coordinates[:, 0], coordinates[:, 1])
        return np.column_stack([x, y])

    return shapely.transform(shapely.force_2d(geometries), convert)


def check_coordinates(declared: DeclaredCrs, bounds: tuple[float, float, float, float], where: str) -> list[Problem]:
    """What is impossible about an extent (xmin, ymin, xmax, ymax) in its declared CRS.

    An empty list means that it is possible, not that it is right.
    """
    xmin, ymin, xmax, ymax = bounds
    if declared.is_geographic:
        if xmin >= -180 and xmax <= 180 and ymin >= -90 and ymax <= 90:
            return []
        if ymin >= -180 and ymax <= 180 and xmin >= -90 and xmax <= 90:
            what = Text("坐标超出经纬度范围,像是纬度在前、经度在后", "latitude seems to come before longitude")
        else:
            what = Text(
                f"坐标({xmin:.1f}, {ymin:.1f})不可能是经纬度(度),像是以米为单位的投影坐标",
                f"coordinates like ({xmin:.1f}, {ymin:.1f}) cannot be degrees; they look projected, in metres",
            )
        return [Problem(where, what, _DECLARE)]
    if _zone_prefixed(xmin, xmax) and not _has_zone_prefix(declared.crs):
        zone = int(xmin // 1_000_000)
        what = Text(
            f"东坐标大于 10⁷,带有 {zone} 带的带号,而 {declared.name} 不带带号",
            f"eastings above 10⁷ carry the zone number {zone}, and {declared.name} has none",
        )
        fix = Text(
            f"改用带带号的坐标系(3° {zone} 带是 EPSG:{4488 + zone})",
            f"declare the CRS with the zone prefix (EPSG:{4488 + zone} for 3-degree zone {zone})",
        )
        return [Problem(where, what, fix)]
    return _outside_area_of_use(declared, bounds, where)


_DECLARE: Final = Text(
    "用 --crs 声明数据真正的坐标系;twin check 会列出候选",
    "declare the true CRS with --crs; `twin check` lists candidates",
)


def _zone_prefixed(xmin: float, xmax: float) -> bool:
    return 25_000_000 <= xmin and xmax < 46_000_000


def _has_zone_prefix(crs: CRS) -> bool:
    return any(
        parameter.name == "False easting" and float(parameter.value) > 10_000_000
        for parameter in (crs.coordinate_operation.params if crs.coordinate_operation else ())
    )


def _outside_area_of_use(declared: DeclaredCrs, bounds: tuple[float, float, float, float], where: str) -> list[Problem]:
    area = declared.crs.area_of_use
    corners = np.array([[bounds[0], bounds[1]], [bounds[2], bounds[3]]])
    lonlat = to_storage(declared, corners)
    margin = 3.0  # degrees: a zone's data may reach a little into its neighbour
    inside = area is None or (
        bool(np.isfinite(lonlat).all())
        and lonlat[:, 0].min() >= area.west - margin
        and lonlat[:, 0].max() <= area.east + margin
        and lonlat[:, 1].min() >= area.south - margin
        and lonlat[:, 1].max() <= area.north + margin
    )
    if inside:
        return []
    assert area is not None
    what = Text(
        f"数据范围在 {declared.name} 的适用区之外({area.name})",
        f"the data lies outside the area of use of {declared.name} ({area.name})",
    )
    return [Problem(where, what, _DECLARE)]
