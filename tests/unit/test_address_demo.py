# SPDX-License-Identifier: Apache-2.0
"""The demo's standard addresses: unique, readable by the grammar, and linked to their buildings."""

from __future__ import annotations

import doctest
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import shapely

import ingest.demo.addresses
from ingest.demo.addresses import build_addresses
from twin.address.grammar import parse_address
from twin.address.parts import PARTS, format_address

GRID = "99010100100101"


def build_district() -> Any:
    squares = [shapely.box(x, 0, x + 1, 1) for x in (0, 2, 4, 6)]
    return SimpleNamespace(
        blocks=gpd.GeoDataFrame(
            {"code": ["990101", "990101001", "990101001001"], "name": ["示例区", "东湖街道", "东湖第一社区"]},
            geometry=[shapely.box(0, 0, 9, 9)] * 3,
        ),
        roads=gpd.GeoDataFrame(
            {"name": ["东湖示例路3号 / Demo Road 3"]}, geometry=[shapely.LineString([(0, 2), (9, 2)])]
        ),
        buildings=gpd.GeoDataFrame(
            {
                "local_id": [f"DEMO-B-{n:06d}" for n in range(4)],
                "code": [f"{GRID}{n:05d}" for n in range(4)],
                "name": ["示例大厦7", None, None, None],
            },
            geometry=squares,
            crs=4490,
        ),
        urban_villages=gpd.GeoDataFrame({"name": ["示例村5号"]}, geometry=[shapely.box(1.5, -1, 5.5, 2)]),
        industrial_parks=gpd.GeoDataFrame({"name": ["示例工业园12号"]}, geometry=[shapely.box(20, 20, 21, 21)]),
        units=gpd.GeoDataFrame(
            {
                "local_id": ["DEMO-U-000001:1"],
                "code": [f"{GRID}00001000001"],
                "building_code": [f"{GRID}00001"],
                "storey_number": [2],
                "room": ["201"],
            },
            geometry=[squares[1]],
        ),
    )


def test_the_examples_of_the_docstring_hold() -> None:
    assert doctest.testmod(ingest.demo.addresses).failed == 0


def test_each_building_and_unit_of_the_demo_has_an_address_that_reads_back() -> None:
    frame = build_addresses(build_district())
    assert frame["normalised"].tolist() == [
        "东湖街道东湖第一社区东湖示例3路1号示例7大厦",
        "东湖街道东湖第一社区东湖示例3路2号示例5村1栋",
        "东湖街道东湖第一社区东湖示例3路3号示例5村2栋",
        "东湖街道东湖第一社区东湖示例3路4号",
        "东湖街道东湖第一社区东湖示例3路2号示例5村1栋2层201室",
    ]
    assert frame["local_id"].is_unique and frame["code"].dropna().tolist() == [f"{GRID}00001000001"]
    assert frame["building_code"].tolist() == [f"{GRID}{n:05d}" for n in (0, 1, 2, 3, 1)]
    for row in frame.to_dict("records"):
        parts = parse_address(row["normalised"]).parts
        assert format_address(parts, "town") == row["normalised"]
        assert all(
            getattr(parts, name) == row[name] for name in PARTS[PARTS.index("town") :] if isinstance(row[name], str)
        )
