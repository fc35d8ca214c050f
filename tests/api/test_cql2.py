# SPDX-License-Identifier: Apache-2.0
"""Filters in CQL2 over HTTP: which rows, what is refused, by which index, in files and in tiles."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import mapbox_vector_tile
import numpy as np
import orjson
import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely.geometry import shape

from layers.cql2.condition import compile_expression
from layers.cql2.text import parse_text
from layers.filter import Filter
from layers.query import count_matched, select_page
from layers.registry import find_layer
from tests.api.conftest import serve_clone
from tests.api.district import WEST
from tests.api.server import City
from twin.access import SET_ACTOR, Actor
from twin.cluster import Cluster
from twin.database import database_url

BUILDINGS = "/collections/buildings/items"
INCIDENTS = "/collections/incidents/items"

_ROWS = """
    INSERT INTO building (source_id, local_id, name, use, storeys_above, height, year_built, block_code, access_class,
                          geometry)
    VALUES ('cql', 'a', 'Café ÉCOLE', 'office', 3, 9.5, 1999, '99010100100101', 1,
            ST_MakeEnvelope(114.000, 22.500, 114.001, 22.501, 4490)),
           ('cql', 'b', 'STRASSE_1', 'mixed', -1, 0, NULL, '99010100100101', 1,
            ST_MakeEnvelope(114.001, 22.500, 114.002, 22.501, 4490)),
           ('cql', 'c', '100%% \\', NULL, NULL, NULL, 2001, '99010100100101', 1, NULL),
           ('cql', 'd', NULL, 'office', 12, 40.25, 2020, '99010100100101', 1,
            ST_MakeEnvelope(114.0005, 22.5005, 114.0015, 22.5015, 4490));
    INSERT INTO incident (source_id, local_id, severity, channel, occurred_at, closed_at, block_code, access_class,
                          geometry)
    SELECT 'cql', 'day ' || n, 1 + n % 4, CASE WHEN n % 3 > 0 THEN 'patrol' END,
           timestamptz '2026-03-01 00:00+08' + n * interval '8 hours',
           CASE WHEN n % 2 = 0 THEN timestamptz '2026-03-03 00:00+08' + n * interval '1 hour' END,
           '99010100100101', 1, ST_SetSRID(ST_Point(114.0005 + n * 0.0005, 22.5005), 4490)
    FROM generate_series(0, 9) AS n;
    INSERT INTO component (source_id, local_id, block_code, access_class, geometry)
    SELECT 'cql', n::text, '99010100100101', 1,
           ST_SetSRID(ST_Point(114 + (n % 100) * 0.0002, 22.5 + (n / 100) * 0.0001), 4490)
    FROM generate_series(0, 9999) AS n;
    ANALYZE component;
"""


@pytest.fixture(scope="module")
def varied(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A served district with rows of every kind, and with values that are missing."""
    for city in serve_clone(cluster, template, tmp_path_factory.mktemp("cql2")):
        city.execute(_ROWS.replace("%%", "%"))
        yield city
        for client in _clients.values():
            client.close()


@pytest.fixture(scope="module")
def as_admin(varied: City) -> Iterator[psycopg.Connection]:
    """A transaction of somebody who sees everything."""
    with psycopg.connect(database_url(varied.settings)) as connection:
        connection.execute(SET_ACTOR, Actor(role="admin", block_codes=(), access_class=3).settings(10_000))
        yield connection


_clients: dict[str | None, httpx.Client] = {}
"""By whose token they show; making one takes longer than most requests."""


def client_of(city: City, who: str | None = "admin") -> httpx.Client:
    if who not in _clients:
        _clients[who] = city.client(who)
    return _clients[who]


def ask(city: City, path: str, who: str | None = "admin", **parameters: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in parameters.items()}
    return client_of(city, who).get(path, params=given)


