# SPDX-License-Identifier: Apache-2.0
"""Where tiles lie, and which a box touches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from layers.filter import cut_box
from layers.tile import HALF_WORLD, Tile, to_world


def test_the_world_is_one_tile_and_then_four() -> None:
    assert Tile(0, 0, 0).box() == (-HALF_WORLD, -HALF_WORLD, HALF_WORLD, HALF_WORLD)
    assert Tile(1, 1, 0).box() == (0, 0, HALF_WORLD, HALF_WORLD)
    assert not Tile(1, 2, 0).exists and Tile(1, 1, 1).exists


def test_a_buffer_widens_a_tile_by_its_units() -> None:
    west, south, east, north = Tile(2, 1, 1).box()
    side = east - west
    assert Tile(2, 1, 1).box(4096) == pytest.approx((west - side, south - side, east + side, north + side))


def test_a_box_touches_the_tile_it_is_in_and_the_neighbour_only_through_the_buffer() -> None:
    # Just east of the border between columns 2 and 3 of zoom 2 (longitude 90).
    world = to_world((90.001, 10, 90.002, 11))
    assert world.touches(Tile(2, 3, 1), 0)
    assert not world.touches(Tile(2, 2, 1), 0)
    assert world.touches(Tile(2, 2, 1), 64)
    assert not world.touches(Tile(2, 0, 1), 256)
    assert not world.touches(Tile(2, 3, 3), 256)
    assert world.touches(Tile(0, 0, 0), 0)


def test_a_box_beyond_the_poles_of_web_mercator_touches_the_edge_rows() -> None:
    assert to_world((0, -90, 1, 90)).touches(Tile(3, 4, 0), 0)
    assert to_world((0, -90, 1, 90)).touches(Tile(3, 4, 7), 0)


def test_a_box_across_the_antimeridian_is_cut_in_two() -> None:
    assert cut_box(170, -10, -170, 10) == ((170, -10, 180.0, 10), (-180.0, -10, -170, 10))
    assert cut_box(-170, -10, 170, 10) == ((-170, -10, 170, 10),)


_TO_MERCATOR = Transformer.from_crs(4326, 3857, always_xy=True)


@given(st.floats(-180, 180), st.floats(-85, 85), st.integers(0, 24), st.sampled_from([0, 64, 256]))
def test_what_lies_in_a_tile_lies_in_its_box_in_degrees(lon: float, lat: float, zoom: int, buffer: int) -> None:
    x, y = _TO_MERCATOR.transform(lon, lat)
    side = 2 * HALF_WORLD / 2**zoom
    column, row = min(int((x + HALF_WORLD) / side), 2**zoom - 1), min(int((HALF_WORLD - y) / side), 2**zoom - 1)
    tile = Tile(zoom, column, row)
    west, south, east, north = tile.lonlat_box(buffer)
    assert west <= lon <= east and south <= lat <= north
    # And that box is no wider than the tile, where the world does not end.
    if -180 < west and east < 180 and -85 < south and north < 85:
        corners = _TO_MERCATOR.transform([west, east], [south, north])
        wide = tile.box(buffer)
        assert corners[0] == pytest.approx((wide[0], wide[2]), abs=1e-3, rel=1e-9)
        assert corners[1] == pytest.approx((wide[1], wide[3]), abs=1e-3, rel=1e-9)
