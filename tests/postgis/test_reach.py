# SPDX-License-Identifier: Apache-2.0
"""What the planner expects of row-level security: that the asker sees most of what a query finds."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg.sql import SQL

from layers.filter import Filter
from layers.query import select_page
from layers.registry import find_layer
from tests.toy import EAST, WEST, grid_code, load_toy
from twin.access import SET_ACTOR, Actor
from twin.database import Connection, connect
from twin.settings import Settings

EVERYWHERE = Actor("grid_manager", (), 3)
WESTERN = Actor("grid_manager", (WEST,), 3)

ROWS = 8000


@pytest.fixture
def crowded(database: Settings) -> Settings:
    """Eight thousand buildings over sixteen grids in turns; every fiftieth spans two of them."""
    load_toy(database)
    grids = [grid_code(column, row) for row in range(4) for column in range(4)]
    with connect(database, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO building (source_id, local_id, block_code, spans_blocks)
            SELECT 'crowd', n::text, (%(grids)s::text[])[1 + n %% 16], n %% 50 = 0
            FROM generate_series(0, %(last)s) AS n
            """,
            {"grids": grids, "last": ROWS - 1},
        )
        connection.execute(
            """
            INSERT INTO feature_block SELECT 'building', id, met, 0.5
            FROM building, unnest(ARRAY[block_code, %s]) AS met WHERE spans_blocks GROUP BY id, met
            """,
            (grid_code(0, 0),),
        )
        connection.execute("ANALYZE building")
        connection.execute("ANALYZE feature_block")
    return database


def explain(connection: Connection, actor: Actor | None, narrowed: Filter, limit: int = 100) -> dict[str, Any]:
    """The plan of a page as the actor, or as the owner."""
    statement = select_page(find_layer("buildings"), narrowed, 3, limit=limit)
    with connection.transaction():
        if actor is not None:
            connection.execute(SET_ACTOR, actor.settings(0))
        row = connection.execute(SQL("EXPLAIN (FORMAT JSON) ") + statement.text, statement.values).fetchone()
    assert row is not None
    return row[0][0]["Plan"]


def list_nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in list_nodes(part))]


def read_building(plan: dict[str, Any]) -> dict[str, Any]:
    return next(node for node in list_nodes(plan) if node.get("Relation Name") == "building")


@pytest.mark.parametrize("actor", [EVERYWHERE, WESTERN], ids=["everywhere", "one street"])
@pytest.mark.parametrize("narrowed", [Filter(block=WEST), Filter()], ids=["a street's page", "any page"])
def test_a_page_is_planned_for_an_actor_as_it_is_for_the_owner(
    crowded: Settings, actor: Actor, narrowed: Filter
) -> None:
    with connect(crowded, autocommit=True) as connection:
        owners, actors = (read_building(explain(connection, who, narrowed)) for who in (None, actor))
    assert actors.get("Index Name") == owners.get("Index Name") == "building_pkey"
    assert actors["Plan Rows"] > 0.9 * owners["Plan Rows"]


def test_a_base_grid_is_found_by_the_index_of_codes_whoever_asks(crowded: Settings) -> None:
    with connect(crowded, autocommit=True) as connection:
        for actor in (None, EVERYWHERE, WESTERN):
            nodes = list_nodes(explain(connection, actor, Filter(block=grid_code(0, 1)), 1000))
            assert "building_block_code_idx" in {node.get("Index Name") for node in nodes}


def test_a_block_holds_what_has_its_home_there_and_what_meets_it(crowded: Settings) -> None:
    statement = select_page(find_layer("buildings"), Filter(block=grid_code(0, 0)), 3, limit=ROWS)
    with connect(crowded) as connection:
        row = connection.execute(statement.text, statement.values).fetchone()
        held = connection.execute(
            "SELECT count(*) FROM building WHERE block_code = %s OR spans_blocks", (grid_code(0, 0),)
        ).fetchone()
    assert row is not None and held is not None
    assert row[1] == held[0] > ROWS / 16


def test_every_features_policy_tells_the_planner_what_to_expect(database: Settings) -> None:
    with connect(database) as connection:
        plain = connection.execute(
            r"""
            SELECT polrelid::regclass::text FROM pg_policy
            JOIN pg_attribute ON attrelid = polrelid AND attname = 'spans_blocks'
            WHERE pg_get_expr(polqual, polrelid) ~ '(access_class <= \( SELECT|_code <@ )'
            """
        ).fetchall()
    assert plain == []


@pytest.mark.parametrize("scope", ["", "{}", "{[,a)}", "{(,)"])
def test_only_the_whole_of_all_codes_is_everything(database: Settings, scope: str) -> None:
    with connect(database) as connection:
        row = connection.execute("SELECT actor_reaches_all()").fetchone()
        assert row == (False,)
        connection.execute("SELECT set_config('twin.scope', %s, true)", (scope,))
        assert connection.execute("SELECT actor_reaches_all()").fetchone() == (False,)
        connection.execute("SELECT set_config('twin.scope', %s, true)", (EVERYWHERE.scope,))
        assert connection.execute("SELECT actor_reaches_all()").fetchone() == (True,)


def test_rows_without_a_code_that_could_be_everybodys_cannot_be(database: Settings) -> None:
    """`actor_reaches_all` shows all rows of a table, and a range of codes only those that have one."""
    with connect(database) as connection:
        loose = connection.execute(
            """
            SELECT polrelid::regclass::text, attname FROM pg_policy
            JOIN pg_attribute ON attrelid = polrelid AND attname IN ('block_code', 'scope_code') AND NOT attnotnull
            WHERE pg_get_expr(polqual, polrelid) LIKE '%actor_reaches_all%' AND attname = CASE
                WHEN pg_get_expr(polqual, polrelid) LIKE '%scope_code%' THEN 'scope_code' ELSE 'block_code' END
            """
        ).fetchall()
    assert loose == []


def test_what_spans_blocks_is_seen_from_the_other_one_as_before(crowded: Settings) -> None:
    with connect(crowded, autocommit=True) as connection:
        counted: list[int] = []
        for street in (WEST, EAST):
            with connection.transaction():
                connection.execute(SET_ACTOR, Actor("grid_manager", (street,), 3).settings(0))
                row = connection.execute("SELECT count(*) FROM building").fetchone()
                assert row is not None
                counted.append(row[0])
        eastern = connection.execute(
            "SELECT count(*) FROM building WHERE starts_with(block_code, %s) AND spans_blocks", (EAST,)
        ).fetchone()
    assert eastern is not None and eastern[0] > 0
    assert counted[0] == ROWS - counted[1] + eastern[0]
