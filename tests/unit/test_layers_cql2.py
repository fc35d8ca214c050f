# SPDX-License-Identifier: Apache-2.0
"""CQL2: text to tree, tree to SQL, and what is refused with place, reason and remedy."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.cql2.condition import compile_expression
from layers.cql2.expression import Expression
from layers.cql2.geometry import LiteralCrs
from layers.cql2.text import MAX_DEPTH, MAX_LENGTH, check_length, parse_text
from layers.filter import NO_FILTER, Filter
from layers.layer import Layer, Property
from layers.registry import find_layer
from twin.errors import InvalidRequestError
from twin.text import Text

ZONE = ZoneInfo("Asia/Shanghai")
LAYER: Layer = replace(
    find_layer("incidents"),
    properties=(
        *find_layer("incidents").properties,
        Property(name="length", title=Text("长", "Length"), type="number"),
        Property(name="is_open", title=Text("开", "Open"), type="boolean"),
    ),
)


def build(text: str, access_class: int = 3, crs: LiteralCrs | None = None) -> Expression:
    return compile_expression(parse_text(text), LAYER, access_class, zone=ZONE, crs=crs)


def refusal(tree: object, access_class: int = 3) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        compile_expression(tree, LAYER, access_class, zone=ZONE)
    assert caught.value.parameter == "filter"
    assert caught.value.text.zh and "位置" in caught.value.text.zh
    return caught.value.text.en


def refused_text(text: str) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        build(text)
    return caught.value.text.en


def test_every_literal_is_bound_and_none_is_in_the_statement() -> None:
    found = build("state = 'closed''; DROP TABLE incident' AND length > 12.5 AND occurred_at > DATE('2026-01-01')")
    statement = found.text.as_string()
    assert "closed" not in statement and "12.5" not in statement and "2026" not in statement
    assert list(found.values.values())[:2] == ["closed'; DROP TABLE incident", 12.5]
    assert found.names == ("length", "occurred_at", "state")


def test_a_whole_number_is_bound_as_one_so_that_an_index_serves_it() -> None:
    (value,) = build("severity = 3").values.values()
    assert value == 3 and isinstance(value, int)
    (value,) = build("severity = 3.5").values.values()
    assert value == 3.5


def test_a_spatial_predicate_says_beside_it_that_the_boxes_overlap() -> None:
    for name in ("S_INTERSECTS", "S_WITHIN", "S_CONTAINS", "S_TOUCHES", "S_OVERLAPS", "S_CROSSES", "S_EQUALS"):
        statement = build(f"{name}(geometry, BBOX(114,22,115,23))").text.as_string()
        assert '("geometry" && ST_GeomFromWKB' in statement and "AND " in statement
    assert build("S_DISJOINT(geometry, POINT(114 22))").text.as_string().startswith('(NOT ("geometry" && ')


def test_a_date_is_its_whole_day_in_the_districts_zone() -> None:
    start, end = build("occurred_at = DATE('2026-03-01')").values.values()
    assert start.isoformat() == "2026-03-01T00:00:00+08:00"
    assert end.isoformat() == "2026-03-01T23:59:59.999999+08:00"


def test_equal_filters_have_equal_keys_and_others_do_not() -> None:
    keys = [
        Filter(expression=build(text, crs=crs)).cache_key
        for text, crs in (
            ("length > 1", None), ("length  >  1.0", None), ("length > 2", None), ("length > 1", LiteralCrs(4549)),
        )
    ]  # fmt: skip
    assert keys[0] == keys[1] and len(set(keys)) == 3
    assert len(keys[0]) < 400 and NO_FILTER.cache_key == ""


def test_a_property_above_the_actors_class_is_as_unknown_as_one_that_does_not_exist() -> None:
    hidden = refusal({"op": "isNull", "args": [{"property": "summary"}]}, access_class=2)
    missing = refusal({"op": "isNull", "args": [{"property": "nothing"}]}, access_class=2)
    assert hidden.replace("summary", "nothing") == missing
    assert "summary" not in missing
    assert build("summary IS NULL", access_class=3).names == ("summary",)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("length > 'a'", "$", "a number cannot be compared with a text"),
        ("state = 5", "$", "a text cannot be compared with a number"),
        ("occurred_at > '2026-01-01'", "$", "an instant cannot be compared with a text"),
        ("occurred_at > TIMESTAMP('2026-13-01T00:00:00Z')", "$.args[1]", "no valid timestamp"),
        ("occurred_at > TIMESTAMP('2026-01-01')", "$.args[1]", "no valid timestamp"),
        ("occurred_at > DATE('2026-02-30')", "$.args[1]", "no valid date"),
        ("T_AFTER(occurred_at, INTERVAL('2026','..'))", "$.args[1].interval[0]", "no valid timestamp"),
        ("T_AFTER(occurred_at, INTERVAL('2026-01-01'))", "$.args[1]", "a start and an end"),
        ("T_AFTER(state, closed_at)", "$.args[0]", "an instant or an interval"),
        ("S_INTERSECTS(geometry, state)", "$.args[1]", "it has to be a geometry"),
        ("S_INTERSECTS(geometry, POINT(200 22))", "$.args[1]", "outside of longitudes and latitudes"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "$.args[1]", "Self-intersection[0.5 0.5]"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,1 1)))", "$.args[1]", "cannot be read"),
        ("S_INTERSECTS(geometry, BBOX(1,2,3))", "$.args[1]", "four numbers or six"),
        ("S_INTERSECTS(geometry, BBOX(1,2,3,state))", "$.args[1]", "made of numbers"),
        ("S_INTERSECTS(geometry, BBOX(1,9,3,4))", "$.args[1]", "upper side below"),
        ("S_TOUCHES(geometry, GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(3 3,4 4)))", "$.args[1]", "only intersects"),
        ("geometry = POINT(1 2)", "$", "a geometry cannot be compared"),
        ("INTERVAL('..','2026-01-01') = occurred_at", "$", "an interval cannot be compared"),
        ("length = NULL", "$.args[1]", "nothing compares with NULL"),
        ("length + state > 1", "$.args[0].args[1]", "it has to be a number, and is a text"),
        ("length", "$", "it has to be true or false, and is a number"),
        ("state LIKE state", "$.args[1]", "the pattern of LIKE is a literal"),
        ("state LIKE 'a\\'", "$.args[1]", "ends in a single backslash"),
        ("length LIKE 'a'", "$.args[0]", "it has to be a text, and is a number"),
        ("CASEI(length) = 'a'", "$.args[0].args[0]", "it has to be a text"),
        ("length BETWEEN 1 AND 'b'", "$", "a number cannot be compared with a text"),
        ("state IN ('a', 3)", "$.args[1][1]", "a text cannot be compared with a number"),
        ("A_CONTAINS(state, ('a','b'))", "$", "no property is an array"),
        ("buffer(geometry) = 1", "$.args[0]", "no operator or function 'buffer'"),
        ("length = 1e999", "$.args[1]", "out of range"),
    ],
)
def test_what_is_of_the_wrong_type_is_refused_with_its_place(text: str, place: str, what: str) -> None:
    told = refused_text(text)
    assert f"wrong at {place}: " in told and what in told and "To mend it: " in told


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("length >", "1:9", "cannot be understood"),
        ("length > 1 AND\n state = = 'a'", "2:10", "cannot be understood"),
        ("(length > 1", "1:1", "not closed"),
        ("length > 1)", "1:11", "never opened"),
        ("state = 'a", "1:9", "quote is not closed"),
        ("length 1 2", "1:8", "cannot be understood"),
    ],
)
def test_a_text_that_is_no_cql2_is_refused_with_line_and_column(text: str, place: str, what: str) -> None:
    told = refused_text(text)
    assert f"wrong at {place}: " in told and what in told and "To mend it: " in told


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "length=1" + ")" * 5000,
        "NOT " * 4000 + "length=1",
        "-" * 4000 + "length = 1",
        "<".join(["length"] * 2500),
        "casei(" * 3000 + "state" + ")" * 3000 + "='a'",
        "(" * 40 + "length=" + ")" * 40,
        "(" * 25 + "length=1 AND " + ")" * 25,
        "(" * 8 + "length=1 AND " * 1000 + ")" * 8,
        "state IN " + "(" * 4000 + "1" + ")" * 4000,
    ],
    ids=("parentheses", "not", "minus", "comparisons", "calls", "unfinished", "open", "long", "lists"),
)
def test_what_would_break_or_stall_the_parser_never_reaches_it(text: str) -> None:
    told = refused_text(text)
    assert "nested too deeply" in told or "operators" in told


def test_an_expression_has_a_greatest_length_and_is_not_empty() -> None:
    for text in ("", "  ", "x" * (MAX_LENGTH + 1)):
        with pytest.raises(InvalidRequestError):
            check_length(text)


def test_a_tree_has_a_greatest_depth() -> None:
    tree: object = {"op": "isNull", "args": [{"property": "state"}]}
    for _ in range(MAX_DEPTH):
        tree = {"op": "not", "args": [tree]}
    assert "nested too deeply" in refusal(tree)


@pytest.mark.parametrize(
    "tree",
    [
        None, 5, "x", [], {}, {"op": "="}, {"op": "=", "args": {}}, {"op": "=", "args": []}, {"op": 5, "args": []},
        {"op": "and", "args": [True]}, {"op": "not", "args": []}, {"op": "in", "args": [{"property": "state"}, []]},
        {"op": "=", "args": [{"property": 5}, 1]}, {"op": "=", "args": [{"property": ["a"]}, 1]},
        {"op": "=", "args": [{"property": "state", "more": 1}, "a"]},
        {"op": "=", "args": [{"property": "state"}, "a\x00"]},
        {"op": "=", "args": [{"timestamp": 5}, {"date": []}]},
        {"op": "t_after", "args": [{"interval": 5}, {"interval": []}]},
        {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": "1,2,3,4"}]},
        {"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": "x"}]},
        {"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": [1, None]}]},
        {"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Feature", "coordinates": [1, 2]}]},
        {"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "GeometryCollection", "geometries": []}]},
        {"op": "between", "args": [{"property": "length"}, [1, 2]]}, {"op": "like", "args": [["a"], "b"]},
        {"op": "=", "args": [{"property": "geometry; DROP TABLE incident"}, 1]},
    ],
)  # fmt: skip
def test_json_of_another_form_is_refused_and_nothing_else_happens(tree: object) -> None:
    assert "To mend it: " in refusal(tree)


def test_text_and_json_of_one_meaning_make_one_statement() -> None:
    tree = {
        "op": "and",
        "args": [
            {"op": "not", "args": [{"op": "between", "args": [{"property": "length"}, 1, 2]}]},
            {"op": "t_finishedBy", "args": [
                {"interval": [{"property": "occurred_at"}, {"property": "closed_at"}]},
                {"interval": ["..", "2026-01-01"]},
            ]},
            {"op": "in", "args": [{"op": "casei", "args": [{"property": "state"}]}, [{"op": "casei", "args": ["A"]}]]},
        ],
    }  # fmt: skip
    text = build(
        "length NOT BETWEEN 1 AND 2 AND T_FINISHEDBY(INTERVAL(occurred_at, closed_at), INTERVAL('..','2026-01-01'))"
        " AND CASEI(state) IN (CASEI('A'))"
    )
    json = compile_expression(tree, LAYER, 3, zone=ZONE)
    assert text.text.as_string() == json.text.as_string() and text.values == json.values


def test_literals_follow_the_axes_and_the_units_of_their_crs() -> None:
    plain = build("S_INTERSECTS(geometry, POINT(114 22.5))")
    flipped = build("S_INTERSECTS(geometry, POINT(22.5 114))", crs=LiteralCrs(is_flipped=True))
    assert plain.values == flipped.values
    boxes = (
        build("S_INTERSECTS(geometry, BBOX(114,22,115,23))"),
        build("S_INTERSECTS(geometry, BBOX(22,114,23,115))", crs=LiteralCrs(is_flipped=True)),
        build("S_INTERSECTS(geometry, BBOX(114,22,-5,115,23,900))"),
    )
    assert boxes[0].values == boxes[1].values == boxes[2].values
    metric = build("S_INTERSECTS(geometry, POINT(2490000 500000))", crs=LiteralCrs(4547, is_flipped=True))
    assert len(metric.values) == 1 and metric.values != plain.values


def test_numbers_of_geometries_may_have_exponents() -> None:
    spelt = build("S_INTERSECTS(geometry, POINT(1.14e2 2.25E+1)) AND S_INTERSECTS(geometry, LINESTRING(1e-3 0, 1 1))")
    assert (
        spelt.values
        == build("S_INTERSECTS(geometry, POINT(114 22.5)) AND S_INTERSECTS(geometry, LINESTRING(0.001 0, 1 1))").values
    )


def test_a_box_across_the_antimeridian_is_two_boxes() -> None:
    (wkb,) = build("S_INTERSECTS(geometry, BBOX(170,-10,-170,10))").values.values()
    assert wkb[1:5] == b"\x06\x00\x00\x00"


def test_arithmetic_of_literals_is_done_at_once() -> None:
    assert (
        list(build("length > 2 * 10 + 0.5").values.values()) == [20.5]
        or 20.5 in build("length > 2 * 10 + 0.5").values.values()
    )
    assert "NULL" in build("length > 1 / 0").text.as_string()


@given(st.text(max_size=60))
def test_whatever_is_written_is_understood_or_refused(text: str) -> None:
    try:
        build(text)
    except InvalidRequestError as error:
        assert re.search(r"wrong at (\d+:\d+|\$)", error.text.en)


_WORDS = st.sampled_from(
    [
        *"length state occurred_at geometry is_open AND OR NOT IN LIKE BETWEEN IS NULL ( ) , = <> < > + - * /".split(),
        *"1 2.5 'a' DATE('2026-01-01') BBOX(1,2,3,4) S_INTERSECTS ( T_AFTER CASEI TRUE INTERVAL '..' ^ DIV %".split(),
        "POINT(1 2)",
    ]
)


@given(st.lists(_WORDS, max_size=14))
def test_whatever_the_words_say_together_is_understood_or_refused(words: list[str]) -> None:
    try:
        build(" ".join(words))
    except InvalidRequestError as error:
        assert "To mend it: " in error.text.en
