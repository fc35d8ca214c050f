# SPDX-License-Identifier: Apache-2.0
"""A model from its file to rows and tiles: whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.demo.house import write_house
from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import EAST, grid_code, load_toy, point_in
from twin.access import SET_ACTOR, Actor
from twin.assets import asset_path
from twin.database import connect, transaction
from twin.settings import Settings


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


@pytest.fixture
def house(tmp_path: Path) -> Path:
    path = tmp_path / "house.ifc"
    write_house(path, lon=113.883, lat=22.555)
    return path


def at(column: float, row: float) -> str:
    point = point_in(column, row)
    return f"{point.x},{point.y}"


def test_a_house_goes_in_with_its_storeys_spaces_elements_and_properties(city: Settings, house: Path) -> None:
    report = find_source("model").load(city, house, Options(at=at(0.5, 0.5)))
    values = report.as_dict()
    assert values["storeys"] == 2 and values["spaces"] == 7 and values["meshed"] > 50
    assert values["read"] == values["kept"] + values["rejected"]
    with connect(city) as connection:
        row = connection.execute(
            "SELECT model.block_code, version.state, tileset.is_published, tileset.asset FROM model "
            "JOIN model_version AS version ON version.id = model.published_version_id "
            "JOIN tileset ON tileset.id = version.tileset_id"
        ).fetchone()
        assert row is not None
        assert row[:3] == (grid_code(0, 0), "published", True)
        wall = connection.execute(
            "SELECT property_sets, quantities, storey_number, parent_global_id FROM element "
            "WHERE ifc_class LIKE 'IfcWall%' ORDER BY id LIMIT 1"
        ).fetchone()
        assert wall is not None
        assert "Pset_WallCommon" in wall[0] and any(name.startswith("Qto_") for name in wall[1])
        assert wall[2] is not None and wall[3]
        classes = {
            name for (name,) in connection.execute("SELECT DISTINCT ifc_class FROM element WHERE is_spatial").fetchall()
        }
    assert {"IfcSite", "IfcBuilding", "IfcBuildingStorey", "IfcSpace"} <= classes
    tileset = json.loads((asset_path(city, row[3]) / "tileset.json").read_text())
    assert tileset["asset"]["version"] == "1.1"


def test_the_same_file_again_changes_nothing_and_a_new_place_is_a_new_version(city: Settings, house: Path) -> None:
    source = find_source("model")
    source.load(city, house, Options(at=at(0.5, 0.5)))
    again = source.load(city, house, Options(at=at(0.5, 0.5)))
    assert again.unchanged == again.kept
    source.load(city, house, Options(at=at(3.5, 3.5)))
    with connect(city) as connection:
        versions = connection.execute("SELECT number, state FROM model_version ORDER BY number").fetchall()
        shown = connection.execute("SELECT count(*) FROM tileset WHERE is_published").fetchone()
        home = connection.execute("SELECT block_code FROM model").fetchall()
    assert versions == [(1, "withdrawn"), (2, "published")]
    assert shown == (1,)
    assert home == [(grid_code(3, 3),)]


def test_a_model_is_seen_from_its_street_alone(city: Settings, house: Path) -> None:
    find_source("model").load(city, house, Options(at=at(0.5, 0.5)))
    with connect(city) as connection, connection.transaction():
        connection.execute(SET_ACTOR, Actor("grid_manager", (EAST,), 3).settings(1000))
        for table in ("model", "model_version", "element", "tileset"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "LFS"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (
            b"ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n#1=IFCWALL('",
            "cut off|truncated|incomplete",
        ),
    ],
)
def test_what_is_no_whole_model_is_refused_and_nothing_of_it_stays(
    city: Settings, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "bad.ifc"
    path.write_bytes(content)
    with pytest.raises(RefusedLoadError, match=f"(?i){reason}") as refusal:
        find_source("model").load(city, path, Options(at=at(0.5, 0.5)))
    assert refusal.value.report.as_dict()["problems"]
    with transaction(city) as connection:
        for table in ("model", "model_version", "element", "tileset", "load"):
            query = f"SELECT count(*) FROM {table} WHERE true" + (" AND kind = 'model'" if table == "load" else "")
            assert connection.execute(query).fetchone() == (0,), table
    assert not [p for p in city.assets_dir.rglob("*") if p.is_file()]


def test_a_building_under_the_model_is_matched_by_its_footprint(city: Settings, house: Path) -> None:
    source = find_source("model")
    source.load(city, house, Options(at=at(0.5, 0.5)))
    with transaction(city) as connection:
        connection.execute(
            "INSERT INTO building (source_id, local_id, block_code, geometry) "
            "SELECT 't', '1', block_code, ST_Buffer(geometry, 0.000001) FROM model"
        )
    source.load(city, house, Options(at=at(0.5, 0.5), source_id="another"))
    with connect(city) as connection:
        row = connection.execute(
            "SELECT building_id IS NOT NULL, (attributes->>'building_match_iou')::float > 0.9 FROM model "
            "WHERE source_id = 'another'"
        ).fetchone()
    assert row == (True, True)
