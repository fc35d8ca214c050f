# SPDX-License-Identifier: Apache-2.0
"""Migrations make what the models say, and start-up knows how the database stands."""

from __future__ import annotations

from alembic import command

from twin.database import alembic_config, connect, database_url
from twin.settings import Settings


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Settings) -> None:
    command.check(alembic_config(database_url(database)))


def test_every_table_has_row_level_security_or_is_a_public_list(database: Settings) -> None:
    with connect(database) as connection:
        rows = connection.execute(
            """
            SELECT relname FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT relrowsecurity
              AND relname !~ '^(procrastinate_|spatial_ref_sys|alembic_version)'
            """
        ).fetchall()
    lists = {"block_scheme", "calendar", "event_type", "layer_kind", "measure", "pillar", "target"}
    assert {row[0] for row in rows} == lists


def test_chinese_is_found_by_trigrams(database: Settings) -> None:
    with connect(database) as connection:
        row = connection.execute("SELECT similarity('新安街道第一社区', '新安街道第二社区') > 0.3").fetchone()
    assert row == (True,)


def test_a_client_of_postgis_finds_every_layer_with_its_crs(database: Settings) -> None:
    with connect(database) as connection:
        rows = connection.execute(
            """
            SELECT f_table_name, srid FROM geometry_columns
            WHERE f_table_schema = 'public' AND f_geometry_column = 'geometry'
              AND f_table_name IN (SELECT layer FROM layer_kind UNION SELECT relname FROM pg_class JOIN pg_trigger
                                   ON tgrelid = pg_class.oid WHERE tgname = 'change_insert')
            """
        ).fetchall()
    assert {"building", "block", "business_feature", "incident"} <= {row[0] for row in rows}
    assert {row[1] for row in rows} == {4490}
