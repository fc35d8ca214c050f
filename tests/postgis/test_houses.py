# SPDX-License-Identifier: Apache-2.0
"""Storeys, units, entities, components, parcels and height limits through the pipeline; what lies in what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import grid_code, load_toy, point_in
from twin.crs import parse_crs
from twin.database import connect, transaction
from twin.settings import Settings
from twin.uscc import add_check_characters

HOUSE = f"{grid_code(0, 0)}00001"
SPANNING = f"{grid_code(1, 0)}00001"
TWIN = f"{grid_code(0, 1)}00001"


def box(column: float, row: float, size: float = 0.1) -> shapely.Polygon:
    low, high = point_in(column, row), point_in(column + size, row + size)
    return shapely.box(low.x, low.y, high.x, high.y)


def load_buildings(settings: Settings, shapes: dict[str, shapely.Polygon], source: str = "city") -> None:
    rows = gpd.GeoDataFrame({"local_id": list(shapes), "code": list(shapes)}, geometry=list(shapes.values()))
    with transaction(settings) as connection:
        report = LoadReport("buildings", source)
        load_frames(connection, [rows.set_axis(range(1, len(rows) + 1))], KINDS["buildings"], parse_crs("EPSG:4490"),
                    report, actor="test")  # fmt: skip


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    load_buildings(database, {HOUSE: box(0.2, 0.2), SPANNING: box(1.85, 0.4, 0.2)})
    return database


def write(folder: Path, text: str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def ask(settings: Settings, query: str, *values: object) -> list[Any]:
    with connect(settings) as connection:
        return connection.execute(query.encode(), values).fetchall()


def reasons(report: LoadReport) -> dict[int, str]:
    return {reject.row: reject.reason.en for reject in report.rejects}


def test_units_without_coordinates_enter_blocks_through_their_building(city: Settings, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"房屋编码,楼栋编码,楼层,房号,用途,建筑面积,居住状态,居住人数,户主\n"
        f"{HOUSE}000001,{HOUSE},1层,101,住宅,88.5,出租,3,某某\n"
        f"{SPANNING}000001,,B1,,车库,20,,,\n"
        f",{HOUSE[:-1]}9,2,201,住宅,90,空置,0,\n"
        f"123,{HOUSE},2,202,住宅,90,自住,1,\n"
        f"{HOUSE}000002,{HOUSE},二,203,住宅,90,自住,1,\n"
        f",,3,301,住宅,90,,,\n",
    )
    report = find_source("units").load(city, path, Options(source_id="survey"))
    assert (report.read, report.kept, report.rejected, report.outside) == (6, 2, 4, 0)
    said = reasons(report)
    assert said[3] == "no building has this code"
    assert "house code" in said[4]
    assert said[5] == "the storey number cannot be read"
    assert said[6] == "neither a geometry nor a building code"
    assert report.ignored_columns == ["户主"]
    rows = ask(
        city,
        "SELECT unit.code, storey_number, unit.use, occupancy, residents, unit.block_code, unit.building_id = b.id, "
        "unit.geometry = b.geometry, unit.spans_blocks, unit.attributes "
        "FROM unit JOIN building b ON b.code = unit.building_code ORDER BY unit.code",
    )
    assert rows[0] == (
        f"{HOUSE}000001", 1, "residential", "rented", 3, grid_code(0, 0), True, True, False, {},
    )  # fmt: skip
    assert rows[1][1:4] == (-1, "parking", None) and rows[1][6:9] == (True, True, True)
    met = ask(city, "SELECT block_code FROM feature_block WHERE kind = 'unit' ORDER BY 1")
    assert met == [(grid_code(1, 0),), (grid_code(2, 0),)]
    again = find_source("units").load(city, path, Options(source_id="survey"))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 2)


def test_a_check_of_units_says_what_the_load_would_and_writes_nothing(city: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, f"building_code,storey,room\n{HOUSE},1,101\n{HOUSE[:-1]}7,1,102\n")
    source = find_source("units")
    checked = source.check(city, path, Options()).as_dict()
    assert ask(city, "SELECT count(*) FROM unit") == [(0,)]
    loaded = source.load(city, path, Options()).as_dict()
    same = ("read", "kept", "rejected", "rejected_reasons", "outside", "extent")
    assert {key: checked[key] for key in same} == {key: loaded[key] for key in same}
    gone = Settings(database_url="postgresql://nobody@127.0.0.1:1/none", data_dir=city.data_dir)
    alone = source.check(gone, path, Options())
    assert alone.kept == 2 and alone.outside is None
    assert any("cannot be reached" in problem.what.en for problem in alone.problems)


def test_codes_that_contradict_the_place_are_told_and_the_place_counts(city: Settings, tmp_path: Path) -> None:
    load_buildings(city, {TWIN: box(2.5, 2.5)})
    path = write(
        tmp_path, f"code,building_code,storey\n{TWIN}000001,{TWIN},1\n{HOUSE}000009,{TWIN},1\n{HOUSE}000001,{HOUSE},1\n"
    )
    report = find_source("units").load(city, path, Options())
    assert report.kept == 3
    told = [problem.what.en for problem in report.problems]
    assert any(text.startswith("1 rows have a code that does not begin with their building's") for text in told)
    assert any(text.startswith("2 rows have a code of another block") for text in told)
    codes = ask(city, "SELECT block_code FROM unit WHERE building_code = %s", TWIN)
    assert codes == [(grid_code(2, 2),)] * 2


def test_units_of_a_spreadsheet_keep_the_zeros_of_their_codes(city: Settings, tmp_path: Path) -> None:
    sheet = pd.DataFrame({"房屋编码": [f"{HOUSE}000007"], "楼层": ["3F"], "房号": ["0301"], "建筑面积": ["71.5"]})
    pyogrio.write_dataframe(sheet, tmp_path / "units.xlsx", driver="XLSX")
    report = find_source("units").load(city, tmp_path / "units.xlsx", Options())
    assert (report.read, report.kept) == (1, 1), report.as_dict()
    assert ask(city, "SELECT code, storey_number, room, floor_area, block_code FROM unit") == [
        (f"{HOUSE}000007", 3, "0301", 71.5, grid_code(0, 0)),
    ]  # fmt: skip


def test_buildings_with_codes_of_another_grid_are_told_and_put_where_they_lie(city: Settings, tmp_path: Path) -> None:
    rows = gpd.GeoDataFrame(
        {"local_id": ["a", "b", "c", "d"], "code": [TWIN, f"{grid_code(3, 3)}00001", "OWN-7", None]},
        geometry=[box(0.2, 1.2), box(2.2, 2.2), box(2.4, 2.4), box(2.6, 2.6)], crs=4490,
    )  # fmt: skip
    rows.to_crs(4549).to_file(tmp_path / "b.gpkg")
    source = find_source("buildings")
    for report in (
        source.check(city, tmp_path / "b.gpkg", Options()),
        source.load(city, tmp_path / "b.gpkg", Options()),
    ):
        assert (report.kept, report.crs_declared) == (4, "EPSG:4549")
        told = [problem for problem in report.problems if "another block" in problem.what.en]
        assert [problem.where for problem in told] == ["b.gpkg: 2"]
    assert ask(city, "SELECT block_code FROM building WHERE local_id = 'b'") == [(grid_code(2, 2),)]


def test_one_code_of_two_buildings_is_no_ones_unless_the_source_says(city: Settings, tmp_path: Path) -> None:
    load_buildings(city, {HOUSE: box(0.5, 0.5)}, source="other")
    path = write(tmp_path, f"building_code,storey\n{HOUSE},1\n")
    report = find_source("units").load(city, path, Options(source_id="third"))
    assert reasons(report) == {1: "several buildings have this code"}
    assert find_source("units").load(city, path, Options(source_id="other")).kept == 1
    assert ask(city, "SELECT b.source_id FROM unit JOIN building b ON b.id = building_id") == [("other",)]


def test_a_unit_finds_its_building_by_its_id_at_the_source(city: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, f"building_local_id,storey,room\n{HOUSE},1,101\nnowhere,1,102\n")
    report = find_source("units").load(city, path, Options(source_id="city"))
    assert (report.kept, reasons(report)) == (1, {2: "no building has this code"})
    assert ask(city, "SELECT building_code FROM unit") == [(HOUSE,)]


def test_storeys_are_known_by_building_and_number(city: Settings, tmp_path: Path) -> None:
    path = write(
        tmp_path, f"楼栋编码,楼层,底标高,顶标高\n{HOUSE},1,0,3.2\n{HOUSE},-1,-3.6,0\n{HOUSE},,0,1\n{HOUSE},1,0,3\n"
    )
    report = find_source("storeys").load(city, path, Options())
    assert (report.kept, reasons(report)[3]) == (2, "no storey number")
    assert "earlier row" in reasons(report)[4]
    assert ask(city, "SELECT local_id, number, z_min, z_max FROM storey ORDER BY number") == [
        (f"{HOUSE}:-1", -1, -3.6, 0.0), (f"{HOUSE}:1", 1, 0.0, 3.2),
    ]  # fmt: skip


def load_two_units(city: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, f"code,building_code,storey\n{HOUSE}000001,{HOUSE},1\n{SPANNING}000001,{SPANNING},1\n")
    assert find_source("units").load(city, path, Options()).kept == 2


def test_units_stay_when_their_building_goes_and_are_its_own_when_it_comes_back(city: Settings, tmp_path: Path) -> None:
    load_two_units(city, tmp_path)
    with transaction(city) as connection:
        connection.execute("DELETE FROM building")
    left = ask(city, "SELECT building_id, building_code, block_code, geometry IS NOT NULL FROM unit ORDER BY code")
    assert left == [(None, HOUSE, grid_code(0, 0), True), (None, SPANNING, grid_code(1, 0), True)]
    assert len(ask(city, "SELECT FROM feature_block WHERE kind = 'unit'")) == 2
    load_buildings(city, {HOUSE: box(3.2, 3.2), SPANNING: box(1.85, 0.4, 0.2)})
    back = ask(
        city,
        "SELECT unit.building_id = b.id, unit.block_code, unit.geometry = b.geometry FROM unit "
        "JOIN building b ON b.code = unit.building_code ORDER BY unit.code",
    )
    assert back == [(True, grid_code(3, 3), True), (True, grid_code(1, 0), True)]
    assert len(ask(city, "SELECT FROM feature_block WHERE kind = 'unit'")) == 2


def test_what_has_no_geometry_of_its_own_moves_with_its_building(city: Settings, tmp_path: Path) -> None:
    load_two_units(city, tmp_path)
    own = gpd.GeoDataFrame(
        {"local_id": ["own"], "building_code": [HOUSE], "storey_number": [2]}, 
        geometry=[box(0.22, 0.22, 0.02)], crs=4490,
    )  # fmt: skip
    own.to_file(tmp_path / "own.gpkg")
    find_source("units").load(city, tmp_path / "own.gpkg", Options())
    load_buildings(city, {HOUSE: box(1.95, 1.2), SPANNING: box(1.2, 0.4, 0.2)})
    rows = ask(city, "SELECT block_code, spans_blocks, has_own_geometry FROM unit ORDER BY code NULLS LAST")
    home = ask(city, "SELECT block_code FROM building WHERE code = %s", HOUSE)[0][0]
    assert rows == [(home, True, False), (grid_code(1, 0), False, False), (grid_code(0, 0), False, True)]
    met = ask(city, "SELECT code, meets.block_code, share FROM feature_block AS meets JOIN unit ON id = feature_id "
                    "WHERE kind = 'unit' ORDER BY 2")  # fmt: skip
    assert [row[:2] for row in met] == [(f"{HOUSE}000001", c) for c in sorted([grid_code(1, 1), grid_code(2, 1)])]
    assert sum(row[2] for row in met) == pytest.approx(1)
    assert ask(city, "SELECT count(*) FROM unit_history") != [(0,)]


def test_parts_do_not_follow_a_change_of_blocks_twice(city: Settings, tmp_path: Path) -> None:
    """Codes that two blocks change with each other are rewritten kind by kind; a follower would be changed back."""
    load_two_units(city, tmp_path)
    before = ask(city, "SELECT id, xmin::text FROM unit ORDER BY id")
    with transaction(city) as connection:
        connection.execute("UPDATE building SET block_code = '99990100100104' WHERE code = %s", (HOUSE,))
    assert ask(city, "SELECT id, xmin::text FROM unit ORDER BY id") == before
    with transaction(city) as connection:
        connection.execute("UPDATE building SET code = %s WHERE code = %s", (TWIN, HOUSE))
    assert ask(city, "SELECT count(*) FROM unit WHERE building_code = %s", TWIN) == [(1,)]


def test_a_unit_apart_from_its_building_or_before_it_is_told(city: Settings, tmp_path: Path) -> None:
    units = gpd.GeoDataFrame(
        {"local_id": ["a", "b"], "building_code": [HOUSE, TWIN]}, geometry=[box(3, 3), box(0.2, 1.2)], crs=4490
    )
    units.to_file(tmp_path / "units.gpkg")
    report = find_source("units").load(city, tmp_path / "units.gpkg", Options())
    assert report.kept == 2
    told = " ".join(problem.what.en for problem in report.problems)
    assert "1 rows lie apart from their building" in told
    assert "1 rows have a geometry of their own, but a building that is not known" in told
    load_buildings(city, {TWIN: box(0.2, 1.2)})
    assert ask(city, "SELECT count(*) FROM unit WHERE building_id IS NULL") == [(0,)]


def test_entities_are_known_by_a_code_that_checks_and_keep_nobody(city: Settings, tmp_path: Path) -> None:
    good, other, third = add_check_characters([f"91000000{n:09d}" for n in range(3)]).tolist()
    path = write(
        tmp_path,
        "统一社会信用代码,名称,行业代码,登记状态,楼栋编码,成立日期,法定代表人\n"
        f"{good},合成企业一,C3911,存续,{HOUSE},2019-05-06,某某\n"
        f"{other[:-1]}{'0' if other[-1] != '0' else '1'},合成企业二,C3911,存续,{HOUSE},2019-05-06,某某\n"
        f"{other.lower()},合成企业三,I6510,注销,,2020-01-02,某某\n"
        f"{third},合成企业四,I6510,筹备,,2020-01-02,某某\n"
        ",合成企业五,I6510,存续,,2020-01-02,某某\n",
    )
    report = find_source("entities").load(city, path, Options())
    assert (report.read, report.kept, report.unplaced) == (5, 2, 1)
    said = reasons(report)
    assert "check character" in said[2] and "no word" in said[4] and said[5] == "no credit code"
    rows = ask(
        city, "SELECT uscc, local_id, status, block_code, geometry IS NULL, attributes FROM legal_entity ORDER BY 1"
    )
    assert rows == [
        (good, good, "active", grid_code(0, 0), False, {}), (other, other, "deregistered", "~", True, {}),
    ]  # fmt: skip


def test_components_with_codes_of_another_district_are_told(city: Settings, tmp_path: Path) -> None:
    x, y = point_in(0.5, 0.5).coords[0]
    path = write(
        tmp_path,
        "部件编码,部件名称,精度等级,经度,纬度,部件状态,备注\n"
        f"9999010118000001,路灯,a,{x},{y},完好,近路口\n9999020118000001,路灯,B,{x},{y},破损,\n"
        f"99990101,路灯,B,{x},{y},破损,\n9999010118000002,路灯,D,{x},{y},完好,\n",
    )
    with pytest.raises(RefusedLoadError, match="does not state its CRS"):
        find_source("components").load(city, path, Options())
    report = find_source("components").load(city, path, Options(crs="EPSG:4490"))
    assert (report.read, report.kept) == (4, 2)
    assert {reject.field for reject in report.rejects} == {"code", "accuracy_class"}
    assert any("1 rows have a code of another block" in problem.what.en for problem in report.problems)
    rows = ask(city, "SELECT local_id, accuracy_class, condition, attributes FROM component ORDER BY 1")
    assert rows[0] == ("9999010118000001", "A", "intact", {"备注": "近路口"})


def test_planning_data_loads_and_a_limit_without_a_datum_does_not(city: Settings, tmp_path: Path) -> None:
    limits = gpd.GeoDataFrame(
        {"local_id": ["1", "2"], "max_elevation": [45.0, 60.0], "vertical_datum": ["EPSG:5737", None],
         "basis": ["机场", ""]},
        geometry=[box(0, 0, 1), box(1, 0, 1)], crs=4490,
    )  # fmt: skip
    limits.to_file(tmp_path / "limits.gpkg")
    report = find_source("height_limits").load(city, tmp_path / "limits.gpkg", Options())
    assert reasons(report) == {2: "no vertical datum, so the limit means nothing"}
    parcels = gpd.GeoDataFrame(
        {"地块编号": ["L-1"], "用地性质": ["residential"], "容积率": [3.2]}, geometry=[box(0.9, 0.2, 0.2)], crs=4490
    )
    parcels.to_file(tmp_path / "parcels.gpkg")
    report = find_source("parcels").load(city, tmp_path / "parcels.gpkg", Options())
    assert (report.kept, report.spanning) == (1, 1)
    assert ask(city, "SELECT code, plot_ratio, block_code FROM parcel") == [("L-1", 3.2, grid_code(0, 0))]
    without = limits.drop(columns="vertical_datum")
    without.to_file(tmp_path / "bare.gpkg")
    with pytest.raises(RefusedLoadError, match="vertical_datum"):
        find_source("height_limits").load(city, tmp_path / "bare.gpkg", Options())


def test_each_has_rights_a_change_log_and_a_history(database: Settings) -> None:
    kinds = ["component", "height_limit", "legal_entity", "parcel", "storey", "unit"]
    rows = ask(
        database,
        "SELECT kind, relrowsecurity AND relforcerowsecurity, EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid), "
        "to_regclass(kind || '_history') IS NOT NULL "
        "FROM layer_kind JOIN pg_class c ON c.oid = kind::regclass WHERE kind = ANY(%s) ORDER BY kind",
        kinds,
    )
    assert rows == [(kind, True, True, True) for kind in kinds]
