# SPDX-License-Identifier: Apache-2.0
"""Polygons looked at by their coordinates: the answers of GEOS."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ingest.rings import are_valid, find_turned

CORNERS = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
"""Few places, so that corners meet, sides fold back and rings cross themselves often."""

OTHERS: list[Any] = [
    None,
    shapely.Polygon(),
    shapely.Point(1, 2),
    shapely.LineString([(0, 0), (1, 1), (2, 0), (0, 0)]),
    shapely.box(0, 0, 3, 3) - shapely.box(1, 1, 2, 2),
    shapely.force_3d(shapely.box(0, 0, 1, 1), 4.5),
    shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
]


def make_polygons(rings: list[list[tuple[int, int]]], shift: float) -> Any:
    return np.array([shapely.Polygon(np.array(ring) * 1e-4 + shift) for ring in rings], dtype=object)


@given(st.lists(st.lists(CORNERS, min_size=3, max_size=6), max_size=30), st.sampled_from([0.0, 114.1, 1e7]))
def test_a_polygon_is_valid_exactly_where_geos_says_so(rings: list[list[tuple[int, int]]], shift: float) -> None:
    polygons = make_polygons(rings, shift)
    assert are_valid(polygons).tolist() == shapely.is_valid(polygons).tolist()


def test_what_is_no_simple_polygon_is_asked_of_geos() -> None:
    others = np.array(OTHERS, dtype=object)
    assert are_valid(others).tolist() == shapely.is_valid(others).tolist()
    assert are_valid(others[:0]).tolist() == []


@given(st.lists(st.lists(CORNERS, min_size=3, max_size=6), max_size=30))
def test_no_ring_that_goes_clockwise_is_missed(rings: list[list[tuple[int, int]]]) -> None:
    polygons = make_polygons(rings, 114.1)
    counter_clockwise = shapely.is_ccw(shapely.get_exterior_ring(polygons))
    real = shapely.is_valid(polygons)
    assert (find_turned(polygons) == ~counter_clockwise)[real].all()


def test_areas_of_several_rings_may_be_turned_and_what_is_missing_is_not() -> None:
    assert find_turned(np.array([*OTHERS[4:7], None], dtype=object)).tolist() == [True, False, True, False]
