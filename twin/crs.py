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
from twin.gcj02 import bd09_from_wgs84, gcj02_from_wgs84, wgs84_from_bd09, wgs84_from_gcj02
from twin.model.table import STORAGE_SRID
from twin.text import Text

Coordinates = npt.NDArray[np.float64]

_WEB_MAPS: Final = {"GCJ-02": wgs84_from_gcj02, "BD-09": wgs84_from_bd09}
_TO_WEB_MAPS: Final = {"GCJ-02": gcj02_from_wgs84, "BD-09": bd09_from_wgs84}
_SPELLINGS: Final = {
    "GCJ02": "GCJ-02",
    "GCJ-02": "GCJ-02",
    "BD09": "BD-09",
    "BD-09": "BD-09",
    "BD09LL": "BD-09",
}


WEB_MERCATOR: Final = "EPSG:3857"
_WGS84_SRID: Final = 4326


@dataclass(frozen=True)
class DeclaredCrs:
    """A CRS that somebody declared; `name` is how reports write it.

    With `web_map`, `crs` says how the shifted longitudes and latitudes are written: in degrees (EPSG:4326) or
    in metres of Web Mercator. `is_default`: nobody declared it, a format's standard says so for lack of it.
    """

    name: str
    crs: CRS
    web_map: str | None = None
    is_default: bool = False

    @property
    def is_geographic(self) -> bool:
        """Whether coordinates are degrees of longitude and latitude."""
        return self.crs.is_geographic


def parse_crs(text: str) -> DeclaredCrs:
    """A CRS from `EPSG:4547`, `4547`, WKT, a PROJ string, `GCJ-02` or `BD-09`.

    Raises RefusedError for anything PROJ does not know, and for a CRS that is not on the Earth's surface.
    """
    wanted = text.strip()
    shifted, _, grid = wanted.upper().partition("/")
    web_map = _SPELLINGS.get(shifted.strip())
    if web_map and grid.strip() in {"", WEB_MERCATOR, WEB_MERCATOR.removeprefix("EPSG:")}:
        return web_map_crs(web_map, is_mercator=bool(grid))
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


def web_map_crs(web_map: str, *, is_mercator: bool = False) -> DeclaredCrs:
    """`GCJ-02` or `BD-09` in degrees, or in the metres that map tiles made of them have."""
    if is_mercator:
        return DeclaredCrs(f"{web_map}/{WEB_MERCATOR}", CRS.from_user_input(WEB_MERCATOR), web_map)
    return DeclaredCrs(web_map, CRS.from_epsg(4326), web_map)


def describe_crs(crs: CRS) -> str:
    """`EPSG:4547` where the registry knows it, else its name."""
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else crs.name


@lru_cache(maxsize=64)
def _transformer(source: CRS, target: int | CRS) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_storage(declared: DeclaredCrs, xy: Coordinates) -> Coordinates:
    """Coordinates (n, 2) of the declared CRS as longitude, latitude in the storage CRS, degrees."""
    if declared.web_map:
        lon, lat = xy[:, 0], xy[:, 1]
        if not declared.is_geographic:
            lon, lat = _transformer(declared.crs, _WGS84_SRID).transform(lon, lat)
        lon, lat = _WEB_MAPS[declared.web_map](lon, lat)
    else:
        lon, lat = _transformer(declared.crs, STORAGE_SRID).transform(xy[:, 0], xy[:, 1])
    return np.column_stack([lon, lat])


def from_storage(declared: DeclaredCrs, lonlat: Coordinates) -> Coordinates:
    """The way back, for exports: longitude, latitude (n, 2) in the storage CRS as x, y of the declared CRS."""
    if declared.web_map:
        x, y = _TO_WEB_MAPS[declared.web_map](lonlat[:, 0], lonlat[:, 1])
        if not declared.is_geographic:
            x, y = _transformer(CRS.from_epsg(_WGS84_SRID), declared.crs).transform(x, y)
    else:
        x, y = _transformer(CRS.from_epsg(STORAGE_SRID), declared.crs).transform(lonlat[:, 0], lonlat[:, 1])
    return np.column_stack([x, y])


