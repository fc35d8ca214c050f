# SPDX-License-Identifier: Apache-2.0
"""Where the demo district lies: its two reference systems, its origin and its precision.

All geometry is made in metres (EPSG:4547, x = east, y = north). Frames leave in EPSG:4490 with
x = longitude and y = latitude.
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

METRIC_CRS: Final = "EPSG:4547"
STORAGE_CRS: Final = "EPSG:4490"

#: Where the demo house stands, and the point that every scaling leaves in place (longitude, latitude).
HOUSE_LON_LAT: Final = (113.883, 22.555)

#: Nothing is generated within this distance of the house (m), so that a model finds room there.
HOUSE_CLEARANCE: Final = 55.0

#: Decimal places of a stored degree: about 0.1 mm, so that every platform writes the same digits.
DEGREE_DECIMALS: Final = 9

#: Coordinates in metres are whole multiples of this (m), so that neighbours share their vertices exactly.
PRECISION: Final = 0.01

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
GeometryArray = NDArray[Any]


def to_metres(lon_lat: object) -> FloatArray:
    """Longitudes and latitudes, shape (n, 2), degrees, as eastings and northings, shape (n, 2), m."""
    degrees = np.atleast_2d(np.asarray(lon_lat, dtype=np.float64))
    points = gpd.GeoSeries(np.asarray(shapely.points(degrees)), crs=STORAGE_CRS).to_crs(METRIC_CRS)
    return shapely.get_coordinates(points.to_numpy())


def to_storage(geometries: object) -> GeometryArray:
    """Geometries in metres as geometries in stored degrees; equal vertices stay equal."""
    moved = gpd.GeoSeries(np.asarray(geometries, dtype=object), crs=METRIC_CRS).to_crs(STORAGE_CRS).to_numpy()
    return shapely.transform(moved, lambda xy: np.round(xy, DEGREE_DECIMALS))


def build_frame(columns: dict[str, object], geometries: object) -> gpd.GeoDataFrame:
    """A frame in EPSG:4490 from columns and geometries in metres, marked as synthetic."""
    frame = gpd.GeoDataFrame(columns, geometry=to_storage(geometries), crs=STORAGE_CRS)
    frame.attrs["synthetic"] = True
    return frame
