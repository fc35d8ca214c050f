# SPDX-License-Identifier: Apache-2.0
"""A file's coordinate operation, with its units settled: model metres to grid coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.bim.records import Candidate, GeoreferenceSource
from ingest.bim.unplaced import UnplacedError
from twin.crs import DeclaredCrs, check_coordinates, parse_crs
from twin.errors import Problem, RefusedError
from twin.text import Text

SCALE_TOLERANCE: Final = 0.02
"""Grid to ground differs by parts in a thousand; anything more is a unit that somebody forgot."""

SOURCES: Final[dict[str, GeoreferenceSource]] = {
    "IfcMapConversion": "map_conversion",
    "IfcMapConversionScaled": "map_conversion",
    "IfcRigidOperation": "rigid_operation",
    "ePset_MapConversion": "epset_map_conversion",
}


@dataclass(frozen=True)
class GridPlace:
    """eastings, northings, height: metres; scale: model metres to grid metres.

    angle: radians, anticlockwise from grid east to the model's x axis.
    """

    source: GeoreferenceSource
    crs: DeclaredCrs
    eastings: float
    northings: float
    height: float
    angle: float
    scale: float
    problems: tuple[Problem, ...]

    def to_grid(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Model points (n, 3) in metres as (n, 2) in the CRS' own unit, east then north."""
        cosine, sine = math.cos(self.angle) * self.scale, math.sin(self.angle) * self.scale
        east = self.eastings + cosine * points[:, 0] - sine * points[:, 1]
        north = self.northings + sine * points[:, 0] + cosine * points[:, 1]
        return np.column_stack([east, north]) / metres_per_axis_unit(self.crs)


def metres_per_axis_unit(declared: DeclaredCrs) -> float:
    """Metres in one unit of the CRS' axes: 1, or a foot of some kind."""
    axes = declared.crs.axis_info
    return float(axes[0].unit_conversion_factor) if axes and declared.crs.is_projected else 1.0


