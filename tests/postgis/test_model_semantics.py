# SPDX-License-Identifier: Apache-2.0
"""What a model means, in the database: units with codes, areas, matches, layers and ports, and who sees them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from ingest.report import LoadReport
from ingest.source import Options, find_source
from tests.toy import EAST, WEST, grid_code, load_toy, point_in
from tests.unit.bim_district import MeaningfulHouse
from twin.access import SET_ACTOR, Actor
from twin.database import connect, transaction
from twin.settings import Settings

HERE = point_in(0.5, 0.5)
CODE = f"{grid_code(0, 0)}00042"


def author_house(path: Path) -> Path:
    """Two flats on the ground floor, one by a zone, one by what its spaces say; a wrong area; pipes; layers."""
    author = MeaningfulHouse()
    author.declare_units()
    author.describe(author.building, "Register", 楼栋编码=CODE)
    author.quantify(author.building, "Qto_BuildingBaseQuantities", GrossFloorArea=70.0)
    author.quantify(author.ground, "Qto_BuildingStoreyBaseQuantities", NetFloorArea=60.0, GrossFloorArea=66.0)
    author.quantify(author.upper, "Qto_BuildingStoreyBaseQuantities", GrossFloorArea=66.0)
    for room, use in zip(author.rooms, ("bedroom", "kitchen", "bedroom", None), strict=True):
        author.quantify(room, "Qto_SpaceBaseQuantities", NetFloorArea=14.0) if use == "kitchen" else None
        if use:
            author.describe(room, "Pset_SpaceOccupancyRequirements", OccupancyType=use)
    author.zone("户 201", author.rooms[:2], "户")
    author.describe(author.rooms[2], "房间", 户号="202")
    author.zone("Fire 1", author.rooms)
    author.describe(author.flat, "Pset_WallCommon", FireRating="2h", IsExternal=True)
    author.describe(author.walls[0], "Sizes", Odd="x")
    author.layer(author.flat, ("Plaster", 15.0), ("Brick", 185.0))
    author.classify(author.walls[0], "GB/T 51269", "14-10.20.03", "外墙")
    author.pipes()
    return author.write(path / "meaning.ifc")


def load(settings: Settings, path: Path, source_id: str = "ifc") -> LoadReport:
    return find_source("model").load(settings, path, Options(at=f"{HERE.x},{HERE.y}", source_id=source_id))


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def add_building(connection: psycopg.Connection, local_id: str, code: str | None, grow: float = 1e-6) -> int:
    row = connection.execute(
        "INSERT INTO building (source_id, local_id, block_code, code, height, geometry) "
        "SELECT 't', %s, block_code, %s, 3, ST_Buffer(geometry, %s) FROM model ORDER BY id LIMIT 1 RETURNING id",
        (local_id, code, grow),
    ).fetchone()
    assert row is not None
    return row[0]


def test_a_model_becomes_rows_that_a_person_can_read_and_join(city: Settings, tmp_path: Path) -> None:
    path = author_house(tmp_path)
    report = load(city, path)
    with transaction(city) as connection:
        ask = connection.execute
        storeys = ask("SELECT name, number, elevation, height, declared_gross_area FROM bim.storey ORDER BY 2")
        assert storeys.fetchall() == [("Ground", 1, 0, 3, 66), ("Upper", 2, 3, None, 66)]
        areas = ask(
            "SELECT storey, use, spaces, round(floor_area::numeric, 2)::float FROM bim.floor_area ORDER BY use"
        ).fetchall()
        assert areas == [("Ground", "bedroom", 2, 30), ("Ground", "kitchen", 1, 14), ("Ground", None, 1, 15)]
        units = ask(
            "SELECT number, unit_from, spaces, floor_area, code, code_from, building FROM bim.unit ORDER BY number"
        ).fetchall()
        assert units == [
            ("201", "zone", 2, 29, None, "no_building", "Building"),
            ("202", "space", 1, 15, None, "no_building", "Building"),
        ]
        wall = ask(
            "SELECT storey, building, type_name, materials, property_sets #>> '{Pset_WallCommon,FireRating}', "
            "classifications, ST_AsText(geometry) LIKE 'POINT%%' FROM bim.element WHERE name = 'Wall 0'"
        ).fetchone()
        assert wall == (
            "Ground", "Building", "W200", "Plaster; Brick", "2h", {"GB/T 51269": ["14-10.20.03"]}, True
        )  # fmt: skip
        layers = ask("SELECT position, material, thickness FROM bim.material WHERE element = 'Wall 1' ORDER BY 1")
        assert layers.fetchall() == [(1, "Plaster", 0.015), (2, "Brick", 0.185)]
        given = ask(
            "SELECT is_inherited, source_unit FROM bim.property WHERE element = 'Wall 0' AND property = 'FireRating'"
        )
        assert given.fetchall() == [(True, None)]
        joined = ask("SELECT count(*) FROM bim.port WHERE connected_element_global_id IS NOT NULL").fetchone()
        assert joined == (2,)
        assert ask("SELECT name, elements FROM bim.system").fetchall() == [("Cold water", 2)]
        assert ask("SELECT name, spaces FROM bim.zone ORDER BY name").fetchall() == [("Fire 1", 4), ("户 201", 2)]
        spread = ask(
            "SELECT round(ST_Area(geometry::geography)::numeric, 1) FROM bim.storey WHERE number = 1"
        ).fetchone()
        assert spread is not None and abs(float(spread[0]) - 60) < 0.5
        told = {row[0] for row in ask("SELECT DISTINCT layer FROM change WHERE block_code = %s", (grid_code(0, 0),))}
        assert {"elements", "model_storeys", "model_spaces", "model_zones", "model_units", "model_systems"} <= told
    said = [problem["what"] for problem in report.as_dict()["problems"]]
    assert any("declared gross floor area is 70.00" in text and "132.00" in text for text in said)
    assert any("without a house code" in text for text in said)
    assert any("net floor area is 60.00" in text and "59.00 m² (-1.7%)" in text for text in said)


def test_units_get_codes_when_the_building_is_matched_and_lose_them_when_a_person_says_no(
    city: Settings, tmp_path: Path
) -> None:
    path = author_house(tmp_path)
    load(city, path)
    with transaction(city) as connection:
        building = add_building(connection, "1", CODE)
        connection.execute(
            "INSERT INTO unit (source_id, local_id, block_code, building_code, building_id, code, room, geometry) "
            "SELECT 't', '1', block_code, code, id, %s, '202', geometry FROM building",
            (f"{CODE}000009",),
        )
    load(city, path, "again")
    asked = (
        "SELECT number, code, code_from FROM model_unit JOIN model ON published_version_id = version_id "
        "WHERE source_id = 'again' ORDER BY number"
    )
    with transaction(city) as connection:
        assert connection.execute(asked).fetchall() == [
            ("201", f"{CODE}000201", "number"), ("202", f"{CODE}000009", "register"),
        ]  # fmt: skip
        match = connection.execute(
            "SELECT match.id, match.building_id, state, decided_by, parts ->> 'code' FROM model_match AS match "
            "JOIN model ON model.id = model_id WHERE source_id = 'again'"
        ).fetchone()
        assert match is not None and match[1:] == (building, "confirmed", None, "true")
        assert connection.execute("SELECT decide_model_match(%s, false, 'token 1')", (match[0],)).fetchone() == (
            "done",
        )
        assert connection.execute("SELECT building_id FROM model WHERE source_id = 'again'").fetchone() == (None,)
        assert {row[2] for row in connection.execute(asked).fetchall()} == {"no_building"}
        told = connection.execute("SELECT object FROM audit_entry WHERE verb = 'match.decide'").fetchall()
        assert told
    # What a person decided outlives the next version, which would be matched by its code again.
    with transaction(city) as connection:
        connection.execute("UPDATE model_version SET sha256 = 'other'")
    load(city, path, "again")
    with transaction(city) as connection:
        states = connection.execute(
            "SELECT state, decided_by FROM model_match JOIN model ON model.id = model_id WHERE source_id = 'again'"
        ).fetchall()
        assert states == [("rejected", "token 1")]
        assert connection.execute("SELECT decide_model_match(%s, true, 'token 1')", (match[0],)).fetchone() == ("done",)
        assert connection.execute(asked).fetchall()[0] == ("201", f"{CODE}000201", "number")
        connection.execute("DELETE FROM building")
        assert connection.execute("SELECT decide_model_match(%s, true, 'token 1')", (match[0],)).fetchone() == ("gone",)
        assert connection.execute("SELECT decide_model_match(0, true, 'token 1')").fetchone() == ("missing",)


def test_two_buildings_alike_wait_for_review_and_the_views_keep_to_the_actors_reach(
    city: Settings, tmp_path: Path
) -> None:
    path = author_house(tmp_path)
    load(city, path)
    with transaction(city) as connection:
        for local_id in ("1", "2"):
            add_building(connection, local_id, None)
    report = load(city, path, "again")
    assert any("wait for review" in problem["what"] for problem in report.as_dict()["problems"])
    with transaction(city) as connection:
        rows = connection.execute(
            "SELECT state, parts ->> 'reason' FROM model_match JOIN model ON model.id = model_id "
            "WHERE source_id = 'again'"
        ).fetchall()
        assert rows == [("proposed", "ambiguous")] * 2
        views = [row[0] for row in connection.execute(
            "SELECT table_name FROM information_schema.views WHERE table_schema = 'bim'").fetchall()]  # fmt: skip
    assert len(views) == 15

    def count(actor: Actor) -> dict[str, int]:
        with connect(city) as connection, connection.transaction():
            connection.execute(SET_ACTOR, actor.settings(60_000))
            return {
                view: connection.execute(f"SELECT count(*) FROM bim.{view}".encode()).fetchone()[0]  # type: ignore[index]
                for view in views
            }

    assert all(count(Actor("planner", (WEST,), 3)).values())
    assert not any(count(Actor("planner", (EAST,), 3)).values())
    assert not any(count(Actor("public", (), 1)).values())


def test_an_element_across_the_border_has_the_block_it_stands_in_and_is_seen_from_both_sides(
    city: Settings, tmp_path: Path
) -> None:
    path = author_house(tmp_path)
    border = point_in(2.0, 0.5)
    # The walls are 4 m long from their origin: its middle stands on the border of two streets.
    place = f"{border.x - 1.9e-5},{border.y}"
    find_source("model").load(city, path, Options(at=place))
    with connect(city) as connection:
        homes = {row[0] for row in connection.execute("SELECT DISTINCT block_code FROM element").fetchall()}
        spans = connection.execute("SELECT spans_blocks, block_code FROM model").fetchone()
        total = connection.execute("SELECT count(*) FROM element").fetchone()
    assert spans is not None and spans[0] is True
    assert homes <= {grid_code(1, 0), grid_code(2, 0)}
    for street in (WEST, EAST):
        with connect(city) as connection, connection.transaction():
            connection.execute(SET_ACTOR, Actor("planner", (street,), 3).settings(60_000))
            assert connection.execute("SELECT count(*) FROM element").fetchone() == total
            assert connection.execute("SELECT count(*) FROM bim.space").fetchone() == (4,)
