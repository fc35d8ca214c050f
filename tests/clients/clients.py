# SPDX-License-Identifier: Apache-2.0
"""What the tests of the clients have in common: what the tables say, and GDAL in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import shapely

from layers.registry import load_layers
from tests.api.server import City

SHOPS = "shops"
"""The business layer of the served district."""
LAYERS = (*load_layers(), SHOPS)

SITE = "http://localhost:8765"
"""Another origin than the server's, whose pages may ask it; nobody listens there."""

_READ_SHOPS = """
    SELECT id, ST_AsBinary(geometry), jsonb_build_object('name', name, 'block_code', block_code) || attributes
    FROM business_feature WHERE layer_code = 'shops'
"""


def eventually(met: Callable[[], Any], what: str) -> Any:
    """What `met` gives, once it gives something."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := met():
            return found
        time.sleep(0.05)
    return pytest.fail(f"{what} did not come about")


def read_stored(city: City, layer_id: str) -> dict[int, tuple[shapely.Geometry | None, dict[str, Any]]]:
    """Every feature of a layer as the tables have it: its geometry in degrees and its columns, by id."""
    statement = _READ_SHOPS if layer_id == SHOPS else (
        "SELECT id, ST_AsBinary(geometry), to_jsonb(layer) - 'geometry' - 'id' "
        f"FROM ({load_layers()[layer_id].sql}) AS layer"
    )  # fmt: skip
    found: dict[int, tuple[shapely.Geometry | None, dict[str, Any]]] = {}
    for number, wkb, columns in city.execute(statement):
        assert isinstance(number, int) and isinstance(columns, dict)
        found[number] = (shapely.from_wkb(wkb) if isinstance(wkb, bytes) else None, columns)
    return found


def ask_gdal(city: City, asked: list[dict[str, Any]], who: str | None = "admin") -> list[dict[str, Any]]:
    """What `gdal_reading.py` answers, which shows a token with every request."""
    return watch_gdal(city, asked, who)[0]


def watch_gdal(
    city: City, asked: list[dict[str, Any]], who: str | None = "admin"
) -> tuple[list[dict[str, Any]], list[str]]:
    """The same, and the addresses that it fetched on the way."""
    # Not GDAL_HTTP_HEADERS: this driver sends headers of its own instead of those.
    signed = {} if who is None else {"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": city.tokens[who]}
    told = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("gdal_reading.py"))], input=json.dumps(asked), text=True,
        capture_output=True, timeout=120, check=False, env={**os.environ, **signed, "CPL_DEBUG": "HTTP"},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr[-2000:]
    return json.loads(told.stdout), [unquote(url) for url in re.findall(r"Fetch\((http\S+)\)", told.stderr)]
