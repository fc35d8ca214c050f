# SPDX-License-Identifier: Apache-2.0
"""311 files that nobody shaped for us, through the command's own path."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.source import Options, RefusedLoadError, find_source
from tests.toy import load_toy
from twin.database import connect
from twin.settings import Settings


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


def test_new_york_loads_with_every_row_accounted_for(city: Settings, real_data: Path) -> None:
    path = real_data / "incidents" / "nyc311" / "nyc311_first600.csv"
    source = find_source("incidents")
    options = Options(crs="EPSG:4326", mapping="nyc311")
    first = source.load(city, path, options)
    assert first.read == first.kept + first.rejected == 600
    assert first.unplaced > 0 and first.outside == first.kept - first.unplaced
    again = source.load(city, path, options)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, first.kept)
    with connect(city) as connection:
        assert connection.execute("SELECT count(*) FROM incident WHERE block_code <> '~'").fetchone() == (0,)
        row = connection.execute("SELECT count(*), count(DISTINCT event_type) FROM incident").fetchone()
        assert row is not None and row[0] == first.kept and row[1] > 10
        types = connection.execute("SELECT count(*) FROM event_type WHERE scheme = 'nyc311'").fetchone()
        assert types == (row[1],)


@pytest.mark.parametrize(
    ("name", "kept", "rejected"),
    [("boston311-100.csv", 100, 0), ("boston311-dmy-100.csv", 100, 0), ("boston311-100-20dupes-random.csv", 80, 20)],
)
def test_boston_loads_by_detection(city: Settings, real_data: Path, name: str, kept: int, rejected: int) -> None:
    path = real_data / "incidents" / "boston311" / name
    report = find_source("incidents").load(city, path, Options(crs="EPSG:4326", time_zone="America/New_York"))
    assert (report.kept, report.rejected) == (kept, rejected)


def test_the_same_case_has_the_same_time_in_both_notations(city: Settings, real_data: Path) -> None:
    times: list[list[tuple[object, ...]]] = []
    for name in ("boston311-100.csv", "boston311-dmy-100.csv"):
        path = real_data / "incidents" / "boston311" / name
        find_source("incidents").load(city, path, Options(crs="EPSG:4326", source_id=name))
        with connect(city) as connection:
            times.append(
                connection.execute(
                    "SELECT local_id, occurred_at, closed_at FROM incident WHERE source_id = %s ORDER BY local_id",
                    (name,),
                ).fetchall()
            )
    assert times[0] == times[1]


def test_san_francisco_is_checked_without_a_mapping(city: Settings, real_data: Path) -> None:
    path = real_data / "incidents" / "sf_incidents-small.csv"
    report = find_source("incidents").check(city, path, Options(crs="EPSG:4326"))
    assert report.read == report.kept + report.rejected == 499
    assert report.mapping is not None and report.mapping["occurred_at"] == "DateTime"


def test_a_table_without_a_declared_crs_is_refused(city: Settings, real_data: Path) -> None:
    path = real_data / "incidents" / "nyc311" / "nyc311-100.csv"
    with pytest.raises(RefusedLoadError, match="declare it with --crs"):
        find_source("incidents").load(city, path, Options(mapping="nyc311"))
