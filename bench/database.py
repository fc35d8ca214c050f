# SPDX-License-Identifier: Apache-2.0
"""A database for one benchmark in the embedded cluster; dropped at the end, whatever happened."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from twin.cluster import find_cluster, start_cluster, stop_cluster
from twin.database import ensure_database, upgrade_database
from twin.settings import Settings


@contextmanager
def own_database() -> Generator[Settings]:
    """Settings of a fresh, migrated database; the cluster is stopped again if it was down before."""
    settings = Settings(database_url=None, database_name=f"twin_bench_{uuid.uuid4().hex[:8]}")
    cluster = find_cluster(settings)
    was_started = start_cluster(cluster)
    try:
        ensure_database(settings)
        upgrade_database(settings)
        yield settings
    finally:
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
            name = sql.Identifier(settings.database_name)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        if was_started:
            stop_cluster(cluster)
