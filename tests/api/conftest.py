# SPDX-License-Identifier: Apache-2.0
"""Served districts: one that nobody changes for reading, and one of its own for a test that writes."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.api.district import build_district
from tests.api.server import City, serve
from twin.cluster import Cluster
from twin.settings import Settings


@pytest.fixture(scope="session")
def city(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A served district for tests that only read."""
    yield from serve_clone(cluster, template, tmp_path_factory.mktemp("city"))


@pytest.fixture
def live_city(cluster: Cluster, template: str, tmp_path: Path) -> Iterator[City]:
    """A served district for a test that changes it."""
    yield from serve_clone(cluster, template, tmp_path)


def serve_clone(cluster: Cluster, template: str, folder: Path, **more: Any) -> Generator[City]:
    """A district of its own in a clone of the template, served until the generator is closed; `more` are settings."""
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    settings = Settings(
        database_url=cluster.url(name), data_dir=folder / "data", viewer_dir=folder / "viewer", pool_size=3, **more
    )
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            with serve(settings, build_district(settings)) as served:
                yield served
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
