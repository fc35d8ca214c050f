# SPDX-License-Identifier: Apache-2.0
"""Features shared out among the nodes of a part's tree, and extruded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.layer import Style
from layers.registry import find_layer
from layers.solids.declaration import SOLID_LAYERS
from layers.solids.extrude import extrude
from layers.solids.place import bound_box, make_frame, to_local_boxes
from layers.solids.plan import MOST_FEATURES, MOST_POINTS, Part, SolidBoxes, describe_parts, plan_part
from tests.unit.gltf_reading import ReadGlb, read_glb
from twin.gltf.globe import locate

STREET = "990101001"
CENTER = (114.02, 22.52)
METRE = 1 / 111_320
BUILDINGS, STOREYS, UNITS = (SOLID_LAYERS[name] for name in ("buildings", "storeys", "units"))
GREY = Style(fill="#808080", by=("use", {"office": "#ff0000"}))


def make_boxes(count: int, codes: list[str], points: int = 5, parts: int | None = None) -> SolidBoxes:
    """`count` features in `parts` places (none: each in its own); what is in one place is stacked."""
    rng = np.random.default_rng(7)
    places = parts or count
    place = np.arange(count) % places
    corner = np.column_stack([rng.uniform(114.0, 114.04, places), rng.uniform(22.5, 22.54, places)])[place]
    size = rng.uniform(0.0001, 0.0005, (places, 2))[place]
    base = (np.arange(count) // places)[:, None] * 3.0
    top = base + (rng.uniform(3, 100, (count, 1)) if parts is None else 3.0)
    boxes = np.hstack([corner, base, corner + size, top])
    return SolidBoxes(np.arange(1, count + 1), codes, boxes, place + 1, np.full(count, points))


def walk(tile: dict[str, Any]) -> list[dict[str, Any]]:
    return [tile, *(found for child in tile.get("children", []) for found in walk(child))]


def plan_buildings(boxes: SolidBoxes, widths: tuple[int, ...] = (12, 14)) -> Any:
    return plan_part(BUILDINGS, STREET, boxes, CENTER, widths)


@pytest.mark.parametrize("widths", [(12, 14), (12,), ()], ids=["four levels", "three levels", "two levels"])
@pytest.mark.parametrize("count", [1, 499, MOST_FEATURES, MOST_FEATURES + 1, 12_000])
def test_every_feature_is_in_one_node_and_no_node_is_too_big(count: int, widths: tuple[int, ...]) -> None:
    codes = [f"{STREET}{1 + i % 2:03d}{1 + i % 5:02d}" for i in range(count)]
    plan = plan_buildings(make_boxes(count, codes), widths)
    drawn = [i for ids in plan.nodes.values() for i in ids]
    assert sorted(drawn) == list(range(1, count + 1))
    assert max(len(ids) for ids in plan.nodes.values()) <= MOST_FEATURES
    uris = [tile["content"]["uri"] for tile in walk(plan.tileset["root"]) if "content" in tile]
    assert sorted(uris) == sorted(f"{STREET}/{name}.glb" for name in plan.nodes)


def test_the_biggest_buildings_are_drawn_first() -> None:
    count = 5_000
    boxes = make_boxes(count, [f"{STREET}00101"] * count)
    plan = plan_buildings(boxes)
    volume = np.prod(boxes.boxes[:, 3:] - boxes.boxes[:, :3], axis=1)
    first = np.isin(boxes.ids, plan.nodes[STREET])
    assert first.sum() == BUILDINGS.share
    assert volume[first].min() >= volume[~first].max() * 0.95


def test_what_is_drawn_finely_counts_as_more() -> None:
    count = 1_000
    plan = plan_buildings(make_boxes(count, [f"{STREET}00101"] * count, points=400))
    assert max(len(ids) for ids in plan.nodes.values()) <= MOST_POINTS / 400


def test_storeys_of_a_building_stay_together_and_units_wait_until_somebody_is_near() -> None:
    count, houses = 30_000, 900
    codes = [f"{STREET}{1 + i % houses % 3:03d}{1 + i % houses % 5:02d}" for i in range(count)]
    for solid in (STOREYS, UNITS):
        boxes = make_boxes(count, codes, parts=houses)
        plan = plan_part(solid, STREET, boxes, CENTER, (12, 14))
        house = dict(zip(boxes.ids.tolist(), boxes.parts_of.tolist(), strict=True))
        node_of: dict[int, set[str]] = {}
        for name, ids in plan.nodes.items():
            assert len(ids) <= MOST_FEATURES
            for i in ids:
                node_of.setdefault(house[i], set()).add(name)
        assert sum(map(len, plan.nodes.values())) == count
        assert all(len(names) == 1 for names in node_of.values())
        assert (STREET in plan.nodes) == (solid is STOREYS)
        if solid is UNITS:
            assert plan.tileset["geometricError"] <= 12
            assert all(tile["geometricError"] <= 12 for tile in walk(plan.tileset["root"]))


def test_more_than_a_content_holds_in_one_place_is_cut_by_order() -> None:
    plan = plan_part(UNITS, STREET, make_boxes(5_000, [STREET] * 5_000, parts=1), CENTER, (12, 14))
    assert sorted(map(len, plan.nodes.values())) == [1_000, 2_000, 2_000]


def test_homes_of_every_length_find_a_node() -> None:
    codes = ["990101001", "990101001001", "99010100100101", STREET] * 2_000
    plan = plan_buildings(make_boxes(len(codes), codes))
    assert sum(map(len, plan.nodes.values())) == len(codes)


@pytest.mark.parametrize("solid", [BUILDINGS, STOREYS], ids=lambda solid: solid.id)
def test_a_box_holds_all_below_it_and_what_is_missing_grows_less(solid: Any) -> None:
    codes = [f"{STREET}{1 + i % 3:03d}{1 + i % 7:02d}" for i in range(19_000)]
    boxes = make_boxes(len(codes), codes)
    plan = plan_part(solid, STREET, boxes, CENTER, (12, 14))

    def check(tile: dict[str, Any]) -> None:
        box = np.array(tile["boundingVolume"]["box"])
        half = np.array([box[3], box[7], box[11]])
        if "content" in tile:
            name = tile["content"]["uri"].rpartition("/")[2].removesuffix(".glb")
            rows = np.isin(boxes.ids, plan.nodes[name])
            inner = to_local_boxes(make_frame(CENTER), boxes.boxes[rows])
            assert (inner[:, :3] >= box[:3] - half - 1e-6).all() and (inner[:, 3:] <= box[:3] + half + 1e-6).all()
        for child in tile.get("children", []):
            inner = np.array(child["boundingVolume"]["box"])
            reach = np.abs(inner[:3] - box[:3]) + np.array([inner[3], inner[7], inner[11]])
            assert (reach <= half + 1e-6).all()
            assert child["geometricError"] <= tile["geometricError"]
            check(child)

    check(plan.tileset["root"])


def test_the_root_holds_its_parts_and_stands_without_a_frame() -> None:
    boxes = [np.array([114 + i * 0.1, 22.5, -5, 114.08 + i * 0.1, 22.6, 300.0]) for i in range(3)]
    parts = [Part(f"99010100{i}", box, (float(box[0]) + 0.04, 22.55)) for i, box in enumerate(boxes)]
    document = describe_parts(BUILDINGS, parts)
    root = document["root"]
    assert "transform" not in root and "transform" not in root["children"][0]
    assert [c["content"]["uri"] for c in root["children"]] == [f"99010100{i}.json" for i in range(3)]
    around = np.array(root["boundingVolume"]["box"]).reshape(4, 3)
    half = np.linalg.norm(around[1:], axis=1)
    for child, box in zip(root["children"], boxes, strict=True):
        inner = np.array(child["boundingVolume"]["box"]).reshape(4, 3)
        corners = [
            inner[0] + x * inner[1] + y * inner[2] + z * inner[3] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)
        ]
        seen = (np.array(corners) - around[0]) @ (around[1:] / half[:, None]).T
        assert (np.abs(seen) <= half + 1e-6).all()
        # What the globe's curve lifts above the plane through the corners is held as well.
        own = make_frame((114.04, 22.55)).to_local(*(np.array([v]) for v in (114.04, 22.55, 300.0)))
        low, high = bound_box(make_frame((114.04, 22.55)), boxes[0])
        assert (own[0] <= high).all() and (own[0] >= low).all()
        assert child["geometricError"] <= root["geometricError"] <= document["geometricError"]
        assert np.degrees(np.arctan2(inner[0, 1], inner[0, 0])) == pytest.approx((box[0] + box[3]) / 2, abs=1e-3)


def test_a_root_without_parts_is_a_tileset_still() -> None:
    assert describe_parts(BUILDINGS, [])["root"]["geometricError"] == 0


ROW_COLUMNS = BUILDINGS.columns


def make_row(number: int, shape: Any, low: float, high: float, **values: Any) -> tuple[Any, ...]:
    given = {"id": number, "height": high - low, "is_estimated": 0, **values}
    return (number, shapely.to_wkb(shape), low, high, 1, *(given.get(column.name) for column in ROW_COLUMNS))


def read_extruded(rows: list[tuple[Any, ...]], solid: Any = BUILDINGS) -> ReadGlb:
    return read_glb(extrude(solid, rows, ROW_COLUMNS, make_frame((114.0, 22.5)), GREY))


def measure_volume(glb: ReadGlb) -> float:
    """What the surface encloses, if it is closed."""
    corners = np.concatenate([p.positions[p.triangles] for p in glb.primitives])
    return float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def test_a_courtyard_and_two_parts_are_extruded_to_their_height() -> None:
    ring = shapely.box(114, 22.5, 114 + 20 * METRE, 22.5 + 20 * METRE)
    yard = ring.difference(shapely.box(114 + 5 * METRE, 22.5 + 5 * METRE, 114 + 15 * METRE, 22.5 + 15 * METRE))
    pair = shapely.MultiPolygon([
        shapely.box(114.001, 22.5, 114.0011, 22.5001), shapely.box(114.0012, 22.5, 114.0013, 22.5001),
    ])  # fmt: skip
    rows = [
        make_row(70_000, yard, 0.0, 10.0, storeys=3, use="office", name="办公楼", code="9901"),
        make_row(5, pair.reverse(), 2.0, 5.5),
    ]
    glb = read_extruded(rows)
    assert glb.table["id"] == [70_000, 5]
    assert glb.table["storeys"] == [3, -32768]
    assert glb.table["height"] == pytest.approx([10, 3.5])
    assert glb.table["use"] == ["office", ""]
    assert glb.table["name"] == ["办公楼", ""]
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


def test_every_face_is_flat_and_its_normals_look_where_it_looks() -> None:
    round_tower = shapely.Point(114.001, 22.5).buffer(0.0002, quad_segs=12)
    for primitive in read_extruded([make_row(1, round_tower, 0, 40)]).primitives:
        corners = primitive.positions[primitive.triangles]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        across /= np.linalg.norm(across, axis=1)[:, None]
        for corner in range(3):
            stored = primitive.normals[primitive.triangles[:, corner]]
            assert np.linalg.norm(stored, axis=1) == pytest.approx(1, abs=0.012)
            assert (np.einsum("ij,ij->i", stored, across) > 0.99).all()


@settings(max_examples=40, deadline=None)
@given(
    outer=st.lists(st.tuples(st.floats(2, 40), st.floats(0, 1)), min_size=3, max_size=30),
    hole=st.booleans(),
    height=st.floats(0.5, 200),
)
def test_a_closed_solid_encloses_its_area_times_its_height(
    outer: list[tuple[float, float]], hole: bool, height: float
) -> None:
    """Star-shaped outlines with a hole around their middle: whatever the outline, no hole is lost or filled."""
    turns = np.sort(np.linspace(0, 2 * np.pi, len(outer), endpoint=False))
    radii = np.array([radius for radius, _ in outer])
    points = np.column_stack([np.cos(turns), np.sin(turns)]) * radii[:, None]
    plane = shapely.Polygon(points, [0.2 * points[::-1]] if hole else None)
    shape = shapely.transform(plane, lambda xy: xy * [1 / 102_961.5, 1 / 110_737.0] + [114.0, 22.5])
    volume = measure_volume(read_extruded([make_row(1, shape, 5, 5 + height)], STOREYS))
    assert volume == pytest.approx(plane.area * height, rel=0.01, abs=0.5)


def test_a_content_of_kilometres_is_drawn_to_the_centimetre() -> None:
    corners = [(114.0, 22.5), (114.05, 22.55), (113.96, 22.46)]
    rows = [make_row(i, shapely.box(x, y, x + 1e-4, y + 1e-4), 0, 30) for i, (x, y) in enumerate(corners, 1)]
    glb = read_extruded(rows)
    (primitive,) = glb.primitives
    matrix = make_frame((114.0, 22.5)).matrix
    for row, (x, y) in enumerate(corners):
        longitude, latitude, height = locate(matrix, primitive.positions[primitive.feature_ids == row])
        assert longitude.min() == pytest.approx(x, abs=0.01 * METRE)
        assert latitude.min() == pytest.approx(y, abs=0.01 * METRE)
        assert (height.min(), height.max()) == pytest.approx((0, 30), abs=0.01)


def test_columns_above_an_actors_class_are_not_in_its_property_table() -> None:
    for solid in SOLID_LAYERS.values():
        layer = find_layer(solid.id)
        declared = {p.name for p in layer.properties}
        assert {column.of for column in solid.columns if column.of} <= declared
        for access_class in (0, 1, 2, 3):
            shown = {p.name for p in layer.properties_for(access_class)}
            assert all(c.of is None or c.of in shown for c in solid.columns_for(layer, access_class))
        assert {c.name for c in solid.columns_for(layer, 0)} == {"id", "height", "is_estimated"}
        assert solid.id in solid.follows


def test_an_id_beyond_32_bits_is_written_whole() -> None:
    box = shapely.box(114, 22.5, 114.0001, 22.5001)
    assert read_extruded([make_row(2**33 + 1, box, 0, 3)]).table["id"] == [2**33 + 1]
