# SPDX-License-Identifier: Apache-2.0
"""The change log: any writer's commit is told, once, in commit order, under old and new place."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.toy import grid_code, load_toy
from twin.database import Connection, connect
from twin.settings import Settings

A, B = grid_code(0, 0), grid_code(3, 3)


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def changes(connection: Connection, after: int = 0) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT seq, layer, op, block_code, access_class, ids FROM change WHERE seq > %s AND layer <> 'blocks' "
        "ORDER BY seq",
        (after,),
    ).fetchall()


def insert(connection: Connection, local_id: str, code: str, x: float = 120.0) -> int:
    row = connection.execute(
        "INSERT INTO incident (source_id, local_id, block_code, geometry) "
        "VALUES ('t', %s, %s, ST_SetSRID(ST_MakePoint(%s, 30), 4490)) RETURNING id",
        (local_id, code, x),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_insert_update_and_delete_are_told_with_block_class_and_ids(city: Settings) -> None:
    with connect(city) as connection:
        number = insert(connection, "1", A)
        connection.commit()
        connection.execute("UPDATE incident SET severity = 1 WHERE id = %s", (number,))
        connection.commit()
        connection.execute("DELETE FROM incident WHERE id = %s", (number,))
        connection.commit()
        told = [row[1:] for row in changes(connection)]
    assert told == [("incidents", op, A, 2, [number]) for op in ("insert", "update", "delete")]


def test_a_row_that_moves_is_told_where_it_was_and_where_it_is(city: Settings) -> None:
    with connect(city) as connection:
        insert(connection, "1", A)
        connection.commit()
        connection.execute("UPDATE incident SET block_code = %s, access_class = 1", (B,))
        connection.commit()
        assert {(row[3], row[4]) for row in changes(connection)[1:]} == {(A, 2), (B, 1)}


def test_conflict_merge_copy_and_cascade_are_told(city: Settings) -> None:
    with connect(city) as connection:
        number = insert(connection, "1", A)
        connection.execute(
            "INSERT INTO incident (source_id, local_id, block_code) VALUES ('t', '1', %s), ('t', '2', %s) "
            "ON CONFLICT (source_id, local_id) DO UPDATE SET severity = 3",
            (A, A),
        )
        connection.execute(
            "MERGE INTO incident USING (VALUES ('2')) AS new(local_id) ON incident.local_id = new.local_id "
            "WHEN MATCHED THEN UPDATE SET severity = 2"
        )
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY incident (source_id, local_id, block_code) FROM STDIN") as copy,
        ):
            copy.write_row(("t", "3", A))
        connection.commit()
        told = [(row[2], row[5]) for row in changes(connection)]
    assert told == [
        ("insert", [number]), ("insert", [number + 2]), ("update", [number]), ("update", [number + 2]),
        ("insert", [number + 3]),
    ] or sorted(op for op, _ids in told) == ["insert", "insert", "insert", "update", "update"]  # fmt: skip


def test_truncate_marks_the_layer(city: Settings) -> None:
    with connect(city) as connection:
        connection.execute("TRUNCATE incident")
        connection.commit()
        assert [row[1:4] for row in changes(connection)] == [("incidents", "truncate", "")]


def test_numbers_follow_commits_not_statements(city: Settings) -> None:
    with connect(city) as slow, connect(city) as quick, connect(city) as reader:
        insert(slow, "slow", A)
        insert(quick, "quick", B)
        quick.commit()
        seen = changes(reader)
        assert [row[3] for row in seen] == [B]
        reader.commit()
        slow.commit()
        later = changes(reader, after=seen[-1][0])
        assert [row[3] for row in later] == [A], "what commits later is numbered later, so nobody misses it"


def test_a_rolled_back_statement_is_not_told(city: Settings) -> None:
    with connect(city) as connection:
        insert(connection, "1", A)
        connection.rollback()
        assert changes(connection) == []


def test_a_load_of_many_blocks_is_told_by_streets(city: Settings) -> None:
    with connect(city) as connection:
        connection.execute(
            "INSERT INTO incident (source_id, local_id, block_code) "
            "SELECT 't', n::text, '999901001' || lpad(n::text, 5, '0') FROM generate_series(1, 900) AS n"
        )
        connection.commit()
        told = changes(connection)
    assert [(row[3], row[5]) for row in told] == [("999901001", None)]


def test_a_feature_that_meets_another_block_is_told_there_too(city: Settings) -> None:
    with connect(city) as connection:
        row = connection.execute(
            "INSERT INTO urban_village (source_id, local_id, block_code, spans_blocks, geometry) "
            "VALUES ('t', 'v', %s, true, ST_SetSRID(ST_MakeEnvelope(120, 30, 120.1, 30.1), 4490)) RETURNING id",
            (A,),
        ).fetchone()
        assert row is not None
        connection.execute("INSERT INTO feature_block VALUES ('urban_village', %s, %s, 0.4)", (row[0], B))
        connection.commit()
        assert {r[3] for r in changes(connection)} == {A, B}
        last = changes(connection)[-1][0]
        connection.execute("UPDATE urban_village SET hazards = 1")
        connection.commit()
        assert {(r[2], r[3]) for r in changes(connection, last)} == {("update", A), ("update", B)}
        last = changes(connection)[-1][0]
        connection.execute("DELETE FROM urban_village")
        connection.commit()
        assert {(r[2], r[3]) for r in changes(connection, last)} == {("delete", A), ("delete", B)}
        assert connection.execute("SELECT count(*) FROM feature_block").fetchone() == (0,)


def test_every_commit_notifies_and_a_rollback_does_not(city: Settings) -> None:
    with connect(city, autocommit=True) as listener, connect(city) as writer:
        listener.execute("LISTEN twin_change")
        insert(writer, "1", A)
        writer.rollback()
        insert(writer, "2", A)
        writer.commit()
        assert len(list(listener.notifies(timeout=2, stop_after=1))) == 1
        assert list(listener.notifies(timeout=0.2)) == []


def test_an_incident_keeps_the_block_it_was_accepted_in(city: Settings) -> None:
    with connect(city) as connection:
        insert(connection, "1", A)
        connection.execute("UPDATE incident SET block_code = %s", (B,))
        assert connection.execute("SELECT block_code, block_code_then FROM incident").fetchone() == (B, A)


def test_only_the_storage_crs_enters(city: Settings) -> None:
    with connect(city) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO incident (source_id, local_id, block_code, geometry) "
            "VALUES ('t', '1', %s, ST_SetSRID(ST_MakePoint(120, 30), 4326))",
            (A,),
        )