def geometries_from_storage(declared: DeclaredCrs, geometries: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Shapely geometries of the storage CRS in the declared CRS; Z is kept as it is."""

    def convert(coordinates: Coordinates) -> Coordinates:
        moved = coordinates.copy()
        moved[:, :2] = from_storage(declared, coordinates[:, :2])
        return moved

    return shapely.transform(geometries, convert, include_z=bool(shapely.has_z(geometries).any()))


def geometries_to_storage(declared: DeclaredCrs, geometries: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Shapely geometries of the declared CRS in the storage CRS; Z is kept as it is."""
    if not declared.web_map and _transformer(declared.crs, STORAGE_SRID).definition.startswith("proj=noop"):
        return geometries

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

    The traps that have a name (latitude first, northing first, zone number before the easting or missing
    there) are called by it. An empty list means that it is possible, not that it is right.
    """
    xmin, ymin, xmax, ymax = bounds
    swapped = (ymin, xmin, ymax, xmax)
    if declared.is_geographic and not _are_degrees(bounds):
        if _are_degrees(swapped):
            return [Problem(where, _LATITUDE_FIRST, _SWAP)]
        what = Text(
            f"坐标({xmin:.1f}, {ymin:.1f})不可能是经纬度(度),像是以米为单位的投影坐标",
            f"coordinates like ({xmin:.1f}, {ymin:.1f}) cannot be degrees; they look projected, in metres",
        )
        return [Problem(where, what, _DECLARE)]
    if not declared.is_geographic:
        if _are_degrees(bounds) and not _is_inside_area_of_use(declared, bounds):
            what = Text(
                f"坐标({xmin:.4f}, {ymin:.4f})像是经纬度(度),而 {declared.name} 以米为单位",
                f"coordinates like ({xmin:.4f}, {ymin:.4f}) look like degrees, and {declared.name} is in metres",
            )
            return [Problem(where, what, _DECLARE)]
        trap = _find_zone_trap(declared, xmin, xmax)
        if trap is not None:
            return [Problem(where, *trap)]
    if _is_inside_area_of_use(declared, bounds):
        return []
    if _is_inside_area_of_use(declared, swapped) and (not declared.is_geographic or _are_degrees(swapped)):
        return [Problem(where, _LATITUDE_FIRST if declared.is_geographic else _NORTHING_FIRST, _SWAP)]
    name = _area_name(declared)
    what = Text(
        f"数据范围在 {declared.name} 的适用区之外({name})",
        f"the data lies outside the area of use of {declared.name} ({name})",
    )
    return [Problem(where, what, _DECLARE)]


_DECLARE: Final = Text(
    "用 --crs 声明数据真正的坐标系;twin check 会列出候选",
    "declare the true CRS with --crs; `twin check` lists candidates",
)
_SWAP: Final = Text(
    "交换两列(映射中对调 x 与 y),使 x 为经度或东坐标、y 为纬度或北坐标",
    "swap the two columns (x and y of the mapping): x is longitude or easting, y latitude or northing",
)
_LATITUDE_FIRST: Final = Text("坐标像是纬度在前、经度在后", "latitude seems to come before longitude")
_NORTHING_FIRST: Final = Text(
    "坐标在适用区之外,对调后则在其内:像是北坐标在前、东坐标在后",
    "the data lies outside the area of use, and inside it when swapped: the northing seems to come before the easting",
)
_CHINA_DEG: Final = (72.004, 0.8293, 137.8347, 55.8271)
"""Where the formulas of GCJ-02 and BD-09 mean something: west, south, east, north."""
_ZONES: Final = ((13, 23, 4478, 4489), (25, 45, 4488, 4509))
"""Gauss-Krueger of CGCS2000, 6 and 3 degrees wide: first and last zone, and what must be added to a zone for
the EPSG code with the zone number before the easting and without it."""


def _are_degrees(bounds: tuple[float, float, float, float]) -> bool:
    return bounds[0] >= -180 and bounds[2] <= 180 and bounds[1] >= -90 and bounds[3] <= 90


def _find_zone_trap(declared: DeclaredCrs, xmin: float, xmax: float) -> tuple[Text, Text] | None:
    """That eastings carry a zone number which the CRS does not have, or lack one which it has."""
    zone = int(xmin // 1_000_000)
    own = int(_false_easting(declared.crs) // 1_000_000)
    fits = next((kind for kind in _ZONES if kind[0] <= zone <= kind[1]), None)
    if fits and xmax < 46_000_000 and not own:
        code = f"EPSG:{fits[2] + zone}"
        return Text(
            f"东坐标大于 10⁷,带有 {zone} 带的带号,而 {declared.name} 不带带号",
            f"eastings above 10⁷ carry the zone number {zone}, and {declared.name} has none",
        ), Text(
            f"改用带带号的坐标系({zone} 带是 {code})", f"declare the CRS with the zone prefix ({code} for zone {zone})"
        )
    lacks = next((kind for kind in _ZONES if kind[0] <= own <= kind[1]), None)
    if lacks and 0 <= xmin and xmax < 1_000_000:
        code = f"EPSG:{lacks[3] + own}"
        return Text(
            f"{declared.name} 的东坐标带有 {own} 带的带号,而数据的东坐标不带",
            f"eastings of {declared.name} carry the zone number {own}, and those of the data have none",
        ), Text(f"改用不带带号的坐标系(CGCS2000 是 {code})", f"declare the CRS without it (of CGCS2000 {code})")
    if fits and own and zone != own:
        return Text(
            f"东坐标带有 {zone} 带的带号,而 {declared.name} 是 {own} 带",
            f"eastings carry the zone number {zone}, and {declared.name} is zone {own}",
        ), _DECLARE
    return None


def _false_easting(crs: CRS) -> float:
    for parameter in crs.coordinate_operation.params if crs.coordinate_operation else ():
        if parameter.name == "False easting":
            return float(parameter.value)
    return 0.0


def _area_of_use(declared: DeclaredCrs) -> tuple[float, float, float, float] | None:
    if declared.web_map:
        return _CHINA_DEG
    area = declared.crs.area_of_use
    return None if area is None else (area.west, area.south, area.east, area.north)


def _area_name(declared: DeclaredCrs) -> str:
    area = declared.crs.area_of_use
    return "China" if declared.web_map else area.name if area else "—"


def _is_inside_area_of_use(declared: DeclaredCrs, bounds: tuple[float, float, float, float]) -> bool:
    corners = to_storage(declared, np.array([[bounds[0], bounds[1]], [bounds[2], bounds[3]]]))
    if not np.isfinite(corners).all():
        return False
    west, south, east, north = _area_of_use(declared) or (-180.0, -90.0, 180.0, 90.0)
    margin = 3.0  # degrees: a zone's data may reach a little into its neighbour
    if declared.is_geographic:
        # Degrees stay what they are anywhere, so a few strays are for the report; the data as a whole is not.
        return bool(
            corners[:, 0].min() <= east + margin
            and corners[:, 0].max() >= west - margin
            and corners[:, 1].min() <= north + margin
            and corners[:, 1].max() >= south - margin
        )
    return bool(
        corners[:, 0].min() >= west - margin
        and corners[:, 0].max() <= east + margin
        and corners[:, 1].min() >= south - margin
        and corners[:, 1].max() <= north + margin
    )
