# SPDX-License-Identifier: Apache-2.0
"""Where tiles lie, and which a box touches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from layers.filter import cut_box
from layers.tile import EXTENT, HALF_WORLD, TILE_MATRIX_SETS, Tile, to_world


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


@given(
    st.integers(0, 22), st.integers(0, 2**22 - 1), st.integers(0, 2**22 - 1), st.sampled_from(sorted(TILE_MATRIX_SETS))
)
def test_neighbours_share_their_edge_to_the_bit(zoom: int, x: int, y: int, matrix_set: str) -> None:
    tile = Tile(zoom, x % 2**zoom, y % 2**zoom, matrix_set)
    east, south = tile._replace(x=tile.x + 1), tile._replace(y=tile.y + 1)
    if tile.exists and east.exists:
        assert tile.degrees()[2] == east.degrees()[0]
    if tile.exists and south.exists:
        assert tile.degrees()[1] == south.degrees()[3]


@given(st.integers(0, 20), st.floats(-84, 84), st.floats(0, 1))
def test_a_straight_tile_of_web_mercator_is_so_to_a_unit(zoom: int, lat: float, part: float) -> None:
    row = min(int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**zoom), 2**zoom - 1)
    tile = Tile(zoom, 0, row)
    _, south, _, north = tile.degrees()
    at = south + part * (north - south)
    _, metres = _TO_MERCATOR.transform(0, at)
    off = abs((at - south) / (north - south) - (metres - tile.box()[1]) / tile.side) * EXTENT
    assert off <= 1.01 if tile.is_straight else zoom < 16


def test_tile_matrix_sets_of_degrees_begin_with_two_tiles() -> None:
    assert Tile(0, 1, 0, "WorldCRS84Quad").degrees() == (0, -90, 180, 90)
    assert not Tile(0, 2, 0, "WorldCRS84Quad").exists and not Tile(0, 0, 1, "WorldCRS84Quad").exists
    assert not Tile(0, 0, 0, "CGCS2000Quad").exists
    assert Tile(1, 1, 0, "CGCS2000Quad").degrees() == (0, -90, 180, 90)
    assert Tile(13, 5, 3, "WorldCRS84Quad").degrees() == Tile(14, 5, 3, "CGCS2000Quad").degrees()
    assert Tile(13, 5, 3, "WorldCRS84Quad").detail == Tile(14, 5, 3).detail == 14
