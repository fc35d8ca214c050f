# SPDX-License-Identifier: Apache-2.0
"""The load pipeline: every row accounted for, nothing half-loaded, a second load changes nothing."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import METRIC_SRID, grid_box, grid_code, load_toy, point_in
from twin.crs import parse_crs
from twin.database import connect, transaction
from twin.errors import RefusedError
from twin.settings import Settings


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def frame(geometries: list[object], **columns: list[object]) -> gpd.GeoDataFrame:
    rows = {"local_id": [str(n) for n in range(len(geometries))], **columns}
    return gpd.GeoDataFrame(rows, geometry=geometries, index=range(1, len(geometries) + 1))


def load(settings: Settings, kind: str, rows: gpd.GeoDataFrame, crs: str = "EPSG:4490") -> LoadReport:
    with transaction(settings) as connection:
        return load_frames(connection, [rows], KINDS[kind], parse_crs(crs), LoadReport(kind, "t"), actor="test")


def small_box(column: float, row: float, size: float = 0.1) -> shapely.Polygon:
    return shapely.box(*point_in(column, row).coords[0], *point_in(column + size, row + size).coords[0])


def test_a_second_identical_load_changes_nothing(city: Settings) -> None:
    rows = frame([small_box(0.1, 0.1), small_box(1.95, 0.1)], height=[10.0, 20.0], colour=["red", None])
    first = load(city, "buildings", rows)
    assert (first.inserted, first.updated, first.unchanged) == (2, 0, 0)
    with connect(city) as connection:
        before = connection.execute("SELECT id, xmin::text FROM building ORDER BY id").fetchall()
        told = connection.execute("SELECT max(seq) FROM change").fetchone()
    second = load(city, "buildings", rows)
    assert (second.inserted, second.updated, second.unchanged) == (0, 0, 2)
    with connect(city) as connection:
        assert connection.execute("SELECT id, xmin::text FROM building ORDER BY id").fetchall() == before
        assert connection.execute("SELECT max(seq) FROM change").fetchone() == told
        assert connection.execute("SELECT attributes FROM building ORDER BY id").fetchall() == [
            ({"colour": "red"},), ({},),
        ]  # fmt: skip


def test_only_what_differs_is_updated(city: Settings) -> None:
    load(city, "buildings", frame([small_box(0, 0), small_box(1, 1)], height=[10.0, 20.0]))
    report = load(city, "buildings", frame([small_box(0, 0), small_box(1, 1)], height=[10.0, 25.0]))
    assert (report.inserted, report.updated, report.unchanged) == (0, 1, 1)


def test_home_is_the_finest_block_and_shares_add_up_to_the_square_metre(city: Settings) -> None:
    village = shapely.box(*point_in(1.5, 0.5).coords[0], *point_in(3.0, 1.5).coords[0])
    report = load(city, "villages", frame([village]))
    assert report.outside == 0
    with connect(city) as connection:
        home = connection.execute("SELECT block_code, spans_blocks FROM urban_village").fetchone()
        shares = dict(connection.execute("SELECT block_code, share FROM feature_block").fetchall())
        area = connection.execute(
            "SELECT ST_Area(ST_Transform(geometry, %s)) FROM urban_village", (METRIC_SRID,)
        ).fetchone()
    assert home is not None and area is not None
    assert home[1] and home[0] in shares
    assert set(shares) == {grid_code(c, r) for c in (1, 2) for r in (0, 1)}
    assert sum(shares.values()) * area[0] == pytest.approx(area[0], abs=0.5)
    assert shares[grid_code(2, 0)] == pytest.approx(1 / 3, rel=1e-3)


def test_a_feature_inside_its_grid_needs_no_rows_beside_its_home(city: Settings) -> None:
    load(city, "buildings", frame([small_box(0.1, 0.1)]))
    with connect(city) as connection:
        assert connection.execute("SELECT block_code, spans_blocks FROM building").fetchone() == (
            grid_code(0, 0), False,
        )  # fmt: skip
        assert connection.execute("SELECT count(*) FROM feature_block").fetchone() == (0,)


def test_a_feature_that_shrinks_into_its_home_loses_its_other_blocks(city: Settings) -> None:
    load(city, "villages", frame([small_box(0.9, 0.9, 0.2)]))
    load(city, "villages", frame([small_box(0.1, 0.1, 0.2)]))
    with connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM feature_block").fetchone() == (0,)
        assert connection.execute("SELECT spans_blocks FROM urban_village").fetchone() == (False,)


def test_what_lies_in_no_block_is_loaded_and_counted(city: Settings) -> None:
    report = load(city, "incidents", frame([shapely.Point(-73.9, 40.7), point_in(0.5, 0.5), None]))
    assert (report.read, report.kept, report.rejected, report.outside, report.unplaced) == (3, 3, 0, 1, 1)
    with connect(city) as connection:
        codes = connection.execute("SELECT block_code FROM incident ORDER BY local_id").fetchall()
    assert codes == [("~",), (grid_code(0, 0),), ("~",)]


def test_a_point_on_a_border_belongs_to_the_lowest_code(city: Settings) -> None:
    load(city, "incidents", frame([point_in(1, 0.5), point_in(2, 2)]))
    with connect(city) as connection:
        codes = connection.execute("SELECT block_code FROM incident ORDER BY local_id").fetchall()
    assert codes == [(grid_code(0, 0),), (min(grid_code(c, r) for c in (1, 2) for r in (1, 2)),)]


def test_rows_are_rejected_with_row_field_and_reason_and_never_with_the_value(city: Settings) -> None:
    rows = frame(
        [small_box(0, 0), small_box(1, 0), None, shapely.Point(120, 30), small_box(2, 0), small_box(3, 0)],
        height=["10", "tall", "3", "4", "5", "6"],
    )
    rows.loc[5, "local_id"] = "0"
    rows.loc[6, "local_id"] = None
    report = load(city, "buildings", rows)
    assert report.read == report.kept + report.rejected
    assert {(reject.row, reject.field) for reject in report.rejects} == {
        (2, "height"), (3, "geometry"), (4, "geometry"), (5, "local_id"), (6, "local_id"),
    }  # fmt: skip
    with connect(city) as connection:
        kept = connection.execute("SELECT row, field, reason FROM load_reject ORDER BY row").fetchall()
    assert len(kept) == 5
    assert not any("tall" in str(row) for row in kept)


def test_a_broken_polygon_is_repaired_and_counted(city: Settings) -> None:
    bow_tie = shapely.Polygon([point_in(0, 0), point_in(0.5, 0.5), point_in(0.5, 0), point_in(0, 0.5)])
    spike = shapely.Polygon([point_in(1, 1), point_in(1.5, 1), point_in(1, 1)])
    report = load(city, "buildings", frame([bow_tie, spike]))
    assert (report.kept, report.repaired, report.rejected) == (1, 1, 1)
    with connect(city) as connection:
        assert connection.execute(
            "SELECT bool_and(ST_IsValid(geometry) AND ST_IsPolygonCCW(geometry)) FROM building"
        ).fetchone() == (True,)


def test_height_above_sea_stays_in_the_geometry(city: Settings) -> None:
    load(city, "buildings", frame([shapely.force_3d(small_box(0, 0), 12.5)]))
    with connect(city) as connection:
        assert connection.execute("SELECT ST_ZMax(geometry) FROM building").fetchone() == (12.5,)


def test_impossible_coordinates_refuse_the_load_whole(city: Settings) -> None:
    metres = shapely.box(500_000, 2_500_000, 500_010, 2_500_010)
    with pytest.raises(RefusedError, match="projected, in metres"):
        load(city, "buildings", frame([small_box(0, 0), metres]))
    swapped = shapely.transform(small_box(0, 0), lambda xy: xy[:, ::-1])
    with pytest.raises(RefusedError, match="latitude seems to come before longitude"):
        load(city, "buildings", frame([swapped]))
    zoned = shapely.box(38_487_000, 2_490_000, 38_487_010, 2_490_010)
    with pytest.raises(RefusedError, match="EPSG:4526"):
        load(city, "buildings", frame([zoned]), crs="EPSG:4547")
    with connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM building").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM load WHERE kind = 'buildings'").fetchone() == (0,)


def test_a_projected_load_lands_where_it_should(city: Settings) -> None:
    metric = gpd.GeoSeries([small_box(0.2, 0.2)], crs=4490).to_crs(METRIC_SRID)
    load(city, "buildings", frame(list(metric)), crs=f"EPSG:{METRIC_SRID}")
    with connect(city) as connection:
        row = connection.execute("SELECT ST_XMin(geometry), ST_YMin(geometry) FROM building").fetchone()
    assert row is not None
    assert np.allclose(row, point_in(0.2, 0.2).coords[0], atol=1e-9)


def write(path: Path, rows: gpd.GeoDataFrame) -> Path:
    rows.to_file(path, engine="pyogrio")
    return path


def test_a_file_without_a_crs_waits_for_a_person_and_a_contradiction_is_refused(city: Settings, tmp_path: Path) -> None:
    source = find_source("buildings")
    bare = write(tmp_path / "bare.shp", frame([small_box(0, 0)]).set_crs(4490))
    (tmp_path / "bare.prj").unlink()
    with pytest.raises(RefusedLoadError, match="does not state its CRS"):
        source.load(city, bare, Options())
    assert source.load(city, bare, Options(crs="EPSG:4490")).kept == 1
    stated = write(tmp_path / "stated.gpkg", frame([small_box(0, 0)]).set_crs(4490))
    with pytest.raises(RefusedLoadError, match="--crs-force"):
        source.load(city, stated, Options(crs="EPSG:4526"))
    assert source.check(city, stated, Options(crs="EPSG:4490", is_crs_forced=True)).kept == 1


def test_a_check_says_the_same_and_writes_nothing(city: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "b.gpkg", frame([small_box(0, 0), small_box(9, 9)], height=[1.0, 2.0]).set_crs(4490))
    checked = find_source("buildings").check(city, path, Options()).as_dict()
    with connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM building").fetchone() == (0,)
    loaded = find_source("buildings").load(city, path, Options()).as_dict()
    same = ("read", "kept", "repaired", "rejected", "outside", "crs_declared", "extent", "problems")
    assert {key: checked[key] for key in same} == {key: loaded[key] for key in same}
    assert loaded["outside"] == 1


def test_the_report_is_kept_with_the_load(city: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "b.gpkg", frame([small_box(0, 0)]).set_crs(4490))
    report = find_source("buildings").load(city, path, Options(actor="somebody"))
    with connect(city) as connection:
        row = connection.execute("SELECT report, actor, sha256 FROM load WHERE id = %s", (report.load_id,)).fetchone()
    assert row is not None
    assert row[0]["kept"] == 1 and row[0]["sha256"] == row[2] and row[1] == "somebody"


def test_blocks_that_leave_a_gap_are_reported_and_a_missing_parent_is_refused(city: Settings, tmp_path: Path) -> None:
    blocks = gpd.GeoDataFrame(
        {"code": ["999902", "999902001"], "name": ["甲", "乙"]},
        geometry=[grid_box(8, 0), small_box(8, 0, 0.5)],
        crs=4490,
    )
    report = find_source("blocks").check(city, write(tmp_path / "gap.geojson", blocks), Options())
    assert "gaps" in report.problems[0].what.en
    orphan = write(tmp_path / "orphan.geojson", blocks.iloc[1:])
    with pytest.raises(RefusedLoadError, match="codes are wrong"):
        find_source("blocks").load(city, orphan, Options())