def find_grid_place(
    operation: dict[str, Any],
    facts: dict[str, Any],
    declared: DeclaredCrs | None,
    candidates: Sequence[Candidate],
) -> GridPlace:
    """The operation with CRS, units and scale settled by named rules. Raises UnplacedError, RefusedError."""
    crs = _settle_crs(operation, declared, candidates)
    problems: list[Problem] = []
    eastings, northings = _number(operation["eastings"]), _number(operation["northings"])
    if eastings is None or northings is None:
        raise _unplaced("坐标转换缺少东、北坐标", "its coordinate operation lacks eastings or northings", candidates)
    if operation.get("is_angular") or not crs.crs.is_projected:
        raise _unplaced(f"{crs.name} 不是投影坐标系", f"{crs.name} is not a projected system", candidates)
    metres = facts["metres_per_unit"]
    unit = _settle_unit((eastings, northings), operation, metres, crs, problems, candidates)
    scale = _settle_scale(operation, metres, unit, problems, candidates)
    height = _number(operation["height"]) or 0.0
    abscissa, ordinate = _number(operation.get("abscissa")), _number(operation.get("ordinate"))
    angle = 0.0 if abscissa is None or ordinate is None else math.atan2(ordinate, abscissa)
    return GridPlace(
        SOURCES[operation["kind"]],
        crs,
        eastings * unit,
        northings * unit,
        height * unit,
        angle,
        scale,
        tuple(problems),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _unplaced(zh: str, en: str, candidates: Sequence[Candidate]) -> RefusedError:
    return UnplacedError(Text(zh=zh, en=en), candidates)


def _warn(zh: str, en: str) -> Problem:
    return Problem("georeference", Text(zh=zh, en=en), Text(zh="请在导出时改正。", en="Correct it on export."))


def _settle_crs(
    operation: dict[str, Any], declared: DeclaredCrs | None, candidates: Sequence[Candidate]
) -> DeclaredCrs:
    stated: DeclaredCrs | None = None
    wkt, name = operation.get("crs_wkt"), (operation.get("crs_name") or "").strip()
    # The standard asks for an authority and a code: `EPSG:4547`. A bare number may be a code of anything.
    if wkt or (name and not name.isdigit()):
        try:
            stated = parse_crs(_plain_wkt(wkt) if wkt else name)
        except RefusedError:
            stated = None
    if declared is not None:
        if stated is not None and not stated.crs.equals(declared.crs, ignore_axis_order=True):
            raise RefusedError(
                Text(
                    zh=f"文件写明 {stated.name},与给定的 {declared.name} 矛盾。",
                    en=f"The file says {stated.name}, which contradicts the given {declared.name}.",
                )
            )
        return declared
    if stated is None:
        shown = (wkt or name)[:60]
        if shown:
            raise _unplaced(
                f"坐标系“{shown}”不是有效的名称(应如 EPSG:4547)",
                f"its CRS “{shown}” is no valid name (it should read like EPSG:4547)",
                candidates,
            )
        raise _unplaced("坐标转换没有写明坐标系", "its coordinate operation names no CRS", candidates)
    return stated


def _plain_wkt(wkt: str) -> str:
    """WKT without a trailing coordinate epoch, which some exporters append outside the system's brackets."""
    depth = 0
    for place, letter in enumerate(wkt):
        depth += (letter == "[") - (letter == "]")
        if letter == "]" and depth == 0:
            return wkt[: place + 1]
    return wkt


def _settle_unit(
    grid: tuple[float, float],
    operation: dict[str, Any],
    metres: float,
    crs: DeclaredCrs,
    problems: list[Problem],
    candidates: Sequence[Candidate],
) -> float:
    """Metres in one unit of eastings: the map's, unless only the project's own unit makes sense of them."""
    stated = operation.get("map_unit") or metres_per_axis_unit(crs)
    east, north = grid
    if _is_plausible(crs, east * stated, north * stated):
        return float(stated)
    if not math.isclose(metres, stated) and _is_plausible(crs, east * metres, north * metres):
        problems.append(
            _warn(
                f"东、北坐标按模型单位({metres:g} 米)书写,而不是按地图单位",
                f"eastings and northings are written in the model's unit ({metres:g} m), not in the map's",
            )
        )
        return metres
    # With the model's own coordinates added it may still be sound; that is judged at the anchor.
    if max(abs(east), abs(north)) * stated < 1.0:
        return float(stated)
    raise _unplaced(
        f"东、北坐标({east:.0f}, {north:.0f})不在 {crs.name} 的适用区内",
        f"its eastings and northings ({east:.0f}, {north:.0f}) lie outside the area of use of {crs.name}",
        candidates,
    )


def _is_plausible(crs: DeclaredCrs, east: float, north: float) -> bool:
    unit = metres_per_axis_unit(crs)
    east, north = east / unit, north / unit
    return not check_coordinates(crs, (east, north, east, north), "georeference")


def _settle_scale(
    operation: dict[str, Any],
    metres: float,
    unit: float,
    problems: list[Problem],
    candidates: Sequence[Candidate],
) -> float:
    """Model metres to grid metres. The file's scale takes project units to map units."""
    stated = _number(operation.get("scale"))
    if operation["kind"] == "IfcRigidOperation":
        return 1.0
    factors = operation.get("factors") or [1.0, 1.0, 1.0]
    if stated is None or stated <= 0:
        if not math.isclose(metres, unit):
            problems.append(
                _warn(
                    "坐标转换未写比例,按单位换算",
                    "its map conversion has no scale; the units' own ratio is taken",
                )
            )
        return float(factors[0])
    effective = stated * factors[0] * unit / metres
    if abs(effective - 1) <= SCALE_TOLERANCE:
        return float(effective)
    if math.isclose(stated, 1.0) or math.isclose(effective, 1.0, rel_tol=SCALE_TOLERANCE):
        problems.append(
            _warn(
                f"比例写作 1,但模型单位为 {metres:g} 米、地图单位为 {unit:g} 米;按单位换算",
                f"its scale is 1 though the model is in {metres:g} m and the map in {unit:g} m; the units' "
                "own ratio is taken",
            )
        )
        return 1.0
    raise _unplaced(
        f"坐标转换的比例 {stated:g} 与单位不符",
        f"the scale {stated:g} of its map conversion does not fit its units",
        candidates,
    )
