# SPDX-License-Identifier: Apache-2.0
"""Row-level security: what an actor cannot reach is not there."""

from __future__ import annotations

import psycopg
import pytest

from tests.toy import EAST, WEST, grid_code, load_toy
from twin.access import NOWHERE, PUBLIC, READ_ACTOR, SET_ACTOR, Actor, actor_from_row, create_token, hash_token
from twin.database import connect, read_state, transaction
from twin.errors import InvalidRequestError
from twin.settings import Settings

ADMIN = Actor("admin", (), 3)
WESTERN = Actor("grid_manager", (WEST,), 3)

PROTECTED = ("building", "industrial_park", "urban_village", "road", "incident", "model", "tileset", "change")


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    with transaction(database) as connection:
        for number, code in enumerate((grid_code(0, 0), grid_code(3, 3), "999901", "~")):
            connection.execute(
                "INSERT INTO building (source_id, local_id, block_code, geometry) VALUES "
                "('t', %s, %s, ST_SetSRID(ST_MakeEnvelope(120, 30, 120.001, 30.001), 4490))",
                (str(number), code),
            )
        connection.execute(
            "INSERT INTO urban_village (source_id, local_id, block_code, spans_blocks, geometry) VALUES "
            "('t', 'both', %s, true, ST_SetSRID(ST_MakeEnvelope(120.019, 30, 120.021, 30.001), 4490))",
            (grid_code(1, 0),),
        )
        for code in (grid_code(1, 0), grid_code(2, 0)):
            connection.execute(
                "INSERT INTO feature_block SELECT 'urban_village', id, %s, 0.5 FROM urban_village", (code,)
            )
    return database


def count(settings: Settings, actor: Actor, table: str) -> int:
    with connect(settings) as connection, connection.transaction():
        connection.execute(SET_ACTOR, actor.settings(1000))
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(row[0])


def test_a_scoped_actor_sees_its_blocks_and_neither_the_districts_rows_nor_those_outside(
    city: Settings,
) -> None:
    assert count(city, ADMIN, "building") == 4
    assert count(city, WESTERN, "building") == 1
    assert count(city, Actor("grid_manager", (EAST,), 3), "building") == 1
    assert count(city, Actor("leader", ("999901",), 3), "building") == 3


def test_a_village_in_two_streets_is_seen_from_both_and_from_no_third(city: Settings) -> None:
    assert count(city, WESTERN, "urban_village") == 1
    assert count(city, Actor("grid_manager", (EAST,), 3), "urban_village") == 1
    assert count(city, Actor("grid_manager", (grid_code(3, 3),), 3), "urban_village") == 0


def test_a_class_above_the_actors_is_not_there(city: Settings) -> None:
    assert count(city, PUBLIC, "building") == 0
    assert count(city, PUBLIC, "block") == 23


@pytest.mark.parametrize("table", PROTECTED)
def test_a_connection_that_says_nothing_of_its_actor_reads_no_row(city: Settings, table: str) -> None:
    with connect(city) as connection:
        connection.execute("SET ROLE twin_reader")  # fresh, nothing said
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        connection.execute("RESET ROLE")
        connection.commit()
        with connection.transaction():
            connection.execute(SET_ACTOR, ADMIN.settings(1000))
        # The settings of the last transaction are now '' and not NULL: that must not match everything.
        with connection.transaction():
            connection.execute("SET LOCAL ROLE twin_reader")
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    with connect(city, autocommit=True) as connection:
        connection.execute(SET_ACTOR, ADMIN.settings(1000))  # SET LOCAL without a transaction is gone at once
        connection.execute("SET ROLE twin_reader")
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


@pytest.mark.parametrize(
    "table",
    [
        "access_token",
        "role_grant",
        "organisation_grant",
        "account",
        "account_session",
        "oidc_mapping",
        "oidc_flow",
        "organisation_grant",
        "export_record",
        "load",
        "load_reject",
        "upload",
        "job_progress",
    ],
)
def test_a_reader_may_not_touch_the_owners_tables(city: Settings, table: str) -> None:
    with connect(city) as connection, connection.transaction():
        connection.execute(SET_ACTOR, ADMIN.settings(1000))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT * FROM {table}")


@pytest.mark.parametrize("table", PROTECTED)
def test_a_reader_may_not_write(city: Settings, table: str) -> None:
    with connect(city) as connection, connection.transaction():
        connection.execute(SET_ACTOR, ADMIN.settings(1000))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"DELETE FROM {table}")


def test_a_bbox_under_a_scope_uses_the_spatial_index(city: Settings) -> None:
    with transaction(city) as connection:
        connection.execute(
            "INSERT INTO building (source_id, local_id, block_code, geometry) SELECT 'many', n::text, %s, "
            "ST_SetSRID(ST_MakeEnvelope(x, 30, x + 1e-5, 30.00001), 4490) "
            "FROM generate_series(1, 20000) AS n, LATERAL (SELECT 120 + n * 1e-6 AS x) AS at",
            (grid_code(0, 0),),
        )
        connection.execute("ANALYZE building")
    with connect(city) as connection, connection.transaction():
        connection.execute(SET_ACTOR, WESTERN.settings(5000))
        plan = connection.execute(
            "EXPLAIN SELECT id FROM building "
            "WHERE geometry && ST_SetSRID(ST_MakeEnvelope(120.001, 30, 120.0011, 30.1), 4490)"
        ).fetchall()
    text = "\n".join(row[0] for row in plan)
    assert "building_geometry_idx" in text, text


