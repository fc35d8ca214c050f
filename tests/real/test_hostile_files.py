# SPDX-License-Identifier: Apache-2.0
"""Any file under any kind: a report that adds up, or a refusal with a reason; never anything else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import load_toy
from twin.errors import RefusedError, TwinError
from twin.settings import Settings

_DATA = Path(os.environ.get("TWIN_REAL_DATA", "/nonexistent"))
_SUFFIXES = {".shp", ".geojson", ".json", ".csv", ".gpkg", ".topojson", ".txt", ".dbf", ".inp", ".gml", ".sql"}
_FILES = sorted(
    str(path.relative_to(_DATA))
    for folder in ("boundaries", "buildings_pois", "incidents", "pipes", "city3d", "addresses", "sensors")
    for path in (_DATA / folder).rglob("*")
    if path.suffix in _SUFFIXES and path.stat().st_size < 6_000_000
)


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose database does not answer: a check needs none."""
    return Settings(database_url="postgresql://nobody@127.0.0.1:1/none", data_dir=tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("name", _FILES or [pytest.param("", marks=pytest.mark.skip("TWIN_REAL_DATA is not set"))])
def test_every_file_is_reported_or_refused_under_every_kind(offline: Settings, real_data: Path, name: str) -> None:
    for kind in ("buildings", "roads", "blocks", "incidents"):
        for crs in (None, "EPSG:4326", "EPSG:4547", "GCJ-02"):
            try:
                report = find_source(kind).check(offline, real_data / name, Options(crs=crs))
            except RefusedLoadError as error:
                assert error.text.zh and error.text.en
                assert error.report.problems
                json.dumps(error.report.as_dict())
            except TwinError as error:
                pytest.fail(f"{kind} {crs}: a refusal without its report: {error}")
            else:
                assert report.read == report.kept + report.rejected, (kind, crs)
                assert report.read or report.problems
                json.dumps(report.as_dict())


def test_the_file_that_says_web_mercator_and_is_in_degrees_is_refused(database: Settings, real_data: Path) -> None:
    load_toy(database)
    path = real_data / "boundaries" / "shenzhen_taz_3857" / "SZ_districts.shp"
    report = find_source("buildings").check(database, path, Options())
    assert report.crs_detected and report.read == report.kept + report.rejected
    assert report.outside == report.kept


def test_footprints_with_heights_load_and_a_shapefile_says_the_same(database: Settings, real_data: Path) -> None:
    load_toy(database)
    folder = real_data / "buildings_pois" / "footprints_korea"
    reports = [
        find_source("buildings").load(database, folder / name, Options(source_id=name))
        for name in ("footprint-with-height.geojson", "footprint.shp")
    ]
    assert [report.kept for report in reports] == [177, 177]
    assert reports[0].extent == pytest.approx(reports[1].extent, abs=1e-6)


def test_a_shapefile_without_its_code_page_keeps_its_chinese(real_data: Path, offline: Settings) -> None:
    from ingest.readers.vector import read_vector

    file = read_vector(real_data / "boundaries" / "chongqing_districts_gbk" / "区县界_area.shp")
    text = " ".join(str(value) for value in file.frame.drop(columns="geometry").to_numpy().ravel())
    assert "区" in text and "�" not in text


def test_a_missing_file_is_refused(offline: Settings) -> None:
    with pytest.raises(RefusedError, match="There is no file"):
        find_source("buildings").check(offline, Path("nowhere.gpkg"), Options())
