# SPDX-License-Identifier: Apache-2.0
"""`twin check … --reference`: against a layer of the database and against files, as the command reports it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from ingest.crs.reference import check_with_crs
from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import grid_box, load_toy
from twin.crs import from_storage, parse_crs
from twin.errors import RefusedError
from twin.settings import Settings


def write_points(path: Path, crs: str, heading: str = "id,经度,纬度") -> Path:
    """Points all over the toy district up to its very border, written in `crs`."""
    lonlat = np.random.default_rng(1).uniform((120.0001, 30.0001), (120.0399, 30.0399), (600, 2))
    xy = from_storage(parse_crs(crs), lonlat)
    path.write_text(heading + "\n" + "".join(f"{n},{x:.8f},{y:.8f}\n" for n, (x, y) in enumerate(xy)), encoding="utf-8")
    return path


def check(settings: Settings, path: Path, reference: str | None, **options: Any) -> tuple[dict[str, Any], bool]:
    """The report, and whether the file was refused."""
    try:
        report = check_with_crs(find_source("points"), settings, path, Options(**options), reference)
    except RefusedLoadError as refusal:
        return refusal.report.as_dict(), True
    return report.as_dict(), False


def said(report: dict[str, Any]) -> str:
    return json.dumps([problem["what_i18n"]["en"] for problem in report["problems"]])


@pytest.mark.parametrize("crs", ["GCJ-02", "BD-09"])
def test_points_are_ranked_against_the_blocks_and_nothing_is_chosen(
    database: Settings, tmp_path: Path, crs: str
) -> None:
    load_toy(database)
    report, is_refused = check(database, write_points(tmp_path / "stations.csv", crs), "blocks")
    assert is_refused and report["crs_declared"] is None
    assert report["crs_detected"][0]["crs"] == crs and report["crs_detected"][0]["score"] == 1.0
    assert [row["is_separable"] for row in report["crs_detected"][1:]] == [True, True]


def test_a_wrong_declaration_is_told_with_what_was_measured(database: Settings, tmp_path: Path) -> None:
    load_toy(database)
    path = write_points(tmp_path / "stations.csv", "GCJ-02")
    report, is_refused = check(database, path, "blocks", crs="EPSG:4490")
    assert not is_refused and "by measurement is GCJ-02" in said(report)
    report, _ = check(database, path, "blocks", crs="GCJ-02")
    assert "by measurement" not in said(report)


def test_without_a_reference_the_three_are_listed_as_not_separable(database: Settings, tmp_path: Path) -> None:
    load_toy(database)
    report, is_refused = check(database, write_points(tmp_path / "stations.csv", "GCJ-02"), None)
    assert is_refused
    assert {row["crs"] for row in report["crs_detected"]} >= {"EPSG:4326", "GCJ-02", "BD-09"}
    assert not any(row["is_separable"] or row["score"] for row in report["crs_detected"])
    assert "coordinates alone cannot tell apart" in said(report)


def test_a_reference_file_without_a_crs_is_given_one_after_its_name(database: Settings, tmp_path: Path) -> None:
    reference = tmp_path / "grids.shp"
    boxes = [grid_box(column, row) for column in range(4) for row in range(4)]
    gpd.GeoDataFrame({"n": range(16)}, geometry=boxes, crs=4490).to_file(reference, engine="pyogrio")
    reference.with_suffix(".prj").unlink()
    path = write_points(tmp_path / "stations.csv", "BD-09", "id,lng,lat")
    with pytest.raises(RefusedError, match="does not state its CRS"):
        check(database, path, str(reference))
    report, _ = check(database, path, f"{reference}@EPSG:4490")
    assert report["crs_detected"][0]["crs"] == "BD-09"


def test_areas_in_a_local_system_given_as_a_proj_string_are_measured_too(database: Settings, tmp_path: Path) -> None:
    load_toy(database)
    local = "+proj=tmerc +lat_0=0 +lon_0=119.9 +k=1 +x_0=80000 +y_0=-3200000 +ellps=GRS80 +units=m"
    boxes = np.array([grid_box(column, row) for column in range(4) for row in range(4)])
    drawn = shapely.transform(boxes, lambda xy: from_storage(parse_crs(local), xy))
    path = tmp_path / "parks.gpkg"
    gpd.GeoDataFrame({"name": [str(n) for n in range(16)]}, geometry=drawn, crs=local).to_file(path, engine="pyogrio")
    report = check_with_crs(find_source("parks"), database, path, Options(crs=local), "blocks").as_dict()
    assert report["crs_detected"][0]["crs"] == report["crs_declared"]
    assert report["crs_detected"][0]["distance"] < 1 and report["crs_detected"][0]["overlap"] > 0.99


def test_a_reference_that_is_nothing_is_refused_with_what_there_is(database: Settings, tmp_path: Path) -> None:
    path = write_points(tmp_path / "stations.csv", "GCJ-02")
    with pytest.raises(RefusedError, match="neither a file nor a layer"):
        check(database, path, "nothing")
    with pytest.raises(RefusedError, match="is empty"):
        check(database, path, "roads")
