# SPDX-License-Identifier: Apache-2.0
"""Polygons looked at all at once by their coordinates, where that gives the answer GEOS would give."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

Geometries = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_SURE: Final = 1e-14
"""A cross product beyond this part of its two terms has the sign it seems to have, however it was rounded."""


def are_valid(geometries: Geometries) -> Mask:
    """As `shapely.is_valid` (OGC 06-103r4); a missing one is not.

    A triangle or quadrilateral all of whose corners turn the same way is convex and therefore valid: with three or
    four corners they cannot turn round twice. The others, and those that turn too little to be sure, GEOS looks at.
    """
    valid = np.zeros(len(geometries), dtype=bool)
    points = shapely.get_num_coordinates(geometries)
    is_polygon = shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON
    for corners in (3, 4):
        rows = np.flatnonzero(is_polygon & (points == corners + 1))
        sides = np.diff(shapely.get_coordinates(geometries[rows]).reshape(len(rows), corners + 1, 2), axis=1)
        following = np.roll(sides, -1, axis=1)
        left, right = sides[:, :, 0] * following[:, :, 1], sides[:, :, 1] * following[:, :, 0]
        turn, doubt = left - right, _SURE * (np.abs(left) + np.abs(right))
        valid[rows] = (turn > doubt).all(axis=1) | (turn < -doubt).all(axis=1)
    asked = np.flatnonzero(~valid)
    valid[asked] = shapely.is_valid(geometries[asked])
    return valid


def find_turned(geometries: Geometries) -> Mask:
    """Which areas may have a ring the wrong way: exteriors go counter-clockwise, as GeoJSON and the tiles want them.

    An area of several rings is not looked into; whoever turns it finds out.
    """
    turned = ~shapely.is_missing(geometries)
    rings = shapely.get_num_interior_rings(geometries)
    simple = np.flatnonzero((shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON) & (rings == 0))
    xy = shapely.get_coordinates(geometries[simple])
    if len(xy):
        points = shapely.get_num_coordinates(geometries[simple])
        first = np.cumsum(points) - points
        # Twice the signed area of each, from its own first point; the step from one to the next is none of either.
        x, y = (xy[:, axis] - np.repeat(xy[first, axis], points) for axis in (0, 1))
        cross = x[:-1] * y[1:] - x[1:] * y[:-1]
        cross[first[1:] - 1] = 0.0
        turned[simple] = np.add.reduceat(np.append(cross, 0.0), first) <= 0
    return turned
