# SPDX-License-Identifier: Apache-2.0
"""Geometries on their way to PostGIS: byte for byte what GEOS writes of a geometry that has the SRID."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ingest.ewkb import write_ewkb

SHAPES = [
    None,
    shapely.Point(114, 22.5),
    shapely.Point(),
    shapely.Point(114, 22.5, 7),
    shapely.LineString([(0, 0), (1, 1), (2, 0)]),
    shapely.box(0, 0, 3, 3) - shapely.box(1, 1, 2, 2),
    shapely.box(5, 6, 7, 8),
    shapely.Polygon([(0, 0), (1, 0), (2, 1), (0, 1)]),
    shapely.Polygon([(0, 0), (1, 0), (0, 1)]),
    shapely.Polygon(),
    shapely.force_3d(shapely.box(0, 0, 1, 1), 4.5),
    shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
    shapely.GeometryCollection([shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)])]),
]


@given(st.lists(st.sampled_from(SHAPES), max_size=12), st.sampled_from([4490, 1, 900913]))
def test_the_srid_is_put_where_geos_would_have_put_it(shapes: list[shapely.Geometry | None], srid: int) -> None:
    geometries = np.array(shapes, dtype=object)
    meant = shapely.to_wkb(shapely.set_srid(geometries, srid), byte_order=1, include_srid=True, flavor="extended")
    assert write_ewkb(geometries, srid).equals(pa.array(meant, pa.binary()))
    # Flat rings of one length are written together, be they two.
    assert write_ewkb(geometries, srid, few=2).equals(pa.array(meant, pa.binary()))
