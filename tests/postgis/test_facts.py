# SPDX-License-Identifier: Apache-2.0
"""Roll-ups stay right under any write: facts and what is not folded yet are what a recount gives, today and of
every day since there is a record."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.blocks.rehome import rehome_changed
from tests.toy import DISTRICT, grid_code, load_toy
from twin.blocks import BlockIndex
from twin.database import Connection, connect, transaction
from twin.settings import Settings

GRIDS: Final = [grid_code(column, row) for column in range(4) for row in range(4)]
WIDTHS: Final = (6, 9, 12, 14)

FACTS: Final = """
    SELECT block_code, measure, period::text, dimension, access_class, round(sum(value)::numeric, 3) FROM (
        SELECT block_code, measure, period, dimension, access_class, value FROM block_fact
        UNION ALL
        SELECT left(block_code, width), measure, period, dimension, access_class, value
        FROM block_fact_delta, unnest(ARRAY[6, 9, 12, 14]) AS width WHERE length(block_code) >= width
    ) AS both_of_them GROUP BY 1, 2, 3, 4, 5 HAVING round(sum(value)::numeric, 3) <> 0 ORDER BY 1, 2, 3, 4, 5
"""

# Written again, in other words than the database's own: no composed SQL, no shared function.
RECOUNT: Final = """
    WITH part AS (
        SELECT block_code, 'buildings.count' AS measure, '-infinity' AS period, '' AS dimension, access_class,
               1::float8 AS value FROM building
        UNION ALL
        SELECT block_code, 'buildings.floor_area', '-infinity', '', access_class, gross_floor_area FROM building
        WHERE NOT spans_blocks
        UNION ALL
        SELECT meets.block_code, 'buildings.floor_area', '-infinity', '', access_class, gross_floor_area * share
        FROM building JOIN feature_block AS meets ON meets.kind = 'building' AND feature_id = building.id
        WHERE spans_blocks
        UNION ALL
        SELECT block_code, 'incidents.count', '-infinity', '', access_class, 1 FROM incident
        UNION ALL
        SELECT block_code, 'incidents.open', '-infinity', '', access_class, 1 FROM incident WHERE state <> 'closed'
        UNION ALL
        SELECT block_code, 'incidents.open_by_severity', '-infinity', severity::text, access_class, 1 FROM incident
        WHERE state <> 'closed' AND severity IS NOT NULL
        UNION ALL
        SELECT block_code, 'incidents.by_day', (occurred_at AT TIME ZONE 'Asia/Shanghai')::date::text, '',
               access_class, 1
        FROM incident WHERE occurred_at IS NOT NULL
    )
    SELECT left(block_code, width) AS code, measure, period, dimension, access_class, round(sum(value)::numeric, 3)
    FROM part, unnest(ARRAY[6, 9, 12, 14]) AS width
    WHERE length(block_code) >= width AND block_code <> '~' AND value IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5 HAVING round(sum(value)::numeric, 3) <> 0 ORDER BY 1, 2, 3, 4, 5