def names(city: City, text: str, path: str = BUILDINGS, **more: str) -> list[str | None]:
    """The names (or numbers) of the rows of ours that a filter leaves."""
    answer = ask(city, path, filter=text, limit="1000", **more)
    assert answer.status_code == 200, answer.text
    key = "name" if path == BUILDINGS else "incident_no"
    ours = {"Café ÉCOLE", "STRASSE_1", "100% \\", None} if path == BUILDINGS else {f"day {n}" for n in range(10)}
    return [f["properties"][key] for f in answer.json()["features"] if f["properties"][key] in ours]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name = 'Café ÉCOLE'", ["Café ÉCOLE"]),
        ("name <> 'Café ÉCOLE' AND year_built IS NOT NULL", ["100% \\"]),
        ("CASEI(name) = CASEI('cafÉ école')", ["Café ÉCOLE"]),
        ("ACCENTI(name) = ACCENTI('Cafe ECOLE')", ["Café ÉCOLE"]),
        ("ACCENTI(CASEI(name)) LIKE ACCENTI(CASEI('CAFE%cole'))", ["Café ÉCOLE"]),
        ("CASEI(name) = CASEI('straße_1')", ["STRASSE_1"]),
        ("name LIKE 'STRASSE__'", ["STRASSE_1"]),
        ("name LIKE 'STRASSE\\__'", ["STRASSE_1"]),
        ("name LIKE '100\\% %'", ["100% \\"]),
        ("name LIKE '%\\\\'", ["100% \\"]),
        ("height IN (9.5, 40.25)", ["Café ÉCOLE", None]),
        ("height NOT IN (9.5, 0) AND use = 'office'", [None]),
        ("height BETWEEN 0 AND 9.5", ["Café ÉCOLE", "STRASSE_1"]),
        ("storeys_above = -1", ["STRASSE_1"]),
        ("storeys_above < 2.5 OR year_built = 2001", ["STRASSE_1", "100% \\"]),
        ("height > storeys_above * 3 AND use = 'office'", ["Café ÉCOLE", None]),
        ("height / storeys_above > 3.3 AND use = 'office'", [None]),
        ("storeys_above % 5 = 2 AND height DIV 6 = 6", [None]),
        ("storeys_above ^ 2 = 144", [None]),
        ("1 / height IS NULL AND storeys_above = -1", ["STRASSE_1"]),
        ("storeys_above ^ 0.5 IS NULL AND height ^ 0.5 = 0 AND use = 'mixed'", ["STRASSE_1"]),
        ("height * 1e300 * 1e300 IS NULL AND height > 40", [None]),
        ("name < 'D' AND block_code > name", ["100% \\"]),
        ("use IS NULL", ["100% \\"]),
        ("NOT (use = 'mixed') AND year_built > 1900", ["Café ÉCOLE", None]),
        ("name IS NULL AND TRUE", [None]),
        ("FALSE", []),
        ("geometry IS NULL", ["100% \\"]),
    ],
)
def test_a_filter_leaves_the_rows_that_it_is_true_of(varied: City, text: str, found: list[str | None]) -> None:
    assert names(varied, text) == found


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("occurred_at = DATE('2026-03-01')", [0, 1, 2]),
        ("occurred_at <= DATE('2026-03-01')", [0, 1, 2]),
        ("occurred_at > DATE('2026-03-01') AND occurred_at < DATE('2026-03-03')", [3, 4, 5]),
        ("DATE('2026-03-03') <= occurred_at AND occurred_at < DATE('2026-03-04')", [6, 7, 8]),
        ("occurred_at BETWEEN DATE('2026-03-02') AND DATE('2026-03-03')", [3, 4, 5, 6, 7, 8]),
        ("occurred_at IN (DATE('2026-03-01'), TIMESTAMP('2026-03-01T16:00:00Z'))", [0, 1, 2, 3]),
        ("occurred_at = TIMESTAMP('2026-03-01T08:00:00+08:00')", [1]),
        ("T_AFTER(occurred_at, TIMESTAMP('2026-03-03T16:00:00Z'))", []),
        ("T_BEFORE(occurred_at, DATE('2026-03-02'))", [0, 1, 2]),
        ("T_EQUALS(occurred_at, DATE('2026-03-02'))", [3, 4, 5]),
        ("T_INTERSECTS(occurred_at, INTERVAL('2026-03-01','2026-03-01'))", [0, 1, 2]),
        ("T_DURING(occurred_at, INTERVAL('2026-03-01','2026-03-02')) AND severity = 1", [4]),
        ("T_INTERSECTS(INTERVAL(occurred_at, closed_at), INTERVAL('2026-03-03','..'))", [0, 2, 4, 6, 8]),
        ("T_CONTAINS(INTERVAL(occurred_at, closed_at), DATE('2026-03-02'))", [0, 2]),
        ("T_DISJOINT(INTERVAL(occurred_at, closed_at), INTERVAL('..','2026-03-02'))", [6, 7, 8, 9]),
        ("T_MEETS(INTERVAL(occurred_at, closed_at), TIMESTAMP('2026-03-02T18:00:00Z'))", [2]),
        ("T_METBY(INTERVAL(occurred_at, closed_at), INTERVAL('..','2026-02-28T16:00:00Z'))", [0]),
        ("T_STARTS(INTERVAL(occurred_at, closed_at), INTERVAL('2026-03-01','2026-03-31'))", [0]),
        ("T_STARTEDBY(INTERVAL(occurred_at, closed_at), DATE('2026-03-01'))", [0]),
        ("T_FINISHES(INTERVAL(occurred_at, closed_at), INTERVAL('2026-02-01','2026-03-02T18:00:00Z'))", [2]),
        ("T_FINISHEDBY(INTERVAL(occurred_at, closed_at), INTERVAL('2026-03-02','2026-03-02T18:00:00Z'))", [2]),
        ("T_OVERLAPS(INTERVAL(occurred_at, closed_at), INTERVAL('2026-03-03','..')) AND closed_at < occurred_at", []),
        ("T_OVERLAPS(INTERVAL(occurred_at, closed_at), INTERVAL('2026-03-02','2026-03-31'))", [0, 2]),
        ("T_OVERLAPPEDBY(INTERVAL(occurred_at, closed_at), INTERVAL('2026-01-01','2026-03-01T08:00:00Z'))", [0]),
        ("closed_at > occurred_at AND severity = 3 AND occurred_at < DATE('2026-03-09')", [2, 6]),
    ],
)
def test_times_lie_to_each_other_as_the_standard_says(varied: City, text: str, days: list[int]) -> None:
    found = names(varied, f"incident_no LIKE 'day%' AND {text}", INCIDENTS)
    assert sorted(found) == [f"day {n}" for n in days]


