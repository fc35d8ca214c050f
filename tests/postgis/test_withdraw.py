# SPDX-License-Identifier: Apache-2.0
"""Taking a load back: what it brought goes, what it replaced returns, what others did since stays."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pytest
import shapely

from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from ingest.withdraw import preview_withdrawal, withdraw_load
from tests.toy import grid_code, load_toy, point_in
from twin.crs import parse_crs
from twin.database import connect, transaction
from twin.errors import ConflictError, NotFoundError
from twin.settings import Settings

ROWS = (
    "SELECT local_id, name, block_code, spans_blocks, ST_AsText(geometry), "
    "(SELECT string_agg(block_code || ' ' || round(share::numeric, 6), ',' ORDER BY block_code) FROM feature_block "
    "WHERE kind = 'industrial_park' AND feature_id = industrial_park.id) FROM industrial_park ORDER BY local_id"
)


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def load(settings: Settings, parks: dict[str, tuple[str, float]]) -> int:
    """Parks by id, with their name and the column they lie at; at .9 and more they reach into the next grid."""
    frame = gpd.GeoDataFrame(
        {"local_id": list(parks), "name": [name for name, _ in parks.values()]},
        geometry=[
            shapely.box(point_in(x, 0.2).x, point_in(x, 0.2).y, point_in(x + 0.3, 0.2).x, point_in(x, 0.4).y)
            for _, x in parks.values()
        ],
        crs=4490,
    )
    frame.index = range(1, len(frame) + 1)
    report = LoadReport("parks", "test")
    with transaction(settings) as connection:
        load_frames(connection, [frame], KINDS["parks"], parse_crs("EPSG:4490"), report, actor="test")
    assert report.load_id is not None
    return report.load_id


def rows(settings: Settings) -> list[tuple[Any, ...]]:
    with connect(settings) as connection:
        return connection.execute(ROWS).fetchall()


def facts(settings: Settings) -> list[tuple[Any, ...]]:
    with connect(settings) as connection:
        return connection.execute(
            "SELECT block_code, measure, round(value::numeric, 3) FROM block_fact ORDER BY 1, 2"
        ).fetchall()


def test_a_first_load_goes_without_a_trace(city: Settings) -> None:
    number = load(city, {"a": ("A", 0.1), "b": ("B", 0.9)})
    with transaction(city) as connection:
        plan = preview_withdrawal(connection, number)
        assert (plan.removed, plan.restored, plan.superseded, plan.edited) == (2, 0, 0, 0)
        assert withdraw_load(connection, number, "test") == plan
    assert rows(city) == []
    assert facts(city) == []


def test_what_a_load_replaced_comes_back_as_it_was(city: Settings) -> None:
    load(city, {"a": ("A", 0.1), "b": ("B", 0.9), "c": ("C", 2.1)})
    before, counted = rows(city), facts(city)
    number = load(city, {"a": ("A2", 2.9), "b": ("B2", 0.1), "c": ("C", 2.1), "d": ("D", 3.1)})
    assert rows(city) != before
    with transaction(city) as connection:
        done = withdraw_load(connection, number, "test")
    assert (done.removed, done.restored) == (1, 2)
    assert rows(city) == before
    assert facts(city) == counted


def test_what_a_later_load_wrote_stays(city: Settings) -> None:
    load(city, {"a": ("A", 0.1)})
    second = load(city, {"a": ("A2", 0.1), "b": ("B", 1.1)})
    load(city, {"a": ("A3", 0.1)})
    with transaction(city) as connection:
        done = withdraw_load(connection, second, "test")
    assert (done.removed, done.restored, done.superseded) == (1, 0, 1)
    assert [row[1] for row in rows(city)] == ["A3"]


def test_edits_since_are_counted_before_they_are_lost(city: Settings) -> None:
    number = load(city, {"a": ("A", 0.1), "b": ("B", 1.1)})
    with transaction(city) as connection:
        connection.execute("UPDATE industrial_park SET name = 'by hand' WHERE local_id = 'a'")
    with transaction(city) as connection:
        assert preview_withdrawal(connection, number).edited == 1


def test_a_load_is_taken_back_once_and_must_exist(city: Settings) -> None:
    number = load(city, {"a": ("A", 0.1)})
    with transaction(city) as connection:
        withdraw_load(connection, number, "test")
    with transaction(city) as connection, pytest.raises(ConflictError, match="already"):
        withdraw_load(connection, number, "test")
    with transaction(city) as connection, pytest.raises(NotFoundError):
        preview_withdrawal(connection, number + 100)


def test_homes_are_those_of_todays_blocks(city: Settings) -> None:
    load(city, {"a": ("A", 0.1)})
    second = load(city, {"a": ("A", 2.1)})
    with transaction(city) as connection:
        # The grid that the first place lies in is another's by now.
        connection.execute("UPDATE block SET code = %s WHERE code = %s", (f"{grid_code(0, 0)[:-2]}77", grid_code(0, 0)))
        withdraw_load(connection, second, "test")
    assert [row[2] for row in rows(city)] == [f"{grid_code(0, 0)[:-2]}77"]


def test_what_a_withdrawn_load_had_does_not_come_back(city: Settings) -> None:
    first = load(city, {"a": ("A", 0.1)})
    second = load(city, {"a": ("A2", 1.1)})
    for number, counts in ((first, (0, 0, 1)), (second, (1, 0, 0))):
        with transaction(city) as connection:
            done = withdraw_load(connection, number, "test")
        assert (done.removed, done.restored, done.superseded) == counts
    assert rows(city) == []
