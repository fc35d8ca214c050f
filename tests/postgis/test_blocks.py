# SPDX-License-Identifier: Apache-2.0
"""Schemes side by side, every form blocks come in, and what checks of the tree find."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import DISTRICT, EAST, WEST, grid_box, grid_code, load_toy, point_in, toy_blocks
from twin.database import connect, transaction
from twin.settings import Settings

BLOCKS = find_source("blocks")

UNIT_GRID = """
scheme = "unit_grid"
title = { zh = "单元网格", en = "Unit grid" }
metric_crs = "EPSG:4549"
levels = [
    { width = 6, zh = "区", en = "District" }, { width = 9, zh = "街道", en = "Street" },
    { width = 12, zh = "社区", en = "Community" }, { width = 15, zh = "单元网格", en = "Unit grid" },
]
"""


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database.model_copy(update={"metric_srid": 4549})


def write(path: Path, frame: gpd.GeoDataFrame, **options: str) -> Path:
    frame.to_file(path, engine="pyogrio", **options)
    return path


def unit_grids() -> gpd.GeoDataFrame:
    """One district, street and community over the whole toy city, and two unit grids that cross its base grids."""
    whole = shapely.box(*point_in(0, 0).coords[0], *point_in(4, 4).coords[0])
    south = shapely.box(*point_in(0, 0).coords[0], *point_in(4, 1.5).coords[0])
    north = shapely.box(*point_in(0, 1.5).coords[0], *point_in(4, 4).coords[0])
    codes = ["999901", "999901001", "999901001001", "999901001001001", "999901001001002"]
    return gpd.GeoDataFrame({"code": codes, "name": codes}, geometry=[whole, whole, whole, south, north], crs=4490)


def test_another_scheme_stands_beside_the_governance_grid_and_is_linked_to_it_by_area(
    city: Settings, tmp_path: Path
) -> None:
    declaration = tmp_path / "unit.toml"
    declaration.write_text(UNIT_GRID, encoding="utf-8")
    options = Options(scheme=str(declaration))
    report = BLOCKS.load(city, write(tmp_path / "unit.gpkg", unit_grids()), options)
    assert (report.inserted, report.details["linked"]) == (5, 2)
    with connect(city) as connection:
        links = dict(
            connection.execute(
                "SELECT block_code, share FROM block_link WHERE scheme = 'unit_grid' AND code LIKE '%001'"
            ).fetchall()
        )
        assert connection.execute("SELECT count(*) FROM valid_block WHERE scheme = 'governance'").fetchone() == (23,)
    assert set(links) == {grid_code(c, r) for c in range(4) for r in (0, 1)}
    assert sum(links.values()) == pytest.approx(1)
    assert links[grid_code(0, 0)] == pytest.approx(2 * links[grid_code(0, 1)], rel=1e-3)
    again = BLOCKS.load(city, tmp_path / "unit.gpkg", Options(scheme="unit_grid"))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 5)


def test_links_follow_when_the_governance_grid_comes_last(database: Settings, tmp_path: Path) -> None:
    declaration = tmp_path / "unit.json"
    declaration.write_text(
        json.dumps({"scheme": "unit_grid", "levels": [{"width": w, "zh": "级", "en": "Level"} for w in (6, 9, 12, 15)]})
    )
    first = BLOCKS.load(database, write(tmp_path / "u.gpkg", unit_grids()), Options(scheme=str(declaration)))
    assert "no governance grid yet" in first.problems[-1].what.en
    load_toy(database)
    with connect(database) as connection:
        assert connection.execute("SELECT count(DISTINCT code) FROM block_link").fetchone() == (2,)


def test_the_widths_of_a_scheme_that_has_blocks_do_not_change(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "g.toml"
    path.write_text('scheme = "governance"\ngovernance = true\nlevels = [{width=6,zh="区",en="District"}]')
    with pytest.raises(RefusedLoadError, match="levels of"):
        BLOCKS.load(city, write(tmp_path / "b.gpkg", toy_blocks().head(1)), Options(scheme=str(path)))
    with pytest.raises(RefusedLoadError, match="nothing to load"):
        BLOCKS.load(city, tmp_path / "b.gpkg", Options(scheme="beidou"))


def test_one_file_a_level_and_one_layer_a_level_are_one_load(database: Settings, tmp_path: Path) -> None:
    settings = database.model_copy(update={"metric_srid": 4549})
    frame = toy_blocks()
    width = frame["code"].str.len()
    paths = [write(tmp_path / f"{w}.geojson", frame[width == w].to_crs(4326)) for w in (14, 12, 9, 6)]
    report = BLOCKS.check(settings, paths[0], Options(further=tuple(paths[1:])))
    assert (report.read, report.kept, report.details["issues"]["numberMatched"]) == (23, 23, 0)
    assert report.problems == []
    package = tmp_path / "all.gpkg"
    for w in (6, 9, 12, 14):
        write(package, frame[width == w], layer=f"level{w}")
    with pytest.raises(RefusedLoadError, match="4 layers"):
        BLOCKS.check(settings, package, Options())
    report = BLOCKS.load(settings, package, Options(layer="level6,level9,level12,level14"))
    assert report.inserted == 23
    assert [file["rows"] for file in report.details["files"]] == [1, 2, 4, 16]


def test_topojson_layers_are_a_tree_too(database: Settings, tmp_path: Path) -> None:
    square = {"type": "Polygon", "arcs": [[0]]}
    topology = {
        "type": "Topology",
        "arcs": [[[120.0, 30.0], [120.0, 30.1], [120.1, 30.1], [120.1, 30.0], [120.0, 30.0]]],
        "objects": {
            "counties": {"type": "GeometryCollection", "geometries": [
                {**square, "properties": {"COUNTYCODE": "10014", "COUNTYNAME": "县"}}]},
            "towns": {"type": "GeometryCollection", "geometries": [
                {**square, "properties": {"TOWNCODE": "10014010", "COUNTYCODE": "10014", "TOWNNAME": "镇",
                                          "TOWNENG": "Town"}}]},
        },
    }  # fmt: skip
    path = tmp_path / "t.json"
    path.write_text(json.dumps(topology))
    scheme = tmp_path / "s.toml"
    scheme.write_text(
        'scheme = "town"\ngovernance = true\nmetric_crs = "EPSG:4549"\n'
        'levels = [{width=5,zh="县",en="County"},{width=8,zh="镇",en="Town"}]'
    )
    options = Options(layer="counties,towns", scheme=str(scheme))
    with pytest.raises(RefusedLoadError, match="does not state its CRS"):
        BLOCKS.load(database, path, options)
    options = Options(layer="counties,towns", scheme=str(scheme), crs="EPSG:4326")
    assert BLOCKS.load(database, path, options).inserted == 2
    with connect(database) as connection:
        rows = connection.execute("SELECT code, name, name_en, parent_code FROM valid_block ORDER BY code").fetchall()
    assert rows == [("10014", "县", None, None), ("10014010", "镇", "Town", "10014")]


def test_a_gbk_shapefile_without_cpg_keeps_its_names(database: Settings, tmp_path: Path) -> None:
    frame = toy_blocks().head(1).assign(name="宝安示例区")[["code", "name", "geometry"]]
    path = write(tmp_path / "区县.shp", frame, encoding="GB18030")
    path.with_suffix(".cpg").unlink()
    BLOCKS.load(database, path, Options())
    with connect(database) as connection:
        assert connection.execute("SELECT name FROM valid_block").fetchone() == ("宝安示例区",)


def test_a_list_of_names_names_blocks_and_waits_for_those_without_a_boundary(city: Settings, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text(f"code,name,name_en\n{WEST},西街道,West\n999901003,南街道,South\n4403,某市,\n", encoding="utf-8")
    report = BLOCKS.load(city, names, Options())
    assert (report.read, report.kept, report.rejected) == (3, 2, 1)
    assert (report.details["named"], report.details["without_boundary"]) == (1, ["999901003"])
    again = BLOCKS.load(city, names, Options())
    assert (again.inserted, again.updated, again.unchanged, again.details["named"]) == (0, 0, 2, 0)
    south = gpd.GeoDataFrame({"code": ["999901003"]}, geometry=[grid_box(0, -1)], crs=4490)
    BLOCKS.load(city, write(tmp_path / "south.gpkg", south), Options())
    with connect(city) as connection:
        named = connection.execute(
            "SELECT code, name, name_en FROM valid_block WHERE code = ANY(%s) ORDER BY code", ([WEST, "999901003"],)
        ).fetchall()
    assert named == [(WEST, "西街道", "West"), ("999901003", "南街道", "South")]


def test_codes_that_are_filled_up_with_zeros_are_taken_as_the_mapping_says(city: Settings, tmp_path: Path) -> None:
    names = tmp_path / "padded.csv"
    names.write_text(f"id,ext_id,ext_name\n1,{WEST}000,西\n2,{DISTRICT}000000,区\n", encoding="utf-8")
    with pytest.raises(RefusedLoadError, match="no column could be told"):
        BLOCKS.load(city, names, Options())
    mapping = tmp_path / "m.toml"
    mapping.write_text('[fields]\ncode = "ext_id"\nname = "ext_name"\n[formats]\ncode = "zero_padded"\n')
    assert BLOCKS.load(city, names, Options(mapping=str(mapping))).details["named"] == 2


def test_parents_are_made_of_children_only_when_asked_and_it_is_said(database: Settings, tmp_path: Path) -> None:
    settings = database.model_copy(update={"metric_srid": 4549})
    frame = toy_blocks()
    path = write(tmp_path / "grids.gpkg", frame[frame["code"].str.len() == 14])
    with pytest.raises(RefusedLoadError, match="codes are wrong") as refused:
        BLOCKS.load(settings, path, Options())
    assert "--derive-parents" in refused.value.report.problems[0].fix.en
    report = BLOCKS.load(settings, path, Options(derives_parents=True))
    assert (report.kept, report.inserted, len(report.details["derived"])) == (16, 23, 7)
    assert "7 coarser blocks were made" in report.problems[0].what.en
    with connect(settings) as connection:
        row = connection.execute("SELECT geometry, %s::geometry FROM valid_block WHERE code = %s",
                                 (shapely.to_wkb(frame.set_index("code").geometry[EAST]), EAST)).fetchone()  # fmt: skip
    assert row is not None
    assert shapely.from_wkb(row[0]).equals(shapely.from_wkb(row[1]))


def test_gaps_and_overlaps_are_listed_as_geometry_kept_as_issues_and_resolved_when_mended(
    city: Settings, tmp_path: Path
) -> None:
    frame = toy_blocks().set_index("code")
    shrunk = shapely.box(*point_in(0, 0).coords[0], *point_in(0.9, 1).coords[0])
    grown = shapely.box(*point_in(1, 0).coords[0], *point_in(2.2, 1).coords[0])
    frame.loc[grid_code(0, 0), "geometry"] = shrunk
    frame.loc[grid_code(1, 0), "geometry"] = grown
    frame.loc[grid_code(1, 0), "name"] = frame.loc[grid_code(0, 0), "name"]
    part = frame.loc[[grid_code(0, 0), grid_code(1, 0)]].reset_index().set_crs(4490)
    report = BLOCKS.load(city, write(tmp_path / "gap.gpkg", part), Options())
    features = report.details["issues"]["features"]
    kinds = {feature["properties"]["kind"]: feature for feature in features}
    assert set(kinds) == {"block_gap", "block_beyond", "block_name"}
    gap = shapely.geometry.shape(kinds["block_gap"]["geometry"])
    assert gap.bounds == pytest.approx((120.009, 30.0, 120.01, 30.01), abs=1e-6)
    assert report.updated == 2
    with connect(city) as connection:
        kept = connection.execute(
            'SELECT kind, severity, "where", ST_GeometryType(geometry) FROM quality_issue ORDER BY kind'
        ).fetchall()
    community = grid_code(0, 0)[:12]
    assert kept == [
        ("block_beyond", "warning", f"block governance/{community}", "ST_Polygon"),
        ("block_gap", "warning", f"block governance/{community}", "ST_Polygon"),
        ("block_name", "warning", f"block governance/{community}", None),
    ]
    mended = toy_blocks()
    BLOCKS.load(city, write(tmp_path / "mended.gpkg", mended), Options())
    with connect(city) as connection:
        assert connection.execute(
            "SELECT count(*), count(resolved_at) FROM quality_issue"
        ).fetchone() == (3, 3)  # fmt: skip


def test_two_siblings_over_each_other_are_an_overlap_of_both(database: Settings, tmp_path: Path) -> None:
    frame = toy_blocks().set_index("code")
    frame.loc[WEST, "geometry"] = shapely.box(*point_in(0, 0).coords[0], *point_in(2.5, 4).coords[0])
    part = frame.loc[[DISTRICT, WEST, EAST]].reset_index().set_crs(4490)
    settings = database.model_copy(update={"metric_srid": 4549})
    report = BLOCKS.check(settings, write(tmp_path / "o.gpkg", part), Options())
    (issue,) = report.details["issues"]["features"]
    assert issue["properties"]["kind"] == "block_overlap"
    assert f"{WEST}, {EAST}" in issue["properties"]["message"]["en"]
    assert "overlaps" in report.problems[0].what.en


def test_a_parent_that_is_not_the_codes_prefix_is_refused(city: Settings, tmp_path: Path) -> None:
    frame = toy_blocks()
    frame["parent_code"] = frame["code"].map(lambda code: WEST if code == grid_code(3, 3)[:12] else None)
    with pytest.raises(RefusedLoadError) as refused:
        BLOCKS.check(city, write(tmp_path / "p.gpkg", frame), Options())
    assert f"says its parent is {WEST}" in refused.value.report.problems[0].what.en


def test_rows_without_boundary_or_code_are_counted_and_a_bow_tie_is_repaired(
    database: Settings, tmp_path: Path
) -> None:
    tie = shapely.Polygon([point_in(0, 0), point_in(1, 1), point_in(1, 0), point_in(0, 1)])
    frame = gpd.GeoDataFrame(
        {"code": ["999901", None, "999902", "999903"], "name": ["a", "b", "c", "d"]},
        geometry=[tie, grid_box(0, 0), None, point_in(0, 0)],
        crs=4490,
    )
    report = BLOCKS.load(database, write(tmp_path / "r.gpkg", frame), Options())
    assert (report.read, report.kept, report.rejected, report.repaired) == (4, 1, 3, 1)
    assert {(reject.row, reject.field) for reject in report.rejects} == {(2, "code"), (3, "geometry"), (4, "geometry")}


def test_features_find_their_blocks_when_blocks_come_after_them(database: Settings, tmp_path: Path) -> None:
    settings = database.model_copy(update={"metric_srid": 4549})
    frame = toy_blocks()
    coarse = write(tmp_path / "coarse.gpkg", frame[frame["code"].str.len() < 12])
    BLOCKS.load(settings, coarse, Options())
    village = shapely.box(*point_in(1.5, 0.5).coords[0], *point_in(2.5, 0.6).coords[0])
    far = shapely.box(*point_in(8, 8).coords[0], *point_in(8.5, 8.5).coords[0])
    frame_of = gpd.GeoDataFrame({"local_id": ["v", "far"]}, geometry=[village, far], crs=4490)
    find_source("villages").load(settings, write(tmp_path / "v.gpkg", frame_of), Options())
    with connect(settings) as connection:
        homes = connection.execute("SELECT block_code FROM urban_village ORDER BY local_id DESC").fetchall()
    assert homes[0][0] in (WEST, EAST) and homes[1] == ("~",)
    report = BLOCKS.load(settings, write(tmp_path / "all.gpkg", frame), Options())
    assert report.details["rehomed"] == {"urban_village": 1}
    with connect(settings) as connection:
        row = connection.execute("SELECT block_code, spans_blocks FROM urban_village WHERE local_id = 'v'").fetchone()
        shares = dict(connection.execute("SELECT block_code, share FROM feature_block").fetchall())
    assert row is not None and row[0] in shares and row[1]
    assert shares == pytest.approx({grid_code(1, 0): 0.5, grid_code(2, 0): 0.5}, abs=1e-6)


def test_what_checks_found_is_for_the_owner_and_links_are_for_everybody(city: Settings) -> None:
    with transaction(city) as connection:
        connection.execute("SELECT set_config('role', 'twin_reader', true), set_config('twin.access_class', '1', true)")
        assert connection.execute("SELECT count(*) FROM valid_block").fetchone() == (23,)
        connection.execute("SELECT FROM block_link, block_lineage, block_name")
        with pytest.raises(Exception, match="permission denied"):
            connection.execute("SELECT FROM quality_issue")