"""


@pytest.fixture
def city(database: Settings) -> Settings:
    load_toy(database)
    return database


CODES = st.sampled_from([*GRIDS, DISTRICT, "~"])
EDITS = st.lists(
    st.one_of(
        st.tuples(
            st.just("building"), st.integers(0, 3), CODES, st.integers(1, 3),
            st.one_of(st.none(), st.integers(1, 900)), st.booleans(),
        ),
        st.tuples(
            st.just("incident"), st.integers(0, 3), CODES, st.sampled_from(["accepted", "closed"]),
            st.one_of(st.none(), st.integers(1, 4)), st.sampled_from(["2026-03-01T17:30Z", "2026-03-01T03:00Z", None]),
        ),
        st.tuples(st.just("meets"), st.integers(0, 3), st.lists(st.sampled_from(GRIDS), unique=True, max_size=3)),
        st.tuples(st.just("delete"), st.sampled_from(["building", "incident"]), st.integers(0, 3)),
        st.tuples(st.just("truncate"), st.sampled_from(["building", "incident", "feature_block"])),
        st.tuples(st.just("rehome"), st.sampled_from(GRIDS), st.sampled_from(GRIDS)),
        st.tuples(st.just("fold")),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def edit(connection: Connection, what: tuple[Any, ...]) -> None:
    match what:
        case ("building", number, code, access_class, area, spans):
            connection.execute(
                "INSERT INTO building (source_id, local_id, block_code, access_class, gross_floor_area, spans_blocks) "
                "VALUES ('t', %s, %s, %s, %s, %s) ON CONFLICT (source_id, local_id) DO UPDATE SET "
                "block_code = EXCLUDED.block_code, access_class = EXCLUDED.access_class, "
                "gross_floor_area = EXCLUDED.gross_floor_area, spans_blocks = EXCLUDED.spans_blocks",
                (str(number), code, access_class, area, spans),
            )
        case ("incident", number, code, state, severity, at):
            connection.execute(
                "INSERT INTO incident (source_id, local_id, block_code, state, severity, occurred_at) "
                "VALUES ('t', %s, %s, %s, %s, %s) ON CONFLICT (source_id, local_id) DO UPDATE SET "
                "block_code = EXCLUDED.block_code, state = EXCLUDED.state, severity = EXCLUDED.severity, "
                "occurred_at = EXCLUDED.occurred_at",
                (str(number), code, state, severity, at),
            )
        case ("meets", number, codes):
            for position, code in enumerate(codes):
                connection.execute(
                    "INSERT INTO feature_block (kind, feature_id, block_code, share) SELECT 'building', id, %s, %s "
                    "FROM building WHERE local_id = %s ON CONFLICT (kind, feature_id, block_code) "
                    "DO UPDATE SET share = EXCLUDED.share",
                    (code, (position + 1) / 10, str(number)),
                )
        case ("delete", table, number):
            connection.execute(f"DELETE FROM {table} WHERE local_id = %s".encode(), (str(number),))
        case ("truncate", table):
            connection.execute(f"TRUNCATE {table}".encode())
        case ("rehome", old, new):
            connection.execute("UPDATE building SET block_code = %s WHERE block_code = %s", (new, old))
            connection.execute("UPDATE incident SET block_code = %s WHERE block_code = %s", (new, old))
            connection.execute(
                "UPDATE feature_block SET block_code = %s WHERE block_code = %s AND NOT EXISTS (SELECT FROM "
                "feature_block AS other WHERE other.feature_id = feature_block.feature_id AND other.block_code = %s)",
                (new, old, new),
            )
        case _:
            connection.execute("SELECT fold_facts()")


# What the stocks were at the end of a day: what they are, less all that has changed since.
STOCKS: Final = """
    SELECT block_code, measure, access_class, round(sum(value)::numeric, 3) FROM (
        SELECT block_code, measure, access_class, value FROM block_fact WHERE period = '-infinity' AND dimension = ''
        UNION ALL
        SELECT left(block_code, width), measure, access_class, value
        FROM block_fact_delta, unnest(ARRAY[6, 9, 12, 14]) AS width
        WHERE length(block_code) >= width AND period = '-infinity' AND dimension = ''
        UNION ALL
        SELECT block_code, measure, access_class, -value FROM block_fact_change WHERE day > %(day)s
        UNION ALL
        SELECT left(block_code, width), measure, access_class, -value
        FROM block_fact_delta, unnest(ARRAY[6, 9, 12, 14]) AS width
        WHERE length(block_code) >= width AND period = '-infinity' AND dimension = ''
          AND local_day(recorded_at) > %(day)s
    ) AS known
    WHERE measure IN ('buildings.count', 'buildings.floor_area', 'incidents.count', 'incidents.open')
    GROUP BY 1, 2, 3 HAVING round(sum(value)::numeric, 3) <> 0 ORDER BY 1, 2, 3
