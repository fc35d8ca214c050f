# SPDX-License-Identifier: Apache-2.0
"""Real IFC files through the whole road: file, rows, tiles, published; or refused with nothing left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import grid_code, load_toy, point_in
from twin.assets import asset_path
from twin.database import connect
from twin.settings import Settings


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


@pytest.mark.parametrize(
    ("name", "products", "storeys", "spaces"), [("kit_AC20-FZK-Haus.ifc", 127, 2, 7), ("web_duplex.ifc", 295, 4, 21)]
)
def test_a_house_placed_by_a_person_is_in_the_database_and_in_tiles(
    city: Settings, real_data: Path, name: str, products: int, storeys: int, spaces: int
) -> None:
    point = point_in(2.5, 2.5)
    report = find_source("model").load(city, real_data / "ifc" / name, Options(at=f"{point.x},{point.y}"))
    values = report.as_dict()
    assert (values["products"], values["storeys"], values["spaces"]) == (products, storeys, spaces)
    with connect(city) as connection:
        row = connection.execute(
            "SELECT model.block_code, tileset.asset, model_version.georeference->>'source' FROM model "
            "JOIN model_version ON model_version.id = model.published_version_id "
            "JOIN tileset ON tileset.id = model_version.tileset_id AND tileset.is_published"
        ).fetchone()
        counted = connection.execute(
            "SELECT count(*) FILTER (WHERE ifc_class = 'IfcBuildingStorey'), "
            "count(*) FILTER (WHERE ifc_class = 'IfcSpace'), count(*) FILTER (WHERE property_sets <> '{}'), "
            "count(*) FILTER (WHERE is_meshed) FROM element"
        ).fetchone()
    assert row is not None and counted is not None
    assert (row[0], row[2]) == (grid_code(2, 2), "override")
    assert counted[:2] == (storeys, spaces)
    assert counted[2] > 50 and counted[3] == values["meshed"] > 50
    tileset = json.loads((asset_path(city, row[1]) / "tileset.json").read_text())
    assert tileset["asset"]["version"] == "1.1"


def test_a_model_with_its_own_map_conversion_stands_where_it_says_and_that_is_reported(
    city: Settings, real_data: Path
) -> None:
    report = find_source("model").load(city, real_data / "ifc" / "pcert_Building-Architecture.ifc", Options())
    values = report.as_dict()
    assert values["georeference"]["source"] == "map_conversion" and values["crs_declared"] == "EPSG:32760"
    assert values["outside"] == 1 and "in no block" in values["problems"][-1]["what_i18n"]["en"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lfs_pointer_dental_clinic.ifc", "Git-LFS pointer"),
        ("bs_EmptyTest.ifc", "no IfcProject"),
        ("whale_SimpleWall.ifc", "cannot be placed"),
        ("grf_fail002_invalid_epsg.ifc", "."),
    ],
)
def test_what_cannot_be_loaded_or_placed_is_refused_and_leaves_nothing(
    city: Settings, real_data: Path, name: str, reason: str
) -> None:
    with pytest.raises(RefusedLoadError, match=reason):
        find_source("model").load(city, real_data / "ifc" / name, Options())
    with connect(city) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM model) + (SELECT count(*) FROM element) + (SELECT count(*) FROM tileset)"
        ).fetchone()
    assert row == (0,)
    assert not [path for path in city.assets_dir.rglob("*") if path.is_file()]