def test_the_state_says_whether_overlap_is_leakproof(database: Settings) -> None:
    with connect(database) as connection:
        assert read_state(connection).is_leakproof
        assert read_state(connection).is_current
        connection.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
        assert not read_state(connection).is_leakproof
        connection.rollback()


def test_a_token_is_known_by_its_hash_alone_and_ends_when_revoked(city: Settings) -> None:
    with transaction(city) as connection:
        token = create_token(connection, "grid_manager", scope=[WEST])
        row = connection.execute(READ_ACTOR, (hash_token(token),)).fetchone()
        assert row is not None
        actor, _ends = actor_from_row(row)
        assert actor.block_codes == (WEST,)
        assert actor.reaches(grid_code(0, 0)) and not actor.reaches(grid_code(3, 0))
        stored = connection.execute("SELECT access_token::text FROM access_token").fetchall()
        assert not any(token in str(row) for row in stored)
        connection.execute("UPDATE access_token SET revoked_at = now()")
        assert connection.execute(READ_ACTOR, (hash_token(token),)).fetchone() is None


def add_tasks(settings: Settings) -> None:
    """A hazard of every assignment in every street; each was found first, and assigned later."""
    for state, organisation in (("found", None), ("assigned", "一公司"), ("assigned", "二公司")):
        with transaction(settings) as connection:
            for code in (grid_code(0, 0), grid_code(3, 3)):
                connection.execute(
                    "INSERT INTO hazard (source_id, local_id, hazard_kind, severity, state, block_code, geometry) "
                    "VALUES ('t', %s, 'fire', 3, 'found', %s, ST_SetSRID(ST_Point(120.001, 30.001), 4490))",
                    (f"{code}-{organisation}", code),
                )
        with transaction(settings) as connection:
            connection.execute(
                "UPDATE hazard SET state = %s, organisation = %s WHERE local_id LIKE %s AND state = 'found' "
                "AND %s::text IS NOT NULL",
                (state, organisation, f"%-{organisation}", organisation),
            )


@pytest.mark.parametrize(
    ("codes", "organisations", "access_class", "hazards", "past", "buildings"),
    [
        ((), (), 2, 6, 4, 4),
        ((WEST,), (), 2, 3, 2, 1),
        ((NOWHERE,), ("一公司",), 2, 2, 0, 0),
        ((NOWHERE,), ("一公司", "二公司"), 2, 4, 0, 0),
        ((WEST,), ("一公司",), 2, 4, 2, 1),
        ((NOWHERE,), ("别家",), 2, 0, 0, 0),
        ((NOWHERE,), (), 2, 0, 0, 0),
        ((NOWHERE,), ("一公司",), 1, 0, 0, 0),
        ((NOWHERE,), ("{一公司}", '"', "", "NULL"), 2, 0, 0, 0),
    ],
)
def test_a_task_is_seen_from_its_block_and_by_its_organisation(
    city: Settings, codes: tuple[str, ...], organisations: tuple[str, ...], access_class: int, hazards: int, past: int,
    buildings: int,
) -> None:  # fmt: skip
    add_tasks(city)
    actor = Actor("handler", codes, access_class, None, organisations)
    assert count(city, actor, "hazard") == hazards
    # What it was before it was assigned is seen from the block alone.
    assert count(city, actor, "hazard_history") == past
    assert count(city, actor, "building") == buildings


def test_who_says_nothing_of_organisations_sees_no_task_of_any(city: Settings) -> None:
    add_tasks(city)
    with connect(city) as connection:
        for setting in (None, "", "{}", "{NULL}"):
            with connection.transaction(force_rollback=True):
                connection.execute("SET LOCAL ROLE twin_reader")
                connection.execute("SELECT set_config('twin.access_class', '4', true)")
                if setting is not None:
                    connection.execute("SELECT set_config('twin.organisations', %s, true)", (setting,))
                assert connection.execute("SELECT count(*) FROM hazard").fetchone() == (0,), setting


def test_a_token_acts_for_its_organisations_and_without_its_last_grant_reaches_nothing(city: Settings) -> None:
    with transaction(city) as connection:
        token = create_token(connection, "handler", organisations=["一公司", " 一公司", "二公司"])

        def read() -> Actor:
            row = connection.execute(READ_ACTOR, (hash_token(token),)).fetchone()
            assert row is not None
            return actor_from_row(row)[0]

        assert read().organisations == ("一公司", "二公司")
        assert not read().is_unscoped and not read().touches(WEST) and not read().reaches(WEST)
        connection.execute("DELETE FROM organisation_grant")
        assert not read().is_unscoped and read().organisations == ()
        scoped = create_token(connection, "grid_manager", scope=[WEST])
        connection.execute("DELETE FROM role_grant")
        row = connection.execute(READ_ACTOR, (hash_token(scoped),)).fetchone()
        assert row is not None and not actor_from_row(row)[0].is_unscoped
        keys = {
            Actor("handler", (NOWHERE,), 2, None, names).cache_key for names in ((), ("一",), ("二",), ("一", "二"))
        }
        assert len(keys) == 4


def test_a_token_for_a_block_that_does_not_exist_is_refused(city: Settings) -> None:
    with (
        transaction(city) as connection,
        pytest.raises(InvalidRequestError, match="No block has the code 123"),
    ):
        create_token(connection, "grid_manager", scope=["123"])