_SHAPES = (
    "POINT(114.0008 22.5008)", "LINESTRING(114 22.5005,114.002 22.5005)", "BBOX(114.0002,22.5002,114.0012,22.5012)",
    "POLYGON((114 22.5,114.001 22.5,114.001 22.501,114 22.501,114 22.5))",
    "MULTIPOINT((114 22.5),(114.0015 22.5015))", "MULTILINESTRING((114 22.5,114.001 22.5),(115 23,116 24))",
    "MULTIPOLYGON(((114.001 22.5,114.002 22.5,114.002 22.501,114.001 22.501,114.001 22.5)))",
    "GEOMETRYCOLLECTION(POINT(114.0005 22.5005),POINT(114 22))", "BBOX(170,-10,-170,10)",
)  # fmt: skip


@pytest.mark.parametrize("literal", _SHAPES)
def test_spatial_predicates_say_what_geos_says(varied: City, literal: str) -> None:
    everything = ask(varied, BUILDINGS, limit="1000").json()["features"]
    shapes = {f["id"]: shape(f["geometry"]) for f in everything if f["geometry"]}
    if literal.startswith("BBOX(170"):
        given_shape = shapely.union_all([shapely.box(170, -10, 180, 10), shapely.box(-180, -10, -170, 10)])
    elif literal.startswith("BBOX"):
        given_shape = shapely.box(*(float(side) for side in literal[5:-1].split(",")))
    else:
        given_shape = shapely.unary_union(shapely.from_wkt(literal))

    def ids(text: str) -> set[int]:
        answer = ask(varied, BUILDINGS, filter=text, limit="1000")
        assert answer.status_code == 200, answer.text
        return {f["id"] for f in answer.json()["features"]}

    for name in ("intersects", "disjoint", "equals", "touches", "within", "overlaps", "crosses", "contains"):
        wanted = {one for one, drawn in shapes.items() if getattr(shapely, name)(drawn, given_shape)}
        asked = f"S_{name.upper()}(geometry, {literal})"
        assert ids(asked) == wanted, name
        assert ids(f"NOT ({asked})") == set(shapes) - wanted, name
        turned = {one for one, drawn in shapes.items() if getattr(shapely, name)(given_shape, drawn)}
        assert ids(f"S_{name.upper()}({literal}, geometry)") == turned, name


