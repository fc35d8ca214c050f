# SPDX-License-Identifier: Apache-2.0
"""The built pages, served over a district of their own, in a real browser."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright
from psycopg import sql

from tests.api.district import build_district
from tests.api.server import City, serve
from tests.viewer.visit import Visit
from twin.cluster import Cluster
from twin.settings import Settings

VIEWER = Path(__file__).parents[2] / "viewer" / "dist"

# WebGL by software: the same picture on a machine without a graphics card.
FLAGS = [
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
    "--hide-scrollbars", "--force-color-profile=srgb", "--disable-dev-shm-usage",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all; every visit has a context of its own."""
    program = os.environ.get("TWIN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "no Chromium: run `make test`, or name one in TWIN_CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shown_city(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A served district with the built pages. Tests may add incidents to it, and change nothing else."""
    assert (VIEWER / "wall" / "index.html").is_file(), "the pages are not built: run `make viewer`"
    name = f"twin_test_{uuid.uuid4().hex[:12]}"
    settings = Settings(
        database_url=cluster.url(name), data_dir=tmp_path_factory.mktemp("shown"), viewer_dir=VIEWER, pool_size=3
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


@pytest.fixture
def visit(browser: Browser, shown_city: City) -> Iterator[Callable[..., Visit]]:
    """Opens a page as a role; at the end no visit may have asked another host for anything."""
    opened: list[Visit] = []

    def open_page(path: str, role: str | None, *, width: int = 800, height: int = 480) -> Visit:
        token = None if role is None else shown_city.tokens[role]
        made = Visit(browser.new_context(viewport={"width": width, "height": height}), shown_city.url)
        opened.append(made)
        made.open(path, token)
        return made

    yield open_page
    for made in opened:
        made.context.close()
        assert made.outside == []
