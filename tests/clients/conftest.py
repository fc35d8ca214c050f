# SPDX-License-Identifier: Apache-2.0
"""A served district that has something of every layer, for clients that somebody else wrote."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.api.conftest import serve_clone
from tests.api.server import City
from tests.clients.clients import SITE, eventually
from twin.cluster import Cluster
from twin.database import database_url

_EVERY_LAYER = Path(__file__).with_name("every_layer.sql")


def serve_every_layer(cluster: Cluster, template: str, folder: Path) -> Generator[City]:
    """A district of its own with rows in every layer, open to one other site, without a limit on the requests."""
    for served in serve_clone(
        cluster, template, folder, rate_limit_address=0, rate_limit_token=0, allowed_origins=SITE
    ):
        with psycopg.connect(database_url(served.settings), autocommit=True) as connection:
            connection.execute(_EVERY_LAYER.read_bytes())
        with served.client("admin") as admin:
            eventually(lambda: admin.get("/collections/shops").status_code == 200, "the business layer")
        yield served


@pytest.fixture(scope="session")
def city(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """For tests that only read."""
    yield from serve_every_layer(cluster, template, tmp_path_factory.mktemp(f"clients_{uuid.uuid4().hex[:6]}"))


@pytest.fixture
def live_city(cluster: Cluster, template: str, tmp_path: Path) -> Iterator[City]:
    """For a test that writes."""
    yield from serve_every_layer(cluster, template, tmp_path)
