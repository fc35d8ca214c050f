# SPDX-License-Identifier: Apache-2.0
"""The demo at full scale, from nothing to a district that answers."""

from __future__ import annotations

import pytest

from ingest.demo.load import load_demo
from layers.registry import load_layers
from tests.tile_budget import check_tiles
from twin.database import connect
from twin.settings import Settings
from twin.text import Text

_COUNTS = {
    "block": 5_001,
    "building": 170_000,
    "industrial_park": 1_403,
    "urban_village": 430,
    "incident": 360_900,
    "legal_entity": 200_000,
    "component": 60_000,
    "parcel": 4_900,
    "model": 4,
}


@pytest.mark.timeout(1200)
def test_the_whole_district_loads_once_and_says_how_far_it_is(database: Settings) -> None:
    steps: list[tuple[Text, float]] = []
    tokens = load_demo(database, "district", lambda step, fraction: steps.append((step, fraction)))
    fractions = [fraction for _, fraction in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and len(set(steps)) > 20
    assert set(tokens) >= {"wall", "steward", "grid_manager"}
    with connect(database) as connection:
        for table, count in _COUNTS.items():
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,), table
        levels = connection.execute("SELECT level, count(*) FROM block GROUP BY level ORDER BY level").fetchall()
        assert levels == [(1, 1), (2, 10), (3, 124), (4, 4_866)]
        row = connection.execute("SELECT count(DISTINCT building_id), count(*) FROM unit").fetchone()
        assert row is not None and row[0] == 9_600 and 250_000 < row[1] < 400_000
        # What blocks add up to is what a recount gives, at the top and in every grid.
        facts = "SELECT block_code, value FROM block_fact WHERE measure = 'buildings.count' AND length(block_code) = {}"
        district = connection.execute(facts.format(6)).fetchall()
        assert len(district) == 1 and district[0][1] == 170_000
        assert dict(connection.execute(facts.format(14)).fetchall()) == dict(
            connection.execute("SELECT block_code, count(*) FROM building WHERE length(block_code) = 14 GROUP BY 1")
        )
        # No tile is huge, no feature is lost, at any zoom of any layer.
        problems = [problem for layer in load_layers().values() for problem in check_tiles(connection, layer)]
        assert problems == []
        before = connection.execute("SELECT max(seq), (SELECT max(id) FROM load) FROM change").fetchone()
    assert load_demo(database, "district", lambda *_: None) == tokens
    with connect(database) as connection:
        assert connection.execute("SELECT max(seq), (SELECT max(id) FROM load) FROM change").fetchone() == before
