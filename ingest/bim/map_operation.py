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
from ingest.bim.stated_crs import settle_crs
from ingest.bim.unplaced import UnplacedError
from twin.crs import DeclaredCrs, check_coordinates
from twin.errors import Problem, RefusedError
from twin.text import Text

SCALE_TOLERANCE: Final = 0.02
"""Grid to ground differs by parts in a thousand; anything more is a unit that somebody forgot."""

STRETCH: Final = 1e-4
"""Grid factors east and north differ by less: a centimetre in a hundred metres."""

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
    crs = settle_crs(operation, declared, candidates)
    problems: list[Problem] = []
    eastings, northings = _number(operation["eastings"]), _number(operation["northings"])
    if eastings is None or northings is None:
        raise _unplaced("坐标转换缺少东、北坐标", "its coordinate operation lacks eastings or northings", candidates)
    _refuse_angles(operation, crs, candidates)
    metres = facts["metres_per_unit"]
    angle = _settle_angle(operation, problems, candidates)
    unit = _settle_unit((eastings, northings), operation, metres, crs, problems, candidates)
    scale = _settle_scale(operation, metres, unit, problems, candidates)
    height = _number(operation["height"]) or 0.0
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


def _refuse_angles(operation: dict[str, Any], crs: DeclaredCrs, candidates: Sequence[Candidate]) -> None:
    """Degrees cannot be eastings. Which of two angles is the latitude is not for us to say: both are candidates."""
    measures = operation.get("measures") or []
    is_angular = "IfcPlaneAngleMeasure" in measures
    if is_angular or operation.get("is_geographic") or not crs.crs.is_projected:
        pair = [math.degrees(value) for value in operation.get("radians") or [] if value is not None]
        hints = (
            [
                Candidate(lon, lat, _number(operation["height"]) or 0.0, _tell_angles(operation["kind"], lon, lat))
                for lon, lat in ((pair[0], pair[1]), (pair[1], pair[0]))
                if abs(lon) <= 180 and abs(lat) <= 90
            ]
            if is_angular and len(pair) == 2
            else []
        )
        raise _unplaced(
            f"{crs.name} 不是投影坐标系",
            f"its coordinates are angles: {crs.name} is not a projected system"
            if not crs.crs.is_projected
            else f"its coordinates are angles, which {crs.name} does not have",
            [*hints, *candidates],
        )


def _tell_angles(kind: str, longitude: float, latitude: float) -> Text:
    return Text(
        zh=f"{kind} 的两个角度可读作 {longitude:.6f},{latitude:.6f}",
        en=f"the two angles of {kind} may mean {longitude:.6f},{latitude:.6f}",
    )


def _settle_angle(operation: dict[str, Any], problems: list[Problem], candidates: Sequence[Candidate]) -> float:
    """Radians from grid east to the model's x axis. Half a direction is none."""
    given = [operation.get("abscissa"), operation.get("ordinate")]
    if given == [None, None]:
        return 0.0
    abscissa, ordinate = (_number(value) for value in given)
    if abscissa is None or ordinate is None or math.hypot(abscissa, ordinate) < 1e-9:
        raise _unplaced(
            "坐标转换的旋转不完整(XAxisAbscissa、XAxisOrdinate)",
            "the rotation of its map conversion is incomplete (XAxisAbscissa, XAxisOrdinate)",
            candidates,
        )
    if abs(math.hypot(abscissa, ordinate) - 1) > 0.01:
        problems.append(
            _warn(
                "坐标转换的旋转方向不是单位长度,只取其方向",
                "the direction of its map conversion is no unit vector; its length is ignored",
            )
        )
    return math.atan2(ordinate, abscissa)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _unplaced(zh: str, en: str, candidates: Sequence[Candidate]) -> RefusedError:
    return UnplacedError(Text(zh=zh, en=en), candidates)


def _warn(zh: str, en: str) -> Problem:
    return Problem("georeference", Text(zh=zh, en=en), Text(zh="请在导出时改正。", en="Correct it on export."))


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
    if _is_plausible(crs, north * stated, east * stated):
        raise _unplaced(
            f"东、北坐标({east:.0f}, {north:.0f})像是写反了:对调后才在 {crs.name} 的适用区内",
            f"its eastings and northings ({east:.0f}, {north:.0f}) look exchanged: only the other way round do they "
            f"lie in the area of use of {crs.name}",
            candidates,
        )
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
    factor = _settle_factor(operation, candidates)
    if stated is None or stated <= 0:
        if not math.isclose(metres, unit):
            problems.append(
                _warn(
                    "坐标转换未写比例,按单位换算",
                    "its map conversion has no scale; the units' own ratio is taken",
                )
            )
        return factor
    effective = stated * factor * unit / metres
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


def _settle_factor(operation: dict[str, Any], candidates: Sequence[Candidate]) -> float:
    """IfcMapConversionScaled's grid factor, one for east and north: a building cannot be stretched."""
    given = [_number(value) for value in operation.get("factors") or []]
    factors = [1.0 if value is None else value for value in given] or [1.0, 1.0, 1.0]
    if max(abs(value - 1) for value in factors) > SCALE_TOLERANCE or abs(factors[0] - factors[1]) > STRETCH:
        shown = ", ".join(f"{value:g}" for value in factors)
        raise _unplaced(
            f"坐标转换的系数({shown})会使模型变形",
            f"the factors of its map conversion ({shown}) would stretch the model",
            candidates,
        )
    return (factors[0] + factors[1]) / 2
