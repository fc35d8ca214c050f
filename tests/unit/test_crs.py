# SPDX-License-Identifier: Apache-2.0
"""Coordinate systems: declared, checked, converted both ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.crs import check_coordinates, parse_crs, to_storage
from twin.errors import RefusedError
from twin.gcj02 import bd09_from_wgs84, gcj02_from_wgs84, wgs84_from_bd09, wgs84_from_gcj02

longitudes = st.floats(73.5, 134.5)
latitudes = st.floats(18.2, 53.5)
METRE_DEG = 1e-5


@given(longitudes, latitudes)
def test_web_map_coordinates_return_to_where_they_were(lon: float, lat: float) -> None:
    here = np.array([lon]), np.array([lat])
    for forward, back in ((gcj02_from_wgs84, wgs84_from_gcj02), (bd09_from_wgs84, wgs84_from_bd09)):
        there = back(*forward(*here))
        assert abs(there[0][0] - lon) < 0.5 * METRE_DEG / 100
        assert abs(there[1][0] - lat) < 0.5 * METRE_DEG / 100


def test_gcj02_lies_five_hundred_metres_east_of_wgs84_in_the_pearl_river_delta() -> None:
    lon, lat = np.array([113.883]), np.array([22.555])
    there = gcj02_from_wgs84(lon, lat)
    east = (there[0] - lon) * 111_320 * np.cos(np.radians(22.555))
    south = (lat - there[1]) * 110_700
    assert east == pytest.approx(502, abs=1) and south == pytest.approx(337, abs=1)


@pytest.mark.parametrize("text", ["EPSG:4547", "4547", "+proj=tmerc +lon_0=114 +x_0=500000 +ellps=GRS80 +units=m"])
def test_a_projected_system_is_east_north_whatever_the_registry_says(text: str) -> None:
    lonlat = to_storage(parse_crs(text), np.array([[487_965.0, 2_495_000.0]]))[0]
    assert lonlat == pytest.approx([113.883, 22.552], abs=0.002)


@pytest.mark.parametrize("text", ["EPSG:99999", "Shenzhen local", "", "EPSG:5773", "EPSG:4978"])
def test_what_is_no_place_on_the_ground_is_refused_with_what_would_do(text: str) -> None:
    with pytest.raises(RefusedError):
        parse_crs(text)


@pytest.mark.parametrize(
    ("crs", "bounds", "what"),
    [
        ("EPSG:4490", (22.0, 113.0, 23.0, 114.0), "latitude seems to come before longitude"),
        ("EPSG:4490", (487_000, 2_495_000, 488_000, 2_496_000), "projected, in metres"),
        ("EPSG:4547", (38_487_000, 2_495_000, 38_488_000, 2_496_000), "zone number 38"),
        ("EPSG:4547", (2_495_000, 487_000, 2_496_000, 488_000), "outside the area of use"),
        ("EPSG:3857", (113.8, 22.5, 114.0, 22.7), None),
    ],
)
def test_impossible_coordinates_are_named(crs: str, bounds: tuple[float, ...], what: str | None) -> None:
    problems = check_coordinates(parse_crs(crs), (bounds[0], bounds[1], bounds[2], bounds[3]), "file")
    if what is None:
        assert problems == []
    else:
        assert what in problems[0].what.en


def test_a_zone_with_its_prefix_is_fine() -> None:
    assert check_coordinates(parse_crs("EPSG:4526"), (38_487_000, 2_495_000, 38_488_000, 2_496_000), "file") == []
