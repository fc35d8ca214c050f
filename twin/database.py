# SPDX-License-Identifier: Apache-2.0
"""The door to the database: its URL, connections, creation, migration and start-up checks."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from twin import tracing
from twin.audit import SET_ASKER, asker_setting
from twin.cluster import find_cluster, is_running, start_cluster
from twin.errors import SetupError
from twin.settings import Settings
from twin.text import Text

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine

Connection = psycopg.Connection[TupleRow]


def database_url(settings: Settings) -> str:
    """The libpq URL of the twin's database, embedded or the operator's own."""
    if settings.database_url:
        return settings.database_url
    return find_cluster(settings).url(settings.database_name)


def connect(settings: Settings, *, autocommit: bool = False) -> Connection:
    """A connection as the owner, outside row-level security; only for jobs and commands.

    Raises SetupError where the server cannot be reached.
    """
    try:
        return psycopg.connect(database_url(settings), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise SetupError(
            Text(
                f"连接不上数据库:{error}。内嵌数据库请先运行 twin up;否则请检查 TWIN_DATABASE_URL。",
                f"The database cannot be reached: {error}. Run `twin up` for the embedded one, "
                "or check TWIN_DATABASE_URL.",
            )
        ) from error


@contextmanager
def transaction(settings: Settings) -> Generator[Connection]:
    """One transaction as the owner; committed at the end, rolled back on any error."""
    with tracing.open_span("transaction", "client"), connect(settings) as connection, connection.transaction():
        asker = asker_setting()
        if asker is not None:
            connection.execute(SET_ASKER, (asker,))
        yield connection


def ensure_database(settings: Settings) -> None:
    """Start the embedded cluster if it is ours and create the database if it is not there."""
    if settings.database_url:
        return
    cluster = find_cluster(settings)
    start_cluster(cluster)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (settings.database_name,)).fetchone()
        if row is None:
            name = sql.Identifier(settings.database_name)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def make_engine(url: str) -> Engine:
    """A SQLAlchemy engine over the one driver, without a pool: it serves migrations only."""
    from sqlalchemy import NullPool, create_engine

    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)


def alembic_config(url: str) -> Config:
    """Alembic over the migrations of this package."""
    # Only who migrates, or asks how far that is, waits for it: a second of every command's start.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade_database(settings: Settings) -> None:
    """Bring the database to the newest migration, as a superuser (see docs/operate.md).

    An update of PostGIS forgets that the overlap of boxes is leakproof, so that is said again each time; and
    the days of the facts follow the time zone of the settings.
    """
    from alembic import command

    command.upgrade(alembic_config(database_url(settings)), "head")
    with transaction(settings) as connection:
        connection.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF")
        connection.execute(
            "UPDATE calendar SET time_zone = %(zone)s WHERE time_zone <> %(zone)s", {"zone": settings.time_zone}
        )


@dataclass(frozen=True)
class DatabaseState:
    """What `/health` and the start-up check say of the database."""

    server: str
    postgis: str
    revision: str | None
    head: str | None
    is_leakproof: bool
    is_utf8: bool

    @property
    def is_current(self) -> bool:
        """Whether every migration has been applied."""
        return self.revision is not None and self.revision == self.head


def read_state(connection: Connection) -> DatabaseState:
    """Ask a connection how the database stands.

    `is_leakproof` says whether the planner may use spatial indexes under row-level security: an
    extension's update or a restore resets it, and then every bbox query scans its whole table.
    """
    row = connection.execute(
        """
        SELECT current_setting('server_version'),
               postgis_lib_version(),
               to_regclass('alembic_version') IS NOT NULL,
               (SELECT proleakproof FROM pg_proc
                WHERE oid = 'geometry_overlaps(geometry, geometry)'::regprocedure),
               current_setting('server_encoding') = 'UTF8'
        """
    ).fetchone()
    assert row is not None
    revision = None
    if row[2]:
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        revision = versions[0] if versions else None
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    return DatabaseState(str(row[0]), str(row[1]), revision, head, bool(row[3]), bool(row[4]))


def is_database_up(settings: Settings) -> bool:
    """Whether the embedded cluster runs; an operator's own is taken to be up."""
    return bool(settings.database_url) or is_running(find_cluster(settings))
