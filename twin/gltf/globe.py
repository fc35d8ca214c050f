# SPDX-License-Identifier: Apache-2.0
"""Local metres to the globe and back: the root transform of a tileset, in float64."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.enums import TransformDirection


def place_on_globe(longitude: float, latitude: float, height: float, heading_deg: float = 0.0) -> NDArray[np.float64]:
    """(4, 4) float64 from local metres (x right, y ahead, z up) to ECEF (EPSG:4978).

    longitude, latitude: degrees, EPSG:4979; height: metres above the ellipsoid; heading_deg: clockwise
    from north to the local y axis (0: x is east and y is north).
    """
    east, north, up = _axes(longitude, latitude)
    heading = np.radians(heading_deg)
    matrix = np.eye(4)
    matrix[:3, 0] = np.cos(heading) * east - np.sin(heading) * north
    matrix[:3, 1] = np.sin(heading) * east + np.cos(heading) * north
    matrix[:3, 2] = up
    matrix[:3, 3] = _to_ecef().transform(longitude, latitude, height)
    return matrix


def locate(
    matrix: NDArray[np.float64], points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes, latitudes (degrees) and ellipsoidal heights of local points (n, 3) under `matrix`."""
    ecef = points @ matrix[:3, :3].T + matrix[:3, 3]
    longitude, latitude, height = _to_ecef().transform(
        ecef[:, 0], ecef[:, 1], ecef[:, 2], direction=TransformDirection.INVERSE
    )
    return np.asarray(longitude), np.asarray(latitude), np.asarray(height)


@dataclass(frozen=True)
class GlobeTransform:
    """A CRS on its way to the globe. accuracy_m: metres that the registry promises, or None."""

    transformer: pyproj.Transformer
    accuracy_m: float | None

    def to_lon_lat(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points (n, 2), east then north in the CRS' unit, as longitudes and latitudes in degrees."""
        longitude, latitude = self.transformer.transform(points[:, 0], points[:, 1])
        return np.asarray(longitude), np.asarray(latitude)


@lru_cache(maxsize=64)
def locate_crs(crs: pyproj.CRS) -> GlobeTransform:
    """The transform from `crs` to EPSG:4326: the hub of the registry, and the frame that ECEF is taken in."""
    transformer = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    accuracy = transformer.accuracy
    return GlobeTransform(transformer, accuracy if accuracy >= 0 else None)


def _axes(longitude: float, latitude: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """East, north and up as unit vectors in ECEF."""
    lam, phi = np.radians(longitude), np.radians(latitude)
    east = np.array([-np.sin(lam), np.cos(lam), 0.0])
    up = np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])
    return east, np.cross(up, east), up


@cache
def _to_ecef() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
