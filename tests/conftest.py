# SPDX-License-Identifier: Apache-2.0
"""Real parts for every test: the embedded cluster, and a migrated database of its own for each test.

Tests run in two processes, one a core, each with whole files; what they share is made once.
"""

from __future__ import annotations

import functools
import hashlib
import os
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hypothesis
import psycopg
import pytest
from psycopg import sql

from twin.cluster import Cluster, find_cluster, start_cluster, stop_cluster
from twin.database import upgrade_database
from twin.settings import Settings

# How long an example takes says how busy the machine is, and nothing else.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Each client of httpx reads the bundle of certificates anew, which takes 40 ms; no test speaks TLS, and one will do.
ssl.create_default_context = functools.lru_cache(ssl.create_default_context)

_ROOT = Path(__file__).parent.parent
_MIGRATIONS = _ROOT / "twin" / "migrations"

_TEST_CLUSTER: Final = _ROOT / ".twin" / "test"
"""The data of the tests' own cluster, beside which the demo's may run."""

# A test's database is gone in a second: there is nothing in it that must survive the machine.
_OPTIONS: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


_STARTED = pytest.StashKey[Cluster]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that hands the tests out holds the cluster for those that run them."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        return
    cluster = find_cluster(Settings(data_dir=_TEST_CLUSTER))
    if start_cluster(cluster, _OPTIONS):
        config.stash[_STARTED] = cluster


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started; nobody else uses it by then."""
    cluster = config.stash.get(_STARTED, None)
    if cluster is not None:
        stop_cluster(cluster)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The embedded cluster; stopped at the end if this session started it."""
    found = find_cluster(Settings(data_dir=_TEST_CLUSTER))
    was_started = start_cluster(found, _OPTIONS)
    yield found
    if was_started:
        stop_cluster(found)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a migrated, empty database; made anew whenever a migration changes."""
    digest = hashlib.sha256()
    for path in sorted(_MIGRATIONS.rglob("*")):
        if path.suffix in {".py", ".sql"}:
            digest.update(path.read_bytes())
    name = f"twin_template_{digest.hexdigest()[:12]}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        # One process makes it, the other waits.
        connection.execute("SELECT pg_advisory_lock(hashtext('twin.template'))")
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if row is None:
            # Made under another name first: an interrupted run must not leave a half-made template.
            making = f"{name}_{uuid.uuid4().hex[:8]}"
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(making)))
            upgrade_database(Settings(database_url=cluster.url(making)))
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(name))
            )
    return name


@pytest.fixture
def database(cluster: Cluster, template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a fresh, migrated, empty database with a data directory of its own."""
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        yield Settings(database_url=cluster.url(name), data_dir=tmp_path / "data")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real files that nobody on the project wrote; a user's machine has none."""
    path = os.environ.get("TWIN_REAL_DATA")
    if not path:
        pytest.skip("TWIN_REAL_DATA is not set")
    return Path(path)
