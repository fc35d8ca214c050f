# SPDX-License-Identifier: Apache-2.0
"""Recorded time: what was there yesterday can be asked for tomorrow, and by nobody who may not."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.toy import EAST, WEST, grid_code, load_toy
from twin.access import SET_ACTOR, SET_MOMENT, Actor
from twin.database import Connection, connect
from twin.settings import Settings

ADMIN = Actor("admin", (), 3)
GRIDS: Final = [grid_code(column, row) for column in range(4) for row in range(4)]
ROWS: Final = "SELECT id, local_id, name, block_code, access_class, ST_AsText(geometry) FROM building ORDER BY id"


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def now(connection: Connection) -> datetime:
    """A moment of its own, outside any transaction that writes."""
    connection.commit()
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    connection.commit()
    assert row is not None
    return row[0]


def ask(settings: Settings, text: str, as_of: datetime | None = None, actor: Actor = ADMIN) -> list[tuple[Any, ...]]:
    with connect(settings) as connection, connection.transaction():
        connection.execute(SET_ACTOR, actor.settings(0))
        if as_of is not None:
            connection.execute(SET_MOMENT, {"moment": as_of.isoformat()})
        return connection.execute(text.encode()).fetchall()


def add(connection: Connection, local_id: str, code: str, name: str = "a") -> None:
    connection.execute(
        "INSERT INTO building (source_id, local_id, name, block_code, geometry) VALUES "
        "('t', %s, %s, %s, ST_MakeEnvelope(120, 30, 120.001, 30.001, 4490)) "
        "ON CONFLICT (source_id, local_id) DO UPDATE SET name = EXCLUDED.name, block_code = EXCLUDED.block_code",
        (local_id, name, code),
    )


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "delete", "truncate", "twice"]),
        st.integers(0, 3), st.sampled_from(GRIDS), st.text("ab", max_size=2),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@given(edits=EDITS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_answer_can_be_had_again_after_any_edits(city: Settings, edits: list[tuple[str, int, str, str]]) -> None:
    answers: list[tuple[datetime, list[tuple[Any, ...]]]] = []
    with connect(city) as connection:
        for what, number, code, name in edits:
            if what == "truncate":
                connection.execute("TRUNCATE building")
            elif what == "delete":
                connection.execute("DELETE FROM building WHERE local_id = %s", (str(number),))
            else:
                add(connection, str(number), code, name)
                if what == "twice":
                    add(connection, str(number), code, name + "!")
            moment = now(connection)
            answers.append((moment, ask(city, ROWS)))
    for moment, answer in answers:
        assert ask(city, ROWS, moment) == answer


def test_what_was_not_yet_committed_was_not_there(city: Settings) -> None:
    with connect(city) as slow, connect(city) as clock:
        add(slow, "1", GRIDS[0], "before")
        slow.commit()
        add(slow, "1", GRIDS[0], "after")
        add(slow, "2", GRIDS[0])
        meanwhile = now(clock)
        slow.commit()
        later = now(clock)
    assert [row[2] for row in ask(city, ROWS, meanwhile)] == ["before"]
    assert [row[2] for row in ask(city, ROWS, later)] == ["after", "a"]


def test_the_past_is_seen_by_whom_it_concerns(city: Settings) -> None:
    with connect(city) as connection:
        add(connection, "1", GRIDS[0])
        then = now(connection)
        connection.execute("DELETE FROM building")
        connection.commit()
    west, east = Actor("grid_manager", (WEST,), 3), Actor("grid_manager", (EAST,), 3)
    public = Actor("public", (), 1)
    assert [len(ask(city, ROWS, then, actor)) for actor in (ADMIN, west, east, public)] == [1, 1, 0, 0]
    assert ask(city, ROWS) == []


def test_a_feature_of_two_blocks_was_seen_from_both_while_it_met_them(city: Settings) -> None:
    with connect(city) as connection:
        add(connection, "1", grid_code(1, 0))
        connection.execute("UPDATE building SET spans_blocks = true")
        for code in (grid_code(1, 0), grid_code(2, 0)):
            connection.execute(
                "INSERT INTO feature_block (kind, feature_id, block_code, share) "
                "SELECT 'building', id, %s, 0.5 FROM building", (code,),
            )  # fmt: skip
        then = now(connection)
        connection.execute("DELETE FROM building")
        connection.commit()
    east = Actor("grid_manager", (EAST,), 3)
    assert len(ask(city, ROWS, then, east)) == 1
    assert len(ask(city, "SELECT * FROM feature_block", then, east)) == 1


def test_a_box_in_the_past_is_found_by_index(city: Settings) -> None:
    with connect(city) as connection:
        connection.execute(
            "INSERT INTO building (source_id, local_id, block_code, geometry) SELECT 't', n, %s, "
            "ST_MakeEnvelope(120 + n * 1e-5, 30, 120.00001 + n * 1e-5, 30.00001, 4490) FROM generate_series(1, 3000) n",
            (GRIDS[0],),
        )
        connection.commit()
        connection.execute("UPDATE building SET name = 'x'")
        then = now(connection)
        connection.execute("ANALYZE")
        connection.commit()
    plan = "\n".join(
        row[0]
        for row in ask(
            city, "EXPLAIN SELECT * FROM building WHERE geometry && ST_MakeEnvelope(120, 30, 120.0001, 30.1, 4490)",
            then, Actor("grid_manager", (WEST,), 3),
        )
    )  # fmt: skip
    assert "building_geometry_idx" in plan
    assert "building_history_geometry_idx" in plan
