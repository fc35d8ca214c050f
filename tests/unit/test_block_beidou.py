# SPDX-License-Identifier: Apache-2.0
"""BeiDou grid code: the standard's vector, both ways, in every hemisphere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.beidou import LEVEL_WIDTHS, UNITS_PER_DEGREE, decode, encode, find_parents, list_children
from twin.errors import InvalidRequestError

LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-87.9999, 87.9999)
LEVELS = st.integers(1, 10)

LON, LAT = 116 + 18 / 60 + 45.37 / 3600, 39 + 59 / 60 + 35.38 / 3600


def test_the_known_vector_goes_both_ways() -> None:
    assert encode(LON, LAT) == "N50J47539B8255346152"
    cell = decode("N50J47539B8255346152")
    assert cell.west <= LON < cell.east and cell.south <= LAT < cell.north
    assert cell.east - cell.west == pytest.approx(1 / UNITS_PER_DEGREE)
    assert encode(113.883, 22.555) == "N49FB5173E4330104060"
    assert find_parents("n50j47539b82")[-2:] == ["N50J47539", "N50J47539B8"]


def test_the_other_hemispheres_mirror_the_code() -> None:
    assert encode(-LON, -LAT) == "S11J47539B8255346152"
    assert encode(-LON, LAT)[:4] == "N11J" and encode(LON, -LAT)[:4] == "S50J"
    cell = decode("S11J47539B8255346152")
    assert cell.west < -LON <= cell.east and cell.south < -LAT <= cell.north
    assert encode(180, 0, 1) == "N60A" and encode(-180, 0, 1) == "N01A"


@given(LONGITUDES, LATITUDES, LEVELS)
def test_a_point_lies_in_the_cell_of_its_code(lon: float, lat: float, level: int) -> None:
    cell = decode(encode(lon, lat, level))
    assert cell.level == level and len(cell.code) == LEVEL_WIDTHS[level - 1]
    near = 1e-10
    assert cell.west - near <= lon <= cell.east + near and cell.south - near <= lat <= cell.north + near


@given(LONGITUDES, LATITUDES)
def test_a_code_begins_with_the_code_of_every_coarser_level(lon: float, lat: float) -> None:
    finest = encode(lon, lat)
    assert find_parents(finest) == [encode(lon, lat, level) for level in range(1, 10)]


@given(LONGITUDES, LATITUDES, LEVELS)
def test_the_corner_nearest_the_origin_encodes_to_its_own_cell(lon: float, lat: float, level: int) -> None:
    cell = decode(encode(lon, lat, level))
    x = cell.west if lon >= 0 else cell.east
    y = cell.south if lat >= 0 else cell.north
    if (x or lon >= 0) and (y or lat >= 0):  # on the meridian and the equator a corner belongs to east and north
        assert encode(x, y, level) == cell.code


@pytest.mark.parametrize("code", ["N50J", "N50J47", "N50J475", "N50J47539", "S11J47539B8", "N11J47539B82"])
def test_children_tile_their_cell(code: str) -> None:
    parent, children = decode(code), [decode(child) for child in list_children(code)]
    area = sum((c.east - c.west) * (c.north - c.south) for c in children)
    assert area == pytest.approx((parent.east - parent.west) * (parent.north - parent.south))
    assert len({(c.west, c.south) for c in children}) == len(children)
    assert min(c.west for c in children) == parent.west and max(c.north for c in children) == parent.north


@pytest.mark.parametrize(
    "code",
    ["", "N50", "X50J", "N61J", "N00J", "N50W", "N50JC0", "N50J48", "N50J476", "N50J475F0", "N50J47539B84", "N５0J"],
)  # fmt: skip
def test_what_is_no_code_is_refused_with_a_reason(code: str) -> None:
    with pytest.raises(InvalidRequestError, match="BeiDou grid code"):
        decode(code)


def test_poles_levels_and_places_beyond_the_earth_are_refused() -> None:
    for lon, lat, level in ((0.0, 88.0, 1), (0.0, -90.0, 1), (181.0, 0.0, 1), (0.0, 0.0, 0), (0.0, 0.0, 11)):
        with pytest.raises(InvalidRequestError):
            encode(lon, lat, level)
    assert list_children("N50J47539B8255346152") == []
