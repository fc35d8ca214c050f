# SPDX-License-Identifier: Apache-2.0
"""Tables that nobody shaped for us, put into blocks: every row is kept, queued or rejected with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.report import LoadReport
from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import load_toy
from twin.database import connect
from twin.settings import Settings


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def load(city: Settings, path: Path, crs: str | None = None) -> LoadReport:
    report = find_source("points").load(city, path, Options(crs=crs))
    assert report.read == report.kept + report.rejected
    assert report.kept == sum(report.details["match_levels"].values()) + report.details["queued"]
    with connect(city) as connection:
        row = connection.execute("SELECT count(*) FROM placement_review WHERE status = 'open'").fetchone()
    assert row == (report.details["queued"],)
    return report


def test_charging_stations_need_their_crs_declared(city: Settings, real_data: Path) -> None:
    path = real_data / "buildings_pois" / "shenzhen_ev_stations" / "stations.csv"
    with pytest.raises(RefusedLoadError, match="does not state its CRS"):
        load(city, path)
    shifted = load(city, path, "GCJ-02")
    assert shifted.kept == 1706 and shifted.outside == 1706 and shifted.extent is not None
    declared_otherwise = find_source("points").check(city, path, Options(crs="EPSG:4326"))
    assert declared_otherwise.extent is not None
    # What is declared is what is done: the two differ by the shift, some 500 m.
    assert 0.003 < declared_otherwise.extent[0] - shifted.extent[0] < 0.007


@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("nyc311/nyc311_first600.csv", "EPSG:4326"), ("boston311/boston311-100.csv", "EPSG:4326"),
        ("sf_incidents-small.csv", "EPSG:4326"),
    ],
)  # fmt: skip
def test_events_of_other_cities_load_outside_and_their_addresses_match_nothing(
    city: Settings, real_data: Path, name: str, crs: str
) -> None:
    report = load(city, real_data / "incidents" / name, crs)
    placed = report.details["match_levels"]
    assert set(placed) == {"coordinate"} and report.outside == placed["coordinate"]
    with connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM business_feature WHERE block_code <> '~'").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM placement_review WHERE candidates <> '[]'").fetchone() == (0,)


def test_a_list_of_places_without_a_heading_is_refused_and_with_one_is_read(
    city: Settings, real_data: Path, tmp_path: Path
) -> None:
    raw = (real_data / "addresses" / "addressparser_pca.csv").read_bytes()
    with pytest.raises(RefusedLoadError, match="looks like data"):
        load(city, real_data / "addresses" / "addressparser_pca.csv", "EPSG:4326")
    path = tmp_path / "places.csv"
    path.write_bytes("国家,省,市,区,纬度,经度\n".encode() + raw.removeprefix("﻿".encode()))
    report = load(city, path, "EPSG:4326")
    assert report.read > 3000 and report.details["match_levels"]["coordinate"] > 2500
    assert report.details["queued"] > 100 and report.details["match_levels"].keys() == {"coordinate"}


def test_bus_lines_say_nowhere_where_they_are_and_are_refused(city: Settings, real_data: Path) -> None:
    with pytest.raises(RefusedLoadError):
        load(city, real_data / "buildings_pois" / "shenzhen_bus_lines" / "busline.csv", "GCJ-02")


def test_a_shapefile_in_gbk_has_its_names_and_areas_are_no_points(city: Settings, real_data: Path) -> None:
    path = real_data / "boundaries" / "chongqing_districts_gbk" / "区县界_area.shp"
    report = find_source("points").check(city, path, Options())
    assert (report.read, report.rejected, report.kept) == (38, 38, 0)


@pytest.mark.parametrize(
    ("name", "crs", "kept", "shapes"),
    [
        ("boundaries/shenzhen_districts_wgs84/sz.json", "EPSG:4326", 10, {"POLYGON", "MULTIPOLYGON"}),
        ("boundaries/shenzhen_districts_wgs84/shp/sz.shp", "EPSG:4326", 10, {"POLYGON", "MULTIPOLYGON"}),
        ("boundaries/chongqing_districts_gbk/区县界_area.shp", None, 38, {"POLYGON", "MULTIPOLYGON"}),
        ("boundaries/shenzhen_taz_3857/SZ_districts.shp", None, 491, {"POLYGON", "MULTIPOLYGON"}),
        ("boundaries/hierarchy_topojson/towns-10t.json", "EPSG:4326", None, {"POLYGON", "MULTIPOLYGON"}),
        ("buildings_pois/footprints_korea/footprint-with-height.geojson", None, 177, {"MULTIPOLYGON"}),
        ("buildings_pois/footprints_korea/footprint.shp", None, None, {"POLYGON", "MULTIPOLYGON"}),
        ("buildings_pois/shenzhen_ev_stations/stations.csv", "GCJ-02", 1706, {"POINT"}),
        ("pipes/geojson", None, None, {"POINT", "LINESTRING", "MULTILINESTRING", "POLYGON", "MULTIPOLYGON"}),
    ],
)
def test_files_of_points_lines_and_areas_become_layers_whole(
    city: Settings, real_data: Path, name: str, crs: str | None, kept: int | None, shapes: set[str]
) -> None:
    given = real_data / name
    for path in sorted(given.glob("*.*json")) if given.is_dir() else [given]:
        report = find_source("business").load(city, path, Options(crs=crs, layer="towns" if "towns" in name else None))
        assert report.read == report.kept + report.rejected and report.kept > 0
        assert kept is None or report.kept == kept
    with connect(city) as connection:
        found = connection.execute("SELECT DISTINCT GeometryType(geometry) FROM business_feature").fetchall()
        versions = connection.execute("SELECT sum(added), sum(rows) FROM business_layer_version").fetchone()
        rows = connection.execute("SELECT count(*) FROM business_feature").fetchone()
    assert {str(row[0]) for row in found} - {"None"} <= shapes
    assert rows is not None and versions == (rows[0], rows[0])
