# SPDX-License-Identifier: Apache-2.0
"""Statements that PostgreSQL knows by name are those that are composed for each request, and are composed once."""

from __future__ import annotations

import pytest

from layers.filter import Filter, Match
from layers.layer import Layer
from layers.prepared import Bound, bind, bind_item, bind_page, is_near, prepare
from layers.registry import load_layers
from layers.shape import AS_STORED

BOX = (120.0, 30.0, 120.001, 30.001)
LAYERS = tuple(load_layers().values())


def page(layer: Layer, narrowed: Filter, **more: object) -> Bound | None:
    given = {"limit": 10, "after": None, "shape": AS_STORED} | more
    return bind_page(layer, narrowed, 2, **given)  # pyright: ignore[reportArgumentType]


def test_values_are_numbered_by_name_and_a_written_percent_sign_stays_one() -> None:
    prepared = prepare("SELECT %(b)s, %(a)s, %(b)s::text, 5 %% 3")
    assert prepared.text == b"SELECT $1, $2, $1::text, 5 % 3"
    assert bind(prepared, {"a": 1, "b": "x", "c": 0}, is_general=True).values == [b"x", b"1"]


def test_equal_texts_have_one_name_and_others_another() -> None:
    assert prepare("SELECT 1").name == prepare("SELECT 1").name != prepare("SELECT 2").name


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)
def test_a_layer_s_pages_bind_all_that_their_text_asks_for_and_are_composed_once(layer: Layer) -> None:
    for narrowed in (Filter(), Filter(boxes=(BOX,), keeps_unknown=True), Filter(block="999901", boxes=(BOX,))):
        for after in (None, ["2024-01-01 00:00:00+00", "7"][not layer.newest_first :]):
            first, second = page(layer, narrowed, after=after), page(layer, narrowed, after=after, limit=3)
            assert first is not None and second is not None
            assert first.prepared is second.prepared
            assert b"%(" not in first.prepared.text
            assert len(first.values) == len(first.prepared.names)
    assert bind_item(layer, 7, 2, AS_STORED).values == [b"7"]


def test_what_is_asked_in_many_ways_is_not_kept() -> None:
    (layer,) = (one for one in LAYERS if one.id == "buildings")
    assert page(layer, Filter(matches=(Match("name", "=", "x"),))) is None
    assert page(layer, Filter(ids=(1, 2))) is None
    assert page(layer, Filter(boxes=(BOX, BOX))) is None


def test_only_where_one_plan_serves_all_values_none_is_made_for_them() -> None:
    (layer,) = (one for one in LAYERS if one.id == "buildings")

    def is_general(narrowed: Filter) -> bool:
        bound = page(layer, narrowed)
        assert bound is not None
        return bound.is_general

    assert is_general(Filter(keeps_unknown=True))
    assert is_general(Filter(boxes=(BOX,)))
    assert not is_general(Filter(boxes=((120.0, 30.0, 121.0, 31.0),)))
    assert not is_general(Filter(block="999901"))
    assert is_near(BOX) and not is_near((120.0, 30.0, 120.1, 30.0))
