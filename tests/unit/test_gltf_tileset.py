# SPDX-License-Identifier: Apache-2.0
"""Tiles stand where they are put on the globe."""

from __future__ import annotations

import numpy as np
import pytest

from twin.gltf.globe import locate, place_on_globe
from twin.gltf.tileset import Tile, describe_tileset


def test_a_point_north_of_the_anchor_is_further_north() -> None:
    matrix = place_on_globe(113.9, 22.5, 12.0)
    points = np.array([[0.0, 0.0, 0.0], [0.0, 100.0, 0.0], [100.0, 0.0, 0.0], [0.0, 0.0, 50.0]])
    longitude, latitude, height = locate(matrix, points)
    assert (longitude[0], latitude[0], height[0]) == pytest.approx((113.9, 22.5, 12.0), abs=1e-9)
    assert latitude[1] - 22.5 == pytest.approx(100 / 110_740, rel=1e-3)
    assert longitude[1] == pytest.approx(113.9, abs=1e-9)
    assert longitude[2] - 113.9 == pytest.approx(100 / (111_320 * np.cos(np.radians(22.5))), rel=2e-3)
    assert height[3] == pytest.approx(62.0, abs=1e-6)


def test_a_heading_of_ninety_turns_ahead_to_the_east() -> None:
    longitude, latitude, _ = locate(place_on_globe(10.0, 50.0, 0.0, 90.0), np.array([[0.0, 30.0, 0.0]]))
    assert longitude[0] > 10.0
    assert latitude[0] == pytest.approx(50.0, abs=1e-6)


def test_the_document_has_boxes_around_their_corners_and_a_column_major_transform() -> None:
    leaf = Tile((0.0, 0.0, 0.0), (2.0, 4.0, 6.0), 0.0, "a.glb")
    root = Tile((0, 0, 0), (2, 4, 6), 7.5, children=[leaf], transform=place_on_globe(0.0, 0.0, 0.0))
    document = describe_tileset(root)
    assert document["asset"]["version"] == "1.1"
    assert document["root"]["refine"] == "ADD"
    assert document["root"]["transform"][12:15] == pytest.approx([6_378_137.0, 0.0, 0.0])
    (child,) = document["root"]["children"]
    assert child["boundingVolume"]["box"] == [1, 2, 3, 1, 0, 0, 0, 2, 0, 0, 0, 3]
    assert child["content"] == {"uri": "a.glb"}
    assert document["geometricError"] == pytest.approx(np.sqrt(56))
