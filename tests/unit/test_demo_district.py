# SPDX-License-Identifier: Apache-2.0
"""The generated district: a real tree of blocks, a plausible city on it, the same every time."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pytest
import shapely

from ingest.demo.district import DEFAULT_NOW, DemoDistrict, generate, live_incidents
from ingest.demo.event_types import ITEMS
from ingest.demo.frame import HOUSE_LON_LAT, METRIC_CRS, to_metres
from ingest.demo.registers import CROSS_VILLAGE_CODE, CROSS_VILLAGE_SIZE


def in_metres(frame: gpd.GeoDataFrame) -> np.ndarray:
    return frame.geometry.to_crs(METRIC_CRS).to_numpy()


def assert_complete(district: DemoDistrict, buildings: int, parks: int, villages: int, incidents: int) -> None:
    blocks = district.blocks
    assert blocks.groupby("level").size().to_dict() == {1: 1, 2: 10, 3: 124, 4: 4866}
    assert len(district.buildings) == buildings
    assert len(district.industrial_parks) == parks
    assert len(district.urban_villages) == villages
    assert len(district.incidents) == incidents
    for frame in (blocks, district.buildings, district.industrial_parks, district.urban_villages):
        assert frame["code"].is_unique
        assert frame.geometry.is_valid.all()
    for frame in (district.roads, district.buildings, district.incidents):
        assert frame["local_id"].is_unique
        assert frame.geometry.is_valid.all()


def test_the_small_scale_has_the_complete_tree_and_its_share_of_the_rest(district: DemoDistrict) -> None:
    assert_complete(district, 12_000, 140, 43, 6_000)


def test_every_frame_says_that_it_is_synthetic(district: DemoDistrict) -> None:
    assert district.synthetic is True
    for name in ("blocks", "roads", "buildings", "industrial_parks", "urban_villages", "incidents"):
        frame = getattr(district, name)
        assert frame.attrs["synthetic"] is True
        assert frame.crs.to_epsg() == 4490
        west, south, east, north = frame.total_bounds
        assert 113.5 < west < east < 114.2
        assert 22.3 < south < north < 23.0


@pytest.mark.parametrize("level", [2, 3, 4])
def test_siblings_tile_their_parent_without_gap_or_overlap(district: DemoDistrict, level: int) -> None:
    blocks = district.blocks
    children = blocks[blocks["level"] == level]
    assert shapely.coverage_is_valid(children.geometry.to_numpy())
    parents = blocks[blocks["level"] == level - 1].set_index("code").geometry
    for code, group in children.groupby("parent_code"):
        united = shapely.coverage_union_all(group.geometry.to_numpy())
        assert shapely.equals(united, parents[code]), code


def test_a_childs_code_starts_with_its_parents(district: DemoDistrict) -> None:
    blocks = district.blocks
    assert blocks["code"].str.len().equals(blocks["level"].map({1: 6, 2: 9, 3: 12, 4: 14}))
    assert blocks["parent_code"].iloc[0] is None
    below = blocks[blocks["level"] > 1]
    assert set(below["parent_code"]) <= set(blocks["code"])
    assert all(code.startswith(parent) for code, parent in zip(below["code"], below["parent_code"], strict=True))
    assert blocks[blocks["level"] == 4].groupby("parent_code").size().max() <= 99


def test_the_district_has_its_real_size_and_the_house_stands_on_free_land_in_the_first_street(
    district: DemoDistrict,
) -> None:
    blocks = district.blocks
    assert 385e6 < in_metres(blocks[blocks["level"] == 1])[0].area < 400e6
    house = shapely.Point(HOUSE_LON_LAT)
    holding = blocks[blocks.contains(house)]["code"].tolist()
    assert [len(code) for code in holding] == [6, 9, 12, 14]
    assert holding[1] == "440306017"
    place = shapely.Point(to_metres([HOUSE_LON_LAT])[0])
    assert shapely.distance(in_metres(district.buildings), place).min() > 40
    assert shapely.distance(in_metres(district.roads), place).min() > 40


def test_buildings_do_not_overlap_and_stand_in_the_grid_that_their_code_names(district: DemoDistrict) -> None:
    buildings = district.buildings
    footprints = buildings.geometry.to_numpy()
    first, second = shapely.STRtree(footprints).query(footprints, predicate="intersects")
    assert np.array_equal(first, second)
    assert shapely.is_ccw(shapely.get_exterior_ring(footprints)).all()
    grids = district.blocks[district.blocks["level"] == 4].set_index("code").geometry
    assert buildings["code"].str.fullmatch(r"\d{19}").all()
    home = grids.loc[buildings["code"].str[:14]].to_numpy()
    assert shapely.contains(home, shapely.point_on_surface(footprints)).all()
    spanning = ~shapely.contains(home, footprints)
    assert spanning.sum() >= 20
    assert shapely.contains(district.blocks.geometry.iloc[0], footprints[spanning]).all()


def test_buildings_have_heights_areas_and_years_that_can_be(district: DemoDistrict) -> None:
    buildings = district.buildings
    assert set(buildings["use"]) == {"residential", "industrial", "commercial", "office", "public", "mixed"}
    assert set(buildings["structure"]) == {"frame", "masonry", "steel", "shear_wall"}
    assert buildings["storeys_above"].between(1, 62).all()
    each = buildings["height"] / buildings["storeys_above"]
    assert each.between(2.8, 7.5).all()
    assert buildings["height"].max() <= 250
    area = shapely.area(in_metres(buildings)) * buildings["storeys_above"]
    assert (buildings["gross_floor_area"] / area).between(0.92, 1.01).all()
    assert buildings["year_built"].between(1975, 2026).all()


def test_one_village_lies_in_two_streets_with_a_known_area(district: DemoDistrict) -> None:
    village = district.urban_villages[district.urban_villages["code"] == CROSS_VILLAGE_CODE]
    streets = district.blocks[district.blocks["level"] == 2]
    shape = in_metres(village)[0]
    east, north = CROSS_VILLAGE_SIZE
    assert shape.area == pytest.approx(east * north, abs=0.1)
    shares = shapely.area(shapely.intersection(in_metres(streets), shape))
    assert sorted(streets["code"][shares > 0]) == ["440306017", "440306018"]
    assert shares.max() < 0.8 * shape.area
    assert shares.sum() == pytest.approx(shape.area, abs=0.1)


def test_roads_run_on_the_borders_of_base_grids(district: DemoDistrict) -> None:
    grids = district.blocks[district.blocks["level"] == 4].geometry.to_numpy()
    borders = np.unique(shapely.get_coordinates(grids), axis=0)
    on_roads = np.unique(shapely.get_coordinates(district.roads.geometry.to_numpy()), axis=0)
    assert np.array_equal(borders, on_roads)
    widths = district.roads.groupby("road_class")["width"].first()
    assert widths["expressway"] > widths["arterial"] > widths["secondary"] > widths["local"]


def test_incidents_fill_the_year_with_a_daily_and_weekly_rhythm(district: DemoDistrict) -> None:
    incidents = district.incidents
    occurred = incidents["occurred_at"]
    assert str(occurred.dt.tz) == "Asia/Shanghai"
    assert (incidents["accepted_at"] >= occurred).all()
    assert (incidents["accepted_at"] <= DEFAULT_NOW).all()
    assert (incidents["closed_at"].notna() == (incidents["state"] == "closed")).all()
    per_hour = occurred.dt.hour.value_counts()
    assert per_hour[8] > 2 * per_hour[4]
    per_day = occurred.dt.day_of_week.value_counts()
    assert per_day[0] > per_day[6]
    assert set(incidents["event_type"]) <= set(district.event_types["code"])
    repeated = incidents.groupby([incidents.geometry.x, incidents.geometry.y, "event_type"]).size()
    assert (repeated >= 3).sum() > 50
    assert shapely.contains(district.blocks.geometry.iloc[0].buffer(0), incidents.geometry.to_numpy()).all()


def test_sensitive_incidents_are_never_placed_finer_than_their_community(district: DemoDistrict) -> None:
    codes = [item.code for item in ITEMS if item.sensitive]
    sensitive = district.incidents[district.incidents["event_type"].isin(codes)]
    assert len(sensitive) > 50
    assert len(np.unique(shapely.get_coordinates(sensitive.geometry.to_numpy()), axis=0)) <= 124


def test_live_incidents_are_new_and_fall_into_the_district(district: DemoDistrict) -> None:
    now = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
    fresh = list(live_incidents(district, 40, np.random.default_rng(1), now))
    assert len({incident.local_id for incident in fresh}) == 40
    assert not set(district.incidents["local_id"]) & {incident.local_id for incident in fresh}
    outline = district.blocks.geometry.iloc[0]
    assert all(outline.contains(incident.geometry) and incident.occurred_at < now for incident in fresh)


def test_the_same_seed_gives_the_same_district(district: DemoDistrict) -> None:
    again = generate("small")
    for name in (
        "blocks",
        "roads",
        "buildings",
        "industrial_parks",
        "urban_villages",
        "event_types",
        "incidents",
        "storeys",
        "units",
        "legal_entities",
        "components",
        "parcels",
        "height_limits",
    ):
        left, right = getattr(district, name), getattr(again, name)
        assert left.equals(right), name


@pytest.mark.skipif(not os.environ.get("TWIN_SLOW_TESTS"), reason="the full scale takes minutes: TWIN_SLOW_TESTS=1")
def test_the_district_scale_is_complete_and_contains_the_small_one(district: DemoDistrict) -> None:
    full = generate("district")
    assert_complete(full, 170_000, 1_403, 430, 360_900)
    assert full.blocks.equals(district.blocks)
    same = full.buildings.set_index("local_id").loc[district.buildings["local_id"]].reset_index()
    assert same["code"].equals(district.buildings["code"])
    assert full.storeys["building_code"].nunique() == 9_600
    assert 250_000 < len(full.units) < 400_000
    assert (len(full.legal_entities), len(full.components), len(full.parcels)) == (200_000, 60_000, 4_900)
    for name in ("storeys", "units", "components", "parcels"):
        small = getattr(district, name).set_index("local_id")
        part = getattr(full, name).set_index("local_id").loc[small.index]
        assert part.equals(small), name
