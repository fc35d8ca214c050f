# SPDX-License-Identifier: Apache-2.0
"""Very many rows for an empty table: quicker, and otherwise as if they had come one by one."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from ingest.kind import KINDS
from ingest.load import load_frames
from ingest.report import LoadReport
from tests.toy import load_toy, point_in
from twin.crs import parse_crs
from twin.database import connect, transaction
from twin.errors import RefusedError
from twin.settings import Settings

_SCHEMA = """
    SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'building'::regclass
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'building'::regclass
    UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger WHERE tgrelid = 'building'::regclass
    ORDER BY 1
"""

_CONTENT = (
    "SELECT local_id, block_code, spans_blocks, ST_AsText(geometry), attributes FROM {} ORDER BY local_id",
    "SELECT local_id, meets.block_code, share FROM {} AS feature JOIN feature_block AS meets "
    "ON meets.feature_id = feature.id ORDER BY 1, 2",
    "SELECT block_code, measure, period::text, dimension, access_class, round(value::numeric, 3), rows "
    "FROM block_fact ORDER BY 1, 2, 3, 4, 5",
    "SELECT layer, op, block_code, access_class, ST_AsText(envelope), cardinality(ids) FROM change "
    "WHERE layer <> 'blocks' AND op = 'insert' "
    "AND seq > (SELECT coalesce(max(seq), 0) FROM change WHERE op = 'truncate') ORDER BY 1, 2, 3, 4",
    "SELECT scheme, code, name FROM event_type ORDER BY 1, 2",
)


@pytest.fixture
def city(database: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The toy district, where a dozen rows are very many and come in portions of twenty."""
    load_toy(database)
    monkeypatch.setattr("ingest.stage.BULK_ROWS", 12)
    monkeypatch.setattr("ingest.load._PORTION_ROWS", 20)
    return database


def make_buildings(count: int = 50) -> gpd.GeoDataFrame:
    """Squares along a diagonal, some of them over a border, some beyond the district."""
    corners = [point_in(0.05 + n * 0.09, 0.1 + (n % 7) * 0.3).coords[0] for n in range(count)]
    boxes = [shapely.box(x, y, x + 0.0004, y + 0.0004) for x, y in corners]
    rows = {
        "local_id": [f"b{n:03d}" for n in range(count)],
        "gross_floor_area": np.arange(count) * 10.0,
        "colour": "red",
    }
    return gpd.GeoDataFrame(rows, geometry=boxes, index=range(1, count + 1))


def make_incidents(count: int = 50) -> gpd.GeoDataFrame:
    """Points, and an order without a place."""
    points = [None, *(point_in(0.05 + n * 0.09, 0.5) for n in range(1, count))]
    rows = {"local_id": [f"i{n:03d}" for n in range(count)], "event_scheme": "toy",
            "event_type": [f"type {n % 3}" for n in range(count)], "occurred_at": "2026-05-01T08:00:00Z"}  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry=points, index=range(1, count + 1))


def load(settings: Settings, kind: str, rows: gpd.GeoDataFrame) -> LoadReport:
    with transaction(settings) as connection:
        return load_frames(connection, [rows], KINDS[kind], parse_crs("EPSG:4490"), LoadReport(kind, "t"), actor="test")


def read(settings: Settings, *queries: str) -> list[Any]:
    with connect(settings) as connection:
        return [connection.execute(query).fetchall() for query in queries]