"""


def date_back(connection: Connection, days: int) -> date:
    """Make what was recorded today recorded so many days ago; gives that day."""
    row = connection.execute("SELECT local_day(now()) - %s", (days,)).fetchone()
    assert row is not None
    connection.execute("UPDATE block_fact_change SET day = %s WHERE day = local_day(now())", (row[0],))
    connection.execute(
        "UPDATE block_fact_delta SET recorded_at = recorded_at - %s * interval '1 day' "
        "WHERE local_day(recorded_at) = local_day(now())",
        (days,),
    )
    return row[0]


@given(edits=EDITS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stocks_of_every_day_are_what_a_recount_gave_then(city: Settings, edits: list[tuple[Any, ...]]) -> None:
    with connect(city) as connection:
        connection.execute("TRUNCATE feature_block, building, incident")
        connection.execute("SELECT fold_facts()")
        connection.execute("TRUNCATE block_fact_change")
        counted: dict[date, list[tuple[Any, ...]]] = {}
        for number, what in enumerate(edits):
            edit(connection, what)
            connection.commit()
            day = date_back(connection, 100 - number)
            rows = connection.execute(RECOUNT).fetchall()
            counted[day] = [(r[0], r[1], r[4], r[5]) for r in rows if r[2] == "-infinity" and r[3] == ""]
            connection.commit()
        for day, rows in counted.items():
            assert connection.execute(STOCKS, {"day": day}).fetchall() == rows, day
        connection.execute("SELECT fold_facts()")
        for day, rows in counted.items():
            assert connection.execute(STOCKS, {"day": day}).fetchall() == rows, day


def changes(connection: Connection, measure: str) -> dict[str, float]:
    """What has been recorded as changed so far, by block."""
    connection.execute("SELECT fold_facts()")
    return dict(
        connection.execute(
            "SELECT block_code, sum(value) FROM block_fact_change WHERE measure = %s GROUP BY 1 HAVING sum(value) <> 0",
            (measure,),
        ).fetchall()
    )


def test_counting_anew_is_no_change_of_the_day(city: Settings) -> None:
    with transaction(city) as connection:
        edit(connection, ("building", 0, GRIDS[0], 2, 100, False))
        assert changes(connection, "buildings.count")[DISTRICT] == 1
        connection.execute("UPDATE measure SET trend_since = '2026-01-01' WHERE code LIKE 'buildings%'")
        connection.execute("UPDATE measure SET filter = filter, position = 7 WHERE code = 'buildings.count'")
        assert changes(connection, "buildings.count")[DISTRICT] == 1
        connection.execute("UPDATE measure SET filter = 'height IS NULL' WHERE code = 'buildings.count'")
        assert changes(connection, "buildings.count") == {}
        since = dict(connection.execute("SELECT code, trend_since = local_day(now()) FROM measure").fetchall())
        assert since["buildings.count"] is True
        assert since["buildings.floor_area"] is False
        assert changes(connection, "buildings.floor_area")[DISTRICT] == 100
        connection.execute("DELETE FROM measure WHERE code = 'buildings.floor_area'")
        assert changes(connection, "buildings.floor_area") == {}


def test_a_renumbered_block_takes_its_past_along_below_another_parent_too(city: Settings) -> None:
    here, there = grid_code(0, 0), grid_code(3, 3)
    with transaction(city) as connection:
        edit(connection, ("building", 0, here, 2, 100, False))
        edit(connection, ("building", 1, there, 2, 300, False))
    with transaction(city) as connection:
        before = changes(connection, "buildings.floor_area")
        assert before[here[:9]] == 100
        new = f"{there[:12]}77"
        index = BlockIndex.read(connection)
        rehome_changed(connection, {here: new, there: here}, {}, index)
        after = changes(connection, "buildings.floor_area")
    assert (after[new], after[here]) == (100, 300)
    assert (after[new[:12]], after[here[:12]]) == (100, 300)
    assert (after[new[:9]], after[here[:9]], after[DISTRICT]) == (100, 300, 400)
    assert there not in after
    with connect(city) as connection:
        assert connection.execute(FACTS).fetchall() == connection.execute(RECOUNT).fetchall()


def test_what_blocks_have_recorded_since_goes_through_renumberings_and_ends_at_a_split(city: Settings) -> None:
    def since(connection: Connection, code: str) -> Any:
        row = connection.execute("SELECT local_day(now()) - recorded_since(ARRAY[%s])", (code,)).fetchone()
        assert row is not None
        return row[0]

    old, split = grid_code(0, 0), grid_code(1, 0)
    with transaction(city) as connection:
        connection.execute("ALTER TABLE block DISABLE TRIGGER USER")
        connection.execute("UPDATE block SET recorded_at = now() - interval '50 days', valid_from = '2020-01-01Z'")
        connection.execute("ALTER TABLE block ENABLE TRIGGER USER")
    with transaction(city) as connection:
        assert since(connection, old) == 50
        for code, kind in ((old, "renumber"), (split, "split")):
            connection.execute("UPDATE block SET valid_to = now() WHERE code = %s", (code,))
            connection.execute(
                "INSERT INTO block (scheme, code, level, parent_code, name, geometry) SELECT scheme, left(code, 12) || "
                "'9' || right(code, 1), level, parent_code, name, geometry FROM block WHERE code = %s",
                (code,),
            )
            connection.execute(
                "INSERT INTO block_lineage (scheme, old_code, new_code, kind, share, effective_at) "
                "SELECT scheme, code, left(code, 12) || '9' || right(code, 1), %s, 1, now() FROM block WHERE code = %s",
                (kind, code),
            )
        assert since(connection, f"{old[:12]}9{old[-1]}") == 50
        assert since(connection, f"{split[:12]}9{split[-1]}") == 0
        assert since(connection, DISTRICT) == 50


def test_a_purged_business_layer_leaves_no_changes_behind(city: Settings) -> None:
    with transaction(city) as connection:
        for code in ("gone", "kept"):
            connection.execute(
                "INSERT INTO business_layer (code, title, created_by) VALUES (%s, %s, 't')", (code, code)
            )
            connection.execute(
                "INSERT INTO business_feature (source_id, local_id, layer_code, block_code, access_class) "
                "VALUES (%s, '1', %s, %s, 2)",
                (code, code, GRIDS[0]),
            )
        connection.execute(
            "INSERT INTO measure (code, kind, title, filter) "
            "VALUES ('of_both', 'business_feature', '{\"zh\": \"合\", \"en\": \"both\"}', 'true')"
        )
    with transaction(city) as connection:
        connection.execute("UPDATE measure SET trend_since = '2026-01-01' WHERE kind = 'business_feature'")
        connection.execute("SELECT purge_business_layer('gone', 'test', 'test')")
        assert changes(connection, "business.gone") == {}
        assert changes(connection, "of_both") == {}
        assert changes(connection, "business.kept")[DISTRICT] == 1
        kept = dict(connection.execute("SELECT code, trend_since::text FROM measure").fetchall())
        assert kept["business.kept"] == "2026-01-01"
        assert kept["of_both"] != "2026-01-01"


@given(edits=EDITS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_facts_are_what_a_recount_gives_after_any_edits(city: Settings, edits: list[tuple[Any, ...]]) -> None:
    with connect(city) as connection:
        connection.execute("TRUNCATE feature_block, building, incident")
        for what in edits:
            edit(connection, what)
            connection.commit()
        recounted = connection.execute(RECOUNT).fetchall()
        assert connection.execute(FACTS).fetchall() == recounted
        connection.execute("SELECT fold_facts()")
        assert connection.execute(FACTS).fetchall() == recounted
        assert connection.execute("SELECT count(*) FROM block_fact_delta").fetchone() == (0,)
        own = connection.execute(
            "SELECT left(block_code, w), measure, period::text, dimension, access_class, round(sum(value)::numeric, 3) "
            "FROM count_facts('', '~'), unnest(ARRAY[6, 9, 12, 14]) AS w WHERE length(block_code) >= w "
            "AND measure <> 'incidents.by_type' GROUP BY 1, 2, 3, 4, 5 "
            "HAVING round(sum(value)::numeric, 3) <> 0 ORDER BY 1, 2, 3, 4, 5"
        ).fetchall()
        assert own == recounted


def test_a_measure_that_is_defined_later_counts_what_is_there(city: Settings) -> None:
    with transaction(city) as connection:
        for number in range(3):
            edit(connection, ("building", number, GRIDS[number], 2, 100 * (number + 1), False))
        connection.execute(
            "INSERT INTO measure (code, kind, title, filter) "
            "VALUES ('large', 'building', '{\"zh\": \"大\", \"en\": \"large\"}', 'gross_floor_area > 150')"
        )
        rows = connection.execute(
            "SELECT block_code, value FROM block_fact WHERE measure = 'large' AND length(block_code) = 6"
        ).fetchall()
        assert rows == [(DISTRICT, 2.0)]
        connection.execute("DELETE FROM measure WHERE code = 'large'")
        assert connection.execute("SELECT count(*) FROM block_fact WHERE measure = 'large'").fetchone() == (0,)


def test_days_follow_the_district_when_its_time_zone_changes(city: Settings) -> None:
    with transaction(city) as connection:
        edit(connection, ("incident", 1, GRIDS[0], "accepted", None, "2026-03-01T17:30Z"))
        day = "SELECT DISTINCT period::text FROM block_fact WHERE measure = 'incidents.by_day'"
        connection.execute("SELECT fold_facts()")
        assert connection.execute(day).fetchall() == [("2026-03-02",)]
        connection.execute("UPDATE calendar SET time_zone = 'UTC'")
        assert connection.execute(day).fetchall() == [("2026-03-01",)]
