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

from ingest.blocks.rehome import rehome_features
from ingest.demo.register_work import load_register_work
from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from ingest.source import Options, find_source
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
                    "JOIN survey_round ON id = round_id ORDER BY 1, 2",
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


TABLES = ("rental_space", "survey_response", "inspection", "hazard", "hazard_action", "feature_edit", "photo",
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
        connection.rollback()
