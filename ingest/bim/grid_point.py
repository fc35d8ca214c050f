# SPDX-License-Identifier: Apache-2.0
"""Where grid coordinates come to lie on Earth, and operations that put one model in two places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.bim.map_operation import GridPlace, find_grid_place
from ingest.bim.records import Candidate
from ingest.bim.unplaced import UnplacedError
from twin.crs import DeclaredCrs, to_storage
from twin.errors import RefusedError
from twin.gltf.globe import locate_crs
from twin.text import Text

MAX_HINTS: Final = 5


def to_globe(declared: DeclaredCrs, grid: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of grid points, web maps' own kinds of mercator too."""
    if declared.web_map:
        stored = to_storage(declared, grid)
        return stored[:, 0], stored[:, 1]
    return locate_crs(declared.crs).to_lon_lat(grid)


def check_area(declared: DeclaredCrs, longitude: float, latitude: float, candidates: Sequence[Candidate]) -> None:
    """Raises UnplacedError outside the area that the CRS is made for."""
    area = declared.crs.area_of_use
    # A zone's data may reach a little into its neighbour.
    margin = 3.0
    is_inside = bool(np.isfinite([longitude, latitude]).all()) and (
        area is None
        or (
            area.south - margin <= latitude <= area.north + margin
            and (area.west > area.east or area.west - margin <= longitude <= area.east + margin)
        )
    )
    if not is_inside:
        where = f"{longitude:.4f},{latitude:.4f}" if np.isfinite([longitude, latitude]).all() else "∞"
        raise UnplacedError(
            Text(
                zh=f"按 {declared.name} 它会落在 {where},超出该坐标系的适用区",
                en=f"in {declared.name} it would stand at {where}, outside that system's area of use",
            ),
            candidates,
        )


def refuse_contradictions(facts: dict[str, Any], declared: DeclaredCrs | None, candidates: Sequence[Candidate]) -> None:
    """Two operations that put the model in two places: each place is a candidate, none is taken."""
    told = list({_key(operation): operation for operation in facts["operations"]}.values())
    if len(told) < 2:
        return
    hints: list[Candidate] = []
    for number, operation in enumerate(told[:MAX_HINTS], 1):
        try:
            place = find_grid_place(operation, facts, declared, candidates)
            check_area(place.crs, *_find_point(place, facts), candidates)
        except RefusedError:
            continue
        longitude, latitude = _find_point(place, facts)
        hints.append(
            Candidate(
                longitude,
                latitude,
                place.height,
                Text(
                    zh=f"第 {number} 个坐标转换指向 {longitude:.6f},{latitude:.6f}",
                    en=f"coordinate operation {number} says {longitude:.6f},{latitude:.6f}",
                ),
            )
        )
    raise UnplacedError(
        Text(
            zh=f"文件有 {len(told)} 个互不相同的坐标转换,无法断定哪一个为真",
            en=f"it has {len(told)} different coordinate operations, and nothing tells which is true",
        ),
        [*hints, *candidates],
    )


def _find_point(place: GridPlace, facts: dict[str, Any]) -> tuple[float, float]:
    longitude, latitude = to_globe(place.crs, place.to_grid(np.array([facts["anchor"]], dtype=np.float64)))
    return float(longitude[0]), float(latitude[0])


def _key(operation: dict[str, Any]) -> tuple[Any, ...]:
    """All that places by it; what is left out and its default are the same."""
    factors = [1.0 if value is None else value for value in operation.get("factors") or [1.0, 1.0, 1.0]]
    return (
        operation["kind"],
        operation["crs_name"],
        operation["crs_wkt"],
        operation["map_unit"],
        operation["eastings"],
        operation["northings"],
        operation["height"] or 0.0,
        1.0 if operation.get("abscissa") is None else operation.get("abscissa"),
        operation.get("ordinate") or 0.0,
        operation.get("scale"),
        *factors,
    )