@pytest.mark.parametrize(("kind", "make"), [("buildings", make_buildings), ("incidents", make_incidents)])
def test_many_rows_at_once_leave_what_few_at_a_time_leave(
    city: Settings, kind: str, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = KINDS[kind].table.name
    content = [query.format(table) for query in _CONTENT]
    schema = read(city, _SCHEMA)
    at_once = load(city, kind, make())
    assert (at_once.inserted, at_once.updated, at_once.unchanged) == (50, 0, 0)
    assert read(city, _SCHEMA) == schema
    after = read(city, *content)
    assert all(after[:1]) and after[2] and after[3]
    with connect(city) as connection:
        connection.execute(f"TRUNCATE {table}, feature_block")
        connection.execute("DELETE FROM event_type")
        connection.commit()
    monkeypatch.setattr("ingest.stage.BULK_ROWS", 1_000)
    one_by_one = load(city, kind, make())
    assert read(city, *content) == after
    assert one_by_one.as_dict() | {"seconds": 0, "load_id": 0} == at_once.as_dict() | {"seconds": 0, "load_id": 0}


def test_many_rows_for_a_table_that_has_some_meet_their_earlier_versions(city: Settings) -> None:
    rows = make_buildings()
    load(city, "buildings", rows.iloc[:30])
    rows.loc[3, "colour"] = "blue"
    again = load(city, "buildings", rows)
    assert (again.inserted, again.updated, again.unchanged) == (20, 1, 29)


def test_an_id_of_an_earlier_portion_is_turned_away_by_its_row(city: Settings) -> None:
    rows = make_buildings()
    rows.loc[45, "local_id"] = "b001"
    report = load(city, "buildings", rows)
    assert (report.read, report.kept, [reject.row for reject in report.rejects]) == (50, 49, [45])


def test_a_load_that_is_refused_half_way_leaves_the_table_as_it_was(city: Settings) -> None:
    schema = read(city, _SCHEMA)
    rows = make_buildings()
    rows.loc[45, "geometry"] = shapely.box(512_000, 2_500_000, 512_020, 2_500_020)
    with pytest.raises(RefusedError):
        load(city, "buildings", rows)
    assert read(city, _SCHEMA, "SELECT count(*) FROM building") == [*schema, [(0,)]]


def test_whoever_reads_the_table_meanwhile_is_not_disturbed(city: Settings) -> None:
    with connect(city) as reader:
        assert reader.execute("SELECT count(*) FROM building").fetchone() == (0,)
        assert load(city, "buildings", make_buildings()).inserted == 50
        assert reader.execute("SELECT count(*) FROM building").fetchone() == (50,)


def test_duplicates_in_any_order_of_ids_are_found_and_what_they_span_goes_with_them(city: Settings) -> None:
    rows = make_buildings()
    # Ids out of order, so that no portion lies behind the one before it; and each of two rows has an earlier one's.
    rows["local_id"] = [f"b{(n * 17) % 50:03d}" for n in range(50)]
    rows.loc[[30, 50], "local_id"] = rows.loc[[4, 49], "local_id"].to_numpy()
    report = load(city, "buildings", rows)
    assert (report.kept, [reject.row for reject in report.rejects]) == (48, [30, 50])
    spanning, met = read(
        city,
        "SELECT local_id FROM building WHERE spans_blocks ORDER BY 1",
        "SELECT DISTINCT local_id FROM feature_block JOIN building ON id = feature_id ORDER BY 1",
    )
    assert spanning and spanning == met


def test_rows_are_numbered_in_the_files_order_and_later_ones_go_on_after_them(city: Settings) -> None:
    load(city, "buildings", make_buildings())
    more = make_buildings(51).iloc[50:]
    assert load(city, "buildings", more).inserted == 1
    numbered = read(city, "SELECT local_id, id - min(id) OVER () FROM building ORDER BY id")[0]
    assert numbered[:50] == [(f"b{n:03d}", n) for n in range(50)]
    assert numbered[50][1] >= 50


def test_a_unit_that_waits_for_its_building_gets_it_from_a_bulk_load_too(city: Settings) -> None:
    rows = make_buildings()
    rows["code"] = [f"h{n}" for n in range(50)]
    with transaction(city) as connection:
        connection.execute(
            "INSERT INTO unit (source_id, local_id, block_code, building_code) VALUES ('t', 'u', '~', 'h7')"
        )
    load(city, "buildings", rows)
    assert read(city, "SELECT building.local_id FROM unit JOIN building ON building.id = building_id") == [[("b007",)]]


def test_what_is_left_of_earlier_rows_in_their_blocks_keeps_a_load_on_the_ordinary_way(city: Settings) -> None:
    with transaction(city) as connection:
        connection.execute("INSERT INTO feature_block (kind, feature_id, block_code, share) "
                           "SELECT 'building', last_value + 1, '0', 1 FROM building_id_seq")  # fmt: skip
        assert connection.execute("SELECT begin_bulk('building')").fetchone() == (False,)
    assert load(city, "buildings", make_buildings()).inserted == 50
