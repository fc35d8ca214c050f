# SPDX-License-Identifier: Apache-2.0
"""Buildings shared out among the nodes of a street's tree, and extruded."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from layers.layer import Style
from layers.solids import Solids, extrude
from layers.tiles3d import COMMUNITY_WHOLE, STREET_SHARE, SolidBoxes, make_frame, plan_street
from tests.unit.gltf_reading import read_glb

STREET = "990101001"
CENTER = (114.02, 22.52)


def make_boxes(count: int, codes: list[str]) -> SolidBoxes:
    rng = np.random.default_rng(7)
    corner = np.column_stack([rng.uniform(114.0, 114.04, count), rng.uniform(22.5, 22.54, count)])
    size = rng.uniform(0.0001, 0.0005, (count, 2))
    base = np.zeros((count, 1))
    top = rng.uniform(3, 100, (count, 1))
    return SolidBoxes(np.arange(1, count + 1), codes, np.hstack([corner, base, corner + size, top]))


def walk(tile: dict) -> list[dict]:
    return [tile, *(found for child in tile.get("children", []) for found in walk(child))]


@pytest.mark.parametrize("count", [1, STREET_SHARE, STREET_SHARE + 1, 3_000, 12_000])
def test_every_building_is_in_one_node_and_no_node_is_too_big(count: int) -> None:
    codes = [f"{STREET}{1 + i % 2:03d}{1 + i % 5:02d}" for i in range(count)]
    plan = plan_street(STREET, make_boxes(count, codes), CENTER, (12, 14))
    drawn = [i for ids in plan.nodes.values() for i in ids]
    assert sorted(drawn) == list(range(1, count + 1))
    assert max(len(ids) for ids in plan.nodes.values()) <= COMMUNITY_WHOLE
    uris = [tile["content"]["uri"] for tile in walk(plan.tileset["root"])]
    assert sorted(uris) == sorted(f"{STREET}/{name}.glb" for name in plan.nodes)


def test_the_biggest_buildings_are_drawn_first() -> None:
    count = 2_000
    solids = make_boxes(count, [f"{STREET}00101"] * count)
    plan = plan_street(STREET, solids, CENTER, (12, 14))
    volume = np.prod(solids.boxes[:, 3:] - solids.boxes[:, :3], axis=1)
    first = np.isin(solids.ids, plan.nodes[STREET])
    assert volume[first].min() >= volume[~first].max() * 0.95


def test_homes_of_every_length_find_a_node() -> None:
    codes = ["990101001", "990101001001", "99010100100101", STREET] * 800
    plan = plan_street(STREET, make_boxes(len(codes), codes), CENTER, (12, 14))
    assert sum(map(len, plan.nodes.values())) == len(codes)


def test_a_box_holds_all_below_it() -> None:
    codes = [f"{STREET}{1 + i % 3:03d}{1 + i % 7:02d}" for i in range(9_000)]
    plan = plan_street(STREET, make_boxes(len(codes), codes), CENTER, (12, 14))

    def check(tile: dict) -> None:
        box = np.array(tile["boundingVolume"]["box"])
        half = np.array([box[3], box[7], box[11]])
        for child in tile.get("children", []):
            inner = np.array(child["boundingVolume"]["box"])
            reach = np.abs(inner[:3] - box[:3]) + np.array([inner[3], inner[7], inner[11]])
            assert (reach <= half + 1e-6).all()
            assert child["geometricError"] <= tile["geometricError"]
            check(child)

    check(plan.tileset["root"])


def test_a_courtyard_and_two_parts_are_extruded_to_their_height() -> None:
    metre = 1 / 111_320
    ring = shapely.box(114, 22.5, 114 + 20 * metre, 22.5 + 20 * metre)
    yard = ring.difference(shapely.box(114 + 5 * metre, 22.5 + 5 * metre, 114 + 15 * metre, 22.5 + 15 * metre))
    pair = shapely.MultiPolygon([
        shapely.box(114.001, 22.5, 114.0011, 22.5001), shapely.box(114.0012, 22.5, 114.0013, 22.5001),
    ])  # fmt: skip
    solids = Solids(
        [70_000, 5], [shapely.to_wkb(yard), shapely.to_wkb(pair.reverse())], [0.0, 2.0], [10.0, 5.5], [3, None],
        ["office", None],
    )  # fmt: skip
    glb = read_glb(extrude(solids, make_frame((114.0, 22.5)), Style(fill="#808080", by=("use", {"office": "#ff0000"}))))
    assert glb.table["id"] == [70_000, 5]
    assert glb.table["storeys"] == [3, -32768]
    assert glb.table["height"] == pytest.approx([10, 3.5])
    assert glb.table["use"] == ["office", ""]
    office = next(p for p in glb.primitives if (p.feature_ids == 0).all())
    corners = office.positions[office.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    middle = corners.mean(axis=1)
    is_roof = np.abs(normals[:, 2]) > np.linalg.norm(normals[:, :2], axis=1)
    area = shapely.area(shapely.transform(yard, lambda xy: (xy - [114, 22.5]) * [102_900, 110_750]))
    assert normals[is_roof, 2].min() > 0
    assert normals[is_roof, 2].sum() == pytest.approx(area, rel=0.01)
    # Walls that face outwards, the yard's included, enclose the area times the height (twice, in the plane).
    outward = (middle[~is_roof, :2] * normals[~is_roof, :2]).sum()
    assert outward == pytest.approx(2 * area * 10, rel=0.01)
    assert office.positions[:, 2].min() == pytest.approx(0, abs=0.01)
    assert office.positions[:, 2].max() == pytest.approx(10, abs=0.01)
