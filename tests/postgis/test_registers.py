# SPDX-License-Identifier: Apache-2.0
"""Registers in the database: imported with their report, placed as a load places, and worked on in the demo."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from ingest.blocks.rehome import rehome_features
from ingest.demo.register_work import load_register_work
from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.rejected import write_rejected
from ingest.report import LoadReport
from ingest.source import Options, find_source
from ingest.withdraw import preview_withdrawal, withdraw_load
from tests.toy import EAST, ORIGIN, STEP, WEST, grid_code, load_toy, point_in
from twin.access import SET_ACTOR, Actor
from twin.crs import parse_crs
from twin.database import Connection, connect, transaction
from twin.settings import Settings

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def square(column: float, row: float, size: float) -> shapely.Polygon:
    west, south = point_in(column, row).coords[0]
    return shapely.box(west, south, west + size * STEP, south + size * STEP)


def test_a_registers_own_columns_come_in_by_a_mapping(city: Settings, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"编号": ["V1", "V2"], "名称": ["一村", "二村"], "股份公司": ["一村股份合作公司", None], "出租套数": [12, 7]},
        geometry=[square(0.1, 0.1, 0.3), square(1.1, 0.1, 0.3)], crs=4490,
    )  # fmt: skip
    path, mapping = tmp_path / "villages.gpkg", tmp_path / "villages.toml"
    frame.to_file(path, engine="pyogrio")
    mapping.write_text(
        'source = "office"\n[fields]\nlocal_id = "编号"\nname = "名称"\ncompany = "股份公司"\n'
        'rental_units = "出租套数"\n'
    )
    report = find_source("villages").load(city, path, Options(mapping=str(mapping), crs="EPSG:4490", actor="test"))
    assert (report.read, report.kept) == (2, 2)
    with connect(city) as connection:
        rows = connection.execute("SELECT local_id, company, rental_units FROM urban_village ORDER BY 1").fetchall()
    assert rows == [("V1", "一村股份合作公司", 12), ("V2", None, 7)]


def load_registers(connection: Connection) -> None:
    shapes = [square(c, r, 0.8) for c, r in ((0.1, 0.1), (1.5, 0.1), (2.1, 2.1), (0.6, 2.6))]
    parks = gpd.GeoDataFrame(
        {"local_id": [f"DEMO-P-{n:04d}" for n in range(1, 5)], "code": [f"DEMO-P-{n:04d}" for n in range(1, 5)],
         "name": ["园"] * 4, "vacant_area": [900.0, 0.0, 150.0, None]}, geometry=shapes, crs=4490,
    )  # fmt: skip
    villages = parks.drop(columns="vacant_area").assign(hazards=[3, 0, 6, 2], survey_completeness=[0.5, 1.0, 0.0, None])
    villages[["local_id", "code"]] = [[f"DEMO-V-{n:03d}"] * 2 for n in range(1, 5)]
    places = [shape.centroid for shape in shapes]
    buildings = gpd.GeoDataFrame(
        {"local_id": [f"B{n}" for n in range(4)], "code": [f"B{n}" for n in range(4)], "storeys_above": [4] * 4,
         "gross_floor_area": [2000.0] * 4}, geometry=[point.buffer(0.0002) for point in places], crs=4490,
    )  # fmt: skip
    for kind, frame in (("parks", parks), ("villages", villages), ("buildings", buildings)):
        frame.index = range(1, len(frame) + 1)
        load_frames(connection, [frame], KINDS[kind], parse_crs("EPSG:4490"), LoadReport(kind, "demo"), actor="test")
        connection.execute("DROP TABLE staging, staging_block")


def test_the_demos_work_is_the_same_every_time_and_keeps_to_the_rules(city: Settings) -> None:
    found: list[Any] = []
    with transaction(city) as connection:
        load_registers(connection)
        for _ in range(2):
            load_register_work(connection, "demo", 7, NOW)
            found.append([
                connection.execute(text).fetchall()
                for text in (
                    "SELECT local_id, hazard_kind, state, ST_AsText(geometry), block_code, due FROM hazard ORDER BY 1",
                    "SELECT local_id, number, action, to_state, at FROM hazard_action JOIN hazard ON id = hazard_id "
                    "ORDER BY 1, 2",
                    "SELECT register, object_id, answers, answered, due FROM survey_response "
                    "JOIN survey_round ON survey_round.id = round_id ORDER BY 1, 2",
                    "SELECT park_id, building_code, storey_number, area, state FROM rental_space ORDER BY 1, 2, 3",
                )
            ])  # fmt: skip
        hazards, _, responses, spaces = found[0]
        assert found[0] == found[1]
        assert all(part for part in found[0])
        open_ones = connection.execute(
            "SELECT hazards, (SELECT count(*) FROM hazard WHERE object_kind = 'urban_village' "
            "AND object_id = village.id AND state NOT IN ('verified', 'rejected')) FROM urban_village AS village"
        ).fetchall()
        assert all(said == counted for said, counted in open_ones)
        assert not [row for row in hazards if row[4] == "~"]
        assert {row[2] for row in hazards} >= {"found", "verified"}
        assert any(row[3] < 6 for row in responses)
        by_park: dict[int, float] = {}
        for park, _, _, area, _ in spaces:
            by_park[park] = by_park.get(park, 0) + area
        limits = dict(connection.execute("SELECT id, vacant_area FROM industrial_park").fetchall())
        assert all(area <= limits[park] + 0.1 for park, area in by_park.items())


@given(column=st.floats(-0.5, 3.5), row=st.floats(-0.5, 3.5), width=st.floats(0.05, 1.8), height=st.floats(0.05, 1.8))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_boundary_is_placed_as_a_load_would_place_it(
    city: Settings, column: float, row: float, width: float, height: float
) -> None:
    west, south = ORIGIN[0] + column * STEP, ORIGIN[1] + row * STEP
    shape = shapely.box(west, south, west + width * STEP, south + height * STEP)
    both: list[Any] = []
    with connect(city) as connection:
        number: Any = connection.execute(
            "INSERT INTO urban_village (source_id, local_id, block_code, geometry) "
            "VALUES ('t', 'v', '~', ST_GeomFromText(%s, 4490)) RETURNING id", (shape.wkt,),
        ).fetchone()  # fmt: skip
        for is_bulk in (True, False):
            connection.execute("DELETE FROM feature_block")
            connection.execute("UPDATE urban_village SET block_code = '~', spans_blocks = false")
            if is_bulk:
                rehome_features(connection, "urban_village", [number[0]])
                connection.execute("DROP TABLE IF EXISTS rehomed, rehomed_meeting")
            else:
                connection.execute("SELECT place_feature('urban_village', %s)", number)
            home = connection.execute("SELECT block_code, spans_blocks FROM urban_village").fetchone()
            meets = connection.execute("SELECT block_code, share FROM feature_block ORDER BY 1").fetchall()
            both.append((home, [code for code, _ in meets], pytest.approx([share for _, share in meets], abs=1e-5)))
        connection.rollback()
    bulk, single = both
    assert bulk[:2] == single[:2]
    assert [*single[2].expected] == bulk[2]


PAST = ("rental_space_history", "survey_response_history", "inspection_history")
TABLES = (*PAST, "rental_space", "survey_response", "inspection", "hazard", "hazard_action", "feature_edit", "photo",
          "photo_use", "proposal", "survey_round")  # fmt: skip


def count_as(connection: Connection, actor: Actor | None, token: str = "", decides: str = "") -> dict[str, int]:
    """How many rows of each table an actor sees; no actor: the bare role, to whom nothing was said."""
    with connection.transaction(force_rollback=True):
        if actor is None:
            connection.execute("SET LOCAL ROLE twin_reader")
        else:
            connection.execute(SET_ACTOR, actor.settings(0))
        connection.execute(
            "SELECT set_config('twin.token', %s, true), set_config('twin.decides', %s, true)", (token, decides)
        )
        counts: dict[str, int] = {}
        for table in TABLES:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            assert row is not None
            counts[table] = row[0]
        return counts


def test_what_belongs_to_an_entry_is_seen_by_who_sees_the_entry(city: Settings) -> None:
    with connect(city) as connection:
        connection.execute(
            f"""
            INSERT INTO industrial_park (source_id, local_id, block_code, geometry)
            VALUES ('t', 'p', '{grid_code(0, 0)}', ST_MakeEnvelope(120.001, 30.001, 120.002, 30.002, 4490));
            INSERT INTO rental_space (park_id, building_code, area, state, role) SELECT id, 'B', 1, 'vacant', 'admin'
            FROM industrial_park;
            INSERT INTO survey_round (register, kind, title, form, required, due, role)
            VALUES ('parks', 'industrial_park', 't', '{{}}', 1, now(), 'admin');
            INSERT INTO survey_response (round_id, object_id, object_kind, answers, answered, role)
            SELECT survey_round.id, park.id, 'industrial_park', '{{}}', 0, 'admin'
            FROM survey_round, industrial_park AS park;
            INSERT INTO inspection (object_kind, object_id, inspection_kind, result, inspected_on, role)
            SELECT 'industrial_park', id, 'x', 'passed', now(), 'admin' FROM industrial_park;
            INSERT INTO hazard (source_id, local_id, object_kind, object_id, hazard_kind, severity, state, block_code)
            SELECT 't', 'h', 'industrial_park', id, 'fire', 3, 'found', block_code FROM industrial_park;
            INSERT INTO hazard_action (hazard_id, number, action, to_state, role)
            SELECT id, 1, 'report', 'found', 'admin' FROM hazard;
            INSERT INTO feature_edit (kind, feature_id, version, action, fields, role)
            SELECT 'industrial_park', id, now(), 'edit', '{{}}', 'admin' FROM industrial_park;
            INSERT INTO photo VALUES ('a', 'image/png', 1);
            INSERT INTO proposal (layer, kind, feature_id, base_version, before, changes, reason, role, token_id)
            SELECT 'industrial_parks', 'industrial_park', id, now(), '{{}}', '{{}}', 'x', 'grid_manager', 5
            FROM industrial_park;
            INSERT INTO photo_use SELECT 'a', 'proposal', id FROM proposal;
            """.encode()
        )  # fmt: skip
        connection.commit()
        for table in PAST:
            relation = table.removesuffix("_history")
            connection.execute(f"UPDATE {relation} SET role = 'steward'".encode())
        connection.commit()
        nothing = dict.fromkeys(TABLES, 0)
        near, far = Actor("grid_manager", (WEST,), 3), Actor("grid_manager", (EAST,), 3)
        assert count_as(connection, None) == nothing
        assert count_as(connection, None, token="5", decides="true") == nothing | {
            "proposal": 1, "photo": 1, "photo_use": 1,
        }  # fmt: skip
        assert count_as(connection, far, token="6") == nothing | {"survey_round": 1}
        assert count_as(connection, Actor("public", (), 1)) == nothing
        everything = dict.fromkeys(TABLES, 1)
        others = {"proposal": 0, "photo": 0, "photo_use": 0}
        assert count_as(connection, near, token="6") == everything | others
        assert count_as(connection, near, token="5") == everything
        assert count_as(connection, near, token="6", decides="true") == everything
        assert count_as(connection, far, token="6", decides="true") == nothing | {"survey_round": 1}
        # What was there before is seen by who saw it, when the entry is gone as well.
        connection.execute("DELETE FROM industrial_park")
        connection.commit()
        left = count_as(connection, near, token="6")
        assert (left["rental_space"], left["rental_space_history"]) == (0, 2)
        assert (left["survey_response"], left["survey_response_history"]) == (0, 2)
        assert left["inspection_history"] == 1
        assert count_as(connection, far, token="6")["rental_space_history"] == 0


def test_space_for_rent_comes_in_from_a_table_and_every_row_is_accounted_for(city: Settings, tmp_path: Path) -> None:
    with transaction(city) as connection:
        load_registers(connection)
        connection.execute("UPDATE industrial_park SET code = 'P2' WHERE code IN ('DEMO-P-0003', 'DEMO-P-0004')")
    path = tmp_path / "spaces.csv"
    source = find_source("rental_spaces")

    def write(*rows: str) -> None:
        path.write_text("园区编码,楼栋编码,楼层,单元编码,面积,用途,状态,可租日期,备注\n" + "\n".join(rows) + "\n")

    def read() -> list[Any]:
        with connect(city) as connection:
            return connection.execute(
                "SELECT building_code, storey_number, unit_code, area, use, state, available_from::text, role "
                "FROM rental_space ORDER BY 1, 2, 3"
            ).fetchall()

    one = 'DEMO-P-0001,B0,1,,"1,200.5",厂房,空置,2026/1/31,x'
    two = "DEMO-P-0001,B0,2,201,80,,已租,,"
    write(one, two, "DEMO-P-0002,B1,,,300,,,,")
    checked = source.check(city, path, Options(actor="test"))
    assert (checked.read, checked.kept) == (3, 3) and read() == []
    report = source.load(city, path, Options(actor="test"))
    assert (report.read, report.kept, report.inserted, report.ignored_columns) == (3, 3, 3, ["备注"])
    whole = [
        ("B0", 1, None, 1200.5, "厂房", "vacant", "2026-01-31", "load"),
        ("B0", 2, "201", 80.0, None, "let", None, "load"),
        ("B1", None, None, 300.0, None, "vacant", None, "load"),
    ]
    assert read() == whole
    again = source.load(city, path, Options(actor="test"))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3)
    # Where rows of a park are wrong, nothing of it is taken away; where none is, the file is the whole list.
    write(
        "DEMO-P-0001,B0,1,,900,厂房,空置,2026/1/31,", "DEMO-P-0001,B0,2,201,no,,,,", "DEMO-P-0001,B1,1,,10,,,,",
        "DEMO-P-0001,B0,1,,7,,,,", "DEMO-P-0001,B0,3,,7,,sold,,", "DEMO-P-0001,B0,3.5,,7,,,,",
        "DEMO-P-0001,B0,3,,7,找王先生,,,", "DEMO-P-0001,B0,3,,7,,,31.1.26,", "P2,B2,1,,7,,,,", "P9,B2,1,,7,,,,",
        "DEMO-P-0002,B1,4,,25,,,,",
    )  # fmt: skip
    report = source.load(city, path, Options(actor="test"))
    assert (report.read, report.kept, report.inserted, report.updated) == (11, 2, 1, 1)
    assert report.details == {"parks": 2, "removed": 1}
    assert [(reject.row, reject.field) for reject in report.rejects] == [
        (2, "area"), (3, "building_code"), (4, "building_code"), (5, "state"), (6, "storey_number"), (7, "use"),
        (8, "available_from"), (9, "park_code"), (10, "park_code"),
    ]  # fmt: skip
    assert not any("王先生" in str(reject) for reject in report.rejects)
    assert [(row[0], row[1], row[3]) for row in read()] == [("B0", 1, 900), ("B0", 2, 80), ("B1", 4, 25)]
    with connect(city) as connection:
        past = connection.execute("SELECT area, replaced_role FROM rental_space_history ORDER BY 1").fetchall()
    assert past == [(300.0, "load"), (1200.5, "load")]


def test_a_load_of_space_for_rent_is_taken_back_whole(city: Settings, tmp_path: Path) -> None:
    with transaction(city) as connection:
        load_registers(connection)
    path = tmp_path / "spaces.csv"
    source = find_source("rental_spaces")

    def load(*rows: str) -> int:
        path.write_text("park_code,building_code,storey_number,area,state\n" + "\n".join(rows) + "\n")
        report = source.load(city, path, Options(actor="test"))
        assert report.rejected == 0 and report.load_id is not None
        return report.load_id

    def read() -> list[Any]:
        with connect(city) as connection:
            return connection.execute(
                "SELECT building_code, storey_number, area, load_id FROM rental_space ORDER BY 1, 2"
            ).fetchall()

    def withdraw(number: int) -> tuple[int, int, int]:
        with transaction(city) as connection:
            told = preview_withdrawal(connection, number)
            assert withdraw_load(connection, number, "test") == told
        return told.removed, told.restored, told.superseded

    first = load("DEMO-P-0001,B0,1,100,", "DEMO-P-0001,B0,2,80,", "DEMO-P-0001,B0,3,60,", "DEMO-P-0002,B1,1,50,")
    before = read()
    second = load("DEMO-P-0001,B0,1,100,", "DEMO-P-0001,B0,2,81,", "DEMO-P-0001,B0,4,40,")
    assert read() == [("B0", 1, 100, first), ("B0", 2, 81, second), ("B0", 4, 40, second), ("B1", 1, 50, first)]
    # What it brought goes; what it changed and what it took away come back as they were.
    assert withdraw(second) == (1, 2, 0)
    assert read() == before
    # What a person has changed since is that person's.
    with transaction(city) as connection:
        connection.execute(
            "SELECT merge_rental_spaces(id, %s, 'steward', 5) FROM industrial_park WHERE code = 'DEMO-P-0002'",
            (Jsonb([{"building_code": "B1", "storey_number": 1, "area": 55, "state": "let"}]),),
        )
    assert withdraw(first) == (3, 0, 1)
    assert read() == [("B1", 1, 55, None)]
    # Nothing comes back from a load that is withdrawn, or into a park that is gone.
    third = load("DEMO-P-0001,B0,1,7,")
    fourth = load("DEMO-P-0001,B0,2,8,")
    assert withdraw(third) == (0, 0, 0)
    assert withdraw(fourth) == (1, 0, 0)
    fifth = load("DEMO-P-0001,B0,1,7,")
    sixth = load("DEMO-P-0001,B0,2,8,")
    with transaction(city) as connection:
        connection.execute("DELETE FROM industrial_park WHERE code = 'DEMO-P-0001'")
    assert (withdraw(sixth), withdraw(fifth)) == ((0, 0, 0), (0, 0, 0))
    assert read() == [("B1", 1, 55, None)]


FORM = {
    "type": "object", "additionalProperties": False, "required": ["houses", "fire"],
    "properties": {
        "houses": {"type": "integer", "minimum": 0, "title": "出租屋栋数"},
        "note": {"type": "string", "maxLength": 20},
        "uses": {"type": "array", "items": {"type": "string", "enum": ["居住", "仓储"]}, "title": "用途"},
        "fire": {
            "type": "object", "required": ["exits", "share"], "additionalProperties": False,
            "properties": {
                "exits": {"type": "boolean", "title": "有两个出口"}, "share": {"type": ["number", "null"]},
            },
        },
    },
}  # fmt: skip


def test_survey_answers_come_in_from_a_table_and_are_held_to_their_rounds_form(
    city: Settings, tmp_path: Path
) -> None:  # fmt: skip
    with transaction(city) as connection:
        load_registers(connection)
        connection.execute("UPDATE urban_village SET code = 'V2' WHERE code IN ('DEMO-V-003', 'DEMO-V-004')")
        rounds: dict[str, int] = {}
        for title, register, closed, code in (
            ("秋季", "urban_village", None, None), ("旧的", "urban_village", NOW, None),
            ("别处", "urban_village", None, grid_code(3, 3)), ("园区", "industrial_park", None, None),
        ):  # fmt: skip
            form = FORM if register == "urban_village" else {
                "type": "object", "required": ["firms"], "properties": {"firms": {"type": "integer"}},
            }  # fmt: skip
            row: Any = connection.execute(
                "INSERT INTO survey_round (register, kind, title, form, required, due, role, closed_at, block_code) "
                "VALUES (%s, %s, %s, %s, %s, %s, 'steward', %s, %s) RETURNING id",
                ("villages" if "village" in register else "parks", register, title, Jsonb(form),
                 3 if register == "urban_village" else 1, NOW.date(), closed, code),
            ).fetchone()  # fmt: skip
            rounds[title] = row[0]
    path = tmp_path / "answers.csv"
    source = find_source("survey_answers")

    def write(*rows: str) -> None:
        header = "摸查编号,城中村编码,出租屋栋数,note,用途,fire.exits,share,firms,电话"
        path.write_text("\n".join((header, *rows)) + "\n")

    def read() -> list[Any]:
        with connect(city) as connection:
            return connection.execute(
                "SELECT title, answers, answered, completed_at IS NOT NULL, survey_response.role, load_id "
                "FROM survey_response JOIN survey_round ON survey_round.id = round_id ORDER BY object_id, title"
            ).fetchall()

    autumn = rounds["秋季"]
    write(
        f'{autumn},DEMO-V-001,"1,200",,居住;仓储,是,0.5,,x', "秋季,DEMO-V-002,7,,,,,,", "园区,DEMO-P-0001,,,,,,12,",
    )  # fmt: skip
    checked = source.check(city, path, Options(actor="test"))
    assert (checked.read, checked.kept, checked.problems) == (3, 3, []) and read() == []
    report = source.load(city, path, Options(actor="test"))
    assert (report.kept, report.inserted, report.ignored_columns) == (3, 3, ["电话"])
    assert report.details == {"rounds": sorted((autumn, rounds["园区"]))}
    whole = {"houses": 1200, "uses": ["居住", "仓储"], "fire": {"exits": True, "share": 0.5}}
    first = report.load_id
    expected = [
        ("园区", {"firms": 12}, 1, True, "load", first), ("秋季", whole, 3, True, "load", first),
        ("秋季", {"houses": 7}, 1, False, "load", first),
    ]  # fmt: skip
    assert sorted(read(), key=str) == sorted(expected, key=str)
    again = source.load(city, path, Options(actor="test"))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3)
    with connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM survey_response_history").fetchone() == (0,)
    # An empty cell leaves what was answered; every row that cannot be taken says why, and not what it said.
    write(
        f"{autumn},DEMO-V-002,,,,否,0,,", f"{autumn},DEMO-V-001,many,,,,,,", f"{autumn},DEMO-V-001,-1,,,,,,",
        f"{autumn},DEMO-V-001,,找王先生,,,,,", f"{autumn},DEMO-V-001,,,开店,,,,", f"{autumn},DEMO-V-001,,,,也许,,,",
        f"{autumn},DEMO-V-001,,,,,,9,", f"{autumn},DEMO-V-001,,,,,,,", f"{autumn},DEMO-V-002,8,,,,,,",
        f"{autumn},V2,8,,,,,,", f"{autumn},V9,8,,,,,,", "旧的,DEMO-V-001,8,,,,,,", "别处,DEMO-V-001,8,,,,,,",
        "冬季,DEMO-V-001,8,,,,,,", ",DEMO-V-001,8,,,,,,", "园区,DEMO-P-0001,,,,,,1.5,",
        f'{autumn},DEMO-V-001,,,"[",,,,',
    )  # fmt: skip
    report = source.load(city, path, Options(actor="test"))
    assert (report.read, report.kept, report.inserted, report.updated) == (17, 1, 0, 1)
    assert [(reject.row, reject.field) for reject in report.rejects] == [
        (2, "houses"), (3, "houses"), (4, "note"), (5, "uses"), (6, "fire.exits"), (7, "firms"), (8, "answers"),
        (9, "code"), (10, "code"), (11, "code"), (12, "round"), (13, "code"), (14, "round"), (15, "round"),
        (16, "firms"), (17, "uses"),
    ]  # fmt: skip
    told = str(report.as_dict()) + str(report.rejects)
    assert not any(word in told for word in ("王先生", "many", "开店", "也许"))
    assert ("秋季", {"houses": 7, "fire": {"exits": False, "share": 0}}, 3, True, "load", report.load_id) in read()
    # Taken back, the answers are those of before; without the first load there are none.
    with transaction(city) as connection:
        assert report.load_id and first
        assert withdraw_load(connection, report.load_id, "test").restored == 1
    assert sorted(read(), key=str) == sorted(expected, key=str)
    with transaction(city) as connection:
        assert withdraw_load(connection, first, "test").removed == 3
    assert read() == []
    # The round may be said for the whole table, and columns may be called otherwise.
    path.write_text("V,H\nDEMO-V-001,5\n")
    mapping = tmp_path / "answers.toml"
    mapping.write_text('[fields]\ncode = "V"\nhouses = "H"\n[constants]\nround = "秋季"\n')
    source.load(city, path, Options(actor="test", mapping=str(mapping)))
    assert [row[1] for row in read()] == [{"houses": 5}]


def test_rejected_rows_of_registers_come_back_mended_and_take_nothing_away(city: Settings, tmp_path: Path) -> None:
    with transaction(city) as connection:
        load_registers(connection)
        connection.execute(
            "INSERT INTO survey_round (register, kind, title, form, required, due, role) "
            "VALUES ('villages', 'urban_village', '秋季', %s, 3, %s, 'steward')", (Jsonb(FORM), NOW.date()),
        )  # fmt: skip
    path, workbook = tmp_path / "list.csv", tmp_path / "back.csv"
    path.write_text(
        "park_code,building_code,storey_number,area,phone\n"
        "DEMO-P-0001,B0,1,100,13800138000\nDEMO-P-0001,B0,2,x,13800138000\n"
    )
    spaces, answers = find_source("rental_spaces"), find_source("survey_answers")
    report = spaces.load(city, path, Options(actor="test"))
    assert (report.kept, report.rejected) == (1, 1)
    write_rejected(path, Options(), report, workbook)
    text = workbook.read_text(encoding="utf-8-sig")
    assert "13800138000" not in text
    workbook.write_text(text.replace(",x", ",80"), encoding="utf-8-sig")
    mended = spaces.load(city, workbook, Options(actor="test"))
    assert (mended.inserted, mended.unchanged, mended.details["removed"]) == (1, 0, 0), mended.rejects
    path.write_text("round,code,houses,note,phone\n秋季,DEMO-V-001,5,找王先生,13800138000\n")
    report = answers.load(city, path, Options(actor="test"))
    assert [(reject.row, reject.field) for reject in report.rejects] == [(1, "note")]
    write_rejected(path, Options(), report, workbook)
    text = workbook.read_text(encoding="utf-8-sig")
    assert "13800138000" not in text and "王先生" not in text and "DEMO-V-001" in text
