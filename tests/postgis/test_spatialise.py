# SPDX-License-Identifier: Apache-2.0
"""落图入块: any table, by coordinates, code or address; what is not certain waits for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from ingest.report import LoadReport
from ingest.source import Options, RefusedLoadError, check_options, find_source
from ingest.withdraw import preview_withdrawal, withdraw_load
from tests.toy import DISTRICT, EAST, WEST, grid_code, load_toy, point_in
from twin.database import connect, database_url, transaction
from twin.errors import DeclarationError, RefusedError
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


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """By column and row."""
    low, high = point_in(west, south), point_in(east, north)
    return shapely.box(low.x, low.y, high.x, high.y)


_SHAPES: list[Any] = [
    # Three quarters of it lie in the eastern grid.
    shapely.MultiPolygon([box(0.75, 0.2, 1.75, 0.4)]),
    shapely.LineString([point_in(1.5, 1.5), point_in(2.5, 1.5)]),
    point_in(0.5, 0.5),
    shapely.force_3d(box(3.2, 3.2, 3.4, 3.4), 12.5),
    shapely.GeometryCollection([point_in(0.1, 0.1), shapely.LineString([point_in(2.1, 2.1), point_in(2.4, 2.4)])]),
    None,
]
ZONES = gpd.GeoDataFrame(
    {
        "编号": ["area", "line", "point", "tall", "both", "nowhere"],
        "名称": ["片区", "线路", "点位", "高处", "混合", "无处"],
        "类型": ["面", "线", "点", "面", "集合", "无"],
    },
    geometry=_SHAPES, crs=4490,
)  # fmt: skip

_HELD = """
    SELECT local_id, GeometryType(geometry), nullif(ST_Zmax(geometry), 0), block_code, spans_blocks,
           (SELECT array_agg(array[meets.block_code, round(share::numeric, 3)::text] ORDER BY meets.block_code)
            FROM feature_block AS meets WHERE kind = 'business_feature' AND feature_id = feature.id)
    FROM business_feature AS feature ORDER BY local_id
