# SPDX-License-Identifier: Apache-2.0
"""落图入块: any table, by coordinates, code or address; what is not certain waits for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from ingest.report import LoadReport
from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import DISTRICT, EAST, WEST, grid_code, load_toy, point_in
from twin.database import connect, database_url, transaction
from twin.errors import DeclarationError
from twin.settings import Settings

_ADDRESSES = """编号,标准地址,经度,纬度,楼栋编码
A1,{w}示例路12号示例花园3栋501室,120.005,30.005,{b}
A2,{w}示例路12号示例花园3栋502室,120.005,30.005,{b}
A3,{w}示例路14号,120.006,30.005,
A4,{e}示例路12号示例花园3栋501室,120.035,30.005,
A5,{w}临海大道88号创业大厦A座,120.015,30.005,
"""
_WEST_NAME, _EAST_NAME = "西湾街道", "东湾街道"


@pytest.fixture
def city(database: Settings, tmp_path: Path) -> Settings:
    load_toy(database)
    with transaction(database) as connection:
        for code, name in ((DISTRICT, "示例区"), (WEST, _WEST_NAME), (EAST, _EAST_NAME)):
            connection.execute("UPDATE block SET name = %s WHERE code = %s", (name, code))
    path = tmp_path / "standard.csv"
    path.write_text(_ADDRESSES.format(w=_WEST_NAME, e=_EAST_NAME, b=grid_code(0, 0) + "00001"), encoding="utf-8")
    report = find_source("addresses").load(database, path, Options(crs="EPSG:4490"))
    assert (report.read, report.kept, report.rejected, report.outside) == (5, 5, 0, 0)
    return database


def load(city: Settings, path: Path, **options: Any) -> LoadReport:
    report = find_source("points").load(city, path, Options(**options))
    assert report.read == report.kept + report.rejected
    return report


def rows(city: Settings, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connect(city) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def shops(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_text("编号,名称,地址\n" + "\n".join(lines) + "\n", encoding=encoding)
    return path


def test_standard_addresses_are_kept_in_parts_and_loaded_again_change_nothing(city: Settings, tmp_path: Path) -> None:
    found = rows(
        city,
        "SELECT town, road, number, residential_quarters, building, room, block_code, building_code FROM address "
        "WHERE local_id = 'A1'",
    )
    assert found == [(_WEST_NAME, "示例路", "12", "示例花园", "3", "501", grid_code(0, 0), grid_code(0, 0) + "00001")]
    again = find_source("addresses").load(city, tmp_path / "standard.csv", Options(crs="EPSG:4490"))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 5)
    assert ("quarter", "示例花园") in rows(city, "SELECT kind, name FROM place_name")


def test_rows_are_placed_by_address_and_the_doubtful_wait(city: Settings, tmp_path: Path) -> None:
    path = shops(
        tmp_path / "shops.csv",
        [
            f"1,一,{_WEST_NAME}示例路12号三栋501",
            "2,二,西湾示例路14号",
            "3,三,示例路12号示例花园3栋501室",
            "4,四,创业大厦Ａ座",
            "5,五,示例路14号附近",
            "6,六,别处区示例路14号",
            "7,七,",
            f"8,八,{_EAST_NAME}",
            "9,九,不知道在哪里",
        ],
    )
    report = load(city, path, layer_name="重点店铺")
    assert (report.read, report.kept, report.rejected) == (9, 8, 1)
    assert report.details["queued"] == 4
    assert report.details["match_levels"] == {"room": 1, "gate_number": 1, "building": 1, "street": 1}
    placed = {
        row[0]: row[1:]
        for row in rows(city, "SELECT local_id, match_level, block_code, geometry IS NOT NULL FROM business_feature")
    }
    assert placed["1"] == ("room", grid_code(0, 0), True)
    assert placed["4"] == ("building", grid_code(1, 0), True)
    # A street is a home, and no point is made up for it.
    assert placed["8"] == ("street", EAST, False)
    assert all(placed[waiting] == ("failed", "~", False) for waiting in "3569")
    reviews = dict(rows(city, "SELECT given, jsonb_array_length(candidates) FROM placement_review"))
    assert reviews["示例路12号示例花园3栋501室"] >= 2 and reviews["别处区示例路14号"] == 0
    assert rows(city, "SELECT code, title FROM business_layer") == [("zhong_dian_dian_pu", "重点店铺")]


def test_what_several_blocks_might_be_is_reviewed_in_the_block_above_them(city: Settings, tmp_path: Path) -> None:
    load(city, shops(tmp_path / "s.csv", ["1,一,示例路12号示例花园3栋501室", "2,二,示例路14号附近"]))
    assert rows(city, "SELECT block_code FROM placement_review ORDER BY row") == [(DISTRICT,), (grid_code(0, 0),)]


def test_a_confirmed_candidate_places_the_row_and_teaches_the_text(city: Settings, tmp_path: Path) -> None:
    text = "示例花园3栋501室那一家"
    load(city, shops(tmp_path / "s.csv", [f"1,一,{text}"]), layer_name="甲")
    review, best = rows(city, "SELECT id, candidates -> 0 FROM placement_review WHERE status = 'open'")[0]
    with transaction(city) as connection:
        assert connection.execute("SELECT confirm_placement(%s, 99, 'test')", (review,)).fetchone() == ("candidate",)
        assert connection.execute("SELECT confirm_placement(%s, 0, 'test')", (review,)).fetchone() == ("done",)
        assert connection.execute("SELECT confirm_placement(%s, 0, 'test')", (review,)).fetchone() == ("decided",)
    assert rows(city, "SELECT block_code, confidence, geometry IS NOT NULL FROM business_feature") == [
        (best["block_code"], 1.0, True)
    ]
    # The same file again keeps the decision, and another list with the same text is placed by it.
    again = load(city, tmp_path / "s.csv", layer_name="甲")
    assert (again.details["queued"], again.updated) == (0, 0)
    other = load(city, shops(tmp_path / "t.csv", [f"1,另,{text}"]), layer_name="乙")
    assert other.details["queued"] == 0 and sum(other.details["match_levels"].values()) == 1


def test_a_rejected_row_stays_unplaced_and_is_not_asked_about_again(city: Settings, tmp_path: Path) -> None:
    path = shops(tmp_path / "s.csv", ["1,一,示例路12号示例花园3栋501室"])
    load(city, path)
    with transaction(city) as connection:
        assert connection.execute("SELECT reject_placement(id, 'test') FROM placement_review").fetchone() == ("done",)
    load(city, path)
    assert rows(city, "SELECT status FROM placement_review") == [("rejected",)]
    # Said otherwise, the row is asked about anew.
    load(city, shops(path, ["1,一,示例路12号3栋501室"]))
    assert rows(city, "SELECT status FROM placement_review") == [("open",)]


def test_a_review_is_closed_when_a_later_load_settles_it(city: Settings, tmp_path: Path) -> None:
    load(city, shops(tmp_path / "s.csv", ["1,一,示例路12号示例花园3栋501室"]))
    load(city, shops(tmp_path / "s.csv", [f"1,一,{_WEST_NAME}示例路12号示例花园3栋501室"]))
    assert rows(city, "SELECT status, decided_by FROM placement_review") == [("confirmed", "load")]


def test_codes_place_by_building_and_by_block(city: Settings, tmp_path: Path) -> None:
    building = grid_code(0, 0) + "00001"
    with transaction(city) as connection:
        connection.execute(
            "INSERT INTO building (source_id, local_id, code, block_code, geometry) VALUES ('t', 'b', %s, %s, "
            "ST_MakeEnvelope(120.004, 30.004, 120.006, 30.006, 4490))",
            (building, grid_code(0, 0)),
        )
    path = tmp_path / "c.csv"
    path.write_text(f"id,code\n1,{building}\n2,{EAST}\n3,777\n", encoding="utf-8")
    report = load(city, path)
    assert report.details["match_levels"] == {"building": 1, "street": 1} and report.details["queued"] == 1
    assert rows(city, "SELECT block_code FROM business_feature ORDER BY local_id") == [
        (grid_code(0, 0),), (EAST,), ("~",),
    ]  # fmt: skip


def test_coordinates_go_before_addresses_and_need_their_crs(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(
        f"id,经度,纬度,地址,联系电话\n1,120.035,30.035,{_WEST_NAME}示例路14号,1\n2,,,{_WEST_NAME}示例路14号,2\n3,abc,1,,3\n"
        "4,-73.9,40.7,,4\n",
        encoding="gb18030",
    )
    with pytest.raises(RefusedLoadError, match="does not state its CRS"):
        load(city, path)
    report = load(city, path, crs="EPSG:4326")
    assert (report.kept, report.rejected, report.outside) == (3, 1, 1)
    assert report.details["match_levels"] == {"coordinate": 2, "gate_number": 1}
    assert report.ignored_columns == ["联系电话"]
    assert rows(city, "SELECT attributes FROM business_feature WHERE local_id = '1'")[0][0].keys() == {"地址"}
    with pytest.raises(RefusedLoadError, match="do not fit"):
        load(city, path, crs="EPSG:4549")


def test_the_same_list_comes_as_spreadsheet_package_geojson_shapefile_or_server_table(
    city: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = gpd.GeoDataFrame(
        {"id": ["01", "02"], "name": ["甲", "乙"]}, geometry=[point_in(0.5, 0.5), point_in(3.5, 3.5)], crs=4490
    )
    frame.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    frame.to_file(tmp_path / "a.geojson", engine="pyogrio")
    frame.to_file(tmp_path / "a.shp", engine="pyogrio", encoding="gb18030")
    sheet = pd.DataFrame(
        {"id": frame["id"], "name": frame["name"], "x": ["120.005", "120.035"], "y": ["30.005", "30.035"]}
    )
    import pyogrio

    pyogrio.write_dataframe(sheet, tmp_path / "a.xlsx", driver="XLSX")
    with connect(city, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA office; CREATE TABLE office.shops (id text, name text, place geometry)")
        for row in frame.itertuples():
            connection.execute(
                "INSERT INTO office.shops VALUES (%s, %s, ST_GeomFromWKB(%s, 4490))",
                (row.id, row.name, shapely.to_wkb(row.geometry)),
            )
    monkeypatch.setenv("TWIN_SOURCE_OFFICE_URL", database_url(city))
    paths = [tmp_path / f"a.{suffix}" for suffix in ("gpkg", "geojson", "shp", "xlsx")]
    for number, path in enumerate([*paths, Path("postgresql:office#office.shops")]):
        crs = "EPSG:4490" if path.suffix in {".xlsx", ".geojson"} else None
        report = load(city, path, crs=crs, is_crs_forced=True, layer_name=f"layer {number}")
        assert (report.kept, report.rejected, report.outside) == (2, 0, 0), path
        found = rows(
            city,
            "SELECT local_id, name, block_code FROM business_feature WHERE layer_code = %s ORDER BY local_id",
            f"layer_{number}",
        )
        assert found == [("01", "甲", grid_code(0, 0)), ("02", "乙", grid_code(3, 3))], path


def test_a_server_without_credentials_is_refused_and_no_secret_is_told(
    city: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RefusedLoadError, match="TWIN_SOURCE_OFFICE_URL"):
        load(city, Path("postgresql:office#shops"))
    monkeypatch.setenv("TWIN_SOURCE_OFFICE_URL", "postgresql://me:secret@127.0.0.1:1/none")
    with pytest.raises(RefusedLoadError) as refused:
        load(city, Path("postgresql:office#shops"))
    assert "secret" not in str(refused.value) and "secret" not in str(refused.value.report.as_dict())


def test_a_table_that_says_nowhere_where_its_rows_are_is_refused(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("id,colour\n1,red\n", encoding="utf-8")
    with pytest.raises(RefusedLoadError, match="coordinate, a code or an address"):
        load(city, path)
    path.write_text("甲,12.5,30.1\n乙,12.6,30.2\n", encoding="utf-8")
    with pytest.raises(RefusedLoadError, match="looks like data"):
        load(city, path)


def test_a_mapping_says_which_column_is_which(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"no,where\n1,{_WEST_NAME}示例路14号\n", encoding="utf-8")
    mapping = tmp_path / "m.toml"
    mapping.write_text('[fields]\nlocal_id = "no"\naddress = "where"\n', encoding="utf-8")
    assert load(city, path, mapping=str(mapping)).details["match_levels"] == {"gate_number": 1}
    mapping.write_text('[fields]\nplace = "where"\n', encoding="utf-8")
    with pytest.raises(DeclarationError, match="unknown fields: place"):
        load(city, path, mapping=str(mapping))


def test_a_check_says_the_same_and_writes_nothing(city: Settings, tmp_path: Path) -> None:
    path = shops(tmp_path / "s.csv", [f"1,一,{_WEST_NAME}示例路14号", "2,二,哪儿"])
    checked = find_source("points").check(city, path, Options())
    assert (checked.kept, checked.details["queued"]) == (2, 1)
    assert rows(city, "SELECT count(*) FROM business_feature") == [(0,)]
    assert rows(city, "SELECT count(*) FROM business_layer") == [(0,)]
    loaded = load(city, path)
    assert loaded.details == checked.details


def test_personal_data_in_texts_is_not_kept(city: Settings, tmp_path: Path) -> None:
    path = shops(tmp_path / "s.csv", ["1,王先生的店 13800138000,找李先生 13800138000"])
    load(city, path)
    kept = rows(city, "SELECT name || attributes::text FROM business_feature")[0][0]
    kept += rows(city, "SELECT given || coalesce(alias, '') FROM placement_review")[0][0]
    assert "13800138000" not in kept and "李先生" not in kept


def test_an_address_that_changes_keeps_its_past(city: Settings) -> None:
    with transaction(city) as connection:
        connection.execute("UPDATE address SET number = '16' WHERE local_id = 'A3'")
    assert rows(city, "SELECT number FROM address_history WHERE local_id = 'A3'") == [("14",)]