def test_a_mixed_collection_intersects_and_is_refused_for_the_rest(varied: City) -> None:
    literal = "GEOMETRYCOLLECTION(POINT(114.0005 22.5005),LINESTRING(115 23,116 24))"
    assert names(varied, f"S_INTERSECTS(geometry, {literal}) AND name IS NOT NULL") == ["Café ÉCOLE"]
    assert ask(varied, BUILDINGS, filter=f"S_WITHIN(geometry, {literal})").status_code == 400


def test_geometries_of_a_filter_are_in_the_crs_that_is_declared(varied: City) -> None:
    listed = ask(varied, "/collections/buildings").json()["crs"]
    inside = ["Café ÉCOLE"]
    assert names(varied, "S_WITHIN(geometry, BBOX(113.9,22.4,114.001,22.501))") == inside
    flipped = "S_WITHIN(geometry, BBOX(22.4,113.9,22.501,114.001))"
    for crs in ("http://www.opengis.net/def/crs/EPSG/0/4490", "http://www.opengis.net/def/crs/EPSG/0/4326"):
        assert crs in listed
        assert names(varied, flipped, filter_crs=crs) == inside
    mercator = shapely.transform(shapely.box(113.9, 22.4, 114.001, 22.501), _to_mercator)
    west, south, east, north = mercator.bounds
    drawn = f"S_WITHIN(geometry, BBOX({west},{south},{east + 0.01},{north + 0.01}))"
    assert names(varied, drawn, filter_crs="http://www.opengis.net/def/crs/EPSG/0/3857") == inside
    answer = ask(varied, BUILDINGS, filter="TRUE", filter_crs="http://www.opengis.net/def/crs/EPSG/0/9")
    assert answer.status_code == 400 and "filter-crs" in answer.text
    answer = ask(varied, BUILDINGS, filter=flipped)
    assert answer.status_code == 400 and "longitudes and latitudes" in answer.text


def _to_mercator(xy: Any) -> Any:
    return np.column_stack(Transformer.from_crs(4326, 3857, always_xy=True).transform(xy[:, 0], xy[:, 1]))


