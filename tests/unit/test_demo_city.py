# SPDX-License-Identifier: Apache-2.0
"""The demo's storeys, units, entities, components and planning data agree with the city they are made on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from ingest.demo.district import DemoDistrict
from ingest.demo.draws import draw_uniform
from ingest.demo.frame import METRIC_CRS
from twin.uscc import are_valid

NAMES = ("storeys", "units", "legal_entities", "components", "parcels", "height_limits")


def buildings_of(district: DemoDistrict, codes: pd.Series) -> pd.DataFrame:
    return district.buildings.set_index("code").loc[codes]


def test_each_frame_is_synthetic_whole_and_valid(district: DemoDistrict) -> None:
    for name in NAMES:
        frame = getattr(district, name)
        assert frame.attrs["synthetic"] is True, name
        assert frame.crs.to_epsg() == 4490
        assert len(frame) and frame["local_id"].is_unique
        assert frame.geometry.is_valid.all() and not frame.geometry.is_empty.any(), name


def test_a_surveyed_building_has_as_many_storeys_as_it_says(district: DemoDistrict) -> None:
    storeys = district.storeys
    assert storeys["building_code"].nunique() == 160
    numbers = storeys.groupby("building_code")["number"]
    buildings = district.buildings.set_index("code").loc[sorted(storeys["building_code"].unique())]
    assert numbers.apply(lambda n: int((n > 0).sum())).equals(buildings["storeys_above"].rename("number"))
    assert numbers.apply(lambda n: int((n < 0).sum())).equals(buildings["storeys_below"].rename("number"))
    assert not (storeys["number"] == 0).any()


def test_storeys_stand_on_each_other_up_to_the_buildings_height(district: DemoDistrict) -> None:
    storeys = district.storeys.sort_values(["building_code", "number"])
    same = (storeys["building_code"] == storeys["building_code"].shift()).to_numpy()
    assert np.allclose(storeys["z_min"].to_numpy()[same], storeys["z_max"].shift().to_numpy()[same])
    top = storeys.groupby("building_code")["z_max"].max()
    height = district.buildings.set_index("code")["height"].loc[top.index]
    assert (top <= height).all() and (top > 0.75 * height).all()
    assert (storeys.loc[storeys["number"] == 1, "z_min"] == 0).all()


def test_units_lie_in_their_building_beside_each_other(district: DemoDistrict) -> None:
    units = district.units.to_crs(METRIC_CRS)
    footprints = district.buildings.to_crs(METRIC_CRS).set_index("code").geometry
    shapes, homes = units.geometry.to_numpy(), footprints.loc[units["building_code"]].to_numpy()
    assert shapely.area(shapely.difference(shapes, homes)).max() < 0.05
    ground = units[units["storey_number"] == 1]
    covered = ground.geometry.area.groupby(ground["building_code"].to_numpy()).sum()
    whole = shapely.area(footprints.loc[covered.index].to_numpy())
    # What is left are slivers that are no units; nothing is counted twice.
    assert (covered <= whole + 0.1).all() and (covered > 0.8 * whole).all()


def test_house_codes_begin_with_their_buildings_and_number_its_units(district: DemoDistrict) -> None:
    units = district.units
    assert units["code"].str.fullmatch(r"\d{25}").all() and units["code"].is_unique
    assert (units["code"].str[:19] == units["building_code"]).all()
    serial = units["code"].str[19:].astype(int)
    numbered = serial.groupby(units["building_code"])
    assert (numbered.min() == 1).all() and (numbered.max() == numbered.size()).all()
    per_storey = units.groupby(["building_code", "storey_number"]).size()
    assert per_storey.groupby("building_code").nunique().eq(1).all()
    assert units["storey_number"].le(buildings_of(district, units["building_code"])["storeys_above"].to_numpy()).all()


def test_units_have_the_use_and_the_floor_of_their_building(district: DemoDistrict) -> None:
    units = district.units
    use = buildings_of(district, units["building_code"])["use"].to_numpy()
    mixed = use == "mixed"
    assert (units["use"].to_numpy() == use)[~mixed].all()
    assert set(units["use"][mixed]) <= {"commercial", "residential"}
    floor = units.groupby("building_code")["floor_area"].sum()
    whole = district.buildings.set_index("code")["gross_floor_area"].loc[floor.index]
    assert (floor <= whole * 1.01).all() and (floor > 0.8 * whole).all()


def test_persons_are_only_counted_and_nobody_lives_in_an_empty_flat_or_a_shop(district: DemoDistrict) -> None:
    units = district.units
    assert set(units["occupancy"]) == {"vacant", "self", "rented"}
    lived_in = (units["use"] == "residential") & (units["occupancy"] != "vacant")
    assert (units["residents"] > 0).equals(lived_in)
    assert units["residents"].max() <= 7
    assert 2.0 < units["residents"][lived_in].mean() < 4.0


def test_entities_are_nobodys_and_stand_in_their_buildings(district: DemoDistrict) -> None:
    entities = district.legal_entities
    assert are_valid(entities["uscc"].to_numpy(dtype=str)).all()
    # 000000 is no division, so no real entity has such a code; and each name says that it is made up.
    assert entities["uscc"].str.startswith("91000000").all()
    assert entities["name"].str.startswith("合成示例企业").all() and entities["name"].is_unique
    homes = buildings_of(district, entities["building_code"]).geometry.to_numpy()
    assert shapely.covers(shapely.buffer(homes, 1e-8), entities.geometry.to_numpy()).all()
    assert entities["registered_at"].max() < district.now


def test_components_stand_beside_roads_with_codes_of_the_district(district: DemoDistrict) -> None:
    components = district.components
    assert components["code"].str.fullmatch(r"440306\d{10}").all()
    assert (components["code"].str[6:10] == components["type_code"]).all()
    assert set(components["accuracy_class"]) <= {"A", "B", "C"}
    roads = district.roads.to_crs(METRIC_CRS)
    tree = shapely.STRtree(roads.geometry.to_numpy())
    points = components.to_crs(METRIC_CRS).geometry.to_numpy()
    # The nearest line may be a narrower road's that crosses; no component stands in the middle of any.
    _, distance = tree.query_nearest(points, return_distance=True, all_matches=False)
    assert distance.min() > 0.5 and distance.max() < 30


def test_what_is_built_keeps_the_conditions_of_its_parcel_and_of_the_airfield(district: DemoDistrict) -> None:
    buildings = district.buildings
    points = shapely.point_on_surface(buildings.geometry.to_numpy())
    parcels = district.parcels
    parcel, building = shapely.STRtree(points).query(parcels.geometry.to_numpy(), predicate="contains")
    assert len(building) > 1_000
    limit = parcels["height_limit"].to_numpy()[parcel]
    assert (buildings["height"].to_numpy()[building] <= limit).all()
    floor = np.bincount(parcel, buildings["gross_floor_area"].to_numpy()[building], len(parcels))
    assert (floor <= 1.01 * parcels["plot_ratio"] * parcels["land_area"]).all()
    limits = district.height_limits
    ring, building = shapely.STRtree(points).query(limits.geometry.to_numpy(), predicate="contains")
    assert (buildings["height"].to_numpy()[building] <= limits["max_elevation"].to_numpy()[ring]).all()
    assert len(np.unique(building)) == len(building), "rings do not overlap"
    assert (limits["vertical_datum"] == "EPSG:5737").all() and limits["basis"].str.contains("合成示例").all()


def test_a_draw_belongs_to_its_keys_alone() -> None:
    rows = np.arange(20_000)
    drawn = draw_uniform(1, 2, rows, rows * 3)
    assert np.array_equal(draw_uniform(1, 2, rows[500:600], rows[500:600] * 3), drawn[500:600])
    assert not np.array_equal(drawn, draw_uniform(1, 3, rows, rows * 3))
    assert 0 < drawn.min() and drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.01 and abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02