"""


def as_business(city: Settings, path: Path, **options: Any) -> LoadReport:
    report = find_source("business").load(city, path, Options(layer_name="zones", **options))
    assert report.read == report.kept + report.rejected
    return report


def test_points_lines_and_areas_of_one_file_all_lie_in_their_blocks(city: Settings, tmp_path: Path) -> None:
    path = tmp_path / "zones.gpkg"
    ZONES.to_file(path)
    checked = find_source("business").check(city, path, Options(layer_name="zones"))
    report = as_business(city, path)
    assert (report.read, report.kept, report.rejected, report.spanning) == (6, 5, 1, 2)
    assert checked.as_dict() | {"load_id": None, "seconds": 0} == report.as_dict() | {
        "load_id": None, "seconds": 0, "inserted": 0, "missing": 0,
    }  # fmt: skip
    # What a collection holds beside its lines is left out, and that is said.
    assert any("highest dimension" in problem.what.en for problem in report.problems)
    first, second = grid_code(0, 0), grid_code(1, 0)
    assert rows(city, _HELD) == [
        ("area", "MULTIPOLYGON", None, second, True, [[first, "0.250"], [second, "0.750"]]),
        ("both", "LINESTRING", None, grid_code(2, 2), False, None),
        ("line", "LINESTRING", None, grid_code(2, 1), True,
         [[grid_code(1, 1), "0.500"], [grid_code(2, 1), "0.500"]]),
        ("point", "POINT", None, first, False, None),
        ("tall", "POLYGON", 12.5, grid_code(3, 3), False, None),
    ]  # fmt: skip
    counted = "SELECT value FROM read_facts(ARRAY[%s], ARRAY['business.zones'])"
    assert rows(city, counted, second) == [(1.0,)] and rows(city, counted, DISTRICT) == [(5.0,)]
    again = as_business(city, path)
    assert (again.inserted, again.updated, again.unchanged, again.missing) == (0, 0, 5, 0)


def test_every_format_brings_the_same_shapes(city: Settings, tmp_path: Path) -> None:
    placed = ZONES[ZONES["编号"].isin(["area", "line", "point"])]
    placed.to_file(tmp_path / "z.geojson")
    placed.iloc[:1].to_file(tmp_path / "area.shp", encoding="utf-8")
    placed.iloc[1:2].to_file(tmp_path / "line.shp", encoding="utf-8")
    text = pd.DataFrame(placed.drop(columns="geometry")).assign(wkt=placed.geometry.to_wkt())
    text.to_csv(tmp_path / "z.csv", index=False)
    pyogrio.write_dataframe(text, tmp_path / "z.xlsx", driver="XLSX")
    as_business(city, tmp_path / "z.geojson")
    held = rows(city, _HELD)
    assert [row[0] for row in held] == ["area", "line", "point"]
    for name in ("z.csv", "z.xlsx", "area.shp", "line.shp"):
        report = as_business(city, tmp_path / name, crs="EPSG:4490")
        assert report.kept and (report.inserted, report.rejected) == (0, 0)
        assert rows(city, _HELD)[1:] == held[1:], name
    with transaction(city) as connection:
        connection.execute(
            "CREATE TABLE public.b_zones AS SELECT local_id AS id, name AS 名称, attributes ->> '类型' AS 类型, "
            "geometry::geography AS shape FROM business_feature"
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWIN_SOURCE_OFFICE_URL", database_url(city))
        report = as_business(city, Path("postgresql:office#public.b_zones"), crs="EPSG:4490")
    assert (report.kept, report.inserted) == (3, 0) and rows(city, _HELD)[1:] == held[1:]


def test_a_list_of_points_turns_lines_and_areas_away(city: Settings, tmp_path: Path) -> None:
    ZONES.iloc[:3].to_file(tmp_path / "z.gpkg")
    report = load(city, tmp_path / "z.gpkg")
    assert (report.kept, report.rejected) == (1, 2)
    assert {reject.reason.en for reject in report.rejects} == {
        "wrong geometry type: business points are a point each"
    }  # fmt: skip


def test_a_whole_list_ends_what_it_no_longer_has_and_taking_it_back_brings_that_back(
    city: Settings, tmp_path: Path
) -> None:
    first = [f"1,一,{_WEST_NAME}示例路14号", f"2,二,{_WEST_NAME}示例路12号", "3,三,哪儿", "4,四,"]
    load(city, shops(tmp_path / "s.csv", first), layer_name="zones")
    smaller = shops(tmp_path / "s.csv", [f"1,一,{_WEST_NAME}示例路14号", "2,二,", f"9,九,{_WEST_NAME}示例路14号"])
    part = load(city, smaller, layer_name="zones")
    # The second is in the file, though it says nowhere where it is; only the third is not.
    assert (part.missing, part.ended) == (1, 0)
    assert any("--update whole" in problem.fix.en for problem in part.problems)
    checked = find_source("points").check(city, smaller, Options(layer_name="zones", update="whole"))
    assert (checked.missing, checked.ended) == (1, 0)
    whole = load(city, smaller, layer_name="zones", update="whole")
    assert (whole.missing, whole.ended, whole.unchanged) == (1, 1, 2)
    listed = "SELECT local_id FROM business_feature ORDER BY 1"
    assert rows(city, listed) == [("1",), ("2",), ("9",)]
    assert rows(city, "SELECT count(*) FROM placement_review") == [(0,)]
    assert rows(city, "SELECT (report ->> 'ended')::int FROM load WHERE id = %s", whole.load_id) == [(1,)]
    assert rows(city, "SELECT number, added, changed, ended, rows FROM business_layer_version ORDER BY 1") == [
        (1, 3, 0, 0, 3), (2, 1, 0, 0, 4), (3, 0, 0, 1, 3),
    ]  # fmt: skip
    with transaction(city) as connection:
        assert preview_withdrawal(connection, whole.load_id or 0).restored == 1
        assert withdraw_load(connection, whole.load_id or 0, "test").restored == 1
    assert rows(city, listed) == [("1",), ("2",), ("3",), ("9",)]
    assert rows(city, "SELECT given, status FROM placement_review") == [("哪儿", "open")]
    assert rows(city, "SELECT added, ended, withdraws FROM business_layer_version WHERE number = 4") == [
        (1, 0, whole.load_id)
    ]


def test_a_whole_list_is_one_that_says_so_of_rows_that_can_be_told(city: Settings, tmp_path: Path) -> None:
    path = shops(tmp_path / "s.csv", [f"1,一,{_WEST_NAME}示例路14号", f"2,二,{_WEST_NAME}示例路12号"])
    load(city, path, layer_name="zones")
    with pytest.raises(RefusedLoadError, match="has no row"):
        load(city, shops(tmp_path / "s.csv", []), layer_name="zones", update="whole")
    load(city, shops(tmp_path / "t.csv", [f"7,七,{_WEST_NAME}示例路14号"]), layer_name="zones", source_id="other")
    whole = load(city, shops(tmp_path / "s.csv", [",一,", "2,二,"]), layer_name="zones", update="whole")
    # What came from another source is another's; and the row without an id may be any of ours.
    assert (whole.missing, whole.ended) == (1, 0)
    assert any("id is not known" in problem.what.en for problem in whole.problems)
    assert rows(city, "SELECT local_id FROM business_feature ORDER BY 1") == [("1",), ("2",), ("7",)]
    for kind, update in (("incidents", "whole"), ("blocks", "whole"), ("business", "some")):
        with pytest.raises(RefusedError):
            check_options(find_source(kind), Options(update=update))


def test_registers_are_replaced_by_a_whole_list_as_well(city: Settings, tmp_path: Path) -> None:
    parks = gpd.GeoDataFrame(
        {"local_id": ["a", "b", "c"], "name": ["甲园", "乙园", "丙园"]},
        geometry=[point_in(n + 0.5, 0.5).buffer(0.002) for n in range(3)], crs=4490,
    )  # fmt: skip
    parks.to_file(tmp_path / "parks.gpkg")
    source = find_source("parks")
    source.load(city, tmp_path / "parks.gpkg", Options())
    parks.iloc[:2].to_file(tmp_path / "fewer.gpkg")
    fewer = source.load(city, tmp_path / "fewer.gpkg", Options(source_id="parks"))
    assert (fewer.missing, fewer.ended) == (1, 0)
    assert source.check(city, tmp_path / "fewer.gpkg", Options(source_id="parks")).missing == 1
    whole = source.load(city, tmp_path / "fewer.gpkg", Options(source_id="parks", update="whole"))
    assert (whole.missing, whole.ended) == (1, 1)
    assert rows(city, "SELECT (report ->> 'ended')::int FROM load WHERE id = %s", whole.load_id) == [(1,)]
    with transaction(city) as connection:
        withdraw_load(connection, whole.load_id or 0, "test")
    assert rows(city, "SELECT name, block_code FROM industrial_park ORDER BY 1 DESC") == [
        ("甲园", grid_code(0, 0)), ("乙园", grid_code(1, 0)), ("丙园", grid_code(2, 0)),
    ]  # fmt: skip