def test_both_languages_and_every_other_narrowing_go_together(varied: City) -> None:
    tree = {"op": ">", "args": [{"property": "height"}, 9]}
    found = names(varied, orjson.dumps(tree).decode(), filter_lang="cql2-json", bbox="113.9,22.4,114.0002,22.5002")
    assert found == ["Café ÉCOLE"]
    assert names(varied, "height > 9", filter_lang="cql2-text", use="office") == ["Café ÉCOLE", None]
    page = ask(varied, BUILDINGS, filter="height >= 9 AND use = 'office'", limit="1", count="exact").json()
    assert page["numberMatched"] == 2 and page["numberReturned"] == 1
    (following,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
    rest = client_of(varied).get(following).json()
    assert [f["properties"]["name"] for f in page["features"] + rest["features"]] == ["Café ÉCOLE", None]
    one = page["features"][0]["id"]
    assert names(varied, f"id = {one}") == ["Café ÉCOLE"] == names(varied, "TRUE", id=str(one))


@pytest.mark.parametrize(
    "parameters",
    [
        {"filter": "height > 'a'"}, {"filter": "height >"}, {"filter": ""}, {"filter": "nothing = 1"},
        {"filter": "height > 1", "filter-lang": "cql2-json"}, {"filter": '{"op":"=",', "filter-lang": "cql2-json"},
        {"filter": "height > 1", "filter-lang": "ecql"}, {"filter": "(" * 9000 + "1" + ")" * 9000},
        {"filter": "[" * 9000 + "]" * 9000, "filter-lang": "cql2-json"}, {"filter": "name = '\x00'"},
        {"filter": "name LIKE '\\'"}, {"filter": "x" * 20_001}, {"filter": "name = " + "'a' + " * 1000 + "'b'"},
        {"filter": '{"op":"=","args":[{"property":"name"},"\\ud800"]}', "filter-lang": "cql2-json"},
    ],
    ids=range(14),
)  # fmt: skip
def test_what_cannot_be_understood_is_400_in_both_languages(varied: City, parameters: dict[str, str]) -> None:
    with varied.client("admin") as admin:
        english = admin.get(BUILDINGS, params=parameters)
        chinese = admin.get(BUILDINGS, params=parameters, headers={"Accept-Language": "zh"})
        assert english.status_code == chinese.status_code == 400, english.text
        assert "filter" in english.json()["detail"] and "参数" in chinese.json()["detail"]
        tile = admin.get("/collections/buildings/tiles/WebMercatorQuad/14/7116/13380", params=parameters)
        assert tile.status_code == 400
        assert admin.get("/collections/buildings/export", params=parameters).status_code == 400


def test_who_may_not_see_a_column_cannot_ask_about_it_either(varied: City) -> None:
    hidden = ask(varied, INCIDENTS, who="wall", filter="summary LIKE 'told%'")
    missing = ask(varied, INCIDENTS, who="wall", filter="summery LIKE 'told%'")
    assert hidden.status_code == missing.status_code == 400
    assert hidden.json()["detail"].replace("summary", "summery") == missing.json()["detail"]
    assert ask(varied, INCIDENTS, filter="summary LIKE 'told%'").json()["numberReturned"] > 0
    assert "summary" not in ask(varied, "/collections/incidents/queryables", who="wall").json()["properties"]


def test_a_filter_shows_nobody_a_row_beyond_his_reach(varied: City) -> None:
    everything = ask(varied, BUILDINGS, who="east", filter="TRUE OR height > 1 / 0", limit="1000").json()
    plain = ask(varied, BUILDINGS, who="east", limit="1000").json()
    assert [f["id"] for f in everything["features"]] == [f["id"] for f in plain["features"]]
    assert ask(varied, BUILDINGS, who="east", filter="name = 'Café ÉCOLE'").json()["numberReturned"] == 0


@pytest.mark.parametrize("predicate", ["S_INTERSECTS", "S_WITHIN", "S_EQUALS", "S_TOUCHES"])
def test_a_spatial_filter_uses_the_index_under_row_level_security(varied: City, predicate: str) -> None:
    layer = find_layer("components")
    text = f"{predicate}(geometry, BBOX(114.0001,22.5001,114.0009,22.5009)) AND condition IS NULL"
    actor = Actor(role="grid_manager", block_codes=(WEST,), access_class=3)
    expression = compile_expression(parse_text(text), layer, actor.access_class, zone=None)  # type: ignore[arg-type]
    with psycopg.connect(database_url(varied.settings)) as connection:
        connection.execute(SET_ACTOR, actor.settings(10_000))
        for statement in (
            count_matched(layer, Filter(expression=expression)),
            select_page(layer, Filter(expression=expression), actor.access_class, limit=1000),
        ):
            explained = connection.execute(b"EXPLAIN " + statement.text.as_bytes(connection), statement.values)
            plan = "\n".join(row[0] for row in explained)
            assert "component_geometry_idx" in plan and "Seq Scan" not in plan, plan


def test_an_export_has_what_the_filter_leaves_and_its_record_names_no_value(varied: City) -> None:
    answer = ask(varied, "/collections/buildings/export", f="geojson", block="99010100100101", filter="height = 9.5")
    assert [f["properties"]["name"] for f in answer.json()["features"]] == ["Café ÉCOLE"]
    ((kept,),) = varied.execute(
        "SELECT filter::text FROM export_record WHERE id = %s", answer.headers["twin-export"]
    )  # fmt: skip
    assert '"height"' in str(kept) and "9.5" not in str(kept)
    listed = ask(varied, BUILDINGS, f="csv", filter="height = 9.5", block="99010100100101")
    assert "Café ÉCOLE" in listed.text and "STRASSE_1" not in listed.text


@pytest.mark.parametrize("zoom", [11, 15], ids=("counted", "drawn"))
def test_tiles_draw_and_count_what_the_filter_leaves(varied: City, zoom: int) -> None:
    column = int((114.0005 + 180) / 360 * 2**zoom)
    row = int((1 - math.asinh(math.tan(math.radians(22.5005))) / math.pi) / 2 * 2**zoom)
    path = f"/collections/buildings/tiles/WebMercatorQuad/{zoom}/{row}/{column}"

    def count(**parameters: str) -> int:
        answer = ask(varied, path, **parameters)
        if answer.status_code == 204:
            return 0
        assert answer.status_code == 200, answer.text
        features = mapbox_vector_tile.decode(answer.content)["buildings"]["features"]
        return sum(f["properties"].get("count", 1) for f in features)

    plain, high, low = count(), count(filter="height > 9"), count(filter="NOT (height > 9)")
    assert plain == high + low and high and low
    assert count(filter="FALSE") == 0
    json = {"filter": '{"op":">","args":[{"property":"height"},9]}', "filter_lang": "cql2-json"}
    assert count(**json) == high


# What hypothesis makes: trees over the incidents' properties, and their text.

_TEXTS = st.sampled_from(["patrol", "handling", "day 3", "", "%", "甲", "'", '"', "\\", "a_b"])
_NUMBERS = st.one_of(st.integers(-5, 5), st.sampled_from([0.5, -2.25, 1e15, 1e200, 123456789.0]))
_MOMENTS = st.sampled_from(
    [{"timestamp": "2026-03-02T16:00:00Z"}, {"timestamp": "2026-03-01T08:00:00.5Z"}, {"date": "2026-03-02"},
     {"date": "2026-03-04"}, {"property": "occurred_at"}, {"property": "closed_at"}]
)  # fmt: skip
_ENDS = st.sampled_from(["2026-03-02", "2026-03-03T00:00:00Z", {"property": "occurred_at"}, {"property": "closed_at"}])
_SPANS = st.one_of(
    _MOMENTS,
    st.tuples(st.one_of(st.just(".."), _ENDS), st.one_of(st.just(".."), _ENDS)).map(lambda ends: {"interval": [*ends]}),
)
_PLACES = st.one_of(
    st.just({"property": "geometry"}),
    st.sampled_from(
        [{"bbox": [114.0, 22.5, 114.002, 22.501]}, {"type": "Point", "coordinates": [114.0005, 22.5005]},
         {"type": "LineString", "coordinates": [[114.0, 22.5005], [114.01, 22.5005]]},
         {"type": "Polygon", "coordinates": [[[114.0, 22.5], [114.05, 22.5], [114.05, 22.53], [114.0, 22.5]]]}]
    ),
)  # fmt: skip


def _op(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(*arguments).map(lambda drawn: {"op": name, "args": [*drawn]})


def _ops(listed: list[str], *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*(_op(name, *arguments) for name in listed))


_SORTS = st.recursive(
    st.one_of(_NUMBERS, st.sampled_from([{"property": "severity"}, {"property": "id"}])),
    lambda inner: _ops(["+", "-", "*", "/", "%", "div", "^"], inner, inner),
    max_leaves=4,
)
_STRINGS = st.recursive(
    st.one_of(_TEXTS, st.sampled_from([{"property": n} for n in ("channel", "incident_no", "block_code", "summary")])),
    lambda inner: _ops(["casei", "accenti"], inner),
    max_leaves=2,
)
_COMPARED = ["=", "<>", "<", "<=", ">", ">="]
_LEAVES = st.one_of(
    _ops(_COMPARED, _SORTS, _SORTS), _ops(_COMPARED, _STRINGS, _STRINGS), _ops(_COMPARED, _MOMENTS, _MOMENTS),
    _op("between", _SORTS, _SORTS, _SORTS), _op("in", _STRINGS, st.lists(_STRINGS, min_size=2, max_size=3)),
    _op("in", _SORTS, st.lists(_SORTS, min_size=2, max_size=3)),
    _op("in", _MOMENTS, st.lists(_MOMENTS, min_size=2, max_size=2)), _op("like", _STRINGS, _TEXTS),
    _op("isNull", st.one_of(_STRINGS, _SORTS, _MOMENTS, st.just({"property": "geometry"}))),
    _ops(["s_intersects", "s_disjoint", "s_equals", "s_touches", "s_within", "s_overlaps", "s_crosses", "s_contains"],
         _PLACES, _PLACES),
    _ops(["t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_finishedBy", "t_finishes",
          "t_intersects", "t_meets", "t_metBy", "t_overlappedBy", "t_overlaps", "t_startedBy", "t_starts"],
         _SPANS, _SPANS),
    st.booleans(),
)  # fmt: skip
_TREES = st.recursive(
    _LEAVES, lambda inner: st.one_of(_ops(["and", "or"], inner, inner), _op("not", inner)), max_leaves=4
)
_INFIX = {"and", "or", "+", "-", "*", "/", "%", "div", "^", *_COMPARED}


def write(node: Any) -> str:
    """A tree as text, by none of the program's means."""
    if isinstance(node, bool):
        return str(node).upper()
    if isinstance(node, int | float):
        return f"({node})" if node < 0 else str(node)
    if isinstance(node, str):
        return "'" + node.replace("'", "''") + "'"
    if isinstance(node, list):
        return "(" + ", ".join(write(one) for one in node) + ")"
    if "property" in node:
        return f'"{node["property"]}"'
    for key in ("timestamp", "date"):
        if key in node:
            return f"{key.upper()}('{node[key]}')"
    if "interval" in node:
        return f"INTERVAL({', '.join(write(one) for one in node['interval'])})"
    if "bbox" in node:
        return f"BBOX({', '.join(map(str, node['bbox']))})"
    if "type" in node:
        return shape(node).wkt
    parts = [write(one) for one in node["args"]]
    match node["op"]:
        case "not":
            return f"NOT ({parts[0]})"
        case "isNull":
            return f"({parts[0]}) IS NULL"
        case "between":
            return f"({parts[0]} BETWEEN {parts[1]} AND {parts[2]})"
        case "in" | "like" as name:
            return f"({parts[0]} {name.upper()} {parts[1]})"
        case name if name in _INFIX:
            return f"({parts[0]} {name.upper()} {parts[1]})"
        case name:
            return f"{name.upper()}({', '.join(parts)})"


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(tree=_TREES)
def test_any_expression_and_its_negation_and_what_is_unknown_share_out_the_rows(
    varied: City, as_admin: psycopg.Connection, tree: Any
) -> None:
    def ids(asked: str, language: str) -> list[int] | None:
        answer = ask(varied, INCIDENTS, filter=asked, filter_lang=language, limit="1000")
        assert answer.status_code in (200, 400), answer.text
        return None if answer.status_code == 400 else [f["id"] for f in answer.json()["features"]]

    found = ids(orjson.dumps(tree).decode(), "cql2-json")
    assert ids(write(tree), "cql2-text") == found
    assume(found is not None)
    layer, zone = find_layer("incidents"), ZoneInfo("Asia/Shanghai")
    counts: list[int] = []
    for part in (tree, {"op": "not", "args": [tree]}, {"op": "isNull", "args": [tree]}, True):
        counted = count_matched(layer, Filter(expression=compile_expression(part, layer, 3, zone=zone)))
        counts += as_admin.execute(counted.text, counted.values).fetchone() or ()
    assert counts[0] == len(found or ()) and sum(counts[:3]) == counts[3]
