# SPDX-License-Identifier: Apache-2.0
"""A database of an earlier revision with data in it, brought to the newest: every row is there and says the same."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from psycopg import sql

from tests.postgis.old_database import fill_old_database
from twin.backup import count_rows
from twin.cluster import Cluster
from twin.database import Connection, alembic_config, connect, database_url, read_state, upgrade_database
from twin.settings import Settings

_OWN = {"public.alembic_version"}

_MEANT = {"public.measure.access_class", "public.measure.trend_since"}
"""What a migration changes on purpose: of which class a figure is follows the rules of the program, and one of another
class is counted anew.
"""


@pytest.fixture
def old(cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    """A database at revision 0019, with a district in it."""
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    settings = Settings(database_url=cluster.url(name), data_dir=tmp_path / "data")
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            command.upgrade(alembic_config(database_url(settings)), "0019")
            fill_old_database(settings)
            yield settings
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def read_rows(connection: Connection, table: str, columns: list[str]) -> list[str]:
    """Every row of a table as text, of these columns."""
    schema, name = table.split(".")
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("SELECT ROW({})::text FROM {} ORDER BY 1").format(listed, sql.Identifier(schema, name))
    return [row[0] for row in connection.execute(query)]


def read_columns(connection: Connection) -> dict[str, list[str]]:
    rows = connection.execute(
        "SELECT table_schema || '.' || table_name, array_agg(column_name::text ORDER BY ordinal_position) "
        "FROM information_schema.columns WHERE table_schema NOT IN ('information_schema', 'pg_catalog') GROUP BY 1"
    ).fetchall()
    return dict(rows)


def test_an_upgrade_keeps_every_row_and_what_it_says(old: Settings) -> None:
    with connect(old) as connection:
        counts = count_rows(connection)
        assert counts["public.building_history"] == 1 and counts["public.incident_history"] == 1
        filled = [table for table, rows in counts.items() if rows and table not in _OWN]
        assert len(filled) > 20
        columns = read_columns(connection)
        said = {(table, name): read_rows(connection, table, [name]) for table in filled for name in columns[table]}
    upgrade_database(old)
    with connect(old) as connection:
        state = read_state(connection)
        assert state.is_current and state.is_leakproof
        after, now = count_rows(connection), read_columns(connection)
        assert {table: after.get(table) for table in filled} == {table: counts[table] for table in filled}
        changed = [
            f"{table}.{name}"
            for (table, name), rows in said.items()
            if name in now[table] and f"{table}.{name}" not in _MEANT and read_rows(connection, table, [name]) != rows
        ]
    assert changed == []
    # Run again, it changes nothing.
    upgrade_database(old)
    with connect(old) as connection:
        assert count_rows(connection) == after
