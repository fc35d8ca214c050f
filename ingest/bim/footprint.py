# SPDX-License-Identifier: Apache-2.0
"""The ground that a building covers, from the outlines of its meshed elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np
import shapely
from numpy.typing import NDArray

GAP: Final = 0.5
"""Metres: parts of one building nearer than twice this are joined (a canopy beside its wall)."""

EXACT_TRIANGLES: Final = 64
"""Elements with fewer triangles keep their true outline; for the rest the convex hull will do."""


def outline_elements(outlines: Sequence[shapely.Polygon]) -> shapely.Polygon | None:
    """One polygon around `outlines` (model metres, x and y); None when nothing covers any ground."""
    solid = [outline for outline in outlines if outline.area > 1e-4]
    if not solid:
        return None
    joined = shapely.union_all(shapely.buffer(np.array(solid), GAP, join_style="mitre"))
    shrunk = cast(shapely.Geometry, shapely.buffer(joined, -GAP, join_style="mitre"))
    if not isinstance(shrunk, shapely.Polygon):
        # A model of several bodies is one thing on the map: its hull.
        shrunk = shapely.convex_hull(shrunk)
    if not isinstance(shrunk, shapely.Polygon) or shrunk.is_empty:
        return None
    simplified = cast(shapely.Geometry, shapely.simplify(shapely.Polygon(shrunk.exterior), 0.05))
    return simplified if isinstance(simplified, shapely.Polygon) and not simplified.is_empty else None


def outline_mesh(points: NDArray[Any], triangles: NDArray[Any]) -> shapely.Polygon | None:
    """The outline (x, y) of a mesh: points (n, 3), triangles (m, 3)."""
    flat = np.asarray(points, dtype=np.float64)[:, :2]
    if len(triangles) <= EXACT_TRIANGLES:
        pieces = np.array(shapely.polygons(flat[triangles.astype(np.int64)]), dtype=object)
        pieces = pieces[shapely.area(pieces) > 1e-6]
        outline = shapely.union_all(pieces, grid_size=0.001) if len(pieces) else None
        if isinstance(outline, shapely.Polygon) and not outline.is_empty:
            return outline
    hull = shapely.convex_hull(shapely.multipoints(flat))
    return hull if isinstance(hull, shapely.Polygon) else None
